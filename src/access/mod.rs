//! Access control: clients, their rate limits, failed attempts, the admin tokens, and what browsers may send.

mod admin_tokens;
mod clients;
mod failed_attempts;
mod host_names;
mod rate_limit;
mod same_origin;

pub use admin_tokens::AdminTokens;
pub use clients::{Client, Clients};
pub(crate) use clients::{authenticate, bearer};
pub use failed_attempts::FailedAttempts;
pub use host_names::HostNames;
pub use rate_limit::RateLimiter;
pub(crate) use rate_limit::{RATE_LIMIT, RATE_LIMIT_POLICY};
pub(crate) use same_origin::check_same_origin;
