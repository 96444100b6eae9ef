//! Escapes of URLs, JSON, HTML and JSON pointers, undone in such a way that every byte can be traced back.

use std::borrow::Cow;
use std::ops::Range;

/// What a text ends in that was cut.
pub(crate) const CUT: &str = "…";

/// A text with its escapes undone so and so often.
pub(crate) struct Layer<'t> {
    bytes: Cow<'t, [u8]>,
    /// Where in the original each byte begins, and where the last one ends; a text that had no escapes needs none.
    origins: Vec<usize>,
    /// The signs of all its bytes together.
    signs: u8,
}

/// A byte with which an escape begins.
const OF_ESCAPE: u8 = 1;
/// The byte with which [`CUT`] begins.
const OF_CUT: u8 = 2;

/// What each byte may be a sign of; most are of nothing.
static SIGNS: [u8; 256] = {
    let mut signs = [0; 256];
    signs[b'%' as usize] = OF_ESCAPE;
    signs[b'\\' as usize] = OF_ESCAPE;
    signs[b'&' as usize] = OF_ESCAPE;
    signs[b'~' as usize] = OF_ESCAPE;
    signs[CUT.as_bytes()[0] as usize] = OF_CUT;
    signs
};

impl<'t> Layer<'t> {
    pub(crate) fn of(text: &'t [u8]) -> Self {
        Self::new(Cow::Borrowed(text), Vec::new())
    }

    fn new(bytes: Cow<'t, [u8]>, origins: Vec<usize>) -> Self {
        let signs = bytes.iter().fold(0, |signs, byte| signs | SIGNS[usize::from(*byte)]);
        Self { bytes, origins, signs }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether it may have been cut anywhere.
    pub(crate) fn may_be_cut(&self) -> bool {
        self.signs & OF_CUT != 0
    }

    /// Where in the original a stretch of this layer comes from.
    pub(crate) fn origin(&self, range: Range<usize>) -> Range<usize> {
        let origin = |at: usize| self.origins.get(at).copied().unwrap_or(at);
        origin(range.start)..origin(range.end)
    }

    /// The next layer, unless there is nothing left to undo. What looks like an escape and is none stays.
    pub(crate) fn unescaped(&self) -> Option<Layer<'static>> {
        if self.signs & OF_ESCAPE == 0 {
            return None;
        }
        let (text, mut at) = (self.bytes(), 0);
        let (mut bytes, mut origins) = (Vec::with_capacity(text.len()), Vec::with_capacity(text.len() + 1));
        let mut plain = [0; 4];
        while let Some(&byte) = text.get(at) {
            let (length, meant) = match undone(&text[at..]) {
                Some((length, char)) if length > 3 || byte != b'%' => (length, char.encode_utf8(&mut plain).as_bytes()),
                // Each `%XX` is a byte of a character, not a character.
                Some((length, char)) => {
                    plain[0] = char as u8;
                    (length, &plain[..1])
                }
                None => {
                    plain[0] = byte;
                    (1, &plain[..1])
                }
            };
            origins.extend(std::iter::repeat_n(self.origin(at..at).start, meant.len()));
            bytes.extend_from_slice(meant);
            at += length;
        }
        origins.push(self.origin(at..at).start);
        (bytes.len() < text.len()).then(|| Layer::new(Cow::Owned(bytes), origins))
    }
}

/// How many bytes at the end of a text that was cut may be the beginning of an escape.
pub(crate) fn half_an_escape(text: &[u8]) -> usize {
    let end = &text[text.len().saturating_sub(LONGEST)..];
    let start = end.iter().rposition(|byte| b"%\\&~".contains(byte));
    start.filter(|start| undone(&end[*start..]).is_none()).map_or(0, |start| end.len() - start)
}

/// The escape that a text begins with: its length and what it stands for.
fn undone(text: &[u8]) -> Option<(usize, char)> {
    match text {
        [b'%', rest @ ..] => Some((3, hexadecimal(rest, 2)?)),
        [b'\\', b'u', rest @ ..] => Some((6, hexadecimal(rest, 4)?)),
        [b'\\', b'x', rest @ ..] => Some((4, hexadecimal(rest, 2)?)),
        [b'\\', escaped @ (b'\\' | b'/' | b'"' | b'\''), ..] => Some((2, char::from(*escaped))),
        [b'~', b'0', ..] => Some((2, '~')),
        [b'~', b'1', ..] => Some((2, '/')),
        [b'&', rest @ ..] => {
            let length = rest.iter().take(LONGEST_NAME).position(|byte| *byte == b';')?;
            Some((length + 2, entity(&rest[..length])?))
        }
        _ => None,
    }
}

/// As in `&#x10ffff;`.
const LONGEST: usize = 10;
/// As in the same.
const LONGEST_NAME: usize = LONGEST - 1;

fn entity(name: &[u8]) -> Option<char> {
    match name {
        b"amp" => Some('&'),
        b"lt" => Some('<'),
        b"gt" => Some('>'),
        b"quot" => Some('"'),
        b"apos" => Some('\''),
        [b'#', b'x' | b'X', digits @ ..] => hexadecimal(digits, digits.len()),
        [b'#', digits @ ..] => char::from_u32(std::str::from_utf8(digits).ok()?.parse().ok()?),
        _ => None,
    }
}

fn hexadecimal(text: &[u8], digits: usize) -> Option<char> {
    let digits = std::str::from_utf8(text.get(..digits)?).ok().filter(|digits| !digits.starts_with('+'))?;
    char::from_u32(u32::from_str_radix(digits, 16).ok()?)
}

#[cfg(test)]
mod tests {
    use crate::upstream::redaction::decode::*;

    #[test]
    fn escapes_are_undone_one_layer_at_a_time_and_traced_back() {
        let text = r"a%2541 \u00fc\/ &lt;&#65;&bogus; %zz 100%";
        let first = Layer::of(text.as_bytes()).unescaped().unwrap();
        assert_eq!(std::str::from_utf8(first.bytes()).unwrap(), "a%41 ü/ <A&bogus; %zz 100%");
        let second = first.unescaped().unwrap();
        assert_eq!(std::str::from_utf8(second.bytes()).unwrap(), "aA ü/ <A&bogus; %zz 100%");
        assert!(second.unescaped().is_none());
        assert_eq!(&text[second.origin(1..2)], "%2541");
        assert_eq!(&text[second.origin(3..6)], r"\u00fc\/");
        assert_eq!(second.origin(0..second.bytes().len()), 0..text.len());
    }

    #[test]
    fn each_beginning_of_an_escape_and_of_a_cut_is_a_sign() {
        for escape in ["%41", "\\u0041", "\\/", "&#65;", "~0"] {
            assert!(Layer::of(format!("a long and plain text {escape} of words").as_bytes()).unescaped().is_some());
        }
        assert!(Layer::of("cut…".as_bytes()).may_be_cut());
        assert!(Layer::of("cut%E2%80%A6".as_bytes()).unescaped().unwrap().may_be_cut());
        assert!(!Layer::of("whole, ü".as_bytes()).may_be_cut());
    }

    #[test]
    fn half_an_escape_is_none() {
        for text in ["%", "%4", "\\", "\\u12", "\\ud800", "&", "&amp", "&#;", "&#x110000;", "~", "~2", "%+1", "\\u+123"]
        {
            assert!(Layer::of(text.as_bytes()).unescaped().is_none(), "{text}");
        }
    }
}
