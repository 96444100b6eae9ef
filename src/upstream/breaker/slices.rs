//! The slices of time of a sliding window, one word each, which threads share without a lock.

use std::time::Duration;

use tokio::time::Instant;

use crate::upstream::sync::atomic::{AtomicU64, Ordering};

/// How many slices a window has. A slice's word holds the number of its slice of time, so that an old word is recognised.
pub(super) const SLICES: u64 = 10;

/// The words of a window, and the clock that chooses among them.
#[derive(Debug)]
pub(super) struct Slices {
    origin: Instant,
    /// The length of a slice, in nanoseconds: dividing 128 bits takes many times longer.
    length: u64,
    words: [AtomicU64; SLICES as usize],
}

impl Slices {
    /// Those of a window of this length.
    pub(super) fn of(window: Duration) -> Self {
        Self {
            origin: Instant::now(),
            length: nanoseconds((window / 10).max(Duration::from_millis(1))),
            words: std::array::from_fn(|_| AtomicU64::new(0)),
        }
    }

    /// The number of the slice of time that `now` is in.
    pub(super) fn epoch(&self, now: Instant) -> u64 {
        nanoseconds(now.saturating_duration_since(self.origin)) / self.length
    }

    /// Changes the word of a slice of time; `None` leaves it as it is.
    pub(super) fn update(&self, epoch: u64, change: impl FnMut(u64) -> Option<u64>) {
        let word = &self.words[(epoch % SLICES) as usize];
        // It fails where there is nothing to change.
        let _ = word.fetch_update(Ordering::AcqRel, Ordering::Acquire, change);
    }

    /// All words, old ones too.
    pub(super) fn words(&self) -> impl Iterator<Item = u64> {
        self.words.iter().map(|word| word.load(Ordering::Acquire))
    }

    /// Forgets everything.
    pub(super) fn clear(&self) {
        for word in &self.words {
            word.store(0, Ordering::Release);
        }
    }
}

/// At most 584 years.
fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
