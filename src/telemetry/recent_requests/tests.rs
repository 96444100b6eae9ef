use http::Method;
use vendors::{Field, Note, Report};

use super::*;
use crate::problem::{Code, Fault, Outcome};
use crate::telemetry::event::{ProblemSummary, UpdateSummary};
use crate::value::AssistantOperation;
use std::time::{Duration, SystemTime};

/// Adds a request. `edit` changes what is known of it, and gives the problem.
pub(crate) fn add<'a>(
    requests: &RecentRequests,
    request_id: &str,
    edit: impl FnOnce(&mut UpdateSummary<'a>) -> Option<ProblemSummary>,
) {
    let mut update = UpdateSummary { operation: Some(AssistantOperation::Update), ..UpdateSummary::default() };
    let problem = edit(&mut update);
    requests.add(&RequestFinished {
        request_id,
        path: "/v1/assistants/acme:7",
        arrived: tokio::time::Instant::now(),
        peer: Some([127, 0, 0, 1].into()),
        client: Some("crm"),
        trace: None,
        method: &Method::PUT,
        route: "/v1/assistants/{assistant}",
        status: if problem.is_some() { 502 } else { 200 },
        problem: problem.as_ref(),
        ended: SystemTime::now(),
        total: Duration::from_millis(5),
        response_bytes: 77,
        metrics: None,
        update,
    });
}

fn ring(capacity: usize) -> RecentRequests {
    let requests = RecentRequests::default();
    requests.set_capacity(capacity);
    requests
}

fn ids(requests: &RecentRequests) -> Vec<String> {
    let mut ids = Vec::new();
    requests.each(|request| {
        ids.push(request.request_id().to_owned());
        true
    });
    ids
}

fn numbered(numbers: impl Iterator<Item = u64>) -> Vec<String> {
    numbers.map(|number| number.to_string()).collect()
}

#[test]
fn the_ring_holds_as_many_requests_as_it_may_and_counts_all() {
    let requests = ring(100);
    for number in 1..=1234_u64 {
        add(&requests, &number.to_string(), |_| None);
        assert!(requests.extent().held <= 100);
    }
    assert_eq!(requests.extent(), RingExtent { capacity: 100, held: 100, last: 1234 });
    assert_eq!(ids(&requests), numbered((1135..=1234).rev()));
    requests.set_capacity(20);
    assert_eq!(ids(&requests), numbered((1215..=1234).rev()));
    requests.set_capacity(40);
    add(&requests, "1235", |_| None);
    assert_eq!(ids(&requests), numbered((1215..=1235).rev()));
    requests.set_capacity(0);
    add(&requests, "1236", |_| None);
    assert_eq!(requests.extent(), RingExtent { capacity: 0, held: 0, last: 1235 });
    assert_eq!(ids(&requests), Vec::<String>::new());
}

#[test]
fn a_reader_stops_where_it_wants_to_and_sees_numbers_fall_while_others_write() {
    let requests = ring(300);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..2000).for_each(|_| add(&requests, "x", |_| None)));
        }
        for _ in 0..50 {
            let mut seen = Vec::new();
            requests.each(|request| {
                seen.push(request.number);
                seen.len() < 200
            });
            assert!(seen.len() <= 200 && seen.windows(2).all(|pair| pair[0] == pair[1] + 1), "{seen:?}");
        }
    });
    assert_eq!(requests.extent(), RingExtent { capacity: 300, held: 300, last: 4000 });
}

fn note(field: &str, code: &str) -> Note {
    Note::new(field.to_owned(), code.to_owned(), "")
}

#[test]
fn texts_come_back_as_they_were_and_within_their_bounds() {
    let (requests, long) = (ring(8), "ü".repeat(5000));
    let report = Report {
        applied: [Field::from_name("name"), Field::from_name("language")].into_iter().flatten().collect(),
        dropped: vec![note("<script>\nx", "unknown_field"), note(&long, "not_supported")],
        warnings: vec![note("voice", "approximate")],
        ..Report::default()
    };
    add(&requests, "r-1", |update| {
        (update.assistant, update.vendor, update.vendor_id) = (Some("sales bot ü"), Some("acme"), None);
        update.report = Some(&report);
        let internal = Some(long.clone());
        let (reason, code) = (crate::problem::Reason::Code(Code::VendorError), Some(Code::VendorError));
        Some(ProblemSummary { reason, code, fault: Fault::Vendor, outcome: Outcome::Unknown, internal })
    });
    add(&requests, "r-2", |_| None);
    let mut seen = Vec::new();
    requests.each(|request| {
        seen.push(request.clone());
        true
    });
    let [plain, full] = &*seen else { panic!("{seen:?}") };
    assert_eq!((full.request_id(), full.method(), full.client()), ("r-1", "PUT", Some("crm")));
    assert_eq!((full.assistant(), full.vendor(), full.vendor_id()), (Some("sales bot ü"), Some("acme"), None));
    let applied: std::collections::BTreeSet<_> = full.applied_fields().collect();
    assert_eq!(applied, ["language", "name"].into());
    let dropped: Vec<_> = full.dropped_fields().collect();
    assert_eq!(dropped[0], ("<script> x", "unknown_field"));
    assert_eq!((dropped[1].0.len(), dropped[1].1), (200, "not_supported"));
    assert_eq!(full.warnings().collect::<Vec<_>>(), [("voice", "approximate")]);
    assert_eq!(full.cause().map(str::len), Some(1024));
    assert_eq!((full.applied, full.dropped, full.outcome), (2, 2, Some("unknown")));
    assert!(full.is_failure() && full.has_text("SALES bot") && full.has_text("vendor_error") && !full.has_text("r-2"));
    assert_eq!((plain.request_id(), plain.assistant(), plain.cause()), ("r-2", None, None));
    assert_eq!(plain.applied_fields().count() + plain.dropped_fields().count() + plain.warnings().count(), 0);
    assert!(!plain.is_failure() && plain.has_text("127.0.0.1") && plain.has_text(""));
}

#[test]
fn a_request_with_a_thousand_names_keeps_what_fits_and_counts_all() {
    let requests = ring(1);
    let dropped = (0..1000).map(|number| note(&format!("field_{number}"), "unknown_field")).collect();
    let report = Report { dropped, ..Report::default() };
    add(&requests, "r", |update| {
        update.report = Some(&report);
        None
    });
    requests.each(|request| {
        assert_eq!(request.dropped, 1000);
        let names: Vec<_> = request.dropped_fields().collect();
        assert!((50..100).contains(&names.len()) && names[0] == ("field_0", "unknown_field"), "{names:?}");
        true
    });
}
