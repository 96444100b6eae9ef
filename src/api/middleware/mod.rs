//! What a request passes before its operation, in this order: the guard that reports it, loop detection,
//! authentication with the limit on failed attempts, the client's own limit, and a place among those in flight.

mod in_flight;
pub(super) mod loop_detection;
mod request_guard;

pub(super) use in_flight::{InFlight, InFlightPermit};
pub(super) use request_guard::RequestGuard;
