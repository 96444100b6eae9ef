//! Strings: decoding, counting, writing and cutting.

use std::borrow::Cow;

use super::special_bytes;

/// Decodes the inside of a JSON string that the reader has checked. Borrows if there are no escapes.
pub fn decode(inner: &str) -> Cow<'_, str> {
    let Some(first) = memchr::memchr(b'\\', inner.as_bytes()) else { return Cow::Borrowed(inner) };
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    let mut at = Some(first);
    while let Some(backslash) = at {
        let (plain, escape) = rest.split_at(backslash);
        out.push_str(plain);
        let (decoded, length) = escape_at(escape.as_bytes());
        out.push(decoded);
        rest = escape.get(length..).unwrap_or_default();
        at = memchr::memchr(b'\\', rest.as_bytes());
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The character that a checked escape encodes, and the length of the escape in bytes.
fn escape_at(escape: &[u8]) -> (char, usize) {
    match escape.get(1) {
        Some(b'n') => ('\n', 2),
        Some(b't') => ('\t', 2),
        Some(b'r') => ('\r', 2),
        Some(b'b') => ('\u{8}', 2),
        Some(b'f') => ('\u{c}', 2),
        Some(b'u') => {
            let unit = |from| hex4(escape, from).unwrap_or_default();
            let high = unit(2);
            if (0xD800..0xDC00).contains(&high) {
                let low = unit(8);
                let code = 0x1_0000 + ((high - 0xD800) << 10) + (low.wrapping_sub(0xDC00) & 0x3FF);
                (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12)
            } else {
                (char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER), 6)
            }
        }
        Some(&other) => (char::from(other), 2),
        None => (char::REPLACEMENT_CHARACTER, escape.len().max(1)),
    }
}

/// The number that the four hexadecimal digits at `from` encode.
pub(super) fn hex4(bytes: &[u8], from: usize) -> Option<u32> {
    let digits = bytes.get(from..)?.first_chunk::<4>()?;
    digits.iter().try_fold(0, |code, &digit| Some(code << 4 | char::from(digit).to_digit(16)?))
}

/// Counts the Unicode scalar values inside a checked JSON string. An escape counts as one.
pub(super) fn count_chars(inner: &str) -> usize {
    let mut chars = inner.chars().count();
    let mut at = 0;
    while let Some(escape) = inner.as_bytes().get(at..) {
        let Some(step) = memchr::memchr(b'\\', escape) else { break };
        let (_, length) = escape_at(escape.get(step..).unwrap_or_default());
        chars -= length - 1;
        at += step + length;
    }
    chars
}

/// Appends `text` as a JSON string, quotes included.
pub fn push_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    loop {
        let (plain, special) = rest.split_at(special_bytes::first_special(rest, 0, usize::MAX));
        out.extend_from_slice(plain);
        let Some((&byte, after)) = special.split_first() else { break };
        push_escape(out, byte);
        rest = after;
    }
    out.push(b'"');
}

fn push_escape(out: &mut Vec<u8>, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let letter = match byte {
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0..0x20 => {
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            return;
        }
        itself => itself,
    };
    out.extend_from_slice(&[b'\\', letter]);
}

/// Appends `number` in decimal digits.
pub fn push_integer(out: &mut Vec<u8>, number: u64) {
    let (mut digits, mut first, mut rest) = ([0; 20], 20, number);
    loop {
        first -= 1;
        digits[first] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            return out.extend_from_slice(&digits[first..]);
        }
    }
}

/// At most `max` bytes of `text`, cut between characters and marked with an ellipsis. For messages only.
pub fn excerpt(text: &str, max: usize) -> Cow<'_, str> {
    if text.len() <= max {
        return Cow::Borrowed(text);
    }
    let mut end = max.saturating_sub('…'.len_utf8());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    Cow::Owned(format!("{}…", text.get(..end).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(push: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        push(&mut out);
        String::from_utf8(out).unwrap()
    }

    /// The reference for [`push_string`], one character at a time.
    fn escaped(text: &str) -> String {
        let escaped = text.chars().map(|char| match char {
            '"' | '\\' => format!("\\{char}"),
            '\n' => "\\n".to_owned(),
            '\r' => "\\r".to_owned(),
            '\t' => "\\t".to_owned(),
            '\0'..' ' => format!("\\u{:04x}", u32::from(char)),
            _ => char.to_string(),
        });
        format!("\"{}\"", escaped.collect::<String>())
    }

    proptest! {
        #[test]
        fn special_characters_are_escaped_at_every_position(text in r#"[\x00-\x1fa-cü😀"\\\x7f]{0,40}|[a-z]{0,40}|.*"#) {
            prop_assert_eq!(written(|out| push_string(out, &text)), escaped(&text));
        }

        #[test]
        fn an_integer_is_written_as_display_writes_it(number: u64, shift in 0..64_u32) {
            prop_assert_eq!(written(|out| push_integer(out, number >> shift)), (number >> shift).to_string());
        }
    }

    #[test]
    fn decoding_undoes_every_escape() {
        assert_eq!(decode(r#"a\"\\\/\b\f\n\r\t\u0041\ud83d\ude00z"#), "a\"\\/\u{8}\u{c}\n\r\tA😀z");
        assert!(matches!(decode("plain ü"), Cow::Borrowed(_)));
        let long = "x".repeat(43);
        assert_eq!(decode(&format!("{long}\\n{long}")), format!("{long}\n{long}"));
    }

    #[test]
    fn an_escaped_pair_counts_as_one_scalar_value() {
        assert_eq!(count_chars(r"\ud83d\ude00é"), 2);
        for inner in
            ["", "plain ü", r"\n", r#"a\"\\\/\b\f\n\r\t\u0041\ud83d\ude00z"#, r"\\n", r"\u00e9\u00e9", "電話\\n😀"]
        {
            assert_eq!(count_chars(inner), decode(inner).chars().count(), "{inner}");
        }
    }

    #[test]
    fn a_written_string_decodes_to_itself() {
        let text = "quote \" back \\ line \n bell \u{7} ü 😀";
        let written = written(|out| push_string(out, text));
        assert_eq!(decode(&written[1..written.len() - 1]), text);
    }

    #[test]
    fn an_excerpt_never_cuts_a_character() {
        assert_eq!(excerpt("ääääää", 7), "ää…");
        assert_eq!(excerpt("äääääää", 8), "ää…");
        assert_eq!(excerpt("short", 7), "short");
        assert_eq!(excerpt("exactly", 7), "exactly");
        assert_eq!(excerpt("too long", 7), "too …");
    }
}
