//! Checks a value against its shape and reports everything that is wrong with it.

use std::borrow::Cow;

use crate::item::{Item, ItemCode, Items};
use crate::json::{Kind, Pointer, Value, excerpt};

use super::field::Field;
use super::shape::{Bounds, Length, Member, Required, Shape, Variant};

/// Longest sent text that a message repeats, in bytes.
const MAX_QUOTED_BYTES: usize = 64;

/// The member that selects the variant of an object.
const TAG: &str = "type";

/// Checks a field's value: `null` against the field's nullability, anything else against its shape.
pub fn check_value(field: Field, value: Value<'_>, items: &mut Items) {
    let spec = field.spec();
    let is_valid = if value.is_null() { spec.nullable } else { is_valid(value, &spec.shape) };
    if is_valid {
        return;
    }
    let root = Pointer::Root;
    let pointer = root.key(spec.name);
    let mut check = Check { field, items };
    if value.is_null() {
        check.note(&pointer, ItemCode::NullNotAllowed, "cannot be null; leave it out to keep it unchanged");
    } else {
        check.report(value, &spec.shape, &pointer);
    }
}

/// The same where a vendor's values have another type, which no flat dialect has.
#[inline(never)]
pub fn check_shape(field: Field, shape: &Shape, value: Value<'_>, items: &mut Items) {
    if value.is_null() {
        return check_value(field, value, items);
    }
    if !is_valid(value, shape) {
        Check { field, items }.report(value, shape, &Pointer::Root.key(field.name()));
    }
}

/// Whether a value is valid, as most are. For an array or an object with members the answer is `false`: they have to be
/// walked.
fn is_valid(value: Value<'_>, shape: &Shape) -> bool {
    let within = |bounds: &Option<Bounds>| match bounds {
        Some(bounds) => value.is_within(bounds.min, bounds.max),
        None => true,
    };
    match shape {
        Shape::Any => true,
        Shape::Boolean => value.as_bool().is_some(),
        Shape::Integer(bounds) => value.as_integer().is_some() && within(bounds),
        Shape::Number(bounds) => value.kind() == Kind::Number && within(bounds),
        Shape::Text(length) => value.kind() == Kind::String && length.admits(value),
        Shape::Choice(choices) => value.is_one_of(choices),
        Shape::Map => value.kind() == Kind::Object,
        Shape::List(_) | Shape::Record(_) | Shape::Tagged(_) | Shape::PerVendor => false,
    }
}

/// Whether the value is valid if its parts are.
fn has_parts(shape: &Shape, value: Value<'_>) -> bool {
    match shape {
        Shape::List(_) => value.kind() == Kind::Array,
        Shape::Record(_) | Shape::Tagged(_) | Shape::PerVendor => value.kind() == Kind::Object,
        _ => false,
    }
}

struct Check<'a> {
    field: Field,
    items: &'a mut Items,
}

impl Check<'_> {
    fn note(&mut self, at: &Pointer<'_>, code: ItemCode, detail: impl Into<String>) {
        self.items.push(Item::new(at, self.field, code, detail));
    }

    fn wrong_type(&mut self, at: &Pointer<'_>, value: Value<'_>, wanted: &str) {
        let (code, detail) = match value.kind() {
            Kind::Null => (ItemCode::NullNotAllowed, format!("cannot be null; must be {wanted}")),
            kind => (ItemCode::WrongType, format!("must be {wanted}, is {}", kind.described())),
        };
        self.note(at, code, detail);
    }

    fn value(&mut self, value: Value<'_>, shape: &Shape, at: &Pointer<'_>) {
        if !is_valid(value, shape) {
            self.report(value, shape, at);
        }
    }

    /// Reports what is wrong with a value, or walks it.
    fn report(&mut self, value: Value<'_>, shape: &Shape, at: &Pointer<'_>) {
        if self.items.is_full() {
            if !has_parts(shape, value) {
                self.items.skip();
            }
            return;
        }
        match (shape, value.kind()) {
            (Shape::Any, _) => {}
            (Shape::Boolean, _) => self.wrong_type(at, value, "a boolean"),
            (Shape::Integer(Some(bounds)), Kind::Number) if value.as_integer().is_some() => self.bounds(*bounds, at),
            (Shape::Integer(_), Kind::Number) => {
                let text = excerpt(value.text(), MAX_QUOTED_BYTES);
                self.note(
                    at,
                    ItemCode::WrongType,
                    format!("must be an integer without a fraction or an exponent, is {text}"),
                );
            }
            (Shape::Integer(_), _) => self.wrong_type(at, value, "an integer"),
            (Shape::Number(Some(bounds)), Kind::Number) => self.bounds(*bounds, at),
            (Shape::Number(_), _) => self.wrong_type(at, value, "a number"),
            (Shape::Text(length), Kind::String) => self.length(value, *length, at),
            (Shape::Text(_), _) => self.wrong_type(at, value, "a string"),
            (Shape::Choice(choices), Kind::String) => {
                let text = value.as_str().unwrap_or_default();
                let detail = format!("must be {}, is `{}`", one_of(choices), excerpt(&text, MAX_QUOTED_BYTES));
                self.note(at, ItemCode::NotAllowed, detail);
            }
            (Shape::Choice(_), _) => self.wrong_type(at, value, "a string"),
            (Shape::List(element), Kind::Array) => {
                value.elements().enumerate().for_each(|(index, item)| self.value(item, element, &at.index(index)));
            }
            (Shape::List(_), _) => self.wrong_type(at, value, "an array"),
            (Shape::Record(members), Kind::Object) => self.members(value, value.members(), members, at),
            (Shape::Tagged(variants), Kind::Object) => self.tagged(value, variants, at),
            (Shape::PerVendor, Kind::Object) => {
                value.members().for_each(|(vendor, options)| self.value(options, &Shape::Map, &at.key(&vendor)));
            }
            (Shape::Record(_) | Shape::Tagged(_) | Shape::Map | Shape::PerVendor, _) => {
                self.wrong_type(at, value, "an object");
            }
        }
    }

    fn bounds(&mut self, Bounds { min, max }: Bounds, at: &Pointer<'_>) {
        self.note(at, ItemCode::OutOfRange, format!("must be between {min} and {max}"));
    }

    fn length(&mut self, value: Value<'_>, length: Length, at: &Pointer<'_>) {
        let chars = value.chars().unwrap_or_default();
        if let Some(max) = length.max.filter(|&max| chars > max) {
            self.note(at, ItemCode::TooLong, format!("must be at most {max} characters long, is {chars}"));
        } else if chars < length.min {
            self.note(at, ItemCode::TooShort, format!("must be at least {} characters long, is {chars}", length.min));
        }
        if let Some(pattern) = length.pattern.filter(|pattern| !pattern.admits(value)) {
            self.note(at, ItemCode::NotAllowed, pattern.described());
        }
    }

    fn tagged(&mut self, value: Value<'_>, variants: &[Variant], at: &Pointer<'_>) {
        let tags = || variants.iter().map(|variant| variant.tag).collect::<Vec<_>>();
        // If the tag is the first member, as it nearly always is, one walk is enough.
        let mut sent = value.members();
        let first = sent.next().filter(|(name, _)| name == TAG).map(|(_, tag)| tag);
        let (tag, sent) = match first {
            Some(_) => (first, sent),
            None => (value.get(TAG), value.members()),
        };
        let Some(tag) = tag else {
            return self.note(&at.key(TAG), ItemCode::Required, format!("is required: {}", one_of(&tags())));
        };
        let Some(name) = tag.as_str() else { return self.wrong_type(&at.key(TAG), tag, "a string") };
        match variants.iter().find(|variant| variant.tag == name) {
            Some(variant) => self.members(value, sent.filter(|(name, _)| name != TAG), variant.members, at),
            None => {
                let detail = format!("must be {}, is `{}`", one_of(&tags()), excerpt(&name, MAX_QUOTED_BYTES));
                self.note(&at.key(TAG), ItemCode::NotAllowed, detail);
            }
        }
    }

    /// Checks the members of a closed object. `sent` are the members that have not been checked yet.
    fn members<'a>(
        &mut self,
        object: Value<'a>,
        sent: impl Iterator<Item = (Cow<'a, str>, Value<'a>)>,
        members: &[Member],
        at: &Pointer<'_>,
    ) {
        let mut present = PresentMembers::default();
        for (name, inner) in sent {
            if self.items.is_full() {
                return self.items.skip();
            }
            match members.iter().enumerate().find(|(_, member)| member.name == name) {
                Some((index, member)) => {
                    present.insert(index);
                    self.value(inner, &member.shape, &at.key(&name));
                }
                None => {
                    let known: Vec<_> = members.iter().map(|member| member.name).collect();
                    let detail = format!("is not a known member; known members: {}", known.join(", "));
                    self.note(&at.key(&name), ItemCode::UnknownField, detail);
                }
            }
        }
        for (index, member) in members.iter().enumerate() {
            if !present.contains(index) && is_required(member, object) {
                let why = match member.required {
                    Required::When { key, is, .. } => format!("is required if `{key}` is `{is}`"),
                    _ => "is required".to_owned(),
                };
                self.note(&at.key(member.name), ItemCode::Required, why);
            }
        }
    }
}

/// The indexes of the members that are present in a closed object, one bit each.
#[derive(Default)]
struct PresentMembers(u64);

impl PresentMembers {
    /// The most members that an object can have. A test checks that no documented object has more.
    const MAX: usize = 64;

    fn insert(&mut self, index: usize) {
        self.0 |= 1 << (index % Self::MAX);
    }

    fn contains(&self, index: usize) -> bool {
        self.0 & 1 << (index % Self::MAX) != 0
    }
}

/// Whether an object needs a member.
pub(crate) fn is_required(member: &Member, object: Value<'_>) -> bool {
    match member.required {
        Required::No => false,
        Required::Yes => true,
        Required::When { key, is, default } => match object.get(key) {
            Some(value) => value.as_str().as_deref() == Some(is),
            None => default,
        },
    }
}

/// The choices as a list for messages.
fn one_of(choices: &[&str]) -> String {
    let quoted: Vec<_> = choices.iter().map(|choice| format!("`{choice}`")).collect();
    match quoted.as_slice() {
        [only] => only.clone(),
        many => format!("one of {}", many.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn largest(shape: &Shape) -> usize {
        let of = |members: &[Member]| {
            members.iter().map(|member| largest(&member.shape)).chain([members.len()]).max().unwrap_or_default()
        };
        match shape {
            Shape::List(element) => largest(element),
            Shape::Record(members) => of(members),
            Shape::Tagged(variants) => variants.iter().map(|variant| of(variant.members)).max().unwrap_or_default(),
            _ => 0,
        }
    }

    #[test]
    fn no_object_has_more_members_than_bits() {
        let most = Field::ALL.iter().map(|field| largest(&field.spec().shape)).max().unwrap();
        assert!((5..=PresentMembers::MAX).contains(&most), "{most}");
    }
}
