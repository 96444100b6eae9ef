//! `vendor_options`: members that a caller sends to one vendor besides the canonical fields.

use crate::canonical::Field;
use crate::item::{Item, ItemCode, Items, Note, Report};
use crate::json::{Kind, Pointer, Value};

use super::{Body, Target};

/// Writes the target vendor's options to the body and returns their keys.
///
/// A key that a canonical field has already written is refused, because one of the two values would be lost.
pub(super) fn merge_options(
    value: Value<'_>,
    target: &Target<'_>,
    body: &mut Body,
    items: &mut Items,
    report: &mut Report,
) -> Vec<String> {
    let entry = value.get(target.vendor).filter(|entry| entry.kind() == Kind::Object);
    let Some(entry) = entry else {
        report.warnings.push(Note {
            field: Field::VendorOptions.name().into(),
            code: "other_vendor",
            detail: format!("has no entry for `{}`, the vendor that this update goes to", target.vendor).into(),
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
                let detail = format!("the field `{}` already sets `{key}`; send only one of the two", field.name());
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
