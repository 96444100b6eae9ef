//! What a caller of the API sees: updates, names, problems, discovery and who may do what.
#![cfg(test)]
#![expect(clippy::module_inception, reason = "most files keep the module that each had as a test binary of its own")]

mod catalogs;
mod clients;
mod discovery;
mod dry_run;
mod exchange;
mod golden;
mod handling;
mod problems;
mod routing;
#[path = "../support/mod.rs"]
mod support;
