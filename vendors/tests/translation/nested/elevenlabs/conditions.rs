//! Fields that share a place, options beside fields, and settings that depend on others.

use serde_json::json;
use vendors::{Run, Settings};

use super::super::{dialect, drive};
use super::{AGENT, body, refusals, translate};

#[test]
fn two_fields_with_one_place_are_a_conflict_unless_they_agree() {
    for (update, field) in [
        (r#"{"initial_message":"Hi","wait_for_customer":true}"#, "wait_for_customer"),
        (r#"{"tts_model":"a","synthesizer_provider_id":"b"}"#, "synthesizer_provider_id"),
        (r#"{"chat_llm_fallback_id":"a","llm_fallback_models":["a","b"]}"#, "llm_fallback_models"),
        (r#"{"end_call_on_voicemail":false,"voice_mail_message":"Hi"}"#, "voice_mail_message"),
        (r#"{"ambient_sound":"off","ambient_sound_volume":0.5}"#, "ambient_sound_volume"),
        (r#"{"knowledgebase_id":null,"knowledgebase_mode":"prompt"}"#, "knowledgebase_mode"),
    ] {
        let found = refusals(update);
        assert!(found.iter().any(|(_, code, _)| *code == "conflict"), "{update}: {found:?}");
        let names = |item: &(String, &str, String)| item.0.contains(field) || item.2.contains(field);
        assert!(found.iter().all(names), "{update}: {found:?}");
    }
    for update in [
        r#"{"initial_message":"","wait_for_customer":true}"#,
        r#"{"initial_message":"Hi","wait_for_customer":false}"#,
        r#"{"chat_llm_fallback_id":"a","llm_fallback_models":["a"]}"#,
        r#"{"end_call_on_voicemail":true,"voice_mail_message":"Hi"}"#,
        r#"{"end_call_on_voicemail":true,"voice_mail_message":null}"#,
        r#"{"end_call_on_voicemail":false,"voice_mail_message":null}"#,
        r#"{"ambient_sound":"city","ambient_sound_volume":0.5}"#,
    ] {
        assert!(translate(update).is_ok(), "{update}");
    }
}

#[test]
fn options_are_merged_at_any_depth_and_cannot_set_what_a_field_sets() {
    let update = r#"{"speech_speed":1.1,"vendor_options":{"elevenlabs":{"conversation_config":{
        "tts":{"pronunciation_dictionary_locators":[]},"turn":{"spelling_patience":"off"}},"version_description":"v"}}}"#;
    assert_eq!(
        body(update),
        json!({"conversation_config":{"tts":{"pronunciation_dictionary_locators":[],"speed":1.1},
            "turn":{"spelling_patience":"off"}},"version_description":"v"})
    );
    let clash = r#"{"speech_speed":1.1,"vendor_options":{"elevenlabs":{"conversation_config":{"tts":{"speed":1}}}}}"#;
    let found = refusals(clash);
    assert_eq!((&*found[0].0, found[0].1), ("#/vendor_options/elevenlabs/conversation_config/tts/speed", "conflict"));
    let above = r#"{"tools":[],"vendor_options":{"elevenlabs":{"conversation_config":{"agent":{"prompt":{
        "built_in_tools":{"end_call":{"description":"x"}}}}}}}}"#;
    assert_eq!(refusals(above)[0].1, "conflict");
}

#[test]
fn a_volume_needs_a_sound() {
    let update = r#"{"ambient_sound_volume":0.5}"#;
    let run = |update: &str, stored: &str| {
        let request = translate(update).unwrap();
        let settings = Settings::default();
        let mut run = Run::update(dialect("elevenlabs"), "agent_1", &request, &settings).unwrap();
        drive(&mut run, |_| stored.to_owned()).map(|steps| steps.len())
    };
    assert_eq!(run(update, AGENT).unwrap(), 2);
    let silent = r#"{"conversation_config":{"conversation":{"background_sound":null}}}"#;
    let refused = run(update, silent).unwrap_err();
    assert_eq!(
        (&*refused.items.list[0].pointer, refused.items.list[0].code.as_str()),
        ("#/ambient_sound_volume", "unsupported_value")
    );
    assert!(run(r#"{"ambient_sound_volume":0.5,"ambient_sound":"city"}"#, silent).is_ok());
}
