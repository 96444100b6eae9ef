//! `GET /metrics`: all metrics, collected on request.

mod configuration;
mod listeners;
mod process;
mod requests;
mod vendors;

use std::sync::Arc;

use crate::gateway::Gateway;
use crate::net::listener_meters::ListenerMeters;
use crate::reload::Reloader;
use crate::telemetry::Telemetry;
use crate::telemetry::metrics::{Exposition, Format};

/// The meters of both listeners.
#[derive(Debug, Clone, Default)]
pub struct Listeners {
    /// Connections to the API.
    pub api: Arc<ListenerMeters>,
    /// Connections to administration.
    pub admin: Arc<ListenerMeters>,
}

/// Where the values come from.
pub(super) struct Sources<'a> {
    pub(super) gateway: &'a Gateway,
    pub(super) reloader: &'a Reloader,
    pub(super) in_flight: usize,
    pub(super) telemetry: &'a Telemetry,
    pub(super) listeners: &'a Listeners,
}

/// The whole exposition, which has every family, also those without series.
pub(super) fn exposition(sources: &Sources<'_>, format: Format) -> String {
    let mut exposition = Exposition::new(format);
    requests::write(sources, &mut exposition);
    vendors::write(sources.gateway, &mut exposition);
    configuration::write(sources, &mut exposition);
    listeners::write(sources, &mut exposition);
    process::write(sources, &mut exposition);
    exposition.finish()
}
