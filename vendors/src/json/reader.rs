//! The reader: one pass that proves a body to be one strict JSON object.

use std::borrow::Cow;

use super::error::{JsonError, Reason};
use super::keys::Keys;
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

/// Reads one JSON object and nothing else.
///
/// # Errors
/// The first violation, with its line and column: JSON's own grammar (RFC 8259), UTF-8, a lone surrogate, or `limits`.
pub fn read_object(body: &[u8], limits: Limits) -> Result<Object<'_>, JsonError> {
    read(body, limits, Reader::document)
}

/// Reads one JSON value of any type and nothing else.
///
/// # Errors
/// As [`read_object`].
pub fn read_value(body: &[u8], limits: Limits) -> Result<Value<'_>, JsonError> {
    read(body, limits, |reader| {
        reader.skip_space();
        if reader.peek().is_none() {
            return Err(Reason::Empty);
        }
        let value = reader.value()?;
        reader.end()?;
        Ok(value)
    })
}

fn read<'a, T>(
    body: &'a [u8],
    limits: Limits,
    parse: impl FnOnce(&mut Reader<'a>) -> Result<T, Reason>,
) -> Result<T, JsonError> {
    let Ok(text) = simdutf8::basic::from_utf8(body) else {
        let valid = std::str::from_utf8(body).map_or_else(|error| error.valid_up_to(), str::len);
        return Err(JsonError::at(body, valid, Reason::Utf8));
    };
    let mut reader = Reader { text, bytes: body, at: 0, depth: 0, limits, keys: Keys::default() };
    parse(&mut reader).map_err(|reason| JsonError::at(body, reader.at, reason))
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    limits: Limits,
    keys: Keys<'a>,
}

impl<'a> Reader<'a> {
    fn document(&mut self) -> Result<Object<'a>, Reason> {
        self.skip_space();
        match self.peek() {
            None => return Err(Reason::Empty),
            Some(b'{') => {}
            Some(b'[' | b'"' | b't' | b'f' | b'n' | b'-' | b'0'..=b'9') => return Err(Reason::NotAnObject),
            Some(_) => return Err(Reason::Expected("a JSON object")),
        }
        let mut members = Vec::with_capacity(16);
        self.object(|key, value| members.push((key, value)))?;
        self.end()?;
        Ok(members)
    }

    /// Nothing but white space may follow.
    fn end(&mut self) -> Result<(), Reason> {
        self.skip_space();
        if self.peek().is_some() { Err(Reason::Trailing) } else { Ok(()) }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8, what: &'static str) -> Result<(), Reason> {
        match self.peek() {
            Some(found) if found == byte => {
                self.at += 1;
                Ok(())
            }
            Some(_) => Err(Reason::Expected(what)),
            None => Err(Reason::Truncated),
        }
    }

    fn value(&mut self) -> Result<Value<'a>, Reason> {
        let start = self.at;
        match self.peek() {
            Some(b'"') => self.string().map(|_| ())?,
            Some(b'{') => self.object(|_, _| {})?,
            Some(b'[') => self.array()?,
            Some(b't') => self.literal("true")?,
            Some(b'f') => self.literal("false")?,
            Some(b'n') => self.literal("null")?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b'+' | b'.') => return Err(Reason::Number),
            Some(_) => return Err(Reason::Expected("a JSON value")),
            None => return Err(Reason::Truncated),
        }
        Ok(Value::checked(self.text.get(start..self.at).unwrap_or_default()))
    }

    fn enter(&mut self) -> Result<(), Reason> {
        if self.depth == self.limits.depth {
            return Err(Reason::TooDeep(self.limits.depth));
        }
        self.depth += 1;
        self.at += 1;
        self.skip_space();
        Ok(())
    }

    fn object(&mut self, mut each: impl FnMut(Cow<'a, str>, Value<'a>)) -> Result<(), Reason> {
        self.enter()?;
        let mut scope = self.keys.open();
        if self.peek() != Some(b'}') {
            loop {
                let start = self.at;
                if self.peek().is_some_and(|byte| byte != b'"') {
                    return Err(Reason::Expected("a key in double quotes"));
                }
                let key = decode(self.string()?);
                if self.limits.unique_keys && !self.keys.insert(&mut scope, key.clone()) {
                    self.at = start;
                    return Err(Reason::DuplicateKey(excerpt(&key, 128).into_owned()));
                }
                self.skip_space();
                self.expect(b':', "`:` after the key")?;
                self.skip_space();
                let value = self.value()?;
                each(key, value);
                if !self.more(b'}', "`,` or `}`")? {
                    break;
                }
            }
        }
        self.keys.close(&scope);
        self.depth -= 1;
        self.at += 1;
        Ok(())
    }

    fn array(&mut self) -> Result<(), Reason> {
        self.enter()?;
        if self.peek() != Some(b']') {
            loop {
                self.value()?;
                if !self.more(b']', "`,` or `]`")? {
                    break;
                }
            }
        }
        self.depth -= 1;
        self.at += 1;
        Ok(())
    }

    /// After a value: `true` at a comma (which is taken), `false` before the closing bracket.
    fn more(&mut self, close: u8, what: &'static str) -> Result<bool, Reason> {
        self.skip_space();
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                self.skip_space();
                Ok(true)
            }
            Some(byte) if byte == close => Ok(false),
            Some(_) => Err(Reason::Expected(what)),
            None => Err(Reason::Truncated),
        }
    }

    /// A string; returns what stands between its quotes.
    fn string(&mut self) -> Result<&'a str, Reason> {
        self.expect(b'"', "a string")?;
        let start = self.at;
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let Some(step) = memchr::memchr2(b'"', b'\\', rest) else {
                let control = self.control(rest);
                self.at = control.unwrap_or(self.bytes.len());
                return Err(if control.is_some() { Reason::Control } else { Reason::Truncated });
            };
            if let Some(control) = self.control(rest.get(..step).unwrap_or_default()) {
                self.at = control;
                return Err(Reason::Control);
            }
            self.at += step;
            if self.peek() == Some(b'"') {
                let inner = self.text.get(start..self.at).unwrap_or_default();
                self.at += 1;
                return Ok(inner);
            }
            self.escape()?;
        }
    }

    /// Position of the first control character in `plain`, which starts at the cursor.
    fn control(&self, plain: &[u8]) -> Option<usize> {
        // A fold without an early exit is what the compiler turns into vector instructions: prompts are long and
        // clean.
        let any = plain.iter().fold(false, |any, &byte| any | (byte < 0x20));
        if any { plain.iter().position(|&byte| byte < 0x20).map(|step| self.at + step) } else { None }
    }

    /// One escape; the cursor stands on the backslash.
    fn escape(&mut self) -> Result<(), Reason> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = match rest.get(1) {
            None => return Err(Reason::Truncated),
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            Some(b'u') => match unicode_escape(rest)? {
                0xDC00..0xE000 => return Err(Reason::Surrogate),
                0xD800..0xDC00 => match rest.get(6..) {
                    Some(low @ [b'\\', b'u', ..]) if (0xDC00..0xE000).contains(&unicode_escape(low)?) => 12,
                    _ => return Err(Reason::Surrogate),
                },
                _ => 6,
            },
            Some(_) => return Err(Reason::Escape),
        };
        self.at += length;
        Ok(())
    }

    fn literal(&mut self, word: &'static str) -> Result<(), Reason> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if rest.starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(())
        } else if word.as_bytes().starts_with(rest) {
            Err(Reason::Truncated)
        } else {
            Err(Reason::Expected("`true`, `false` or `null`"))
        }
    }

    fn number(&mut self) -> Result<(), Reason> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if let Some(b'0'..=b'9') = self.peek() {
            return Err(Reason::Number);
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
    fn digits(&mut self) -> Result<(), Reason> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        match (self.at > start, self.peek()) {
            (true, _) => Ok(()),
            (false, None) => Err(Reason::Truncated),
            (false, Some(_)) => Err(Reason::Number),
        }
    }
}

/// The code unit of a `\uXXXX` at the start of `rest`.
fn unicode_escape(rest: &[u8]) -> Result<u32, Reason> {
    let digits = rest.get(2..6).ok_or(Reason::Truncated)?;
    if digits.iter().all(u8::is_ascii_hexdigit) { Ok(hex4(rest, 2)) } else { Err(Reason::Escape) }
}

#[cfg(test)]
mod tests;
