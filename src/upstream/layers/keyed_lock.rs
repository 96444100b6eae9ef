//! Lines of waiters, one per busy key.
//!
//! A key is in the table exactly while there is a turn, so an idle key costs nothing. Without contention a turn costs
//! one insertion and one removal in a sharded table, and no allocation.

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use tokio::{
    runtime::Handle,
    time::{Instant, sleep_until, timeout_at},
};
use tokio_util::task::TaskTracker;

use super::deadline;
use super::queue_limit::{QueueLimit, QueuePermit, overloaded};
use crate::upstream::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak, oneshot};
use crate::upstream::{DeliveryState, Failure, FailureKind};

/// How many may wait for one key, however large the room: one assistant must not take all its seats.
pub(crate) const PER_KEY: usize = 64;

const SHARDS: usize = 32;
/// Tables of at most this many places are not worth shrinking.
const SMALL: usize = 64;

type Table = HashMap<Arc<str>, LockQueue>;

/// All lines of one scope.
#[derive(Debug)]
pub(crate) struct KeyedLocks {
    shards: [Mutex<Table>; SHARDS],
    hasher: RandomState,
    /// The tasks that hold turns while a vendor settles.
    settling: TaskTracker,
}

#[derive(Debug, Default)]
struct LockQueue {
    waiters: VecDeque<Waiter>,
    next_ticket: u64,
    /// Until when its turn is held although there is no request any more.
    settles: Option<Instant>,
}

#[derive(Debug)]
struct Waiter {
    ticket: u64,
    grant: Grant,
}

#[derive(Debug)]
enum Grant {
    /// A request.
    LockGuard(oneshot::Sender<LockGuard>),
    /// A place in the line of another scope, where those wait who come after all who are here.
    Leave(QueuedLock),
}

/// The right to be the only one with its key; dropping it passes it on, or forgets the key.
#[derive(Debug)]
pub(crate) struct LockGuard {
    lines: Arc<KeyedLocks>,
    key: Arc<str>,
    /// The request's attempts, and how long the next one waits after one that got no trustworthy answer.
    settling: Option<(DeliveryState, Duration)>,
    passed_on: bool,
}

/// A place in line, perhaps the first; dropping it leaves the line.
#[derive(Debug)]
pub struct QueuedLock(Standing);

#[derive(Debug)]
enum Standing {
    First(LockGuard),
    Behind(Waiting),
}

#[derive(Debug)]
struct Waiting {
    lines: Arc<KeyedLocks>,
    key: Arc<str>,
    ticket: u64,
    granted: oneshot::Receiver<LockGuard>,
    _seat: Option<QueuePermit>,
}

/// The lines in which one account's requests stand, in all its stacks. A reload that changes the account, be it its
/// address, makes a new stack, whose updates must still come after those that the old one is sending.
#[derive(Debug, Default)]
pub(crate) struct AccountLines(RwLock<Arc<KeyedLocks>>);

/// The lines of all accounts and scopes that are in use, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct ScopedLocks(Arc<Mutex<VendorNames>>);

#[derive(Debug, Default)]
struct VendorNames {
    accounts: HashMap<Arc<str>, Weak<AccountLines>>,
    scopes: HashMap<Arc<str>, Weak<KeyedLocks>>,
}

impl ScopedLocks {
    /// The lines of `account`; those of the scope of its name, until [`ScopedLocks::scope`] says otherwise.
    pub(crate) fn of(&self, account: &Arc<str>) -> Arc<AccountLines> {
        let mut known = self.known();
        if let Some(lines) = known.accounts.get(account).and_then(Weak::upgrade) {
            return lines;
        }
        let lines = Arc::new(AccountLines(RwLock::new(known.scope(account))));
        known.accounts.insert(Arc::clone(account), Arc::downgrade(&lines));
        lines
    }

    /// Has the requests of `account` stand in the lines of `scope` from now on, after those that stand in its present
    /// ones.
    pub(crate) fn scope(&self, account: &str, scope: &Arc<str>) {
        let mut known = self.known();
        if let Some(account) = known.accounts.get(account).and_then(Weak::upgrade) {
            account.move_to(&known.scope(scope));
        }
    }

    /// Has the requests that come to `scope` from now on wait for those that are in the lines of `other`.
    pub(crate) fn follow(&self, scope: &Arc<str>, other: &str) {
        let mut known = self.known();
        let lines = known.scope(scope);
        if let Some(other) = known.scopes.get(other).and_then(Weak::upgrade)
            && !Arc::ptr_eq(&lines, &other)
        {
            lines.follow(&other);
        }
    }

    fn known(&self) -> MutexGuard<'_, VendorNames> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.accounts.retain(|_, lines| lines.strong_count() > 0);
        known.scopes.retain(|_, lines| lines.strong_count() > 0);
        known
    }
}

impl VendorNames {
    /// The lines of a scope: those in use, if there are any.
    fn scope(&mut self, name: &Arc<str>) -> Arc<KeyedLocks> {
        if let Some(lines) = self.scopes.get(name).and_then(Weak::upgrade) {
            return lines;
        }
        let lines = Arc::<KeyedLocks>::default();
        self.scopes.insert(Arc::clone(name), Arc::downgrade(&lines));
        lines
    }
}

impl AccountLines {
    /// Takes the next place in the line of `key`, first come first served.
    ///
    /// # Errors
    /// `Overloaded`, if as many wait as may.
    pub(crate) fn enter(&self, key: &Arc<str>, room: &Arc<QueueLimit>) -> Result<QueuedLock, Failure> {
        // Held until the place is taken, so that no change of scope comes in between.
        let lines = self.0.read().unwrap_or_else(PoisonError::into_inner);
        lines.enter(key, Some(room))
    }

    fn move_to(&self, lines: &Arc<KeyedLocks>) {
        let mut own = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&own, lines) {
            lines.follow(&own);
            *own = Arc::clone(lines);
        }
    }
}

impl Default for KeyedLocks {
    fn default() -> Self {
        let shards = std::array::from_fn(|_| Mutex::default());
        Self { shards, hasher: RandomState::new(), settling: TaskTracker::new() }
    }
}

impl KeyedLocks {
    /// A place at the end of the line of `key`; without a room there is no bound.
    fn enter(self: &Arc<Self>, key: &Arc<str>, room: Option<&Arc<QueueLimit>>) -> Result<QueuedLock, Failure> {
        let mut table = self.table(key);
        match table.entry(Arc::clone(key)) {
            Entry::Vacant(vacant) => {
                vacant.insert(LockQueue::default());
                Ok(QueuedLock(Standing::First(LockGuard::new(self, key))))
            }
            Entry::Occupied(mut occupied) => {
                let line = occupied.get_mut();
                if room.is_some() && line.waiters.len() >= PER_KEY {
                    return Err(overloaded("as many requests wait for this assistant as may"));
                }
                let seat = room.map(QueueLimit::sit).transpose()?;
                let (grant, granted) = oneshot::channel();
                let ticket = line.wait(Grant::LockGuard(grant));
                let (lines, key) = (Arc::clone(self), Arc::clone(key));
                Ok(QueuedLock(Standing::Behind(Waiting { lines, key, ticket, granted, _seat: seat })))
            }
        }
    }

    /// Takes a place in the line of every key that is busy in `other`, and leaves it once all who are there are done.
    fn follow(self: &Arc<Self>, other: &Self) {
        for shard in &other.shards {
            let mut table = shard.lock().unwrap_or_else(PoisonError::into_inner);
            for (key, line) in table.iter_mut() {
                let Ok(place) = self.enter(key, None) else { continue }; // without a room there is one
                if let (Standing::First(_), Some(until)) = (&place.0, line.settles) {
                    self.settles(key, Some(until));
                }
                line.wait(Grant::Leave(place));
            }
        }
    }

    fn settles(&self, key: &str, until: Option<Instant>) {
        if let Some(line) = self.table(key).get_mut(key) {
            line.settles = until;
        }
    }

    /// Takes the next waiter out of the line, or the line out of the table.
    fn next(&self, key: &str) -> Option<Waiter> {
        let mut table = self.table(key);
        let line = table.get_mut(key)?;
        line.settles = None;
        let next = line.waiters.pop_front();
        if next.is_none() {
            table.remove(key);
            if table.capacity() > SMALL && table.len() < table.capacity() / 8 {
                let room_to_grow = table.len() * 2;
                table.shrink_to(room_to_grow);
            }
        }
        next
    }

    fn table(&self, key: &str) -> MutexGuard<'_, Table> {
        let shard = self.hasher.hash_one(key) as usize % SHARDS;
        self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LockQueue {
    fn wait(&mut self, grant: Grant) -> u64 {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.waiters.push_back(Waiter { ticket, grant });
        ticket
    }
}

impl QueuedLock {
    /// Waits for the turn until `deadline`.
    pub(crate) async fn turn(self, deadline: Instant) -> Result<LockGuard, Failure> {
        match self.0 {
            Standing::First(turn) => Ok(turn),
            Standing::Behind(mut waiting) => match timeout_at(deadline, &mut waiting.granted).await {
                // A grant is never dropped while its waiter is in the table.
                Ok(granted) => granted.map_err(|_| overloaded("the line was closed")),
                Err(_) => Err(waiting.missed()),
            },
        }
    }
}

impl Waiting {
    fn missed(&self) -> Failure {
        match self.lines.table(&self.key).get(&self.key).and_then(|line| line.settles) {
            Some(until) => {
                let retry_after = until.saturating_duration_since(Instant::now());
                Failure::new(FailureKind::Settling { retry_after }, "the deadline passed while the vendor settles")
            }
            None => deadline::missed("in line for its assistant"),
        }
    }
}

impl LockGuard {
    fn new(lines: &Arc<KeyedLocks>, key: &Arc<str>) -> Self {
        Self { lines: Arc::clone(lines), key: Arc::clone(key), settling: None, passed_on: false }
    }

    /// The same for a request with these attempts: the next one waits until `settle` after the last of them that got no
    /// trustworthy answer.
    pub(crate) fn settling(mut self, sent: &DeliveryState, settle: Duration) -> QueuedLock {
        self.settling = Some((sent.clone(), settle));
        QueuedLock(Standing::First(self))
    }

    /// Until when the vendor may still apply what it was sent, if that is not over.
    fn unsettled(&self) -> Option<Instant> {
        let (sent, settle) = self.settling.as_ref()?;
        let until = sent.doubted_at()? + *settle;
        (until > Instant::now()).then_some(until)
    }

    /// Has a task keep the turn until then. Without a runtime the process is at its end.
    fn hold(&self, until: Instant) -> Option<()> {
        let runtime = Handle::try_current().ok()?;
        self.lines.settles(&self.key, Some(until));
        let turn = Self::new(&self.lines, &self.key);
        let held = async move {
            sleep_until(until).await;
            drop(turn);
        };
        self.lines.settling.spawn_on(held, &runtime);
        Some(())
    }
}

impl Drop for LockGuard {
    fn drop(&mut self) {
        if self.passed_on || self.unsettled().and_then(|until| self.hold(until)).is_some() {
            return;
        }
        while let Some(waiter) = self.lines.next(&self.key) {
            match waiter.grant {
                Grant::Leave(place) => drop(place),
                Grant::LockGuard(grant) => match grant.send(Self::new(&self.lines, &self.key)) {
                    Ok(()) => return,
                    Err(mut refused) => refused.passed_on = true,
                },
            }
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut table = self.lines.table(&self.key);
        if let Some(line) = table.get_mut(&*self.key)
            && let Ok(at) = line.waiters.binary_search_by_key(&self.ticket, |waiter| waiter.ticket)
        {
            line.waiters.remove(at);
        }
    }
}

#[cfg(test)]
impl AccountLines {
    pub(crate) fn now(&self) -> Arc<KeyedLocks> {
        Arc::clone(&self.0.read().unwrap())
    }
}

#[cfg(test)]
impl KeyedLocks {
    pub(crate) fn keys(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap().len()).sum()
    }

    pub(crate) fn capacity(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap().capacity()).sum()
    }

    pub(crate) fn waiting(&self, key: &str) -> usize {
        self.table(key).get(key).map_or(0, |line| line.waiters.len())
    }
}
