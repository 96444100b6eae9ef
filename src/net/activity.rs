//! What one connection is doing, shared between its socket, its service and its timers.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};

use super::settings::WritePace;

/// How long a new connection may be silent without being closed to make room.
const FIRST_MOMENT: Duration = Duration::from_secs(1);

/// One connection's activity. All accesses come from the connection's own tasks, so relaxed order is enough.
#[derive(Debug)]
pub(crate) struct Activity {
    in_flight: AtomicUsize,
    unflushed: AtomicBool,
    receiving_head: AtomicBool,
    progress: Mutex<Progress>,
    requests: AtomicU64,
    written: AtomicU64,
    asked_to_close: Notify,
}

/// What a connection has waited for in vain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Stalled {
    /// That its peer takes an answer.
    VendorResponse,
    /// The next request.
    Idle,
}

/// What the timers of a connection look at.
#[derive(Debug)]
struct Progress {
    /// The answers that hyper has not taken yet, oldest first.
    answered: Vec<Answered>,
    /// When the connection began, or its last request ended.
    last_end: Mark,
}

/// An answer that is there.
#[derive(Debug)]
struct Answered {
    request: u64,
    since: Mark,
}

/// A moment of a connection, and how much had been written until then.
#[derive(Clone, Copy, Debug)]
struct Mark {
    at: Instant,
    written: u64,
}

impl Activity {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            in_flight: AtomicUsize::new(0),
            unflushed: AtomicBool::new(false),
            receiving_head: AtomicBool::new(false),
            progress: Mutex::new(Progress { answered: Vec::new(), last_end: Mark { at: Instant::now(), written: 0 } }),
            requests: AtomicU64::new(0),
            written: AtomicU64::new(0),
            asked_to_close: Notify::new(),
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

    /// Since when the connection has been idle, if it may be closed for that.
    pub(crate) fn spare_since(&self) -> Option<Instant> {
        if !self.is_settled() || self.receiving_head.load(Relaxed) {
            return None;
        }
        let since = self.progress().last_end.at;
        (self.requests.load(Relaxed) > 0 || since.elapsed() >= FIRST_MOMENT).then_some(since)
    }

    /// Asks the connection to close.
    pub(crate) fn ask_to_close(&self) {
        self.asked_to_close.notify_one();
    }

    /// Returns once it was asked to.
    pub(crate) async fn asked_to_close(&self) {
        self.asked_to_close.notified().await;
    }

    /// Notes that hyper's buffer is empty; returns whether that settled the connection.
    pub(crate) fn note_flushed(&self) -> bool {
        self.is_quiet() && self.unflushed.swap(false, Relaxed)
    }

    /// Notes whether part of a request head has arrived.
    pub(crate) fn set_receiving_head(&self, receiving: bool) {
        self.receiving_head.store(receiving, Relaxed);
    }

    /// Counts bytes that the socket has taken.
    pub(crate) fn note_written(&self, bytes: usize) {
        self.written.fetch_add(bytes as u64, Relaxed);
    }

    /// The bytes that the socket has taken.
    pub(crate) fn written(&self) -> u64 {
        self.written.load(Relaxed)
    }

    fn mark(&self) -> Mark {
        Mark { at: Instant::now(), written: self.written() }
    }

    /// Returns once the peer took less than `answers` of an answer that waits to be taken, or once nothing has been in
    /// progress for the time of `idle` and the peer took less than that of what hyper may still hold for it.
    pub(crate) async fn stalled(&self, answers: WritePace, idle: WritePace) -> Stalled {
        let mut kept_pace = self.mark();
        loop {
            let (since, pace, stalled) = match self.waiting() {
                Some((since, Stalled::VendorResponse)) => (since, answers, Stalled::VendorResponse),
                Some((since, Stalled::Idle)) => (since, idle, Stalled::Idle),
                None => {
                    sleep(answers.timeout.min(idle.timeout)).await;
                    continue;
                }
            };
            let from = if since.at > kept_pace.at { since } else { kept_pace };
            let (now, deadline) = (Instant::now(), from.at + pace.timeout);
            if now < deadline {
                sleep_until(deadline.min(now + answers.timeout)).await; // an answer may come in between
            } else if self.written() - from.written < pace.bytes {
                return stalled;
            } else {
                kept_pace = self.mark();
            }
        }
    }

    /// What the connection waits for, and since when.
    fn waiting(&self) -> Option<(Mark, Stalled)> {
        let progress = self.progress();
        let answer = progress.answered.first().map(|answer| (answer.since, Stalled::VendorResponse));
        let idle = self.is_quiet() && !self.receiving_head.load(Relaxed);
        answer.or_else(|| idle.then_some((progress.last_end, Stalled::Idle)))
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
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
        let since = self.activity.mark();
        self.activity.progress().answered.push(Answered { request: self.number, since });
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let activity = &self.activity;
        let last_end = activity.mark();
        let mut progress = activity.progress();
        progress.answered.retain(|answer| answer.request != self.number);
        progress.last_end = last_end;
        activity.unflushed.store(true, Relaxed);
        activity.in_flight.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::net::activity::*;

    const TIMEOUT: Duration = Duration::from_secs(30);
    const PACE: WritePace = WritePace { timeout: TIMEOUT, bytes: 30_000 };
    const IDLE: WritePace = WritePace { timeout: Duration::from_secs(75), bytes: 75_000 };

    /// After how many seconds a connection that is used like this is cut; `None` if its use ends first.
    async fn cut_after<F: Future<Output = ()>>(use_it: impl FnOnce(Arc<Activity>) -> F) -> Option<u64> {
        let (activity, begun) = (Activity::new(), Instant::now());
        tokio::select! {
            () = use_it(Arc::clone(&activity)) => None,
            stalled = activity.stalled(PACE, IDLE) => {
                assert_eq!(stalled, Stalled::VendorResponse);
                Some(begun.elapsed().as_secs())
            }
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

    /// An answer that waits for 200 s while the peer takes so many bytes in each.
    async fn cut_at(pace: impl Fn(u64) -> usize) -> Option<u64> {
        let cut = cut_after(async |activity| {
            let waiting = activity.begin();
            waiting.note_answered();
            for second in 0..200 {
                sleep(Duration::from_secs(1)).await;
                activity.note_written(pace(second));
            }
        });
        cut.await
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_may_wait_while_the_peer_reads_fast_enough() {
        assert_eq!(cut_at(|_| 1100).await, None);
        assert_eq!(cut_at(|_| 900).await, Some(30));
        assert_eq!(cut_at(|second| if second < 70 { 10_000 } else { 0 }).await, Some(120), "no credit for earlier");
    }
    #[tokio::test(start_paused = true)]
    async fn a_connection_is_idle_since_its_last_request_unless_its_peer_still_reads() {
        for (pace, idle_after) in [(10, 40 + 75), (2000, 40 + 200 + 75)] {
            let (activity, begun) = (Activity::new(), Instant::now());
            let using = async {
                let request = activity.begin();
                sleep(Duration::from_secs(40)).await;
                drop(request);
                for _ in 0..200 {
                    sleep(Duration::from_secs(1)).await;
                    activity.note_written(pace);
                }
                std::future::pending::<()>().await;
            };
            tokio::select! {
                () = using => {}
                stalled = activity.stalled(PACE, IDLE) => assert_eq!(stalled, Stalled::Idle),
            }
            let after = begun.elapsed().as_secs();
            assert!((idle_after..=idle_after + 75).contains(&after) && (pace > 10 || after == idle_after), "{after}");
        }
    }
}
