//! The share of a limit that a replica has for itself while the store does not answer.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use crate::value::{Taken, TokenClock};

/// An equal part of a limit, which begins with an empty bucket.
#[derive(Debug)]
pub(super) struct Share {
    limiter: RateLimiter<NotKeyed, InMemoryState, TokenClock, StateInformationMiddleware>,
    clock: TokenClock,
    is_used: bool,
}

impl Share {
    /// `None` for an interval of zero. The parts of a burst smaller than the number of replicas are one token each.
    pub(super) fn new(interval: Duration, burst: u32, replicas: u32) -> Option<Self> {
        let (clock, replicas) = (TokenClock::start(), replicas.max(1));
        let burst = NonZeroU32::new(burst / replicas).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::with_period(interval.saturating_mul(replicas))?.allow_burst(burst);
        let limiter = RateLimiter::direct_with_clock(quota, clock.clone()).with_middleware();
        // All of it is there, so it cannot fail.
        let _ = limiter.check_n(burst);
        Some(Self { limiter, clock, is_used: false })
    }

    pub(super) fn take(&mut self) -> Taken {
        match self.limiter.check() {
            Ok(state) => {
                self.is_used = true;
                Ok(state.remaining_burst_capacity())
            }
            Err(not_yet) => Err(not_yet.wait_time_from(self.clock.now())),
        }
    }

    /// Whether it has given a token.
    pub(super) fn is_used(&self) -> bool {
        self.is_used
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_begins_empty_and_gives_an_equal_part() {
        let mut share = Share::new(Duration::from_millis(600), 20, 3).unwrap();
        assert_eq!(share.take(), Err(Duration::from_millis(1800)));
        assert!(!share.is_used());
        let mut given = 0;
        for _ in 0..600 {
            advance(Duration::from_millis(100)).await;
            given += u32::from(share.take().is_ok());
        }
        assert_eq!(given, 33);
        advance(Duration::from_secs(60)).await;
        assert_eq!((0..100).filter(|_| share.take().is_ok()).count(), 6, "a third of the burst");
        assert!(share.is_used());
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_smaller_than_the_number_of_replicas_is_one_token_each() {
        let mut share = Share::new(Duration::from_secs(1), 1, 3).unwrap();
        advance(Duration::from_secs(60)).await;
        assert_eq!(share.take(), Ok(0));
        assert_eq!(share.take(), Err(Duration::from_secs(3)));
    }
}
