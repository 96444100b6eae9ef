//! Searches a text for a secret: as it stands, in hexadecimal digits and in base64, also where the text is escaped for
//! URLs, JSON or HTML, up to four times.
//!
//! A secret in plain, hexadecimal or base64 form is replaced where it stands. If it is found only after escapes are
//! decoded, the whole text is replaced: an honest vendor has no reason to write it that way.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use memchr::{memchr, memmem, memrchr};
use secrecy::zeroize::Zeroizing;

use crate::value::REDACTED;

use super::unescape::{MAX_ESCAPE, unescaped};

/// The shortest secret that is searched for in other forms than its own, in bytes. Of a secret at the end of a
/// shortened text, fewer bytes than this are left as they are.
pub(crate) const MIN_SECRET: usize = 6;

/// How often a text is unescaped.
const MAX_ESCAPE_DEPTH: usize = 4;

/// What stands at the end of a text that was shortened.
const ELLIPSIS: &str = "…";

/// A secret, and the automaton that finds it, which is built when the first text is searched.
pub(crate) struct SecretPatterns {
    secret: Zeroizing<String>,
    /// Each form of the secret has a stretch without spaces that is at least as long.
    longest_word: usize,
    automaton: OnceLock<Option<Automaton>>,
}

struct Automaton {
    /// The secret itself, then its hexadecimal and base64 forms.
    forms: Zeroizing<Vec<Vec<u8>>>,
    search: AhoCorasick,
}

impl SecretPatterns {
    pub(crate) fn of(secret: &str) -> Self {
        let longest_word = secret.split(' ').map(str::len).max().unwrap_or_default();
        Self { secret: Zeroizing::new(secret.to_owned()), longest_word, automaton: OnceLock::new() }
    }

    /// Whether a text repeats the secret.
    pub(crate) fn is_in(&self, text: &[u8]) -> bool {
        self.may_be_in(text) && (!self.find(text).is_empty() || self.is_escaped_in(text))
    }

    /// A cheap check that rules out nearly all texts: an honest vendor's words are shorter than a secret.
    fn may_be_in(&self, text: &[u8]) -> bool {
        if self.secret.is_empty() || is_shortened(text) {
            return !self.secret.is_empty();
        }
        let mut start = 0;
        while let Some(stretch) = text.get(start..start + self.longest_word) {
            let Some(space) = memrchr(b' ', stretch) else { return true };
            start += space + 1;
        }
        false
    }

    fn is_escaped_in(&self, text: &[u8]) -> bool {
        let mut levels = std::iter::successors(unescaped(text), |text| unescaped(text)).take(MAX_ESCAPE_DEPTH);
        levels.any(|text| !self.find(&text).is_empty())
    }

    /// Where the secret stands in a text, escapes aside.
    fn find(&self, text: &[u8]) -> Vec<Range<usize>> {
        let Some(automaton) = self.automaton.get_or_init(|| Automaton::of(&self.secret)) else {
            return std::iter::once(0..text.len()).collect(); // too large to be searched for
        };
        let mut found: Vec<_> = automaton.whole(text).collect();
        if is_shortened(text) {
            found.extend(automaton.shortened(text));
        }
        found
    }
}

impl Automaton {
    fn of(secret: &str) -> Option<Self> {
        let mut forms = vec![secret.as_bytes().to_vec()];
        if secret.len() >= MIN_SECRET {
            forms.push(secret.bytes().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect());
            for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
                forms.extend((0..3).map(|offset| base64_within(&engine, secret.as_bytes(), offset)));
            }
        }
        // Digits may be in upper case; the other forms lose nothing that matters.
        let mut builder = AhoCorasick::builder();
        builder.ascii_case_insensitive(true).kind(Some(AhoCorasickKind::ContiguousNFA));
        let search = builder.build(&forms).ok()?;
        Some(Self { forms: Zeroizing::new(forms), search })
    }

    /// The forms in a text. What a form is part of in hexadecimal or base64 belongs to it.
    fn whole(&self, text: &[u8]) -> impl Iterator<Item = Range<usize>> {
        self.search.find_iter(text).map(|found| {
            if found.pattern().as_usize() == 0 {
                return found.range();
            }
            let before = text[..found.start()].iter().rev().take_while(|byte| is_base64(**byte)).count();
            let after = text[found.end()..].iter().take_while(|byte| is_base64(**byte)).count();
            found.start() - before..found.end() + after
        })
    }

    /// What an ellipsis has left of a form: its start, and perhaps half an escape.
    fn shortened(&self, text: &[u8]) -> impl Iterator<Item = Range<usize>> {
        memmem::find_iter(text, ELLIPSIS).flat_map(move |cut| {
            self.forms.iter().filter_map(move |form| {
                let first = cut.saturating_sub(form.len() + MAX_ESCAPE);
                let start = (first..=cut.checked_sub(MIN_SECRET)?).find(|start| {
                    let pairs = text[*start..cut].iter().zip(form);
                    let common = pairs.take_while(|(byte, other)| byte.eq_ignore_ascii_case(other)).count();
                    common >= MIN_SECRET && start + common + MAX_ESCAPE > cut
                })?;
                Some(start..cut)
            })
        })
    }
}

/// The text with each of the secrets redacted.
pub(crate) fn redact<'t, 's>(text: &'t str, secrets: impl Iterator<Item = &'s SecretPatterns>) -> Cow<'t, str> {
    let secrets: Vec<_> = secrets.filter(|secret| secret.may_be_in(text.as_bytes())).collect();
    if secrets.is_empty() {
        return Cow::Borrowed(text);
    }
    let text = replaced(text, secrets.iter().flat_map(|secret| secret.find(text.as_bytes())).collect());
    match secrets.iter().any(|secret| secret.is_escaped_in(text.as_bytes())) {
        true => Cow::Owned(REDACTED.to_owned()),
        false => text,
    }
}

fn replaced(text: &str, mut found: Vec<Range<usize>>) -> Cow<'_, str> {
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

/// Whether a text may end in, or hold, an ellipsis.
fn is_shortened(text: &[u8]) -> bool {
    memchr(ELLIPSIS.as_bytes()[0], text).is_some()
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte)
}

/// The characters that stand for `secret` and nothing else wherever it begins `offset` bytes after a multiple of three.
fn base64_within(engine: &impl Engine, secret: &[u8], offset: usize) -> Vec<u8> {
    let mut text = engine.encode([&[0; 2][..offset], secret].concat()).into_bytes();
    text.truncate((offset + secret.len()) * 8 / 6);
    text.split_off((offset * 8).div_ceil(6))
}

impl fmt::Debug for SecretPatterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::Index;

    use crate::upstream::redaction::patterns::*;

    const SECRET: &str = "12|k+/ey~Zü0";

    fn redacted(text: &str) -> String {
        redact(text, [SecretPatterns::of(SECRET), SecretPatterns::of("other-one")].iter()).into_owned()
    }

    #[test]
    fn a_plain_hexadecimal_or_base64_secret_is_redacted_and_nothing_else() {
        for form in [
            SECRET,
            "other-one",
            "31327c6b2b2f65797e5ac3bc30",
            "31327C6B2B2F65797E5AC3BC30",
            "MTJ8aysvZXl-WsO8MA",
            "MTJ8aysvZXl+WsO8MA==",
        ] {
            assert_eq!(redacted(&format!("no ({form}) here, 100% ü")), "no ([redacted]) here, 100% ü", "{form}");
        }
        let plain = "a 100% honest \\ text & more ~ MTJ8a of 31327c6b and_some_more_%41";
        assert!(matches!(redact(plain, [SecretPatterns::of(SECRET)].iter()), Cow::Borrowed(_)));
        assert_eq!(redacted(&format!("{SECRET} at 100%25")), "[redacted] at 100%25");
    }

    #[test]
    fn a_text_with_an_escaped_secret_is_redacted_as_a_whole() {
        for form in [
            "%31%32%7C%6b%2B%2Fey~Z%C3%BC0",
            "12%7Ck%2B/ey~Z%c3%BC0",
            r"12\u007ck+\/ey~Z\u00fc0",
            r"\x31\x32|k+/ey~Z\u00FC0",
            "12&#124;k&#x2b;/ey~Z&#252;0",
            "12|k+~1ey~0Zü0",
            "12%257Ck%252B%252Fey%257EZ%25C3%25BC0",
            r"12\\u007ck+\\\/ey~Z\\u00fc0",
            "MTJ8aysvZXl%2BWsO8MA%3D%3D",
        ] {
            assert_eq!(redacted(&format!("no ({form}) here")), "[redacted]", "{form}");
        }
    }

    #[test]
    fn base64_is_found_wherever_it_begins_and_goes_whole() {
        let bytes = SECRET.as_bytes();
        for (before, after) in [(0, 0), (1, 2), (2, 1), (3, 3), (7, 5), (11, 4)] {
            let whole = [&b"Bearer headers"[..before], bytes, &b"and so on"[..after]].concat();
            for text in [STANDARD_NO_PAD.encode(&whole), URL_SAFE_NO_PAD.encode(&whole)] {
                assert_eq!(redacted(&format!("<{text}>")), "<[redacted]>", "{text}");
            }
        }
    }

    #[test]
    fn what_an_ellipsis_has_left_of_a_secret_is_redacted() {
        assert_eq!(redacted("a long story about 12|k+/e…"), "a long story about [redacted]…");
        assert_eq!(redacted("a long story about 12|k+/%6…"), "a long story about [redacted]…");
        assert_eq!(redacted("a long story about 31327c6B2…"), "a long story about [redacted]…");
        assert_eq!(redacted("a long story about 12%7Ck%2B/e…"), "[redacted]");
        assert_eq!(redacted("a long story about 12%7Ck%2B/%6…"), "[redacted]");
        assert_eq!(redacted(r"a long story about 12\u007ck+\/e\u00…"), "[redacted]");
        assert_eq!(redacted("#/about 12%7Ck%2B/e%E2%80%A6/x…"), "[redacted]");
        assert_eq!(redacted("a long story about 12|k…"), "a long story about 12|k…");
        assert_eq!(redacted("12|k+/ or something else…"), "12|k+/ or something else…");
    }

    #[test]
    fn repetitions_that_touch_or_overlap_are_one() {
        assert_eq!(redacted(&format!("{SECRET}{SECRET}x")), "[redacted][redacted]x");
        assert!(SecretPatterns::of(SECRET).is_in(b"\xff 12\\u007ck+\\/ey~Z\xc3\xbc0"));
        assert!(!SecretPatterns::of(SECRET).is_in(b"\xff 12"));
        assert!(!SecretPatterns::of("").is_in(b"anything"));
    }

    /// A secret, repeated in some form.
    fn repeated(secret: &str, form: usize, offset: usize) -> String {
        let whole = [&b"in"[..offset], secret.as_bytes()].concat();
        let by = |each: fn(u8) -> String| secret.bytes().map(each).collect::<String>();
        match form {
            0 => secret.to_owned(),
            1 => by(|byte| format!("{byte:02x}")),
            2 => by(|byte| format!("{byte:02X}")),
            3 => by(|byte| format!("%{byte:02X}")),
            4 => by(|byte| format!("%25{byte:02x}")),
            5 => secret.chars().map(|char| format!("\\u{:04x}", char as u32)).collect(),
            6 => secret.chars().map(|char| format!("&#{};", char as u32)).collect(),
            7 => STANDARD_NO_PAD.encode(whole),
            _ => URL_SAFE_NO_PAD.encode(whole),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

        #[test]
        fn a_secret_is_found_in_every_form_between_other_words(
            secret in "[a-f0-9|~/+_Zü€]{6,20}|[!-~]{6,50}|a{6,30}|[a-z]{3,9} [a-z]{3,9}",
            form in 0..9_usize,
            offset in 0..3_usize,
            (before, after) in ("[a-f0-9 ]{0,9} |[ -$\\[-}]{0,12} |\\PC{0,3} ", " [a-f0-9 ]{0,9}| \\PC{0,3}"),
            cut in any::<Index>(),
        ) {
            let (patterns, whole) = (SecretPatterns::of(&secret), repeated(&secret, form, offset));
            prop_assert!(patterns.is_in(format!("{before}{whole}{after}").as_bytes()), "{} as {}", secret, whole);
            let start = &whole[..whole.floor_char_boundary(cut.index(whole.len() + 1))];
            let shortened = format!("{before}{start}…");
            let left = if form == 0 { start.len() } else { 0 };
            prop_assert!(left < MIN_SECRET || patterns.is_in(shortened.as_bytes()), "{} in {}", secret, shortened);
        }
    }

    #[test]
    fn debug_output_shows_nothing() {
        assert_eq!(format!("{:?}", SecretPatterns::of(SECRET)), "[redacted]");
    }
}
