//! The records of changes: what is on its way, and what became of it. It exists only with a store.

mod document;
mod endings;

use std::sync::Arc;

use tokio::time::Instant;

use crate::problem::{Code, Problem};
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

/// The problem of a store that fails.
pub(crate) fn store_problem(error: StoreError) -> Problem {
    let _ = error;
    Problem::new(Code::Internal, "not built yet")
}
