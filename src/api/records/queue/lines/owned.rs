//! Lines whose order the store keeps: a copy of the first tickets, which is stale whenever the store may have others.
//!
//! The store says of each admission which number the line gave before. A ticket is added here only if that one was known, so that
//! nothing stands before it that is not. It also counts the open tickets of a line: a count that differs from what is known here
//! has the copy read again.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::{Lines, MOST_SEEN, Phase, Queue, Run, Ticket};
use crate::store::{Line, Stored, UpdateId};

/// How many tickets are left unread, as long as that is not known.
pub(super) const UNKNOWN: u64 = u64::MAX;

impl<P> Lines<P> {
    /// Takes note that the store may have others; `true` if the line is new, so that a task has to deliver it.
    pub(in crate::api::records) fn touch(&mut self, line: &Line) -> bool {
        let is_new = !self.lines.contains_key(line);
        let queue = self.lines.entry(line.clone()).or_insert_with(Queue::new);
        queue.doubt();
        is_new
    }

    /// Takes note that each line which a dead change holds up may hold more, or may go on: another process may have seen to that.
    pub(in crate::api::records) fn doubt_held(&mut self) {
        let is_held = |queue: &&mut Queue<P>| {
            let first = queue.runs.front().and_then(|run| run.tickets.front());
            first.is_some_and(|first| first.phase == Phase::Held)
        };
        self.lines.values_mut().filter(is_held).for_each(Queue::doubt);
    }

    /// Marks all tickets as known from the session before, because another one starts.
    pub(in crate::api::records) fn begin_session(&mut self) {
        for queue in self.lines.values_mut() {
            queue.is_foreign = true;
            queue.doubt();
        }
    }

    /// Forgets the tickets of a line if they are known from a session before.
    pub(in crate::api::records) fn forget_foreign(&mut self, line: &Line) {
        let Some(queue) = self.lines.get_mut(line).filter(|queue| queue.is_foreign) else { return };
        queue.is_foreign = false;
        self.tickets -= queue.len();
        queue.runs.clear();
    }

    /// Adds a ticket that was stored so; `true` if the line is new.
    pub(in crate::api::records) fn append(&mut self, line: &Line, ticket: Ticket, stored: &Stored) -> bool {
        let ahead = stored.ahead;
        match self.lines.entry(line.clone()) {
            Entry::Vacant(vacant) => {
                let queue = vacant.insert(Queue::new());
                // An attempt of another process that may still be applied is waited for once the line is read.
                queue.is_stale = ahead > 0 || stored.doubted_ago.is_some();
                if ahead == 0 {
                    queue.last = ticket.number;
                    queue.only_run().push_back(ticket);
                    self.tickets += 1;
                }
                true
            }
            Entry::Occupied(mut occupied) => {
                let queue = occupied.get_mut();
                let is_next = !queue.is_stale && queue.unseen == 0 && queue.last == stored.previous;
                if is_next {
                    queue.last = ticket.number;
                    let gathers = ticket.gathers || queue.has_failed();
                    // What waits behind others stays in the store.
                    queue.only_run().push_back(Ticket { gathers, fresh: None, ..ticket });
                    self.tickets += 1;
                }
                queue.is_stale |= !is_next;
                queue.changed.notify_one();
                false
            }
        }
    }

    /// Whether the line is stale. It is not afterwards: the caller reads it now.
    pub(in crate::api::records) fn take_stale(&mut self, line: &Line) -> bool {
        self.lines.get_mut(line).is_some_and(|queue| std::mem::take(&mut queue.is_stale))
    }

    /// Makes the line what the store has. A ticket that is known stays as it is known.
    pub(in crate::api::records) fn learn(&mut self, line: &Line, tickets: Vec<Ticket>) {
        let Some(queue) = self.lines.get_mut(line) else { return };
        let before = queue.len();
        let mut known: HashMap<UpdateId, Ticket> =
            queue.only_run().drain(..).map(|ticket| (ticket.id, ticket)).collect();
        queue.unseen = if tickets.len() < MOST_SEEN { 0 } else { UNKNOWN };
        queue.last = tickets.iter().map(|ticket| ticket.number).max().unwrap_or_default().max(queue.last);
        let were_together = tickets.iter().filter(|ticket| ticket.interrupted).count() > 1;
        for ticket in tickets {
            let gathers = ticket.gathers || were_together && ticket.interrupted || queue.has_failed();
            let known = known.remove(&ticket.id);
            queue.only_run().push_back(known.unwrap_or(Ticket { gathers, ..ticket }));
        }
        self.tickets = self.tickets + queue.len() - before;
        queue.changed.notify_one();
    }

    /// Whether the line has so many open tickets as are known; `None` if the store did not say.
    pub(in crate::api::records) fn has_left(&mut self, line: &Line, left: Option<u64>) -> bool {
        let (queue, left) = match (self.lines.get_mut(line), left) {
            (None, left) => return left == Some(0),
            (Some(_), None) => return false,
            (Some(queue), Some(left)) => (queue, left),
        };
        let known = queue.len() as u64;
        if queue.unseen == UNKNOWN {
            queue.unseen = left.saturating_sub(known);
        }
        let is_low = queue.unseen > 0 && queue.len() < MOST_SEEN / 2;
        known + queue.unseen == left && !is_low
    }

    /// The first tickets of a line.
    pub(in crate::api::records) fn seen(&self, line: &Line) -> Vec<Ticket> {
        let run = self.lines.get(line).and_then(|queue| queue.runs.front());
        run.map(Run::seen).unwrap_or_default()
    }

    /// Removes the line, if nothing of it is known and it is not stale.
    pub(in crate::api::records) fn end(&mut self, line: &Line) -> bool {
        let is_over = self.lines.get(line).is_none_or(|queue| queue.len() == 0 && !queue.is_stale);
        if is_over {
            self.lines.remove(line);
        }
        is_over
    }

    /// Removes what is known of a line.
    pub(in crate::api::records) fn forget(&mut self, line: &Line) {
        if let Some(queue) = self.lines.remove(line) {
            self.tickets -= queue.len();
        }
    }
}

impl<P> Queue<P> {
    fn doubt(&mut self) {
        self.is_stale = true;
        self.changed.notify_one();
    }

    /// The tickets of the one run that a line has whose order the store keeps.
    fn only_run(&mut self) -> &mut std::collections::VecDeque<Ticket> {
        if self.runs.is_empty() {
            self.runs.push_back(Run { place: None, tickets: std::collections::VecDeque::new() });
        }
        &mut self.runs[0].tickets
    }
}
