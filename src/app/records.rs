//! Opens the store and starts the records, if the configuration has a store.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use arc_swap::ArcSwap;

use crate::api::{ClusterSettings, Records};
use crate::config::{self, OnOutage, Store, StoreKind};
use crate::gateway::Gateway;
use crate::net::shutdown::Shutdown;
use crate::reload::Reloader;
use crate::sharing::Sharing;
use crate::store::postgres::{self, Postgres};
use crate::store::{Cluster, KeySource, SharedStore, Sqlite, failpoint};
use crate::telemetry::Telemetry;
use crate::upstream::Tasks;

use super::StartError;

/// Takes up what waits in the store.
///
/// # Errors
/// It cannot be read.
pub(super) async fn start(
    opened: Option<Opened>,
    gateway: &Arc<ArcSwap<Gateway>>,
    telemetry: &Telemetry,
    tasks: &Tasks,
) -> Result<Option<Arc<Records>>, StartError> {
    let Some(opened) = opened else { return Ok(None) };
    let (gateway, telemetry, tasks) = (Arc::clone(gateway), telemetry.clone(), tasks.clone());
    match opened {
        Opened::Own(store) => {
            let records = Records::start(store, gateway, telemetry, tasks).await;
            records.map(Some).map_err(|error| StartError::Records(error.to_string()))
        }
        Opened::Shared { store, settings, .. } => {
            Ok(Some(Records::join(store, settings, gateway, telemetry, tasks).await))
        }
    }
}

/// A store that is open.
pub(super) enum Opened {
    /// This process has it for itself.
    Own(SharedStore),
    /// Other processes may use it, too, and share limits and the like.
    Shared { store: Arc<dyn Cluster>, settings: ClusterSettings, sharing: Arc<Sharing> },
}

impl Opened {
    /// The tasks of the stacks, which share limits if other processes use the store.
    pub(super) fn tasks(opened: Option<&Self>) -> Tasks {
        match opened {
            Some(Self::Shared { sharing, .. }) => Tasks::sharing(Arc::clone(sharing) as _),
            Some(Self::Own(_)) | None => Tasks::default(),
        }
    }
}

/// Opens the store, if there is one.
///
/// # Errors
/// It cannot be opened.
pub(super) async fn open(store: Option<&Store>, cluster: &config::Cluster) -> Result<Option<Opened>, StartError> {
    let Some(store) = store else { return Ok(None) };
    failpoint::check().map_err(StartError::Records)?;
    open_one(store, cluster).await.map(Some)
}

async fn open_one(store: &Store, cluster: &config::Cluster) -> Result<Opened, StartError> {
    let keys = match store.encryption_key.as_slice() {
        [] => KeySource::FileBeside,
        keys => KeySource::Keys(keys.iter().map(|key| *key.expose()).collect()),
    };
    match (store.kind, &store.path, &store.postgres) {
        (StoreKind::Sqlite, Some(path), _) => {
            let path = path.clone();
            // Opening may wait for the disk, or check what a crash has left.
            let opened = tokio::task::spawn_blocking(move || Sqlite::open(&path, keys)).await;
            let store = opened.map_err(|error| StartError::Records(error.to_string()))??;
            Ok(Opened::Own(Arc::new(store)))
        }
        (StoreKind::Postgres, _, Some(settings)) => {
            let replicas = Arc::new(AtomicUsize::new(1));
            let shared = ClusterSettings {
                replicas: Arc::clone(&replicas),
                session_ttl: cluster.session_ttl,
                name: name(),
                local_on_outage: settings.on_outage == OnOutage::Local,
            };
            let settings = postgres::Settings {
                url: Arc::new(settings.url.clone()),
                connections: settings.connections,
                timeout: settings.timeout,
                prepared: settings.prepared,
                require_sync: settings.require_sync,
                session_ttl: cluster.session_ttl,
            };
            let store = Postgres::open(settings, keys).await?;
            let sharing = Sharing::start(Arc::new(store.shared_state()), replicas).await;
            Ok(Opened::Shared { store: Arc::new(store), settings: shared, sharing })
        }
        _ => Err(StartError::Records("its configuration does not say where it is".into())),
    }
}

/// What operators know this process by: its machine and its number there.
fn name() -> String {
    let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("{machine}:{}", std::process::id())
}

/// Tells the records of other configurations, and when the gateway drains.
pub(super) fn follow(records: &Arc<Records>, reloader: &Reloader, shutdown: &Shutdown) {
    let (records, mut applied, soft) = (Arc::clone(records), reloader.applied(), shutdown.soft().clone());
    shutdown.spawn(async move {
        loop {
            tokio::select! {
                () = soft.cancelled() => return records.drain(),
                changed = applied.changed() => match changed {
                    Ok(()) => records.reloaded(),
                    Err(_) => soft.cancelled().await,
                },
            }
        }
    });
}
