//! The page's rules for one update by itself: the JSON Schema, read as the vendor's framework would apply it.

use jsonschema::{Validator, error::ValidationErrorKind as Kind};
use serde_json::Value;

use crate::{
    rejection::Rejections,
    sentence::{below, dotted, sentence},
};

/// A page's schema, compiled.
#[derive(Debug)]
pub(crate) struct Rules {
    schema: Value,
    validator: Validator,
}

/// What the rules say about one update.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// Keys that the page does not know, dotted.
    pub(crate) unknown_keys: Vec<String>,
    /// Everything else that is wrong.
    pub(crate) rejections: Rejections,
}

impl Rules {
    /// Compiles a schema; the error says what is wrong with it.
    pub(crate) fn new(schema: Value) -> Result<Self, String> {
        let validator = jsonschema::draft202012::new(&schema).map_err(|error| error.to_string())?;
        Ok(Self { schema, validator })
    }

    pub(crate) const fn schema(&self) -> &Value {
        &self.schema
    }

    /// Whether the page has this field.
    pub(crate) fn knows(&self, field: &str) -> bool {
        self.schema.get("properties").and_then(|fields| fields.get(field)).is_some()
    }

    /// All that the page says about this update; unknown keys are kept apart, because the vendor ignores them.
    pub(crate) fn check(&self, update: &Value) -> Findings {
        let mut findings = Findings::default();
        for error in self.validator.iter_errors(update) {
            if let Kind::AdditionalProperties { unexpected } = error.kind() {
                let parent = dotted(error.instance_path().as_str());
                findings.unknown_keys.extend(unexpected.iter().map(|name| below(&parent, name)));
            } else {
                let (key, sentence) = sentence(&error, &self.schema);
                findings.rejections.add(key, sentence);
            }
        }
        findings
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn errors(update: Value) -> Value {
        let schema = json!({
            "properties": {
                "speech_speed": { "type": "number", "minimum": 0.7, "maximum": 1.2 },
                "phone_number_id": { "type": ["integer", "null"] },
                "record": { "type": "boolean" },
                "variables": { "type": "object" },
                "mode": { "enum": ["pipeline"] },
                "schema": { "type": "array", "items": {
                    "required": ["name"],
                    "properties": { "name": { "type": "string", "minLength": 3, "maxLength": 5, "pattern": "^[a-z]+$" } },
                    "additionalProperties": false,
                } },
            },
            "additionalProperties": false,
        });
        let findings = Rules::new(schema).expect("a schema").check(&update);
        json!([findings.rejections.body()["errors"], findings.unknown_keys])
    }

    #[test]
    fn ranges_are_told_as_the_pages_tell_them() {
        let wanted = json!([{ "speech_speed": ["The speech speed must be between 0.7 and 1.2."] }, []]);
        assert_eq!(errors(json!({ "speech_speed": 1.3 })), wanted);
        assert_eq!(errors(json!({ "speech_speed": 0.69 })), wanted);
    }

    #[test]
    fn types_are_told_in_the_words_of_the_framework() {
        let update = json!({ "speech_speed": null, "phone_number_id": "7", "record": 1, "variables": 2, "mode": "x", "schema": {} });
        let wanted = json!({
            "speech_speed": ["The speech speed must be a number."],
            "phone_number_id": ["The phone number id must be an integer."],
            "record": ["The record field must be true or false."],
            "variables": ["The variables must be an array."],
            "mode": ["The selected mode is invalid."],
            "schema": ["The schema must be an array."],
        });
        assert_eq!(errors(update), json!([wanted, []]));
    }

    #[test]
    fn items_are_named_by_index_and_unknown_keys_kept_apart() {
        let update = json!({ "other": 1, "schema": [{ "name": "A long one" }, { "extra": true }, { "name": "ab" }] });
        let wanted = json!({
            "schema.0.name": ["The schema.0.name must not be greater than 5 characters.", "The schema.0.name format is invalid."],
            "schema.1.name": ["The schema.1.name field is required."],
            "schema.2.name": ["The schema.2.name must be at least 3 characters."],
        });
        let found = errors(update);
        assert_eq!(found[1], json!(["schema.1.extra", "other"]));
        let (keys, wanted) = (found[0].as_object().expect("errors"), wanted.as_object().expect("errors"));
        assert_eq!(keys.len(), wanted.len());
        for (key, sentences) in wanted {
            let told = keys[key].as_array().expect("sentences");
            assert!(sentences.as_array().expect("sentences").iter().all(|one| told.contains(one)), "{key}: {told:?}");
        }
    }
}
