//! Members and their beats.

use std::time::Duration;

use tokio_postgres::Row;

use super::{Work, ago};
use crate::store::postgres::job::{Locks, Statement, params};
use crate::store::postgres::row::{Text, damaged, get, text};
use crate::store::row::unsigned;
use crate::store::{Beat, Incarnation, Member, StoreError, Timestamp};

const JOIN: &str = "insert into replica (id, beat, name, version, joined_at, seen) \
    values ($1, 0, $2, $3, clock_timestamp(), clock_timestamp()) on conflict (id) do nothing";

/// The beat, and what there is to see, in one statement. Lines with open changes are counted in one pass over a table that has
/// only what was in use lately. The timeline is the beginning of the name of the log's file.
const BEAT: &str = concat!(
    "with beating as (update replica set beat = beat + 1, seen = clock_timestamp() where id = $1 returning id, beat), \
    lines as (select owner, count(*) as lines, sum(open) as open from line where open > 0 group by owner), \
    creations as (select admitter, count(*) as open from ticket where scope is null group by admitter) \
    select exists (select 1 from beating), substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8), \
        exists (select 1 from lines where owner is null or not exists (select 1 from replica where id = owner)) \
        or exists (select 1 from creations where admitter is not null and not exists (select 1 from replica where id = admitter)), \
        (coalesce((select sum(open) from lines), 0) + coalesce((select sum(open) from creations), 0))::bigint, \
        exists (select 1 from callback where due_at <= (extract(epoch from clock_timestamp()) * 1000)::bigint), \
        replica.id, coalesce((select beat from beating where beating.id = replica.id), replica.beat), name, version, \
        coalesce((select lines from lines where owner = replica.id), 0), (extract(epoch from joined_at) * 1000)::bigint, \
        case when replica.id = $1 then 0 else ",
    ago!("seen"),
    " end from (values (1)) as one left join replica on true order by joined_at, replica.id"
);

const REMOVE: &str = "delete from replica where id = $1 and beat = $2 returning 1";

/// The lines are locked in the order in which every transaction locks them.
const LEAVE: &str = "\
with gone as (delete from replica where id = $1 returning 1), \
owned as (select scope, id from line where owner = $1 order by scope, id for no key update), \
left_behind as (update line set owner = null from owned where line.scope = owned.scope and line.id = owned.id returning 1) \
select (select count(*) from gone), (select count(*) from left_behind), pg_notify('switchboard', '')";

pub(in crate::store::postgres) fn join(member: Incarnation, name: &str, version: &str) -> Work {
    Work::write(Locks::default(), Statement::new(JOIN, params![member.0, Text::of(name), Text::of(version)]))
}

pub(in crate::store::postgres) fn beat(member: Incarnation) -> Work {
    Work::write(Locks::default(), Statement::new(BEAT, params![member.0]))
}

pub(in crate::store::postgres) fn remove(member: Incarnation, beat: i64) -> Work {
    Work::write(Locks::default(), Statement::new(REMOVE, params![member.0, beat]))
}

pub(in crate::store::postgres) fn leave(member: Incarnation) -> Work {
    Work::write(Locks::default(), Statement::new(LEAVE, params![member.0]))
}

pub(in crate::store::postgres) fn seen(rows: &[Row]) -> Result<Beat, StoreError> {
    let Some(first) = rows.first() else { return Err(damaged("replica")) };
    let is_member = get(first, 0)?;
    let timeline = u32::from_str_radix(get(first, 1)?, 16).map_err(|_| damaged("the timeline"))?;
    let mut members = Vec::with_capacity(rows.len());
    for row in rows {
        if let Some(id) = get(row, 5)? {
            members.push(Member {
                id: Incarnation(id),
                beat: unsigned(get(row, 6)?),
                name: text(row, 7)?,
                version: text(row, 8)?,
                lines: unsigned(get(row, 9)?),
                joined_at: Timestamp(get(row, 10)?),
                silent: Duration::from_millis(unsigned(get(row, 11)?)),
            });
        }
    }
    let open = unsigned(get(first, 3)?);
    Ok(Beat { is_member, timeline, members, orphans: get(first, 2)?, open, callbacks_due: get(first, 4)? })
}
