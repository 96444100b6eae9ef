//! A client's rate limit, and the headers that report it (draft-ietf-httpapi-ratelimit-headers).
//!
//! Only configured clients have a limiter, so memory is bounded.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter as Governor};
use http::{HeaderName, HeaderValue};
use vendors::json::push_integer;

use crate::problem::{Code, Problem, whole_seconds};
use crate::value::{Counter, SharedLimit, Taken};

/// The header with the limit: `q` requests in `w` seconds.
pub(crate) const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// The header with the rest: `r` requests, and `t` seconds until all are available again.
pub(crate) const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// A limit on the rate of requests, with a burst; it rejects and never waits.
pub struct RateLimiter {
    limiter: Governor<NotKeyed, InMemoryState, DefaultClock, StateInformationMiddleware>,
    interval: Duration,
    burst: NonZeroU32,
    policy: HeaderValue,
    refused: Arc<Counter>,
    /// What the last request left of the burst.
    left: AtomicU32,
    /// Where the tokens come from instead, if replicas share the limit.
    shared: Option<Arc<dyn SharedLimit>>,
}

impl RateLimiter {
    /// A limit of `burst` at once, refilled by one every `interval`; `refused` counts rejections.
    pub fn new(interval: Duration, burst: NonZeroU32, refused: Arc<Counter>) -> Option<Self> {
        let quota = Quota::with_period(interval)?.allow_burst(burst);
        let window = whole_seconds(interval * burst.get());
        let policy = HeaderValue::try_from(format!("\"default\";q={burst};w={window}")).ok()?;
        Some(Self {
            limiter: Governor::direct(quota).with_middleware(),
            interval,
            burst,
            policy,
            refused,
            left: AtomicU32::new(burst.get()),
            shared: None,
        })
    }

    /// The same, with tokens of a limit that replicas share.
    #[must_use]
    pub fn sharing(self, shared: Option<Arc<dyn SharedLimit>>) -> Self {
        Self { shared, ..self }
    }

    /// Whether this is the limit of `burst` at once, refilled by one every `interval`.
    pub fn is_limit_of(&self, interval: Duration, burst: NonZeroU32) -> bool {
        (self.interval, self.burst) == (interval, burst)
    }

    /// Takes one request from the limit: the headers `RateLimit-Policy` and `RateLimit`, and a problem with the time of
    /// the next one if there is none.
    pub fn check(&self) -> ([HeaderValue; 2], Result<(), Problem>) {
        self.answer(match self.limiter.check() {
            Ok(state) => Ok(state.remaining_burst_capacity()),
            Err(until) => Err(until.wait_time_from(DefaultClock::default().now())),
        })
    }

    /// The limit that replicas share, of which [`check_shared`](Self::check_shared) takes.
    pub fn shared(&self) -> Option<&dyn SharedLimit> {
        self.shared.as_deref()
    }

    /// Takes one request from the limit that replicas share, as [`check`](Self::check) does. It may ask the store. The headers
    /// say what this replica knows: what the row of the limit had left when it last took tokens, and those that it holds.
    pub async fn check_shared(&self, shared: &dyn SharedLimit) -> ([HeaderValue; 2], Result<(), Problem>) {
        let taken = match shared.take_now() {
            Some(taken) => taken,
            None => shared.take(None).await,
        };
        self.answer(taken)
    }

    fn answer(&self, taken: Taken) -> ([HeaderValue; 2], Result<(), Problem>) {
        let (left, result) = match taken {
            Ok(left) => (left.min(self.burst.get()), Ok(())),
            Err(wait) => {
                self.refused.add();
                let detail = "this client sends more requests than its limit allows";
                (0, Err(Problem::new(Code::RateLimited, detail).after(wait)))
            }
        };
        self.left.store(left, Ordering::Relaxed);
        let refilled = whole_seconds(self.interval * self.burst.get().saturating_sub(left));
        let mut state = Vec::with_capacity(48);
        state.extend_from_slice(b"\"default\";r=");
        push_integer(&mut state, left.into());
        state.extend_from_slice(b";t=");
        push_integer(&mut state, refilled);
        let state = HeaderValue::try_from(state);
        ([self.policy.clone(), state.unwrap_or(HeaderValue::from_static(""))], result)
    }

    /// How many requests it lets through at once, and after how long one more.
    pub fn limit(&self) -> (NonZeroU32, Duration) {
        (self.burst, self.interval)
    }

    /// How many requests it would let through now, if the last one came so long ago; with other replicas, as far as this one
    /// knows.
    pub fn left_after(&self, idle: Duration) -> u32 {
        let refilled = idle.as_nanos() / self.interval.as_nanos().max(1);
        let left = self.left.load(Ordering::Relaxed).saturating_add(u32::try_from(refilled).unwrap_or(u32::MAX));
        left.min(self.burst.get())
    }

    /// The counter of rejections, which outlives the limit.
    pub fn refused(&self) -> &Arc<Counter> {
        &self.refused
    }
}

impl std::fmt::Debug for RateLimiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RateLimiter").field("policy", &self.policy).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use crate::access::rate_limit::*;

    #[test]
    fn the_headers_count_down_and_the_rejection_has_a_retry_after() {
        let limiter = RateLimiter::new(Duration::from_secs(30), NonZeroU32::new(2).unwrap(), Arc::default()).unwrap();
        let check = || {
            let ([policy, state], verdict) = limiter.check();
            assert_eq!(policy, "\"default\";q=2;w=60");
            (state.to_str().unwrap().to_owned(), verdict.err().map(|problem| problem.retry_after))
        };
        assert_eq!(check(), ("\"default\";r=1;t=30".to_owned(), None));
        assert_eq!(check(), ("\"default\";r=0;t=60".to_owned(), None));
        let (state, refused) = check();
        assert_eq!(state, "\"default\";r=0;t=60");
        let left = [0, 29, 30, 61, 900].map(|seconds| limiter.left_after(Duration::from_secs(seconds)));
        assert_eq!(left, [0, 0, 1, 2, 2]);
        assert!(refused.unwrap().unwrap() <= Duration::from_secs(30));
    }
}
