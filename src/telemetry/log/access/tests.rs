use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::*;
use crate::problem::{Code, Outcome, Reason};
use crate::telemetry::event::{ProblemSummary, UpdateSummary};
use crate::telemetry::log::tests::logged;

/// The lines of one request, first as an event and then as JSON, without their times. `edit` fills in the update and
/// returns the problem.
fn lines(filter: &str, edit: impl Fn(&mut UpdateSummary<'_>) -> Option<ProblemSummary>) -> Vec<Value> {
    let mut update = UpdateSummary::default();
    let problem = edit(&mut update);
    let finished = RequestFinished {
        request_id: "id",
        path: "/v1/assistants/acme:7",
        arrived: tokio::time::Instant::now(),
        client: None,
        trace: None,
        method: &Method::PUT,
        route: "/v1/assistants/{assistant}",
        status: 502,
        problem: problem.as_ref(),
        total: Duration::from_micros(1_234_560),
        response_bytes: 77,
        metrics: None,
        update,
    };
    let mut lines = logged(filter, |json| {
        log(&finished, None);
        log(&finished, Some(json));
    });
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

#[test]
fn a_line_holds_what_its_event_would() {
    let written = lines("trace", |_| None);
    assert_eq!(written[0], written[1]);
    assert_eq!(written[1]["target"], "switchboard::access");
    let written = lines("trace", |update| {
        update.vendor = Some("acme");
        update.assistant = Some("acme:7");
        update.dry_run = true;
        (update.attempts, update.request_bytes) = (u32::MAX, usize::MAX);
        update.queued = Duration::from_micros(10);
        Some(problem(Fault::Vendor, Some("said \"so\"\n\u{1b}[31m ü\0")))
    });
    assert_eq!((written.len(), &written[0]), (2, &written[1]));
    for (name, value) in [
        ("level", json!("WARN")),
        ("total_ms", json!(1234.56)),
        ("queue_ms", json!(0.01)),
        ("cause", json!("said \"so\"\n\u{1b}[31m ü\0")),
    ] {
        assert_eq!(written[1][name], value, "{name}");
    }
}

#[test]
fn a_line_passes_the_filter_where_its_event_would() {
    let filters = [
        ("info", [1, 1]),
        ("warn", [0, 1]),
        ("error", [0, 0]),
        ("off,switchboard=info", [1, 1]),
        ("info,switchboard::access=warn", [0, 1]),
        ("info,switchboard::access=off", [0, 0]),
        ("off,[{queue_ms}]=info", [1, 1]),
        ("off,[{message}]=info", [1, 1]),
        ("off,[{other}]=info", [0, 0]),
    ];
    for (filter, counts) in filters {
        for (fault, count) in [Fault::Caller, Fault::Gateway].into_iter().zip(counts) {
            let written = lines(filter, |_| Some(problem(fault, None)));
            assert_eq!(written.len(), 2 * count, "{filter}: {written:?}");
            assert!(written.iter().all(|line| *line == written[0]));
        }
    }
}
