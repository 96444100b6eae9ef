use std::time::{Duration, SystemTime};

use http::Method;
use serde_json::{Value, json};

use super::*;
use crate::problem::{Outcome, Reason};
use crate::telemetry::event::{ProblemSummary, UpdateSummary};
use crate::telemetry::log::tests::{logged, logged_as_text, parsed};
use crate::value::AssistantOperation;

/// Logs one request. `edit` fills in the update and returns the problem.
fn log_one(edit: impl Fn(&mut UpdateSummary<'_>) -> Option<ProblemSummary>) {
    let mut update = UpdateSummary::default();
    let problem = edit(&mut update);
    log(&RequestFinished {
        request_id: "id",
        path: "/v1/assistants/acme:7",
        arrived: tokio::time::Instant::now(),
        peer: None,
        client: None,
        trace: None,
        method: &Method::PUT,
        route: "/v1/assistants/{assistant}",
        status: if problem.is_some() { 502 } else { 200 },
        problem: problem.as_ref(),
        ended: SystemTime::now(),
        total: Duration::from_micros(1_234_560),
        response_bytes: 77,
        metrics: None,
        update,
    });
}

/// Its lines as JSON, without their times.
fn lines(filter: &str, edit: impl Fn(&mut UpdateSummary<'_>) -> Option<ProblemSummary>) -> Vec<Value> {
    let mut lines = parsed(&logged(filter, || log_one(edit)));
    for line in &mut lines {
        let time = line.as_object_mut().unwrap().remove("timestamp").unwrap();
        assert!(humantime::parse_rfc3339(time.as_str().unwrap()).is_ok());
    }
    lines
}

fn problem(fault: Fault, internal: Option<&str>) -> ProblemSummary {
    let (reason, code) = (Reason::Code(Code::VendorError), Some(Code::VendorError));
    ProblemSummary { reason, code, fault, outcome: Outcome::Unknown, internal: internal.map(str::to_owned) }
}

const CAUSE: &str = "said \"so\"\n\u{1b}[31m ü\0";

fn failed(update: &mut UpdateSummary<'_>) -> Option<ProblemSummary> {
    update.operation = Some(AssistantOperation::Delete);
    update.vendor = Some("acme");
    update.assistant = Some("acme:7");
    update.dry_run = true;
    (update.attempts, update.request_bytes) = (u32::MAX, usize::MAX);
    update.queued = Duration::from_micros(10);
    Some(problem(Fault::Vendor, Some(CAUSE)))
}

#[test]
fn the_record_of_a_change_is_in_its_line_in_either_format() {
    let id = "0198c0de-0000-7000-8000-000000000001";
    let recorded = |update: &mut UpdateSummary<'_>| {
        update.record = id.parse().ok();
        None
    };
    assert_eq!(lines("trace", recorded)[0]["update"], id);
    assert!(lines("trace", |_| None)[0]["update"].is_null());
    let text = logged_as_text("trace", || log_one(recorded));
    assert!(text.trim_end().ends_with(&format!(" - id {id}")), "{text}");
}

#[test]
fn a_line_has_the_members_that_apply() {
    let succeeded = json!({
        "level": "INFO", "target": "switchboard::access", "message": "request", "request_id": "id", "method": "PUT",
        "route": "/v1/assistants/{assistant}", "status": 200, "reason": "ok", "attempts": 0, "applied": 0, "dropped": 0,
        "total_ms": 1234.56, "queue_ms": 0.0, "vendor_ms": 0.0, "request_bytes": 0, "answer_bytes": 77,
    });
    assert_eq!(lines("trace", |_| None), [succeeded]);
    let failure = json!({
        "level": "WARN", "target": "switchboard::access", "message": "request", "request_id": "id", "method": "PUT",
        "route": "/v1/assistants/{assistant}", "operation": "delete", "assistant": "acme:7", "vendor": "acme", "dry_run": true, "status": 502,
        "reason": "vendor_error", "code": "vendor_error", "fault": "vendor", "outcome": "unknown", "attempts": u32::MAX,
        "applied": 0, "dropped": 0, "total_ms": 1234.56, "queue_ms": 0.01, "vendor_ms": 0.0,
        "request_bytes": usize::MAX, "answer_bytes": 77, "cause": CAUSE,
    });
    assert_eq!(lines("trace", failed), [failure]);
}

#[test]
fn a_line_of_text_is_short_and_one_line_whatever_its_values_hold() {
    let text = |edit: fn(&mut UpdateSummary<'_>) -> Option<ProblemSummary>| {
        let text = logged_as_text("trace", || log_one(edit));
        text.split_once(' ').unwrap().1.to_owned()
    };
    let updated = |update: &mut UpdateSummary<'_>| {
        (update.assistant, update.vendor, update.sent) = (Some("sales-bot"), Some("sondos"), Some(true));
        update.operation = Some(AssistantOperation::Update);
        update.with_vendor = Duration::from_micros(1_200_000);
        None
    };
    let succeeded = " INFO switchboard::access: PUT sales-bot -> sondos 200 applied 1234.6 ms (vendor 1200.0) - id\n";
    assert_eq!(text(updated), succeeded);
    let failure = " WARN switchboard::access: PUT acme:7 -> acme 502 dry_run vendor_error unknown 1234.6 ms (vendor 0.0) - id: \
                   said \\\"so\\\"\\n\\u{1b}[31m ü\\0\n";
    assert_eq!(text(failed), failure);
}

#[test]
fn the_filter_selects_lines_by_level_and_target() {
    let filters = [
        ("info", [1, 1]),
        ("warn", [0, 1]),
        ("error", [0, 0]),
        ("off,switchboard=info", [1, 1]),
        ("info,switchboard::access=warn", [0, 1]),
        ("info,switchboard::access=off", [0, 0]),
        ("off,[{message}]=info", [1, 1]),
        ("off,[{other}]=info", [0, 0]),
    ];
    for (filter, counts) in filters {
        for (fault, count) in [Fault::Caller, Fault::Gateway].into_iter().zip(counts) {
            let written = lines(filter, |_| Some(problem(fault, None)));
            assert_eq!(written.len(), count, "{filter}: {written:?}");
        }
    }
}
