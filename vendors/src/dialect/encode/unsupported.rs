//! Refuses the parts of a structured value that a vendor does not document.

use crate::dialect::Unsupported;
use crate::item::{Item, ItemCode};
use crate::json::{Pointer, Value};

use super::FieldWriter;

/// Refuses every alternative and member of the list `value` that is in `unsupported`.
pub(super) fn refuse_unsupported(value: Value<'_>, unsupported: &[Unsupported], writer: &mut FieldWriter<'_>) {
    let root = Pointer::Root;
    let list = root.key(writer.field.name());
    let vendor = writer.vendor_title;
    for (index, element) in value.elements().enumerate() {
        let Some(tag) = element.get("type").and_then(Value::as_str) else { continue };
        for part in unsupported {
            match part {
                Unsupported::Variant(variant) if *variant == tag => {
                    let detail = format!("{vendor} does not document the type `{variant}`; leave this element out");
                    refuse(writer, &list.index(index).key("type"), detail);
                }
                Unsupported::Members(variant, members) if *variant == tag => {
                    for member in members.iter().filter(|member| element.get(member).is_some()) {
                        let detail = format!("{vendor} does not document `{member}` for `{variant}`; leave it out");
                        refuse(writer, &list.index(index).key(member), detail);
                    }
                }
                _ => {}
            }
        }
    }
}

fn refuse(writer: &mut FieldWriter<'_>, at: &Pointer<'_>, detail: String) {
    writer.items.push(Item::new(at, writer.field, ItemCode::UnsupportedValue, detail));
}
