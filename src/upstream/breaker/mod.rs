//! The circuit breaker: its layer, its state, its sliding window.

pub(super) mod circuit;
pub(super) mod distinct_keys;
pub(super) mod layer;
mod slices;
pub(super) mod window;
