//! Retries: the layer, the retry budget, and `Retry-After`.

pub(super) mod budget;
pub(super) mod layer;
pub(super) mod retry_after;
