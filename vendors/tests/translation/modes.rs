//! Rules across fields: they hold where the update itself carries both sides, at every vendor.

use vendors::Handling;

use super::page::{LEGACY, pages, places};

const MULTIMODAL: [&str; 2] = ["multimodal", "dualplex"];

#[test]
fn interruptions_cannot_be_disabled_together_with_a_multimodal_mode() {
    for page in pages() {
        for mode in MULTIMODAL {
            for update in [
                format!(r#"{{"mode":"{mode}","allow_interruptions":false}}"#),
                format!(
                    r#"{{"allow_interruptions":false,"mode":"\u{:04x}{}"}}"#,
                    u32::from(mode.as_bytes()[0]),
                    &mode[1..]
                ),
            ] {
                let places = places(&page.refusals(&update));
                assert!(places.contains(&("#/allow_interruptions".into(), "conflict")), "{} {places:?}", page.name());
            }
        }
        page.body(r#"{"mode":"multimodal","allow_interruptions":true}"#);
        page.body(r#"{"mode":"pipeline","allow_interruptions":false}"#);
        page.body(r#"{"allow_interruptions":false}"#);
    }
}

#[test]
fn knowledge_goes_through_a_function_call_in_multimodal_modes() {
    for page in pages().iter().filter(|page| !page.is_legacy()) {
        for mode in MULTIMODAL {
            let items = page.refusals(&format!(r#"{{"mode":"{mode}","knowledgebase_mode":"prompt"}}"#));
            assert_eq!(places(&items), [("#/knowledgebase_mode".into(), "conflict")]);
            page.body(&format!(r#"{{"mode":"{mode}","knowledgebase_mode":"function_call"}}"#));
        }
        page.body(r#"{"mode":"pipeline","knowledgebase_mode":"prompt"}"#);
    }
}

#[test]
fn a_field_without_effect_in_the_mode_it_is_sent_with_is_sent_with_a_warning() {
    let pipeline = [
        r#""llm_model_id":1"#,
        r#""llm_model":"GPT-4o-mini""#,
        r#""fillers":true"#,
        r#""transcriber_provider_id":null"#,
    ];
    let multimodal = [
        r#""multimodal_model_id":1"#,
        r#""multimodal_model":"GPT-4o""#,
        r#""chat_llm_fallback_id":null"#,
        r#""turn_detection_threshold":0.5"#,
    ];
    let cases = multimodal
        .iter()
        .map(|member| ("pipeline", member))
        .chain(MULTIMODAL.iter().flat_map(|mode| pipeline.iter().map(move |member| (*mode, member))));
    for (mode, member) in cases {
        for page in pages() {
            let field = member.split('"').nth(1).unwrap();
            let update = format!(r#"{{{member},"mode":"{mode}"}}"#);
            let Ok(request) = page.translate(&update, Handling::Lenient) else {
                assert_eq!((page.vocabulary(), mode), (LEGACY, "dualplex"));
                continue;
            };
            let warned: Vec<_> = request.report.warnings.iter().map(|note| (&*note.field, note.code)).collect();
            let sent = request.report.applied.iter().any(|applied| applied.name() == field);
            let wanted: &[_] = if sent { &[(field, "ignored_in_mode")] } else { &[] };
            assert_eq!(warned, wanted, "{} {update}", page.name());
            let alone = page.translate(&format!("{{{member}}}"), Handling::Lenient).unwrap();
            assert!(alone.report.warnings.is_empty());
        }
    }
}

#[test]
fn a_field_in_its_own_mode_is_sent_without_a_word() {
    for page in pages() {
        for update in
            [r#"{"mode":"pipeline","llm_model_id":1,"fillers":true}"#, r#"{"mode":"multimodal","record":true}"#]
        {
            assert!(page.translate(update, Handling::Strict).unwrap().report.warnings.is_empty(), "{}", page.name());
        }
    }
}
