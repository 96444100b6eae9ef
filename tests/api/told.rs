//! What a vendor tells beyond its documentation, what it does not store, and who wins.

use http::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::Stage;
use crate::support::stub::Stub;

const OK: &str = "200 OK";

/// A gateway in front of a vendor that confirms every change and keeps telling the same assistant.
async fn unmoved(item: Value) -> (Stub, Stage) {
    let stub = Stub::routing(move |target, _| match target.contains("/assistants/get") {
        true => (OK, json!({ "data": [item], "current_page": 1, "last_page": 1 }).to_string()),
        false => (OK, json!({ "message": "Assistant updated successfully", "data": { "id": 7 } }).to_string()),
    })
    .await;
    let stage = Stage::of(&["autocalls"], &stub.vendor("odd", "autocalls"), |text| text).await;
    (stub, stage)
}

#[tokio::test]
async fn credentials_that_no_page_documents_are_never_shown() {
    let item = json!({
        "id": 7, "name": "Desk", "variables": { "key_account": "shown-1" },
        "tools": [
            { "type": "http", "data": { "api_token": "hush-1", "headers": [{ "name": "Authorization", "value": "hush-2" }] } },
            { "type": "collect_keypad", "data": { "stop_key": "*", "odd": "shown-2" } },
        ],
        "integration": { "client_secret": "hush-3", "Api-Key": ["hush-4"], "max_tokens": 500, "region": "shown-3" },
        "widget_password": "hush-5",
    });
    let (_stub, stage) = unmoved(item).await;
    let sent = r#"{"tools":[{"type":"end_call"}]}"#;
    let proved = stage.put_with("odd:7", &[("prefer", "return=representation")], sent).await;
    let read = stage.get("/v1/assistants/odd:7?include=vendor").await;
    let listed = stage.get("/v1/assistants?vendor=odd&include=vendor").await;
    for reply in [&proved, &read, &listed] {
        assert_eq!(reply.status, 200, "{reply:?}");
        let text = String::from_utf8_lossy(&reply.body);
        assert!(!text.contains("hush-"), "{text}");
        assert!(text.contains("shown-1"), "{text}");
    }
    assert_eq!(proved.json()["stored"]["differs"][0]["field"], "tools");
    let body = read.json();
    let tools = &body["unwritable"].as_array().unwrap().iter().find(|told| told["field"] == "tools").unwrap()["value"];
    assert_eq!(tools[1], json!({ "type": "collect_keypad", "stop_key": "*", "odd": "shown-2" }));
    let integration =
        json!({ "client_secret": "[redacted]", "Api-Key": "[redacted]", "max_tokens": 500, "region": "shown-3" });
    assert_eq!(body["vendor_fields"]["integration"], integration);
    stage.stop().await;
}

#[tokio::test]
async fn a_value_that_the_vendor_ignores_is_told_from_one_that_it_changes() {
    let (_stub, stage) = unmoved(json!({ "id": 7, "name": "Before", "record": false })).await;
    let represent = ("prefer", "return=representation");
    let warnings = |body: &Value| -> Vec<(Value, Value)> {
        let warnings = body["report"]["warnings"].as_array().unwrap();
        warnings.iter().map(|one| (one["field"].clone(), one["code"].clone())).collect()
    };
    let sent = r#"{"name":"After","record":false}"#;
    let known = stage.put_with("odd:7", &[represent, ("if-match", "*")], sent).await.json();
    assert_eq!(warnings(&known), [("name".into(), "not_persisted".into())], "{known:#}");
    assert_eq!(known["report"]["applied"], json!(["record"]));
    let unknown = stage.put_with("odd:7", &[represent], sent).await.json();
    assert_eq!(warnings(&unknown), [("name".into(), "changed_by_vendor".into())], "{unknown:#}");
    stage.stop().await;
}

#[tokio::test]
async fn of_two_clients_with_one_tag_exactly_one_wins() {
    let clients: String = ["one", "two"]
        .into_iter()
        .map(|name| {
            format!("[clients.{name}]\nkey_sha256 = \"{}\"\n", hex::encode(Sha256::digest(format!("key-{name}"))))
        })
        .collect();
    let stage = Stage::of(&["autocalls"], &format!("[auth]\nmode = \"keys\"\n{clients}"), |text| text).await;
    let put = async |client: &str, header: (&str, &str), body: &'static str| {
        let key = format!("Bearer key-{client}");
        let headers = [("authorization", &*key), ("content-type", "application/json"), header];
        stage.call(Method::PUT, "/v1/assistants/autocalls:7", &headers, body).await
    };
    for _ in 0..10 {
        let first = put("one", ("prefer", "return=representation"), r#"{"name":"first"}"#).await;
        let tag = first.header("etag").unwrap().to_owned();
        let (one, two) = tokio::join!(
            put("one", ("if-match", &tag), r#"{"name":"one"}"#),
            put("two", ("if-match", &tag), r#"{"name":"two"}"#)
        );
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412]);
    }
    stage.stop().await;
}
