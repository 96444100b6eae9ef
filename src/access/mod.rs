//! Access control: clients, their rate limits, failed attempts, and the admin tokens.

mod admin_tokens;
mod clients;
mod failed_attempts;
mod rate_limit;

pub use admin_tokens::AdminTokens;
pub use clients::{Client, Clients};
pub(crate) use clients::{authenticate, bearer};
pub use failed_attempts::FailedAttempts;
pub use rate_limit::RateLimiter;
pub(crate) use rate_limit::{RATE_LIMIT, RATE_LIMIT_POLICY};
