//! The access log: one line for each request, never with bodies or secrets.
//!
//! One list describes the members of a line. In the JSON format they are written straight into the line, because an
//! event, with one visit for each field, costs several times as much. In the text format they are an event's fields.

use std::cell::Cell;
use std::io::Write;
use std::time::SystemTime;

use tracing::Level;

use crate::problem::Fault;
use crate::telemetry::background_writer::BackgroundWriter;
use crate::telemetry::event::RequestFinished;

use super::member::{Hex, Member, Millis};

const TARGET: &str = "switchboard::access";

thread_local! {
    /// The buffer of a thread's lines, kept to save an allocation for each.
    static LINE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Logs a finished request: at `info` if it succeeded or the caller is at fault, otherwise at `warn`. `json` is the
/// writer of the log in the JSON format.
pub(crate) fn log(finished: &RequestFinished<'_>, json: Option<&BackgroundWriter>) {
    let RequestFinished { update, problem, .. } = finished;
    let (applied, dropped) = update.counts();
    macro_rules! line {
        ($level:ident, $($name:ident: $value:expr,)+) => {
            match json {
                None => tracing::event!(target: TARGET, Level::$level, $($name = $value.field(),)+ "request"),
                Some(json) if tracing::event_enabled!(target: TARGET, Level::$level, message, $($name),+) => {
                    write(json, Level::$level, |line| {
                        $($value.push(concat!(",\"", stringify!($name), "\":"), line);)+
                    });
                }
                Some(_) => {}
            }
        };
    }
    macro_rules! request {
        ($level:ident) => {
            line!(
                $level,
                request_id: finished.request_id,
                client: finished.client,
                method: finished.method.as_str(),
                route: finished.route,
                assistant: update.assistant,
                vendor: update.vendor,
                dry_run: update.dry_run.then_some(true),
                status: finished.status,
                reason: finished.reason().as_str(),
                code: problem.and_then(|problem| problem.code).map(|code| code.as_str()),
                fault: problem.map(|problem| problem.fault.as_str()),
                outcome: finished.outcome(),
                attempts: update.attempts,
                applied: applied,
                dropped: dropped,
                total_ms: Millis(finished.total),
                queue_ms: Millis(update.queued),
                vendor_ms: Millis(update.with_vendor),
                request_bytes: update.request_bytes,
                answer_bytes: finished.response_bytes,
                cause: problem.and_then(|problem| problem.internal.as_deref()),
                trace_id: finished.trace.map(|trace| Hex(trace.trace_id())),
            )
        };
    }
    match problem.map(|problem| problem.fault) {
        None | Some(Fault::Caller) => request!(INFO),
        Some(Fault::Gateway | Fault::Vendor) => request!(WARN),
    }
}

/// Writes a line as the JSON format has it; `members` appends the members after the message, commas included.
fn write(json: &BackgroundWriter, level: Level, members: impl FnOnce(&mut Vec<u8>)) {
    let mut line = LINE.take();
    line.clear();
    let time = humantime::format_rfc3339_micros(SystemTime::now());
    let head = format_args!(r#"{{"timestamp":"{time}","level":"{level}","target":"{TARGET}","message":"request""#);
    let _never_fails = line.write_fmt(head);
    members(&mut line);
    line.extend_from_slice(b"}\n");
    json.push(&line);
    LINE.set(line);
}

#[cfg(test)]
mod tests;
