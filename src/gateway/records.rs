//! The settings of records: of changes that wait, of idempotency keys and of the journal.

use std::time::Duration;

use crate::config::{OnDead, Settings};
use crate::value::JournalValues;

/// How changes wait for their vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueSettings {
    /// How long an asynchronous change is tried before it is given up.
    pub max_age: Duration,
    /// Upper end of the random wait before the first further try; doubles with each.
    pub backoff: Duration,
    /// The most that the wait grows to, at least `backoff`.
    pub max_backoff: Duration,
    /// How many changes of one assistant may wait.
    pub max_per_assistant: usize,
    /// How many changes may wait in all.
    pub max_total: usize,
    /// Whether changes that wait may go in one request.
    pub coalesce: bool,
    /// Whether the line of an assistant waits for an operator after a change that was given up.
    pub hold_on_dead: bool,
}

/// What is kept of changes that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalSettings {
    /// How long records are kept after their end.
    pub retention: Duration,
    /// What is kept of the values.
    pub values: JournalValues,
}

impl QueueSettings {
    pub(super) fn of(settings: &Settings) -> Self {
        let queue = &settings.queue;
        Self {
            max_age: queue.max_age,
            backoff: queue.backoff,
            max_backoff: queue.max_backoff,
            max_per_assistant: queue.max_per_assistant,
            max_total: queue.max_total,
            coalesce: queue.coalesce,
            hold_on_dead: queue.on_dead == OnDead::Hold,
        }
    }
}

impl JournalSettings {
    pub(super) fn of(settings: &Settings) -> Self {
        Self { retention: settings.journal.retention, values: settings.journal.values }
    }
}
