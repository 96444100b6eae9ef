//! Brings spans to the collector, in batches, from a task of its own.
//!
//! Requests put spans into a bounded queue and never wait: what finds it full is dropped and counted, as is what the
//! collector refuses, or has not taken after some tries.

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

/// Spans that may wait.
pub(super) const ROOM: usize = 4096;
/// The most that one export holds.
const MOST: usize = 512;
/// How long spans gather.
const GATHER: Duration = Duration::from_secs(1);
/// The waits before the second try and the third.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

/// What became of spans so far.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) exported: AtomicU64,
    pub(super) dropped: AtomicU64,
}

/// The task.
pub(in crate::telemetry) struct Courier {
    pub(super) spans: mpsc::Receiver<Span>,
    pub(super) collector: Arc<dyn Export>,
    pub(super) endpoint: String,
    pub(super) resource: Resource,
    pub(super) counts: Arc<Counts>,
    /// Cancelled when what is there is to be brought, once, and no more is coming.
    pub(super) closing: CancellationToken,
}

/// Why spans were not taken.
enum Refused {
    /// Another try may succeed.
    ForNow(String),
    ForGood(String),
}

impl Courier {
    /// Runs until nobody can send any more spans, or the end was told.
    pub(super) async fn run(mut self) {
        let mut failing = false;
        let mut batch = Vec::with_capacity(MOST);
        loop {
            self.gather(&mut batch).await;
            if batch.is_empty() {
                return;
            }
            let count = batch.len() as u64;
            match self.deliver(std::mem::take(&mut batch)).await {
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

    /// Waits for spans; none if there will be no more.
    async fn gather(&mut self, batch: &mut Vec<Span>) {
        let closing = self.closing.clone();
        tokio::select! {
            biased;
            _ = self.spans.recv_many(batch, MOST) => {}
            () = closing.cancelled() => self.spans.close(),
        }
        let until = Instant::now() + GATHER;
        while batch.len() < MOST && !closing.is_cancelled() {
            let room = MOST - batch.len();
            tokio::select! {
                taken = self.spans.recv_many(batch, room) => if taken == 0 { return },
                () = sleep_until(until) => return,
                () = closing.cancelled() => {}
            }
        }
        if closing.is_cancelled() {
            self.spans.close();
            while batch.len() < MOST
                && let Ok(span) = self.spans.try_recv()
            {
                batch.push(span);
            }
        }
    }

    /// Brings a batch to the collector, which may have rejected so many of it.
    async fn deliver(&self, spans: Vec<Span>) -> Result<u64, String> {
        let scope = InstrumentationScope { name: "switchboard".into(), version: env!("CARGO_PKG_VERSION").into() };
        let scope_spans = vec![ScopeSpans { scope: Some(scope), spans }];
        let resource_spans = vec![ResourceSpans { resource: Some(self.resource.clone()), scope_spans }];
        let body = Bytes::from(ExportTraceServiceRequest { resource_spans }.encode_to_vec());
        let mut pauses = PAUSES.into_iter();
        loop {
            match (self.post(body.clone()).await, pauses.next()) {
                (Ok(rejected), _) => return Ok(rejected),
                (Err(Refused::ForNow(_)), Some(pause)) if !self.closing.is_cancelled() => {
                    let pause = pause.mul_f64(0.5 + fastrand::f64());
                    let _ = timeout(pause, self.closing.cancelled()).await;
                }
                (Err(Refused::ForNow(error) | Refused::ForGood(error)), _) => return Err(error),
            }
        }
    }

    async fn post(&self, body: Bytes) -> Result<u64, Refused> {
        let (status, answer) = self.collector.export(body).await.map_err(Refused::ForNow)?;
        match status {
            200..=299 => {
                let response = ExportTraceServiceResponse::decode(&*answer).unwrap_or_default();
                let rejected = response.partial_success.map_or(0, |partial| partial.rejected_spans);
                Ok(u64::try_from(rejected).unwrap_or_default())
            }
            429 | 502 | 503 | 504 => Err(Refused::ForNow(format!("the collector answered {status}"))),
            _ => Err(Refused::ForGood(format!("the collector answered {status}"))),
        }
    }
}
