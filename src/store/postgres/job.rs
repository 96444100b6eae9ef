//! The commands of a lane: statements with their values, what they lock, and who hears of the outcome.

use std::borrow::Cow;
use std::time::Instant;

use tokio::sync::oneshot;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use crate::store::StoreError;

use super::row::Text;

/// A value, with the type that the statement has for it: so one that is not prepared needs no round trip to ask.
pub(super) struct Param {
    pub(super) value: Box<dyn ToSql + Send + Sync>,
    pub(super) kind: Type,
}

/// A type that values are bound as.
pub(super) trait Bind: ToSql + Send + Sync + 'static {
    const KIND: Type;
}

macro_rules! bind {
    ($($rust:ty => $kind:ident),+ $(,)?) => {
        $(impl Bind for $rust { const KIND: Type = Type::$kind; })+
    };
}

bind! {
    Text => TEXT, Option<Text> => TEXT, &'static str => TEXT, Vec<Text> => TEXT_ARRAY, bool => BOOL,
    i64 => INT8, Option<i64> => INT8, Uuid => UUID, Option<Uuid> => UUID, Vec<Uuid> => UUID_ARRAY,
    Vec<u8> => BYTEA, Option<Vec<u8>> => BYTEA, Vec<Option<Vec<u8>>> => BYTEA_ARRAY, Vec<i64> => INT8_ARRAY,
}

pub(super) fn param<T: Bind>(value: T) -> Param {
    Param { value: Box::new(value), kind: T::KIND }
}

/// The values of a statement, in the order of their numbers.
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        vec![$($crate::store::postgres::job::param($value)),*]
    };
}
pub(super) use params;

/// One statement.
pub(super) struct Statement {
    pub(super) sql: Cow<'static, str>,
    pub(super) params: Vec<Param>,
}

impl Statement {
    pub(super) fn new(sql: &'static str, params: Vec<Param>) -> Self {
        Self { sql: Cow::Borrowed(sql), params }
    }

    /// One whose text is made for it, and is not worth being prepared.
    pub(super) fn made(sql: String, params: Vec<Param>) -> Self {
        Self { sql: Cow::Owned(sql), params }
    }
}

/// What a job holds locked from its begin to its commit. All transactions lock in this order: lines, tickets of creations,
/// keys, each of them sorted; so none waits for one that waits for it.
#[derive(Default)]
pub(super) struct Locks {
    /// Lines by name; one that is not there is made.
    pub(super) lines: Vec<(Text, Text)>,
    /// The lines of these tickets, or the tickets themselves if they have none.
    pub(super) tickets: Vec<Uuid>,
    /// The lines that these dead changes hold up.
    pub(super) held: Vec<Uuid>,
    /// The hash of an idempotency key that is taken.
    pub(super) key: Option<i64>,
}

impl Locks {
    pub(super) fn tickets(ids: Vec<Uuid>) -> Self {
        Self { tickets: ids, ..Self::default() }
    }

    fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.tickets.is_empty() && self.held.is_empty()
    }
}

/// The rows of each statement, or why there are none.
pub(super) type Outcome = Result<Vec<Vec<Row>>, StoreError>;

/// What belongs together.
pub(super) struct Job {
    pub(super) statements: Vec<Statement>,
    pub(super) locks: Locks,
    /// Whether it only reads: then nothing is unknown if its answer is lost.
    pub(super) reads: bool,
    /// Whether a crash of the database's machine may undo it.
    pub(super) is_lax: bool,
    /// Whether it waits until the database is there, however long that takes.
    pub(super) is_kept: bool,
    /// Whether each of its statements is a transaction of its own.
    pub(super) is_loose: bool,
    /// Whether its only statement locks what it needs by itself.
    pub(super) is_alone: bool,
    pub(super) called: Instant,
    /// What has to be done before, in other lanes.
    pub(super) after: Vec<oneshot::Receiver<()>>,
    pub(super) answer: Box<dyn FnOnce(Outcome) + Send + Sync>,
}

impl Job {
    /// Whether it needs a transaction around its statements.
    pub(super) fn needs_transaction(&self) -> bool {
        let several = self.statements.len() > 1 && !self.reads && !self.is_loose;
        several || self.is_lax || !(self.is_alone || self.locks.is_empty())
    }
}
