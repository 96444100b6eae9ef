//! The live catalogs of one vendor account: fetched when first needed, refreshed in the background, and kept while the
//! vendor fails.
//!
//! A fetch runs in its own task with its own deadline. It is not cancelled when the request that started it is. There is
//! at most one fetch per catalog at a time; requests that need it wait for its result.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use futures_util::future::try_join_all;
use tokio::sync::watch;
use tokio::time::Instant;
use vendors::{Catalog, CatalogKind, CatalogSet};

use super::catalog_reader::{CatalogFailure, CatalogReader};
use crate::value::Counter;

/// How long a failed fetch is answered from memory.
const FAILURE_TTL: Duration = Duration::from_secs(1);

/// The same if the vendor has no such list; at most the TTL of a catalog.
const ABSENCE_TTL: Duration = Duration::from_secs(60);

/// The time between a failed refresh and the next one; at most the TTL of a catalog.
const REFRESH_INTERVAL: Duration = Duration::from_secs(10);

/// The catalogs of one account.
#[derive(Debug)]
pub struct LiveCatalogs {
    ttl: Duration,
    entries: Arc<[CacheEntry; CatalogKind::ALL.len()]>,
    failures: Arc<[Counter; CatalogKind::ALL.len()]>,
}

#[derive(Debug, Default)]
struct CacheEntry {
    cached: ArcSwapOption<CachedCatalog>,
    fetch: Mutex<FetchState>,
}

#[derive(Debug)]
struct CachedCatalog {
    catalog: Arc<Catalog>,
    fetched_at: Instant,
}

#[derive(Debug, Default)]
struct FetchState {
    running: Option<PendingFetch>,
    failed: Option<(Instant, CatalogFailure)>,
}

type FetchResult = Result<Arc<Catalog>, CatalogFailure>;
type PendingFetch = watch::Receiver<Option<FetchResult>>;

enum Lookup {
    Cached(Arc<Catalog>),
    Pending(PendingFetch),
}

impl LiveCatalogs {
    /// Empty catalogs; an entry older than `ttl` is refreshed when it is next used.
    pub fn new(ttl: Duration) -> Arc<Self> {
        Arc::new(Self { ttl, entries: Arc::default(), failures: Arc::default() })
    }

    /// The same catalogs with another TTL.
    #[must_use]
    pub fn with_ttl(&self, ttl: Duration) -> Arc<Self> {
        Arc::new(Self { ttl, entries: Arc::clone(&self.entries), failures: Arc::clone(&self.failures) })
    }

    /// Empty catalogs that continue the counters of these.
    #[must_use]
    pub fn emptied(&self, ttl: Duration) -> Arc<Self> {
        Arc::new(Self { ttl, entries: Arc::default(), failures: Arc::clone(&self.failures) })
    }

    /// The catalogs of these kinds; those that are not cached are fetched at the same time. A list that the vendor does
    /// not have is left out: a name then stays unresolved, and the response says which configuration key would help.
    ///
    /// # Errors
    /// One of them is not cached and cannot be fetched now.
    pub async fn get(
        self: &Arc<Self>,
        kinds: &[CatalogKind],
        reader: &CatalogReader,
    ) -> Result<CatalogSet, CatalogFailure> {
        let mut set = CatalogSet::default();
        let mut pending = Vec::new();
        for &kind in kinds {
            match self.look_up(kind, reader) {
                Ok(Some(Lookup::Cached(catalog))) => set.set(kind, catalog),
                Ok(Some(Lookup::Pending(fetch))) => pending.push(fetched(kind, fetch)),
                Ok(None) | Err(CatalogFailure::Absent) => {}
                Err(failure) => return Err(failure),
            }
        }
        for (kind, catalog) in try_join_all(pending).await?.into_iter().flatten() {
            set.set(kind, catalog);
        }
        Ok(set)
    }

    /// The age from which on a catalog is refreshed when it is used.
    pub fn ttl(&self) -> Duration {
        self.ttl
    }

    /// The age and the number of entries of each cached catalog.
    pub fn ages(&self) -> impl Iterator<Item = (CatalogKind, Duration, usize)> {
        CatalogKind::ALL.into_iter().zip(self.entries.iter()).filter_map(|(kind, entry)| {
            let cached = entry.cached.load_full()?;
            Some((kind, cached.fetched_at.elapsed(), cached.catalog.len()))
        })
    }

    /// The failed fetches so far, over reloads. That a vendor has no such list is no failure.
    pub fn failures(&self) -> impl Iterator<Item = (CatalogKind, u64)> {
        CatalogKind::ALL.into_iter().zip(self.failures.iter().map(Counter::get))
    }

    fn look_up(self: &Arc<Self>, kind: CatalogKind, reader: &CatalogReader) -> Result<Option<Lookup>, CatalogFailure> {
        let Some(path) = reader.dialect.catalog_path(kind) else { return Ok(None) };
        let entry = &self.entries[kind as usize];
        if let Some(fresh) = entry.fresh(self.ttl) {
            return Ok(Some(fresh));
        }
        let mut state = entry.state();
        if let Some(fresh) = entry.fresh(self.ttl) {
            return Ok(Some(fresh)); // a fetch has just ended
        }
        let cached = entry.cached.load_full();
        let pause = |failure: &CatalogFailure| match failure {
            _ if cached.is_some() => REFRESH_INTERVAL.min(self.ttl),
            CatalogFailure::Absent => ABSENCE_TTL.min(self.ttl).max(FAILURE_TTL),
            _ => FAILURE_TTL,
        };
        let failed = state.failed.as_ref().filter(|(at, failure)| at.elapsed() < pause(failure));
        // A fetch whose task is gone, as at the end of the process, does not count.
        let running = state.running.as_ref().filter(|fetch| fetch.has_changed().is_ok());
        let fetch = match (running, failed) {
            (Some(fetch), _) => Ok(fetch.clone()),
            (None, Some((_, failure))) => Err(failure.clone()),
            (None, None) => Ok(state.running.insert(self.start_fetch(kind, path, reader)).clone()),
        };
        match cached {
            Some(stale) => Ok(Some(Lookup::Cached(Arc::clone(&stale.catalog)))),
            None => Ok(Some(Lookup::Pending(fetch?))),
        }
    }

    fn start_fetch(self: &Arc<Self>, kind: CatalogKind, path: &'static str, reader: &CatalogReader) -> PendingFetch {
        let (sender, pending) = watch::channel(None);
        let (catalogs, reader) = (Arc::clone(self), reader.clone());
        reader.stack.clone().spawn(async move {
            let result = reader.read(kind, path).await;
            if result.as_ref().is_err_and(|failure| !matches!(failure, CatalogFailure::Absent)) {
                catalogs.failures[kind as usize].add();
            }
            let entry = &catalogs.entries[kind as usize];
            if let (Err(failure), Some(_)) = (&result, entry.cached.load_full()) {
                let vendor = reader.stack.name();
                tracing::warn!(vendor, catalog = %kind, %failure, "a catalog could not be refreshed; the last copy stays");
            }
            sender.send_replace(Some(entry.finish(result)));
        });
        pending
    }
}

impl CacheEntry {
    fn fresh(&self, ttl: Duration) -> Option<Lookup> {
        let cached = self.cached.load_full().filter(|cached| cached.fetched_at.elapsed() < ttl)?;
        Some(Lookup::Cached(Arc::clone(&cached.catalog)))
    }

    fn state(&self) -> MutexGuard<'_, FetchState> {
        self.fetch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the result of a fetch before the next one can start. A failure leaves the last good copy in place.
    fn finish(&self, result: Result<Catalog, CatalogFailure>) -> FetchResult {
        let mut state = self.state();
        let result = result.map(Arc::new);
        if let Ok(catalog) = &result {
            let cached = CachedCatalog { catalog: Arc::clone(catalog), fetched_at: Instant::now() };
            self.cached.store(Some(Arc::new(cached)));
        }
        state.running = None;
        state.failed = result.as_ref().err().map(|failure| (Instant::now(), failure.clone()));
        result
    }
}

/// Waits for a fetch; `None` if the vendor has no such list.
async fn fetched(
    kind: CatalogKind,
    mut fetch: PendingFetch,
) -> Result<Option<(CatalogKind, Arc<Catalog>)>, CatalogFailure> {
    match fetch.wait_for(Option::is_some).await.as_deref() {
        Ok(Some(Ok(catalog))) => Ok(Some((kind, Arc::clone(catalog)))),
        Ok(Some(Err(CatalogFailure::Absent))) => Ok(None),
        Ok(Some(Err(failure))) => Err(failure.clone()),
        Ok(None) | Err(_) => Err(CatalogFailure::Malformed("the task that fetched the catalog is gone".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use http::HeaderMap;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::time::{advance, pause, resume, timeout};

    use crate::account::Token;
    use crate::account::catalogs::*;
    use crate::upstream::{BreakerSettings, RetrySettings, Stack, StackSettings, Tasks, TlsRoots, VendorTls};

    const KINDS: &[CatalogKind] = &[CatalogKind::ALL[0]];

    /// A reader of a vendor that sends this response to all connections once `together` of them wait for it, and the
    /// number of its connections so far.
    async fn reader(response: &'static str, together: usize) -> (CatalogReader, Tasks, Arc<AtomicUsize>) {
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
                    let _ = stream.write_all(response.as_bytes()).await;
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
        (CatalogReader { dialect, stack, headers: HeaderMap::new(), drift: Arc::default(), token }, tasks, seen)
    }

    #[tokio::test]
    async fn requests_that_are_cancelled_leave_one_fetch_running() {
        let (reader, tasks, _) = reader("", usize::MAX).await;
        let live = LiveCatalogs::new(Duration::from_secs(300));
        for _ in 0..100 {
            assert!(timeout(Duration::ZERO, live.get(KINDS, &reader)).await.is_err());
        }
        assert_eq!(tasks.updates.len(), 1);
        assert!(live.entries[KINDS[0] as usize].state().running.is_some());
    }

    #[tokio::test]
    async fn a_missing_list_is_not_asked_for_again_within_a_minute() {
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

    #[tokio::test]
    async fn a_failed_refresh_keeps_the_catalog_and_is_counted_over_reloads() {
        let (reader, tasks, seen) =
            reader("HTTP/1.1 500 Oops\r\ncontent-length: 0\r\nconnection: close\r\n\r\n", 1).await;
        let live = LiveCatalogs::new(Duration::ZERO);
        let entry = &live.entries[KINDS[0] as usize];
        entry.finish(Ok(Catalog::default())).unwrap();
        let set = live.get(KINDS, &reader).await.unwrap();
        assert!(set.get(KINDS[0]).is_some());
        tasks.updates.close();
        tasks.updates.wait().await;
        assert_eq!(seen.load(Ordering::SeqCst), 1);
        assert!(entry.cached.load_full().is_some());
        for live in [live.with_ttl(Duration::ZERO), live.emptied(Duration::ZERO)] {
            assert_eq!(live.failures().next(), Some((KINDS[0], 1)));
        }
    }
}
