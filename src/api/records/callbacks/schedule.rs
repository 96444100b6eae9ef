//! When a callback is tried again.

use std::time::Duration;

use crate::store::Timestamp;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// How long a callback waits after each try that fails; after one more it is given up.
const PAUSES: &[Duration] = &[
    SECOND.saturating_mul(5),
    MINUTE.saturating_mul(5),
    MINUTE.saturating_mul(30),
    HOUR.saturating_mul(2),
    HOUR.saturating_mul(5),
    HOUR.saturating_mul(10),
    HOUR.saturating_mul(14),
];

/// How callbacks are sent. Only tests have others than the default.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// The pauses after tries that fail.
    pub pauses: &'static [Duration],
    /// How long one try may take.
    pub timeout: Duration,
    /// How many tries of one client, and of one URL, run at the same time.
    pub places: usize,
    /// How long a receiver that fails gets no requests.
    pub open_for: Duration,
    /// How long the tries that run have at a shutdown.
    pub drain: Duration,
}

impl Default for Terms {
    fn default() -> Self {
        Self { pauses: PAUSES, timeout: 15 * SECOND, places: 4, open_for: 30 * SECOND, drain: 3 * SECOND }
    }
}

impl Terms {
    /// How long to wait after one more failed try; `None` if it was the last.
    pub(super) fn pause_after(&self, earlier_tries: u32) -> Option<Duration> {
        self.pauses.get(usize::try_from(earlier_tries).ok()?).copied()
    }

    /// How long to wait for a callback's time; `None` if it has come. A time that lies further ahead than any pause was
    /// written by a clock that has been set back since.
    pub(super) fn time_until(&self, due_at: Timestamp, now: Timestamp) -> Option<Duration> {
        let wait = due_at.since(now);
        let longest = self.pauses.iter().max().copied().unwrap_or_default();
        (!wait.is_zero() && wait <= longest + HOUR).then_some(wait)
    }
}

/// Growing waits for a store that fails.
#[derive(Debug)]
pub(super) struct StoreBackoff(Duration);

impl StoreBackoff {
    pub(super) const fn new() -> Self {
        Self(SECOND)
    }

    /// How long to wait now.
    pub(super) fn wait(&mut self) -> Duration {
        let wait = self.0;
        self.0 = (2 * wait).min(MINUTE);
        wait
    }
}

#[cfg(test)]
mod tests {
    use crate::api::records::callbacks::schedule::*;

    #[test]
    fn there_are_eight_tries_and_no_more() {
        let terms = Terms::default();
        let seconds = (0..9).map(|tries| terms.pause_after(tries).map(|pause| pause.as_secs())).collect::<Vec<_>>();
        let expected = [5, 300, 1800, 7200, 18_000, 36_000, 50_400].map(Some);
        assert_eq!(seconds, [&expected[..], &[None, None]].concat());
        assert_eq!(terms.pause_after(u32::MAX), None);
    }

    #[test]
    fn a_time_further_ahead_than_any_pause_has_come() {
        let (terms, now) = (Terms::default(), Timestamp(1_000_000));
        let until = |wait: Duration| terms.time_until(now.after(wait), now);
        assert_eq!((until(Duration::ZERO), terms.time_until(Timestamp(0), now)), (None, None));
        assert_eq!(until(14 * HOUR + MINUTE), Some(14 * HOUR + MINUTE), "the clock was set back a little");
        assert_eq!((until(16 * HOUR), until(Duration::MAX)), (None, None));
    }

    #[test]
    fn waits_for_the_store_grow_to_a_minute() {
        let mut backoff = StoreBackoff::new();
        let waits: Vec<_> = (0..8).map(|_| backoff.wait().as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
    }
}
