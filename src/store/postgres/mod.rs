//! PostgreSQL: the store that several processes share.
//!
//! A handful of connections, each with a task of its own: one for the session (the beat, and what others tell), writers among
//! which the lines are divided, one for rows that are noted and for short reads, one for long reads. `connect` reaches a server
//! that can be written, `migrate` makes its tables, `keys` proves the keys with which they are sealed.
//!
//! No connection has a `statement_timeout`, because a statement that the server cancels while it waits for a standby is visible
//! although it may be lost. Who waits gives up on this side.

mod cluster;
mod connect;
mod connection;
mod failure;
mod job;
mod keys;
mod lane;
mod migrate;
mod open;
mod row;
mod state;
mod statements;
mod store;
#[cfg(test)]
pub(in crate::store) mod tests;

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio_postgres::Row;

use crate::store::{Line, Pending, StoreError, UpdateId};

pub use connect::{ConnectError, ConnectFailure};
use job::{Job, Outcome};
use lane::{Command, Lane};
pub use migrate::MigrateError;
pub use open::{OpenError, Settings};
use state::Shared;
use statements::Work;

/// So many ids are remembered with their lanes. It is more than wait anywhere.
const REMEMBERED: usize = 1 << 18;

/// A store in one database.
pub struct Postgres {
    shared: Arc<Shared>,
    session: UnboundedSender<Command>,
    writers: Vec<UnboundedSender<Command>>,
    /// Rows that are noted, and short reads.
    notes: UnboundedSender<Command>,
    /// Long reads, and sweeps.
    reader: UnboundedSender<Command>,
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").field("writers", &self.writers.len()).finish_non_exhaustive()
    }
}

/// How a job is answered when it fails before it is sent.
fn fails<T: Send + 'static>(error: StoreError) -> Pending<'static, T> {
    Box::pin(std::future::ready(Err(error)))
}

/// What makes an answer of the rows of a job's statements.
trait Read<T>: FnOnce(&Shared, Vec<Vec<Row>>) -> Result<T, StoreError> + Send + Sync + 'static {}

impl<T, F: FnOnce(&Shared, Vec<Vec<Row>>) -> Result<T, StoreError> + Send + Sync + 'static> Read<T> for F {}

impl Postgres {
    /// Starts the lanes on tables that are there.
    fn start(shared: Arc<Shared>) -> Self {
        // Besides the writers: the session, what is shared of limits, rows that are noted, and long reads.
        let writers = shared.settings.connections.saturating_sub(4).max(1);
        let lane = |listens| {
            let (sender, commands) = unbounded_channel();
            let (queue, connected) = (VecDeque::new(), None);
            let lane = Lane { shared: shared.clone(), commands, queue, connected, listens, is_ending: false };
            shared.tasks.spawn(lane.run());
            sender
        };
        let session = lane(true);
        let writers = (0..writers).map(|_| lane(false)).collect();
        Self { session, writers, notes: lane(false), reader: lane(false), shared: shared.clone() }
    }

    /// Has a lane carry out a job, in the order of the calls. What it returns may be dropped.
    fn send<T: Send + 'static>(
        &self,
        lane: &UnboundedSender<Command>,
        work: Work,
        read: impl Read<T>,
    ) -> Pending<'static, T> {
        let after = Vec::new();
        self.send_after(lane, after, work, read)
    }

    fn send_after<T: Send + 'static>(
        &self,
        lane: &UnboundedSender<Command>,
        after: Vec<oneshot::Receiver<()>>,
        work: Work,
        read: impl Read<T>,
    ) -> Pending<'static, T> {
        let (reply, answer) = oneshot::channel();
        let shared = self.shared.clone();
        let answered = move |outcome: Outcome| {
            let answer = outcome.and_then(|rows| read(&shared, rows));
            // Whoever asked may be gone; what follows from the outcome was done all the same.
            let _ = reply.send(answer);
        };
        self.enqueue(lane, after, work, false, Box::new(answered));
        Box::pin(async move { answer.await.unwrap_or(Err(StoreError::Closed)) })
    }

    fn enqueue(
        &self,
        lane: &UnboundedSender<Command>,
        after: Vec<oneshot::Receiver<()>>,
        work: Work,
        is_kept: bool,
        answer: Box<dyn FnOnce(Outcome) + Send + Sync>,
    ) {
        let Work { statements, locks, reads, is_lax, is_loose, is_alone } = work;
        let called = Instant::now();
        let job = Job { statements, locks, reads, is_lax, is_kept, is_loose, is_alone, called, after, answer };
        self.shared.waiting.fetch_add(1, Ordering::Relaxed);
        let is_closed = self.shared.closed.load(Ordering::Acquire);
        // If no lane takes the job, it is dropped with its reply channel: the store is closed.
        if is_closed || lane.send(Command::Job(Box::new(job))).is_err() {
            self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// The writer of a line.
    fn of_line(&self, line: &Line) -> usize {
        let mut hasher = DefaultHasher::new();
        line.hash(&mut hasher);
        usize::try_from(hasher.finish() % self.writers.len() as u64).unwrap_or_default()
    }

    /// The writer of a ticket: that of its line if it is known.
    fn of_id(&self, id: UpdateId) -> usize {
        self.shared.lanes.lock().get(&id).copied().unwrap_or_else(|| self.of_unknown(id))
    }

    fn of_unknown(&self, id: UpdateId) -> usize {
        usize::try_from(id.0.as_u64_pair().1 % self.writers.len() as u64).unwrap_or_default()
    }

    /// From now on, what names this ticket follows what named its line.
    fn remember(&self, id: UpdateId, lane: usize) {
        let mut lanes = self.shared.lanes.lock();
        if lanes.len() >= REMEMBERED {
            lanes.clear();
        }
        lanes.insert(id, lane);
    }

    /// Has a writer carry out what concerns these tickets, after all that other writers of them were told.
    fn write<T: Send + 'static>(
        &self,
        lanes: impl Iterator<Item = usize>,
        work: Work,
        read: impl Read<T>,
    ) -> Pending<'static, T> {
        let lanes: BTreeSet<usize> = lanes.collect();
        let first = lanes.first().copied().unwrap_or_default();
        let after = lanes.iter().filter(|lane| **lane != first).map(|lane| flush(&self.writers[*lane])).collect();
        self.send_after(&self.writers[first], after, work, read)
    }

    /// Waits until everything is done that was called before, but not for longer than anything may take.
    fn settled(&self) -> impl Future<Output = ()> + Send + 'static {
        let is_idle = self.shared.waiting.load(Ordering::Relaxed) == 0;
        let lanes = self.writers.iter().chain([&self.notes]);
        let flushed: Vec<_> = if is_idle { Vec::new() } else { lanes.map(flush).collect() };
        let timeout = self.shared.timeout;
        async move {
            let all = async {
                for one in flushed {
                    let _ = one.await;
                }
            };
            let _ = tokio::time::timeout(timeout, all).await;
        }
    }

    /// Reads after everything that was called before.
    fn read<'s, T: Send + 'static>(
        &'s self,
        lane: &'s UnboundedSender<Command>,
        work: Work,
        read: impl Read<T>,
    ) -> Pending<'s, T> {
        let settled = self.settled();
        Box::pin(async move {
            settled.await;
            self.send(lane, work, read).await
        })
    }
}

/// Tells when a lane has done what it was told before.
fn flush(lane: &UnboundedSender<Command>) -> oneshot::Receiver<()> {
    let (done, flushed) = oneshot::channel();
    // A lane that has ended has nothing before.
    let _ = lane.send(Command::Flush(done));
    flushed
}
