//! Turns JSON Schema errors into the messages of the vendor's framework, as the documentation shows them.

use jsonschema::{ValidationError, error::ValidationErrorKind as Kind};
use serde_json::Value;

/// The dotted form of a JSON pointer: `/tools/0/type` becomes `tools.0.type`.
pub(crate) fn dotted(pointer: &str) -> String {
    let parts = pointer.split('/').skip(1);
    parts.map(|part| part.replace("~1", "/").replace("~0", "~")).collect::<Vec<_>>().join(".")
}

/// `key` with `name` below it.
pub(crate) fn below(key: &str, name: &str) -> String {
    if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") }
}

/// The key and the message of one error; `schema` is the whole schema that was validated against.
pub(crate) fn message(error: &ValidationError<'_>, schema: &Value) -> (String, String) {
    let mut key = dotted(error.instance_path().as_str());
    if let Kind::Required { property } = error.kind() {
        key = below(&key, property.as_str().unwrap_or_default());
    }
    let attribute = key.replace('_', " ");
    let message = match error.kind() {
        Kind::Required { .. } => format!("The {attribute} field is required."),
        Kind::Type { .. } => type_message(&attribute, rule(error, schema)),
        Kind::Minimum { .. } | Kind::Maximum { .. } => range_message(&attribute, rule(error, schema)),
        Kind::MinLength { limit } => {
            format!("The {attribute} must be at least {limit} characters.")
        }
        Kind::MaxLength { limit } => {
            format!("The {attribute} must not be greater than {limit} characters.")
        }
        Kind::Enum { .. } | Kind::Constant { .. } => {
            format!("The selected {attribute} is invalid.")
        }
        Kind::Pattern { .. } => format!("The {attribute} format is invalid."),
        _ => format!("The {attribute} is invalid."),
    };
    (key, message)
}

/// The part of the schema that has the violated keyword.
fn rule<'s>(error: &ValidationError<'_>, schema: &'s Value) -> Option<&'s Value> {
    let (parent, _) = error.schema_path().as_str().rsplit_once('/')?;
    schema.pointer(parent)
}

fn range_message(attribute: &str, rule: Option<&Value>) -> String {
    let bound = |name| rule.and_then(|rule| rule.get(name));
    match (bound("minimum"), bound("maximum")) {
        (Some(least), Some(most)) => format!("The {attribute} must be between {least} and {most}."),
        (Some(least), None) => format!("The {attribute} must be at least {least}."),
        (None, Some(most)) => format!("The {attribute} must not be greater than {most}."),
        (None, None) => format!("The {attribute} is invalid."),
    }
}

fn type_message(attribute: &str, rule: Option<&Value>) -> String {
    let wanted = match rule.and_then(|rule| rule.get("type")) {
        Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).find(|name| *name != "null"),
        single => single.and_then(Value::as_str),
    };
    match wanted {
        Some("boolean") => format!("The {attribute} field must be true or false."),
        Some("integer") => format!("The {attribute} must be an integer."),
        Some("number") => format!("The {attribute} must be a number."),
        Some("array" | "object") => format!("The {attribute} must be an array."),
        _ => format!("The {attribute} must be a string."),
    }
}
