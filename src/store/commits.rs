//! How a store's transactions went, for metrics and status.

use std::time::Duration;

use crate::value::Lock;

use super::Figures;

/// The upper bounds of the histogram of commits, in seconds.
const BOUNDS: [f64; 16] =
    [0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// All transactions since the start.
#[derive(Debug, Default)]
pub(super) struct Commits(Lock<Counts>);

#[derive(Debug, Default)]
struct Counts {
    done: u64,
    failed: u64,
    took: Duration,
    histogram: [u64; BOUNDS.len()],
    failing: Option<String>,
}

impl Commits {
    /// One was committed.
    pub(super) fn committed(&self, took: Duration) {
        let mut counts = self.0.lock();
        counts.done += 1;
        counts.took += took;
        counts.failing = None;
        // A longer one is in none of them: the count of all commits is that of the last bound.
        if let Some(at) = BOUNDS.iter().position(|bound| took.as_secs_f64() <= *bound) {
            counts.histogram[at] += 1;
        }
    }

    /// One failed. Status shows why.
    pub(super) fn failed(&self, why: String) {
        let mut counts = self.0.lock();
        counts.failed += 1;
        counts.failing = Some(why);
    }

    /// Whether the last one failed.
    pub(super) fn is_failing(&self) -> bool {
        self.0.lock().failing.is_some()
    }

    /// What metrics show of them.
    pub(super) fn figures(&self) -> Figures {
        let counts = self.0.lock();
        Figures {
            commits: counts.done,
            failures: counts.failed,
            commit_seconds: counts.took.as_secs_f64(),
            commit_histogram: BOUNDS.into_iter().zip(counts.histogram).collect(),
            failing: counts.failing.clone(),
            ..Figures::default()
        }
    }
}
