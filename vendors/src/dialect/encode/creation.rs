//! What a new assistant needs.

use crate::canonical::{Field, Update};
use crate::dialect::{Creation, Requirement};
use crate::item::{Item, ItemCode, Items};
use crate::json::{Pointer, Value};

/// Reports every field that the vendor requires and `update` lacks.
pub(crate) fn check_required(update: &Update<'_>, creation: &Creation, vendor_title: &str, items: &mut Items) {
    for requirement in creation.required {
        let (field, when) = match *requirement {
            Requirement::Always(field) => (field, String::new()),
            Requirement::InModes(field, modes) => match update.get(Field::Mode) {
                Some(mode) if mode.is_one_of(modes) => (field, format!(" in mode {}", mode.text().replace('"', "`"))),
                _ => continue,
            },
            Requirement::With(field, flag) => match update.get(flag).and_then(Value::as_bool) {
                Some(true) => (field, format!(" while `{}` is true", flag.name())),
                _ => continue,
            },
        };
        let has = |field: Field| update.fields.contains(field);
        if has(field) || field.twin().is_some_and(has) {
            continue;
        }
        let what = match field.twin() {
            Some(twin) => format!("; send `{}` or `{}`", field.name(), twin.name()),
            None => String::new(),
        };
        let detail = format!("is required by {vendor_title} for a new assistant{when}{what}");
        items.push(Item::new(&Pointer::Root.key(field.name()), field, ItemCode::Required, detail));
    }
}
