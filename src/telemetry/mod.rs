//! What the gateway tells its operators. Everything about a request goes through [`Telemetry::finished`].

pub mod access;
pub mod drift;
mod finished;
pub mod log;

pub use finished::{Finished, Noted};

/// Where everything that is told of requests goes; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Telemetry {}

impl Telemetry {
    /// Tells of a request that is over.
    pub fn finished(&self, finished: &Finished<'_>) {
        access::log(finished);
    }
}
