//! What replicas with one store share besides the order of changes: limits of clients and of vendor accounts, pauses that
//! vendors ask for, openings of breakers, and catalogs.
//!
//! Those who use it see the traits of `value::shared` only. An idle replica asks the store nothing of this, and no request waits
//! longer for it than `store.postgres.timeout`: while the store does not answer, each replica keeps its equal share of every
//! limit, beginning with an empty bucket, and everything else is its own.

mod accounts;
mod catalogs;
mod desk;
mod limit;
#[cfg(test)]
pub(crate) mod tests;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use crate::store::shared::{CatalogKey, SharedState};
use crate::value::{Later, Shared, SharedAccount, SharedCatalog, SharedLimit};
use accounts::{Account, Probing};
use catalogs::Catalog;
use desk::StoreRequests;
use limit::Limit;

/// What this replica shares with others.
#[derive(Debug)]
pub struct Sharing(Arc<StoreRequests>);

impl Sharing {
    /// Connects to the store. `replicas` is how many share it, kept up to date by who knows.
    pub async fn start(state: Arc<dyn SharedState>, replicas: Arc<AtomicUsize>) -> Arc<Self> {
        let desk = StoreRequests::new(state, replicas);
        desk.start().await;
        Arc::new(Self(desk))
    }
}

impl Shared for Sharing {
    fn limit(&self, key: &str, interval: Duration, burst: NonZeroU32) -> Arc<dyn SharedLimit> {
        Arc::new(Limit::new(key, interval, burst, Arc::clone(&self.0)))
    }

    fn account(&self, name: &Arc<str>, probe_for: Duration) -> Arc<dyn SharedAccount> {
        let (desk, entry) = (Arc::clone(&self.0), self.0.accounts.entry(name));
        Arc::new(Account { desk, entry, probe_for, probing: Probing::default() })
    }

    fn catalog(&self, account: &str, kind: &str, identity: [u8; 32]) -> Arc<dyn SharedCatalog> {
        let key = CatalogKey { account: account.into(), kind: kind.into() };
        Arc::new(Catalog { desk: Arc::clone(&self.0), key, identity })
    }

    fn is_shared(&self) -> bool {
        self.0.is_up()
    }

    fn close(&self) -> Later<'_, ()> {
        Box::pin(self.0.close())
    }
}
