//! A table of counters that are created when first used, without locks or allocations.
//!
//! Keys are made of closed lists (routes, methods, statuses, reasons). A table has a slot for every combination that can
//! occur; any more keys would be counted together, without a key.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::value::Counter;

/// Never 0, which marks a free slot.
type Key = u64;

/// A hash table of `N` counters.
#[derive(Debug)]
pub(super) struct CounterTable<const N: usize> {
    slots: [(AtomicU64, Counter); N],
    other: Counter,
}

impl<const N: usize> Default for CounterTable<N> {
    fn default() -> Self {
        Self { slots: std::array::from_fn(|_| Default::default()), other: Counter::default() }
    }
}

impl<const N: usize> CounterTable<N> {
    /// Counts one under `key`, which is not 0.
    pub(super) fn add(&self, key: Key) {
        let start = (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize % N;
        for (slot, counter) in self.slots[start..].iter().chain(&self.slots[..start]) {
            let found = match slot.load(Ordering::Acquire) {
                0 => match slot.compare_exchange(0, key, Ordering::AcqRel, Ordering::Acquire) {
                    Ok(_) => key,
                    Err(other) => other,
                },
                found => found,
            };
            if found == key {
                return counter.add();
            }
        }
        self.other.add();
    }

    /// Every key and its count, in no particular order; the key is `None` for those without a slot.
    pub(super) fn counts(&self) -> impl Iterator<Item = (Option<Key>, u64)> {
        let used = self.slots.iter().map(|(key, counter)| (key.load(Ordering::Acquire), counter.get()));
        let used = used.filter(|(key, _)| *key != 0).map(|(key, count)| (Some(key), count));
        used.chain(Some((None, self.other.get())).filter(|(_, count)| *count > 0))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use crate::telemetry::metrics::counter_table::*;

    #[test]
    fn threads_that_add_the_same_new_keys_lose_no_count() {
        let table = CounterTable::<64>::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..64_000).for_each(|n| table.add(n % 64 + 1)));
            }
        });
        let counts: HashMap<_, _> = table.counts().collect();
        assert_eq!(counts.len(), 64);
        assert!(counts.values().all(|count| *count == 4000), "{counts:?}");
    }

    #[test]
    fn keys_without_a_slot_are_counted_together() {
        let table = CounterTable::<4>::default();
        (1..=6).for_each(|key| table.add(key));
        assert_eq!(table.counts().count(), 5);
        assert_eq!(table.counts().find(|(key, _)| key.is_none()), Some((None, 2)));
    }
}
