//! The body of a vendor's request, written while fields are translated.

use crate::canonical::Field;
use crate::dialect::Literal;
use crate::json::push_string;

use super::leaves::Leaves;

/// A JSON object under construction. For a flat dialect it is one buffer, written from front to back; for a nested one it is
/// collected as leaves.
#[derive(Debug)]
pub struct Body {
    bytes: Vec<u8>,
    pub(super) leaves: Leaves,
}

impl Body {
    /// An empty object with room for `capacity` bytes.
    pub(super) fn with_capacity(capacity: usize) -> Self {
        let mut bytes = Vec::with_capacity(capacity + Field::COPIED_NAME);
        bytes.push(b'{');
        Self { bytes, leaves: Leaves::default() }
    }

    /// Adds a member. The key needs no escapes; `json` is written verbatim.
    pub fn member(&mut self, key: &'static str, json: &str) {
        self.key(key);
        self.bytes.extend_from_slice(json.as_bytes());
    }

    /// Adds a member whose value is an object with one member. Neither key needs escapes.
    pub fn nested_member(&mut self, key: &'static str, inner: &'static str, json: &str) {
        self.key(key);
        self.bytes.extend_from_slice(b"{\"");
        self.bytes.extend_from_slice(inner.as_bytes());
        self.bytes.extend_from_slice(b"\":");
        self.bytes.extend_from_slice(json.as_bytes());
        self.bytes.push(b'}');
    }

    /// Adds a member under its canonical name.
    pub(super) fn canonical_member(&mut self, field: Field, json: &str) {
        self.separate();
        field.push_json(&mut self.bytes);
        self.bytes.push(b':');
        self.bytes.extend_from_slice(json.as_bytes());
    }

    /// Adds a member whose key and value need no escapes.
    pub(super) fn literal_member(&mut self, key: &'static str, literal: Literal) {
        self.key(key);
        match literal {
            Literal::Text(text) => {
                self.bytes.push(b'"');
                self.bytes.extend_from_slice(text.as_bytes());
                self.bytes.push(b'"');
            }
            Literal::Bool(bool) => self.bytes.extend_from_slice(if bool { b"true" } else { b"false" }),
            Literal::Json(json) => self.bytes.extend_from_slice(json.as_bytes()),
        }
    }

    /// Adds a member with a key that the caller sent, escaped as necessary.
    pub(super) fn foreign_member(&mut self, key: &str, json: &str) {
        self.separate();
        push_string(&mut self.bytes, key);
        self.bytes.push(b':');
        self.bytes.extend_from_slice(json.as_bytes());
    }

    /// Adds a member whose value is the string `text`, escaped as necessary.
    pub(super) fn string_member(&mut self, key: &'static str, text: &str) {
        self.key(key);
        push_string(&mut self.bytes, text);
    }

    fn key(&mut self, key: &'static str) {
        self.separate();
        self.bytes.push(b'"');
        self.bytes.extend_from_slice(key.as_bytes());
        self.bytes.extend_from_slice(b"\":");
    }

    fn separate(&mut self) {
        if self.bytes.len() > 1 {
            self.bytes.push(b',');
        }
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        if !self.leaves.is_empty() {
            return self.leaves.document();
        }
        self.bytes.push(b'}');
        self.bytes
    }
}
