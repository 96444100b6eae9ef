//! Phone numbers that name their assistant: another object, addressed by the id that was sent.

use http::Method;
use serde_json::{Value, json};

use super::{JSON, first, put};
use crate::support::{Reply, Stage};

/// The vendors whose numbers name one assistant.
const VENDORS: [&str; 2] = ["elevenlabs", "vapi"];

/// The sample account's second number, which names no assistant.
fn free(vendor: &str) -> &'static str {
    match vendor {
        "elevenlabs" => "phnum_2",
        _ => "9c1d2e3f-4a5b-4c6d-8e7f-0a1b2c3d4e02",
    }
}

/// The refusal of an update of a number.
fn refusal(vendor: &str) -> &'static str {
    match vendor {
        "elevenlabs" => "shape=400-schema-mismatch@update-phone-number*1",
        _ => "shape=400-sentence@update-phone-number*1",
    }
}

/// The assistant that a number names.
fn named(stage: &Stage, vendor: &str, number: &str) -> Value {
    let number = stage.simulator(vendor).document(number).unwrap();
    match vendor {
        "elevenlabs" => number["assigned_agent"]["agent_id"].clone(),
        _ => number["assistantId"].clone(),
    }
}

fn name(stage: &Stage, vendor: &str) -> Value {
    stage.simulator(vendor).document(first(vendor)).unwrap()["name"].clone()
}

fn both(vendor: &str) -> Value {
    json!({ "name": "Late desk", "phone_number_id": free(vendor) })
}

async fn with(vendor: &str, account: &str) -> Stage {
    Stage::of(&[vendor], account, |text| text).await
}

const ONCE: &str = "retry = { max_attempts = 1 }\ntimeout = \"300ms\"\n";
const THRICE: &str = "retry = { max_attempts = 3, backoff = \"1ms\" }\ntimeout = \"300ms\"\n";

async fn create(stage: &Stage, vendor: &str, query: &str, fields: &Value) -> Reply {
    let path = format!("/v1/assistants?vendor={vendor}{query}");
    stage.call(Method::POST, &path, &JSON, fields.to_string()).await
}

fn new(vendor: &str) -> Value {
    json!({ "name": "New desk", "phone_number_id": free(vendor) })
}

#[tokio::test]
async fn a_number_is_given_to_the_assistant() {
    for vendor in VENDORS {
        for update in [both(vendor), json!({ "phone_number_id": free(vendor) })] {
            let stage = with(vendor, "").await;
            let reply = put(&stage, vendor, &update).await;
            let body = reply.json();
            assert_eq!(reply.status, 200, "{vendor}: {body:#}");
            let applied = body["report"]["applied"].as_array().unwrap();
            assert_eq!(applied.len(), update.as_object().unwrap().len(), "{vendor}: {body:#}");
            assert_eq!(body["attempts"], stage.simulator(vendor).received().len(), "{vendor}");
            assert_eq!(
                (&body["data"]["id"], body["data"]["name"].is_string()),
                (&json!(first(vendor)), true),
                "{body:#}"
            );
            let codes: Vec<_> =
                body["report"]["warnings"].as_array().unwrap().iter().map(|note| &note["code"]).collect();
            assert_eq!(codes, ["approximated"], "{vendor}: {body:#}");
            assert_eq!(named(&stage, vendor, free(vendor)), first(vendor), "{vendor}");
            // The same again changes nothing.
            assert_eq!(put(&stage, vendor, &update).await.status, 200, "{vendor}");
            assert_eq!(named(&stage, vendor, free(vendor)), first(vendor), "{vendor}");
            stage.stop().await;
        }
    }
}

#[tokio::test]
async fn an_assistant_tells_its_number_where_its_vendor_does() {
    for vendor in VENDORS {
        let stage = with(vendor, "").await;
        let path = format!("/v1/assistants/{vendor}:{}", first(vendor));
        let read = stage.get(&path).await.json();
        let headers = [("content-type", "application/json"), ("prefer", "return=representation")];
        let reply = stage.call(Method::PUT, &path, &headers, both(vendor).to_string()).await;
        let stored = &reply.json()["stored"];
        match vendor {
            "elevenlabs" => {
                assert_eq!(read["fields"]["phone_number_id"], "phnum_1", "{read:#}");
                assert_eq!(stored["confirmed"], json!(["name", "phone_number_id"]), "{stored:#}");
                let now = stage.get(&path).await.json();
                let told = now["unwritable"].as_array().unwrap().iter().find(|one| one["field"] == "phone_number_id");
                assert_eq!(told.unwrap()["value"], json!(["phnum_1", "phnum_2"]), "{now:#}");
            }
            _ => {
                assert!(read["unreadable"].as_array().unwrap().contains(&json!("phone_number_id")), "{read:#}");
                assert_eq!(stored["unreadable"], json!(["phone_number_id"]), "{stored:#}");
            }
        }
        assert_eq!(reply.json()["report"]["applied"], json!(["name", "phone_number_id"]), "{vendor}");
        stage.stop().await;
    }
}

#[tokio::test]
async fn a_dry_run_shows_the_further_requests_and_sends_none() {
    for vendor in VENDORS {
        let stage = with(vendor, "").await;
        let path = format!("/v1/assistants/{vendor}:{}?dry_run=true", first(vendor));
        let shown = stage.call(Method::PUT, &path, &JSON, both(vendor).to_string()).await.json();
        let requests = shown["requests"].as_array().unwrap();
        let purposes: Vec<_> = requests.iter().map(|request| &request["purpose"]).collect();
        assert_eq!(purposes, ["write", "assign"], "{shown:#}");
        assert_eq!((&requests[1]["object"], &requests[1]["method"]), (&json!("phone number"), &json!("PATCH")));
        let body = &requests[1]["body"];
        let expected = match vendor {
            "elevenlabs" => json!({ "agent_id": first(vendor) }),
            _ => json!({ "provider": "vapi", "assistantId": first(vendor) }),
        };
        assert_eq!(body, &expected, "{shown:#}");
        let shown = create(&stage, vendor, "&dry_run=true", &new(vendor)).await.json();
        assert_eq!(shown["requests"][1]["purpose"], "assign", "{shown:#}");
        assert!(shown["requests"][1]["body"].to_string().contains("\"new\""), "{shown:#}");
        assert_eq!(named(&stage, vendor, free(vendor)), Value::Null);
        assert!(stage.simulator(vendor).received().iter().all(|request| request.method == "GET"), "{vendor}");
        stage.stop().await;
    }
}

#[tokio::test]
async fn a_number_that_does_not_exist_is_refused_before_anything_is_written() {
    for (vendor, number) in [("elevenlabs", "phnum_x"), ("vapi", "9c1d2e3f-4a5b-4c6d-8e7f-0a1b2c3d4eff")] {
        let stage = with(vendor, ONCE).await;
        let before = name(&stage, vendor);
        for update in [json!({ "name": "Late desk", "phone_number_id": number }), json!({ "phone_number_id": number })]
        {
            let problem = put(&stage, vendor, &update).await.problem("validation_failed");
            assert_eq!(
                (&problem["outcome"], &problem["fault"]),
                (&json!("not_applied"), &json!("caller")),
                "{problem:#}"
            );
            let [error] = &problem["errors"].as_array().unwrap()[..] else { panic!("{problem:#}") };
            assert_eq!(
                (&error["pointer"], &error["code"]),
                (&json!("#/phone_number_id"), &json!("rejected_by_vendor"))
            );
            assert_eq!(problem["detail"], "The vendor has no such phone number.");
            assert_eq!(problem["vendor_response"]["status"], 404);
        }
        let known = stage.simulator(vendor).ids();
        let fields = json!({ "name": "New desk", "phone_number_id": number });
        let problem = create(&stage, vendor, "", &fields).await.problem("validation_failed");
        assert_eq!(problem["outcome"], "not_applied", "{problem:#}");
        assert_eq!((name(&stage, vendor), stage.simulator(vendor).ids()), (before, known), "{vendor}");
        stage.stop().await;
    }
}

#[tokio::test]
async fn a_number_is_not_given_to_an_assistant_that_does_not_exist() {
    for (vendor, id) in [("elevenlabs", "agent_x"), ("vapi", "3f2c8a10-6b7d-4e51-9c0a-5d1e8f7a2bff")] {
        let stage = with(vendor, ONCE).await;
        let update = json!({ "phone_number_id": free(vendor) }).to_string();
        let problem = stage.put(&format!("{vendor}:{id}"), update).await.problem("assistant_not_found");
        assert_eq!(problem["outcome"], "not_applied", "{problem:#}");
        assert_eq!(named(&stage, vendor, free(vendor)), Value::Null, "{vendor}");
        stage.stop().await;
    }
}

#[tokio::test]
async fn a_refusal_after_the_assistant_was_written_is_partial_and_the_same_update_can_be_sent_again() {
    for vendor in VENDORS {
        let stage = with(vendor, ONCE).await;
        for (fault, code) in [
            (refusal(vendor), "validation_failed"),
            ("status=429,retry-after=1@update-phone-number*1", "vendor_rate_limited"),
        ] {
            stage.simulator(vendor).reset();
            stage.fail(vendor, &[fault]);
            let problem = put(&stage, vendor, &both(vendor)).await.problem(code);
            assert_eq!(problem["outcome"], "partial", "{vendor}: {problem:#}");
            assert_eq!(problem["report"]["applied"], json!(["name"]), "{vendor}: {problem:#}");
            assert_eq!(problem["report"]["pending"], json!(["phone_number_id"]), "{vendor}: {problem:#}");
            if code == "validation_failed" {
                assert_eq!(problem["errors"][0]["pointer"], "#/phone_number_id", "{vendor}: {problem:#}");
            }
            assert_eq!((name(&stage, vendor), named(&stage, vendor, free(vendor))), (json!("Late desk"), Value::Null));
        }
        stage.stop().await;
        let stage = with(vendor, ONCE).await;
        stage.fail(vendor, &[refusal(vendor)]);
        put(&stage, vendor, &both(vendor)).await.problem("validation_failed");
        assert_eq!(put(&stage, vendor, &both(vendor)).await.status, 200, "{vendor}");
        assert_eq!(named(&stage, vendor, free(vendor)), first(vendor), "{vendor}");
        stage.stop().await;
    }
}

#[tokio::test]
async fn a_refusal_where_nothing_else_was_written_is_not_applied() {
    for vendor in VENDORS {
        let stage = with(vendor, ONCE).await;
        stage.fail(vendor, &[refusal(vendor)]);
        let problem =
            put(&stage, vendor, &json!({ "phone_number_id": free(vendor) })).await.problem("validation_failed");
        assert_eq!(problem["outcome"], "not_applied", "{vendor}: {problem:#}");
        assert_eq!(problem["detail"], "The vendor refused the phone number.", "{vendor}");
        stage.stop().await;
    }
}

#[tokio::test]
async fn what_is_not_answered_is_unknown_and_a_failure_that_passes_is_not_seen() {
    for vendor in VENDORS {
        for fault in ["hang", "reset", "status=500", "truncated", "html", "empty"] {
            let stage = with(vendor, ONCE).await;
            stage.fail(vendor, &[&format!("{fault}@update-phone-number*1")]);
            let problem = put(&stage, vendor, &both(vendor)).await.json();
            assert_eq!(problem["outcome"], "unknown", "{vendor} {fault}: {problem:#}");
            assert_eq!(problem["report"]["applied"], json!(["name"]), "{vendor} {fault}: {problem:#}");
            stage.stop().await;
        }
        for fault in
            ["status=503@update-phone-number*1", "lost@update-phone-number*1", "status=500@read-phone-number*1"]
        {
            let stage = with(vendor, THRICE).await;
            stage.fail(vendor, &[fault]);
            let reply = put(&stage, vendor, &both(vendor)).await;
            assert_eq!(reply.status, 200, "{vendor} {fault}: {:#}", reply.json());
            assert_eq!(reply.json()["attempts"], stage.simulator(vendor).received().len(), "{vendor} {fault}");
            assert_eq!(named(&stage, vendor, free(vendor)), first(vendor), "{vendor} {fault}");
            stage.stop().await;
        }
    }
}

#[tokio::test]
async fn a_new_assistant_gets_its_number_and_is_made_once() {
    for vendor in VENDORS {
        for fault in [None, Some("status=503@update-phone-number*1"), Some("lost@update-phone-number*1")] {
            let stage = with(vendor, THRICE).await;
            let known = stage.simulator(vendor).ids().len();
            stage.fail(vendor, &fault.into_iter().collect::<Vec<_>>());
            let reply = create(&stage, vendor, "", &new(vendor)).await;
            let made = reply.json();
            assert_eq!(reply.status, 201, "{vendor} {fault:?}: {made:#}");
            assert_eq!(made["report"]["applied"], json!(["name", "phone_number_id"]), "{vendor}: {made:#}");
            assert_eq!(named(&stage, vendor, free(vendor)), made["data"]["id"], "{vendor}");
            assert_eq!(stage.simulator(vendor).ids().len(), known + 1, "{vendor} {fault:?}");
            stage.stop().await;
        }
    }
}

#[tokio::test]
async fn a_new_assistant_without_its_number_is_partial_and_named() {
    for vendor in VENDORS {
        let stage = with(vendor, THRICE).await;
        let known = stage.simulator(vendor).ids();
        stage.fail(vendor, &[refusal(vendor)]);
        let problem = create(&stage, vendor, "", &new(vendor)).await.problem("validation_failed");
        assert_eq!((&problem["outcome"], &problem["retryable"]), (&json!("partial"), &json!(false)), "{problem:#}");
        assert_eq!(problem["report"]["applied"], json!(["name"]), "{problem:#}");
        assert_eq!(problem["report"]["pending"], json!(["phone_number_id"]), "{problem:#}");
        let made: Vec<_> = stage.simulator(vendor).ids().into_iter().filter(|id| !known.contains(id)).collect();
        let [id] = &made[..] else { panic!("{made:?}") };
        assert!(problem["detail"].as_str().unwrap().contains(id), "{problem:#}");
        stage.stop().await;
    }
}

#[tokio::test]
async fn a_number_that_names_another_assistant_afterwards_is_not_applied() {
    for (vendor, member) in [("elevenlabs", "agent_id"), ("vapi", "assistantId")] {
        let stage = with(vendor, ONCE).await;
        stage.fail(vendor, &[&format!("drop={member}@update-phone-number")]);
        let reply = put(&stage, vendor, &both(vendor)).await;
        let report = reply.json()["report"].clone();
        assert_eq!((reply.status.as_u16(), &report["applied"]), (200, &json!(["name"])), "{vendor}: {report:#}");
        let lost = report["warnings"].as_array().unwrap().iter().find(|note| note["code"] == "not_persisted").unwrap();
        assert_eq!((&lost["field"], &lost["sent"]), (&json!("phone_number_id"), &json!(free(vendor))), "{report:#}");
        stage.stop().await;
    }
}

#[tokio::test]
async fn a_number_with_a_squad_is_refused_while_nothing_is_written() {
    let stage = with("vapi", ONCE).await;
    let before = name(&stage, "vapi");
    let update = json!({ "name": "Late desk", "phone_number_id": "9c1d2e3f-4a5b-4c6d-8e7f-0a1b2c3d4e03" });
    let problem = put(&stage, "vapi", &update).await.problem("unsupported_by_vendor");
    assert_eq!(problem["errors"][0]["pointer"], "#/phone_number_id", "{problem:#}");
    assert!(problem["errors"][0]["detail"].as_str().unwrap().contains("squadId"), "{problem:#}");
    assert_eq!((name(&stage, "vapi"), &problem["outcome"]), (before, &json!("not_applied")));
    stage.stop().await;
}

#[tokio::test]
async fn a_copy_leaves_the_number_where_it_is() {
    let stage = with("elevenlabs", "").await;
    let path = format!("/v1/assistants/elevenlabs:{}/copies", first("elevenlabs"));
    let made = stage.call(Method::POST, &path, &JSON, json!({ "vendor": "elevenlabs" }).to_string()).await.json();
    let dropped = made["report"]["dropped"].as_array().unwrap().iter().find(|note| note["field"] == "phone_number_id");
    assert_eq!(dropped.unwrap()["code"], "in_use", "{made:#}");
    assert_eq!(named(&stage, "elevenlabs", "phnum_1"), first("elevenlabs"));
    // Another one can be given to it.
    let changes = json!({ "vendor": "elevenlabs", "changes": { "phone_number_id": "phnum_2" } });
    let made = stage.call(Method::POST, &path, &JSON, changes.to_string()).await.json();
    assert_eq!(named(&stage, "elevenlabs", "phnum_2"), made["data"]["id"], "{made:#}");
    stage.stop().await;
}

#[tokio::test]
async fn a_branch_that_does_not_exist_is_the_configurations_fault() {
    let stage = with("elevenlabs", "branch = \"agtbrch_gone\"\nretry = { max_attempts = 1 }\n").await;
    let path = format!("/v1/assistants/elevenlabs:{}", first("elevenlabs"));
    let number = json!({ "phone_number_id": "phnum_2" });
    for reply in [
        put(&stage, "elevenlabs", &json!({ "name": "Late desk" })).await,
        put(&stage, "elevenlabs", &json!({ "allow_interruptions": false })).await,
        put(&stage, "elevenlabs", &number).await,
        stage.get(&path).await,
    ] {
        let problem = reply.problem("vendor_account_problem");
        assert_eq!((&problem["fault"], &problem["outcome"]), (&json!("gateway"), &json!("not_applied")), "{problem:#}");
        assert!(problem["detail"].as_str().unwrap().contains("`branch = \"agtbrch_gone\"`"), "{problem:#}");
        assert_eq!(problem["vendor_response"], json!({ "status": 404, "message": "Branch not found" }), "{problem:#}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_change_that_waited_in_the_store_gives_the_number_too() {
    for vendor in VENDORS {
        let home = tempfile::tempdir().unwrap();
        let store = format!("[store]\nkind = \"sqlite\"\npath = \"{}\"\n", home.path().join("store.db").display());
        let queue = "[queue]\nbackoff = \"1s\"\n";
        let stage = with(vendor, &format!("{ONCE}{store}{queue}")).await;
        // The first delivery writes the assistant alone; the next one begins with the same requests.
        stage.fail(vendor, &["status=503@update-phone-number*1"]);
        let path = format!("/v1/assistants/{vendor}:{}", first(vendor));
        let headers = [JSON[0], ("prefer", "respond-async")];
        let taken = stage.call(Method::PUT, &path, &headers, both(vendor).to_string()).await;
        assert_eq!(taken.status, 202, "{vendor}: {:#}", taken.json());
        let record = format!("{}?wait=30", taken.header("location").unwrap());
        let ended = stage.get(&record).await.json();
        assert_eq!(ended["state"], "applied", "{vendor}: {ended:#}");
        assert_eq!(ended["answer"]["body"]["report"]["applied"], json!(["name", "phone_number_id"]), "{ended:#}");
        assert_eq!(named(&stage, vendor, free(vendor)), first(vendor), "{vendor}");
        stage.stop().await;
    }
}
