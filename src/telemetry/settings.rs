//! What telemetry has to be told to begin.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;

use crate::value::Fingerprint;

/// All of it.
pub struct TelemetrySettings {
    /// The log.
    pub log: LogSettings,
    /// The audit log; none is kept without them.
    pub audit: Option<AuditSettings>,
    /// Traces; none are made without them.
    pub traces: Option<TracesSettings>,
}

/// What is logged, and how it is written.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// How lines are written; read once.
    pub format: LogFormat,
    /// Levels by module, as the subscriber's filter has them.
    pub directives: String,
    /// Where lines are written; standard error if `None`.
    pub file: Option<PathBuf>,
}

/// How lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// The audit log's file.
#[derive(Clone, Debug)]
pub struct AuditSettings {
    /// Where it is.
    pub file: PathBuf,
    /// The length in bytes at which a new file is begun.
    pub rotate_bytes: u64,
    /// How many old files are kept.
    pub keep: u32,
    /// When what was written is brought to the disk.
    pub fsync: Fsync,
}

/// When what was written is brought to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fsync {
    /// When the system likes.
    Never,
    /// Within about a second.
    Interval,
    /// With every write.
    Always,
}

/// Which requests are traced, and where their spans go.
pub struct TracesSettings {
    /// From 0 to 1.
    pub sample_ratio: f64,
    /// The collector.
    pub collector: Collector,
}

/// A collector of spans, which speaks OTLP over HTTP.
pub struct Collector {
    /// Its address, for the log.
    pub endpoint: String,
    /// The attributes of the resource that the spans are of.
    pub resource: Vec<(String, String)>,
    /// Tells this collector, and how exports are sent to it, from others.
    pub fingerprint: Fingerprint,
    /// Makes the way to it, or says why there is none; called only if the collector has changed.
    pub connect: Box<dyn FnOnce() -> Result<Arc<dyn Export>, String> + Send>,
}

/// A status and a body, or why there is no answer.
pub type Exported = Result<(u16, Bytes), String>;

/// Brings one export to a collector, within a bounded time.
pub trait Export: Send + Sync {
    /// Sends the message, a body of protobuf.
    fn export(&self, message: Bytes) -> Pin<Box<dyn Future<Output = Exported> + Send + '_>>;
}
