//! The keys that a store encrypts with: 32 bytes, written in base64.

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use secrecy::SecretBox;
use secrecy::zeroize::Zeroizing;

use super::hidden::Hidden;
use super::secret::SecretText;

/// The standard alphabet; padding may be left out.
pub(super) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A key of AES-256.
pub type EncryptionKey = Hidden<[u8; 32]>;

impl EncryptionKey {
    /// The length in bytes.
    pub const BYTES: usize = 32;

    fn of(bytes: &[u8; Self::BYTES]) -> Self {
        Self(SecretBox::init_with_mut(|key: &mut [u8; Self::BYTES]| key.copy_from_slice(bytes)))
    }
}

impl SecretText for EncryptionKey {
    const HELP: &'static str = "`switchboard keygen --store` makes a key; put it, and nothing else, into";

    fn from_text(text: &str) -> Result<Self, Cow<'static, str>> {
        let bytes = BASE64.decode(text).map(Zeroizing::new).map_err(|_| match text.contains(['-', '_']) {
            true => "is not base64 of the standard alphabet, which has `+` and `/` instead of `-` and `_`",
            false => "is not base64",
        })?;
        if let Ok(key) = bytes.as_slice().try_into() {
            return Ok(Self::of(key));
        }
        let is_hex = text.len() == 2 * Self::BYTES && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        Err(match is_hex {
            true => "is hexadecimal, not base64".into(),
            false => format!("has {} bytes instead of {}, after decoding its base64", bytes.len(), Self::BYTES).into(),
        })
    }
}

impl Clone for EncryptionKey {
    fn clone(&self) -> Self {
        Self::of(self.expose())
    }
}

#[cfg(test)]
mod tests {
    use crate::config::types::encryption_key::*;

    #[test]
    fn thirty_two_bytes_in_base64_are_a_key_with_and_without_padding() {
        for text in ["+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s=", "+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s"] {
            let key = EncryptionKey::from_text(text).expect(text);
            assert_eq!(key.expose(), &[0xfb; 32]);
            assert_eq!(key.clone(), key);
            assert_eq!(format!("{key:?}"), "[redacted]");
            assert_eq!(serde_json::to_string(&key).expect("json"), "\"[redacted]\"");
        }
    }

    #[test]
    fn anything_else_is_refused_with_what_is_wrong_and_without_the_text() {
        let long = "A".repeat(1 << 20);
        for (text, wrong) in [
            ("AAAA", "has 3 bytes instead of 32"),
            ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", ""),
            ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "has 33 bytes instead of 32"),
            ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB", "is not base64"),
            ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", "is not base64"),
            ("-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s", "standard alphabet"),
            ("AAAAAAAAAAAAAAAAAAAA AAAAAAAAAAAAAAAAAAAAAAA", "is not base64"),
            ("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "is hexadecimal"),
            ("schlüssel", "is not base64"),
            (&long, "has 786432 bytes"),
        ] {
            match EncryptionKey::from_text(text) {
                Ok(key) => assert_eq!((wrong, key.expose()), ("", &[0; 32]), "{text}"),
                Err(error) => assert!(!wrong.is_empty() && error.contains(wrong), "{text}: {error}"),
            }
        }
    }
}
