//! A translated request as JSON text and back, so that what was translated once can be sent later as it is.
//!
//! Members that this version does not know are ignored, and a code of a note that it does not know stays a text: another
//! version may have written them. A field or a method that it does not know makes the request unreadable, because it could
//! not be sent as it was meant.

use std::borrow::Cow;

use crate::canonical::Field;
use crate::dialect::{Request, SentFields};
use crate::item::{Note, Report};
use crate::json::{Kind, Limits, Value, push_string, read_value};
use crate::registry;

/// Room for names, punctuation and a short report.
const EXTRA_BYTES: usize = 512;

impl Request {
    /// The request as one JSON object. Its body stands in it as a string, so that every byte of it comes back.
    pub fn to_stored(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.body.len() + self.body.len() / 4 + EXTRA_BYTES);
        out.extend_from_slice(b"{\"method\":");
        push_string(&mut out, self.method);
        out.extend_from_slice(if self.repeatable { b",\"repeatable\":true" } else { b",\"repeatable\":false" });
        out.extend_from_slice(b",\"path\":");
        push_string(&mut out, &self.path);
        push_list(&mut out, "applied", &self.report.applied, |out, field| push_string(out, field.name()));
        push_list(&mut out, "dropped", &self.report.dropped, |out, note| note.push_json(out));
        push_list(&mut out, "warnings", &self.report.warnings, |out, note| note.push_json(out));
        let sent: Vec<_> = Field::ALL.into_iter().filter(|&field| self.sent.fields.contains(field)).collect();
        push_list(&mut out, "sent", &sent, |out, field| push_string(out, field.name()));
        push_list(&mut out, "options", &self.sent.options, |out, key| push_string(out, key));
        out.extend_from_slice(b",\"body\":");
        // A body is written as text, so nothing is lost.
        push_string(&mut out, &String::from_utf8_lossy(&self.body));
        out.push(b'}');
        out
    }

    /// The request that [`to_stored`](Self::to_stored) wrote; `None` if the text is damaged, or means something that this
    /// version does not know.
    pub fn from_stored(stored: &[u8]) -> Option<Self> {
        let stored = read_value(stored, Limits::VENDOR).ok()?;
        let list = |key| stored.get(key).filter(|list| list.kind() == Kind::Array).map(Value::elements);
        Some(Self {
            method: method(&text(stored, "method")?)?,
            repeatable: stored.get("repeatable")?.as_bool()?,
            path: text(stored, "path")?.into_owned(),
            body: text(stored, "body")?.into_owned().into_bytes(),
            report: Report {
                applied: list("applied")?.map(field).collect::<Option<_>>()?,
                dropped: list("dropped")?.map(note).collect::<Option<_>>()?,
                warnings: list("warnings")?.map(note).collect::<Option<_>>()?,
                changed: Vec::new(), // is known only after it was sent
            },
            sent: SentFields {
                fields: list("sent")?.map(field).collect::<Option<_>>()?,
                options: list("options")?.map(|key| key.as_str().map(Cow::into_owned)).collect::<Option<_>>()?,
            },
        })
    }
}

fn push_list<T>(out: &mut Vec<u8>, key: &str, list: &[T], push: impl Fn(&mut Vec<u8>, &T)) {
    out.push(b',');
    push_string(out, key);
    out.extend_from_slice(b":[");
    for (index, one) in list.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push(out, one);
    }
    out.push(b']');
}

fn text<'a>(object: Value<'a>, key: &str) -> Option<Cow<'a, str>> {
    object.get(key)?.as_str()
}

fn field(name: Value<'_>) -> Option<Field> {
    Field::from_name(&name.as_str()?)
}

fn note(note: Value<'_>) -> Option<Note> {
    let owned = |key| text(note, key).map(Cow::into_owned);
    Some(Note::new(owned("field")?, owned("code")?, owned("detail")?))
}

/// The method of this name, if a dialect changes assistants with it.
fn method(name: &str) -> Option<&'static str> {
    let calls = registry::DIALECTS.iter().flat_map(|dialect| {
        let operations = &dialect.operations;
        [Some(operations.update), operations.create.map(|creation| creation.call), operations.delete]
    });
    calls.flatten().map(|call| call.method).find(|method| *method == name)
}
