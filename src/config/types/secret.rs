//! Credentials: read once from where the configuration points, wiped from memory, never printed.

use std::borrow::Cow;

use http::HeaderValue;
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

use super::hidden::Hidden;
use crate::config::validate::shape::{Key, Kind, Section};

/// The two places a secret can be read from.
pub(crate) const SECTION: Section = Section {
    keys: &[
        Key::new("env", Kind::Text, "The environment variable that holds the secret."),
        Key::new("file", Kind::Path, "The file that holds the secret; line ends at its end do not count."),
    ],
    either: &["env", "file"],
};

/// What is made of the text of a secret.
pub(crate) trait SecretText: Sized {
    /// What to do about a text that is none; ends before the place where the text belongs.
    const HELP: &'static str;

    /// Reads the text, which is not empty; the error says what is wrong with it and shows nothing of it.
    fn from_text(text: &str) -> Result<Self, Cow<'static, str>>;
}

/// A credential.
pub type Secret = Hidden<str>;

impl Secret {
    /// Copies the text into memory of exactly its length, because growing and shrinking leave copies behind, and wipes
    /// the given text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        let text = Zeroizing::new(text.into());
        Self(SecretString::from(text.as_str()))
    }

    /// Reads a credential that goes into a header; line ends at its end do not count, the error says what is wrong.
    pub(crate) fn for_header(text: &str) -> Result<Self, &'static str> {
        let text = text.trim_end_matches(['\r', '\n']);
        if text.trim().is_empty() {
            return Err("is empty");
        }
        if let Some(scheme) = ["Bearer ", "Basic ", "Token "].into_iter().find(|scheme| starts_with(text, scheme)) {
            return Err(match scheme {
                "Bearer " => "begins with `Bearer`, which the gateway adds itself: write only what follows",
                _ => "begins with the name of a scheme, such as `Basic`: write only the token",
            });
        }
        if starts_with(text, "Authorization:") {
            return Err("is a whole header: write only the token, without `Authorization: Bearer`");
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("holds a character that no header can carry (only visible ASCII can)");
        }
        Ok(Self::new(text))
    }
}

impl Clone for Secret {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl SecretText for Secret {
    const HELP: &'static str = "put the secret, and nothing else, into";

    fn from_text(text: &str) -> Result<Self, Cow<'static, str>> {
        Self::for_header(text).map_err(Cow::Borrowed)
    }
}

/// The whole value of a header, scheme and all.
pub(crate) struct HeaderSecret(pub(crate) Secret);

impl SecretText for HeaderSecret {
    const HELP: &'static str = "put the value of the header, and nothing else, into";

    fn from_text(text: &str) -> Result<Self, Cow<'static, str>> {
        let text = text.trim_matches([' ', '\t']);
        match HeaderValue::from_str(text) {
            Ok(_) => Ok(Self(Secret::new(text))),
            Err(_) => Err("holds a character that no header can carry, such as a line end".into()),
        }
    }
}

/// What a text is that looks like one about a secret instead of the secret itself. It may be a secret all the same.
pub(crate) fn mistaken(text: &str) -> Option<(&'static str, &'static str)> {
    let text = text.trim_end_matches(['\r', '\n']);
    let enclosed =
        |start: &str, end: &str| text.len() > start.len() + end.len() && text.starts_with(start) && text.ends_with(end);
    let is_name = |name: &str| {
        name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    if [("\"", "\""), ("'", "'"), ("`", "`")].iter().any(|(start, end)| enclosed(start, end)) {
        return Some(("stands in quotes, which are sent too", "write it without the quotes"));
    }
    let filled_in = [("${", "}"), ("$(", ")"), ("{{", "}}"), ("%", "%"), ("<", ">")];
    if filled_in.iter().any(|(start, end)| enclosed(start, end)) || text.strip_prefix('$').is_some_and(is_name) {
        return Some((
            "is a placeholder that nothing has filled in",
            "write the secret itself; nothing is replaced here",
        ));
    }
    let (name, value) = text.split_once('=')?;
    let is_assignment = is_name(name) && name.bytes().all(|byte| !byte.is_ascii_lowercase());
    let is_assignment = is_assignment && !value.trim_start_matches('=').is_empty();
    is_assignment.then_some(("looks like a line `NAME=…` of an environment file", "write only what follows the `=`"))
}

fn starts_with(text: &str, word: &str) -> bool {
    text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use crate::config::types::secret::{Secret, mistaken};

    #[test]
    fn a_secret_is_never_shown() {
        let secret = Secret::for_header("12|abc\r\n").expect("valid");
        assert_eq!(secret.expose(), "12|abc");
        assert_eq!(format!("{secret:?}"), "[redacted]");
        assert_eq!(serde_json::to_string(&secret).expect("json"), "\"[redacted]\"");
    }

    #[test]
    fn texts_about_secrets_are_told_from_secrets() {
        for (text, expected) in [
            ("\"abc\"", "quotes"),
            ("'abc'\n", "quotes"),
            ("${SONDOS_TOKEN}", "placeholder"),
            ("$SONDOS_TOKEN", "placeholder"),
            ("{{sondos.token}}", "placeholder"),
            ("<token>", "placeholder"),
            ("SONDOS_TOKEN=abc", "NAME=…"),
            ("TOKEN=\"abc\"", "NAME=…"),
        ] {
            let (what, _) = mistaken(text).expect(text);
            assert!(what.contains(expected), "{text}: {what}");
        }
        for secret in ["12|abc", "YWJj==", "AbC=", "sk_live_a=b", "$2a$10$abc", "a\"b", "abc%", "ABCDEF="] {
            assert_eq!(mistaken(secret), None, "{secret}");
        }
        for (text, expected) in [
            ("Bearer abc", "`Bearer`"),
            ("bearer abc\n", "`Bearer`"),
            ("Basic abc", "scheme"),
            ("Authorization: Bearer x", "whole header"),
        ] {
            assert!(Secret::for_header(text).unwrap_err().contains(expected), "{text}");
        }
    }

    #[test]
    fn text_that_no_header_can_carry_is_refused() {
        assert_eq!(Secret::for_header("\n").err(), Some("is empty"));
        assert!(Secret::for_header("a b").is_err());
        assert!(Secret::for_header("a\nb").is_err());
        assert!(Secret::for_header("ä").is_err());
    }
}
