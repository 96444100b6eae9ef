//! Maps the keys of a vendor's field errors back to pointers into the canonical update.

use std::borrow::Cow;

use crate::canonical::{Field, Member, Shape};
use crate::dialect::{Dialect, Rule};
use crate::item::{Item, ItemCode, Items};
use crate::json::{Pointer, excerpt};

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
    /// Adds an item for a sentence about the vendor's `key`, which is empty if the sentence is about no field.
    pub(super) fn push(&mut self, key: &str, sentence: &str) {
        if self.items.is_full() {
            return self.items.skip();
        }
        let key = &*clipped(key);
        let (pointer, field) = self.canonical(key);
        self.items.push(Item {
            pointer,
            vendor_field: (field.is_none() && !key.is_empty()).then(|| key.to_owned()),
            field: field.map(|field| field.name().into()),
            code: ItemCode::RejectedByVendor,
            detail: excerpt(sentence, MAX_TEXT_BYTES).into_owned(),
        });
    }

    /// How many items there are, those that are only counted included.
    pub(super) fn len(&self) -> usize {
        self.items.list.len() + self.items.more
    }

    pub(super) fn is_full(&self) -> bool {
        self.items.is_full()
    }

    pub(super) fn skip(&mut self) {
        self.items.skip();
    }

    /// The pointer and the field for a vendor's key: `post_call_schema.0.name` becomes `#/post_call_schema/0/name`. The
    /// first segment names a field; the rest is the path inside it. Keys of `vendor_options` can contain dots, so they
    /// are compared whole. A key that leads nowhere as it stands is read as other frameworks write paths.
    fn canonical(&self, key: &str) -> (String, Option<Field>) {
        self.placed(key)
            .or_else(|| self.placed(&plain_path(key)))
            .or_else(|| self.placed(&snake_case(&plain_path(key))))
            .map_or(("#".to_owned(), None), |(pointer, field)| (pointer, Some(field)))
    }

    fn placed(&self, key: &str) -> Option<(String, Field)> {
        if let Some((option, rest)) = self.option(key) {
            let steps = ["vendor_options", self.vendor, option].into_iter().chain(rest.split('.').skip(1));
            return Some((pointer(steps), Field::VendorOptions));
        }
        let (first, rest) = key.split_at(key.find('.').unwrap_or(key.len()));
        let field = self.field(first)?;
        let path: &[&str] = match self.dialect.row(field).rule {
            Rule::Hook(hook) if first == hook.wire => hook.canonical_path,
            _ => &[],
        };
        let inside = path.iter().copied().chain(rest.split('.').skip(1)).collect::<Vec<_>>();
        let depth = depth(&field.spec().shape, &inside);
        let steps = [field.name()].into_iter().chain(inside.into_iter().take(depth));
        Some((pointer(steps), field))
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

/// A key as long as is mapped.
pub(super) fn clipped(key: &str) -> Cow<'_, str> {
    excerpt(key, MAX_KEY_BYTES)
}

/// How many of these steps can lead into a value of this shape: none leads into a text or a number.
fn depth(shape: &Shape, steps: &[&str]) -> usize {
    let Some((first, rest)) = steps.split_first() else { return 0 };
    let inside = |members: &[Member]| members.iter().find(|member| member.name == *first).map(|member| member.shape);
    match shape {
        Shape::Boolean | Shape::Integer(_) | Shape::Number(_) | Shape::Text(_) | Shape::Choice(_) => 0,
        Shape::List(element) => 1 + depth(element, rest),
        Shape::Record(members) => 1 + inside(members).map_or(rest.len(), |shape| depth(&shape, rest)),
        Shape::Tagged(variants) => {
            let member = variants.iter().find_map(|variant| inside(variant.members));
            1 + member.map_or(rest.len(), |shape| depth(&shape, rest))
        }
        Shape::Map | Shape::PerVendor | Shape::Any => steps.len(),
    }
}

/// A path in the vendors' form, from a JSON Pointer (`/data/attributes/name`), a JSONPath (`$.name`), brackets
/// (`tools[0][name]`), or a path that starts at the body (`body.name`).
fn plain_path(key: &str) -> String {
    let pointer = key.strip_prefix('#').unwrap_or(key);
    let path = match pointer.strip_prefix('/') {
        Some(pointer) => pointer.replace('/', ".").replace("~1", "/").replace("~0", "~"),
        None => key.trim_start_matches(['$', '.']).replace('[', ".").replace(']', "").replace(['"', '\''], ""),
    };
    let around = ["data", "attributes", "body", "request", "payload", "input", "params", "json"];
    let mut rest = path.trim_start_matches('.');
    while let Some((first, inner)) = rest.split_once('.') {
        if !around.contains(&first) {
            break;
        }
        rest = inner;
    }
    rest.to_owned()
}

/// A path whose first name is in camel case, in Pascal case or of several words, in snake case. The rest stays, so that a
/// secret in it is still found.
fn snake_case(path: &str) -> String {
    let (first, rest) = path.split_at(path.find('.').unwrap_or(path.len()));
    let mut snake = String::with_capacity(path.len() + 8);
    for char in first.chars() {
        let starts_word = char.is_ascii_uppercase() && snake.ends_with(|last: char| last.is_ascii_lowercase());
        if starts_word {
            snake.push('_');
        }
        snake.push(if matches!(char, ' ' | '-') { '_' } else { char.to_ascii_lowercase() });
    }
    snake + rest
}

fn pointer<'a>(steps: impl Iterator<Item = &'a str>) -> String {
    steps.fold("#".to_owned(), |pointer, step| {
        let step = Pointer::Root.key(step).to_string();
        pointer + step.trim_start_matches('#')
    })
}
