//! The account's `rate_limit`, with governor's token bucket.
//!
//! A request waits for its token in the order of arrival if its deadline allows that. Otherwise it is refused at once with
//! the time that it would have had to wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use super::deadline;
use super::queue_limit::QueueLimit;
use crate::upstream::{Call, Failure, FailureKind, RateSettings, VendorRequest, VendorResponse};
use crate::value::{SharedLimit, TokenClock};

type Limiter = RateLimiter<NotKeyed, InMemoryState, TokenClock, NoOpMiddleware<Duration>>;

/// A limiter and the queue in front of it.
struct TokenQueue {
    limiter: Limiter,
    clock: TokenClock,
    interval: Duration,
    queued: AtomicU32,
    head: Semaphore,
    /// Where the tokens come from instead, if replicas share the limit.
    shared: Option<Arc<dyn SharedLimit>>,
}

/// Lets requests through at the account's rate.
pub(crate) struct Rate<S> {
    inner: S,
    tokens: Option<TokenQueue>,
    queue_limit: Arc<QueueLimit>,
}

impl<S> Rate<S> {
    pub(crate) fn new(inner: S, settings: Option<RateSettings>, queue_limit: Arc<QueueLimit>) -> Self {
        let tokens = settings.and_then(TokenQueue::new);
        Self { inner, tokens, queue_limit }
    }

    /// The same, with a limit that replicas share.
    pub(crate) fn sharing(mut self, limit: Option<Arc<dyn SharedLimit>>) -> Self {
        if let Some(tokens) = &mut self.tokens {
            tokens.shared = limit;
        }
        self
    }
}

impl TokenQueue {
    /// `None` for an interval of zero, which [`RateSettings::interval`] excludes.
    fn new(settings: RateSettings) -> Option<Self> {
        let clock = TokenClock::start();
        let interval = settings.interval();
        let quota = Quota::with_period(interval)?.allow_burst(settings.burst);
        Some(Self {
            limiter: RateLimiter::direct_with_clock(quota, clock.clone()),
            clock,
            interval,
            queued: AtomicU32::new(0),
            head: Semaphore::new(1),
            shared: None,
        })
    }

    async fn take(&self, queue_limit: &Arc<QueueLimit>, deadline: Instant) -> Result<(), Failure> {
        if let Some(shared) = &self.shared {
            return take_shared(&**shared, queue_limit, deadline).await;
        }
        let mut wait = Duration::ZERO;
        if self.queued.load(Ordering::Acquire) == 0 {
            match self.limiter.check() {
                Ok(()) => return Ok(()),
                Err(not_yet) => wait = not_yet.wait_time_from(self.clock.now()),
            }
        }
        let ticket = QueueTicket::join(&self.queued);
        refuse_if_too_long(wait.saturating_add(self.interval.saturating_mul(ticket.before_me)), deadline)?;
        let _permit = queue_limit.acquire()?;
        let _head = deadline::within(deadline, "waiting for the rate", self.head.acquire()).await?;
        while let Err(not_yet) = self.limiter.check() {
            let wait = not_yet.wait_time_from(self.clock.now());
            refuse_if_too_long(wait, deadline)?;
            sleep(wait.max(Duration::from_millis(1))).await;
        }
        Ok(())
    }
}

/// A token of a limit that replicas share, which queues requests itself.
async fn take_shared(limit: &dyn SharedLimit, queue_limit: &Arc<QueueLimit>, deadline: Instant) -> Result<(), Failure> {
    let taken = match limit.take_now() {
        Some(taken) => taken,
        // A round trip to the store is no wait for a token.
        None => deadline::within(deadline, "asking for the rate", limit.take(None)).await?,
    };
    let Err(wait) = taken else { return Ok(()) };
    refuse_if_too_long(wait, deadline)?;
    let _permit = queue_limit.acquire()?;
    match limit.take(Some(deadline)).await {
        Ok(_) => Ok(()),
        Err(wait) => Err(too_long(wait)),
    }
}

fn refuse_if_too_long(wait: Duration, deadline: Instant) -> Result<(), Failure> {
    if wait < deadline.saturating_duration_since(Instant::now()) {
        return Ok(());
    }
    Err(too_long(wait))
}

fn too_long(wait: Duration) -> Failure {
    Failure::new(FailureKind::RateLimited { retry_after: wait }, "the account's rate_limit would exceed the deadline")
}

/// One more request in the queue, until dropped.
struct QueueTicket<'a> {
    queued: &'a AtomicU32,
    before_me: u32,
}

impl<'a> QueueTicket<'a> {
    fn join(queued: &'a AtomicU32) -> Self {
        Self { queued, before_me: queued.fetch_add(1, Ordering::AcqRel) }
    }
}

impl Drop for QueueTicket<'_> {
    fn drop(&mut self) {
        self.queued.fetch_sub(1, Ordering::AcqRel);
    }
}

impl<S: Call> Call for Rate<S> {
    async fn call(&self, request: &VendorRequest) -> Result<VendorResponse, Failure> {
        if let Some(tokens) = &self.tokens {
            tokens.take(&self.queue_limit, request.deadline).await?;
        }
        self.inner.call(request).await
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use tokio_util::task::TaskTracker;

    use crate::upstream::layers::rate::*;
    use crate::upstream::mock_call::{MockCall, ok, put};

    fn limited(count: u32, period: Duration, burst: u32, max_waiting: usize) -> Arc<Rate<MockCall>> {
        let settings =
            RateSettings { count: NonZeroU32::new(count).unwrap(), period, burst: NonZeroU32::new(burst).unwrap() };
        Arc::new(Rate::new(
            MockCall::new(|_, _| async { ok() }),
            Some(settings),
            Arc::new(QueueLimit::new(max_waiting)),
        ))
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_and_then_the_rate_holds() {
        let layer = limited(10, Duration::from_secs(1), 5, 100);
        let started = Instant::now();
        let tracker = TaskTracker::new();
        for _ in 0..25 {
            let layer = Arc::clone(&layer);
            tracker.spawn(async move { layer.call(&put("1")).await.unwrap() });
        }
        tokio::task::yield_now().await;
        assert_eq!(layer.inner.calls(), 5);
        tracker.close();
        tracker.wait().await;
        let took = started.elapsed().as_millis();
        assert!((2000..2050).contains(&took), "{took}");
        assert_eq!(layer.queue_limit.waiting(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_beyond_the_deadline_is_refused_at_once_with_its_length() {
        let layer = limited(1, Duration::from_secs(60), 1, 100);
        layer.call(&put("1")).await.unwrap();
        let started = Instant::now();
        let failure = layer.call(&put("1")).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::RateLimited { retry_after: Duration::from_secs(60) });
        assert_eq!((started.elapsed(), layer.inner.calls()), (Duration::ZERO, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn the_queue_ahead_counts_into_the_wait() {
        let layer = limited(1, Duration::from_secs(1), 1, 100);
        let (mut passed, mut refused) = (Vec::new(), 0);
        let tracker = TaskTracker::new();
        for _ in 0..60 {
            let layer = Arc::clone(&layer);
            passed.push(tracker.spawn(async move { layer.call(&put("1")).await }));
        }
        for task in passed {
            match task.await.unwrap() {
                Ok(_) => {}
                Err(failure) if matches!(failure.kind, FailureKind::RateLimited { .. }) => {
                    refused += 1;
                }
                Err(failure) => panic!("{failure}"),
            }
        }
        assert!((28..=31).contains(&layer.inner.calls()), "{}", layer.inner.calls());
        assert_eq!(layer.inner.calls() + refused, 60);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_limit_requests_do_not_wait_and_with_a_full_queue_they_cannot() {
        let free: Rate<MockCall> = Rate::new(MockCall::new(|_, _| async { ok() }), None, Arc::new(QueueLimit::new(0)));
        for _ in 0..1000 {
            free.call(&put("1")).await.unwrap();
        }
        let full = limited(1, Duration::from_secs(1), 1, 0);
        full.call(&put("1")).await.unwrap();
        let failure = full.call(&put("1")).await.unwrap_err();
        assert!(matches!(failure.kind, FailureKind::Overloaded { .. }), "{failure}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_newcomer_does_not_take_the_token_of_those_in_the_queue() {
        let layer = limited(1, Duration::from_secs(1), 1, 100);
        layer.call(&put("1")).await.unwrap();
        let order = std::sync::Mutex::new(Vec::new());
        // The newcomer's timer was set first and is polled first, when the token is there.
        let token_is_there = Instant::now() + Duration::from_secs(1);
        let newcomer = async {
            tokio::time::sleep_until(token_is_there).await;
            layer.call(&put("2")).await.unwrap();
            order.lock().unwrap().push("newcomer");
        };
        let queued = async {
            layer.call(&put("1")).await.unwrap();
            order.lock().unwrap().push("queued");
        };
        tokio::join!(biased; newcomer, queued);
        assert_eq!(*order.lock().unwrap(), ["queued", "newcomer"]);
    }
}
