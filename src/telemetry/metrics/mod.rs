//! Counters and histograms of requests. A request adds to those of its account ([`AccountMetrics`]), which a reload drops
//! with the account, or to those of telemetry without one; `admin/metrics` writes them.

mod by_operation;
mod changes;
mod dropped_fields;
mod recent;

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;
use tokio::time::Instant;

use crate::problem::Fault;
use crate::value::AssistantOperation;

use super::event::RequestFinished;

pub use by_operation::ByOperation;
pub use changes::{ChangeMetrics, Ended, FailedDeliveries};
pub use dropped_fields::DroppedFields;
pub use recent::{ChartSeries, Recent, Streak, Window, millis};

/// The upper bounds of all histograms in seconds. The first is about the gateway's own time for an update, the last is the
/// default of `request_timeout`.
const BOUNDS: [f64; 18] = [
    0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
    30.0,
];

/// The methods with a label of their own, so that callers cannot create series.
const METHODS: [&str; 7] = ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS"];

/// Series by their labels, all of them from closed lists. A `Family` of prometheus-client would have the series of all
/// accounts, and could not drop those of one.
#[derive(Debug)]
pub struct SeriesMap<L, M>(RwLock<ByLabels<L, M>>);

/// By a hash that no caller can attack: all labels are ours. The usual one takes 1 % of an update's instructions.
pub type ByLabels<L, M> = HashMap<L, M, foldhash::fast::RandomState>;

/// The labels of a finished request, without its vendor account.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RequestLabels {
    route: &'static str,
    /// Empty for discovery and documentation.
    operation: &'static str,
    method: &'static str,
    status: u16,
    reason: &'static str,
    /// `None` for a success.
    fault: Option<&'static str>,
}

/// A histogram of durations, cheap to clone.
#[derive(Debug, Clone)]
pub struct Durations(pub Histogram);

/// The number and durations of requests.
#[derive(Debug, Default)]
pub struct RequestMetrics {
    /// Their number.
    pub counts: SeriesMap<RequestLabels, Counter>,
    /// Their durations by route and operation.
    pub durations: SeriesMap<(&'static str, &'static str), Durations>,
}

/// The metrics of one vendor account.
#[derive(Debug, Default)]
pub struct AccountMetrics {
    /// Its requests.
    pub requests: RequestMetrics,
    /// The time with the vendor, of requests that were sent and of attempts at deliveries.
    pub vendor: ByOperation<Durations>,
    /// The time waited before and between attempts, of requests that reached the account's stack.
    pub queue: ByOperation<Durations>,
    /// The remaining time, spent in the gateway.
    pub overhead: ByOperation<Durations>,
    /// The fields dropped from updates, by name; `unknown` stands for names that are no canonical fields.
    pub dropped: DroppedFields,
    /// The last minutes.
    pub recent: Recent,
}

impl<L: Eq + Hash, M: Clone + Default> SeriesMap<L, M> {
    /// All series so far.
    pub fn read(&self) -> RwLockReadGuard<'_, ByLabels<L, M>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn get_or_create(&self, labels: L) -> M {
        let found = self.read().get(&labels).cloned();
        found.unwrap_or_else(|| {
            self.0.write().unwrap_or_else(PoisonError::into_inner).entry(labels).or_default().clone()
        })
    }
}

impl<L, M> Default for SeriesMap<L, M> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl Default for Durations {
    fn default() -> Self {
        Self(Histogram::new(BOUNDS))
    }
}

impl Durations {
    fn observe(&self, duration: Duration) {
        self.0.observe(duration.as_secs_f64());
    }
}

impl AccountMetrics {
    /// Counts an attempt at delivering a change that the vendor has received; `failed` is the reason if it failed and was not the
    /// caller's fault. `true` if it is the first of several that fail for that reason.
    pub fn delivered(
        &self,
        operation: AssistantOperation,
        failed: Option<&'static str>,
        total: Duration,
        with_vendor: Duration,
    ) -> bool {
        self.vendor.of(operation).observe(with_vendor);
        self.recent.add(Instant::now(), failed, total, Some(with_vendor))
    }
}

impl RequestMetrics {
    fn add(&self, labels: RequestLabels, total: Duration) {
        self.durations.get_or_create((labels.route, labels.operation)).observe(total);
        self.counts.get_or_create(labels).inc();
    }

    /// Counts a finished request, as one of its account if it has one.
    pub fn finished(&self, finished: &RequestFinished<'_>) {
        let RequestFinished { update, total, .. } = finished;
        let fault = finished.problem.map(|problem| problem.fault);
        let labels = RequestLabels {
            route: finished.route,
            operation: update.operation.map_or("", AssistantOperation::as_str),
            method: METHODS.into_iter().find(|known| *known == finished.method.as_str()).unwrap_or("other"),
            status: finished.status,
            reason: finished.reason().as_str(),
            fault: fault.map(Fault::as_str),
        };
        let Some(metrics) = finished.metrics else {
            return self.add(labels, *total);
        };
        metrics.requests.add(labels, *total);
        let failed = matches!(fault, Some(Fault::Gateway | Fault::Vendor)).then(|| finished.reason().as_str());
        let was_sent = update.attempts > 0;
        metrics.recent.add(finished.arrived + *total, failed, *total, was_sent.then_some(update.with_vendor));
        let Some(operation) = update.operation else { return };
        if was_sent {
            metrics.vendor.of(operation).observe(update.with_vendor);
        }
        // Only requests that reached the account's stack, not dry runs and refusals.
        if update.sent.is_some() {
            let elsewhere = update.with_vendor + update.queued + update.receiving;
            metrics.queue.of(operation).observe(update.queued);
            metrics.overhead.of(operation).observe(total.saturating_sub(elsewhere));
            for note in update.report.iter().flat_map(|report| &report.dropped) {
                metrics.dropped.count(&note.field);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::telemetry::metrics::*;

    #[test]
    fn threads_that_add_the_same_new_series_lose_no_count() {
        let series = SeriesMap::<u32, Counter>::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..64_000).for_each(|n| _ = series.get_or_create(n % 64).inc()));
            }
        });
        let series = series.read();
        assert_eq!(series.len(), 64);
        assert!(series.values().all(|count| count.get() == 4000), "{series:?}");
    }
}
