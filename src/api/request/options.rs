//! What a caller asks for beside the update itself: the query, `Prefer` and `Request-Timeout`.

use http::HeaderMap;
use tokio::time::Instant;
use vendors::Handling;

use super::prefer;
use super::query::UpdateQuery;
use super::timeout::request_timeout;
use crate::problem::{Code, Problem};

use crate::api::context::Context;

/// Them, read.
pub(crate) struct RequestOptions {
    pub(crate) dry_run: bool,
    pub(crate) handling: Option<Handling>,
    pub(crate) deadline: Instant,
}

impl RequestOptions {
    /// Reads them.
    ///
    /// # Errors
    /// One of them is malformed.
    pub(crate) fn read(context: &Context, query: Option<&str>, headers: &HeaderMap) -> Result<Self, Problem> {
        let invalid = |error: &dyn std::fmt::Display| Problem::new(Code::InvalidRequest, error.to_string());
        let query = UpdateQuery::parse(query).map_err(|error| invalid(&error))?;
        let handling = prefer::handling(headers).map_err(|error| invalid(&error))?;
        let asked = request_timeout(headers).map_err(|error| invalid(&error))?;
        let allowed = context.gateway.request_timeout;
        let timeout = asked.map_or(allowed, |asked| asked.min(allowed));
        Ok(Self { dry_run: query.dry_run, handling, deadline: context.arrived + timeout })
    }
}
