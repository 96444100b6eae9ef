//! The state of one vendor account, as the status has it.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;
use vendors::CatalogKind;

use crate::account::drift::{Difference, DriftWatch, Times};
use crate::account::{Account, Limits};
use crate::gateway::Gateway;
use crate::telemetry::metrics::{Recent, Streak, millis};
use crate::upstream::BreakerState;

/// The state of a vendor account. Counters count from its first appearance, over reloads.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(Default))]
pub(crate) struct Vendor {
    /// Its dialect.
    pub(crate) dialect: &'static str,
    /// Whether any certificate is accepted as the vendor's.
    pub(crate) insecure_skip_verify: bool,
    /// `closed`, `open` or `half_open`.
    pub(crate) breaker: &'static str,
    /// Until the next probe of an open breaker.
    pub(crate) next_probe_seconds: Option<f64>,
    /// The rest of the pause that the vendor asked for.
    pub(crate) paused_seconds: Option<f64>,
    /// The last minutes.
    pub(crate) recent: Option<Minutes>,
    /// Why the last updates failed, if they did.
    pub(crate) failing: Option<Streak>,
    /// Requests in flight, and how many there may be.
    pub(crate) in_flight: usize,
    pub(crate) max_in_flight: usize,
    /// Requests that wait, and how many there may be.
    pub(crate) waiting: usize,
    pub(crate) max_waiting: usize,
    /// Retries that could be made now.
    pub(crate) retry_budget: f64,
    pub(crate) attempts: u64,
    pub(crate) retries: u64,
    /// Retries that the budget did not allow.
    pub(crate) retries_withheld: u64,
    /// Requests sent again because their connection was stale.
    pub(crate) reconnects: u64,
    /// Updates finished without their caller.
    pub(crate) handed_over: u64,
    /// Connections that are open.
    pub(crate) connections: u64,
    /// Failed requests by kind; kinds without any are left out.
    pub(crate) failures: BTreeMap<&'static str, u64>,
    /// The copies of the vendor's catalogs.
    pub(crate) catalogs: BTreeMap<&'static str, CopiedCatalog>,
    /// How its responses differ from their documentation.
    pub(crate) drift: Drift,
}

/// The last one and the last five minutes.
#[derive(Debug, Serialize)]
pub(crate) struct Minutes {
    #[serde(rename = "1m")]
    pub(crate) one: Window,
    #[serde(rename = "5m")]
    pub(crate) five: Window,
}

/// Some minutes.
#[derive(Debug, Serialize)]
pub(crate) struct Window {
    pub(crate) requests_per_second: f64,
    /// The reason for which most requests failed.
    pub(crate) commonest_reason: Option<&'static str>,
    /// The share of requests that failed and were not the caller's fault; `None` without requests.
    pub(crate) error_ratio: Option<f64>,
    /// The durations of requests.
    pub(crate) total_ms: Percentiles,
    /// The times with the vendor.
    pub(crate) vendor_ms: Percentiles,
}

/// Latencies in milliseconds; `None` without any.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Percentiles {
    pub(crate) p50: Option<f64>,
    pub(crate) p99: Option<f64>,
}

/// The copy of a catalog.
#[derive(Debug, Serialize)]
pub(crate) struct CopiedCatalog {
    pub(crate) age_seconds: u64,
    pub(crate) entries: usize,
}

/// How often each kind of drift was seen, and the differences themselves.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(Default))]
pub(crate) struct Drift {
    pub(crate) counts: BTreeMap<&'static str, u64>,
    /// How many of the differences an operator has marked as known.
    pub(crate) known: usize,
    pub(crate) differences: Vec<Difference>,
    /// Those that are not listed, together.
    pub(crate) other: Option<Times>,
}

/// The state of an account.
pub(crate) fn vendor(gateway: &Gateway, account: &Account) -> Vendor {
    let meters = gateway.meters.get(&account.name);
    let snapshot = account.stack.snapshot();
    let Limits { max_in_flight, max_waiting, insecure_skip_verify } = account.limits;
    let (breaker, next_probe) = match snapshot.breaker {
        BreakerState::Closed => ("closed", None),
        BreakerState::Open { next_probe } => ("open", Some(next_probe.as_secs_f64())),
        BreakerState::HalfOpen => ("half_open", None),
    };
    Vendor {
        dialect: account.dialect.name,
        insecure_skip_verify,
        breaker,
        next_probe_seconds: next_probe,
        paused_seconds: snapshot.paused.map(|left| left.as_secs_f64()),
        recent: meters.map(|meters| Minutes { one: window(&meters.recent, 1), five: window(&meters.recent, 5) }),
        failing: meters.and_then(|meters| meters.recent.streak()),
        in_flight: snapshot.in_flight,
        max_in_flight,
        waiting: snapshot.waiting,
        max_waiting,
        retry_budget: snapshot.retry_budget,
        attempts: snapshot.attempts,
        retries: snapshot.retries,
        retries_withheld: snapshot.retries_withheld,
        reconnects: snapshot.reconnects,
        handed_over: snapshot.handed_over,
        connections: snapshot.connected.saturating_sub(snapshot.disconnected),
        failures: snapshot.failures.into_iter().filter(|(_, count)| *count > 0).collect(),
        catalogs: account.live.ages().map(copied).collect(),
        drift: drift(&account.drift),
    }
}

fn copied((kind, age, entries): (CatalogKind, Duration, usize)) -> (&'static str, CopiedCatalog) {
    (kind.as_str(), CopiedCatalog { age_seconds: age.as_secs(), entries })
}

fn window(recent: &Recent, minutes: u64) -> Window {
    let window = recent.last(Duration::from_secs(60 * minutes));
    let requests = window.total.len() as f64;
    Window {
        requests_per_second: rounded(requests / window.seconds),
        commonest_reason: window.commonest_reason(),
        error_ratio: (requests > 0.0).then(|| rounded(window.failed as f64 / requests)),
        total_ms: percentiles(&window.total),
        vendor_ms: percentiles(&window.vendor),
    }
}

fn percentiles(latencies: &Histogram<u32>) -> Percentiles {
    let at = |quantile| (!latencies.is_empty()).then(|| millis(latencies, quantile));
    Percentiles { p50: at(0.5), p99: at(0.99) }
}

/// To three decimals.
fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

fn drift(watch: &DriftWatch) -> Drift {
    let seen = watch.seen();
    Drift {
        counts: watch.counts().map(|(kind, count)| (kind.as_str(), count)).collect(),
        known: seen.differences.len() - seen.unknown(),
        differences: seen.differences,
        other: seen.other,
    }
}

#[cfg(test)]
impl Vendor {
    /// An account that does well.
    pub(crate) fn example() -> Self {
        let window = |rate, ratio| Window {
            requests_per_second: rate,
            commonest_reason: None,
            error_ratio: ratio,
            total_ms: Percentiles { p50: Some(12.4), p99: Some(1234.0) },
            vendor_ms: Percentiles { p50: Some(11.0), p99: None },
        };
        Self {
            dialect: "sondos",
            breaker: "closed",
            recent: Some(Minutes { one: window(1.5, Some(0.0)), five: window(0.3, None) }),
            in_flight: 2,
            max_in_flight: 128,
            max_waiting: 256,
            retry_budget: 2.0,
            attempts: 7,
            retries: 1,
            connections: 1,
            failures: BTreeMap::from([("timeout", 3)]),
            catalogs: BTreeMap::from([("voices", CopiedCatalog { age_seconds: 60, entries: 4 })]),
            ..Self::default()
        }
    }
}
