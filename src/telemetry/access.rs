//! The access log: one event for each request. Never bodies, never secrets.

use http::{Method, StatusCode};

use crate::api::{Context, Record};
use crate::edge::problem::{Fault, Problem};

/// What the log keeps of a problem.
#[derive(Debug)]
pub struct Noted {
    code: &'static str,
    fault: Fault,
    outcome: &'static str,
    internal: Option<String>,
}

impl Noted {
    /// What of a problem is worth logging.
    pub fn of(problem: &Problem) -> Self {
        Self {
            code: problem.code.as_str(),
            fault: problem.code.kind().fault,
            outcome: problem.outcome.as_str(),
            internal: problem.internal.clone(),
        }
    }
}

/// Logs one finished request: callers' mistakes as information, everything that needs somebody as a warning.
pub fn log(
    context: &Context,
    (method, route): (&Method, &str),
    status: StatusCode,
    record: &Record,
    problem: Option<&Noted>,
) {
    let millis = |duration: std::time::Duration| duration.as_secs_f64() * 1000.0;
    macro_rules! event {
        ($level:ident) => {
            tracing::$level!(
                target: "switchboard::access",
                request_id = context.request_id.as_str(),
                client = context.client_name(),
                method = method.as_str(),
                route,
                assistant = record.assistant.as_deref(),
                vendor = record.vendor.as_deref(),
                status = status.as_u16(),
                code = problem.map(|problem| problem.code),
                fault = problem.map(|problem| problem.fault.as_str()),
                outcome = problem.map(|problem| problem.outcome),
                attempts = record.attempts,
                applied = record.applied,
                dropped = record.dropped,
                total_ms = millis(context.arrived.elapsed()),
                queue_ms = millis(record.queued),
                vendor_ms = millis(record.with_vendor),
                cause = problem.and_then(|problem| problem.internal.as_deref()),
                "request"
            )
        };
    }
    match problem.map(|problem| problem.fault) {
        None | Some(Fault::Caller) => event!(info),
        Some(Fault::Gateway | Fault::Vendor) => event!(warn),
    }
}
