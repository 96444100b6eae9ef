//! Builds the schema of a creation from that of the update.
//!
//! The fields, ranges, lengths and choices are the same. A creation requires some fields, and documents `null` for fewer.

use serde_json::{Map, Value, json};

/// The schema of a creation; `None` if one of the two documents is malformed.
pub(super) fn schema(mut update: Value, create: &Value) -> Option<Value> {
    let nullable = create.get("null_documented")?.as_array()?;
    let fields = update.get_mut("properties")?.as_object_mut()?;
    for (field, rule) in fields.iter_mut() {
        if !nullable.iter().any(|name| name == field) {
            without_null(rule);
        }
    }
    fields.extend(create.get("properties")?.as_object()?.clone());
    let conditions: Vec<_> = create.get("conditional")?.as_array()?.iter().map(condition).collect::<Option<_>>()?;
    let body = update.as_object_mut()?;
    body.insert("title".to_owned(), json!("create assistant"));
    body.insert("description".to_owned(), json!("Body of POST /user/assistant."));
    body.insert("required".to_owned(), create.get("required")?.clone());
    body.insert("allOf".to_owned(), conditions.into());
    Some(update)
}

/// Removes `null` from the types and choices of a field.
fn without_null(rule: &mut Value) {
    if let Some(types) = rule.get_mut("type").and_then(Value::as_array_mut) {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            rule["type"] = only;
        }
    }
    if let Some(choices) = rule.get_mut("enum").and_then(Value::as_array_mut) {
        choices.retain(|choice| !choice.is_null());
    }
}

/// "If these fields have one of these values, those fields are required."
fn condition(condition: &Value) -> Option<Value> {
    let when = condition.get("when")?.as_object()?;
    let values: Map<_, _> = when.iter().map(|(field, values)| (field.clone(), json!({ "enum": values }))).collect();
    let present: Vec<_> = when.keys().collect();
    Some(json!({
        "if": { "properties": values, "required": present },
        "then": { "required": condition.get("required")? },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_creation_requires_fields_and_knows_null_where_it_is_documented() {
        let update = json!({ "properties": {
            "a": { "type": ["integer", "null"] }, "b": { "type": ["string", "null"], "enum": ["x", null] }, "c": { "type": "string" },
        } });
        let create = json!({
            "required": ["c"], "null_documented": ["a"], "properties": { "d": {} },
            "conditional": [{ "when": { "c": ["x"] }, "required": ["d"] }],
        });
        let schema = schema(update, &create).expect("a schema");
        assert_eq!(schema["properties"]["a"]["type"], json!(["integer", "null"]));
        assert_eq!(schema["properties"]["b"], json!({ "type": "string", "enum": ["x"] }));
        assert_eq!((&schema["required"], &schema["properties"]["d"]), (&json!(["c"]), &json!({})));
        assert_eq!(schema["allOf"][0]["if"]["properties"]["c"], json!({ "enum": ["x"] }));
        assert_eq!(schema["allOf"][0]["then"]["required"], json!(["d"]));
    }
}
