//! JSON Schema 2020-12 of the canonical update.

use std::sync::LazyLock;

use aho_corasick::packed::Searcher;
use serde_json::{Map, Value, json};

use crate::canonical::{Bounds, Field, Length, Member, Required, Shape, Variant};
use crate::json::Thousandths;

/// The schema of the whole update: every field, the exclusion of twins, and the rules for modes.
pub fn canonical_schema() -> Value {
    let properties: Map<_, _> =
        Field::ALL.into_iter().map(|field| (field.name().to_owned(), field_schema(field))).collect();
    let twins = Field::ALL.into_iter().filter_map(|field| {
        let twin = field.twin().filter(|twin| field < *twin)?;
        Some(json!({ "not": { "required": [field.name(), twin.name()] } }))
    });
    let modes = json!({
        "if": { "properties": { "mode": { "enum": ["multimodal", "dualplex"] } }, "required": ["mode"] },
        "then": { "properties": {
            "allow_interruptions": { "const": true },
            "knowledgebase_mode": { "const": "function_call" },
        } },
    });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "/v1/schema",
        "title": "Canonical assistant update",
        "description": "A partial update: an absent field stays unchanged, null clears it or resets it to its default, \
                        a value sets it. Ids are integers or strings, as \
                        the vendor has them.",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "allOf": twins.chain([modes]).collect::<Vec<_>>(),
    })
}

/// The schema of one field, with `null` if it is documented.
pub fn field_schema(field: Field) -> Value {
    let spec = field.spec();
    let mut schema = match spec.shape {
        Shape::List(_) if spec.shape.is_of_ids() => json!({ "type": "array", "items": id() }),
        _ if spec.shape.is_of_ids() => id(),
        _ => shape(&spec.shape),
    };
    if let Some(object) = schema.as_object_mut() {
        if spec.nullable {
            let mut kinds = match object.remove("type") {
                Some(Value::Array(kinds)) => kinds,
                kind => kind.into_iter().collect(),
            };
            kinds.push("null".into());
            object.insert("type".into(), kinds.into());
        }
        object.insert("description".into(), spec.doc.into());
    }
    schema
}

/// An id: an integer at some vendors, a string at others, which only the vendor of the assistant decides.
fn id() -> Value {
    json!({ "type": ["integer", "string"] })
}

fn shape(of: &Shape) -> Value {
    match of {
        Shape::Boolean => json!({ "type": "boolean" }),
        Shape::Integer(bounds) => numeric("integer", *bounds),
        Shape::Number(bounds) => numeric("number", *bounds),
        Shape::Text(length) => text(*length),
        Shape::Choice(choices) => json!({ "type": "string", "enum": choices }),
        Shape::List(element) => json!({ "type": "array", "items": shape(element) }),
        Shape::Record(members) => record(members, None),
        Shape::Tagged(variants) => {
            json!({ "type": "object", "required": ["type"], "oneOf": variants.iter().map(variant).collect::<Vec<_>>() })
        }
        Shape::Map => json!({ "type": "object", "additionalProperties": true }),
        Shape::PerVendor => {
            json!({ "type": "object", "additionalProperties": { "type": "object", "additionalProperties": true } })
        }
        Shape::Any => json!({}),
    }
}

fn numeric(kind: &str, bounds: Option<Bounds>) -> Value {
    match bounds {
        Some(Bounds { min, max }) => json!({ "type": kind, "minimum": number(min), "maximum": number(max) }),
        None => json!({ "type": kind }),
    }
}

/// A limit as a JSON number; a whole one without a fraction: `1`, not `1.0`.
pub(super) fn number(limit: Thousandths) -> Value {
    let value = limit.as_f64();
    if value.fract() == 0.0 { json!(value as i64) } else { json!(value) }
}

fn text(length: Length) -> Value {
    let mut schema = Map::from_iter([("type".to_owned(), json!("string"))]);
    if length.min > 0 {
        schema.insert("minLength".into(), length.min.into());
    }
    if let Some(max) = length.max {
        schema.insert("maxLength".into(), max.into());
    }
    if let Some(pattern) = length.pattern {
        schema.insert("pattern".into(), pattern.regex().into());
    }
    Value::Object(schema)
}

fn variant(variant: &Variant) -> Value {
    let mut schema = record(variant.members, Some(variant.tag));
    if let Some(object) = schema.as_object_mut() {
        object.insert("title".into(), variant.tag.into());
        object.insert("description".into(), variant.doc.into());
    }
    schema
}

/// The schema of a closed object; with `tag`, of one whose member `type` has this value.
fn record(members: &[Member], tag: Option<&str>) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    let mut conditions: Vec<(Value, Vec<&str>)> = Vec::new();
    if let Some(tag) = tag {
        properties.insert("type".into(), json!({ "type": "string", "enum": [tag] }));
        required.push("type");
    }
    for member in members {
        let mut schema = shape(&member.shape);
        if let Some(object) = schema.as_object_mut() {
            object.insert("description".into(), member.doc.into());
            if member.secret {
                object.insert("writeOnly".into(), true.into());
            }
        }
        properties.insert(member.name.into(), schema);
        match member.required {
            Required::No => {}
            Required::Yes => required.push(member.name),
            Required::When { key, is, default } => {
                let mut condition = json!({ "properties": { key: { "const": is } } });
                if let (false, Some(object)) = (default, condition.as_object_mut()) {
                    object.insert("required".into(), json!([key]));
                }
                match conditions.iter_mut().find(|(known, _)| *known == condition) {
                    Some((_, names)) => names.push(member.name),
                    None => conditions.push((condition, vec![member.name])),
                }
            }
        }
    }
    let mut schema = Map::from_iter([
        ("type".to_owned(), json!("object")),
        ("properties".to_owned(), Value::Object(properties)),
        ("additionalProperties".to_owned(), json!(false)),
    ]);
    if !required.is_empty() {
        schema.insert("required".into(), json!(required));
    }
    if !conditions.is_empty() {
        let rules = conditions.into_iter().map(|(when, names)| json!({ "if": when, "then": { "required": names } }));
        schema.insert("allOf".into(), rules.collect());
    }
    Value::Object(schema)
}

/// The names of all members that contain credentials.
pub fn secret_members() -> impl Iterator<Item = &'static str> {
    SECRETS.iter().copied()
}

/// Whether a body may have such a member, or options of a vendor, which may have others. Few have, and none of the others needs a
/// closer look; escapes may hide a name.
pub fn may_hold_credentials(body: &[u8]) -> bool {
    // One pass for all of them, by vectors. Where there are none, every body gets the closer look.
    static NAMES: LazyLock<Option<Searcher>> =
        LazyLock::new(|| Searcher::new(secret_members().chain([Field::VendorOptions.name(), "\\u00"])));
    NAMES.as_ref().is_none_or(|names| names.find(body).is_some())
}

/// Whether a documented member has this name and contains no credential.
pub fn is_public_member(name: &str) -> bool {
    static PUBLIC: LazyLock<Vec<&'static str>> = LazyLock::new(|| all_members(false));
    PUBLIC.contains(&name)
}

static SECRETS: LazyLock<Vec<&'static str>> = LazyLock::new(|| all_members(true));

/// The names of the documented members that are secret, or of those that are not.
fn all_members(secret: bool) -> Vec<&'static str> {
    let mut found = Vec::new();
    Field::ALL.into_iter().for_each(|field| collect_members(&field.spec().shape, secret, &mut found));
    found
}

fn collect_members(shape: &Shape, secret: bool, found: &mut Vec<&'static str>) {
    let mut members = |members: &[Member]| {
        for member in members {
            if member.secret == secret && !found.contains(&member.name) {
                found.push(member.name);
            }
            collect_members(&member.shape, secret, found);
        }
    };
    match shape {
        Shape::List(element) => collect_members(element, secret, found),
        Shape::Record(record) => members(record),
        Shape::Tagged(variants) => variants.iter().for_each(|variant| members(variant.members)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_found_once_at_every_depth() {
        const SECRET: &[Member] =
            &[Member::optional("open", Shape::TEXT, "Open."), Member::optional("key", Shape::TEXT, "A key.").secret()];
        const VARIANTS: &[Variant] = &[Variant { tag: "a", members: SECRET, doc: "One." }];
        const NESTED: &[Member] = &[
            Member::optional("token", Shape::TEXT, "A token.").secret(),
            Member::optional("list", Shape::List(&Shape::Tagged(VARIANTS)), "A list."),
            Member::optional("record", Shape::Record(SECRET), "A record."),
        ];
        let mut found = Vec::new();
        collect_members(&Shape::Record(NESTED), true, &mut found);
        assert_eq!(found, ["token", "key"]);
        assert_eq!(secret_members().collect::<Vec<_>>(), ["calcom_api_key", "calendly_api_key"]);
    }
}
