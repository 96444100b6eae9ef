//! Every field at every vendor: documented values arrive byte for byte, and others are refused.

use std::collections::BTreeSet;

use serde_json::Value;
use vendors::{Field, Handling};

use super::contracts::{Contract, LEGACY, SUPERSET, contract, contracts, members, object, places};
use super::samples::{ADDED, Samples, fields, samples};

/// The legacy dialect's names, from the documentation; `tool_ids` from that of its next revision.
const LEGACY_NAMES: [(&str, &str); 41] = [
    ("name", "assistant_name"),
    ("voice_id", "voice_id"),
    ("voice", "voice_id"),
    ("language_id", "language"),
    ("language", "language"),
    ("llm_model_id", "llm_model"),
    ("llm_model", "llm_model"),
    ("type", "calls_direction"),
    ("mode", "engine_type"),
    ("timezone", "timezone"),
    ("initial_message", "initial_message"),
    ("system_prompt", "system_prompt"),
    ("phone_number_id", "phone_number_id"),
    ("endpoint_type", "endpoint_type"),
    ("endpoint_sensitivity", "endpoint_sensitivity"),
    ("interrupt_sensitivity", "interrupt_sensitivity"),
    ("ambient_sound_volume", "ambient_sound_volume"),
    ("post_call_evaluation", "post_call_evaluation"),
    ("send_webhook_only_on_completed", "send_webhook_only_on_completed"),
    ("include_recording_in_webhook", "include_recording_in_webhook"),
    ("is_webhook_active", "is_webhook_active"),
    ("webhook_url", "webhook_url"),
    ("tool_ids", "tool_ids"),
    ("min_interrupt_words", "min_interrupt_words"),
    ("variables", "variables"),
    ("post_call_schema", "post_call_schema"),
    ("tools", "end_call_tool"),
    ("llm_temperature", "llm_temperature"),
    ("voice_stability", "voice_stability"),
    ("voice_similarity", "voice_similarity"),
    ("speech_speed", "speech_speed"),
    ("allow_interruptions", "allow_interruptions"),
    ("fillers", "filler_audios"),
    ("reengagement_interval", "re_engagement_interval"),
    ("max_duration", "max_call_duration"),
    ("max_silence_duration", "max_silence_duration"),
    ("end_call_on_voicemail", "end_call_on_voicemail"),
    ("enable_noise_cancellation", "noise_cancellation"),
    ("record", "record_call"),
    ("wait_for_customer", "who_speaks_first"),
    ("vendor_options", "vendor_options"),
];

/// The expected result for one field.
#[derive(Debug)]
enum Expected {
    /// These members and nothing else.
    Members(Vec<(&'static str, String)>),
    /// The vendor does not document the field.
    Unsupported,
    /// The vendor documents the field but not this value.
    Refused(&'static str),
}

/// Whether the vendor documents a canonical field, under any name.
pub(crate) fn has(contract: &Contract, field: &str) -> bool {
    match field {
        "vendor_options" => true,
        _ if contract.is_legacy() => {
            LEGACY_NAMES.iter().any(|(name, wire)| *name == field && contract.property(wire).is_some())
        }
        "language" | "voice" | "llm_model" | "multimodal_model" => contract.property(&format!("{field}_id")).is_some(),
        _ => contract.property(field).is_some(),
    }
}

fn expected(contract: &Contract, field: &'static str, text: &str) -> Expected {
    if !has(contract, field) {
        return Expected::Unsupported;
    }
    let word: Value = serde_json::from_str(text).unwrap_or_default();
    let members = match (contract.vocabulary(), field, word) {
        (LEGACY, "min_interrupt_words", Value::Null) => vec![("use_min_interrupt_words", "false".into())],
        (LEGACY, "min_interrupt_words", _) => {
            vec![("use_min_interrupt_words", "true".into()), ("min_interrupt_words", text.into())]
        }
        (LEGACY, "type", word) => {
            vec![("calls_direction", if word == "inbound" { "\"receive\"".into() } else { "\"make\"".into() })]
        }
        (LEGACY, "mode", word) if word == "dualplex" => return Expected::Refused("unsupported_value"),
        (LEGACY, "mode", word) => vec![("engine_type", word.to_string())],
        (LEGACY, "wait_for_customer", Value::Bool(waits)) => {
            vec![("who_speaks_first", if waits { "\"Customer\"".into() } else { "\"AI assistant\"".into() })]
        }
        (LEGACY, "language_id" | "llm_model_id", id) => {
            let catalog = if field == "language_id" { "languages" } else { "models" };
            let entries = contract.catalogs[catalog].as_array().unwrap();
            let Some(entry) = entries.iter().find(|entry| entry["id"] == id) else {
                return Expected::Refused("unresolved_name");
            };
            vec![(legacy_name(field), entry["name"].to_string())]
        }
        (LEGACY, "tools", word) if word.as_array().is_some_and(Vec::is_empty) => {
            return Expected::Refused("unsupported_value");
        }
        (LEGACY, "tools", _) => vec![("end_call_tool", r#"{"description":"When \u0064one"}"#.into())],
        (LEGACY, _, _) => vec![(legacy_name(field), text.into())],
        _ => vec![(field, text.into())],
    };
    let complaints = contract.complaints(&body(&members));
    if complaints.is_empty() { Expected::Members(members) } else { Expected::Refused("out_of_range") }
}

/// The vendor's name of a field whose value is sent unchanged.
pub(crate) fn verbatim_name(contract: &Contract, field: &'static str) -> Option<&'static str> {
    const CHANGED: [&str; 11] = [
        "language",
        "language_id",
        "voice",
        "llm_model",
        "llm_model_id",
        "type",
        "mode",
        "wait_for_customer",
        "tools",
        "min_interrupt_words",
        "vendor_options",
    ];
    match contract.vocabulary() {
        LEGACY if CHANGED.contains(&field) || !has(contract, field) => None,
        LEGACY => Some(legacy_name(field)),
        _ => contract.property(field).map(|_| field),
    }
}

fn legacy_name(field: &str) -> &'static str {
    LEGACY_NAMES.iter().find(|(name, _)| *name == field).unwrap().1
}

fn body(members: &[(&'static str, String)]) -> String {
    let members: Vec<_> = members.iter().map(|(key, text)| format!("\"{key}\":{text}")).collect();
    format!("{{{}}}", members.join(","))
}

/// Calls `visit` for every vendor, field and its samples.
fn each(mut visit: impl FnMut(&Contract, &'static str, &Samples)) {
    for field in fields() {
        let field = Field::from_name(&field).unwrap_or_else(|| panic!("{field} is not a canonical field")).name();
        let samples = samples(field);
        contracts().iter().for_each(|contract| visit(contract, field, &samples));
    }
}

#[test]
fn the_canonical_fields_are_those_of_the_superset_the_twins_and_those_of_other_families() {
    let canonical: BTreeSet<_> = Field::ALL.iter().map(|field| field.name().to_owned()).collect();
    assert_eq!(canonical, fields().into_iter().collect());
    for contract in contracts().iter().filter(|contract| !contract.is_legacy()) {
        for name in contract.schema["properties"].as_object().unwrap().keys() {
            assert!(canonical.contains(name), "{}: {name}", contract.name());
        }
    }
}

#[test]
fn every_documented_value_arrives_byte_for_byte_under_the_documented_name_or_is_refused() {
    each(|contract, field, samples| {
        for text in &samples.inside {
            if field == "vendor_options" {
                continue;
            }
            let update = object(field, text);
            match expected(contract, field, text) {
                Expected::Members(wire) => assert_eq!(contract.body(&update), body(&wire), "{}", contract.name()),
                Expected::Refused(code) => {
                    let items = contract.refusals(&update);
                    assert_eq!(places(&items), [(format!("#/{field}"), code)], "{} {update}", contract.name());
                    assert_eq!(items[0].field.as_deref(), Some(field));
                    assert!(!items[0].detail.is_empty());
                }
                Expected::Unsupported => {}
            }
        }
    });
}

#[test]
fn values_keep_their_spelling_and_members_their_order_without_the_space_between_them() {
    let spaced = r#"{ "name" : "A", "record": true,
        "timezone":"UTC"  ,"fill\u0065rs" : true,"max_duration":100, "speech_speed":1.0}"#;
    let as_sent = r#"{"name":"A","record":true,"timezone":"UTC","fillers":true,"max_duration":100,"speech_speed":1.0}"#;
    assert_eq!(contract("autocalls").body(spaced), as_sent);
    let mixed = r#"{"timezone":"UTC","name":"A","initial_message":"I", "system_prompt":"P","mode":"pipeline"}"#;
    let renamed =
        r#"{"timezone":"UTC","assistant_name":"A","initial_message":"I","system_prompt":"P","engine_type":"pipeline"}"#;
    assert_eq!(contract("sondos").body(mixed), renamed);
}

#[test]
fn an_undocumented_field_is_refused_with_strict_and_dropped_with_lenient_handling() {
    each(|contract, field, samples| {
        if has(contract, field) || samples.inside.is_empty() {
            return;
        }
        for text in &samples.inside {
            let update = object(field, text);
            let refused = contract.translate(&update, Handling::Strict).unwrap_err();
            assert_eq!(places(&refused.items.list), [(format!("#/{field}"), "unsupported_field")], "{update}");
            assert!(refused.items.only_unsupported());
            let request = contract.translate(&update, Handling::Lenient).unwrap();
            assert_eq!(request.body, b"{}", "{} {update}", contract.name());
            let dropped: Vec<_> = request.report.dropped.iter().map(|note| (&*note.field, &*note.code)).collect();
            assert_eq!(dropped, [(field, "unsupported_field")]);
            assert!(request.report.applied.is_empty() && request.report.warnings.is_empty());
        }
    });
}

#[test]
fn a_value_just_outside_the_limits_is_refused_at_every_vendor_with_either_handling() {
    each(|contract, field, samples| {
        for (text, code, way) in &samples.outside {
            let items = contract.refusals(&object(field, text));
            let wanted = (format!("#/{field}{way}"), *code);
            assert!(places(&items).contains(&wanted), "{}: {text} gives {:?}", contract.name(), places(&items));
            for item in &items {
                assert_eq!(item.field.as_deref(), Some(field));
                let unsupported = matches!(item.code.as_str(), "unsupported_field" | "unsupported_value");
                let is_wanted = item.pointer == wanted.0 && item.code.as_str() == *code;
                assert!(is_wanted || unsupported, "{}: {text} gives {item:?} as well", contract.name());
            }
        }
    });
}

#[test]
fn null_is_accepted_only_where_it_is_documented() {
    for contract in contracts() {
        let documented: Vec<_> = contract.endpoint["null_documented"].as_array().unwrap().iter().collect();
        for field in fields().iter().filter(|field| has(contract, field)) {
            let update = object(field, "null");
            if documented.iter().any(|name| *name == field) {
                assert_eq!(contract.body(&update), update);
            } else if contract.is_legacy() && field == "min_interrupt_words" {
                assert_eq!(contract.body(&update), r#"{"use_min_interrupt_words":false}"#);
            } else {
                assert_eq!(
                    contract.refusals(&update)[0].code.as_str(),
                    "null_not_allowed",
                    "{} {field}",
                    contract.name()
                );
            }
        }
    }
}

#[test]
fn an_absent_field_is_not_on_the_wire_and_an_empty_update_is_an_empty_object() {
    for contract in contracts() {
        assert_eq!(contract.body(" { } "), "{}");
        assert_eq!(members(&contract.body(r#"{"speech_speed":1}"#)).len(), 1);
    }
}

#[test]
fn every_documented_field_is_reached_from_a_canonical_one() {
    for contract in contracts() {
        let mut reached = BTreeSet::new();
        for field in fields().iter().filter(|field| has(contract, field)) {
            for text in samples(field).inside {
                if let Ok(request) = contract.translate(&object(field, &text), Handling::Strict) {
                    let body = String::from_utf8(request.body).unwrap();
                    reached.extend(members(&body).into_iter().map(|(key, _)| key));
                }
            }
        }
        let documented: BTreeSet<_> = contract.schema["properties"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(reached, documented, "{}", contract.name());
    }
}

/// An update, and its body for vendors that take ids and for the legacy vendor.
const RESOLVED: [(&str, Option<&str>, Option<&str>); 14] = [
    (r#"{"language":"English"}"#, Some(r#"{"language_id":1}"#), Some(r#"{"language":"English"}"#)),
    (r#"{"language":"en"}"#, Some(r#"{"language_id":1}"#), Some(r#"{"language":"English"}"#)),
    (r#"{"language":"DE"}"#, Some(r#"{"language_id":5}"#), Some(r#"{"language":"German"}"#)),
    (r#"{"language":"\u0045nglish"}"#, Some(r#"{"language_id":1}"#), Some(r#"{"language":"\u0045nglish"}"#)),
    (r#"{"language":"zz"}"#, None, None),
    (r#"{"language":"Klingon"}"#, None, Some(r#"{"language":"Klingon"}"#)),
    (r#"{"language_id":4}"#, Some(r#"{"language_id":4}"#), Some(r#"{"language":"German"}"#)),
    (r#"{"language_id":404}"#, Some(r#"{"language_id":404}"#), None),
    (r#"{"voice":"Voice 41"}"#, Some(r#"{"voice_id":41}"#), Some(r#"{"voice_id":41}"#)),
    (r#"{"voice":"nobody"}"#, None, None),
    (r#"{"llm_model":"GPT-4o-mini"}"#, Some(r#"{"llm_model_id":1}"#), Some(r#"{"llm_model":"GPT-4o-mini"}"#)),
    (r#"{"llm_model":"gpt-4O-MINI"}"#, Some(r#"{"llm_model_id":1}"#), Some(r#"{"llm_model":"gpt-4O-MINI"}"#)),
    (r#"{"llm_model_id":2}"#, Some(r#"{"llm_model_id":2}"#), Some(r#"{"llm_model":"GPT-4.1-mini"}"#)),
    (r#"{"llm_model_id":99}"#, Some(r#"{"llm_model_id":99}"#), None),
];

#[test]
fn names_and_ids_are_sent_in_the_vendors_form() {
    for contract in contracts() {
        for (update, ids, names) in RESOLVED {
            match if contract.is_legacy() { names } else { ids } {
                Some(body) => assert_eq!(contract.body(update), body, "{}", contract.name()),
                None => {
                    let field = members(update).remove(0).0;
                    let items = contract.refusals(update);
                    assert_eq!(places(&items), [(format!("#/{field}"), "unresolved_name")], "{update}");
                    let refused = contract.translate(update, Handling::Strict).unwrap_err();
                    let table = format!("vendors.{}.catalog.", contract.name());
                    assert!(refused.hints[0].key.starts_with(&table), "{refused:?}");
                    assert!(!items[0].detail.contains(&table), "{items:?}");
                }
            }
        }
        if !contract.is_legacy() {
            assert_eq!(contract.body(r#"{"multimodal_model":"GPT Realtime"}"#), r#"{"multimodal_model_id":4}"#);
        }
    }
}

#[test]
fn a_twin_and_its_id_together_are_refused_everywhere() {
    for contract in contracts() {
        for name in ADDED.iter().filter(|name| **name != "vendor_options") {
            let update = format!(r#"{{"{name}":"English","{name}_id":1}}"#);
            let places = places(&contract.refusals(&update));
            for field in [format!("#/{name}"), format!("#/{name}_id")] {
                assert!(places.contains(&(field, "conflict")), "{}: {places:?}", contract.name());
            }
        }
    }
}

#[test]
fn the_superset_has_the_widest_ranges() {
    let widest = &contract(SUPERSET).schema["properties"];
    for contract in contracts().iter().filter(|contract| !contract.is_legacy()) {
        for (name, schema) in contract.schema["properties"].as_object().unwrap() {
            for key in ["minimum", "maximum", "maxLength", "enum", "type"] {
                let stated = schema.get(key).is_none() || schema[key] == widest[name][key];
                assert!(stated, "{} {name} {key}", contract.name());
            }
        }
    }
}

#[test]
fn wrong_values_beyond_the_listed_ones_are_counted() {
    let elements = |element: &str, count: usize| vec![element; count].join(",");
    let members = |count: usize| (0..count).map(|n| format!(r#""k{n}":1"#)).collect::<Vec<_>>().join(",");
    let right = r#"{"name":"abc","type":"bool","description":"abc"}"#;
    for (field, value, more) in [
        ("label_ids", format!("[{}]", elements("true", 1500)), 500),
        ("tools", format!("[{}]", elements("[]", 1500)), 500),
        ("filler_config", format!(r#"{{"positive":[{}]}}"#, elements("1", 1500)), 500),
        ("vendor_options", format!("{{{}}}", members(1500)), 500),
        ("post_call_schema", format!("[{},{}]", elements("null", 1500), elements(right, 500)), 500),
        // The members of one object are not checked one by one once the list is full.
        ("filler_config", format!("{{{}}}", members(1500)), 1),
    ] {
        let items = contract(SUPERSET).translate(&object(field, &value), Handling::Strict).unwrap_err().items;
        assert_eq!((items.list.len(), items.more), (1000, more), "{field}");
    }
    let wrong = elements("true", 1500);
    let then_right = r#""tool_ids":[1],"filler_config":{"positive":["a"]},"vendor_options":{"autocalls":{}}"#;
    let update = format!(r#"{{"label_ids":[{wrong}],{then_right}}}"#);
    let items = contract(SUPERSET).translate(&update, Handling::Strict).unwrap_err().items;
    assert_eq!((items.list.len(), items.more), (1000, 500));
}
