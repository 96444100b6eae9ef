//! `GET /admin/status`: the state of the gateway, by vendor account.

use std::sync::Arc;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use crate::account::drift::DriftWatch;
use crate::account::{Account, Limits};
use crate::api::Api;
use crate::reload::{History, Reloader};
use crate::telemetry::metrics::{AccountMetrics, Recent};
use crate::upstream::BreakerState;

/// The document.
pub(super) fn status(reloader: &Reloader, api: &Api, started: Instant) -> Value {
    let gateway = reloader.gateway();
    let history = reloader.history();
    let History { outcomes, applied, refused, .. } = &*history;
    let (failed, limited) = gateway.failed_attempts.counts();
    let accounts = gateway.routes.by_name().into_iter();
    let vendors: Map<_, _> = accounts
        .map(|account| (account.name.to_string(), vendor(account, gateway.meters.get(&account.name))))
        .collect();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "uptime_seconds": started.elapsed().as_secs(),
        "config": reloader.file(),
        "generation": gateway.generation,
        "in_flight": api.in_flight(),
        "authentication": { "failed": failed, "limited": limited },
        "assistants": gateway.routes.assistants.len(),
        "reloads": { "applied": applied, "refused": refused, "last": outcomes.front(), "history": outcomes },
        "lines": reloader.telemetry().health(),
        "store": api.records().map(|records| super::records::store(records)),
        "vendors": vendors,
    })
}

fn vendor(account: &Account, meters: Option<&Arc<AccountMetrics>>) -> Value {
    let snapshot = account.stack.snapshot();
    let Limits { max_in_flight, max_waiting, insecure_skip_verify } = account.limits;
    let (breaker, next_probe) = match snapshot.breaker {
        BreakerState::Closed => ("closed", None),
        BreakerState::Open { next_probe } => ("open", Some(next_probe.as_secs_f64())),
        BreakerState::HalfOpen => ("half_open", None),
    };
    let catalogs: Map<_, _> = account
        .live
        .ages()
        .map(|(kind, age, entries)| (kind.to_string(), json!({ "age_seconds": age.as_secs(), "entries": entries })))
        .collect();
    json!({
        "dialect": account.dialect.name,
        "insecure_skip_verify": insecure_skip_verify,
        "breaker": breaker,
        "next_probe_seconds": next_probe,
        "paused_seconds": snapshot.paused.map(|left| left.as_secs_f64()),
        "recent": meters.map(|meters| recent(&meters.recent)),
        "failing": meters.and_then(|meters| meters.recent.streak()),
        "in_flight": snapshot.in_flight,
        "max_in_flight": max_in_flight,
        "waiting": snapshot.waiting,
        "max_waiting": max_waiting,
        "retry_budget": snapshot.retry_budget,
        "attempts": snapshot.attempts,
        "retries": snapshot.retries,
        "retries_withheld": snapshot.retries_withheld,
        "reconnects": snapshot.reconnects,
        "handed_over": snapshot.handed_over,
        "connections": snapshot.connected.saturating_sub(snapshot.disconnected),
        "failures": snapshot.failures.iter().filter(|(_, count)| *count > 0).map(|(kind, count)| ((*kind).to_owned(), json!(count))).collect::<Map<_, _>>(),
        "catalogs": catalogs,
        "drift": drift(&account.drift),
    })
}

/// The last one and the last five minutes.
fn recent(recent: &Recent) -> Value {
    let window = |minutes: u64| {
        let window = recent.last(Duration::from_secs(60 * minutes));
        let requests = window.total.len() as f64;
        json!({
            "requests_per_second": rounded(requests / window.seconds),
            "commonest_reason": window.commonest_reason(),
            "error_ratio": (requests > 0.0).then(|| rounded(window.failed as f64 / requests)),
            "total_ms": percentiles(&window.total),
            "vendor_ms": percentiles(&window.vendor),
        })
    };
    json!({ "1m": window(1), "5m": window(5) })
}

/// In milliseconds, of latencies in microseconds.
fn percentiles(latencies: &Histogram<u32>) -> Value {
    let millis = |quantile| latencies.median_equivalent(latencies.value_at_quantile(quantile)) as f64 / 1000.0;
    let at = |quantile| (!latencies.is_empty()).then(|| millis(quantile));
    json!({ "p50": at(0.5), "p99": at(0.99) })
}

/// To three decimals.
fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

/// How often each kind of drift was seen, and the differences themselves.
fn drift(watch: &DriftWatch) -> Value {
    let counts: Map<_, _> = watch.counts().map(|(kind, count)| (kind.as_str().to_owned(), json!(count))).collect();
    let seen = watch.seen();
    json!({ "counts": counts, "differences": seen.differences, "other": seen.other })
}
