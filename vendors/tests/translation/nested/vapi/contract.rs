//! The table against the vendor's documentation as data: which members exist at which provider.

use std::collections::BTreeSet;

use vendors::{Field, Rule, Splicing};

use super::*;

/// The documented members of an assistant.
fn documented() -> Value {
    let objects = include_str!("../../../../contracts/vapi/objects.json");
    serde_json::from_str::<Value>(objects).unwrap()["objects"]["assistant"]["properties"].take()
}

/// The schemas of an object by the value of its member `provider`.
fn by_provider(schema: &Value) -> Vec<(&str, &Value)> {
    let mapping = schema["discriminator"]["mapping"].as_object().unwrap();
    mapping.iter().map(|(provider, schema)| (provider.as_str(), schema)).collect()
}

fn has(schema: &Value, member: &str) -> bool {
    schema["properties"].get(member).is_some()
}

#[test]
fn a_field_is_for_exactly_the_providers_that_have_its_member() {
    let documented = documented();
    for field in Field::ALL {
        let row = vapi().row(field);
        for path in row.paths() {
            let [object @ ("voice" | "model" | "transcriber"), member, ..] = path else { continue };
            let having = by_provider(&documented[*object]).into_iter().filter(|(_, schema)| has(schema, member));
            let having: BTreeSet<_> = having.map(|(provider, _)| provider).collect();
            assert!(!having.is_empty(), "{}: {path:?}", field.name());
            let Some(only) = row.only else { continue };
            let listed: BTreeSet<_> = only.is.iter().copied().collect();
            match field {
                // Its values name one provider.
                Field::ChatLlmFallbackId => assert!(listed.is_subset(&having)),
                // Any provider will do; the vendor refuses a transcriber without one.
                Field::LanguageId | Field::Language => assert!(listed.is_empty()),
                _ => assert_eq!(listed, having, "{}", field.name()),
            }
        }
    }
}

#[test]
fn what_stays_when_the_provider_changes_exists_at_the_new_one() {
    let documented = documented();
    let mut checked = 0;
    for splice in vapi().splices {
        let Splicing::Variant { key, shared, lacking } = splice.how else { continue };
        assert_eq!(key, "provider");
        for (provider, schema) in by_provider(&documented[splice.path[0]]) {
            for member in shared {
                let lacks = lacking.contains(&(provider, member));
                assert_eq!(has(schema, member), !lacks, "{} of {} at {provider}", member, splice.path[0]);
                checked += 1;
            }
        }
    }
    assert!(checked > 200, "{checked}");
}

#[test]
fn every_path_is_documented_as_far_as_the_documentation_goes() {
    let documented = documented();
    for field in Field::ALL {
        // What is written to a number is none of the assistant's members.
        for path in vapi().row(field).paths().filter(|path| *path != ["phone_number_id"]) {
            let mut schema = &documented[path[0]];
            assert!(!schema.is_null(), "{}: {path:?}", field.name());
            for (index, name) in path.iter().enumerate().skip(1) {
                // A name of an element is no member.
                if matches!(vapi().splices.iter().find(|splice| splice.path == &path[..index]), Some(splice) if matches!(splice.how, Splicing::Entries { .. }))
                {
                    schema = &schema["items"];
                    continue;
                }
                let Some(properties) = schema["properties"].as_object() else { break };
                schema = properties.get(*name).unwrap_or_else(|| panic!("{}: {path:?}", field.name()));
            }
        }
    }
}

#[test]
fn values_and_messages_are_documented_words() {
    let documented = documented();
    let is_word = |member: &str, word: &Value| documented[member]["enum"].as_array().unwrap().contains(word);
    for word in ["assistant-waits-for-user", "assistant-speaks-first"] {
        assert!(is_word("firstMessageMode", &json!(word)), "{word}");
    }
    assert!(is_word("voicemailDetection", &json!("off")));
    let messages = patch(&json!({ "is_webhook_active": true }), "{}")["serverMessages"].take();
    let known = documented["serverMessages"]["items"]["enum"].as_array().unwrap();
    assert!(messages.as_array().unwrap().iter().all(|message| known.contains(message)), "{messages}");
    let providers = &documented["voicemailDetection"]["discriminator"]["mapping"];
    let detection = patch(&json!({ "end_call_on_voicemail": true }), "{}")["voicemailDetection"].take();
    assert!(providers.get(detection["provider"].as_str().unwrap()).is_some());
}

#[test]
fn nothing_that_is_gone_from_the_reference_is_written() {
    for field in Field::ALL {
        for path in vapi().row(field).paths() {
            for gone in ["silenceTimeoutSeconds", "messagePlan", "backgroundDenoisingEnabled"] {
                assert_ne!(path[0], gone, "{}", field.name());
            }
        }
        assert!(!matches!(vapi().row(field).rule, Rule::Same | Rule::Rename(_) | Rule::Map { .. }), "{}", field.name());
    }
}
