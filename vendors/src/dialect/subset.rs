//! Parts of a structured value that a vendor does not document.

use crate::item::{Item, ItemCode};
use crate::json::{Pointer, Value};

use super::body::Cell;
use super::row::Lack;

/// Refuses every alternative and member of the list `value` that is among `lacks`.
pub(super) fn check(value: Value<'_>, lacks: &[Lack], cell: &mut Cell<'_>) {
    let root = Pointer::Root;
    let list = root.key(cell.field.name());
    for (index, element) in value.elements().enumerate() {
        let Some(tag) = element.get("type").and_then(Value::as_str) else { continue };
        for lack in lacks {
            match lack {
                Lack::Variant(variant) if *variant == tag => {
                    let detail = format!("this vendor has no `{variant}`");
                    refuse(cell, &list.index(index).key("type"), detail);
                }
                Lack::Members(variant, members) if *variant == tag => {
                    for member in members.iter().filter(|member| element.get(member).is_some()) {
                        let detail = format!("this vendor's `{variant}` has no `{member}`");
                        refuse(cell, &list.index(index).key(member), detail);
                    }
                }
                _ => {}
            }
        }
    }
}

fn refuse(cell: &mut Cell<'_>, at: &Pointer<'_>, detail: String) {
    cell.items.push(Item::new(at, cell.field, ItemCode::UnsupportedValue, detail));
}
