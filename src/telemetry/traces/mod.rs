//! Traces: a span for each request and for its waits and attempts, exported over OTLP to an OpenTelemetry collector.
//!
//! A request that is not sampled builds nothing, and no request waits for the collector: see [`batch_exporter`].
//! Decision 9 says why this is not a library.

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
use batch_exporter::{BatchExporter, Counts};
use otlp::{KeyValue, Resource, Span};

pub use request_trace::{RequestTrace, VendorCall};

/// How long exporting the last spans may take.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(5);

/// Decides which requests are traced, and runs the exporter.
#[derive(Default)]
pub(super) struct Traces {
    active: ArcSwapOption<Active>,
    counts: Arc<Counts>,
    exporters: TaskTracker,
    shutdown: CancellationToken,
}

/// The settings in use.
#[derive(Clone)]
pub(super) struct Active {
    sample_ratio: f64,
    collector: Fingerprint,
    queue: SpanQueue,
}

/// The queue of the exporter.
#[derive(Clone)]
struct SpanQueue {
    spans: mpsc::Sender<Span>,
    counts: Arc<Counts>,
}

/// The traces of a new configuration, checked and ready to be applied.
pub(super) enum PreparedTraces {
    Off,
    /// The same collector, perhaps with another ratio.
    Same(Active),
    New(Active, Box<BatchExporter>),
}

/// Spans exported and dropped since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct SpanCounts {
    /// Accepted by the collector.
    pub exported: u64,
    /// Lost, because the queue was full or the collector did not accept them.
    pub dropped: u64,
}

impl Traces {
    /// Does everything that can fail.
    pub(super) fn prepare(&self, settings: Option<TracesSettings>) -> Result<PreparedTraces, String> {
        let Some(TracesSettings { sample_ratio, collector }) = settings else { return Ok(PreparedTraces::Off) };
        let Collector { endpoint, resource, fingerprint, connect } = collector;
        if let Some(active) = self.active.load().as_ref().filter(|active| active.collector == fingerprint) {
            return Ok(PreparedTraces::Same(Active { sample_ratio, ..Active::clone(active) }));
        }
        let (sender, spans) = mpsc::channel(batch_exporter::MAX_QUEUED_SPANS);
        let attributes = resource.into_iter().map(|(key, text)| KeyValue::text(&key, text)).collect();
        let exporter = BatchExporter {
            spans,
            client: connect()?,
            endpoint,
            resource: Resource { attributes },
            counts: Arc::clone(&self.counts),
            shutdown: self.shutdown.clone(),
        };
        let queue = SpanQueue { spans: sender, counts: Arc::clone(&self.counts) };
        Ok(PreparedTraces::New(Active { sample_ratio, collector: fingerprint, queue }, Box::new(exporter)))
    }

    /// Switches to what was prepared. An exporter that is no longer needed exports what it has and ends. Needs a tokio
    /// runtime.
    pub(super) fn apply(&self, prepared: PreparedTraces) {
        let active = match prepared {
            PreparedTraces::Off => None,
            PreparedTraces::Same(active) => Some(active),
            PreparedTraces::New(active, exporter) => {
                self.exporters.spawn(exporter.run());
                Some(active)
            }
        };
        self.active.store(active.map(Arc::new));
    }

    /// Decides whether a request is traced: as its caller decided, otherwise by the sample ratio.
    pub(super) fn start(
        &self,
        context: &mut TraceContext,
        headers: &HeaderMap,
        arrived: Instant,
    ) -> Option<Arc<RequestTrace>> {
        let active = self.active.load();
        let active = active.as_ref()?;
        if context.parent_id().is_none() && is_sampled(context.trace_id(), active.sample_ratio) {
            context.sample();
        }
        context.is_sampled().then(|| {
            let state = context.parent_id().map(|_| tracestate(headers)).unwrap_or_default();
            Arc::new(RequestTrace::new(active.queue.clone(), *context, state, arrived))
        })
    }

    /// Spans exported and dropped; `None` if traces never were on.
    pub(super) fn counts(&self) -> Option<SpanCounts> {
        let [exported, dropped] =
            [&self.counts.exported, &self.counts.dropped].map(|count| count.load(Ordering::Relaxed));
        (exported + dropped > 0 || self.active.load().is_some()).then_some(SpanCounts { exported, dropped })
    }

    /// Exports the queued spans for a bounded time and turns traces off.
    pub(super) async fn end(&self) {
        self.active.store(None);
        self.shutdown.cancel();
        self.exporters.close();
        if tokio::time::timeout(FLUSH_TIMEOUT, self.exporters.wait()).await.is_err() {
            tracing::warn!("the collector did not accept the last spans in time");
        }
    }
}

impl SpanQueue {
    fn push(&self, span: Span) {
        if self.spans.try_send(span).is_err() {
            self.counts.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Whether a trace is among the given fraction. The lowest 56 bits of its id are random (W3C Trace Context, level 2), so
/// every process that uses them decides the same.
fn is_sampled(trace_id: u128, ratio: f64) -> bool {
    let random = (trace_id & ((1 << 56) - 1)) as f64;
    random < ratio * (1_u64 << 56) as f64
}
