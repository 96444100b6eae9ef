//! What is wrong with an update, in the order found, in the vendor's own words.

use serde_json::{Map, Value, json};

/// Sentences by dotted key.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Rejections(Vec<(String, Vec<String>)>);

impl Rejections {
    /// Adds a sentence, unless the key has it already.
    pub(crate) fn add(&mut self, key: impl Into<String>, sentence: impl Into<String>) {
        let (key, sentence) = (key.into(), sentence.into());
        match self.0.iter_mut().find(|(known, _)| *known == key) {
            Some((_, sentences)) if sentences.contains(&sentence) => {}
            Some((_, sentences)) => sentences.push(sentence),
            None => self.0.push((key, vec![sentence])),
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The body of a 422.
    pub(crate) fn body(&self) -> Value {
        let errors: Map<_, _> = self.0.iter().map(|(key, sentences)| (key.clone(), json!(sentences))).collect();
        json!({ "message": "Validation failed", "errors": errors })
    }
}
