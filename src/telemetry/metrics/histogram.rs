//! A histogram of durations; an observation is two relaxed atomic additions.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The upper bounds of the buckets: in nanoseconds, and as text in seconds. The first is about the gateway's own time for
/// an update, the last is the default of `request_timeout`.
pub const BOUNDS: [(u64, &str); 18] = [
    (50_000, "0.00005"),
    (100_000, "0.0001"),
    (250_000, "0.00025"),
    (500_000, "0.0005"),
    (1_000_000, "0.001"),
    (2_500_000, "0.0025"),
    (5_000_000, "0.005"),
    (10_000_000, "0.01"),
    (25_000_000, "0.025"),
    (50_000_000, "0.05"),
    (100_000_000, "0.1"),
    (250_000_000, "0.25"),
    (500_000_000, "0.5"),
    (1_000_000_000, "1"),
    (2_500_000_000, "2.5"),
    (5_000_000_000, "5"),
    (10_000_000_000, "10"),
    (30_000_000_000, "30"),
];

/// A histogram shared by threads. Its count is computed as the sum of its buckets, so the two cannot differ.
#[derive(Debug, Default)]
pub struct Histogram {
    buckets: [AtomicU64; BOUNDS.len() + 1],
    nanos: AtomicU64,
}

/// The counts of a histogram at one moment.
#[derive(Debug, Clone, Copy)]
pub struct HistogramSnapshot {
    /// The number of observations up to each bound; the last is the number of all.
    pub cumulative: [u64; BOUNDS.len() + 1],
    /// The sum of all observations.
    pub sum: Duration,
}

impl Histogram {
    /// Counts a duration.
    pub fn observe(&self, duration: Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.partition_point(|(bound, _)| *bound < nanos);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// The observations so far.
    pub fn snapshot(&self) -> HistogramSnapshot {
        let mut all = 0;
        let cumulative = std::array::from_fn(|bucket| {
            all += self.buckets[bucket].load(Ordering::Relaxed);
            all
        });
        HistogramSnapshot { cumulative, sum: Duration::from_nanos(self.nanos.load(Ordering::Relaxed)) }
    }
}

impl HistogramSnapshot {
    /// The number of observations.
    pub fn count(&self) -> u64 {
        self.cumulative[BOUNDS.len()]
    }
}

#[cfg(test)]
mod tests {
    use crate::telemetry::metrics::histogram::*;

    #[test]
    fn a_duration_equal_to_a_bound_is_in_its_bucket() {
        for (index, (bound, _)) in BOUNDS.iter().enumerate() {
            let histogram = Histogram::default();
            histogram.observe(Duration::from_nanos(*bound));
            histogram.observe(Duration::from_nanos(bound + 1));
            let cumulative = histogram.snapshot().cumulative;
            assert_eq!((cumulative[index], cumulative[index + 1]), (1, 2), "{bound}");
        }
    }

    #[test]
    fn the_text_of_a_bound_is_the_bound() {
        for (nanos, seconds) in BOUNDS {
            assert_eq!(seconds.parse::<f64>().unwrap(), nanos as f64 / 1e9);
        }
        assert!(BOUNDS.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn sum_and_count_cover_every_observation() {
        let histogram = Histogram::default();
        [1, 2, 60].into_iter().for_each(|seconds| histogram.observe(Duration::from_secs(seconds)));
        let snapshot = histogram.snapshot();
        assert_eq!((snapshot.count(), snapshot.sum), (3, Duration::from_secs(63)));
    }
}
