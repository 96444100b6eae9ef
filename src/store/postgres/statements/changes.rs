//! What happens to tickets until they end.

use tokio_postgres::Row;
use uuid::Uuid;

use super::{Work, is_mine, millis};
use crate::store::postgres::job::{Locks, Statement, params};
use crate::store::postgres::row::{get, sealed};
use crate::store::postgres::statements::admission::millis as in_millis;
use crate::store::seal::{Purpose, Sealer};
use crate::store::{Incarnation, Postponement, StoreError, Timestamp, UpdateId};

/// All or none. The lines are locked before, and the rows by the statement itself, for what has no line.
///
/// Nothing that a member asks for is started before another ticket of its line that has an earlier place. A member asks for that
/// only if the database has lost the other one's end, in a crash after a commit that was not waited for; the member then
/// reads the line again.
const START: &str = concat!(
    "with asked as materialized (select ticket.state, ticket.scope, ticket.vendor_id, ticket.place, ",
    is_mine!("$3"),
    " as is_mine from ticket where id = any($1::uuid[]) for update), \
    firsts as (select scope, vendor_id, min(place) as place from asked group by scope, vendor_id), \
    earlier as (select 1 from ticket join firsts on ticket.scope = firsts.scope and ticket.vendor_id = firsts.vendor_id \
        and ticket.place < firsts.place where $3::uuid is not null limit 1), \
    fits as (select (select count(*) from asked where is_mine and state in ('queued', 'sending')) = \
        (select count(distinct id) from unnest($1::uuid[]) as id) and not exists (select 1 from earlier) as fits), \
    started as (update ticket set state = 'sending', updated_at = $2, next_attempt_at = null, due = null \
        where id = any($1::uuid[]) and state = 'queued' and (select fits from fits)) \
    select fits from fits"
);

/// What is not sending or belongs to another member stays as it is. The line remembers the doubt by the database's clock.
const POSTPONE: &str = concat!(
    "with waiting as (update ticket set state = 'queued', attempts = least(ticket.attempts + $2, 4294967295), updated_at = $3, \
        next_attempt_at = $4, problem = failed.problem, doubted_at = coalesce($5, ticket.doubted_at), \
        due = clock_timestamp() + ",
    millis!("$6"),
    " from unnest($1::uuid[], $7::bytea[]) as failed(id, problem) \
        where ticket.id = failed.id and ticket.state = 'sending' and ",
    is_mine!("$8"),
    " returning ticket.scope, ticket.vendor_id, ticket.place) \
    update line set doubted_at = greatest(line.doubted_at, clock_timestamp() - ",
    millis!("$9"),
    "), touched = clock_timestamp() \
    from (select distinct scope, vendor_id from waiting where place is not null) as of \
    where $9 is not null and line.scope = of.scope and line.id = of.vendor_id"
);

fn ids_of(ids: &[UpdateId]) -> Vec<Uuid> {
    ids.iter().map(|id| id.0).collect()
}

pub(in crate::store::postgres) fn start(ids: &[UpdateId], now: Timestamp, by: Option<Incarnation>) -> Work {
    let params = params![ids_of(ids), now.0, by.map(|by| by.0)];
    Work::write(Locks::tickets(ids_of(ids)), Statement::new(START, params))
}

pub(in crate::store::postgres) fn started(rows: &[Vec<Row>]) -> Result<bool, StoreError> {
    rows.first().and_then(|rows| rows.first()).map_or(Ok(false), |row| get(row, 0))
}

pub(in crate::store::postgres) fn postpone(sealer: &Sealer, postponement: &Postponement) -> Result<Work, StoreError> {
    let (now, ids) = (postponement.now, &postponement.ids());
    let problems = postponement.changes.iter();
    let problems = problems.map(|(id, problem)| sealed(sealer, *id, Purpose::Problem, Some(problem)));
    let params = params![
        ids_of(ids),
        i64::from(postponement.attempts),
        now.0,
        postponement.next_attempt_at.0,
        postponement.doubted_at.map(|at| at.0),
        in_millis(postponement.next_attempt_at.since(now)),
        problems.collect::<Result<Vec<_>, _>>()?,
        postponement.by.map(|by| by.0),
        postponement.doubted_at.map(|at| in_millis(now.since(at))),
    ];
    Ok(Work::write(Locks::tickets(ids_of(ids)), Statement::new(POSTPONE, params)))
}
