//! Metrics for Prometheus.
//!
//! What is counted while requests run is plain atomics, found through handles that a request has anyway: its account's
//! [`AccountMeters`], or [`Metrics`] where no account is involved. Everything else (breakers, queues, catalogs,
//! reloads, the process) is read from where it lives when somebody asks; `admin/metrics` does that. Every label comes
//! from a closed list or from the configuration, so that callers cannot make series.

mod counter_table;
mod exposition;
pub mod family;
mod histogram;
mod label;
mod meters;
mod process;
mod recent;

use vendors::Field;

use crate::problem::Fault;

use super::event::RequestFinished;

pub use exposition::{Exposition, Format, Series};
pub use family::{Family, Kind};
pub use histogram::{BOUNDS, Histogram, Observed};
pub use label::METHODS;
pub use meters::{AccountMeters, Labels, RequestMeters};
pub use process::Process;
pub use recent::{Percentiles, Rates, Recent};

/// What is counted outside of any vendor account.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Requests that involved no vendor.
    pub requests: RequestMeters<1024>,
}

impl Metrics {
    /// Counts and measures a request that is over.
    pub fn finished(&self, finished: &RequestFinished<'_>) {
        let RequestFinished { update, total, .. } = finished;
        let labels = Labels {
            route: label::route(finished.route),
            method: label::method(finished.method),
            status: finished.status,
            reason: label::reason(finished.reason()),
            fault: finished.problem.map(|problem| problem.fault),
        };
        let Some(meters) = finished.meters else {
            return self.requests.finished(labels, *total);
        };
        meters.requests.finished(labels, *total);
        let failed = matches!(labels.fault, Some(Fault::Gateway | Fault::Vendor));
        let was_sent = update.attempts > 0;
        meters.recent.add(finished.arrived + *total, failed, *total, was_sent.then_some(update.with_vendor));
        if was_sent {
            meters.vendor.observe(update.with_vendor);
        }
        // Handed to the account's stack, so what a dry run or a refusal takes is not mixed in.
        if update.sent.is_some() {
            let elsewhere = update.with_vendor + update.queued + update.receiving;
            meters.queue.observe(update.queued);
            meters.overhead.observe(total.saturating_sub(elsewhere));
            let dropped = update.report.iter().flat_map(|report| &report.dropped);
            dropped.for_each(|note| meters.dropped(Field::from_name(&note.field)));
        }
    }
}
