//! What a caller says beside the body: preferences, deadline, query, media type.

pub(super) mod media;
pub(super) mod options;
pub mod prefer;
pub mod query;
pub mod timeout;
