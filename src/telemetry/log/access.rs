//! The access log: one line for each request, never with bodies or secrets.
//!
//! A line is an event whose message is JSON or a short text, as the format of the log asks. As fields of an event,
//! `tracing-subscriber` would need 30,000 instructions to write twenty members as JSON, a quarter of an update.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::ser::{Serialize, SerializeMap, Serializer};
use tracing::field::Field;
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::problem::{Code, Fault};
use crate::telemetry::event::RequestFinished;

const TARGET: &str = "switchboard::access";

/// Logs a finished request: at `info` if it succeeded or the caller is at fault, otherwise at `warn`.
pub(crate) fn log(finished: &RequestFinished<'_>) {
    let line = Line(finished);
    match line.is_warning() {
        false => tracing::info!(target: TARGET, message = %line),
        true => tracing::warn!(target: TARGET, message = %line),
    }
}

/// Writes access lines as JSON, and other events as `F` does.
pub(super) struct JsonFormat<F>(pub(super) F);

impl<S, N, F> FormatEvent<S, N> for JsonFormat<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(&self, ctx: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        if event.metadata().target() != TARGET {
            return self.0.format_event(ctx, writer, event);
        }
        let mut result = Ok(());
        event.record(&mut |_: &Field, line: &dyn fmt::Debug| result = writeln!(writer, "{line:#?}"));
        result
    }
}

/// The line of a request: with `{:#}` as JSON, otherwise as a short text.
struct Line<'a>(&'a RequestFinished<'a>);

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let RequestFinished { update, problem, .. } = self.0;
        let (applied, dropped) = update.counts();
        let mut line = serializer.serialize_map(None)?;
        let optional = |line: &mut S::SerializeMap, name, text: Option<&str>| {
            text.map_or(Ok(()), |text| line.serialize_entry(name, text))
        };
        line.serialize_entry("timestamp", &humantime::format_rfc3339_micros(SystemTime::now()).to_string())?;
        line.serialize_entry("level", if self.is_warning() { "WARN" } else { "INFO" })?;
        line.serialize_entry("target", TARGET)?;
        line.serialize_entry("message", "request")?;
        line.serialize_entry("request_id", self.0.request_id)?;
        if let Some(peer) = self.0.peer {
            line.serialize_entry("peer", &peer)?;
        }
        optional(&mut line, "client", self.0.client)?;
        line.serialize_entry("method", self.0.method.as_str())?;
        line.serialize_entry("route", self.0.route)?;
        optional(&mut line, "assistant", update.assistant)?;
        optional(&mut line, "vendor", update.vendor)?;
        if update.dry_run {
            line.serialize_entry("dry_run", &true)?;
        }
        line.serialize_entry("status", &self.0.status)?;
        line.serialize_entry("reason", self.0.reason().as_str())?;
        optional(&mut line, "code", problem.and_then(|problem| problem.code).map(Code::as_str))?;
        optional(&mut line, "fault", problem.map(|problem| problem.fault.as_str()))?;
        optional(&mut line, "outcome", self.0.outcome())?;
        line.serialize_entry("attempts", &update.attempts)?;
        line.serialize_entry("applied", &applied)?;
        line.serialize_entry("dropped", &dropped)?;
        line.serialize_entry("total_ms", &millis(self.0.total))?;
        line.serialize_entry("queue_ms", &millis(update.queued))?;
        line.serialize_entry("vendor_ms", &millis(update.with_vendor))?;
        line.serialize_entry("request_bytes", &update.request_bytes)?;
        line.serialize_entry("answer_bytes", &self.0.response_bytes)?;
        optional(&mut line, "cause", problem.and_then(|problem| problem.internal.as_deref()))?;
        let trace_id = self.0.trace.map(|trace| format!("{:032x}", trace.trace_id()));
        optional(&mut line, "trace_id", trace_id.as_deref())?;
        line.end()
    }
}

impl Line<'_> {
    fn is_warning(&self) -> bool {
        self.0.problem.is_some_and(|problem| problem.fault != Fault::Caller)
    }
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?);
        }
        let RequestFinished { update, problem, .. } = self.0;
        let assistant = update.assistant.unwrap_or(self.0.route).escape_debug();
        write!(f, "{} {assistant}", self.0.method)?;
        update.vendor.map_or(Ok(()), |vendor| write!(f, " -> {vendor}"))?;
        let dry_run = update.dry_run.then_some("dry_run");
        let reason = problem.map(|problem| problem.reason.as_str());
        write!(f, " {}", self.0.status)?;
        dry_run.into_iter().chain(reason).chain(self.0.outcome()).try_for_each(|word| write!(f, " {word}"))?;
        let (total, vendor) = (millis(self.0.total), millis(update.with_vendor));
        write!(f, " {total:.1} ms (vendor {vendor:.1}) {} {}", self.0.client.unwrap_or("-"), self.0.request_id)?;
        let cause = problem.and_then(|problem| problem.internal.as_deref());
        cause.map_or(Ok(()), |cause| write!(f, ": {}", cause.escape_debug()))
    }
}

/// A duration in milliseconds, rounded down to the microsecond.
fn millis(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}

#[cfg(test)]
mod tests;
