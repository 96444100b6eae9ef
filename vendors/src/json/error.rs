//! Why a body is not strict JSON.

use std::fmt;

/// Why a body could not be read, and where reading stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError {
    /// What is wrong.
    pub kind: JsonErrorKind,
    /// Line of the offending byte, from 1.
    pub line: usize,
    /// Column of the offending byte, from 1, counted in bytes.
    pub column: usize,
}

/// What is wrong with a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonErrorKind {
    /// The body is empty or white space.
    Empty,
    /// The body is not UTF-8.
    Utf8,
    /// The body is a value of another type.
    NotAnObject,
    /// Another token was expected.
    Expected(&'static str),
    /// The body ends in the middle of a value.
    Truncated,
    /// Text after the end of the object.
    Trailing,
    /// Not a JSON number (`01`, `1.`, `+1`, `.5`).
    Number,
    /// A control character in a string is not escaped.
    Control,
    /// Not a JSON escape sequence.
    Escape,
    /// A surrogate without its other half.
    Surrogate,
    /// An object has the same key twice.
    DuplicateKey(String),
    /// Objects and arrays are nested deeper than allowed.
    TooDeep(usize),
}

impl JsonError {
    /// Computes line and column from an offset. Only a failing body pays for that.
    pub(super) fn at(bytes: &[u8], offset: usize, kind: JsonErrorKind) -> Self {
        let before = bytes.get(..offset).unwrap_or(bytes);
        let line = 1 + memchr::memchr_iter(b'\n', before).count();
        let column = 1 + memchr::memrchr(b'\n', before).map_or(before.len(), |newline| before.len() - newline - 1);
        Self { kind, line, column }
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            JsonErrorKind::Empty => return f.write_str("the body is empty; send one JSON object"),
            JsonErrorKind::Utf8 => f.write_str("the body is not valid UTF-8"),
            JsonErrorKind::NotAnObject => f.write_str("the body must be a JSON object"),
            JsonErrorKind::Expected(what) => write!(f, "expected {what}"),
            JsonErrorKind::Truncated => f.write_str("the body ends in the middle of a value"),
            JsonErrorKind::Trailing => f.write_str("there is text after the end of the JSON value"),
            JsonErrorKind::Number => f.write_str("this is not a JSON number"),
            JsonErrorKind::Control => f.write_str("a control character in a string must be escaped"),
            JsonErrorKind::Escape => f.write_str("this is not a JSON escape sequence"),
            JsonErrorKind::Surrogate => f.write_str("an escaped surrogate has no other half"),
            JsonErrorKind::DuplicateKey(key) => write!(f, "the key `{key}` occurs twice in one object"),
            JsonErrorKind::TooDeep(depth) => write!(f, "objects and arrays are nested more than {depth} levels deep"),
        }?;
        write!(f, " (line {}, column {})", self.line, self.column)
    }
}

impl std::error::Error for JsonError {}
