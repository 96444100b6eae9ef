//! Finds the special bytes inside a string: the closing quote, the backslash of an escape, and control characters.
//!
//! Keys and short values are searched vector by vector ([`first_special`]). Prompts are long and consist of letters, `\n`
//! and `\"`, so [`clean_run`] skips whole blocks of these. Its loop has no branches, so that the compiler vectorises it on
//! every machine.

use wide::u8x16;

/// Bytes in a vector.
pub(super) const VECTOR_BYTES: usize = 16;

/// Most short strings, such as keys and names, fit into so many vectors. Blocks are faster for longer strings.
pub(super) const SHORT_STRING_VECTORS: usize = 2;

/// Bytes in a block.
pub(super) const BLOCK_BYTES: usize = 64;

/// The position of the first special byte at or after `from`. If there is none within so many vectors, the position after
/// them or the end of the text.
#[inline]
pub(super) fn first_special(bytes: &[u8], from: usize, vectors: usize) -> usize {
    let mut at = from;
    for _ in 0..vectors {
        let Some(vector) = bytes.get(at..).and_then(|rest| rest.first_chunk()) else {
            return first_special_near_end(bytes, at);
        };
        let found = specials(*vector);
        if found != 0 {
            return at + found.trailing_zeros() as usize;
        }
        at += VECTOR_BYTES;
    }
    at
}

/// The same for the last bytes, which do not fill a vector.
fn first_special_near_end(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    from + rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).unwrap_or(rest.len())
}

/// One bit for each byte, the lowest bit for the first byte: whether it is special.
#[inline]
fn specials(bytes: [u8; VECTOR_BYTES]) -> u32 {
    let bytes = u8x16::new(bytes);
    let is = |byte| bytes.simd_eq(u8x16::splat(byte));
    let is_control = bytes.min(u8x16::splat(0x1f)).simd_eq(bytes);
    (is(b'"') | is(b'\\') | is_control).to_bitmask()
}

/// The end of the run of whole blocks from `from` on that contain no closing quote, no control character and no escape
/// other than `\n` and `\"`. Neither `from` nor the result is in the middle of an escape.
pub(super) fn clean_run(bytes: &[u8], from: usize) -> usize {
    // The byte before `from` is the opening quote or part of the string. If it is a backslash, it is the second one of
    // `\\` and escapes nothing, which the check of a block cannot see.
    let Some(rest) = from.checked_sub(1).and_then(|before| bytes.get(before..)) else { return from };
    if rest.first() == Some(&b'\\') {
        return from;
    }
    let mut blocks = 0;
    while let Some(window) = rest.get(blocks * BLOCK_BYTES..).and_then(|rest| rest.first_chunk::<{ BLOCK_BYTES + 1 }>())
    {
        if !is_clean(window) {
            break;
        }
        blocks += 1;
    }
    let end = blocks * BLOCK_BYTES;
    let inside_escape = rest.get(end) == Some(&b'\\');
    from + end - usize::from(inside_escape)
}

/// Whether a block has no special bytes. The first byte of the window precedes the block.
#[inline]
fn is_clean(window: &[u8; BLOCK_BYTES + 1]) -> bool {
    let (_, block) = window.split_at(1);
    let harm = window.iter().zip(block).fold(0, |harm, (&before, &byte)| {
        let (escaped, quote) = (before == b'\\', byte == b'"');
        // A quote has to be escaped, and only a quote or an `n` may be.
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

    #[test]
    fn every_special_byte_is_found_at_every_position() {
        for filler in [b'a', b'!', b'#', b'[', b']', b' ', 0x7f, 0x80, 0xff] {
            for byte in 0..=u8::MAX {
                for position in 0..40 {
                    let mut bytes = [filler; 40];
                    bytes[position] = byte;
                    let expected = if is_special(byte) { position } else { 40 };
                    assert_eq!(first_special(&bytes, 0, 3), expected, "{byte:#x} at {position} among {filler:#x}");
                }
                let mut block = vec![filler; 3 * BLOCK_BYTES];
                block[BLOCK_BYTES + 7] = byte;
                let expected = if is_special(byte) { BLOCK_BYTES } else { 2 * BLOCK_BYTES };
                assert_eq!(clean_run(&block, 1), 1 + expected, "{byte:#x} among {filler:#x}");
            }
        }
    }

    #[test]
    fn bytes_after_the_given_number_of_vectors_are_not_searched() {
        for rest in ["", "a", "\"", "aaaaaaa\""] {
            let text = format!("{}{rest}", "a".repeat(16));
            assert_eq!(first_special(text.as_bytes(), 0, 1), 16, "{text}");
        }
    }

    #[test]
    fn the_end_is_found_in_a_text_of_any_length_from_any_position() {
        for (from, length) in (0..10).flat_map(|from| (0..50).map(move |length| (from, length))) {
            let mut bytes = vec![b'"'; from];
            bytes.resize(from + length, b'a');
            assert_eq!(first_special(&bytes, from, usize::MAX), from + length);
            for position in from..from + length {
                bytes[position] = b'"';
                assert_eq!(first_special(&bytes, from, usize::MAX), position);
                bytes[position] = b'a';
            }
        }
    }

    #[test]
    fn a_run_stops_before_a_special_byte_and_never_inside_an_escape() {
        for (escape, clean) in
            [(r"\n", true), (r#"\""#, true), (r"\\", false), (r"\t", false), (r"\u0041", false), ("\\\u{1}", false)]
        {
            for position in 1..2 * BLOCK_BYTES {
                let text = format!("\"{}{escape}{}", "x".repeat(position - 1), "x".repeat(4 * BLOCK_BYTES));
                let run = clean_run(text.as_bytes(), 1);
                assert!(run % BLOCK_BYTES <= 1, "{run}");
                assert!(run != position + 1, "{escape} at {position}: in the middle of the escape");
                assert_eq!(run > position, clean, "{escape} at {position}: {run}");
            }
        }
    }

    #[test]
    fn the_second_backslash_of_an_escaped_backslash_escapes_nothing() {
        let text = format!("\"\\\\\"{}", "x".repeat(2 * BLOCK_BYTES));
        assert_eq!(clean_run(text.as_bytes(), 3), 3);
    }
}
