//! The settings of log, audit log, traces and the last requests, as plain data.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry_http::HttpClient;
use opentelemetry_sdk::Resource;

use crate::value::{Fingerprint, Fsync, LogFormat};

/// All settings of telemetry.
pub struct TelemetrySettings {
    /// The log.
    pub log: LogSettings,
    /// The audit log; `None` turns it off.
    pub audit: Option<AuditSettings>,
    /// Traces; `None` turns them off.
    pub traces: Option<TracesSettings>,
    /// How many of the last requests are kept for operators.
    pub requests: usize,
}

/// What is logged, where and in which format.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// The format; a reload does not change it.
    pub format: LogFormat,
    /// Levels by module, in the syntax of `EnvFilter`.
    pub directives: String,
    /// The file; `None` is standard error.
    pub file: Option<PathBuf>,
}

/// The audit log's file.
#[derive(Clone, Debug)]
pub struct AuditSettings {
    /// Its path.
    pub file: PathBuf,
    /// The size in bytes at which a new file is started.
    pub rotate_bytes: u64,
    /// How many old files are kept.
    pub keep: u32,
    /// When lines are synced to the disk.
    pub fsync: Fsync,
}

/// Which requests are traced, and the collector of their spans.
pub struct TracesSettings {
    /// The fraction of requests to trace, from 0 to 1; `None` leaves it to `OTEL_TRACES_SAMPLER`.
    pub sample_ratio: Option<f64>,
    /// The collector.
    pub collector: Collector,
}

/// A collector that accepts OTLP over HTTP.
pub struct Collector {
    /// The URL that exports are sent to.
    pub endpoint: String,
    /// The time one request to the collector may take; no retry starts later.
    pub timeout: Duration,
    /// The resource attributes of all spans.
    pub resource: Resource,
    /// Changes if the collector, or how exports are sent to it, changes.
    pub fingerprint: Fingerprint,
    /// Creates the client, or returns why it cannot; called only if the fingerprint has changed.
    pub connect: Box<dyn FnOnce() -> Result<Arc<dyn HttpClient>, String> + Send>,
}
