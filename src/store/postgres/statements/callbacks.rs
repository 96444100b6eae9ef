//! Callbacks until they arrive or are given up.

use tokio_postgres::Row;

use super::Work;
use crate::store::postgres::job::{Locks, Statement, params};
use crate::store::postgres::row::{Text, get, small, text};
use crate::store::{CallbackDue, CallbackTried, StoreError, Timestamp, UpdateId};

/// It steps from one client to the next in the index, however many callbacks each has.
const CLIENTS: &str = "with recursive step(client) as (select min(client) from callback union all \
    select (select min(client) from callback where client > step.client) from step where client is not null) \
    select client from step where client is not null";

const OF_CLIENT: &str = "select id, tries, due_at from callback where client = $1 order by due_at, id limit $2";

const REMOVE: &str = "delete from callback where id = $1 returning 1";

const AGAIN: &str = "update callback set tries = tries + 1, due_at = $2 where id = $1";

pub(in crate::store::postgres) fn clients() -> Work {
    Work::read(Statement::new(CLIENTS, Vec::new()))
}

pub(in crate::store::postgres) fn of_client(client: &str, limit: usize) -> Work {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    Work::read(Statement::new(OF_CLIENT, params![Text::of(client), limit]))
}

pub(in crate::store::postgres) fn client(row: &Row) -> Result<String, StoreError> {
    text(row, 0)
}

pub(in crate::store::postgres) fn due(row: &Row, client: &str) -> Result<CallbackDue, StoreError> {
    let (id, tries, due_at) = (UpdateId(get(row, 0)?), small(row, 1)?, Timestamp(get(row, 2)?));
    Ok(CallbackDue { id, client: client.to_owned(), tries, due_at })
}

pub(in crate::store::postgres) fn tried(tried: CallbackTried) -> Work {
    let statement = match tried {
        CallbackTried::Delivered(id) | CallbackTried::GivenUp(id) => Statement::new(REMOVE, params![id.0]),
        CallbackTried::Again(id, due_at) => Statement::new(AGAIN, params![id.0, due_at.0]),
    };
    Work::write(Locks::default(), statement)
}
