//! `GET /admin/clients`: who may call, what they may and what they have sent since the process started.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use crate::access::{Identified, RateLimiter};
use crate::admin::Operator;
use crate::gateway::CallbackTargets;
use crate::value::Right;

/// How many bytes of a digest are shown.
const SHOWN_BYTES: usize = 4;

/// The document.
#[derive(Debug, Serialize)]
pub(crate) struct Clients {
    /// Whether anyone may call: `auth.mode = "none"`. Then nothing is known of who called.
    pub(crate) open: bool,
    /// Failed authentications of callers and operators, since the process started.
    pub(crate) authentication: Authentication,
    /// The clients by name.
    pub(crate) clients: Vec<Client>,
}

/// Attempts to authenticate that failed.
#[derive(Debug, Serialize)]
pub(crate) struct Authentication {
    /// How many.
    pub(crate) failed: u64,
    /// How many of these were over the limit of their address.
    pub(crate) limited: u64,
}

/// A client.
#[derive(Debug, Serialize)]
pub(crate) struct Client {
    pub(crate) name: String,
    /// The vendor accounts that it may use; all if `null`.
    pub(crate) vendors: Option<Vec<String>>,
    /// Patterns over the assistants that it may use; all if `null`.
    pub(crate) assistants: Option<Vec<String>>,
    /// What it may do with them.
    pub(crate) operations: Vec<&'static str>,
    /// What becomes of fields that a vendor has not; the vendor's if `null`.
    pub(crate) handling: Option<&'static str>,
    /// Its limit; none if `null`.
    pub(crate) rate_limit: Option<RateLimit>,
    /// The first eight hexadecimal digits of the SHA-256 of its keys.
    pub(crate) keys: Vec<String>,
    /// The names of its certificates.
    pub(crate) certificates: Vec<String>,
    /// The host that hears how its asynchronous updates end.
    pub(crate) callback_host: Option<String>,
    /// How many of its requests have finished.
    pub(crate) requests: u64,
    /// How many of these failed, by reason.
    pub(crate) failed: BTreeMap<&'static str, u64>,
    /// When its last request arrived, in seconds since 1970; `null` before the first.
    pub(crate) last_seen: Option<u64>,
}

/// A limit, and how much of it is used now.
#[derive(Debug, Serialize)]
pub(crate) struct RateLimit {
    /// How many requests it lets through at once.
    pub(crate) burst: u32,
    /// After how many seconds it lets one more through.
    pub(crate) interval_seconds: f64,
    /// How many of the burst are used now.
    pub(crate) used: u32,
    /// How many requests it has refused.
    pub(crate) refused: u64,
    /// Whether replicas share it; what is used is then what this one knows.
    pub(crate) shared: bool,
}

/// The document.
pub(crate) fn clients(operator: &Operator) -> Clients {
    let gateway = operator.gateway();
    let (failed, limited) = gateway.failed_attempts.counts();
    let clients = gateway.clients.by_name().into_values().map(|client| Client::of(&client, &gateway.callbacks));
    Clients {
        open: gateway.clients.open,
        authentication: Authentication { failed, limited },
        clients: clients.collect(),
    }
}

impl Client {
    fn of(identified: &Identified<'_>, callbacks: &CallbackTargets) -> Self {
        let client = identified.client;
        let shown = |digest: &&[u8; 32]| digest.iter().take(SHOWN_BYTES).map(|byte| format!("{byte:02x}")).collect();
        let (mut keys, mut certificates): (Vec<String>, Vec<_>) = (
            identified.digests.iter().map(shown).collect(),
            identified.certificates.iter().map(|name| (*name).to_owned()).collect(),
        );
        keys.sort();
        certificates.sort();
        let idle = client.usage.idle();
        Self {
            name: client.name.to_string(),
            vendors: client.vendors.clone(),
            assistants: client.assistants.as_ref().map(|globs| globs.iter().map(ToString::to_string).collect()),
            operations: client.operations.iter().map(Right::as_str).collect(),
            handling: client.handling.map(vendors::Handling::as_str),
            rate_limit: client.limiter.as_ref().map(|limiter| RateLimit::of(limiter, idle)),
            keys,
            certificates,
            callback_host: callbacks.get(&client.name).and_then(|target| target.url.host()).map(str::to_owned),
            requests: client.usage.requests(),
            failed: client.usage.failed(),
            last_seen: idle.map(seconds_before_now),
        }
    }
}

impl RateLimit {
    fn of(limiter: &RateLimiter, idle: Option<Duration>) -> Self {
        let (burst, interval) = limiter.limit();
        let left = idle.map_or(burst.get(), |idle| limiter.left_after(idle));
        Self {
            burst: burst.get(),
            interval_seconds: interval.as_secs_f64(),
            used: burst.get() - left,
            refused: limiter.refused().get(),
            shared: limiter.shared().is_some(),
        }
    }
}

/// In seconds since 1970.
fn seconds_before_now(idle: Duration) -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    now.saturating_sub(idle).as_secs()
}
