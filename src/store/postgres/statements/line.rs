//! Lines: who owns them, what waits in them, and what holds them up.

use std::time::Duration;

use tokio_postgres::Row;

use super::{Work, ago, millis};
use crate::store::postgres::job::{Locks, Statement, params};
use crate::store::postgres::row::{Text, get, record, text};
use crate::store::postgres::statements::admission::duration;
use crate::store::row::{Part, columns};
use crate::store::seal::Sealer;
use crate::store::{Incarnation, Line, LineState, OpenTicket, StoreError, UpdateId};

/// A line that another adoption has locked is skipped. Nothing for who is no member.
const ADOPT: &str = "\
with orphaned as (select scope, id from line where open > 0 \
    and (owner is null or not exists (select 1 from replica where replica.id = line.owner)) \
    and exists (select 1 from replica where replica.id = $1) limit $2 for no key update skip locked) \
update line set owner = $1, touched = clock_timestamp() from orphaned \
where line.scope = orphaned.scope and line.id = orphaned.id returning line.scope, line.id";

const ADOPT_CREATIONS: &str = concat!(
    "with orphaned as (select id from ticket where scope is null and admitter is not null \
        and not exists (select 1 from replica where replica.id = ticket.admitter) \
        and exists (select 1 from replica where replica.id = $1) order by number limit $2 for update skip locked), \
    adopted as (update ticket set admitter = $1 from orphaned where ticket.id = orphaned.id returning ticket.*) \
    select ",
    columns!(),
    " from adopted order by number"
);

/// The others hear of it when it is committed.
const RELEASE: &str = "\
with released as (update line set owner = null, touched = clock_timestamp() \
    from unnest($1::text[], $2::text[]) as named(scope, id) \
    where line.scope = named.scope and line.id = named.id and line.owner = $3 returning line.open) \
select count(pg_notify('switchboard', '')) from released where open > 0";

/// The first in the order of their places, and as many dead ones that hold up the line: those must not hide what is to expire
/// behind them. One row without a record if none waits, and no row for who does not own the line.
const OPEN: &str = concat!(
    "select found.*, ",
    ago!("line.doubted_at"),
    " from line left join lateral (select * from ((select ",
    columns!(),
    ", place, greatest(extract(epoch from expires - clock_timestamp()) * 1000, 0)::bigint as expires_in, \
        greatest(extract(epoch from due - clock_timestamp()) * 1000, 0)::bigint as due_in, \
        exists (select 1 from replica where replica.id = ticket.admitter) as is_waited_for from ticket \
        where ticket.scope = line.scope and ticket.vendor_id = line.id and place is not null order by place limit $4) \
    union all (select dead.number, dead.id, dead.request_id, dead.state, dead.mode, dead.operation, dead.assistant, \
        dead.vendor, dead.vendor_id, dead.scope, dead.client, dead.fields, dead.attempts, dead.created_at, dead.updated_at, \
        dead.next_attempt_at, dead.expires_at, dead.doubted_at, dead.sent_with, dead.replay_of, dead.answer, dead.problem, \
        held.place, 0, 0, false from held cross join lateral journal_row(held.id) as dead \
        where held.scope = line.scope and held.vendor_id = line.id order by held.place limit $4)) as either) as found on true \
    where line.scope = $1 and line.id = $2 and line.owner = $3 order by found.place"
);

const UNTOUCHED: &str = concat!(
    "select scope, id from line where owner = $1 and open > 0 and touched < clock_timestamp() - ",
    millis!("$2"),
    " order by touched limit $3"
);

pub(in crate::store::postgres) fn untouched(member: Incarnation, idle: Duration, limit: usize) -> Work {
    let idle = i64::try_from(idle.as_millis()).unwrap_or(i64::MAX);
    Work::read(Statement::new(UNTOUCHED, params![member.0, idle, limit_of(limit)]))
}

/// Only by the line's owner. The line is locked before.
const LET_GO: &str = "\
with freed as (delete from held where id = any($3::uuid[]) and scope = $1 and vendor_id = $2 \
    and exists (select 1 from line where scope = $1 and id = $2 and owner = $4) returning 1), \
gone as (select count(*)::integer as gone from freed) \
update line set open = greatest(line.open - gone.gone, 0), touched = clock_timestamp(), \
    owner = case when line.open <= gone.gone then null else line.owner end \
from gone where line.scope = $1 and line.id = $2 and gone.gone > 0";

fn limit_of(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

pub(in crate::store::postgres) fn adopt(member: Incarnation, limit: usize) -> Work {
    Work::write(Locks::default(), Statement::new(ADOPT, params![member.0, limit_of(limit)]))
}

pub(in crate::store::postgres) fn adopted(row: &Row) -> Result<Line, StoreError> {
    Ok(Line { scope: text(row, 0)?.into(), id: text(row, 1)?.into() })
}

pub(in crate::store::postgres) fn adopt_creations(member: Incarnation, limit: usize) -> Work {
    Work::write(Locks::default(), Statement::new(ADOPT_CREATIONS, params![member.0, limit_of(limit)]))
}

pub(in crate::store::postgres) fn release(lines: &[Line], member: Incarnation) -> Work {
    let names: Vec<_> = lines.iter().map(|line| (Text::of(&line.scope), Text::of(&line.id))).collect();
    let (scopes, ids): (Vec<Text>, Vec<Text>) = names.iter().cloned().unzip();
    let locks = Locks { lines: names, ..Locks::default() };
    Work::write(locks, Statement::new(RELEASE, params![scopes, ids, member.0]))
}

pub(in crate::store::postgres) fn open_tickets(line: &Line, member: Incarnation, limit: usize) -> Work {
    let params = params![Text::of(&line.scope), Text::of(&line.id), member.0, limit_of(limit)];
    Work::read(Statement::new(OPEN, params))
}

/// The columns behind those of a record.
const EXPIRES_IN: usize = 23;
const DUE_IN: usize = 24;
const IS_WAITED_FOR: usize = 25;
const DOUBTED_AGO: usize = 26;

pub(in crate::store::postgres) fn line_state(sealer: &Sealer, rows: &[Row]) -> Result<Option<LineState>, StoreError> {
    let Some(first) = rows.first() else { return Ok(None) };
    let doubted_ago = duration(get(first, DOUBTED_AGO)?);
    let mut tickets = Vec::with_capacity(rows.len());
    for row in rows {
        if get::<Option<i64>>(row, 0)?.is_none() {
            continue;
        }
        tickets.push(OpenTicket {
            record: record(row, sealer, Part::Open)?,
            expires_in: duration(get(row, EXPIRES_IN)?).unwrap_or_default(),
            due_in: duration(get(row, DUE_IN)?).unwrap_or_default(),
            is_waited_for: get(row, IS_WAITED_FOR)?,
        });
    }
    Ok(Some(LineState { tickets, doubted_ago }))
}

pub(in crate::store::postgres) fn let_go(line: &Line, dead: &[UpdateId], member: Incarnation) -> Work {
    let (scope, id) = (Text::of(&line.scope), Text::of(&line.id));
    let locks = Locks { lines: vec![(scope.clone(), id.clone())], ..Locks::default() };
    let dead: Vec<_> = dead.iter().map(|id| id.0).collect();
    Work::write(locks, Statement::new(LET_GO, params![scope, id, dead, member.0]))
}
