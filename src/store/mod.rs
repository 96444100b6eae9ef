//! What outlives the process: changes that are on their way, what became of each, idempotency keys, and callbacks.
//!
//! A change is *recorded*: as a *ticket* while it is not final, then as a row of the *journal*. A plain synchronous update on
//! SQLite has a row of the journal only. Every statement that changes a ticket names the state that it believes in, so that
//! no two that disagree can both succeed.
//!
//! The store keeps what it is given and decides nothing: order, retries and permissions belong to its users. What could
//! hold a secret (the body, the answer, the problem) is sealed; names, states and times are not.

mod admission;
mod cluster;
mod commits;
#[cfg(test)]
mod conformance;
mod ending;
mod error;
pub mod failpoint;
mod files;
mod filter;
mod noted;
pub mod postgres;
mod record;
mod row;
mod seal;
pub mod shared;
mod sqlite;
mod timestamp;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;

pub use admission::{Admission, Admitted, Fingerprint, KeyState, KeyUse, Membership};
pub use cluster::{Beat, Cluster, Finished, Incarnation, LineState, Member, OpenTicket, Stored, Withdrawn};
pub use ending::{CallbackDue, CallbackTried, Created, Ending, KeyEnd, Postponement};
pub use error::StoreError;
pub use filter::{Filter, Page, RecordsOf};
pub use postgres::Postgres;
pub use record::{Answer, FieldName, Line, Mode, Record, State, UpdateId};
pub use seal::{KeyFileError, KeyId, KeySource};
pub use sqlite::{OpenError, Sqlite};
pub use timestamp::Timestamp;

/// The result of a statement, once it is there.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A store. All its users share one.
///
/// Statements that change something are carried out in the order in which they are called, and are durable when they return.
/// Dropping what they return does not stop them.
pub trait Store: fmt::Debug + Send + Sync {
    /// Stores a ticket before anything of it is sent. With a key that is in use nothing is stored, and the answer says so.
    /// Where several processes share the store, it gives the ticket its number: the order of the commits is the order of the
    /// numbers of a line. A ticket is then `sending` only if the line is owned by who admits it and has no other open ticket.
    fn admit(&self, admission: Admission) -> Pending<'_, Admitted>;

    /// What became of an earlier request with this key; `None` if there was none.
    fn look_up(&self, key: KeyUse) -> Pending<'_, Option<KeyState>>;

    /// Makes waiting tickets `sending`, all or none: they go together in one request. `false` if one of them waits no
    /// longer, or `by` does not own their line. Those that are sending already stay so.
    fn start(&self, ids: Vec<UpdateId>, now: Timestamp, by: Option<Incarnation>) -> Pending<'_, bool>;

    /// Makes tickets that are sending wait again, after an attempt that failed.
    fn postpone(&self, postponement: Postponement) -> Pending<'_, ()>;

    /// Moves tickets to the journal, all in one transaction, with the end of their keys and the callbacks that follow. An id
    /// without a ticket is skipped, so that repeating this is safe; so is one that another member owns. What became of each.
    fn finish(&self, endings: Vec<Ending>) -> Pending<'_, Vec<Finished>>;

    /// Adds a row to the journal for a change that has no ticket. It is stored with what comes next; what this returns waits
    /// only while too many rows are noted already.
    fn note(&self, record: Record, body: Option<Bytes>) -> Pending<'_, ()>;

    /// Whether more rows may be noted without waiting: not while the store fails and as many wait as may.
    fn has_room(&self) -> bool;

    /// Makes a ticket that waits `canceled`, with a callback if its client is called back. `None` if it does not wait, or there
    /// is none.
    fn cancel(&self, id: UpdateId, now: Timestamp, callback: bool) -> Pending<'_, Option<Record>>;

    /// Removes the body of a dead one, which is then `state`: superseded by its replay, or canceled. `false` if there is no
    /// dead one with a body.
    fn discard(&self, id: UpdateId, state: State, now: Timestamp) -> Pending<'_, bool>;

    /// The bodies of these, in their order; `None` for one that has none any more.
    fn bodies(&self, ids: Vec<UpdateId>) -> Pending<'_, Vec<Option<Bytes>>>;

    /// A ticket that was admitted before, with its body, for its delivery. `None` if there is none any more.
    fn ticket(&self, id: UpdateId) -> Pending<'_, Option<(Record, Bytes)>>;

    /// The record of that id.
    fn record(&self, id: UpdateId) -> Pending<'_, Option<Record>>;

    /// The owner's newest record with that request id.
    fn record_of_request(&self, owner: RecordsOf, request_id: String) -> Pending<'_, Option<Record>>;

    /// Records, newest first.
    fn list(&self, filter: Filter) -> Pending<'_, Page>;

    /// The newest record that replays that one.
    fn replay_of(&self, id: UpdateId) -> Pending<'_, Option<Record>>;

    /// The records of a line after `number` that were applied or are not final and have one of these fields, or are
    /// deletions; without fields all of them. It sees every statement that was called before.
    fn newer(&self, line: Line, number: u64, fields: Vec<String>) -> Pending<'_, Vec<Record>>;

    /// All tickets in their order, without their answers and problems.
    fn tickets(&self) -> Pending<'_, Vec<Record>>;

    /// Records of the journal whose last attempt ended after `since` without a trustworthy response.
    fn unsettled(&self, since: Timestamp) -> Pending<'_, Vec<Record>>;

    /// The clients of whom callbacks wait.
    fn callback_clients(&self) -> Pending<'_, Vec<String>>;

    /// The callbacks of a client that wait, the one that is due first first. What another client's receiver leaves waiting
    /// does not slow this down.
    fn callbacks_of(&self, client: String, limit: usize) -> Pending<'_, Vec<CallbackDue>>;

    /// What became of a try of a callback.
    fn callback_tried(&self, tried: CallbackTried) -> Pending<'_, ()>;

    /// Removes what is kept no longer: rows of the journal that ended before `journal`, and keys whose time is over. It
    /// removes a bounded number at a time; `true` if there may be more.
    fn sweep(&self, now: Timestamp, journal: Timestamp) -> Pending<'_, bool>;

    /// The number that follows the greatest one stored; without meaning where several processes share the store.
    fn next_number(&self) -> u64;

    /// What metrics and status show.
    fn figures(&self) -> Figures;

    /// Writes what is gathered and ends. Later statements fail.
    fn close(&self) -> Pending<'_, ()>;
}

/// A store that all its users share.
pub type SharedStore = Arc<dyn Store>;

/// The state of a store, counted since its start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// What keeps it, as in the configuration.
    pub kind: &'static str,
    /// Statements that wait to be carried out.
    pub waiting: usize,
    /// Transactions that were committed.
    pub commits: u64,
    /// Transactions that failed.
    pub failures: u64,
    /// The seconds that all commits took together.
    pub commit_seconds: f64,
    /// How many commits took at most so many seconds each, not cumulated.
    pub commit_histogram: Vec<(f64, u64)>,
    /// Why the last transaction failed, if it is the last one; without paths.
    pub failing: Option<String>,
    /// Bytes on disk.
    pub bytes: u64,
    /// Callbacks that wait.
    pub callbacks_waiting: u64,
    /// Callbacks that were given up.
    pub callbacks_given_up: u64,
}
