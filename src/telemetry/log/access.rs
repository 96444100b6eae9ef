//! The access log: one line for each request, never with bodies or secrets.
//!
//! A line is an event whose message is JSON or a short text, as the format of the log asks. As fields of an event,
//! `tracing-subscriber` would need 30,000 instructions to write twenty members as JSON, a quarter of an update.

use std::fmt::{self, Write};
use std::time::Duration;

use tracing::field::Field;
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::problem::{Code, Fault};
use crate::telemetry::event::RequestFinished;
use crate::value::AssistantOperation;

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

impl Line<'_> {
    fn is_warning(&self) -> bool {
        self.0.problem.is_some_and(|problem| problem.fault != Fault::Caller)
    }

    /// The line as JSON. Its names are plain, so that only texts of others are escaped, which would cost as much as the rest.
    fn json(&self) -> String {
        let RequestFinished { update, problem, .. } = self.0;
        let (applied, dropped) = update.counts();
        let mut line = Members(String::with_capacity(768));
        let _written: fmt::Result =
            write!(line.0, "{{\"timestamp\":\"{}", humantime::format_rfc3339_micros(self.0.ended));
        line.0.push_str(if self.is_warning() { "\",\"level\":\"WARN\"" } else { "\",\"level\":\"INFO\"" });
        line.word(",\"target\":", Some(TARGET));
        line.word(",\"message\":", Some("request"));
        line.word(",\"request_id\":", Some(self.0.request_id));
        line.word(",\"peer\":", self.0.peer.map(|peer| peer.to_string()).as_deref());
        line.text(",\"client\":", self.0.client);
        line.word(",\"method\":", Some(self.0.method.as_str()));
        line.word(",\"route\":", Some(self.0.route));
        line.word(",\"operation\":", update.operation.map(AssistantOperation::as_str));
        line.text(",\"assistant\":", update.assistant);
        line.text(",\"vendor\":", update.vendor);
        line.word(",\"update\":", update.record.map(|record| record.to_string()).as_deref());
        if update.dry_run {
            line.0.push_str(",\"dry_run\":true");
        }
        line.number(",\"status\":", self.0.status);
        line.word(",\"reason\":", Some(self.0.reason().as_str()));
        line.word(",\"code\":", problem.and_then(|problem| problem.code).map(Code::as_str));
        line.word(",\"fault\":", problem.map(|problem| problem.fault.as_str()));
        line.word(",\"outcome\":", self.0.outcome());
        line.number(",\"attempts\":", update.attempts);
        line.number(",\"applied\":", applied);
        line.number(",\"dropped\":", dropped);
        line.millis(",\"total_ms\":", self.0.total);
        line.millis(",\"queue_ms\":", update.queued);
        line.millis(",\"vendor_ms\":", update.with_vendor);
        line.number(",\"request_bytes\":", update.request_bytes);
        line.number(",\"answer_bytes\":", self.0.response_bytes);
        line.text(",\"cause\":", problem.and_then(|problem| problem.internal.as_deref()));
        let trace_id = self.0.trace.map(|trace| format!("{:032x}", trace.trace_id()));
        line.word(",\"trace_id\":", trace_id.as_deref());
        line.0.push('}');
        line.0
    }
}

/// The members of a JSON object, as text.
struct Members(String);

impl Members {
    /// Adds a text, if there is one, after its name.
    fn text(&mut self, name: &str, text: Option<&str>) {
        let Some(text) = text else { return };
        self.0.push_str(name);
        match text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\') {
            true => self.0.extend(["\"", text, "\""]),
            false => self.0.push_str(&serde_json::Value::from(text).to_string()),
        }
    }

    /// Adds a text of ours, which needs no escapes, if there is one.
    fn word(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.0.extend([name, "\"", text, "\""]);
        }
    }

    /// Adds a number.
    fn number(&mut self, name: &str, value: impl itoa::Integer) {
        self.0.extend([name, itoa::Buffer::new().format(value)]);
    }

    /// Adds a duration in milliseconds, rounded down to the microsecond, with three decimals.
    fn millis(&mut self, name: &str, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        self.number(name, micros / 1000);
        let mut part = itoa::Buffer::new();
        let part = part.format(micros % 1000);
        self.0.extend([".", "00".get(part.len() - 1..).unwrap_or_default(), part]);
    }
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return f.write_str(&self.json());
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
        update.record.map_or(Ok(()), |record| write!(f, " {record}"))?;
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
