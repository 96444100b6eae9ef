//! Fragments of these pages from fixed data.

use crate::admin::documents::records::{Record, VendorDepth};
use crate::admin::records::{JobDocument, JobState, Tried};
use crate::store::{Mode, State, Timestamp, UpdateId};
use crate::value::AssistantOperation;

use super::{history, job, pieces, queue, update};

const HOSTILE: &str = "<script>alert(1)</script>\"'";

/// A change whose every text is hostile.
fn record(state: State) -> Record {
    let id = "0198c0de-0000-7000-8000-000000000001".parse::<UpdateId>().unwrap();
    let at = Timestamp(1_700_000_000_000);
    let problem = serde_json::json!({ "code": HOSTILE, "detail": HOSTILE }).to_string();
    Record {
        id,
        number: 1,
        request_id: HOSTILE.to_owned(),
        state,
        mode: Mode::Asynchronous,
        operation: AssistantOperation::Update,
        assistant: HOSTILE.to_owned(),
        vendor: HOSTILE.to_owned(),
        vendor_id: Some(HOSTILE.to_owned()),
        scope: None,
        client: Some(HOSTILE.to_owned()),
        fields: vec!["name".into(), HOSTILE.into()],
        attempts: 3,
        created_at: at,
        updated_at: at,
        next_attempt_at: Some(at),
        expires_at: at,
        doubted_at: None,
        sent_with: vec![id],
        replay_of: None,
        answer: None,
        problem: Some(problem.into()),
        ahead: None,
        holds: false,
    }
}

#[track_caller]
fn is_escaped(html: &str) {
    assert!(html.contains("&lt;script&gt;alert(1)"), "{html}");
    assert!(!html.contains("<script") && !html.contains("alert(1)</script>\""), "{html}");
}

#[test]
fn hostile_texts_are_escaped_in_every_table() {
    let (queued, dead) = (record(State::Queued), record(State::Dead));
    let depth = VendorDepth { queued: 1, sending: 0, held: 2, oldest_at: None, oldest_seconds: Some(61.0) };
    let values = Some(bytes::Bytes::from(format!("{{\"name\":\"{HOSTILE}\"}}")));
    for html in [
        queue::by_vendor([(HOSTILE, &depth)].into_iter()),
        queue::waiting(std::slice::from_ref(&queued), |_| Some(1)),
        history::changes(&[(&dead, &values)]),
        update::facts(&dead, Some(1)),
        update::newer(std::slice::from_ref(&queued)),
        job::progress(&job_of(JobState::Running)),
    ] {
        is_escaped(&html.into_string());
    }
}

fn job_of(state: JobState) -> JobDocument {
    let tried = |result, replayed_as, code| Tried {
        update: "0198c0de-0000-7000-8000-000000000001".to_owned(),
        assistant: Some(HOSTILE.to_owned()),
        result,
        replayed_as,
        code,
        detail: code.map(|_| HOSTILE.to_owned()),
    };
    JobDocument {
        job: "0198c0de-0000-7000-8000-000000000009".to_owned(),
        state,
        filter: "vendor=sondos".to_owned(),
        rate_per_second: 20,
        count: 40,
        replayed: 1,
        superseded: 1,
        refused: 0,
        not_tried: 38,
        waits_for: Some("queue_full"),
        started_at: "2026-01-31T08:00:00.000Z".to_owned(),
        ended_at: None,
        results: Some(vec![
            tried("superseded", None, Some("superseded")),
            tried("replayed", Some("0198c0de-0000-7000-8000-000000000002".to_owned()), None),
        ]),
        results_left_off: Some(0),
    }
}

#[test]
fn a_job_says_how_far_it_is_and_what_it_waits_for() {
    let html = job::progress(&job_of(JobState::Running)).into_string();
    for part in [
        "running</span> 2 of 40 tried, at most 20 a second, waits while <code>queue_full</code>",
        "<progress max=\"40\" value=\"2\"",
        "<dt>superseded by newer changes</dt><dd>1</dd>",
        "<dt>not tried</dt><dd>38</dd>",
        "update?id=0198c0de%2D0000%2D7000%2D8000%2D000000000002",
    ] {
        assert!(html.contains(part), "{part}\n{html}");
    }
    let stopped = job::progress(&job_of(JobState::Stopped)).into_string();
    assert!(stopped.contains("stopped: the gateway shuts down"), "{stopped}");
}

#[test]
fn what_waits_says_its_place_and_how_it_is_withdrawn() {
    let waiting = record(State::Queued);
    let html = queue::waiting(std::slice::from_ref(&waiting), |_| Some(4)).into_string();
    for part in [
        "<td class=\"number\">4</td>",
        "update?id=0198c0de%2D0000%2D7000%2D8000%2D000000000001#withdraw",
        "data-id=\"0198c0de-0000-7000-8000-000000000001\"",
        "<time datetime=\"2023-11-14T22:13:20.000Z\">2023-11-14 22:13:20</time>",
    ] {
        assert!(html.contains(part), "{part}\n{html}");
    }
    let sending = queue::waiting(&[record(State::Sending)], |_| None).into_string();
    assert!(!sending.contains("#withdraw"), "what is being sent cannot be withdrawn: {sending}");
    assert!(queue::waiting(&[], |_| None).into_string().contains("Nothing waits"));
}

#[test]
fn a_gateway_without_a_store_says_which_lines_make_one() {
    let html = pieces::no_store().into_string();
    assert!(html.contains("[store]\nkind = &quot;sqlite&quot;\npath = "), "{html}");
}
