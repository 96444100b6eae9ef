//! The secrets that callbacks are signed with, as Standard Webhooks writes them.

use std::borrow::Cow;

use base64::Engine;
use secrecy::SecretBox;
use secrecy::zeroize::Zeroizing;

use super::encryption_key::BASE64;
use super::hidden::Hidden;
use super::secret::SecretText;

/// What a secret begins with whose key follows in base64.
const PREFIX: &str = "whsec_";
/// What the keys of signatures with a key pair begin with, which callbacks do not have.
const KEY_PAIR_PREFIXES: [&str; 2] = ["whsk_", "whpk_"];
/// The shortest key in bytes.
const MIN_BYTES: usize = 24;

/// A key of HMAC-SHA256.
pub type SigningSecret = Hidden<[u8]>;

impl SecretText for SigningSecret {
    const HELP: &'static str =
        "write `whsec_` and 24 to 64 random bytes in base64, or any text of at least 24 bytes, and nothing else, into";

    fn from_text(text: &str) -> Result<Self, Cow<'static, str>> {
        let encoded = text.strip_prefix(PREFIX);
        if KEY_PAIR_PREFIXES.iter().any(|prefix| text.starts_with(prefix)) {
            return Err("is a key of a key pair; callbacks are signed with a secret that both sides know".into());
        }
        if text.contains(char::is_control) {
            return Err("holds a control character, such as the end of a line".into());
        }
        let key = match encoded {
            Some(encoded) => BASE64.decode(encoded).map_err(|_| "has no base64 behind its `whsec_`")?,
            None => text.as_bytes().to_vec(),
        };
        let key = Zeroizing::new(key);
        if key.len() >= MIN_BYTES {
            // Into memory of exactly its length: what shrinks leaves a copy behind.
            return Ok(Self(SecretBox::new(key.as_slice().into())));
        }
        let behind = if encoded.is_some() { " behind its `whsec_`, after decoding its base64" } else { "" };
        Err(format!("has {} bytes{behind}; {MIN_BYTES} are the least", key.len()).into())
    }
}

impl Clone for SigningSecret {
    fn clone(&self) -> Self {
        Self(SecretBox::new(self.expose().into()))
    }
}

#[cfg(test)]
mod tests {
    use crate::config::types::signing_secret::*;

    #[test]
    fn the_bytes_behind_the_prefix_are_the_key_and_else_those_of_the_text() {
        let key = |text: &str| SigningSecret::from_text(text).map(|secret| secret.expose().to_vec());
        // The example of the specification.
        let example = key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("valid");
        assert_eq!((example.len(), example[0], example[23]), (24, 0x31, 0xb0));
        assert_eq!(key("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), Ok(vec![0; 32]));
        assert_eq!(key("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), Ok(vec![0; 32]));
        assert_eq!(key("correct horse battery staple"), Ok(b"correct horse battery staple".to_vec()));
        // A prefix in another case is part of a text.
        assert_eq!(key("WHSEC_MfKQ9r8GKYqrTwjUPD8").map(|key| key.len()), Ok(25));
        let secret = SigningSecret::from_text("correct horse battery staple").expect("valid");
        assert_eq!(format!("{secret:?} {:?}", secret.clone() == secret), "[redacted] true");
        assert_eq!(serde_json::to_string(&secret).expect("json"), "\"[redacted]\"");
    }

    #[test]
    fn short_and_damaged_secrets_are_refused_without_showing_them() {
        for (text, wrong) in [
            ("hush", "has 4 bytes; 24 are the least"),
            ("hush-hush-hush-hush-hus", "has 23 bytes; 24 are the least"),
            ("whsec_", "has 0 bytes behind its `whsec_`"),
            ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaQ", "has 23 bytes behind its `whsec_`"),
            ("whsec_not base64, but long enough", "has no base64 behind its `whsec_`"),
            ("whsec_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_", "has no base64 behind its `whsec_`"),
            ("whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "is a key of a key pair"),
            ("hush-hush-hush\nhush-hush-hush", "holds a control character"),
        ] {
            let error = SigningSecret::from_text(text).expect_err(text);
            assert!(error.starts_with(wrong) && !error.contains("hush"), "{text}: {error}");
        }
    }
}
