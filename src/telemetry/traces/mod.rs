//! Traces: a span for each request and for its waits and attempts, exported over OTLP to an OpenTelemetry collector.
//!
//! A request that is not sampled builds nothing, and no request waits for the collector. Decision 9 says which parts of
//! OpenTelemetry's SDK are used.

mod request_trace;
mod span_queue;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use arc_swap::ArcSwapOption;
use http::HeaderMap;
use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanKind, TraceContextExt, TraceFlags, TraceState};
use opentelemetry_sdk::trace::{Config, Sampler, SamplingDecision, ShouldSample};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use crate::http::trace_context::{TraceContext, trace_state};
use crate::value::Fingerprint;

use super::settings::TracesSettings;
use span_queue::{Counts, SpanQueue};

pub use request_trace::{RequestTrace, VendorCall};

/// Decides which requests are traced, and runs the exporter.
#[derive(Default)]
pub(super) struct Traces {
    active: ArcSwapOption<Active>,
    counts: Arc<Counts>,
    closing: TaskTracker,
}

/// The settings in use, checked and ready to be applied.
pub(super) struct Active {
    sampler: Box<dyn ShouldSample>,
    collector: Fingerprint,
    queue: Arc<SpanQueue>,
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
    /// Does everything that can fail; `None` turns traces off. Needs a tokio runtime.
    pub(super) fn prepare(&self, settings: Option<TracesSettings>) -> Result<Option<Active>, String> {
        let Some(TracesSettings { sample_ratio, collector }) = settings else { return Ok(None) };
        let fingerprint = collector.fingerprint;
        let sampler = match sample_ratio {
            Some(ratio) => Box::new(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(ratio)))),
            None => Config::default().sampler, // reads OTEL_TRACES_SAMPLER
        };
        let queue = match self.active.load().as_ref().filter(|active| active.collector == fingerprint) {
            Some(active) => Arc::clone(&active.queue),
            None => Arc::new(SpanQueue::start(collector, Arc::clone(&self.counts), self.closing.clone())?),
        };
        Ok(Some(Active { sampler, collector: fingerprint, queue }))
    }

    /// Switches to what was prepared. A queue that is no longer in use exports what it has and ends.
    pub(super) fn apply(&self, prepared: Option<Active>) {
        self.active.store(prepared.map(Arc::new));
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
        let id = context.trace_id.into();
        let parent = context.parent_id.map(|parent_id| {
            let flags = TraceFlags::default().with_sampled(context.sampled);
            let parent = SpanContext::new(id, parent_id.into(), flags, true, TraceState::NONE);
            Context::new().with_remote_span_context(parent)
        });
        let sampled = active.sampler.should_sample(parent.as_ref(), id, "", &SpanKind::Server, &[], &[]);
        context.sampled = sampled.decision == SamplingDecision::RecordAndSample;
        context.sampled.then(|| {
            let state = parent.map(|_| trace_state(headers)).unwrap_or_default();
            Arc::new(RequestTrace::new(Arc::clone(&active.queue), *context, state, arrived))
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
        if let Some(active) = self.active.swap(None) {
            active.queue.close();
        }
        self.closing.close();
        self.closing.wait().await;
    }
}
