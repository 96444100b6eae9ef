//! How many retries an account's traffic pays for.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::window::Window;

/// Retries per request, at most.
const RATIO: f64 = 0.2;
/// Retries within [`LENGTH`] that need no traffic, so that a quiet account is not left without.
pub(super) const RESERVE: f64 = 10.0;
const LENGTH: Duration = Duration::from_secs(10);

/// A token bucket whose deposits age: a fifth of a retry for each request of the last ten seconds, plus the reserve.
#[derive(Debug)]
pub(super) struct Budget {
    requests: Window,
    withdrawing: Mutex<()>,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self { requests: Window::new(LENGTH), withdrawing: Mutex::new(()) }
    }

    /// Notes a request (not a retry).
    pub(super) fn deposit(&self) {
        self.requests.add(1, 0);
    }

    /// Takes a retry out, if there is one.
    pub(super) fn withdraw(&self) -> bool {
        let _alone = self.withdrawing.lock().unwrap_or_else(PoisonError::into_inner);
        let enough = self.balance() >= 1.0;
        if enough {
            self.requests.add(0, 1);
        }
        enough
    }

    /// Retries that could be taken now.
    pub(super) fn balance(&self) -> f64 {
        let counts = self.requests.counts();
        RESERVE + RATIO * counts.all as f64 - counts.marked as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_fifth_of_the_traffic_and_the_reserve() {
        let budget = Budget::new();
        (0..100).for_each(|_| budget.deposit());
        let retries = (0..100).filter(|_| budget.withdraw()).count();
        assert_eq!(retries, 30);
        tokio::time::advance(Duration::from_secs(11)).await;
        assert_eq!(budget.balance(), RESERVE);
    }
}
