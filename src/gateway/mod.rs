//! One generation of the gateway: everything a request needs, built from one configuration and never changed.
//!
//! A reload builds the next generation beside this one and swaps the pointer. Requests keep the generation that they
//! began with. An account whose settings did not change moves over as it is, and with it its connections, its breaker
//! and its catalogs.
//!
//! No generation keeps the settings. Secrets stay where they are used; whether the next settings differ is told by
//! fingerprints.

mod build;
mod scopes;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::access::AdminTokens;
use crate::access::{Clients, FailedAttempts};
use crate::http::body::BodyLimits;
use crate::net::signals::DrainSettings;
use crate::routing::RoutingTable;
use crate::telemetry::event::KeyChanges;
use crate::telemetry::metrics::AccountMeters;
use crate::upstream::Tasks;

use build::Prints;

pub use build::BuildError;
pub(crate) use build::{configured, pem, policies};

/// One generation.
#[derive(Debug)]
pub struct Gateway {
    /// Counts configurations, from 1.
    pub generation: u64,
    /// The configuration that it was built from, as operators are shown it.
    pub shown: serde_json::Value,
    /// Who may call.
    pub clients: Clients,
    /// How often callers and operators may fail to say who they are.
    pub failed_attempts: Arc<FailedAttempts>,
    /// Where updates go.
    pub routes: RoutingTable,
    /// What is measured of each account's requests, by its name and for as long as there is one of that name.
    pub meters: HashMap<Arc<str>, Arc<AccountMeters>>,
    /// Which accounts keep one order.
    scopes: scopes::Scopes,
    /// How bodies are read.
    pub body_limits: BodyLimits,
    /// How long a request may take in all.
    pub request_timeout: Duration,
    /// How many requests may be handled at once.
    pub max_in_flight: usize,
    /// Who may use administration.
    pub admin: AdminTokens,
    /// How patiently the gateway ends.
    pub patience: DrainSettings,
    /// When our own certificates expire.
    pub certificates: Vec<CertificateExpiry>,
    prints: Prints,
}

/// When a certificate chain of ours expires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateExpiry {
    /// The configuration's key for it.
    pub key: String,
    /// When its first certificate does, in seconds since 1970.
    pub not_after: i64,
}

impl Gateway {
    /// Which keys have changed with this generation; `None` if none.
    pub(crate) fn keys_changed_since(&self, before: &Self) -> Option<KeyChanges> {
        before.prints.changes(&self.prints, self.generation)
    }
}

impl Gateway {
    /// Has updates keep the order of this generation's scopes from now on; call it when it comes into force.
    pub(crate) fn keep_order(&self, before: Option<&Self>, tasks: &Tasks) {
        self.scopes.apply(before.map_or(&scopes::Scopes::default(), |before| &before.scopes), tasks);
    }
}
