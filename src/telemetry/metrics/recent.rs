//! Request rate, error ratio and latency percentiles of an account over the last minutes.
//!
//! Time is divided into slots of ten seconds. A window is the current slot and the whole slots before it. Latencies are
//! counted in buckets whose bounds grow by 2^(1/8), so a percentile is off by at most 4.5 %.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

const SLOT: Duration = Duration::from_secs(10);
/// Five minutes and the current slot.
const MAX_SLOTS: usize = 31;
/// The middle of the first bucket; shorter durations are counted there, too.
const FIRST_BUCKET: Duration = Duration::from_micros(16);
const BUCKETS_PER_DOUBLING: f64 = 8.0;
/// From 16 µs to 137 s.
const BUCKETS: usize = 185;

/// The last minutes of one account.
#[derive(Debug)]
pub struct Recent {
    origin: Instant,
    /// The slots that had requests, oldest first.
    slots: Mutex<VecDeque<Slot>>,
}

#[derive(Debug)]
struct Slot {
    /// The number of slots between the origin and this one.
    number: u64,
    requests: u64,
    failed: u64,
    total: Latencies,
    vendor: Latencies,
}

/// What happened in a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Requests per second.
    pub per_second: f64,
    /// The fraction of requests that failed and were not the caller's fault; `None` without requests.
    pub error_ratio: Option<f64>,
    /// The duration of all requests.
    pub total: Percentiles,
    /// The time with the vendor, of requests that were sent.
    pub vendor: Percentiles,
}

/// Percentiles of a latency; `None` without requests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Percentiles {
    /// The median.
    pub p50: Option<Duration>,
    /// The 99th percentile.
    pub p99: Option<Duration>,
}

impl Default for Recent {
    fn default() -> Self {
        Self { origin: Instant::now(), slots: Mutex::default() }
    }
}

impl Recent {
    /// Counts a request that has just ended, at `ended`; `vendor` is its time with the vendor if it was sent.
    pub fn add(&self, ended: Instant, failed: bool, total: Duration, vendor: Option<Duration>) {
        let number = slot_number(ended.saturating_duration_since(self.origin));
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.back().is_none_or(|newest| newest.number < number) {
            slots.push_back(Slot::new(number));
        }
        if slots.len() > MAX_SLOTS {
            slots.pop_front();
        }
        // A thread that waited for the lock meanwhile counts in the newest slot.
        if let Some(slot) = slots.back_mut() {
            slot.requests += 1;
            slot.failed += u64::from(failed);
            slot.total.add(total);
            vendor.into_iter().for_each(|vendor| slot.vendor.add(vendor));
        }
    }

    /// What happened in the last `window`, of at most five minutes.
    pub fn rates(&self, window: Duration) -> Rates {
        let age = self.origin.elapsed();
        let oldest = slot_number(age).saturating_sub(slot_number(window));
        let mut sum = Slot::new(oldest);
        for slot in self.slots.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            if slot.number >= oldest {
                sum.requests += slot.requests;
                sum.failed += slot.failed;
                sum.total.add_all(&slot.total);
                sum.vendor.add_all(&slot.vendor);
            }
        }
        let seconds = (age.as_secs_f64() - (oldest * SLOT.as_secs()) as f64).max(1.0);
        Rates {
            per_second: sum.requests as f64 / seconds,
            error_ratio: (sum.requests > 0).then(|| sum.failed as f64 / sum.requests as f64),
            total: sum.total.percentiles(),
            vendor: sum.vendor.percentiles(),
        }
    }
}

impl Slot {
    fn new(number: u64) -> Self {
        let latencies = || Latencies([0; BUCKETS]);
        Self { number, requests: 0, failed: 0, total: latencies(), vendor: latencies() }
    }
}

fn slot_number(time: Duration) -> u64 {
    time.as_secs() / SLOT.as_secs()
}

/// How many durations fell into each bucket.
#[derive(Debug)]
struct Latencies([u32; BUCKETS]);

impl Latencies {
    fn add(&mut self, duration: Duration) {
        self.0[bucket(duration)] += 1;
    }

    fn add_all(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(sum, count)| *sum += count);
    }

    fn percentiles(&self) -> Percentiles {
        let all: u32 = self.0.iter().sum();
        let at = |fraction: f64| {
            let rank = (f64::from(all) * fraction).ceil() as u32;
            let mut seen = 0;
            let found = self.0.iter().position(|count| {
                seen += count;
                seen >= rank
            });
            found.filter(|_| all > 0).map(middle)
        };
        Percentiles { p50: at(0.5), p99: at(0.99) }
    }
}

fn bucket(duration: Duration) -> usize {
    let doublings = duration.div_duration_f64(FIRST_BUCKET).log2();
    ((doublings * BUCKETS_PER_DOUBLING).round() as usize).min(BUCKETS - 1)
}

/// The duration in the middle of a bucket.
fn middle(bucket: usize) -> Duration {
    FIRST_BUCKET.mul_f64((bucket as f64 / BUCKETS_PER_DOUBLING).exp2())
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use crate::telemetry::metrics::recent::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn millis(percentile: Option<Duration>) -> f64 {
        percentile.unwrap().as_secs_f64() * 1000.0
    }

    #[test]
    fn the_middle_of_a_bucket_is_close_to_every_duration_in_it() {
        let (mut nanos, mut worst) = (16_000_u64, 0.0_f64);
        while nanos < 137_000_000_000 {
            let shown = middle(bucket(Duration::from_nanos(nanos))).as_nanos() as f64;
            worst = worst.max((shown / nanos as f64 - 1.0).abs());
            nanos += nanos / 997 + 1;
        }
        assert!(worst <= 0.045, "{worst}");
        assert_eq!((bucket(Duration::ZERO), bucket(Duration::MAX)), (0, BUCKETS - 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_window_leaves_out_older_requests() {
        let recent = Recent::default();
        (0..60).for_each(|n| recent.add(Instant::now(), n < 30, Duration::from_millis(5), None));
        advance(MINUTE).await;
        let rates = recent.rates(MINUTE);
        assert_eq!((rates.per_second, rates.error_ratio), (1.0, Some(0.5)));
        advance(MINUTE).await;
        assert_eq!(recent.rates(MINUTE).error_ratio, None);
        let rates = recent.rates(5 * MINUTE);
        assert_eq!((rates.per_second, rates.error_ratio), (0.5, Some(0.5)));
        advance(5 * MINUTE).await;
        assert_eq!(recent.rates(5 * MINUTE).per_second, 0.0);
    }

    #[tokio::test(start_paused = true)]
    async fn old_slots_are_dropped() {
        let recent = Recent::default();
        for _ in 0..100 {
            recent.add(Instant::now(), true, Duration::from_millis(1), None);
            advance(SLOT * 32).await;
            recent.add(Instant::now(), false, Duration::from_millis(1), None);
            assert_eq!(recent.rates(5 * MINUTE).error_ratio, Some(0.0));
            assert!(recent.slots.lock().unwrap().len() <= MAX_SLOTS);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn percentiles_are_those_of_the_requests_that_were_sent() {
        let recent = Recent::default();
        (1..=100).for_each(|n| {
            recent.add(Instant::now(), false, Duration::from_millis(n), (n > 50).then_some(Duration::from_secs(1)));
        });
        let rates = recent.rates(MINUTE);
        assert!((millis(rates.total.p50) / 50.0 - 1.0).abs() <= 0.045, "{rates:?}");
        assert!((millis(rates.total.p99) / 99.0 - 1.0).abs() <= 0.045, "{rates:?}");
        assert!((millis(rates.vendor.p50) / 1000.0 - 1.0).abs() <= 0.045, "{rates:?}");
        assert_eq!(Recent::default().rates(MINUTE).total, Percentiles { p50: None, p99: None });
    }

    #[test]
    fn requests_that_end_at_once_are_all_counted() {
        let recent = Recent::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..10_000).for_each(|_| recent.add(Instant::now(), false, MINUTE, None)));
            }
        });
        let counted: u64 = recent.slots.lock().unwrap().iter().map(|slot| slot.requests).sum();
        assert_eq!(counted, 40_000);
    }
}
