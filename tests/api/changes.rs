//! New assistants, deletions, conditions, and the proof that an update was stored.

use http::Method;
use serde_json::{Value, json};

use crate::support::{Reply, Stage};

const JSON: (&str, &str) = ("content-type", "application/json");
const REPRESENT: (&str, &str) = ("prefer", "return=representation");

/// The fields that every vendor requires of a new assistant.
fn complete() -> Value {
    json!({
        "name": "Front desk", "voice_id": 41, "language_id": 1, "type": "inbound", "mode": "pipeline",
        "timezone": "Europe/Brussels", "initial_message": "Good day.", "system_prompt": "Answer briefly.", "llm_model_id": 2,
    })
}

async fn create(stage: &Stage, vendor: &str, query: &str, headers: &[(&str, &str)], fields: &Value) -> Reply {
    let headers: Vec<_> = [JSON].iter().chain(headers).copied().collect();
    stage.call(Method::POST, &format!("/v1/assistants?vendor={vendor}{query}"), &headers, fields.to_string()).await
}

async fn delete(stage: &Stage, assistant: &str, headers: &[(&str, &str)]) -> Reply {
    stage.call(Method::DELETE, &format!("/v1/assistants/{assistant}"), headers, "").await
}

/// How many requests with this method a vendor has received.
fn arrivals(stage: &Stage, vendor: &str, method: &str) -> usize {
    stage.simulator(vendor).received().iter().filter(|request| request.method == method).count()
}

/// The tag of an assistant's present state.
async fn tag(stage: &Stage, assistant: &str) -> String {
    let reply = stage.put_with(assistant, &[REPRESENT], r#"{"record":true}"#).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.header("etag").unwrap().to_owned()
}

#[tokio::test]
async fn an_assistant_is_created_at_every_vendor() {
    let stage = Stage::new().await;
    for vendor in simulators::NAMES {
        let reply = create(&stage, vendor, "", &[], &complete()).await;
        assert_eq!(reply.status, 201, "{vendor}: {reply:?}");
        let body = reply.json();
        let assistant = body["assistant"].as_str().unwrap();
        assert_eq!(assistant, format!("{vendor}:{}", body["data"]["id"]));
        assert_eq!(reply.header("location"), Some(&*format!("/v1/assistants/{assistant}")));
        assert_eq!(
            (&body["operation"], &body["attempts"], &body["vendor"]),
            (&"create".into(), &1.into(), &vendor.into())
        );
        assert_eq!(body["report"]["applied"].as_array().unwrap().len(), 9, "{vendor}");
        let remarks: Vec<_> =
            body["report"]["warnings"].as_array().unwrap().iter().map(|one| one["code"].clone()).collect();
        let expected: &[Value] = if body["data"]["status"] == "active" { &[] } else { &["created_inactive".into()] };
        assert_eq!(remarks, expected, "{vendor}");
        let again = stage.put(assistant, r#"{"name":"Changed"}"#).await;
        assert_eq!((again.status.as_u16(), again.json()["data"]["name"].clone()), (200, "Changed".into()));
        assert_eq!(arrivals(&stage, vendor, "POST"), 1);
    }
    stage.stop().await;
}

#[tokio::test]
async fn what_a_new_assistant_lacks_is_said_at_once_and_nothing_is_sent() {
    let stage = Stage::new().await;
    for vendor in simulators::NAMES {
        let problem =
            create(&stage, vendor, "", &[], &json!({ "language": "English" })).await.problem("validation_failed");
        let items = problem["errors"].as_array().unwrap();
        let fields: Vec<_> = items
            .iter()
            .filter(|item| item["code"] == "required")
            .map(|item| item["field"].as_str().unwrap())
            .collect();
        let expected =
            ["name", "voice_id", "llm_model_id", "type", "mode", "timezone", "initial_message", "system_prompt"];
        let expected: Vec<_> =
            expected.into_iter().filter(|name| vendor == "sondos" || *name != "llm_model_id").collect();
        assert_eq!(fields, expected, "{vendor}");
        assert!(problem["detail"].as_str().unwrap().starts_with("The creation is not valid: "), "{problem:#}");
        assert_eq!(problem["outcome"], "not_applied");
        assert_eq!(arrivals(&stage, vendor, "POST"), 0);
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_creation_that_may_have_arrived_is_unknown_and_never_sent_again() {
    let stage = Stage::of(&["autocalls"], "", |text| text).await;
    for fault in [
        "lost@create*1",
        "reset-in-body@create*1",
        "truncated@create*1",
        "html@create*1",
        "status=502@create*1",
        "status=503,retry-after=0@create*1",
    ] {
        stage.clear();
        stage.fail("autocalls", &[fault]);
        let reply = create(&stage, "autocalls", "", &[], &complete()).await;
        let body = reply.json();
        assert_eq!((&body["outcome"], &body["retryable"]), (&"unknown".into(), &false.into()), "{fault}: {body:#}");
        assert!(body["detail"].as_str().unwrap().contains("GET /v1/assistants?vendor=autocalls"), "{fault}: {body:#}");
        assert_eq!(arrivals(&stage, "autocalls", "POST"), 1, "{fault}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_creation_is_not_sent_again_after_a_429_nor_after_another_refusal() {
    let stage = Stage::of(&["autocalls"], "", |text| text).await;
    for (fault, code) in [
        ("status=429,retry-after=0@create*1", "vendor_rate_limited"),
        ("no-route@create*1", "vendor_bad_response"),
        ("status=422@create*1", "validation_failed"),
    ] {
        stage.clear();
        stage.fail("autocalls", &[fault]);
        let problem = create(&stage, "autocalls", "", &[], &complete()).await.problem(code);
        assert_eq!(problem["outcome"], "not_applied", "{problem:#}");
        assert!(!problem["detail"].as_str().unwrap().contains("update"), "{problem:#}");
        assert_eq!(arrivals(&stage, "autocalls", "POST"), 1, "{fault}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_dry_run_shows_the_creation_and_the_deletion() {
    let stage = Stage::new().await;
    let reply = create(&stage, "autocalls", "&dry_run=true", &[], &complete()).await;
    let body = reply.json();
    assert_eq!((reply.status.as_u16(), &body["request"]["method"]), (200, &"POST".into()));
    assert!(body["request"]["url"].as_str().unwrap().ends_with("/user/assistant"));
    assert_eq!(body["request"]["body"]["name"], "Front desk");
    let reply = stage.call(Method::DELETE, "/v1/assistants/sondos:7?dry_run=true", &[], "").await;
    let body = reply.json();
    assert_eq!((&body["request"]["method"], &body["request"]["body"]), (&"DELETE".into(), &Value::Null));
    stage.assert_nothing_sent();
    stage.stop().await;
}

#[tokio::test]
async fn where_to_create_is_said_by_the_query_or_the_default() {
    let stage = Stage::of(&["autocalls", "sondos"], "", |text| text).await;
    let headers = [JSON];
    let reply = stage.call(Method::POST, "/v1/assistants", &headers, complete().to_string()).await;
    assert_eq!(reply.json()["vendor"], "autocalls");
    let problem = create(&stage, "sondas", "", &[], &complete()).await.problem("unknown_assistant");
    assert!(problem["detail"].as_str().unwrap().contains("did you mean `sondos`"), "{problem:#}");
    create(&stage, "", "", &[], &complete()).await.problem("invalid_request");
    let conditional = create(&stage, "sondos", "", &[("if-match", "*")], &complete()).await;
    conditional.problem("invalid_request");
    stage.stop().await;
}

#[tokio::test]
async fn an_assistant_is_deleted_once() {
    let stage = Stage::new().await;
    for vendor in simulators::NAMES {
        let assistant = format!("{vendor}:7");
        let reply = delete(&stage, &assistant, &[]).await;
        let body = reply.json();
        assert_eq!(
            (reply.status.as_u16(), &body["id"], &body["attempts"]),
            (200, &7.into(), &1.into()),
            "{vendor} {body:#}"
        );
        assert_eq!(body["message"], "Assistant deleted successfully");
        assert_eq!(body["assistant"], assistant);
        delete(&stage, &assistant, &[]).await.problem("assistant_not_found");
        stage.put(&assistant, r#"{"name":"x"}"#).await.problem("assistant_not_found");
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_deletion_whose_response_was_lost_is_done() {
    let stage = Stage::of(&["autocalls"], "", |text| text).await;
    stage.fail("autocalls", &["lost@delete*1"]);
    let reply = delete(&stage, "autocalls:7", &[]).await;
    assert_eq!((reply.status.as_u16(), &reply.json()["attempts"]), (200, &2.into()), "{reply:?}");
    stage.fail("autocalls", &["empty=204@delete*1"]);
    assert_eq!(delete(&stage, "autocalls:8", &[]).await.status, 200);
    stage.fail("autocalls", &["html@delete*1"]);
    let problem = delete(&stage, "autocalls:9", &[]).await.problem("vendor_bad_response");
    assert_eq!(problem["outcome"], "unknown");
    stage.stop().await;
}

#[tokio::test]
async fn a_representation_proves_what_was_stored() {
    let stage = Stage::new().await;
    for vendor in simulators::NAMES {
        let update = json!({ "name": "Desk", "speech_speed": 0.7, "language": "English", "min_interrupt_words": null, "fillers": true });
        let reply = stage.put_with(&format!("{vendor}:7"), &[REPRESENT], update.to_string()).await;
        assert_eq!(reply.status, 200, "{vendor} {reply:?}");
        assert_eq!(reply.header("preference-applied"), Some("return=representation"), "{vendor}");
        let body = reply.json();
        let stored = &body["stored"];
        assert_eq!(stored["differs"], json!([]), "{vendor} {body:#}");
        let mut confirmed: Vec<_> =
            stored["confirmed"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
        confirmed.sort_unstable();
        assert_eq!(confirmed, ["fillers", "language", "min_interrupt_words", "name", "speech_speed"], "{vendor}");
        let shown = &body["representation"];
        assert_eq!(
            (&shown["fields"]["name"], &shown["id"], &shown["vendor"]),
            (&"Desk".into(), &7.into(), &vendor.into())
        );
        assert_eq!(shown["fields"]["min_interrupt_words"], Value::Null);
        assert!(reply.body.windows(20).any(|text| text.starts_with(b"\"speech_speed\":0.7")), "{vendor}: digits");
        assert_eq!(body["attempts"], 2, "{vendor}");
        assert!(reply.header("etag").is_some_and(|tag| tag.len() == 34), "{vendor}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_field_that_the_vendor_has_another_value_of_is_not_applied() {
    let stage = Stage::of(&["autocalls"], "", |text| text).await;
    let update = |name: &str| json!({ "name": name, "max_duration": 600, "tool_ids": [] }).to_string();
    assert_eq!(stage.put("autocalls:789", update("before")).await.status, 200);
    stage.fail("autocalls", &["status=200@update*1"]);
    let body = stage.put_with("autocalls:789", &[REPRESENT], update("after")).await.json();
    let differs = json!([{ "field": "name", "sent": "after", "stored": "before" }]);
    let stored = json!({ "confirmed": ["max_duration"], "differs": differs, "unreadable": ["tool_ids"] });
    assert_eq!(body["stored"], stored, "{body:#}");
    assert_eq!(body["report"]["applied"], json!(["max_duration", "tool_ids"]));
    let warning = &body["report"]["warnings"][0];
    assert_eq!((&warning["field"], &warning["code"]), (&"name".into(), &"changed_by_vendor".into()), "{body:#}");
    stage.stop().await;
}

#[tokio::test]
async fn a_read_that_fails_afterwards_never_makes_an_error_of_the_update() {
    let stage = Stage::of(&["autocalls"], "", |text| text).await;
    stage.fail("autocalls", &["truncated@list"]);
    let reply = stage.put_with("autocalls:7", &[REPRESENT], r#"{"name":"x"}"#).await;
    let body = reply.json();
    assert_eq!((reply.status.as_u16(), &body["stored"], &body["representation"]), (200, &Value::Null, &Value::Null));
    assert_eq!(body["report"]["warnings"][0]["code"], "not_verified", "{body:#}");
    assert_eq!(reply.header("preference-applied"), None);
    stage.stop().await;
}

#[tokio::test]
async fn a_new_assistant_can_be_represented_too() {
    let stage = Stage::of(&["sondos"], "", |text| text).await;
    let reply = create(&stage, "sondos", "", &[REPRESENT], &complete()).await;
    let body = reply.json();
    assert_eq!((reply.status.as_u16(), &body["stored"]["differs"]), (201, &json!([])), "{body:#}");
    assert_eq!(body["representation"]["assistant"], body["assistant"]);
    stage.stop().await;
}

#[tokio::test]
async fn an_update_under_a_condition_is_applied_only_in_the_named_state() {
    let stage = Stage::new().await;
    for vendor in simulators::NAMES {
        let assistant = format!("{vendor}:7");
        let first = tag(&stage, &assistant).await;
        let applied = stage.put_with(&assistant, &[("if-match", &first)], r#"{"name":"one"}"#).await;
        assert_eq!((applied.status.as_u16(), &applied.json()["attempts"]), (200, &2.into()), "{vendor} {applied:?}");
        stage.clear();
        let refused = stage.put_with(&assistant, &[("if-match", &first)], r#"{"name":"two"}"#).await;
        refused.problem("precondition_failed");
        let present = refused.header("etag").unwrap().to_owned();
        assert_ne!(present, first);
        assert_eq!(arrivals(&stage, vendor, "PUT"), 0, "{vendor}");
        let listed = format!("\"other\", {present}");
        assert_eq!(
            stage.put_with(&assistant, &[("if-match", &listed)], r#"{"name":"two"}"#).await.status,
            200,
            "{vendor}"
        );
        assert_eq!(
            stage.put_with(&assistant, &[("if-match", "*")], r#"{"name":"three"}"#).await.status,
            200,
            "{vendor}"
        );
        let gone = stage.put_with(&format!("{vendor}:4711"), &[("if-match", "*")], r#"{"name":"x"}"#).await;
        gone.problem("assistant_not_found");
        delete(&stage, &assistant, &[("if-match", &first)]).await.problem("precondition_failed");
        assert_eq!(delete(&stage, &assistant, &[("if-match", "*")]).await.status, 200, "{vendor}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn of_updates_under_one_tag_exactly_one_wins() {
    let stage = Stage::of(&["autocalls"], "", |text| text).await;
    let first = tag(&stage, "autocalls:7").await;
    let updates = (0..8).map(|number| {
        let (stage, first) = (&stage, &first);
        async move { stage.put_with("autocalls:7", &[("if-match", first)], format!("{{\"name\":\"{number}\"}}")).await }
    });
    let replies = futures_util::future::join_all(updates).await;
    let won = replies.iter().filter(|reply| reply.status == 200).count();
    let lost = replies.iter().filter(|reply| reply.code() == "precondition_failed").count();
    assert_eq!((won, lost), (1, 7));
    assert_eq!(stage.updates("autocalls").len(), 2, "the one that won, and the one that asked for the tag");
    stage.stop().await;
}

#[tokio::test]
async fn after_a_lost_response_the_assistant_is_read_before_anything_is_sent_again() {
    let stage = Stage::of(&["autocalls"], "", |text| text).await;
    // Applied, and the response lost: every value is there.
    let first = tag(&stage, "autocalls:7").await;
    stage.clear();
    stage.fail("autocalls", &["lost@update*1"]);
    let reply = stage.put_with("autocalls:7", &[("if-match", &first)], r#"{"name":"lost"}"#).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!((&reply.json()["data"]["name"], stage.updates("autocalls").len()), (&"lost".into(), 1));
    // Not applied: still in the named state, so it is sent again.
    let first = tag(&stage, "autocalls:7").await;
    stage.clear();
    stage.fail("autocalls", &["status=503@update*1"]);
    let reply = stage.put_with("autocalls:7", &[("if-match", &first)], r#"{"name":"again"}"#).await;
    assert_eq!((reply.status.as_u16(), stage.updates("autocalls").len()), (200, 2), "{reply:?}");
    assert_eq!(reply.json()["attempts"], 4, "two reads and two updates");
    stage.stop().await;
}

#[tokio::test]
async fn a_dry_run_checks_the_condition_too_and_sends_nothing() {
    let stage = Stage::of(&["autocalls"], "", |text| text).await;
    let first = tag(&stage, "autocalls:7").await;
    stage.clear();
    let path = "/v1/assistants/autocalls:7?dry_run=true";
    let stale = stage.call(Method::PUT, path, &[JSON, ("if-match", "\"stale\"")], r#"{"name":"x"}"#).await;
    stale.problem("precondition_failed");
    let good = stage.call(Method::PUT, path, &[JSON, ("if-match", &first)], r#"{"name":"x"}"#).await;
    assert_eq!((good.status.as_u16(), &good.json()["dry_run"]), (200, &true.into()));
    assert_eq!(stage.updates("autocalls").len(), 0);
    stage.stop().await;
}

#[tokio::test]
async fn nothing_to_send_is_still_read() {
    let stage = Stage::of(&["autocalls"], "", |text| text).await;
    tag(&stage, "autocalls:7").await;
    stage.clear();
    let reply = stage.put_with("autocalls:7", &[REPRESENT, ("if-match", "*")], "{}").await;
    let body = reply.json();
    assert_eq!((&body["message"], &body["attempts"]), (&"Nothing to send".into(), &2.into()), "{body:#}");
    assert_eq!(body["representation"]["id"], 7);
    assert_eq!(stage.updates("autocalls").len(), 0);
    stage.stop().await;
}
