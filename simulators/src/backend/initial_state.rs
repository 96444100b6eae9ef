//! The state of an assistant before its first update: the documented defaults, otherwise empty values.

use serde_json::{Map, Value, json};

use super::{
    catalogs::Catalogs,
    field_names::{FieldNames, LEGACY_NAMES},
};

/// The fields of a new assistant under its vendor's names; `id` and name are added later.
pub(crate) fn initial_state(schema: &Value, names: FieldNames, catalogs: &Catalogs) -> Map<String, Value> {
    let mut state = Map::new();
    state.insert("status".to_owned(), json!("active"));
    let empty = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    let defaults = defaults(names, catalogs);
    for (field, rule) in properties {
        let current = match names {
            FieldNames::Current => field.as_str(),
            FieldNames::Legacy => {
                LEGACY_NAMES.iter().find(|(name, _)| name == field).map_or(field.as_str(), |(_, current)| current)
            }
        };
        let default = defaults.get(field).or_else(|| defaults.get(current)).cloned();
        state.insert(field.clone(), default.unwrap_or_else(|| empty_value(rule)));
    }
    state
}

/// The empty value of the field's type.
pub(crate) fn empty_value(rule: &Value) -> Value {
    match rule.get("type").and_then(Value::as_str) {
        Some("array") => json!([]),
        Some("object") => json!({}),
        _ => Value::Null,
    }
}

fn defaults(names: FieldNames, catalogs: &Catalogs) -> Value {
    let mut defaults = json!({
        "mode": "pipeline", "timezone": "UTC", "tts_emotion_enabled": true, "voice_stability": 0.7,
        "voice_similarity": 0.5, "speech_speed": 1.0, "llm_temperature": 0.1, "allow_interruptions": true,
        "fillers": false, "record": false, "enable_noise_cancellation": true, "max_duration": 600,
        "max_silence_duration": 40, "ringing_time": 30, "reengagement_interval": 30,
        "end_call_on_voicemail": true, "endpoint_type": "vad", "endpoint_sensitivity": 0.5,
        "interrupt_sensitivity": 0.5, "ambient_sound": "off", "ambient_sound_volume": 0.5,
        "is_webhook_active": false, "send_webhook_only_on_completed": true,
        "include_recording_in_webhook": true, "post_call_evaluation": true,
        "conversation_inactivity_timeout": 30, "use_min_interrupt_words": false,
        "voice_id": catalogs.first("voices", "id"),
    });
    let own = match names {
        FieldNames::Current => json!({
            "type": "outbound", "wait_for_customer": false,
            "language_id": catalogs.first("languages", "id"), "llm_model_id": catalogs.first("models", "id"),
        }),
        FieldNames::Legacy => json!({
            "calls_direction": "make", "who_speaks_first": "AI assistant",
            "language": catalogs.first("languages", "name"), "llm_model": catalogs.first("models", "name"),
        }),
    };
    if let (Some(all), Value::Object(own)) = (defaults.as_object_mut(), own) {
        all.extend(own);
    }
    defaults
}
