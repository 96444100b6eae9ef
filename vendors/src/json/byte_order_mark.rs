//! The byte order mark that editors and spreadsheets write in front of a text.

/// U+FEFF in UTF-8.
pub const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The text without one leading byte order mark, which RFC 8259 (8.1) lets a reader ignore. For every text that comes in:
/// the JSON reader skips the mark itself.
pub fn without_byte_order_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_leading_mark_is_skipped() {
        let texts = ["\u{feff}a", "a", "\u{feff}\u{feff}a", "a\u{feff}", "\u{feff}", ""];
        let read = texts.map(|text| without_byte_order_mark(text.as_bytes()));
        let expected = ["a", "a", "\u{feff}a", "a\u{feff}", "", ""];
        assert_eq!(read, expected.map(str::as_bytes));
    }
}
