//! Phone numbers in different spellings.

use super::name::INVISIBLE;

/// Whether two texts are the same phone number: with the same digits after `+` or `00`, whatever stands between them. A
/// number without a country prefix is the same only as another one without.
pub fn same_number(one: &str, other: &str) -> bool {
    one == other || international(one).is_some_and(|digits| international(other) == Some(digits))
}

/// The digits of a number as it is compared, with `+` if it has a country prefix; `None` if the text is no number.
fn international(text: &str) -> Option<String> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || INVISIBLE.contains(&c));
    let mut digits = String::with_capacity(text.len());
    // The zero of `+49 (0) 30` is dialled without the country prefix only.
    for char in text.replace("(0)", "").chars() {
        match char {
            '+' if digits.is_empty() => digits.push('+'),
            '0'..='9' => digits.push(char),
            ' ' | '-' | '.' | '/' | '(' | ')' | '\u{a0}' | '\u{202f}' | '\u{2010}' | '\u{2011}' | '\u{2013}' => {}
            _ if INVISIBLE.contains(&char) => {}
            _ => return None,
        }
    }
    if let Some(rest) = digits.strip_prefix("00") {
        digits = format!("+{rest}");
    }
    digits.ends_with(|char: char| char.is_ascii_digit()).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_same_in_every_spelling() {
        for other in [
            "+322333",
            "+32 2 333",
            " +32-2.333",
            "+32 (2) 333",
            "0032 2/333",
            "+32\u{a0}2\u{202f}333",
            "\u{200e}+32 2 333\u{feff}",
            "+32 (0)2 333",
        ] {
            assert!(same_number("+322333", other) && same_number(other, "+322333"), "{other}");
        }
    }

    #[test]
    fn other_numbers_are_others() {
        for other in ["322333", "02 333", "+322334", "+32233", "+3222333", "", "+", "x", "+32 2 333 x", "+32+2333"] {
            assert!(!same_number("+322333", other), "{other:?}");
        }
        assert!(same_number("02 333", "02333"));
        assert!(same_number("support", "support"));
        assert!(!same_number("a", "b") && !same_number("", "-") && !same_number("+", "-"));
    }
}
