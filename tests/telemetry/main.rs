//! What the gateway says about its work: logs, audit log, metrics, traces and the drift watch.
#![cfg(test)]

mod access_log;
mod audit;
mod drift;
mod log_file;
mod metrics;
#[path = "../support/mod.rs"]
mod support;
mod traces;
