//! A client's rate limit.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota};

use crate::edge::problem::{Code, Problem};

/// A limit of so many requests per second or minute, with a burst; it never waits.
pub struct RateLimiter {
    limiter: DefaultDirectRateLimiter,
    policy: String,
}

impl RateLimiter {
    /// A limit of `burst` at once, refilled by one every `interval`.
    pub fn new(interval: Duration, burst: NonZeroU32) -> Option<Self> {
        let quota = Quota::with_period(interval)?.allow_burst(burst);
        let window = interval * burst.get();
        let policy = format!("\"default\";q={burst};w={}", window.as_secs().max(1));
        Some(Self { limiter: DefaultDirectRateLimiter::direct(quota), policy })
    }

    /// Takes one request's share.
    ///
    /// # Errors
    /// The share is used up; the problem says when the next one comes.
    pub fn check(&self) -> Result<(), Problem> {
        self.limiter.check().map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            Problem::new(Code::RateLimited, "this client sends more requests than its limit allows").after(wait)
        })
    }

    /// The limit as the header `RateLimit-Policy` states it.
    pub fn policy(&self) -> &str {
        &self.policy
    }
}

impl std::fmt::Debug for RateLimiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RateLimiter").field("policy", &self.policy).finish_non_exhaustive()
    }
}
