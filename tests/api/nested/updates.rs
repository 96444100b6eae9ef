//! An update of a dozen fields, and what the vendor has afterwards.

use serde_json::{Value, json};
use simulators::FAMILIES;

use super::{codes, differences, document, first, names, put, stage};

/// What is sent to a vendor, and every difference that it makes there.
fn dozen(vendor: &str) -> (Value, Value) {
    match vendor {
        "elevenlabs" => (
            json!({
                "name": "Late desk", "system_prompt": "Be brief.", "initial_message": "Good day.", "voice_id": "21m00Tcm4TlvDq8ikWAM",
                "speech_speed": 1.1, "voice_stability": 0.7, "llm_model_id": "gpt-5-mini", "llm_temperature": 0.4,
                "max_duration": 300, "record": false, "language_id": "de", "keywords": ["Acme", "Zeta"], "allow_interruptions": false,
            }),
            json!({
                "name": "Late desk",
                "conversation_config.agent.prompt.prompt": "Be brief.",
                "conversation_config.agent.first_message": "Good day.",
                "conversation_config.tts.voice_id": "21m00Tcm4TlvDq8ikWAM",
                "conversation_config.tts.speed": 1.1,
                "conversation_config.tts.stability": 0.7,
                "conversation_config.agent.prompt.llm": "gpt-5-mini",
                "conversation_config.agent.prompt.temperature": 0.4,
                "conversation_config.conversation.max_duration_seconds": 300,
                "platform_settings.privacy.record_voice": false,
                "conversation_config.agent.language": "de",
                "conversation_config.asr.keywords": ["Acme", "Zeta"],
                "conversation_config.conversation.client_events": ["audio", "user_transcript", "agent_response"],
            }),
        ),
        "vapi" => (
            json!({
                "name": "Late desk", "system_prompt": "Be brief.", "initial_message": "Good day.", "voice_stability": 0.7,
                "speech_speed": 1.1, "llm_temperature": 0.4, "max_duration": 300, "record": false, "keywords": ["Acme", "Zeta"],
                "voice_mail_message": "Call again.", "min_interrupt_words": 2, "wait_for_customer": true,
                "webhook_url": "https://hooks.example.com/new",
            }),
            json!({
                "name": "Late desk", "model.messages.0.content": "Be brief.", "firstMessage": "Good day.",
                "voice.stability": 0.7, "voice.speed": 1.1, "model.temperature": 0.4, "maxDurationSeconds": 300,
                "artifactPlan.recordingEnabled": false, "transcriber.keyterm": ["Acme", "Zeta"],
                "voicemailMessage": "Call again.", "stopSpeakingPlan.numWords": 2,
                "firstMessageMode": "assistant-waits-for-user", "server.url": "https://hooks.example.com/new",
            }),
        ),
        _ => (
            json!({
                "name": "Late desk", "system_prompt": "Be brief.", "initial_message": "Good day.", "voice_id": "11labs-Lily",
                "speech_speed": 1.1, "llm_temperature": 0.4, "max_duration": 300, "record": false, "keywords": ["Acme", "Zeta"],
                "ringing_time": 20, "end_call_after_silence": 30, "timezone": "Europe/Berlin", "variables": { "shop": "Ghent" },
            }),
            json!({
                "agent.agent_name": "Late desk", "llm.general_prompt": "Be brief.", "llm.begin_message": "Good day.",
                "agent.voice_id": "11labs-Lily", "agent.voice_speed": 1.1, "llm.model_config.temperature": 0.4,
                "llm.model_temperature": 0.4,
                "agent.max_call_duration_ms": 300_000, "agent.data_storage_setting": "basic_attributes_only",
                "agent.boosted_keywords": ["Acme", "Zeta"], "agent.ring_duration_ms": 20_000,
                "agent.end_call_after_silence_ms": 30_000, "agent.timezone": "Europe/Berlin",
                "llm.default_dynamic_variables.customer_name": null, "llm.default_dynamic_variables.shop": "Ghent",
            }),
        ),
    }
}

#[tokio::test]
async fn a_dozen_fields_change_exactly_what_they_are_about() {
    for vendor in FAMILIES {
        let stage = stage(vendor).await;
        let before = document(&stage, vendor);
        let (update, expected) = dozen(vendor);
        let reply = put(&stage, vendor, &update).await;
        assert_eq!(reply.status, 200, "{vendor}: {:#}", reply.json());
        let answer = reply.json();
        let mut sent: Vec<_> = update.as_object().unwrap().keys().map(String::as_str).collect();
        sent.sort_unstable();
        assert_eq!(names(&answer["report"]["applied"]), sent, "{vendor}: {answer:#}");
        assert!(codes(&answer["report"]).is_empty(), "{vendor}: {answer:#}");
        assert_eq!(answer["report"]["dropped"], json!([]), "{vendor}");
        assert_eq!(differences(&before, &document(&stage, vendor)), expected, "{vendor}");
        let received = stage.simulator(vendor).received();
        assert_eq!(answer["attempts"], received.len(), "{vendor}: {received:#?}");
        assert_eq!(answer["data"]["id"], first(vendor), "{vendor}");
        assert_eq!(answer["data"]["name"], "Late desk", "{vendor}");

        // The same again changes nothing.
        let settled = document(&stage, vendor);
        assert_eq!(put(&stage, vendor, &update).await.status, 200, "{vendor}");
        assert_eq!(differences(&settled, &document(&stage, vendor)), json!({}), "{vendor}");
        stage.stop().await;
    }
}
