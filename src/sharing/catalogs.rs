//! Catalogs that one replica reads from the vendor for all.

use std::sync::Arc;
use std::time::Duration;

use super::desk::StoreRequests;
use crate::store::StoreError;
use crate::store::shared::CatalogKey;
use crate::value::{CatalogState, Later, SharedCatalog};

/// How long one replica may take to read a catalog, before another one does: longer than all its pages may take.
const READ_WITHIN: Duration = Duration::from_secs(65);

/// A catalog of an account.
#[derive(Debug)]
pub(super) struct Catalog {
    pub(super) desk: Arc<StoreRequests>,
    pub(super) key: CatalogKey,
    /// Stands before the contents. Another one means that they are of another account of that name.
    pub(super) identity: [u8; 32],
}

impl Catalog {
    async fn find(&self, ttl: Duration) -> CatalogState {
        self.look(ttl).await.unwrap_or(CatalogState::Mine)
    }

    async fn look(&self, ttl: Duration) -> Result<CatalogState, StoreError> {
        if !self.desk.is_up() {
            return Ok(CatalogState::Mine);
        }
        if let Some(found) = self.copy(ttl).await? {
            return Ok(found);
        }
        let state = self.desk.state();
        if !state.begin_refresh(self.key.clone(), READ_WITHIN).await? {
            return Ok(CatalogState::Awaited);
        }
        // Another one may have ended reading it in between.
        if let Some(found) = self.copy(ttl).await? {
            state.end_refresh(self.key.clone(), None).await?;
            return Ok(found);
        }
        Ok(CatalogState::Mine)
    }

    /// The copy in the store, if it is young enough and of this account.
    async fn copy(&self, ttl: Duration) -> Result<Option<CatalogState>, StoreError> {
        let Some((contents, age)) = self.desk.state().catalog(self.key.clone()).await? else { return Ok(None) };
        let own = contents.strip_prefix(&self.identity).filter(|_| age < ttl);
        Ok(own.map(|contents| CatalogState::Found(contents.to_vec(), age)))
    }

    async fn keep(&self, contents: Option<Vec<u8>>) {
        if !self.desk.is_up() {
            return;
        }
        let contents = contents.map(|contents| [&self.identity[..], &contents].concat());
        if let Err(why) = self.desk.state().end_refresh(self.key.clone(), contents).await {
            let (vendor, catalog) = (&*self.key.account, &*self.key.kind);
            tracing::warn!(vendor, catalog, %why, "a catalog could not be shared with the other replicas");
        }
    }
}

impl SharedCatalog for Catalog {
    fn get(&self, ttl: Duration) -> Later<'_, CatalogState> {
        Box::pin(self.find(ttl))
    }

    fn put(&self, contents: Option<Vec<u8>>) -> Later<'_, ()> {
        Box::pin(self.keep(contents))
    }
}
