//! The validation errors of one update, in the order found, with the vendor's messages.

use serde_json::{Map, Value, json};

/// Messages by dotted key.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct ValidationErrors(Vec<(String, Vec<String>)>);

impl ValidationErrors {
    /// Adds a message, unless the key already has it.
    pub(crate) fn add(&mut self, key: impl Into<String>, message: impl Into<String>) {
        let (key, message) = (key.into(), message.into());
        match self.0.iter_mut().find(|(known, _)| *known == key) {
            Some((_, messages)) if messages.contains(&message) => {}
            Some((_, messages)) => messages.push(message),
            None => self.0.push((key, vec![message])),
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The body of a 422.
    pub(crate) fn body(&self) -> Value {
        let errors: Map<_, _> = self.0.iter().map(|(key, messages)| (key.clone(), json!(messages))).collect();
        json!({ "message": "Validation failed", "errors": errors })
    }
}
