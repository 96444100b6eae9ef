//! What a read shows in place of a secret must never be written: it would destroy the secret.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::item::{Item, ItemCode, Items};
use crate::json::{Kind, Pointer, Value};

use super::field::Field;

/// What stands in place of a secret.
pub const REDACTED: &str = "[redacted]";

const REDACTED_JSON: &str = "\"[redacted]\"";

/// Refuses every value that is what a read shows in place of a secret. Nearly all values are ruled out by their first byte
/// and their length.
#[inline(always)]
pub fn check_redacted(field: Field, value: Value<'_>, items: &mut Items) {
    let text = value.text();
    match text.as_bytes() {
        [b'"', ..] if text.len() == REDACTED_JSON.len() => look_closer(field, value, items),
        [b'[' | b'{', ..] if text.len() > REDACTED_JSON.len() => look_closer(field, value, items),
        _ => {}
    }
}

#[inline(never)]
fn look_closer(field: Field, value: Value<'_>, items: &mut Items) {
    static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(REDACTED));
    if FINDER.find(value.text().as_bytes()).is_some() {
        walk(field, value, &Pointer::Root.key(field.name()), items);
    }
}

fn walk(field: Field, value: Value<'_>, at: &Pointer<'_>, items: &mut Items) {
    match value.kind() {
        Kind::String if value.is_str(REDACTED) => refuse(field, at, items),
        Kind::Array => {
            value.elements().enumerate().for_each(|(index, element)| walk(field, element, &at.index(index), items));
        }
        Kind::Object => value.members().for_each(|(key, member)| walk(field, member, &at.key(&key), items)),
        _ => {}
    }
}

fn refuse(field: Field, at: &Pointer<'_>, items: &mut Items) {
    let detail = "stands for a secret that was not shown; send the secret itself, or leave the field out to keep it";
    items.push(Item::new(at, field, ItemCode::NotAllowed, detail));
}
