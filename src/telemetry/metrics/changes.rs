//! How recorded changes ended, by vendor account. Accounts that are gone keep theirs: their changes may still wait.

use std::sync::Arc;

use prometheus_client::metrics::counter::Counter;

use crate::value::AssistantOperation;

use super::SeriesMap;

/// A vendor account, an operation and a final state.
pub type Ended = (Arc<str>, AssistantOperation, &'static str);

/// A vendor account, and why deliveries failed: a word of the closed list of reasons.
pub type FailedDeliveries = (Arc<str>, &'static str);

/// Counters of recorded changes.
#[derive(Debug, Default)]
pub struct ChangeMetrics {
    ended: SeriesMap<Ended, Counter>,
    failed: SeriesMap<FailedDeliveries, Counter>,
}

impl ChangeMetrics {
    /// Counts a change that ended; `state` is one of the words for final states.
    pub fn ended(&self, vendor: &str, operation: AssistantOperation, state: &'static str) {
        self.ended.get_or_create((vendor.into(), operation, state)).inc();
    }

    /// Counts a delivery that failed and is tried again.
    pub fn delivery_failed(&self, vendor: &str, reason: &'static str) {
        self.failed.get_or_create((vendor.into(), reason)).inc();
    }

    /// How many changes of each account ended in which state.
    pub fn all_ended(&self) -> Vec<(Ended, u64)> {
        self.ended.read().iter().map(|(ended, count)| (ended.clone(), count.get())).collect()
    }

    /// How many deliveries to each account failed for each reason.
    pub fn all_failed(&self) -> Vec<(FailedDeliveries, u64)> {
        self.failed.read().iter().map(|(failed, count)| (failed.clone(), count.get())).collect()
    }
}
