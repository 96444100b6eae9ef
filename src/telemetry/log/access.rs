//! The access log: one line for each request. Never bodies, never secrets.
//!
//! Its members are described once. Where the log is JSON they are written straight into the line, since going through
//! an event, one visit for each field, costs several times as much; otherwise they are an event's fields.

use std::fmt;
use std::time::Duration;

use tracing::Level;
use tracing::field::{DisplayValue, display};
use vendors::json::{push_integer, push_string};

use crate::problem::Fault;

use super::json_lines::{JsonLines, push_display};
use crate::telemetry::event::RequestFinished;

const TARGET: &str = "switchboard::access";

/// Logs one finished request: callers' mistakes as information, everything that needs somebody as a warning. `json` is
/// the log where its lines are JSON.
pub(crate) fn log(finished: &RequestFinished<'_>, json: Option<&JsonLines>) {
    let RequestFinished { update, problem, .. } = finished;
    let (applied, dropped) = update.counts();
    macro_rules! line {
        ($level:ident, $($name:ident: $value:expr,)+) => {
            match json {
                None => tracing::event!(target: TARGET, Level::$level, $($name = $value.field(),)+ "request"),
                Some(json) if tracing::event_enabled!(target: TARGET, Level::$level, message, $($name),+) => {
                    json.write((Level::$level, TARGET), |line| {
                        line.extend_from_slice(b",\"message\":\"request\"");
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
                answer_bytes: finished.answer_bytes,
                cause: problem.and_then(|problem| problem.internal.as_deref()),
                trace_id: finished.recording.map(|recording| Hex(recording.trace_id())),
            )
        };
    }
    match problem.map(|problem| problem.fault) {
        None | Some(Fault::Caller) => request!(INFO),
        Some(Fault::Gateway | Fault::Vendor) => request!(WARN),
    }
}

/// A member of a line, as both formats have it.
trait Member: Copy {
    /// What it is in an event.
    type Field: tracing::Value;

    fn field(self) -> Self::Field;

    /// Appends it behind `key`, which holds the comma before it, its name and the colon.
    fn push(self, key: &str, line: &mut Vec<u8>);
}

/// Without a value there is no member.
impl<M: Member> Member for Option<M> {
    type Field = Option<M::Field>;

    fn field(self) -> Self::Field {
        self.map(M::field)
    }

    #[inline]
    fn push(self, key: &str, line: &mut Vec<u8>) {
        if let Some(member) = self {
            member.push(key, line);
        }
    }
}

macro_rules! members {
    ($($type:ty: |$line:ident, $value:ident| $push:expr;)+) => {
        $(impl Member for $type {
            type Field = Self;

            fn field(self) -> Self {
                self
            }

            #[inline]
            fn push(self, key: &str, $line: &mut Vec<u8>) {
                $line.extend_from_slice(key.as_bytes());
                let $value = self;
                $push;
            }
        })+
    };
}

members! {
    &str: |line, text| push_string(line, text);
    bool: |line, truth| line.extend_from_slice(if truth { b"true" } else { b"false" });
    u16: |line, number| push_integer(line, number.into());
    u32: |line, number| push_integer(line, number.into());
    u64: |line, number| push_integer(line, number);
    usize: |line, number| push_integer(line, number as u64);
}

/// A duration in milliseconds, to the microsecond; more digits are noise.
#[derive(Clone, Copy)]
struct Millis(Duration);

impl Member for Millis {
    type Field = f64;

    fn field(self) -> f64 {
        self.0.as_micros() as f64 / 1000.0
    }

    fn push(self, key: &str, line: &mut Vec<u8>) {
        /// Up to here a double has digits enough, so that its shortest text is that of the decimal number.
        const EXACT: u128 = 1_000_000_000_000_000;
        line.extend_from_slice(key.as_bytes());
        let micros = match self.0.as_micros() {
            micros @ 0..EXACT => micros as u64,
            _ => return push_display(line, self.field()),
        };
        push_integer(line, micros / 1000);
        let part = (micros % 1000) as u16;
        if part > 0 {
            let digit = |unit: u16| b'0' + (part / unit % 10) as u8;
            let told = match (part % 100, part % 10) {
                (0, _) => 2,
                (_, 0) => 3,
                _ => 4,
            };
            line.extend_from_slice(&[b'.', digit(100), digit(10), digit(1)][..told]);
        }
    }
}

/// A trace id as everybody writes it.
#[derive(Clone, Copy)]
struct Hex(u128);

impl Member for Hex {
    type Field = DisplayValue<Self>;

    fn field(self) -> Self::Field {
        display(self)
    }

    fn push(self, key: &str, line: &mut Vec<u8>) {
        line.extend_from_slice(key.as_bytes());
        push_display(line, format_args!("\"{self}\""));
    }
}

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

#[cfg(test)]
pub(crate) mod tests;
