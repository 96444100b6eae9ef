//! The retry budget of an account: in ten seconds, retries for a fifth of its requests and a reserve for one request.
//!
//! The reserve, `max_attempts - 1` retries, lets the only request of a quiet account use all its attempts. tower's
//! `TpsBudget` has no balance to show as a gauge.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::upstream::breaker::window::SlidingWindow;

/// Retries per request.
const RETRY_RATIO: f64 = 0.2;
const WINDOW: Duration = Duration::from_secs(10);

/// Counts the requests and the retries of the last ten seconds.
#[derive(Debug)]
pub(crate) struct RetryBudget {
    reserve: f64,
    requests: SlidingWindow,
    withdrawing: Mutex<()>,
}

impl RetryBudget {
    /// A budget for requests of which each is tried at most `max_attempts` times.
    pub(crate) fn new(max_attempts: u32) -> Self {
        Self {
            reserve: f64::from(max_attempts.saturating_sub(1)),
            requests: SlidingWindow::new(WINDOW),
            withdrawing: Mutex::new(()),
        }
    }

    /// Counts a request, which is no retry, as arriving at `now`.
    pub(crate) fn deposit(&self, now: Instant) {
        self.requests.add(now, 1, 0);
    }

    /// Takes a retry out, if there is one.
    pub(crate) fn withdraw(&self) -> bool {
        let _alone = self.withdrawing.lock().unwrap_or_else(PoisonError::into_inner);
        let enough = self.balance() >= 1.0;
        if enough {
            self.requests.add(Instant::now(), 0, 1);
        }
        enough
    }

    /// Retries that could be taken now.
    pub(crate) fn balance(&self) -> f64 {
        let counts = self.requests.counts();
        self.reserve + RETRY_RATIO * counts.all as f64 - counts.marked as f64
    }
}

#[cfg(test)]
mod tests {
    use crate::upstream::retry::budget::*;

    #[tokio::test(start_paused = true)]
    async fn a_fifth_of_the_traffic_and_the_reserve() {
        let budget = RetryBudget::new(3);
        (0..100).for_each(|_| budget.deposit(Instant::now()));
        let retries = (0..100).filter(|_| budget.withdraw()).count();
        assert_eq!(retries, 22);
        tokio::time::advance(Duration::from_secs(11)).await;
        assert_eq!(budget.balance(), 2.0);
    }
}
