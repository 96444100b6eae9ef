//! JSON values as spans of checked text.

use std::borrow::Cow;

use super::decimal::{Thousandths, is_between};
use super::special_bytes;
use super::text::{count_chars, decode};

/// One JSON value: its text in the body, which the reader has checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value<'a> {
    text: &'a str,
}

/// The six types of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean,
    /// Any number
    Number,
    /// A string
    String,
    /// An array
    Array,
    /// An object
    Object,
}

impl Kind {
    /// The type with its article, for messages.
    pub fn described(self) -> &'static str {
        match self {
            Kind::Null => "null",
            Kind::Boolean => "a boolean",
            Kind::Number => "a number",
            Kind::String => "a string",
            Kind::Array => "an array",
            Kind::Object => "an object",
        }
    }
}

impl<'a> Value<'a> {
    /// Wraps text that the reader has checked.
    pub(super) fn checked(text: &'a str) -> Self {
        Self { text }
    }

    /// The value's own text, byte for byte.
    pub fn text(self) -> &'a str {
        self.text
    }

    /// Whether both are the same span of the same body.
    pub(crate) fn is_same(self, other: Self) -> bool {
        std::ptr::eq(self.text, other.text)
    }

    /// The type, which the first byte determines.
    pub fn kind(self) -> Kind {
        match self.text.as_bytes().first() {
            Some(b'"') => Kind::String,
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b't' | b'f') => Kind::Boolean,
            Some(b'n') => Kind::Null,
            _ => Kind::Number,
        }
    }

    /// Whether this is `null`.
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// The decoded string, if this is one.
    pub fn as_str(self) -> Option<Cow<'a, str>> {
        self.inner().map(decode)
    }

    /// Whether this is one of the strings `texts`, in any spelling. `texts` contain nothing that needs an escape.
    pub fn is_one_of(self, texts: &[&str]) -> bool {
        self.inner()
            .is_some_and(|inner| texts.contains(&inner) || inner.contains('\\') && texts.contains(&&*decode(inner)))
    }

    /// Whether this is the string `text`, in any spelling.
    pub fn is_str(self, text: &str) -> bool {
        self.is_one_of(&[text])
    }

    /// The boolean, if this is one.
    pub fn as_bool(self) -> Option<bool> {
        match self.text {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// The number as a double, if this is one. For computing, not for printing.
    pub fn as_f64(self) -> Option<f64> {
        if self.kind() == Kind::Number { self.text.parse().ok() } else { None }
    }

    /// Whether this is a number from `min` to `max`, compared exactly.
    pub fn is_within(self, min: Thousandths, max: Thousandths) -> bool {
        self.kind() == Kind::Number && is_between(self.text, min, max)
    }

    /// The text of an integer, if this is a number without a fraction or an exponent (`1e2` and `1.0` are not integers).
    pub fn as_integer(self) -> Option<&'a str> {
        let digits = self.text.strip_prefix('-').unwrap_or(self.text);
        (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(self.text)
    }

    /// The length in Unicode scalar values, if this is a string.
    pub fn chars(self) -> Option<usize> {
        self.inner().map(count_chars)
    }

    /// Whether this is a string of at most `max` Unicode scalar values. Counts only if there are more bytes than that.
    pub fn fits(self, max: usize) -> bool {
        self.inner().is_some_and(|inner| inner.len() <= max || count_chars(inner) <= max)
    }

    fn inner(self) -> Option<&'a str> {
        self.text.strip_prefix('"')?.strip_suffix('"')
    }

    /// The elements of an array; none for other types.
    pub fn elements(self) -> impl Iterator<Item = Value<'a>> {
        let mut walk = Walk::inside(self, Kind::Array);
        std::iter::from_fn(move || walk.value())
    }

    /// The members of an object, in their order; none for other types.
    pub fn members(self) -> impl Iterator<Item = (Cow<'a, str>, Value<'a>)> {
        let mut walk = Walk::inside(self, Kind::Object);
        std::iter::from_fn(move || Some((walk.key()?, walk.value()?)))
    }

    /// The same with each key as it is spelled, quotation marks included.
    pub(crate) fn spelled_members(self) -> impl Iterator<Item = (&'a str, Value<'a>)> {
        let mut walk = Walk::inside(self, Kind::Object);
        std::iter::from_fn(move || Some((walk.spelled_key()?, walk.value()?)))
    }

    /// The value at a path of members.
    pub fn at(self, path: &[&str]) -> Option<Self> {
        path.iter().try_fold(self, |value, key| value.get(key))
    }

    /// The last member called `key`, as PHP, JavaScript and Python read an object that has the key twice.
    pub fn get(self, key: &str) -> Option<Value<'a>> {
        self.members().filter(|(name, _)| name == key).last().map(|(_, value)| value)
    }

    /// The same for several keys in one walk.
    pub(crate) fn get_each<const N: usize>(self, keys: [&str; N]) -> [Option<Value<'a>>; N] {
        let mut found = [None; N];
        for (name, value) in self.members() {
            let asked = keys.iter().zip(&mut found).filter(|(key, _)| **key == name);
            asked.for_each(|(_, found)| *found = Some(value));
        }
        found
    }
}

/// A walk over the values directly inside one array or object. The reader has checked the punctuation between them.
struct Walk<'a> {
    inside: &'a str,
    at: usize,
}

impl<'a> Walk<'a> {
    fn inside(value: Value<'a>, kind: Kind) -> Self {
        let inside = value.text.len().checked_sub(1).and_then(|end| value.text.get(1..end));
        Self { inside: if value.kind() == kind { inside.unwrap_or_default() } else { "" }, at: 0 }
    }

    fn value(&mut self) -> Option<Value<'a>> {
        let start = self.next_start()?;
        self.at = end_of_value(self.inside.as_bytes(), start);
        Some(Value::checked(self.inside.get(start..self.at)?))
    }

    fn key(&mut self) -> Option<Cow<'a, str>> {
        let start = self.next_start()?;
        let (end, escaped) = end_of_string(self.inside.as_bytes(), start);
        self.at = end;
        let inner = self.inside.get(start + 1..end.saturating_sub(1))?;
        Some(if escaped { decode(inner) } else { Cow::Borrowed(inner) })
    }

    fn spelled_key(&mut self) -> Option<&'a str> {
        let start = self.next_start()?;
        self.at = end_of_string(self.inside.as_bytes(), start).0;
        self.inside.get(start..self.at)
    }

    /// The position after white space and punctuation, unless that is the end.
    fn next_start(&self) -> Option<usize> {
        let rest = self.inside.as_bytes().get(self.at..)?;
        let step = rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',' | b':'))?;
        Some(self.at + step)
    }
}

/// The position after the checked value that starts at `from`.
fn end_of_value(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    let mut depth = 0_usize;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => at = end_of_string(bytes, at).0,
            b'{' | b'[' => (at, depth) = (at + 1, depth + 1),
            b'}' | b']' => (at, depth) = (at + 1, depth.saturating_sub(1)),
            b' ' | b'\t' | b'\n' | b'\r' | b',' | b':' => at += 1,
            _ => at = end_of_word(bytes, at),
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// The position after the number or literal that starts at `from`.
fn end_of_word(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while !matches!(bytes.get(at), None | Some(b' ' | b'\t' | b'\n' | b'\r' | b',' | b':' | b']' | b'}')) {
        at += 1;
    }
    at
}

/// The position after the string that starts at `from`, and whether it contains escapes.
#[inline(always)]
fn end_of_string(bytes: &[u8], from: usize) -> (usize, bool) {
    let at = special_bytes::first_special(bytes, from + 1, special_bytes::SHORT_STRING_VECTORS);
    if bytes.get(at) == Some(&b'"') { (at + 1, false) } else { end_of_long_string(bytes, at) }
}

/// The same for the rest of a string, from `at` on.
#[inline(never)]
fn end_of_long_string(bytes: &[u8], mut at: usize) -> (usize, bool) {
    let mut escaped = false;
    loop {
        at = special_bytes::first_special(bytes, at, usize::MAX);
        match bytes.get(at) {
            Some(b'\\') => (at, escaped) = (at + 2, true),
            _ => return (bytes.len().min(at + 1), escaped),
        }
    }
}
