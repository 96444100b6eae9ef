//! A canonical assistant, read from its entry in the list.

use std::borrow::Cow;

use crate::canonical::{Field, Shape};
use crate::dialect::{Dialect, Policies, Reading, Rule, SendAs};
use crate::json::{Kind, Value};

use super::document::read_document;
use super::form::canonical;
use super::writable::refusals;
use super::{Beside, ListedAssistant};

/// An assistant in canonical names and values.
#[derive(Debug)]
pub struct ReadAssistant<'a> {
    /// The id, as the vendor's JSON.
    pub id: &'a str,
    /// What an update would take unchanged, as JSON text.
    pub fields: Vec<(Field, Cow<'a, str>)>,
    /// What an update would refuse.
    pub unwritable: Vec<Unwritable<'a>>,
    /// The fields that are `null` although no update can set that.
    pub nulls: Vec<Field>,
    /// The ids, as JSON texts, of what fields name that are never told: they are compared.
    pub found: Vec<(Field, Cow<'a, str>)>,
    /// What has no canonical counterpart, as JSON text.
    pub vendor_fields: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// What of it stands at the places of lists that are told.
    pub beside: Vec<Beside>,
    /// Whether it is active, as JSON text.
    pub status: Option<&'a str>,
    /// When it was created, as JSON text.
    pub created_at: Option<&'a str>,
    /// When it was last changed, as JSON text.
    pub updated_at: Option<&'a str>,
}

/// A value that the vendor tells, and an update there would refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unwritable<'a> {
    /// The field.
    pub field: Field,
    /// The value, as JSON text.
    pub value: Cow<'a, str>,
    /// Why it would be refused.
    pub detail: String,
}

impl ReadAssistant<'_> {
    /// The value of a field, also one that an update would refuse, as JSON text.
    pub fn told(&self, field: Field) -> Option<&str> {
        let told = self.fields.iter().find(|(known, _)| *known == field).map(|(_, value)| &**value);
        told.or_else(|| self.unwritable.iter().find(|told| told.field == field).map(|told| &*told.value))
    }
}

impl Dialect {
    /// Whether the vendor tells this field when it lists an assistant. A name is told as the id that is its twin.
    pub fn tells(&self, field: Field) -> bool {
        match field.id_of_name() {
            Some(id) => self.tells(id),
            None => !matches!((self.row(field).reading, self.row(field).rule), (Reading::Never, _) | (_, Rule::Merge)),
        }
    }

    /// The fields that can be written and are never told, without those that have a twin which is.
    pub fn unreadable(&'static self) -> impl Iterator<Item = Field> {
        let is_written = |field: Field| self.row(field).is_supported() || self.creation_row(field).is_some();
        let is_property = |field: Field| field.id_of_name().is_none() && field != Field::VendorOptions;
        Field::ALL.into_iter().filter(move |&field| is_property(field) && is_written(field) && !self.tells(field))
    }
}

/// Reads an assistant from its entry. `policies` are the operator's, because what they refuse cannot be written back.
pub fn read_assistant<'a>(
    dialect: &'static Dialect,
    policies: &Policies,
    listed: &ListedAssistant<'a>,
) -> ReadAssistant<'a> {
    if dialect.plan.is_some() {
        return read_document(dialect, policies, listed.entry);
    }
    let mut entry = Entry::of(listed.entry);
    let names = &dialect.listed;
    let id = entry.take(names.id).map_or("null", Value::text);
    let mut scalar = |name: Option<&str>| {
        let value = entry.take(name?).filter(|value| !matches!(value.kind(), Kind::Null | Kind::Array | Kind::Object));
        value.map(Value::text)
    };
    let (status, created_at, updated_at) = (scalar(names.status), scalar(names.created_at), scalar(names.updated_at));
    let (mut told, mut nulls) = (Vec::new(), Vec::new());
    for field in Field::ALL {
        let Some(value) = entry.field(dialect, field) else { continue };
        match value != "null" || field.spec().nullable {
            true => told.push((field, value)),
            false => nulls.push(field),
        }
    }
    let told_by_id: Vec<_> = told.iter().map(|(field, _)| *field).collect();
    told.retain(|(field, _)| field.id_of_name().is_none_or(|id| !told_by_id.contains(&id)));
    let (fields, unwritable) = writable(dialect, policies, told);
    let (found, beside, vendor_fields) = (Vec::new(), Vec::new(), entry.rest());
    ReadAssistant { id, fields, unwritable, nulls, found, vendor_fields, beside, status, created_at, updated_at }
}

/// Reads an element of the list. Where it has only a part of the assistant, a field that it lacks is not told, whatever its
/// absence says in a whole document.
pub fn read_listed<'a>(
    dialect: &'static Dialect,
    policies: &Policies,
    listed: &ListedAssistant<'a>,
) -> ReadAssistant<'a> {
    let mut read = read_assistant(dialect, policies, listed);
    if dialect.operations.list.is_some_and(|listing| listing.is_partial) {
        let is_there = |field: Field| dialect.row(field).paths().any(|path| listed.entry.at(path).is_some());
        read.fields.retain(|(field, _)| is_there(*field));
        read.unwritable.retain(|told| is_there(told.field));
        read.nulls.retain(|field| is_there(*field));
    }
    read
}

/// What was told, divided into what an update would take and what it would refuse.
pub(super) fn writable<'a>(
    dialect: &'static Dialect,
    policies: &Policies,
    told: Vec<(Field, Cow<'a, str>)>,
) -> (Vec<(Field, Cow<'a, str>)>, Vec<Unwritable<'a>>) {
    let refused = refusals(dialect, policies, &told);
    let (mut fields, mut unwritable) = (Vec::with_capacity(told.len()), Vec::new());
    for (field, value) in told {
        match refused.iter().find(|(refused, _)| *refused == field) {
            Some((_, detail)) => unwritable.push(Unwritable { field, value, detail: detail.clone() }),
            None => fields.push((field, value)),
        }
    }
    (fields, unwritable)
}

/// The members of an entry, and which of them were read.
pub(super) struct Entry<'a> {
    members: Vec<(Cow<'a, str>, Value<'a>)>,
    used: Vec<usize>,
}

impl<'a> Entry<'a> {
    /// An entry of which nothing was read.
    pub(super) fn of(entry: Value<'a>) -> Self {
        Self { members: entry.members().collect(), used: Vec::new() }
    }

    /// The last member of this name.
    pub(super) fn take(&mut self, name: &str) -> Option<Value<'a>> {
        let index = self.members.iter().rposition(|(key, _)| key == name)?;
        self.used.push(index);
        self.members.get(index).map(|(_, value)| *value)
    }

    /// The canonical text of a field, if the entry has it.
    fn field(&mut self, dialect: &Dialect, field: Field) -> Option<Cow<'a, str>> {
        match dialect.row(field).reading {
            Reading::Never => None,
            Reading::Backwards => self.backwards(dialect, field),
            Reading::As(form) => match self.take(field.name()) {
                Some(value) => Some(canonical(form, &field.spec().shape, value)),
                None => self.backwards(dialect, field),
            },
        }
    }

    /// The same under the names that updates write.
    pub(super) fn backwards(&mut self, dialect: &Dialect, field: Field) -> Option<Cow<'a, str>> {
        let verbatim = |value: Value<'a>| Cow::Borrowed(value.text());
        let is_name = matches!(field.spec().shape, Shape::Text(_));
        match dialect.row(field).rule {
            Rule::Same | Rule::Without(_) => self.take(field.name()).map(verbatim),
            Rule::Rename(wire) => self.take(wire).map(verbatim),
            Rule::Map { wire, values } => self.take(wire).map(|value| {
                let known = values.iter().find(|(_, vendor)| vendor.is(value));
                known.map_or(verbatim(value), |(canonical, _)| Cow::Owned(canonical.json()))
            }),
            Rule::FlagPair { flag, wire } => match self.take(flag)?.as_bool() {
                Some(false) => Some(Cow::Borrowed("null")),
                _ => self.take(wire).map(verbatim),
            },
            Rule::Lookup { wire, send: SendAs::Id, .. } if !is_name => self.take(wire).map(verbatim),
            Rule::Lookup { wire, send: SendAs::Name, .. } if is_name => self.take(wire).map(verbatim),
            Rule::Hook(hook) => self.take(hook.wire).map(|value| (hook.read)(value)),
            Rule::Lookup { .. }
            | Rule::At(_)
            | Rule::Nested(_)
            | Rule::Assigned(_)
            | Rule::Merge
            | Rule::Unsupported(_) => None,
        }
    }

    /// The members that were not read, each the last of its name.
    pub(super) fn rest(self) -> Vec<(Cow<'a, str>, Cow<'a, str>)> {
        let Self { members, used } = self;
        let names: Vec<_> = used.iter().filter_map(|&index| members.get(index)).map(|(key, _)| key.clone()).collect();
        let mut rest: Vec<(Cow<'a, str>, Cow<'a, str>)> = Vec::new();
        for (key, value) in members {
            let value = Cow::Borrowed(value.text());
            match rest.iter_mut().find(|(known, _)| *known == key) {
                Some(known) => known.1 = value,
                None if names.contains(&key) => {}
                None => rest.push((key, value)),
            }
        }
        rest
    }
}
