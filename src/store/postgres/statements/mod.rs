//! What each statement of the traits does with the tables.

pub(super) mod admission;
pub(super) mod callbacks;
pub(super) mod changes;
pub(super) mod ending;
pub(super) mod journal;
pub(super) mod line;
pub(super) mod list;
pub(super) mod lock;
pub(super) mod lookup;
pub(super) mod member;

use super::job::{Locks, Statement};

/// What a job is made of.
#[derive(Default)]
pub(super) struct Work {
    pub(super) statements: Vec<Statement>,
    pub(super) locks: Locks,
    pub(super) reads: bool,
    pub(super) is_lax: bool,
    pub(super) is_loose: bool,
    /// Whether its first statement locks what it needs, so that alone it needs no other.
    pub(super) is_alone: bool,
}

impl Work {
    pub(super) fn read(statement: Statement) -> Self {
        Self { statements: vec![statement], reads: true, ..Self::default() }
    }

    pub(super) fn write(locks: Locks, statement: Statement) -> Self {
        Self { statements: vec![statement], locks, ..Self::default() }
    }
}

/// Whether `$by` may start, postpone or end a ticket: it owns its line, or has admitted what has no line.
macro_rules! is_mine {
    ($by:literal) => {
        concat!(
            "(",
            $by,
            "::uuid is null or case when ticket.place is null then ticket.admitter = ",
            $by,
            " else exists (select 1 from line where line.scope = ticket.scope and line.id = ticket.vendor_id and line.owner = ",
            $by,
            ") end)"
        )
    };
}
pub(super) use is_mine;

/// So many milliseconds as an interval.
macro_rules! millis {
    ($value:literal) => {
        concat!("(", $value, "::bigint * interval '1 millisecond')")
    };
}
pub(super) use millis;

/// The milliseconds from a time of the database until now.
macro_rules! ago {
    ($time:literal) => {
        concat!("(extract(epoch from clock_timestamp() - ", $time, ") * 1000)::bigint")
    };
}
pub(super) use ago;
