//! The dialect `vapi`.
//!
//! Expectations are written from the vendor's documents, not from the table: the OpenAPI of 2026-08, the Python SDK 3.0.0, and
//! what its open-source tools know of updates.

mod contract;
mod errors;
mod limits;
mod reading;
mod writing;

use serde_json::{Value, json};
use vendors::{Dialect, Handling, Refused, Request, Settings};

/// The dialect.
fn vapi() -> &'static Dialect {
    super::dialect("vapi")
}

/// An assistant as `GET /assistant/{id}` answers, as a text, because spellings matter.
const STORED: &str = include_str!("vapi/stored.json");

/// The bodies of the PATCH requests that an update makes of a stored assistant.
fn patches(update: &Value, stored: &str) -> Result<Vec<String>, Refused> {
    let request = super::translate(vapi(), &update.to_string())?;
    patches_of(&request, stored)
}

fn patches_of(request: &Request, stored: &str) -> Result<Vec<String>, Refused> {
    let settings = Settings::default();
    let mut run = vendors::Run::update(vapi(), "id_1", request, &settings).unwrap();
    let steps = super::drive(&mut run, |_| stored.to_owned())?;
    Ok(steps
        .into_iter()
        .filter(|step| step.method == "PATCH")
        .map(|step| {
            assert_eq!(step.path, "/assistant/id_1");
            String::from_utf8(step.body).unwrap()
        })
        .collect())
}

/// The body of the only PATCH.
fn patch(update: &Value, stored: &str) -> Value {
    let bodies = patches(update, stored).unwrap_or_else(|refused| panic!("{update}: {refused:?}"));
    let [body] = &*bodies else { panic!("{update}: {bodies:?}") };
    serde_json::from_str(body).unwrap()
}

/// A stored object of [`STORED`] with these members changed; `null` removes one.
fn stored_with(object: &str, changes: &Value) -> Value {
    let stored: Value = serde_json::from_str(STORED).unwrap();
    let mut object = stored[object].clone();
    for (key, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(object.as_object_mut().unwrap().remove(key)),
            value => object[key] = value.clone(),
        }
    }
    object
}

/// What a refused update says: pointer and detail of each item.
fn refusals(update: &Value, stored: &str) -> Vec<(String, String)> {
    let Err(refused) = patches(update, stored) else { panic!("{update} is not refused") };
    refused.items.list.into_iter().map(|item| (item.pointer, item.detail)).collect()
}

/// The pointer and the detail of the only refusal.
fn refusal(update: &Value, stored: &str) -> (String, String) {
    let mut all = refusals(update, stored);
    assert_eq!(all.len(), 1, "{update}: {all:?}");
    all.remove(0)
}

#[test]
fn less_than_a_quarter_of_the_supported_rows_are_hooks() {
    let supported: Vec<_> = vapi().rows.iter().filter(|row| row.is_supported()).collect();
    let hooks = supported.iter().filter(|row| matches!(row.rule, vendors::Rule::Nested(_))).count();
    assert!(hooks * 4 < supported.len(), "{hooks} of {}", supported.len());
}

#[test]
fn the_operations_are_the_documented_ones() {
    let operations = vapi().operations;
    let calls = [Some(operations.update), operations.create.map(|create| create.call), operations.delete];
    let calls = calls.map(|call| call.map(|call| (call.method, call.path, call.repeatable)));
    assert_eq!(
        calls,
        [
            Some(("PATCH", "/assistant/{id}", true)),
            Some(("POST", "/assistant", false)),
            Some(("DELETE", "/assistant/{id}", true))
        ]
    );
    assert!(vapi().is_id("b6f1a0de-5c3f-4f0e-9d8b-0a1b2c3d4e5f") && !vapi().is_id("789") && !vapi().is_id("agent_1"));
    assert!(vapi().experimental);
    assert_eq!(
        vapi().catalog_kinds().collect::<Vec<_>>(),
        [vendors::CatalogKind::PhoneNumbers, vendors::CatalogKind::Tools]
    );
}

#[test]
fn lenient_handling_drops_what_vapi_does_not_have() {
    let target = |handling| {
        let update =
            vendors::Update::read(br#"{"name":"A","endpoint_sensitivity":2.5,"timezone":"Europe/Berlin"}"#).unwrap();
        super::with_handling(vapi(), handling, |target| vendors::translate_request(&update, target))
    };
    let request = target(Handling::Lenient).unwrap();
    assert_eq!(request.body, br#"{"name":"A"}"#);
    assert_eq!(request.report.dropped.len(), 2);
    let refused = target(Handling::Strict).unwrap_err();
    let codes: Vec<_> = refused.items.list.iter().map(|item| (item.code.as_str(), &*item.pointer)).collect();
    assert_eq!(codes, [("unsupported_field", "#/endpoint_sensitivity"), ("unsupported_field", "#/timezone")]);
    assert!(refused.items.list[0].detail.contains("startSpeakingPlan.waitSeconds"), "{refused:?}");
}

#[test]
fn a_new_assistant_is_one_request_with_arrays_in_the_vendors_form() {
    let update = json!({
        "name": "Front desk", "system_prompt": "Be brief.", "llm_model_id": "openai:gpt-4.1",
        "voice_id": "11labs:pNx", "voice_stability": 0.4, "max_silence_duration": 20, "endpoint_type": "ai",
        "reengagement_prompt": "Ask whether they are there."
    });
    let request = super::create(vapi(), &update.to_string()).unwrap();
    let settings = Settings::default();
    let mut run = vendors::Run::create(vapi(), &request, &settings).unwrap();
    let steps = super::drive(&mut run, |_| r#"{"id":"b6f1a0de-5c3f-4f0e-9d8b-0a1b2c3d4e5f"}"#.to_owned()).unwrap();
    let [step] = &*steps else { panic!("{steps:?}") };
    assert_eq!((step.method, &*step.path, step.repeatable), ("POST", "/assistant", false));
    let body: Value = serde_json::from_slice(&step.body).unwrap();
    assert_eq!(
        body,
        json!({
            "name": "Front desk",
            "model": { "provider": "openai", "model": "gpt-4.1", "messages": [{ "role": "system", "content": "Be brief." }] },
            "voice": { "provider": "11labs", "voiceId": "pNx", "stability": 0.4 },
            "hooks": [{ "on": "customer.speech.timeout", "options": { "timeoutSeconds": 20 },
                        "do": [{ "type": "say", "prompt": "Ask whether they are there." }] }],
            "startSpeakingPlan": { "smartEndpointingPlan": { "provider": "vapi" } }
        })
    );
    assert_eq!(run.parameter("id"), Some("b6f1a0de-5c3f-4f0e-9d8b-0a1b2c3d4e5f"));
}

#[test]
fn a_new_assistant_is_refused_what_its_voice_does_not_have() {
    for (update, found) in [
        (json!({ "voice_stability": 0.4 }), "there it is not set"),
        (json!({ "voice_id": "azure:emma", "voice_stability": 0.4 }), r#"there it is "azure""#),
    ] {
        let request = super::create(vapi(), &update.to_string()).unwrap();
        let settings = Settings::default();
        let mut run = vendors::Run::create(vapi(), &request, &settings).unwrap();
        let refused = run.next().unwrap_err();
        assert_eq!(refused.items.list[0].pointer, "#/voice_stability");
        assert!(refused.items.list[0].detail.contains(found), "{refused:?}");
    }
}
