//! Retell AI: two objects, drafts, and published versions that never change.

use serde_json::{Value, json};

use super::{answered, call};
use crate::client::start;

/// Its latest version is a draft.
const DRAFT: &str = "agent_9d8c7b6a5f4e3d2c1b0a9f8e7d6c5b01";
const DRAFT_LLM: &str = "llm_4f6a1c0d9b8e7f2a3c5d6e7f8a9b0c01";
/// Its only version is published.
const PUBLISHED: &str = "agent_9d8c7b6a5f4e3d2c1b0a9f8e7d6c5b02";
const PUBLISHED_LLM: &str = "llm_4f6a1c0d9b8e7f2a3c5d6e7f8a9b0c02";

#[tokio::test]
async fn a_published_version_is_never_changed() {
    let simulator = start("retell", &[]).await;
    for (path, body) in [
        (format!("/update-agent/{PUBLISHED}"), json!({ "agent_name": "x" })),
        (format!("/update-agent/{DRAFT}?version=0"), json!({ "agent_name": "x" })),
        (format!("/update-retell-llm/{PUBLISHED_LLM}"), json!({ "general_prompt": "x" })),
        (format!("/update-retell-llm/{DRAFT_LLM}?version=0"), json!({ "general_prompt": "x" })),
    ] {
        let refused = answered(&simulator, ("PATCH", &path), body, 422).await;
        assert_eq!(
            refused,
            json!({ "status": "error", "message": "Cannot update a published agent version" }),
            "{path}"
        );
    }
    let changed =
        answered(&simulator, ("PATCH", &format!("/update-agent/{DRAFT}")), json!({ "agent_name": "Desk" }), 200).await;
    assert_eq!((&changed["agent_name"], &changed["version"]), (&json!("Desk"), &json!(1)));
    assert_eq!(simulator.versions(DRAFT)[0]["agent_name"], "Front desk");
    simulator.stop().await;
}

#[tokio::test]
async fn a_whole_update_makes_a_draft_writes_both_objects_and_publishes_in_place() {
    let simulator = start("retell", &[]).await;
    let draft = answered(
        &simulator,
        ("POST", &format!("/create-agent-version/{PUBLISHED}")),
        json!({ "base_version": 0 }),
        201,
    )
    .await;
    assert_eq!(
        [&draft["version"], &draft["is_published"], &draft["base_version"]],
        [&json!(1), &json!(false), &json!(0)]
    );
    assert_eq!(draft["response_engine"], json!({ "type": "retell-llm", "llm_id": PUBLISHED_LLM, "version": 1 }));
    answered(
        &simulator,
        ("PATCH", &format!("/update-agent/{PUBLISHED}?version=1")),
        json!({ "voice_speed": 1.1 }),
        200,
    )
    .await;
    let llm = format!("/update-retell-llm/{PUBLISHED_LLM}?version=1");
    let llm =
        answered(&simulator, ("PATCH", &llm), json!({ "general_prompt": "Be brief.", "begin_message": "" }), 200).await;
    assert_eq!((&llm["version"], &llm["begin_message"]), (&json!(1), &json!("")));
    let live: Vec<_> = simulator.versions(PUBLISHED).iter().map(|version| version["is_published"].clone()).collect();
    assert_eq!(live, [true, false], "nothing is published unasked");
    let publish = format!("/publish-agent-version/{PUBLISHED}");
    assert_eq!(
        answered(&simulator, ("POST", &publish), json!({ "version": 1, "version_title": "t" }), 200).await,
        Value::Null
    );
    for id in [PUBLISHED, PUBLISHED_LLM] {
        assert!(simulator.versions(id).iter().all(|version| version["is_published"] == true), "{id}");
    }
    assert_eq!(simulator.versions(PUBLISHED)[1]["version_title"], "t");
    let rows =
        answered(&simulator, ("GET", &format!("/list-agent-versions/{PUBLISHED}?limit=1")), Value::Null, 200).await;
    assert_eq!(
        (&rows["items"][0]["version"], &rows["has_more"], &rows["pagination_key"]),
        (&json!(1), &json!(true), &json!("1"))
    );
    for (path, body) in [
        (publish.as_str(), json!({ "version": 9 })),
        (&format!("/create-agent-version/{PUBLISHED}"), json!({ "base_version": 9 })),
    ] {
        assert_eq!(call(&simulator, "POST", path, body).await.status, 404, "{path}");
    }
    assert_eq!(call(&simulator, "POST", &publish, json!({})).await.status, 400);
    assert_eq!(
        call(&simulator, "DELETE", &format!("/delete-agent-version/{DRAFT}?version=1"), Value::Null).await.status,
        204
    );
    assert_eq!(simulator.versions(DRAFT).len(), 1);
    simulator.stop().await;
}

#[tokio::test]
async fn objects_are_replaced_whole_but_for_the_two_that_merge_by_their_first_level() {
    let simulator = start("retell", &[]).await;
    let agent = format!("/update-agent/{DRAFT}");
    let body = json!({ "user_dtmf_options": { "timeout_ms": 1000 }, "contact_memory_config": { "enable_update": true }, "boosted_keywords": ["a"] });
    let after = answered(&simulator, ("PATCH", &agent), body, 200).await;
    assert_eq!(after["user_dtmf_options"], json!({ "timeout_ms": 1000 }));
    assert_eq!(after["contact_memory_config"], json!({ "enable_read": true, "enable_update": true }));
    assert_eq!((&after["boosted_keywords"], &after["voice_id"]), (&json!(["a"]), &json!("11labs-Adrian")));
    let llm = format!("/update-retell-llm/{DRAFT_LLM}");
    let before = simulator.document(DRAFT_LLM).expect("an LLM");
    let warm = answered(&simulator, ("PATCH", &llm), json!({ "model_config": { "temperature": 0.5 } }), 200).await;
    assert_eq!(warm["model_config"]["primary"], before["model_config"]["primary"]);
    assert_eq!(warm["model_config"]["backup"], before["model_config"]["backup"]);
    assert_eq!((&warm["model_config"]["temperature"], &warm["model_temperature"]), (&json!(0.5), &json!(0.5)));
    let primary = json!({ "model": "ignored", "model_config": { "primary": { "model": "gpt-4.1" } } });
    assert_eq!(call(&simulator, "PATCH", &llm, primary).await.status, 400, "not one of the models");
    let primary = json!({ "model": "gpt-5", "model_config": { "primary": { "model": "gpt-4.1" } } });
    let primary = answered(&simulator, ("PATCH", &llm), primary, 200).await;
    assert_eq!(
        (&primary["model_config"]["primary"], &primary["model"]),
        (&json!({ "model": "gpt-4.1" }), &json!("gpt-4.1"))
    );
    let no_primary = answered(&simulator, ("PATCH", &llm), json!({ "model_config": { "type": "s2s" } }), 400).await;
    assert_eq!(no_primary["message"], "model_config.primary is required");
    let other = json!({ "model_config": { "type": "s2s", "primary": { "model": "gpt-realtime-2" } } });
    let other = answered(&simulator, ("PATCH", &llm), other, 200).await;
    assert_eq!(
        (&other["model_config"]["backup"], &other["s2s_model"], &other["model"]),
        (&Value::Null, &json!("gpt-realtime-2"), &Value::Null)
    );
    let retired = json!({ "model_config": { "type": "cascading", "primary": { "model": "gpt-4.1-nano" } } });
    let retired = answered(&simulator, ("PATCH", &llm), retired, 200).await;
    assert_eq!(retired["model_config"]["primary"]["model"], "gpt-5.6-luna");
    simulator.stop().await;
}

#[tokio::test]
async fn null_is_taken_where_it_is_documented_and_refusals_are_prose() {
    let simulator = start("retell", &[]).await;
    let agent = format!("/update-agent/{DRAFT}");
    let nulls = json!({ "ambient_sound": null, "webhook_url": null, "timezone": null, "voicemail_option": null });
    let cleared = answered(&simulator, ("PATCH", &agent), nulls, 200).await;
    assert_eq!((&cleared["ambient_sound"], &cleared["webhook_url"]), (&Value::Null, &Value::Null));
    for (body, message) in [
        (json!({ "voice_speed": null }), "voice_speed cannot be null"),
        (json!({ "voice_speed": 2.5 }), "voice_speed: value out of range"),
        (json!({ "max_call_duration_ms": 59_000 }), "max_call_duration_ms: value out of range"),
        (json!({ "max_call_duration_ms": 60_000.5 }), "max_call_duration_ms: expected integer"),
        (json!({ "agent_name": 1 }), "agent_name: expected string"),
        (json!({ "response_engine": { "type": "retell-llm" } }), "response_engine.llm_id is required"),
    ] {
        let refused = answered(&simulator, ("PATCH", &agent), body.clone(), 400).await;
        assert_eq!(refused, json!({ "status": "error", "message": message }), "{body}");
    }
    answered(&simulator, ("PATCH", &agent), json!({ "nmae": "x" }), 200).await;
    assert_eq!(simulator.received().last().expect("a request").unknown_keys.as_ref(), ["nmae"]);
    assert!(simulator.document(DRAFT).expect("an agent").get("nmae").is_none());
    for (method, path, body) in [
        ("GET", "/get-agent/agent_x".to_owned(), Value::Null),
        ("GET", format!("/get-agent/{DRAFT}?version=9"), Value::Null),
        ("GET", "/get-retell-llm/llm_x".to_owned(), Value::Null),
        ("PATCH", "/update-agent/agent_x".to_owned(), json!({ "agent_name": "x" })),
        ("PATCH", "/update-retell-llm/llm_x".to_owned(), json!({ "general_prompt": "x" })),
        ("DELETE", "/delete-agent/agent_x".to_owned(), Value::Null),
    ] {
        let refused = answered(&simulator, (method, &path), body, 422).await;
        assert_eq!(refused["message"], "cannot find requested asset", "{path}");
    }
    simulator.stop().await;
}

#[tokio::test]
async fn an_agent_needs_a_voice_and_an_engine_that_exists() {
    let simulator = start("retell", &[]).await;
    let llm = answered(&simulator, ("POST", "/create-retell-llm"), json!({ "general_prompt": "p" }), 201).await;
    assert_eq!((&llm["version"], &llm["is_published"], &llm["model"]), (&json!(0), &json!(false), &json!("gpt-4.1")));
    let engine = json!({ "type": "retell-llm", "llm_id": llm["llm_id"] });
    for (body, status) in [
        (json!({ "response_engine": engine }), 400),
        (json!({ "voice_id": "11labs-Adrian" }), 400),
        (json!({ "voice_id": "v", "response_engine": { "type": "retell-llm", "llm_id": "llm_x" } }), 422),
        (json!({ "voice_id": "v", "response_engine": { "type": "other" } }), 400),
    ] {
        assert_eq!(call(&simulator, "POST", "/create-agent", body.clone()).await.status, status, "{body}");
    }
    let body = json!({ "voice_id": "11labs-Adrian", "agent_name": "New", "response_engine": engine });
    let agent = answered(&simulator, ("POST", "/create-agent"), body, 201).await;
    assert_eq!((&agent["version"], &agent["response_engine"]["version"]), (&json!(0), &json!(0)));
    let list =
        answered(&simulator, ("POST", "/v2/list-agents"), json!({ "filter_criteria": { "query": "new" } }), 200).await;
    assert_eq!(list["items"][0]["agent_id"], agent["agent_id"]);
    let list = answered(&simulator, ("POST", "/v2/list-agents"), Value::Null, 200).await;
    assert_eq!(list["items"].as_array().map(Vec::len), Some(5));
    let tagged = answered(&simulator, ("GET", &format!("/get-agent/{DRAFT}?version=prod")), Value::Null, 200).await;
    assert_eq!(tagged["version"], 0);
    let id = agent["agent_id"].as_str().expect("an id");
    assert_eq!(call(&simulator, "DELETE", &format!("/delete-agent/{id}"), Value::Null).await.status, 204);
    assert!(answered(&simulator, ("GET", "/list-voices"), Value::Null, 200).await[0]["voice_id"].is_string());
    let number = ("PATCH", "/update-phone-number/%2B13025550101");
    assert_eq!(answered(&simulator, number, json!({ "nickname": "n" }), 200).await["nickname"], "n");
    simulator.stop().await;
}
