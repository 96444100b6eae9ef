//! A canonical assistant, read from the document of a nested dialect.

use std::borrow::Cow;

use crate::canonical::Field;
use crate::dialect::{
    Assignment, Dialect, Factor, Literal, NullForm, Only, Path, Place, PlaceForm, Policies, Reading, Rule, Splicing,
};
use crate::json::{Kind, Limits, Value, read_value, same_number, unscaled};

use super::assistant::{ReadAssistant, writable};
use super::rest::Rest;

/// Reads an assistant from its document.
pub(super) fn read_document<'a>(
    dialect: &'static Dialect,
    policies: &Policies,
    document: Value<'a>,
) -> ReadAssistant<'a> {
    let names = &dialect.listed;
    let scalar = |name: Option<&str>| {
        let value =
            member(document, name?).filter(|value| !matches!(value.kind(), Kind::Null | Kind::Array | Kind::Object));
        value.map(Value::text)
    };
    let (mut told, mut nulls) = (Vec::new(), Vec::new());
    for field in Field::ALL {
        let Some(value) = told_value(dialect, field, document) else { continue };
        match value != "null" || field.spec().nullable {
            true => told.push((field, value)),
            false => nulls.push(field),
        }
    }
    // A name is told by its id.
    let told_by_id: Vec<_> = told.iter().map(|(field, _)| *field).collect();
    told.retain(|(field, _)| field.id_of_name().is_none_or(|id| !told_by_id.contains(&id)));
    let fields = told.iter().map(|(field, _)| *field).chain(nulls.iter().copied());
    let fields: Vec<_> = fields.collect();
    let rest = Rest { dialect, used: fields.iter().flat_map(|field| dialect.row(*field).said()).collect() };
    let beside = rest.beside(&fields, document);
    let (fields, unwritable) = writable(dialect, policies, told);
    ReadAssistant {
        id: member(document, names.id).map_or("null", Value::text),
        fields,
        unwritable,
        nulls,
        found: found(dialect, document),
        vendor_fields: rest.members(document, &[names.id]),
        beside,
        status: scalar(names.status).map(|told| {
            let word = names.statuses.iter().find(|(known, _)| *known == told);
            word.map_or(told, |(_, word)| *word)
        }),
        created_at: scalar(names.created_at),
        updated_at: scalar(names.updated_at),
    }
}

/// What stands at the places of fields that are names of a catalog, which only that could tell.
fn found<'a>(dialect: &Dialect, document: Value<'a>) -> Vec<(Field, Cow<'a, str>)> {
    let at = |field: Field| match dialect.row(field).rule {
        Rule::At(Place { path, form: PlaceForm::Found { .. }, .. }) => {
            Some((field, Cow::Borrowed(document.at(path).map_or("null", Value::text))))
        }
        _ => None,
    };
    Field::ALL.into_iter().filter_map(at).collect()
}

/// The member of a document at a dotted path.
pub(crate) fn member<'a>(document: Value<'a>, dotted: &str) -> Option<Value<'a>> {
    dotted.split('.').try_fold(document, Value::get)
}

/// The canonical text of a field that the document tells.
fn told_value<'a>(dialect: &Dialect, field: Field, document: Value<'a>) -> Option<Cow<'a, str>> {
    let row = dialect.row(field);
    if row.reading == Reading::Never || row.only.is_some_and(|only| !holds(dialect, only, document)) {
        return None;
    }
    match row.rule {
        Rule::At(place) => match at_place(dialect, document, place.path) {
            Some(value) => canonical(place, row.null, switched(dialect.splice(place.path), value)),
            None => switched_off(dialect, place, document).or_else(|| unset(place, row.null, document)),
        },
        Rule::Nested(hook) => (hook.read)(document),
        Rule::Assigned(assignment) => assigned(assignment, document),
        _ => None,
    }
}

/// The id of the only object that names an assistant; a list of them if there are several, as which of them it should be is not
/// known. In a sparse document it is the one that was sent.
fn assigned<'a>(assignment: &Assignment, document: Value<'a>) -> Option<Cow<'a, str>> {
    if let Some(sent) = document.at(assignment.place) {
        return Some(Cow::Borrowed(sent.text()));
    }
    let (path, id) = assignment.listed?;
    let ids: Vec<_> = document.at(path)?.elements().filter_map(|object| object.get(id)).map(Value::text).collect();
    match ids.as_slice() {
        [] => None,
        [only] => Some(Cow::Borrowed(only)),
        many => Some(Cow::Owned(format!("[{}]", many.join(",")))),
    }
}

/// The value at a path of a document. Where the path leads through an array of named elements, a name leads to its first;
/// where it leads to a word of an array, the value is whether it is in it.
pub(super) fn at_place<'a>(dialect: &Dialect, document: Value<'a>, path: Path) -> Option<Value<'a>> {
    let mut value = document;
    for (index, name) in path.iter().enumerate() {
        value = match (value.kind(), dialect.splice(path.get(..index)?)) {
            (Kind::Array, Some(Splicing::Entries { key, .. })) => {
                value.elements().find(|element| element.get(key).is_some_and(|known| known.is_str(name)))?
            }
            (Kind::Array, Some(Splicing::Words | Splicing::WordsOr(_))) => {
                let is_in = value.elements().any(|element| element.is_str(name));
                read_value(if is_in { b"true" } else { b"false" }, Limits::VENDOR).ok()?
            }
            _ => value.get(name)?,
        };
    }
    Some(value)
}

/// Whether a value is on or off, as a boolean, if the vendor has no switch for it.
fn switched<'a>(splice: Option<Splicing>, value: Value<'a>) -> Value<'a> {
    let Some(Splicing::Switch { off, .. }) = splice else { return value };
    let bool: &[u8] = match () {
        () if is_on(value) => b"true",
        () if value.text() == off => b"false",
        () => return value,
    };
    read_value(bool, Limits::VENDOR).unwrap_or(value)
}

/// The canonical text of a switch that is not there, in an object that is, where nothing means off.
fn switched_off<'a>(dialect: &Dialect, place: Place, document: Value<'a>) -> Option<Cow<'a, str>> {
    let Some(Splicing::Switch { off: "null", .. }) = dialect.splice(place.path) else { return None };
    let (_, outer) = place.path.split_last()?;
    let is_there = document.at(outer).is_some_and(|outer| outer.kind() == Kind::Object);
    let off = read_value(b"false", Limits::VENDOR).ok().filter(|_| is_there)?;
    canonical(place, NullForm::Null, off)
}

/// Whether a value that has no switch is on: an object, or an array that is not empty.
pub(crate) fn is_on(value: Value<'_>) -> bool {
    value.kind() == Kind::Object || value.elements().next().is_some()
}

/// The canonical text of a value that is not there, if that means something in an object that is.
fn unset<'a>(place: Place, null: NullForm, document: Value<'a>) -> Option<Cow<'a, str>> {
    let object_of = |path: Path| path.split_last().and_then(|(_, outer)| document.at(outer));
    if let NullForm::At(path) = null {
        let is_unset = document.at(path).is_none_or(Value::is_null);
        return object_of(path).filter(|_| is_unset).map(|_| Cow::Borrowed("null"));
    }
    let (PlaceForm::Values(values) | PlaceForm::Kinds(values)) = place.form else { return None };
    let (canonical, _) = values.iter().find(|(_, vendor)| matches!(vendor, Literal::Json("null")))?;
    object_of(place.path).map(|_| Cow::Owned(canonical.json()))
}

/// Whether a vendor's condition holds in a document.
pub(crate) fn holds(dialect: &Dialect, only: Only, document: Value<'_>) -> bool {
    match at_place(dialect, document, only.path).filter(|value| !value.is_null()) {
        Some(value) => only.is.is_empty() || value.is_one_of(only.is),
        None => only.or_unset,
    }
}

/// The canonical text of a value at a place. What it cannot be is left as it is, so that its check says what is wrong.
fn canonical<'a>(place: Place, null: NullForm, value: Value<'a>) -> Option<Cow<'a, str>> {
    let verbatim = Cow::Borrowed(value.text());
    if let PlaceForm::Values(values) | PlaceForm::Kinds(values) = place.form
        && let Some((canonical, _)) = values.iter().find(|(_, vendor)| vendor.is(value))
    {
        return Some(Cow::Owned(canonical.json()));
    }
    if value.is_null() || matches!(null, NullForm::Json(json) if is_same_scalar(json, value)) {
        return Some(Cow::Borrowed("null"));
    }
    Some(match place.form {
        PlaceForm::Same | PlaceForm::Values(_) | PlaceForm::Kinds(_) | PlaceForm::Texts | PlaceForm::Language(_) => {
            verbatim
        }
        PlaceForm::Sole => Cow::Owned(["[", value.text(), "]"].concat()),
        PlaceForm::Scaled(Factor { by, shift, .. }) => unscaled(value.text(), by, shift).map_or(verbatim, Cow::Owned),
        PlaceForm::Listed => {
            let mut elements = value.elements();
            match (elements.next(), elements.next()) {
                (Some(only), None) => Cow::Borrowed(only.text()),
                (None, _) if value.kind() == Kind::Array => Cow::Borrowed("null"),
                _ => verbatim,
            }
        }
        // The id tells it, or the catalog only.
        PlaceForm::Named(_) | PlaceForm::Found { .. } => return None,
    })
}

/// Whether a value is what `null` is written as: -1 may come back as -1.0, and an empty list with white space.
fn is_same_scalar(json: &str, value: Value<'_>) -> bool {
    match value.kind() {
        Kind::Number => same_number(json, value.text()),
        Kind::Array => json == "[]" && value.elements().next().is_none(),
        _ => json == value.text(),
    }
}
