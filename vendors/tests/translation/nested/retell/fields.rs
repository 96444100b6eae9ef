//! Each field alone: its value, its `null`, its range, and what it must not touch.

use std::sync::Arc;

use serde_json::json;
use vendors::registry::Names;
use vendors::{
    Catalog, CatalogKind, CatalogSet, Catalogs, Fidelity, Field, Handling, Policies, Rule, Target, Update,
    translate_request,
};

use super::super::translate;
use super::{refusal, refused, retell, written};

#[test]
fn every_mapped_field_is_written_in_the_vendors_form() {
    for (update, body) in [
        (json!({ "name": "Front desk" }), json!({ "agent": { "agent_name": "Front desk" } })),
        (json!({ "voice_id": "cartesia-Cleo" }), json!({ "agent": { "voice_id": "cartesia-Cleo" } })),
        (json!({ "timezone": "Europe/Berlin" }), json!({ "agent": { "timezone": "Europe/Berlin" } })),
        (json!({ "initial_message": "" }), json!({ "llm": { "begin_message": "" } })),
        (json!({ "system_prompt": "Be kind." }), json!({ "llm": { "general_prompt": "Be kind." } })),
        (json!({ "llm_temperature": 0.70 }), json!({ "llm": { "model_config": { "temperature": 0.70 } } })),
        (json!({ "mode": "pipeline" }), json!({ "llm": { "model_config": { "type": "cascading" } } })),
        (
            json!({ "knowledgebase_id": "knowledge_base_2" }),
            json!({ "llm": { "knowledge_base_ids": ["knowledge_base_2"] } }),
        ),
        (json!({ "tts_emotion_enabled": true }), json!({ "agent": { "enable_expressive_mode": true } })),
        (json!({ "tts_model": "eleven_v3" }), json!({ "agent": { "voice_model": "eleven_v3" } })),
        (json!({ "speech_speed": 1.1 }), json!({ "agent": { "voice_speed": 1.1 } })),
        (json!({ "keywords": ["Kiel"] }), json!({ "agent": { "boosted_keywords": ["Kiel"] } })),
        (json!({ "wait_for_customer": true }), json!({ "llm": { "start_speaker": "user" } })),
        (json!({ "wait_for_customer": false }), json!({ "llm": { "start_speaker": "agent" } })),
        (json!({ "max_duration": 600 }), json!({ "agent": { "max_call_duration_ms": 600_000 } })),
        (json!({ "max_silence_duration": 15 }), json!({ "agent": { "reminder_trigger_ms": 15_000 } })),
        (json!({ "ringing_time": 5 }), json!({ "agent": { "ring_duration_ms": 5000 } })),
        (json!({ "end_call_after_silence": 7200 }), json!({ "agent": { "end_call_after_silence_ms": 7_200_000 } })),
        (json!({ "endpoint_sensitivity": 2.5 }), json!({ "agent": { "responsiveness": 0.5 } })),
        (json!({ "interrupt_sensitivity": 4.99 }), json!({ "agent": { "interruption_sensitivity": 0.998 } })),
        (json!({ "ambient_sound": "office" }), json!({ "agent": { "ambient_sound": "call-center" } })),
        (json!({ "ambient_sound": "off" }), json!({ "agent": { "ambient_sound": null } })),
        (json!({ "ambient_sound": "crowded_room" }), json!({ "agent": { "ambient_sound": "convention-hall" } })),
        (json!({ "ambient_sound": "nature" }), json!({ "agent": { "ambient_sound": "summer-outdoor" } })),
        (json!({ "ambient_sound": "forest" }), json!({ "agent": { "ambient_sound": "mountain-outdoor" } })),
        (json!({ "ambient_sound": "cafe" }), json!({ "agent": { "ambient_sound": "coffee-shop" } })),
        (json!({ "ambient_sound_volume": 0.25 }), json!({ "agent": { "ambient_sound_volume": 0.25 } })),
        (
            json!({ "webhook_url": "https://example.com/a" }),
            json!({ "agent": { "webhook_url": "https://example.com/a" } }),
        ),
        (json!({ "is_webhook_active": false }), json!({ "agent": { "webhook_url": null } })),
        (
            json!({ "variables": { "company": "K", "x": "" } }),
            json!({ "llm": { "default_dynamic_variables": { "company": "K", "x": "" } } }),
        ),
    ] {
        assert_eq!(written(&update), body, "{update}");
    }
}

#[test]
fn numbers_are_exact_and_keep_no_trace_of_floating_point() {
    for (update, body) in [
        (r#"{"endpoint_sensitivity":0.1}"#, r#"{"agent":{"responsiveness":0.02}}"#),
        (r#"{"endpoint_sensitivity":3.3}"#, r#"{"agent":{"responsiveness":0.66}}"#),
        (r#"{"interrupt_sensitivity":5}"#, r#"{"agent":{"interruption_sensitivity":1}}"#),
        (r#"{"interrupt_sensitivity":0}"#, r#"{"agent":{"interruption_sensitivity":0}}"#),
        (r#"{"max_duration":1200}"#, r#"{"agent":{"max_call_duration_ms":1200000}}"#),
        (r#"{"speech_speed":1.10}"#, r#"{"agent":{"voice_speed":1.10}}"#),
    ] {
        assert_eq!(String::from_utf8(translate(retell(), update).unwrap().body).unwrap(), body);
    }
}

#[test]
fn null_clears_where_the_vendor_says_so_and_is_refused_elsewhere() {
    for (field, body) in [
        ("webhook_url", json!({ "agent": { "webhook_url": null } })),
        ("keywords", json!({ "agent": { "boosted_keywords": null } })),
        ("knowledgebase_id", json!({ "llm": { "knowledge_base_ids": null } })),
        ("chat_llm_fallback_id", json!({ "llm": { "model_config": { "backup": null } } })),
        ("llm_fallback_models", json!({ "llm": { "model_config": { "backup": null } } })),
        ("transcriber_provider_id", json!({ "agent": { "stt_mode": "fast" } })),
    ] {
        assert_eq!(written(&json!({ field: null })), body, "{field}");
    }
    assert_eq!(
        refusal(&json!({ "end_call_after_silence": null })),
        ("#/end_call_after_silence".to_owned(), "unsupported_value")
    );
    for field in
        ["name", "timezone", "ambient_sound", "speech_speed", "initial_message", "tools", "variables", "tts_model"]
    {
        assert_eq!(refusal(&json!({ field: null })), (format!("#/{field}"), "null_not_allowed"), "{field}");
    }
}

#[test]
fn values_outside_the_vendors_ranges_are_refused_with_the_range() {
    for (field, value, range) in [
        ("max_duration", json!(59), "60 and 1200"),
        ("max_duration", json!(1201), "60 and 1200"),
        ("ringing_time", json!(4), "5 and 60"),
        ("ringing_time", json!(61), "5 and 60"),
        ("end_call_after_silence", json!(9), "10 and 7200"),
        ("max_silence_duration", json!(0), "1 and 360"),
        ("llm_temperature", json!(1.01), "0 and 1"),
        ("ambient_sound_volume", json!(1.5), "0 and 1"),
        ("interrupt_sensitivity", json!(5.1), "0 and 5"),
    ] {
        let items = refused(&json!({ field: value }));
        let [item] = &*items else { panic!("{items:?}") };
        assert_eq!((item.code.as_str(), &*item.pointer), ("out_of_range", &*format!("#/{field}")));
        assert!(item.detail.contains(range), "{}", item.detail);
    }
    assert_eq!(refusal(&json!({ "max_duration": 60.5 })), ("#/max_duration".to_owned(), "wrong_type"));
}

#[test]
fn values_and_fields_that_the_vendor_lacks_are_refused() {
    for (update, pointer) in [
        (json!({ "mode": "dualplex" }), "#/mode"),
        (json!({ "ambient_sound": "city" }), "#/ambient_sound"),
        (json!({ "variables": { "count": 3, "ok": "x" } }), "#/variables/count"),
        (json!({ "variables": { "a/b": null } }), "#/variables/a~1b"),
        (json!({ "llm_fallback_models": ["gpt-5", "gpt-5-mini"] }), "#/llm_fallback_models/1"),
        (json!({ "is_webhook_active": true }), "#/is_webhook_active"),
    ] {
        assert_eq!(refusal(&update), (pointer.to_owned(), "unsupported_value"), "{update}");
    }
    assert_eq!(refusal(&json!({ "transcriber_provider_id": "whisper" })).1, "not_allowed");
    for field in [
        "type",
        "turn_detection_threshold",
        "knowledgebase_mode",
        "folder_id",
        "label_ids",
        "phone_number_id",
        "tool_ids",
        "voice_similarity",
        "voice_stability",
        "synthesizer_provider_id",
        "filler_config",
        "max_initial_silence_duration",
        "reengagement_interval",
        "reengagement_prompt",
        "endpoint_type",
        "min_interrupt_words",
        "send_webhook_only_on_completed",
        "include_recording_in_webhook",
        "conversation_inactivity_timeout",
        "conversation_ended_retrigger",
        "conversation_ended_webhook_url",
        "first_message_interruptible",
    ] {
        let items = refused(&json!({ field: 1 }));
        assert!(items.iter().any(|item| item.code.as_str() == "unsupported_field"), "{field}: {items:?}");
    }
}

#[test]
fn a_voice_is_found_by_its_name_in_the_vendors_list() {
    let spec = retell().catalog(CatalogKind::Voices).unwrap();
    assert_eq!(spec.path, "/list-voices");
    let list = r#"[{"voice_id":"11labs-Adrian","voice_name":"Adrian","provider":"elevenlabs","gender":"male","accent":"American"},
                   {"voice_id":"","voice_name":"None"},{"id":"x","name":"y"}]"#;
    let mut live = CatalogSet::default();
    live.set(CatalogKind::Voices, Arc::new(Catalog::parse(list.as_bytes(), spec).unwrap()));
    let (configured, policies) = (CatalogSet::default(), Policies::default());
    let target = Target {
        dialect: retell(),
        vendor: "retell",
        id: "agent_1",
        handling: Handling::Strict,
        policies: &policies,
        catalogs: Catalogs { configured: &configured, live: &live },
        accounts: &Names,
    };
    let found = |update: &str| {
        let request = translate_request(&Update::read(update.as_bytes()).unwrap(), &target);
        request.map(|request| String::from_utf8(request.body).unwrap())
    };
    assert_eq!(found(r#"{"voice":"adrian"}"#).unwrap(), r#"{"agent":{"voice_id":"11labs-Adrian"}}"#);
    assert_eq!(found(r#"{"voice":"y"}"#).unwrap_err().items.list[0].code.as_str(), "unresolved_name");
    assert!(CatalogKind::ALL.into_iter().all(|kind| kind == CatalogKind::Voices || retell().catalog(kind).is_none()));
}

#[test]
fn at_most_a_quarter_of_the_fields_that_it_has_are_hooks() {
    let rows: Vec<_> =
        Field::ALL.into_iter().map(|field| retell().row(field)).filter(|row| row.is_supported()).collect();
    let hooks = rows.iter().filter(|row| matches!(row.rule, Rule::Nested(_))).count();
    assert!(4 * hooks <= rows.len(), "{hooks} of {}", rows.len());
    let faithful = Field::ALL.map(|field| retell().describe(field).fidelity);
    assert_eq!(faithful.iter().filter(|fidelity| **fidelity != Fidelity::None).count(), rows.len());
}

#[test]
fn ids_are_texts() {
    for field in
        ["voice_id", "language_id", "llm_model_id", "multimodal_model_id", "chat_llm_fallback_id", "knowledgebase_id"]
    {
        assert_eq!(refusal(&json!({ field: 7 })), (format!("#/{field}"), "wrong_type"), "{field}");
    }
    assert_eq!(
        refusal(&json!({ "secondary_language_ids": ["de-DE", 7] })),
        ("#/secondary_language_ids/1".to_owned(), "wrong_type")
    );
}

#[test]
fn approximate_fields_say_so_and_exact_ones_do_not() {
    for (update, is_nearly) in [
        (json!({ "interrupt_sensitivity": 2 }), true),
        (json!({ "endpoint_sensitivity": 2 }), true),
        (json!({ "fillers": true }), true),
        (json!({ "record": false }), true),
        (json!({ "ambient_sound_volume": 0.5 }), true),
        (json!({ "transcriber_provider_id": "azure" }), true),
        (json!({ "is_webhook_active": false }), true),
        (json!({ "post_call_evaluation": true }), true),
        (json!({ "tools": [] }), true),
        (json!({ "chat_llm_fallback_id": "gpt-5" }), true),
        (json!({ "allow_interruptions": false }), true),
        (
            json!({ "name": "x", "max_duration": 60, "wait_for_customer": true, "ambient_sound": "off", "end_call_on_voicemail": true }),
            false,
        ),
    ] {
        let warnings = translate(retell(), &update.to_string()).unwrap().report.warnings;
        assert_eq!(warnings.iter().any(|note| note.code == "approximated"), is_nearly, "{update}: {warnings:?}");
    }
}
