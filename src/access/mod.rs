//! Access control: clients, their rate limits, failed attempts, the admin tokens, and what browsers may send.

mod admin_tokens;
mod clients;
mod failed_attempts;
mod host_names;
mod rate_limit;
mod same_origin;
#[cfg_attr(not(feature = "console"), expect(dead_code, reason = "only the console starts sessions"))]
mod sessions;
mod usage;

pub use admin_tokens::{AdminTokens, Role};
pub use clients::{Client, Clients, Identified, NotAllowed};
pub(crate) use clients::{authenticate, bearer};
pub use failed_attempts::FailedAttempts;
pub use host_names::HostNames;
pub use rate_limit::RateLimiter;
pub(crate) use rate_limit::{RATE_LIMIT, RATE_LIMIT_POLICY};
#[cfg(feature = "console")]
pub(crate) use same_origin::is_from_own_page;
pub(crate) use same_origin::{check_same_origin, is_from_browser};
pub use sessions::{AdminSession, Sessions};
#[cfg(feature = "console")]
pub(crate) use sessions::{LIFETIME, SESSION_COOKIE, cookies};
pub use usage::Usage;
