//! `GET /metrics`: all metrics, collected on request.

mod process;
mod stored;
mod table;

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, EncodeLabelSet, EncodeMetric, MetricEncoder, NoLabelSet,
};
use prometheus_client::metrics::MetricType;

use crate::account::Account;
use crate::api::Api;
use crate::gateway::Gateway;
use crate::net::listener_meters::ListenerMeters;
use crate::reload::{History, Reloader};
use crate::telemetry::metrics::{AccountMetrics, ByOperation, Durations, RequestMetrics};
use crate::telemetry::{TelemetryHealth, WriterHealth};
use crate::upstream::Snapshot;

pub use table::METRICS;

/// The meters of both listeners.
#[derive(Debug, Clone, Default)]
pub struct Listeners {
    /// Connections to the API.
    pub api: Arc<ListenerMeters>,
    /// Connections to administration.
    pub admin: Arc<ListenerMeters>,
}

/// A metric with all its series: a row of [`METRICS`].
pub struct Metric {
    /// The full name, with `_total` for counters.
    pub name: &'static str,
    /// The type.
    pub kind: MetricType,
    /// The names of its labels, in the order in which values are given.
    pub labels: &'static [&'static str],
    /// The description, as a sentence.
    pub help: &'static str,
    write: fn(Series<'_>) -> fmt::Result,
}

/// Writes every metric, also those without series.
pub(super) struct Sources {
    pub(super) reloader: Arc<Reloader>,
    pub(super) api: Api,
    pub(super) listeners: Listeners,
}

/// What all metrics of one scrape are written from.
struct State<'a> {
    sources: &'a Sources,
    gateway: &'a Gateway,
    accounts: Vec<AccountState<'a>>,
    history: Arc<History>,
    health: TelemetryHealth,
    process: Option<[(&'static str, f64); 7]>,
    stored: Option<stored::Stored>,
}

struct AccountState<'a> {
    account: &'a Account,
    meters: &'a AccountMetrics,
    snapshot: Snapshot,
}

/// A number that the library writes as a counter or a gauge.
trait Value: EncodeCounterValue + EncodeGaugeValue {}

impl<V: EncodeCounterValue + EncodeGaugeValue> Value for V {}

/// The series of one metric.
struct Series<'a> {
    state: &'a State<'a>,
    metric: &'static Metric,
    encoder: MetricEncoder<'a>,
}

impl Collector for Sources {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let gateway = self.reloader.gateway();
        let accounts = gateway.routes.by_name().into_iter().filter_map(|account| {
            let meters = gateway.meters.get(&account.name)?;
            Some(AccountState { account, meters, snapshot: account.stack.snapshot() })
        });
        let state = State {
            sources: self,
            gateway: &gateway,
            accounts: accounts.collect(),
            history: self.reloader.history(),
            health: self.reloader.telemetry().health(),
            process: process::figures(),
            stored: self.api.records().map(|records| stored::Stored::read(records)),
        };
        METRICS.iter().try_for_each(|metric| {
            // The encoder appends the suffix, where the format requires it.
            let name = metric.name.strip_suffix("_total").unwrap_or(metric.name);
            let encoder = encoder.encode_descriptor(name, metric.help, None, metric.kind)?;
            (metric.write)(Series { state: &state, metric, encoder })
        })
    }
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources").finish_non_exhaustive()
    }
}

impl State<'_> {
    fn listeners(&self) -> [(&'static str, &ListenerMeters); 2] {
        [("api", &self.sources.listeners.api), ("admin", &self.sources.listeners.admin)]
    }

    fn logs(&self) -> impl Iterator<Item = (&'static str, &WriterHealth)> {
        let TelemetryHealth { log, audit, .. } = &self.health;
        log.iter().map(|log| ("log", log)).chain(audit.iter().map(|audit| ("audit", audit)))
    }

    /// The requests of each vendor account; the first name is empty and stands for those without one.
    fn requests(&self) -> impl Iterator<Item = (&str, &RequestMetrics)> {
        let without = ("", self.sources.reloader.telemetry().metrics());
        std::iter::once(without).chain(self.accounts.iter().map(|one| (&*one.account.name, &one.meters.requests)))
    }
}

impl<'a> Series<'a> {
    /// Writes the series with these values of the metric's labels.
    fn add(&mut self, labels: &[&str], value: impl Value) -> fmt::Result {
        debug_assert_eq!(labels.len(), self.metric.labels.len(), "{}", self.metric.name);
        let labels: Vec<_> = self.metric.labels.iter().copied().zip(labels.iter().copied()).collect();
        let mut encoder = self.encoder.encode_family(&labels)?;
        match self.metric.kind {
            MetricType::Counter => encoder.encode_counter::<NoLabelSet, _, f64>(&value, None),
            _ => encoder.encode_gauge(&value),
        }
    }

    /// Writes a series that is counted by a type of the library.
    fn add_metric(&mut self, labels: &impl EncodeLabelSet, metric: &impl EncodeMetric) -> fmt::Result {
        metric.encode(self.encoder.encode_family(labels)?)
    }

    /// Writes one series for each vendor account.
    fn each<V: Value>(mut self, value: fn(&AccountState<'_>) -> V) -> fmt::Result {
        self.state.accounts.iter().try_for_each(|one| self.add(&[&one.account.name], value(one)))
    }

    /// Writes several series for each vendor account, by the value of the second label.
    fn each_of<V: Value, I>(mut self, values: fn(&'a AccountState<'a>) -> I) -> fmt::Result
    where
        I: IntoIterator<Item = (&'static str, V)>,
    {
        let mut series =
            self.state.accounts.iter().flat_map(|one| values(one).into_iter().map(move |value| (one, value)));
        series.try_for_each(|(one, (label, value))| self.add(&[&one.account.name, label], value))
    }

    /// Writes one histogram for each vendor account and operation.
    fn each_durations(mut self, durations: fn(&AccountMetrics) -> &ByOperation<Durations>) -> fmt::Result {
        let all = |one: &'a AccountState<'a>| durations(one.meters).read().map(move |(of, value)| (one, of, value));
        self.state.accounts.iter().flat_map(all).try_for_each(|(one, operation, durations)| {
            let labels = [("vendor", &*one.account.name), ("operation", operation.as_str())];
            self.add_metric(&labels, &durations.0)
        })
    }

    /// Writes the figure of this process, if it is known.
    fn process(mut self) -> fmt::Result {
        let name = self.metric.name;
        let mut figures = self.state.process.iter().flatten().filter(|(figure, _)| *figure == name);
        figures.try_for_each(|(_, value)| self.add(&[], *value))
    }
}
