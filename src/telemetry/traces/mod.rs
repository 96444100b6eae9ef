//! Traces: a span for each request and for what happens within it, to an OpenTelemetry collector (OTLP over HTTP).
//!
//! Off, or for a request that is not sampled, nothing is built. A traced request costs its spans, and never waits for
//! the collector: see [`courier`]. Decision 9 says why this is not a library.

mod batch_exporter;
mod otlp;
mod request_trace;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use http::HeaderMap;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::http::trace_context::TraceContext;
use crate::http::tracestate::tracestate;
use crate::value::Fingerprint;

use super::settings::{Collector, TracesSettings};
use batch_exporter::{Counts, Courier};
use otlp::{KeyValue, Resource, Span};

pub use request_trace::{Recording, VendorCall};

/// How long the last spans may take at the end.
const PATIENCE: Duration = Duration::from_secs(5);

/// All traces.
#[derive(Default)]
pub(super) struct Traces {
    active: ArcSwapOption<Active>,
    counts: Arc<Counts>,
    couriers: TaskTracker,
    closing: CancellationToken,
}

/// The configuration in force.
#[derive(Clone)]
pub(super) struct Active {
    sample_ratio: f64,
    collector: Fingerprint,
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
    Same(Active),
    New(Active, Box<Courier>),
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
    pub(super) fn prepare(&self, settings: Option<TracesSettings>) -> Result<NextTraces, String> {
        let Some(TracesSettings { sample_ratio, collector }) = settings else { return Ok(NextTraces::Off) };
        let Collector { endpoint, resource, fingerprint, connect } = collector;
        if let Some(active) = self.active.load().as_ref().filter(|active| active.collector == fingerprint) {
            return Ok(NextTraces::Same(Active { sample_ratio, ..Active::clone(active) }));
        }
        let (sender, spans) = mpsc::channel(batch_exporter::ROOM);
        let attributes = resource.into_iter().map(|(key, text)| KeyValue::text(&key, text)).collect();
        let courier = Courier {
            spans,
            collector: connect()?,
            endpoint,
            resource: Resource { attributes },
            counts: Arc::clone(&self.counts),
            closing: self.closing.clone(),
        };
        let exporter = Arc::new(Exporter { spans: sender, counts: Arc::clone(&self.counts) });
        Ok(NextTraces::New(Active { sample_ratio, collector: fingerprint, exporter }, Box::new(courier)))
    }

    /// Goes on as prepared; a courier that is no longer needed brings what it has and ends. Within a tokio runtime.
    pub(super) fn take_up(&self, next: NextTraces) {
        let active = match next {
            NextTraces::Off => None,
            NextTraces::Same(active) => Some(active),
            NextTraces::New(active, courier) => {
                self.couriers.spawn(courier.run());
                Some(active)
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
        if trace.parent_id().is_none() && chosen(trace.trace_id(), active.sample_ratio) {
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
