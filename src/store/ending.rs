//! How attempts and changes end.

use std::time::Duration;

use bytes::Bytes;

use super::cluster::Incarnation;
use super::record::{Answer, Line, State, UpdateId};
use super::timestamp::Timestamp;

/// A change that is not tried again.
#[derive(Clone, Debug)]
pub struct Ending {
    /// Its id.
    pub id: UpdateId,
    /// Its final state.
    pub state: State,
    /// How often the vendor was tried in all.
    pub attempts: u32,
    /// When it ended.
    pub now: Timestamp,
    /// The assistant and the vendor's id, if only the end has shown them.
    pub created: Option<Created>,
    /// What the journal keeps of the answer.
    pub answer: Option<Answer>,
    /// The problem of the last attempt.
    pub problem: Option<Bytes>,
    /// When its last attempt ended that may have been applied and got no trustworthy response.
    pub doubted_at: Option<Timestamp>,
    /// The others in the same request.
    pub sent_with: Vec<UpdateId>,
    /// What the journal keeps of the body; the whole one for a dead change, so that it can be replayed.
    pub body: Option<Bytes>,
    /// What the key answers from now on; without it the key is free again.
    pub key: Option<KeyEnd>,
    /// Whether its client is called back.
    pub callback: bool,
    /// Who ends it, where several processes share the store.
    pub by: Option<Incarnation>,
    /// Whether it is dead and holds up its line, which then stays as it is otherwise.
    pub holds: bool,
    /// What the caller gets who waits at another member, if it is more than the journal keeps. It is kept for a few minutes.
    pub reply: Option<Answer>,
    /// Whether a crash of the store's machine may undo it, after which the change is sent again.
    pub is_lax: bool,
}

impl Ending {
    /// An end of which nothing else is known.
    pub fn new(id: UpdateId, state: State, attempts: u32, now: Timestamp) -> Self {
        Self {
            id,
            state,
            attempts,
            now,
            created: None,
            answer: None,
            problem: None,
            doubted_at: None,
            sent_with: Vec::new(),
            body: None,
            key: None,
            callback: false,
            by: None,
            holds: false,
            reply: None,
            is_lax: false,
        }
    }
}

/// A new assistant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// Its name here: `vendor:id`.
    pub assistant: String,
    /// The line of its changes from now on.
    pub line: Line,
}

/// What a key answers after the end of its request.
#[derive(Clone, Debug)]
pub struct KeyEnd {
    /// The answer.
    pub answer: Answer,
    /// For how long.
    pub kept: Duration,
    /// The place in the order of what may have been applied, if that is not known: then the key may send it again.
    pub unknown: Option<u64>,
}

/// Changes that are tried again later.
#[derive(Clone, Debug)]
pub struct Postponement {
    /// Which ones, and for each why the last request failed.
    pub changes: Vec<(UpdateId, Bytes)>,
    /// How many attempts the last request made.
    pub attempts: u32,
    /// The present time.
    pub now: Timestamp,
    /// When they are tried next.
    pub next_attempt_at: Timestamp,
    /// When an attempt ended that may have been applied and got no trustworthy response.
    pub doubted_at: Option<Timestamp>,
    /// Who postpones them, where several processes share the store.
    pub by: Option<Incarnation>,
}

impl Postponement {
    /// The ids of the changes.
    pub(in crate::store) fn ids(&self) -> Vec<UpdateId> {
        self.changes.iter().map(|(id, _)| *id).collect()
    }
}

/// A callback that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackDue {
    /// The record that it tells of.
    pub id: UpdateId,
    /// Whom it tells.
    pub client: String,
    /// How often it was tried.
    pub tries: u32,
    /// When it is to be tried next; the first time when its change ends.
    pub due_at: Timestamp,
}

/// What became of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallbackTried {
    /// It arrived.
    Delivered(UpdateId),
    /// It failed, which is one more try, and is tried again at that time.
    Again(UpdateId, Timestamp),
    /// It is given up.
    GivenUp(UpdateId),
}
