//! Checks a body against `objects.json`: which members exist, of which type, range and enumeration.
//!
//! The findings are neutral; `errors` writes them as the vendor does.

use serde_json::{Map, Value, json};

/// What is wrong with one value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Problem {
    /// The member does not exist.
    Unknown,
    /// A required member is absent.
    Missing,
    /// The member has no `null`.
    Null,
    /// The value is of none of these types.
    Type(Vec<String>),
    /// The number is below this.
    Below(Value),
    /// The number is not above this.
    NotAbove(Value),
    /// The number is above this.
    Above(Value),
    /// The text is longer than this.
    Long(u64),
    /// The list is longer than this.
    Many(u64),
    /// The word is none of these.
    Choice(Vec<String>),
}

/// A problem and where it is: names and indices.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Finding {
    pub(super) path: Vec<Value>,
    pub(super) problem: Problem,
}

impl Finding {
    /// The path with dots.
    pub(super) fn dotted(&self) -> String {
        dotted(&self.path)
    }
}

/// Names and indices with dots.
pub(super) fn dotted(path: &[Value]) -> String {
    let part = |part: &Value| part.as_str().map_or_else(|| part.to_string(), str::to_owned);
    path.iter().map(part).collect::<Vec<_>>().join(".")
}

/// How strictly a vendor reads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Strictness {
    /// Whether every member that is not required takes `null`.
    pub(super) optional_nulls: bool,
    /// Whether objects merge at every depth, so that required members may be absent.
    pub(super) partial: bool,
}

/// What is wrong with `value`, in the order of its members. `file` is the whole of `objects.json`, for its `$defs`.
pub(super) fn check(file: &Value, schema: &Value, value: &Value, strictness: Strictness) -> Vec<Finding> {
    let mut checking = Checking { file, strictness, path: Vec::new(), findings: Vec::new() };
    checking.value(schema, value);
    checking.findings
}

struct Checking<'a> {
    file: &'a Value,
    strictness: Strictness,
    path: Vec<Value>,
    findings: Vec<Finding>,
}

impl<'a> Checking<'a> {
    fn found(&mut self, problem: Problem) {
        self.findings.push(Finding { path: self.path.clone(), problem });
    }

    fn below(&mut self, part: Value, check: impl FnOnce(&mut Self)) {
        self.path.push(part);
        check(self);
        self.path.pop();
    }

    /// The schema itself, or what its `$ref` leads to.
    fn resolved(&self, schema: &'a Value) -> &'a Value {
        let name = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix("#/$defs/"));
        name.map_or(schema, |name| &self.file["$defs"][name])
    }

    fn value(&mut self, schema: &'a Value, value: &Value) {
        let schema = self.resolved(schema);
        if value.is_null() {
            if schema["nullable"] != true && schema.as_object().is_some_and(|rules| !rules.is_empty()) {
                self.found(Problem::Null);
            }
            return;
        }
        let types = types(schema);
        if !types.is_empty() && !types.iter().any(|name| is_of(name, value)) {
            return self.found(Problem::Type(types));
        }
        match value {
            Value::Object(members) => self.object(schema, members),
            Value::Array(items) => self.list(schema, items),
            Value::String(text) => self.text(schema, text),
            Value::Number(_) => self.number(schema, value),
            Value::Bool(_) | Value::Null => {}
        }
    }

    fn object(&mut self, schema: &'a Value, members: &Map<String, Value>) {
        let Some(mapping) = schema["discriminator"]["mapping"].as_object() else {
            return self.members(schema, members);
        };
        let name = schema["discriminator"]["propertyName"].as_str().unwrap_or_default();
        match members.get(name).and_then(Value::as_str).map(|kind| mapping.get(kind)) {
            Some(Some(kind)) => self.members(kind, members),
            None if !mapping.values().any(|kind| requires(kind, name)) => self.any_of(mapping, members),
            Some(None) | None => {
                let kinds = mapping.keys().cloned().collect();
                self.below(json!(name), |this| this.found(Problem::Choice(kinds)));
            }
        }
    }

    /// The kind is not said: whichever fits.
    fn any_of(&mut self, mapping: &'a Map<String, Value>, members: &Map<String, Value>) {
        let start = self.findings.len();
        let mut first = None;
        for kind in mapping.values() {
            self.members(kind, members);
            let found = self.findings.split_off(start);
            if found.is_empty() {
                return;
            }
            first.get_or_insert(found);
        }
        self.findings.extend(first.unwrap_or_default());
    }

    fn members(&mut self, schema: &'a Value, members: &Map<String, Value>) {
        let properties = schema["properties"].as_object();
        let others = &schema["additionalProperties"];
        for (name, value) in members {
            let known = properties.and_then(|properties| properties.get(name));
            let free = properties.is_none() || *others == true;
            self.below(json!(name), |this| match known {
                Some(_) if value.is_null() && this.strictness.optional_nulls && !requires(schema, name) => {}
                Some(rules) => this.value(rules, value),
                None if others.is_object() => this.whole(others, value),
                None if free => {}
                None => this.found(Problem::Unknown),
            });
        }
        let required = if self.strictness.partial { &[][..] } else { list(&schema["required"]) };
        for name in required.iter().filter(|name| !name.as_str().is_some_and(|name| members.contains_key(name))) {
            self.below(name.clone(), |this| this.found(Problem::Missing));
        }
    }

    /// A value that is stored as it is, also where objects merge.
    fn whole(&mut self, schema: &'a Value, value: &Value) {
        let partial = std::mem::replace(&mut self.strictness.partial, false);
        self.value(schema, value);
        self.strictness.partial = partial;
    }

    fn list(&mut self, schema: &'a Value, items: &[Value]) {
        if let Some(most) = schema["maxItems"].as_u64().filter(|most| items.len() as u64 > *most) {
            self.found(Problem::Many(most));
        }
        let Some(rules) = schema.get("items") else { return };
        for (index, item) in items.iter().enumerate() {
            self.below(json!(index), |this| this.whole(rules, item));
        }
    }

    fn text(&mut self, schema: &Value, text: &str) {
        if let Some(most) = schema["maxLength"].as_u64().filter(|most| text.chars().count() as u64 > *most) {
            self.found(Problem::Long(most));
        }
        let words = list(&schema["enum"]);
        if !words.is_empty() && !words.iter().any(|word| word == text) {
            self.found(Problem::Choice(words.iter().filter_map(Value::as_str).map(str::to_owned).collect()));
        }
    }

    fn number(&mut self, schema: &Value, value: &Value) {
        let number = value.as_f64().unwrap_or_default();
        let bound = |name: &str| schema[name].as_f64().map(|bound| (bound, schema[name].clone()));
        if let Some((_, said)) = bound("minimum").filter(|(least, _)| number < *least) {
            self.found(Problem::Below(said));
        } else if let Some((_, said)) = bound("exclusiveMinimum").filter(|(least, _)| number <= *least) {
            self.found(Problem::NotAbove(said));
        } else if let Some((_, said)) = bound("maximum").filter(|(most, _)| number > *most) {
            self.found(Problem::Above(said));
        }
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn requires(schema: &Value, name: &str) -> bool {
    list(&schema["required"]).iter().any(|required| required == name)
}

/// The types that a schema states, or that follow from it.
fn types(schema: &Value) -> Vec<String> {
    match &schema["type"] {
        Value::String(name) => vec![name.clone()],
        Value::Array(names) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ if schema.get("enum").is_some() => vec!["string".to_owned()],
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

    const WHOLE: Strictness = Strictness { optional_nulls: false, partial: false };

    fn found(strictness: Strictness, value: Value) -> Vec<(String, Problem)> {
        let file = json!({ "$defs": { "list": { "type": "array", "items": { "type": "string" }, "maxItems": 2 } } });
        let schema = json!({ "type": "object", "properties": {
            "voice": { "type": "object", "discriminator": { "propertyName": "provider", "mapping": {
                "a": { "type": "object", "required": ["provider", "id"], "properties": {
                    "provider": { "enum": ["a"] }, "id": { "type": "string", "maxLength": 2 }, "speed": { "type": "number", "maximum": 1.2 },
                } },
            } } },
            "names": { "$ref": "#/$defs/list" },
            "off": { "type": ["string", "object"], "enum": ["off"] },
            "map": { "type": "object", "additionalProperties": { "type": "object", "required": ["type"], "properties": { "type": {} } } },
            "zone": { "type": "string", "nullable": true },
            "count": { "type": "integer", "minimum": 1, "exclusiveMinimum": 0 },
        } });
        check(&file, &schema, &value, strictness).into_iter().map(|one| (one.dotted(), one.problem)).collect()
    }

    #[test]
    fn what_fits_is_not_found() {
        let value = json!({ "voice": { "provider": "a", "id": "x", "speed": 1.2 }, "names": ["n"], "off": "off", "zone": null,
            "map": { "k": { "type": 1 } }, "count": 2.0 });
        assert_eq!(found(WHOLE, value), []);
        assert_eq!(found(WHOLE, json!({ "off": {} })), []);
    }

    #[test]
    fn each_problem_has_its_path() {
        for (value, path, problem) in [
            (json!({ "voice": { "provider": "a", "id": "x", "rate": 1 } }), "voice.rate", Problem::Unknown),
            (json!({ "voice": { "provider": "a" } }), "voice.id", Problem::Missing),
            (
                json!({ "voice": { "provider": "b", "id": "x" } }),
                "voice.provider",
                Problem::Choice(vec!["a".to_owned()]),
            ),
            (json!({ "voice": { "id": "x" } }), "voice.provider", Problem::Choice(vec!["a".to_owned()])),
            (json!({ "voice": { "provider": "a", "id": "xyz" } }), "voice.id", Problem::Long(2)),
            (
                json!({ "voice": { "provider": "a", "id": "x", "speed": 1.3 } }),
                "voice.speed",
                Problem::Above(json!(1.2)),
            ),
            (json!({ "names": ["a", 1] }), "names.1", Problem::Type(vec!["string".to_owned()])),
            (json!({ "names": ["a", "b", "c"] }), "names", Problem::Many(2)),
            (json!({ "names": null }), "names", Problem::Null),
            (json!({ "map": { "k": {} } }), "map.k.type", Problem::Missing),
            (json!({ "count": 0 }), "count", Problem::Below(json!(1))),
            (json!({ "count": 1.5 }), "count", Problem::Type(vec!["integer".to_owned()])),
            (json!({ "off": "on" }), "off", Problem::Choice(vec!["off".to_owned()])),
        ] {
            assert_eq!(found(WHOLE, value.clone()), [(path.to_owned(), problem)], "{value}");
        }
    }

    #[test]
    fn vendors_read_with_different_strictness() {
        let nulls = Strictness { optional_nulls: true, partial: false };
        assert_eq!(found(nulls, json!({ "names": null, "voice": { "provider": "a", "id": "x", "speed": null } })), []);
        assert_eq!(
            found(nulls, json!({ "voice": { "provider": "a", "id": null } })),
            [("voice.id".to_owned(), Problem::Null)]
        );
        let partial = Strictness { optional_nulls: false, partial: true };
        assert_eq!(found(partial, json!({ "voice": { "provider": "a", "speed": 1 } })), []);
        assert_eq!(found(partial, json!({ "map": { "k": {} } })).len(), 1);
    }
}
