//! Shapes: the types of canonical values. Validation, JSON Schema, OpenAPI and the generated documents all read them.

use crate::json::{Thousandths, Value};

use super::web_address::{self, is_web_address};

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// `true` or `false`.
    Boolean,
    /// A number without a fraction or an exponent.
    Integer(Option<Bounds>),
    /// Any number.
    Number(Option<Bounds>),
    /// A string, its length counted in Unicode scalar values.
    Text(Length),
    /// One of these strings.
    Choice(&'static [&'static str]),
    /// An array of values of one type.
    List(&'static Shape),
    /// An object with these members and no others.
    Record(&'static [Member]),
    /// An object whose member `type` determines its other members.
    Tagged(&'static [Variant]),
    /// An object with any keys and any values.
    Map,
    /// An object with one object for each vendor.
    PerVendor,
    /// Any value.
    Any,
}

/// A closed range of numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// The least value allowed.
    pub min: Thousandths,
    /// The greatest value allowed.
    pub max: Thousandths,
}

impl Bounds {
    /// From `min` to `max`, both included.
    pub const fn new(min: f64, max: f64) -> Self {
        Self { min: Thousandths::of(min), max: Thousandths::of(max) }
    }
}

/// The allowed length of a text and, if documented, its characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Length {
    /// The least number of Unicode scalar values.
    pub min: usize,
    /// The greatest number of Unicode scalar values; `None` if no vendor documents one.
    pub max: Option<usize>,
    /// The allowed characters, if documented.
    pub pattern: Option<Pattern>,
}

impl Length {
    /// Whether the string `value` has an allowed length and allowed characters.
    // Not inlined, so that checks of other shapes need less stack: 1 % of an update's instructions.
    #[inline(never)]
    pub(super) fn admits(&self, value: Value<'_>) -> bool {
        self.max.is_none_or(|max| value.fits(max))
            && (self.min == 0 || value.chars().is_some_and(|chars| chars >= self.min))
            && self.pattern.is_none_or(|pattern| pattern.admits(value))
    }
}

/// A documented format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    /// Lower-case ASCII letters, digits and underscores.
    LowerSnake,
    /// An absolute URL with the scheme `http` or `https` and a host.
    WebAddress,
}

impl Pattern {
    /// Whether `text` has this format.
    pub fn matches(self, text: &str) -> bool {
        match self {
            Self::LowerSnake => text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'),
            Self::WebAddress => is_web_address(text),
        }
    }

    /// Whether the string `value` has this format.
    pub(super) fn admits(self, value: Value<'_>) -> bool {
        value.as_str().is_some_and(|text| self.matches(&text))
    }

    /// The regular expression for JSON Schema (ECMA 262).
    pub const fn regex(self) -> &'static str {
        match self {
            Self::LowerSnake => "^[a-z0-9_]*$",
            Self::WebAddress => web_address::REGEX,
        }
    }

    /// What a text has to be, for messages.
    pub const fn described(self) -> &'static str {
        match self {
            Self::LowerSnake => "must contain only lower-case letters, digits and underscores",
            Self::WebAddress => {
                "must be an absolute URL with `http` or `https` and a host, such as `https://example.com/hook`"
            }
        }
    }
}

/// A member of a [`Shape::Record`] or of a [`Variant`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Member {
    /// The key.
    pub name: &'static str,
    /// The type of the value.
    pub shape: Shape,
    /// When the member is required.
    pub required: Required,
    /// Whether the value is a credential, which is always redacted.
    pub secret: bool,
    /// One sentence.
    pub doc: &'static str,
}

/// When a member is required.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Required {
    /// Never.
    No,
    /// Always.
    Yes,
    /// If the member `key` has the value `is`, or is absent and `is` is its default.
    When {
        /// The deciding member of the same object.
        key: &'static str,
        /// The deciding value.
        is: &'static str,
        /// Whether `is` is the default of `key`.
        default: bool,
    },
}

/// One alternative of a [`Shape::Tagged`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Variant {
    /// The value of `type`.
    pub tag: &'static str,
    /// The other members.
    pub members: &'static [Member],
    /// One sentence.
    pub doc: &'static str,
}

impl Shape {
    /// An integer without a documented range.
    pub const INTEGER: Self = Self::Integer(None);
    /// A text without a documented length.
    pub const TEXT: Self = Self::Text(Length { min: 0, max: None, pattern: None });
    /// An absolute URL of the web.
    pub const WEB_ADDRESS: Self = Self::Text(Length { min: 0, max: None, pattern: Some(Pattern::WebAddress) });

    /// An integer from `min` to `max`.
    pub const fn integer(min: i32, max: i32) -> Self {
        Self::Integer(Some(Bounds::new(min as f64, max as f64)))
    }

    /// A number from `min` to `max`.
    pub const fn number(min: f64, max: f64) -> Self {
        Self::Number(Some(Bounds::new(min, max)))
    }

    /// A text of at most `max` Unicode scalar values.
    pub const fn text(max: usize) -> Self {
        Self::Text(Length { min: 0, max: Some(max), pattern: None })
    }

    /// The range, if there is one.
    pub const fn bounds(&self) -> Option<Bounds> {
        match self {
            Self::Integer(bounds) | Self::Number(bounds) => *bounds,
            _ => None,
        }
    }

    /// Whether a value can have members, at any depth.
    pub const fn has_members(&self) -> bool {
        match self {
            Self::Boolean | Self::Integer(_) | Self::Number(_) | Self::Text(_) | Self::Choice(_) => false,
            Self::List(element) => element.has_members(),
            Self::Record(_) | Self::Tagged(_) | Self::Map | Self::PerVendor | Self::Any => true,
        }
    }

    /// Whether the values are ids or lists of ids: integers without a range. A vendor may have strings in their place.
    pub const fn is_of_ids(&self) -> bool {
        matches!(self, Self::Integer(None) | Self::List(Self::Integer(None)))
    }

    /// The JSON type, for documents and messages.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Integer(_) => "integer",
            Self::Number(_) => "number",
            Self::Text(_) | Self::Choice(_) => "string",
            Self::List(Shape::Integer(_)) => "integer[]",
            Self::List(Shape::Text(_)) => "string[]",
            Self::List(_) => "array",
            Self::Record(_) | Self::Tagged(_) | Self::Map | Self::PerVendor => "object",
            Self::Any => "any",
        }
    }
}

impl Member {
    /// An optional member.
    pub const fn optional(name: &'static str, shape: Shape, doc: &'static str) -> Self {
        Self { name, shape, required: Required::No, secret: false, doc }
    }

    /// A required member.
    pub const fn required(name: &'static str, shape: Shape, doc: &'static str) -> Self {
        Self { name, shape, required: Required::Yes, secret: false, doc }
    }

    /// The same member, required only if `key` is `is`.
    pub const fn when(mut self, key: &'static str, is: &'static str, default: bool) -> Self {
        self.required = Required::When { key, is, default };
        self
    }

    /// The same member, marked as a credential.
    pub const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }
}
