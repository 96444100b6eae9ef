//! How updates change assistants, and how lists and catalogs show them.

use crate::client::{Call, start};
use serde_json::{Value, json};
use simulators::{NAMES, Simulator, contracts};

async fn get(simulator: &Simulator, path: &str) -> Value {
    let answer = Call::new(simulator, "GET", path).send().await;
    assert_eq!(answer.status, 200, "{path}: {:?}", answer.body);
    answer.json()
}

#[tokio::test]
async fn absent_fields_stay_null_clears_and_arrays_are_replaced() {
    let simulator = start("autocalls", &[]).await;
    for body in [
        json!({ "name": "first", "webhook_url": "https://example.com/hook", "tool_ids": [1, 2] }),
        json!({ "webhook_url": null, "tool_ids": [3] }),
    ] {
        assert_eq!(Call::update(&simulator, 7, body).send().await.status, 200);
    }
    let state = simulator.state(7).expect("a state");
    assert_eq!(
        json!([state["name"], state["webhook_url"], state["tool_ids"], state["max_duration"]]),
        json!(["first", null, [3], 600])
    );
    simulator.stop().await;
}

#[tokio::test]
async fn changing_the_mode_resets_models_and_providers_that_the_update_does_not_set() {
    let simulator = start("gloriagent", &[]).await;
    let bodies = [
        json!({ "llm_model_id": 3, "synthesizer_provider_id": 2, "transcriber_provider_id": 5 }),
        json!({ "mode": "multimodal", "synthesizer_provider_id": 9 }),
    ];
    for body in bodies {
        assert_eq!(Call::update(&simulator, 7, body).send().await.status, 200);
    }
    let state = simulator.state(7).expect("a state");
    let fields = ["mode", "llm_model_id", "multimodal_model_id", "synthesizer_provider_id", "transcriber_provider_id"];
    assert_eq!(json!(fields.map(|field| &state[field])), json!(["multimodal", null, 1, 9, null]));
    simulator.stop().await;
}

#[tokio::test]
async fn lists_show_updated_assistants_with_current_names_and_loose_types() {
    for vendor in NAMES {
        let simulator = start(vendor, &[]).await;
        let legacy = contracts::schema(vendor).expect("a schema")["properties"].get("assistant_name").is_some();
        let body = if legacy {
            json!({ "assistant_name": "n", "calls_direction": "receive", "filler_audios": true, "speech_speed": 0.9, "language": "German" })
        } else {
            json!({ "name": "n", "type": "inbound", "fillers": true, "speech_speed": 0.9, "language_id": 5 })
        };
        let answer = Call::update(&simulator, 7, body).send().await.json();
        assert_eq!(
            answer["data"],
            json!({ "id": 7, "name": "n", "status": "active", "type": "inbound", "mode": "pipeline" })
        );
        let list = get(&simulator, "/user/assistants/get").await;
        assert_eq!(list["data"].as_array().expect("data").iter().map(|item| &item["id"]).collect::<Vec<_>>(), [7, 789]);
        assert_eq!((&list["total"], &list["per_page"], &list["last_page"]), (&json!(2), &json!(10), &json!(1)));
        let item = &list["data"][0];
        let fields = ["name", "type", "mode", "fillers", "speech_speed", "language", "end_call_on_voicemail", "record"];
        // Only Famulor's page shows a code here.
        let language = if vendor == "famulor" { json!("de") } else { Value::Null };
        let wanted = json!(["n", "inbound", "pipeline", 1, "0.90", language, 1, false]);
        assert_eq!(json!(fields.map(|field| &item[field])), wanted, "{vendor}");
        assert_eq!(item["language_id"], json!(if legacy { 4 } else { 5 }));
        simulator.stop().await;
    }
}

#[tokio::test]
async fn lists_are_paged() {
    let simulator = start("autocalls", &[]).await;
    for id in 1..=4 {
        Call::update(&simulator, id, "{}").send().await;
    }
    let page = get(&simulator, "/user/assistants/get?per_page=2&page=2").await;
    let ids: Vec<_> = page["data"].as_array().expect("data").iter().map(|item| item["id"].clone()).collect();
    assert_eq!(ids, [3, 4]);
    assert_eq!(page["next_page_url"], format!("{}/user/assistants/get?page=3", simulator.base_url()));
    assert_eq!(Call::new(&simulator, "GET", "/user/assistants/get?per_page=101").send().await.status, 422);
    simulator.stop().await;
}

#[tokio::test]
async fn catalogs_are_bare_arrays_of_the_documented_samples() {
    for vendor in NAMES {
        let simulator = start(vendor, &[]).await;
        let catalogs = contracts::catalogs(vendor).expect("catalogs");
        for name in ["languages", "models", "voices"] {
            assert_eq!(get(&simulator, &format!("/user/assistants/{name}")).await, catalogs[name], "{vendor} {name}");
        }
        assert!(get(&simulator, "/user/me").await["email"].is_string());
        simulator.stop().await;
    }
}

#[tokio::test]
async fn models_by_type_and_voices_by_mode_and_language() {
    let current = start("autocalls", &[]).await;
    let catalogs = contracts::catalogs("autocalls").expect("catalogs");
    for (kind, name) in [("llm", "models"), ("multimodal", "multimodal_models"), ("dualplex", "multimodal_models")] {
        assert_eq!(get(&current, &format!("/user/assistants/models?type={kind}")).await, catalogs[name]);
    }
    assert_eq!(Call::new(&current, "GET", "/user/assistants/models?type=other").send().await.status, 422);
    let french = get(&current, "/user/assistants/voices?language_id=3").await;
    assert!(french.as_array().expect("voices").iter().all(|voice| voice["language_id"].is_null()));
    current.stop().await;

    let legacy = start("sondos", &[]).await;
    let voices = get(&legacy, "/user/assistants/voices?mode=multimodal").await;
    let voices = voices.as_array().expect("voices");
    assert!(!voices.is_empty() && voices.iter().all(|voice| voice["mode"] == "multimodal"));
    assert_eq!(
        get(&legacy, "/user/assistants/models?type=multimodal").await,
        contracts::catalogs("sondos").expect("catalogs")["models"]
    );
    legacy.stop().await;
}

#[tokio::test]
async fn requests_are_recorded_unchanged() {
    let simulator = start("intellixent", &[]).await;
    let text = "{ \"voice_stability\": 0.70, \"max_duration\": 900 }";
    let call = Call::new(&simulator, "PUT", "/user/assistant/7?x=1").body(text).header("x-request-id", "abc");
    assert_eq!(call.send().await.status, 200);
    let received = &simulator.received_at_least(1).await[0];
    assert_eq!(
        (&*received.method, &*received.path, received.query.as_deref()),
        ("PUT", "/api/user/assistant/7", Some("x=1"))
    );
    assert_eq!((&received.body[..], received.status), (text.as_bytes(), Some(200)));
    assert_eq!(received.json.as_ref().map(|body| &body["max_duration"]), Some(&json!(900)));
    assert_eq!(
        (received.header("x-request-id"), received.header("authorization")),
        (Some("abc"), Some("Bearer sim-intellixent"))
    );
    simulator.clear();
    assert!(simulator.received().is_empty() && simulator.state(7).is_some_and(|state| state["max_duration"] == 900));
    simulator.stop().await;
}
