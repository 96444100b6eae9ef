//! A place in the order, taken before a change is ready: its number is that of its place, so that what comes later in the order
//! has a greater one.

use std::mem::take;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::account::Account;
use crate::api::classify::failure_problem;
use crate::api::exchange::QueuePlace;
use crate::gateway::{Gateway, QueueSettings};
use crate::problem::{Code, Problem};
use crate::store::{Line, Timestamp, UpdateId};
use crate::upstream::{Failure, QueuedLock};

use super::Records;
use super::queue::{Full, Limits, Phase, Ticket};

/// The `Retry-After` when no more may wait.
const FULL_RETRY_AFTER: Duration = Duration::from_secs(5);
/// The pause between two looks at a store that did not answer.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// A ticket in its line that is not stored yet. Dropping it takes it out again.
pub(crate) struct Reservation {
    records: Arc<Records>,
    pub(super) line: Line,
    pub(super) id: UpdateId,
    pub(super) number: u64,
    /// The dead change whose place it has.
    replaced: Option<Ticket>,
    is_kept: bool,
}

impl Records {
    /// The line of an assistant of that account.
    pub(super) fn line(gateway: &Gateway, account: &Account, id: &Arc<str>) -> Line {
        let scope = gateway.scope_of(&account.name).unwrap_or(&account.name);
        Line { scope: Arc::clone(scope), id: Arc::clone(id) }
    }

    /// Whether other processes share the order, so that a change gets its place from the store.
    pub(crate) fn shares_order(&self) -> bool {
        self.replica.is_some()
    }

    /// A place among those that are to be admitted to a line.
    ///
    /// # Errors
    /// No more may wait.
    pub(in crate::api) fn gate_of(
        &self,
        gateway: &Gateway,
        account: &Account,
        id: &Arc<str>,
    ) -> Result<QueuePlace, Problem> {
        let line = Self::line(gateway, account, id);
        self.gate(&line).map(|gate| QueuePlace::Queued(gate, None)).map_err(failure_problem)
    }

    /// A place in the order for a synchronous change, and its number.
    ///
    /// # Errors
    /// No more may wait.
    pub(crate) fn queue(&self, account: &Account, id: &Arc<str>) -> Result<(QueuedLock, u64), Failure> {
        let mut lines = self.lines();
        let lock = account.stack.queue_update(id)?;
        Ok((lock, lines.number()))
    }

    /// A place in the order for an asynchronous change.
    ///
    /// # Errors
    /// No more may wait.
    pub(crate) fn reserve(
        self: &Arc<Self>,
        gateway: &Gateway,
        account: &Account,
        id: &Arc<str>,
    ) -> Result<Reservation, Problem> {
        let (line, queue) = (Self::line(gateway, account, id), &gateway.queue);
        let limits = Limits { per_line: queue.max_per_assistant, total: queue.max_total };
        let mut lines = self.lines();
        let (id, number) = (UpdateId::generate(), lines.number());
        let ticket = Ticket::new(id, number, Arc::clone(&account.name), queue.max_age);
        let joins =
            |last: Option<&QueuedLock>| last.map_or_else(|| account.stack.nothing_waits(&line.id), QueuedLock::is_last);
        let pushed = lines.push(&line, ticket, limits, joins, || account.stack.queue_stored(&line.id));
        drop(lines);
        match pushed {
            Ok(Ok(is_new)) => {
                if is_new {
                    self.deliver(line.clone());
                }
                Ok(Reservation { records: Arc::clone(self), line, id, number, replaced: None, is_kept: false })
            }
            Ok(Err(failure)) => Err(failure_problem(failure)),
            Err(full) => Err(full_problem(full)),
        }
    }

    /// The place of a dead change that holds up its line.
    ///
    /// # Errors
    /// It holds up its line no longer.
    pub(super) fn reserve_instead_of(
        self: &Arc<Self>,
        dead: UpdateId,
        line: Line,
        account: &Account,
        queue: &QueueSettings,
    ) -> Result<Reservation, Problem> {
        let mut lines = self.lines();
        let (id, number) = (UpdateId::generate(), lines.number());
        let ticket = Ticket::new(id, number, Arc::clone(&account.name), queue.max_age);
        let replaced = lines.replace(&line, dead, ticket);
        drop(lines);
        if replaced.is_none() {
            return Err(Problem::new(Code::AlreadyStarted, "the dead change holds up its line no longer"));
        }
        Ok(Reservation { records: Arc::clone(self), line, id, number, replaced, is_kept: false })
    }
}

impl Reservation {
    /// The change is stored, and may be sent in its turn.
    pub(super) fn keep(self) {
        self.keep_as(Phase::Waiting);
    }

    fn keep_as(mut self, phase: Phase) {
        self.is_kept = true;
        self.records.lines().change(&self.line, self.id, |ticket| ticket.phase = phase);
    }

    /// The store did not say whether the change is stored. Its place is kept until that is known.
    pub(super) fn keep_until_known(self) {
        let records = Arc::clone(&self.records);
        let tasks = records.tasks.clone();
        tasks.spawn(async move {
            loop {
                match records.store.record(self.id).await {
                    Ok(Some(_)) => return self.keep(),
                    Ok(None) => return drop(self),
                    // It may be stored: at a drain its place is kept as well.
                    Err(_) if records.stop.is_cancelled() => return self.keep_as(Phase::Admitted),
                    Err(_) => sleep(LOOK_AGAIN).await,
                }
            }
        });
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        let mut lines = self.records.lines();
        match take(&mut self.replaced) {
            Some(dead) => drop(lines.replace(&self.line, self.id, dead)),
            None => drop(lines.remove(&self.line, self.id)),
        }
    }
}

impl Ticket {
    /// The ticket of a change that is not stored yet, and may wait so long.
    pub(super) fn new(id: UpdateId, number: u64, vendor: Arc<str>, max_age: Duration) -> Self {
        let now = Instant::now();
        Self {
            id,
            number,
            vendor,
            created_at: Timestamp::now(),
            expires: now + max_age,
            due: now,
            attempts: 0,
            failures: 0,
            interrupted: false,
            gathers: false,
            alone: false,
            goes_after: false,
            phase: Phase::Admitted,
            is_waited_for: false,
            awaits_configuration: false,
            fresh: None,
        }
    }
}

pub(super) fn full_problem(full: Full) -> Problem {
    let detail = match full {
        Full::Line => "as many changes wait for this assistant as may (`queue.max_per_assistant`)",
        Full::All => "as many changes wait as may (`queue.max_total`)",
    };
    Problem::new(Code::QueueFull, detail).after(FULL_RETRY_AFTER)
}
