//! A secret in every form in which somebody may repeat it: as it stands, as URLs, JSON and HTML write it, in base64 and
//! in hexadecimal digits, and one of these within another.
//!
//! Escapes are undone layer by layer and each layer is searched, because escapes can be mixed in countless ways;
//! base64 and digits are searched as such, because nothing in a text says where they begin. Nearly all texts repeat
//! nothing, so a [`Prefilter`] goes before each search.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use memchr::memmem;
use secrecy::zeroize::Zeroizing;

use crate::value::REDACTED;

use super::decode::{CUT, Layer, half_an_escape};
use super::prefilter::Prefilter;

/// Of a text that was cut, fewer characters than this at its end give nothing away; nor is there a secret as short.
pub(crate) const SHORTEST: usize = 6;

/// How often escapes are undone.
const DEEPEST: usize = 4;

/// A secret, ready to be found.
pub(crate) struct SecretPatterns {
    forms: Vec<Form>,
    sieve: Prefilter,
}

/// One form of a secret.
struct Form {
    bytes: Zeroizing<Vec<u8>>,
    /// What the form's neighbours are written in too: all of what hangs together is blackened.
    alphabet: fn(u8) -> bool,
    any_case: bool,
}

impl SecretPatterns {
    pub(crate) fn of(secret: &str) -> Self {
        let mut forms = vec![Form::new(secret.as_bytes().to_vec(), |_| false)];
        if secret.len() >= SHORTEST {
            let digits = secret.bytes().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| HEX[usize::from(digit)]);
            forms.push(Form { any_case: true, ..Form::new(digits.collect(), |byte| byte.is_ascii_hexdigit()) });
            for aside in 0..3 {
                let standard = base64_within(secret.as_bytes(), aside);
                let other = standard.iter().map(|byte| if *byte == b'+' { b'-' } else { *byte });
                let other: Vec<_> = other.map(|byte| if byte == b'/' { b'_' } else { byte }).collect();
                if other != *standard {
                    forms.push(Form::new(other, is_base64));
                }
                forms.push(Form { bytes: standard, alphabet: is_base64, any_case: false });
            }
        }
        let sieve = Prefilter::of(forms.iter().map(|form| form.bytes.as_slice()));
        Self { forms, sieve }
    }

    /// Whether a text repeats it.
    pub(crate) fn is_in(&self, text: &[u8]) -> bool {
        let mut found = Vec::new();
        in_layers(text, |layer| self.find(layer, &mut found));
        !found.is_empty()
    }

    fn find(&self, layer: &Layer<'_>, found: &mut Vec<Range<usize>>) {
        if self.may_be_in(layer.bytes()) {
            self.forms.iter().for_each(|form| form.find(layer, found));
        }
        if layer.may_be_cut() {
            self.forms.iter().for_each(|form| form.find_cut(layer, found));
        }
    }

    /// Whether a text holds a form or at least how one begins; whoever holds none is told so without a search.
    fn may_be_in(&self, text: &[u8]) -> bool {
        self.sieve.holds(text, |text, length| self.forms.iter().any(|form| form.ends(text, length)))
    }
}

impl Form {
    fn new(bytes: Vec<u8>, alphabet: fn(u8) -> bool) -> Self {
        Self { bytes: Zeroizing::new(bytes), alphabet, any_case: false }
    }

    fn find(&self, layer: &Layer<'_>, found: &mut Vec<Range<usize>>) {
        let text = layer.bytes();
        let mut at = 0;
        while let Some(start) = text.get(at..).and_then(|rest| self.first_in(rest)).map(|start| at + start) {
            let end = start + self.bytes.len();
            let before = text[..start].iter().rev().take_while(|byte| (self.alphabet)(**byte)).count();
            let after = text[end..].iter().take_while(|byte| (self.alphabet)(**byte)).count();
            found.push(layer.origin(start - before..end + after));
            at = end + after;
        }
    }

    fn find_cut(&self, layer: &Layer<'_>, found: &mut Vec<Range<usize>>) {
        let text = layer.bytes();
        let cuts = memmem::find_iter(text, CUT).filter_map(|at| self.cut_short(&text[..at]));
        found.extend(cuts.map(|stretch| layer.origin(stretch)));
    }

    /// What is left of the form at the end of a text that was cut there.
    fn cut_short(&self, text: &[u8]) -> Option<Range<usize>> {
        let whole = &text[..text.len() - half_an_escape(text)];
        let length = (SHORTEST..self.bytes.len()).rev().find(|&length| self.ends(whole, length))?;
        Some(whole.len() - length..text.len())
    }

    fn first_in(&self, text: &[u8]) -> Option<usize> {
        if self.bytes.is_empty() || self.bytes.len() > text.len() {
            return None;
        }
        if self.any_case {
            text.windows(self.bytes.len()).position(|window| window.eq_ignore_ascii_case(&self.bytes))
        } else {
            memmem::find(text, &self.bytes)
        }
    }

    /// Whether the text ends in the form's first `length` bytes.
    fn ends(&self, text: &[u8], length: usize) -> bool {
        let end = text.len().checked_sub(length).and_then(|start| text.get(start..));
        end.zip(self.bytes.get(..length)).is_some_and(|(end, start)| match self.any_case {
            true => end.eq_ignore_ascii_case(start),
            false => end == start,
        })
    }
}

/// `text` with every repetition of the secrets blackened, and the rest as it was.
pub(crate) fn redact<'t, 's>(text: &'t str, secrets: impl Iterator<Item = &'s SecretPatterns> + Clone) -> Cow<'t, str> {
    let mut found = Vec::new();
    in_layers(text.as_bytes(), |layer| secrets.clone().for_each(|secret| secret.find(layer, &mut found)));
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    found.sort_unstable_by_key(|range| range.start);
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for range in found {
        let (start, end) = (text.floor_char_boundary(range.start), text.ceil_char_boundary(range.end));
        if start >= at {
            out.push_str(&text[at..start]);
            out.push_str(REDACTED);
        }
        at = at.max(end);
    }
    out.push_str(&text[at..]);
    Cow::Owned(out)
}

fn in_layers(text: &[u8], mut look: impl FnMut(&Layer<'_>)) {
    let mut layer = Layer::of(text);
    look(&layer);
    for _ in 0..DEEPEST {
        let Some(next) = layer.unescaped() else { return };
        layer = next;
        look(&layer);
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte)
}

/// The characters that stand for `secret` and nothing else wherever it begins `aside` bytes after a multiple of three.
fn base64_within(secret: &[u8], aside: usize) -> Zeroizing<Vec<u8>> {
    let bits = |index: usize| -> Option<u8> {
        let bit = (index * 6).checked_sub(aside * 8)?;
        let pair = [*secret.get(bit / 8)?, secret.get(bit / 8 + 1).copied().unwrap_or_default()];
        let whole = bit % 8 <= 2 || bit / 8 + 1 < secret.len();
        whole.then(|| (u16::from_be_bytes(pair) >> (10 - bit % 8)) as u8 & 63)
    };
    let first = (aside * 8).div_ceil(6);
    Zeroizing::new((first..).map_while(bits).map(|bits| BASE64[usize::from(bits)]).collect())
}

impl fmt::Debug for SecretPatterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::Index;

    use crate::upstream::redaction::patterns::*;

    const SECRET: &str = "12|k+/ey~Zü0";

    fn blackened(text: &str) -> String {
        redact(text, [SecretPatterns::of(SECRET), SecretPatterns::of("other-one")].iter()).into_owned()
    }

    #[test]
    fn every_form_is_blackened_and_nothing_else() {
        for form in [
            SECRET,
            "other-one",
            "%31%32%7C%6b%2B%2Fey~Z%C3%BC0",
            "12%7Ck%2B/ey~Z%c3%BC0",
            r"12\u007ck+\/ey~Z\u00fc0",
            r"\x31\x32|k+/ey~Z\u00FC0",
            "12&#124;k&#x2b;/ey~Z&#252;0",
            "12|k+~1ey~0Zü0",
            "12%257Ck%252B%252Fey%257EZ%25C3%25BC0",
            "31327c6b2b2f65797e5ac3bc30",
            "31327C6B2B2F65797E5AC3BC30",
            "MTJ8aysvZXl-WsO8MA",
            "MTJ8aysvZXl%2BWsO8MA%3D%3D",
        ] {
            assert_eq!(blackened(&format!("no ({form}) here, 100% ü")), "no ([redacted]) here, 100% ü", "{form}");
        }
        let plain = "a 100% honest \\ text & more ~ MTJ8a of 31327c6b";
        assert!(matches!(redact(plain, [SecretPatterns::of(SECRET)].iter()), Cow::Borrowed(_)));
    }

    #[test]
    fn base64_is_found_wherever_it_begins_and_goes_whole() {
        let bytes = SECRET.as_bytes();
        for (before, after) in [(0, 0), (1, 2), (2, 1), (3, 3), (7, 5), (11, 4)] {
            let whole = [&b"Bearer headers"[..before], bytes, &b"and so on"[..after]].concat();
            let text = format!("<{}>", String::from_utf8(base64_within(&whole, 0).to_vec()).unwrap());
            assert_eq!(blackened(&text), "<[redacted]>", "{text}");
            assert_eq!(blackened(&text.replace('+', "-").replace('/', "_")), "<[redacted]>", "{text}");
        }
    }

    #[test]
    fn what_a_cut_has_left_of_a_secret_is_blackened() {
        assert_eq!(blackened("a long story about 12|k+/e…"), "a long story about [redacted]…");
        assert_eq!(blackened("a long story about 12%7Ck%2B/e…"), "a long story about [redacted]…");
        assert_eq!(blackened("a long story about 31327c6B2…"), "a long story about [redacted]…");
        assert_eq!(blackened("a long story about 12%7Ck%2B/%6…"), "a long story about [redacted]…");
        assert_eq!(blackened(r"a long story about 12\u007ck+\/e\u00…"), "a long story about [redacted]…");
        assert_eq!(blackened("#/about 12%7Ck%2B/e%E2%80%A6/x…"), "#/about [redacted]%E2%80%A6/x…");
        assert_eq!(blackened("a long story about 12|k…"), "a long story about 12|k…");
    }

    #[test]
    fn repetitions_that_touch_or_overlap_are_one() {
        assert_eq!(blackened(&format!("{SECRET}{SECRET}x")), "[redacted][redacted]x");
        assert_eq!(blackened("%31%32%7Ck+/ey~Zü0"), "[redacted]");
        assert!(SecretPatterns::of(SECRET).is_in(b"\xff 12\\u007ck+\\/ey~Z\xc3\xbc0"));
        assert!(!SecretPatterns::of(SECRET).is_in(b"\xff 12"));
    }

    /// A secret, repeated in some form.
    fn repeated(secret: &str, form: usize, aside: usize) -> String {
        let whole = [&b"in"[..aside], secret.as_bytes()].concat();
        let by = |each: fn(u8) -> String| secret.bytes().map(each).collect::<String>();
        match form {
            0 => secret.to_owned(),
            1 => by(|byte| format!("{byte:02x}")),
            2 => by(|byte| format!("{byte:02X}")),
            3 => by(|byte| format!("%{byte:02X}")),
            4 => by(|byte| format!("%25{byte:02x}")),
            5 => secret.chars().map(|char| format!("\\u{:04x}", char as u32)).collect(),
            6 => secret.chars().map(|char| format!("&#{};", char as u32)).collect(),
            7 => String::from_utf8(base64_within(&whole, 0).to_vec()).unwrap(),
            _ => String::from_utf8(base64_within(&whole, 0).to_vec()).unwrap().replace('+', "-").replace('/', "_"),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1024) })]

        /// The sieve against the search without it, wherever a secret, or the start of one, stands among what.
        #[test]
        fn the_sieve_lets_nothing_through_that_a_search_finds(
            secrets in vec("[a-f0-9|~/+_Zü€]{1,20}|[ -~]{6,50}|a{1,30}", 1..3),
            pieces in vec((0..12_usize, 0..3_usize, any::<Index>(), "[a-f0-9 ]{0,9}|[ -~]{0,12}|\\PC{0,3}"), 0..6),
        ) {
            let text: String = pieces.iter().map(|(form, aside, index, other)| {
                let whole = repeated(index.get::<String>(&secrets), *form % 9, *aside);
                let start = whole.floor_char_boundary(index.index(whole.len() + 1));
                match form {
                    9 => format!("{other}{}…", &whole[..start]),
                    10 => format!("{other}{}", &whole[..start]),
                    11 => other.clone(),
                    _ => format!("{other}{whole}"),
                }
            }).collect();
            for secret in &secrets {
                let disguises = SecretPatterns::of(secret);
                let (mut found, mut all) = (Vec::new(), Vec::new());
                in_layers(text.as_bytes(), |layer| disguises.find(layer, &mut found));
                in_layers(text.as_bytes(), |layer| {
                    for form in &disguises.forms {
                        form.find(layer, &mut all);
                        form.find_cut(layer, &mut all);
                    }
                });
                found.sort_unstable_by_key(|range| (range.start, range.end));
                all.sort_unstable_by_key(|range| (range.start, range.end));
                prop_assert_eq!(found, all, "{} in {}", secret, text);
            }
            let planted = pieces.iter().any(|(form, ..)| *form == 0);
            prop_assert!(!planted || secrets.iter().any(|secret| SecretPatterns::of(secret).is_in(text.as_bytes())));
        }
    }

    #[test]
    fn debug_output_shows_nothing() {
        assert_eq!(format!("{:?}", SecretPatterns::of(SECRET)), "[redacted]");
    }
}
