//! Live catalogs of one vendor account: read when first needed, refreshed behind the request, kept through an outage.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use http::{HeaderMap, Method, StatusCode};
use tokio::sync::Mutex;
use tokio::time::Instant;
use vendors::{Catalog, CatalogKind, CatalogSet, Dialect};

use super::{Answer, Failure, Outgoing, Stack};

/// After a failed read, requests that want the same catalog get that failure for this long instead of a flight each.
const FAILURE_HOLDS: Duration = Duration::from_secs(1);

/// Why a catalog is not to be had.
#[derive(Debug, Clone)]
pub enum CatalogFailure {
    /// The vendor did not answer.
    Unanswered(Failure),
    /// The vendor answered with an error.
    Refused(Answer),
    /// The vendor's answer is no catalog.
    Malformed(String),
}

/// The catalogs of one account.
#[derive(Debug)]
pub struct LiveCatalogs {
    ttl: Duration,
    slots: [Slot; 4],
}

#[derive(Debug, Default)]
struct Slot {
    known: ArcSwapOption<Known>,
    flight: Mutex<Option<(Instant, CatalogFailure)>>,
    refreshing: AtomicBool,
}

#[derive(Debug)]
struct Known {
    catalog: Arc<Catalog>,
    read: Instant,
}

/// What a read needs: the way to the vendor and how to knock.
#[derive(Clone)]
pub struct Reader {
    /// The dialect, which knows the paths.
    pub dialect: &'static Dialect,
    /// The way to the vendor.
    pub stack: Arc<Stack>,
    /// The headers of the request.
    pub headers: HeaderMap,
    /// When whoever asks stops waiting.
    pub deadline: Instant,
}

impl LiveCatalogs {
    /// Empty catalogs; an entry older than `ttl` is refreshed when it is next used.
    pub fn new(ttl: Duration) -> Arc<Self> {
        Arc::new(Self { ttl, slots: Default::default() })
    }

    /// The catalogs of these kinds, read from the vendor where they are not known yet.
    ///
    /// # Errors
    /// One of them is not known and cannot be read now.
    pub async fn get(self: &Arc<Self>, kinds: &[CatalogKind], reader: &Reader) -> Result<CatalogSet, CatalogFailure> {
        let mut set = CatalogSet::default();
        for &kind in kinds {
            if let Some(catalog) = self.one(kind, reader).await? {
                set.set(kind, catalog);
            }
        }
        Ok(set)
    }

    /// How long ago each known catalog was read, and how many entries it has.
    pub fn ages(&self) -> impl Iterator<Item = (CatalogKind, Duration, usize)> {
        CatalogKind::ALL.into_iter().zip(&self.slots).filter_map(|(kind, slot)| {
            let known = slot.known.load_full()?;
            Some((kind, known.read.elapsed(), known.catalog.len()))
        })
    }

    async fn one(self: &Arc<Self>, kind: CatalogKind, reader: &Reader) -> Result<Option<Arc<Catalog>>, CatalogFailure> {
        let Some(path) = reader.dialect.catalog_path(kind) else { return Ok(None) };
        let Some(slot) = self.slots.get(kind as usize) else { return Ok(None) };
        if let Some(known) = slot.known.load_full() {
            if known.read.elapsed() >= self.ttl && !slot.refreshing.swap(true, Ordering::AcqRel) {
                self.refresh(kind, path, reader);
            }
            return Ok(Some(Arc::clone(&known.catalog)));
        }
        let mut flight = slot.flight.lock().await;
        if let Some(known) = slot.known.load_full() {
            return Ok(Some(Arc::clone(&known.catalog)));
        }
        if let Some((_, failure)) = flight.as_ref().filter(|(at, _)| at.elapsed() < FAILURE_HOLDS) {
            return Err(failure.clone());
        }
        match read(path, reader).await {
            Ok(catalog) => {
                *flight = None;
                Ok(Some(slot.keep(catalog)))
            }
            Err(failure) => {
                *flight = Some((Instant::now(), failure.clone()));
                Err(failure)
            }
        }
    }

    /// Reads a catalog anew behind the request; a failure leaves the last good copy in place until the next use.
    fn refresh(self: &Arc<Self>, kind: CatalogKind, path: &'static str, reader: &Reader) {
        let (this, mut reader) = (Arc::clone(self), reader.clone());
        let stack = Arc::clone(&reader.stack);
        reader.deadline = Instant::now() + super::account::CATALOG_PATIENCE;
        stack.spawn(async move {
            let Some(slot) = this.slots.get(kind as usize) else { return };
            match read(path, &reader).await {
                Ok(catalog) => drop(slot.keep(catalog)),
                Err(failure) => {
                    tracing::warn!(catalog = %kind, ?failure, "a catalog could not be refreshed; the last copy stays")
                }
            }
            slot.refreshing.store(false, Ordering::Release);
        });
    }
}

impl Slot {
    fn keep(&self, catalog: Catalog) -> Arc<Catalog> {
        let catalog = Arc::new(catalog);
        self.known.store(Some(Arc::new(Known { catalog: Arc::clone(&catalog), read: Instant::now() })));
        catalog
    }
}

/// One read. A vendor without such an endpoint (404, 405) has an empty catalog: the name stays unresolved, and the
/// answer says which configuration key would resolve it.
async fn read(path: &'static str, reader: &Reader) -> Result<Catalog, CatalogFailure> {
    let uri = reader.stack.uri(path).map_err(|error| CatalogFailure::Malformed(error.to_string()))?;
    let mut outgoing = Outgoing::new(Method::GET, uri, reader.deadline);
    outgoing.headers = reader.headers.clone();
    let answer = reader.stack.call(outgoing).await.map_err(CatalogFailure::Unanswered)?;
    match answer.status {
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Ok(Catalog::default()),
        status if status.is_success() => {
            Catalog::parse(&answer.body).map_err(|error| CatalogFailure::Malformed(error.to_string()))
        }
        _ => Err(CatalogFailure::Refused(answer)),
    }
}
