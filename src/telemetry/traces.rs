//! Traces: a span for each request and for what happens within it, to an OpenTelemetry collector (OTLP over HTTP).
//!
//! Off, or for a request that is not sampled, nothing is built. A traced request costs its spans, and never waits for
//! the collector: see [`courier`]. Decision 9 says why this is not a library.

mod courier;
mod otlp;
mod recording;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::config::{self, Roots, VendorTls};
use crate::edge::traceparent::TraceContext;
use crate::edge::tracestate::tracestate;
use crate::upstream::{HttpClient, TlsRoots};

use courier::{Counts, Courier};
use otlp::{KeyValue, Resource, Span};

pub use recording::Recording;

/// How long the last spans may take at the end.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a connection to the collector may take.
const CONNECT: Duration = Duration::from_secs(3);

/// All traces.
#[derive(Default)]
pub(super) struct Traces {
    active: ArcSwapOption<Active>,
    counts: Arc<Counts>,
    couriers: TaskTracker,
    connections: TaskTracker,
    closing: CancellationToken,
}

/// The configuration in force.
struct Active {
    settings: config::Traces,
    exporter: Arc<Exporter>,
}

/// The way into the queue.
pub(super) struct Exporter {
    spans: mpsc::Sender<Span>,
    counts: Arc<Counts>,
}

/// What a new configuration makes of it, checked and ready to be taken up.
pub(super) enum NextTraces {
    Off,
    /// The same collector, perhaps another ratio.
    Same(Box<config::Traces>, Arc<Exporter>),
    New(Box<config::Traces>, Box<Courier>, Arc<Exporter>),
}

/// What became of spans since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct SpanCounts {
    /// Taken by the collector.
    pub exported: u64,
    /// Lost: the queue was full, or the collector did not take them.
    pub dropped: u64,
}

impl Traces {
    /// Does everything that can fail.
    pub(super) fn prepare(&self, settings: &config::Traces) -> Result<NextTraces, String> {
        let Some(endpoint) = &settings.endpoint else { return Ok(NextTraces::Off) };
        let settings = Box::new(settings.clone());
        if let Some(active) = self.active.load().as_ref() {
            let before = config::Traces { sample_ratio: settings.sample_ratio, ..active.settings.clone() };
            if before == *settings {
                return Ok(NextTraces::Same(settings, Arc::clone(&active.exporter)));
            }
        }
        let wrong = |what: &dyn std::fmt::Display| format!("traces: {what}");
        let roots = if settings.ca_file.is_some() { Roots::None } else { Roots::Platform };
        let tls = VendorTls { roots, ca_file: settings.ca_file.clone(), ..VendorTls::default() };
        let tls = TlsRoots::default().client(endpoint.is_https(), &tls).map_err(|error| wrong(&error))?;
        let to: Uri = format!("{}/v1/traces", endpoint.as_str()).parse().map_err(|error| wrong(&error))?;
        let (sender, spans) = mpsc::channel(courier::ROOM);
        let courier = Courier {
            spans,
            client: HttpClient::elsewhere(&to, tls, CONNECT, self.connections.clone()),
            to,
            headers: headers(&settings.headers)?,
            timeout: settings.timeout,
            resource: resource(&settings),
            counts: Arc::clone(&self.counts),
            closing: self.closing.clone(),
        };
        let exporter = Arc::new(Exporter { spans: sender, counts: Arc::clone(&self.counts) });
        Ok(NextTraces::New(settings, Box::new(courier), exporter))
    }

    /// Goes on as prepared; a courier that is no longer needed brings what it has and ends. Within a tokio runtime.
    pub(super) fn take_up(&self, next: NextTraces) {
        let active = match next {
            NextTraces::Off => None,
            NextTraces::Same(settings, exporter) => Some(Active { settings: *settings, exporter }),
            NextTraces::New(settings, courier, exporter) => {
                self.couriers.spawn(courier.run());
                Some(Active { settings: *settings, exporter })
            }
        };
        self.active.store(active.map(Arc::new));
    }

    /// Decides whether a request is traced: as its caller has, else by chance.
    pub(super) fn record(
        &self,
        trace: &mut TraceContext,
        headers: &HeaderMap,
        arrived: Instant,
    ) -> Option<Arc<Recording>> {
        let active = self.active.load();
        let active = active.as_ref()?;
        if trace.parent_id().is_none() && chosen(trace.trace_id(), active.settings.sample_ratio) {
            trace.sample();
        }
        trace.is_sampled().then(|| {
            let state = trace.parent_id().map(|_| tracestate(headers)).unwrap_or_default();
            Arc::new(Recording::new(Arc::clone(&active.exporter), (*trace, state), arrived))
        })
    }

    /// What became of spans; `None` if there never were any to be.
    pub(super) fn counts(&self) -> Option<SpanCounts> {
        let [exported, dropped] =
            [&self.counts.exported, &self.counts.dropped].map(|count| count.load(Ordering::Relaxed));
        (exported + dropped > 0 || self.active.load().is_some()).then_some(SpanCounts { exported, dropped })
    }

    /// Brings what is there to the collector, once and within a bounded time.
    pub(super) async fn end(&self) {
        self.active.store(None);
        self.closing.cancel();
        self.couriers.close();
        if tokio::time::timeout(PATIENCE, self.couriers.wait()).await.is_err() {
            tracing::warn!("the collector did not take the last spans in time");
        }
    }
}

impl Exporter {
    fn export(&self, span: Span) {
        if self.spans.try_send(span).is_err() {
            self.counts.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Whether a trace is among the chosen part. The lowest 56 bits of its id are random (W3C Trace Context, level 2), so
/// that every process that looks at them decides alike.
fn chosen(trace_id: u128, ratio: f64) -> bool {
    let random = (trace_id & ((1 << 56) - 1)) as f64;
    random < ratio * (1_u64 << 56) as f64
}

fn headers(secrets: &BTreeMap<String, config::Secret>) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::with_capacity(secrets.len());
    for (name, secret) in secrets {
        let wrong = |_| format!("traces.headers.{name} cannot stand in a request");
        let mut value = HeaderValue::from_str(secret.expose()).map_err(|_| wrong(()))?;
        value.set_sensitive(true);
        headers.insert(HeaderName::try_from(name).map_err(|_| wrong(()))?, value);
    }
    Ok(headers)
}

fn resource(settings: &config::Traces) -> Resource {
    let own = [
        ("service.name", settings.service_name.clone()),
        ("service.version", env!("CARGO_PKG_VERSION").to_owned()),
        ("service.instance.id", Uuid::new_v4().to_string()),
    ];
    let set = settings.resource.iter().map(|(key, text)| (key.as_str(), text.clone()));
    let own = own.into_iter().filter(|(key, _)| !settings.resource.contains_key(*key));
    Resource { attributes: own.chain(set).map(|(key, text)| KeyValue::text(key, text)).collect() }
}
