//! How recorded changes ended, by vendor account. Accounts that are gone keep theirs: their changes may still wait.

use std::sync::Arc;

use prometheus_client::metrics::counter::Counter;

use crate::value::AssistantOperation;

use super::SeriesMap;

/// A vendor account, an operation and a final state.
pub type Ended = (Arc<str>, AssistantOperation, &'static str);

/// Counters of recorded changes.
#[derive(Debug, Default)]
pub struct ChangeMetrics {
    ended: SeriesMap<Ended, Counter>,
    failed: SeriesMap<Arc<str>, Counter>,
}

impl ChangeMetrics {
    /// Counts a change that ended; `state` is one of the words for final states.
    pub fn ended(&self, vendor: &str, operation: AssistantOperation, state: &'static str) {
        self.ended.get_or_create((vendor.into(), operation, state)).inc();
    }

    /// Counts a delivery that failed and is tried again.
    pub fn delivery_failed(&self, vendor: &str) {
        self.failed.get_or_create(vendor.into()).inc();
    }

    /// How many changes of each account ended in which state.
    pub fn all_ended(&self) -> Vec<(Ended, u64)> {
        self.ended.read().iter().map(|(ended, count)| (ended.clone(), count.get())).collect()
    }

    /// How many deliveries to each account failed.
    pub fn all_failed(&self) -> Vec<(Arc<str>, u64)> {
        self.failed.read().iter().map(|(vendor, count)| (Arc::clone(vendor), count.get())).collect()
    }
}
