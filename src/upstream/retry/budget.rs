//! How many retries an account's traffic pays for.
//!
//! Retries stay below a fifth of the traffic. Five requests would have to pass before the first of them may be
//! repeated, so there is a reserve: in any ten seconds as many retries as one request can use (`max_attempts - 1`),
//! and no more. A quiet account's lone request is tried as often as configured; a busy account that fails makes 20 %
//! more requests, plus those two.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::upstream::breaker::window::SlidingWindow;

/// Retries per request, at most.
const RATIO: f64 = 0.2;
const LENGTH: Duration = Duration::from_secs(10);

/// A token bucket whose deposits age: a fifth of a retry for each request of the last ten seconds, plus the reserve.
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
            requests: SlidingWindow::new(LENGTH),
            withdrawing: Mutex::new(()),
        }
    }

    /// Notes a request (not a retry).
    pub(crate) fn deposit(&self) {
        self.requests.add(1, 0);
    }

    /// Takes a retry out, if there is one.
    pub(crate) fn withdraw(&self) -> bool {
        let _alone = self.withdrawing.lock().unwrap_or_else(PoisonError::into_inner);
        let enough = self.balance() >= 1.0;
        if enough {
            self.requests.add(0, 1);
        }
        enough
    }

    /// Retries that could be taken now.
    pub(crate) fn balance(&self) -> f64 {
        let counts = self.requests.counts();
        self.reserve + RATIO * counts.all as f64 - counts.marked as f64
    }
}

#[cfg(test)]
mod tests {
    use crate::upstream::retry::budget::*;

    #[tokio::test(start_paused = true)]
    async fn a_fifth_of_the_traffic_and_the_reserve() {
        let budget = RetryBudget::new(3);
        (0..100).for_each(|_| budget.deposit());
        let retries = (0..100).filter(|_| budget.withdraw()).count();
        assert_eq!(retries, 22);
        tokio::time::advance(Duration::from_secs(11)).await;
        assert_eq!(budget.balance(), 2.0);
    }
}
