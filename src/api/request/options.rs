//! The options of an update: the query, `Prefer` and `Request-Timeout`.

use http::HeaderMap;
use tokio::time::Instant;
use vendors::Handling;

use crate::api::context::Context;
use crate::problem::Problem;

use super::prefer::handling;
use super::query::dry_run;
use super::timeout::request_timeout;

/// The options.
pub(crate) struct RequestOptions {
    pub(crate) dry_run: bool,
    pub(crate) handling: Option<Handling>,
    pub(crate) deadline: Instant,
}

impl RequestOptions {
    /// Reads them.
    ///
    /// # Errors
    /// One of them is invalid.
    pub(crate) fn read(context: &Context, query: Option<&str>, headers: &HeaderMap) -> Result<Self, Problem> {
        let (dry_run, handling) = (dry_run(query)?, handling(headers)?);
        let max = context.gateway.request_timeout;
        let timeout = request_timeout(headers)?.map_or(max, |timeout| timeout.min(max));
        Ok(Self { dry_run, handling, deadline: context.arrived + timeout })
    }
}
