//! Rows of the journal that no ticket becomes, and how they leave.

use tokio_postgres::Row;

use super::Work;
use super::admission::record_params;
use crate::store::noted::Note;
use crate::store::postgres::job::{Locks, Statement, params};
use crate::store::postgres::row::get;
use crate::store::row::{columns, unsigned};
use crate::store::seal::Sealer;
use crate::store::{State, StoreError, Timestamp, UpdateId};

/// How many rows of a table a sweep removes at most.
const SWEPT: i64 = 500;

/// A number of 0 means that the database gives it.
const NOTE: &str = concat!(
    "insert into journal (",
    columns!(),
    ", body) values (case when $1 = 0 then nextval('change_number') else $1 end, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, \
     $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23) on conflict do nothing returning number"
);

/// If it holds up its line, the line goes on, and its owner hears of it.
const DISCARD: &str = "\
with discarded as (update journal set body = null, state = $2, updated_at = $3 \
    where id = $1 and state = 'dead' and body is not null returning id), \
freed as (delete from held using discarded where held.id = discarded.id returning held.scope, held.vendor_id), \
counted as (update line set open = greatest(line.open - 1, 0), touched = clock_timestamp(), \
    owner = case when line.open <= 1 then null else line.owner end \
    from freed where line.scope = freed.scope and line.id = freed.vendor_id returning line.open) \
select exists (select 1 from discarded), (select count(pg_notify('switchboard', '')) from counted where open > 0)";

/// The ids are an array, so that each is looked up in its own partition. What holds up its line stays.
const SWEEP_JOURNAL: &str = "delete from journal where id = any(array(select id from journal where updated_at < $1 \
    and not exists (select 1 from held where held.id = journal.id) order by updated_at limit $2)) returning 1";

/// A key that is being taken again is skipped.
const SWEEP_KEYS: &str = "delete from idem where id = any(array(select id from idem where expires_at <= $1 \
    order by expires_at limit $2 for update skip locked)) and expires_at <= $1 returning 1";

const SWEEP_REPLIES: &str = "delete from reply where id = any(array(select id from reply \
    where at < clock_timestamp() - interval '5 minutes' order by at limit $1)) returning 1";

/// A line that has stood still is a row for nothing; a doubt outlives the longest timeout of an attempt by far.
const SWEEP_LINES: &str = "delete from line using (select scope, id from line where open = 0 \
    and touched < clock_timestamp() - interval '10 minutes' \
    and (doubted_at is null or doubted_at < clock_timestamp() - interval '1 hour') limit $1 for update skip locked) as idle \
    where line.scope = idle.scope and line.id = idle.id and line.open = 0 returning 1";

/// What metrics show of the database as a whole.
const MEASURE: &str = "select (select count(*) from callback), pg_database_size(current_database())";

/// The days around today: a process whose clock is wrong by less than one writes into a partition of its own.
const MAKE_PARTITIONS: &str =
    "select make_partitions((now() at time zone 'utc')::date - 1, (now() at time zone 'utc')::date + 3)";

/// What ended a day before is dropped with its partition.
const DROP_PARTITION: &str = "select drop_partition($1)";

pub(in crate::store::postgres) fn note(sealer: &Sealer, note: &Note) -> Result<Work, StoreError> {
    let statement = Statement::new(NOTE, record_params(sealer, &note.record, note.body.as_ref())?);
    Ok(Work { statements: vec![statement], is_lax: true, ..Work::default() })
}

pub(in crate::store::postgres) fn discard(id: UpdateId, state: State, now: Timestamp) -> Work {
    let locks = Locks { held: vec![id.0], ..Locks::default() };
    Work::write(locks, Statement::new(DISCARD, params![id.0, state.as_str(), now.0]))
}

pub(in crate::store::postgres) fn sweep(now: Timestamp, journal: Timestamp) -> Work {
    let statements = vec![
        Statement::new(SWEEP_JOURNAL, params![journal.0, SWEPT]),
        Statement::new(SWEEP_KEYS, params![now.0, SWEPT]),
        Statement::new(SWEEP_REPLIES, params![SWEPT]),
        Statement::new(SWEEP_LINES, params![SWEPT]),
        Statement::new(MEASURE, Vec::new()),
    ];
    Work { statements, is_loose: true, ..Work::default() }
}

/// Whether there may be more to sweep.
pub(in crate::store::postgres) fn has_more(rows: &[Vec<Row>]) -> bool {
    rows.iter().take(4).any(|rows| i64::try_from(rows.len()).is_ok_and(|rows| rows >= SWEPT))
}

/// How many callbacks wait, and the bytes of the database.
pub(in crate::store::postgres) fn measured(rows: &[Row]) -> Result<(i64, u64), StoreError> {
    rows.first().map_or(Ok((0, 0)), |row| Ok((get(row, 0)?, unsigned(get(row, 1)?))))
}

/// What is needed before the first statement.
pub(in crate::store::postgres) fn begin() -> Work {
    let greatest = "select greatest((select max(number) from ticket), (select max(number) from journal), 0)";
    let statements = vec![
        Statement::new(MAKE_PARTITIONS, Vec::new()),
        Statement::new(greatest, Vec::new()),
        Statement::new(MEASURE, Vec::new()),
    ];
    Work { statements, is_loose: true, ..Work::default() }
}

/// Makes the partitions of the next days, and drops one that is kept no longer. Each gives up if it would have to wait.
pub(in crate::store::postgres) fn partitions(journal: Timestamp) -> [Work; 2] {
    let [make, drop] =
        [Statement::new(MAKE_PARTITIONS, Vec::new()), Statement::new(DROP_PARTITION, params![journal.0])];
    [make, drop].map(|statement| Work::write(Locks::default(), statement))
}
