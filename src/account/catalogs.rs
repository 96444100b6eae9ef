//! Live catalogs of one vendor account: read when first needed, refreshed behind the request, kept through an outage.
//!
//! A flight to the vendor belongs to nobody: it has a deadline of its own and ends whether or not the request that
//! wanted it first is still there, so that an impatient caller spoils it for no other. There is one at a time for
//! each catalog; whoever wants it meanwhile waits for its landing in a future of its own, which goes with its caller
//! and leaves nothing behind.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use futures_util::future::try_join_all;
use http::{HeaderMap, Method, StatusCode};
use tokio::sync::watch;
use tokio::time::Instant;
use vendors::{Catalog, CatalogKind, CatalogSet, Dialect, Operation, ResponseBody};

use super::CATALOG_PATIENCE;
use super::Token;
use super::drift::DriftWatch;
use crate::upstream::{Failure, Stack, VendorRequest, VendorResponse};

/// After a failed read, requests that want the same catalog get that failure for this long instead of a flight each.
const FAILURE_HOLDS: Duration = Duration::from_secs(1);

/// That a vendor has no such list is true for longer, or for as long as a catalog is trusted if that is shorter.
const ABSENCE_HOLDS: Duration = Duration::from_secs(60);

/// After a failed refresh, the next one waits for this long, or for as long as a catalog is trusted if that is
/// shorter.
const REFRESH_PAUSE: Duration = Duration::from_secs(10);

/// Why a catalog is not to be had.
#[derive(Debug, Clone)]
pub enum CatalogFailure {
    /// The vendor did not answer.
    Unanswered(Failure),
    /// The vendor answered with an error.
    Refused(VendorResponse),
    /// The vendor's answer is no catalog.
    Malformed(String),
    /// The vendor has no such list (404, 405); [`LiveCatalogs::get`] leaves it out.
    Absent,
}

/// For logs, so without the vendor's words.
impl fmt::Display for CatalogFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unanswered(failure) => failure.fmt(f),
            Self::Refused(answer) => write!(f, "the vendor answered {}", answer.status.as_u16()),
            Self::Malformed(detail) => write!(f, "not a catalog: {detail}"),
            Self::Absent => f.write_str("the vendor has no such list"),
        }
    }
}

/// What became of a flight.
type Landing = Result<Arc<Catalog>, CatalogFailure>;

/// Where a catalog is to be had.
enum Found {
    VendorNames(Arc<Catalog>),
    InFlight(watch::Receiver<Option<Landing>>),
}

/// Waits for a flight. Without such a list a name stays unresolved, and the answer says which configuration key would
/// help.
async fn landed(
    kind: CatalogKind,
    mut landing: watch::Receiver<Option<Landing>>,
) -> Result<Option<(CatalogKind, Arc<Catalog>)>, CatalogFailure> {
    match landing.wait_for(Option::is_some).await.as_deref() {
        Ok(Some(Ok(catalog))) => Ok(Some((kind, Arc::clone(catalog)))),
        Ok(Some(Err(CatalogFailure::Absent))) => Ok(None),
        Ok(Some(Err(failure))) => Err(failure.clone()),
        Ok(None) | Err(_) => Err(CatalogFailure::Malformed("the task that read the catalog is gone".to_owned())),
    }
}

/// The catalogs of one account.
#[derive(Debug)]
pub struct LiveCatalogs {
    ttl: Duration,
    slots: Arc<[Slot; 4]>,
}

#[derive(Debug, Default)]
struct Slot {
    known: ArcSwapOption<VendorNames>,
    flight: Mutex<Flight>,
    refreshing: AtomicBool,
}

/// The flight under way, and how the last one failed.
#[derive(Debug, Default)]
struct Flight {
    landing: Option<watch::Receiver<Option<Landing>>>,
    failed: Option<(Instant, CatalogFailure)>,
}

#[derive(Debug)]
struct VendorNames {
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
    /// Where answers are held against their documentation.
    pub drift: Arc<DriftWatch>,
    /// The account's token, which no catalog must hold.
    pub token: Token,
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

    /// The catalogs of these kinds; those that are not known yet are read from the vendor at the same time.
    ///
    /// # Errors
    /// One of them is not known and cannot be read now.
    pub async fn get(self: &Arc<Self>, kinds: &[CatalogKind], reader: &Reader) -> Result<CatalogSet, CatalogFailure> {
        let mut set = CatalogSet::default();
        let mut landings = Vec::new();
        for &kind in kinds {
            match self.one(kind, reader) {
                Ok(Some(Found::VendorNames(catalog))) => set.set(kind, catalog),
                Ok(Some(Found::InFlight(landing))) => landings.push(landed(kind, landing)),
                Ok(None) | Err(CatalogFailure::Absent) => {}
                Err(failure) => return Err(failure),
            }
        }
        for (kind, catalog) in try_join_all(landings).await?.into_iter().flatten() {
            set.set(kind, catalog);
        }
        Ok(set)
    }

    /// The age from which on a catalog is refreshed when it is used.
    pub fn ttl(&self) -> Duration {
        self.ttl
    }

    /// How long ago each known catalog was read, and how many entries it has.
    pub fn ages(&self) -> impl Iterator<Item = (CatalogKind, Duration, usize)> {
        CatalogKind::ALL.into_iter().zip(self.slots.iter()).filter_map(|(kind, slot)| {
            let known = slot.known.load_full()?;
            Some((kind, known.read.elapsed(), known.catalog.len()))
        })
    }

    fn one(self: &Arc<Self>, kind: CatalogKind, reader: &Reader) -> Result<Option<Found>, CatalogFailure> {
        let Some(path) = reader.dialect.catalog_path(kind) else { return Ok(None) };
        let Some(slot) = self.slots.get(kind as usize) else { return Ok(None) };
        if let Some(known) = slot.known.load_full() {
            if self.is_due(&known)
                && let Some(refresh) = Refresh::begin(&self.slots, kind)
            {
                let reader = reader.clone();
                reader.stack.clone().spawn(async move { refresh.run(path, &reader).await });
            }
            return Ok(Some(Found::VendorNames(Arc::clone(&known.catalog))));
        }
        self.board(slot, (kind, path), reader).map(Some)
    }

    /// The flight under way, or a new one unless the last one failed just now.
    fn board(
        &self,
        slot: &Slot,
        (kind, path): (CatalogKind, &'static str),
        reader: &Reader,
    ) -> Result<Found, CatalogFailure> {
        let mut flight = slot.flight();
        // A flight whose task is gone, as at the end of the process, does not count.
        if let Some(landing) = flight.landing.as_ref().filter(|landing| landing.has_changed().is_ok()) {
            return Ok(Found::InFlight(landing.clone()));
        }
        if let Some(known) = slot.known.load_full() {
            return Ok(Found::VendorNames(Arc::clone(&known.catalog)));
        }
        if let Some((_, failure)) = flight.failed.as_ref().filter(|(at, why)| at.elapsed() < self.holds(why)) {
            return Err(failure.clone());
        }
        let (sender, landing) = watch::channel(None);
        flight.landing = Some(landing.clone());
        drop(flight);
        let (slots, reader) = (Arc::clone(&self.slots), reader.clone());
        reader.stack.clone().spawn(async move {
            let result = read((kind, path), &reader).await;
            if let Some(slot) = slots.get(kind as usize) {
                sender.send_replace(Some(slot.land(result)));
            }
        });
        Ok(Found::InFlight(landing))
    }

    fn holds(&self, failure: &CatalogFailure) -> Duration {
        match failure {
            CatalogFailure::Absent => ABSENCE_HOLDS.min(self.ttl).max(FAILURE_HOLDS),
            _ => FAILURE_HOLDS,
        }
    }

    fn is_due(&self, known: &VendorNames) -> bool {
        let pause = REFRESH_PAUSE.min(self.ttl);
        known.read.elapsed() >= self.ttl && known.missed.is_none_or(|missed| missed.elapsed() >= pause)
    }
}

impl Slot {
    fn keep(&self, catalog: Catalog) -> Arc<Catalog> {
        let catalog = Arc::new(catalog);
        let known = VendorNames { catalog: Arc::clone(&catalog), read: Instant::now(), missed: None };
        self.known.store(Some(Arc::new(known)));
        catalog
    }

    fn flight(&self) -> MutexGuard<'_, Flight> {
        self.flight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what a flight brought, or how it failed, before the next one may begin.
    fn land(&self, result: Result<Catalog, CatalogFailure>) -> Landing {
        let mut flight = self.flight();
        let landing = result.map(|catalog| self.keep(catalog));
        flight.landing = None;
        flight.failed = landing.as_ref().err().map(|failure| (Instant::now(), failure.clone()));
        landing
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
        match read((self.kind, path), reader).await {
            Ok(catalog) => drop(slot.keep(catalog)),
            Err(failure) => {
                let vendor = reader.stack.name();
                tracing::warn!(vendor, catalog = %self.kind, %failure, "a catalog could not be refreshed; the last copy stays");
                if let Some(known) = slot.known.load_full() {
                    let (catalog, missed) = (Arc::clone(&known.catalog), Some(Instant::now()));
                    slot.known.store(Some(Arc::new(VendorNames { catalog, read: known.read, missed })));
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

/// One read, counted if it fails; that a vendor has no such list is no failure.
async fn read((kind, path): (CatalogKind, &str), reader: &Reader) -> Result<Catalog, CatalogFailure> {
    let result = fetch((kind, path), reader).await;
    if result.as_ref().is_err_and(|failure| !matches!(failure, CatalogFailure::Absent)) {
        reader.stack.count_catalog_failure(kind);
    }
    result
}

async fn fetch((kind, path): (CatalogKind, &str), reader: &Reader) -> Result<Catalog, CatalogFailure> {
    let uri = reader.stack.uri(path).map_err(|error| CatalogFailure::Malformed(error.to_string()))?;
    let mut outgoing = VendorRequest::new(Method::GET, uri, Instant::now() + CATALOG_PATIENCE);
    outgoing.headers = reader.headers.clone();
    let answer = reader.stack.call(outgoing).await.map_err(CatalogFailure::Unanswered)?;
    let (asked, status) = (Operation::Catalog(kind), answer.status.as_u16());
    reader.drift.hold(
        (reader.stack.name(), reader.dialect),
        asked,
        (status, &ResponseBody::read(&answer.body)),
        |text| reader.token.redact(text).into_owned(),
    );
    match answer.status {
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Err(CatalogFailure::Absent),
        // Names from a catalog are shown, and go into logs.
        status if status.is_success() && reader.token.patterns().is_in(&answer.body) => {
            Err(CatalogFailure::Malformed("it repeats the account's token".to_owned()))
        }
        status if status.is_success() => {
            Catalog::parse(&answer.body).map_err(|error| CatalogFailure::Malformed(error.to_string()))
        }
        _ => Err(CatalogFailure::Refused(answer)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::time::{advance, pause, resume, timeout};

    use crate::account::catalogs::*;
    use crate::upstream::{BreakerSettings, RetrySettings, StackSettings, Tasks, TlsRoots, VendorTls};

    const KINDS: &[CatalogKind] = &[CatalogKind::ALL[0]];

    /// A reader of a vendor who gives each connection this answer once `together` of them wait for it; with the number
    /// of its connections.
    async fn reader(answer: &'static str, together: usize) -> (Reader, Tasks, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let (tasks, seen) = (Tasks::default(), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&seen);
        tasks.connections.spawn(async move {
            let mut waiting = Vec::new();
            loop {
                waiting.push(listener.accept().await.unwrap().0);
                counted.fetch_add(1, Ordering::SeqCst);
                if waiting.len() < together {
                    continue;
                }
                for mut stream in waiting.drain(..) {
                    let _ = stream.read(&mut [0; 4096]).await;
                    let _ = stream.write_all(answer.as_bytes()).await;
                }
            }
        });
        let second = Duration::from_secs(1);
        let settings = StackSettings {
            name: "v".into(),
            base_url,
            timeout: 10 * second,
            connect_timeout: 10 * second,
            max_in_flight: 4,
            max_waiting: 4,
            settle_after_unknown: Duration::from_secs(2),
            rate_limit: None,
            retry: RetrySettings { max_attempts: 1, backoff: second, max_backoff: second },
            breaker: BreakerSettings { failure_ratio: 1.0, min_requests: 100, window: second, open_for: second },
            tls: TlsRoots::default().client(false, &VendorTls::default()).unwrap(),
            server_name: None,
        };
        let stack = Arc::new(Stack::new(&settings, &tasks));
        let dialect = vendors::registry::dialect("autocalls").unwrap();
        let token = Token::new("1|abc").unwrap();
        (Reader { dialect, stack, headers: HeaderMap::new(), drift: Arc::default(), token }, tasks, seen)
    }

    #[tokio::test]
    async fn callers_that_leave_leave_one_flight_behind() {
        let (reader, tasks, _) = reader("", usize::MAX).await;
        let live = LiveCatalogs::new(Duration::from_secs(300));
        for _ in 0..100 {
            assert!(timeout(Duration::ZERO, live.get(KINDS, &reader)).await.is_err());
        }
        assert_eq!(tasks.updates.len(), 1);
        let slot = &live.slots[KINDS[0] as usize];
        assert_eq!(slot.flight().landing.iter().len(), 1);
    }

    #[tokio::test]
    async fn that_a_list_is_absent_is_remembered_for_a_minute() {
        let absent = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        let (reader, _, seen) = reader(absent, 1).await;
        let live = LiveCatalogs::new(Duration::from_secs(300));
        for (after, reads) in [(0, 1), (30, 1), (31, 2)] {
            pause();
            advance(Duration::from_secs(after)).await;
            resume();
            live.get(KINDS, &reader).await.unwrap();
            assert_eq!(seen.load(Ordering::SeqCst), reads, "after {after} s");
        }
    }

    #[tokio::test]
    async fn all_lists_are_asked_for_before_any_is_there() {
        let list = "HTTP/1.1 200 OK\r\ncontent-length: 25\r\nconnection: close\r\n\r\n[{\"id\":1,\"name\":\"Vega\"}]\n";
        let (reader, _, seen) = reader(list, CatalogKind::ALL.len()).await;
        let live = LiveCatalogs::new(Duration::from_secs(300));
        live.get(&CatalogKind::ALL, &reader).await.unwrap();
        assert_eq!(seen.load(Ordering::SeqCst), CatalogKind::ALL.len());
        assert_eq!(live.ages().map(|(kind, _, _)| kind).collect::<Vec<_>>(), CatalogKind::ALL);
    }

    #[test]
    fn a_failure_is_logged_without_the_vendors_words() {
        let answer = VendorResponse::new(StatusCode::BAD_GATEWAY, HeaderMap::new(), "hush".into());
        let failure = CatalogFailure::Refused(answer);
        assert_eq!(failure.to_string(), "the vendor answered 502");
        assert!(!format!("{failure:?}").contains("hush"));
    }
}
