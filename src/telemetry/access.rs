//! The access log: one event for each request. Never bodies, never secrets.

use std::fmt;
use std::time::Duration;

use crate::edge::problem::Fault;

use super::Finished;

/// Logs one finished request: callers' mistakes as information, everything that needs somebody as a warning.
pub(super) fn log(finished: &Finished<'_>) {
    let Finished { context, record, problem, .. } = finished;
    // To the microsecond; more digits are noise.
    let millis = |duration: Duration| duration.as_micros() as f64 / 1000.0;
    let (applied, dropped) = record.counts();
    macro_rules! event {
        ($level:ident) => {
            tracing::$level!(
                target: "switchboard::access",
                request_id = context.request_id.as_str(),
                client = context.client_name(),
                method = finished.method.as_str(),
                route = finished.route,
                assistant = record.assistant.as_deref(),
                vendor = record.vendor.as_deref(),
                dry_run = record.dry_run.then_some(true),
                status = finished.status,
                reason = finished.reason().as_str(),
                code = problem.and_then(|problem| problem.code).map(|code| code.as_str()),
                fault = problem.map(|problem| problem.fault.as_str()),
                outcome = finished.outcome(),
                attempts = record.attempts,
                applied,
                dropped,
                total_ms = millis(finished.total),
                queue_ms = millis(record.queued),
                vendor_ms = millis(record.with_vendor),
                request_bytes = record.request_bytes,
                answer_bytes = finished.answer_bytes,
                cause = problem.and_then(|problem| problem.internal.as_deref()),
                trace_id = context.recording.as_ref().map(|recording| display(Hex(recording.trace_id()))),
                "request"
            )
        };
    }
    match problem.map(|problem| problem.fault) {
        None | Some(Fault::Caller) => event!(info),
        Some(Fault::Gateway | Fault::Vendor) => event!(warn),
    }
}

/// A trace id as everybody writes it.
struct Hex(u128);

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}
