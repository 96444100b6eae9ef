//! Counters by a small key, made when first needed: no lock, no text, no look-up but by a number.
//!
//! Keys come from closed lists (routes, methods, statuses, reasons), so a table with room for every combination that
//! can occur never fills up. If one did, the rest would be counted together, under no key.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::value::Counter;

/// No key is 0: that is a free slot.
type Key = u64;

/// A table of `N` counters.
#[derive(Debug)]
pub(super) struct Tally<const N: usize> {
    slots: [(AtomicU64, Counter); N],
    rest: Counter,
}

impl<const N: usize> Default for Tally<N> {
    fn default() -> Self {
        Self { slots: std::array::from_fn(|_| Default::default()), rest: Counter::default() }
    }
}

impl<const N: usize> Tally<N> {
    /// Counts one under `key`, which is not 0.
    pub(super) fn add(&self, key: Key) {
        let start = (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize % N;
        for (held, counter) in self.slots[start..].iter().chain(&self.slots[..start]) {
            let found = match held.load(Ordering::Acquire) {
                0 => match held.compare_exchange(0, key, Ordering::AcqRel, Ordering::Acquire) {
                    Ok(_) => key,
                    Err(other) => other,
                },
                found => found,
            };
            if found == key {
                return counter.add();
            }
        }
        self.rest.add();
    }

    /// Every key and its count, in no order; `None` is the key of what found no room.
    pub(super) fn counts(&self) -> impl Iterator<Item = (Option<Key>, u64)> {
        let kept = self.slots.iter().map(|(key, counter)| (key.load(Ordering::Acquire), counter.get()));
        let kept = kept.filter(|(key, _)| *key != 0).map(|(key, count)| (Some(key), count));
        kept.chain(Some((None, self.rest.get())).filter(|(_, count)| *count > 0))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use crate::telemetry::metrics::counter_table::*;

    #[test]
    fn threads_that_meet_new_keys_together_lose_nothing() {
        let tally = Tally::<64>::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..64_000).for_each(|n| tally.add(n % 64 + 1)));
            }
        });
        let counts: HashMap<_, _> = tally.counts().collect();
        assert_eq!(counts.len(), 64);
        assert!(counts.values().all(|count| *count == 4000), "{counts:?}");
    }

    #[test]
    fn what_finds_no_room_is_counted_together() {
        let tally = Tally::<4>::default();
        (1..=6).for_each(|key| tally.add(key));
        assert_eq!(tally.counts().count(), 5);
        assert_eq!(tally.counts().find(|(key, _)| key.is_none()), Some((None, 2)));
    }
}
