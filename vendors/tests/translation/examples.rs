//! The documented request bodies as updates.

use vendors::Handling;

use super::contracts::{Contract, LEGACY, contract, contracts, members};

/// For each documented body of the legacy vendor, the canonical update that must become it, member by member.
const LEGACY_UPDATES: [(&str, &str); 6] = [
    ("disable-webhook", r#"{"is_webhook_active": false}"#),
    (
        "lower-bounds",
        r#"{"endpoint_sensitivity":0,"interrupt_sensitivity":0,"ambient_sound_volume":0,"min_interrupt_words":0,
        "llm_temperature":0,"voice_stability":0,"voice_similarity":0,"speech_speed":0.7,"reengagement_interval":7,
        "max_duration":20,"max_silence_duration":1}"#,
    ),
    ("receive-calls", r#"{"type":"inbound","mode":"multimodal","wait_for_customer":true,"endpoint_type":"ai"}"#),
    ("remove-webhook", r#"{"webhook_url": null}"#),
    ("unassign-phone-number", r#"{"phone_number_id": null}"#),
    (
        "upper-bounds",
        r#"{"endpoint_sensitivity":5,"interrupt_sensitivity":5,"ambient_sound_volume":1,"min_interrupt_words":10,
        "llm_temperature":1,"voice_stability":1,"voice_similarity":1,"speech_speed":1.2,"reengagement_interval":600,
        "max_duration":1200,"max_silence_duration":120}"#,
    ),
];

/// The canonical update for the legacy vendor's full body. The documented body has the name `Interest_Level`, whose
/// capitals the canonical field does not allow, so the test uses lower case on both sides.
const FULL: &str = r#"{
  "name": "Updated Sales Assistant", "voice_id": 1, "language": "English", "llm_model": "GPT-4.1-mini",
  "type": "outbound", "mode": "pipeline", "timezone": "America/New_York",
  "initial_message": "Hello! How may I assist you?", "system_prompt": "You are a helpful sales agent.",
  "phone_number_id": 5, "endpoint_type": "vad", "endpoint_sensitivity": 0.5, "interrupt_sensitivity": 0.5,
  "ambient_sound_volume": 0.5, "post_call_evaluation": true, "send_webhook_only_on_completed": true,
  "include_recording_in_webhook": true, "is_webhook_active": true, "webhook_url": "https://example.com/webhook",
  "min_interrupt_words": 3, "variables": { "company_name": "Acme Corp" },
  "post_call_schema": [
    { "name": "interest_level", "type": "number", "description": "How interested the caller is" },
    { "name": "qualified", "type": "bool", "description": "Whether the lead is qualified" }
  ],
  "tools": [{ "type": "end_call", "description": "End call when done" }],
  "llm_temperature": 0.1, "voice_stability": 0.7, "voice_similarity": 0.5, "speech_speed": 1.0,
  "allow_interruptions": true, "fillers": false, "reengagement_interval": 30, "max_duration": 600,
  "max_silence_duration": 40, "end_call_on_voicemail": true, "enable_noise_cancellation": true,
  "record": false, "wait_for_customer": false
}"#;

/// The members of a body without the flag of the pair, which the translation adds.
fn without_flag(body: &str) -> Vec<(String, String)> {
    members(body).into_iter().filter(|(key, _)| key != "use_min_interrupt_words").collect()
}

/// The members with parsed values, because white space inside a value does not matter.
fn parsed(body: Vec<(String, String)>) -> Vec<(String, serde_json::Value)> {
    let mut parsed: Vec<_> = body.into_iter().map(|(key, text)| (key, serde_json::from_str(&text).unwrap())).collect();
    parsed.sort_by(|one, other| one.0.cmp(&other.0));
    parsed
}

fn legacy_example(contract: &Contract, name: &str) -> String {
    contract.examples().into_iter().find(|(example, _)| example == name).unwrap().1
}

#[test]
fn every_example_in_the_current_dialect_arrives_unchanged() {
    for contract in contracts().iter().filter(|contract| !contract.is_legacy()) {
        let examples = contract.examples();
        assert!(examples.len() >= 9, "{}", contract.name());
        for (name, example) in examples {
            assert!(contract.complaints(&example).is_empty(), "{name} against its own schema");
            assert_eq!(members(&contract.body(&example)), members(&example), "{} {name}", contract.name());
            let report = contract.translate(&example, Handling::Strict).unwrap().report;
            let applied: Vec<_> = report.applied.iter().map(|field| field.name().to_owned()).collect();
            let sent: Vec<_> = members(&example).into_iter().map(|(key, _)| key).collect();
            assert_eq!(applied, sent);
            assert!(report.dropped.is_empty() && report.warnings.is_empty(), "{name}: {report:?}");
        }
    }
}

/// An example without an entry above already has canonical names.
#[test]
fn every_example_in_the_legacy_dialect_comes_from_its_canonical_equivalent() {
    for contract in contracts().iter().filter(|contract| contract.is_legacy()) {
        let examples = contract.examples();
        assert!(LEGACY_UPDATES.iter().all(|(name, _)| examples.iter().any(|(example, _)| example == name)));
        for (name, example) in examples.iter().filter(|(name, _)| name != "full-legacy-body") {
            let own = LEGACY_UPDATES.iter().find(|(known, _)| known == name);
            let update = own.map_or(example.as_str(), |(_, update)| update);
            assert!(contract.complaints(example).is_empty());
            assert_eq!(without_flag(&contract.body(update)), members(example), "{} {name}", contract.name());
        }
    }
}

#[test]
fn every_member_of_the_legacy_vendors_full_body_is_reached() {
    let contract = contract(LEGACY);
    let example = legacy_example(contract, "full-legacy-body").replace("Interest_Level", "interest_level");
    assert_eq!(parsed(members(&contract.body(FULL))), parsed(members(&example)));
    let keys = contract.schema["properties"].as_object().unwrap().len();
    assert_eq!(members(&example).len(), keys, "the example contains every documented field");
}

#[test]
fn no_vendors_example_changes_silently_at_another_vendor() {
    for from in contracts().iter().filter(|contract| !contract.is_legacy()) {
        for (name, example) in from.examples() {
            for to in contracts() {
                let sent: Vec<_> = members(&example).into_iter().map(|(key, _)| key).collect();
                let Ok(request) = to.translate(&example, Handling::Lenient) else { continue };
                let mut reported: Vec<_> = request.report.applied.iter().map(|field| field.name().to_owned()).collect();
                reported.extend(request.report.dropped.iter().map(|note| note.field.clone().into_owned()));
                assert_eq!(reported.len(), sent.len(), "{} {name} at {}", from.name(), to.name());
                let body = String::from_utf8(request.body).unwrap();
                assert!(to.complaints(&body).is_empty(), "{} {name} at {}: {body}", from.name(), to.name());
            }
        }
    }
}
