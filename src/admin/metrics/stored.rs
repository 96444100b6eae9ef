//! The metrics of the store and of recorded changes: no series without a store.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use prometheus_client::encoding::NoLabelSet;

use crate::api::{Depth, Records, ReplicaView};
use crate::problem::Code;
use crate::store::{Figures, State as ChangeState, Timestamp};
use crate::telemetry::metrics::{Ended, FailedDeliveries};
use crate::value::AssistantOperation;

use super::{Series, State, Value};

/// What is delivered later, and so may be given up.
const DELIVERED: [AssistantOperation; 2] = [AssistantOperation::Update, AssistantOperation::Delete];
/// The reasons of failed deliveries for which an operator is called at once.
const WATCHED: [Code; 2] = [Code::VendorCredentialsRejected, Code::VendorAccountProblem];

/// What one scrape reads of them.
pub(super) struct Stored {
    pub(super) figures: Figures,
    depths: HashMap<Arc<str>, Depth>,
    ended: Vec<(Ended, u64)>,
    failed: Vec<(FailedDeliveries, u64)>,
    replica: Option<ReplicaView>,
}

impl Stored {
    pub(super) fn read(records: &Records) -> Self {
        Self {
            figures: records.store.figures(),
            depths: records.depths(),
            ended: records.metrics.all_ended(),
            failed: records.metrics.all_failed(),
            replica: records.replica_view(),
        }
    }

    /// The accounts of the configuration, and those that are gone and have changes that wait.
    fn vendors<'a>(&'a self, state: &'a State<'_>) -> BTreeSet<&'a str> {
        let configured = state.accounts.iter().map(|one| &*one.account.name);
        configured.chain(self.depths.keys().map(|vendor| &**vendor)).collect()
    }
}

impl Series<'_> {
    /// Writes one series of the store.
    pub(super) fn stored<V: Value>(mut self, value: fn(&Stored) -> V) -> fmt::Result {
        self.state.stored.as_ref().map_or(Ok(()), |stored| self.add(&[], value(stored)))
    }

    /// Writes one series of a process that shares its store.
    pub(super) fn shared<V: Value>(mut self, value: fn(&ReplicaView) -> V) -> fmt::Result {
        let replica = self.state.stored.as_ref().and_then(|stored| stored.replica.as_ref());
        replica.map_or(Ok(()), |replica| self.add(&[], value(replica)))
    }

    /// Writes the histogram of commits, which the store counts.
    pub(super) fn commits(mut self) -> fmt::Result {
        let Some(stored) = &self.state.stored else { return Ok(()) };
        let Figures { commits, commit_seconds, commit_histogram, .. } = &stored.figures;
        let within: u64 = commit_histogram.iter().map(|(_, count)| count).sum();
        let beyond = (f64::INFINITY, commits.saturating_sub(within));
        let buckets: Vec<_> = commit_histogram.iter().copied().chain([beyond]).collect();
        self.encoder.encode_histogram::<NoLabelSet>(*commit_seconds, *commits, &buckets, None)
    }

    /// Writes how many changes wait, by account and state.
    pub(super) fn depths(mut self) -> fmt::Result {
        let Some(stored) = &self.state.stored else { return Ok(()) };
        stored.vendors(self.state).into_iter().try_for_each(|vendor| {
            let depth = stored.depths.get(vendor).copied().unwrap_or_default();
            self.add(&[vendor, "queued"], to_u64(depth.queued))?;
            self.add(&[vendor, "sending"], to_u64(depth.sending))?;
            self.add(&[vendor, "held"], to_u64(depth.held))
        })
    }

    /// Writes how old the oldest change is that waits, by account.
    pub(super) fn oldest(mut self) -> fmt::Result {
        let Some(stored) = &self.state.stored else { return Ok(()) };
        let now = Timestamp::now();
        stored.vendors(self.state).into_iter().try_for_each(|vendor| {
            let oldest = stored.depths.get(vendor).and_then(|depth| depth.oldest);
            self.add(&[vendor], oldest.map_or(0.0, |oldest| now.since(oldest).as_secs_f64()))
        })
    }

    /// Writes how changes ended. Dead ones have a series from the start, so that the first one is an increase.
    pub(super) fn ended(mut self) -> fmt::Result {
        let Some(stored) = &self.state.stored else { return Ok(()) };
        let dead = |vendor| DELIVERED.map(|operation| ((vendor, operation.as_str(), ChangeState::Dead.as_str()), 0));
        let mut series: BTreeMap<_, u64> = stored.vendors(self.state).into_iter().flat_map(dead).collect();
        series
            .extend(stored.ended.iter().map(|((vendor, of, state), count)| ((&**vendor, of.as_str(), *state), *count)));
        series.into_iter().try_for_each(|((vendor, of, state), count)| self.add(&[vendor, of, state], count))
    }

    /// Writes how many deliveries failed, by account and reason. Those of which an alert is critical have a series from the start.
    pub(super) fn deliveries_failed(mut self) -> fmt::Result {
        let Some(stored) = &self.state.stored else { return Ok(()) };
        let watched = |vendor| WATCHED.map(|code| ((vendor, code.as_str()), 0));
        let mut series: BTreeMap<_, u64> = stored.vendors(self.state).into_iter().flat_map(watched).collect();
        series.extend(stored.failed.iter().map(|((vendor, reason), count)| ((&**vendor, *reason), *count)));
        series.into_iter().try_for_each(|((vendor, reason), count)| self.add(&[vendor, reason], count))
    }
}

fn to_u64(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
