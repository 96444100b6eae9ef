//! What one connection is doing, shared between its socket, its service and its timers.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

/// One connection's activity. All accesses come from the connection's own tasks, so relaxed order is enough.
#[derive(Debug)]
pub(crate) struct Activity {
    begun: Instant,
    in_flight: AtomicUsize,
    last_end_ms: AtomicU64,
    unflushed: AtomicBool,
    receiving_head: AtomicBool,
    /// When answers that have not left yet were there, oldest first, with the number of their request.
    answered: Mutex<Vec<(u64, Instant)>>,
    requests: AtomicU64,
}

impl Activity {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            begun: Instant::now(),
            in_flight: AtomicUsize::new(0),
            last_end_ms: AtomicU64::new(0),
            unflushed: AtomicBool::new(false),
            receiving_head: AtomicBool::new(false),
            answered: Mutex::default(),
            requests: AtomicU64::new(0),
        })
    }

    /// Counts a request until the guard is dropped, which its response body does.
    pub(crate) fn begin(self: &Arc<Self>) -> InFlight {
        self.in_flight.fetch_add(1, Relaxed);
        InFlight { activity: Arc::clone(self), number: self.requests.fetch_add(1, Relaxed) }
    }

    /// Whether no request is in progress.
    pub(crate) fn is_quiet(&self) -> bool {
        self.in_flight.load(Relaxed) == 0
    }

    /// Whether no request is in progress and every answer has left hyper's buffer.
    pub(crate) fn is_settled(&self) -> bool {
        self.is_quiet() && !self.unflushed.load(Relaxed)
    }

    /// Whether there has been a request, and the next has not begun.
    pub(crate) fn waits_for_next(&self) -> bool {
        self.requests.load(Relaxed) > 0 && self.is_quiet() && !self.receiving_head.load(Relaxed)
    }

    /// Notes that hyper's buffer is empty; returns whether that settled the connection.
    pub(crate) fn note_flushed(&self) -> bool {
        self.is_quiet() && self.unflushed.swap(false, Relaxed)
    }

    /// Notes whether part of a request head has arrived.
    pub(crate) fn set_receiving_head(&self, receiving: bool) {
        self.receiving_head.store(receiving, Relaxed);
    }

    /// Returns once an answer has waited for `timeout` to be taken.
    pub(crate) async fn overdue(&self, timeout: Duration) {
        loop {
            let oldest = self.answers().first().map(|(_, since)| *since);
            let deadline = oldest.unwrap_or_else(Instant::now) + timeout;
            if Instant::now() >= deadline {
                return;
            }
            sleep_until(deadline).await;
        }
    }

    fn answers(&self) -> MutexGuard<'_, Vec<(u64, Instant)>> {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns once nothing has been in progress for `timeout`.
    pub(crate) async fn idle(&self, timeout: Duration) {
        loop {
            if !self.is_quiet() || self.receiving_head.load(Relaxed) {
                sleep(timeout).await;
                continue;
            }
            let last_end = Duration::from_millis(self.last_end_ms.load(Relaxed));
            let deadline = self.begun + last_end + timeout;
            if Instant::now() >= deadline {
                return;
            }
            sleep_until(deadline).await;
        }
    }
}

/// One request in progress.
#[derive(Debug)]
pub(crate) struct InFlight {
    activity: Arc<Activity>,
    number: u64,
}

impl InFlight {
    /// Notes that the answer is there and has only to be taken.
    pub(crate) fn note_answered(&self) {
        self.activity.answers().push((self.number, Instant::now()));
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let activity = &self.activity;
        let now = u64::try_from(activity.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        activity.answers().retain(|(number, _)| *number != self.number);
        activity.unflushed.store(true, Relaxed);
        activity.last_end_ms.store(now, Relaxed);
        activity.in_flight.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(30);

    /// After how many seconds a connection that is used like this is cut; `None` if its use ends first.
    async fn cut_after<F: Future<Output = ()>>(use_it: impl FnOnce(Arc<Activity>) -> F) -> Option<u64> {
        let (activity, begun) = (Activity::new(), Instant::now());
        tokio::select! {
            () = use_it(Arc::clone(&activity)) => None,
            () = activity.overdue(TIMEOUT) => Some(begun.elapsed().as_secs()),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_answer_is_overdue_first_whatever_the_order_of_the_requests() {
        let cut = cut_after(async |activity| {
            let (early, late) = (activity.begin(), activity.begin());
            late.note_answered();
            sleep(Duration::from_secs(20)).await;
            early.note_answered();
            sleep(TIMEOUT * 9).await;
        });
        assert_eq!(cut.await, Some(30));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_has_left_is_not_waited_for() {
        let cut = cut_after(async |activity| {
            let (early, late) = (activity.begin(), activity.begin());
            late.note_answered();
            sleep(Duration::from_secs(20)).await;
            early.note_answered();
            drop(late);
            sleep(TIMEOUT * 9).await;
        });
        assert_eq!(cut.await, Some(50));
    }
}
