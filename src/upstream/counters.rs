//! The counters of an account. A new stack of the same account continues them, so that a reload does not reset them.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use strum::VariantArray;

use crate::problem::FailureReason;
use crate::value::{Counter, Lock};

use super::FailureKind;

/// Monotonic counters.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(super) attempts: Counter,
    pub(super) retries: Counter,
    pub(super) retries_withheld: Counter,
    pub(super) reconnects: Counter,
    pub(super) handed_over: Counter,
    pub(super) connected: Counter,
    pub(super) disconnected: Counter,
    failures: [Counter; FailureReason::VARIANTS.len()],
}

impl Counters {
    pub(super) fn count_failure(&self, kind: &FailureKind) {
        self.failures[kind.reason() as usize].add();
    }

    pub(super) fn failures(&self) -> [(&'static str, u64); FailureReason::VARIANTS.len()] {
        std::array::from_fn(|index| (FailureReason::VARIANTS[index].name(), self.failures[index].get()))
    }

    #[cfg(test)]
    pub(super) fn failures_of(&self, kind: &FailureKind) -> u64 {
        self.failures[kind.reason() as usize].get()
    }
}

/// The counters of all accounts, by name.
#[derive(Clone, Debug, Default)]
pub(super) struct AllCounters(Arc<Lock<HashMap<Arc<str>, Weak<Counters>>>>);

impl AllCounters {
    /// The counters of `account`: those in use, if it has a stack already.
    pub(super) fn of(&self, account: &Arc<str>) -> Arc<Counters> {
        let mut all = self.0.lock();
        all.retain(|_, counters| counters.strong_count() > 0);
        if let Some(counters) = all.get(account).and_then(Weak::upgrade) {
            return counters;
        }
        let counters = Arc::<Counters>::default();
        all.insert(Arc::clone(account), Arc::downgrade(&counters));
        counters
    }
}
