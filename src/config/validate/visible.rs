//! Text of operators as messages show it.

/// The text with every character escaped that a terminal would obey, or show as nothing or as a plain blank.
pub(crate) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match is_invisible(character) {
            true => shown.extend(character.escape_default()),
            false => shown.push(character),
        }
    }
    shown
}

/// One visible character for each, so that what is marked below them stays in its place; a tab becomes a blank.
pub(crate) fn visible_columns(text: &str) -> String {
    let shown = |character: char| match character {
        '\t' => ' ',
        // The pictures of control characters.
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(character)).unwrap_or('\u{fffd}'),
        _ if is_invisible(character) => '\u{fffd}',
        _ => character,
    };
    text.chars().map(shown).collect()
}

/// Control characters, blanks that are none to a parser, and marks of width and direction.
pub(crate) fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{a0}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use crate::config::validate::visible::*;

    #[test]
    fn what_cannot_be_seen_is_escaped() {
        assert_eq!(visible("a\r\n\u{1b}[2J\u{feff}b\u{a0}ü"), r"a\r\n\u{1b}[2J\u{feff}b\u{a0}ü");
        assert_eq!(visible_columns("a\tb\r\u{1b}\u{feff}c"), "a b\u{240d}\u{241b}\u{fffd}c");
    }
}
