//! Webhooks that are objects of the vendor's workspace: the URL is looked up, and never made or shown.

use http::Method;
use serde_json::{Value, json};

use super::{JSON, document, first, put, stage};
use crate::support::Stage;

const CALLS: &str = "https://hooks.example.com/calls";

fn stored(stage: &Stage) -> Value {
    let overrides = &document(stage, "elevenlabs")["platform_settings"]["workspace_overrides"];
    overrides["webhooks"]["post_call_webhook_id"].clone()
}

#[tokio::test]
async fn a_url_is_looked_up_and_null_or_the_switch_takes_the_webhook_away() {
    let stage = stage("elevenlabs").await;
    for (update, expected) in [
        (json!({ "webhook_url": CALLS, "is_webhook_active": true }), json!("wh_1")),
        (json!({ "is_webhook_active": false }), Value::Null),
        (json!({ "webhook_url": CALLS, "include_recording_in_webhook": true }), json!("wh_1")),
        (json!({ "webhook_url": null }), Value::Null),
    ] {
        let reply = put(&stage, "elevenlabs", &update).await;
        let report = reply.json()["report"].clone();
        assert_eq!(reply.status, 200, "{update}: {report:#}");
        assert_eq!(report["applied"].as_array().unwrap().len(), update.as_object().unwrap().len(), "{report:#}");
        assert_eq!(stored(&stage), expected, "{update}");
    }
    let received = stage.simulator("elevenlabs").received();
    assert_eq!(received.iter().filter(|request| request.path == "/v1/workspace/webhooks").count(), 1, "one copy");
    stage.stop().await;
}

#[tokio::test]
async fn a_url_without_a_webhook_is_refused_and_none_is_made() {
    let stage = stage("elevenlabs").await;
    let update = json!({ "name": "Late desk", "webhook_url": "https://hooks.example.com/new" });
    let problem = put(&stage, "elevenlabs", &update).await.problem("validation_failed");
    let [error] = &problem["errors"].as_array().unwrap()[..] else { panic!("{problem:#}") };
    assert_eq!((&error["pointer"], &error["code"]), (&json!("#/webhook_url"), &json!("unresolved_name")));
    assert!(error["detail"].as_str().unwrap().contains("workspace"), "{problem:#}");
    assert!(!problem.to_string().contains(CALLS), "the account's own URLs are not told: {problem:#}");
    assert!(stage.simulator("elevenlabs").received().iter().all(|request| request.method == "GET"));
    stage.stop().await;
}

#[tokio::test]
async fn a_webhook_that_the_vendor_does_not_store_is_not_applied() {
    let stage = stage("elevenlabs").await;
    stage.fail("elevenlabs", &["drop=platform_settings.workspace_overrides.webhooks.post_call_webhook_id"]);
    let report =
        put(&stage, "elevenlabs", &json!({ "name": "Late desk", "webhook_url": CALLS })).await.json()["report"].clone();
    assert_eq!(report["applied"], json!(["name"]), "{report:#}");
    let lost = report["warnings"].as_array().unwrap().iter().find(|note| note["code"] == "changed_by_vendor").unwrap();
    assert_eq!((&lost["field"], &lost["sent"]), (&json!("webhook_url"), &json!(CALLS)), "{report:#}");
    stage.stop().await;
}

#[tokio::test]
async fn the_webhooks_of_an_account_are_not_shown() {
    let stage = stage("elevenlabs").await;
    put(&stage, "elevenlabs", &json!({ "webhook_url": CALLS })).await;
    let kinds = stage.get("/v1/vendors/elevenlabs/catalogs").await.json()["catalogs"].clone();
    assert!(kinds.as_array().unwrap().iter().all(|one| one["kind"] != "webhooks"), "{kinds:#}");
    let problem = stage.get("/v1/vendors/elevenlabs/catalogs/webhooks").await.problem("not_found");
    assert!(problem["detail"].as_str().unwrap().contains("not shown"), "{problem:#}");
    let read = stage.get(&format!("/v1/assistants/elevenlabs:{}", first("elevenlabs"))).await.json();
    assert!(read["unreadable"].as_array().unwrap().contains(&json!("webhook_url")), "{read:#}");
    stage.stop().await;
}

#[tokio::test]
async fn a_configured_webhook_needs_no_list() {
    let catalog = "[vendors.elevenlabs.catalog]\nwebhooks = { wh_9 = \"https://hooks.example.com/known\" }\n";
    let stage = Stage::of(&["elevenlabs"], catalog, |text| text).await;
    let path = format!("/v1/assistants/elevenlabs:{}?dry_run=true", first("elevenlabs"));
    let update = json!({ "webhook_url": "https://hooks.example.com/known" }).to_string();
    let shown = stage.call(Method::PUT, &path, &JSON, update).await.json();
    let overrides = &shown["request"]["body"]["platform_settings"]["workspace_overrides"];
    assert_eq!(overrides["webhooks"]["post_call_webhook_id"], "wh_9", "{shown:#}");
    assert!(stage.simulator("elevenlabs").received().is_empty());
    stage.stop().await;
}
