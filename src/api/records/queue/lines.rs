//! The waiting changes of each assistant, in their order. Only names and times are here; bodies stay in the store.
//!
//! A line is a sequence of *runs*. A run has a *place* in the order of everything that is sent for the assistant, and its
//! tickets go one after another without anything between them. A ticket joins the last run if nothing waits behind that
//! run's place; otherwise a request of a synchronous caller came in between, and the ticket begins another run.
//!
//! Plain data: no clock, no task, no store.

mod owned;

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::store::{Line, Record, Timestamp, UpdateId};

/// As many tickets of a run are looked at together.
pub(in crate::api::records) const MOST_SEEN: usize = 200;

/// All lines; `P` is a place in the order.
#[derive(Debug)]
pub(in crate::api::records) struct Lines<P> {
    lines: HashMap<Line, Queue<P>>,
    tickets: usize,
    next_number: u64,
}

#[derive(Debug)]
struct Queue<P> {
    runs: VecDeque<Run<P>>,
    /// Whether the store may have others, where it keeps the order.
    is_stale: bool,
    /// Whether its tickets are known from a session before, where the store keeps the order.
    is_foreign: bool,
    /// How many more the store has than are known here, where it keeps the order.
    unseen: u64,
    /// The greatest number that was known here, where the store keeps the order.
    last: u64,
    /// Tells the line's task that something has changed.
    changed: Arc<Notify>,
}

#[derive(Debug)]
struct Run<P> {
    /// Its place, until the line's task takes it.
    place: Option<P>,
    tickets: VecDeque<Ticket>,
}

/// A change that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::api::records) struct Ticket {
    pub(in crate::api::records) id: UpdateId,
    pub(in crate::api::records) number: u64,
    pub(in crate::api::records) vendor: Arc<str>,
    pub(in crate::api::records) created_at: Timestamp,
    /// When it is given up. Steps of the wall clock do not move it.
    pub(in crate::api::records) expires: Instant,
    /// When it is tried next.
    pub(in crate::api::records) due: Instant,
    /// How often the vendor was tried.
    pub(in crate::api::records) attempts: u32,
    /// How often a delivery has failed, or could not begin because the vendor was down.
    pub(in crate::api::records) failures: u32,
    /// Whether an earlier process was sending it when it ended.
    pub(in crate::api::records) interrupted: bool,
    /// Whether it has waited behind one that failed, or was sent with others, so that it may go with others.
    pub(in crate::api::records) gathers: bool,
    /// Whether it goes alone, because a request of several was refused.
    pub(in crate::api::records) alone: bool,
    /// Whether it may have been applied in one request with an older one that is sent again. Then it is sent after that one, even
    /// if its time is over: otherwise the older one would have the last word.
    pub(in crate::api::records) goes_after: bool,
    pub(in crate::api::records) phase: Phase,
    /// Whether a caller waits for it, where its delivery is another task's: then it is tried once.
    pub(in crate::api::records) is_waited_for: bool,
    /// Whether it waits because its account was not as it needs it, such as of another dialect: another configuration may end that.
    pub(in crate::api::records) awaits_configuration: bool,
    /// What the store has of it, if it was just admitted here and is the next to be tried.
    pub(in crate::api::records) fresh: Option<Arc<(Record, Bytes)>>,
}

/// How far a ticket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::api::records) enum Phase {
    /// It is being stored.
    Admitted,
    /// It is stored and waits.
    Waiting,
    /// An attempt may be on the wire.
    Sending,
    /// It is dead and holds up its line.
    Held,
}

/// Why no more may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::api::records) enum Full {
    /// As many wait for this assistant as may.
    Line,
    /// As many wait in all as may.
    All,
}

/// How many may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::api::records) struct Limits {
    pub(in crate::api::records) per_line: usize,
    pub(in crate::api::records) total: usize,
}

/// What the task of a line sees first.
#[derive(Debug)]
pub(in crate::api::records) enum Front<P> {
    /// A run whose place it has not taken; `None` if the place was lost.
    Place(Option<P>),
    /// The first tickets of the run whose place it has, in their order; never none.
    Run(Vec<Ticket>),
    /// The run whose place it has is over.
    RunEnded,
    /// Nothing: the line is gone.
    LineEnded,
}

impl<P> Lines<P> {
    /// No lines; numbers begin with that one.
    pub(in crate::api::records) fn new(next_number: u64) -> Self {
        Self { lines: HashMap::new(), tickets: 0, next_number }
    }

    /// The next number. Call it while holding the place that it counts.
    pub(in crate::api::records) fn number(&mut self) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        number
    }

    /// Adds a ticket at the end of its line. `joins` says whether it can follow the last run directly; if not, `place` gives
    /// the place of a run of its own. `true` if the line is new, so that a task has to deliver it.
    ///
    /// # Errors
    /// No more may wait, or `place` fails.
    pub(in crate::api::records) fn push<E>(
        &mut self,
        line: &Line,
        ticket: Ticket,
        limits: Limits,
        joins: impl FnOnce(Option<&P>) -> bool,
        place: impl FnOnce() -> Result<P, E>,
    ) -> Result<Result<bool, E>, Full> {
        if self.tickets >= limits.total {
            return Err(Full::All);
        }
        if self.lines.get(line).is_some_and(|queue| queue.len() >= limits.per_line) {
            return Err(Full::Line);
        }
        let entry = self.lines.entry(line.clone());
        let last = match &entry {
            Entry::Occupied(queue) => queue.get().runs.back(),
            Entry::Vacant(_) => None,
        };
        if last.is_none_or(|run| !joins(run.place.as_ref())) {
            let place = match place() {
                Ok(place) => place,
                Err(error) => return Ok(Err(error)),
            };
            let is_new = matches!(entry, Entry::Vacant(_));
            let run = Run { place: Some(place), tickets: VecDeque::from([ticket]) };
            entry.or_insert_with(Queue::new).runs.push_back(run);
            self.tickets += 1;
            return Ok(Ok(is_new));
        }
        if let Entry::Occupied(mut queue) = entry {
            let waits_behind_failure = queue.get().has_failed();
            if let Some(run) = queue.get_mut().runs.back_mut() {
                run.tickets.push_back(Ticket { gathers: ticket.gathers || waits_behind_failure, ..ticket });
                self.tickets += 1;
            }
        }
        Ok(Ok(false))
    }

    /// What comes first in a line. `has_place` is whether its task has the place of the first run.
    pub(in crate::api::records) fn front(&mut self, line: &Line, has_place: bool) -> Front<P> {
        let Some(queue) = self.lines.get_mut(line) else { return Front::LineEnded };
        let Some(run) = queue.runs.front_mut() else {
            self.lines.remove(line);
            return Front::LineEnded;
        };
        if run.tickets.is_empty() {
            queue.runs.pop_front();
            if has_place {
                return Front::RunEnded;
            }
            return self.front(line, false); // its place goes back unused
        }
        if has_place {
            return Front::Run(run.seen());
        }
        Front::Place(run.place.take())
    }

    /// What tells the task of a line that something has changed.
    pub(in crate::api::records) fn changed(&self, line: &Line) -> Option<Arc<Notify>> {
        self.lines.get(line).map(|queue| Arc::clone(&queue.changed))
    }

    /// Changes a ticket, and tells the line's task. `false` if there is none of that id.
    pub(in crate::api::records) fn change(
        &mut self,
        line: &Line,
        id: UpdateId,
        change: impl FnOnce(&mut Ticket),
    ) -> bool {
        let Some(queue) = self.lines.get_mut(line) else { return false };
        let Some(ticket) = queue.tickets_mut().find(|ticket| ticket.id == id) else { return false };
        change(ticket);
        queue.changed.notify_one();
        true
    }

    /// Lets everything that waits in a line go together behind the first, which has failed.
    pub(in crate::api::records) fn gather(&mut self, line: &Line) {
        if let Some(queue) = self.lines.get_mut(line) {
            queue.tickets_mut().for_each(|ticket| ticket.gathers = true);
        }
    }

    /// Lets what an earlier process was sending wait, and go together again if it was sent together.
    pub(in crate::api::records) fn gather_interrupted(&mut self) {
        for queue in self.lines.values_mut() {
            let is_sending = |ticket: &&mut Ticket| ticket.phase == Phase::Sending;
            let were_together = queue.tickets_mut().filter(is_sending).count() > 1;
            let has_failed = queue.tickets_mut().next().is_some_and(|head| head.failures > 0);
            for ticket in queue.tickets_mut() {
                ticket.gathers |= were_together || has_failed;
                if ticket.phase == Phase::Sending {
                    ticket.phase = Phase::Waiting;
                }
            }
        }
    }

    /// Puts another ticket in the place of one, and tells the line's task. The old one; `None` if there is none of that id.
    pub(in crate::api::records) fn replace(&mut self, line: &Line, id: UpdateId, with: Ticket) -> Option<Ticket> {
        let mut old = None;
        self.change(line, id, |ticket| old = Some(std::mem::replace(ticket, with)));
        old
    }

    /// Removes a ticket, and tells the line's task.
    pub(in crate::api::records) fn remove(&mut self, line: &Line, id: UpdateId) -> Option<Ticket> {
        let queue = self.lines.get_mut(line)?;
        let removed = queue.runs.iter_mut().find_map(|run| {
            let at = run.tickets.iter().position(|ticket| ticket.id == id)?;
            run.tickets.remove(at)
        })?;
        self.tickets -= 1;
        queue.changed.notify_one();
        Some(removed)
    }

    /// Tells the tasks of all lines that the configuration has changed. What waits for its dialect is tried at once.
    pub(in crate::api::records) fn wake_all(&mut self, now: Instant) {
        for queue in self.lines.values_mut() {
            for ticket in queue.tickets_mut().filter(|ticket| ticket.awaits_configuration) {
                (ticket.due, ticket.awaits_configuration) = (now, false);
            }
            queue.changed.notify_one();
        }
    }

    /// Whether anything waits in a line.
    pub(in crate::api::records) fn has(&self, line: &Line) -> bool {
        self.lines.get(line).is_some_and(|queue| queue.len() > 0)
    }

    /// Whether that ticket is dead and holds up its line.
    pub(in crate::api::records) fn has_held(&self, line: &Line, id: UpdateId) -> bool {
        self.tickets_of(line).any(|ticket| ticket.id == id && ticket.phase == Phase::Held)
    }

    /// Whether that ticket waits, and no caller with it.
    pub(in crate::api::records) fn has_without_caller(&self, line: &Line, id: UpdateId) -> bool {
        self.tickets_of(line).any(|ticket| ticket.id == id && !ticket.is_waited_for)
    }

    /// The place of a ticket in its line, from 1.
    pub(in crate::api::records) fn position(&self, line: &Line, id: UpdateId) -> Option<u64> {
        let at = self.tickets_of(line).position(|ticket| ticket.id == id)?;
        u64::try_from(at).ok().map(|at| at + 1)
    }

    /// The tickets of a line, in their order.
    fn tickets_of(&self, line: &Line) -> impl Iterator<Item = &Ticket> {
        self.lines.get(line).into_iter().flat_map(|queue| &queue.runs).flat_map(|run| &run.tickets)
    }

    /// How many wait.
    pub(in crate::api::records) fn len(&self) -> usize {
        self.tickets
    }

    /// The numbers of tickets by account and state, and when the oldest of each account was admitted.
    pub(in crate::api::records) fn depths(&self) -> HashMap<Arc<str>, Depth> {
        let mut depths = HashMap::<Arc<str>, Depth>::new();
        for ticket in self.lines.values().flat_map(|queue| &queue.runs).flat_map(|run| &run.tickets) {
            let depth = depths.entry(Arc::clone(&ticket.vendor)).or_default();
            match ticket.phase {
                Phase::Admitted | Phase::Waiting => depth.queued += 1,
                Phase::Sending => depth.sending += 1,
                Phase::Held => depth.held += 1,
            }
            depth.oldest = Some(depth.oldest.map_or(ticket.created_at, |oldest| oldest.min(ticket.created_at)));
        }
        depths
    }
}

/// What waits for one account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Changes in the state `queued`.
    pub queued: usize,
    /// Changes in the state `sending`.
    pub sending: usize,
    /// Dead changes that hold up their lines.
    pub held: usize,
    /// When the oldest of them was admitted.
    pub oldest: Option<Timestamp>,
}

impl Depth {
    /// All of them.
    pub fn total(&self) -> usize {
        self.queued + self.sending + self.held
    }
}

impl<P> Run<P> {
    /// The first tickets. Behind one that holds the line, dead ones must not hide those that are to expire.
    fn seen(&self) -> Vec<Ticket> {
        let is_held = self.tickets.front().is_some_and(|head| head.phase == Phase::Held);
        let is_seen = |(at, ticket): &(usize, &Ticket)| *at == 0 || !is_held || ticket.phase != Phase::Held;
        let seen = self.tickets.iter().enumerate().filter(is_seen).take(MOST_SEEN);
        seen.map(|(_, ticket)| ticket.clone()).collect()
    }
}

impl<P> Queue<P> {
    fn new() -> Self {
        Self { runs: VecDeque::new(), is_stale: false, is_foreign: false, unseen: 0, last: 0, changed: Arc::default() }
    }

    fn len(&self) -> usize {
        self.runs.iter().map(|run| run.tickets.len()).sum()
    }

    /// Whether its first ticket has failed, or waits behind one that has.
    fn has_failed(&self) -> bool {
        let first = self.runs.front().and_then(|run| run.tickets.front());
        first.is_some_and(|first| first.gathers || first.failures > 0)
    }

    fn tickets_mut(&mut self) -> impl Iterator<Item = &mut Ticket> {
        self.runs.iter_mut().flat_map(|run| &mut run.tickets)
    }
}

#[cfg(test)]
mod owned_tests;
#[cfg(test)]
mod tests;
