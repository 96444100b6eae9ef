//! Each field that a vendor has: what is written is read, and what is read can be written back.

use serde_json::{Map, Value, json};
use simulators::FAMILIES;

use crate::support::Stage;

use super::{codes, differences, document, fields, first, put, stage};

/// A valid value of a field, other than the sample account's.
fn value(vendor: &str, field: &str) -> Value {
    let of = |elevenlabs: Value, vapi: Value, retell: Value| match vendor {
        "elevenlabs" => elevenlabs,
        "vapi" => vapi,
        _ => retell,
    };
    match field {
        "name" => json!("Other desk"),
        "voice_id" => of(json!("21m00Tcm4TlvDq8ikWAM"), json!("11labs:21m00Tcm4TlvDq8ikWAM"), json!("11labs-Lily")),
        // Vapi has no list of them.
        "voice" => of(json!("Rachel"), json!(null), json!("Lily")),
        "llm_model" => of(json!("gpt-4.1"), json!(null), json!("gpt-4.1")),
        "multimodal_model" => of(json!(null), json!(null), json!("gpt-realtime")),
        "language_id" => of(json!("de"), json!("de"), json!("de-DE")),
        "language" => json!("German"),
        "mode" => json!("pipeline"),
        "timezone" => json!("Europe/Berlin"),
        "initial_message" => json!("Good \"day\" – ütter 😀."),
        "system_prompt" => json!("Line one.\nLine two: {{customer_name}} \\ \u{1f600}"),
        "llm_model_id" => of(json!("gpt-4.1"), json!("openai:gpt-4.1"), json!("gpt-4.1")),
        "multimodal_model_id" => of(json!(null), json!("openai:gpt-realtime-2025-08-28"), json!("gpt-realtime")),
        "chat_llm_fallback_id" => of(json!("gpt-4.1"), json!("openai:gpt-4.1"), json!("gpt-4.1")),
        "llm_fallback_models" => of(json!(["gpt-4.1", "gpt-5-mini"]), json!(["gpt-4.1"]), json!(["gpt-4.1"])),
        "secondary_language_ids" => of(json!(["de", "fr"]), json!(["de", "fr"]), json!(["de-DE"])),
        "knowledgebase_id" => of(json!("kbdoc_2"), json!(null), json!("knowledge_base_9")),
        "knowledgebase_mode" => json!("prompt"),
        "label_ids" => json!(["desk", "late"]),
        "tool_ids" => json!(["tool_a", "tool_b"]),
        "tools" => of(
            json!([{ "type": "end_call", "description": "Ends it." }, transfer()]),
            json!([{ "type": "end_call" }, transfer()]),
            json!([{ "type": "end_call", "description": "Ends it." }, transfer()]),
        ),
        "voice_stability" | "voice_similarity" => json!(0.25),
        "speech_speed" => json!(1.15),
        "llm_temperature" => json!(0.55),
        "synthesizer_provider_id" => of(json!("eleven_turbo_v2_5"), json!("openai"), json!(null)),
        "transcriber_provider_id" => of(json!("scribe_realtime"), json!("deepgram"), json!("deepgram")),
        "tts_model" => of(json!("eleven_turbo_v2_5"), json!("eleven_turbo_v2_5"), json!("eleven_multilingual_v2")),
        "keywords" => json!(["Zeta", "Ätna"]),
        "filler_config" => json!({ "neutral": ["One moment", "Well"] }),
        "endpoint_type" => of(json!("vad"), json!("vad"), json!(null)),
        "endpoint_sensitivity" => of(json!(4), json!(null), json!(2.5)),
        "interrupt_sensitivity" => json!(2.5),
        "min_interrupt_words" => json!(3),
        "ambient_sound" => json!("office"),
        "ambient_sound_volume" => json!(0.35),
        "max_duration" => json!(240),
        "max_silence_duration" | "reengagement_interval" => json!(17),
        "end_call_after_silence" => json!(45),
        "ringing_time" => json!(25),
        "reengagement_prompt" => json!("Ask whether they are there."),
        "voice_mail_message" => json!("Call us again."),
        // `webhooks` is about them.
        "webhook_url" | "is_webhook_active" if vendor == "elevenlabs" => json!(null),
        "webhook_url" => json!("https://hooks.example.com/other"),
        // ElevenLabs' simulator merges maps, so that an entry which is to go would stay.
        "post_call_schema" => json!([{ "name": "order", "type": "number", "description": "The order." }]),
        "variables" => json!({ "customer_name": "Grace" }),
        "vendor_options" => json!(null),
        // `numbers` is about it: it is kept in another object, and not told by each vendor.
        "phone_number_id" => json!(null),
        _ => json!(true),
    }
}

fn transfer() -> Value {
    json!({ "type": "call_transfer", "phone_number": "+13025550177", "description": "If asked for sales." })
}

/// What has to be sent beside a field, or was set before.
fn beside(vendor: &str, field: &str) -> Value {
    match (vendor, field) {
        ("elevenlabs", "ambient_sound_volume") => json!({ "ambient_sound": "office" }),
        ("elevenlabs", "language_id" | "language" | "secondary_language_ids") => {
            json!({ "tts_model": "eleven_turbo_v2_5" })
        }
        ("elevenlabs", "tts_emotion_enabled") => json!({ "tts_model": "eleven_v3_conversational" }),
        ("elevenlabs", "send_webhook_only_on_completed" | "include_recording_in_webhook") => {
            json!({ "vendor_options": { "elevenlabs": {
            "platform_settings": { "workspace_overrides": { "webhooks": { "post_call_webhook_id": "wh_1" } } } } } })
        }
        ("vapi", "mode") => json!({ "llm_model_id": "openai:gpt-4.1" }),
        ("vapi", "synthesizer_provider_id") => json!({ "voice_id": "openai:alloy" }),
        ("retell", "is_webhook_active") => json!({ "webhook_url": "https://hooks.example.com/other" }),
        ("retell", "multimodal_model_id" | "multimodal_model") => json!({ "mode": "multimodal" }),
        _ => json!({}),
    }
}

/// The fields that a vendor has, by its own description.
async fn supported(stage: &Stage, vendor: &str) -> Vec<(String, String)> {
    let described = stage.get(&format!("/v1/vendors/{vendor}")).await.json();
    let all = described["fields"].as_array().unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let has = |one: &Value| one["fidelity"] != "none";
    all.iter().filter(|one| has(one)).map(|one| (text(&one["field"]), text(&one["fidelity"]))).collect()
}

async fn written_and_read(stage: &Stage, vendor: &str, field: &str, value: &Value) -> Result<(), String> {
    let mut update = beside(vendor, field);
    update[field] = value.clone();
    let reply = put(stage, vendor, &update).await;
    let answer = reply.json();
    if reply.status != 200 {
        return Err(format!("{} {} {}", answer["code"], answer["detail"], answer["errors"]));
    }
    let report = &answer["report"];
    if !report["applied"].as_array().unwrap().contains(&json!(field)) || !codes(report).is_empty() {
        return Err(report.to_string());
    }
    let read = fields(stage, vendor).await;
    let (told, value) = match (vendor, field) {
        // What has two fields is told as one.
        ("elevenlabs", "voice") => (&read["voice_id"], json!("21m00Tcm4TlvDq8ikWAM")),
        ("retell", "voice") => (&read["voice_id"], json!("11labs-Lily")),
        ("retell", "language") => (&read["language_id"], json!("de-DE")),
        (_, "language") => (&read["language_id"], json!("de")),
        (_, "llm_model") => (&read["llm_model_id"], value.clone()),
        (_, "multimodal_model") => (&read["multimodal_model_id"], value.clone()),
        ("elevenlabs", "chat_llm_fallback_id") => (&read["llm_fallback_models"], json!([value])),
        ("elevenlabs", "synthesizer_provider_id") => (&read["tts_model"], value.clone()),
        _ => (&read[field], value.clone()),
    };
    (*told == value).then_some(()).ok_or_else(|| format!("sent {value}, told {told}"))
}

#[tokio::test]
async fn each_field_that_is_written_is_read() {
    let mut failures = Vec::new();
    for vendor in FAMILIES {
        let stage = stage(vendor).await;
        let supported = supported(&stage, vendor).await;
        assert!(supported.len() > 25, "{vendor}: {supported:?}");
        for (field, _) in supported {
            let value = value(vendor, &field);
            if value.is_null() {
                continue;
            }
            if let Err(wrong) = written_and_read(&stage, vendor, &field, &value).await {
                failures.push(format!("{vendor} {field}: {wrong}"));
            }
            stage.simulator(vendor).reset();
        }
        stage.stop().await;
    }
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

#[tokio::test]
async fn what_is_read_can_be_written_back_and_changes_nothing() {
    let mut failures = Vec::new();
    for vendor in FAMILIES {
        let stage = stage(vendor).await;
        for id in stage.simulator(vendor).ids() {
            let read = stage.get(&format!("/v1/assistants/{vendor}:{id}")).await.json();
            let update = read["fields"].clone();
            let before = document_of(&stage, vendor, &id);
            let reply = stage.put(&format!("{vendor}:{id}"), update.to_string()).await;
            if reply.status != 200 {
                failures.push(format!("{vendor} {id}: {} {}", reply.json()["detail"], reply.json()["errors"]));
                continue;
            }
            let mut changes = differences(&before, &document_of(&stage, vendor, &id));
            // With further languages goes the tool that changes the language.
            let detection = "conversation_config.agent.prompt.built_in_tools.language_detection";
            changes.as_object_mut().unwrap().remove(detection);
            if changes != json!({}) {
                failures.push(format!("{vendor} {id}: {changes}"));
            }
            let after = stage.get(&format!("/v1/assistants/{vendor}:{id}")).await.json();
            if after["fields"] != update {
                failures.push(format!("{vendor} {id}: fields {}", differences(&update, &after["fields"])));
            }
            let report = reply.json()["report"].clone();
            if !codes(&report).is_empty() {
                failures.push(format!("{vendor} {id}: {}", report["warnings"]));
            }
        }
        stage.stop().await;
    }
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

/// An agent of any id, without what every write changes.
fn document_of(stage: &Stage, vendor: &str, id: &str) -> Value {
    if id == first(vendor) {
        return document(stage, vendor);
    }
    let mut document = stage.simulator(vendor).document(id).unwrap();
    let members: &mut Map<String, Value> = document.as_object_mut().unwrap();
    for volatile in ["updatedAt", "last_modification_timestamp", "version_id", "metadata"] {
        members.remove(volatile);
    }
    // A published version never changes: a draft is made from it.
    for volatile in ["version", "is_published", "base_version", "response_engine"] {
        members.remove(volatile);
    }
    document
}
