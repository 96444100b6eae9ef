//! Callbacks until they arrive or are given up.

use rusqlite::Connection;

use crate::store::sqlite::desk::WriteTransaction;
use crate::store::sqlite::failure::Failure;
use crate::store::sqlite::row::id_of;
use crate::store::{CallbackDue, CallbackTried, Timestamp, UpdateId};

/// It steps from one client to the next in the index, however many callbacks each has.
pub(in crate::store::sqlite) fn callback_clients(connection: &Connection) -> Result<Vec<String>, Failure> {
    let sql = "with recursive step(client) as (select min(client) from callback union all \
               select (select min(client) from callback where client > step.client) from step where client is not null) \
               select client from step where client is not null";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

pub(in crate::store::sqlite) fn callbacks_of(
    connection: &Connection,
    client: String,
    limit: usize,
) -> Result<Vec<CallbackDue>, Failure> {
    let sql = "select id, tries, due_at from callback where client = ?1 order by due_at, id limit ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query((&client, i64::try_from(limit).unwrap_or(i64::MAX)))?;
    let mut due = Vec::new();
    while let Some(row) = rows.next()? {
        let due_at = Timestamp(row.get(2)?);
        due.push(CallbackDue { id: id_of(row, 0)?, client: client.clone(), tries: row.get(1)?, due_at });
    }
    Ok(due)
}

pub(in crate::store::sqlite) fn callback_tried(
    desk: &mut WriteTransaction<'_>,
    tried: CallbackTried,
) -> Result<(), Failure> {
    match tried {
        CallbackTried::Delivered(id) => {
            remove(desk, id)?;
        }
        CallbackTried::GivenUp(id) => {
            let removed = remove(desk, id)?;
            desk.effects.given_up += u64::from(removed);
        }
        CallbackTried::Again(id, due_at) => {
            let sql = "update callback set tries = tries + 1, due_at = ?2 where id = ?1";
            desk.prepare(sql)?.execute((id.0.as_bytes(), due_at.0))?;
        }
    }
    Ok(())
}

/// Whether it waited.
fn remove(desk: &mut WriteTransaction<'_>, id: UpdateId) -> Result<bool, Failure> {
    let removed = desk.prepare("delete from callback where id = ?1")?.execute([id.0.as_bytes()])? > 0;
    desk.effects.callbacks -= i64::from(removed);
    Ok(removed)
}

/// How many wait.
pub(in crate::store::sqlite) fn waiting(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("select count(*) from callback", [], |row| row.get(0))
}
