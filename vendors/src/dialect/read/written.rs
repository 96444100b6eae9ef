//! A vendor's request read backwards: the canonical update that it came from, or one that says the same.
//!
//! Values are read in the form in which updates write them, and in that in which the vendor tells them where the other is
//! refused, so that a body copied from an answer is read as well.

use std::borrow::Cow;

use crate::canonical::Field;
use crate::dialect::{Dialect, FieldPolicy, NullForm, Policies, Reading, Rule};
use crate::json::Value;

use super::assistant::{Entry, Unwritable, writable};
use super::document::{at_place, read_document};
use super::form::canonical;

/// What a vendor's body says in canonical names and values.
#[derive(Debug, Default)]
pub struct WrittenBody<'a> {
    /// What an update would take, as JSON text.
    pub fields: Vec<(Field, Cow<'a, str>)>,
    /// What an update would refuse.
    pub unwritable: Vec<Unwritable<'a>>,
    /// The fields that only what the body lacks would tell, if it were the whole assistant.
    pub absent: Vec<Field>,
    /// The members that say which assistant it is, or are set by the vendor alone.
    pub ignored: Vec<&'static str>,
    /// What has no canonical counterpart, as JSON text.
    pub rest: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

/// Reads a body. `policies` are the operator's, because they decide what an update would take.
pub fn read_written<'a>(dialect: &'static Dialect, policies: &Policies, body: Value<'a>) -> WrittenBody<'a> {
    match dialect.plan {
        None => read_flat(dialect, policies, body),
        Some(_) => read_sparse(dialect, policies, body),
    }
}

fn read_flat<'a>(dialect: &'static Dialect, policies: &Policies, body: Value<'a>) -> WrittenBody<'a> {
    let mut entry = Entry::of(body);
    let names = &dialect.listed;
    let of_vendor = [Some(names.id), names.status, names.created_at, names.updated_at].into_iter().flatten();
    let ignored = of_vendor.filter(|name| entry.take(name).is_some()).collect();
    let mut told = Vec::new();
    for field in Field::ALL {
        let row = dialect.row(field);
        let is_sent = !row.is_supported() && policies.get(field) == Some(FieldPolicy::Send);
        let written = match is_sent {
            true => entry.take(field.name()).map(|value| Cow::Borrowed(value.text())),
            false => entry.backwards(dialect, field),
        };
        let value = written.or_else(|| {
            let told = told_form(dialect, field, body)?;
            entry.take(field.name()).map(|_| told)
        });
        told.extend(value.map(|value| (field, value)));
    }
    let (mut fields, refused) = writable(dialect, policies, told);
    let (mut again, mut unwritable) = (Vec::new(), Vec::new());
    for refused in refused {
        match told_form(dialect, refused.field, body).filter(|text| *text != refused.value) {
            Some(text) => again.push((refused.field, text)),
            None => unwritable.push(refused),
        }
    }
    let (read, refused) = writable(dialect, policies, again);
    fields.extend(read);
    unwritable.extend(refused);
    WrittenBody { fields, unwritable, absent: Vec::new(), ignored, rest: entry.rest() }
}

/// The canonical text of a field in the form in which the vendor tells it, if that is another than it is written in.
fn told_form<'a>(dialect: &Dialect, field: Field, body: Value<'a>) -> Option<Cow<'a, str>> {
    let (Reading::As(form), false) = (dialect.row(field).reading, matches!(dialect.row(field).rule, Rule::Merge))
    else {
        return None;
    };
    body.get(field.name()).map(|value| canonical(form, &field.spec().shape, value))
}

/// The same of a nested dialect's document, of which only a part may be there.
fn read_sparse<'a>(dialect: &'static Dialect, policies: &Policies, document: Value<'a>) -> WrittenBody<'a> {
    let read = read_document(dialect, policies, document);
    let is_there = |field: Field| {
        let row = dialect.row(field);
        let of_null = if let NullForm::At(path) = row.null { Some(path) } else { None };
        row.paths().chain(of_null).any(|path| at_place(dialect, document, path).is_some())
    };
    let told = read.fields.iter().map(|(field, _)| *field).chain(read.nulls.iter().copied());
    let absent = told.filter(|field| !is_there(*field)).collect();
    let (mut fields, mut unwritable) = (read.fields, read.unwritable);
    fields.retain(|(field, _)| is_there(*field));
    unwritable.retain(|told| is_there(told.field));
    unwritable.extend(read.nulls.into_iter().filter(|field| is_there(*field)).map(|field| Unwritable {
        field,
        value: Cow::Borrowed("null"),
        detail: "no update can set `null`".to_owned(),
    }));
    let id = Some(dialect.listed.id).filter(|id| super::member(document, id).is_some());
    WrittenBody { fields, unwritable, absent, ignored: id.into_iter().collect(), rest: read.vendor_fields }
}
