//! Changes that wait behind one that fails go in few requests, and leave what they would have left one at a time.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Map, Value, json};

use crate::gateway::{Gateway, Setup, name};
use crate::vendor::{Answer, Gate, Vendor};

/// Fields that a caller sets, and what the vendor calls them.
const FIELDS: [(&str, &str); 4] = [
    ("name", "assistant_name"),
    ("initial_message", "initial_message"),
    ("system_prompt", "system_prompt"),
    ("timezone", "timezone"),
];

/// Waits until the first of an assistant's changes was tried in vain.
async fn tried(gateway: &Gateway, update: &str) {
    gateway.until(update, |record| record["attempts"].as_u64() > Some(0)).await;
}

#[tokio::test]
async fn hundreds_behind_a_vendor_that_is_down_become_few_requests_with_the_same_end() {
    let vendor = Vendor::start().await;
    vendor.answers(|_| Answer::down());
    let gateway = Gateway::start(&Setup::new(&vendor)).await;
    let (mut updates, mut expected) = (Vec::new(), Map::new());
    for number in 0..200_usize {
        let mut body = Map::new();
        for (field, own) in FIELDS.iter().cycle().skip(number * 7 % 4).take(1 + number % 2) {
            body.insert((*field).to_owned(), format!("n{number}").into());
            expected.insert((*own).to_owned(), format!("n{number}").into());
        }
        let update = gateway.later(1, &Value::Object(body.clone()).to_string()).await;
        updates.push((update, body));
    }
    tried(&gateway, &updates[0].0).await;
    let before = vendor.arrivals().len();
    vendor.answers(|_| Answer::Ok);
    let ids: BTreeSet<_> = updates.iter().map(|(update, _)| update.clone()).collect();
    let mut together = 0;
    for (update, body) in &updates {
        let record = gateway.end(update).await;
        assert!(record["state"] == "applied" || record["state"] == "superseded", "{record:#}");
        let fields = |list: &Value| -> BTreeSet<String> {
            list.as_array().unwrap().iter().map(|field| field.as_str().unwrap().to_owned()).collect()
        };
        let own: BTreeSet<_> = body.keys().cloned().collect();
        assert_eq!(fields(&record["fields"]), own);
        assert_eq!(record["answer"]["status"], 200, "{record:#}");
        assert_eq!(fields(&record["answer"]["body"]["report"]["applied"]), own, "{record:#}");
        let others: Vec<_> = record["sent_with"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
        assert!(others.iter().all(|other| ids.contains(*other) && other != update), "{record:#}");
        together += usize::from(!others.is_empty());
    }
    let sent = vendor.arrivals().len() - before;
    assert!(sent <= 5, "{sent} requests");
    assert!(together >= 190, "{together}");
    assert_eq!(vendor.state()[&1], expected);
    gateway.stopped().await;
}

#[tokio::test]
async fn one_whose_fields_all_come_again_later_is_superseded_and_one_with_a_field_of_its_own_is_applied() {
    let vendor = Vendor::start().await;
    vendor.answers(|_| Answer::down());
    let gateway = Gateway::start(&Setup::new(&vendor)).await;
    let bodies = [r#"{"name":"n1"}"#, r#"{"name":"n2","system_prompt":"mine"}"#, r#"{"name":"n3"}"#];
    let mut updates = Vec::new();
    for body in bodies {
        updates.push(gateway.later(1, body).await);
    }
    tried(&gateway, &updates[2]).await;
    for update in &updates {
        let record = gateway.record(update).await;
        let own = (&record["problem"]["request_id"], &record["problem"]["code"]);
        assert_eq!(own, (&record["request_id"], &"vendor_error".into()), "{record:#}");
    }
    vendor.answers(|_| Answer::Ok);
    for (update, state) in updates.iter().zip(["superseded", "applied", "applied"]) {
        let record = gateway.end(update).await;
        assert_eq!(record["state"], state, "{record:#}");
        assert_eq!(record["sent_with"].as_array().unwrap().len(), 2, "{record:#}");
        assert_eq!((&record["position"], &record["next_attempt_at"]), (&Value::Null, &Value::Null), "{record:#}");
    }
    let last = vendor.arrivals().pop().unwrap();
    assert_eq!(last.body, json!({ "assistant_name": "n3", "system_prompt": "mine" }));
    gateway.stopped().await;
}

#[tokio::test]
async fn what_cannot_be_put_together_goes_alone_in_its_place() {
    let vendor = Vendor::start().await;
    vendor.answers(|_| Answer::down());
    let gateway = Gateway::start(&Setup::new(&vendor)).await;
    let mut updates = vec![gateway.later(1, &name(1)).await, gateway.later(1, &name(2)).await];
    let asynchronous = [("prefer", "respond-async")];
    let deleted = gateway.call(Method::DELETE, "/v1/assistants/sondos:1", &asynchronous, "").await;
    assert_eq!(deleted.status, 202, "{deleted:?}");
    updates.push(deleted.json()["update"].as_str().unwrap().to_owned());
    updates.push(gateway.later(1, &name(4)).await);
    updates.push(gateway.later(1, r#"{"name":"n5","vendor_options":{"sondos":{"extra_flag":true}}}"#).await);
    updates.push(gateway.later(1, &name(6)).await);
    tried(&gateway, &updates[1]).await;
    let before = vendor.arrivals().len();
    vendor.answers(|_| Answer::Ok);
    for update in &updates {
        let record = gateway.end(update).await;
        assert!(record["state"] == "applied" || record["state"] == "superseded", "{record:#}");
    }
    let arrivals = vendor.arrivals();
    let sent: Vec<_> = arrivals[before..].iter().map(|arrival| (&*arrival.method, arrival.number())).collect();
    assert_eq!(sent, [("PUT", 2), ("DELETE", 0), ("PUT", 4), ("PUT", 5), ("PUT", 6)]);
    assert_eq!(gateway.record(&updates[2]).await["sent_with"], json!([]));
    gateway.stopped().await;
}

#[tokio::test]
async fn a_refusal_of_several_leads_to_single_ones_and_hits_only_the_one_that_is_to_blame() {
    let vendor = Vendor::start().await;
    vendor.answers(|_| Answer::down());
    let gateway = Gateway::start(&Setup::new(&vendor)).await;
    let bodies =
        [r#"{"name":"n1"}"#, r#"{"system_prompt":"bad"}"#, r#"{"initial_message":"hello"}"#, r#"{"name":"n4"}"#];
    let mut updates = Vec::new();
    for body in bodies {
        updates.push(gateway.later(1, body).await);
    }
    tried(&gateway, &updates[3]).await;
    let before = vendor.arrivals().len();
    vendor.answers(|arrival| if arrival.body["system_prompt"] == "bad" { Answer::invalid() } else { Answer::Ok });
    for (update, state) in updates.iter().zip(["applied", "refused", "applied", "applied"]) {
        let record = gateway.end(update).await;
        assert_eq!(record["state"], state, "{record:#}");
        assert_eq!(record["sent_with"], json!([]), "{record:#}");
        assert_eq!(record["answer"]["status"], if state == "applied" { 200 } else { 422 }, "{record:#}");
    }
    assert_eq!(vendor.arrivals().len() - before, 5);
    assert_eq!(vendor.state()[&1], *json!({ "assistant_name": "n4", "initial_message": "hello" }).as_object().unwrap());
    gateway.stopped().await;
}

/// Those behind an open breaker have failed without an attempt.
#[tokio::test]
async fn several_that_a_crash_cuts_off_are_sent_again_together() {
    let (vendor, gate) = (Vendor::start().await, Gate::new());
    vendor.answers(|_| Answer::Lost);
    let setup = Setup::new(&vendor).vendor(
        "retry = { max_attempts = 1 }\nsettle_after_unknown = \"0s\"\nbreaker = { min_requests = 2, open_for = \"1s\" }\n",
    );
    let gateway = Gateway::start(&setup).await;
    let other = gateway.later(5, &name(1)).await;
    crate::support::eventually(crate::support::PATIENCE, async || {
        (gateway.put(6, &[], &name(1)).await.code() == "vendor_circuit_open").then_some(())
    })
    .await;
    let mut updates = Vec::new();
    for number in 1..=3 {
        updates.push(gateway.later(1, &name(number)).await);
    }
    let held = gate.clone();
    vendor.answers(move |arrival| if arrival.id == 1 { Answer::Ok.after(&held) } else { Answer::Ok });
    crate::support::eventually(crate::support::PATIENCE, async || (!vendor.numbers(1).is_empty()).then_some(())).await;
    let home = gateway.killed().await;
    gate.open();
    let gateway = Gateway::start_in(home, &setup, "").await;
    for update in updates.iter().chain([&other]) {
        let record = gateway.end(update).await;
        assert!(record["state"] == "applied" || record["state"] == "superseded", "{record:#}");
    }
    assert_eq!(vendor.numbers(1), [3, 3]);
    gateway.stopped().await;
}
