//! Reading both objects backwards, and what was written.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use vendors::{
    CatalogSet, Catalogs, Field, Handling, ListedAssistant, Policies, ReadAssistant, Run, Settings, Target, Update,
    compare, registry::Names,
};

use super::super::{drive, read, translate};
use super::{agent, llm, retell, vendor};

fn document(agent: &Value, llm: &Value) -> String {
    json!({ "agent": agent, "llm": llm }).to_string()
}

/// JSON with more members than the macro takes.
fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn fields(read: &ReadAssistant<'_>) -> Value {
    let told = read.fields.iter().map(|(field, json)| (field.name().to_owned(), serde_json::from_str(json).unwrap()));
    Value::Object(told.collect::<Map<_, _>>())
}

#[test]
fn an_assistant_is_read_with_the_canonical_names_and_values() {
    read(retell(), &document(&agent(), &llm()), |read| {
        assert_eq!(
            fields(read),
            parsed(
                r##"{
                "name": "Old", "voice_id": "11labs-Adrian", "language_id": "en-US", "secondary_language_ids": ["es-ES"], "mode": "pipeline",
                "timezone": "America/New_York", "initial_message": "Hello.", "system_prompt": "Be brief.", "llm_model_id": "gpt-5.6-terra",
                "chat_llm_fallback_id": "claude-5.5-haiku", "llm_fallback_models": ["claude-5.5-haiku"], "llm_temperature": 0.2,
                "knowledgebase_id": "knowledge_base_1", "tools": [{ "type": "end_call", "description": "At the end." }],
                "tts_emotion_enabled": false, "tts_model": "eleven_flash_v2_5", "speech_speed": 1, "transcriber_provider_id": "deepgram",
                "keywords": ["Retell", "Kontor"], "allow_interruptions": true, "interrupt_sensitivity": 1.5, "endpoint_sensitivity": 3,
                "fillers": false, "record": true, "enable_noise_cancellation": true, "wait_for_customer": false, "max_duration": 900,
                "max_silence_duration": 10, "ringing_time": 30, "end_call_after_silence": 600, "end_call_on_voicemail": true,
                "voice_mail_message": "Please call back.", "ambient_sound": "cafe", "ambient_sound_volume": 0.5, "is_webhook_active": true,
                "webhook_url": "https://example.com/hook", "post_call_evaluation": false,
                "post_call_schema": [
                    { "name": "city", "type": "string", "description": "Where the caller lives." },
                    { "name": "booked", "type": "bool", "description": "Whether there is a date." }
                ],
                "variables": { "company": "Kontor" }
            }"##
            )
        );
        assert_eq!((read.id, read.status, read.updated_at), ("\"agent_1\"", Some("\"draft\""), Some("1790000000000")));
        assert!(read.unwritable.is_empty() && read.created_at.is_none(), "{:?}", read.unwritable);
        let own: BTreeMap<_, _> = read
            .vendor_fields
            .iter()
            .map(|(key, json)| (&**key, serde_json::from_str::<Value>(json).unwrap()))
            .collect();
        assert!(own["agent"].get("agent_name").is_none() && own["agent"].get("language").is_none());
        assert_eq!(own["llm"]["mcps"], llm()["mcps"]);
        assert_eq!(
            own["llm"]["model_config"],
            json!({ "primary": { "tier": "fast" }, "backup": { "tier": "standard", "kick_in_timeout_ms": 2000 } })
        );
    });
    let mut live = agent();
    live["is_published"] = json!(true);
    read(retell(), &document(&live, &llm()), |read| assert_eq!(read.status, Some("\"published\"")));
}

#[test]
fn what_is_read_can_be_written_back_and_changes_nothing() {
    let (agent, llm) = (agent(), llm());
    let told = read(retell(), &document(&agent, &llm), fields);
    let request = translate(retell(), &told.to_string()).unwrap_or_else(|refused| panic!("{refused:?}"));
    let settings = Settings::default();
    let mut run = Run::update(retell(), "agent_1", &request, &settings).unwrap();
    drive(&mut run, vendor(&agent, &llm)).unwrap();
    let after = String::from_utf8(run.document()).unwrap();
    assert_eq!(read(retell(), &after, fields), told);
    let kept = serde_json::from_str::<Value>(&after).unwrap();
    for member in [
        "language",
        "custom_stt_config",
        "denoising_mode",
        "data_storage_setting",
        "voicemail_option",
        "handbook_config",
    ] {
        assert_eq!(kept["agent"][member], agent[member], "{member}");
    }
    assert_eq!(kept["llm"]["model_config"]["primary"], llm["model_config"]["primary"]);
}

#[test]
fn what_was_written_is_read_as_it_was_sent() {
    let rich = parsed(
        r##"{
        "name": "New", "voice_id": "v", "language": "German", "secondary_language_ids": ["fr"], "timezone": "UTC", "initial_message": "",
        "system_prompt": "x", "llm_model": "gpt-5", "llm_fallback_models": [], "llm_temperature": 0.50, "knowledgebase_id": null,
        "tools": [{ "type": "end_call" }], "tts_emotion_enabled": true, "speech_speed": 1.10, "transcriber_provider_id": null,
        "keywords": null, "allow_interruptions": true, "endpoint_sensitivity": 1.25, "fillers": true, "record": true,
        "enable_noise_cancellation": false, "wait_for_customer": true, "max_duration": 60, "max_silence_duration": 1, "ringing_time": 60,
        "end_call_after_silence": 10, "end_call_on_voicemail": false, "voice_mail_message": null, "ambient_sound": "off",
        "ambient_sound_volume": 0, "is_webhook_active": false, "webhook_url": null, "post_call_evaluation": true, "post_call_schema": [],
        "variables": {}
    }"##,
    );
    let s2s = json!({ "mode": "multimodal", "multimodal_model_id": "gpt-realtime-2" });
    for update in [rich, s2s] {
        let text = update.to_string();
        let request = translate(retell(), &text).unwrap_or_else(|refused| panic!("{refused:?}"));
        let settings = Settings::default();
        let mut run = Run::update(retell(), "agent_1", &request, &settings).unwrap();
        let (agent, llm) = (agent(), llm());
        // The vendor leaves out what is not set.
        let forgetful = |step: &vendors::Step| {
            let mut told: Value = serde_json::from_str(&vendor(&agent, &llm)(step)).unwrap();
            told.as_object_mut().unwrap().retain(|_, value| !value.is_null());
            if let Some(model) = told.get_mut("model_config") {
                let primary = model.get("primary").cloned();
                *model = json!({ "type": model.get("type").cloned().unwrap_or(json!("cascading")), "primary": primary, "temperature": 0.5 });
            }
            told.to_string()
        };
        drive(&mut run, forgetful).unwrap();
        let after = run.document();
        let listed = ListedAssistant::document(retell(), &after).unwrap();
        let told = vendors::read_assistant(retell(), &Policies::default(), &listed);
        let (configured, live, policies) = (CatalogSet::default(), CatalogSet::default(), Policies::default());
        let target = Target {
            dialect: retell(),
            vendor: "retell",
            id: "agent_1",
            handling: Handling::Strict,
            policies: &policies,
            catalogs: Catalogs { configured: &configured, live: &live },
            accounts: &Names,
        };
        let stored = compare(&Update::read(text.as_bytes()).unwrap(), &request.report.applied, &told, &target);
        assert_eq!((&stored.differs, &stored.unreadable), (&vec![], &vec![]), "{update}");
    }
}

#[test]
fn a_value_that_the_vendor_changed_is_found() {
    let request = translate(retell(), r#"{"llm_model_id":"gpt-4.1-nano","speech_speed":1.1}"#).unwrap();
    let mut other = llm();
    other["model_config"]["primary"]["model"] = json!("gpt-5.6-luna");
    let text = document(&agent(), &other);
    read(retell(), &text, |told| {
        let (configured, live, policies) = (CatalogSet::default(), CatalogSet::default(), Policies::default());
        let target = Target {
            dialect: retell(),
            vendor: "retell",
            id: "agent_1",
            handling: Handling::Strict,
            policies: &policies,
            catalogs: Catalogs { configured: &configured, live: &live },
            accounts: &Names,
        };
        let update = Update::read(br#"{"llm_model_id":"gpt-4.1-nano","speech_speed":1.1}"#).unwrap();
        let stored = compare(&update, &request.report.applied, told, &target);
        let differs: Vec<_> = stored.differs.iter().map(|one| (one.field, &*one.stored)).collect();
        assert_eq!(differs, [(Field::LlmModelId, "\"gpt-5.6-luna\""), (Field::SpeechSpeed, "1")]);
    });
}

#[test]
fn what_has_no_canonical_form_is_told_and_not_written_back() {
    let (mut agent, mut llm) = (agent(), llm());
    agent["ambient_sound"] = json!("static-noise");
    agent["max_call_duration_ms"] = json!(3_600_000);
    agent["post_call_analysis_data"] =
        json!([{ "type": "enum", "name": "mood", "description": "Mood.", "choices": ["good"] }]);
    agent["voicemail_option"] = json!({ "action": { "type": "prompt", "text": "Say hello." } });
    llm["knowledge_base_ids"] = json!(["a", "b"]);
    llm["general_tools"] = json!([{ "type": "transfer_call", "name": "t", "transfer_destination": { "type": "inferred", "prompt": "x" } }]);
    read(retell(), &document(&agent, &llm), |read| {
        let unwritable: Vec<_> = read.unwritable.iter().map(|told| told.field.name()).collect();
        assert_eq!(unwritable, ["knowledgebase_id", "tools", "max_duration", "ambient_sound", "post_call_schema"]);
        assert_eq!((read.told(Field::EndCallOnVoicemail), read.told(Field::VoiceMailMessage)), (Some("true"), None));
    });
}

#[test]
fn an_agent_of_another_engine_is_read_without_an_llm() {
    let mut flow = agent();
    flow["response_engine"] = json!({ "type": "conversation-flow", "conversation_flow_id": "f" });
    let text = json!({ "agent": flow }).to_string();
    read(retell(), &text, |read| {
        assert_eq!(read.told(Field::Name), Some("\"Old\""));
        for field in [Field::SystemPrompt, Field::LlmModelId, Field::LlmFallbackModels, Field::Tools, Field::Variables]
        {
            assert_eq!(read.told(field), None, "{}", field.name());
        }
        assert!(read.unwritable.is_empty() && read.nulls.is_empty());
    });
}

#[test]
fn a_model_is_told_as_that_of_its_kind() {
    let mut s2s = llm();
    s2s["model_config"] = json!({ "type": "s2s", "primary": { "model": "gpt-realtime" } });
    read(retell(), &document(&agent(), &s2s), |read| {
        assert_eq!(
            (read.told(Field::Mode), read.told(Field::MultimodalModelId)),
            (Some("\"multimodal\""), Some("\"gpt-realtime\""))
        );
        assert_eq!(
            (read.told(Field::LlmModelId), read.told(Field::LlmModel), read.told(Field::LlmFallbackModels)),
            (None, None, None)
        );
    });
}

#[test]
fn counters_and_time_stamps_are_no_change_of_the_assistant() {
    let state = |agent: &Value, llm: &Value| {
        let text = document(agent, llm);
        ListedAssistant::document(retell(), text.as_bytes()).unwrap().state(retell())
    };
    let (first, mut agent, mut llm) = (state(&agent(), &llm()), agent(), llm());
    for (member, value) in [
        ("version", json!(8)),
        ("base_version", json!(7)),
        ("is_published", json!(true)),
        ("last_modification_timestamp", json!(1)),
    ] {
        agent[member] = value.clone();
        llm[member] = value;
    }
    llm.as_object_mut().unwrap().remove("base_version");
    agent["response_engine"]["version"] = json!(8);
    assert_eq!(String::from_utf8(state(&agent, &llm)), String::from_utf8(first.clone()));
    llm["general_prompt"] = json!("Be kind.");
    assert_ne!(state(&agent, &llm), first);
}
