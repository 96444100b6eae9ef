//! The body that grows while fields are translated.

use std::borrow::Cow;

use crate::canonical::Field;
use crate::item::{Item, ItemCode, Items, Note};
use crate::json::{Pointer, push_string};

use super::row::Literal;

/// A vendor's JSON object under construction: one buffer, written front to back.
#[derive(Debug)]
pub struct Body {
    bytes: Vec<u8>,
}

impl Body {
    /// An empty object with room for `capacity` bytes.
    pub(super) fn with_capacity(capacity: usize) -> Self {
        let mut bytes = Vec::with_capacity(capacity);
        bytes.push(b'{');
        Self { bytes }
    }

    /// A member whose key needs no escapes; `json` is written verbatim.
    pub fn member(&mut self, key: &'static str, json: &str) {
        self.key(key);
        self.bytes.extend_from_slice(json.as_bytes());
    }

    /// A member whose value is an object with one member; neither key needs escapes.
    pub fn nested_member(&mut self, key: &'static str, inner: &'static str, json: &str) {
        self.key(key);
        self.bytes.extend_from_slice(b"{\"");
        self.bytes.extend_from_slice(inner.as_bytes());
        self.bytes.extend_from_slice(b"\":");
        self.bytes.extend_from_slice(json.as_bytes());
        self.bytes.push(b'}');
    }

    /// A member under its canonical name.
    pub(super) fn own_member(&mut self, field: Field, json: &str) {
        self.separate();
        self.bytes.extend_from_slice(field.spec().json.as_bytes());
        self.bytes.push(b':');
        self.bytes.extend_from_slice(json.as_bytes());
    }

    /// A member whose key and value need no escapes.
    pub(super) fn literal_member(&mut self, key: &'static str, literal: Literal) {
        self.key(key);
        match literal {
            Literal::Text(text) => {
                self.bytes.push(b'"');
                self.bytes.extend_from_slice(text.as_bytes());
                self.bytes.push(b'"');
            }
            Literal::Bool(bool) => self.bytes.extend_from_slice(if bool { b"true" } else { b"false" }),
        }
    }

    /// A member with a key of the caller's.
    pub(super) fn foreign_member(&mut self, key: &str, json: &str) {
        self.separate();
        push_string(&mut self.bytes, key);
        self.bytes.push(b':');
        self.bytes.extend_from_slice(json.as_bytes());
    }

    /// A member with a string value that is not JSON text yet.
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
        self.bytes.push(b'}');
        self.bytes
    }
}

/// What a rule or hook may touch while it writes one field.
#[derive(Debug)]
pub struct Cell<'a> {
    /// The field at hand.
    pub field: Field,
    /// Where it is written.
    pub body: &'a mut Body,
    pub(super) items: &'a mut Items,
    pub(super) warnings: &'a mut Vec<Note>,
}

impl Cell<'_> {
    /// Refuses the update because of the value at `path` inside this field.
    pub fn refuse(&mut self, path: &[&str], code: ItemCode, detail: impl Into<String>) {
        let item = Item::new(&Pointer::Root.key(self.field.name()), self.field, code, detail);
        let pointer = path.iter().fold(item.pointer, |pointer, step| format!("{pointer}/{step}"));
        self.items.push(Item { pointer, ..item });
    }

    /// Tells the caller something about this field.
    pub fn warn(&mut self, code: &'static str, detail: impl Into<Cow<'static, str>>) {
        self.warnings.push(Note { field: self.field.name().into(), code, detail: detail.into() });
    }
}
