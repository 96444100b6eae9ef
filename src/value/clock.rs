//! The time of day, and Tokio's clock for governor, so that tests with paused time pause the rate limits too.

use std::time::{Duration, SystemTime};

use governor::clock::Clock;
use tokio::time::Instant;

/// Time since the limiter was built.
#[derive(Clone, Debug)]
pub struct TokenClock(Instant);

impl TokenClock {
    /// A clock that starts now.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for TokenClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Seconds since 1970.
#[must_use]
pub fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}
