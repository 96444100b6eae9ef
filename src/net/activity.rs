//! What one connection is doing, shared between its socket, its service and its timers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};

use crate::value::Lock;

use super::settings::WritePace;

/// How long a connection may wait with its first request before it counts as idle and may be evicted.
const FIRST_REQUEST_GRACE: Duration = Duration::from_secs(1);

/// One connection's activity. All accesses come from the connection's own tasks, so relaxed order is enough.
#[derive(Debug)]
pub(crate) struct Activity {
    in_flight: AtomicUsize,
    unflushed: AtomicBool,
    receiving_head: AtomicBool,
    progress: Lock<Progress>,
    requests: AtomicU64,
    written: AtomicU64,
    eviction: Notify,
}

/// What a connection has waited for in vain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Stalled {
    /// The peer does not read a response.
    Response,
    /// The peer sends no request.
    Idle,
}

/// What the timers of a connection look at.
#[derive(Debug)]
struct Progress {
    /// The responses that hyper has not taken yet, oldest first: the request's number, and since when.
    waiting: Vec<(u64, Checkpoint)>,
    /// When the connection started, or its last request ended.
    last_end: Checkpoint,
}

/// A time, and how many bytes had been written by then.
#[derive(Clone, Copy, Debug)]
struct Checkpoint {
    at: Instant,
    written: u64,
}

impl Activity {
    pub(crate) fn new() -> Arc<Self> {
        let last_end = Checkpoint { at: Instant::now(), written: 0 };
        Arc::new(Self {
            in_flight: AtomicUsize::new(0),
            unflushed: AtomicBool::new(false),
            receiving_head: AtomicBool::new(false),
            progress: Lock::new(Progress { waiting: Vec::new(), last_end }),
            requests: AtomicU64::new(0),
            written: AtomicU64::new(0),
            eviction: Notify::new(),
        })
    }

    /// Counts a request until the guard is dropped; the response body drops it.
    pub(crate) fn start_request(self: &Arc<Self>) -> ActiveRequest {
        self.in_flight.fetch_add(1, Relaxed);
        ActiveRequest { activity: Arc::clone(self), number: self.requests.fetch_add(1, Relaxed) }
    }

    /// Whether no request is in progress.
    pub(crate) fn is_idle(&self) -> bool {
        self.in_flight.load(Relaxed) == 0
    }

    /// Whether no request is in progress and every response has left hyper's buffer.
    pub(crate) fn is_flushed(&self) -> bool {
        self.is_idle() && !self.unflushed.load(Relaxed)
    }

    /// Since when the connection has been idle; `None` if it may not be evicted.
    pub(crate) fn idle_since(&self) -> Option<Instant> {
        if !self.is_flushed() || self.receiving_head.load(Relaxed) {
            return None;
        }
        let since = self.progress.lock().last_end.at;
        (self.requests.load(Relaxed) > 0 || since.elapsed() >= FIRST_REQUEST_GRACE).then_some(since)
    }

    /// Asks the connection to close.
    pub(crate) fn request_eviction(&self) {
        self.eviction.notify_one();
    }

    /// Returns once the connection was asked to close.
    pub(crate) async fn eviction_requested(&self) {
        self.eviction.notified().await;
    }

    /// Records that hyper's buffer is empty; returns whether the last response of the connection left by that.
    pub(crate) fn record_flush(&self) -> bool {
        self.is_idle() && self.unflushed.swap(false, Relaxed)
    }

    /// Records whether part of a request head has arrived.
    pub(crate) fn set_receiving_head(&self, receiving: bool) {
        self.receiving_head.store(receiving, Relaxed);
    }

    /// Counts bytes that the socket has taken.
    pub(crate) fn record_written(&self, bytes: usize) {
        self.written.fetch_add(bytes as u64, Relaxed);
    }

    /// The bytes that the socket has taken.
    pub(crate) fn written(&self) -> u64 {
        self.written.load(Relaxed)
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint { at: Instant::now(), written: self.written() }
    }

    /// Returns once the peer has read a waiting response more slowly than `response`, or once nothing has been in
    /// progress for the time of `idle` and the peer has read less than that of what hyper may still hold for it.
    pub(crate) async fn stalled(&self, response: WritePace, idle: WritePace) -> Stalled {
        let mut kept_pace = self.checkpoint();
        loop {
            let Some((stalled, since)) = self.waiting() else {
                sleep(response.timeout.min(idle.timeout)).await;
                continue;
            };
            let pace = if stalled == Stalled::Response { response } else { idle };
            let from = if since.at > kept_pace.at { since } else { kept_pace };
            let (now, deadline) = (Instant::now(), from.at + pace.timeout);
            if now < deadline {
                sleep_until(deadline.min(now + response.timeout)).await; // a response may come in between
            } else if self.written() - from.written < pace.bytes {
                return stalled;
            } else {
                kept_pace = self.checkpoint();
            }
        }
    }

    /// What the connection waits for, and since when.
    fn waiting(&self) -> Option<(Stalled, Checkpoint)> {
        let progress = self.progress.lock();
        let idle = || self.is_idle() && !self.receiving_head.load(Relaxed);
        let response = progress.waiting.first().map(|(_, since)| (Stalled::Response, *since));
        response.or_else(|| idle().then_some((Stalled::Idle, progress.last_end)))
    }
}

/// One request in progress.
#[derive(Debug)]
pub(crate) struct ActiveRequest {
    activity: Arc<Activity>,
    number: u64,
}

impl ActiveRequest {
    /// Records that the response is ready and waits for the peer to read it.
    pub(crate) fn response_ready(&self) {
        let since = self.activity.checkpoint();
        self.activity.progress.lock().waiting.push((self.number, since));
    }
}

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        let activity = &self.activity;
        let last_end = activity.checkpoint();
        let mut progress = activity.progress.lock();
        progress.waiting.retain(|(request, _)| *request != self.number);
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

    /// After how many seconds a connection that is used like this is closed; `None` if its use ends first.
    async fn closed_after<F: Future<Output = ()>>(use_it: impl FnOnce(Arc<Activity>) -> F) -> Option<u64> {
        let (activity, started) = (Activity::new(), Instant::now());
        tokio::select! {
            () = use_it(Arc::clone(&activity)) => None,
            stalled = activity.stalled(PACE, IDLE) => {
                assert_eq!(stalled, Stalled::Response);
                Some(started.elapsed().as_secs())
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_waiting_response_decides_whatever_the_order_of_the_requests() {
        let closed = closed_after(async |activity| {
            let (early, late) = (activity.start_request(), activity.start_request());
            late.response_ready();
            sleep(Duration::from_secs(20)).await;
            early.response_ready();
            sleep(TIMEOUT * 9).await;
        });
        assert_eq!(closed.await, Some(30));
    }

    #[tokio::test(start_paused = true)]
    async fn a_response_that_has_left_is_not_waited_for() {
        let closed = closed_after(async |activity| {
            let (early, late) = (activity.start_request(), activity.start_request());
            late.response_ready();
            sleep(Duration::from_secs(20)).await;
            early.response_ready();
            drop(late);
            sleep(TIMEOUT * 9).await;
        });
        assert_eq!(closed.await, Some(50));
    }

    /// When a connection closes whose response waits for 200 s while the peer reads so many bytes in each.
    async fn closed_at(pace: impl Fn(u64) -> usize) -> Option<u64> {
        let closed = closed_after(async |activity| {
            let waiting = activity.start_request();
            waiting.response_ready();
            for second in 0..200 {
                sleep(Duration::from_secs(1)).await;
                activity.record_written(pace(second));
            }
        });
        closed.await
    }

    #[tokio::test(start_paused = true)]
    async fn a_response_may_wait_while_the_peer_reads_fast_enough() {
        assert_eq!(closed_at(|_| 1100).await, None);
        assert_eq!(closed_at(|_| 900).await, Some(30));
        assert_eq!(closed_at(|second| if second < 70 { 10_000 } else { 0 }).await, Some(120), "no credit for earlier");
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_idle_since_its_last_request_unless_its_peer_still_reads() {
        for (pace, idle_after) in [(10, 40 + 75), (2000, 40 + 200 + 75)] {
            let (activity, started) = (Activity::new(), Instant::now());
            let using = async {
                let request = activity.start_request();
                sleep(Duration::from_secs(40)).await;
                drop(request);
                for _ in 0..200 {
                    sleep(Duration::from_secs(1)).await;
                    activity.record_written(pace);
                }
                std::future::pending::<()>().await;
            };
            tokio::select! {
                () = using => {}
                stalled = activity.stalled(PACE, IDLE) => assert_eq!(stalled, Stalled::Idle),
            }
            let after = started.elapsed().as_secs();
            assert!((idle_after..=idle_after + 75).contains(&after) && (pace > 10 || after == idle_after), "{after}");
        }
    }
}
