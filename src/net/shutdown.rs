//! The end of the process in order: announced, then soft, then hard, and a proof that all ended.
//!
//! *Announced*: readiness is false, everything else goes on. *Soft*: listeners close, connections
//! finish what they have begun. *Hard*: whatever is left is dropped. Every task is spawned here, so
//! that an empty tracker proves that nothing runs any more.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tokio_util::task::TaskTracker;

use super::wake_filter::WakeFiltered;

/// Time in which tasks must notice the hard token before they are given up.
const FORCED_END_TIMEOUT: Duration = Duration::from_secs(1);

/// The shared handle; clones speak of the same shutdown.
#[derive(Clone, Debug, Default)]
pub struct Shutdown(Arc<Parts>);

#[derive(Debug, Default)]
struct Parts {
    announced: CancellationToken,
    soft: CancellationToken,
    hard: CancellationToken,
    tasks: TaskTracker,
}

/// How a shutdown ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrainOutcome {
    /// Every task finished by itself.
    Drained,
    /// Some tasks had to be dropped, and all ended then.
    Forced,
    /// Some tasks did not even end when told to.
    Abandoned {
        /// How many.
        tasks: usize,
    },
}

impl Shutdown {
    /// A shutdown that has not begun.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs `task` until it ends or the hard token drops it.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let dropped = WakeFiltered::new(self.0.hard.clone().cancelled_owned());
        self.0.tasks.spawn(CancellableTask { task, dropped });
    }

    /// How many tasks run.
    pub fn running(&self) -> usize {
        self.0.tasks.len()
    }

    /// Says that a shutdown is coming: readiness goes false.
    pub fn announce(&self) {
        self.0.announced.cancel();
    }

    /// Whether a shutdown was announced or has begun; for readiness.
    pub fn is_announced(&self) -> bool {
        self.0.announced.is_cancelled()
    }

    /// The token that tells listeners to close and connections to finish.
    pub fn soft(&self) -> &CancellationToken {
        &self.0.soft
    }

    /// The token that drops whatever runs.
    pub fn hard(&self) -> &CancellationToken {
        &self.0.hard
    }

    /// Soft now, hard after `drain_timeout` or as soon as `force` ends; returns when all ended.
    pub async fn drain(&self, drain_timeout: Duration, force: impl Future) -> DrainOutcome {
        self.drain_then(std::future::ready(()), drain_timeout, force).await
    }

    /// The same, with `last` to be done after all tasks and within the same time.
    pub async fn drain_then(
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
    /// A task that the hard token ends.
    struct CancellableTask<F> {
        #[pin]
        task: F,
        #[pin]
        dropped: WakeFiltered<WaitForCancellationFutureOwned>,
    }
}

impl<F: Future<Output = ()>> Future for CancellableTask<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        if this.task.poll(cx).is_ready() { Poll::Ready(()) } else { this.dropped.poll(cx) }
    }
}

/// Spawns what hyper's HTTP/2 spawns (one task per stream) where shutdown can see and drop it.
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
    use std::future::pending;

    const TIMEOUT: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn tasks_that_obey_the_soft_token_drain() {
        let shutdown = Shutdown::new();
        let soft = shutdown.soft().clone();
        shutdown.spawn(async move {
            soft.cancelled().await;
            tokio::time::sleep(Duration::from_secs(29)).await;
        });
        assert_eq!(shutdown.drain(TIMEOUT, pending::<()>()).await, DrainOutcome::Drained);
        assert!(shutdown.is_announced() && shutdown.running() == 0);
    }

    #[tokio::test(start_paused = true)]
    async fn others_are_dropped_after_the_timeout() {
        let shutdown = Shutdown::new();
        shutdown.spawn(pending());
        assert_eq!(shutdown.drain(TIMEOUT, pending::<()>()).await, DrainOutcome::Forced);
        assert_eq!(shutdown.running(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_last_has_what_is_left_of_the_time() {
        for (last, ended) in [(29, DrainOutcome::Drained), (31, DrainOutcome::Forced)] {
            let begun = tokio::time::Instant::now();
            let last = tokio::time::sleep(Duration::from_secs(last));
            assert_eq!(Shutdown::new().drain_then(last, TIMEOUT, pending::<()>()).await, ended);
            assert!(begun.elapsed() <= TIMEOUT);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn impatience_drops_them_at_once() {
        let shutdown = Shutdown::new();
        shutdown.spawn(pending());
        let begun = tokio::time::Instant::now();
        assert_eq!(shutdown.drain(TIMEOUT, std::future::ready(())).await, DrainOutcome::Forced);
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }
}
