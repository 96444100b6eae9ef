//! Locks that a transaction takes before anything else.

use uuid::Uuid;

use crate::store::postgres::job::{Job, Statement, params};
use crate::store::postgres::row::Text;

/// Locks all lines of a transaction in the order of their names, and makes those that are missing. A line is locked by an
/// update that changes nothing and writes nothing; a snapshot that a later statement takes then sees the line as it is.
const LINES: &str = "\
insert into line (scope, id, number, open, touched) \
select scope, id, 0, 0, clock_timestamp() from ( \
    select scope, id from unnest($1::text[], $2::text[]) as named(scope, id) \
    union select line.scope, line.id from ticket join line on line.scope = ticket.scope and line.id = ticket.vendor_id \
        where ticket.id = any($3::uuid[]) \
    union select scope, vendor_id from held where id = any($4::uuid[])) as wanted \
order by scope, id on conflict (scope, id) do update set open = line.open where false";

/// Locks the tickets that have no line, whose lock is their own row.
const CREATIONS: &str = "select 1 from ticket where id = any($1::uuid[]) and scope is null order by id for update";

/// Locks keys that are taken. An insert waits for another one of the same key; with two keys in a transaction two of them
/// could wait for each other.
const KEYS: &str =
    "select pg_advisory_xact_lock(key) from (select key from unnest($1::bigint[]) as key order by key) as sorted";

/// What a transaction of these jobs locks first.
pub(in crate::store::postgres) fn lock(jobs: &[Job]) -> Vec<Statement> {
    let lines = jobs.iter().flat_map(|job| &job.locks.lines);
    let (scopes, ids): (Vec<Text>, Vec<Text>) = lines.cloned().unzip();
    let tickets: Vec<Uuid> = jobs.iter().flat_map(|job| &job.locks.tickets).copied().collect();
    let held: Vec<Uuid> = jobs.iter().flat_map(|job| &job.locks.held).copied().collect();
    let mut keys: Vec<i64> = jobs.iter().filter_map(|job| job.locks.key).collect();
    let mut statements = Vec::new();
    let creations = (tickets.len() > 1).then(|| Statement::new(CREATIONS, params![tickets.clone()]));
    if !(scopes.is_empty() && tickets.is_empty() && held.is_empty()) {
        statements.push(Statement::new(LINES, params![scopes, ids, tickets, held]));
    }
    statements.extend(creations);
    keys.sort_unstable();
    keys.dedup();
    if keys.len() > 1 {
        statements.push(Statement::new(KEYS, params![keys]));
    }
    statements
}
