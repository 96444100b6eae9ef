//! Switching webhooks on and off.

use crate::client::{Call, start};
use serde_json::{Value, json};
use simulators::{NAMES, Simulator};

const URL: &str = "https://example.com/hook";

async fn switch(simulator: &Simulator, name: &str, body: Value) -> (u16, Value) {
    let path = format!("/user/assistants/{name}");
    let answer = Call::new(simulator, "POST", &path).body(body.to_string()).send().await;
    (answer.status, answer.json())
}

/// Where each pair of switches is documented, or used by clients.
fn has(vendor: &str, name: &str) -> bool {
    match name {
        "enable-webhook" => ["autocalls", "famulor"].contains(&vendor),
        _ if name.contains("conversation") => ["autocalls", "famulor", "intellixent"].contains(&vendor),
        _ => true,
    }
}

#[tokio::test]
async fn each_switch_sets_and_clears_its_address() {
    for vendor in NAMES {
        let simulator = start(vendor, &[]).await;
        for (name, member) in [
            ("webhook", "webhook_url"),
            ("inbound-webhook", "inbound_webhook_url"),
            ("conversation-ended-webhook", "conversation_ended_webhook_url"),
        ] {
            let (on, off) = (format!("enable-{name}"), format!("disable-{name}"));
            if !has(vendor, &on) {
                assert_eq!(switch(&simulator, &on, json!({})).await.0, 404, "{vendor} {name}");
            } else {
                let (status, body) = switch(&simulator, &on, json!({ "assistant_id": 7, "webhook_url": URL })).await;
                assert_eq!((status, &body["data"]), (200, &json!([])), "{vendor} {name}");
                assert!(body["message"].as_str().is_some_and(|text| text.ends_with("enabled successfully")));
                assert_eq!(simulator.state(7).expect("a state")[member], URL, "{vendor} {name}");
            }
            if has(vendor, &off) {
                let (status, body) = switch(&simulator, &off, json!({ "assistant_id": 7 })).await;
                assert_eq!((status, &body["data"]), (200, &json!([])), "{vendor} {name}");
                assert_eq!(simulator.state(7).expect("a state")[member], Value::Null, "{vendor} {name}");
            }
        }
        simulator.stop().await;
    }
}

#[tokio::test]
async fn the_post_call_switch_is_the_flag_of_updates() {
    let simulator = start("sondos", &[]).await;
    Call::update(&simulator, 7, json!({ "is_webhook_active": true, "webhook_url": URL })).send().await;
    assert_eq!(switch(&simulator, "disable-webhook", json!({ "assistant_id": 7 })).await.0, 200);
    let list = Call::new(&simulator, "GET", "/user/assistants/get").send().await.json();
    assert_eq!((&list["data"][0]["is_webhook_active"], &list["data"][0]["webhook_url"]), (&json!(false), &Value::Null));
    switch(&simulator, "enable-inbound-webhook", json!({ "assistant_id": 7, "webhook_url": URL })).await;
    let list = Call::new(&simulator, "GET", "/user/assistants/get").send().await.json();
    assert_eq!(list["data"][0]["inbound_webhook_url"], URL);
    simulator.stop().await;
}

#[tokio::test]
async fn a_body_is_checked_before_the_assistant_is_looked_for() {
    for vendor in NAMES {
        let simulator = start(vendor, &[]).await;
        let (status, body) = switch(&simulator, "enable-inbound-webhook", json!({ "assistant_id": "4711" })).await;
        let wanted = json!({
            "webhook_url": ["The webhook url field is required."],
            "assistant_id": ["The assistant id must be an integer."],
        });
        assert_eq!((status, body["errors"].as_object().map(serde_json::Map::len)), (422, Some(2)), "{vendor}");
        for (key, said) in wanted.as_object().expect("errors") {
            assert_eq!(body["errors"][key], *said, "{vendor}");
        }
        for id in [0, 1000] {
            let (status, body) = switch(&simulator, "disable-inbound-webhook", json!({ "assistant_id": id })).await;
            assert_eq!((status, body), (404, json!({ "message": "Assistant not found" })), "{vendor}");
        }
        simulator.stop().await;
    }
}
