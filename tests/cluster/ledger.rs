//! What callers have sent and what they were told, and which faults there were, with times.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::support::Reply;

/// How a change is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    /// With a deadline that may end while it waits.
    Hasty,
    Keyed,
    Asynchronous,
    AsynchronousKeyed,
}

impl Kind {
    pub(crate) fn is_keyed(self) -> bool {
        matches!(self, Self::Keyed | Self::AsynchronousKeyed)
    }

    pub(crate) fn is_asynchronous(self) -> bool {
        matches!(self, Self::Asynchronous | Self::AsynchronousKeyed)
    }
}

/// What a caller was told at last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// 200.
    Applied,
    /// 202.
    Promised,
    /// Nothing was applied, and nothing will be.
    NotApplied(String),
    /// It was sent, and nobody knows what came of it.
    Unknown(String),
    /// No answer, or one that does not even say whether there is such a change.
    Nothing,
}

/// One change of one caller.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// The assistant.
    pub(crate) id: u64,
    pub(crate) number: u64,
    pub(crate) kind: Kind,
    /// When it was first sent.
    pub(crate) sent: Instant,
    /// When the caller was told at last, and what.
    pub(crate) told: Option<(Instant, Said)>,
    /// How often the caller has sent it in all.
    pub(crate) sendings: usize,
    /// The answer that its key keeps.
    pub(crate) kept: Option<Reply>,
    /// The replica to which it was sent last.
    pub(crate) replica: usize,
}

/// A fault that was made.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    pub(crate) at: Instant,
    /// When it was over.
    pub(crate) until: Instant,
    /// The replica that it hit; none if it hit all.
    pub(crate) replica: Option<usize>,
}

#[derive(Default)]
pub(crate) struct Ledger {
    entries: Mutex<Vec<Entry>>,
    faults: Mutex<Vec<Fault>>,
    codes: Mutex<BTreeMap<String, usize>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Ledger {
    /// Writes down that a change is about to be sent; its place.
    pub(crate) fn sends(&self, id: u64, number: u64, kind: Kind) -> usize {
        let mut entries = lock(&self.entries);
        let sent = Instant::now();
        entries.push(Entry { id, number, kind, sent, told: None, sendings: 0, kept: None, replica: 0 });
        entries.len() - 1
    }

    pub(crate) fn edit(&self, place: usize, edit: impl FnOnce(&mut Entry)) {
        edit(&mut lock(&self.entries)[place]);
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        lock(&self.entries).clone()
    }

    pub(crate) fn fault(&self, fault: Fault) {
        lock(&self.faults).push(fault);
    }

    pub(crate) fn faults(&self) -> Vec<Fault> {
        lock(&self.faults).clone()
    }

    /// Counts an answer.
    pub(crate) fn answered(&self, answer: String) {
        *lock(&self.codes).entry(answer).or_default() += 1;
    }

    pub(crate) fn answers(&self) -> BTreeMap<String, usize> {
        lock(&self.codes).clone()
    }
}
