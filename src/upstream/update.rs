//! An update that outlives its caller once it has been sent.
//!
//! While it waits, dropping it cancels it without a trace. From the moment a byte may be on the wire, dropping it hands it to the
//! tracker, where it is finished (retries included, until its deadline) and logged: half an update helps nobody, and the next one for the same
//! assistant must not overtake it. Callers who stay pay no extra task for this.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use super::{Answer, Failure, Sent, counters::Counters};

type Running = Pin<Box<dyn Future<Output = Result<Answer, Failure>> + Send>>;

/// The future of [`super::Stack::update`].
#[must_use = "nothing is sent unless it is awaited"]
pub struct Update {
    running: Option<Running>,
    sent: Sent,
    updates: TaskTracker,
    counters: Arc<Counters>,
    span: tracing::Span,
}

impl Update {
    pub(super) fn new(running: Running, sent: Sent, updates: TaskTracker, counters: Arc<Counters>) -> Self {
        let span = tracing::Span::current();
        Self { running: Some(running), sent, updates, counters, span }
    }
}

impl Future for Update {
    type Output = Result<Answer, Failure>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(running) = &mut self.running else {
            return Poll::Pending; // polled again after its end, which has no answer left
        };
        let polled = running.as_mut().poll(cx);
        if polled.is_ready() {
            self.running = None;
        }
        polled
    }
}

impl Drop for Update {
    fn drop(&mut self) {
        let Some(running) = self.running.take() else {
            return;
        };
        if !self.sent.get() {
            return;
        }
        // Without a runtime the process is at its end, and so is the update.
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        self.counters.handed_over.add();
        let finished = async { log(&running.await) }.instrument(self.span.clone());
        self.updates.spawn_on(finished, &runtime);
    }
}

fn log(result: &Result<Answer, Failure>) {
    match result {
        Ok(answer) => tracing::info!(
            status = answer.status.as_u16(),
            attempts = answer.attempts,
            "finished an update whose caller had gone"
        ),
        Err(failure) => tracing::warn!(
            kind = failure.kind.name(),
            attempts = failure.attempts,
            sent = failure.sent,
            source = failure.source,
            "an update whose caller had gone failed"
        ),
    }
}

impl fmt::Debug for Update {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Update").field("sent", &self.sent.get()).finish_non_exhaustive()
    }
}
