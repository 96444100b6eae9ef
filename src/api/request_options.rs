//! What a caller asks for beside the update itself: the query, `Prefer` and `Request-Timeout`.

use http::HeaderMap;
use tokio::time::Instant;
use vendors::Handling;

use crate::edge::prefer;
use crate::edge::problem::{Code, Problem};
use crate::edge::query::UpdateQuery;
use crate::edge::request_timeout::request_timeout;

use super::context::Context;

/// Them, read.
pub(super) struct RequestOptions {
    pub(super) dry_run: bool,
    pub(super) handling: Option<Handling>,
    pub(super) deadline: Instant,
}

impl RequestOptions {
    /// Reads them.
    ///
    /// # Errors
    /// One of them is malformed.
    pub(super) fn read(context: &Context, query: Option<&str>, headers: &HeaderMap) -> Result<Self, Problem> {
        let invalid = |error: &dyn std::fmt::Display| Problem::new(Code::InvalidRequest, error.to_string());
        let query = UpdateQuery::parse(query).map_err(|error| invalid(&error))?;
        let handling = prefer::handling(headers).map_err(|error| invalid(&error))?;
        let asked = request_timeout(headers).map_err(|error| invalid(&error))?;
        let allowed = context.gateway.request_timeout;
        let timeout = asked.map_or(allowed, |asked| asked.min(allowed));
        Ok(Self { dry_run: query.dry_run, handling, deadline: context.arrived + timeout })
    }
}
