//! What is never shown.

use std::fmt;

use secrecy::zeroize::Zeroize;
use secrecy::{ExposeSecret, SecretBox};
use serde::{Serialize, Serializer};

use crate::value::REDACTED;

/// Something secret. It is wiped when dropped and can be read through [`Hidden::expose`] only.
pub struct Hidden<T: ?Sized + Zeroize>(pub(super) SecretBox<T>);

impl<T: ?Sized + Zeroize> Hidden<T> {
    /// The secret, for the one place that sends it, compares it or computes with it.
    #[must_use]
    pub fn expose(&self) -> &T {
        self.0.expose_secret()
    }
}

impl<T: ?Sized + Zeroize + PartialEq> PartialEq for Hidden<T> {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl<T: ?Sized + Zeroize + Eq> Eq for Hidden<T> {}

impl<T: ?Sized + Zeroize> fmt::Debug for Hidden<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl<T: ?Sized + Zeroize> Serialize for Hidden<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(REDACTED)
    }
}
