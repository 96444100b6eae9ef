//! What the writer, the readers and the callers share.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use crate::store::Figures;
use crate::store::commits::Commits;
use crate::store::files::beside;
use crate::store::noted::Noted;

use super::desk::Effects;

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
    commits: Commits,
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
            commits: Commits::default(),
        }
    }

    pub(super) fn committed(&self, effects: &Effects, took: Duration) {
        self.next_number.fetch_max(effects.greatest.saturating_add(1), Ordering::Relaxed);
        self.callbacks.fetch_add(effects.callbacks, Ordering::Relaxed);
        self.given_up.fetch_add(effects.given_up, Ordering::Relaxed);
        self.commits.committed(took);
    }

    pub(super) fn failed(&self, why: &str) {
        self.commits.failed(why.replace(&*self.path.to_string_lossy(), "the database"));
    }

    /// Whether the last transaction failed.
    pub(super) fn is_failing(&self) -> bool {
        self.commits.is_failing()
    }

    pub(super) fn figures(&self) -> Figures {
        let size = |path| std::fs::metadata(path).map_or(0, |metadata: std::fs::Metadata| metadata.len());
        Figures {
            kind: "sqlite",
            waiting: self.waiting.load(Ordering::Relaxed),
            bytes: size(self.path.clone()) + size(beside(&self.path, "-wal")),
            callbacks_waiting: u64::try_from(self.callbacks.load(Ordering::Relaxed)).unwrap_or_default(),
            callbacks_given_up: self.given_up.load(Ordering::Relaxed),
            ..self.commits.figures()
        }
    }
}
