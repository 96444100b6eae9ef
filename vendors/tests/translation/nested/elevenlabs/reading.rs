//! What a stored agent tells, and that it can be written back.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use vendors::{Field, Handling, ListedAssistant, Policies, Run, Settings, Update, compare, read_assistant};

use super::super::{dialect, drive, read};
use super::{AGENT, sent, translate, with_target};

/// The canonical fields of an agent.
pub(super) fn fields(agent: &str) -> BTreeMap<String, Value> {
    read(dialect("elevenlabs"), agent, |read| {
        let told = read.fields.iter();
        told.map(|(field, text)| (field.name().to_owned(), serde_json::from_str(text).unwrap())).collect()
    })
}

fn object(fields: &BTreeMap<String, Value>) -> String {
    serde_json::to_string(fields).unwrap()
}

/// Merges a PATCH into a document as the vendor does: objects at any depth, everything else replaced.
pub(super) fn merged(stored: &mut Value, patch: &Value) {
    match (stored, patch) {
        (Value::Object(stored), Value::Object(patch)) => {
            for (key, value) in patch {
                merged(stored.entry(key).or_insert(Value::Null), value);
            }
        }
        (stored, patch) => *stored = patch.clone(),
    }
}

#[test]
fn a_stored_agent_tells_these_fields() {
    let expected: Value = serde_json::from_str(include_str!("fields.json")).unwrap();
    assert_eq!(json!(fields(AGENT)), expected);
    read(dialect("elevenlabs"), AGENT, |read| {
        assert!(read.unwritable.is_empty(), "{:?}", read.unwritable);
        assert_eq!(
            (read.status, read.created_at, read.updated_at),
            (Some("\"active\""), Some("1753000000"), Some("1754000000"))
        );
        let stability = read.fields.iter().find(|(field, _)| *field == Field::VoiceStability).unwrap();
        assert_eq!(stability.1, "0.50", "digits stay");
        let rest: BTreeMap<_, _> = read.vendor_fields.iter().map(|(key, text)| (&**key, &**text)).collect();
        assert!(
            rest["conversation_config"].contains("spelling_patience")
                && !rest["conversation_config"].contains("Be brief.")
        );
        assert!(rest.contains_key("access_info") && !rest.contains_key("name"));
        let config: Value = serde_json::from_str(rest["conversation_config"]).unwrap();
        let tools = &config["agent"]["prompt"]["built_in_tools"];
        let transfer = json!({ "description": "", "params": { "enable_client_message": true } });
        assert_eq!((tools.get("end_call"), &tools["transfer_to_number"]), (None, &transfer), "{tools:#}");
        assert_eq!(tools["voicemail_detection"], json!({ "type": "system", "description": "On a beep" }));
        let beside: Vec<_> = read.beside.iter().map(|one| (one.field, &*one.place, &*one.members)).collect();
        let place = "conversation_config.agent.prompt.built_in_tools.transfer_to_number";
        assert_eq!(beside, [(Field::Tools, place, &["params".to_owned()][..])]);
    });
}

#[test]
fn what_is_told_can_be_written_back_and_leaves_the_agent_as_it_is() {
    let told = fields(AGENT);
    let update = object(&told);
    let request = translate(&update).unwrap_or_else(|refused| panic!("{refused:?}"));
    let settings = Settings::default();
    let mut run = Run::update(dialect("elevenlabs"), "agent_1", &request, &settings).unwrap();
    let steps = drive(&mut run, |_| AGENT.to_owned()).unwrap();
    let mut agent: Value = serde_json::from_str(AGENT).unwrap();
    merged(&mut agent, &serde_json::from_slice(&steps.last().unwrap().body).unwrap());
    assert_eq!(fields(&agent.to_string()), told);
    // What no field tells is as it was.
    let before: Value = serde_json::from_str(AGENT).unwrap();
    for kept in [
        "/conversation_config/turn/spelling_patience",
        "/conversation_config/conversation/client_events",
        "/conversation_config/language_presets",
        "/conversation_config/agent/prompt/knowledge_base/0/usage_mode",
        "/conversation_config/agent/prompt/built_in_tools/voicemail_detection",
        "/platform_settings/data_collection",
        "/platform_settings/workspace_overrides",
        "/platform_settings/auth",
    ] {
        assert_eq!(agent.pointer(kept), before.pointer(kept), "{kept}");
        assert!(agent.pointer(kept).is_some(), "{kept}");
    }
}

#[test]
fn what_is_written_is_confirmed_by_what_is_read_afterwards() {
    for update in [
        r#"{"language":"French","voice":"eric","llm_model":"gpt-4o-mini"}"#,
        r#"{"keywords":[],"llm_fallback_models":[],"end_call_after_silence":45,"max_duration":600}"#,
        r#"{"keywords":null,"llm_fallback_models":null,"end_call_after_silence":null}"#,
        r#"{"endpoint_sensitivity":4.5,"filler_config":{"positive":["a"],"negative":["b"]},"fillers":false}"#,
        r#"{"endpoint_sensitivity":0,"endpoint_type":"vad","enable_noise_cancellation":false}"#,
        r#"{"ambient_sound":"off","wait_for_customer":true,"end_call_on_voicemail":false,"voice_mail_message":null}"#,
        r#"{"ambient_sound":"office","ambient_sound_volume":1,"initial_message":"Hi","wait_for_customer":false}"#,
        r#"{"secondary_language_ids":["it","fr"],"knowledgebase_id":"doc_2","knowledgebase_mode":"function_call"}"#,
        r#"{"secondary_language_ids":[],"knowledgebase_id":null,"label_ids":[],"tool_ids":[],"variables":{}}"#,
        r#"{"tools":[{"type":"dtmf_input","description":"x"},{"type":"end_call"}],"voice_mail_message":"Bye"}"#,
        r#"{"tools":[{"type":"assistant_transfer","assistant_id":"agent_2","description":"d","speak_transfer_greeting":true}]}"#,
        r#"{"send_webhook_only_on_completed":true,"include_recording_in_webhook":true,"allow_interruptions":false}"#,
        r#"{"post_call_schema":[{"name":"abc","type":"bool","description":"One"},{"name":"aab","type":"string","description":"Two"}]}"#,
        r#"{"first_message_interruptible":true,"record":false,"tts_model":"eleven_v4","speech_speed":1,"name":"A"}"#,
        r#"{"transcriber_provider_id":"elevenlabs","voice_similarity":0,"llm_temperature":1,"tts_emotion_enabled":true}"#,
    ] {
        let request = translate(update).unwrap_or_else(|refused| panic!("{update}: {refused:?}"));
        let settings = Settings::default();
        let mut run = Run::update(dialect("elevenlabs"), "agent_1", &request, &settings).unwrap();
        let steps = drive(&mut run, |_| AGENT.to_owned()).unwrap();
        let mut agent: Value = serde_json::from_str(AGENT).unwrap();
        merged(&mut agent, &serde_json::from_slice(&steps.last().unwrap().body).unwrap());
        // The vendor's maps are replaced here; that it may merge them is the next test's matter.
        for (path, sent) in [("data_collection", "/platform_settings"), ("language_presets", "/conversation_config")] {
            let patch: Value = serde_json::from_slice(&steps.last().unwrap().body).unwrap();
            let replaced = patch.pointer(&format!("{sent}/{path}"));
            replaced.into_iter().for_each(|map| agent.pointer_mut(sent).unwrap()[path] = map.clone());
        }
        if update.contains(r#""variables":{}"#) {
            agent["conversation_config"]["agent"]["dynamic_variables"]["dynamic_variable_placeholders"] = json!({});
        }
        let stored = stored(update, &request.report.applied, &agent.to_string());
        assert_eq!((stored.differs.len(), stored.unreadable.len()), (0, 0), "{update}: {stored:?}");
        assert_eq!(stored.confirmed.len(), request.report.applied.len());
    }
}

/// What an update of these fields finds in an agent.
fn stored(update: &str, applied: &[Field], agent: &str) -> vendors::Stored {
    let listed = ListedAssistant::document(dialect("elevenlabs"), agent.as_bytes()).unwrap();
    let read = read_assistant(dialect("elevenlabs"), &Policies::default(), &listed);
    with_target(Handling::Strict, |target| compare(&Update::read(update.as_bytes()).unwrap(), applied, &read, target))
}

#[test]
fn what_the_vendor_drops_or_merges_is_found() {
    for (update, field, stored_value) in [
        (r#"{"tts_emotion_enabled":true}"#, Field::TtsEmotionEnabled, "false"),
        (r#"{"endpoint_sensitivity":5}"#, Field::EndpointSensitivity, "2.5"),
        (r#"{"language":"French"}"#, Field::Language, "\"de\""),
        (r#"{"variables":{"company":"Acme"}}"#, Field::Variables, r#"{ "company": "Acme", "floor": 3 }"#),
        (r#"{"fillers":false}"#, Field::Fillers, "true"),
    ] {
        let found = stored(update, &[field], AGENT);
        assert_eq!(found.differs.len(), 1, "{update}: {found:?}");
        assert_eq!((found.differs[0].field, &*found.differs[0].stored), (field, stored_value));
    }
    let removed = r#"{"post_call_schema":[{"name":"budget","type":"number","description":"The budget"}]}"#;
    assert_eq!(stored(removed, &[Field::PostCallSchema], AGENT).differs.len(), 1);
}

#[test]
fn what_an_update_would_refuse_is_told_as_unwritable() {
    let with = |pointer: &str, value: Value| {
        let mut agent: Value = serde_json::from_str(AGENT).unwrap();
        *agent.pointer_mut(pointer).unwrap() = value;
        agent.to_string()
    };
    let transfer = "/conversation_config/agent/prompt/built_in_tools/transfer_to_number/params/transfers/0";
    let documents = json!([{"type":"file","name":"A","id":"doc_1"},{"type":"url","name":"B","id":"doc_2"}]);
    for (pointer, value, field, part) in [
        ("/conversation_config/turn/turn_timeout", json!(7.5), Field::MaxSilenceDuration, "integer"),
        (
            "/conversation_config/conversation/background_sound/source_id",
            json!("typing"),
            Field::AmbientSound,
            "typing",
        ),
        ("/conversation_config/turn/turn_eagerness", json!("frantic"), Field::EndpointSensitivity, "number"),
        ("/conversation_config/conversation/max_duration_seconds", json!(7200), Field::MaxDuration, "1200"),
        ("/conversation_config/agent/prompt/knowledge_base", documents, Field::KnowledgebaseId, "an array"),
        (&format!("{transfer}/transfer_type"), json!("conference"), Field::Tools, "/1/warm_transfer"),
        (
            &format!("{transfer}/transfer_destination"),
            json!({"type":"sip_uri","sip_uri":"sip:a@b"}),
            Field::Tools,
            "/1/custom",
        ),
        ("/platform_settings/data_collection/budget/type", json!("integer"), Field::PostCallSchema, "integer"),
    ] {
        read(dialect("elevenlabs"), &with(pointer, value), |read| {
            let found: Vec<_> = read.unwritable.iter().map(|told| (told.field, &*told.detail)).collect();
            assert_eq!(found.len(), 1, "{pointer}: {found:?}");
            assert!(found[0].0 == field && found[0].1.contains(part), "{pointer}: {found:?}");
            assert!(read.fields.iter().all(|(told, _)| *told != field));
        });
    }
}

#[test]
fn a_bare_agent_tells_only_what_it_has() {
    let bare = r#"{"agent_id":"agent_1","name":"A","conversation_config":{}}"#;
    assert_eq!(json!(fields(bare)), json!({"name":"A","mode":"pipeline"}));
    let nulls = r#"{"agent_id":"agent_1","name":"A","conversation_config":{"agent":{"prompt":{"temperature":null,
        "timezone":null,"built_in_tools":{},"knowledge_base":[]}}}}"#;
    assert_eq!(
        json!(fields(nulls)),
        json!({"name":"A","mode":"pipeline","tools":[],"knowledgebase_id":null,"end_call_on_voicemail":false,
            "voice_mail_message":null})
    );
}

#[test]
fn the_state_is_the_same_after_a_new_version_without_a_change() {
    let state = |agent: &str| {
        ListedAssistant::document(dialect("elevenlabs"), agent.as_bytes()).unwrap().state(dialect("elevenlabs"))
    };
    let newer = AGENT.replace("1754000000", "1755000000").replace("agtvrsn_1", "agtvrsn_2");
    assert_eq!(state(AGENT), state(&newer));
    assert_ne!(state(AGENT), state(&AGENT.replace("Be brief.", "Be long.")));
    assert_eq!(sent("{}", AGENT).len(), 0);
}
