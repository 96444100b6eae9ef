//! When each attempt of a request to a vendor began, how long it took, and how it ended.

use std::time::Duration;

use tokio::time::Instant;

/// How many attempts of a request are kept.
const MOST: usize = 8;

/// The attempts of one request, the first ones. The first needs no memory of its own: most requests have no other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttemptTimes {
    first: Option<AttemptTime>,
    others: Vec<AttemptTime>,
}

/// One attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptTime {
    /// When it began.
    pub started: Instant,
    /// How long it took, and how it ended; `None` while it runs.
    pub ended: Option<(Duration, AttemptEnd)>,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptEnd {
    /// With a response of this status.
    Answered(u16),
    /// Without a response, for this reason.
    Failed(&'static str),
    /// It was cancelled.
    Abandoned,
}

impl AttemptTimes {
    /// An attempt begins now.
    pub fn begin(&mut self, started: Instant) {
        let time = AttemptTime { started, ended: None };
        if self.first.is_none() {
            self.first = Some(time);
        } else if self.others.len() + 1 < MOST {
            self.others.push(time);
        }
    }

    /// The attempt that began at `started` ends now.
    pub fn end(&mut self, started: Instant, end: AttemptEnd) {
        let last = self.others.last_mut().or(self.first.as_mut());
        if let Some(last) = last.filter(|last| last.started == started && last.ended.is_none()) {
            last.ended = Some((started.elapsed(), end));
        }
    }

    /// Those that are kept, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &AttemptTime> {
        self.first.iter().chain(&self.others)
    }
}

#[cfg(test)]
mod tests {
    use crate::http::attempt_times::*;

    #[tokio::test(start_paused = true)]
    async fn the_first_attempts_are_kept_with_their_ends() {
        let mut times = AttemptTimes::default();
        for number in 0..12_u16 {
            let started = Instant::now();
            times.begin(started);
            tokio::time::advance(Duration::from_secs(1)).await;
            times.end(started, AttemptEnd::Answered(500 + number));
        }
        let seen: Vec<_> = times.iter().map(|time| time.ended).collect();
        let expected: Vec<_> =
            (0..8).map(|number| Some((Duration::from_secs(1), AttemptEnd::Answered(500 + number)))).collect();
        assert_eq!(seen, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_that_runs_has_no_end() {
        let mut times = AttemptTimes::default();
        let started = Instant::now();
        times.begin(started);
        assert_eq!(times.iter().copied().collect::<Vec<_>>(), [AttemptTime { started, ended: None }]);
        tokio::time::advance(Duration::from_secs(1)).await;
        times.end(Instant::now(), AttemptEnd::Abandoned);
        assert!(times.iter().all(|time| time.ended.is_none()), "it began at another time");
    }
}
