//! Patterns over names: `*` matches any characters, `?` exactly one, and any other character itself.

use std::fmt;

use serde::{Serialize, Serializer};
use wildmatch::WildMatch;

/// A pattern as the operator wrote it; every text is valid.
#[derive(Clone, PartialEq)]
pub struct Glob(WildMatch);

impl Eq for Glob {}

impl Glob {
    /// A pattern.
    #[must_use]
    pub fn new(pattern: impl AsRef<str>) -> Self {
        Self(WildMatch::new(pattern.as_ref()))
    }

    /// Whether the pattern matches only one name.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        !self.0.pattern_chars().iter().any(|letter| matches!(letter, '*' | '?'))
    }

    /// Whether the pattern matches every text.
    #[must_use]
    pub fn matches_all(&self) -> bool {
        self.0.pattern_chars() == ['*']
    }

    /// Whether the pattern certainly matches every text that starts with `prefix` and goes on.
    #[must_use]
    pub fn matches_all_after(&self, prefix: &str) -> bool {
        // Only a wildcard stands for a character that the pattern does not hold. The star at the end takes what follows.
        const OTHER: char = '\u{10ffff}';
        let pattern = self.0.pattern_chars();
        pattern.ends_with(&['*']) && !pattern.contains(&OTHER) && self.matches(&format!("{prefix}{OTHER}"))
    }

    /// Whether the whole of `text` matches, letter case included; allocates nothing.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.0.matches(text)
    }
}

impl fmt::Debug for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Glob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use crate::value::glob::Glob;

    #[test]
    fn stars_and_question_marks_match_whole_texts() {
        for (pattern, text, expected) in [
            ("sales-*", "sales-bot", true),
            ("sales-*", "sales-", true),
            ("sales-*", "presales-bot", false),
            ("7*", "789", true),
            ("7?9", "789", true),
            ("7?9", "79", false),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("*:7*9", "sondos:789", true),
            ("a*b*c", "aXbXbXc", true),
            ("a*b*c", "aXbXbX", false),
            ("sales.bot", "salesxbot", false),
            ("?", "ü", true),
            ("*ü?", "gültig üx", true),
            ("Sales", "sales", false),
            // What `wildmatch` once got wrong.
            ("*o?a*r", "foobar", true),
            ("*113", "1113", true),
            ("*121", "12121", true),
            ("*12", "122", false),
            ("*1?", "121", false),
            ("a*c", "a*bc", true),
            ("*", "*a", true),
        ] {
            assert_eq!(Glob::new(pattern).matches(text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_pattern_covers_all_of_a_vendor_only_where_no_id_can_escape_it() {
        for (pattern, expected) in [
            ("*", true),
            ("**", true),
            ("?*", true),
            ("sondos:*", true),
            ("sondos:**", true),
            ("sondos:?*", true),
            ("s*", true),
            ("*:*", true),
            ("*s:*", true),
            ("sondos?*", true),
            ("sondos:", false),
            ("sondos", false),
            ("sondos:7*", false),
            ("sondos:*7", false),
            ("sondos:*?7*", false),
            ("sondos:??*", false),
            ("sondos:?", false),
            ("sondos:\u{10ffff}*", false),
            ("sondos2:*", false),
            ("famulor:*", false),
            ("*7*", false),
            ("", false),
        ] {
            assert_eq!(Glob::new(pattern).matches_all_after("sondos:"), expected, "{pattern}");
        }
    }

    #[test]
    fn many_stars_take_polynomial_time() {
        let pattern = Glob::new("a*".repeat(60) + "b");
        assert!(!pattern.matches(&"a".repeat(2_000)));
    }
}
