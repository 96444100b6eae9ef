//! Where a list goes on: opaque to callers.

use std::fmt;

/// The first assistant that is still to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cursor {
    /// The vendor account that it is at. Those before it, by name, are done.
    pub(super) vendor: String,
    /// Its place there.
    pub(super) place: ListPosition,
    /// The accounts before it whose assistants are missing.
    pub(super) failed: Vec<String>,
}

/// A place in the vendor's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ListPosition {
    /// The number of its page.
    pub(super) page: usize,
    /// How many assistants a page has at most.
    pub(super) per_page: usize,
    /// How many assistants come before it on the page.
    pub(super) on_page: usize,
}

impl ListPosition {
    /// The start, with as many assistants on a page as the account's list has.
    pub(super) const START: Self = Self { page: 1, per_page: 0, on_page: 0 };
}

/// The most pages of a list, and the most assistants on one.
const MAX: usize = 10_000;

/// The first part of every cursor, which names its form.
const FORM: &str = "1";

impl Cursor {
    /// Reads what an earlier answer gave; `None` if it is something else.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('~');
        let number = |text: &str| {
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|number| is_number && *number <= MAX)
        };
        let is_name = |name: &&str| !name.is_empty() && name.len() <= 64;
        if parts.next()? != FORM {
            return None;
        }
        let mut next = || number(parts.next()?);
        let place = ListPosition { page: next()?, per_page: next()?, on_page: next()? };
        let vendor = parts.next().filter(is_name)?.to_owned();
        let failed: Vec<_> = parts.collect();
        failed.iter().all(is_name).then(|| {
            let failed = failed.iter().map(|name| (*name).to_owned()).collect();
            Self { vendor, place, failed }
        })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { vendor, place, failed } = self;
        write!(f, "{FORM}~{}~{}~{}~{vendor}", place.page, place.per_page, place.on_page)?;
        failed.iter().try_for_each(|name| write!(f, "~{name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_no_answer_gave_is_none() {
        for bad in [
            "",
            "1",
            "1~1~0~0",
            "1~1~0~0~",
            "2~1~0~0~sondos",
            "1~-1~0~0~sondos",
            "1~+1~0~0~sondos",
            "1~~0~0~sondos",
            "1~10001~0~0~sondos",
            "1~99999999999999999999999~0~0~sondos",
            "1~1~0~0~sondos~",
            "1~1~0~0~sondos~~famulor",
            " 1~1~0~0~sondos",
        ] {
            assert_eq!(Cursor::read(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_cursor_comes_back_as_it_was(
            page in 0..=MAX, per_page in 0..=200_usize, on_page in 0..=200_usize,
            names in prop::collection::vec("[a-z][a-z0-9_-]{0,63}", 1..5),
        ) {
            let place = ListPosition { page, per_page, on_page };
            let cursor = Cursor { vendor: names[0].clone(), place, failed: names[1..].to_vec() };
            prop_assert_eq!(Cursor::read(&cursor.to_string()), Some(cursor));
        }

        #[test]
        fn no_text_panics(text in "\\PC*|[0-9~a-z]{0,60}") {
            let _ = Cursor::read(&text);
        }
    }
}
