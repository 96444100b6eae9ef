//! Compares settings without keeping them.

use std::fmt;
use std::sync::LazyLock;

use serde::Serialize;
use sha2::{Digest, Sha256};

/// A digest of settings and their secrets. It is keyed with random bytes of this process, so guesses cannot be checked.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of `shown` as it is serialised, and of `hidden` texts, which that leaves out or redacts.
    pub fn of(shown: &impl Serialize, hidden: &[&[u8]]) -> Self {
        static KEY: LazyLock<[u8; 32]> = LazyLock::new(|| {
            let mut key = [0; 32];
            // Without random bytes it is a digest without a key.
            let _keyed = getrandom::fill(&mut key);
            key
        });
        let shown = serde_json::to_vec(shown).unwrap_or_default();
        let mut digest = Sha256::new_with_prefix(*KEY);
        for part in std::iter::once(shown.as_slice()).chain(hidden.iter().copied()) {
            digest.update(part.len().to_be_bytes());
            digest.update(part);
        }
        Self(digest.finalize().into())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint")
    }
}

#[cfg(test)]
mod tests {
    use crate::value::fingerprint::*;

    #[test]
    fn fingerprints_are_equal_if_settings_and_secrets_are() {
        let of = |shown: &str, hidden: &[&str]| {
            Fingerprint::of(&shown, &hidden.iter().map(|text| text.as_bytes()).collect::<Vec<_>>())
        };
        assert_eq!(of("a", &["1", "2"]), of("a", &["1", "2"]));
        for (shown, hidden) in [("b", &["1", "2"][..]), ("a", &["12"]), ("a", &["12", ""]), ("a", &["2", "1"])] {
            assert_ne!(of(shown, hidden), of("a", &["1", "2"]), "{shown} {hidden:?}");
        }
    }
}
