//! What the lanes and the callers share.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_postgres::Client;
use tokio_util::task::TaskTracker;

use crate::store::commits::Commits;
use crate::store::noted::Noted;
use crate::store::seal::Sealer;
use crate::store::{Figures, Pending, StoreError, UpdateId};
use crate::value::Lock;

use super::Settings;
use super::connect::{self, Connector};
use super::connection::Connected;

pub(super) struct Shared {
    pub(super) settings: Settings,
    connector: Connector,
    pub(super) timeout: Duration,
    pub(super) sealer: Arc<Sealer>,
    pub(super) tasks: TaskTracker,
    pub(super) news: Arc<Notify>,
    pub(super) waiting: AtomicUsize,
    pub(super) noted: Noted,
    pub(super) next_number: AtomicU64,
    pub(super) closed: AtomicBool,
    pub(super) callbacks: AtomicI64,
    pub(super) given_up: AtomicU64,
    pub(super) bytes: AtomicU64,
    commits: Commits,
    /// The lanes of tickets whose lines this process has to do with, so that what names an id follows what named the line.
    pub(super) lanes: Lock<HashMap<UpdateId, usize>>,
}

impl Shared {
    pub(super) fn new(settings: Settings, connector: Connector, sealer: Sealer) -> Self {
        Self {
            connector,
            timeout: settings.timeout,
            settings,
            sealer: Arc::new(sealer),
            tasks: TaskTracker::new(),
            news: Arc::default(),
            waiting: AtomicUsize::new(0),
            noted: Noted::default(),
            next_number: AtomicU64::new(1),
            closed: AtomicBool::new(false),
            callbacks: AtomicI64::new(0),
            given_up: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            commits: Commits::default(),
            lanes: Lock::default(),
        }
    }

    pub(super) async fn connect(&self, listens: bool) -> Result<Connected, String> {
        let prepared = self.settings.prepared;
        let connection = self.connector.connect().await.map_err(|error| error.to_string())?;
        let news = listens.then(|| self.news.clone());
        let connected = Connected::new(connection, prepared, news, &self.tasks);
        // Where statements cannot be prepared, a connection is no session of the database, and hears nothing.
        if listens && prepared {
            connected.batch("listen switchboard").await.map_err(|error| error.to_string())?;
        }
        Ok(connected)
    }

    /// A connection that is no lane: a client, and what has to run for it.
    pub(super) async fn connect_plain(&self) -> Result<(Client, Pending<'static, ()>), String> {
        let connect::Connected { client, driver, .. } =
            self.connector.connect().await.map_err(|error| error.to_string())?;
        let driver =
            Box::pin(async move { driver.run(|_| ()).await.map_err(|error| StoreError::Failed(error.to_string())) });
        Ok((client, driver))
    }

    pub(super) fn committed(&self, took: Duration) {
        if self.commits.is_failing() {
            tracing::info!("the database can be written again");
        }
        self.commits.committed(took);
    }

    pub(super) fn failed(&self, why: &str) {
        if !self.commits.is_failing() {
            tracing::error!(why, "the database does not do what it is asked; what needs it cannot be done meanwhile");
        }
        self.commits.failed(why.to_owned());
    }

    /// Why the last transaction failed, if it is the last one.
    pub(super) fn why(&self) -> Option<String> {
        self.commits.figures().failing
    }

    /// A number was stored.
    pub(super) fn stored(&self, number: u64) {
        self.next_number.fetch_max(number.saturating_add(1), Ordering::Relaxed);
    }

    pub(super) fn figures(&self) -> Figures {
        Figures {
            kind: "postgres",
            waiting: self.waiting.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            callbacks_waiting: u64::try_from(self.callbacks.load(Ordering::Relaxed)).unwrap_or_default(),
            callbacks_given_up: self.given_up.load(Ordering::Relaxed),
            ..self.commits.figures()
        }
    }
}
