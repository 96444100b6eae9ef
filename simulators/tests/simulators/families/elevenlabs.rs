//! ElevenLabs Agents: merged at every depth, unknown members dropped, some values rewritten, a version for each write.

use serde_json::{Value, json};
use simulators::Options;

use super::{answered, call};
use crate::client::start;

const AGENTS: &str = "/v1/convai/agents";
const FIRST: &str = "/v1/convai/agents/agent_7401k5a8m2vye0bt5c9r3x6nqw01";
const SECOND: &str = "/v1/convai/agents/agent_7401k5a8m2vye0bt5c9r3x6nqw02";

#[tokio::test]
async fn a_leaf_changes_only_itself_and_a_list_is_replaced() {
    let simulator = start("elevenlabs", &[]).await;
    let before = answered(&simulator, ("GET", FIRST), Value::Null, 200).await;
    let update = json!({ "conversation_config": { "tts": { "speed": 1.1 }, "asr": { "keywords": ["a", "b"] },
        "agent": { "prompt": { "built_in_tools": { "end_call": null } } } } });
    let after = answered(&simulator, ("PATCH", FIRST), update, 200).await;
    let mut wanted = before.clone();
    wanted["conversation_config"]["tts"]["speed"] = json!(1.1);
    wanted["conversation_config"]["asr"]["keywords"] = json!(["a", "b"]);
    wanted["conversation_config"]["agent"]["prompt"]["built_in_tools"]["end_call"] = Value::Null;
    for member in ["version_id", "metadata"] {
        assert_ne!(after[member], before[member], "{member}");
        wanted[member] = after[member].clone();
    }
    assert_eq!(after, wanted);
    assert_eq!(answered(&simulator, ("GET", FIRST), Value::Null, 200).await, after);
    let old = format!("{FIRST}?version_id={}", before["version_id"].as_str().expect("a version"));
    assert_eq!(answered(&simulator, ("GET", &old), Value::Null, 200).await, before);
    assert_eq!(simulator.versions(&FIRST[18..]).len(), 2);
    simulator.stop().await;
}

#[tokio::test]
async fn unknown_members_are_dropped_without_a_word_and_recorded() {
    let simulator = start("elevenlabs", &[]).await;
    let update = json!({ "conversation_config": { "data_collection": { "x": {} }, "agent": { "llm": "gpt-4.1" }, "tts": { "speed": 0.9 } }, "x": 1 });
    let after = answered(&simulator, ("PATCH", FIRST), update.clone(), 200).await;
    assert_eq!(after["conversation_config"]["tts"]["speed"], 0.9);
    assert!(after.get("x").is_none() && after["conversation_config"].get("data_collection").is_none());
    assert!(after["conversation_config"]["agent"].get("llm").is_none());
    let recorded = simulator.received()[0].unknown_keys.to_vec();
    assert_eq!(recorded, ["conversation_config.data_collection", "conversation_config.agent.llm", "x"]);
    simulator.stop().await;
    let strict = simulators::Simulator::start("elevenlabs", Options { strict: true, ..Options::default() }).await;
    let strict = strict.expect("a simulator");
    let refused = answered(&strict, ("PATCH", FIRST), update, 422).await;
    assert_eq!(refused["detail"][0]["type"], "extra_forbidden");
    strict.stop().await;
}

#[tokio::test]
async fn some_values_are_rewritten_without_a_word() {
    let simulator = start("elevenlabs", &[]).await;
    let update = json!({ "conversation_config": { "tts": { "expressive_mode": true } },
        "platform_settings": { "privacy": { "delete_audio": true, "delete_transcript_and_pii": true } } });
    let first = answered(&simulator, ("PATCH", FIRST), update.clone(), 200).await;
    assert_eq!(first["conversation_config"]["tts"]["expressive_mode"], false);
    assert_eq!(first["platform_settings"]["privacy"]["delete_audio"], false);
    let kept = json!({ "platform_settings": { "privacy": { "retention_days": 7, "delete_audio": true } } });
    let kept = answered(&simulator, ("PATCH", FIRST), kept, 200).await;
    assert_eq!(kept["platform_settings"]["privacy"]["delete_audio"], true);
    let second = answered(&simulator, ("PATCH", SECOND), update, 200).await;
    assert_eq!(second["conversation_config"]["tts"]["expressive_mode"], true, "a v3 model has it");
    let turn = json!({ "conversation_config": { "turn": { "turn_model": "turn_v3" } } });
    let turn = answered(&simulator, ("PATCH", FIRST), turn, 200).await;
    assert_eq!(turn["conversation_config"]["asr"]["provider"], "scribe_realtime");
    let tools = json!({ "conversation_config": { "agent": { "prompt": { "tool_ids": [] } } } });
    let tools = answered(&simulator, ("PATCH", FIRST), tools, 200).await;
    assert_eq!(tools["conversation_config"]["agent"]["prompt"]["tools"], json!([]), "the twin follows");
    simulator.stop().await;
}

#[tokio::test]
async fn a_refusal_has_a_place_or_a_word() {
    let simulator = start("elevenlabs", &[]).await;
    for (body, loc, kind) in [
        (
            json!({ "conversation_config": { "tts": { "speed": 1.3 } } }),
            json!(["body", "conversation_config", "tts", "speed"]),
            "less_than_equal",
        ),
        (json!({ "name": 7 }), json!(["body", "name"]), "string_type"),
        (json!({ "tags": ["a", 1] }), json!(["body", "tags", 1]), "string_type"),
        (
            json!({ "platform_settings": { "data_collection": { "x": { "description": "d" } } } }),
            json!(["body", "platform_settings", "data_collection", "x", "type"]),
            "missing",
        ),
        (
            json!({ "conversation_config": { "tts": { "speed": null } } }),
            json!(["body", "conversation_config", "tts", "speed"]),
            "none_forbidden",
        ),
        (
            json!({ "conversation_config": { "turn": { "turn_eagerness": "wild" } } }),
            json!(["body", "conversation_config", "turn", "turn_eagerness"]),
            "literal_error",
        ),
    ] {
        let refused = answered(&simulator, ("PATCH", FIRST), body.clone(), 422).await;
        assert_eq!((&refused["detail"][0]["loc"], &refused["detail"][0]["type"]), (&loc, &json!(kind)), "{body}");
        assert!(refused["detail"][0]["msg"].is_string());
    }
    let english =
        json!({ "conversation_config": { "agent": { "language": "fr" }, "tts": { "model_id": "eleven_flash_v2" } } });
    assert_eq!(answered(&simulator, ("PATCH", FIRST), english, 400).await["detail"]["status"], "input_invalid");
    let twins = json!({ "conversation_config": { "agent": { "prompt": { "tools": [], "tool_ids": [] } } } });
    assert_eq!(call(&simulator, "PATCH", FIRST, twins).await.status, 400);
    let absent = answered(&simulator, ("PATCH", "/v1/convai/agents/agent_x"), json!({ "name": "n" }), 404).await;
    assert_eq!(absent["detail"]["status"], "agent_not_found");
    let no_branch = answered(&simulator, ("PATCH", &format!("{FIRST}?branch_id=b")), json!({ "name": "n" }), 404).await;
    assert_eq!(no_branch["detail"]["status"], "branch_not_found");
    for (size, kind) in [("0", "greater_than_equal"), ("101", "less_than_equal"), ("x", "int_type")] {
        let refused = answered(&simulator, ("GET", &format!("{AGENTS}?page_size={size}")), Value::Null, 422).await;
        assert_eq!(refused["detail"][0]["loc"], json!(["query", "page_size"]));
        assert_eq!(refused["detail"][0]["type"], kind);
    }
    assert_eq!(simulator.versions(&FIRST[18..]).len(), 1, "a refused update makes no version");
    simulator.stop().await;
}

#[tokio::test]
async fn a_branch_changes_without_main() {
    let simulator = start("elevenlabs", &[]).await;
    let before = answered(&simulator, ("GET", FIRST), Value::Null, 200).await;
    let body = json!({ "name": "trial", "description": "d", "parent_version_id": before["version_id"] });
    let made = answered(&simulator, ("POST", &format!("{FIRST}/branches")), body, 200).await;
    let path = format!("{FIRST}?branch_id={}", made["created_branch_id"].as_str().expect("an id"));
    let changed = answered(&simulator, ("PATCH", &path), json!({ "name": "Trial" }), 200).await;
    assert_eq!((&changed["name"], &changed["branch_id"]), (&json!("Trial"), &made["created_branch_id"]));
    assert_eq!(answered(&simulator, ("GET", &path), Value::Null, 200).await, changed);
    assert_eq!(answered(&simulator, ("GET", FIRST), Value::Null, 200).await, before);
    let branches = answered(&simulator, ("GET", &format!("{FIRST}/branches")), Value::Null, 200).await;
    assert_eq!(branches["results"].as_array().map(Vec::len), Some(2));
    simulator.stop().await;
}

#[tokio::test]
async fn an_agent_is_made_and_removed_and_a_number_is_assigned() {
    let simulator = start("elevenlabs", &[]).await;
    let body = json!({ "name": "New", "conversation_config": { "agent": { "first_message": "Hi" } } });
    let made = answered(&simulator, ("POST", "/v1/convai/agents/create"), body, 200).await;
    assert_eq!(made.as_object().map(serde_json::Map::len), Some(1), "the id alone");
    let id = made["agent_id"].as_str().expect("an id");
    let path = format!("{AGENTS}/{id}");
    let agent = answered(&simulator, ("GET", &path), Value::Null, 200).await;
    assert_eq!(agent["conversation_config"]["agent"]["first_message"], "Hi");
    assert_eq!(agent["conversation_config"]["tts"]["model_id"], "eleven_flash_v2_5", "a default");
    let number = ("PATCH", "/v1/convai/phone-numbers/phnum_2");
    assert_eq!(
        answered(&simulator, number, json!({ "agent_id": id }), 200).await["assigned_agent"]["agent_name"],
        "New"
    );
    let numbers = &answered(&simulator, ("GET", &path), Value::Null, 200).await["phone_numbers"];
    assert_eq!(numbers[0]["phone_number_id"], "phnum_2");
    assert_eq!(call(&simulator, number.0, number.1, json!({ "agent_id": "agent_x" })).await.status, 404);
    let elsewhere = answered(&simulator, number, json!({ "agent_id": id, "branch_id": "agtbrch_x" }), 404).await;
    assert_eq!(elsewhere["detail"]["status"], "branch_not_found");
    let branch = json!({ "agent_id": id, "branch_id": agent["branch_id"] });
    let named = answered(&simulator, number, branch, 200).await;
    assert_eq!(named["assigned_agent"]["branch_id"], agent["branch_id"]);
    assert_eq!(call(&simulator, "DELETE", &path, Value::Null).await.status, 200);
    assert_eq!(call(&simulator, "DELETE", &path, Value::Null).await.status, 404);
    assert_eq!(call(&simulator, "POST", "/v1/convai/agents/create", json!({ "name": "x" })).await.status, 422);
    simulator.stop().await;
}

#[tokio::test]
async fn the_catalogs_are_served_and_voices_have_pages() {
    let simulator = start("elevenlabs", &[]).await;
    let (mut voices, mut token) = (0, String::new());
    loop {
        let page = answered(&simulator, ("GET", &format!("/v2/voices?page_size=5{token}")), Value::Null, 200).await;
        voices += page["voices"].as_array().map_or(0, Vec::len);
        assert_eq!(page["total_count"], 12);
        match page["next_page_token"].as_str() {
            Some(next) => token = format!("&next_page_token={next}"),
            None => break assert_eq!(page["has_more"], false),
        }
    }
    assert_eq!(voices, 12);
    let found = answered(&simulator, ("GET", "/v2/voices?search=rach"), Value::Null, 200).await;
    assert_eq!(found["voices"][0]["voice_id"], "21m00Tcm4TlvDq8ikWAM");
    for (path, member) in
        [("/v1/convai/llm/list", "llms"), ("/v1/convai/tools", "tools"), ("/v1/convai/knowledge-base", "documents")]
    {
        assert!(answered(&simulator, ("GET", path), Value::Null, 200).await[member].is_array(), "{path}");
    }
    assert!(answered(&simulator, ("GET", "/v1/models"), Value::Null, 200).await.is_array());
    simulator.stop().await;
}
