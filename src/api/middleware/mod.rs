//! What a request passes before its operation, in this order: the guard that reports it, loop detection,
//! authentication with the limit on failed attempts, the client's own limit, and a place among those in flight.

pub(super) mod authentication;
mod failed_attempts;
mod in_flight;
pub(super) mod limit;
pub(super) mod loop_detection;
mod request_guard;

pub(crate) use authentication::bearer;
pub use authentication::{Client, Clients};
pub use failed_attempts::FailedAttempts;
pub(super) use in_flight::{InFlight, InFlightPermit};
pub use limit::RateLimiter;
pub(super) use request_guard::RequestGuard;
