//! The SHA-256 digest of a client's key: what the configuration holds in place of the key.

use std::fmt;

use serde::{Serialize, Serializer};

/// 32 bytes, shown by their first four.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyDigest([u8; 32]);

impl KeyDigest {
    /// Reads 64 hexadecimal digits of either case.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// The digest itself.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}…", hex::encode(&self.0[..4]))
    }
}

impl fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for KeyDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use crate::config::types::digest::KeyDigest;

    #[test]
    fn sixty_four_hex_digits_are_a_digest() {
        let digest = KeyDigest::from_hex(&"aB".repeat(32)).expect("valid");
        assert_eq!(digest.as_bytes(), &[0xab; 32]);
        assert_eq!(format!("{digest:?}"), "abababab…");
        assert!(KeyDigest::from_hex(&"ab".repeat(31)).is_none());
        assert!(KeyDigest::from_hex(&"zz".repeat(32)).is_none());
        assert!(KeyDigest::from_hex(&"a".repeat(65)).is_none());
    }
}
