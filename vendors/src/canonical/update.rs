//! A canonical update as it was sent: its keys, its fields, and the text of each value.

use std::borrow::Cow;

use crate::json::{Discard, JsonError, Limits, Sink, Value, read_object_into};

use super::field::Field;
use super::field_set::FieldSet;

/// Length of a short member, in bytes, to estimate the number of members.
const MIN_MEMBER_BYTES: usize = 16;

/// A partial update: an absent field stays unchanged, `null` clears it, a value sets it.
#[derive(Debug, Clone)]
pub struct Update<'a> {
    /// The members, in the order in which they were sent.
    pub entries: Vec<Entry<'a>>,
    /// The fields among them.
    pub fields: FieldSet,
    /// The length of the body, in bytes.
    pub(crate) len: usize,
}

/// One member of an update.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// The key, decoded.
    pub key: Cow<'a, str>,
    /// The canonical field of that name, if there is one.
    pub field: Option<Field>,
    /// The value, as text of the body.
    pub value: Value<'a>,
}

impl<'a> Update<'a> {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// The body is not a strict JSON object.
    pub fn read(body: &'a [u8]) -> Result<Self, JsonError> {
        // An average member is longer than that, and a valid update has at most one entry for each field.
        let entries = Vec::with_capacity((body.len() / MIN_MEMBER_BYTES).min(Field::COUNT));
        let mut reader =
            UpdateReader { update: Self { entries, fields: FieldSet::EMPTY, len: body.len() }, field: None };
        read_object_into(&mut reader, body, Limits::CALLER)?;
        Ok(reader.update)
    }

    /// The same update without fields that are `null`, except those in `nullable`.
    pub(crate) fn without_nulls(&self, nullable: &[Field]) -> Self {
        let is_kept =
            |entry: &Entry<'_>| !entry.value.is_null() || entry.field.is_none_or(|field| nullable.contains(&field));
        let entries: Vec<_> = self.entries.iter().filter(|entry| is_kept(entry)).cloned().collect();
        let fields = entries.iter().filter_map(|entry| entry.field).collect();
        Self { entries, fields, len: self.len }
    }

    /// The value of a field, if the update contains it.
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

/// Collects the members of an update while the reader reads them.
struct UpdateReader<'a> {
    update: Update<'a>,
    /// The field of the current key.
    field: Option<Field>,
}

impl<'a> Sink<'a> for UpdateReader<'a> {
    type Inner = Discard;

    /// The set of fields answers for fields; the reader checks other keys.
    fn is_duplicate(&mut self, key: &str) -> Option<bool> {
        self.field = Field::from_name(key);
        let field = self.field?;
        let is_duplicate = self.update.fields.contains(field);
        self.update.fields.insert(field);
        Some(is_duplicate)
    }

    fn push(&mut self, key: Cow<'a, str>, value: Value<'a>) {
        self.update.entries.push(Entry { key, field: self.field, value });
    }
}
