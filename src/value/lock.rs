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

    /// The content alone.
    pub fn into_inner(self) -> T {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the content.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_is_there_after_a_panic() {
        let lock = Lock::new(0);
        let panicked = std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                *lock.lock() = 7;
                let _held = lock.lock();
                panic!("while it is held");
            });
            thread.join()
        });
        assert!(panicked.is_err());
        assert_eq!(*lock.lock(), 7);
    }
}
