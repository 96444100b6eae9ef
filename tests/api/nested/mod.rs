//! The vendors of other families through the whole gateway: their simulators' accounts have exactly what was asked for.

use serde_json::{Map, Value};
use simulators::FAMILIES;

use crate::support::{Reply, Stage};

mod concurrency;
mod copies;
mod faults;
mod fields;
mod lifecycle;
mod numbers;
mod options;
mod updates;
mod webhooks;

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

/// The first agent of a vendor's sample account.
pub(crate) fn first(vendor: &str) -> &'static str {
    match vendor {
        "elevenlabs" => "agent_7401k5a8m2vye0bt5c9r3x6nqw01",
        "vapi" => "3f2c8a10-6b7d-4e51-9c0a-5d1e8f7a2b01",
        _ => "agent_9d8c7b6a5f4e3d2c1b0a9f8e7d6c5b01",
    }
}

/// Its LLM, where that is an object of its own.
const LLM: &str = "llm_4f6a1c0d9b8e7f2a3c5d6e7f8a9b0c01";

async fn stage(vendor: &str) -> Stage {
    Stage::of(&[vendor], "", |text| text).await
}

async fn put(stage: &Stage, vendor: &str, update: &Value) -> Reply {
    stage.put(&format!("{vendor}:{}", first(vendor)), update.to_string()).await
}

async fn fields(stage: &Stage, vendor: &str) -> Value {
    let reply = stage.get(&format!("/v1/assistants/{vendor}:{}", first(vendor))).await;
    assert_eq!(reply.status, 200, "{vendor}: {:#}", reply.json());
    reply.json()["fields"].clone()
}

/// The first agent as the simulator has it, in one document: without what every write changes.
fn document(stage: &Stage, vendor: &str) -> Value {
    let simulator = stage.simulator(vendor);
    let of = |id: &str| {
        let mut document = simulator.document(id).unwrap();
        for volatile in ["updatedAt", "last_modification_timestamp", "version_id"] {
            document.as_object_mut().unwrap().remove(volatile);
        }
        if let Some(metadata) = document.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("updated_at_unix_secs");
        }
        document
    };
    match vendor {
        "retell" => serde_json::json!({ "agent": of(first(vendor)), "llm": of(LLM) }),
        _ => of(first(vendor)),
    }
}

/// What differs: each path with its new value, `null` for a member that is gone.
fn differences(before: &Value, after: &Value) -> Value {
    let mut found = Map::new();
    differ("", before, after, &mut found);
    Value::Object(found)
}

fn differ(path: &str, before: &Value, after: &Value, found: &mut Map<String, Value>) {
    let at = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            for name in old.keys().filter(|name| !new.contains_key(*name)) {
                found.insert(at(name), Value::Null);
            }
            for (name, value) in new {
                match old.get(name) {
                    Some(old) => differ(&at(name), old, value, found),
                    None => drop(found.insert(at(name), value.clone())),
                }
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                differ(&at(&index.to_string()), old, new, found);
            }
        }
        _ if before == after => {}
        _ => drop(found.insert(path.to_owned(), after.clone())),
    }
}

/// The names of a list of names or notes, sorted.
fn names(list: &Value) -> Vec<&str> {
    let mut names: Vec<_> =
        list.as_array().unwrap().iter().map(|one| one.as_str().or_else(|| one["field"].as_str()).unwrap()).collect();
    names.sort_unstable();
    names
}

/// The warnings' codes, each once, sorted, without those that every such update has.
fn codes(report: &Value) -> Vec<&str> {
    let mut codes: Vec<_> = report["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["code"].as_str().unwrap())
        .filter(|code| !["approximated", "not_published"].contains(code))
        .collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

#[test]
fn every_family_has_an_agent_here() {
    assert_eq!(FAMILIES.map(first).len(), 3);
}
