//! What is known of the callback of one record.

use crate::api::records::{Records, store_problem};
use crate::problem::Problem;
use crate::store::{Record, Timestamp};

/// How many callbacks of a client are looked through for the one of a record.
const LOOKED_AT: usize = 1000;

/// The state of a record's callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallbackState {
    /// Its client is not called back, or waited for the answer itself.
    None,
    /// It follows when the change ends.
    NotEnded,
    /// It is to be sent.
    Waiting {
        /// How often it was tried.
        tries: u32,
        /// When it is tried next.
        due_at: Timestamp,
    },
    /// It arrived, or was given up.
    Ended,
    /// Too many of this client wait to find it.
    Unknown,
}

impl CallbackState {
    /// The word in documents.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::NotEnded => "not_ended",
            Self::Waiting { .. } => "waiting",
            Self::Ended => "ended",
            Self::Unknown => "unknown",
        }
    }
}

impl Records {
    /// The state of a record's callback, as far as it is stored.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn callback_of(&self, record: &Record) -> Result<CallbackState, Problem> {
        let Some(client) = record.client.clone().filter(|_| self.calls_back(record)) else {
            return Ok(CallbackState::None);
        };
        if !record.state.is_final() {
            return Ok(CallbackState::NotEnded);
        }
        let waiting = self.store.callbacks_of(client, LOOKED_AT).await.map_err(store_problem)?;
        Ok(match waiting.iter().find(|due| due.id == record.id) {
            Some(due) => CallbackState::Waiting { tries: due.tries, due_at: due.due_at },
            None if waiting.len() == LOOKED_AT => CallbackState::Unknown,
            None => CallbackState::Ended,
        })
    }
}
