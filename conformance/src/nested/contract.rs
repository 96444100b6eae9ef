//! The documented objects of a nested dialect, `objects.json`, against what a document tells.
//!
//! Objects without `properties` are free, and deeper parts are left free there as well: what is in them is not compared.

use serde_json::{Map, Value};
use vendors::Dialect;
use vendors::json::excerpt;

use crate::FindingKind;

include!(concat!(env!("OUT_DIR"), "/contracts.rs"));

/// Longest path or word that is kept, in bytes.
const MAX_TEXT: usize = 128;

/// A place where a document is not as documented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Undocumented {
    pub(super) kind: FindingKind,
    /// The dotted path.
    pub(super) path: String,
    pub(super) detail: String,
}

/// Whether the vendor refuses members that it does not know, by its contract; `None` if that does not say.
pub(super) fn refuses_unknown(dialect: &Dialect) -> Option<bool> {
    let (.., api) = CONTRACTS.iter().find(|(name, ..)| *name == dialect.name)?;
    let api: Value = serde_json::from_str(api).ok()?;
    Some(api["update"]["unknown_members"].as_str()?.starts_with("refused"))
}

/// Where a document has members, types or words that the contract does not know.
pub(super) fn undocumented(dialect: &Dialect, document: &[u8]) -> Vec<Undocumented> {
    let file = CONTRACTS.iter().find(|(name, ..)| *name == dialect.name);
    let file: Option<Value> = file.and_then(|(_, objects, _)| serde_json::from_str(objects).ok());
    let (Some(file), Ok(document)) = (file, serde_json::from_slice::<Value>(document)) else { return Vec::new() };
    let mut found = Vec::new();
    for object in dialect.plan.map_or(&[][..], |plan| plan.objects) {
        let (told, name) = match object.name {
            "" => (Some(&document), object.title.trim_start_matches("the ")),
            name => (document.get(name), name),
        };
        let (Some(Value::Object(told)), schema) = (told, &file["objects"][name]) else { continue };
        let read_only = match &file["read_only"] {
            Value::Object(of_objects) => of_objects.get(name),
            names => Some(names),
        };
        let is_read_only = |member: &String| {
            read_only.and_then(Value::as_array).is_some_and(|names| names.iter().any(|name| name == member.as_str()))
        };
        let volatile = |member: &String| {
            let path = [object.name, member].join(".");
            dialect.listed.volatile.contains(&path.trim_start_matches('.'))
        };
        let mut told = told.clone();
        told.retain(|member, _| !is_read_only(member) && !volatile(member));
        let path = if object.name.is_empty() { Vec::new() } else { vec![object.name.to_owned()] };
        let mut walk = Walk { file: &file, path, found: Vec::new() };
        walk.object(schema, &told);
        found.append(&mut walk.found);
    }
    found
}

struct Walk<'a> {
    file: &'a Value,
    path: Vec<String>,
    found: Vec<Undocumented>,
}

impl<'a> Walk<'a> {
    fn found(&mut self, kind: FindingKind, detail: String) {
        let path = excerpt(&self.path.join("."), MAX_TEXT).into_owned();
        if !self.found.iter().any(|known| known.kind == kind && known.path == path) {
            self.found.push(Undocumented { kind, path, detail });
        }
    }

    /// The schema itself, or what its `$ref` leads to.
    fn resolved(&self, schema: &'a Value) -> &'a Value {
        let name = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix("#/$defs/"));
        name.map_or(schema, |name| &self.file["$defs"][name])
    }

    fn value(&mut self, schema: &'a Value, value: &Value) {
        let schema = self.resolved(schema);
        let types = types(schema);
        match value {
            // What is unset may be told as null.
            Value::Null => {}
            _ if !types.is_empty() && !types.iter().any(|name| is_of(name, value)) => {
                self.found(FindingKind::RetypedField, format!("it is documented as {}", types.join(" or ")));
            }
            Value::Object(members) => self.object(schema, members),
            Value::Array(items) => {
                let Some(rules) = schema.get("items") else { return };
                self.path.push("[]".to_owned());
                items.iter().for_each(|item| self.value(rules, item));
                self.path.pop();
            }
            Value::String(text) => {
                let words = schema["enum"].as_array().map_or(&[][..], Vec::as_slice);
                if !words.is_empty() && !words.iter().any(|word| word == text) {
                    let detail = format!("`{}` is none of the documented words", excerpt(text, MAX_TEXT));
                    self.found(FindingKind::UndocumentedValue, detail);
                }
            }
            Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn object(&mut self, schema: &'a Value, members: &Map<String, Value>) {
        let Some(mapping) = schema["discriminator"]["mapping"].as_object() else {
            return self.members(schema, members);
        };
        let name = schema["discriminator"]["propertyName"].as_str().unwrap_or_default();
        match members.get(name).and_then(Value::as_str).map(|kind| (kind, mapping.get(kind))) {
            Some((_, Some(schema))) => self.members(schema, members),
            Some((kind, None)) => {
                self.path.push(name.to_owned());
                let detail = format!("`{}` is none of the documented words", excerpt(kind, MAX_TEXT));
                self.found(FindingKind::UndocumentedValue, detail);
                self.path.pop();
            }
            // The kind is not told.
            None => {}
        }
    }

    fn members(&mut self, schema: &'a Value, members: &Map<String, Value>) {
        let Some(properties) = schema["properties"].as_object() else { return };
        let others = &schema["additionalProperties"];
        for (name, value) in members {
            self.path.push(name.clone());
            match properties.get(name) {
                Some(rules) => self.value(rules, value),
                None if others.is_object() => self.value(others, value),
                None if *others == true => {}
                None => self.found(FindingKind::NewField, "it is not documented".to_owned()),
            }
            self.path.pop();
        }
    }
}

/// The types that a schema states, or that follow from it.
fn types(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ if schema.get("enum").is_some() => vec!["string"],
        _ => Vec::new(),
    }
}

fn is_of(name: &str, value: &Value) -> bool {
    match name {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "number" => value.is_number(),
        "array" => value.is_array(),
        _ => value.is_object(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(vendor: &str, document: &str) -> Vec<(FindingKind, String)> {
        let found = undocumented(vendors::registry::dialect(vendor).unwrap(), document.as_bytes());
        found.into_iter().map(|one| (one.kind, one.path)).collect()
    }

    #[test]
    fn new_members_other_types_and_new_words_are_found_with_their_paths() {
        let document = r#"{"id":"x","createdAt":"t","name":7,"badge":1,"firstMessageMode":"sings","voice":{"provider":"11labs","pitch":2},
            "transcriber":{"provider":"parrot","anything":1},"metadata":{"of":"users"},"firstMessage":null}"#;
        let mut found = found("vapi", document);
        found.sort_by(|left, right| left.1.cmp(&right.1));
        let wanted = [
            (FindingKind::NewField, "badge"),
            (FindingKind::UndocumentedValue, "firstMessageMode"),
            (FindingKind::RetypedField, "name"),
            (FindingKind::UndocumentedValue, "transcriber.provider"),
            (FindingKind::NewField, "voice.pitch"),
        ];
        assert_eq!(found, wanted.map(|(kind, path)| (kind, path.to_owned())));
    }

    #[test]
    fn each_object_of_a_document_has_its_own_contract() {
        let document = r#"{"agent":{"agent_id":"a","version":1,"general_prompt":"x"},"llm":{"llm_id":"l","general_prompt":"x","badge":1}}"#;
        assert_eq!(
            found("retell", document),
            [
                (FindingKind::NewField, "agent.general_prompt".to_owned()),
                (FindingKind::NewField, "llm.badge".to_owned())
            ]
        );
    }

    #[test]
    fn the_contract_says_what_becomes_of_unknown_members() {
        let of = |vendor: &str| refuses_unknown(vendors::registry::dialect(vendor).unwrap());
        assert_eq!(["vapi", "retell", "elevenlabs", "sondos"].map(of), [Some(true), Some(false), Some(false), None]);
    }
}
