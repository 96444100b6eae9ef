//! JSON Pointers in their URI fragment form (RFC 6901, section 6), built from the inside of a walk.

use std::fmt;

use super::text::excerpt;

/// Longest key, in bytes, that a pointer repeats in full.
const SEGMENT: usize = 128;

/// Where in a body a value stands: a chain of borrowed steps, so that a walk which finds no problem allocates
/// nothing.
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
                excerpt(key, SEGMENT).bytes().try_for_each(|byte| match byte {
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
    fn pointers_escape_what_pointers_and_fragments_reserve() {
        let root = Pointer::Root;
        let tools = root.key("tools");
        let first = tools.index(0);
        assert_eq!(first.key("a/b~c d%").to_string(), "#/tools/0/a~1b~0c%20d%25");
        assert_eq!(root.to_string(), "#");
    }
}
