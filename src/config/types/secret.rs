//! Credentials: read once from where the configuration points, wiped from memory, never printed.

use std::borrow::Cow;
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

/// The text with everything redacted that looks like a credential: a run of letters and digits longer than any word.
pub(crate) fn without_credentials(text: &str) -> Cow<'_, str> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric();
    let looks_like_one = |run: &[u8]| {
        run.len() >= MIN_CREDENTIAL_LENGTH
            && run.iter().any(u8::is_ascii_digit)
            && run.iter().any(u8::is_ascii_alphabetic)
    };
    let mut shown = Cow::Borrowed(text);
    for run in text.as_bytes().chunk_by(|a, b| plain(a) && plain(b)).filter(|run| looks_like_one(run)) {
        let run = String::from_utf8_lossy(run);
        shown = Cow::Owned(shown.replace(&*run, REDACTED));
    }
    shown
}

/// A run of letters and digits of this length counts as a credential.
const MIN_CREDENTIAL_LENGTH: usize = 20;

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
    use crate::config::types::secret::{Secret, without_credentials};

    #[test]
    fn a_secret_is_never_shown() {
        let secret = Secret::for_header("12|abc\r\n").expect("valid");
        assert_eq!(secret.expose(), "12|abc");
        assert_eq!(format!("{secret:?}"), "[redacted]");
        assert_eq!(serde_json::to_string(&secret).expect("json"), "\"[redacted]\"");
    }

    #[test]
    fn what_looks_like_a_credential_is_redacted() {
        let shown = |text| without_credentials(text).into_owned();
        assert_eq!(shown("`x` cannot be \"12|Xk3v9QpLm2ZtRb7NwYc4\""), "`x` cannot be \"12|[redacted]\"");
        assert_eq!(
            shown("sb_0a1b2c3d4e5f60718293 and again 0a1b2c3d4e5f60718293"),
            "sb_[redacted] and again [redacted]"
        );
        for plain in ["vendors.my-account-2.client_certificate", "https://api2.example.com/v1", "12345678901234567890"]
        {
            assert_eq!(shown(plain), plain);
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
