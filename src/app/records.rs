//! Opens the store and starts the records, if the configuration has a store.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::api::Records;
use crate::config::{Store, StoreKind};
use crate::gateway::Gateway;
use crate::net::shutdown::Shutdown;
use crate::reload::Reloader;
use crate::store::{KeySource, SharedStore, Sqlite, failpoint};
use crate::telemetry::Telemetry;
use crate::upstream::Tasks;

use super::StartError;

/// Opens the store, and takes up what waits in it.
///
/// # Errors
/// The store cannot be opened or read.
pub(super) async fn start(
    store: Option<Store>,
    gateway: &Arc<ArcSwap<Gateway>>,
    telemetry: &Telemetry,
    tasks: &Tasks,
) -> Result<Option<Arc<Records>>, StartError> {
    let Some(store) = store else { return Ok(None) };
    failpoint::check().map_err(StartError::Records)?;
    // Opening may wait for the disk, or check what a crash has left.
    let opened = tokio::task::spawn_blocking(move || open(&store)).await;
    let store = opened.map_err(|error| StartError::Records(error.to_string()))??;
    let records = Records::start(store, Arc::clone(gateway), telemetry.clone(), tasks.clone()).await;
    records.map(Some).map_err(|error| StartError::Records(error.to_string()))
}

fn open(store: &Store) -> Result<SharedStore, StartError> {
    let keys = match store.encryption_key.as_slice() {
        [] => KeySource::FileBeside,
        keys => KeySource::Keys(keys.iter().map(|key| *key.expose()).collect()),
    };
    match store.kind {
        StoreKind::Sqlite => Ok(Arc::new(Sqlite::open(&store.path, keys)?)),
    }
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
