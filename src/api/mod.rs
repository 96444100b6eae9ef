//! The API: what callers see. From the router inwards: authentication, then one file per endpoint.

mod answer;
mod authentication;
mod context;
mod discovery;
mod docs;
mod dry_run;
mod exchange;
mod failed_attempts;
mod limit;
mod media;
mod openapi;
mod record;
mod router;
mod scrub;
mod self_call;
mod unfinished;
mod update;
mod verdict;

pub(crate) use authentication::bearer;
pub use authentication::{Client, Clients};
pub use context::Context;
pub(crate) use dry_run::redact;
pub use failed_attempts::FailedAttempts;
pub use limit::RateLimiter;
pub use openapi::openapi;
pub use record::Record;
pub use router::Api;
