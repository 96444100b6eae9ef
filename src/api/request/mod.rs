//! Reads what a request says besides its body: query, preferences, timeout, media type.

pub mod idempotency;
pub(super) mod media;
pub mod options;
pub mod page;
pub mod prefer;
pub mod query;
pub mod timeout;
