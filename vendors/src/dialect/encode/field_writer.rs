//! What a rule or a hook can do while it writes one field.

use std::borrow::Cow;

use crate::canonical::Field;
use crate::item::{Item, ItemCode, Items, Note};
use crate::json::Pointer;

use super::{Body, CatalogHint};

/// Writes one field to the body, or reports why it cannot.
#[derive(Debug)]
pub struct FieldWriter<'a> {
    /// The canonical field.
    pub field: Field,
    /// The vendor's name for messages.
    pub vendor_title: &'static str,
    /// The body that the field is written to.
    pub body: &'a mut Body,
    pub(super) items: &'a mut Items,
    pub(super) hints: &'a mut Vec<CatalogHint>,
    pub(super) warnings: &'a mut Vec<Note>,
}

impl FieldWriter<'_> {
    /// Refuses the update because of the value at `path` inside this field.
    pub fn refuse(&mut self, path: &[&str], code: ItemCode, detail: impl Into<String>) {
        let item = Item::new(&Pointer::Root.key(self.field.name()), self.field, code, detail);
        let pointer = path.iter().fold(item.pointer, |pointer, step| format!("{pointer}/{step}"));
        self.items.push(Item { pointer, ..item });
    }

    /// Adds a warning about this field.
    pub fn warn(&mut self, code: &'static str, detail: impl Into<Cow<'static, str>>) {
        self.warnings.push(Note { field: self.field.name().into(), code: code.into(), detail: detail.into() });
    }
}
