//! The canonical schema of updates as generators of clients can use it.

use serde_json::{Map, Value, json};
use vendors::document::canonical_schema;

use super::schemas::{named, reference};

/// Adds the canonical schema as `Update`, with each tool as a schema of its own, which generated clients tell apart by
/// `type`.
///
/// Rules across members stay out of it, as no generator of clients or of test cases copes with them. `/v1/schema` has them,
/// and the gateway refuses what breaks them.
pub(super) fn add_update(schemas: &mut Map<String, Value>) {
    let mut update = canonical_schema();
    if let Some(update) = update.as_object_mut() {
        for key in ["$schema", "$id", "title", "allOf"] {
            update.remove(key);
        }
    }
    let (mut references, mut mapping) = (Vec::new(), Map::new());
    if let Some(Value::Array(tools)) = update.pointer_mut("/properties/tools/items/oneOf").map(Value::take) {
        for mut tool in tools {
            let tag = tool["title"].as_str().unwrap_or_default().to_owned();
            let name = format!("{}Tool", upper_camel(&tag));
            if let Some(tool) = tool.as_object_mut() {
                tool.remove("title");
                tool.remove("allOf");
            }
            references.push(named(&name));
            mapping.insert(tag, json!(reference(&name)));
            schemas.insert(name, tool);
        }
    }
    schemas.insert(
        "Tool".into(),
        json!({ "oneOf": references, "discriminator": { "propertyName": "type", "mapping": mapping } }),
    );
    update["properties"]["tools"]["items"] = named("Tool");
    if let Some(properties) = update["properties"].as_object_mut() {
        properties.iter_mut().for_each(|(name, property)| allow_any_id(name, property));
    }
    schemas.insert("Update".into(), update);
}

/// Makes the schema of a field that holds ids accept those of every vendor.
fn allow_any_id(name: &str, property: &mut Value) {
    let description = property["description"].take();
    let nullable = property["type"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "null"));
    let id = match nullable {
        true => json!({ "oneOf": [named("Id"), { "type": "null" }] }),
        false => named("Id"),
    };
    if name.ends_with("_ids") {
        property["items"] = named("Id");
    } else if name.ends_with("_id") {
        *property = id;
    }
    property["description"] = description;
}

/// `end_call` as `EndCall`.
fn upper_camel(name: &str) -> String {
    let words = name.split('_').filter_map(|word| word.split_at_checked(1));
    words.flat_map(|(first, rest)| [first.to_ascii_uppercase(), rest.to_owned()]).collect()
}
