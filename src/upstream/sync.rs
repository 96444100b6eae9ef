//! Locks, atomics and channels for code that has a model: the usual ones, or those of shuttle while the models run.

#[cfg(all(test, feature = "models"))]
pub(super) use super::models::oneshot;
#[cfg(all(test, feature = "models"))]
pub(super) use shuttle::sync::*;
#[cfg(not(all(test, feature = "models")))]
pub(super) use std::sync::*;
#[cfg(not(all(test, feature = "models")))]
pub(super) use tokio::sync::oneshot;
