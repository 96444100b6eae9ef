//! The reader: checks in one pass that a body is one strict JSON value.

use std::borrow::Cow;

use super::byte_order_mark::BYTE_ORDER_MARK;
use super::error::{JsonError, JsonErrorKind};
use super::open_keys::OpenKeys;
use super::special_bytes;
use super::text::{decode, excerpt, hex4};
use super::value::Value;

/// How strictly to read.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How deep objects and arrays may be nested, the outermost included.
    pub depth: usize,
    /// Whether duplicate keys are refused.
    pub unique_keys: bool,
}

impl Limits {
    /// For canonical updates: depth 32, no duplicate keys.
    pub const CALLER: Self = Self { depth: 32, unique_keys: true };
    /// For vendors' responses: depth 128, duplicate keys allowed.
    pub const VENDOR: Self = Self { depth: 128, unique_keys: false };
}

/// The members of an object, in their order.
pub type Object<'a> = Vec<(Cow<'a, str>, Value<'a>)>;

/// Receives the members of the outermost object while they are read. If the reader returns an error, what was received is
/// incomplete.
pub(crate) trait Sink<'a> {
    /// Receives the members of a nested object.
    type Inner: Sink<'a>;

    /// Whether the object already has this key; `None` leaves the check to the reader.
    fn is_duplicate(&mut self, _key: &str) -> Option<bool> {
        None
    }

    /// Receives a member.
    fn push(&mut self, key: Cow<'a, str>, value: Value<'a>);

    /// The receiver for the members of the value of `key`, if that is an object; `None` ignores them.
    fn inner(&mut self, _key: &str) -> Option<&mut Self::Inner> {
        None
    }
}

impl<'a> Sink<'a> for Object<'a> {
    type Inner = Discard;

    fn push(&mut self, key: Cow<'a, str>, value: Value<'a>) {
        self.push((key, value));
    }
}

/// Ignores the members of a nested object, which is kept as text.
pub(crate) struct Discard;

impl<'a> Sink<'a> for Discard {
    type Inner = Self;

    fn push(&mut self, _: Cow<'a, str>, _: Value<'a>) {}
}

/// Reads one JSON object and nothing else, after at most one byte order mark.
///
/// # Errors
/// The first violation of RFC 8259, UTF-8 or `limits`, or a lone surrogate, with its line and column.
pub fn read_object(body: &[u8], limits: Limits) -> Result<Object<'_>, JsonError> {
    let mut members = Vec::with_capacity(16);
    read_object_into(&mut members, body, limits)?;
    Ok(members)
}

/// As [`read_object`], but passes the members to `sink` and returns the object as a value.
///
/// # Errors
/// As [`read_object`].
pub(crate) fn read_object_into<'a>(
    sink: &mut impl Sink<'a>,
    body: &'a [u8],
    limits: Limits,
) -> Result<Value<'a>, JsonError> {
    read(body, limits, |reader| reader.document(sink))
}

/// Reads one JSON value of any type and nothing else.
///
/// # Errors
/// As [`read_object`].
pub fn read_value(body: &[u8], limits: Limits) -> Result<Value<'_>, JsonError> {
    read(body, limits, |reader| {
        reader.skip_space();
        if reader.peek().is_none() {
            return fail(JsonErrorKind::Empty);
        }
        let value = reader.value()?;
        reader.end()?;
        Ok(value)
    })
}

fn read<'a, T>(
    body: &'a [u8],
    limits: Limits,
    parse: impl FnOnce(&mut Reader<'a>) -> Parsed<T>,
) -> Result<T, JsonError> {
    let Ok(text) = simdutf8::basic::from_utf8(body) else {
        let valid = std::str::from_utf8(body).map_or_else(|error| error.valid_up_to(), str::len);
        return Err(JsonError::at(body, valid, JsonErrorKind::Utf8));
    };
    let at = if body.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    let mut reader = Reader { text, at, depth: 0, limits, keys: OpenKeys::default() };
    parse(&mut reader).map_err(|kind| JsonError::at(body, reader.at, *kind))
}

/// The result of a step. The error is boxed, so that the result is as small as a pointer and cheap to return.
type Parsed<T = ()> = Result<T, Box<JsonErrorKind>>;

#[cold]
fn fail<T>(kind: JsonErrorKind) -> Parsed<T> {
    Err(Box::new(kind))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    limits: Limits,
    keys: OpenKeys<'a>,
}

impl<'a> Reader<'a> {
    fn document(&mut self, sink: &mut impl Sink<'a>) -> Parsed<Value<'a>> {
        self.skip_space();
        match self.peek() {
            None => return fail(JsonErrorKind::Empty),
            Some(b'{') => {}
            Some(b'[' | b'"' | b't' | b'f' | b'n' | b'-' | b'0'..=b'9') => return fail(JsonErrorKind::NotAnObject),
            Some(_) => return fail(JsonErrorKind::Expected("a JSON object")),
        }
        let object = self.span(|reader| reader.object(sink))?;
        self.end()?;
        Ok(object)
    }

    /// Checks that only white space follows.
    fn end(&mut self) -> Parsed {
        self.skip_space();
        if self.peek().is_some() { fail(JsonErrorKind::Trailing) } else { Ok(()) }
    }

    fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    fn peek(&self) -> Option<u8> {
        self.bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8, what: &'static str) -> Parsed {
        match self.peek() {
            Some(found) if found == byte => {
                self.at += 1;
                Ok(())
            }
            Some(_) => fail(JsonErrorKind::Expected(what)),
            None => fail(JsonErrorKind::Truncated),
        }
    }

    /// Reads a value of any type. Inlined, because its result is otherwise returned in memory: 1 % of an update's instructions.
    #[inline(always)]
    fn value(&mut self) -> Parsed<Value<'a>> {
        self.span(Self::skip_value)
    }

    /// Moves to the end of a value of any type.
    fn skip_value(&mut self) -> Parsed {
        match self.peek() {
            Some(b'"') => self.string("a string").map(drop),
            Some(b'{' | b'[') => self.nested(),
            Some(b't') => self.literal("true"),
            Some(b'f') => self.literal("false"),
            Some(b'n') => self.literal("null"),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'+' | b'.') => fail(JsonErrorKind::Number),
            Some(_) => fail(JsonErrorKind::Expected("a JSON value")),
            None => fail(JsonErrorKind::Truncated),
        }
    }

    /// Reads an object or array that is kept as text. Not inlined, so that other values need less stack.
    #[inline(never)]
    fn nested(&mut self) -> Parsed {
        if self.peek() == Some(b'{') { self.object(&mut Discard) } else { self.array() }
    }

    /// The text that `read` moves over, as a value.
    #[inline(always)]
    fn span(&mut self, read: impl FnOnce(&mut Self) -> Parsed) -> Parsed<Value<'a>> {
        let start = self.at;
        read(self)?;
        Ok(Value::checked(self.text.get(start..self.at).unwrap_or_default()))
    }

    fn enter(&mut self) -> Parsed {
        if self.depth == self.limits.depth {
            return fail(JsonErrorKind::TooDeep(self.limits.depth));
        }
        self.depth += 1;
        self.at += 1;
        self.skip_space();
        Ok(())
    }

    /// Reads the closing bracket.
    fn leave(&mut self, close: u8, what: &'static str) -> Parsed {
        self.depth -= 1;
        self.expect(close, what)
    }

    fn object(&mut self, sink: &mut impl Sink<'a>) -> Parsed {
        self.enter()?;
        let mut scope = self.keys.open();
        if self.peek() != Some(b'}') {
            loop {
                let start = self.at;
                let (inner, escaped) = self.string("a key in double quotes")?;
                let key = if escaped { decode(inner) } else { Cow::Borrowed(inner) };
                if self.limits.unique_keys
                    && sink.is_duplicate(&key).unwrap_or_else(|| !self.keys.insert(&mut scope, key.clone()))
                {
                    self.at = start;
                    return fail(JsonErrorKind::DuplicateKey(excerpt(&key, 128).into_owned()));
                }
                self.skip_space();
                self.expect(b':', "`:` after the key")?;
                self.skip_space();
                let value = match sink.inner(&key) {
                    Some(inner) if self.peek() == Some(b'{') => self.span(|reader| reader.object(inner))?,
                    _ => self.value()?,
                };
                sink.push(key, value);
                if !self.comma() {
                    break;
                }
            }
        }
        self.keys.close(&scope);
        self.leave(b'}', "`,` or `}`")
    }

    fn array(&mut self) -> Parsed {
        self.enter()?;
        if self.peek() != Some(b']') {
            loop {
                self.value()?;
                if !self.comma() {
                    break;
                }
            }
        }
        self.leave(b']', "`,` or `]`")
    }

    /// Reads the comma after a value, if there is one.
    fn comma(&mut self) -> bool {
        self.skip_space();
        let found = self.peek() == Some(b',');
        if found {
            self.at += 1;
            self.skip_space();
        }
        found
    }

    /// Reads a string. Returns the text between the quotes and whether it may contain escapes.
    #[inline(always)]
    fn string(&mut self, what: &'static str) -> Parsed<(&'a str, bool)> {
        self.expect(b'"', what)?;
        let start = self.at;
        self.at = special_bytes::first_special(self.bytes(), start, special_bytes::SHORT_STRING_VECTORS);
        let escaped = self.peek() != Some(b'"');
        if escaped {
            self.rest_of_string()?;
        }
        let inner = self.text.get(start..self.at).unwrap_or_default();
        self.at += 1;
        Ok((inner, escaped))
    }

    /// Moves to the closing quote: block by block, or vector by vector within a block that contains special bytes.
    #[inline(never)]
    fn rest_of_string(&mut self) -> Parsed {
        let mut blocks_from = self.at;
        loop {
            if self.at >= blocks_from {
                self.at = special_bytes::clean_run(self.bytes(), self.at);
                blocks_from = self.at + special_bytes::BLOCK_BYTES;
            }
            self.at = special_bytes::first_special(
                self.bytes(),
                self.at,
                special_bytes::BLOCK_BYTES / special_bytes::VECTOR_BYTES,
            );
            match self.peek() {
                Some(b'"') => return Ok(()),
                Some(b'\\') => self.escape()?,
                Some(0..0x20) => return fail(JsonErrorKind::Control),
                Some(_) => {}
                None => return fail(JsonErrorKind::Truncated),
            }
        }
    }

    /// Reads an escape; the cursor is at the backslash.
    fn escape(&mut self) -> Parsed {
        let rest = self.bytes().get(self.at..).unwrap_or_default();
        let length = match rest.get(1) {
            None => return fail(JsonErrorKind::Truncated),
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            Some(b'u') => match unicode_escape(rest)? {
                0xDC00..0xE000 => return fail(JsonErrorKind::Surrogate),
                0xD800..0xDC00 => match rest.get(6..) {
                    Some(low @ [b'\\', b'u', ..]) if (0xDC00..0xE000).contains(&unicode_escape(low)?) => 12,
                    _ => return fail(JsonErrorKind::Surrogate),
                },
                _ => 6,
            },
            Some(_) => return fail(JsonErrorKind::Escape),
        };
        self.at += length;
        Ok(())
    }

    fn literal(&mut self, word: &'static str) -> Parsed {
        let rest = self.bytes().get(self.at..).unwrap_or_default();
        if rest.starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(())
        } else if word.as_bytes().starts_with(rest) {
            fail(JsonErrorKind::Truncated)
        } else {
            fail(JsonErrorKind::Expected("`true`, `false` or `null`"))
        }
    }

    fn number(&mut self) -> Parsed {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if let Some(b'0'..=b'9') = self.peek() {
            return fail(JsonErrorKind::Number);
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    /// Reads at least one digit.
    fn digits(&mut self) -> Parsed {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        match (self.at > start, self.peek()) {
            (true, _) => Ok(()),
            (false, None) => fail(JsonErrorKind::Truncated),
            (false, Some(_)) => fail(JsonErrorKind::Number),
        }
    }
}

/// The code unit of the escape `\u` and four digits at the start of `rest`.
fn unicode_escape(rest: &[u8]) -> Parsed<u32> {
    match hex4(rest, 2) {
        Some(unit) => Ok(unit),
        None if rest.len() < 6 => fail(JsonErrorKind::Truncated),
        None => fail(JsonErrorKind::Escape),
    }
}

#[cfg(test)]
mod tests;
