//! The steps before a request's operation: the guard that reports the request, loop detection, and the limit of
//! requests in flight.

mod in_flight;
pub(super) mod loop_detection;
mod request_guard;

pub(super) use in_flight::{InFlightLimit, InFlightPermit};
pub(super) use request_guard::RequestGuard;
