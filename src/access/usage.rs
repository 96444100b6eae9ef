//! What one client has sent since the process started.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::problem::Reason;
use crate::value::{Counter, Lock};

/// The requests of one client, over reloads.
#[derive(Debug)]
pub struct Usage {
    started: Instant,
    requests: Counter,
    /// When its last request arrived: milliseconds since `started`, plus one; 0 before the first.
    last: AtomicU64,
    failed: Lock<BTreeMap<&'static str, u64>>,
}

impl Default for Usage {
    fn default() -> Self {
        Self { started: Instant::now(), requests: Counter::default(), last: AtomicU64::new(0), failed: Lock::default() }
    }
}

impl Usage {
    /// Counts a finished request. It locks only for one that failed.
    pub fn add(&self, arrived: Instant, reason: Reason) {
        self.requests.add();
        let since = arrived.saturating_duration_since(self.started).as_millis();
        self.last.fetch_max(u64::try_from(since).unwrap_or(u64::MAX - 1) + 1, Ordering::Relaxed);
        if reason != Reason::Ok {
            let mut failed = self.failed.lock();
            *failed.entry(reason.as_str()).or_default() += 1;
        }
    }

    /// How many requests have finished.
    pub fn requests(&self) -> u64 {
        self.requests.get()
    }

    /// How long ago the last one arrived; `None` before the first.
    pub fn idle(&self) -> Option<Duration> {
        let last = self.last.load(Ordering::Relaxed).checked_sub(1)?;
        Some(self.started.elapsed().saturating_sub(Duration::from_millis(last)))
    }

    /// How many have failed, by reason.
    pub fn failed(&self) -> BTreeMap<&'static str, u64> {
        self.failed.lock().clone()
    }
}

#[cfg(test)]
mod tests {
    use crate::access::usage::*;
    use crate::problem::Code;

    #[tokio::test(start_paused = true)]
    async fn requests_are_counted_and_failures_by_reason() {
        let usage = Usage::default();
        assert_eq!((usage.requests(), usage.idle()), (0, None));
        usage.add(Instant::now(), Reason::Ok);
        tokio::time::advance(Duration::from_secs(5)).await;
        for _ in 0..2 {
            usage.add(Instant::now(), Reason::Code(Code::RateLimited));
        }
        tokio::time::advance(Duration::from_secs(7)).await;
        assert_eq!((usage.requests(), usage.idle()), (3, Some(Duration::from_secs(7))));
        assert_eq!(usage.failed(), BTreeMap::from([("rate_limited", 2)]));
    }
}
