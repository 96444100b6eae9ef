//! Compares what an update sent with what the vendor tells afterwards: values, not texts.

use crate::canonical::{Field, Member, Shape, Update};
use crate::catalog::CatalogKind;
use crate::dialect::{Dialect, Handling, NullForm, Place, PlaceForm, Rule, Target, translate_request};
use crate::json::{Kind, Limits, Value, push_string, read_value, same_number};

use super::ReadAssistant;

/// What became of the fields that were sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stored {
    /// The vendor has the value.
    pub confirmed: Vec<Field>,
    /// The vendor has another value.
    pub differs: Vec<Difference>,
    /// The vendor does not tell.
    pub unreadable: Vec<Field>,
}

/// A field that has another value than was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The field.
    pub field: Field,
    /// The value that was sent, as JSON text.
    pub sent: String,
    /// The value that the vendor has, as JSON text.
    pub stored: String,
}

/// How one field compares.
enum Verdict {
    Confirmed,
    Differs(String),
    Unreadable,
}

/// The catalogs that comparing the names among `applied` needs.
pub fn lookups_to_compare(dialect: &Dialect, applied: &[Field]) -> Vec<CatalogKind> {
    let names =
        applied.iter().copied().filter(|field| field.id_of_name().is_some() || found_in(dialect, *field).is_some());
    let mut kinds: Vec<_> = names.filter_map(|field| dialect.catalog_of(field)).collect();
    kinds.dedup();
    kinds
}

/// Compares the fields `applied` of an update with the assistant as it was read afterwards.
pub fn compare(update: &Update<'_>, applied: &[Field], read: &ReadAssistant<'_>, target: &Target<'_>) -> Stored {
    let mut stored = Stored::default();
    for &field in applied {
        let Some(sent) = update.get(field) else { continue };
        let verdict = match field.id_of_name() {
            None if found_in(target.dialect, field).is_some() => compare_found(field, sent, read, target),
            _ if is_written_alike(field, sent, read, target) => Verdict::Confirmed,
            Some(id) => compare_name(field, id, sent, read, target),
            None => compare_value(field, sent, read, target.dialect),
        };
        match verdict {
            Verdict::Confirmed => stored.confirmed.push(field),
            Verdict::Unreadable => stored.unreadable.push(field),
            Verdict::Differs(value) => {
                stored.differs.push(Difference { field, sent: sent.text().to_owned(), stored: value });
            }
        }
    }
    stored
}

/// Whether a nested dialect would write what it tells as it writes what was sent: a vendor may have several canonical values for
/// one of its own, and what it does not tell is what `null` leaves.
fn is_written_alike(field: Field, sent: Value<'_>, read: &ReadAssistant<'_>, target: &Target<'_>) -> bool {
    let told = field.id_of_name().unwrap_or(field);
    let body = |field: Field, value: &str| {
        let mut update = vec![b'{'];
        push_string(&mut update, field.name());
        update.push(b':');
        update.extend_from_slice(value.as_bytes());
        update.push(b'}');
        let update = Update::read(&update).ok()?;
        let target = Target { handling: Handling::Strict, ..*target };
        translate_request(&update, &target).ok().map(|request| request.body)
    };
    let value = read.told(told).or_else(|| (read.nulls.contains(&told) || sent.is_null()).then_some("null"));
    target.dialect.plan.is_some()
        && value.is_some_and(|value| body(field, sent.text()).is_some_and(|sent| body(told, value) == Some(sent)))
}

/// A name is stored as an id: the vendor's catalog says whether it is the name's.
fn compare_name(field: Field, id: Field, sent: Value<'_>, read: &ReadAssistant<'_>, target: &Target<'_>) -> Verdict {
    // A vendor that takes names may tell the name.
    let Some(told) = read.told(id) else { return compare_value(field, sent, read, target.dialect) };
    if let Rule::At(Place { form: PlaceForm::Language(_), .. }) = target.dialect.row(field).rule {
        return Verdict::Differs(told.to_owned());
    }
    let (Some(kind), Some(name)) = (target.dialect.catalog_of(field), sent.as_str()) else {
        return Verdict::Unreadable;
    };
    let candidates = target.catalogs.by_name(kind, &name);
    if candidates.is_empty() {
        return Verdict::Unreadable;
    }
    let stored = target.catalogs.by_id(kind, told);
    if candidates.iter().any(|entry| stored.is_some_and(|stored| stored.id == entry.id) || entry.id == told) {
        return Verdict::Confirmed;
    }
    Verdict::Differs(stored.map_or_else(|| told.to_owned(), |entry| quoted(&entry.name)))
}

/// The catalog in which a field is a name that only the id is stored of.
fn found_in(dialect: &Dialect, field: Field) -> Option<CatalogKind> {
    match dialect.row(field).rule {
        Rule::At(Place { form: PlaceForm::Found { catalog, .. }, .. }) => Some(catalog),
        _ => None,
    }
}

/// The same for a field that is never told: the stored id is compared.
fn compare_found(field: Field, sent: Value<'_>, read: &ReadAssistant<'_>, target: &Target<'_>) -> Verdict {
    let told = read.found.iter().find(|(known, _)| *known == field).map(|(_, told)| &**told);
    let (Some(told), Some(kind)) = (told, found_in(target.dialect, field)) else { return Verdict::Unreadable };
    let is_same = match sent.as_str() {
        None => told == "null",
        Some(name) => match target.catalogs.by_name(kind, &name).as_slice() {
            [] => return Verdict::Unreadable,
            candidates => candidates.iter().any(|entry| quoted(&entry.text_id()) == told),
        },
    };
    if is_same { Verdict::Confirmed } else { Verdict::Differs(told.to_owned()) }
}

fn compare_value(field: Field, sent: Value<'_>, read: &ReadAssistant<'_>, dialect: &Dialect) -> Verdict {
    let told = match read.told(field) {
        Some(told) => told,
        None if read.nulls.contains(&field) => "null",
        // A member that was cleared may be gone.
        None if sent.is_null() && matches!(dialect.row(field).rule, Rule::At(_)) => return Verdict::Confirmed,
        None => return Verdict::Unreadable,
    };
    let Ok(stored) = read_value(told.as_bytes(), Limits::VENDOR) else { return Verdict::Unreadable };
    let row = dialect.row(field);
    // The vendor's value for `null` may be sent as such.
    if stored.is_null() && matches!(row.null, NullForm::Json(json) if json == sent.text()) {
        return Verdict::Confirmed;
    }
    let is_same = match row.rule {
        // The field sets some elements and leaves the others as they are.
        Rule::Hook(_) if sent.kind() == Kind::Array && stored.kind() == Kind::Array => {
            let Shape::List(shape) = field.spec().shape else { return Verdict::Unreadable };
            sent.elements().all(|sent| stored.elements().any(|stored| is_same(shape, sent, stored)))
        }
        // Other objects may name the assistant besides.
        Rule::Assigned(_) if stored.kind() == Kind::Array => {
            stored.elements().any(|stored| is_same(&field.spec().shape, sent, stored))
        }
        _ => is_same(&field.spec().shape, sent, stored),
    };
    if is_same { Verdict::Confirmed } else { Verdict::Differs(told.to_owned()) }
}

/// Whether two values are the same. An object with documented members may have more of them than were sent, because a
/// vendor adds the defaults; a map may not.
fn is_same(shape: &Shape, sent: Value<'_>, stored: Value<'_>) -> bool {
    match (sent.kind(), stored.kind()) {
        (Kind::Number, Kind::Number) => same_number(sent.text(), stored.text()),
        (Kind::String, Kind::String) => sent.as_str() == stored.as_str(),
        (Kind::Array, Kind::Array) => {
            let element = if let Shape::List(element) = shape { element } else { &Shape::Any };
            sent.elements().count() == stored.elements().count()
                && sent.elements().zip(stored.elements()).all(|(sent, stored)| is_same(element, sent, stored))
        }
        (Kind::Object, Kind::Object) => match shape {
            Shape::Record(members) => has_all(members, sent, stored),
            Shape::Tagged(variants) => {
                let tag = sent.get("type");
                let variant = variants.iter().find(|variant| tag.is_some_and(|tag| tag.is_str(variant.tag)));
                has_all(variant.map_or(&[], |variant| variant.members), sent, stored)
            }
            _ => {
                let has = |key: &str, sent| stored.get(key).is_some_and(|stored| is_same(&Shape::Any, sent, stored));
                sent.members().count() == stored.members().count() && sent.members().all(|(key, sent)| has(&key, sent))
            }
        },
        (sent_kind, stored_kind) => sent_kind == stored_kind && sent.text() == stored.text(),
    }
}

/// Whether `stored` has every member of `sent` with the same value, or with a mask in place of a secret.
fn has_all(members: &[Member], sent: Value<'_>, stored: Value<'_>) -> bool {
    sent.members().all(|(key, sent)| {
        let member = members.iter().find(|member| member.name == key);
        let is_secret = member.is_some_and(|member| member.secret);
        let shape = member.map_or(&Shape::Any, |member| &member.shape);
        stored.get(&key).is_some_and(|stored| is_same(shape, sent, stored) || is_secret && is_mask(stored))
    })
}

/// Whether a text stands for a secret: `****`, `cal_••••1f`, nothing.
fn is_mask(value: Value<'_>) -> bool {
    value.as_str().is_some_and(|text| text.contains(['*', '•', '…']) || !text.chars().any(char::is_alphanumeric))
}

fn quoted(text: &str) -> String {
    let mut out = Vec::new();
    push_string(&mut out, text);
    String::from_utf8(out).unwrap_or_default()
}
