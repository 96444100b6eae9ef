//! A client's rate limit, and the headers that report it (draft-ietf-httpapi-ratelimit-headers).
//!
//! Only configured clients have a limiter, so memory is bounded.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter as Governor};
use http::{HeaderName, HeaderValue};
use vendors::json::push_integer;

use crate::problem::{Code, Problem, whole_seconds};
use crate::value::Counter;

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
}

impl RateLimiter {
    /// A limit of `burst` at once, refilled by one every `interval`; `refused` counts rejections.
    pub fn new(interval: Duration, burst: NonZeroU32, refused: Arc<Counter>) -> Option<Self> {
        let quota = Quota::with_period(interval)?.allow_burst(burst);
        let window = whole_seconds(interval * burst.get());
        let policy = HeaderValue::try_from(format!("\"default\";q={burst};w={window}")).ok()?;
        Some(Self { limiter: Governor::direct(quota).with_middleware(), interval, burst, policy, refused })
    }

    /// Whether this is the limit of `burst` at once, refilled by one every `interval`.
    pub fn is_limit_of(&self, interval: Duration, burst: NonZeroU32) -> bool {
        (self.interval, self.burst) == (interval, burst)
    }

    /// Takes one request from the limit: the headers `RateLimit-Policy` and `RateLimit`, and a problem with the time of
    /// the next one if there is none.
    pub fn check(&self) -> ([HeaderValue; 2], Result<(), Problem>) {
        let (left, result) = match self.limiter.check() {
            Ok(state) => (state.remaining_burst_capacity(), Ok(())),
            Err(until) => {
                self.refused.add();
                let wait = until.wait_time_from(DefaultClock::default().now());
                let detail = "this client sends more requests than its limit allows";
                (0, Err(Problem::new(Code::RateLimited, detail).after(wait)))
            }
        };
        let refilled = whole_seconds(self.interval * self.burst.get().saturating_sub(left));
        let mut state = Vec::with_capacity(48);
        state.extend_from_slice(b"\"default\";r=");
        push_integer(&mut state, left.into());
        state.extend_from_slice(b";t=");
        push_integer(&mut state, refilled);
        let state = HeaderValue::try_from(state);
        ([self.policy.clone(), state.unwrap_or(HeaderValue::from_static(""))], result)
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
        assert!(refused.unwrap().unwrap() <= Duration::from_secs(30));
    }
}
