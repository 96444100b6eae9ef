//! Our own limit for the account (governor).
//!
//! Above the in-flight limit, so that nobody holds a slot while waiting for a token. A request waits for its token if
//! that fits its deadline, in arrival order, and is otherwise refused at once with the time it would have had to
//! wait.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use governor::{
    Quota, RateLimiter,
    clock::Clock,
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep},
};

use super::deadline;
use super::queue_limit::QueueLimit;
use super::token_clock::TokenClock;
use crate::upstream::{Call, Failure, FailureKind, RateSettings, VendorRequest, VendorResponse};

type Limiter<C> = RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// A limiter and the line in front of it.
struct Tokens<C: Clock> {
    limiter: Limiter<C>,
    clock: C,
    interval: Duration,
    ahead: AtomicU32,
    head: Semaphore,
}

/// Lets requests through at the account's rate.
pub(crate) struct Rate<S, C: Clock = TokenClock> {
    inner: S,
    tokens: Option<Tokens<C>>,
    room: Arc<QueueLimit>,
}

impl<S, C: Clock + Clone> Rate<S, C> {
    pub(crate) fn new(inner: S, settings: Option<RateSettings>, clock: C, room: Arc<QueueLimit>) -> Self {
        let tokens = settings.and_then(|settings| Tokens::new(settings, clock));
        Self { inner, tokens, room }
    }
}

impl<C: Clock + Clone> Tokens<C> {
    /// `None` for an interval of zero, which [`RateSettings::interval`] excludes.
    fn new(settings: RateSettings, clock: C) -> Option<Self> {
        let interval = settings.interval();
        let quota = Quota::with_period(interval)?.allow_burst(settings.burst);
        Some(Self {
            limiter: RateLimiter::direct_with_clock(quota, clock.clone()),
            clock,
            interval,
            ahead: AtomicU32::new(0),
            head: Semaphore::new(1),
        })
    }
}

impl<C: Clock> Tokens<C> {
    async fn take(&self, room: &Arc<QueueLimit>, deadline: Instant) -> Result<(), Failure> {
        let mut wait = Duration::ZERO;
        if self.ahead.load(Ordering::Acquire) == 0 {
            match self.limiter.check() {
                Ok(()) => return Ok(()),
                Err(not_yet) => wait = not_yet.wait_time_from(self.clock.now()),
            }
        }
        let ahead = Ahead::join(&self.ahead);
        refuse_if_too_long(wait.saturating_add(self.interval.saturating_mul(ahead.before_me)), deadline)?;
        let _seat = room.sit()?;
        let _head = deadline::within(deadline, "waiting for the rate", self.head.acquire()).await?;
        while let Err(not_yet) = self.limiter.check() {
            let wait = not_yet.wait_time_from(self.clock.now());
            refuse_if_too_long(wait, deadline)?;
            sleep(wait.max(Duration::from_millis(1))).await;
        }
        Ok(())
    }
}

fn refuse_if_too_long(wait: Duration, deadline: Instant) -> Result<(), Failure> {
    if wait < deadline.saturating_duration_since(Instant::now()) {
        return Ok(());
    }
    Err(Failure::new(
        FailureKind::RateLimited { retry_after: wait },
        "the account's rate_limit would exceed the deadline",
    ))
}

/// One more in the line for tokens, until dropped.
struct Ahead<'a> {
    line: &'a AtomicU32,
    before_me: u32,
}

impl<'a> Ahead<'a> {
    fn join(line: &'a AtomicU32) -> Self {
        Self { line, before_me: line.fetch_add(1, Ordering::AcqRel) }
    }
}

impl Drop for Ahead<'_> {
    fn drop(&mut self) {
        self.line.fetch_sub(1, Ordering::AcqRel);
    }
}

impl<S: Call, C> Call for Rate<S, C>
where
    C: Clock + Send + Sync + 'static,
    C::Instant: Send + Sync + 'static,
{
    async fn call(&self, outgoing: &VendorRequest) -> Result<VendorResponse, Failure> {
        if let Some(tokens) = &self.tokens {
            tokens.take(&self.room, outgoing.deadline).await?;
        }
        self.inner.call(outgoing).await
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use tokio_util::task::TaskTracker;

    use crate::upstream::Period;
    use crate::upstream::layers::rate::*;
    use crate::upstream::mock_call::{MockCall, ok, put};

    fn limited(count: u32, period: Period, burst: u32, seats: usize) -> Arc<Rate<MockCall>> {
        let settings =
            RateSettings { count: NonZeroU32::new(count).unwrap(), period, burst: NonZeroU32::new(burst).unwrap() };
        Arc::new(Rate::new(
            MockCall::new(|_, _| async { ok() }),
            Some(settings),
            TokenClock::start(),
            Arc::new(QueueLimit::new(seats)),
        ))
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_and_then_the_rate_holds() {
        let layer = limited(10, Period::Second, 5, 100);
        let began = Instant::now();
        let tracker = TaskTracker::new();
        for _ in 0..25 {
            let layer = Arc::clone(&layer);
            tracker.spawn(async move { layer.call(&put("1")).await.unwrap() });
        }
        tokio::task::yield_now().await;
        assert_eq!(layer.inner.calls(), 5);
        tracker.close();
        tracker.wait().await;
        let took = began.elapsed().as_millis();
        assert!((2000..2050).contains(&took), "{took}");
        assert_eq!(layer.room.taken(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_beyond_the_deadline_is_refused_at_once_with_its_length() {
        let layer = limited(1, Period::Minute, 1, 100);
        layer.call(&put("1")).await.unwrap();
        let began = Instant::now();
        let failure = layer.call(&put("1")).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::RateLimited { retry_after: Duration::from_secs(60) });
        assert_eq!((began.elapsed(), layer.inner.calls()), (Duration::ZERO, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn the_line_ahead_counts_into_the_wait() {
        let layer = limited(1, Period::Second, 1, 100);
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
    async fn without_a_limit_nobody_waits_and_with_a_full_room_nobody_may() {
        let free: Rate<MockCall> =
            Rate::new(MockCall::new(|_, _| async { ok() }), None, TokenClock::start(), Arc::new(QueueLimit::new(0)));
        for _ in 0..1000 {
            free.call(&put("1")).await.unwrap();
        }
        let full = limited(1, Period::Second, 1, 0);
        full.call(&put("1")).await.unwrap();
        let failure = full.call(&put("1")).await.unwrap_err();
        assert!(matches!(failure.kind, FailureKind::Overloaded { .. }), "{failure}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_newcomer_does_not_take_the_token_of_those_in_line() {
        let layer = limited(1, Period::Second, 1, 100);
        layer.call(&put("1")).await.unwrap();
        let order = std::sync::Mutex::new(Vec::new());
        // The newcomer's timer was set first and is polled first, when the token is there.
        let token_is_there = Instant::now() + Duration::from_secs(1);
        let newcomer = async {
            tokio::time::sleep_until(token_is_there).await;
            layer.call(&put("2")).await.unwrap();
            order.lock().unwrap().push("newcomer");
        };
        let in_line = async {
            layer.call(&put("1")).await.unwrap();
            order.lock().unwrap().push("in line");
        };
        tokio::join!(biased; newcomer, in_line);
        assert_eq!(*order.lock().unwrap(), ["in line", "newcomer"]);
    }
}
