//! Which records a list has.

use crate::value::AssistantOperation;

use super::record::{Line, Record, State};
use super::row::is_indexed;
use super::timestamp::Timestamp;

/// Whose records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RecordsOf {
    /// Everyone's.
    #[default]
    All,
    /// Those of one client; `None` are the callers without a key.
    Client(Option<String>),
}

/// Which records, and how many. Everything given has to hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Whose.
    pub owner: RecordsOf,
    /// Those of a line.
    pub line: Option<Line>,
    /// Those whose `assistant` is exactly this.
    pub assistant: Option<String>,
    /// Those of a vendor account.
    pub vendor: Option<String>,
    /// Those in one of these states; empty for any.
    pub states: Vec<State>,
    /// Those that do this.
    pub operation: Option<AssistantOperation>,
    /// Those that send this field.
    pub field: Option<String>,
    /// Those admitted at this time or later.
    pub since: Option<Timestamp>,
    /// Those admitted before this time.
    pub until: Option<Timestamp>,
    /// Those that a record replays, or those that none does.
    pub replayed: Option<bool>,
    /// Those with a smaller number.
    pub below: Option<u64>,
    /// How many at most.
    pub limit: usize,
}

impl Filter {
    /// Whether the index of states is the best one: it does not have those that were applied.
    pub(super) fn is_rare(&self) -> bool {
        self.line.is_none() && !self.states.is_empty() && self.states.iter().all(|state| is_indexed(*state))
    }
}

/// A part of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The records, newest first.
    pub records: Vec<Record>,
    /// The number below which the next part begins; `None` at the end.
    pub next: Option<u64>,
}

impl Page {
    /// The first `limit` of what searches have found; `stopped_at` is the greatest number at which one of them stopped.
    pub(super) fn of(mut records: Vec<Record>, stopped_at: Option<u64>, limit: usize) -> Self {
        records.retain(|record| stopped_at.is_none_or(|number| record.number >= number));
        records.sort_unstable_by_key(|record| std::cmp::Reverse(record.number));
        let mut next = stopped_at;
        if records.len() > limit {
            records.truncate(limit);
            next = records.last().map(|record| record.number);
        }
        Self { records, next }
    }
}
