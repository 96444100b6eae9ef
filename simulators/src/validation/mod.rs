//! Validates an update against the vendor's JSON Schema, with errors in the form of the vendor's framework.

mod errors;
mod messages;

use jsonschema::{Validator, error::ValidationErrorKind as Kind};
use serde_json::Value;

use messages::{below, dotted, message};

pub(crate) use errors::ValidationErrors;

/// A vendor's schema, compiled.
#[derive(Debug)]
pub(crate) struct SchemaRules {
    schema: Value,
    validator: Validator,
}

/// The result of validating one update.
#[derive(Debug, Default)]
pub(crate) struct SchemaReport {
    /// Keys that the schema does not have, dotted.
    pub(crate) unknown_keys: Vec<String>,
    /// All other errors.
    pub(crate) errors: ValidationErrors,
}

impl SchemaRules {
    /// Compiles a schema; the error says what is wrong with it.
    pub(crate) fn new(schema: Value) -> Result<Self, String> {
        let validator = jsonschema::draft202012::new(&schema).map_err(|error| error.to_string())?;
        Ok(Self { schema, validator })
    }

    pub(crate) const fn schema(&self) -> &Value {
        &self.schema
    }

    /// Whether the schema has this field.
    pub(crate) fn knows(&self, field: &str) -> bool {
        self.schema.get("properties").and_then(|fields| fields.get(field)).is_some()
    }

    /// Validates an update. Unknown keys are listed separately, because the vendor ignores them.
    pub(crate) fn check(&self, update: &Value) -> SchemaReport {
        let mut report = SchemaReport::default();
        for error in self.validator.iter_errors(update) {
            if let Kind::AdditionalProperties { unexpected } = error.kind() {
                let parent = dotted(error.instance_path().as_str());
                report.unknown_keys.extend(unexpected.iter().map(|name| below(&parent, name)));
            } else {
                let (key, message) = message(&error, &self.schema);
                report.errors.add(key, message);
            }
        }
        report
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
        let report = SchemaRules::new(schema).expect("a schema").check(&update);
        json!([report.errors.body()["errors"], report.unknown_keys])
    }

    #[test]
    fn ranges_are_reported_as_documented() {
        let wanted = json!([{ "speech_speed": ["The speech speed must be between 0.7 and 1.2."] }, []]);
        assert_eq!(errors(json!({ "speech_speed": 1.3 })), wanted);
        assert_eq!(errors(json!({ "speech_speed": 0.69 })), wanted);
    }

    #[test]
    fn types_are_reported_in_the_words_of_the_framework() {
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
    fn items_are_named_by_index_and_unknown_keys_listed_separately() {
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
        for (key, expected) in wanted {
            let messages = keys[key].as_array().expect("messages");
            assert!(
                expected.as_array().expect("messages").iter().all(|one| messages.contains(one)),
                "{key}: {messages:?}"
            );
        }
    }
}
