//! What the writer, the readers and the callers share.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use crate::store::Figures;
use crate::store::files::beside;

use super::desk::Effects;

/// The upper bounds of the histogram of commits, in seconds.
const BOUNDS: [f64; 16] =
    [0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Rows that were noted may take this many bytes of memory before callers wait.
const MOST_NOTED: usize = 16 << 20;

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) path: PathBuf,
    pub(super) waiting: AtomicUsize,
    pub(super) noted: Noted,
    pub(super) next_number: AtomicU64,
    pub(super) closed: AtomicBool,
    #[cfg(test)]
    pub(super) disk_is_full: AtomicBool,
    callbacks: AtomicI64,
    given_up: AtomicU64,
    commits: Mutex<Commits>,
}

#[derive(Debug, Default)]
struct Commits {
    done: u64,
    failed: u64,
    took: Duration,
    histogram: [u64; BOUNDS.len()],
    failing: Option<String>,
}

impl Shared {
    pub(super) fn new(path: PathBuf, greatest: u64, callbacks: i64) -> Self {
        Self {
            path,
            waiting: AtomicUsize::new(0),
            noted: Noted::default(),
            next_number: AtomicU64::new(greatest.saturating_add(1)),
            closed: AtomicBool::new(false),
            #[cfg(test)]
            disk_is_full: AtomicBool::new(false),
            callbacks: AtomicI64::new(callbacks),
            given_up: AtomicU64::new(0),
            commits: Mutex::default(),
        }
    }

    pub(super) fn committed(&self, effects: &Effects, took: Duration) {
        self.next_number.fetch_max(effects.greatest.saturating_add(1), Ordering::Relaxed);
        self.callbacks.fetch_add(effects.callbacks, Ordering::Relaxed);
        self.given_up.fetch_add(effects.given_up, Ordering::Relaxed);
        let mut commits = self.commits();
        commits.done += 1;
        commits.took += took;
        commits.failing = None;
        // A longer one is in none of them: the count of all commits is that of the last bound.
        if let Some(at) = BOUNDS.iter().position(|bound| took.as_secs_f64() <= *bound) {
            commits.histogram[at] += 1;
        }
    }

    pub(super) fn failed(&self, why: String) {
        let mut commits = self.commits();
        commits.failed += 1;
        // Status shows it.
        commits.failing = Some(why.replace(&*self.path.to_string_lossy(), "the database"));
    }

    /// Whether the last transaction failed.
    pub(super) fn is_failing(&self) -> bool {
        self.commits().failing.is_some()
    }

    fn commits(&self) -> std::sync::MutexGuard<'_, Commits> {
        // Nothing panics while it is held; the numbers would be right all the same.
        self.commits.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(super) fn figures(&self) -> Figures {
        let size = |path| std::fs::metadata(path).map_or(0, |metadata: std::fs::Metadata| metadata.len());
        let bytes = size(self.path.clone()) + size(beside(&self.path, "-wal"));
        let commits = self.commits();
        Figures {
            kind: "sqlite",
            waiting: self.waiting.load(Ordering::Relaxed),
            commits: commits.done,
            failures: commits.failed,
            commit_seconds: commits.took.as_secs_f64(),
            commit_histogram: BOUNDS.into_iter().zip(commits.histogram).collect(),
            failing: commits.failing.clone(),
            bytes,
            callbacks_waiting: u64::try_from(self.callbacks.load(Ordering::Relaxed)).unwrap_or_default(),
            callbacks_given_up: self.given_up.load(Ordering::Relaxed),
        }
    }
}

/// The memory of rows that were noted and are not committed.
#[derive(Debug, Default)]
pub(super) struct Noted {
    rows: AtomicUsize,
    bytes: AtomicUsize,
    less: Notify,
}

impl Noted {
    pub(super) fn add(&self, bytes: usize) {
        self.rows.fetch_add(1, Ordering::AcqRel);
        self.bytes.fetch_add(bytes, Ordering::AcqRel);
    }

    pub(super) fn remove(&self, bytes: usize) {
        self.rows.fetch_sub(1, Ordering::AcqRel);
        let before = self.bytes.fetch_sub(bytes, Ordering::AcqRel);
        if before > MOST_NOTED && before - bytes <= MOST_NOTED {
            self.less.notify_waiters();
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.load(Ordering::Acquire) == 0
    }

    pub(super) fn fits(&self) -> bool {
        self.bytes.load(Ordering::Acquire) <= MOST_NOTED
    }

    /// Lets everyone go who waits.
    pub(super) fn release(&self) {
        self.less.notify_waiters();
    }

    /// Waits until what is noted fits into its memory, or the store is closed.
    pub(super) async fn until_it_fits(&self, closed: &AtomicBool) {
        loop {
            let less = self.less.notified();
            if self.fits() || closed.load(Ordering::Acquire) {
                return;
            }
            less.await;
        }
    }
}
