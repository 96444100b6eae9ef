//! Why a body is not the JSON that we read.

use std::fmt;

/// A body that could not be read, and where reading stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError {
    /// What is wrong.
    pub reason: Reason,
    /// Line of the offending byte, from 1.
    pub line: usize,
    /// Column of the offending byte, from 1, counted in bytes.
    pub column: usize,
}

/// What is wrong with a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// No byte but white space.
    Empty,
    /// Not UTF-8.
    Utf8,
    /// A value of another type stands where the object should.
    NotAnObject,
    /// Something else was expected here.
    Expected(&'static str),
    /// The body ends in the middle of a value.
    Truncated,
    /// Text after the end of the object.
    Trailing,
    /// A number that JSON does not know (`01`, `1.`, `+1`, `.5`).
    Number,
    /// A control character that must be escaped in a string.
    Control,
    /// An escape that JSON does not know.
    Escape,
    /// Half of a surrogate pair.
    Surrogate,
    /// The same key twice in one object.
    DuplicateKey(String),
    /// More objects and arrays within each other than allowed.
    TooDeep(usize),
}

impl JsonError {
    /// Turns an offset into line and column; only failing bodies pay for counting.
    pub(super) fn at(bytes: &[u8], offset: usize, reason: Reason) -> Self {
        let before = bytes.get(..offset).unwrap_or(bytes);
        let line = 1 + memchr::memchr_iter(b'\n', before).count();
        let column = 1 + memchr::memrchr(b'\n', before).map_or(before.len(), |newline| before.len() - newline - 1);
        Self { reason, line, column }
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Reason::Empty => return f.write_str("the body is empty; send one JSON object"),
            Reason::Utf8 => f.write_str("the body is not valid UTF-8"),
            Reason::NotAnObject => f.write_str("the body must be one JSON object"),
            Reason::Expected(what) => write!(f, "expected {what}"),
            Reason::Truncated => f.write_str("the body ends in the middle of a value"),
            Reason::Trailing => f.write_str("there is text after the end of the JSON object"),
            Reason::Number => f.write_str("this is not a JSON number"),
            Reason::Control => f.write_str("a control character in a string must be escaped"),
            Reason::Escape => f.write_str("this is not a JSON escape sequence"),
            Reason::Surrogate => f.write_str("an escaped surrogate stands without its other half"),
            Reason::DuplicateKey(key) => write!(f, "duplicate key `{key}` in one object"),
            Reason::TooDeep(depth) => write!(f, "objects and arrays are nested more than {depth} deep"),
        }?;
        write!(f, " (line {}, column {})", self.line, self.column)
    }
}

impl std::error::Error for JsonError {}
