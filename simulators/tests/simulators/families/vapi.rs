//! Vapi: merged at the top level only, and nothing that it does not know.

use serde_json::{Value, json};

use super::{answered, call};
use crate::client::start;

const ID: &str = "/assistant/3f2c8a10-6b7d-4e51-9c0a-5d1e8f7a2b01";

#[tokio::test]
async fn an_object_that_is_sent_replaces_the_stored_one_whole() {
    let simulator = start("vapi", &[]).await;
    let before = answered(&simulator, ("GET", ID), Value::Null, 200).await;
    let update =
        json!({ "voice": { "provider": "11labs", "voiceId": "x" }, "endCallPhrases": ["bye"], "name": "Desk" });
    let after = answered(&simulator, ("PATCH", ID), update.clone(), 200).await;
    let changed: Vec<_> = after
        .as_object()
        .expect("an object")
        .iter()
        .filter(|(name, value)| before.get(*name) != Some(*value))
        .collect();
    let names: Vec<_> = changed.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names.len(), 4, "{names:?}");
    assert!(["name", "voice", "endCallPhrases", "updatedAt"].iter().all(|name| names.contains(name)));
    assert_eq!(after["voice"], update["voice"]);
    assert_eq!(answered(&simulator, ("GET", ID), Value::Null, 200).await, after);
    // Only the tools: the prompt is gone.
    let model = json!({ "model": { "provider": "openai", "model": "gpt-5-mini", "toolIds": ["t"] } });
    assert!(answered(&simulator, ("PATCH", ID), model, 200).await["model"].get("messages").is_none());
    let cleared = answered(&simulator, ("PATCH", ID), json!({ "voicemailMessage": null, "hooks": null }), 200).await;
    assert!(cleared.get("voicemailMessage").is_none() && cleared.get("hooks").is_none());
    simulator.stop().await;
}

#[tokio::test]
async fn what_does_not_exist_or_fit_is_refused_with_its_path_at_the_start() {
    let simulator = start("vapi", &[]).await;
    let before = simulator.document(&ID[11..]);
    for (body, sentence) in [
        (json!({ "nmae": "x" }), "property nmae should not exist"),
        (json!({ "id": "x" }), "property id should not exist"),
        (
            json!({ "voice": { "provider": "cartesia", "voiceId": "x", "speed": 1 } }),
            "voice.property speed should not exist",
        ),
        (
            json!({ "voice": { "provider": "openai", "voiceId": "alloy", "enableSsmlParsing": true } }),
            "voice.property enableSsmlParsing should not exist",
        ),
        (
            json!({ "stopSpeakingPlan": { "voiceSeconds": 0.7 } }),
            "stopSpeakingPlan.voiceSeconds must not be greater than 0.5",
        ),
        (json!({ "name": "x".repeat(41) }), "name must be shorter than or equal to 40 characters"),
        (json!({ "maxDurationSeconds": 9 }), "maxDurationSeconds must not be less than 10"),
        (json!({ "voice": { "provider": "11labs" } }), "voice.voiceId should not be null or undefined"),
        (
            json!({ "voice": { "provider": "11labs", "voiceId": "x", "speed": 1.3 } }),
            "voice.speed must not be greater than 1.2",
        ),
        (json!({ "firstMessageMode": "loud" }), "firstMessageMode must be one of the following values: "),
        (json!({ "voice": { "voiceId": "x" } }), "voice.provider must be one of the following values: "),
        (json!({ "model": { "provider": "openai" } }), "model.model should not be null or undefined"),
        (
            json!({ "model": { "provider": "openai", "model": "m", "messages": [{ "content": "x" }] } }),
            "model.messages.0.role should not be null or undefined",
        ),
        (
            json!({ "transcriber": { "provider": "speechmatics" } }),
            "transcriber.customVocabulary should not be null or undefined",
        ),
        (json!({ "firstMessage": 7 }), "firstMessage must be a string"),
        (json!({ "voicemailDetection": "on" }), "voicemailDetection must be one of the following values: off"),
    ] {
        let answer = answered(&simulator, ("PATCH", ID), body.clone(), 400).await;
        assert_eq!((&answer["error"], &answer["statusCode"]), (&json!("Bad Request"), &json!(400)));
        assert!(answer["message"][0].as_str().expect("a sentence").starts_with(sentence), "{body}: {answer}");
    }
    let two = json!({ "maxDurationSeconds": 9, "voicemailMessage": "x".repeat(1001) });
    assert_eq!(answered(&simulator, ("PATCH", ID), two, 400).await["message"].as_array().map(Vec::len), Some(2));
    assert_eq!(simulator.document(&ID[11..]), before, "a refused update changes nothing");
    assert_eq!(simulator.received()[0].unknown_keys.as_ref(), ["nmae"]);
    simulator.stop().await;
}

#[tokio::test]
async fn an_assistant_is_made_listed_first_and_removed_unless_it_is_pinned() {
    let simulator = start("vapi", &[]).await;
    let made =
        answered(&simulator, ("POST", "/assistant"), json!({ "name": "New", "metadata": { "a": 1 } }), 201).await;
    let path = format!("/assistant/{}", made["id"].as_str().expect("an id"));
    assert_eq!(answered(&simulator, ("GET", &path), Value::Null, 200).await, made);
    let list = answered(&simulator, ("GET", "/assistant?limit=2"), Value::Null, 200).await;
    assert_eq!((list.as_array().map(Vec::len), &list[0]["id"]), (Some(2), &made["id"]));
    let since = format!("/assistant?createdAtGe={}", made["createdAt"].as_str().expect("a time").replace(':', "%3A"));
    assert_eq!(answered(&simulator, ("GET", &since), Value::Null, 200).await.as_array().map(Vec::len), Some(1));
    assert_eq!(answered(&simulator, ("DELETE", &path), Value::Null, 200).await["id"], made["id"]);
    for method in ["GET", "DELETE"] {
        assert_eq!(call(&simulator, method, &path, Value::Null).await.status, 404);
    }
    let pinned =
        answered(&simulator, ("DELETE", "/assistant/3f2c8a10-6b7d-4e51-9c0a-5d1e8f7a2b04"), Value::Null, 409).await;
    assert_eq!(pinned["error"], "assistant_pinned");
    assert_eq!(call(&simulator, "GET", "/assistant/789", Value::Null).await.status, 400, "not a UUID");
    assert_eq!(call(&simulator, "GET", "/assistant?limit=0", Value::Null).await.status, 400);
    simulator.stop().await;
}

#[tokio::test]
async fn a_phone_number_needs_its_provider() {
    let simulator = start("vapi", &[]).await;
    let id = answered(&simulator, ("GET", "/phone-number"), Value::Null, 200).await[0]["id"].clone();
    let path = format!("/phone-number/{}", id.as_str().expect("an id"));
    let without = answered(&simulator, ("PATCH", &path), json!({ "assistantId": null }), 400).await;
    assert_eq!(without["message"][0], "provider should not be null or undefined");
    let freed = answered(&simulator, ("PATCH", &path), json!({ "provider": "twilio", "assistantId": null }), 200).await;
    assert_eq!((&freed["assistantId"], &freed["number"]), (&Value::Null, &json!("+13025550101")));
    let other = answered(&simulator, ("PATCH", &path), json!({ "provider": "vapi" }), 400).await;
    assert_eq!(other["message"], "provider does not match the phone number's provider");
    let missing = json!({ "provider": "twilio", "assistantId": "3f2c8a10-6b7d-4e51-9c0a-5d1e8f7a2bff" });
    answered(&simulator, ("PATCH", &path), missing, 404).await;
    let given = json!({ "provider": "twilio", "assistantId": "3f2c8a10-6b7d-4e51-9c0a-5d1e8f7a2b02" });
    let given = answered(&simulator, ("PATCH", &path), given, 200).await;
    assert_eq!(answered(&simulator, ("GET", &path), Value::Null, 200).await, given);
    let unknown = answered(&simulator, ("GET", "/phone-number/9c1d2e3f-4a5b-4c6d-8e7f-0a1b2c3d4eff"), Value::Null, 404);
    assert_eq!(unknown.await["message"], "Couldn't find phone number.");
    simulator.stop().await;
}
