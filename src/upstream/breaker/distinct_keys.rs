//! Whether a sliding window has seen one key or several, without a lock.

use std::time::Duration;

use tokio::time::Instant;

use super::slices::{SLICES, Slices};

const KEY_BITS: u32 = 39;
const KEY_MASK: u64 = (1 << KEY_BITS) - 1;
const SEVERAL: u64 = 1 << KEY_BITS;
const TAG_SHIFT: u32 = KEY_BITS + 1;
const TAG_MASK: u64 = (1 << (64 - TAG_SHIFT)) - 1;

/// The keys of the last `length`, as far as it matters whether there was more than one.
///
/// The window has ten slices. Each is one word: the number of its slice of time (24 bits), whether it has seen several
/// keys, and the first key (39 bits, never zero).
#[derive(Debug)]
pub(crate) struct DistinctKeys {
    slices: Slices,
}

impl DistinctKeys {
    pub(crate) fn new(length: Duration) -> Self {
        Self { slices: Slices::of(length) }
    }

    /// Notes that `key` was seen at `now`.
    pub(crate) fn add(&self, now: Instant, key: u64) {
        let (epoch, key) = (self.slices.epoch(now), (key & KEY_MASK).max(1));
        let tag = (epoch & TAG_MASK) << TAG_SHIFT;
        // The usual case has nothing to note, and only reads.
        self.slices.update(epoch, |word| {
            let current = word >> TAG_SHIFT == tag >> TAG_SHIFT && word & KEY_MASK != 0;
            match current {
                false => Some(tag | key),
                true if word & SEVERAL != 0 || word & KEY_MASK == key => None,
                true => Some(word | SEVERAL),
            }
        });
    }

    /// Whether the window that ends now has seen more than one key.
    pub(crate) fn are_several(&self) -> bool {
        let (newest, mut first) = (self.slices.epoch(Instant::now()), None);
        for word in self.slices.words() {
            let key = word & KEY_MASK;
            if key == 0 || newest.wrapping_sub(word >> TAG_SHIFT) & TAG_MASK >= SLICES {
                continue;
            }
            if word & SEVERAL != 0 || first.is_some_and(|first| first != key) {
                return true;
            }
            first = Some(key);
        }
        false
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        self.slices.clear();
    }
}

#[cfg(test)]
mod tests {
    use crate::upstream::breaker::distinct_keys::*;

    #[tokio::test(start_paused = true)]
    async fn one_key_is_not_several_however_often_it_comes() {
        let keys = DistinctKeys::new(Duration::from_secs(10));
        for _ in 0..30 {
            keys.add(Instant::now(), 7);
            assert!(!keys.are_several());
            tokio::time::advance(Duration::from_millis(700)).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn two_keys_are_several_until_one_of_them_grows_old() {
        for apart in [0, 1, 5, 8] {
            let keys = DistinctKeys::new(Duration::from_secs(10));
            keys.add(Instant::now(), 7);
            tokio::time::advance(Duration::from_secs(apart)).await;
            keys.add(Instant::now(), 8);
            assert!(keys.are_several(), "{apart}");
            tokio::time::advance(Duration::from_secs(10)).await;
            assert!(!keys.are_several(), "{apart}");
        }
        let keys = DistinctKeys::new(Duration::from_secs(10));
        keys.add(Instant::now(), 7);
        keys.add(Instant::now(), 8);
        keys.clear();
        assert!(!keys.are_several());
    }
}
