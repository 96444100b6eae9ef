//! Rows of the journal that no ticket becomes, and how they leave.

use crate::store::sqlite::desk::{SPAN, WriteTransaction};
use crate::store::sqlite::failure::Failure;
use crate::store::sqlite::row::{Packed, insert, insert_into, signed};
use crate::store::{Record, State, Timestamp, UpdateId};
use bytes::Bytes;

/// How many rows of a table a sweep removes at most.
pub(in crate::store) const SWEPT: u32 = 500;

/// `false` if there is a row of that id or number already.
pub(in crate::store::sqlite) fn note(
    desk: &mut WriteTransaction<'_>,
    record: &Record,
    body: Option<&Bytes>,
) -> Result<bool, Failure> {
    let packed = Packed::of(record, body, desk.sealer)?;
    let sql = concat!(insert_into!("journal"), " on conflict do nothing");
    let added = insert(&mut *desk.prepare(sql)?, record, &packed)? > 0;
    if added {
        desk.journaled(record.number, record.created_at);
    }
    Ok(added)
}

pub(in crate::store::sqlite) fn discard(
    desk: &mut WriteTransaction<'_>,
    id: UpdateId,
    state: State,
    now: Timestamp,
) -> Result<bool, Failure> {
    let sql = "update journal set body = null, state = ?2, updated_at = ?3 \
               where id = ?1 and state = 'dead' and body is not null";
    Ok(desk.prepare(sql)?.execute((id.0.as_bytes(), state.as_str(), now.0))? > 0)
}

pub(in crate::store::sqlite) fn sweep(
    desk: &mut WriteTransaction<'_>,
    now: Timestamp,
    journal: Timestamp,
) -> Result<bool, Failure> {
    // The numbers of rows that are gone are not given again.
    let greatest = greatest(desk.connection)?;
    let mut rows = desk.prepare(
        "delete from journal where number in (select number from journal where updated_at < ?1 order by updated_at limit ?2)",
    )?;
    let rows = rows.execute((journal.0, SWEPT))?;
    let mut keys = desk.prepare(
        "delete from idem where id in (select id from idem where expires_at <= ?1 order by expires_at limit ?2)",
    )?;
    let keys = keys.execute((now.0, SWEPT))?;
    if rows > 0 {
        let least: Option<i64> = desk.prepare("select min(number) from journal")?.query_row([], |row| row.get(0))?;
        let gone = least.unwrap_or(i64::MAX) / signed(SPAN)?;
        desk.prepare("delete from span where block < ?1")?.execute([gone])?;
        desk.prepare("insert or replace into meta (name, value) values ('greatest', ?1)")?.execute([greatest])?;
    }
    let most = SWEPT as usize;
    Ok(rows == most || keys == most)
}

/// The greatest number that was ever stored, as far as it was kept.
pub(in crate::store::sqlite) fn greatest(connection: &rusqlite::Connection) -> rusqlite::Result<i64> {
    let sql = "select max(coalesce((select max(number) from ticket), 0), coalesce((select max(number) from journal), 0), \
               coalesce((select value from meta where name = 'greatest'), 0))";
    connection.query_row(sql, [], |row| row.get(0))
}
