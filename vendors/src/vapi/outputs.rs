//! `post_call_schema`: a structured output of the assistant's own, with a JSON Schema.

use std::borrow::Cow;

use crate::dialect::{FieldWriter, NestedHook, Path};
use crate::json::{Kind, Value, push_string};

use super::pair::json;

/// The name of the output that the field is.
const OUTPUT: &str = "post_call_schema";

const OUTPUTS: Path = &["artifactPlan", "structuredOutputs"];
const OUTPUT_AT: Path = &["artifactPlan", "structuredOutputs", OUTPUT];
const SCHEMA_AT: Path = &["artifactPlan", "structuredOutputs", OUTPUT, "schema"];

/// Pairs of the canonical type and the one of JSON Schema.
const TYPES: &[(&str, &str)] = &[("string", "string"), ("number", "number"), ("bool", "boolean")];

/// The field.
pub(super) static SCHEMA: NestedHook = NestedHook {
    paths: &[SCHEMA_AT],
    group: &[],
    write: write_schema,
    read: read_schema,
    doc: "Becomes the JSON Schema of a structured output with the name `post_call_schema`; an empty list removes it. Other \
          outputs stay.",
};

fn write_schema(value: Value<'_>, writer: &mut FieldWriter<'_>) {
    if value.elements().next().is_none() {
        return writer.put(OUTPUT_AT, "null");
    }
    let mut out = br#"{"type":"object","properties":{"#.to_vec();
    for (index, extracted) in value.elements().enumerate() {
        let text = |key: &str| extracted.get(key).and_then(Value::as_str).unwrap_or_default();
        if index > 0 {
            out.push(b',');
        }
        push_string(&mut out, &text("name"));
        out.extend_from_slice(br#":{"type":"#);
        let of = text("type");
        push_string(&mut out, TYPES.iter().find(|(own, _)| *own == of).map_or(&*of, |(_, theirs)| theirs));
        out.extend_from_slice(br#","description":"#);
        out.extend_from_slice(extracted.get("description").map_or("\"\"", Value::text).as_bytes());
        out.push(b'}');
    }
    out.extend_from_slice(b"}}");
    writer.put(SCHEMA_AT, String::from_utf8(out).unwrap_or_default());
}

fn read_schema(document: Value<'_>) -> Option<Cow<'_, str>> {
    let outputs = document.at(OUTPUTS).filter(|outputs| outputs.kind() == Kind::Array)?;
    let own = outputs.elements().find(|output| output.get("name").is_some_and(|name| name.is_str(OUTPUT)));
    let Some(own) = own else { return Some(Cow::Borrowed("[]")) };
    let mut all = Vec::new();
    for (name, property) in own.at(&["schema", "properties"])?.members() {
        let of = property.get("type")?.as_str()?;
        let of = TYPES.iter().find(|(_, theirs)| *theirs == of).map_or(&*of, |(own, _)| own);
        let description = property.get("description").map_or("\"\"", Value::text);
        all.push(format!(r#"{{"name":{},"type":{},"description":{description}}}"#, json(&name), json(of)));
    }
    Some(Cow::Owned(format!("[{}]", all.join(","))))
}
