//! Request rate, error ratio and latencies of an account over the last minutes.
//!
//! Time is divided into slots of ten seconds. A window is the current slot and the whole slots before it. What is older than
//! five minutes is kept as a few numbers for each slot, for lines of a quarter of an hour.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;
use tokio::time::Instant;

use crate::value::{Lock, unix_seconds};

const SLOT: Duration = Duration::from_secs(10);
/// Five minutes and the current slot.
const MAX_SLOTS: usize = 31;
/// The slots of a line: a quarter of an hour.
const LINE_SLOTS: u64 = 90;

/// The last minutes of one account.
#[derive(Debug)]
pub struct Recent {
    origin: Instant,
    state: Lock<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The slots that had requests, oldest first, each with its number counted from the origin.
    slots: VecDeque<(u64, Window)>,
    /// The slots before them, oldest first.
    older: VecDeque<Point>,
    streak: Option<Streak>,
}

/// The last requests that the vendor received, if all of them failed for one reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Streak {
    /// The reason.
    pub reason: &'static str,
    /// When the first of them ended, in seconds since 1970.
    pub since: u64,
    /// How many there are.
    pub count: u64,
}

/// What happened in a window. Latencies are in microseconds.
#[derive(Debug)]
pub struct Window {
    /// Its length.
    pub seconds: f64,
    /// The requests that failed and were not the caller's fault.
    pub failed: u64,
    /// How many of these failed for each reason.
    pub reasons: BTreeMap<&'static str, u64>,
    /// The durations of all requests.
    pub total: Histogram<u32>,
    /// The times with the vendor, of requests that were sent.
    pub vendor: Histogram<u32>,
}

/// A slot of a line, by its number counted from the origin.
#[derive(Debug, Clone, Copy)]
struct Point {
    number: u64,
    requests: u64,
    errors: u64,
    p50_ms: f64,
    p99_ms: f64,
}

/// A quarter of an hour, as one value for each ten seconds, oldest first; the last slot is the current one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChartSeries {
    /// The seconds of a slot.
    pub slot_seconds: u64,
    /// For how many seconds the last slot has gone on.
    pub current_seconds: f64,
    /// Requests.
    pub requests: Vec<u64>,
    /// Those of them that failed and were not the caller's fault.
    pub errors: Vec<u64>,
    /// The median of their durations in milliseconds; `null` where there were none.
    pub p50_ms: Vec<Option<f64>>,
    /// The 99th percentile.
    pub p99_ms: Vec<Option<f64>>,
}

impl Default for Recent {
    fn default() -> Self {
        Self { origin: Instant::now(), state: Lock::default() }
    }
}

impl Recent {
    /// Counts a request that has just ended, at `ended`; `failed` is the reason if it failed and was not the caller's
    /// fault, `vendor` is its time with the vendor if it was sent. `true` if a streak begins with it.
    pub fn add(&self, ended: Instant, failed: Option<&'static str>, total: Duration, vendor: Option<Duration>) -> bool {
        let number = slot_number(ended.saturating_duration_since(self.origin));
        let mut state = self.state.lock();
        let State { slots, older, streak } = &mut *state;
        if vendor.is_some() {
            *streak = failed.map(|reason| match *streak {
                Some(streak) if streak.reason == reason => Streak { count: streak.count + 1, ..streak },
                _ => Streak { reason, since: unix_seconds(), count: 1 },
            });
        }
        if slots.back().is_none_or(|(newest, _)| *newest < number) {
            slots.push_back((number, Window::new(SLOT.as_secs_f64())));
        }
        if slots.len() > MAX_SLOTS
            && let Some((gone, window)) = slots.pop_front()
        {
            older.push_back(Point::of(gone, &window));
            while older.front().is_some_and(|point| point.number + LINE_SLOTS <= number) {
                older.pop_front();
            }
        }
        // A thread that waited for the lock meanwhile counts in the newest slot.
        if let Some((_, slot)) = slots.back_mut() {
            if let Some(reason) = failed {
                slot.failed += 1;
                *slot.reasons.entry(reason).or_default() += 1;
            }
            slot.total.saturating_record(total.as_micros() as u64);
            vendor.into_iter().for_each(|vendor| slot.vendor.saturating_record(vendor.as_micros() as u64));
        }
        vendor.is_some() && streak.is_some_and(|streak| streak.count == 1)
    }

    /// What happened in the last `window`, of at most five minutes.
    pub fn last(&self, window: Duration) -> Window {
        let age = self.origin.elapsed();
        let oldest = slot_number(age).saturating_sub(slot_number(window));
        let mut sum = Window::new((age.as_secs_f64() - (oldest * SLOT.as_secs()) as f64).max(1.0));
        for (_, slot) in self.state.lock().slots.iter().filter(|(number, _)| *number >= oldest) {
            sum.failed += slot.failed;
            slot.reasons.iter().for_each(|(reason, count)| *sum.reasons.entry(reason).or_default() += count);
            sum.total += &slot.total;
            sum.vendor += &slot.vendor;
        }
        sum
    }

    /// What happened in each slot of the last quarter of an hour.
    pub fn lines(&self) -> ChartSeries {
        let (age, length) = (self.origin.elapsed(), LINE_SLOTS as usize);
        let newest = slot_number(age);
        let mut lines = ChartSeries {
            slot_seconds: SLOT.as_secs(),
            current_seconds: age.as_secs_f64() - (newest * SLOT.as_secs()) as f64,
            requests: vec![0; length],
            errors: vec![0; length],
            p50_ms: vec![None; length],
            p99_ms: vec![None; length],
        };
        let state = self.state.lock();
        let recent = state.slots.iter().map(|(number, window)| Point::of(*number, window));
        for point in state.older.iter().copied().chain(recent) {
            let before_newest = usize::try_from(newest.saturating_sub(point.number)).unwrap_or(usize::MAX);
            let Some(index) = (length - 1).checked_sub(before_newest) else { continue };
            lines.requests[index] = point.requests;
            lines.errors[index] = point.errors;
            lines.p50_ms[index] = Some(point.p50_ms);
            lines.p99_ms[index] = Some(point.p99_ms);
        }
        lines
    }

    /// Why the last requests that the vendor received failed; `None` if the last one did not.
    pub fn streak(&self) -> Option<Streak> {
        self.state.lock().streak
    }
}

impl Point {
    fn of(number: u64, window: &Window) -> Self {
        let Window { failed, total, .. } = window;
        Self { number, requests: total.len(), errors: *failed, p50_ms: millis(total, 0.5), p99_ms: millis(total, 0.99) }
    }
}

/// A percentile in milliseconds, of latencies in microseconds.
pub fn millis(latencies: &Histogram<u32>, quantile: f64) -> f64 {
    latencies.median_equivalent(latencies.value_at_quantile(quantile)) as f64 / 1000.0
}

impl Window {
    /// Its latencies are in classes that are at most 6.25 % wide, up to 134 s: 3 KiB in all.
    #[expect(clippy::expect_used, reason = "these bounds are valid")]
    fn new(seconds: f64) -> Self {
        let latencies = || Histogram::new_with_bounds(1, 1 << 27, 1).expect("valid bounds");
        Self { seconds, failed: 0, reasons: BTreeMap::new(), total: latencies(), vendor: latencies() }
    }

    /// The reason for which most requests failed.
    pub fn commonest_reason(&self) -> Option<&'static str> {
        self.reasons.iter().max_by_key(|(_, count)| **count).map(|(reason, _)| *reason)
    }
}

fn slot_number(time: Duration) -> u64 {
    time.as_secs() / SLOT.as_secs()
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use crate::telemetry::metrics::recent::*;

    const MINUTE: Duration = Duration::from_secs(60);

    /// Requests per second, and the fraction that failed.
    fn rates(window: &Window) -> (f64, f64) {
        let requests = window.total.len() as f64;
        (requests / window.seconds, window.failed as f64 / requests)
    }

    #[tokio::test(start_paused = true)]
    async fn a_window_leaves_out_older_requests() {
        let recent = Recent::default();
        (0..60).for_each(|n| _ = recent.add(Instant::now(), (n < 30).then_some("x"), Duration::from_millis(5), None));
        advance(MINUTE).await;
        assert_eq!(rates(&recent.last(MINUTE)), (1.0, 0.5));
        advance(MINUTE).await;
        assert!(recent.last(MINUTE).total.is_empty());
        assert_eq!(rates(&recent.last(5 * MINUTE)), (0.5, 0.5));
        advance(5 * MINUTE).await;
        assert!(recent.last(5 * MINUTE).total.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn old_slots_are_dropped() {
        let recent = Recent::default();
        for _ in 0..100 {
            recent.add(Instant::now(), Some("x"), Duration::from_millis(1), None);
            advance(SLOT * 32).await;
            recent.add(Instant::now(), None, Duration::from_millis(1), None);
            assert_eq!(recent.last(5 * MINUTE).failed, 0);
            assert!(recent.state.lock().slots.len() <= MAX_SLOTS);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_latencies_with_the_vendor_are_those_of_the_requests_that_were_sent() {
        let recent = Recent::default();
        (1..=100).for_each(|n| {
            recent.add(Instant::now(), None, Duration::from_millis(n), (n > 50).then_some(Duration::from_secs(1)));
        });
        let window = recent.last(MINUTE);
        assert_eq!((window.total.len(), window.vendor.len()), (100, 50));
        for (latencies, quantile, micros) in
            [(&window.total, 0.5, 50e3), (&window.total, 0.99, 99e3), (&window.vendor, 0.5, 1e6)]
        {
            let found = latencies.median_equivalent(latencies.value_at_quantile(quantile));
            assert!((found as f64 / micros - 1.0).abs() <= 0.032, "{found} instead of {micros}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn lines_have_a_quarter_of_an_hour_and_then_forget_it() {
        let recent = Recent::default();
        let add = |failed, millis| recent.add(Instant::now(), failed, Duration::from_millis(millis), None);
        add(Some("x"), 40);
        add(None, 40);
        for _ in 0..89 {
            advance(SLOT).await;
            add(None, 10);
        }
        let lines = recent.lines();
        assert_eq!((lines.requests.len(), lines.requests[0], lines.errors[0]), (90, 2, 1));
        assert!(lines.p99_ms[0].unwrap() > 35.0 && lines.p50_ms[89].unwrap() < 12.0, "{lines:?}");
        assert_eq!(lines.requests.iter().sum::<u64>(), 91);
        advance(SLOT).await;
        let lines = recent.lines();
        assert_eq!((lines.requests[0], lines.errors[0], lines.requests[89], lines.p50_ms[89]), (1, 0, 0, None));
        advance(SLOT * 90).await;
        assert_eq!(recent.lines().requests.iter().sum::<u64>(), 0);
        add(None, 1);
        assert!(recent.state.lock().older.len() < 90 && recent.lines().requests[89] == 1);
    }

    #[test]
    fn a_streak_has_one_reason_and_ends_with_the_first_success() {
        let recent = Recent::default();
        let add = |failed, sent: bool| recent.add(Instant::now(), failed, MINUTE, sent.then_some(MINUTE));
        let begins: Vec<_> = [("a", true), ("b", true), ("b", true), ("full", false)]
            .map(|(reason, sent)| add(Some(reason), sent))
            .to_vec();
        assert_eq!(begins, [true, true, false, false]);
        let streak = recent.streak().unwrap();
        assert_eq!((streak.reason, streak.count), ("b", 2));
        assert_eq!(recent.last(MINUTE).commonest_reason(), Some("b"));
        add(None, false);
        assert!(recent.streak().is_some());
        add(None, true);
        assert_eq!(recent.streak(), None);
    }

    #[test]
    fn the_longest_latencies_are_counted_too() {
        let recent = Recent::default();
        recent.add(Instant::now(), None, Duration::from_secs(86_400), Some(Duration::ZERO));
        let window = recent.last(MINUTE);
        assert!(window.total.value_at_quantile(0.5) >= 1 << 27 && window.vendor.max() == 0, "{window:?}");
    }

    #[test]
    fn requests_that_end_at_once_are_all_counted() {
        let recent = Recent::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..10_000).for_each(|_| _ = recent.add(Instant::now(), None, MINUTE, None)));
            }
        });
        let counted: u64 = recent.state.lock().slots.iter().map(|(_, slot)| slot.total.len()).sum();
        assert_eq!(counted, 40_000);
    }
}
