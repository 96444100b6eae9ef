//! One assistant as lists show it: with the current names and the loose types that are documented.

use serde_json::{Map, Value, json};

use super::{
    catalogs::Catalogs,
    field_names::{FieldNames, LEGACY_NAMES},
};

/// Numbers that are listed as text with two decimals.
const AS_TEXT: [&str; 5] =
    ["llm_temperature", "voice_stability", "voice_similarity", "speech_speed", "ambient_sound_volume"];
/// Booleans that are listed as 0 or 1.
const AS_BIT: [&str; 2] = ["fillers", "end_call_on_voicemail"];

/// The members of an assistant in this state, in no particular order.
pub(crate) fn list_item(names: FieldNames, catalogs: &Catalogs, state: Map<String, Value>) -> Map<String, Value> {
    let mut item = match names {
        FieldNames::Current => state,
        FieldNames::Legacy => legacy_fields(catalogs, &state),
    };
    for (field, value) in &mut item {
        loosen(field, value);
    }
    item
}

fn legacy_fields(catalogs: &Catalogs, state: &Map<String, Value>) -> Map<String, Value> {
    let mut fields = state.clone();
    for (legacy, current) in LEGACY_NAMES {
        fields.remove(legacy);
        fields.insert(current.to_owned(), FieldNames::Legacy.current(state, current));
    }
    let of_state = |name: &str| state.get(name).cloned().unwrap_or_default();
    fields.insert("language_id".to_owned(), catalogs.id_of("languages", &of_state("language")));
    fields.remove("llm_model");
    fields.insert("llm_model_id".to_owned(), catalogs.id_of("models", &of_state("llm_model")));
    if fields.remove("use_min_interrupt_words") == Some(Value::Bool(false)) {
        fields.insert("min_interrupt_words".to_owned(), Value::Null);
    }
    let end_call = fields.remove("end_call_tool").and_then(|tool| tool.get("description").cloned());
    let tools = end_call.map_or(json!([]), |description| json!([{ "type": "end_call", "description": description }]));
    fields.insert("tools".to_owned(), tools);
    fields
}

fn loosen(field: &str, value: &mut Value) {
    if AS_TEXT.contains(&field)
        && let Some(number) = value.as_f64()
    {
        *value = json!(format!("{number:.2}"));
    } else if AS_BIT.contains(&field)
        && let Some(on) = value.as_bool()
    {
        *value = json!(u8::from(on));
    } else if field == "variables" && value.as_object().is_some_and(Map::is_empty) {
        // An empty map is an empty array in the vendor's language.
        *value = json!([]);
    } else if field == "tools"
        && let Some(tools) = value.as_array_mut()
    {
        tools.iter_mut().for_each(wrap);
    }
}

/// Turns a tool's `outbound_phone_id` into text, and `{type, …}` into `{type, data: {…}}`.
fn wrap(tool: &mut Value) {
    if let Value::Object(members) = tool {
        let mut data = std::mem::take(members);
        let kind = data.shift_remove("type").unwrap_or_default();
        if let Some(number) = data.get_mut("outbound_phone_id").filter(|id| id.is_number()) {
            *number = json!(number.to_string());
        }
        *tool = json!({ "type": kind, "data": data });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_as_loose_as_documented() {
        let state = json!({
            "id": 7, "status": "active", "name": "a", "type": "inbound", "mode": "pipeline", "language_id": 1,
            "speech_speed": 0.7, "fillers": true, "record": true, "tools": [{ "type": "end_call", "description": "d" }],
        });
        let Value::Object(state) = state else { unreachable!() };
        let item = Value::Object(list_item(FieldNames::Current, &Catalogs::new(json!({})), state));
        let wanted = json!({
            "id": 7, "status": "active", "name": "a", "type": "inbound", "mode": "pipeline", "language_id": 1,
            "speech_speed": "0.70", "fillers": 1, "record": true, "tools": [{ "type": "end_call", "data": { "description": "d" } }],
        });
        assert_eq!(item, wanted);
    }

    #[test]
    fn legacy_state_is_listed_under_current_names() {
        let catalogs = Catalogs::new(
            json!({ "languages": [{ "id": 5, "name": "German" }], "models": [{ "id": 2, "name": "M" }] }),
        );
        let state = json!({
            "id": 7, "assistant_name": "a", "calls_direction": "receive", "engine_type": "pipeline", "language": "German",
            "llm_model": "M", "use_min_interrupt_words": false, "min_interrupt_words": 3, "end_call_tool": { "description": "d" },
        });
        let Value::Object(state) = state else { unreachable!() };
        let item = Value::Object(list_item(FieldNames::Legacy, &catalogs, state));
        for (member, value) in [
            ("name", json!("a")),
            ("type", json!("inbound")),
            ("mode", json!("pipeline")),
            ("language", Value::Null),
            ("language_id", json!(5)),
            ("llm_model_id", json!(2)),
            ("min_interrupt_words", Value::Null),
            ("tools", json!([{ "type": "end_call", "data": { "description": "d" } }])),
        ] {
            assert_eq!(item[member], value, "{member}");
        }
        assert!(item.get("assistant_name").is_none() && item.get("end_call_tool").is_none());
    }
}
