//! Until when this process may begin attempts of changes whose order it shares with other processes.
//!
//! A process that is frozen, or cut off from the others, is taken for dead by them after a while, and another one goes on in
//! its place. It must have stopped by itself before: the fence is asked last, when the request has its connection and nothing
//! but the write is left to do. An attempt that has begun ends by its own timeout, for which the successor waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// The time from which no attempt begins. Clones share it.
#[derive(Clone, Debug)]
pub struct Fence(Arc<State>);

#[derive(Debug)]
struct State {
    origin: Instant,
    /// Microseconds after the origin.
    until: AtomicU64,
}

impl Fence {
    /// A fence before which nothing may begin yet.
    #[must_use]
    pub fn closed() -> Self {
        Self(Arc::new(State { origin: Instant::now(), until: AtomicU64::new(0) }))
    }

    /// Allows attempts to begin until then; an earlier time than before changes nothing.
    pub fn extend(&self, until: Instant) {
        let after = until.saturating_duration_since(self.0.origin).as_micros();
        self.0.until.fetch_max(u64::try_from(after).unwrap_or(u64::MAX), Ordering::AcqRel);
    }

    /// Allows nothing to begin any more.
    pub fn close(&self) {
        self.0.until.store(0, Ordering::Release);
    }

    /// Whether an attempt may begin now.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.left().is_zero()
    }

    /// For how long attempts may still begin.
    #[must_use]
    pub fn left(&self) -> Duration {
        let until = Duration::from_micros(self.0.until.load(Ordering::Acquire));
        until.saturating_sub(self.0.origin.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use crate::upstream::fence::*;

    #[tokio::test(start_paused = true)]
    async fn a_fence_is_open_until_its_time_and_only_extended() {
        let fence = Fence::closed();
        assert!(!fence.is_open());
        fence.extend(Instant::now() + Duration::from_secs(5));
        fence.extend(Instant::now() + Duration::from_secs(1));
        assert_eq!(fence.left(), Duration::from_secs(5));
        tokio::time::advance(Duration::from_millis(4999)).await;
        assert!(fence.is_open());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(!fence.clone().is_open());
        fence.extend(Instant::now() + Duration::from_secs(1));
        assert!(fence.is_open());
        fence.close();
        assert!(!fence.is_open());
    }
}
