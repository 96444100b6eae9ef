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
    text: &'a str,
}

impl<'a> Entry<'a> {
    /// Key and value as they stand in the body, if nothing stands there but them, their quotes and the colon.
    pub(crate) fn verbatim(&self) -> Option<&'a str> {
        // A key with escapes is longer in the body than it is.
        (self.text.len() == self.key.len() + self.value.text().len() + r#""":"#.len()).then_some(self.text)
    }
}

impl<'a> Update<'a> {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// The body is not one strict JSON object.
    pub fn read(body: &'a [u8]) -> Result<Self, JsonError> {
        // Few members are shorter than this on average, and no update needs more than one entry for each field.
        let entries = Vec::with_capacity((body.len() / 16).min(Field::COUNT));
        let mut reading = Reading { update: Self { entries, fields: FieldSet::EMPTY }, field: None };
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

    fn push(&mut self, key: Cow<'a, str>, value: Value<'a>, text: &'a str) {
        self.update.entries.push(Entry { key, field: self.field, value, text });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_verbatim_where_nothing_stands_in_it_but_key_and_value() {
        for digits in 1..30 {
            let value = "7".repeat(digits);
            for spaces in 0..60 {
                let body = format!("{{ \"name\"{}:{value} }}", " ".repeat(spaces));
                let update = Update::read(body.as_bytes()).unwrap();
                let member = format!("\"name\":{value}");
                assert_eq!(update.entries[0].verbatim(), (spaces == 0).then_some(&*member), "{body}");
            }
        }
        let escaped = Update::read(br#"{"n\u0061me":7}"#).unwrap();
        assert_eq!((escaped.entries[0].field, escaped.entries[0].verbatim()), (Some(Field::Name), None));
    }
}
