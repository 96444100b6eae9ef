//! What a creation requires, and what a new assistant has.

use serde_json::{Map, Value};

use crate::{
    contracts::{Contract, create_schema},
    drift::ActiveDrift,
    validation::SchemaRules,
};

use super::initial_state::empty_value;

/// Members of lists that no request sets, and that a new assistant does not have.
const UNSET: [&str; 5] = ["engine_id", "synthesizer_id", "transcriber_id", "flows_platform_id", "inbound_webhook_url"];

/// The documentation of a creation.
#[derive(Debug)]
pub(crate) struct Creation {
    pub(crate) rules: SchemaRules,
    /// A new assistant before the body's values: the documented defaults, otherwise empty values.
    pub(crate) initial: Map<String, Value>,
}

impl Creation {
    /// Reads `create.json`; `initial` is what assistants have where it states no defaults.
    pub(crate) fn new(contract: &Contract, drift: &ActiveDrift, initial: &Map<String, Value>) -> Result<Self, String> {
        let document: Value = serde_json::from_str(contract.create).map_err(|error| error.to_string())?;
        let schema = create_schema(contract.vendor).ok_or("create.json is malformed")?;
        let rules = SchemaRules::new(drift.schema(schema))?;
        let mut state = initial.clone();
        state.insert("status".to_owned(), document.get("status").cloned().unwrap_or_default());
        let defaults = document.get("defaults").and_then(Value::as_object).filter(|defaults| !defaults.is_empty());
        let fields = rules.schema().get("properties").and_then(Value::as_object);
        if let (Some(defaults), Some(fields)) = (defaults, fields) {
            for (field, rule) in fields {
                let value = defaults.get(field).cloned().unwrap_or_else(|| empty_value(rule));
                state.insert(field.clone(), value);
            }
        }
        // "If it is absent, the defaults of the language apply": those of the documented sample.
        state.shift_remove("filler_config");
        state.extend(UNSET.map(|member| (member.to_owned(), Value::Null)));
        Ok(Self { rules, initial: state })
    }
}
