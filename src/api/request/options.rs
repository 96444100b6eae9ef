//! The options of an update: the query, `Prefer`, `Request-Timeout`, and what this gateway cannot keep.

use http::header::{IF_MATCH, IF_NONE_MATCH, IF_UNMODIFIED_SINCE};
use http::{HeaderMap, HeaderName};
use tokio::time::Instant;
use vendors::Handling;

use crate::api::context::Context;
use crate::problem::{Code, Problem};

use super::prefer::Preferences;
use super::query::dry_run;
use super::timeout::request_timeout;

/// Headers that make a request depend on the state of what it changes (RFC 9110).
static CONDITIONS: [(HeaderName, &str); 3] =
    [(IF_MATCH, "If-Match"), (IF_NONE_MATCH, "If-None-Match"), (IF_UNMODIFIED_SINCE, "If-Unmodified-Since")];

static IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

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
        refuse_promises(headers, dry_run)?;
        let Preferences { handling, unknown: unknown_preferences } = Preferences::read(headers)?;
        let max = context.gateway.request_timeout;
        let timeout = request_timeout(headers)?.map_or(max, |timeout| timeout.min(max));
        Ok(Self { dry_run, handling, unknown_preferences, deadline: context.arrived + timeout })
    }
}

/// Refuses what would be a false promise if it were ignored. A dry run changes nothing, so that it needs no key.
fn refuse_promises(headers: &HeaderMap, dry_run: bool) -> Result<(), Problem> {
    if let Some((_, name)) = CONDITIONS.iter().find(|(name, _)| headers.contains_key(name)) {
        let detail = format!("this gateway has no conditions yet; send the update without the header {name}");
        return Err(Problem::new(Code::InvalidRequest, detail));
    }
    if headers.contains_key(&IDEMPOTENCY_KEY) && !dry_run {
        let detail = "an Idempotency-Key needs a store, and this gateway has none; send the update without it";
        return Err(Problem::new(Code::StoreRequired, detail));
    }
    Ok(())
}
