//! The vendors as servers on loopback.
//!
//! Each simulator behaves as its vendor's documentation says. It is driven only by the documentation as data
//! (`vendors/contracts/<vendor>`) and never by the adapters' tables, so that a wrong table shows as a rejected request.
//!
//! The way of a request: `server` accepts the connection, then reads and records the request; `faults` may delay it or
//! replace the response; `vendor` hands it to `backend`, which is the platform of the white labels, or to `families`, which
//! has the vendors with an API of their own. These find the operation, authenticate, validate and do what is asked, with
//! `drift` applied; `faults` may alter the response.
//!
//! Modules depend in one direction: `server` on all others, `faults` on `vendor` and `http`, `vendor` on `backend` and
//! `families`, these on `contracts`, `clock`, `drift`, `http` and `validation`, and those on none.

mod backend;
mod clock;
pub mod contracts;
mod drift;
mod families;
mod faults;
mod http;
mod server;
mod validation;
mod vendor;

pub use contracts::{FAMILIES, NAMES};
pub use drift::{Drift, DriftError};
pub use faults::{Fault, FaultError, FaultKind, RetryAfter, Scope};
pub use http::Received;
pub use server::{Options, Simulator, StartError};
