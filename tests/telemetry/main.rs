//! Logs, audit log, metrics, traces and drift detection, tested over the whole gateway.
#![cfg(test)]

mod access_log;
mod audit;
mod drift;
mod log_file;
mod metrics;
#[path = "../support/mod.rs"]
mod support;
mod traces;
