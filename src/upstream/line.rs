//! Lines of waiters, one per busy key.
//!
//! A key is in the table exactly while somebody has its turn, so an idle key costs nothing. Without contention a turn
//! costs one insertion and one removal in a sharded table, and no allocation.

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use tokio::{sync::oneshot, time::Instant};

use super::{
    Failure, deadline,
    waiting_room::{Seat, WaitingRoom, overloaded},
};

/// How many may wait for one key, however large the room: one assistant must not take all its seats.
pub(super) const PER_KEY: usize = 64;

const SHARDS: usize = 32;
/// Tables of at most this many places are not worth shrinking.
const SMALL: usize = 64;

type Table = HashMap<Arc<str>, Line>;

/// All lines of one account.
#[derive(Debug)]
pub(super) struct Lines {
    shards: [Mutex<Table>; SHARDS],
    hasher: RandomState,
}

#[derive(Debug, Default)]
struct Line {
    waiters: VecDeque<Waiter>,
    next_ticket: u64,
}

#[derive(Debug)]
struct Waiter {
    ticket: u64,
    grant: oneshot::Sender<Turn>,
}

/// The right to be the only one with its key; dropping it passes it on, or forgets the key.
#[derive(Debug)]
pub(super) struct Turn {
    lines: Arc<Lines>,
    key: Arc<str>,
    passed_on: bool,
}

/// A place in line, perhaps the first; dropping it leaves the line.
#[derive(Debug)]
pub struct Place(Standing);

#[derive(Debug)]
enum Standing {
    First(Turn),
    Behind(Waiting),
}

#[derive(Debug)]
struct Waiting {
    lines: Arc<Lines>,
    key: Arc<str>,
    ticket: u64,
    granted: oneshot::Receiver<Turn>,
    _seat: Seat,
}

/// The lines of every account, by its name. A reload that changes an account, be it its address, makes a new stack,
/// whose updates must still come after those that the old one is sending.
#[derive(Clone, Debug, Default)]
pub(super) struct AllLines(Arc<Mutex<HashMap<Arc<str>, Weak<Lines>>>>);

impl AllLines {
    /// The lines of `account`: those in use, if anybody uses them.
    pub(super) fn of(&self, account: &Arc<str>) -> Arc<Lines> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, lines| lines.strong_count() > 0);
        if let Some(lines) = all.get(account).and_then(Weak::upgrade) {
            return lines;
        }
        let lines = Arc::new(Lines::default());
        all.insert(Arc::clone(account), Arc::downgrade(&lines));
        lines
    }
}

impl Default for Lines {
    fn default() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::default()), hasher: RandomState::new() }
    }
}

impl Lines {
    /// Takes the next place in the line of `key`, first come first served.
    ///
    /// # Errors
    /// `Overloaded`, if as many wait as may.
    pub(super) fn enter(self: &Arc<Self>, key: &Arc<str>, room: &Arc<WaitingRoom>) -> Result<Place, Failure> {
        let mut table = self.table(key);
        match table.entry(Arc::clone(key)) {
            Entry::Vacant(vacant) => {
                vacant.insert(Line::default());
                Ok(Place(Standing::First(Turn::new(self, key))))
            }
            Entry::Occupied(mut occupied) => {
                let line = occupied.get_mut();
                if line.waiters.len() >= PER_KEY {
                    return Err(overloaded("as many requests wait for this assistant as may"));
                }
                let seat = room.sit()?;
                let (grant, granted) = oneshot::channel();
                let ticket = line.next_ticket;
                line.next_ticket += 1;
                line.waiters.push_back(Waiter { ticket, grant });
                let (lines, key) = (Arc::clone(self), Arc::clone(key));
                Ok(Place(Standing::Behind(Waiting { lines, key, ticket, granted, _seat: seat })))
            }
        }
    }

    /// Takes the next waiter out of the line, or the line out of the table.
    fn next(&self, key: &str) -> Option<Waiter> {
        let mut table = self.table(key);
        let next = table.get_mut(key)?.waiters.pop_front();
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

impl Place {
    /// Waits for the turn until `deadline`.
    pub(super) async fn turn(self, deadline: Instant) -> Result<Turn, Failure> {
        match self.0 {
            Standing::First(turn) => Ok(turn),
            Standing::Behind(mut waiting) => {
                let granted = deadline::within(deadline, "in line for its assistant", &mut waiting.granted).await?;
                // A grant is never dropped while its waiter is in the table.
                granted.map_err(|_| overloaded("the line was closed"))
            }
        }
    }
}

impl Turn {
    fn new(lines: &Arc<Lines>, key: &Arc<str>) -> Self {
        Self { lines: Arc::clone(lines), key: Arc::clone(key), passed_on: false }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.passed_on {
            return;
        }
        while let Some(waiter) = self.lines.next(&self.key) {
            match waiter.grant.send(Turn::new(&self.lines, &self.key)) {
                Ok(()) => return,
                Err(mut refused) => refused.passed_on = true,
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
impl Lines {
    pub(super) fn keys(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap().len()).sum()
    }

    pub(super) fn capacity(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap().capacity()).sum()
    }

    pub(super) fn waiting(&self, key: &str) -> usize {
        self.table(key).get(key).map_or(0, |line| line.waiters.len())
    }
}
