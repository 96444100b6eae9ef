//! The fields of what is extracted after a call: one array holds the account's own entries and the vendor's presets.

use std::borrow::Cow;

use crate::dialect::{FieldWriter, NestedHook, Path, Said};
use crate::json::Value;

const DATA: Path = &["agent", "post_call_analysis_data"];

/// The types of an account's own entries. All others, such as `system-presets`, stay.
pub(super) const TYPES: &[&str] = &["string", "number", "boolean", "enum"];

/// What the field says of an entry; examples and the like stay.
pub(super) const SAYS: &[Said] = &[Said::at(&["name"]), Said::at(&["description"])];

/// The preset that says whether a call was successful.
const PRESET: &str = "call_successful";

/// Where the preset stands in what is written.
pub(super) const PRESET_AT: Path = &["agent", "post_call_analysis_data", "named", PRESET];

pub(super) static SCHEMA: NestedHook = NestedHook {
    paths: &[DATA],
    group: &[],
    write: write_schema,
    read: read_schema,
    doc: "The entries take the place of all own ones, and one of the same name and type keeps its other members; the vendor's \
          presets stay. The type `bool` is sent as `boolean`.",
};

pub(super) static EVALUATION: NestedHook = NestedHook {
    paths: &[DATA],
    group: &[],
    write: write_evaluation,
    read: read_evaluation,
    doc: "`true` adds the preset `call_successful`, `false` removes it; all other entries stay.",
};

fn write_schema(value: Value<'_>, writer: &mut FieldWriter<'_>) {
    let entries: Vec<_> = value.elements().map(|entry| with_type(entry, "bool", "boolean")).collect();
    writer.put(&["agent", "post_call_analysis_data", "own"], ["[", &entries.join(","), "]"].concat());
}

fn write_evaluation(value: Value<'_>, writer: &mut FieldWriter<'_>) {
    let preset = if value.as_bool() == Some(true) { r#"{"type":"system-presets"}"# } else { "null" };
    writer.put(PRESET_AT, preset);
}

/// The three members of an entry, in which one type has another name. An entry that has none of them is as it is.
fn with_type(entry: Value<'_>, from: &str, to: &str) -> String {
    let members: Option<Vec<_>> = ["name", "type", "description"].into_iter().map(|key| entry.get(key)).collect();
    let Some([name, r#type, description]) = members.as_deref() else { return entry.text().to_owned() };
    let kind = if r#type.is_str(from) { format!("\"{to}\"") } else { r#type.text().to_owned() };
    format!(r#"{{"name":{},"type":{kind},"description":{}}}"#, name.text(), description.text())
}

fn read_schema(document: Value<'_>) -> Option<Cow<'_, str>> {
    let data = document.get("agent")?.get("post_call_analysis_data").map(|data| data.get("own").unwrap_or(data));
    let own = data.into_iter().flat_map(Value::elements);
    let own = own.filter(|entry| entry.get("type").is_some_and(|kind| kind.is_one_of(TYPES)));
    // Choices have no canonical form: the entry is told as it is, and its check says what is wrong.
    let entries: Vec<_> = own
        .map(|entry| match entry.get("choices") {
            Some(_) => entry.text().to_owned(),
            None => with_type(entry, "boolean", "bool"),
        })
        .collect();
    Some(Cow::Owned(["[", &entries.join(","), "]"].concat()))
}

fn read_evaluation(document: Value<'_>) -> Option<Cow<'_, str>> {
    let data = document.get("agent")?.get("post_call_analysis_data");
    let is_preset = |entry: Value<'_>| {
        entry.get("type").is_some_and(|kind| !kind.is_one_of(TYPES))
            && entry.get("name").is_some_and(|name| name.is_str(PRESET))
    };
    let has = data.into_iter().flat_map(Value::elements).any(is_preset);
    Some(Cow::Borrowed(if has { "true" } else { "false" }))
}
