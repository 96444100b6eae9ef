//! The pages' own request bodies, sent through the gateway's translation.

use vendors::Handling;

use super::page::{LEGACY, Page, members, page, pages};

/// For each body of the legacy page the canonical update that must become it, member by member.
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

/// The canonical update for the legacy page's full body. Its schema names `Interest_Level` with capitals, which the
/// legacy page allows and the canonical field does not, so the test writes it in lower case on both sides.
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

/// Members of a body that the translation adds by its documented nature: the flag of a pair.
fn without_flag(body: &str) -> Vec<(String, String)> {
    members(body).into_iter().filter(|(key, _)| key != "use_min_interrupt_words").collect()
}

/// White space inside a value is the sender's, so values are compared by what they say.
fn said(body: Vec<(String, String)>) -> Vec<(String, serde_json::Value)> {
    let mut said: Vec<_> = body.into_iter().map(|(key, text)| (key, serde_json::from_str(&text).unwrap())).collect();
    said.sort_by(|one, other| one.0.cmp(&other.0));
    said
}

fn legacy_example(page: &Page, name: &str) -> String {
    page.examples().into_iter().find(|(example, _)| example == name).unwrap().1
}

#[test]
fn every_example_of_a_page_in_the_current_dialect_arrives_unchanged() {
    for page in pages().iter().filter(|page| !page.is_legacy()) {
        let examples = page.examples();
        assert!(examples.len() >= 9, "{}", page.name());
        for (name, example) in examples {
            assert!(page.complaints(&example).is_empty(), "{name} against its own schema");
            assert_eq!(members(&page.body(&example)), members(&example), "{} {name}", page.name());
            let report = page.translate(&example, Handling::Strict).unwrap().report;
            let applied: Vec<_> = report.applied.iter().map(|field| field.name().to_owned()).collect();
            let sent: Vec<_> = members(&example).into_iter().map(|(key, _)| key).collect();
            assert_eq!(applied, sent);
            assert!(report.dropped.is_empty() && report.warnings.is_empty(), "{name}: {report:?}");
        }
    }
}

/// An example without a canonical equivalent above is one in names that are canonical already.
#[test]
fn every_example_of_a_page_in_the_legacy_dialect_is_what_its_canonical_equivalent_becomes() {
    for page in pages().iter().filter(|page| page.is_legacy()) {
        let examples = page.examples();
        assert!(LEGACY_UPDATES.iter().all(|(name, _)| examples.iter().any(|(example, _)| example == name)));
        for (name, example) in examples.iter().filter(|(name, _)| name != "full-legacy-body") {
            let own = LEGACY_UPDATES.iter().find(|(known, _)| known == name);
            let update = own.map_or(example.as_str(), |(_, update)| update);
            assert!(page.complaints(example).is_empty());
            assert_eq!(without_flag(&page.body(update)), members(example), "{} {name}", page.name());
        }
    }
}

#[test]
fn the_full_body_of_the_legacy_page_is_reached_in_every_member() {
    let page = page(LEGACY);
    let example = legacy_example(page, "full-legacy-body").replace("Interest_Level", "interest_level");
    assert_eq!(said(members(&page.body(FULL))), said(members(&example)));
    let keys = page.schema["properties"].as_object().unwrap().len();
    assert_eq!(members(&example).len(), keys, "the example holds every field of the page");
}

#[test]
fn no_vendors_example_is_silently_changed_by_another_vendor() {
    for from in pages().iter().filter(|page| !page.is_legacy()) {
        for (name, example) in from.examples() {
            for to in pages() {
                let sent: Vec<_> = members(&example).into_iter().map(|(key, _)| key).collect();
                let Ok(request) = to.translate(&example, Handling::Lenient) else { continue };
                let mut told: Vec<_> = request.report.applied.iter().map(|field| field.name().to_owned()).collect();
                told.extend(request.report.dropped.iter().map(|note| note.field.clone().into_owned()));
                assert_eq!(told.len(), sent.len(), "{} {name} at {}", from.name(), to.name());
                let body = String::from_utf8(request.body).unwrap();
                assert!(to.complaints(&body).is_empty(), "{} {name} at {}: {body}", from.name(), to.name());
            }
        }
    }
}
