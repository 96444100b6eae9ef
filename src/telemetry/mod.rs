//! What the gateway tells its operators. Everything about a request goes through [`Telemetry::finished`].

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

use audit::{Audit, Event, NextAudit};
use event::{ConfigReloaded, RequestFinished};
use log::{LogControl, NextLog};
use metrics::Metrics;
use settings::{AuditSettings, LogSettings, TelemetrySettings};
use traces::{NextTraces, Traces};

pub use audit::{AuditError, Unwritten};
pub use background_writer::Health;
pub use traces::{Recording, SpanCounts, VendorCall};

/// Where everything that is told of requests and configurations goes; cheap to clone.
#[derive(Clone, Default)]
pub struct Telemetry(Arc<Parts>);

#[derive(Default)]
struct Parts {
    /// `None` where somebody else has started logging, as tests do.
    log: Option<LogControl>,
    audit: Audit,
    metrics: Metrics,
    traces: Traces,
    /// What is in force; `None` for the telemetry of tests.
    files: Mutex<Option<Files>>,
}

/// The files that lines are written to.
#[derive(Clone)]
struct Files {
    log: LogSettings,
    audit: Option<AuditSettings>,
}

/// What a new configuration makes of it: everything that can fail, done.
pub struct Next {
    log: Option<NextLog>,
    audit: NextAudit,
    traces: NextTraces,
    files: Files,
}

/// How the writing of lines and the export of spans goes.
#[derive(Debug, serde::Serialize)]
pub struct Healths {
    /// The log, access log included; `None` where somebody else has started logging.
    pub log: Option<Health>,
    /// The audit log; `None` while it is off.
    pub audit: Option<Health>,
    /// Traces; `None` while they are off and were never on.
    pub traces: Option<SpanCounts>,
}

/// Telling operators cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The audit log cannot be kept.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The collector's certificates or headers cannot be used.
    #[error("{0}")]
    Traces(String),
}

impl Telemetry {
    /// Begins as configured.
    ///
    /// # Errors
    /// The audit log cannot be kept, or the collector's certificates cannot be used.
    pub fn start(settings: TelemetrySettings, log: Option<LogControl>) -> Result<Self, TelemetryError> {
        let audit = Audit::default();
        let traces = Traces::default();
        traces.take_up(traces.prepare(settings.traces).map_err(TelemetryError::Traces)?);
        audit.apply(audit.prepare(settings.audit.as_ref())?).wait();
        let files = Mutex::new(Some(Files { log: settings.log, audit: settings.audit }));
        Ok(Self(Arc::new(Parts { log, audit, metrics: Metrics::default(), traces, files })))
    }

    /// Does everything that can fail when a new configuration is applied. What is prepared has to be applied.
    ///
    /// # Errors
    /// A file cannot be opened.
    pub fn prepare(&self, settings: TelemetrySettings) -> Result<Next, String> {
        let traces = self.0.traces.prepare(settings.traces)?;
        let files = Files { log: settings.log, audit: settings.audit };
        let (log, audit) = self.open(&files)?;
        Ok(Next { log, audit, traces, files })
    }

    fn open(&self, files: &Files) -> Result<(Option<NextLog>, NextAudit), String> {
        let log = self.0.log.as_ref().map(|_| NextLog::of(&files.log)).transpose()?;
        let audit = self.0.audit.prepare(files.audit.as_ref()).map_err(|error| error.to_string())?;
        Ok((log, audit))
    }

    /// Goes on as prepared, without waiting.
    pub fn apply(&self, next: Next) -> Unwritten {
        let Next { log, audit, traces, files } = next;
        *self.0.files.lock().unwrap_or_else(PoisonError::into_inner) = Some(files);
        self.0.traces.take_up(traces);
        self.write_to(log, audit)
    }

    fn write_to(&self, log: Option<NextLog>, audit: NextAudit) -> Unwritten {
        if let (Some(log), Some(next)) = (&self.0.log, log) {
            log.take_up(next);
        }
        self.0.audit.apply(audit)
    }

    /// Opens the files of the configuration in force again, for operators who have renamed them.
    pub fn reopen(&self) -> Option<Unwritten> {
        let files = self.0.files.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        let opened = self.open(&files);
        opened
            .map(|(log, audit)| self.write_to(log, audit))
            .inspect_err(|error| tracing::error!(error, "a file cannot be opened again; the old one stays in use"))
            .ok()
    }

    /// Decides whether a request with these headers is traced; `trace` says so to vendors.
    pub fn record(&self, trace: &mut TraceContext, headers: &HeaderMap, arrived: Instant) -> Option<Arc<Recording>> {
        self.0.traces.record(trace, headers, arrived)
    }

    /// Tells of a request that is over.
    pub fn finished(&self, finished: &RequestFinished<'_>) {
        self.0.metrics.finished(finished);
        log::access::log(finished, self.0.log.as_ref().and_then(LogControl::json));
        self.0.audit.finished(finished);
        if let Some(recording) = finished.recording {
            recording.finished(finished);
        }
    }

    /// Whether it matters what came of updates whose callers have gone.
    pub fn follows_updates(&self) -> bool {
        self.0.audit.is_on()
    }

    /// Tells what came of an update whose caller had gone.
    pub fn update_finished(&self, (request_id, vendor, id): (&str, &str, &str), result: Result<u32, &Problem>) {
        let (outcome, reason, attempts) = match result {
            Ok(attempts) => ("applied", "ok", Some(attempts)),
            Err(problem) => (problem.outcome.as_str(), problem.reason().as_str(), problem.attempts),
        };
        self.0.audit.record(&Event::UpdateFinished { request_id, vendor, vendor_id: id, outcome, reason, attempts });
    }

    /// Tells that the gateway listens.
    pub fn started(&self, generation: u64) {
        let version = env!("CARGO_PKG_VERSION");
        self.0.audit.record(&Event::Start { version, pid: std::process::id(), generation });
    }

    /// Tells of a reload.
    pub fn reloaded(&self, reloaded: &ConfigReloaded<'_>) {
        let ConfigReloaded { trigger, generation, problems, keys } = reloaded;
        let outcome = if problems.is_none() { "applied" } else { "refused" };
        let problems = problems.map(audit::problems);
        self.0.audit.record(&Event::Reload { trigger, outcome, generation: *generation, problems });
        if let Some(keys) = keys {
            self.0.audit.record(&Event::Keys(keys));
        }
    }

    /// Tells of a request to administration that lacks its token.
    pub fn admin_refused(&self, request_id: &str, (method, path): (&str, &str), peer: Option<String>) {
        let path = audit::shortened(path, 256);
        self.0.audit.record(&Event::AdminRefused { request_id, method, path, peer });
    }

    /// What has been counted.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// How the writing goes.
    pub fn healths(&self) -> Healths {
        let Parts { log, audit, traces, .. } = &*self.0;
        Healths { log: log.as_ref().map(LogControl::health), audit: audit.health(), traces: traces.counts() }
    }

    /// Tells that the gateway ends, and how, and waits a bounded time for everything to be written.
    pub async fn stop(self, ended: &'static str) {
        self.0.audit.record(&Event::Stop { ended });
        self.0.traces.end().await;
        let writing = tokio::task::spawn_blocking(move || self.0.audit.end());
        if writing.await.is_err() {
            tracing::error!("the end of the audit log panicked");
        }
    }
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telemetry").finish_non_exhaustive()
    }
}
