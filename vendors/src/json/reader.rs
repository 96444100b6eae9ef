//! The reader: one pass that proves a body to be one strict JSON object.

use std::borrow::Cow;

use super::error::{JsonError, Reason};
use super::keys::Keys;
use super::special;
use super::text::{decode, excerpt, hex4};
use super::value::Value;

/// How strictly to read.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many objects and arrays may stand within each other, the outermost included.
    pub depth: usize,
    /// Whether the same key twice in one object is refused.
    pub unique_keys: bool,
}

impl Limits {
    /// For canonical updates: depth 32, no duplicate keys anywhere.
    pub const CALLER: Self = Self { depth: 32, unique_keys: true };
    /// For vendors' answers, which are not ours to police: depth 128, duplicates tolerated.
    pub const VENDOR: Self = Self { depth: 128, unique_keys: false };
}

/// The members of the outermost object, in the order in which they stand.
pub type Object<'a> = Vec<(Cow<'a, str>, Value<'a>)>;

/// Takes the members of the outermost object as they are read; what it took is worth nothing if an error follows.
pub(crate) trait Sink<'a> {
    /// What takes the members of an object within.
    type Inner: Sink<'a>;

    /// Notes a key and says whether the object has had it already; `None` leaves that to the reader.
    fn had(&mut self, _key: &str) -> Option<bool> {
        None
    }

    /// Takes a member, whose key was noted last.
    fn push(&mut self, key: Cow<'a, str>, value: Value<'a>);

    /// What takes the members of the value of `key`, should that be an object; `None` leaves them alone.
    fn inner(&mut self, _key: &str) -> Option<&mut Self::Inner> {
        None
    }
}

impl<'a> Sink<'a> for Object<'a> {
    type Inner = Nowhere;

    fn push(&mut self, key: Cow<'a, str>, value: Value<'a>) {
        self.push((key, value));
    }
}

/// For objects within others, which are kept as text.
pub(crate) struct Nowhere;

impl<'a> Sink<'a> for Nowhere {
    type Inner = Self;

    fn push(&mut self, _: Cow<'a, str>, _: Value<'a>) {}
}

/// Reads one JSON object and nothing else.
///
/// # Errors
/// The first violation, with its line and column: JSON's own grammar (RFC 8259), UTF-8, a lone surrogate, or `limits`.
pub fn read_object(body: &[u8], limits: Limits) -> Result<Object<'_>, JsonError> {
    let mut members = Vec::with_capacity(16);
    read_object_into(&mut members, body, limits)?;
    Ok(members)
}

/// As [`read_object`], into what the caller makes of the members; returns the object itself.
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
            return stop(Reason::Empty);
        }
        let value = reader.value()?;
        reader.end()?;
        Ok(value)
    })
}

fn read<'a, T>(body: &'a [u8], limits: Limits, parse: impl FnOnce(&mut Reader<'a>) -> Step<T>) -> Result<T, JsonError> {
    let Ok(text) = simdutf8::basic::from_utf8(body) else {
        let valid = std::str::from_utf8(body).map_or_else(|error| error.valid_up_to(), str::len);
        return Err(JsonError::at(body, valid, Reason::Utf8));
    };
    let mut reader = Reader { text, at: 0, depth: 0, limits, keys: Keys::default() };
    parse(&mut reader).map_err(|reason| JsonError::at(body, reader.at, *reason))
}

/// What every step returns; boxed, because a result as wide as one pointer costs next to nothing to hand on.
type Step<T = ()> = Result<T, Box<Reason>>;

#[cold]
fn stop<T>(reason: Reason) -> Step<T> {
    Err(Box::new(reason))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    limits: Limits,
    keys: Keys<'a>,
}

impl<'a> Reader<'a> {
    fn document(&mut self, sink: &mut impl Sink<'a>) -> Step<Value<'a>> {
        self.skip_space();
        match self.peek() {
            None => return stop(Reason::Empty),
            Some(b'{') => {}
            Some(b'[' | b'"' | b't' | b'f' | b'n' | b'-' | b'0'..=b'9') => return stop(Reason::NotAnObject),
            Some(_) => return stop(Reason::Expected("a JSON object")),
        }
        let object = self.span(|reader| reader.object(sink))?;
        self.end()?;
        Ok(object)
    }

    /// Nothing but white space may follow.
    fn end(&mut self) -> Step {
        self.skip_space();
        if self.peek().is_some() { stop(Reason::Trailing) } else { Ok(()) }
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

    fn expect(&mut self, byte: u8, what: &'static str) -> Step {
        match self.peek() {
            Some(found) if found == byte => {
                self.at += 1;
                Ok(())
            }
            Some(_) => stop(Reason::Expected(what)),
            None => stop(Reason::Truncated),
        }
    }

    /// A value of any type. In line, since a result this wide would go by memory: 1 % of an update's instructions.
    #[inline(always)]
    fn value(&mut self) -> Step<Value<'a>> {
        self.span(Self::any)
    }

    /// Goes on to the end of a value of any type.
    fn any(&mut self) -> Step {
        match self.peek() {
            Some(b'"') => self.string("a string").map(drop),
            Some(b'{' | b'[') => self.nested(),
            Some(b't') => self.literal("true"),
            Some(b'f') => self.literal("false"),
            Some(b'n') => self.literal("null"),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'+' | b'.') => stop(Reason::Number),
            Some(_) => stop(Reason::Expected("a JSON value")),
            None => stop(Reason::Truncated),
        }
    }

    /// An object or array that is kept as text; apart, so that the many values without any need little of the stack.
    #[inline(never)]
    fn nested(&mut self) -> Step {
        if self.peek() == Some(b'{') { self.object(&mut Nowhere) } else { self.array() }
    }

    /// What `read` reads, as a value.
    #[inline(always)]
    fn span(&mut self, read: impl FnOnce(&mut Self) -> Step) -> Step<Value<'a>> {
        let start = self.at;
        read(self)?;
        Ok(Value::checked(self.text.get(start..self.at).unwrap_or_default()))
    }

    fn enter(&mut self) -> Step {
        if self.depth == self.limits.depth {
            return stop(Reason::TooDeep(self.limits.depth));
        }
        self.depth += 1;
        self.at += 1;
        self.skip_space();
        Ok(())
    }

    /// Takes the bracket that closes what was entered.
    fn leave(&mut self, close: u8, what: &'static str) -> Step {
        self.depth -= 1;
        self.expect(close, what)
    }

    fn object(&mut self, sink: &mut impl Sink<'a>) -> Step {
        self.enter()?;
        let mut scope = self.keys.open();
        if self.peek() != Some(b'}') {
            loop {
                let start = self.at;
                let (inner, escaped) = self.string("a key in double quotes")?;
                let key = if escaped { decode(inner) } else { Cow::Borrowed(inner) };
                if self.limits.unique_keys
                    && sink.had(&key).unwrap_or_else(|| !self.keys.insert(&mut scope, key.clone()))
                {
                    self.at = start;
                    return stop(Reason::DuplicateKey(excerpt(&key, 128).into_owned()));
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

    fn array(&mut self) -> Step {
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

    /// After a value: takes the comma before the next one, if there is one.
    fn comma(&mut self) -> bool {
        self.skip_space();
        let found = self.peek() == Some(b',');
        if found {
            self.at += 1;
            self.skip_space();
        }
        found
    }

    /// A string; returns what stands between its quotes, and whether there may be escapes in it.
    #[inline(always)]
    fn string(&mut self, what: &'static str) -> Step<(&'a str, bool)> {
        self.expect(b'"', what)?;
        let start = self.at;
        self.at = special::first(self.bytes(), start, special::SHORT);
        let escaped = self.peek() != Some(b'"');
        if escaped {
            self.rest_of_string()?;
        }
        let inner = self.text.get(start..self.at).unwrap_or_default();
        self.at += 1;
        Ok((inner, escaped))
    }

    /// Goes on to the closing quote: in blocks, and vector by vector through a block that needs a closer look.
    #[inline(never)]
    fn rest_of_string(&mut self) -> Step {
        let mut blocks_from = self.at;
        loop {
            if self.at >= blocks_from {
                self.at = special::clean_run(self.bytes(), self.at);
                blocks_from = self.at + special::BLOCK;
            }
            self.at = special::first(self.bytes(), self.at, special::BLOCK / special::VECTOR);
            match self.peek() {
                Some(b'"') => return Ok(()),
                Some(b'\\') => self.escape()?,
                Some(0..0x20) => return stop(Reason::Control),
                Some(_) => {}
                None => return stop(Reason::Truncated),
            }
        }
    }

    /// One escape; the cursor stands on the backslash.
    fn escape(&mut self) -> Step {
        let rest = self.bytes().get(self.at..).unwrap_or_default();
        let length = match rest.get(1) {
            None => return stop(Reason::Truncated),
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            Some(b'u') => match unicode_escape(rest)? {
                0xDC00..0xE000 => return stop(Reason::Surrogate),
                0xD800..0xDC00 => match rest.get(6..) {
                    Some(low @ [b'\\', b'u', ..]) if (0xDC00..0xE000).contains(&unicode_escape(low)?) => 12,
                    _ => return stop(Reason::Surrogate),
                },
                _ => 6,
            },
            Some(_) => return stop(Reason::Escape),
        };
        self.at += length;
        Ok(())
    }

    fn literal(&mut self, word: &'static str) -> Step {
        let rest = self.bytes().get(self.at..).unwrap_or_default();
        if rest.starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(())
        } else if word.as_bytes().starts_with(rest) {
            stop(Reason::Truncated)
        } else {
            stop(Reason::Expected("`true`, `false` or `null`"))
        }
    }

    fn number(&mut self) -> Step {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if let Some(b'0'..=b'9') = self.peek() {
            return stop(Reason::Number);
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

    /// At least one digit.
    fn digits(&mut self) -> Step {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        match (self.at > start, self.peek()) {
            (true, _) => Ok(()),
            (false, None) => stop(Reason::Truncated),
            (false, Some(_)) => stop(Reason::Number),
        }
    }
}

/// The code unit of an escape, `\u` and four digits, at the start of `rest`.
fn unicode_escape(rest: &[u8]) -> Step<u32> {
    match hex4(rest, 2) {
        Some(unit) => Ok(unit),
        None if rest.len() < 6 => stop(Reason::Truncated),
        None => stop(Reason::Escape),
    }
}

#[cfg(test)]
mod tests;
