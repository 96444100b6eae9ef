//! A look at a text that nearly always shows that none of some byte strings begins anywhere in it.
//!
//! Every string begins with a window of as many bytes as the shortest one has, at most [`WIDEST`]. The last two bytes of
//! any such window tell how far it is, at the least, to the end of a window in which one of the strings may begin
//! (Wu and Manber, 1994), so that most bytes of a text need not be looked at. Pairs of bytes share places in the table,
//! which can only make a step too short; so does upper and lower case, for whoever compares without regard to it.

use secrecy::zeroize::Zeroizing;

/// Wider windows make longer steps, but more pairs that shorten them.
const WIDEST: usize = 12;

/// How many places the table has.
const PLACES: usize = 1024;

/// The table for some strings; it would tell much about them, and is wiped in the end as they are.
pub(crate) struct Prefilter {
    /// In bytes; less than a pair where there is nothing to look for, or something too short.
    window: usize,
    steps: Zeroizing<Vec<u8>>,
}

impl Prefilter {
    /// For these strings, in whatever case.
    pub(crate) fn of<'s>(strings: impl Iterator<Item = &'s [u8]> + Clone) -> Self {
        let window = strings.clone().map(<[u8]>::len).min().unwrap_or_default().min(WIDEST);
        let mut steps = Zeroizing::new(vec![window.saturating_sub(1) as u8; PLACES]);
        for (index, pair) in strings.flat_map(|string| string[..window].windows(2).enumerate()) {
            let step = (window - 2 - index) as u8;
            if let Some(known) = steps.get_mut(place(pair[0], pair[1])) {
                *known = step.min(*known);
            }
        }
        Self { window, steps }
    }

    /// Whether a string may begin anywhere in the text; `ends` is asked whether a text ends in as many bytes as one of
    /// the strings begins with.
    pub(crate) fn holds(&self, text: &[u8], ends: impl Fn(&[u8], usize) -> bool) -> bool {
        if self.window < 2 {
            return true;
        }
        let mut end = self.window;
        while let Some([.., first, second]) = text.get(..end) {
            match self.steps.get(place(*first, *second)) {
                Some(0) | None => {
                    if ends(&text[..end], self.window) {
                        return true;
                    }
                    end += 1;
                }
                Some(step) => end += usize::from(*step),
            }
        }
        false
    }
}

/// The place of a pair in the table: the same for letters of either case.
fn place(first: u8, second: u8) -> usize {
    let folded = |byte: u8| usize::from(byte | 0x20);
    (folded(first) ^ folded(second) << 5) % PLACES
}

#[cfg(test)]
mod tests {
    use crate::upstream::redaction::prefilter::*;

    fn holds(text: &[u8], strings: &[&[u8]]) -> bool {
        let sieve = Prefilter::of(strings.iter().copied());
        sieve.holds(text, |text, length| {
            text.len() >= length && strings.iter().any(|string| text[text.len() - length..] == string[..length])
        })
    }

    #[test]
    fn a_string_is_held_wherever_it_stands() {
        let strings: [&[u8]; 3] = [b"needle-in-a-haystack", b"nnnnnnnnnnnnnn", b"\xff\x00\xdf\x20aaaaaaaaaaaa"];
        for string in strings {
            for before in 0..40 {
                for filler in [b'n', b'e', b'a', b' ', 0, 0xff] {
                    let text = [&vec![filler; before][..], string, b"!"].concat();
                    assert!(holds(&text, &strings), "{before} of {filler} before {string:?}");
                }
            }
        }
        assert!(!holds(b"needle-in-the-haystack, nnnnnnnn", &strings));
        assert!(!holds(b"", &strings) && !holds(b"needle", &strings));
    }

    #[test]
    fn what_is_too_short_for_a_pair_may_be_anywhere() {
        assert!(holds(b"", &[b"x"]) && holds(b"anything", &[b""]) && holds(b"anything", &[b"x", b"longer"]));
        assert!(holds(b"xy", &[b"xy"]) && holds(b"axy", &[b"xy"]) && !holds(b"x", &[b"xy"]));
    }
}
