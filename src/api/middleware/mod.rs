//! The steps before a request's operation: the guard that reports the request, loop detection, scripts of other websites,
//! and the limit of requests in flight.

pub(super) mod cors;
mod in_flight;
pub(super) mod loop_detection;
mod request_guard;

pub(super) use in_flight::{InFlightLimit, InFlightPermit};
pub(super) use request_guard::RequestGuard;
