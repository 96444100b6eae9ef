//! The JSON Schema of the configuration file, for editors; written from the same tables that the checks use.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use strum::VariantNames;
use vendors::registry;

use super::name::{NameRule, dialects, fields};
use super::root;
use super::shape::{Kind, Section};
use crate::config::load::source::Sources;
use crate::config::load::tree::{self, Table};
use crate::config::sections::store::StoreKind;
use crate::config::types::secret;

/// JSON Schema (2020-12) of a configuration file.
#[must_use]
pub fn schema() -> Value {
    let defaults = toml::de::DeTable::parse(crate::config::DEFAULTS)
        .map(|table| tree::from_toml(table.get_ref(), Sources::NOWHERE.source))
        .unwrap_or_default();
    let mut schema = section(&root::SECTION, Some(&defaults));
    if let Some(object) = schema.as_object_mut() {
        let dialect = "https://json-schema.org/draft/2020-12/schema";
        object.insert("$schema".into(), dialect.into());
        object.insert("title".into(), "Switchboard configuration".into());
    }
    schema
}

fn section(section: &Section, defaults: Option<&Table>) -> Value {
    let mut properties = Map::new();
    for key in section.keys {
        let entry = defaults.and_then(|table| table.get(key.name));
        let inner = entry.and_then(|entry| entry.node.as_table());
        let mut schema = kind(&key.kind, inner);
        if let Some(object) = schema.as_object_mut() {
            object.insert("description".into(), key.doc.into());
            if let Some(default) = entry.and_then(|entry| plain(&entry.node.value)) {
                object.insert("default".into(), default);
            }
        }
        properties.insert(key.name.into(), schema);
    }
    let required: Vec<&str> = section.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    let mut schema = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if let Some(object) = schema.as_object_mut() {
        if !required.is_empty() {
            object.insert("required".into(), json!(required));
        }
        if !section.either.is_empty() {
            let one = section.either.iter().map(|name| json!({ "required": [name] }));
            object.insert("oneOf".into(), one.collect());
        }
    }
    schema
}

fn kind(of: &Kind, defaults: Option<&Table>) -> Value {
    match of {
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Count { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Kind::Ratio { zero: false } => json!({ "type": "number", "exclusiveMinimum": 0, "maximum": 1 }),
        Kind::Ratio { zero: true } => json!({ "type": "number", "minimum": 0, "maximum": 1 }),
        Kind::Duration { .. } => json!({
            "type": "string",
            "pattern": r"^\s*([0-9]+\s*[a-z]+\s*)+$|^0$",
            "examples": ["500ms", "30s", "1m30s"],
        }),
        Kind::Lifetime { .. } => json!({
            "type": "string",
            "pattern": r"^\s*([0-9]+\s*[a-z]+\s*)+$",
            "examples": ["24h", "30d"],
        }),
        Kind::Address => json!({ "type": "string", "examples": ["127.0.0.1:8080"] }),
        Kind::Url => json!({ "type": "string", "pattern": "^https?://[^?#@]+$" }),
        Kind::Endpoint => json!({ "type": "string", "pattern": "^https?://[^#@]+$" }),
        Kind::Store => json!({ "type": "string", "enum": StoreKind::VARIANTS }),
        Kind::Path | Kind::Text | Kind::ServerName | Kind::Vendor | Kind::ClientGlob => {
            json!({ "type": "string", "minLength": 1 })
        }
        Kind::Word(words) => json!({ "type": "string", "enum": words }),
        Kind::Dialect => json!({ "type": "string", "enum": dialects().collect::<Vec<_>>() }),
        Kind::Id => {
            let patterns: BTreeSet<_> = registry::DIALECTS.iter().map(|dialect| dialect.ids.pattern()).collect();
            let texts = patterns.into_iter().map(|pattern| json!({ "type": "string", "pattern": pattern }));
            let integer = json!({ "type": "integer", "minimum": 1 });
            json!({ "anyOf": texts.chain([integer]).collect::<Vec<_>>() })
        }
        Kind::Digest => json!({ "type": "string", "pattern": "^[0-9a-fA-F]{64}$" }),
        Kind::Secret => section(&secret::SECTION, None),
        Kind::List { of, empty } => json!({
            "type": "array",
            "items": kind(of, None),
            "minItems": usize::from(!empty),
        }),
        Kind::OneOrMore(of) => {
            let one = kind(of, None);
            json!({ "anyOf": [one, { "type": "array", "items": one, "minItems": 1 }] })
        }
        Kind::Table(inner) => section(inner, defaults),
        Kind::Named(rule, inner) => names(*rule, &section(inner, None)),
        Kind::Pairs(rule, of) => names(*rule, &kind(of, None)),
        Kind::Rows(inner) => json!({ "type": "array", "items": section(inner, None) }),
    }
}

fn names(rule: NameRule, value: &Value) -> Value {
    let name = match rule {
        NameRule::Field => json!({ "enum": fields().collect::<Vec<_>>() }),
        _ => json!({ "pattern": rule.pattern() }),
    };
    json!({ "type": "object", "propertyNames": name, "additionalProperties": value })
}

/// A default as JSON; tables have none of their own.
fn plain(value: &tree::Value) -> Option<Value> {
    match value {
        tree::Value::Text(text) => Some(json!(text)),
        tree::Value::Integer(number) => Some(json!(number)),
        tree::Value::Float(number) => Some(json!(number)),
        tree::Value::Flag(flag) => Some(json!(flag)),
        tree::Value::List(list) => list.iter().map(|node| plain(&node.value)).collect(),
        tree::Value::Table(_) | tree::Value::Foreign(_) => None,
    }
}
