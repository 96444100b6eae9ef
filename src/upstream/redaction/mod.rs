//! Finds a secret in any form in which a vendor may repeat it, and redacts it.

pub(super) mod patterns;
mod unescape;
