//! Shared state in PostgreSQL, on a connection of its own.
//!
//! Statements are not prepared: there are few, and so no pooler can lose them. Those that are sent together share a round trip.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::time::timeout;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};
use uuid::Uuid;

use super::statements as sql;
use super::{AccountState, CatalogKey, Grant, Probe, SharedState, TokenRequest};
use crate::store::record::UpdateId;
use crate::store::seal::{Purpose, Sealer};
use crate::store::{Pending, StoreError};
use crate::value::Lock;

/// The longest that a pause, a limit's window or an opening may be: a hundred years fit twice into a `bigint` of nanoseconds.
const MOST: Duration = Duration::from_secs(100 * 365 * 86_400);
/// The longest pause, which `upstream` knows too.
const MAX_PAUSE: Duration = Duration::from_mins(5);

/// How often a limit is asked at most.
const MAX_ROUNDS: usize = 4;

/// Connects: a client, and what has to run for it.
pub(in crate::store) type Connect = Box<dyn Fn() -> Pending<'static, (Client, Pending<'static, ()>)> + Send + Sync>;

/// Shared state in PostgreSQL.
pub struct SharedPostgres {
    connect: Connect,
    timeout: Duration,
    sealer: Arc<Sealer>,
    connection: Lock<Option<Connection>>,
    tasks: TaskTracker,
}

/// A connection, which ends when it is dropped.
#[derive(Clone)]
struct Connection {
    client: Arc<Client>,
    ended: CancellationToken,
    _driver: Arc<AbortOnDropHandle<()>>,
}

type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

impl SharedPostgres {
    /// Not connected yet. Catalogs are sealed.
    pub(in crate::store) fn new(connect: Connect, sealer: Arc<Sealer>, timeout: Duration) -> Self {
        Self { connect, timeout, sealer, connection: Lock::default(), tasks: TaskTracker::new() }
    }

    fn connection(&self) -> Option<Connection> {
        self.connection.lock().clone()
    }

    fn set(&self, connection: Option<Connection>) {
        *self.connection.lock() = connection;
    }

    /// Gives a connection up, unless there is another one by now.
    fn give_up(&self, broken: &Connection) {
        let mut present = self.connection.lock();
        present.take_if(|present| Arc::ptr_eq(&present.client, &broken.client));
    }

    /// What a statement returns; after a failure there is no connection.
    async fn query(&self, statement: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, StoreError> {
        let Some(connection) = self.connection() else { return Err(failed("there is no connection")) };
        let answered = timeout(self.timeout, connection.client.query_typed(statement, parameters)).await;
        let result = match answered {
            Ok(Ok(rows)) => return Ok(rows),
            Ok(Err(error)) => Err(StoreError::Unknown(words(&error))),
            Err(_) => Err(StoreError::Unknown("PostgreSQL does not answer in time".into())),
        };
        self.give_up(&connection);
        result
    }

    async fn connect_now(&self) -> Result<(), StoreError> {
        self.set(None);
        let (client, driver) = timeout(self.timeout, (self.connect)())
            .await
            .map_err(|_| failed("PostgreSQL cannot be reached in time"))??;
        let ended = CancellationToken::new();
        let at_end = ended.clone().drop_guard();
        let driver = self.tasks.spawn(async move {
            let _at_end = at_end;
            // Why it ends shows in the statements.
            let _ = driver.await;
        });
        let driver = Arc::new(AbortOnDropHandle::new(driver));
        self.set(Some(Connection { client: Arc::new(client), ended, _driver: driver }));
        for statement in sql::SWEEP {
            self.query(statement, &[]).await?;
        }
        Ok(())
    }

    /// Takes tokens. Limits that had no row have one then, and are asked again, as are those that occur twice.
    async fn take_all(&self, requests: Vec<TokenRequest>) -> Result<Vec<Grant>, StoreError> {
        let mut grants = vec![None; requests.len()];
        for _ in 0..MAX_ROUNDS {
            let open = requests.iter().enumerate().filter(|(index, _)| grants.get(*index) == Some(&None));
            let places: BTreeMap<&str, usize> = open.rev().map(|(index, request)| (&*request.key, index)).collect();
            if places.is_empty() {
                break;
            }
            let asked: Vec<_> = places.values().filter_map(|index| requests.get(*index)).collect();
            for row in self.take_once(&asked).await? {
                let place = places.get(get::<&str>(&row, 0)?).and_then(|index| grants.get_mut(*index));
                if let (Some(place), Some(grant)) = (place, grant(&row)?) {
                    *place = Some(grant);
                }
            }
        }
        Ok(grants.into_iter().map(Option::unwrap_or_default).collect())
    }

    async fn take_once(&self, asked: &[&TokenRequest]) -> Result<Vec<Row>, StoreError> {
        let column = |of: &dyn Fn(&TokenRequest) -> u32| -> Vec<i32> {
            asked.iter().map(|request| i32::try_from(of(request)).unwrap_or(i32::MAX)).collect()
        };
        let keys: Vec<&str> = asked.iter().map(|request| &*request.key).collect();
        let costs: Vec<i64> = asked.iter().map(|request| nanos(request.interval).max(1)).collect();
        let bursts = column(&|request| burst(request));
        let (replicas, wanted) = (column(&|request| request.replicas), column(&|request| request.tokens));
        let emptied: Vec<bool> = asked.iter().map(|request| request.is_emptied).collect();
        let blocks = column(&|request| request.block.max(1));
        let parameters: [Parameter<'_>; 7] = [
            (&keys, Type::TEXT_ARRAY),
            (&costs, Type::INT8_ARRAY),
            (&bursts, Type::INT4_ARRAY),
            (&replicas, Type::INT4_ARRAY),
            (&wanted, Type::INT4_ARRAY),
            (&emptied, Type::BOOL_ARRAY),
            (&blocks, Type::INT4_ARRAY),
        ];
        self.query(sql::TAKE, &parameters).await
    }

    async fn look_now(&self) -> Result<Vec<AccountState>, StoreError> {
        let rows = self.query(sql::LOOK, &[]).await?;
        let state = |row: &Row| {
            let is_open: bool = get(row, 4)?;
            let open = if is_open { Some(duration(get(row, 3)?)) } else { None };
            let (account, paused, is_unavailable) = (get(row, 0)?, duration(get(row, 1)?), get(row, 2)?);
            Ok(AccountState { account, paused, is_unavailable, open })
        };
        rows.iter().map(state).collect()
    }

    async fn probe_now(&self, account: &str, time: Duration) -> Result<Probe, StoreError> {
        let rows = self.query(sql::PROBE, &[(&account, Type::TEXT), (&nanos(time), Type::INT8)]).await?;
        let Some(row) = rows.first() else { return Ok(Probe::NotOpen) };
        Ok(match (get::<Option<i64>>(row, 0)?, get(row, 1)?) {
            (Some(opening), _) => Probe::Won(opening.cast_unsigned()),
            (None, true) => Probe::Taken,
            (None, false) => Probe::NotOpen,
        })
    }

    /// A catalog; one that does not open, after a loss of keys, is none.
    async fn read(&self, key: CatalogKey) -> Result<Option<(Vec<u8>, Duration)>, StoreError> {
        let rows = self.query(sql::CATALOG, &[(&&*key.account, Type::TEXT), (&&*key.kind, Type::TEXT)]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let (sealed, age): (Vec<u8>, i64) = (get(row, 0)?, get(row, 1)?);
        let opened = self.sealer.open(sealed_id(&key), Purpose::Catalog, &sealed);
        Ok(opened.ok().map(|contents| (contents.to_vec(), duration(age))))
    }

    async fn write(&self, key: CatalogKey, contents: Option<Vec<u8>>) -> Result<(), StoreError> {
        let seal = |plain: Vec<u8>| self.sealer.seal(sealed_id(&key), Purpose::Catalog, &plain);
        let sealed = contents.map(seal).transpose().map_err(|error| failed(&error.to_string()))?;
        let parameters: [Parameter<'_>; 3] =
            [(&&*key.account, Type::TEXT), (&&*key.kind, Type::TEXT), (&sealed, Type::BYTEA)];
        self.query(sql::END_REFRESH, &parameters).await.map(drop)
    }
}

impl SharedState for SharedPostgres {
    fn connect(&self) -> Pending<'_, ()> {
        Box::pin(self.connect_now())
    }

    fn lost(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let ended = self.connection().map(|connection| connection.ended);
        Box::pin(async move {
            if let Some(ended) = ended {
                ended.cancelled().await;
            }
        })
    }

    fn take(&self, requests: Vec<TokenRequest>) -> Pending<'_, Vec<Grant>> {
        Box::pin(self.take_all(requests))
    }

    fn look(&self) -> Pending<'_, Vec<AccountState>> {
        Box::pin(self.look_now())
    }

    fn pause(&self, account: Arc<str>, time: Duration, is_unavailable: bool) -> Pending<'_, ()> {
        Box::pin(async move {
            let (time, most) = (nanos(time.min(MAX_PAUSE)), nanos(MAX_PAUSE));
            let parameters: [Parameter<'_>; 4] =
                [(&&*account, Type::TEXT), (&time, Type::INT8), (&most, Type::INT8), (&is_unavailable, Type::BOOL)];
            self.query(sql::PAUSE, &parameters).await.map(drop)
        })
    }

    fn open(&self, account: Arc<str>, time: Duration) -> Pending<'_, ()> {
        Box::pin(async move {
            self.query(sql::OPEN, &[(&&*account, Type::TEXT), (&nanos(time), Type::INT8)]).await.map(drop)
        })
    }

    fn probe(&self, account: Arc<str>, time: Duration) -> Pending<'_, Probe> {
        Box::pin(async move { self.probe_now(&account, time).await })
    }

    fn end_probe(&self, account: Arc<str>, opening: u64, open_for: Option<Duration>) -> Pending<'_, ()> {
        Box::pin(async move {
            let (opening, time) = (opening.cast_signed(), open_for.map_or(-1, nanos));
            let parameters: [Parameter<'_>; 3] =
                [(&&*account, Type::TEXT), (&opening, Type::INT8), (&time, Type::INT8)];
            self.query(sql::END_PROBE, &parameters).await.map(drop)
        })
    }

    fn catalog(&self, key: CatalogKey) -> Pending<'_, Option<(Vec<u8>, Duration)>> {
        Box::pin(self.read(key))
    }

    fn begin_refresh(&self, key: CatalogKey, within: Duration) -> Pending<'_, bool> {
        Box::pin(async move {
            let within = nanos(within);
            let parameters: [Parameter<'_>; 3] =
                [(&&*key.account, Type::TEXT), (&&*key.kind, Type::TEXT), (&within, Type::INT8)];
            self.query(sql::BEGIN_REFRESH, &parameters).await.map(|rows| !rows.is_empty())
        })
    }

    fn end_refresh(&self, key: CatalogKey, contents: Option<Vec<u8>>) -> Pending<'_, ()> {
        Box::pin(self.write(key, contents))
    }

    fn timeout(&self) -> Duration {
        self.timeout
    }
}

impl fmt::Debug for SharedPostgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedPostgres").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

/// The grant of a row; `None` if the row is new.
fn grant(row: &Row) -> Result<Option<Grant>, StoreError> {
    let number = |index| get::<i32>(row, index).map(|number| u32::try_from(number).ok());
    let (Some(tokens), left) = (number(1)?, number(2)?.unwrap_or_default()) else { return Ok(None) };
    Ok(Some(Grant { tokens, left, wait: duration(get(row, 3)?) }))
}

/// The burst, as far as its window is one that a row can hold.
fn burst(request: &TokenRequest) -> u32 {
    let most = MOST.as_nanos() / request.interval.as_nanos().max(1);
    request.burst.min(u32::try_from(most).unwrap_or(u32::MAX)).max(1)
}

/// What the contents of a catalog are bound to.
fn sealed_id(key: &CatalogKey) -> UpdateId {
    let mut digest = Sha256::new_with_prefix(key.account.len().to_be_bytes());
    digest.update(&*key.account);
    digest.update(&*key.kind);
    let mut id = [0; 16];
    id.copy_from_slice(&digest.finalize()[..16]);
    UpdateId(Uuid::from_bytes(id))
}

fn get<'a, T: tokio_postgres::types::FromSql<'a>>(row: &'a Row, index: usize) -> Result<T, StoreError> {
    row.try_get(index).map_err(|error| StoreError::Unreadable(words(&error)))
}

fn nanos(time: Duration) -> i64 {
    i64::try_from(time.min(MOST).as_nanos()).unwrap_or(i64::MAX)
}

fn duration(nanos: i64) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or_default())
}

fn failed(why: &str) -> StoreError {
    StoreError::Failed(why.to_owned())
}

/// What the server says, or what happened to the connection; without what was sent.
fn words(error: &tokio_postgres::Error) -> String {
    error.as_db_error().map_or_else(|| error.to_string(), |error| error.message().to_owned())
}
