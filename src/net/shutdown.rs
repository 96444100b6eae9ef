//! Graceful shutdown in three steps: announced, soft and hard.
//!
//! *Announced*: readiness is false and everything else continues. *Soft*: listeners close and connections finish their
//! requests. *Hard*: tasks that still run are dropped. All tasks are spawned here, so an empty tracker proves that
//! nothing runs any more.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tokio_util::task::TaskTracker;

/// Time for tasks to end after the hard token before they are abandoned.
const FORCED_END_TIMEOUT: Duration = Duration::from_secs(1);

/// A handle to the shutdown; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Shutdown(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    announced: CancellationToken,
    soft: CancellationToken,
    hard: CancellationToken,
    tasks: TaskTracker,
}

/// How a shutdown ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrainOutcome {
    /// Every task has finished.
    Drained,
    /// Some tasks were dropped, and all have ended.
    Forced,
    /// Some tasks did not end when they were dropped.
    Abandoned {
        /// How many.
        tasks: usize,
    },
}

impl Shutdown {
    /// A shutdown that has not started.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs `task` until it ends or the hard token drops it.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let dropped = FuturesUnordered::from_iter([self.0.hard.clone().cancelled_owned()]);
        self.0.tasks.spawn(CancellableTask { task, dropped });
    }

    /// How many tasks run.
    pub fn running(&self) -> usize {
        self.0.tasks.len()
    }

    /// Announces the shutdown: readiness becomes false.
    pub fn announce(&self) {
        self.0.announced.cancel();
    }

    /// Whether the shutdown was announced or has started; for readiness.
    pub fn is_announced(&self) -> bool {
        self.0.announced.is_cancelled()
    }

    /// The token that tells listeners to close and connections to finish.
    pub fn soft(&self) -> &CancellationToken {
        &self.0.soft
    }

    /// The token that drops all tasks.
    pub fn hard(&self) -> &CancellationToken {
        &self.0.hard
    }

    /// Cancels the soft token, then waits for all tasks and, after them, for `last`. Cancels the hard token after
    /// `drain_timeout`, or as soon as `force` ends. Returns when all tasks have ended.
    pub async fn drain(
        &self,
        last: impl Future<Output = ()>,
        drain_timeout: Duration,
        force: impl Future,
    ) -> DrainOutcome {
        self.announce();
        self.0.soft.cancel();
        self.0.tasks.close();
        tokio::select! {
            biased;
            () = async { self.0.tasks.wait().await; last.await } => return DrainOutcome::Drained,
            () = tokio::time::sleep(drain_timeout) => {}
            _ = force => {}
        }
        self.0.hard.cancel();
        match timeout(FORCED_END_TIMEOUT, self.0.tasks.wait()).await {
            Ok(()) => DrainOutcome::Forced,
            Err(_) => DrainOutcome::Abandoned { tasks: self.0.tasks.len() },
        }
    }
}

pin_project_lite::pin_project! {
    /// A task that the hard token drops.
    struct CancellableTask<F> {
        #[pin]
        task: F,
        // It polls the token only when that was woken; each poll takes a lock that all tasks share.
        dropped: FuturesUnordered<WaitForCancellationFutureOwned>,
    }
}

impl<F: Future<Output = ()>> Future for CancellableTask<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        if this.task.poll(cx).is_ready() { Poll::Ready(()) } else { this.dropped.poll_next_unpin(cx).map(drop) }
    }
}

/// Spawns hyper's HTTP/2 tasks (one for each stream), so that the shutdown counts and drops them.
impl<F> hyper::rt::Executor<F> for Shutdown
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        self.spawn(task);
    }
}

#[cfg(test)]
mod tests {
    use crate::net::shutdown::*;
    use std::future::{pending, ready};

    const TIMEOUT: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn tasks_that_obey_the_soft_token_drain() {
        let shutdown = Shutdown::new();
        let soft = shutdown.soft().clone();
        shutdown.spawn(async move {
            soft.cancelled().await;
            tokio::time::sleep(Duration::from_secs(29)).await;
        });
        assert_eq!(shutdown.drain(ready(()), TIMEOUT, pending::<()>()).await, DrainOutcome::Drained);
        assert!(shutdown.is_announced() && shutdown.running() == 0);
    }

    #[tokio::test(start_paused = true)]
    async fn other_tasks_are_dropped_after_the_timeout() {
        let shutdown = Shutdown::new();
        shutdown.spawn(pending());
        assert_eq!(shutdown.drain(ready(()), TIMEOUT, pending::<()>()).await, DrainOutcome::Forced);
        assert_eq!(shutdown.running(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_step_has_the_rest_of_the_timeout() {
        for (last, ended) in [(29, DrainOutcome::Drained), (31, DrainOutcome::Forced)] {
            let started = tokio::time::Instant::now();
            let last = tokio::time::sleep(Duration::from_secs(last));
            assert_eq!(Shutdown::new().drain(last, TIMEOUT, pending::<()>()).await, ended);
            assert!(started.elapsed() <= TIMEOUT);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn force_drops_tasks_at_once() {
        let shutdown = Shutdown::new();
        shutdown.spawn(pending());
        let started = tokio::time::Instant::now();
        assert_eq!(shutdown.drain(ready(()), TIMEOUT, ready(())).await, DrainOutcome::Forced);
        assert_eq!(started.elapsed(), Duration::ZERO);
    }
}
