//! What clients of the vendors send, as their published code does, and what they need of the answers.
//!
//! The official tools of Famulor (bekservice/Famulor-MCP 999db94, Famulor-Skill 475d90c), the Activepieces pieces for
//! Autocalls and Famulor (68e94f3, 03c3239), n8n-autocalls (4d6e1c1) and sondos-portal (9d9b12e).

use crate::client::{Answer, Call, smallest_creation, start};
use serde_json::{Value, json};
use simulators::Simulator;

/// How a client sends its requests.
#[derive(Clone, Copy)]
enum Headers {
    /// With `Accept: application/json` and a content type.
    Json,
    /// With a content type only, as `request` of n8n with `json: true` adds the rest.
    ContentType,
    /// With neither, but a content type where there is a body: Activepieces.
    Bare,
}

async fn send(simulator: &Simulator, headers: Headers, (method, path): (&'static str, &str), body: Value) -> Answer {
    let mut call = Call::new(simulator, method, path);
    if !matches!(headers, Headers::Json) {
        call = call.header(
            "accept",
            if matches!(headers, Headers::Bare) { "application/json, text/plain, */*" } else { "application/json" },
        );
    }
    if body.is_null() { call.send().await } else { call.body(body.to_string()).send().await }
}

/// An array of things with `id` and `name`, which is what a dropdown needs.
fn options(answer: &Answer) -> usize {
    let list = answer.json();
    let items = list.as_array().expect("a bare array");
    assert!(items.iter().all(|item| item["id"].is_u64() && item["name"].is_string()));
    items.len()
}

#[tokio::test]
async fn the_tools_of_famulors_own_server_work() {
    let simulator = start("famulor", &[]).await;
    for (method, path) in [
        ("GET", "/user/assistants/get?page=1&per_page=100"),
        ("GET", "/user/assistants/outbound"),
        ("GET", "/user/assistants/phone-numbers?type=inbound"),
        ("GET", "/user/assistants/models?type=multimodal"),
        ("GET", "/user/assistants/voices?mode=pipeline&language_id=1"),
        ("GET", "/user/assistants/languages"),
        ("GET", "/user/assistants/synthesizer-providers"),
        ("GET", "/user/assistants/transcriber-providers"),
        ("GET", "/user/me"),
        ("GET", "/user/tools"),
        ("GET", "/user/tools/5"),
        ("GET", "/user/knowledgebases"),
        ("GET", "/user/knowledgebases/12/documents"),
        ("GET", "/user/folders?per_page=15&page=1"),
        ("GET", "/user/labels"),
        ("GET", "/user/phone-numbers/all"),
    ] {
        let answer = send(&simulator, Headers::Json, (method, path), Value::Null).await;
        assert_eq!(answer.status, 200, "{path}: {:?}", answer.body);
    }
    let made = send(&simulator, Headers::Json, ("POST", "/user/assistant"), smallest_creation("famulor")).await;
    let id = made.json()["data"]["id"].clone();
    assert_eq!((made.status, id.as_u64()), (201, Some(1000)));
    let own = format!("/user/assistant/{id}");
    let renamed = send(&simulator, Headers::Json, ("PUT", &own), json!({ "name": "Night desk" })).await;
    assert_eq!((renamed.status, &renamed.json()["data"]["name"]), (200, &json!("Night desk")));
    for name in ["inbound-webhook", "conversation-ended-webhook"] {
        let on = json!({ "assistant_id": id, "webhook_url": "https://example.com/hook" });
        for (verb, body) in [("enable", on), ("disable", json!({ "assistant_id": id }))] {
            let path = format!("/user/assistants/{verb}-{name}");
            assert_eq!(send(&simulator, Headers::Json, ("POST", &path), body).await.status, 200, "{path}");
        }
    }
    let off = json!({ "assistant_id": id });
    assert_eq!(send(&simulator, Headers::Json, ("POST", "/user/assistants/disable-webhook"), off).await.status, 200);
    assert_eq!(send(&simulator, Headers::Json, ("DELETE", &own), Value::Null).await.status, 200);
    assert_eq!(send(&simulator, Headers::Json, ("DELETE", &own), Value::Null).await.status, 404);
    simulator.stop().await;
}

#[tokio::test]
async fn famulors_onboarding_client_gets_what_is_documented_and_404_for_the_rest() {
    let simulator = start("famulor", &[]).await;
    for (method, path, body, status) in [
        ("POST", "/user/assistant", smallest_creation("famulor"), 201),
        ("GET", "/user/assistants/voices?mode=dualplex", Value::Null, 200),
        ("GET", "/user/assistants/models", Value::Null, 200),
        ("GET", "/user/assistants/phone-numbers", Value::Null, 200),
        ("GET", "/user/assistants?per_page=100&page=1", Value::Null, 200),
        ("POST", "/user/knowledgebases", json!({ "name": "Prices", "description": "All" }), 201),
        ("GET", "/user/knowledgebases", Value::Null, 200),
        // Paths that no page has.
        ("PATCH", "/user/assistants/1000", json!({ "name": "n" }), 404),
        ("POST", "/user/assistants/1000/webhook", json!({ "webhook_url": "https://example.com" }), 404),
    ] {
        let answer = send(&simulator, Headers::Json, (method, path), body).await;
        assert_eq!(answer.status, status, "{method} {path}: {:?}", answer.body);
    }
    simulator.stop().await;
}

#[tokio::test]
async fn automation_pieces_find_assistants_and_switch_their_webhooks() {
    for vendor in ["autocalls", "famulor"] {
        let simulator = start(vendor, &[]).await;
        let made = Call::create(&simulator, smallest_creation(vendor)).send().await.json();
        for headers in [Headers::Bare, Headers::Json] {
            let list = send(&simulator, headers, ("GET", "/user/assistants"), Value::Null).await;
            assert_eq!((list.status, options(&list)), (200, 2), "{vendor}");
            assert!(list.json()[0]["created_at"].is_string() && list.json()[0]["updated_at"].is_string());
        }
        let id = &made["data"]["id"];
        for name in ["webhook", "inbound-webhook"] {
            let on = json!({ "assistant_id": id, "webhook_url": "https://cloud.example.com/api/v1/webhooks/abc" });
            for (verb, body) in [("enable", on), ("disable", json!({ "assistant_id": id }))] {
                let path = format!("/user/assistants/{verb}-{name}");
                assert_eq!(send(&simulator, Headers::Bare, ("POST", &path), body).await.status, 200, "{vendor} {path}");
            }
        }
        simulator.stop().await;
    }
}

#[tokio::test]
async fn the_nodes_of_n8n_can_be_configured() {
    let simulator = start("autocalls", &[]).await;
    for path in ["/user/assistants/outbound", "/user/assistants"] {
        let list = send(&simulator, Headers::ContentType, ("GET", path), Value::Null).await;
        assert_eq!((list.status, options(&list)), (200, 1), "{path}");
    }
    simulator.stop().await;
}

#[tokio::test]
async fn a_portal_of_sondos_reads_makes_saves_and_removes() {
    let simulator = start("sondos", &[]).await;
    for path in [
        "/user/assistants",
        "/user/assistants/outbound",
        "/user/assistants/languages",
        "/user/assistants/models",
        "/user/assistants/voices",
        "/user/assistants/phone-numbers",
        "/user/me",
    ] {
        assert_eq!(send(&simulator, Headers::Json, ("GET", path), Value::Null).await.status, 200, "{path}");
    }
    let made = send(&simulator, Headers::Json, ("POST", "/user/assistant"), smallest_creation("sondos")).await;
    assert_eq!((made.status, &made.json()["data"]["status"]), (201, &json!("active")));
    let saved =
        send(&simulator, Headers::Json, ("PUT", "/user/assistant/1000"), json!({ "assistant_name": "n" })).await;
    assert_eq!(saved.status, 200);
    // The portal falls back to these, and gets what a path without that method gives.
    for method in ["PATCH", "GET"] {
        assert_eq!(send(&simulator, Headers::Json, (method, "/user/assistant/1000"), Value::Null).await.status, 405);
    }
    assert_eq!(send(&simulator, Headers::Json, ("DELETE", "/user/assistant/1000"), Value::Null).await.status, 200);
    simulator.stop().await;
}

#[tokio::test]
async fn where_no_client_needs_it_there_is_no_list_without_pages() {
    for vendor in ["gloriagent", "intellixent"] {
        let simulator = start(vendor, &[]).await;
        assert_eq!(Call::new(&simulator, "GET", "/user/assistants").send().await.status, 404);
        simulator.stop().await;
    }
}
