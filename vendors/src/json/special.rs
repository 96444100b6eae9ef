//! Finding the few bytes that mean something inside a string: the quote that ends it, the backslash that begins an
//! escape, and the control characters that must not be there.
//!
//! Two ways, for two kinds of string. Keys and short values are looked at a vector at a time ([`first`]). Prompts are
//! long and hold little but letters, `\n` and `\"`, so [`clean_run`] first proves whole blocks to be harmless, without a
//! branch in them: the compiler makes vector instructions of the loop over a block, whatever the machine.

use wide::u8x16;

/// How many bytes a vector holds.
pub(super) const VECTOR: usize = 16;

/// So many vectors hold most strings that callers send: keys, names, numbers of telephones. Blocks pay for longer ones.
pub(super) const SHORT: usize = 2;

/// How many bytes are proved harmless at once.
pub(super) const BLOCK: usize = 64;

/// Position of the first quote, backslash or control character from `from` on; if there is none within so many vectors,
/// the position behind these, or the end of the text.
#[inline]
pub(super) fn first(bytes: &[u8], from: usize, vectors: usize) -> usize {
    let mut at = from;
    for _ in 0..vectors {
        let Some(vector) = bytes.get(at..).and_then(|rest| rest.first_chunk()) else {
            return first_near_end(bytes, at);
        };
        let found = specials(*vector);
        if found != 0 {
            return at + found.trailing_zeros() as usize;
        }
        at += VECTOR;
    }
    at
}

/// The same where less than a vector is left.
fn first_near_end(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    from + rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).unwrap_or(rest.len())
}

/// One bit for each byte, the lowest for the first: whether it is special.
#[inline]
fn specials(bytes: [u8; VECTOR]) -> u32 {
    let bytes = u8x16::new(bytes);
    let is = |byte| bytes.simd_eq(u8x16::splat(byte));
    let is_control = bytes.min(u8x16::splat(0x1f)).simd_eq(bytes);
    (is(b'"') | is(b'\\') | is_control).to_bitmask()
}

/// How far the string goes on from `from` without its end, a control character, or an escape other than `\n` and `\"`,
/// in whole blocks. Neither `from` nor the answer is in the middle of an escape.
pub(super) fn clean_run(bytes: &[u8], from: usize) -> usize {
    // The byte before belongs to the string, or is its opening quote. A backslash is the end of `\\` and escapes
    // nothing, which a block cannot know.
    let Some(rest) = from.checked_sub(1).and_then(|before| bytes.get(before..)) else { return from };
    if rest.first() == Some(&b'\\') {
        return from;
    }
    let mut blocks = 0;
    while let Some(window) = rest.get(blocks * BLOCK..).and_then(|rest| rest.first_chunk::<{ BLOCK + 1 }>()) {
        if !is_clean(window) {
            break;
        }
        blocks += 1;
    }
    let end = blocks * BLOCK;
    let inside_escape = rest.get(end) == Some(&b'\\');
    from + end - usize::from(inside_escape)
}

/// Whether all bytes but the first, which is there to be looked back at, are harmless.
#[inline]
fn is_clean(window: &[u8; BLOCK + 1]) -> bool {
    let (_, block) = window.split_at(1);
    let harm = window.iter().zip(block).fold(0, |harm, (&before, &byte)| {
        let (escaped, quote) = (before == b'\\', byte == b'"');
        // A quote must be escaped; what is escaped must be a quote or an `n`.
        harm | u8::from(((escaped ^ quote) & (byte != b'n')) | (byte < 0x20))
    });
    harm == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_special(byte: u8) -> bool {
        matches!(byte, b'"' | b'\\' | 0..0x20)
    }

    /// Each byte in each position of vectors, of what is left behind them, and in a block.
    #[test]
    fn every_byte_is_told_apart_wherever_it_stands() {
        for filler in [b'a', b'!', b'#', b'[', b']', b' ', 0x7f, 0x80, 0xff] {
            for byte in 0..=u8::MAX {
                for position in 0..40 {
                    let mut bytes = [filler; 40];
                    bytes[position] = byte;
                    let expected = if is_special(byte) { position } else { 40 };
                    assert_eq!(first(&bytes, 0, 3), expected, "{byte:#x} at {position} among {filler:#x}");
                }
                let mut block = vec![filler; 3 * BLOCK];
                block[BLOCK + 7] = byte;
                let expected = if is_special(byte) { BLOCK } else { 2 * BLOCK };
                assert_eq!(clean_run(&block, 1), 1 + expected, "{byte:#x} among {filler:#x}");
            }
        }
    }

    #[test]
    fn nothing_is_looked_at_behind_the_vectors_that_were_asked_for() {
        for rest in ["", "a", "\"", "aaaaaaa\""] {
            let text = format!("{}{rest}", "a".repeat(16));
            assert_eq!(first(text.as_bytes(), 0, 1), 16, "{text}");
        }
    }

    #[test]
    fn the_end_is_found_however_long_the_text_and_whatever_stands_before_it() {
        for (from, length) in (0..10).flat_map(|from| (0..50).map(move |length| (from, length))) {
            let mut bytes = vec![b'"'; from];
            bytes.resize(from + length, b'a');
            assert_eq!(first(&bytes, from, usize::MAX), from + length);
            for position in from..from + length {
                bytes[position] = b'"';
                assert_eq!(first(&bytes, from, usize::MAX), position);
                bytes[position] = b'a';
            }
        }
    }

    #[test]
    fn a_run_stops_before_what_needs_a_closer_look_and_never_inside_an_escape() {
        for (escape, clean) in
            [(r"\n", true), (r#"\""#, true), (r"\\", false), (r"\t", false), (r"\u0041", false), ("\\\u{1}", false)]
        {
            for position in 1..2 * BLOCK {
                let text = format!("\"{}{escape}{}", "x".repeat(position - 1), "x".repeat(4 * BLOCK));
                let run = clean_run(text.as_bytes(), 1);
                assert!(run % BLOCK <= 1, "{run}");
                assert!(run != position + 1, "{escape} at {position}: in the middle of the escape");
                assert_eq!(run > position, clean, "{escape} at {position}: {run}");
            }
        }
    }

    #[test]
    fn the_end_of_an_escaped_backslash_escapes_nothing() {
        let text = format!("\"\\\\\"{}", "x".repeat(2 * BLOCK));
        assert_eq!(clean_run(text.as_bytes(), 3), 3);
    }
}
