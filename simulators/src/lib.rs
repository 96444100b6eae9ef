//! The vendors as servers on loopback.
//!
//! Each simulator behaves as its vendor's page documents, and is driven only by the data written from that page
//! (`vendors/contracts/<vendor>`): never by the adapters' tables, so that a wrong table shows as a refused request.
//!
//! A request passes, in this order: `service` reads and records it, `route` names what it asks for, the faults on
//! demand may answer in the vendor's place, then `backend` authenticates, finds the assistant, validates and applies.
//! `listener` owns the sockets and can cut them.

mod account;
mod answer;
mod backend;
mod body;
mod catalogs;
pub mod contracts;
mod dialect;
mod drift;
mod drifted;
mod fault;
mod fault_plan;
mod faulty_answer;
mod grammar;
mod initial_state;
mod list_item;
mod listener;
mod page_rules;
mod paginator;
mod preference;
mod query;
mod record;
mod rejection;
mod route;
mod rules;
mod sentence;
mod service;
mod simulator;

pub use contracts::NAMES;
pub use drift::{Drift, DriftError};
pub use fault::{Fault, FaultKind, RetryAfter, Scope};
pub use grammar::FaultError;
pub use record::Received;
pub use simulator::{Options, Simulator, StartError};
