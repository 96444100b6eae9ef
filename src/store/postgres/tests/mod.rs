//! What PostgreSQL promises beyond the suite of every store, on real servers.

mod failing;
mod faults;
mod members;
mod migrating;
mod opening;
mod order;
mod plans;
mod races;
mod reaching;
mod secrets;
mod speed;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::value::PostgresUrl;

use private_postgres::{Database, database};

use crate::store::conformance::samples::*;
use crate::store::postgres::Settings;
use crate::store::{
    Admission, Admitted, Cluster, Ending, Incarnation, KeySource, Line, Membership, Postgres, Record, State, Store,
    Stored,
};

use super::connect::{ConnectError, Connected, Connector};

/// Long enough for a server under load, short enough to wait for where it has to pass.
const LIMIT: Duration = Duration::from_secs(20);

/// A connection that a task drives.
struct Driven {
    client: tokio_postgres::Client,
    adjusted: Vec<(&'static str, String)>,
    /// Cancelled at its end.
    ended: CancellationToken,
    _task: AbortOnDropHandle<()>,
}

impl Driven {
    fn of(connected: Connected) -> Self {
        let Connected { client, driver, adjusted } = connected;
        let ended = CancellationToken::new();
        let guard = ended.clone().drop_guard();
        let task = tokio_util::task::TaskTracker::new().spawn(async move {
            let _guard = guard;
            let _ = driver.run(|_| {}).await;
        });
        Self { client, adjusted, ended, _task: AbortOnDropHandle::new(task) }
    }

    async fn text(&self, query: &str) -> String {
        let messages = self.client.simple_query(query).await.unwrap();
        let row = messages.iter().find_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        row.unwrap().get(0).unwrap_or_default().to_owned()
    }
}

fn connector(url: &str, limit: Duration) -> Connector {
    let url = PostgresUrl::parse(url).unwrap_or_else(|wrong| panic!("{url}: {wrong}"));
    Connector::new(Arc::new(url), limit, Duration::from_secs(6))
}

async fn connect(url: &str) -> Driven {
    Driven::of(connector(url, LIMIT).connect().await.unwrap_or_else(|error| panic!("{url}: {error}")))
}

async fn refused(url: &str) -> ConnectError {
    connector(url, LIMIT).connect().await.expect_err(url)
}

pub(in crate::store) fn settings(database: &Database) -> Settings {
    Settings {
        url: Arc::new(PostgresUrl::parse(&database.url).unwrap()),
        connections: 6,
        timeout: LIMIT,
        prepared: true,
        require_sync: false,
        session_ttl: Duration::from_secs(6),
    }
}

/// A store on an empty database, or on one whose tables are there.
pub(in crate::store) async fn open_with(settings: Settings) -> Postgres {
    Postgres::open(settings, KeySource::Keys(vec![[7; 32]])).await.unwrap()
}

pub(in crate::store) async fn open(database: &Database) -> Postgres {
    open_with(settings(database)).await
}

/// Carries out statements in a database.
async fn run(database: &Database, sql: &str) {
    private_postgres::shared().unwrap().execute(&database.name, sql).await;
}

/// The first column of rows of the shared server.
async fn query(database: &Database, sql: &str) -> Vec<String> {
    private_postgres::shared().unwrap().query(&database.name, sql).await
}

/// A store of one member.
struct Replica {
    store: Postgres,
    id: Incarnation,
}

impl Replica {
    async fn join(database: &Database) -> Self {
        Self::join_with(settings(database)).await
    }

    async fn join_with(settings: Settings) -> Self {
        let (store, id) = (open_with(settings).await, Incarnation::generate());
        store.join(id, "a".into(), "1").await.unwrap();
        Self { store, id }
    }

    fn admission(&self, record: &Record) -> Admission {
        Admission { member: Some(Membership { id: self.id, most_in_line: 1_000 }), ..admission(record) }
    }

    async fn admit(&self, record: &Record) -> Stored {
        stored(self.store.admit(self.admission(record)).await.unwrap())
    }

    fn ending(&self, record: &Record, state: State) -> Ending {
        Ending { by: Some(self.id), ..ending(record, state, 1_000) }
    }

    async fn open_ids(&self, line: Line) -> Option<Vec<crate::store::UpdateId>> {
        let state = self.store.open_tickets(line, self.id, 100).await.unwrap()?;
        Some(state.tickets.iter().map(|ticket| ticket.record.id).collect())
    }
}

fn stored(admitted: Admitted) -> Stored {
    match admitted {
        Admitted::Stored(stored) => stored,
        other => panic!("{other:?}"),
    }
}

/// A change of the line of that name.
fn of_line(name: &str, number: u64) -> Record {
    Record { vendor_id: Some(name.into()), ..record(number) }
}

fn line_of(record: &Record) -> Line {
    record.line().unwrap()
}

/// A change that asks to be sent at once.
fn sending(name: &str, number: u64) -> Record {
    Record { state: State::Sending, ..of_line(name, number) }
}

fn creation(number: u64) -> Record {
    Record { scope: None, vendor_id: None, ..record(number) }
}
