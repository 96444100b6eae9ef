//! Rules across fields: they apply at every vendor if the update contains both sides.

use vendors::Handling;

use super::contracts::{LEGACY, contracts, places};

const MULTIMODAL: [&str; 2] = ["multimodal", "dualplex"];

#[test]
fn interruptions_cannot_be_disabled_together_with_a_multimodal_mode() {
    for contract in contracts() {
        for mode in MULTIMODAL {
            for update in [
                format!(r#"{{"mode":"{mode}","allow_interruptions":false}}"#),
                format!(
                    r#"{{"allow_interruptions":false,"mode":"\u{:04x}{}"}}"#,
                    u32::from(mode.as_bytes()[0]),
                    &mode[1..]
                ),
            ] {
                let places = places(&contract.refusals(&update));
                assert!(
                    places.contains(&("#/allow_interruptions".into(), "conflict")),
                    "{} {places:?}",
                    contract.name()
                );
            }
        }
        contract.body(r#"{"mode":"multimodal","allow_interruptions":true}"#);
        contract.body(r#"{"mode":"pipeline","allow_interruptions":false}"#);
        contract.body(r#"{"allow_interruptions":false}"#);
    }
}

#[test]
fn the_knowledgebase_mode_must_be_function_call_in_multimodal_modes() {
    for contract in contracts().iter().filter(|contract| !contract.is_legacy()) {
        for mode in MULTIMODAL {
            let items = contract.refusals(&format!(r#"{{"mode":"{mode}","knowledgebase_mode":"prompt"}}"#));
            assert_eq!(places(&items), [("#/knowledgebase_mode".into(), "conflict")]);
            contract.body(&format!(r#"{{"mode":"{mode}","knowledgebase_mode":"function_call"}}"#));
        }
        contract.body(r#"{"mode":"pipeline","knowledgebase_mode":"prompt"}"#);
    }
}

#[test]
fn a_field_without_effect_in_the_sent_mode_is_sent_with_a_warning() {
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
        for contract in contracts() {
            let field = member.split('"').nth(1).unwrap();
            let update = format!(r#"{{{member},"mode":"{mode}"}}"#);
            let Ok(request) = contract.translate(&update, Handling::Lenient) else {
                assert_eq!((contract.vocabulary(), mode), (LEGACY, "dualplex"));
                continue;
            };
            let warned: Vec<_> = request.report.warnings.iter().map(|note| (&*note.field, &*note.code)).collect();
            let sent = request.report.applied.iter().any(|applied| applied.name() == field);
            let wanted: &[_] = if sent { &[(field, "ignored_in_mode")] } else { &[] };
            assert_eq!(warned, wanted, "{} {update}", contract.name());
            let alone = contract.translate(&format!("{{{member}}}"), Handling::Lenient).unwrap();
            assert!(alone.report.warnings.is_empty());
        }
    }
}

#[test]
fn a_field_in_its_own_mode_is_sent_without_a_warning() {
    for contract in contracts() {
        for update in
            [r#"{"mode":"pipeline","llm_model_id":1,"fillers":true}"#, r#"{"mode":"multimodal","record":true}"#]
        {
            assert!(
                contract.translate(update, Handling::Strict).unwrap().report.warnings.is_empty(),
                "{}",
                contract.name()
            );
        }
    }
}
