//! What is sent is what the contract of this vendor takes, which is written apart from the table.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use super::reading::{fields, merged};
use super::writing::cases;
use super::{AGENT, patch, update};

fn contract(file: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("contracts/elevenlabs").join(file);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// What the contract does not take in a value, each with its path.
fn problems(schema: &Value, value: &Value, path: &str, found: &mut Vec<String>) {
    if value.is_null() {
        if schema["nullable"] != Value::Bool(true) {
            found.push(format!("{path} is null"));
        }
        return;
    }
    let types = match &schema["type"] {
        Value::Array(types) => types.clone(),
        Value::Null => vec![],
        one => vec![one.clone()],
    };
    let own = match value {
        Value::Bool(_) => &["boolean"][..],
        Value::Number(number) if number.is_f64() => &["number"],
        Value::Number(_) => &["number", "integer"],
        Value::String(_) => &["string"],
        Value::Array(_) => &["array"],
        _ => &["object"],
    };
    if !types.is_empty() && !types.iter().any(|known| own.contains(&known.as_str().unwrap())) {
        found.push(format!("{path} is {own:?} and not {types:?}"));
    }
    if let Some(choices) = schema["enum"].as_array().filter(|choices| !choices.contains(value)) {
        found.push(format!("{path} is {value} and not one of {choices:?}"));
    }
    for (bound, is_outside) in [("minimum", f64::lt as fn(&f64, &f64) -> bool), ("maximum", f64::gt)] {
        if let (Some(bound), Some(number)) = (schema[bound].as_f64(), value.as_f64())
            && is_outside(&number, &bound)
        {
            found.push(format!("{path} is {number}, beyond {bound}"));
        }
    }
    for (index, element) in value.as_array().into_iter().flatten().enumerate() {
        problems(&schema["items"], element, &format!("{path}/{index}"), found);
    }
    for (key, inner) in value.as_object().into_iter().flatten() {
        let own =
            schema["properties"].get(key).or(Some(&schema["additionalProperties"]).filter(|other| other.is_object()));
        match own {
            Some(own) => problems(own, inner, &format!("{path}/{key}"), found),
            None if schema["properties"].is_object() => found.push(format!("{path}/{key} is unknown")),
            None => {}
        }
    }
}

fn assert_taken(body: &Value, what: &str) {
    let (objects, mut found) = (contract("objects.json"), Vec::new());
    problems(&objects["objects"]["agent"], body, "", &mut found);
    assert!(found.is_empty(), "{what}: {found:?}");
}

#[test]
fn the_contract_takes_every_value_of_every_field() {
    // Names that are made up in the table of cases.
    let made_up = ["m", "a", "b", "v", "pt-br"];
    for (field, value, expected) in cases() {
        let is_made_up =
            made_up.iter().any(|name| value == format!("\"{name}\"") || value.contains(&format!("\"{name}\",")));
        if !is_made_up && expected != serde_json::json!({}) {
            assert_taken(&patch(&update(field, value), AGENT), &format!("{field}: {value}"));
        }
    }
    for (field, value) in [
        ("allow_interruptions", "false"),
        ("knowledgebase_id", "\"doc_2\""),
        ("knowledgebase_id", "null"),
        ("knowledgebase_mode", "\"prompt\""),
        ("secondary_language_ids", r#"["it"]"#),
        ("secondary_language_ids", "[]"),
        ("send_webhook_only_on_completed", "true"),
        ("include_recording_in_webhook", "true"),
        ("post_call_schema", r#"[{"name":"abc","type":"bool","description":"One"}]"#),
        ("post_call_schema", "[]"),
        ("tools", r#"[{"type":"call_transfer","phone_number":"+1","description":"d"}]"#),
        ("tools", "[]"),
        ("voice_mail_message", "\"Bye\""),
    ] {
        assert_taken(&patch(&update(field, value), AGENT), &format!("{field}: {value}"));
    }
}

#[test]
fn every_agent_of_the_contract_can_be_read_and_written_back() {
    let seeds = contract("seeds.json");
    for agent in seeds["agents"].as_array().unwrap() {
        let mut told = fields(&agent.to_string());
        // The catalog of the tests has no other documents.
        told.remove("knowledgebase_id");
        // It goes to the number itself.
        let number = told.remove("phone_number_id");
        assert_eq!(number.is_some(), agent["phone_numbers"].as_array().is_some_and(|numbers| numbers.len() == 1));
        assert!(told.len() > 30, "{told:?}");
        let update = serde_json::to_string(&told).unwrap();
        let body = patch(&update, &agent.to_string());
        assert_taken(&body, "what was read");
        let mut after = agent.clone();
        merged(&mut after, &body);
        let mut again = fields(&after.to_string());
        again.remove("knowledgebase_id");
        again.remove("phone_number_id");
        assert_eq!(again, told);
    }
}

#[test]
fn a_contract_that_is_broken_is_noticed() {
    let objects = contract("objects.json");
    let config = |inner: &str| serde_json::from_str::<Value>(&format!(r#"{{"conversation_config":{inner}}}"#)).unwrap();
    for (body, part) in [
        (config(r#"{"tts":{"rate":1}}"#), "unknown"),
        (config(r#"{"tts":{"speed":"1"}}"#), "is [\"string\"]"),
        (config(r#"{"tts":{"speed":null}}"#), "is null"),
        (config(r#"{"turn":{"turn_eagerness":"frantic"}}"#), "not one of"),
        (config(r#"{"tts":{"stability":2}}"#), "beyond"),
    ] {
        let mut found = Vec::new();
        problems(&objects["objects"]["agent"], &body, "", &mut found);
        assert!(found.len() == 1 && found[0].contains(part), "{body}: {found:?}");
    }
}
