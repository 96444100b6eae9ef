//! The locks, atomics and channels of what has a model: the usual ones, or those that shuttle can interleave while the
//! models run.

#[cfg(all(test, feature = "models"))]
pub(super) use super::models::oneshot;
#[cfg(all(test, feature = "models"))]
pub(super) use shuttle::sync::*;
#[cfg(not(all(test, feature = "models")))]
pub(super) use std::sync::*;
#[cfg(not(all(test, feature = "models")))]
pub(super) use tokio::sync::oneshot;
