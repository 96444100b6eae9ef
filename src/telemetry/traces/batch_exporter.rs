//! Exports spans to the collector in batches, from a task of its own.
//!
//! Requests put spans into a bounded queue and never wait. Spans are dropped and counted if the queue is full, if the
//! client rejects them, or if it does not accept them after three attempts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use prost::Message;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::telemetry::settings::Export;

use super::otlp::{
    ExportTraceServiceRequest, ExportTraceServiceResponse, InstrumentationScope, Resource, ResourceSpans, ScopeSpans,
    Span,
};

/// How many spans may wait.
pub(super) const MAX_QUEUED_SPANS: usize = 4096;
/// How many spans one export holds at most.
const MAX_BATCH_SPANS: usize = 512;
/// How long spans are collected before they are exported.
const BATCH_DELAY: Duration = Duration::from_secs(1);
/// The delays before the second and the third attempt.
const RETRY_DELAYS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

/// Spans exported and dropped since the start.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) exported: AtomicU64,
    pub(super) dropped: AtomicU64,
}

/// The task that exports.
pub(in crate::telemetry) struct BatchExporter {
    pub(super) spans: mpsc::Receiver<Span>,
    pub(super) client: Arc<dyn Export>,
    pub(super) endpoint: String,
    pub(super) resource: Resource,
    pub(super) counts: Arc<Counts>,
    /// Once cancelled, queued spans are exported with one attempt for each batch, and the task ends.
    pub(super) shutdown: CancellationToken,
}

/// Why a batch was not accepted.
enum ExportError {
    Retryable(String),
    Final(String),
}

impl BatchExporter {
    /// Runs until every sender is gone or the shutdown is over.
    pub(super) async fn run(mut self) {
        let mut failing = false;
        let mut batch = Vec::with_capacity(MAX_BATCH_SPANS);
        loop {
            self.collect(&mut batch).await;
            if batch.is_empty() {
                return;
            }
            let count = batch.len() as u64;
            match self.export(std::mem::take(&mut batch)).await {
                Ok(rejected) => {
                    let rejected = rejected.min(count);
                    self.counts.exported.fetch_add(count - rejected, Ordering::Relaxed);
                    self.counts.dropped.fetch_add(rejected, Ordering::Relaxed);
                    if std::mem::take(&mut failing) {
                        tracing::info!(endpoint = %self.endpoint, "traces are exported again");
                    }
                }
                Err(error) => {
                    self.counts.dropped.fetch_add(count, Ordering::Relaxed);
                    if !std::mem::replace(&mut failing, true) {
                        tracing::warn!(endpoint = %self.endpoint, error, "traces cannot be exported and are dropped");
                    }
                }
            }
        }
    }

    /// Waits for a span, and for more until [`BATCH_DELAY`] is over or the batch is full. Leaves the batch empty if there
    /// will be no more spans.
    async fn collect(&mut self, batch: &mut Vec<Span>) {
        let mut deadline = None;
        while batch.len() < MAX_BATCH_SPANS {
            let room = MAX_BATCH_SPANS - batch.len();
            tokio::select! {
                biased;
                received = self.spans.recv_many(batch, room) => {
                    if received == 0 {
                        return;
                    }
                    deadline.get_or_insert_with(|| Instant::now() + BATCH_DELAY);
                }
                () = self.shutdown.cancelled(), if !self.spans.is_closed() => self.spans.close(),
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => return,
            }
        }
    }

    /// Exports a batch; returns how many of its spans the collector rejected.
    async fn export(&self, spans: Vec<Span>) -> Result<u64, String> {
        let scope = InstrumentationScope { name: "switchboard".into(), version: env!("CARGO_PKG_VERSION").into() };
        let scope_spans = vec![ScopeSpans { scope: Some(scope), spans }];
        let resource_spans = vec![ResourceSpans { resource: Some(self.resource.clone()), scope_spans }];
        let body = Bytes::from(ExportTraceServiceRequest { resource_spans }.encode_to_vec());
        let mut delays = RETRY_DELAYS.into_iter();
        loop {
            match (self.post(body.clone()).await, delays.next()) {
                (Ok(rejected), _) => return Ok(rejected),
                (Err(ExportError::Retryable(_)), Some(delay)) if !self.shutdown.is_cancelled() => {
                    let delay = delay.mul_f64(0.5 + fastrand::f64());
                    let _ = timeout(delay, self.shutdown.cancelled()).await;
                }
                (Err(ExportError::Retryable(error) | ExportError::Final(error)), _) => return Err(error),
            }
        }
    }

    async fn post(&self, body: Bytes) -> Result<u64, ExportError> {
        let (status, body) = self.client.export(body).await.map_err(ExportError::Retryable)?;
        match status {
            200..=299 => {
                let response = ExportTraceServiceResponse::decode(&*body).unwrap_or_default();
                let rejected = response.partial_success.map_or(0, |partial| partial.rejected_spans);
                Ok(u64::try_from(rejected).unwrap_or_default())
            }
            429 | 502 | 503 | 504 => Err(ExportError::Retryable(format!("the collector answered {status}"))),
            _ => Err(ExportError::Final(format!("the collector answered {status}"))),
        }
    }
}
