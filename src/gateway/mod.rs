//! One generation of the gateway: everything that requests need, built from one configuration and never changed.
//!
//! A reload builds the next generation and swaps the pointer; requests keep the generation that they started with. An
//! account whose settings did not change is shared by both generations, with its connections, breaker and catalogs.
//! A generation keeps no secret that it does not use: fingerprints tell whether settings have changed.

mod build;
mod callback_target;
mod in_force;
mod records;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::access::{AdminTokens, Clients, FailedAttempts, HostNames};
use crate::config::{AssistantsFile, Settings};
use crate::http::body::BodyLimits;
use crate::net::signals::DrainSettings;
use crate::routing::RoutingTable;
use crate::telemetry::event::KeyChanges;
use crate::telemetry::metrics::AccountMetrics;
use crate::upstream::Tasks;

use build::{Fingerprints, OrderScopes};
use in_force::Kept;

pub use crate::config::{Origin, Origins, Setting};
pub use build::BuildError;
pub(crate) use build::{configured, pem, policies};
pub use callback_target::{CallbackTarget, CallbackTargets};
pub use records::{JournalSettings, QueueSettings};

/// One generation.
#[derive(Debug)]
pub struct Gateway {
    /// Counts configurations, from 1.
    pub generation: u64,
    /// The settings as they were read, secrets redacted. Not all may be in force: see `settings_in_force`.
    pub redacted_settings: serde_json::Value,
    /// Where each of them comes from.
    pub origins: Arc<Origins>,
    /// What is in force instead, at keys that only a restart changes.
    kept: Kept,
    /// The files that named assistants come from, with how many each holds.
    pub(crate) assistants_files: Vec<AssistantsFile>,
    /// Who may call.
    pub clients: Clients,
    /// Whom to tell of changes that have ended.
    pub callbacks: Arc<CallbackTargets>,
    /// The limit on failed authentication, for callers and operators.
    pub failed_attempts: Arc<FailedAttempts>,
    /// Where updates go.
    pub routes: RoutingTable,
    /// The meters of each account, kept as long as there is an account of that name.
    pub meters: HashMap<Arc<str>, Arc<AccountMetrics>>,
    /// Which accounts share one order of updates.
    scopes: OrderScopes,
    /// How bodies are read.
    pub body_limits: BodyLimits,
    /// How long a request may take in all.
    pub request_timeout: Duration,
    /// How many requests may be in flight.
    pub max_in_flight: usize,
    /// Where callers reach the API: what absolute links start with.
    pub public_url: Option<Arc<str>>,
    /// The names in `Host` on the API listener, for callers without keys.
    pub hosts: HostNames,
    /// Whose scripts browsers let call the API, as they write their origin.
    pub cors_origins: Vec<String>,
    /// The names in `Host` on the admin listener, for requests without a valid token.
    pub admin_hosts: HostNames,
    /// Who may use administration.
    pub admin: AdminTokens,
    /// The address of a trace for people, with `{trace_id}` in it.
    pub traces_ui: Option<Arc<str>>,
    /// How the gateway drains at shutdown.
    pub drain: DrainSettings,
    /// How changes wait for their vendor.
    pub queue: QueueSettings,
    /// How long an idempotency key gives the same answer again, after the first request ended.
    pub idempotency_retention: Duration,
    /// What is kept of changes that ended.
    pub journal: JournalSettings,
    /// Whether plain synchronous updates are stored before they are sent.
    pub sync_intent: bool,
    /// When the gateway's own certificates expire.
    pub certificates: Vec<CertificateExpiry>,
    fingerprints: Fingerprints,
}

/// When one of the gateway's own certificate chains expires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateExpiry {
    /// The configuration's key for it.
    pub key: String,
    /// When its first certificate expires, in seconds since 1970.
    pub not_after: i64,
}

impl Gateway {
    /// Which keys differ from those of the generation `before`; `None` if none do.
    pub(crate) fn keys_changed_since(&self, before: &Self) -> Option<KeyChanges> {
        before.fingerprints.changes(&self.fingerprints, self.generation)
    }

    /// The keys of secrets and certificates whose contents differ from those of the generation `before`.
    pub(crate) fn secrets_changed_since(&self, before: &Self) -> Vec<String> {
        before.fingerprints.changed_secrets(&self.fingerprints)
    }

    /// The keys of secrets and certificates whose contents differ in other settings.
    pub(crate) fn secrets_that_differ(&self, settings: &Settings) -> Vec<String> {
        self.fingerprints.changed_secrets(&Fingerprints::of(settings))
    }

    /// The accounts that have another dialect than in the generation `before`: the name, the dialect then, and the present one.
    pub(crate) fn dialects_changed_since(&self, before: &Self) -> Vec<(Arc<str>, &'static str, &'static str)> {
        let pairs = self.routes.accounts.iter().filter_map(|(name, account)| {
            let (then, now) = (before.routes.accounts.get(name)?.dialect.name, account.dialect.name);
            (then != now).then(|| (Arc::clone(&account.name), then, now))
        });
        pairs.collect()
    }

    /// The order scope of an account; `None` if there is no such account.
    pub fn scope_of(&self, account: &str) -> Option<&Arc<str>> {
        self.scopes.of_account(account)
    }

    /// Applies this generation's order scopes to the updates that arrive from now on. Call it when the generation
    /// replaces `before`.
    pub(crate) fn apply_scopes(&self, before: Option<&Self>, tasks: &Tasks) {
        self.scopes.apply(before.map(|before| &before.scopes), tasks);
    }
}
