//! When tokens were used, and whether any window of time has seen more than a limit allows.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

/// Tokens, each with when it was asked for and when it was there: it was used in between.
#[derive(Debug, Default)]
pub(super) struct Uses(Mutex<Vec<(Instant, Instant)>>);

impl Uses {
    pub(super) fn add(&self, asked: Instant) {
        self.0.lock().unwrap().push((asked, Instant::now()));
    }

    pub(super) fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// How many tokens more than the burst and those that have come since the worst window has seen for certain; with the length
    /// of that window. Only tokens that were surely used within a window count, however slow the machine is.
    pub(super) fn excess(&self, interval: Duration, burst: u32) -> (i64, Duration) {
        let mut uses = self.0.lock().unwrap().clone();
        uses.sort();
        let mut worst = (i64::MIN, Duration::ZERO);
        for (first, (from, _)) in uses.iter().enumerate() {
            let mut ends: Vec<Instant> = uses[first..].iter().map(|(_, there)| *there).collect();
            ends.sort();
            for (index, end) in ends.iter().enumerate() {
                let window = *end - *from;
                let allowed = i64::from(burst) + i64::try_from(window.as_nanos() / interval.as_nanos()).unwrap();
                worst = worst.max((i64::try_from(index).unwrap() + 1 - allowed, window));
            }
        }
        worst
    }

    /// The most tokens that were surely used within a window of that length.
    pub(super) fn most_within(&self, length: Duration) -> usize {
        let uses = self.0.lock().unwrap();
        let within =
            |from: Instant| uses.iter().filter(|(asked, there)| *asked >= from && *there < from + length).count();
        uses.iter().map(|(asked, _)| within(*asked)).max().unwrap_or_default()
    }
}
