//! Splices of values that a vendor keeps in a form of its own: elements of several kinds in one array, a value or an array that
//! it leads, and values that change only from certain others.

use crate::json::{Kind, Limits, Value, read_value, same_number};

use super::own::Own;
use super::{Kept, Splicer, name_of};

/// Writes an array, some elements of which are replaced by others in their places, and some are found by their names.
pub(super) fn replacing(
    splicer: &mut Splicer<'_>,
    at: &[&str],
    own: &Own<'_>,
    sparse: Value<'_>,
    stored: Option<Value<'_>>,
) {
    let stored: Vec<_> = stored.into_iter().flat_map(Value::elements).collect();
    let own_stored = stored.iter().copied().filter(|element| own.has(*element)).collect();
    let written: Vec<_> = match sparse.get("own") {
        Some(written) => own.joined(&written.elements().collect::<Vec<_>>(), own_stored),
        None => own_stored.into_iter().map(|element| element.text().as_bytes().to_vec()).collect(),
    };
    let mut written = written.iter().filter_map(|text| read_value(text, Limits::VENDOR).ok());
    let mut elements = Vec::with_capacity(stored.len());
    for element in stored {
        match own.has(element) {
            true => elements.extend(written.next().map(|element| (element, false))),
            false => elements.push((element, true)),
        }
    }
    splicer.out.push(b'[');
    splicer.elements(at, own.name, sparse.get("named"), elements.into_iter());
    for element in written {
        splicer.comma();
        splicer.text(element.text());
    }
    splicer.out.push(b']');
}

/// Writes a value, or an array that it leads.
pub(super) fn headed(splicer: &mut Splicer<'_>, unset: &str, sparse: Value<'_>, stored: Option<Value<'_>>) {
    let told: Vec<Value<'_>> = match stored.filter(|stored| !stored.is_null()) {
        Some(stored) if stored.kind() == Kind::Array => stored.elements().collect(),
        other => other.into_iter().collect(),
    };
    let first = sparse.get("first").or(told.first().copied()).map_or(unset, Value::text);
    let rest: Vec<Value<'_>> = match sparse.get("rest") {
        Some(rest) => rest.elements().collect(),
        None => told.iter().skip(1).copied().collect(),
    };
    let rest: Vec<_> = rest.into_iter().map(Value::text).filter(|text| *text != first).collect();
    if rest.is_empty() {
        return splicer.text(first);
    }
    splicer.out.push(b'[');
    for text in [first].into_iter().chain(rest) {
        splicer.comma();
        splicer.text(text);
    }
    splicer.out.push(b']');
}

/// Writes a value that takes the place of certain others only.
pub(super) fn conditional(
    splicer: &mut Splicer<'_>,
    at: &[&str],
    key: &[&str],
    sparse: Value<'_>,
    stored: Option<Value<'_>>,
) {
    let Some(to) = sparse.get("to") else { return splicer.object(at, Kept::All, sparse, stored) };
    let told = stored.and_then(|stored| stored.at(key));
    let has = |values: Value<'_>| values.elements().any(|value| is_same(value, told));
    let is_written = match (sparse.get("keep"), sparse.get("from")) {
        (Some(keep), _) => !has(keep),
        (None, from) => from.is_none_or(has),
    };
    match stored {
        _ if !is_written => splicer.text(stored.map_or("null", Value::text)),
        Some(stored) if (stored.kind(), to.kind()) == (Kind::Object, Kind::Object) => over(splicer, to, stored),
        _ => splicer.text(to.text()),
    }
}

/// Writes an object over a stored one, member by member; what is inside a member is not looked at.
fn over(splicer: &mut Splicer<'_>, to: Value<'_>, stored: Value<'_>) {
    splicer.out.push(b'{');
    for (spelled, value) in stored.spelled_members().filter(|(spelled, _)| to.get(&name_of(spelled)).is_none()) {
        splicer.key(spelled);
        splicer.text(value.text());
    }
    for (spelled, value) in to.spelled_members() {
        splicer.key(spelled);
        splicer.text(value.text());
    }
    splicer.out.push(b'}');
}

/// Whether a stored value is this one; none is `null`.
pub(super) fn is_same(value: Value<'_>, stored: Option<Value<'_>>) -> bool {
    let Some(stored) = stored else { return value.is_null() };
    match (value.kind(), stored.kind()) {
        (Kind::String, Kind::String) => value.as_str() == stored.as_str(),
        (Kind::Number, Kind::Number) => same_number(value.text(), stored.text()),
        _ => value.text() == stored.text(),
    }
}
