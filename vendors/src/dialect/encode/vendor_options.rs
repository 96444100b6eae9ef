//! `vendor_options`: members that a caller sends to one vendor besides the canonical fields.

use std::borrow::Cow;

use crate::canonical::Field;
use crate::item::{Item, ItemCode, Items, Note, Report, option_name};
use crate::json::{Kind, Pointer, Value};

use super::request::OTHER_VENDOR;
use super::{Body, Handling, Target};

/// How many names that are no accounts get a suggestion.
const MAX_SUGGESTIONS: usize = 100;

/// The options of one update on their way to the body.
pub(super) struct OptionsMerger<'m> {
    pub(super) target: &'m Target<'m>,
    pub(super) body: &'m mut Body,
    pub(super) items: &'m mut Items,
    pub(super) report: &'m mut Report,
}

impl OptionsMerger<'_> {
    /// Writes the target vendor's options to the body and returns their keys. Entries for other accounts are ignored; a name
    /// that is no account is an unknown field.
    pub(super) fn merge(&mut self, value: Value<'_>) -> Vec<String> {
        let mut keys = Vec::new();
        let mut others = Vec::new();
        for (name, entry) in value.members() {
            match () {
                () if name == self.target.vendor => keys = self.merge_entry(entry),
                () if self.target.accounts.has(&name) => others.push(name),
                () if entry.kind() == Kind::Object => self.unknown(&name),
                () => {} // is refused for its type
            }
        }
        let has_own = value.get(self.target.vendor).is_some_and(|entry| entry.kind() == Kind::Object);
        if !has_own {
            let detail = format!("is not sent: this update goes to `{}`", self.target.vendor);
            let note = |name: &Cow<'_, str>| Note::new(option_name(name), OTHER_VENDOR, detail.clone());
            self.report.warnings.extend(others.iter().take(MAX_SUGGESTIONS).map(note));
        }
        keys
    }

    /// Writes the options of a nested dialect as leaves, and returns their paths. An object is merged member by member.
    fn merge_document(&mut self, entry: Value<'_>) -> Vec<String> {
        let objects = self.target.dialect.plan.map_or(&[][..], |plan| plan.objects);
        let mut paths = Vec::new();
        for (key, option) in entry.members() {
            let is_object = objects.iter().any(|object| object.name.is_empty() || object.name == key);
            if !is_object || !objects.iter().any(|object| object.name.is_empty()) && option.kind() != Kind::Object {
                let names: Vec<_> = objects.iter().map(|object| format!("`{}`", object.name)).collect();
                let detail =
                    format!("{} keeps an assistant in the objects {}", self.target.dialect.title, names.join(" and "));
                self.refuse(std::slice::from_ref(&key), ItemCode::NotAllowed, detail);
                continue;
            }
            self.merge_leaves(vec![key], option, &mut paths);
        }
        paths
    }

    fn merge_leaves<'v>(&mut self, path: Vec<Cow<'v, str>>, option: Value<'v>, paths: &mut Vec<String>) {
        if option.kind() == Kind::Object && option.members().next().is_some() {
            for (key, inner) in option.members() {
                self.merge_leaves([&path[..], &[key]].concat(), inner, paths);
            }
            return;
        }
        let place = path.join(".");
        let owned = path.iter().map(|key| Cow::Owned(key.clone().into_owned())).collect();
        match self.body.leaves.put(owned, option.text().to_owned(), Field::VendorOptions) {
            Ok(()) => paths.push(place),
            Err(field) => {
                let detail = format!("the field `{}` already sets `{place}`; send only one of the two", field.name());
                self.refuse(&path, ItemCode::Conflict, detail);
            }
        }
    }

    /// Refuses an option of this account.
    fn refuse(&mut self, path: &[Cow<'_, str>], code: ItemCode, detail: String) {
        let steps = [Field::VendorOptions.name(), self.target.vendor].into_iter().chain(path.iter().map(|key| &**key));
        let pointer = steps.fold("#".to_owned(), |pointer, step| {
            pointer + Pointer::Root.key(step).to_string().trim_start_matches('#')
        });
        let item = Item::new(&Pointer::Root, Field::VendorOptions, code, detail);
        self.items.push(Item { pointer, field: Some(option_name(self.target.vendor)), ..item });
    }

    /// Writes the options and returns their keys. A key that a canonical field has already written is refused, because one of
    /// the two values would be lost.
    fn merge_entry(&mut self, entry: Value<'_>) -> Vec<String> {
        let target = self.target;
        if target.dialect.plan.is_some() {
            return self.merge_document(entry);
        }
        let root = Pointer::Root;
        let options = root.key(Field::VendorOptions.name());
        let at = options.key(target.vendor);
        let mut keys = Vec::new();
        for (key, option) in entry.members() {
            let writer = self.report.applied.iter().find(|&&field| target.writes(field, &key));
            match writer {
                Some(field) => {
                    let detail = format!("the field `{}` already sets `{key}`; send only one of the two", field.name());
                    let item = Item::new(&at.key(&key), Field::VendorOptions, ItemCode::Conflict, detail);
                    self.items.push(Item { field: Some(option_name(target.vendor)), ..item });
                }
                None => {
                    self.body.foreign_member(&key, option.text());
                    keys.push(key.into_owned());
                }
            }
        }
        keys
    }

    /// Refuses or drops the entry of an account that does not exist.
    fn unknown(&mut self, name: &str) {
        if self.items.is_full() {
            return self.items.skip();
        }
        let known = self.items.list.len() + self.report.dropped.len();
        let meant = if known < MAX_SUGGESTIONS { self.meant(name) } else { None };
        let detail = match meant {
            Some(meant) => format!("is no vendor account of this gateway; did you mean `vendor_options.{meant}`?"),
            None => "is no vendor account of this gateway".to_owned(),
        };
        // An entry is dropped only if the report has room for it.
        let has_room = self.report.dropped.len() < Items::MAX;
        match self.target.handling {
            Handling::Lenient if has_room => {
                self.report.dropped.push(Note::new(option_name(name), ItemCode::UnknownField.as_str(), detail));
            }
            Handling::Lenient | Handling::Strict => {
                let root = Pointer::Root;
                let pointer = root.key(Field::VendorOptions.name()).key(name).to_string();
                let field = Some(option_name(name));
                self.items.push(Item { pointer, field, code: ItemCode::UnknownField, detail, vendor_field: None });
            }
        }
    }

    /// The account that the caller probably means: this one, if its dialect is named.
    fn meant(&self, name: &str) -> Option<&str> {
        let own = self.target.dialect.name.eq_ignore_ascii_case(name).then_some(self.target.vendor);
        own.or_else(|| self.target.accounts.nearest(name))
    }
}
