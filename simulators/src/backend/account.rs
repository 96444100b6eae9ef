//! The assistants of the sample account, and how updates change them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::validation::SchemaRules;

use super::{catalogs::Catalogs, field_names::FieldNames};

/// The assistant that lists show even if it was never updated: the one in the documented examples.
const SAMPLE: u64 = 789;

/// The fields that a change of mode resets, as documented: models and providers.
const MODE_DEPENDENT: [&str; 4] =
    ["llm_model_id", "multimodal_model_id", "synthesizer_provider_id", "transcriber_provider_id"];

/// Assistants 1 to 999, of which only the updated ones are stored.
#[derive(Debug)]
pub(crate) struct Account {
    names: FieldNames,
    initial: Map<String, Value>,
    updated: BTreeMap<u64, Map<String, Value>>,
}

impl Account {
    pub(crate) const fn new(names: FieldNames, initial: Map<String, Value>) -> Self {
        Self { names, initial, updated: BTreeMap::new() }
    }

    /// The assistant's current state, or `None` if the account does not have it.
    pub(crate) fn assistant(&self, id: u64) -> Option<Map<String, Value>> {
        if !(1..=999).contains(&id) {
            return None;
        }
        Some(self.updated.get(&id).cloned().unwrap_or_else(|| self.fresh(id)))
    }

    fn fresh(&self, id: u64) -> Map<String, Value> {
        let mut state = Map::new();
        state.insert("id".to_owned(), json!(id));
        state.extend(self.initial.clone());
        state.insert(self.names.name_of("name").to_owned(), json!(format!("Assistant {id}")));
        state
    }

    /// Stores the assistant's new state.
    pub(crate) fn store(&mut self, id: u64, state: Map<String, Value>) {
        self.updated.insert(id, state);
    }

    /// Returns every assistant to its initial state.
    pub(crate) fn reset(&mut self) {
        self.updated.clear();
    }

    /// The updated assistants and the sample one, by id.
    pub(crate) fn listed(&self) -> Vec<Map<String, Value>> {
        let mut listed = self.updated.clone();
        listed.entry(SAMPLE).or_insert_with(|| self.fresh(SAMPLE));
        listed.into_values().collect()
    }
}

/// The assistant after a partial update: absent fields unchanged, `null` cleared, unknown keys ignored.
///
/// A change of mode first resets the mode's fields; values that the same update sets are kept.
pub(crate) fn merged(
    mut state: Map<String, Value>,
    update: &Map<String, Value>,
    rules: &SchemaRules,
    catalogs: &Catalogs,
) -> Map<String, Value> {
    if let Some(mode) = update.get("mode").filter(|mode| state.get("mode") != Some(mode)) {
        let pipeline = mode == "pipeline";
        for field in MODE_DEPENDENT.into_iter().filter(|field| rules.knows(field)) {
            let default = match field {
                "llm_model_id" if pipeline => catalogs.first("models", "id"),
                "multimodal_model_id" if !pipeline => catalogs.first("multimodal_models", "id"),
                _ => Value::Null,
            };
            state.insert(field.to_owned(), default);
        }
    }
    for (field, value) in update.iter().filter(|(field, _)| rules.knows(field)) {
        state.insert(field.clone(), value.clone());
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_mode_resets_its_fields_and_keeps_what_the_update_sets() {
        let schema = json!({ "properties": { "mode": {}, "llm_model_id": {}, "multimodal_model_id": {}, "name": {} } });
        let rules = SchemaRules::new(schema).expect("a schema");
        let catalogs =
            Catalogs::new(json!({ "models": [{ "id": 1 }], "multimodal_models": [{ "id": 4 }, { "id": 5 }] }));
        let step = |state: Value, update: Value| {
            let (Value::Object(state), Value::Object(update)) = (state, update) else { unreachable!() };
            Value::Object(merged(state, &update, &rules, &catalogs))
        };
        let first = json!({ "name": "a", "mode": "pipeline", "llm_model_id": 3, "multimodal_model_id": null });
        let same = step(first.clone(), json!({ "mode": "pipeline", "other": 1 }));
        assert_eq!(same, first);
        let reset = step(first.clone(), json!({ "mode": "dualplex" }));
        assert_eq!(reset, json!({ "name": "a", "mode": "dualplex", "llm_model_id": null, "multimodal_model_id": 4 }));
        let set = step(first, json!({ "multimodal_model_id": 5, "mode": "multimodal" }));
        assert_eq!(set["multimodal_model_id"], json!(5));
        let back = step(set, json!({ "mode": "pipeline" }));
        assert_eq!(back["llm_model_id"], json!(1));
    }
}
