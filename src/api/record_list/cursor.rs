//! Where a list of records goes on: opaque to callers, and bound to its list.

use std::fmt;

/// A place in a list of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor {
    /// The digest of what the list has.
    pub(super) list: u32,
    /// The records to come have smaller numbers.
    pub(super) below: u64,
}

impl Cursor {
    /// Reads what an earlier answer gave; `None` if it is something else.
    pub(super) fn read(text: &str) -> Option<Self> {
        let is_plain = text.len() == 24 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let (list, below) = text.split_at_checked(8).filter(|_| is_plain)?;
        Some(Self { list: u32::from_str_radix(list, 16).ok()?, below: u64::from_str_radix(below, 16).ok()? })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}{:016x}", self.list, self.below)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_comes_back_as_it_was(list: u32, below: u64) {
            let cursor = Cursor { list, below };
            prop_assert_eq!(Cursor::read(&cursor.to_string()), Some(cursor));
        }

        #[test]
        fn no_text_panics(text in "\\PC*|[0-9a-fA-F]{20,28}") {
            if let Some(cursor) = Cursor::read(&text) {
                prop_assert_eq!(cursor.to_string(), text);
            }
        }
    }
}
