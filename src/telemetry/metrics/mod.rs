//! Metrics for Prometheus.
//!
//! What is counted while requests run is plain atomics, found through handles that a request has anyway: its account's
//! [`AccountMeters`], or [`Metrics`] where no account is involved. Everything else (breakers, queues, catalogs,
//! reloads, the process) is read from where it lives when somebody asks; `admin/metrics` does that. Every label comes
//! from a closed list or from the configuration, so that callers cannot make series.

mod counter;
mod exposition;
pub mod family;
mod histogram;
mod label;
mod listener;
mod meters;
mod process;
mod recent;
mod tally;

use std::sync::Arc;

use vendors::Field;

use crate::edge::problem::Fault;

use super::Finished;

pub use counter::Counter;
pub use exposition::{Exposition, Format, Series};
pub use family::{Family, Kind};
pub use histogram::{BOUNDS, Histogram, Observed};
pub use label::METHODS;
pub use listener::{Accepted, ListenerMeters};
pub use meters::{AccountMeters, Labels, RequestMeters};
pub use process::Process;
pub use recent::{Percentiles, Rates, Recent};

/// What is counted outside of any vendor account.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Requests that involved no vendor.
    pub requests: RequestMeters<1024>,
    /// Connections to the API.
    pub api: Arc<ListenerMeters>,
    /// Connections to administration.
    pub admin: Arc<ListenerMeters>,
}

impl Metrics {
    /// Counts and measures a request that is over.
    pub fn finished(&self, finished: &Finished<'_>) {
        let Finished { context, record, total, .. } = finished;
        let labels = Labels {
            route: label::route(finished.route),
            method: label::method(finished.method),
            status: finished.status,
            reason: label::reason(finished.reason()),
            fault: finished.problem.map(|problem| problem.fault),
        };
        let Some(meters) = &record.meters else {
            return self.requests.finished(labels, *total);
        };
        meters.requests.finished(labels, *total);
        let failed = matches!(labels.fault, Some(Fault::Gateway | Fault::Vendor));
        let was_sent = record.attempts > 0;
        meters.recent.add(context.arrived + *total, failed, *total, was_sent.then_some(record.with_vendor));
        if was_sent {
            meters.vendor.observe(record.with_vendor);
        }
        // Handed to the account's stack, so what a dry run or a refusal takes is not mixed in.
        if record.sent.is_some() {
            let elsewhere = record.with_vendor + record.queued + record.receiving;
            meters.queue.observe(record.queued);
            meters.overhead.observe(total.saturating_sub(elsewhere));
            let dropped = record.report.iter().flat_map(|report| &report.dropped);
            dropped.for_each(|note| meters.dropped(Field::from_name(&note.field)));
        }
    }
}
