//! Shared state in memory, on tokio's clock, so that tests with paused time see minutes at once. It counts what the database
//! would have to do.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::store::shared::{AccountState, CatalogKey, Grant, Probe, SharedState, TokenRequest};
use crate::store::{Pending, StoreError};

/// A limit's row: times in nanoseconds.
#[derive(Clone, Copy, Default)]
struct Row {
    tat: u128,
    block: u32,
    block_until: u128,
}

#[derive(Debug)]
pub(super) struct Memory {
    origin: Instant,
    rows: Mutex<HashMap<Arc<str>, Row>>,
    /// Changes of rows.
    pub(super) changes: AtomicUsize,
    /// Statements of any kind.
    pub(super) statements: AtomicUsize,
    /// Whether it answers.
    pub(super) answers: watch::Sender<bool>,
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Row")
    }
}

impl Memory {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            origin: Instant::now() - Duration::from_secs(3600),
            rows: Mutex::default(),
            changes: AtomicUsize::default(),
            statements: AtomicUsize::default(),
            answers: watch::Sender::new(true),
        })
    }

    /// A round trip.
    async fn answer(&self) -> Result<(), StoreError> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        let mut answers = self.answers.subscribe();
        let answered = timeout(self.timeout(), async {
            sleep(Duration::from_micros(500)).await;
            let _ = answers.wait_for(|answers| *answers).await;
        });
        answered.await.map_err(|_| StoreError::Unknown("it is frozen".into()))
    }

    /// What `statements::TAKE` does.
    fn grant(&self, request: &TokenRequest) -> Grant {
        let (mut rows, now) = (self.rows.lock().unwrap(), self.origin.elapsed().as_nanos());
        self.changes.fetch_add(1, Ordering::Relaxed);
        let row = rows.entry(Arc::clone(&request.key)).or_default();
        let (cost, burst) = (request.interval.as_nanos(), u128::from(request.burst));
        let held = if row.block_until > now { row.block.max(request.block) } else { request.block };
        let reserve = (u128::from(request.replicas) * u128::from(held - 1)).min(burst / 2);
        let size = burst - reserve;
        let least = if request.is_emptied { now + cost * burst } else { now };
        let base = row.tat.min(now + cost * burst).max(least);
        let available = (now + cost * size).saturating_sub(base) / cost;
        let granted = available.min(u128::from(request.tokens));
        let until = if request.block > 1 { now + 1_000_000_000 } else { row.block_until };
        *row = Row { tat: base + granted * cost, block: held, block_until: until };
        let is_short = granted < u128::from(request.tokens);
        let wait = if is_short { (row.tat + cost).saturating_sub(now + size * cost) } else { 0 };
        Grant {
            tokens: u32::try_from(granted).unwrap(),
            left: u32::try_from(available - granted).unwrap(),
            wait: Duration::from_nanos(u64::try_from(wait).unwrap()),
        }
    }
}

impl SharedState for Memory {
    fn connect(&self) -> Pending<'_, ()> {
        Box::pin(self.answer())
    }

    fn lost(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::pending())
    }

    fn take(&self, requests: Vec<TokenRequest>) -> Pending<'_, Vec<Grant>> {
        Box::pin(async move {
            self.answer().await?;
            Ok(requests.iter().map(|request| self.grant(request)).collect())
        })
    }

    fn look(&self) -> Pending<'_, Vec<AccountState>> {
        Box::pin(async { self.answer().await.map(|()| Vec::new()) })
    }

    fn pause(&self, _: Arc<str>, _: Duration, _: bool) -> Pending<'_, ()> {
        Box::pin(self.answer())
    }

    fn open(&self, _: Arc<str>, _: Duration) -> Pending<'_, ()> {
        Box::pin(self.answer())
    }

    fn probe(&self, _: Arc<str>, _: Duration) -> Pending<'_, Probe> {
        Box::pin(async { self.answer().await.map(|()| Probe::NotOpen) })
    }

    fn end_probe(&self, _: Arc<str>, _: u64, _: Option<Duration>) -> Pending<'_, ()> {
        Box::pin(self.answer())
    }

    fn catalog(&self, _: CatalogKey) -> Pending<'_, Option<(Vec<u8>, Duration)>> {
        Box::pin(async { self.answer().await.map(|()| None) })
    }

    fn begin_refresh(&self, _: CatalogKey, _: Duration) -> Pending<'_, bool> {
        Box::pin(async { self.answer().await.map(|()| true) })
    }

    fn end_refresh(&self, _: CatalogKey, _: Option<Vec<u8>>) -> Pending<'_, ()> {
        Box::pin(self.answer())
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(2)
    }
}
