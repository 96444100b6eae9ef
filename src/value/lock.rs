//! A lock whose content outlives a panic.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A mutex whose content is used all the same after a thread has panicked while it held it.
#[derive(Debug, Default)]
pub struct Lock<T>(Mutex<T>);

impl<T> Lock<T> {
    /// One with this content.
    pub const fn new(content: T) -> Self {
        Self(Mutex::new(content))
    }

    /// Waits for the content.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
