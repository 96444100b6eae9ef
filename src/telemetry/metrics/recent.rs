//! How an account did in the last minutes: rates, and latencies to within 6.25 %.
//!
//! Time is cut into slots of ten seconds. A window of one or five minutes is the slot that is being filled and as many
//! whole ones before it as it takes. Latencies are counted in classes that grow with them, eight to each doubling, from
//! 16 µs to 137 s; a percentile is the middle of its class, so it is off by at most half a class. Counting is a few
//! relaxed additions; the lock is for whoever comes first in a new slot.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

const SLOT: Duration = Duration::from_secs(10);
/// Five minutes, the slot that is being filled, and one that nobody reads while it is wiped.
const SLOTS: u64 = 32;
const SMALLEST_EXPONENT: u32 = 14;
const LARGEST_EXPONENT: u32 = 36;
const CLASS_BITS: u32 = 3;
const CLASSES: usize = 1 + (((LARGEST_EXPONENT - SMALLEST_EXPONENT + 1) as usize) << CLASS_BITS);

/// The recent past of one account.
#[derive(Debug)]
pub struct Recent {
    origin: Instant,
    slots: Box<[Slot]>,
    turning: Mutex<()>,
}

#[derive(Debug)]
struct Slot {
    /// The number of its slice of time, from 1; 0 before the first.
    number: AtomicU64,
    requests: AtomicU32,
    failed: AtomicU32,
    total: Classes,
    vendor: Classes,
}

type Classes = [AtomicU32; CLASSES];

/// What happened in a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Requests per second.
    pub per_second: f64,
    /// The share of them that failed through no fault of the caller's; `None` without requests.
    pub error_ratio: Option<f64>,
    /// How long they took in all.
    pub total: Percentiles,
    /// How long those that were sent were with the vendor.
    pub vendor: Percentiles,
}

/// Latencies; `None` without requests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Percentiles {
    /// Half of them took at most as long.
    pub p50: Option<Duration>,
    /// 99 of 100 did.
    pub p99: Option<Duration>,
}

impl Default for Recent {
    fn default() -> Self {
        let slots = (0..SLOTS).map(|_| Slot::default()).collect();
        Self { origin: Instant::now(), slots, turning: Mutex::default() }
    }
}

impl Recent {
    /// Counts a request that has just ended, at `ended`; `vendor` is its time with the vendor, if it came to that.
    pub fn add(&self, ended: Instant, failed: bool, total: Duration, vendor: Option<Duration>) {
        let slot = self.slot(ended);
        slot.requests.fetch_add(1, Ordering::Relaxed);
        slot.failed.fetch_add(u32::from(failed), Ordering::Relaxed);
        slot.total[class(total)].fetch_add(1, Ordering::Relaxed);
        if let Some(vendor) = vendor {
            slot.vendor[class(vendor)].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What happened in the last `window`, of at most five minutes.
    pub fn rates(&self, window: Duration) -> Rates {
        let age = self.origin.elapsed();
        let (newest, whole) = (number(age), (window.as_secs() / SLOT.as_secs()).min(SLOTS - 2));
        let oldest = newest.saturating_sub(whole).max(1);
        let read = |slot: &&Slot| (oldest..=newest).contains(&slot.number.load(Ordering::Acquire));
        let (mut requests, mut failed) = (0, 0);
        let (mut total, mut vendor) = ([0; CLASSES], [0; CLASSES]);
        for slot in self.slots.iter().filter(read) {
            requests += u64::from(slot.requests.load(Ordering::Relaxed));
            failed += u64::from(slot.failed.load(Ordering::Relaxed));
            sum(&mut total, &slot.total);
            sum(&mut vendor, &slot.vendor);
        }
        let began = SLOT * u32::try_from(oldest - 1).unwrap_or(u32::MAX);
        let seconds = age.saturating_sub(began).as_secs_f64().max(1.0);
        Rates {
            per_second: requests as f64 / seconds,
            error_ratio: (requests > 0).then(|| failed as f64 / requests as f64),
            total: percentiles(&total),
            vendor: percentiles(&vendor),
        }
    }

    /// The slot of a moment that is hardly past, wiped if it was of one long past.
    fn slot(&self, moment: Instant) -> &Slot {
        let now = number(moment.saturating_duration_since(self.origin));
        let slot = &self.slots[(now % SLOTS) as usize];
        if slot.number.load(Ordering::Acquire) != now {
            let _alone = self.turning.lock().unwrap_or_else(PoisonError::into_inner);
            if slot.number.load(Ordering::Acquire) < now {
                slot.wipe();
                slot.number.store(now, Ordering::Release);
            }
        }
        slot
    }
}

impl Default for Slot {
    fn default() -> Self {
        let classes = || std::array::from_fn(|_| AtomicU32::new(0));
        Self {
            number: AtomicU64::new(0),
            requests: AtomicU32::new(0),
            failed: AtomicU32::new(0),
            total: classes(),
            vendor: classes(),
        }
    }
}

impl Slot {
    fn wipe(&self) {
        let counts = [&self.requests, &self.failed];
        counts.into_iter().chain(&self.total).chain(&self.vendor).for_each(|count| count.store(0, Ordering::Relaxed));
    }
}

/// The number of the slot at that age, from 1.
fn number(age: Duration) -> u64 {
    age.as_secs() / SLOT.as_secs() + 1
}

fn class(duration: Duration) -> usize {
    let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    let exponent = 63 - (nanos | 1).leading_zeros();
    if exponent < SMALLEST_EXPONENT {
        return 0;
    }
    if exponent > LARGEST_EXPONENT {
        return CLASSES - 1;
    }
    let within = (nanos >> (exponent - CLASS_BITS)) as usize & ((1 << CLASS_BITS) - 1);
    1 + ((exponent - SMALLEST_EXPONENT) as usize) * (1 << CLASS_BITS) + within
}

/// The middle of a class.
fn middle(class: usize) -> Duration {
    let Some(class) = class.checked_sub(1) else { return Duration::from_nanos(1 << SMALLEST_EXPONENT) };
    let exponent = SMALLEST_EXPONENT + (class >> CLASS_BITS) as u32;
    let step = 1u64 << (exponent - CLASS_BITS);
    let within = class as u64 & ((1 << CLASS_BITS) - 1);
    Duration::from_nanos((1 << exponent) + within * step + step / 2)
}

fn sum(sums: &mut [u64; CLASSES], counts: &Classes) {
    sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += u64::from(count.load(Ordering::Relaxed)));
}

fn percentiles(counts: &[u64; CLASSES]) -> Percentiles {
    let all: u64 = counts.iter().sum();
    let at = |percent: u64| {
        let rank = (all * percent).div_ceil(100);
        let mut below = 0;
        let found = counts.iter().position(|count| {
            below += count;
            below >= rank
        });
        found.filter(|_| all > 0).map(middle)
    };
    Percentiles { p50: at(50), p99: at(99) }
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
    fn every_duration_is_found_again_within_a_sixteenth() {
        let (mut nanos, mut worst) = (1u64 << SMALLEST_EXPONENT, 0.0_f64);
        while nanos < 1 << (LARGEST_EXPONENT + 1) {
            let shown = middle(class(Duration::from_nanos(nanos))).as_nanos() as f64;
            worst = worst.max((shown / nanos as f64 - 1.0).abs());
            nanos += nanos / 997 + 1;
        }
        assert!(worst <= 0.0625, "{worst}");
        assert_eq!((class(Duration::ZERO), class(Duration::MAX)), (0, CLASSES - 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_window_forgets_what_is_older_than_it() {
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
    async fn slots_that_come_round_again_begin_empty() {
        let recent = Recent::default();
        for _ in 0..100 {
            recent.add(Instant::now(), true, Duration::from_millis(1), None);
            advance(SLOT * 32).await;
            recent.add(Instant::now(), false, Duration::from_millis(1), None);
            assert_eq!(recent.rates(5 * MINUTE).error_ratio, Some(0.0));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn percentiles_are_those_of_the_requests_that_were_sent() {
        let recent = Recent::default();
        (1..=100).for_each(|n| {
            recent.add(Instant::now(), false, Duration::from_millis(n), (n > 50).then_some(Duration::from_secs(1)));
        });
        let rates = recent.rates(MINUTE);
        assert!((millis(rates.total.p50) / 50.0 - 1.0).abs() <= 0.0625, "{rates:?}");
        assert!((millis(rates.total.p99) / 99.0 - 1.0).abs() <= 0.0625, "{rates:?}");
        assert!((millis(rates.vendor.p50) / 1000.0 - 1.0).abs() <= 0.0625, "{rates:?}");
        assert_eq!(Recent::default().rates(MINUTE).total, Percentiles { p50: None, p99: None });
    }

    #[test]
    fn threads_that_turn_a_slot_together_lose_nothing() {
        let recent = Recent::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..10_000).for_each(|_| recent.add(Instant::now(), false, MINUTE, None)));
            }
        });
        let counted: u32 = recent.slots.iter().map(|slot| slot.requests.load(Ordering::Relaxed)).sum();
        assert_eq!(counted, 40_000);
    }
}
