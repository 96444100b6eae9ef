//! The live catalogs of one vendor account: fetched when first needed, refreshed in the background, and kept while the
//! vendor fails.
//!
//! A fetch runs in its own task with its own deadline. It is not cancelled when the request that started it is. There is
//! at most one fetch per catalog at a time; requests that need it wait for its result. moka would do the last only: it
//! drops what has expired, caches no failures and cancels a fetch with its request.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use futures_util::future::try_join_all;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::Instant;
use vendors::{Catalog, CatalogKind, CatalogSet, CatalogSpec};

use super::catalog_reader::{CatalogFailure, CatalogReader};
use super::shared_catalogs;
use crate::value::{Counter, SharedCatalog};

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
    /// Where replicas share them, if they do.
    shared: Option<[Arc<dyn SharedCatalog>; CatalogKind::ALL.len()]>,
}

#[derive(Debug, Default)]
struct CacheEntry {
    latest: ArcSwap<Latest>,
    /// Locked by the fetch that runs, so that it is the only one and others can wait for it.
    fetch: Arc<Mutex<()>>,
}

/// The last good copy, and why the last fetch failed, with their times.
#[derive(Debug, Default)]
struct Latest {
    catalog: Option<(Arc<Catalog>, Instant)>,
    failure: Option<(CatalogFailure, Instant)>,
}

impl LiveCatalogs {
    /// Empty catalogs; an entry older than `ttl` is refreshed when it is next used.
    pub fn new(ttl: Duration) -> Arc<Self> {
        Arc::new(Self { ttl, entries: Arc::default(), failures: Arc::default(), shared: None })
    }

    /// The same catalogs with another TTL.
    #[must_use]
    pub fn with_ttl(&self, ttl: Duration) -> Arc<Self> {
        let (entries, failures, shared) = (Arc::clone(&self.entries), Arc::clone(&self.failures), self.shared.clone());
        Arc::new(Self { ttl, entries, failures, shared })
    }

    /// The same catalogs, which replicas share.
    #[must_use]
    pub fn sharing(&self, shared: [Arc<dyn SharedCatalog>; CatalogKind::ALL.len()]) -> Arc<Self> {
        let (entries, failures) = (Arc::clone(&self.entries), Arc::clone(&self.failures));
        Arc::new(Self { ttl: self.ttl, entries, failures, shared: Some(shared) })
    }

    /// Empty catalogs that continue the counters of these.
    #[must_use]
    pub fn emptied(&self, ttl: Duration) -> Arc<Self> {
        let (failures, shared) = (Arc::clone(&self.failures), self.shared.clone());
        Arc::new(Self { ttl, entries: Arc::default(), failures, shared })
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
        let documented = kinds.iter().filter_map(|&kind| Some((kind, reader.dialect.catalog(kind)?)));
        let lookups = documented.map(async |(kind, spec)| match self.look_up(kind, spec, reader).await {
            Err(CatalogFailure::Absent) => Ok(None),
            result => result.map(|(catalog, _)| Some((kind, catalog))),
        });
        let mut set = CatalogSet::default();
        for (kind, catalog) in try_join_all(lookups).await?.into_iter().flatten() {
            set.set(kind, catalog);
        }
        Ok(set)
    }

    /// One catalog and its age, read as in [`Self::get`].
    ///
    /// # Errors
    /// It is not cached and cannot be fetched now, or the vendor has no such list.
    pub async fn one(
        self: &Arc<Self>,
        kind: CatalogKind,
        reader: &CatalogReader,
    ) -> Result<(Arc<Catalog>, Duration), CatalogFailure> {
        let spec = reader.dialect.catalog(kind).ok_or(CatalogFailure::Absent)?;
        let (catalog, fetched_at) = self.look_up(kind, spec, reader).await?;
        Ok((catalog, fetched_at.elapsed()))
    }

    /// One catalog, which the vendor is asked for now, whatever the age of the copy. A failure leaves the copy in place.
    ///
    /// # Errors
    /// It cannot be fetched now, or the vendor has no such list.
    pub async fn refresh(
        self: &Arc<Self>,
        kind: CatalogKind,
        reader: &CatalogReader,
    ) -> Result<Arc<Catalog>, CatalogFailure> {
        let spec = reader.dialect.catalog(kind).ok_or(CatalogFailure::Absent)?;
        let entry = &self.entries[kind as usize];
        let turn = Arc::clone(&entry.fetch).lock_owned().await;
        self.start_fetch((kind, spec), Duration::ZERO, reader.clone(), turn);
        drop(entry.fetch.lock().await);
        match &**entry.latest.load() {
            Latest { failure: Some((failure, _)), .. } => Err(failure.clone()),
            Latest { catalog: Some((catalog, _)), .. } => Ok(Arc::clone(catalog)),
            _ => Err(CatalogFailure::Malformed("the task that fetched the catalog is gone".to_owned())),
        }
    }

    /// The copy of a catalog and its age, if there is one; the vendor is not asked.
    pub fn copy(&self, kind: CatalogKind) -> Option<(Arc<Catalog>, Duration)> {
        let (catalog, fetched_at) = self.entries.get(kind as usize)?.latest.load().catalog.clone()?;
        Some((catalog, fetched_at.elapsed()))
    }

    /// The age from which on a catalog is refreshed when it is used.
    pub fn ttl(&self) -> Duration {
        self.ttl
    }

    /// The age and the number of entries of each cached catalog.
    pub fn ages(&self) -> impl Iterator<Item = (CatalogKind, Duration, usize)> {
        CatalogKind::ALL.into_iter().filter_map(|kind| {
            let (catalog, age) = self.copy(kind)?;
            Some((kind, age, catalog.len()))
        })
    }

    /// The failed fetches so far, over reloads. That a vendor has no such list is no failure.
    pub fn failures(&self) -> impl Iterator<Item = (CatalogKind, u64)> {
        CatalogKind::ALL.into_iter().zip(self.failures.iter().map(Counter::get))
    }

    /// The cached catalog, which is fetched again if it is old; without one, the result of a fetch.
    async fn look_up(
        self: &Arc<Self>,
        kind: CatalogKind,
        spec: &'static CatalogSpec,
        reader: &CatalogReader,
    ) -> Result<(Arc<Catalog>, Instant), CatalogFailure> {
        let entry = &self.entries[kind as usize];
        if entry.is_due(self.ttl)
            && let Ok(turn) = Arc::clone(&entry.fetch).try_lock_owned()
            && entry.is_due(self.ttl)
        // no fetch has just ended
        {
            self.start_fetch((kind, spec), self.ttl, reader.clone(), turn);
        }
        if let Some(copy) = &entry.latest.load().catalog {
            return Ok(copy.clone());
        }
        drop(entry.fetch.lock().await);
        match &**entry.latest.load() {
            Latest { catalog: Some(copy), .. } => Ok(copy.clone()),
            Latest { failure: Some((failure, _)), .. } => Err(failure.clone()),
            _ => Err(CatalogFailure::Malformed("the task that fetched the catalog is gone".to_owned())),
        }
    }

    /// Fetches a catalog; another replica's copy counts while it is younger than `shared_ttl`.
    fn start_fetch(
        self: &Arc<Self>,
        (kind, spec): (CatalogKind, &'static CatalogSpec),
        shared_ttl: Duration,
        reader: CatalogReader,
        turn: OwnedMutexGuard<()>,
    ) {
        let catalogs = Arc::clone(self);
        reader.stack.clone().spawn(async move {
            let _turn = turn;
            let result = match catalogs.shared.as_ref().and_then(|shared| shared.get(kind as usize)) {
                None => reader.read(kind, spec).await.map(|catalog| (catalog, Duration::ZERO)),
                Some(shared) => shared_catalogs::read(&**shared, shared_ttl, kind, spec, &reader).await,
            };
            if result.as_ref().is_err_and(|failure| !matches!(failure, CatalogFailure::Absent)) {
                catalogs.failures[kind as usize].add();
            }
            let entry = &catalogs.entries[kind as usize];
            if let (Err(failure), Some(_)) = (&result, &entry.latest.load().catalog) {
                let vendor = reader.stack.name();
                tracing::warn!(vendor, catalog = %kind, %failure, "a catalog could not be refreshed; the last copy stays");
            }
            entry.finish(result);
        });
    }
}

impl CacheEntry {
    /// Whether a fetch is due: the catalog is not fresh, and no fetch has failed a moment ago.
    fn is_due(&self, ttl: Duration) -> bool {
        let latest = self.latest.load();
        let pause = |failure: &CatalogFailure| match failure {
            _ if latest.catalog.is_some() => REFRESH_INTERVAL.min(ttl),
            CatalogFailure::Absent => ABSENCE_TTL.min(ttl).max(FAILURE_TTL),
            _ => FAILURE_TTL,
        };
        let is_fresh = latest.catalog.as_ref().is_some_and(|(_, at)| at.elapsed() < ttl);
        !is_fresh && latest.failure.as_ref().is_none_or(|(failure, at)| at.elapsed() >= pause(failure))
    }

    /// Keeps the result of a fetch, with the age of the catalog. A failure leaves the last good copy in place.
    fn finish(&self, result: Result<(Catalog, Duration), CatalogFailure>) {
        let now = Instant::now();
        self.latest.store(Arc::new(match result {
            Ok((catalog, age)) => {
                let read_at = now.checked_sub(age).unwrap_or(now);
                Latest { catalog: Some((Arc::new(catalog), read_at)), failure: None }
            }
            Err(failure) => Latest { catalog: self.latest.load().catalog.clone(), failure: Some((failure, now)) },
        }));
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
    use crate::value::Shared;

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
            max_connection_age: Duration::from_secs(300),
            max_in_flight: CatalogKind::COUNT,
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
        let token = Token::new(vendors::Auth::Bearer, "1|abc").unwrap();
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
        assert!(live.entries[KINDS[0] as usize].fetch.try_lock().is_err());
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
        let kinds: Vec<_> = vendors::registry::dialect("autocalls").unwrap().catalog_kinds().collect();
        let (reader, _, seen) = reader(list, kinds.len()).await;
        let live = LiveCatalogs::new(Duration::from_secs(300));
        live.get(&kinds, &reader).await.unwrap();
        assert_eq!(seen.load(Ordering::SeqCst), kinds.len());
        assert_eq!(live.ages().map(|(kind, _, _)| kind).collect::<Vec<_>>(), kinds);
    }

    #[tokio::test]
    async fn a_failed_refresh_keeps_the_catalog_and_is_counted_over_reloads() {
        let (reader, tasks, seen) =
            reader("HTTP/1.1 500 Oops\r\ncontent-length: 0\r\nconnection: close\r\n\r\n", 1).await;
        let live = LiveCatalogs::new(Duration::ZERO);
        let entry = &live.entries[KINDS[0] as usize];
        entry.finish(Ok((Catalog::default(), Duration::ZERO)));
        let set = live.get(KINDS, &reader).await.unwrap();
        assert!(set.get(KINDS[0]).is_some());
        tasks.updates.close();
        tasks.updates.wait().await;
        assert_eq!(seen.load(Ordering::SeqCst), 1);
        assert!(entry.latest.load().catalog.is_some());
        for live in [live.with_ttl(Duration::ZERO), live.emptied(Duration::ZERO)] {
            assert_eq!(live.failures().next(), Some((KINDS[0], 1)));
        }
    }
    #[tokio::test]
    async fn three_replicas_fetch_a_catalog_once() {
        let Some(server) = private_postgres::shared() else { return };
        let replicas = crate::sharing::tests::on(server, 3, Duration::from_secs(60)).await;
        let list = "HTTP/1.1 200 OK\r\ncontent-length: 25\r\nconnection: close\r\n\r\n[{\"id\":1,\"name\":\"Vega\"}]\n";
        let (reader, tasks, seen) = reader(list, 1).await;
        let lives = |identity| {
            let sharing = |replica: &Arc<crate::sharing::Sharing>| {
                let shared = CatalogKind::ALL.map(|kind| replica.catalog("v", &kind.to_string(), identity));
                LiveCatalogs::new(Duration::from_secs(300)).sharing(shared)
            };
            replicas.iter().map(sharing).collect::<Vec<_>>()
        };
        for (identity, reads) in [([1; 32], 1), ([1; 32], 1), ([2; 32], 2)] {
            let lives = lives(identity);
            for result in futures_util::future::join_all(lives.iter().map(|live| live.get(KINDS, &reader))).await {
                let set = result.unwrap();
                assert_eq!(set.get(KINDS[0]).unwrap().entries()[0].name, "Vega");
            }
            assert_eq!(seen.load(Ordering::SeqCst), reads, "another account's copy is none");
        }
        // Without the store each reads for itself.
        let alone = lives([2; 32]);
        for replica in &replicas {
            replica.close().await;
        }
        for live in &alone {
            live.get(KINDS, &reader).await.unwrap();
        }
        assert_eq!(seen.load(Ordering::SeqCst), 5);
        tasks.updates.close();
        tasks.updates.wait().await;
    }
}
