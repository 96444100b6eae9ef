//! What the gateway says about its work: logs, audit log, metrics, traces and the drift watch.
#![cfg(test)]
#![expect(clippy::module_inception, reason = "most files keep the module that each had as a test binary of its own")]

mod access_log;
mod audit;
mod drift;
mod log_file;
mod metrics;
#[path = "../support/mod.rs"]
mod support;
mod traces;
