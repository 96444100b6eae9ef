//! The circuit breaker: its layer, its state, its sliding window.

pub(super) mod circuit;
pub(super) mod layer;
pub(super) mod window;
