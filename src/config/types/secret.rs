//! Credentials: read once from where the configuration points, wiped from memory, never printed.

use std::fmt;

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, Serializer};

use crate::value::REDACTED;

use crate::config::validate::shape::{Key, Kind, Section};

/// The two places a secret can be read from.
pub(crate) const SECTION: Section = Section {
    keys: &[
        Key::new("env", Kind::Text, "The environment variable that holds the secret."),
        Key::new("file", Kind::Path, "The file that holds the secret; line ends at its end do not count."),
    ],
    either: &["env", "file"],
};

/// A credential. Its text is wiped when dropped and can be read through [`Secret::expose`] only.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Copies the text into memory of exactly its length, because growing and shrinking leave copies behind, and wipes
    /// the given text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        let text = Zeroizing::new(text.into());
        Self(SecretString::from(text.as_str()))
    }

    /// The text, for the one place that sends or compares it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Reads a credential that goes into a header; line ends at its end do not count, the error says what is wrong.
    pub(crate) fn for_header(text: &str) -> Result<Self, &'static str> {
        let text = text.trim_end_matches(['\r', '\n']);
        if text.trim().is_empty() {
            return Err("is empty");
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("holds a character that no header can carry (only visible ASCII can)");
        }
        Ok(Self::new(text))
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(REDACTED)
    }
}

#[cfg(test)]
mod tests {
    use crate::config::types::secret::Secret;

    #[test]
    fn a_secret_is_never_shown() {
        let secret = Secret::for_header("12|abc\r\n").expect("valid");
        assert_eq!(secret.expose(), "12|abc");
        assert_eq!(format!("{secret:?}"), "[redacted]");
        assert_eq!(serde_json::to_string(&secret).expect("json"), "\"[redacted]\"");
    }

    #[test]
    fn text_that_no_header_can_carry_is_refused() {
        assert_eq!(Secret::for_header("\n").err(), Some("is empty"));
        assert!(Secret::for_header("a b").is_err());
        assert!(Secret::for_header("a\nb").is_err());
        assert!(Secret::for_header("ä").is_err());
    }
}
