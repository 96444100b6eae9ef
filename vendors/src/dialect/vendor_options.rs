//! `vendor_options`: what a caller wants one vendor to get beyond the canonical fields.

use crate::canonical::Field;
use crate::item::{Item, ItemCode, Items, Note, Report};
use crate::json::{Kind, Pointer, Value};

use super::body::Body;
use super::request::Target;

/// Merges the target vendor's entry verbatim. A key that a canonical field wrote already is refused: one of the two
/// would be lost. Returns the keys written, for bringing error keys home.
pub(super) fn merge(
    value: Value<'_>,
    target: &Target<'_>,
    (body, items, report): (&mut Body, &mut Items, &mut Report),
) -> Vec<String> {
    let entry = value.get(target.vendor).filter(|entry| entry.kind() == Kind::Object);
    let Some(entry) = entry else {
        report.warnings.push(Note {
            field: Field::VendorOptions.name().into(),
            code: "other_vendor",
            detail: format!("holds nothing for `{}`, where this update goes", target.vendor).into(),
        });
        return Vec::new();
    };
    let root = Pointer::Root;
    let options = root.key(Field::VendorOptions.name());
    let at = options.key(target.vendor);
    let mut keys = Vec::new();
    for (key, option) in entry.members() {
        let writer = report.applied.iter().find(|&&field| target.writes(field, &key));
        match writer {
            Some(field) => {
                let detail = format!("`{}` decides `{key}` already; send only one of the two", field.name());
                items.push(Item::new(&at.key(&key), Field::VendorOptions, ItemCode::Conflict, detail));
            }
            None => {
                body.foreign_member(&key, option.text());
                keys.push(key.into_owned());
            }
        }
    }
    keys
}
