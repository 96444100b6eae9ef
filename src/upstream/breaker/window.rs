//! Counts events in a sliding window without a lock.

use std::time::Duration;

use tokio::time::Instant;

use super::slices::{SLICES, Slices};

const COUNT_BITS: u32 = 20;
const COUNT_MAX: u64 = (1 << COUNT_BITS) - 1;
const EPOCH_MASK: u64 = (1 << (64 - 2 * COUNT_BITS)) - 1;

/// The number of all events and of the marked ones during the last `length`.
///
/// The window has ten slices. Each is one word: the number of its slice of time (24 bits), all events and marked events
/// (20 bits each, saturating).
#[derive(Debug)]
pub(crate) struct SlidingWindow {
    slices: Slices,
}

/// What a window holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) all: u64,
    pub(crate) marked: u64,
}

impl SlidingWindow {
    pub(crate) fn new(length: Duration) -> Self {
        Self { slices: Slices::of(length) }
    }

    /// Counts `all` events, `marked` of them marked, as happening at `now`.
    pub(crate) fn add(&self, now: Instant, all: u64, marked: u64) {
        let epoch = self.slices.epoch(now);
        let tag = epoch & EPOCH_MASK;
        self.slices.update(epoch, |word| {
            let before = if tag_of(word) == tag { counts_of(word) } else { Counts::default() };
            let all = (before.all + all).min(COUNT_MAX);
            let marked = (before.marked + marked).min(COUNT_MAX);
            Some(tag << (2 * COUNT_BITS) | all << COUNT_BITS | marked)
        });
    }

    /// The counts of the window that ends now.
    pub(crate) fn counts(&self) -> Counts {
        let newest = self.slices.epoch(Instant::now());
        let mut sum = Counts::default();
        for word in self.slices.words() {
            if newest.wrapping_sub(tag_of(word)) & EPOCH_MASK < SLICES {
                let counts = counts_of(word);
                sum.all += counts.all;
                sum.marked += counts.marked;
            }
        }
        sum
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        self.slices.clear();
    }
}

fn tag_of(word: u64) -> u64 {
    word >> (2 * COUNT_BITS)
}

fn counts_of(word: u64) -> Counts {
    Counts { all: word >> COUNT_BITS & COUNT_MAX, marked: word & COUNT_MAX }
}

#[cfg(test)]
mod tests {
    use crate::upstream::breaker::window::*;

    #[tokio::test(start_paused = true)]
    async fn events_leave_the_window_when_they_grow_old() {
        let window = SlidingWindow::new(Duration::from_secs(10));
        assert_eq!(window.counts(), Counts::default());
        window.add(Instant::now(), 3, 1);
        tokio::time::advance(Duration::from_secs(5)).await;
        window.add(Instant::now(), 2, 2);
        assert_eq!(window.counts(), Counts { all: 5, marked: 3 });
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(window.counts(), Counts { all: 2, marked: 2 });
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(window.counts(), Counts::default());
        window.add(Instant::now(), 1, 0);
        assert_eq!(window.counts(), Counts { all: 1, marked: 0 });
        window.clear();
        assert_eq!(window.counts(), Counts::default());
    }

    #[test]
    fn counting_from_many_threads_loses_nothing() {
        let window = SlidingWindow::new(Duration::from_secs(600));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..10_000).for_each(|n| window.add(Instant::now(), 1, n % 2)));
            }
        });
        assert_eq!(window.counts(), Counts { all: 40_000, marked: 20_000 });
    }
}
