use http::Method;
use proptest::prelude::*;

use super::*;
use crate::problem::{Code, Outcome, Reason};
use crate::telemetry::event::{ProblemSummary, UpdateNotes};
use crate::telemetry::log::json_lines::tests::written;

/// Says something of a request that has little to say, and tells of it.
fn told(filter: &str, say: impl Fn(&mut UpdateNotes<'_>) -> Option<ProblemSummary>) -> String {
    let mut update = UpdateNotes::default();
    let noted = say(&mut update);
    let finished = RequestFinished {
        request_id: "id",
        path: "/v1/assistants/acme:7",
        arrived: tokio::time::Instant::now(),
        client: None,
        recording: None,
        method: &Method::PUT,
        route: "/v1/assistants/{assistant}",
        status: 502,
        problem: noted.as_ref(),
        total: Duration::from_micros(1_234_560),
        answer_bytes: 77,
        meters: None,
        update,
    };
    written(filter, |json| {
        log(&finished, None);
        log(&finished, Some(json));
    })
}

/// The lines without their time.
fn untimed(text: &str) -> Vec<&str> {
    text.lines().map(|line| line.split_at(r#"{"timestamp":"2026-01-01T00:00:00.000000Z","#.len()).1).collect()
}

fn summary(fault: Fault, internal: Option<&str>) -> ProblemSummary {
    let (reason, code) = (Reason::Code(Code::VendorError), Some(Code::VendorError));
    ProblemSummary { reason, code, fault, outcome: Outcome::Unknown, internal: internal.map(str::to_owned) }
}

#[test]
fn a_line_is_what_its_event_would_be() {
    let text = told("trace", |_| None);
    let lines = untimed(&text);
    assert_eq!(lines[0], lines[1]);
    assert!(
        lines[1].starts_with(r#""level":"INFO","target":"switchboard::access","message":"request","request_id":"id","#)
    );
    let text = told("trace", |update| {
        update.vendor = Some("acme");
        update.assistant = Some("acme:7");
        update.dry_run = true;
        (update.attempts, update.request_bytes) = (u32::MAX, usize::MAX);
        (update.queued, update.with_vendor) = (Duration::from_micros(10), Duration::MAX);
        Some(summary(Fault::Vendor, Some("said \"so\"\n\u{1b}[31m ü\0")))
    });
    let lines = untimed(&text);
    assert_eq!((lines.len(), lines[0]), (2, lines[1]));
    for part in [r#""total_ms":1234.56,"queue_ms":0.01,"#, r#""cause":"said \"so\"\n\u001b[31m ü\u0000""#, r#""WARN""#]
    {
        assert!(lines[1].contains(part), "{part}: {}", lines[1]);
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
            let text = told(filter, |_| Some(summary(fault, None)));
            let lines = untimed(&text);
            assert_eq!(lines.len(), 2 * count, "{filter}: {lines:?}");
            assert!(lines.iter().all(|line| *line == lines[0]));
        }
    }
}

fn pushed(member: impl Member) -> String {
    let mut line = Vec::new();
    member.push("", &mut line);
    String::from_utf8(line).unwrap()
}

proptest! {
    #[test]
    fn milliseconds_have_the_digits_of_a_double(nanos: u64, shift in 0..64) {
        let millis = Millis(Duration::from_nanos(nanos >> shift));
        prop_assert_eq!(pushed(millis), millis.field().to_string());
    }

    #[test]
    fn long_durations_do_too(seconds: u64, shift in 0..64, micros in 0_u64..1_000_000) {
        let millis = Millis(Duration::from_secs(seconds >> shift).saturating_add(Duration::from_micros(micros)));
        prop_assert_eq!(pushed(millis), millis.field().to_string());
    }

    #[test]
    fn trace_ids_have_all_their_digits(id: u128) {
        prop_assert_eq!(pushed(Hex(id)), format!("\"{id:032x}\""));
    }
}
