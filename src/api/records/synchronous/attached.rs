//! A change that its caller's connection drives while the caller waits, and a task of its own afterwards.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Outcome, Running};

type Run = Pin<Box<dyn Future<Output = (Outcome, Running)> + Send>>;

/// A change under way. Dropping it leaves the rest to a task, which reports the end.
pub(super) struct Attached {
    run: Option<Run>,
    /// Tells the change that its caller has left.
    gone: CancellationToken,
}

impl Attached {
    /// The tracker knows of it from now on, whatever drives it.
    pub(super) fn new(
        run: impl Future<Output = (Outcome, Running)> + Send + 'static,
        tasks: &TaskTracker,
        gone: CancellationToken,
    ) -> Self {
        Self { run: Some(Box::pin(tasks.track_future(run))), gone }
    }
}

impl Future for Attached {
    type Output = (Outcome, Running);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // Taken out, so that a task does not go on with what has panicked.
        let Some(mut run) = self.run.take() else { return Poll::Pending };
        let polled = run.as_mut().poll(cx);
        if polled.is_pending() {
            self.run = Some(run);
        }
        polled
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        let Some(run) = self.run.take() else { return };
        self.gone.cancel();
        // Without a runtime the process is at its end.
        let Ok(runtime) = Handle::try_current() else { return };
        runtime.spawn(async move {
            let (outcome, running) = run.await;
            running.report(&outcome);
        });
    }
}
