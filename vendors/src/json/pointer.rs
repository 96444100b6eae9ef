//! JSON Pointers in their URI fragment form (RFC 6901, section 6).

use std::fmt;

use super::text::excerpt;

/// Longest key that a pointer repeats in full, in bytes.
const MAX_KEY_BYTES: usize = 128;

/// The position of a value in a body: a chain of borrowed steps, so that a walk allocates only when it finds a problem.
#[derive(Clone, Copy)]
pub enum Pointer<'a> {
    /// The whole body.
    Root,
    /// A member of an object.
    Key(&'a Pointer<'a>, &'a str),
    /// An element of an array.
    Index(&'a Pointer<'a>, usize),
}

impl Pointer<'_> {
    /// The pointer to the member `key`.
    pub fn key<'b>(&'b self, key: &'b str) -> Pointer<'b> {
        Pointer::Key(self, key)
    }

    /// The pointer to the element `index`.
    pub fn index(&self, index: usize) -> Pointer<'_> {
        Pointer::Index(self, index)
    }
}

impl fmt::Display for Pointer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pointer::Root => f.write_str("#"),
            Pointer::Key(parent, key) => {
                write!(f, "{parent}/")?;
                excerpt(key, MAX_KEY_BYTES).bytes().try_for_each(|byte| match byte {
                    b'~' => f.write_str("~0"),
                    b'/' => f.write_str("~1"),
                    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => write!(f, "{}", char::from(byte)),
                    b'-' | b'.' | b'_' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' => {
                        write!(f, "{}", char::from(byte))
                    }
                    b'+' | b',' | b';' | b'=' | b':' | b'@' | b'?' => write!(f, "{}", char::from(byte)),
                    other => write!(f, "%{other:02X}"),
                })
            }
            Pointer::Index(parent, index) => write!(f, "{parent}/{index}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_pointers_and_fragments_reserve_are_escaped() {
        let root = Pointer::Root;
        let tools = root.key("tools");
        let first = tools.index(0);
        assert_eq!(first.key("a/b~c d%").to_string(), "#/tools/0/a~1b~0c%20d%25");
        assert_eq!(root.to_string(), "#");
    }
}
