//! What the tables of both databases have in common.

use super::record::State;

/// The columns of a record, in the order in which a store reads them.
macro_rules! columns {
    () => {
        "number, id, request_id, state, mode, operation, assistant, vendor, vendor_id, scope, client, fields, attempts, \
         created_at, updated_at, next_attempt_at, expires_at, doubted_at, sent_with, replay_of, answer, problem"
    };
}
pub(super) use columns;

/// How many columns these are, and so the place of the next one.
pub(super) const COLUMNS: usize = 22;

/// How many rows one search of a list looks at.
pub(super) const LOOKED_AT: usize = 20_000;

/// What of a record is sealed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The answer and the problem as well.
    Whole,
    /// Neither.
    Open,
}

pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// The states that a search of the index of states finds.
pub(super) const fn is_indexed(state: State) -> bool {
    !matches!(state, State::Applied)
}
