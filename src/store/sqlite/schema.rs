//! The tables, and how those of an older version become the present ones.
//!
//! A migration first only adds; what it replaces is removed by a later version, once no reader of the old one is left. So an
//! older binary may open a newer file, unless a migration's `min_reader` says that it would misread it.

use rusqlite::Connection;

use crate::store::failpoint::{Point, reach};

use super::failure::OpenFailure;

/// What a file of this gateway has in its head, so that no other database is taken for one.
const APPLICATION_ID: i64 = 0x5357_4244;

/// One step from a version to the next. The version after it is its place in the list, counted from 1.
struct Migration {
    /// The oldest version of the code that can still use the file afterwards.
    min_reader: i64,
    sql: &'static str,
}

const MIGRATIONS: &[Migration] = &[Migration { min_reader: 1, sql: FIRST }];

/// `ticket` and `journal` have the same columns; the large ones stand last, so that a search does not read them. `span` holds,
/// for each block of numbers in the journal, the oldest and the newest time of admission: a search by time looks there
/// first, since numbers follow the clock only roughly.
///
/// `auto_vacuum` stays off: what a sweep frees is used by the next rows, so a file under a constant load keeps its size, and
/// nothing is moved inside it. `VACUUM` in a maintenance window shrinks a file whose load became less for good.
const FIRST: &str = "
create table meta (name text primary key, value any) strict, without rowid;
create table seal_key (id blob primary key, value blob not null) strict, without rowid;

create table ticket (
    number integer primary key, id blob not null unique, request_id text not null, state text not null, mode text not null,
    operation text not null, assistant text not null, vendor text not null, vendor_id text, scope text, client text,
    fields text not null, attempts integer not null, created_at integer not null, updated_at integer not null,
    next_attempt_at integer, expires_at integer not null, doubted_at integer, sent_with blob not null, replay_of blob,
    answer blob, problem blob, body blob
) strict;
create index ticket_line on ticket(scope, vendor_id);
create index ticket_request on ticket(request_id);
create index ticket_replay on ticket(replay_of) where replay_of is not null;

create table journal (
    number integer primary key, id blob not null unique, request_id text not null, state text not null, mode text not null,
    operation text not null, assistant text not null, vendor text not null, vendor_id text, scope text, client text,
    fields text not null, attempts integer not null, created_at integer not null, updated_at integer not null,
    next_attempt_at integer, expires_at integer not null, doubted_at integer, sent_with blob not null, replay_of blob,
    answer blob, problem blob, body blob
) strict;
create index journal_line on journal(scope, vendor_id);
create index journal_client on journal(client);
create index journal_vendor on journal(vendor);
create index journal_request on journal(request_id);
create index journal_state on journal(state) where state <> 'applied';
create index journal_replay on journal(replay_of) where replay_of is not null;
create index journal_doubted on journal(doubted_at) where doubted_at is not null;
create index journal_ended on journal(updated_at);
create table span (block integer primary key, oldest integer not null, newest integer not null) strict;

create table idem (
    owner text not null, key text not null, fingerprint blob not null, id blob not null, unknown integer,
    expires_at integer, answer blob, primary key (owner, key)
) strict, without rowid;
create unique index idem_id on idem(id);
create index idem_expiry on idem(expires_at) where expires_at is not null;

create table callback (id blob primary key, client text not null, tries integer not null, due_at integer not null)
    strict, without rowid;
create index callback_client on callback(client, due_at);
";

/// Makes the tables, or brings them to the present version, in one transaction.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), OpenFailure> {
    migrate_to(connection, MIGRATIONS)
}

fn migrate_to(connection: &mut Connection, migrations: &[Migration]) -> Result<(), OpenFailure> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let application: i64 = transaction.query_row("pragma application_id", [], |row| row.get(0))?;
    let tables: i64 = transaction.query_row("select count(*) from sqlite_schema", [], |row| row.get(0))?;
    if tables > 0 && application != APPLICATION_ID {
        return Err(OpenFailure::Foreign);
    }
    if tables == 0 {
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.execute_batch(
            "create table schema_version (version integer primary key, min_reader integer not null, at integer not null) strict",
        )?;
    }
    let of_file = "select coalesce(max(version), 0), coalesce(max(min_reader), 0) from schema_version";
    let (version, min_reader): (i64, i64) = transaction.query_row(of_file, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let present = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    if min_reader > present {
        return Err(OpenFailure::Newer { min_reader, present });
    }
    for (step, version) in migrations.iter().zip(1_i64..).skip(usize::try_from(version).unwrap_or_default()) {
        transaction.execute_batch(step.sql)?;
        let row = (version, step.min_reader, crate::store::Timestamp::now().0);
        transaction.execute("insert into schema_version values (?1, ?2, ?3)", row)?;
    }
    reach(Point::InMigration);
    transaction.commit()?;
    Ok(())
}
