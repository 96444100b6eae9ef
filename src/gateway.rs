//! One generation of the gateway: everything a request needs, built from one configuration and never changed.
//!
//! A reload builds the next generation beside this one and swaps the pointer. Requests keep the generation that they
//! began with. An account whose settings did not change moves over as it is, and with it its connections, its breaker
//! and its catalogs.

mod build;

use std::sync::Arc;
use std::time::Duration;

use crate::api::{Clients, FailedAttempts};
use crate::config::Settings;
use crate::edge::body::BodyLimits;
use crate::routing::RoutingTable;

pub use build::BuildError;
pub(crate) use build::{configured, policies};

/// One generation.
#[derive(Debug)]
pub struct Gateway {
    /// Counts configurations, from 1.
    pub generation: u64,
    /// The checked configuration it was built from.
    pub settings: Arc<Settings>,
    /// Who may call.
    pub clients: Clients,
    /// How often callers and operators may fail to say who they are.
    pub failed_attempts: Arc<FailedAttempts>,
    /// Where updates go.
    pub routes: RoutingTable,
    /// How bodies are read.
    pub body_limits: BodyLimits,
    /// How long a request may take in all.
    pub request_timeout: Duration,
    /// How many requests may be handled at once.
    pub max_in_flight: usize,
}
