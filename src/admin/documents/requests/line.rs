//! One request as documents have it: the members of its access line, and the names of its fields.

use serde::Serialize;

use crate::http::attempt_times::AttemptEnd;
use crate::problem::{Code, Fault};
use crate::telemetry::recent_requests::RecentRequest;
use crate::value::AssistantOperation;

use super::{millis, time};

/// A request. What its access line has too has the same name here.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(Default))]
pub(crate) struct RequestLine {
    /// Counted from the start of the process.
    pub(crate) sequence: u64,
    /// When it ended.
    pub(crate) timestamp: String,
    pub(crate) request_id: String,
    pub(crate) peer: Option<String>,
    pub(crate) client: Option<String>,
    pub(crate) method: String,
    pub(crate) route: &'static str,
    pub(crate) operation: Option<&'static str>,
    pub(crate) assistant: Option<String>,
    pub(crate) vendor: Option<String>,
    /// The vendor's id of the assistant.
    pub(crate) vendor_id: Option<String>,
    pub(crate) update: Option<String>,
    pub(crate) dry_run: bool,
    pub(crate) status: u16,
    pub(crate) reason: &'static str,
    pub(crate) code: Option<&'static str>,
    pub(crate) fault: Option<&'static str>,
    pub(crate) outcome: Option<&'static str>,
    pub(crate) attempts: u32,
    pub(crate) applied: usize,
    pub(crate) dropped: usize,
    pub(crate) total_ms: f64,
    /// The time in which the caller sent the body.
    pub(crate) receiving_ms: f64,
    pub(crate) queue_ms: f64,
    pub(crate) vendor_ms: f64,
    pub(crate) request_bytes: usize,
    pub(crate) answer_bytes: u64,
    pub(crate) cause: Option<String>,
    pub(crate) trace_id: Option<String>,
    pub(crate) applied_fields: Vec<&'static str>,
    pub(crate) dropped_fields: Vec<NoteLine>,
    pub(crate) warnings: Vec<NoteLine>,
    /// The first eight attempts at a change.
    pub(crate) attempt_times: Vec<AttemptLine>,
}

/// A field and the code of what is said about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct NoteLine {
    pub(crate) field: String,
    pub(crate) code: String,
}

/// One attempt at a vendor.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct AttemptLine {
    /// When it began, after the request's arrival.
    pub(crate) at_ms: f64,
    /// How long it took; null if it still ran when the request ended.
    pub(crate) ms: Option<f64>,
    /// The vendor's status; null without a response.
    pub(crate) status: Option<u16>,
    /// Why there is no response.
    pub(crate) failure: Option<&'static str>,
}

impl RequestLine {
    pub(super) fn of(request: &RecentRequest) -> Self {
        let note = |(field, code): (&str, &str)| NoteLine { field: field.to_owned(), code: code.to_owned() };
        Self {
            sequence: request.number,
            timestamp: time(request.ended),
            request_id: request.request_id().to_owned(),
            peer: request.peer.map(|peer| peer.to_string()),
            client: request.client().map(str::to_owned),
            method: request.method().to_owned(),
            route: request.route,
            operation: request.operation.map(AssistantOperation::as_str),
            assistant: request.assistant().map(str::to_owned),
            vendor: request.vendor().map(str::to_owned),
            vendor_id: request.vendor_id().map(str::to_owned),
            update: request.update.map(|id| id.to_string()),
            dry_run: request.dry_run,
            status: request.status,
            reason: request.reason.as_str(),
            code: request.code.map(Code::as_str),
            fault: request.fault.map(Fault::as_str),
            outcome: request.outcome,
            attempts: request.attempts,
            applied: request.applied,
            dropped: request.dropped,
            total_ms: millis(request.total),
            receiving_ms: millis(request.receiving),
            queue_ms: millis(request.queued),
            vendor_ms: millis(request.with_vendor),
            request_bytes: request.request_bytes,
            answer_bytes: request.response_bytes,
            cause: request.cause().map(str::to_owned),
            trace_id: request.trace_id.map(|id| format!("{id:032x}")),
            applied_fields: request.applied_fields().collect(),
            dropped_fields: request.dropped_fields().map(note).collect(),
            warnings: request.warnings().map(note).collect(),
            attempt_times: request.attempt_times().map(|(at, time)| AttemptLine::of(millis(at), time.ended)).collect(),
        }
    }
}

impl AttemptLine {
    fn of(at_ms: f64, ended: Option<(std::time::Duration, AttemptEnd)>) -> Self {
        let (status, failure) = match ended.map(|(_, end)| end) {
            Some(AttemptEnd::Answered(status)) => (Some(status), None),
            Some(AttemptEnd::Failed(reason)) => (None, Some(reason)),
            Some(AttemptEnd::Abandoned) => (None, Some("abandoned")),
            None => (None, None),
        };
        Self { at_ms, ms: ended.map(|(took, _)| millis(took)), status, failure }
    }
}

#[cfg(test)]
impl RequestLine {
    /// A request of which nothing is known but that it was an update.
    pub(crate) fn example() -> Self {
        Self {
            sequence: 7,
            timestamp: "2026-01-31T08:00:00.000000Z".to_owned(),
            request_id: "crm-4711".to_owned(),
            method: "PUT".to_owned(),
            route: "/v1/assistants/{assistant}",
            operation: Some("update"),
            status: 200,
            reason: "ok",
            ..Self::default()
        }
    }
}
