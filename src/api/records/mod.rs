//! The records of changes: what is on its way, and what became of it. It exists only with a store.

mod document;
#[cfg(test)]
pub(crate) mod double;
mod endings;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::problem::{Code, Outcome, Problem};
use crate::store::{Record, SharedStore, StoreError, UpdateId};

use super::context::Context;

pub(crate) use document::push_record;
use endings::Endings;

/// The records and the queue of one process.
#[derive(Debug)]
pub struct Records {
    /// Where they are kept.
    pub store: SharedStore,
    endings: Endings,
}

/// What of a dead change is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Replay {
    /// All of it, unless a newer change has one of its fields.
    #[default]
    Whole,
    /// The fields that no newer change has.
    Remaining,
    /// All of it, over newer changes.
    Forced,
}

impl Records {
    /// Those of that store.
    pub fn new(store: SharedStore) -> Self {
        Self { store, endings: Endings::default() }
    }

    /// The record of that id once it is final, or as it is at `until`, or when the gateway drains; `None` if there is none.
    ///
    /// # Errors
    /// The store fails.
    pub async fn ended(&self, id: UpdateId, until: Instant) -> Result<Option<Record>, StoreError> {
        let mut waiting = self.endings.waiting(id);
        loop {
            let record = self.store.record(id).await?;
            let is_over = record.as_ref().is_none_or(|record| record.state.is_final());
            if is_over || !waiting.may_have_ended(until).await {
                return Ok(record);
            }
        }
    }

    /// Withdraws a change that waits.
    ///
    /// # Errors
    /// `already_started`, or the store fails.
    pub async fn cancel(&self, record: &Record) -> Result<Record, Problem> {
        let _ = record;
        Err(Problem::new(Code::Internal, "not built yet"))
    }

    /// Sends a dead change again, as a new record.
    ///
    /// # Errors
    /// It is not dead, was replayed already, or newer changes have its fields.
    pub async fn replay(&self, context: &Context, record: &Record, replay: Replay) -> Result<Record, Problem> {
        let _ = (context, record, replay);
        Err(Problem::new(Code::Internal, "not built yet"))
    }

    /// The place of a change that waits among those of its line, from 1; `None` if it does not wait.
    pub fn position(&self, record: &Record) -> Option<u64> {
        let _ = record;
        None
    }
}

/// The records, if there is a store.
///
/// # Errors
/// `store_required`.
pub(crate) fn required(records: Option<&Arc<Records>>) -> Result<&Arc<Records>, Problem> {
    let detail = "records of changes need `[store]` in the gateway's configuration, and there is none";
    records.ok_or_else(|| Problem::new(Code::StoreRequired, detail))
}

/// The `Retry-After` of a store that fails.
const STORE_RETRY_AFTER: Duration = Duration::from_secs(1);

/// The problem of a store that fails. What it says itself is for the log only.
pub(crate) fn store_problem(error: StoreError) -> Problem {
    let text = error.to_string();
    let unavailable = |detail: &str| Problem::new(Code::StoreUnavailable, detail).after(STORE_RETRY_AFTER);
    let problem = match error {
        StoreError::Failed(_) => unavailable("the gateway's store cannot do this now, and nothing was stored"),
        StoreError::Closed => unavailable("the gateway is shutting down, and nothing was stored"),
        StoreError::Unknown(_) => Problem {
            outcome: Outcome::Unknown,
            ..unavailable(
                "the gateway's store did not answer; the change may have been stored, and may still be delivered",
            )
        },
        StoreError::Unreadable(_) => Problem::new(Code::Internal, "what is stored of this cannot be read"),
    };
    problem.internally(text)
}

#[cfg(test)]
mod tests {
    use crate::api::records::*;

    #[test]
    fn a_store_that_fails_says_whether_something_was_stored_and_nothing_of_what_went_wrong() {
        for (error, code, outcome, retry) in [
            (StoreError::Failed("/data/x.db is full".to_owned()), Code::StoreUnavailable, Outcome::NotApplied, true),
            (StoreError::Unknown("/data/x.db is full".to_owned()), Code::StoreUnavailable, Outcome::Unknown, true),
            (StoreError::Closed, Code::StoreUnavailable, Outcome::NotApplied, true),
            (StoreError::Unreadable("/data/x.db is torn".to_owned()), Code::Internal, Outcome::NotApplied, false),
        ] {
            let text = error.to_string();
            let problem = store_problem(error);
            assert_eq!((problem.code, problem.outcome, problem.is_retryable()), (code, outcome, retry), "{text}");
            assert_eq!(problem.retry_after.is_some(), retry, "{text}");
            assert!(!problem.detail.contains("x.db"), "{}", problem.detail);
            assert_eq!(problem.internal, Some(text));
        }
    }
}
