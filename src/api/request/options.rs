//! The options of an update: the query, `Prefer` and `Request-Timeout`.

use http::HeaderMap;
use tokio::time::Instant;
use vendors::Handling;

use crate::api::context::Context;
use crate::problem::Problem;

use super::prefer::Preferences;
use super::query::dry_run;
use super::timeout::request_timeout;

/// The options.
pub(crate) struct RequestOptions {
    pub(crate) dry_run: bool,
    pub(crate) handling: Option<Handling>,
    /// The names in `Prefer` that mean nothing here.
    pub(crate) unknown_preferences: Vec<String>,
    pub(crate) deadline: Instant,
}

impl RequestOptions {
    /// Reads them.
    ///
    /// # Errors
    /// One of them is invalid.
    pub(crate) fn read(context: &Context, query: Option<&str>, headers: &HeaderMap) -> Result<Self, Problem> {
        let dry_run = dry_run(query)?;
        let Preferences { handling, unknown: unknown_preferences } = Preferences::read(headers)?;
        let max = context.gateway.request_timeout;
        let timeout = request_timeout(headers)?.map_or(max, |timeout| timeout.min(max));
        Ok(Self { dry_run, handling, unknown_preferences, deadline: context.arrived + timeout })
    }
}
