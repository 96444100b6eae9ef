//! Metrics for Prometheus.
//!
//! Requests add to the atomics of their account ([`AccountMetrics`]), or to [`Metrics`] without one. Other values
//! (breakers, queues, catalogs, reloads, the process) are read during a scrape by `admin/metrics`. All labels come from
//! closed lists or the configuration.

mod account_metrics;
mod counter_table;
mod exposition;
pub mod family;
mod histogram;
mod label;
mod process;
mod recent;

use vendors::Field;

use crate::problem::Fault;

use super::event::RequestFinished;

pub use account_metrics::{AccountMetrics, Labels, RequestMetrics};
pub use exposition::{Exposition, Format, Series};
pub use family::{Family, Kind};
pub use histogram::{BOUNDS, Histogram, HistogramSnapshot};
pub use label::METHODS;
pub use process::Process;
pub use recent::{Percentiles, Rates, Recent};

/// The metrics of requests without a vendor account.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Their number and durations.
    pub requests: RequestMetrics<1024>,
}

impl Metrics {
    /// Counts a finished request.
    pub fn finished(&self, finished: &RequestFinished<'_>) {
        let RequestFinished { update, total, .. } = finished;
        let labels = Labels {
            route: label::route(finished.route),
            method: label::method(finished.method),
            status: finished.status,
            reason: label::reason(finished.reason()),
            fault: finished.problem.map(|problem| problem.fault),
        };
        let Some(metrics) = finished.metrics else {
            return self.requests.finished(labels, *total);
        };
        metrics.requests.finished(labels, *total);
        let failed = matches!(labels.fault, Some(Fault::Gateway | Fault::Vendor));
        let was_sent = update.attempts > 0;
        metrics.recent.add(finished.arrived + *total, failed, *total, was_sent.then_some(update.with_vendor));
        if was_sent {
            metrics.vendor.observe(update.with_vendor);
        }
        // Only updates that reached the account's stack, not dry runs and refusals.
        if update.sent.is_some() {
            let elsewhere = update.with_vendor + update.queued + update.receiving;
            metrics.queue.observe(update.queued);
            metrics.overhead.observe(total.saturating_sub(elsewhere));
            let dropped = update.report.iter().flat_map(|report| &report.dropped);
            dropped.for_each(|note| metrics.dropped(Field::from_name(&note.field)));
        }
    }
}
