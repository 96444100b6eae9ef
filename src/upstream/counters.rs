//! What a stack has counted since it was built.

use std::sync::atomic::{AtomicU64, Ordering};

use super::FailureKind;

/// Monotonic counters, readable at any time without stopping anybody.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) attempts: Count,
    pub(super) retries: Count,
    pub(super) reconnects: Count,
    pub(super) handed_over: Count,
    failures: [Count; FailureKind::NAMES.len()],
}

/// One counter.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    pub(super) fn count_failure(&self, kind: &FailureKind) {
        self.failures[kind.index()].add();
    }

    pub(super) fn failures(&self) -> [(&'static str, u64); FailureKind::NAMES.len()] {
        std::array::from_fn(|index| (FailureKind::NAMES[index], self.failures[index].get()))
    }

    #[cfg(test)]
    pub(super) fn failures_of(&self, kind: &FailureKind) -> u64 {
        self.failures[kind.index()].get()
    }
}
