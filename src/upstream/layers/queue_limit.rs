//! One bound on all requests that wait for a vendor account, whatever they wait for.
//!
//! A request may wait for its lock, the end of a pause, the rate limit or the in-flight limit. With a bound for each, a
//! vendor that is slow in four ways could hold four times as many callers.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::upstream::{Failure, FailureKind};

/// The `Retry-After` of requests that are refused because too many wait.
const OVERLOADED_RETRY_AFTER: Duration = Duration::from_secs(1);

/// The right to wait, until it is dropped.
pub(crate) type QueuePermit = OwnedSemaphorePermit;

/// How many requests may wait, and how many do.
#[derive(Debug)]
pub(crate) struct QueueLimit {
    max_waiting: usize,
    permits: Arc<Semaphore>,
}

impl QueueLimit {
    pub(crate) fn new(max_waiting: usize) -> Self {
        let max_waiting = max_waiting.min(Semaphore::MAX_PERMITS);
        Self { max_waiting, permits: Arc::new(Semaphore::new(max_waiting)) }
    }

    /// Takes a permit, or fails at once with `Overloaded`.
    pub(crate) fn acquire(&self) -> Result<QueuePermit, Failure> {
        let permit = Arc::clone(&self.permits).try_acquire_owned();
        permit.map_err(|_| overloaded("as many requests wait for this account as may"))
    }

    pub(crate) fn waiting(&self) -> usize {
        self.max_waiting - self.permits.available_permits()
    }
}

pub(super) fn overloaded(why: &'static str) -> Failure {
    Failure::new(FailureKind::Overloaded { retry_after: OVERLOADED_RETRY_AFTER }, why)
}

#[cfg(test)]
mod tests {
    use crate::upstream::layers::queue_limit::*;

    #[test]
    fn a_full_queue_refuses_requests_until_a_permit_is_dropped() {
        let limit = QueueLimit::new(2);
        let (first, _second) = (limit.acquire().unwrap(), limit.acquire().unwrap());
        let refused = limit.acquire().unwrap_err();
        assert_eq!(refused.kind, FailureKind::Overloaded { retry_after: OVERLOADED_RETRY_AFTER });
        drop(first);
        assert!(limit.acquire().is_ok());
        assert_eq!(limit.waiting(), 1);
    }
}
