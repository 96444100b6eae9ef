//! The queue of finished spans: the SDK's batch processor with OTLP's exporter behind it, and what became of each span.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{WithExportConfig, WithHttpConfig};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SpanData, SpanExporter, SpanProcessor};
use prost::Message;
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

use crate::telemetry::settings::Collector;

/// How many spans may wait, unless `OTEL_BSP_MAX_QUEUE_SIZE` says otherwise.
const MAX_QUEUED_SPANS: usize = 4096;
/// How long spans are collected before they are exported, in milliseconds, unless `OTEL_BSP_SCHEDULE_DELAY` says otherwise.
const BATCH_DELAY_MS: u64 = 1000;
/// How long exporting the last spans may take.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(5);
/// The number of waiting spans once the queue is closed, for which no capacity has room.
const CLOSED: usize = usize::MAX;

/// Spans exported and dropped since the start.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) exported: AtomicU64,
    pub(super) dropped: AtomicU64,
}

/// A queue that exports what is left in it when it is dropped.
pub(super) struct SpanQueue {
    processor: Arc<BatchSpanProcessor>,
    /// The processor itself only logs that its queue is full.
    capacity: usize,
    progress: Arc<Progress>,
    runtime: Handle,
    closing: TaskTracker,
}

impl SpanQueue {
    /// Connects to the collector and starts the processor's thread. Needs a tokio runtime; `closing` tracks the queue's
    /// end.
    pub(super) fn start(to: Collector, counts: Arc<Counts>, closing: TaskTracker) -> Result<Self, String> {
        let (progress, runtime) = (Arc::new(Progress { counts, ..Progress::default() }), Handle::current());
        let transport =
            Transport { client: (to.connect)()?, runtime: runtime.clone(), progress: Arc::clone(&progress) };
        let exporter = opentelemetry_otlp::SpanExporter::builder().with_http().with_http_client(transport);
        let exporter = exporter.with_endpoint(to.endpoint).with_timeout(to.timeout).build();
        let mut exporter = exporter.map_err(|error| format!("traces: {error}"))?;
        exporter.set_resource(&to.resource);
        let capacity = variable("OTEL_BSP_MAX_QUEUE_SIZE").unwrap_or(MAX_QUEUED_SPANS);
        let delay = Duration::from_millis(variable("OTEL_BSP_SCHEDULE_DELAY").unwrap_or(BATCH_DELAY_MS));
        let config = BatchConfigBuilder::default().with_max_queue_size(capacity).with_scheduled_delay(delay).build();
        let exporter = CountingExporter { exporter, progress: Arc::clone(&progress) };
        let processor = Arc::new(BatchSpanProcessor::new(exporter, config));
        Ok(Self { processor, capacity, progress, runtime, closing })
    }

    /// Adds a finished span; drops and counts it if there is no room.
    pub(super) fn push(&self, span: SpanData) {
        if self.progress.admit(self.capacity) {
            self.processor.on_end(span);
        } else {
            self.progress.counts.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Exports what is in the queue, within a bounded time, and closes it.
    pub(super) fn close(&self) {
        let (processor, progress) = (Arc::clone(&self.processor), Arc::clone(&self.progress));
        let close = move || {
            // Its result is that of the last batch, or that another call closed the queue.
            let _ = processor.shutdown_with_timeout(FLUSH_TIMEOUT);
            progress.close();
        };
        self.closing.spawn_blocking_on(close, &self.runtime);
    }
}

impl Drop for SpanQueue {
    fn drop(&mut self) {
        self.close();
    }
}

/// A variable of the SDK, for whose absence the gateway has another default.
#[expect(clippy::disallowed_methods, reason = "the SDK reads its variables itself, and does not say what they are")]
fn variable<T: std::str::FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok()?.parse().ok()
}

/// What becomes of spans and exports.
#[derive(Debug, Default)]
struct Progress {
    /// How many spans wait, those of the present export included.
    waiting: AtomicUsize,
    /// How many spans of the present export the collector rejected.
    rejected: AtomicU64,
    failing: AtomicBool,
    counts: Arc<Counts>,
}

impl Progress {
    fn admit(&self, capacity: usize) -> bool {
        let admit = |waiting| (waiting < capacity).then(|| waiting + 1);
        self.waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, admit).is_ok()
    }

    fn finish(&self, count: usize, accepted: bool) {
        let rejected = self.rejected.swap(0, Ordering::Relaxed);
        let lost = if accepted { rejected.min(count as u64) } else { count as u64 };
        let finish = |waiting| (waiting != CLOSED).then(|| waiting - count);
        // Those of a closed queue were counted when it was closed.
        if self.waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, finish).is_ok() {
            self.counts.exported.fetch_add(count as u64 - lost, Ordering::Relaxed);
            self.counts.dropped.fetch_add(lost, Ordering::Relaxed);
        }
    }

    fn close(&self) {
        let waiting = self.waiting.swap(CLOSED, Ordering::Relaxed);
        if !matches!(waiting, 0 | CLOSED) {
            self.counts.dropped.fetch_add(waiting as u64, Ordering::Relaxed);
            tracing::warn!(spans = waiting, "the collector did not accept the last spans in time");
        }
    }
}

/// Counts what the collector accepted.
#[derive(Debug)]
struct CountingExporter {
    exporter: opentelemetry_otlp::SpanExporter,
    progress: Arc<Progress>,
}

impl SpanExporter for CountingExporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let count = batch.len();
        let result = self.exporter.export(batch).await;
        self.progress.finish(count, result.is_ok());
        result
    }
}

/// Sends exports on the runtime, which the client needs and the processor's thread is not part of (opentelemetry-rust
/// issue 2715). Logs the start and the end of a failure.
#[derive(Clone, Debug)]
struct Transport {
    client: Arc<dyn HttpClient>,
    runtime: Handle,
    progress: Arc<Progress>,
}

impl Transport {
    async fn send(self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let endpoint = request.uri().clone();
        let result = self.client.send_bytes(request).await;
        let error = match &result {
            Ok(response) if response.status().is_success() => {
                let accepted = ExportTraceServiceResponse::decode(&**response.body()).unwrap_or_default();
                let rejected = accepted.partial_success.map_or(0, |partial| partial.rejected_spans);
                self.progress.rejected.store(rejected.try_into().unwrap_or_default(), Ordering::Relaxed);
                None
            }
            Ok(response) => Some(format!("the collector answered {}", response.status().as_u16())),
            Err(error) => Some(error.to_string()),
        };
        match (self.progress.failing.swap(error.is_some(), Ordering::Relaxed), error) {
            (false, Some(error)) => tracing::warn!(%endpoint, error, "traces cannot be exported"),
            (true, None) => tracing::info!(%endpoint, "traces are exported again"),
            _ => {}
        }
        result
    }
}

#[async_trait]
impl HttpClient for Transport {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        self.runtime.spawn(self.clone().send(request)).await?
    }
}
