//! The dialect `retell`. Expectations are written from the vendor's documentation and SDK (PyPI retell-sdk 6.2.13), never from the
//! table.

mod creation;
mod errors;
mod fields;
mod plan;
mod reading;
mod settings;
mod tools;

use serde_json::{Value, json};
use vendors::{Dialect, Item, Settings, Step};

use super::{dialect, translate};

/// An agent in a draft, as `GET /get-agent/{id}` tells it.
fn agent() -> Value {
    json!({
        "agent_id": "agent_1", "agent_name": "Old", "version": 7, "is_published": false, "base_version": 6, "channel": "voice",
        "response_engine": { "type": "retell-llm", "llm_id": "llm_1", "version": 7 },
        "voice_id": "11labs-Adrian", "voice_speed": 1, "voice_model": "eleven_flash_v2_5", "enable_expressive_mode": false,
        "language": ["en-US", "es-ES"], "timezone": "America/New_York",
        "responsiveness": 0.6, "interruption_sensitivity": 0.3, "denoising_mode": "noise-and-background-speech-cancellation",
        "max_call_duration_ms": 900_000, "ring_duration_ms": 30_000, "reminder_trigger_ms": 10_000.0, "end_call_after_silence_ms": 600_000,
        "ambient_sound": "coffee-shop", "ambient_sound_volume": 0.5, "boosted_keywords": ["Retell", "Kontor"],
        "stt_mode": "custom", "custom_stt_config": { "provider": "deepgram", "endpointing_ms": 25 },
        "handbook_config": { "default_personality": true, "natural_filler_words": false },
        "data_storage_setting": "everything_except_pii", "webhook_url": "https://example.com/hook",
        "voicemail_option": { "action": { "type": "static_text", "text": "Please call back." }, "detection_prompt": "A beep." },
        "post_call_analysis_data": [
            { "description": "In two sentences.", "name": "call_summary", "type": "system-presets" },
            { "type": "string", "name": "city", "description": "Where the caller lives.", "examples": ["Kiel"] },
            { "type": "boolean", "name": "booked", "description": "Whether there is a date." },
        ],
        "last_modification_timestamp": 1_790_000_000_000_u64,
    })
}

/// Its LLM, as `GET /get-retell-llm/{llm_id}` tells it.
fn llm() -> Value {
    json!({
        "llm_id": "llm_1", "version": 7, "is_published": false, "last_modification_timestamp": 1_790_000_000_001_u64,
        "model_config": {
            "type": "cascading", "primary": { "model": "gpt-5.6-terra", "tier": "fast" },
            "backup": { "model": "claude-5.5-haiku", "tier": "standard", "kick_in_timeout_ms": 2000 }, "temperature": 0.2,
        },
        "begin_message": "Hello.", "general_prompt": "Be brief.", "start_speaker": "agent",
        "knowledge_base_ids": ["knowledge_base_1"], "default_dynamic_variables": { "company": "Kontor" },
        "general_tools": [
            { "type": "end_call", "name": "hang_up", "description": "At the end." },
            { "type": "custom", "name": "book", "url": "https://example.com/book", "headers": { "X-Key": "s3cret" } },
        ],
        "mcps": [{ "name": "crm", "url": "https://example.com/mcp", "headers": { "Authorization": "Bearer s3cret" } }],
    })
}

fn retell() -> &'static Dialect {
    dialect("retell")
}

/// A vendor that answers with these objects, and with version 8 where it makes a draft. A write changes what it writes.
fn vendor<'v>(agent: &'v Value, llm: &'v Value) -> impl Fn(&Step) -> String + use<'v> {
    move |step| {
        let mut object = if step.path.contains("llm") { llm.clone() } else { agent.clone() };
        if step.path.starts_with("/create-agent-version/") {
            object["version"] = json!(8);
            object["is_published"] = json!(false);
        } else if let Some(version) =
            step.path.split_once("version=").map(|(_, version)| version.parse::<u64>().unwrap())
        {
            object["version"] = json!(version);
        }
        if step.method == "PATCH" {
            let written: Value = serde_json::from_slice(&step.body).unwrap();
            for (key, value) in written.as_object().unwrap() {
                object[key] = value.clone();
            }
        }
        object.to_string()
    }
}

/// The requests of an update as `METHOD path body`, without those that read.
fn writes(update: &Value, agent: &Value, llm: &Value) -> Vec<String> {
    let steps = super::steps(retell(), &update.to_string(), &Settings::default(), vendor(agent, llm));
    steps.into_iter().filter(|step| !step.starts_with("GET ")).collect()
}

/// What an update of one agent becomes: its PATCH's body, or that of its LLM. There must be no other.
fn written(update: &Value) -> Value {
    written_to(update, &agent(), &llm())
}

fn written_to(update: &Value, agent: &Value, llm: &Value) -> Value {
    let all = writes(update, agent, llm);
    let [only] = &*all else { panic!("{all:?}") };
    let (request, body) = only.split_once(" {").unwrap();
    let object = match request {
        "PATCH /update-agent/id_1?version=7" => "agent",
        "PATCH /update-retell-llm/llm_1?version=7" => "llm",
        other => panic!("{other}"),
    };
    json!({ object: serde_json::from_str::<Value>(&format!("{{{body}")).unwrap() })
}

/// Why an update is refused before anything is read.
fn refused(update: &Value) -> Vec<Item> {
    translate(retell(), &update.to_string()).unwrap_err().items.list
}

/// The pointer and the code of the only reason.
fn refusal(update: &Value) -> (String, &'static str) {
    let items = refused(update);
    let [item] = &*items else { panic!("{items:?}") };
    assert!(item.detail.len() > 10, "{}", item.detail);
    (item.pointer.clone(), item.code.as_str())
}
