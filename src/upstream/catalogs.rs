//! Live catalogs of one vendor account: read when first needed, refreshed behind the request, kept through an outage.
//!
//! A flight to the vendor belongs to nobody: it has a deadline of its own and ends whether or not the request that wanted it
//! first is still there, so that an impatient caller spoils it for no other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use http::{HeaderMap, Method, StatusCode};
use tokio::sync::{Mutex, oneshot};
use tokio::time::Instant;
use vendors::{Catalog, CatalogKind, CatalogSet, Dialect};

use super::account::CATALOG_PATIENCE;
use super::{Answer, Failure, Outgoing, Stack};

/// After a failed read, requests that want the same catalog get that failure for this long instead of a flight each.
const FAILURE_HOLDS: Duration = Duration::from_secs(1);

/// After a failed refresh, the next one waits for this long, or for as long as a catalog is trusted if that is shorter.
const REFRESH_PAUSE: Duration = Duration::from_secs(10);

/// Why a catalog is not to be had.
#[derive(Debug, Clone)]
pub enum CatalogFailure {
    /// The vendor did not answer.
    Unanswered(Failure),
    /// The vendor answered with an error.
    Refused(Answer),
    /// The vendor's answer is no catalog.
    Malformed(String),
    /// The vendor has no such list (404, 405); [`LiveCatalogs::get`] leaves it out.
    Absent,
}

/// The catalogs of one account.
#[derive(Debug)]
pub struct LiveCatalogs {
    ttl: Duration,
    slots: Arc<[Slot; 4]>,
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
    /// When the last refresh failed, if none has succeeded since.
    missed: Option<Instant>,
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
}

impl LiveCatalogs {
    /// Empty catalogs; an entry older than `ttl` is refreshed when it is next used.
    pub fn new(ttl: Duration) -> Arc<Self> {
        Arc::new(Self { ttl, slots: Arc::default() })
    }

    /// The same catalogs, trusted for another time.
    #[must_use]
    pub fn with_ttl(&self, ttl: Duration) -> Arc<Self> {
        Arc::new(Self { ttl, slots: Arc::clone(&self.slots) })
    }

    /// The catalogs of these kinds, read from the vendor where they are not known yet.
    ///
    /// # Errors
    /// One of them is not known and cannot be read now.
    pub async fn get(self: &Arc<Self>, kinds: &[CatalogKind], reader: &Reader) -> Result<CatalogSet, CatalogFailure> {
        let mut set = CatalogSet::default();
        for &kind in kinds {
            match self.one(kind, reader).await {
                Ok(Some(catalog)) => set.set(kind, catalog),
                // Without such a list the name stays unresolved, and the answer says which configuration key would help.
                Ok(None) | Err(CatalogFailure::Absent) => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(set)
    }

    /// How long ago each known catalog was read, and how many entries it has.
    pub fn ages(&self) -> impl Iterator<Item = (CatalogKind, Duration, usize)> {
        CatalogKind::ALL.into_iter().zip(self.slots.iter()).filter_map(|(kind, slot)| {
            let known = slot.known.load_full()?;
            Some((kind, known.read.elapsed(), known.catalog.len()))
        })
    }

    async fn one(self: &Arc<Self>, kind: CatalogKind, reader: &Reader) -> Result<Option<Arc<Catalog>>, CatalogFailure> {
        let Some(path) = reader.dialect.catalog_path(kind) else { return Ok(None) };
        let Some(slot) = self.slots.get(kind as usize) else { return Ok(None) };
        if let Some(known) = slot.known.load_full() {
            if self.is_due(&known)
                && let Some(refresh) = Refresh::begin(&self.slots, kind)
            {
                let reader = reader.clone();
                reader.stack.clone().spawn(async move { refresh.run(path, &reader).await });
            }
            return Ok(Some(Arc::clone(&known.catalog)));
        }
        let (landed, flight) = oneshot::channel();
        let (slots, reader) = (Arc::clone(&self.slots), reader.clone());
        reader.stack.clone().spawn(async move {
            let result = match slots.get(kind as usize) {
                Some(slot) => slot.fly(path, &reader).await,
                None => return,
            };
            let _nobody_waits = landed.send(result);
        });
        let gone = |_| CatalogFailure::Malformed("the task that read the catalog is gone".to_owned());
        flight.await.map_err(gone)?.map(Some)
    }

    fn is_due(&self, known: &Known) -> bool {
        let pause = REFRESH_PAUSE.min(self.ttl);
        known.read.elapsed() >= self.ttl && known.missed.is_none_or(|missed| missed.elapsed() >= pause)
    }
}

impl Slot {
    fn keep(&self, catalog: Catalog) -> Arc<Catalog> {
        let catalog = Arc::new(catalog);
        let known = Known { catalog: Arc::clone(&catalog), read: Instant::now(), missed: None };
        self.known.store(Some(Arc::new(known)));
        catalog
    }

    /// Reads the catalog unless somebody else did, or failed, while this waited for its turn.
    async fn fly(&self, path: &'static str, reader: &Reader) -> Result<Arc<Catalog>, CatalogFailure> {
        let mut failed = self.flight.lock().await;
        if let Some(known) = self.known.load_full() {
            return Ok(Arc::clone(&known.catalog));
        }
        if let Some((_, failure)) = failed.as_ref().filter(|(at, _)| at.elapsed() < FAILURE_HOLDS) {
            return Err(failure.clone());
        }
        let result = read(path, reader).await.map(|catalog| self.keep(catalog));
        *failed = result.as_ref().err().map(|failure| (Instant::now(), failure.clone()));
        result
    }
}

/// The one refresh of a catalog that is under way; dropping it, however it ends, lets the next one begin.
struct Refresh {
    slots: Arc<[Slot; 4]>,
    kind: CatalogKind,
}

impl Refresh {
    fn begin(slots: &Arc<[Slot; 4]>, kind: CatalogKind) -> Option<Self> {
        let free = !slots.get(kind as usize)?.refreshing.swap(true, Ordering::AcqRel);
        free.then(|| Self { slots: Arc::clone(slots), kind })
    }

    /// Reads the catalog anew; a failure leaves the last good copy in place.
    async fn run(self, path: &'static str, reader: &Reader) {
        let Some(slot) = self.slots.get(self.kind as usize) else { return };
        match read(path, reader).await {
            Ok(catalog) => drop(slot.keep(catalog)),
            Err(failure) => {
                tracing::warn!(catalog = %self.kind, ?failure, "a catalog could not be refreshed; the last copy stays");
                if let Some(known) = slot.known.load_full() {
                    let (catalog, missed) = (Arc::clone(&known.catalog), Some(Instant::now()));
                    slot.known.store(Some(Arc::new(Known { catalog, read: known.read, missed })));
                }
            }
        }
    }
}

impl Drop for Refresh {
    fn drop(&mut self) {
        if let Some(slot) = self.slots.get(self.kind as usize) {
            slot.refreshing.store(false, Ordering::Release);
        }
    }
}

/// One read.
async fn read(path: &'static str, reader: &Reader) -> Result<Catalog, CatalogFailure> {
    let uri = reader.stack.uri(path).map_err(|error| CatalogFailure::Malformed(error.to_string()))?;
    let mut outgoing = Outgoing::new(Method::GET, uri, Instant::now() + CATALOG_PATIENCE);
    outgoing.headers = reader.headers.clone();
    let answer = reader.stack.call(outgoing).await.map_err(CatalogFailure::Unanswered)?;
    match answer.status {
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Err(CatalogFailure::Absent),
        status if status.is_success() => {
            Catalog::parse(&answer.body).map_err(|error| CatalogFailure::Malformed(error.to_string()))
        }
        _ => Err(CatalogFailure::Refused(answer)),
    }
}
