//! The vendors as servers on loopback.
//!
//! Each simulator behaves as its vendor's documentation says. It is driven only by the documentation as data
//! (`vendors/contracts/<vendor>`) and never by the adapters' tables, so that a wrong table shows as a rejected request.
//!
//! The way of a request: `server` accepts the connection, then reads and records the request; `faults` may delay it or
//! replace the response; `backend` finds the operation, authenticates, validates with `validation` and does what is asked,
//! with `drift` applied to what comes in and goes out; `faults` may alter the response.
//!
//! Modules depend in one direction: `server` on all others, `faults` on `backend` and `http`, `backend` on `contracts`,
//! `drift`, `http` and `validation`, and these on none.

mod backend;
pub mod contracts;
mod drift;
mod faults;
mod http;
mod server;
mod validation;

pub use contracts::NAMES;
pub use drift::{Drift, DriftError};
pub use faults::{Fault, FaultError, FaultKind, RetryAfter, Scope};
pub use http::Received;
pub use server::{Options, Simulator, StartError};
