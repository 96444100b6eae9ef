//! An update as it was sent: which keys, which of them are fields, and each value's own text.

use std::borrow::Cow;

use crate::json::{JsonError, Limits, Nowhere, Sink, Value, read_object_into};

use super::field::Field;
use super::fieldset::FieldSet;

/// A partial update: absent fields stay as they are, `null` clears, a value sets.
#[derive(Debug, Clone)]
pub struct Update<'a> {
    /// The members in the order in which they were sent.
    pub entries: Vec<Entry<'a>>,
    /// Which fields are among them.
    pub fields: FieldSet,
    /// How many bytes the body has.
    pub(crate) len: usize,
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
        // Few members are shorter than this on average, and no update needs more than one entry for each field.
        let entries = Vec::with_capacity((body.len() / 16).min(Field::COUNT));
        let mut reading = Reading { update: Self { entries, fields: FieldSet::EMPTY, len: body.len() }, field: None };
        read_object_into(&mut reading, body, Limits::CALLER)?;
        Ok(reading.update)
    }

    /// The value of a field, if the update has it.
    pub fn get(&self, field: Field) -> Option<Value<'a>> {
        if !self.fields.contains(field) {
            return None;
        }
        self.entries.iter().find(|entry| entry.field == Some(field)).map(|entry| entry.value)
    }

    /// The fields of the update that are in `set`, in the order in which they were sent.
    pub(super) fn fields_in(&self, set: FieldSet) -> impl Iterator<Item = Field> {
        let entries = if self.fields.intersects(set) { self.entries.as_slice() } else { &[] };
        entries.iter().filter_map(|entry| entry.field).filter(move |&field| set.contains(field))
    }
}

/// An update of which the first members have been read.
struct Reading<'a> {
    update: Update<'a>,
    /// The field whose value comes next.
    field: Option<Field>,
}

impl<'a> Sink<'a> for Reading<'a> {
    type Inner = Nowhere;

    /// Of a field the set knows at once; other keys are for the reader to tell apart.
    fn had(&mut self, key: &str) -> Option<bool> {
        self.field = Field::from_name(key);
        let field = self.field?;
        let had = self.update.fields.contains(field);
        self.update.fields.insert(field);
        Some(had)
    }

    fn push(&mut self, key: Cow<'a, str>, value: Value<'a>) {
        self.update.entries.push(Entry { key, field: self.field, value });
    }
}
