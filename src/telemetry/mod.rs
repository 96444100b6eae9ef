//! Log, audit log, metrics and traces. Every finished request is reported once, to [`Telemetry::finished`].

mod append_file;
mod audit;
mod background_writer;
pub mod event;
pub mod log;
pub mod metrics;
pub mod settings;
mod traces;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderMap;
use tokio::time::Instant;

use crate::http::trace_context::TraceContext;
use crate::problem::Problem;

use audit::{Audit, Event, PreparedAudit};
use event::{ConfigReloaded, RequestFinished};
use log::{LogControl, PreparedLog};
use metrics::RequestMetrics;
use settings::{AuditSettings, LogSettings, TelemetrySettings};
use traces::{Active, Traces};

pub use audit::PendingFlush;
pub use background_writer::WriterHealth;
pub use traces::{RequestTrace, SpanCounts, VendorCall};

/// Receives what happened to requests and configurations; cheap to clone.
#[derive(Clone, Default)]
pub struct Telemetry(Arc<Parts>);

#[derive(Default)]
struct Parts {
    /// `None` if the log is not ours, as in tests.
    log: Option<LogControl>,
    audit: Audit,
    metrics: RequestMetrics,
    traces: Traces,
    /// The files in use; `None` in tests.
    files: Mutex<Option<Files>>,
}

/// The files that lines are written to.
#[derive(Clone)]
struct Files {
    log: LogSettings,
    audit: Option<AuditSettings>,
}

/// The telemetry of a new configuration, opened and ready to be applied.
pub struct PreparedTelemetry {
    log: Option<PreparedLog>,
    audit: PreparedAudit,
    traces: Option<Active>,
    files: Files,
}

/// Whether lines are written and spans exported.
#[derive(Debug, serde::Serialize)]
pub struct TelemetryHealth {
    /// The log, access log included; `None` if the log is not ours.
    pub log: Option<WriterHealth>,
    /// The audit log; `None` while it is off.
    pub audit: Option<WriterHealth>,
    /// Traces; `None` if they never were on.
    pub traces: Option<SpanCounts>,
}

/// Why telemetry cannot start.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TelemetryError(String);

impl Telemetry {
    /// Starts as configured.
    ///
    /// # Errors
    /// The audit log cannot be opened, or the collector's certificates cannot be used.
    pub fn start(settings: TelemetrySettings, log: Option<LogControl>) -> Result<Self, TelemetryError> {
        let (audit, traces) = (Audit::default(), Traces::default());
        traces.apply(traces.prepare(settings.traces).map_err(TelemetryError)?);
        audit.apply(audit.prepare(settings.audit.as_ref()).map_err(TelemetryError)?).wait();
        let files = Mutex::new(Some(Files { log: settings.log, audit: settings.audit }));
        Ok(Self(Arc::new(Parts { log, audit, metrics: RequestMetrics::default(), traces, files })))
    }

    /// Does everything of a new configuration that can fail. The result has to be applied.
    ///
    /// # Errors
    /// A file cannot be opened.
    pub fn prepare(&self, settings: TelemetrySettings) -> Result<PreparedTelemetry, String> {
        let traces = self.0.traces.prepare(settings.traces)?;
        let files = Files { log: settings.log, audit: settings.audit };
        let (log, audit) = self.open(&files)?;
        Ok(PreparedTelemetry { log, audit, traces, files })
    }

    fn open(&self, files: &Files) -> Result<(Option<PreparedLog>, PreparedAudit), String> {
        let log = self.0.log.as_ref().map(|_| PreparedLog::of(&files.log)).transpose()?;
        Ok((log, self.0.audit.prepare(files.audit.as_ref())?))
    }

    /// Switches to what was prepared, without waiting.
    pub fn apply(&self, prepared: PreparedTelemetry) -> PendingFlush {
        let PreparedTelemetry { log, audit, traces, files } = prepared;
        *self.0.files.lock().unwrap_or_else(PoisonError::into_inner) = Some(files);
        self.0.traces.apply(traces);
        self.switch(log, audit)
    }

    fn switch(&self, log: Option<PreparedLog>, audit: PreparedAudit) -> PendingFlush {
        if let (Some(current), Some(log)) = (&self.0.log, log) {
            current.apply(log);
        }
        self.0.audit.apply(audit)
    }

    /// Opens the files in use again, for operators who have renamed them.
    pub fn reopen(&self) -> Option<PendingFlush> {
        let files = self.0.files.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        let opened = self.open(&files);
        opened
            .map(|(log, audit)| self.switch(log, audit))
            .inspect_err(|error| tracing::error!(error, "a log file cannot be opened again; the old one stays in use"))
            .ok()
    }

    /// Decides whether a request with these headers is traced, and marks `context` accordingly for vendors.
    pub fn start_trace(
        &self,
        context: &mut TraceContext,
        headers: &HeaderMap,
        arrived: Instant,
    ) -> Option<Arc<RequestTrace>> {
        self.0.traces.start(context, headers, arrived)
    }

    /// Reports a finished request.
    pub fn finished(&self, finished: &RequestFinished<'_>) {
        self.0.metrics.finished(finished);
        log::access::log(finished, self.0.log.as_ref().and_then(LogControl::json_writer));
        self.0.audit.finished(finished);
        if let Some(trace) = finished.trace {
            trace.finished(finished);
        }
    }

    /// Whether results of updates whose callers disconnected are recorded.
    pub fn follows_updates(&self) -> bool {
        self.0.audit.is_on()
    }

    /// Records the result of an update whose caller disconnected: the number of attempts, or the problem.
    pub fn update_finished(&self, request_id: &str, vendor: &str, vendor_id: &str, result: Result<u32, &Problem>) {
        let (outcome, reason, attempts) = match result {
            Ok(attempts) => ("applied", "ok", Some(attempts)),
            Err(problem) => (problem.outcome.as_str(), problem.reason().as_str(), problem.attempts),
        };
        self.0.audit.record(&Event::UpdateFinished { request_id, vendor, vendor_id, outcome, reason, attempts });
    }

    /// Records that the gateway listens.
    pub fn started(&self, generation: u64) {
        let version = env!("CARGO_PKG_VERSION");
        self.0.audit.record(&Event::Start { version, pid: std::process::id(), generation });
    }

    /// Records a reload.
    pub fn reloaded(&self, reloaded: &ConfigReloaded<'_>) {
        let ConfigReloaded { trigger, generation, problems, keys } = reloaded;
        let outcome = if problems.is_none() { "applied" } else { "refused" };
        let problems = problems.map(audit::problems);
        self.0.audit.record(&Event::Reload { trigger, outcome, generation: *generation, problems });
        if let Some(keys) = keys {
            self.0.audit.record(&Event::Keys(keys));
        }
    }

    /// Records a request to administration without its token.
    pub fn admin_refused(&self, request_id: &str, method: &str, path: &str, peer: Option<String>) {
        let path = audit::truncated(path, 256);
        self.0.audit.record(&Event::AdminRefused { request_id, method, path, peer });
    }

    /// The metrics of requests without a vendor account.
    pub fn metrics(&self) -> &RequestMetrics {
        &self.0.metrics
    }

    /// Whether lines are written and spans exported.
    pub fn health(&self) -> TelemetryHealth {
        let Parts { log, audit, traces, .. } = &*self.0;
        TelemetryHealth { log: log.as_ref().map(LogControl::health), audit: audit.health(), traces: traces.counts() }
    }

    /// Records how the gateway ended, and flushes everything for a bounded time.
    pub async fn stop(self, ended: &'static str) {
        self.0.audit.record(&Event::Stop { ended });
        self.0.traces.end().await;
        let flushed = tokio::task::spawn_blocking(move || self.0.audit.end());
        if flushed.await.is_err() {
            tracing::error!("flushing the audit log panicked");
        }
    }
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telemetry").finish_non_exhaustive()
    }
}
