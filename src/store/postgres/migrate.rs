//! The tables, and how those of an older version become the present ones.
//!
//! A migration first only adds; what it replaces is removed by a later version, once no replica of the old one is left. So
//! replicas of two versions run side by side, unless a migration's `min_reader` says that an older one would misread the tables.
//!
//! One replica migrates, under an advisory lock that ends with its transaction, so that a pooler in transaction mode does no harm
//! and a replica that dies leaves nothing behind. Names are found by the connection's `search_path`, of which the first schema
//! that there is gets the tables.

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::store::failpoint::{Point, reach};

use super::connect::rows;

/// The advisory lock under which tables are made: "SWDB" and a number.
const LOCK: i64 = 0x5357_4442_0000_0001;

/// One step from a version to the next. The version after it is its place in the list, counted from 1.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct Migration {
    /// The oldest version of the code that can still use the tables afterwards.
    pub(in crate::store) min_reader: i64,
    /// Its statements.
    pub(in crate::store) sql: &'static str,
}

/// Why the tables cannot be used or made.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The tables are of a newer version.
    #[error(
        "the tables in schema `{schema}` need version {min_reader} of the store, and this program has {present}: it is older than \
         the replicas that made them; run the newer one"
    )]
    Newer {
        /// The schema.
        schema: String,
        /// The version that they need.
        min_reader: i64,
        /// The version that this program has.
        present: i64,
    },
    /// The tables are another program's.
    #[error(
        "schema `{schema}` has tables of another program ({what}); give the store a database or a schema of its own: \
         `create schema switchboard authorization {role}`, `alter role {role} set search_path = switchboard`"
    )]
    Foreign {
        /// The schema.
        schema: String,
        /// The role.
        role: String,
        /// What shows it.
        what: String,
    },
    /// There is no schema to make them in.
    #[error(
        "the `search_path` of role `{role}` ({path}) names no schema that there is and that it may use: `create schema switchboard \
         authorization {role}`, `alter role {role} set search_path = switchboard`"
    )]
    NoSchema {
        /// The role.
        role: String,
        /// Its search path.
        path: String,
    },
    /// The role may not make tables.
    #[error(
        "role `{role}` may not make tables in schema `{schema}` ({why}): `grant usage, create on schema {schema} to {role}`, or \
         `create schema switchboard authorization {role}` and `alter role {role} set search_path = switchboard`"
    )]
    Forbidden {
        /// The schema.
        schema: String,
        /// The role.
        role: String,
        /// The server's words.
        why: String,
    },
    /// It failed for another reason.
    #[error("the tables cannot be made: {0}")]
    Failed(String),
}

/// Where the tables are, and who uses them.
struct SchemaAndRole {
    schema: String,
    role: String,
}

/// Makes the tables, or brings them to the present version, in one transaction.
pub(in crate::store) async fn migrate(client: &Client, migrations: &[Migration]) -> Result<(), MigrateError> {
    let present = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    let place = place(client).await?;
    // A role that may not make tables can use those that are there.
    if state(client, &place, present).await? >= present {
        return Ok(());
    }
    let migrated = locked(client, &place, migrations, present).await;
    if migrated.is_err() {
        // A connection that is gone has rolled back by itself.
        let _ = client.batch_execute("rollback").await;
    }
    migrated
}

async fn locked(
    client: &Client,
    place: &SchemaAndRole,
    migrations: &[Migration],
    present: i64,
) -> Result<(), MigrateError> {
    let failed = |error: tokio_postgres::Error| place.failure(&error);
    client.batch_execute("begin").await.map_err(failed)?;
    rows(client, &format!("select pg_advisory_xact_lock({LOCK})")).await.map_err(failed)?;
    // Another replica may have been quicker.
    let version = state(client, place, present).await?;
    if version == 0 {
        let table = "create table if not exists schema_version \
                     (version bigint primary key, min_reader bigint not null, at timestamptz not null default now())";
        client.batch_execute(table).await.map_err(failed)?;
    }
    for (step, version) in migrations.iter().zip(1_i64..).skip(usize::try_from(version).unwrap_or_default()) {
        client.batch_execute(step.sql).await.map_err(failed)?;
        let row = format!("insert into schema_version (version, min_reader) values ({version}, {})", step.min_reader);
        client.batch_execute(&row).await.map_err(failed)?;
    }
    reach(Point::InMigration);
    client.batch_execute("commit").await.map_err(failed)
}

async fn place(client: &Client) -> Result<SchemaAndRole, MigrateError> {
    let query = "select current_schema(), current_user, current_setting('search_path')";
    let row = rows(client, query).await.map_err(|error| MigrateError::Failed(words(&error)))?.into_iter().next();
    let get = |index: usize| row.as_ref().and_then(|row| row.get(index)).map(str::to_owned);
    let role = get(1).unwrap_or_default();
    match get(0) {
        Some(schema) => Ok(SchemaAndRole { schema, role }),
        None => Err(MigrateError::NoSchema { role, path: get(2).unwrap_or_default() }),
    }
}

/// The version of the tables; 0 where there are none.
async fn state(client: &Client, place: &SchemaAndRole, present: i64) -> Result<i64, MigrateError> {
    let failed = |error: tokio_postgres::Error| place.failure(&error);
    // Only in the schema that new tables go to: another one of the path may have a table of that name.
    let columns = "select string_agg(attname, ',' order by attname) from pg_attribute \
                   where attnum > 0 and not attisdropped and attrelid = (select c.oid from pg_class c \
                   join pg_namespace n on n.oid = c.relnamespace \
                   where n.nspname = current_schema() and c.relname = 'schema_version')";
    let row = rows(client, columns).await.map_err(failed)?.into_iter().next();
    match row.as_ref().and_then(|row| row.get(0)) {
        None => return Ok(0),
        Some("at,min_reader,version") => {}
        Some(_) => return Err(place.foreign("its `schema_version` has other columns")),
    }
    let read = "select coalesce(max(version), 0), coalesce(max(min_reader), 0) from schema_version";
    let row = rows(client, read).await.map_err(failed)?.into_iter().next();
    let number = |index: usize| row.as_ref().and_then(|row| row.get(index)?.parse::<i64>().ok()).unwrap_or_default();
    let (version, min_reader) = (number(0), number(1));
    if min_reader > present {
        return Err(MigrateError::Newer { schema: place.schema.clone(), min_reader, present });
    }
    Ok(version)
}

impl SchemaAndRole {
    fn foreign(&self, what: impl Into<String>) -> MigrateError {
        MigrateError::Foreign { schema: self.schema.clone(), role: self.role.clone(), what: what.into() }
    }

    fn failure(&self, error: &tokio_postgres::Error) -> MigrateError {
        match error.code() {
            Some(code) if *code == SqlState::INSUFFICIENT_PRIVILEGE => {
                MigrateError::Forbidden { schema: self.schema.clone(), role: self.role.clone(), why: words(error) }
            }
            Some(code) if [SqlState::DUPLICATE_TABLE, SqlState::DUPLICATE_OBJECT].contains(code) => {
                self.foreign(words(error))
            }
            _ => MigrateError::Failed(words(error)),
        }
    }
}

fn words(error: &tokio_postgres::Error) -> String {
    error
        .as_db_error()
        .map_or_else(|| error.to_string(), |error| format!("{}: {}", error.code().code(), error.message()))
}
