//! The records of changes: what is on its way, and what became of it. It exists only with a store.
//!
//! - `synchronous` carries a change out for a caller who waits, and writes down how it ends; `attached` is its
//!   way on when the caller leaves; `key` is about idempotency keys.
//! - `asynchronous` admits a change that is delivered later; `queue` holds what waits, and delivers it.
//! - `reservation` is a place in the order with its number, taken before a change is ready.
//! - `payload` is what the store keeps so that a change can be sent; `job` is a change without its caller's connection.
//! - `document` is a record as callers see it; `endings` tells those who wait for an end; `replay` sends a dead one again;
//!   `sweeping` removes what is kept no longer.

mod answer;
mod asynchronous;
mod callbacks;
mod cancel;
mod cluster;
mod document;
#[cfg(test)]
pub(crate) mod double;
mod endings;
mod job;
mod key;
mod payload;
mod queue;
mod replay;
mod reservation;
mod sweeping;
mod synchronous;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use futures_util::FutureExt;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;
use vendors::document::may_hold_credentials;

use crate::account::Account;
use crate::api::dry_run::redact_update;
use crate::gateway::Gateway;
use crate::problem::{Code, Outcome, Problem};
use crate::store::{Answer, Cluster, Membership, Record, SharedStore, StoreError, UpdateId};
use crate::telemetry::Telemetry;
use crate::telemetry::metrics::ChangeMetrics;
use crate::upstream::{QueuedLock, SharePermit, Tasks};
use crate::value::{JournalValues, Lock};

pub(crate) use answer::kept;
pub(crate) use callbacks::CallbackState;
pub use callbacks::{CallbackCounters, Callbacks};
pub use cluster::{ClusterSettings, MemberView, ReplicaView};
pub(crate) use document::{RecordDocument, accepted, found, stored_json};
pub(crate) use key::{Asked, Key, Known};
pub use queue::Depth;
pub use replay::Replay;
pub(crate) use reservation::Reservation;
pub(super) use synchronous::carry_out;

#[cfg(test)]
use super::context::Context;
use cluster::{Replica, Seen};
use endings::Endings;
use job::Job;
use payload::Payload;
use queue::Lines;

/// The records and the queue of one process.
pub struct Records {
    /// Where they are kept.
    pub store: SharedStore,
    gateway: Arc<ArcSwap<Gateway>>,
    telemetry: Telemetry,
    upstream: Tasks,
    lines: Lock<Lines<QueuedLock>>,
    endings: Endings,
    callbacks: Arc<Callbacks>,
    slots: Lock<HashMap<Arc<str>, Slots>>,
    /// What runs without a caller. A shutdown waits for it before it closes the store.
    tasks: TaskTracker,
    /// No delivery begins from then on.
    stop: CancellationToken,
    /// The dead changes that are being replayed.
    replaying: Lock<HashSet<UpdateId>>,
    kept: queue::Kept,
    /// This process among those that share the store, if they do.
    replica: Option<Arc<Replica>>,
    /// This process among all that have used the store.
    incarnation: Uuid,
    /// Callers who wait for a change to end.
    readers: Arc<AtomicUsize>,
    /// How changes ended.
    pub metrics: ChangeMetrics,
}

/// How many deliveries may be made to an account at once.
#[derive(Debug)]
struct Slots {
    size: usize,
    free: Arc<Semaphore>,
}

impl Records {
    /// The records of a store, whose waiting changes are queued again.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn start(
        store: SharedStore,
        gateway: Arc<ArcSwap<Gateway>>,
        telemetry: Telemetry,
        upstream: Tasks,
    ) -> Result<Arc<Self>, StoreError> {
        let records = Arc::new(Self::idle(store, None, gateway, telemetry, upstream));
        records.recover().await?;
        records.begin();
        Ok(records)
    }

    /// The records of a store that other processes share. What waits without an owner is queued again.
    pub async fn join(
        store: Arc<dyn Cluster>,
        settings: ClusterSettings,
        gateway: Arc<ArcSwap<Gateway>>,
        telemetry: Telemetry,
        upstream: Tasks,
    ) -> Arc<Self> {
        let replica = Replica::new(Arc::clone(&store), settings);
        let records = Arc::new(Self::idle(store, Some(Arc::clone(&replica)), gateway, telemetry, upstream));
        records.begin();
        let mut seen = Seen::default();
        records.beat_once(&replica, &mut seen, Instant::now()).await;
        let connections = &records.upstream.connections;
        connections.spawn(Arc::clone(&records).beat(Arc::clone(&replica), seen));
        connections.spawn(Arc::clone(&records).take_over(Arc::clone(&replica)));
        connections.spawn(Arc::clone(&records).poll(replica));
        records
    }

    /// Starts what goes on besides changes.
    fn begin(self: &Arc<Self>) {
        self.keep_tidy();
        let leads = self.replica.clone();
        let leads = move || leads.as_ref().is_none_or(|replica| replica.is_leader());
        self.tasks.spawn(Arc::clone(&self.callbacks).run(leads, self.stop.clone()));
    }

    fn idle(
        store: SharedStore,
        replica: Option<Arc<Replica>>,
        gateway: Arc<ArcSwap<Gateway>>,
        telemetry: Telemetry,
        upstream: Tasks,
    ) -> Self {
        Self {
            replica,
            lines: Lock::new(Lines::new(store.next_number())),
            callbacks: Arc::new(Callbacks::new(Arc::clone(&store), Arc::clone(&gateway), &upstream.connections)),
            store,
            gateway,
            telemetry,
            upstream,
            endings: Endings::default(),
            slots: Lock::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            replaying: Lock::default(),
            kept: queue::Kept::default(),
            incarnation: Uuid::now_v7(),
            readers: Arc::default(),
            metrics: ChangeMetrics::default(),
        }
    }

    /// The records of a store that is only read.
    #[cfg(test)]
    pub(crate) fn new(store: SharedStore) -> Self {
        let gateway = Context::example(&http::HeaderMap::new()).gateway;
        Self::idle(store, None, Arc::new(ArcSwap::new(gateway)), Telemetry::default(), Tasks::default())
    }

    /// A place among those who wait for a change to end without a request in flight, at most `max` at a time; `None` if all
    /// are taken. Dropping it returns it.
    pub(crate) fn reader(&self, max: usize) -> Option<SharePermit> {
        let (permit, taken) = SharePermit::count(&self.readers);
        (taken < max).then_some(permit)
    }

    /// The record of that id once it is final, or as it is at `until`, or when the gateway drains; `None` if there is none.
    ///
    /// # Errors
    /// The store fails.
    pub async fn ended(&self, id: UpdateId, until: Instant) -> Result<Option<Record>, StoreError> {
        let mut waiting = self.endings.waiting(id);
        if let Some(replica) = &self.replica {
            replica.wait();
        }
        loop {
            let record = self.store.record(id).await?;
            let is_over = record.as_ref().is_none_or(|record| record.state.is_final());
            if is_over {
                return Ok(record);
            }
            if waiting.may_have_ended(until).await.is_none() {
                return self.store.record(id).await;
            }
        }
    }

    /// The place of a change that waits among those of its line, from 1; `None` if it is final.
    pub fn position(&self, record: &Record) -> Option<u64> {
        if record.state.is_final() {
            return None;
        }
        let waiting = record.line().and_then(|line| self.lines().position(&line, record.id));
        waiting.or(record.ahead.map(|ahead| ahead + 1)).or(Some(1))
    }

    /// What waits, by account.
    pub fn depths(&self) -> HashMap<Arc<str>, Depth> {
        self.lines().depths()
    }

    /// Takes note of another configuration: waiting changes are tried with it.
    pub fn reloaded(&self) {
        self.lines().wake_all(Instant::now());
    }

    /// Begins no delivery from now on, and ends waits for the end of changes.
    pub fn drain(&self) {
        self.endings.drain();
        self.stop.cancel();
        self.tasks.close();
    }

    /// Waits for changes under way.
    pub async fn finished(&self) {
        self.drain();
        self.tasks.wait().await;
    }

    /// Closes the store, after changes under way have had a moment to end.
    pub async fn close(&self, timeout: Duration) {
        self.drain();
        if tokio::time::timeout(timeout / 5, self.tasks.wait()).await.is_err() {
            tracing::warn!(left = self.tasks.len(), "changes under way were cut off; the next process takes them up");
        }
        if let Some(replica) = &self.replica {
            replica.leave().await;
        }
        match tokio::time::timeout(timeout, self.store.close()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the store did not close cleanly"),
            Err(_) => tracing::error!("the store did not close in time"),
        }
    }

    /// What the store keeps of a change so that it can be sent.
    fn payload(&self, job: &Job, request: &vendors::Request, body: &[u8]) -> Payload {
        let translation = format!("{}:{}", self.incarnation, job.context.gateway.generation);
        Payload::new(request, body, job.handling, &job.options, translation, job.account.dialect.name)
    }

    /// What the journal keeps of a caller's fields.
    fn journal_body(&self, body: &Bytes) -> Option<Bytes> {
        if body.is_empty() {
            return None;
        }
        match self.gateway.load().journal.values {
            JournalValues::None => None,
            JournalValues::Full => Some(body.clone()),
            // A copy, because a caller's buffer may be far larger.
            JournalValues::Redacted if !may_hold_credentials(body) => Some(Bytes::copy_from_slice(body)),
            JournalValues::Redacted => {
                let mut out = Vec::with_capacity(body.len());
                redact_update(&mut out, body);
                Some(out.into())
            }
        }
    }

    /// What the journal keeps of an answer.
    fn journaled(&self, answer: Answer) -> Answer {
        match self.gateway.load().journal.values {
            JournalValues::None => Answer { body: None, ..answer },
            JournalValues::Redacted | JournalValues::Full => answer,
        }
    }

    /// Adds the record of a change without a ticket to the journal.
    fn note(&self, record: Record, body: Option<Bytes>) {
        let id = record.id;
        self.metrics.ended(&record.vendor, record.operation, record.state.as_str());
        // Whether there is room was asked before anything was sent.
        if let Some(Err(error)) = self.store.note(record, body).now_or_never() {
            tracing::error!(%error, update = %id, "what became of a change cannot be recorded");
        }
    }

    async fn known_record(&self, id: UpdateId) -> Result<Record, Problem> {
        let record = self.store.record(id).await.map_err(store_problem)?;
        record.ok_or_else(|| Problem::new(Code::UpdateNotFound, "the record is kept no longer"))
    }

    /// Who admits a change here, where several processes share the store.
    fn membership(&self) -> Option<Membership> {
        let replica = self.replica.as_ref()?;
        Some(Membership { id: replica.session().id, most_in_line: u64::MAX })
    }

    /// The number of a change without a line. Where several processes share the store, the store gives it.
    fn number(&self) -> u64 {
        if self.replica.is_some() { 0 } else { self.lines().number() }
    }

    fn lines(&self) -> MutexGuard<'_, Lines<QueuedLock>> {
        self.lines.lock()
    }

    /// The places for deliveries to an account: half of what it takes at once, so that callers who wait have the others.
    fn slots(&self, account: &Account) -> Arc<Semaphore> {
        let size = (account.limits.max_in_flight / 2).max(1);
        let mut slots = self.slots.lock();
        let of_account = slots.entry(Arc::clone(&account.name)).or_insert_with(|| Slots::new(size));
        if of_account.size != size {
            *of_account = Slots::new(size);
        }
        Arc::clone(&of_account.free)
    }
}

impl Slots {
    fn new(size: usize) -> Self {
        Self { size, free: Arc::new(Semaphore::new(size)) }
    }
}

impl fmt::Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Records").field("store", &self.store).finish_non_exhaustive()
    }
}

/// The records, if there is a store.
///
/// # Errors
/// `store_required`.
pub(crate) fn required(records: Option<&Arc<Records>>) -> Result<&Arc<Records>, Problem> {
    let detail = "records of changes need `[store]` in the gateway's configuration, and there is none";
    records.ok_or_else(|| Problem::new(Code::StoreRequired, detail))
}

/// The `Retry-After` of a store that fails.
const STORE_RETRY_AFTER: Duration = Duration::from_secs(1);

/// The problem of a store that fails. What it says itself is for the log only.
pub(crate) fn store_problem(error: StoreError) -> Problem {
    let text = error.to_string();
    let unavailable = |detail: &str| Problem::new(Code::StoreUnavailable, detail).after(STORE_RETRY_AFTER);
    let problem = match error {
        StoreError::Failed(_) => unavailable("the gateway's store cannot do this now, and nothing was stored"),
        StoreError::Closed => unavailable("the gateway is shutting down, and nothing was stored"),
        StoreError::Unknown(_) => Problem {
            outcome: Outcome::Unknown,
            ..unavailable(
                "the gateway's store did not answer; the change may have been stored, and may still be delivered",
            )
        },
        StoreError::Unreadable(_) => Problem::new(Code::Internal, "what is stored of this cannot be read"),
    };
    problem.internally(text)
}

#[cfg(test)]
mod tests {
    use crate::api::records::*;

    #[test]
    fn a_store_that_fails_says_whether_something_was_stored_and_nothing_of_what_went_wrong() {
        for (error, code, outcome, retry) in [
            (StoreError::Failed("/data/x.db is full".to_owned()), Code::StoreUnavailable, Outcome::NotApplied, true),
            (StoreError::Unknown("/data/x.db is full".to_owned()), Code::StoreUnavailable, Outcome::Unknown, true),
            (StoreError::Closed, Code::StoreUnavailable, Outcome::NotApplied, true),
            (StoreError::Unreadable("/data/x.db is torn".to_owned()), Code::Internal, Outcome::NotApplied, false),
        ] {
            let text = error.to_string();
            let problem = store_problem(error);
            assert_eq!((problem.code, problem.outcome, problem.is_retryable()), (code, outcome, retry), "{text}");
            assert_eq!(problem.retry_after.is_some(), retry, "{text}");
            assert!(!problem.detail.contains("x.db"), "{}", problem.detail);
            assert_eq!(problem.internal, Some(text));
        }
    }
}
