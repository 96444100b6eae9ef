//! What a rule or a hook can do while it writes one field.

use std::borrow::Cow;

use crate::canonical::{Field, Update};
use crate::catalog::{CatalogKind, Entry};
use crate::dialect::{Path, Unsupported};
use crate::item::{Item, ItemCode, Items, Note};
use crate::json::{Pointer, Value, push_string};

use super::lookup::entry_of_id;
use super::unsupported::refuse_unsupported;
use super::{Body, CatalogHint, Target};

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
    pub(super) target: &'a Target<'a>,
    pub(super) update: &'a Update<'a>,
    /// The other fields that a hook may look at.
    pub(super) group: &'static [Field],
}

impl FieldWriter<'_> {
    /// Refuses the update because of the value at `path` inside this field.
    pub fn refuse(&mut self, path: &[&str], code: ItemCode, detail: impl Into<String>) {
        let item = Item::new(&Pointer::Root.key(self.field.name()), self.field, code, detail);
        let pointer = path.iter().fold(item.pointer, |pointer, step| format!("{pointer}/{step}"));
        self.items.push(Item { pointer, ..item });
    }

    /// Refuses parts of a list that the vendor does not document; `false` if it has any.
    pub fn has_none_of(&mut self, value: Value<'_>, unsupported: &[Unsupported]) -> bool {
        let before = self.items.list.len() + self.items.more;
        refuse_unsupported(value, unsupported, self);
        before == self.items.list.len() + self.items.more
    }

    /// Writes a leaf of a document. A value that another field has written differently is refused.
    pub fn put(&mut self, path: Path, json: impl Into<String>) {
        let path: Vec<Cow<'static, str>> = path.iter().map(|name| Cow::Borrowed(*name)).collect();
        self.put_at(path, json.into());
    }

    /// The same with a text, which is escaped.
    pub fn put_text(&mut self, path: Path, text: &str) {
        let mut json = Vec::with_capacity(text.len() + 2);
        push_string(&mut json, text);
        self.put(path, String::from_utf8(json).unwrap_or_default());
    }

    /// The same at a path with names that are not constants: keys of maps and entries.
    pub fn put_at(&mut self, path: Vec<Cow<'static, str>>, json: String) {
        let place = path.join(".");
        if let Err(other) = self.body.leaves.put(path, json, self.field) {
            let detail =
                format!("and `{}` both set `{place}` of {}; send only one of the two", other.name(), self.vendor_title);
            self.refuse(&[], ItemCode::Conflict, detail);
        }
    }

    /// The value of another field of this one's group, if the update has it.
    pub fn sibling(&self, field: Field) -> Option<Value<'_>> {
        self.update.get(field).filter(|_| self.group.contains(&field))
    }

    /// The entry of a catalog with the id that a value is. Without one the update is refused.
    pub(crate) fn entry(&mut self, id: Value<'_>, catalog: CatalogKind) -> Option<Entry> {
        let target = self.target;
        entry_of_id(id, catalog, target, self).cloned()
    }

    /// Adds a warning about this field.
    pub fn warn(&mut self, code: &'static str, detail: impl Into<Cow<'static, str>>) {
        self.warnings.push(Note::new(self.field.name(), code, detail));
    }
}
