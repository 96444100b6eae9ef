//! The admin and metrics tokens, stored as digests.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::value::REDACTED;

/// The tokens of the admin listener.
#[derive(Clone, Default)]
pub struct AdminTokens {
    /// Opens `/admin/*` and `/metrics`; without it both are open.
    pub(crate) admin: Option<TokenDigest>,
    /// Opens `/metrics` alone.
    pub(crate) metrics: Option<TokenDigest>,
}

/// The SHA-256 of a token.
#[derive(Clone)]
pub(crate) struct TokenDigest([u8; 32]);

impl AdminTokens {
    /// Stores digests of the tokens.
    pub fn new(admin: Option<&str>, metrics: Option<&str>) -> Self {
        Self { admin: admin.map(TokenDigest::of), metrics: metrics.map(TokenDigest::of) }
    }
}

impl TokenDigest {
    fn of(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }

    /// Whether it is the digest of `sent`, compared in constant time.
    pub(crate) fn is_of(&self, sent: &[u8]) -> bool {
        self.0.ct_eq(&Sha256::digest(sent)).into()
    }
}

impl std::fmt::Debug for AdminTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(REDACTED)
    }
}
