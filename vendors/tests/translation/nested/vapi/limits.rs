//! What Vapi does not take, takes only nearly, or takes in `vendor_options` and by configured names.

use super::*;

#[test]
fn a_field_of_one_provider_is_refused_with_the_stored_one_named() {
    let cartesia = STORED.replace(r#""provider": "11labs""#, r#""provider": "cartesia""#);
    let azure = STORED.replace(r#""provider": "deepgram""#, r#""provider": "azure""#);
    let anthropic = STORED.replace(r#""provider": "openai", "model""#, r#""provider": "anthropic", "model""#);
    for (update, stored, path, provider) in [
        (json!({ "voice_stability": 0.5 }), &cartesia, "voice.provider", "cartesia"),
        (json!({ "voice_similarity": 0.5 }), &cartesia, "voice.provider", "cartesia"),
        (json!({ "speech_speed": 1.0 }), &cartesia, "voice.provider", "cartesia"),
        (json!({ "keywords": ["a"] }), &azure, "transcriber.provider", "azure"),
        (json!({ "secondary_language_ids": ["fr"] }), &azure, "transcriber.provider", "azure"),
        (json!({ "llm_fallback_models": ["o3"] }), &anthropic, "model.provider", "anthropic"),
    ] {
        let (pointer, detail) = refusal(&update, stored);
        assert_eq!(pointer, format!("#/{}", update.as_object().unwrap().keys().next().unwrap()));
        assert!(detail.contains(path) && detail.contains(provider), "{detail}");
    }
    // What the update itself sets decides.
    let (pointer, _) = refusal(&json!({ "voice_stability": 0.5, "voice_id": "cartesia:x" }), STORED);
    assert_eq!(pointer, "#/voice_stability");
    let body = patch(&json!({ "voice_stability": 0.5, "voice_id": "11labs:x" }), &cartesia);
    assert_eq!((&body["voice"]["provider"], &body["voice"]["stability"]), (&json!("11labs"), &json!(0.5)));
}

#[test]
fn what_vapi_cannot_hold_is_refused_with_what_would_be_right() {
    for (update, pointer, says) in [
        (json!({ "voice_id": "pNInz6obpgDQGcFmaJgB" }), "#/voice_id", "`provider:voiceId`"),
        (json!({ "voice_id": 12 }), "#/voice_id", "string"),
        (json!({ "llm_model_id": "gpt-4.1" }), "#/llm_model_id", "`provider:model`"),
        (json!({ "llm_model_id": "openai:gpt-realtime-2" }), "#/llm_model_id", "multimodal_model_id"),
        (json!({ "multimodal_model_id": "openai:gpt-4o" }), "#/multimodal_model_id", "llm_model_id"),
        (json!({ "mode": "dualplex" }), "#/mode", "dualplex"),
        (json!({ "mode": "multimodal" }), "#/mode", "multimodal_model_id"),
        (json!({ "mode": "pipeline" }), "#/mode", "llm_model_id"),
        (json!({ "chat_llm_fallback_id": "anthropic:x" }), "#/chat_llm_fallback_id", "openai"),
        (json!({ "synthesizer_provider_id": "11labs" }), "#/synthesizer_provider_id", "voice_id"),
        (json!({ "synthesizer_provider_id": null }), "#/synthesizer_provider_id", "clears"),
        (json!({ "transcriber_provider_id": null }), "#/transcriber_provider_id", "clears"),
        (json!({ "webhook_url": null }), "#/webhook_url", "clears"),
        (json!({ "ambient_sound": "cafe" }), "#/ambient_sound", "office"),
        (json!({ "name": "x".repeat(41) }), "#/name", "40"),
        (json!({ "interrupt_sensitivity": 1 }), "#/interrupt_sensitivity", "stopSpeakingPlan.voiceSeconds"),
        (json!({ "end_call_after_silence": 30 }), "#/end_call_after_silence", "silenceTimeoutSeconds"),
        (json!({ "phone_number_id": null }), "#/phone_number_id", "let go"),
        (json!({ "knowledgebase_id": 7 }), "#/knowledgebase_id", "tool_ids"),
        (json!({ "type": "inbound" }), "#/type", "phone number"),
        (json!({ "variables": {} }), "#/variables", "call"),
    ] {
        let (at, detail) = refusal(&update, STORED);
        assert_eq!(at, pointer, "{update}");
        assert!(detail.contains(says), "{update}: {detail}");
    }
    let (_, conflict) = refusal(&json!({ "voice_id": "11labs:x", "synthesizer_provider_id": "azure" }), STORED);
    assert!(conflict.contains("both set `voice.provider`"), "{conflict}");
}

#[test]
fn fields_that_vapi_holds_only_nearly_say_so() {
    let nearly = |update: &str| {
        let warnings = super::super::translate(vapi(), update).unwrap().report.warnings;
        warnings.iter().any(|note| note.code == "approximated")
    };
    for update in [
        r#"{"language":"de"}"#,
        r#"{"ringing_time":9}"#,
        r#"{"end_call_on_voicemail":true}"#,
        r#"{"max_silence_duration":9}"#,
        r#"{"post_call_evaluation":true}"#,
        r#"{"is_webhook_active":false}"#,
        r#"{"ambient_sound":"off"}"#,
        r#"{"tools":[]}"#,
    ] {
        assert!(nearly(update), "{update}");
    }
    for update in [r#"{"name":"A"}"#, r#"{"system_prompt":"x"}"#, r#"{"speech_speed":1}"#, r#"{"max_duration":60}"#] {
        assert!(!nearly(update), "{update}");
    }
}

#[test]
fn vendor_options_are_merged_deeply_and_never_over_a_field() {
    let body = patch(
        &json!({ "speech_speed": 1.0, "vendor_options": { "vapi": {
            "voice": { "chunkPlan": { "minCharacters": 10 }, "useSpeakerBoost": true },
            "server": { "backoffPlan": { "maxRetries": 5 } },
            "endCallPhrases": ["bye"], "metadata": { "team": "south" }
        } } }),
        STORED,
    );
    assert_eq!(
        body,
        json!({
            "voice": stored_with("voice", &json!({
                "speed": 1.0, "useSpeakerBoost": true, "chunkPlan": { "enabled": true, "minCharacters": 10 }
            })),
            "server": stored_with("server", &json!({
                "backoffPlan": { "type": "exponential", "maxRetries": 5, "baseDelaySeconds": 1e0 }
            })),
            "endCallPhrases": ["bye"],
            "metadata": { "team": "south", "cost center": 12.5 }
        })
    );
    for (update, pointer) in [
        (json!({ "speech_speed": 1, "vendor_options": { "vapi": { "voice": { "speed": 2 } } } }), "voice/speed"),
        (
            json!({ "system_prompt": "x", "vendor_options": { "vapi": { "model": { "messages": [] } } } }),
            "model/messages",
        ),
        (
            json!({ "voice_id": "11labs:x", "vendor_options": { "vapi": { "voice": { "provider": "azure" } } } }),
            "voice/provider",
        ),
        (json!({ "voice_id": "11labs:x", "vendor_options": { "vapi": { "voice": null } } }), "voice"),
    ] {
        let (at, _) = refusal(&update, STORED);
        assert_eq!(at, format!("#/vendor_options/vapi/{pointer}"), "{update}");
    }
}

#[test]
fn names_are_those_of_configured_catalogs() {
    let catalogs = [
        (vendors::CatalogKind::Voices, "11labs:pNx", "Adam"),
        (vendors::CatalogKind::Models, "anthropic:claude-sonnet-4-5", "Claude"),
        (vendors::CatalogKind::MultimodalModels, "openai:gpt-realtime-2", "Realtime"),
        (vendors::CatalogKind::Voices, "broken", "Broken"),
    ];
    let translated = |update: Value| super::super::with_catalogs(vapi(), &catalogs, &update.to_string());
    let body = |update: Value| -> Value { serde_json::from_slice(&translated(update).unwrap().body).unwrap() };
    assert_eq!(body(json!({ "voice": "Adam" })), json!({ "voice": { "provider": "11labs", "voiceId": "pNx" } }));
    assert_eq!(
        body(json!({ "llm_model": "Claude" })),
        json!({ "model": { "provider": "anthropic", "model": "claude-sonnet-4-5" } })
    );
    assert_eq!(
        body(json!({ "multimodal_model": "Realtime", "mode": "multimodal" })),
        json!({ "model": { "provider": "openai", "model": "gpt-realtime-2" } })
    );
    let refused = translated(json!({ "voice": "Eve" })).unwrap_err();
    assert_eq!(refused.items.list[0].code.as_str(), "unresolved_name");
    let refused = translated(json!({ "voice": "Broken" })).unwrap_err();
    assert!(refused.items.list[0].detail.contains("`provider:voiceId`"), "{refused:?}");
}
