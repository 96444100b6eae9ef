//! `GET /admin/status`: the state of the gateway, by vendor account, and what needs attention.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;

use crate::admin::Operator;
use crate::reload::{History, ReloadResult};
use crate::telemetry::TelemetryHealth;

use super::accounts::{Vendor, vendor};
use super::attention::{Attention, attention};

/// The document.
#[derive(Debug, Serialize)]
pub(crate) struct Status {
    /// The version of the gateway.
    pub(crate) version: &'static str,
    /// Since when the process runs.
    pub(crate) uptime_seconds: u64,
    /// The configuration file; `None` if only the environment is read.
    pub(crate) config: Option<PathBuf>,
    /// The number of the configuration in force.
    pub(crate) generation: u64,
    /// The requests of callers in flight.
    pub(crate) in_flight: usize,
    /// How many of these there may be.
    pub(crate) max_in_flight: usize,
    /// Failed attempts to authenticate.
    pub(crate) authentication: Authentication,
    /// How many assistants have names.
    pub(crate) assistants: usize,
    /// What became of reloads.
    pub(crate) reloads: Reloads,
    /// Whether log, audit log and traces are written.
    pub(crate) lines: TelemetryHealth,
    /// The state of the store; `None` without one.
    pub(crate) store: Option<Value>,
    /// Whether replicas share limits at present; `None` where there is one only.
    pub(crate) limits_shared: Option<bool>,
    /// When the gateway's own certificates expire.
    pub(crate) certificates: Vec<Certificate>,
    /// The vendor accounts by name.
    pub(crate) vendors: BTreeMap<String, Vendor>,
    /// What needs attention, the worst first.
    pub(crate) attention: Vec<Attention>,
}

/// Failed attempts to authenticate since the start.
#[derive(Debug, Serialize)]
pub(crate) struct Authentication {
    /// All of them.
    pub(crate) failed: u64,
    /// Those over the limit.
    pub(crate) limited: u64,
}

/// What became of reloads.
#[derive(Debug, Serialize)]
pub(crate) struct Reloads {
    /// How many were applied.
    pub(crate) applied: u64,
    /// How many were refused.
    pub(crate) refused: u64,
    /// When the configuration in force was applied, in seconds since 1970.
    pub(crate) in_force_since: u64,
    /// The last one.
    pub(crate) last: Option<ReloadResult>,
    /// The last ones, the newest first.
    pub(crate) history: Vec<ReloadResult>,
}

/// When one of the gateway's own certificate chains expires.
#[derive(Debug, Serialize)]
pub(crate) struct Certificate {
    /// The configuration's key for it.
    pub(crate) key: String,
    /// When its first certificate expires, in seconds since 1970.
    pub(crate) not_after: i64,
}

/// The state of the gateway.
pub(crate) async fn status(operator: &Operator) -> Status {
    let (gateway, reloader, api) = (operator.gateway(), operator.reloader(), operator.api());
    let history = reloader.history();
    let History { outcomes, applied, refused, in_force_since } = &*history;
    let (failed, limited) = gateway.failed_attempts.counts();
    let certificates = gateway.certificates.iter();
    let accounts = gateway.routes.by_name().into_iter();
    Status {
        version: env!("CARGO_PKG_VERSION"),
        uptime_seconds: operator.uptime().as_secs(),
        config: reloader.file(),
        generation: gateway.generation,
        in_flight: api.in_flight(),
        max_in_flight: gateway.max_in_flight,
        authentication: Authentication { failed, limited },
        assistants: gateway.routes.assistants.len(),
        reloads: Reloads {
            applied: *applied,
            refused: *refused,
            in_force_since: *in_force_since,
            last: outcomes.front().cloned(),
            history: outcomes.iter().cloned().collect(),
        },
        lines: reloader.telemetry().health(),
        store: api.records().map(|records| super::records::store(records)),
        limits_shared: reloader.shares_limits(),
        certificates: certificates
            .map(|certificate| Certificate { key: certificate.key.clone(), not_after: certificate.not_after })
            .collect(),
        vendors: accounts.map(|account| (account.name.to_string(), vendor(gateway, account))).collect(),
        attention: attention(operator).await,
    }
}
