//! The part of a list that a request asks for: the query parameters `limit` and `cursor`.
//!
//! A cursor says after which entry to go on, by a digest of the entry and by its position. The digest finds the place again
//! in a list that has changed meanwhile; the position stands in for an entry that is gone.

use std::fmt;
use std::ops::RangeInclusive;

use crate::problem::{Code, Problem};

use super::query;

/// How many entries, and after which.
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    /// The most entries of this page.
    pub limit: usize,
    /// Where to go on; `None` for the beginning.
    pub after: Option<Cursor>,
}

/// A place in a list. Displayed as 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The digest of the list's name, so that it cannot be used with another list.
    list: u32,
    /// The number of entries before the place.
    position: u32,
    /// The digest of the entry before the place.
    entry: u64,
}

impl Page {
    /// Reads it; `list` names the list, `limits` the least and the most entries of a page.
    ///
    /// # Errors
    /// One of the parameters is repeated, no number within the limits, or no cursor of this list.
    pub fn read(
        query: Option<&str>,
        list: &str,
        default: usize,
        limits: RangeInclusive<usize>,
    ) -> Result<Self, Problem> {
        let invalid = |detail: String| Problem::new(Code::InvalidRequest, detail);
        let limit = query::text(query, "limit")?.map(|text| {
            let number = text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
            number.filter(|number| limits.contains(number)).ok_or_else(|| {
                let (least, most) = (limits.start(), limits.end());
                invalid(format!("the query parameter `limit` must be an integer from {least} to {most}"))
            })
        });
        let after = query::text(query, "cursor")?.map(|text| {
            let no_cursor = || invalid("the query parameter `cursor` is no `next_cursor` of this gateway".to_owned());
            let cursor = Cursor::parse(&text).ok_or_else(no_cursor)?;
            let is_of_list = cursor.list == list_digest(list);
            let other = || invalid(format!("the query parameter `cursor` is of another list, not of {list}"));
            is_of_list.then_some(cursor).ok_or_else(other)
        });
        Ok(Self { limit: limit.transpose()?.unwrap_or(default), after: after.transpose()? })
    }
}

impl Cursor {
    /// The place after the entry at `index` of a list, which `key` tells from all others.
    pub fn after(list: &str, index: usize, key: &[&str]) -> Self {
        let position = u32::try_from(index.saturating_add(1)).unwrap_or(u32::MAX);
        Self { list: list_digest(list), position, entry: digest(key) }
    }

    /// The index of the entry to go on with, in a list of `length` entries with the digests that `key` makes.
    pub fn resume<'k, const N: usize>(&self, length: usize, key: impl Fn(usize) -> Option<[&'k str; N]>) -> usize {
        let is_last = |index: usize| key(index).is_some_and(|key| digest(&key) == self.entry);
        let position = usize::try_from(self.position).unwrap_or(usize::MAX).min(length);
        match position.checked_sub(1) {
            Some(before) if is_last(before) => position,
            _ => (0..length).find(|index| is_last(*index)).map_or(position, |index| index + 1),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let is_plain = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let part = |range| is_plain.then(|| text.get(range)).flatten();
        Some(Self {
            list: u32::from_str_radix(part(0..8)?, 16).ok()?,
            position: u32::from_str_radix(part(8..16)?, 16).ok()?,
            entry: u64::from_str_radix(part(16..32)?, 16).ok()?,
        })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}{:08x}{:016x}", self.list, self.position, self.entry)
    }
}

/// What tells a list from others in its cursors.
pub fn list_digest(list: &str) -> u32 {
    // The upper half, which depends on all of the text.
    u32::try_from(digest(&[list]) >> 32).unwrap_or_default()
}

/// FNV-1a over the texts and their borders: the same in every process, so that replicas understand each other's cursors.
fn digest(texts: &[&str]) -> u64 {
    let bytes = texts.iter().flat_map(|text| text.bytes().chain([0xff]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use crate::api::request::page::*;

    const LIST: &str = "the voices of `v`";

    fn read(query: &str) -> Result<Page, String> {
        Page::read(Some(query), LIST, 100, 1..=1000).map_err(|problem| problem.detail)
    }

    #[test]
    fn a_limit_is_an_integer_within_the_limits() {
        assert_eq!(read(""), Ok(Page { limit: 100, after: None }));
        assert_eq!(read("limit=1000").unwrap().limit, 1000);
        assert_eq!(read("limit=%31&q=x").unwrap().limit, 1);
        for bad in ["0", "1001", "", "-1", "+1", "1.0", "1e2", "x", "%2B1", "99999999999999999999999", "\u{661}"] {
            let detail = read(&format!("limit={bad}")).unwrap_err();
            assert_eq!(detail, "the query parameter `limit` must be an integer from 1 to 1000", "{bad}");
        }
        assert_eq!(read("limit=1&limit=1").unwrap_err(), "the query parameter `limit` must not be repeated");
    }

    #[test]
    fn a_cursor_is_one_that_was_given_for_this_list() {
        let cursor = Cursor::after(LIST, 41, &["7", "Vega"]);
        assert_eq!(read(&format!("cursor={cursor}")).unwrap().after, Some(cursor));
        let text = cursor.to_string();
        for bad in ["", "x", &text[1..], &format!("{text}0"), &text.to_uppercase(), &text.replacen(&text[..1], "g", 1)]
        {
            let detail = read(&format!("cursor={bad}")).unwrap_err();
            assert_eq!(detail, "the query parameter `cursor` is no `next_cursor` of this gateway", "{bad}");
        }
        let other = Cursor::after("the tools of `v`", 41, &["7", "Vega"]);
        let detail = read(&format!("cursor={other}")).unwrap_err();
        assert_eq!(detail, "the query parameter `cursor` is of another list, not of the voices of `v`");
    }

    #[test]
    fn a_list_goes_on_after_the_entry_even_if_it_has_moved_or_is_gone() {
        let resume =
            |cursor: Cursor, list: &[&'static str]| cursor.resume(list.len(), |at| list.get(at).map(|key| [*key]));
        let cursor = Cursor::after(LIST, 1, &["b"]);
        assert_eq!(resume(cursor, &["a", "b", "c"]), 2);
        assert_eq!(resume(cursor, &["new", "a", "b", "c"]), 3);
        assert_eq!(resume(cursor, &["b", "c"]), 1);
        assert_eq!(resume(cursor, &["a", "c", "d"]), 2);
        assert_eq!(resume(cursor, &["a"]), 1);
        assert_eq!(resume(cursor, &[]), 0);
        assert_ne!(digest(&["a", "b"]), digest(&["ab"]));
    }
}
