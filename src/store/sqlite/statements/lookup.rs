//! Single records, and those of one question.

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Params, params};

use crate::store::row::{Part, columns};
use crate::store::seal::{Purpose, Sealer};
use crate::store::sqlite::failure::Failure;
use crate::store::sqlite::row::{record as read, signed};
use crate::store::{Line, Record, RecordsOf, Timestamp, UpdateId};

/// The tables of records. A ticket that becomes a row of the journal between two searches is found by the second.
pub(super) const TABLES: [&str; 2] = ["ticket", "journal"];

pub(in crate::store::sqlite) fn record(
    connection: &Connection,
    sealer: &Sealer,
    id: UpdateId,
) -> Result<Option<Record>, Failure> {
    if let Some(ticket) = ticket(connection, sealer, id)? {
        return Ok(Some(ticket));
    }
    first(connection, sealer, concat!("select ", columns!(), " from journal where id = ?1"), [id.0.as_bytes()])
}

/// The ticket of that id.
pub(in crate::store::sqlite) fn ticket(
    connection: &Connection,
    sealer: &Sealer,
    id: UpdateId,
) -> Result<Option<Record>, Failure> {
    first(connection, sealer, concat!("select ", columns!(), " from ticket where id = ?1"), [id.0.as_bytes()])
}

fn first(connection: &Connection, sealer: &Sealer, sql: &str, params: impl Params) -> Result<Option<Record>, Failure> {
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement.query_row(params, |row| Ok(read(row, sealer, Part::Whole)));
    found.optional()?.transpose()
}

fn all(
    connection: &Connection,
    sealer: &Sealer,
    part: Part,
    sql: &str,
    params: impl Params,
) -> Result<Vec<Record>, Failure> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(read(row, sealer, part)?);
    }
    Ok(records)
}

pub(in crate::store::sqlite) fn record_of_request(
    connection: &Connection,
    sealer: &Sealer,
    owner: &RecordsOf,
    request_id: &str,
) -> Result<Option<Record>, Failure> {
    let (anyone, client) = match owner {
        RecordsOf::All => (true, None),
        RecordsOf::Client(client) => (false, client.as_deref()),
    };
    newest(|table| {
        let sql = format!(
            "select {} from {table} where request_id = ?1 and (?2 or client is ?3) order by number desc limit 1",
            columns!()
        );
        first(connection, sealer, &sql, (request_id, anyone, client))
    })
}

pub(in crate::store::sqlite) fn replay_of(
    connection: &Connection,
    sealer: &Sealer,
    id: UpdateId,
) -> Result<Option<Record>, Failure> {
    newest(|table| {
        let sql = format!("select {} from {table} where replay_of = ?1 order by number desc limit 1", columns!());
        first(connection, sealer, &sql, [id.0.as_bytes()])
    })
}

fn newest(find: impl Fn(&str) -> Result<Option<Record>, Failure>) -> Result<Option<Record>, Failure> {
    let [ticket, row] = TABLES.map(find);
    Ok([ticket?, row?].into_iter().flatten().max_by_key(|record| record.number))
}

pub(in crate::store::sqlite) fn bodies(
    connection: &Connection,
    sealer: &Sealer,
    ids: &[UpdateId],
) -> Result<Vec<Option<Bytes>>, Failure> {
    let mut of_ticket = connection.prepare_cached("select body from ticket where id = ?1")?;
    let mut of_row = connection.prepare_cached("select body from journal where id = ?1")?;
    let mut body = |id: &UpdateId| {
        let mut sealed: Option<Option<Vec<u8>>> =
            of_ticket.query_row([id.0.as_bytes()], |row| row.get(0)).optional()?;
        if sealed.is_none() {
            sealed = of_row.query_row([id.0.as_bytes()], |row| row.get(0)).optional()?;
        }
        Ok(sealed.flatten().map(|sealed| sealer.open(*id, Purpose::Body, &sealed)).transpose()?)
    };
    ids.iter().map(&mut body).collect()
}

pub(in crate::store::sqlite) fn newer(
    connection: &Connection,
    sealer: &Sealer,
    line: &Line,
    number: u64,
    fields: &[String],
) -> Result<Vec<Record>, Failure> {
    let fields = serde_json::to_string(fields).map_err(|error| Failure::Input(error.to_string()))?;
    let mut records = Vec::new();
    for table in ["journal", "ticket"] {
        let sql = format!(
            "select {} from {table} as record where scope = ?1 and vendor_id = ?2 and number > ?3 \
             and state in ('queued', 'sending', 'applied') and (?4 = '[]' or operation = 'delete' or exists \
             (select 1 from json_each(record.fields) as sent, json_each(?4) as asked where sent.value = asked.value)) \
             order by number",
            columns!()
        );
        let params = params![&*line.scope, &*line.id, signed(number).unwrap_or(i64::MAX), fields];
        records.extend(all(connection, sealer, Part::Whole, &sql, params)?);
    }
    records.sort_by_key(|record| record.number);
    Ok(records)
}

pub(in crate::store::sqlite) fn tickets(connection: &Connection, sealer: &Sealer) -> Result<Vec<Record>, Failure> {
    all(connection, sealer, Part::Open, concat!("select ", columns!(), " from ticket order by number"), [])
}

pub(in crate::store::sqlite) fn unsettled(
    connection: &Connection,
    sealer: &Sealer,
    since: Timestamp,
) -> Result<Vec<Record>, Failure> {
    let sql = concat!("select ", columns!(), " from journal where doubted_at > ?1 order by number");
    all(connection, sealer, Part::Whole, sql, [since.0])
}
