//! Maps the keys of a vendor's field errors back to pointers into the canonical update.

use std::borrow::Cow;

use crate::canonical::Field;
use crate::dialect::{Dialect, Rule};
use crate::item::{Item, ItemCode, Items};
use crate::json::{Kind, Pointer, Value, excerpt};

use super::SentFields;
use super::vendor_error::MAX_TEXT_BYTES;

/// Longest vendor key that is mapped, in bytes. A longer key is cut, with an ellipsis, so that a hostile response cannot
/// make pointers grow without limit. The ellipsis also tells the redaction of secrets that a key was cut.
const MAX_KEY_BYTES: usize = 256;

/// The field errors of one response.
pub(super) struct ErrorKeys<'a> {
    pub(super) dialect: &'a Dialect,
    pub(super) vendor: &'a str,
    pub(super) sent: &'a SentFields,
    pub(super) items: &'a mut Items,
}

impl ErrorKeys<'_> {
    /// Adds an item for each message in the member `errors` of the response.
    pub(super) fn errors(&mut self, errors: Value<'_>) {
        match errors.kind() {
            Kind::Object => errors.members().for_each(|(key, messages)| self.messages(&key, messages)),
            Kind::Array => errors.elements().for_each(|message| self.messages("", message)),
            Kind::String => self.messages("", errors),
            _ => {}
        }
    }

    fn messages(&mut self, key: &str, messages: Value<'_>) {
        if self.items.is_full() {
            return self.items.skip();
        }
        let key = &*clipped(key);
        match messages.kind() {
            Kind::Array => messages.elements().for_each(|message| self.messages(key, message)),
            Kind::Object => {
                messages.members().for_each(|(inner, message)| self.messages(&format!("{key}.{inner}"), message));
            }
            Kind::Null => {}
            _ => self.message(key, messages),
        }
    }

    fn message(&mut self, key: &str, message: Value<'_>) {
        let text = message.as_str().map_or_else(|| message.text().to_owned(), Cow::into_owned);
        let (pointer, field) = self.canonical(key);
        self.items.push(Item {
            pointer,
            vendor_field: (field.is_none() && !key.is_empty()).then(|| key.to_owned()),
            field: field.map(|field| field.name().into()),
            code: ItemCode::RejectedByVendor,
            detail: excerpt(&text, MAX_TEXT_BYTES).into_owned(),
        });
    }

    /// The pointer and the field for a vendor's key: `post_call_schema.0.name` becomes `#/post_call_schema/0/name`. The
    /// first segment names a field; the rest is the path inside it. Keys of `vendor_options` can contain dots, so they
    /// are compared whole.
    fn canonical(&self, key: &str) -> (String, Option<Field>) {
        let key = &*clipped(key);
        if let Some((option, rest)) = self.option(key) {
            let steps = ["vendor_options", self.vendor, option].into_iter().chain(rest.split('.').skip(1));
            return (pointer(steps), Some(Field::VendorOptions));
        }
        let (first, rest) = key.split_at(key.find('.').unwrap_or(key.len()));
        let Some(field) = self.field(first) else { return ("#".to_owned(), None) };
        let path: &[&str] = match self.dialect.row(field).rule {
            Rule::Hook(hook) if first == hook.wire => hook.canonical_path,
            _ => &[],
        };
        let steps = [field.name()].into_iter().chain(path.iter().copied()).chain(rest.split('.').skip(1));
        (pointer(steps), Some(field))
    }

    /// The longest sent option that `key` equals or lies in, and the rest of `key`.
    fn option<'k>(&'k self, key: &'k str) -> Option<(&'k str, &'k str)> {
        let inside = |option: &'k String| {
            let rest = key.strip_prefix(option.as_str())?;
            (rest.is_empty() || rest.starts_with('.')).then_some((option.as_str(), rest))
        };
        self.sent.options.iter().filter_map(inside).max_by_key(|(option, _)| option.len())
    }

    /// The field for a vendor's key. Of the fields that are sent under this key, a field that was sent comes first, then
    /// a field with this canonical name. A key that no field is sent under may be a canonical name itself.
    fn field(&self, wire: &str) -> Option<Field> {
        let writers = || self.dialect.fields_of_wire(wire);
        let namesake = Field::from_name(wire);
        writers()
            .find(|&field| self.sent.fields.contains(field))
            .or_else(|| writers().find(|&field| Some(field) == namesake))
            .or_else(|| writers().next())
            .or(namesake)
    }
}

fn clipped(key: &str) -> Cow<'_, str> {
    excerpt(key, MAX_KEY_BYTES)
}

fn pointer<'a>(steps: impl Iterator<Item = &'a str>) -> String {
    steps.fold("#".to_owned(), |pointer, step| {
        let step = Pointer::Root.key(step).to_string();
        pointer + step.trim_start_matches('#')
    })
}
