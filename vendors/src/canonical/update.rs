//! An update as it was sent: which keys, which of them are fields, and each value's own text.

use std::borrow::Cow;

use crate::json::{JsonError, Limits, Value, read_object};

use super::field::Field;
use super::fieldset::FieldSet;

/// A partial update: absent fields stay as they are, `null` clears, a value sets.
#[derive(Debug, Clone)]
pub struct Update<'a> {
    /// The members in the order in which they were sent.
    pub entries: Vec<Entry<'a>>,
    /// Which fields are among them.
    pub fields: FieldSet,
}

/// One member of an update.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// The key, decoded.
    pub key: Cow<'a, str>,
    /// The canonical field of that name, if there is one.
    pub field: Option<Field>,
    /// The value as it stands in the body.
    pub value: Value<'a>,
}

impl<'a> Update<'a> {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// The body is not one strict JSON object.
    pub fn read(body: &'a [u8]) -> Result<Self, JsonError> {
        let entries: Vec<_> = read_object(body, Limits::CALLER)?
            .into_iter()
            .map(|(key, value)| Entry { field: Field::from_name(&key), key, value })
            .collect();
        let fields = entries.iter().filter_map(|entry| entry.field).collect();
        Ok(Self { entries, fields })
    }

    /// The value of a field, if the update has it.
    pub fn get(&self, field: Field) -> Option<Value<'a>> {
        if !self.fields.contains(field) {
            return None;
        }
        self.entries.iter().find(|entry| entry.field == Some(field)).map(|entry| entry.value)
    }
}
