//! Log, audit log, metrics, traces and the last requests. Every finished request is reported once, to [`Telemetry::finished`].

mod append_file;
mod audit;
mod background_writer;
pub mod event;
pub mod log;
pub mod metrics;
pub mod recent_requests;
pub mod settings;
mod traces;

use std::fmt;
use std::sync::Arc;

use http::HeaderMap;
use tokio::time::Instant;

use crate::http::trace_context::TraceContext;

use append_file::AppendFile;
use audit::{Audit, Event};
use event::{ChangeFinished, KeyChanges, RecordMoved, ReloadRequest, RequestFinished};
use log::{LogControl, PreparedLog};
use metrics::RequestMetrics;
use recent_requests::RecentRequests;
use settings::TelemetrySettings;
use traces::{Active, Traces};

pub use audit::AuditFound;
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
    recent: RecentRequests,
}

/// The telemetry of a new configuration, opened and ready to be applied.
pub struct PreparedTelemetry {
    log: Option<PreparedLog>,
    audit: Option<AppendFile>,
    traces: Option<Active>,
    requests: usize,
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
        audit.apply(Audit::prepare(settings.audit).map_err(TelemetryError)?);
        let recent = RecentRequests::default();
        recent.set_capacity(settings.requests);
        Ok(Self(Arc::new(Parts { log, audit, metrics: RequestMetrics::default(), traces, recent })))
    }

    /// Does everything of a new configuration that can fail.
    ///
    /// # Errors
    /// A file cannot be opened.
    pub fn prepare(&self, settings: TelemetrySettings) -> Result<PreparedTelemetry, String> {
        let traces = self.0.traces.prepare(settings.traces)?;
        let log = self.0.log.as_ref().map(|_| PreparedLog::of(&settings.log)).transpose()?;
        Ok(PreparedTelemetry { log, audit: Audit::prepare(settings.audit)?, traces, requests: settings.requests })
    }

    /// Switches to what was prepared. If that ends the audit log, waits for a bounded time for its last lines.
    pub fn apply(&self, prepared: PreparedTelemetry) {
        let PreparedTelemetry { log, audit, traces, requests } = prepared;
        self.0.recent.set_capacity(requests);
        self.0.traces.apply(traces);
        if let (Some(current), Some(log)) = (&self.0.log, log) {
            current.apply(log);
        }
        self.0.audit.apply(audit);
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
        log::access::log(finished);
        self.0.audit.finished(finished);
        self.0.recent.add(finished);
        if let Some(trace) = finished.trace {
            trace.finished(finished);
        }
    }

    /// Whether results of changes whose callers disconnected are recorded.
    pub fn follows_changes(&self) -> bool {
        self.0.audit.is_on()
    }

    /// Records the result of a change whose caller disconnected.
    pub fn change_finished(&self, finished: &ChangeFinished<'_>) {
        self.0.audit.change_finished(finished);
    }

    /// Records that a change that waited was withdrawn, or a dead one sent again.
    pub fn moved(&self, moved: &RecordMoved<'_>) {
        self.0.audit.moved(moved);
    }

    /// Records that the gateway listens.
    pub fn started(&self, generation: u64) {
        let version = env!("CARGO_PKG_VERSION");
        self.0.audit.record(&Event::Start { version, pid: std::process::id(), generation });
    }

    /// Records a reload: what triggered it and which request, the generation in use afterwards, why it was refused, and which keys it changed.
    pub fn reloaded(
        &self,
        (trigger, by): (&str, Option<&ReloadRequest>),
        generation: u64,
        problems: Option<&str>,
        keys: Option<&KeyChanges>,
    ) {
        let outcome = if problems.is_none() { "applied" } else { "refused" };
        let problems = problems.map(audit::problems);
        self.0.audit.record(&Event::Reload { trigger, by, outcome, generation, problems });
        keys.into_iter().for_each(|keys| self.0.audit.record(&Event::Keys(keys)));
    }

    /// Records a request to administration without its token.
    pub fn admin_refused(&self, request_id: &str, method: &str, path: &str, peer: Option<String>) {
        let path = audit::truncated(path, 256);
        self.0.audit.record(&Event::AdminRefused { request_id, method, path, peer });
    }

    /// Records that a browser has signed in to the console.
    pub fn admin_signed_in(&self, request_id: &str, role: &str, peer: Option<String>) {
        self.0.audit.record(&Event::AdminSignedIn { request_id, role, peer });
    }

    /// The metrics of requests without a vendor account.
    pub fn metrics(&self) -> &RequestMetrics {
        &self.0.metrics
    }

    /// Looks up what the audit log has of a request or a record. It blocks, for seconds at most. `None` without an audit log.
    pub fn audited(&self, id: &str) -> Option<AuditFound> {
        self.0.audit.find(id)
    }

    /// The last requests.
    pub fn recent(&self) -> &RecentRequests {
        &self.0.recent
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
