//! Types of single values.

pub(super) mod base_url;
pub(super) mod digest;
pub(super) mod duration;
pub(super) mod encryption_key;
pub(super) mod endpoint;
pub(super) mod handling;
pub(super) mod hidden;
pub(super) mod pem;
pub(super) mod secret;
pub(super) mod signing_secret;
