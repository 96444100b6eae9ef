//! How a store is opened: reached, its tables made, its keys proved, and what is counted read.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::store::row::unsigned;
use crate::store::seal::KeySource;
use crate::store::shared::SharedPostgres;
use crate::store::{Pending, StoreError};
use crate::value::PostgresUrl;

use super::Postgres;
use super::connect::{self, ConnectError, Connector, Standbys};
use super::connection::{Around, Connected};
use super::failure::Trouble;
use super::job::Statement;
use super::keys;
use super::migrate::{self, MigrateError, Migration};
use super::row::get;
use super::state::Shared;
use super::statements::journal;

/// The tables; each step is a file in `schema/`.
const MIGRATIONS: &[Migration] = &[
    Migration { min_reader: 1, sql: include_str!("schema/001.sql") },
    Migration { min_reader: 1, sql: include_str!("schema/002_shared.sql") },
    Migration { min_reader: 1, sql: include_str!("schema/003_lengths.sql") },
];

/// How long one address of a host may take to connect, if the URL does not say so.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// How long the first statements may take.
const COUNT_TIMEOUT: Duration = Duration::from_secs(60);

/// What a store needs to know of its database.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the database is.
    pub url: Arc<PostgresUrl>,
    /// How many connections are kept, at least four.
    pub connections: usize,
    /// How long the database is waited for.
    pub timeout: Duration,
    /// Whether statements are prepared, once for each connection.
    pub prepared: bool,
    /// Whether commits have to wait for a standby.
    pub require_sync: bool,
    /// How long a replica that does not prove that it lives keeps its assistants.
    pub session_ttl: Duration,
}

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No host could be used.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The tables cannot be used or made.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// `require_sync` is set, and no commit waits for a standby.
    #[error(
        "`store.postgres.require_sync` is set, but {0}: a promoted standby could lack changes that were accepted; configure a \
         synchronous standby, or take the key out"
    )]
    NotSynchronous(String),
    /// There is no key.
    #[error("a store in PostgreSQL needs `store.encryption_key`: `switchboard keygen --store` makes one")]
    NoKey,
    /// Something is sealed with a key that is not given.
    #[error(
        "`store.encryption_key` is not the key of this database: it is {given}, the database needs {key}. Put the right key \
         back, or, to change keys, list both, the new one first."
    )]
    WrongKey {
        /// What tells the key apart.
        key: String,
        /// What tells those apart that were given.
        given: String,
    },
    /// The server broke off, or answered with something else than it must.
    #[error("PostgreSQL broke off while the store was opened: {0}")]
    Statement(String),
}

impl Postgres {
    /// Connects, makes the tables or brings them to the present version, and checks what was asked for.
    ///
    /// # Errors
    /// Says which host cannot be used or what is wrong with the tables, why, and what would be right.
    pub async fn open(settings: Settings, keys: KeySource) -> Result<Self, OpenError> {
        let connector =
            Connector::new(Arc::clone(&settings.url), settings.timeout.min(CONNECT_LIMIT), settings.session_ttl);
        let mut first = connector.connect().await?;
        let client = &first.client;
        for (name, value) in &first.adjusted {
            tracing::info!(
                setting = name,
                value,
                "a setting of the role is changed for each connection; behind a pooler in transaction mode set it with \
                 `alter role`"
            );
        }
        let opened = async {
            migrate::migrate(client, MIGRATIONS).await?;
            match connect::standbys(client).await {
                Ok(Standbys::None(why)) if settings.require_sync => return Err(OpenError::NotSynchronous(why)),
                Ok(Standbys::None(why)) => tracing::warn!(
                    why,
                    "no commit waits for a standby: if one is promoted, the last accepted changes may be lost"
                ),
                Ok(Standbys::Synchronous) => {}
                Err(error) => return Err(OpenError::Statement(error.to_string())),
            }
            keys::sealer(client, keys).await
        };
        let sealer = first.driver.while_it_runs(opened).await.map_err(OpenError::Statement)??;
        let shared = Arc::new(Shared::new(settings, connector, sealer));
        let mut connected = Connected::new(first, shared.settings.prepared, None, &shared.tasks);
        let counted = tokio::time::timeout(COUNT_TIMEOUT, count(&shared, &mut connected)).await;
        let counted = counted.unwrap_or_else(|_| Err("the database does not answer in time".to_owned()));
        counted.map_err(OpenError::Statement)?;
        Ok(Self::start(shared))
    }

    /// What members share besides changes, on a connection of its own that is not made yet.
    pub fn shared_state(&self) -> SharedPostgres {
        let (shared, timeout) = (Arc::clone(&self.shared), self.shared.timeout);
        let sealer = Arc::clone(&shared.sealer);
        let connect = move || -> Pending<'static, _> {
            let shared = Arc::clone(&shared);
            Box::pin(async move { shared.connect_plain().await.map_err(StoreError::Failed) })
        };
        SharedPostgres::new(Box::new(connect), sealer, timeout)
    }
}

/// Makes the journal's days, and reads what is counted from.
async fn count(shared: &Shared, connected: &mut Connected) -> Result<(), String> {
    let work = journal::begin();
    let statements: Vec<&Statement> = work.statements.iter().collect();
    let done = connected.run(&statements, Around::Nothing).await;
    let rows: Result<Vec<_>, Trouble> = done.and_then(|rows| rows.into_iter().collect());
    let rows = rows.map_err(|trouble| trouble.why().to_owned())?;
    let [_, greatest, measured] = rows.as_slice() else { return Err("the database answers with nothing".into()) };
    let greatest = greatest.first().map_or(Ok(0), |row| get(row, 0)).map_err(|error| error.to_string())?;
    let (callbacks, bytes) = journal::measured(measured).map_err(|error| error.to_string())?;
    shared.stored(unsigned(greatest));
    shared.callbacks.store(callbacks, Ordering::Relaxed);
    shared.bytes.store(bytes, Ordering::Relaxed);
    Ok(())
}
