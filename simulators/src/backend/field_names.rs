//! The two generations of documented field names.
//!
//! Responses and lists use the current names in both generations, so legacy names are translated here.

use serde_json::{Map, Value, json};

/// The legacy names that differ, with the current ones.
pub(crate) const LEGACY_NAMES: [(&str, &str); 10] = [
    ("assistant_name", "name"),
    ("calls_direction", "type"),
    ("engine_type", "mode"),
    ("filler_audios", "fillers"),
    ("record_call", "record"),
    ("noise_cancellation", "enable_noise_cancellation"),
    ("max_call_duration", "max_duration"),
    ("re_engagement_interval", "reengagement_interval"),
    ("who_speaks_first", "wait_for_customer"),
    ("language", "language_id"),
];

/// The generation of names that a vendor's updates use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldNames {
    /// `name`, `mode`, `language_id`.
    Current,
    /// `assistant_name`, `engine_type`, `language`.
    Legacy,
}

impl FieldNames {
    /// The generation that this schema uses.
    pub(crate) fn of(schema: &Value) -> Self {
        if schema.pointer("/properties/assistant_name").is_some() { Self::Legacy } else { Self::Current }
    }

    /// The name of this generation for a current name.
    pub(crate) fn name_of(self, current: &'static str) -> &'static str {
        match self {
            Self::Current => current,
            Self::Legacy => LEGACY_NAMES.iter().find(|(_, name)| *name == current).map_or(current, |(name, _)| name),
        }
    }

    /// The value of `type` for an inbound or an outbound assistant.
    pub(crate) const fn type_value(self, inbound: bool) -> &'static str {
        match (self, inbound) {
            (Self::Current, true) => "inbound",
            (Self::Current, false) => "outbound",
            (Self::Legacy, true) => "receive",
            (Self::Legacy, false) => "make",
        }
    }

    /// A field of an assistant under its current name and with its current value.
    ///
    /// Names of languages and models stay names; only a catalog has their ids.
    pub(crate) fn current(self, state: &Map<String, Value>, field: &'static str) -> Value {
        let value = state.get(self.name_of(field)).cloned().unwrap_or_default();
        match (self, field, value.as_str()) {
            (Self::Legacy, "type", Some("receive")) => json!("inbound"),
            (Self::Legacy, "type", Some("make")) => json!("outbound"),
            (Self::Legacy, "wait_for_customer", Some(first)) => json!(first == "Customer"),
            _ => value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legacy_values_are_read_under_current_names() {
        let state = json!({ "calls_direction": "receive", "engine_type": "pipeline", "who_speaks_first": "Customer" });
        let state = state.as_object().expect("an object");
        let read = ["type", "mode", "wait_for_customer", "name"].map(|field| FieldNames::Legacy.current(state, field));
        assert_eq!(read, [json!("inbound"), json!("pipeline"), json!(true), Value::Null]);
    }
}
