//! What a record tells of each end, and what the queue does at its limits, at a drain and on a disk that is full.

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};
use tempfile::tempdir;
use tokio_util::task::TaskTracker;

use crate::gateway::{Gateway, Setup, ends_at_start, name, slow};
use crate::support::{PATIENCE, eventually};
use crate::vendor::{Answer, Gate, Vendor};

/// The record of a synchronous change, which is written down with what comes next.
pub(crate) async fn written(gateway: &Gateway, request_id: &str) -> Value {
    eventually(PATIENCE, async || {
        let reply = gateway.get(&format!("/v1/updates/{request_id}")).await;
        (reply.status == 200).then(|| reply.json())
    })
    .await
}

/// Asserts what every record has, and what a final one has.
#[track_caller]
pub(crate) fn whole(record: &Value, state: &str) {
    const MEMBERS: [&str; 17] = [
        "update",
        "request_id",
        "state",
        "operation",
        "assistant",
        "vendor",
        "id",
        "client",
        "fields",
        "position",
        "attempts",
        "created_at",
        "updated_at",
        "next_attempt_at",
        "expires_at",
        "sent_with",
        "answer",
    ];
    for member in MEMBERS.iter().chain(&["problem"]) {
        assert!(record.get(member).is_some(), "{member} is missing: {record:#}");
    }
    assert_eq!(record["state"], state, "{record:#}");
    if !matches!(state, "queued" | "sending") {
        assert_eq!((&record["position"], &record["next_attempt_at"]), (&Value::Null, &Value::Null), "{record:#}");
    }
}

#[tokio::test]
async fn each_end_of_a_synchronous_change_is_told() {
    for sync_intent in ["", "sync_intent = true\n"] {
        let (vendor, gate) = (Vendor::start().await, Gate::new());
        let mut setup = Setup::new(&vendor);
        setup.store = sync_intent.to_owned();
        let gateway = Gateway::start(&setup).await;
        let cases = [
            (Answer::Ok, "applied", 200, "none"),
            (Answer::invalid(), "refused", 422, "validation_failed"),
            (Answer::unauthenticated(), "failed", 502, "vendor_auth"),
            (Answer::Lost, "unknown", 502, "vendor_unavailable"),
        ];
        for (number, (answer, state, status, _)) in (1..).zip(cases) {
            vendor.answers(move |_| answer.clone());
            let id = format!("request-{state}");
            let reply = gateway.put(1, &[("x-request-id", &id)], &name(number)).await;
            let record = written(&gateway, &id).await;
            whole(&record, state);
            assert_eq!(record["attempts"], 1, "{record:#}");
            assert_eq!(record["answer"]["status"], reply.status.as_u16(), "{record:#}");
            assert_eq!(record["answer"]["body"], reply.json(), "{record:#}");
            assert!(record["problem"].is_null() == (status == 200), "{record:#}");
        }
        let held = gate.clone();
        vendor.answers(move |_| Answer::Ok.after(&held));
        let before = vendor.arrivals().len();
        gateway.later(1, &name(9)).await;
        vendor.arrived(before + 1).await;
        let reply = gateway.put(1, &[("x-request-id", "request-expired"), ("request-timeout", "0.3")], &name(10)).await;
        assert_eq!(reply.json()["outcome"], "not_applied", "{reply:?}");
        let record = written(&gateway, "request-expired").await;
        whole(&record, "expired");
        assert_eq!((&record["attempts"], &record["answer"]["body"]), (&0.into(), &reply.json()), "{record:#}");
        gate.open();
        gateway.stopped().await;
    }
}

#[tokio::test]
async fn an_asynchronous_change_ends_refused_only_for_what_its_caller_can_mend() {
    let vendor = Vendor::start().await;
    let gateway = Gateway::start(&Setup::new(&vendor).queue("max_age = \"2s\"")).await;
    let answers: [(Answer, &str); 6] = [
        (Answer::invalid(), "refused"),
        (Answer::Status(404, json!({ "message": "Assistant not found" })), "refused"),
        (Answer::unauthenticated(), "dead"),
        (Answer::down(), "dead"),
        (Answer::Status(429, json!({ "message": "Too many" })), "dead"),
        (Answer::Lost, "dead"),
    ];
    let by_id: Vec<_> = answers.iter().map(|(answer, _)| answer.clone()).collect();
    vendor.answers(move |arrival| by_id[usize::try_from(arrival.id).unwrap() - 1].clone());
    let mut updates = Vec::new();
    // A vendor's pause would hold up the others, so it comes last.
    for id in [1, 2, 3, 4, 6, 5] {
        let update = gateway.later(id, &name(1)).await;
        gateway.until(&update, |record| record["attempts"].as_u64() > Some(0)).await;
        updates.push((id, update));
    }
    for (id, update) in updates {
        let (_, state) = &answers[usize::try_from(id).unwrap() - 1];
        let record = gateway.end(&update).await;
        whole(&record, state);
        assert_eq!(record["problem"], record["answer"]["body"], "{record:#}");
        // Whoever reads that nothing was applied sends it anew without a second thought.
        let outcome = if id == 4 || id == 6 { "unknown" } else { "not_applied" };
        assert_eq!(record["problem"]["outcome"], outcome, "{record:#}");
    }
    gateway.stopped().await;
}

/// An attempt may have been applied; a later one that was not says nothing about it.
#[tokio::test]
async fn a_dead_change_that_may_have_been_applied_says_so() {
    for crashes in [false, true] {
        let (vendor, gate) = (Vendor::start().await, Gate::new());
        let held = gate.clone();
        vendor.answers(move |arrival| match arrival.nth {
            1 if crashes => Answer::Ok.after(&held),
            1 => Answer::AppliedAndLost,
            _ => Answer::unauthenticated(),
        });
        let setup = Setup::new(&vendor).queue("max_age = \"2s\"");
        let mut gateway = Gateway::start(&setup).await;
        let update = gateway.later(1, &name(1)).await;
        vendor.arrived(1).await;
        if crashes {
            gate.open();
            gateway = gateway.restarted(&setup).await;
        }
        let record = gateway.end(&update).await;
        whole(&record, "dead");
        assert_eq!(record["problem"]["outcome"], "unknown", "crashes: {crashes} {record:#}");
        gateway.stopped().await;
    }
}

/// Nobody sends a synchronous change again after its caller's time: its end is not known.
#[tokio::test]
async fn a_synchronous_change_that_a_crash_interrupts_is_not_dead_but_unknown() {
    let vendor = Vendor::start().await;
    let gate = Gate::new();
    let held = gate.clone();
    vendor.answers(move |arrival| if arrival.nth == 1 { Answer::Ok.after(&held) } else { Answer::unauthenticated() });
    let mut setup = Setup::new(&vendor);
    setup.store = "sync_intent = true\n".to_owned();
    let gateway = Arc::new(Gateway::start(&setup).await);
    let caller = Arc::clone(&gateway);
    let call = TaskTracker::new().spawn(async move {
        let headers = [("x-request-id", "request-1"), ("request-timeout", "3")];
        caller.try_call(Method::PUT, "/v1/assistants/sondos:1", &headers, &name(1)).await.is_err()
    });
    vendor.arrived(1).await;
    gateway.process.signal("KILL");
    assert!(call.await.unwrap());
    gate.open();
    let gateway = Arc::into_inner(gateway).unwrap().restarted(&setup).await;
    let update = written(&gateway, "request-1").await["update"].as_str().unwrap().to_owned();
    let record = gateway.end(&update).await;
    whole(&record, "unknown");
    assert_eq!(record["problem"]["outcome"], "unknown", "{record:#}");
    gateway.stopped().await;
}

#[tokio::test]
async fn what_waits_tells_its_place_its_attempts_and_when_it_is_tried_next() {
    let vendor = Vendor::start().await;
    vendor.answers(|_| Answer::down());
    let setup = slow(&vendor);
    let mut gateway = Gateway::start(&setup).await;
    let updates = [gateway.later(1, &name(1)).await, gateway.later(1, &name(2)).await];
    gateway.until(&updates[0], |record| record["attempts"] == 1).await;
    for restarts in [false, true] {
        if restarts {
            gateway = gateway.restarted(&setup).await;
        }
        let (first, second) = (gateway.record(&updates[0]).await, gateway.record(&updates[1]).await);
        whole(&first, "queued");
        whole(&second, "queued");
        assert_eq!((&first["position"], &first["attempts"]), (&1.into(), &1.into()), "{first:#}");
        assert!(first["next_attempt_at"].is_string() && first["answer"].is_null(), "{first:#}");
        assert_eq!(first["problem"]["code"], "vendor_error", "{first:#}");
        assert_eq!((&second["position"], &second["attempts"]), (&2.into(), &0.into()), "{second:#}");
        assert!(second["problem"].is_null(), "{second:#}");
        assert_eq!(vendor.arrivals().len(), 1, "restarts: {restarts}");
    }
    gateway.stopped().await;
}

#[tokio::test]
async fn waits_end_with_the_change_or_with_their_time() {
    let (vendor, gate) = (Vendor::start().await, Gate::new());
    let gateway = Gateway::start(&Setup::new(&vendor)).await;
    let waits = |wait: &'static str| [("prefer", wait)];
    let done = gateway.put(1, &waits("respond-async, wait=20"), &name(1)).await;
    assert_eq!((done.status.as_u16(), &done.json()["report"]["applied"]), (200, &json!(["name"])), "{done:?}");
    vendor.answers(|_| Answer::invalid());
    let refused = gateway.put(1, &waits("respond-async, wait=20"), &name(2)).await;
    refused.problem("validation_failed");
    let held = gate.clone();
    vendor.answers(move |_| Answer::Ok.after(&held));
    let accepted = gateway.put(1, &waits("respond-async, wait=1"), &name(3)).await;
    assert_eq!((accepted.status.as_u16(), &accepted.json()["state"]), (202, &"sending".into()), "{accepted:?}");
    let update = accepted.json()["update"].as_str().unwrap().to_owned();
    let (short, long) = (format!("/v1/updates/{update}?wait=0"), format!("/v1/updates/{update}?wait=20"));
    assert_eq!(gateway.get(&short).await.json()["state"], "sending");
    let opens = async { gate.open() };
    let (ended, ()) = futures_util::future::join(gateway.get(&long), opens).await;
    assert_eq!(ended.json()["state"], "applied", "{ended:?}");
    gateway.stopped().await;
}

#[tokio::test]
async fn the_queue_takes_no_more_than_it_may_for_one_assistant_and_in_all() {
    let vendor = Vendor::start().await;
    vendor.answers(|_| Answer::down());
    let mut setup = slow(&vendor);
    setup.queue.push_str("max_per_assistant = 2\nmax_total = 3\n");
    let gateway = Gateway::start(&setup).await;
    let accept = async |id| gateway.put(id, &[("prefer", "respond-async")], &name(1)).await;
    assert_eq!([accept(1).await.status, accept(1).await.status], [202, 202]);
    let full = accept(1).await;
    let problem = full.problem("queue_full");
    assert!(problem["detail"].as_str().unwrap().contains("max_per_assistant"), "{problem:#}");
    assert_eq!((full.status.as_u16(), &problem["outcome"]), (503, &"not_applied".into()));
    assert!(full.header("retry-after").is_some());
    let last = accept(2).await;
    assert_eq!(last.status, 202);
    let problem = accept(3).await.problem("queue_full");
    assert!(problem["detail"].as_str().unwrap().contains("max_total"), "{problem:#}");
    // A restart counts what waits.
    let gateway = gateway.restarted(&setup).await;
    let accept = async |id| gateway.put(id, &[("prefer", "respond-async")], &name(1)).await;
    assert_eq!(accept(3).await.code(), "queue_full");
    let update = last.json()["update"].as_str().unwrap().to_owned();
    eventually(PATIENCE, async || {
        let canceled = gateway.call(Method::DELETE, &format!("/v1/updates/{update}"), &[], "").await;
        (canceled.status == 200).then_some(())
    })
    .await;
    assert_eq!(accept(3).await.status, 202);
    gateway.stopped().await;
}

#[tokio::test]
async fn a_drain_with_a_backlog_ends_waits_and_loses_nothing() {
    let vendor = Vendor::start().await;
    vendor.answers(|_| Answer::down());
    let setup = slow(&vendor);
    let gateway = Gateway::start(&setup).await;
    let mut updates = Vec::new();
    for number in 1..=60 {
        updates.push(gateway.later(1 + number % 5, &name(number)).await);
    }
    gateway.until(&updates[0], |record| record["attempts"] == 1).await;
    // Its number is the last one for its assistant, so it still waits.
    let (last, headers) = (name(61), [("prefer", "respond-async, wait=20")]);
    let waits = gateway.try_call(Method::PUT, "/v1/assistants/sondos:1", &headers, &last);
    let drains = async {
        eventually(PATIENCE, async || {
            let queue = gateway.admin(Method::GET, "/admin/queue").await.json();
            (queue["waiting"] == 61).then_some(())
        })
        .await;
        gateway.process.signal("TERM");
    };
    let (waited, ()) = futures_util::future::join(waits, drains).await;
    let waited = waited.unwrap();
    assert_eq!((waited.status.as_u16(), &waited.json()["state"]), (202, &"queued".into()), "{waited:?}");
    assert!(gateway.process.ended().await.success());
    vendor.answers(|_| Answer::Ok);
    let gateway = Gateway::start_in(gateway.home, &Setup::new(&vendor), "").await;
    for update in updates.iter().skip(5) {
        let record = gateway.record(update).await;
        assert!(record["attempts"].as_u64() < Some(3), "{record:#}");
    }
    gateway.stopped().await;
}

#[tokio::test]
async fn a_second_process_on_the_file_is_refused_with_the_first_ones_number() {
    let vendor = Vendor::start().await;
    let setup = Setup::new(&vendor);
    let gateway = Gateway::start(&setup).await;
    let (other, mut same_file) = (tempdir().unwrap(), setup.clone());
    same_file.data = gateway.home.path().join("data").to_str().unwrap().to_owned();
    for _ in 0..2 {
        let (status, said) = ends_at_start(other.path(), &same_file, "").await;
        assert!(!status.success(), "{said}");
        assert!(said.contains(&format!("in use by the process {}", gateway.process.pid)), "{said}");
        assert!(said.contains("PostgreSQL"), "{said}");
    }
    assert_eq!(gateway.put(1, &[KEY], &name(1)).await.status, 200);
    let home = gateway.killed().await;
    Gateway::start_in(home, &setup, "").await.stopped().await;
}

const KEY: (&str, &str) = ("idempotency-key", "a");

/// A crash hides the vendor's answer. What a further attempt finds says that the first was carried out.
#[tokio::test]
async fn a_deletion_that_was_carried_out_before_a_crash_is_applied_although_the_assistant_is_gone() {
    let (vendor, gate) = (Vendor::start().await, Gate::new());
    let held = gate.clone();
    vendor.answers(move |arrival| match arrival.nth {
        1 => Answer::Ok.after(&held),
        _ => Answer::Status(404, json!({ "message": "Assistant not found" })),
    });
    let setup = Setup::new(&vendor);
    let gateway = Gateway::start(&setup).await;
    let reply = gateway.call(Method::DELETE, "/v1/assistants/sondos:1", &[("prefer", "respond-async")], "").await;
    assert_eq!(reply.status, 202, "{reply:?}");
    vendor.arrived(1).await;
    let home = gateway.killed().await;
    gate.open();
    let gateway = Gateway::start_in(home, &setup, "").await;
    let record = gateway.end(reply.json()["update"].as_str().unwrap()).await;
    whole(&record, "applied");
    assert_eq!(vendor.arrivals().len(), 2);
    gateway.stopped().await;
}
