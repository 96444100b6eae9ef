//! How many tokens a replica takes at once.
//!
//! A busy replica takes the tokens of the next moment in one block, so that the row of the limit changes a few times a second
//! however many requests there are. What it holds lapses after a second.

use std::time::Duration;

use tokio::time::Instant;

/// A block is what the replica wants in this time: the row then changes less than 20 times a second for each replica.
const BLOCK: Duration = Duration::from_millis(60);
/// The time over which the replica's own rate is measured.
const WINDOW: Duration = Duration::from_secs(1);
/// How long a token is held.
pub(super) const LAPSE: Duration = Duration::from_secs(1);
/// The most of a wait between two questions while there are not enough tokens.
const PACE: Duration = BLOCK;

/// The least time by which a rate is measured that was not there before.
const FIRST: Duration = Duration::from_millis(100);

/// The tokens that the replica has wanted lately, in this window of time and in the one before.
#[derive(Debug)]
pub(super) struct Usage {
    since: Instant,
    now: u32,
    /// `None` in the first window after an idle time.
    before: Option<u32>,
}

impl Usage {
    pub(super) fn new(now: Instant) -> Self {
        Self { since: now, now: 0, before: None }
    }

    fn turn(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.since);
        if passed >= 2 * WINDOW {
            *self = Self::new(now);
        } else if passed >= WINDOW {
            *self = Self { since: self.since + WINDOW, now: 0, before: Some(self.now) };
        }
    }

    pub(super) fn add(&mut self, now: Instant) {
        self.turn(now);
        self.now = self.now.saturating_add(1);
    }

    /// Tokens a second; what the window before adds fades out.
    fn rate(&mut self, now: Instant) -> f64 {
        self.turn(now);
        let passed = now.saturating_duration_since(self.since);
        let tokens = f64::from(self.now);
        match self.before {
            None => tokens / passed.max(FIRST).as_secs_f64(),
            Some(before) => tokens + f64::from(before) * (1.0 - passed.as_secs_f64()).max(0.0),
        }
    }

    /// The size of the next block of a limit with that burst and a token every `interval`. No more than that comes for long, so
    /// that a limit of a few tokens a second gives them one by one and none lapses.
    pub(super) fn block(&mut self, now: Instant, interval: Duration, burst: u32, replicas: u32) -> u32 {
        let wanted = self.rate(now) * BLOCK.as_secs_f64();
        // A saturating cast of a positive number.
        let block = wanted.min(BLOCK.div_duration_f64(interval)).ceil() as u32;
        block.min(most(burst, replicas)).max(1)
    }
}

/// The most that a replica holds: all replicas together half of the burst.
fn most(burst: u32, replicas: u32) -> u32 {
    burst / replicas.max(1).saturating_mul(2)
}

/// How long to wait before asking again, after there were not enough tokens and the next one comes after `next`: until several
/// have come, but not until the bucket is full.
pub(super) fn pace(next: Duration, interval: Duration, burst: u32) -> Duration {
    next.max(PACE.min(interval.saturating_mul(burst) * 3 / 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MICRO: Duration = Duration::from_micros(1);

    /// The block after using `rate` tokens a second for some seconds.
    fn block(rate: u32, interval: Duration, burst: u32, replicas: u32) -> u32 {
        let mut now = Instant::now();
        let mut usage = Usage::new(now);
        for _ in 0..3 * rate {
            now += Duration::from_secs(1) / rate;
            usage.add(now);
        }
        usage.block(now, interval, burst, replicas)
    }

    #[test]
    fn a_block_is_what_is_wanted_within_its_time_and_replicas_hold_half_of_the_burst_at_most() {
        for (rate, interval, burst, replicas, expected) in [
            (1, MICRO, 1000, 3, 1),
            (15, MICRO, 1000, 3, 1),
            (100, MICRO, 1000, 3, 6),
            (667, MICRO, 1000, 3, 41),
            (667, MICRO, 100, 3, 16),
            (667, MICRO, 20, 3, 3),
            (667, MICRO, 6, 3, 1),
            (667, MICRO, 5, 3, 1),
            (667, MICRO, 1, 1, 1),
            (667, MICRO, 2, 1, 1),
            (667, 6000 * MICRO, 1000, 1, 10),
            (667, 60_000 * MICRO, 1000, 1, 1),
            (667, 600_000 * MICRO, 1000, 1, 1),
            (100_000, MICRO / 10, u32::MAX, 1, 6001),
            (667, MICRO, 100, u32::MAX, 1),
        ] {
            let block = block(rate, interval, burst, replicas);
            assert!(block.abs_diff(expected) <= expected / 6, "{rate} {interval:?} {burst} {replicas}: {block}");
            assert!(u64::from(block - 1) * u64::from(replicas) <= u64::from(burst / 2), "{rate} {burst} {replicas}");
        }
    }

    #[test]
    fn a_rate_is_known_soon_and_what_is_not_wanted_any_more_is_forgotten() {
        let start = Instant::now();
        let mut usage = Usage::new(start);
        let at = |millis| start + Duration::from_millis(millis);
        let block = |usage: &mut Usage, millis| usage.block(at(millis), MICRO, 10_000, 1);
        (0..100).for_each(|millis| usage.add(at(millis)));
        assert_eq!(block(&mut usage, 100), 60);
        (100..1000).for_each(|millis| usage.add(at(millis)));
        let blocks = [1000, 1500, 2000, 9000].map(|millis| block(&mut usage, millis));
        assert_eq!(blocks, [60, 30, 1, 1]);
    }

    #[test]
    fn a_replica_waits_for_several_tokens_but_not_until_the_bucket_is_full() {
        let (milli, second) = (Duration::from_millis(1), Duration::from_secs(1));
        assert_eq!(pace(milli, milli, 1000), 60 * milli);
        assert_eq!(pace(milli, milli, 20), 15 * milli);
        assert_eq!(pace(10 * milli, 10 * milli, 1), 10 * milli);
        assert_eq!(pace(second, second, 20), second);
        assert_eq!(pace(second, second, u32::MAX), second);
    }
}
