//! Patterns over names: `*` matches any characters, `?` exactly one, and any other character itself.

use std::fmt;

use serde::{Serialize, Serializer};

/// A pattern as the operator wrote it.
#[derive(Clone, PartialEq, Eq)]
pub struct Glob(String);

impl Glob {
    /// A pattern; every text is valid.
    #[must_use]
    pub fn new(pattern: impl Into<String>) -> Self {
        Self(pattern.into())
    }

    /// The pattern as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the pattern matches only one name.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        !self.0.contains(['*', '?'])
    }

    /// Whether the pattern matches every text.
    #[must_use]
    pub fn matches_all(&self) -> bool {
        !self.0.is_empty() && self.0.bytes().all(|byte| byte == b'*')
    }

    /// Whether the whole of `text` matches, letter case included; allocates nothing.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let (mut pattern, mut rest) = (self.0.as_str(), text);
        // Where to continue if the last `*` has to match one more character.
        let mut backtrack: Option<(&str, &str)> = None;
        loop {
            match (pattern.chars().next(), rest.chars().next()) {
                (Some('*'), _) => {
                    pattern = &pattern[1..];
                    backtrack = Some((pattern, rest));
                    continue;
                }
                (Some(wanted), Some(found)) if wanted == '?' || wanted == found => {
                    pattern = &pattern[wanted.len_utf8()..];
                    rest = &rest[found.len_utf8()..];
                    continue;
                }
                (None, None) => return true,
                _ => {}
            }
            let Some((after_star, unmatched)) = backtrack else {
                return false;
            };
            let Some(next) = unmatched.chars().next() else {
                return false;
            };
            pattern = after_star;
            rest = &unmatched[next.len_utf8()..];
            backtrack = Some((after_star, rest));
        }
    }
}

impl fmt::Debug for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Glob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
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
        ] {
            assert_eq!(Glob::new(pattern).matches(text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn many_stars_take_polynomial_time() {
        let pattern = Glob::new("a*".repeat(60) + "b");
        assert!(!pattern.matches(&"a".repeat(2_000)));
    }
}
