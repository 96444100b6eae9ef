//! Requests: the last ones as a list, one of them with all that is known of it, and the search by an id, a
//! name or a text.

mod filter;
mod find;
mod line;
mod list;
mod one;
mod way;

pub(crate) use find::{Find, find};
pub(crate) use line::{AttemptLine, NoteLine, RequestLine};
pub(crate) use list::{Minute, Requests, json_lines, requests};
pub(crate) use one::{ProblemKind, RecordLine, Request, request};
pub(crate) use way::{Step, StepKind};

use std::time::{Duration, SystemTime};

use crate::problem::Problem;
use crate::telemetry::Telemetry;
use crate::telemetry::recent_requests::RecentRequest;

/// Looks at the last requests, newest first, until `look` says `false`, off the threads that serve requests.
async fn each<T: Send + 'static>(
    telemetry: &Telemetry,
    mut state: T,
    look: impl Fn(&mut T, &RecentRequest) -> bool + Send + 'static,
) -> Result<T, Problem> {
    let telemetry = telemetry.clone();
    let looked = tokio::task::spawn_blocking(move || {
        telemetry.recent().each(|request| look(&mut state, request));
        state
    });
    looked.await.map_err(|error| Problem::internal("the last requests cannot be read", error))
}

/// The way of a request, for tests of pages.
#[cfg(test)]
pub(crate) fn way_of(line: &RequestLine) -> Vec<Step> {
    way::way(line)
}

/// What a look-up in the audit log may give, for tests of pages.
#[cfg(test)]
pub(crate) fn audit_of(events: Vec<serde_json::Value>) -> crate::telemetry::AuditFound {
    crate::telemetry::AuditFound { events, files: 1, bytes: 1, complete: true }
}

/// A point in time as documents have it.
fn time(time: SystemTime) -> String {
    humantime::format_rfc3339_micros(time).to_string()
}

/// A duration in milliseconds, rounded down to the microsecond.
fn millis(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}
