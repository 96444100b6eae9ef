//! The admin and metrics tokens, stored as digests.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::value::REDACTED;

/// The tokens of the admin listener.
#[derive(Clone, Default)]
pub struct AdminTokens {
    /// Opens all of `/admin/*`, `/metrics` and the console.
    pub(crate) admin: Option<TokenDigest>,
    /// Opens the same, for looking only.
    pub(crate) viewer: Option<TokenDigest>,
    /// Opens `/metrics` alone.
    pub(crate) metrics: Option<TokenDigest>,
}

/// What an operator may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Look.
    Viewer,
    /// Everything.
    Administrator,
}

#[cfg(feature = "console")]
impl Role {
    /// Its name, on pages and in the audit log.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Administrator => "administrator",
        }
    }
}

/// The SHA-256 of a token.
#[derive(Clone, Copy)]
pub(crate) struct TokenDigest([u8; 32]);

impl AdminTokens {
    /// Stores digests of the tokens.
    pub fn new(admin: Option<&str>, viewer: Option<&str>, metrics: Option<&str>) -> Self {
        let digest = |token: Option<&str>| token.map(TokenDigest::of);
        Self { admin: digest(admin), viewer: digest(viewer), metrics: digest(metrics) }
    }

    /// Whether operators need no token. Only where no other machine reaches the listener.
    pub(crate) fn are_open(&self) -> bool {
        self.admin.is_none() && self.viewer.is_none()
    }

    /// What the token `sent` lets its bearer do, and its digest. All are compared, so that timing reveals nothing.
    pub(crate) fn role_of(&self, sent: &[u8]) -> Option<(Role, TokenDigest)> {
        let is = |token: Option<TokenDigest>| token.filter(|token| token.is_of(sent));
        let (admin, viewer) = (is(self.admin), is(self.viewer));
        admin.map(|token| (Role::Administrator, token)).or(viewer.map(|token| (Role::Viewer, token)))
    }

    /// Whether a token with this digest still gives this role.
    pub(crate) fn still(&self, role: Role, digest: TokenDigest) -> bool {
        let token = match role {
            Role::Administrator => self.admin,
            Role::Viewer => self.viewer,
        };
        token.is_some_and(|token| token.0.ct_eq(&digest.0).into())
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
