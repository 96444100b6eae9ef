//! Maps the keys of a vendor's field errors back to pointers into the canonical update.

use std::borrow::Cow;

use crate::canonical::{Field, Member, Shape};
use crate::dialect::{Dialect, Place, PlaceForm, Rule, Splicing, leads_through};
use crate::item::{Item, ItemCode, Items, option_name};
use crate::json::{Pointer, excerpt};

use super::SentFields;
use super::vendor_error::MAX_TEXT_BYTES;

/// Longest vendor key that is mapped, in bytes. A longer key is cut, with an ellipsis, so that a hostile response cannot
/// make pointers grow without limit. The ellipsis also tells the redaction of secrets that a key was cut.
const MAX_KEY_BYTES: usize = 256;

/// How many words of a sentence are compared with the vendor's members.
const MAX_WORDS: usize = 256;

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
            field: field.map(|field| match field {
                Field::VendorOptions => option_name(self.vendor),
                field => field.name().into(),
            }),
            code: ItemCode::RejectedByVendor,
            detail: excerpt(sentence, MAX_TEXT_BYTES).into_owned(),
        });
    }

    /// The same if the key leads to something that the vendor has; for a text that may be no key at all.
    pub(super) fn push_if_known(&mut self, key: &str, sentence: &str) {
        if self.canonical(&clipped(key)).1.is_some() {
            self.push(key, sentence);
        }
    }

    /// Adds an item for a sentence that mentions a member of the vendor's objects among its words: one that was sent, or else the
    /// first. It leads to no field, as the sentence may be about another one.
    pub(super) fn push_mentioned<'w>(&mut self, words: impl Iterator<Item = &'w str>, sentence: &str) {
        let this = &*self;
        let rows = Field::ALL.into_iter().flat_map(|field| {
            let members = this.dialect.row(field).paths().filter_map(|path| this.in_object(path).first().copied());
            members.map(move |member| (member, this.sent.fields.contains(field)))
        });
        let options = this.sent.options.iter().filter_map(|option| Some((option.split('.').nth(1)?, true)));
        let members: Vec<_> = rows.chain(options).collect();
        let known = words.take(MAX_WORDS).filter_map(|word| {
            let is_sent = members.iter().filter(|(member, _)| *member == word).map(|(_, is_sent)| *is_sent);
            Some((word, is_sent.reduce(|one, other| one || other)?))
        });
        let known: Vec<_> = known.collect();
        let Some((word, _)) = known.iter().find(|(_, is_sent)| *is_sent).or(known.first()) else { return };
        if self.items.is_full() {
            return self.items.skip();
        }
        self.items.push(Item {
            pointer: "#".to_owned(),
            field: None,
            vendor_field: Some((*word).to_owned()),
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
        if self.dialect.plan.is_some() {
            return self.in_document(key);
        }
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

    /// The same in a nested dialect: the sent option that the key lies in, the field with the longest path that the key begins
    /// with, or else the only sent field or option that lies in the key. A path may lack the name of its object, as the vendor
    /// knows only that one.
    fn in_document(&self, key: &str) -> Option<(String, Field)> {
        let steps: Vec<&str> = key.split('.').collect();
        let option = |steps: &[&str]| {
            let outer = ["vendor_options", self.vendor].into_iter();
            (pointer(outer.chain(steps.iter().copied())), Field::VendorOptions)
        };
        if self.option(key).is_some() {
            return Some(option(&steps));
        }
        let rows = || {
            let fields = Field::ALL.into_iter();
            fields.flat_map(|field| self.dialect.row(field).paths().map(move |path| (path, field)))
        };
        let is_sent = |field: Field| self.sent.fields.contains(field);
        let longest = rows().filter_map(|(path, field)| {
            let inside = self.inside(path, &steps, is_sent(field))?;
            Some((path, field, inside))
        });
        if let Some((_, field, inside)) = longest.max_by_key(|(path, field, _)| (path.len(), is_sent(*field))) {
            let inside = match self.dialect.row(field).rule {
                Rule::At(Place { form: PlaceForm::Same, .. }) => inside,
                _ => &[],
            };
            let depth = depth(&field.spec().shape, inside);
            return Some((pointer([field.name()].into_iter().chain(inside.iter().copied().take(depth))), field));
        }
        let outer = rows().filter(|(path, field)| is_sent(*field) && leads_through(&steps, self.in_object(path)));
        let mut outer = outer.map(|(_, field)| field);
        let is_around = |option: &String| option.strip_prefix(key).is_some_and(|rest| rest.starts_with('.'));
        match outer.next() {
            Some(only) => outer.all(|other| other == only).then(|| (pointer([only.name()].into_iter()), only)),
            None => self.sent.options.iter().any(is_around).then(|| option(&steps)),
        }
    }

    /// A path without the name of its object, if that is part of it.
    fn in_object(&self, path: &'static [&'static str]) -> &'static [&'static str] {
        let objects = self.dialect.plan.map_or(&[][..], |plan| plan.objects);
        match path.split_first() {
            Some((first, inside)) if objects.iter().any(|object| object.name == *first) => inside,
            _ => path,
        }
    }

    /// The rest of a key that begins with a path. An element of an array, which the path names, is a number in the key of a
    /// field that was sent.
    fn inside<'k>(&self, path: &'static [&'static str], steps: &'k [&'k str], is_sent: bool) -> Option<&'k [&'k str]> {
        let (short, object) = (self.in_object(path), path.len() - self.in_object(path).len());
        let is_entry = |index: usize| {
            let at = path.get(..object + index).unwrap_or_default();
            matches!(self.dialect.splice(at), Some(Splicing::Entries { .. }))
        };
        let is_number = |step: &str| !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit());
        let matches = short
            .iter()
            .enumerate()
            .zip(steps)
            .all(|((index, name), step)| name == step || is_sent && is_number(step) && is_entry(index));
        (matches && !short.is_empty()).then(|| steps.get(short.len()..)).flatten()
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
