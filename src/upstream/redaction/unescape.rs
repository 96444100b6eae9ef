//! Decodes the escapes of URLs, JSON, HTML and JSON pointers.

/// The longest escape, `&#x10ffff;`.
pub(super) const MAX_ESCAPE: usize = 10;

/// The text with one level of escapes decoded; `None` if it has none. What only looks like an escape stays as it is.
pub(super) fn unescaped(text: &[u8]) -> Option<Vec<u8>> {
    text.iter().find(|byte| b"%\\&~".contains(byte))?;
    let (mut decoded, mut rest) = (Vec::with_capacity(text.len()), text);
    while let [first, others @ ..] = rest {
        let (length, char) = escape(rest).unwrap_or((1, char::from(*first)));
        match first {
            b'&' | b'\\' if length > 1 => decoded.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
            // Each `%XX` is a byte of a character.
            _ => decoded.push(char as u8),
        }
        rest = others.get(length - 1..).unwrap_or_default();
    }
    (decoded.len() < text.len()).then_some(decoded)
}

/// The escape at the start of a text: its length and the character it stands for.
fn escape(text: &[u8]) -> Option<(usize, char)> {
    match text {
        [b'%', rest @ ..] => Some((3, number(rest.get(..2)?, 16)?)),
        [b'\\', b'u', rest @ ..] => Some((6, number(rest.get(..4)?, 16)?)),
        [b'\\', b'x', rest @ ..] => Some((4, number(rest.get(..2)?, 16)?)),
        [b'\\', escaped @ (b'\\' | b'/' | b'"' | b'\''), ..] => Some((2, char::from(*escaped))),
        [b'~', b'0', ..] => Some((2, '~')),
        [b'~', b'1', ..] => Some((2, '/')),
        [b'&', rest @ ..] => {
            let length = rest.iter().take(MAX_ESCAPE - 1).position(|byte| *byte == b';')?;
            Some((length + 2, entity(&rest[..length])?))
        }
        _ => None,
    }
}

fn entity(name: &[u8]) -> Option<char> {
    match name {
        b"amp" => Some('&'),
        b"lt" => Some('<'),
        b"gt" => Some('>'),
        b"quot" => Some('"'),
        b"apos" => Some('\''),
        [b'#', b'x' | b'X', digits @ ..] => number(digits, 16),
        [b'#', digits @ ..] => number(digits, 10),
        _ => None,
    }
}

fn number(digits: &[u8], radix: u32) -> Option<char> {
    let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
    char::from_u32(u32::from_str_radix(digits, radix).ok()?)
}

#[cfg(test)]
mod tests {
    use crate::upstream::redaction::unescape::*;

    fn decoded(text: &str) -> Option<String> {
        unescaped(text.as_bytes()).map(|decoded| String::from_utf8(decoded).unwrap())
    }

    #[test]
    fn escapes_are_decoded_one_level_at_a_time() {
        let once = decoded(r"a%2541 \u00fc\/ &lt;&#65;&#x42;&bogus; ~0~1 %zz 100% ü").unwrap();
        assert_eq!(once, "a%41 ü/ <AB&bogus; ~/ %zz 100% ü");
        assert_eq!(decoded(&once).unwrap(), "aA ü/ <AB&bogus; ~/ %zz 100% ü");
        assert_eq!(decoded("%C3%BC").unwrap(), "ü");
        assert_eq!(decoded("a text without escapes, ü"), None);
    }

    #[test]
    fn half_an_escape_is_none() {
        for text in ["%", "%4", "\\", "\\u12", "\\ud800", "&", "&amp", "&#;", "&#x110000;", "~", "~2", "%+1", "\\u+123"]
        {
            assert_eq!(decoded(text), None, "{text}");
        }
    }
}
