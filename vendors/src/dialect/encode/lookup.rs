//! Looks names and ids up in the catalogs of the account that the update goes to.

use std::borrow::Cow;

use crate::canonical::{Field, Shape, Update};
use crate::catalog::{CatalogKind, Catalogs, Entry};
use crate::dialect::{Dialect, SendAs};
use crate::iso639::english_name;
use crate::item::ItemCode;
use crate::json::{Kind, Value, excerpt};

use super::{FieldPolicy, FieldWriter, Policies, Target};

/// Longest sent value that a message repeats, in bytes.
const MAX_QUOTED_BYTES: usize = 100;

/// Most catalog entries that a message lists.
const MAX_LISTED_ENTRIES: usize = 10;

/// Most names that a message suggests.
const MAX_NEAREST: usize = 3;

/// What to write into the configuration for a name or id that is in no catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogHint {
    /// The table of the configuration.
    pub key: String,
    /// The line to add, with a gap for what the caller did not send.
    pub line: String,
}

/// The catalog entry that a value needs before it can be written.
enum Lookup<'a> {
    /// None: the value is written as it is.
    NotNeeded,
    /// The entry with this id.
    ById(&'a str),
    /// The same with an id that is a text.
    OfId(Cow<'a, str>),
    /// The entry with this name.
    ByName(Cow<'a, str>),
}

/// A vendor that takes names gets them unchanged and needs no catalog, except for two-letter language codes, which become
/// the vendor's names.
fn lookup_for(value: Value<'_>, catalog: CatalogKind, send: SendAs) -> Lookup<'_> {
    match (value.as_str(), value.as_integer(), send) {
        (Some(name), _, SendAs::Id) => Lookup::ByName(name),
        (Some(name), _, SendAs::Name) if catalog == CatalogKind::Languages && is_code(&name) => Lookup::ByName(name),
        (_, Some(id), SendAs::Name) => Lookup::ById(id),
        _ => Lookup::NotNeeded,
    }
}

fn is_code(name: &str) -> bool {
    name.len() == 2 && name.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// The catalogs that this update needs but `known` does not cover, each once. Fields with the policy
/// [`Drop`](FieldPolicy::Drop) or [`Refuse`](FieldPolicy::Refuse) need none.
pub fn missing_lookups(
    update: &Update<'_>,
    dialect: &Dialect,
    policies: &Policies,
    known: &Catalogs<'_>,
) -> Vec<CatalogKind> {
    let mut missing = Vec::new();
    for entry in &update.entries {
        let policy = entry.field.and_then(|field| policies.get(field));
        if matches!(policy, Some(FieldPolicy::Drop | FieldPolicy::Refuse)) {
            continue;
        }
        let Some(row) = entry.field.map(|field| dialect.row(field)) else { continue };
        let (catalog, lookup) = match (row.catalog(), row.looks_in) {
            (Some((catalog, send)), _) => (catalog, lookup_for(entry.value, catalog, send)),
            (None, Some(catalog)) if !entry.value.is_null() => (catalog, Lookup::OfId(id_of(entry.value))),
            (None, _) => continue,
        };
        // A vendor without such a catalog cannot be asked: its names are in the configuration or nowhere.
        if dialect.catalog(catalog).is_none() {
            continue;
        }
        let is_known = match lookup {
            Lookup::NotNeeded => true,
            Lookup::ById(id) => known.by_id(catalog, id).is_some(),
            Lookup::OfId(id) => known.by_id(catalog, &id).is_some(),
            Lookup::ByName(name) => !known.by_name(catalog, &name).is_empty(),
        };
        if !is_known && !missing.contains(&catalog) {
            missing.push(catalog);
        }
    }
    missing
}

/// Writes a field with the rule [`Rule::Lookup`](crate::dialect::Rule::Lookup).
pub(super) fn write_lookup(
    value: Value<'_>,
    wire: &'static str,
    catalog: CatalogKind,
    send: SendAs,
    target: &Target<'_>,
    writer: &mut FieldWriter<'_>,
) {
    let lookup = lookup_for(value, catalog, send);
    if matches!(lookup, Lookup::NotNeeded) {
        return writer.body.member(wire, value.text());
    }
    match only(lookup, value, catalog, target, writer) {
        Some(only) if send == SendAs::Id => match only.integer_id().filter(|_| has_integer_id(writer.field)) {
            Some(digits) => writer.body.member(wire, &digits),
            None => writer.body.member(wire, &only.id),
        },
        Some(only) => writer.body.string_member(wire, &only.name),
        None => {}
    }
}

/// The entry with an id; otherwise the update is refused.
pub(super) fn entry_of_id<'c>(
    value: Value<'_>,
    catalog: CatalogKind,
    target: &Target<'c>,
    writer: &mut FieldWriter<'_>,
) -> Option<&'c Entry> {
    only(Lookup::OfId(id_of(value)), value, catalog, target, writer)
}

/// An id as text.
fn id_of(value: Value<'_>) -> Cow<'_, str> {
    value.as_str().unwrap_or(Cow::Borrowed(value.text()))
}

/// The id of a name in a nested dialect, as text; otherwise the update is refused.
pub(super) fn id_of_name(
    value: Value<'_>,
    catalog: CatalogKind,
    target: &Target<'_>,
    writer: &mut FieldWriter<'_>,
) -> Option<String> {
    let only = only(lookup_for(value, catalog, SendAs::Id), value, catalog, target, writer)?;
    Some(only.text_id().into_owned())
}

/// The entry of a text in a catalog that is not shown; otherwise the update is refused with this reason.
pub(super) fn found<'c>(
    value: Value<'_>,
    catalog: CatalogKind,
    or_else: &'static str,
    target: &Target<'c>,
    writer: &mut FieldWriter<'_>,
) -> Option<&'c Entry> {
    let name = value.as_str()?;
    match target.catalogs.by_name(catalog, &name).as_slice() {
        [only] => return Some(only),
        [] => {
            writer.refuse(&[], ItemCode::UnresolvedName, or_else);
            writer.hints.push(hint(value, catalog, target.vendor));
        }
        many => writer.refuse(&[], ItemCode::UnresolvedName, ambiguous(many, catalog, writer.field)),
    }
    None
}

/// The only entry that is meant; otherwise the update is refused.
fn only<'c>(
    lookup: Lookup<'_>,
    value: Value<'_>,
    catalog: CatalogKind,
    target: &Target<'c>,
    writer: &mut FieldWriter<'_>,
) -> Option<&'c Entry> {
    let by_id = match &lookup {
        Lookup::ById(id) => target.catalogs.by_id(catalog, id),
        Lookup::OfId(id) => target.catalogs.by_id(catalog, id),
        Lookup::NotNeeded | Lookup::ByName(_) => None,
    };
    if by_id.is_some() {
        return by_id;
    }
    let by_name = match &lookup {
        Lookup::ByName(name) => target.catalogs.by_name(catalog, name),
        Lookup::NotNeeded | Lookup::ById(_) | Lookup::OfId(_) => Vec::new(),
    };
    match by_name.as_slice() {
        [only] => return Some(only),
        [] => {
            writer.refuse(&[], ItemCode::UnresolvedName, unknown(value, catalog, target));
            writer.hints.push(hint(value, catalog, target.vendor));
        }
        many => writer.refuse(&[], ItemCode::UnresolvedName, ambiguous(many, catalog, writer.field)),
    }
    None
}

/// Whether the ids of this field, or of its twin, are documented as integers.
fn has_integer_id(field: Field) -> bool {
    let is_integer = |field: Field| matches!(field.spec().shape, Shape::Integer(_));
    is_integer(field) || field.twin().is_some_and(is_integer)
}

/// What the caller can do: the nearest names, or the nearest ids with their names.
fn unknown(value: Value<'_>, catalog: CatalogKind, target: &Target<'_>) -> String {
    let (sent, vendor) = (excerpt(value.text(), MAX_QUOTED_BYTES), target.vendor);
    let (what, noun, quoted): (_, _, Vec<_>) = match value.as_str() {
        Some(name) => {
            let near = target.catalogs.nearest(catalog, &name, MAX_NEAREST);
            ("", "name", near.into_iter().map(quoted).collect())
        }
        None => {
            let near = target.catalogs.nearest_ids(catalog, value.text(), MAX_NEAREST);
            (
                "id ",
                "id",
                near.into_iter().map(|entry| format!("{} ({})", shown_id(entry), quoted(&entry.name))).collect(),
            )
        }
    };
    let nearest = match quoted.as_slice() {
        [] => String::new(),
        [only] => format!("; the nearest {noun} is {only}"),
        many => format!("; the nearest {noun}s are {}", many.join(", ")),
    };
    format!("{what}{sent} is not in the catalog `{catalog}` of `{vendor}`{nearest}")
}

fn quoted(name: &str) -> String {
    format!("`{}`", excerpt(name, MAX_QUOTED_BYTES))
}

fn shown_id(entry: &Entry) -> Cow<'_, str> {
    excerpt(&entry.id, MAX_QUOTED_BYTES)
}

/// What operators can do: the line that adds the entry. A language code stands for its name, because names are sent.
fn hint(value: Value<'_>, catalog: CatalogKind, vendor: &str) -> CatalogHint {
    let key = format!("vendors.{vendor}.catalog.{catalog}");
    let sent = excerpt(value.text(), MAX_QUOTED_BYTES);
    let language = value.as_str().filter(|_| catalog == CatalogKind::Languages).and_then(|code| english_name(&code));
    let line = match (value.kind(), language) {
        (Kind::String, Some(name)) => format!("\"<id>\" = \"{name}\""),
        (Kind::String, None) => format!("\"<id>\" = {sent}"),
        _ => format!("\"{sent}\" = \"<name>\""),
    };
    CatalogHint { key, line }
}

fn ambiguous(many: &[&Entry], catalog: CatalogKind, field: Field) -> String {
    let shown = many.iter().take(MAX_LISTED_ENTRIES);
    let shown: Vec<_> = shown.map(|entry| format!("{} (id {})", quoted(&entry.name), shown_id(entry))).collect();
    let more = many.len().saturating_sub(shown.len());
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    let remedy = field.twin().map(|id| format!("; send `{}` instead", id.name())).unwrap_or_default();
    format!("is ambiguous in the catalog `{catalog}`: {}{rest}{remedy}", shown.join(", "))
}
