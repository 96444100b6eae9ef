//! FIFO locks, one per busy key.
//!
//! A key is in the table exactly while its lock is held, so an idle key costs nothing. An uncontended lock costs one
//! insertion and one removal in a sharded table, and no allocation.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::task::TaskTracker;

use super::deadline;
use super::queue_limit::{QueueLimit, QueuePermit, overloaded};
use crate::upstream::sync::atomic::{AtomicU64, Ordering};
use crate::upstream::sync::{Arc, Mutex, MutexGuard, PoisonError, oneshot};
use crate::upstream::{DeliveryState, Failure, FailureKind};

/// How many requests may wait for one key, so that one assistant cannot take all permits of the [`QueueLimit`].
pub(super) const MAX_WAITERS_PER_KEY: usize = 64;

const SHARDS: usize = 32;
/// Tables of at most this capacity are not shrunk.
const MIN_CAPACITY: usize = 64;

type Table = HashMap<Arc<str>, KeyQueue>;

/// The locks of one scope.
#[derive(Debug)]
pub(in crate::upstream) struct KeyedLocks {
    shards: [Mutex<Table>; SHARDS],
    hasher: RandomState,
    /// How often something that may have reached the vendor has ended.
    writes: AtomicU64,
    /// The tasks that keep locks while a vendor may still apply an update.
    holders: TaskTracker,
}

/// Those who wait for one key's lock, which is held.
#[derive(Debug, Default)]
struct KeyQueue {
    waiters: VecDeque<Waiter>,
    next_ticket: u64,
    /// Until when the lock is held without a request.
    held_until: Option<Instant>,
}

#[derive(Debug)]
struct Waiter {
    ticket: u64,
    successor: Successor,
}

#[derive(Debug)]
enum Successor {
    Request(oneshot::Sender<LockGuard>),
    /// The key's lock in another scope. It is released when all before it in this queue are done.
    OtherScope(QueuedLock),
}

/// The exclusive right to its key. Dropping it passes it to the next waiter or removes the key.
#[derive(Debug)]
pub(crate) struct LockGuard {
    locks: Arc<KeyedLocks>,
    key: Arc<str>,
    /// The request's attempts, and how long the lock is kept after one without a trustworthy response.
    unknown: Option<(DeliveryState, Duration)>,
    /// Until when it is kept for earlier requests in the same turn.
    earlier_unsettled: Option<Instant>,
    passed_on: bool,
}

/// A held or awaited lock. Dropping it releases the lock or leaves the queue.
#[derive(Debug)]
pub struct QueuedLock(LockState);

#[derive(Debug)]
enum LockState {
    Held(LockGuard),
    Waiting(Waiting),
}

#[derive(Debug)]
struct Waiting {
    locks: Arc<KeyedLocks>,
    key: Arc<str>,
    ticket: u64,
    granted: oneshot::Receiver<LockGuard>,
    _permit: Option<QueuePermit>,
}

impl Default for KeyedLocks {
    fn default() -> Self {
        let shards = std::array::from_fn(|_| Mutex::default());
        Self { shards, hasher: RandomState::new(), writes: AtomicU64::default(), holders: TaskTracker::new() }
    }
}

impl KeyedLocks {
    /// Takes the lock of `key` or joins the end of its queue; without a limit the queue is unbounded.
    ///
    /// # Errors
    /// `Overloaded` if the queue is full.
    pub(super) fn queue(
        self: &Arc<Self>,
        key: &Arc<str>,
        limit: Option<&Arc<QueueLimit>>,
    ) -> Result<QueuedLock, Failure> {
        let mut table = self.table(key);
        match table.entry(Arc::clone(key)) {
            Entry::Vacant(vacant) => {
                vacant.insert(KeyQueue::default());
                Ok(QueuedLock(LockState::Held(LockGuard::new(self, key))))
            }
            Entry::Occupied(mut occupied) => {
                let queue = occupied.get_mut();
                if limit.is_some() && queue.waiters.len() >= MAX_WAITERS_PER_KEY {
                    return Err(overloaded("as many requests wait for this assistant as may"));
                }
                let permit = limit.map(|limit| limit.acquire()).transpose()?;
                let (sender, granted) = oneshot::channel();
                let ticket = queue.push(Successor::Request(sender));
                let (locks, key) = (Arc::clone(self), Arc::clone(key));
                Ok(QueuedLock(LockState::Waiting(Waiting { locks, key, ticket, granted, _permit: permit })))
            }
        }
    }

    /// Records that a write has ended that may have reached the vendor.
    pub(super) fn count_write(&self) {
        self.writes.fetch_add(1, Ordering::AcqRel);
    }

    /// How many writes have ended.
    pub(super) fn writes(&self) -> u64 {
        self.writes.load(Ordering::Acquire)
    }

    /// Whether nothing waits for the lock of `key`.
    pub(in crate::upstream) fn nothing_waits(&self, key: &str) -> bool {
        self.table(key).get(key).is_none_or(|queue| queue.waiters.is_empty())
    }

    /// Locks every key that is busy in `other`, until the present queue of the key there is done. More writes have ended
    /// afterwards than in both before, so the number is new to the users of either.
    pub(super) fn follow(self: &Arc<Self>, other: &Self) {
        self.writes.fetch_add(other.writes() + 1, Ordering::AcqRel);
        for shard in &other.shards {
            let mut table = shard.lock().unwrap_or_else(PoisonError::into_inner);
            for (key, queue) in table.iter_mut() {
                let Ok(lock) = self.queue(key, None) else { continue }; // never fails without a limit
                if let (LockState::Held(_), Some(until)) = (&lock.0, queue.held_until) {
                    self.set_held_until(key, until);
                }
                queue.push(Successor::OtherScope(lock));
            }
        }
    }

    fn set_held_until(&self, key: &str, until: Instant) {
        if let Some(queue) = self.table(key).get_mut(key) {
            queue.held_until = Some(until);
        }
    }

    /// Takes the next waiter out of the queue, or the key out of the table.
    fn pop(&self, key: &str) -> Option<Successor> {
        let mut table = self.table(key);
        let queue = table.get_mut(key)?;
        queue.held_until = None;
        let next = queue.waiters.pop_front();
        if next.is_none() {
            table.remove(key);
            if table.capacity() > MIN_CAPACITY && table.len() < table.capacity() / 8 {
                let capacity = table.len() * 2;
                table.shrink_to(capacity);
            }
        }
        next.map(|waiter| waiter.successor)
    }

    fn table(&self, key: &str) -> MutexGuard<'_, Table> {
        let shard = self.hasher.hash_one(key) as usize % SHARDS;
        self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KeyQueue {
    fn push(&mut self, successor: Successor) -> u64 {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.waiters.push_back(Waiter { ticket, successor });
        ticket
    }
}

impl QueuedLock {
    /// Waits for the lock until `deadline`.
    pub(crate) async fn acquire(self, deadline: Instant) -> Result<LockGuard, Failure> {
        match self.0 {
            LockState::Held(guard) => Ok(guard),
            LockState::Waiting(mut waiting) => match timeout_at(deadline, &mut waiting.granted).await {
                // A sender is never dropped while its waiter is in the table.
                Ok(granted) => granted.map_err(|_| overloaded("the queue of this assistant was closed")),
                Err(_) => Err(waiting.timed_out()),
            },
        }
    }
}

impl QueuedLock {
    /// Whether it is held already.
    #[must_use]
    pub fn is_held(&self) -> bool {
        matches!(self.0, LockState::Held(_))
    }

    /// Whether nothing waits behind it.
    #[must_use]
    pub fn is_last(&self) -> bool {
        let (locks, key, own) = match &self.0 {
            LockState::Held(LockGuard { locks, key, .. }) => (locks, key, None),
            LockState::Waiting(Waiting { locks, key, ticket, .. }) => (locks, key, Some(*ticket)),
        };
        let table = locks.table(key);
        let last = table.get(key).and_then(|queue| queue.waiters.back());
        last.is_none_or(|last| Some(last.ticket) == own)
    }

    /// The same lock, held until `until` at least, as the vendor may apply an attempt of an earlier process until then.
    #[must_use]
    pub fn unsettled(self, until: Instant) -> Self {
        match self.0 {
            LockState::Held(guard) => {
                let earlier_unsettled = guard.earlier_unsettled.max(Some(until));
                Self(LockState::Held(guard.with_unsettled(earlier_unsettled)))
            }
            LockState::Waiting(_) => self,
        }
    }

    /// Releases the lock when all before it in another scope are done. Their writes count in this scope as well.
    fn end_in_other_scope(self) {
        let (LockState::Held(LockGuard { locks, .. }) | LockState::Waiting(Waiting { locks, .. })) = &self.0;
        locks.count_write();
    }

    /// The same lock, held; waits for it until `deadline`.
    pub(crate) async fn held(self, deadline: Instant) -> Result<Self, Failure> {
        Ok(Self(LockState::Held(self.acquire(deadline).await?)))
    }

    /// Waits until the vendor can no longer apply an attempt of this turn that got no trustworthy response. What is read
    /// afterwards is what such an attempt has left.
    ///
    /// # Errors
    /// `Settling`, at once, if that time does not end before `deadline`.
    pub async fn settled(&self, deadline: Instant) -> Result<(), Failure> {
        let LockState::Held(guard) = &self.0 else { return Ok(()) };
        match guard.unsettled_until() {
            Some(until) if until >= deadline => Err(unsettled(until)),
            Some(until) => {
                sleep_until(until).await;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl Waiting {
    fn timed_out(&self) -> Failure {
        match self.locks.table(&self.key).get(&self.key).and_then(|queue| queue.held_until) {
            Some(until) => unsettled(until),
            None => deadline::missed("in the queue of its assistant"),
        }
    }
}

/// The failure of a wait that ends before the vendor can no longer apply an earlier attempt.
fn unsettled(until: Instant) -> Failure {
    let retry_after = until.saturating_duration_since(Instant::now());
    Failure::new(FailureKind::Settling { retry_after }, "the deadline passed while the vendor settles")
}

impl LockGuard {
    fn new(locks: &Arc<KeyedLocks>, key: &Arc<str>) -> Self {
        Self {
            locks: Arc::clone(locks),
            key: Arc::clone(key),
            unknown: None,
            earlier_unsettled: None,
            passed_on: false,
        }
    }

    /// The lock of a request with these attempts. It is kept for `settle` after the last of them that got no trustworthy
    /// response.
    pub(super) fn kept_after_unknown(mut self, delivery: &DeliveryState, settle: Duration) -> QueuedLock {
        self.earlier_unsettled = self.unsettled_until();
        self.unknown = Some((delivery.clone(), settle));
        QueuedLock(LockState::Held(self))
    }

    fn with_unsettled(mut self, until: Option<Instant>) -> Self {
        self.earlier_unsettled = until;
        self
    }

    /// Until when the vendor may still apply an attempt, unless that time is over.
    fn unsettled_until(&self) -> Option<Instant> {
        let own = self.unknown.as_ref().and_then(|(delivery, settle)| Some(delivery.doubted_at()? + *settle));
        own.max(self.earlier_unsettled).filter(|until| *until > Instant::now())
    }

    /// Starts a task that keeps the lock until then; `None` without a runtime, at the end of the process.
    fn keep_until(&self, until: Instant) -> Option<()> {
        let runtime = Handle::try_current().ok()?;
        self.locks.set_held_until(&self.key, until);
        let guard = Self::new(&self.locks, &self.key);
        let kept = async move {
            sleep_until(until).await;
            guard.locks.count_write(); // the vendor may have applied it only now
            drop(guard);
        };
        self.locks.holders.spawn_on(kept, &runtime);
        Some(())
    }
}

impl Drop for LockGuard {
    fn drop(&mut self) {
        if self.passed_on || self.unsettled_until().and_then(|until| self.keep_until(until)).is_some() {
            return;
        }
        while let Some(successor) = self.locks.pop(&self.key) {
            match successor {
                Successor::OtherScope(lock) => lock.end_in_other_scope(),
                Successor::Request(sender) => match sender.send(Self::new(&self.locks, &self.key)) {
                    Ok(()) => return,
                    Err(mut unreceived) => unreceived.passed_on = true,
                },
            }
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut table = self.locks.table(&self.key);
        if let Some(queue) = table.get_mut(&*self.key)
            && let Ok(at) = queue.waiters.binary_search_by_key(&self.ticket, |waiter| waiter.ticket)
        {
            queue.waiters.remove(at);
        }
    }
}

#[cfg(test)]
impl KeyedLocks {
    pub(in crate::upstream) fn keys(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap().len()).sum()
    }

    pub(super) fn capacity(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap().capacity()).sum()
    }

    pub(super) fn waiting(&self, key: &str) -> usize {
        self.table(key).get(key).map_or(0, |queue| queue.waiters.len())
    }
}
