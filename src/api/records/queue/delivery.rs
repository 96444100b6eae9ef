//! Delivers what waits: one task for each assistant with something to deliver, one request at a time, in the line's order.
//!
//! The task holds the assistant's turn from the first ticket of a run to the last, over failures and pauses, so that nothing
//! overtakes. What it has begun is stored before it is sent, and what has ended is stored before the next one begins.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio::time::{Instant, sleep, sleep_until};

use crate::account::Account;
use crate::api::request_log::RequestLog;
use crate::problem::{Code, Problem};
use crate::store::failpoint::{Point, reach};
use crate::store::{Line, StoreError, Timestamp};
use crate::upstream::QueuedLock;

use super::batch::{Batch, Sent};
use super::lines::{Front, Phase, Ticket};
use crate::api::records::Records;
use crate::api::records::job::doubted_at;

/// How long a step waits that the store has failed.
pub(super) const STORE_PAUSE: Duration = Duration::from_millis(500);
/// How long a line waits when the session with the store was not fresh.
const LOST_PAUSE: Duration = Duration::from_millis(100);
/// The longest wait until another look at a change whose account has another dialect; a reload ends it.
const UNTRANSLATED_PAUSE: Duration = Duration::from_mins(5);
/// A wait that something else ends.
pub(in crate::api::records) const NO_DEADLINE: Duration = Duration::from_secs(365 * 24 * 3600);

/// What comes next for the first tickets of a run.
enum Step {
    /// Time passes, or something changes.
    Wait(Instant),
    /// These are given up.
    GiveUp(Vec<Ticket>),
    /// The first is tried, and those after it if they can go along.
    Try,
}

impl Records {
    /// Starts the task of a line.
    pub(in crate::api::records) fn deliver(self: &Arc<Self>, line: Line) {
        let records = Arc::clone(self);
        self.tasks.spawn(async move {
            match &records.replica {
                Some(replica) => records.deliver_owned(replica, &line).await,
                None => records.deliver_line(&line).await,
            }
        });
    }

    async fn deliver_line(self: &Arc<Self>, line: &Line) {
        let Some(changed) = self.lines().changed(line) else { return };
        let mut turn: Option<QueuedLock> = None;
        while !self.stop.is_cancelled() {
            let front = self.lines().front(line, turn.is_some());
            turn = match front {
                Front::LineEnded => return,
                Front::RunEnded => None,
                Front::Place(place) => self.take_place(line, place).await,
                Front::Run(tickets) => match turn {
                    Some(turn) => self.step(line, &tickets, turn, &changed).await,
                    None => None,
                },
            };
        }
        if self.lines().has(line) {
            self.kept.keep(turn);
        }
    }

    /// Waits for the turn of a run.
    async fn take_place(&self, line: &Line, place: Option<QueuedLock>) -> Option<QueuedLock> {
        let place = place.map_or_else(|| self.upstream.queue_stored(&line.scope, &line.id).ok(), Some)?;
        let mut held = Box::pin(place.held(Instant::now() + NO_DEADLINE));
        tokio::select! {
            turn = &mut held => self.settled(turn.ok()?).await,
            () = self.stop.cancelled() => {
                self.kept.keep(held);
                None
            }
        }
    }

    /// Does what comes next, and returns the turn.
    pub(in crate::api::records) async fn step(
        self: &Arc<Self>,
        line: &Line,
        tickets: &[Ticket],
        turn: QueuedLock,
        changed: &Notify,
    ) -> Option<QueuedLock> {
        match next_step(tickets, Instant::now()) {
            Step::Wait(until) => {
                self.pause(changed, until).await;
                Some(turn)
            }
            Step::GiveUp(expired) => {
                for ticket in &expired {
                    self.give_up(line, ticket, None).await;
                }
                Some(turn)
            }
            Step::Try => self.try_first(line, tickets, turn, changed).await,
        }
    }

    /// Waits until then, or until something changes.
    async fn pause(&self, changed: &Notify, until: Instant) {
        tokio::select! {
            () = changed.notified() => {}
            () = sleep_until(until) => {}
            () = self.stop.cancelled() => {}
        }
    }

    /// Tries the first ticket, if its account is there and its vendor is not known to be down.
    async fn try_first(
        self: &Arc<Self>,
        line: &Line,
        tickets: &[Ticket],
        turn: QueuedLock,
        changed: &Notify,
    ) -> Option<QueuedLock> {
        let Some(head) = tickets.first() else { return Some(turn) };
        let gateway = self.gateway.load_full();
        let Some(account) = gateway.routes.accounts.get(&head.vendor) else {
            if head.expires <= Instant::now() {
                self.give_up(line, head, None).await;
                return Some(turn);
            }
            let earliest = tickets.iter().filter(expiring(tickets)).map(|ticket| ticket.expires).min();
            self.pause(changed, earliest.map_or(head.expires, |earliest| earliest.min(head.expires))).await;
            return Some(turn);
        };
        let Some(_slot) = self.slot(account).await else { return Some(turn) };
        let deadline = Instant::now() + gateway.request_timeout;
        if let Err(down) = account.stack.check_up(deadline) {
            let wait = down.kind.retry_after().unwrap_or(STORE_PAUSE).max(Duration::from_millis(10));
            self.lines().change(line, head.id, |ticket| {
                ticket.due = Instant::now() + wait;
                ticket.failures = ticket.failures.max(1);
            });
            self.lines().gather(line);
            return Some(turn);
        }
        let batch = match Batch::read(self, &gateway, account, tickets, deadline).await {
            Ok(Some(batch)) => batch,
            // It may have been canceled meanwhile.
            Ok(None) if self.has_ended(head).await => {
                self.doubt_line(line);
                self.lines().remove(line, head.id);
                return Some(turn);
            }
            Ok(None) => {
                let lost = Problem::new(Code::Internal, "what is stored of this change cannot be read");
                tracing::error!(update = %head.id, vendor = %head.vendor, "a stored change cannot be read, and is given up");
                self.give_up(line, head, Some(lost)).await;
                return Some(turn);
            }
            Err(error) => return self.store_failed(&error, turn).await,
        };
        match batch.overtaken(self).await {
            Ok(None) => {}
            Ok(Some(end)) => {
                self.end(line, &batch, vec![end], head.attempts, None).await;
                return Some(turn);
            }
            Err(error) => return self.store_failed(&error, turn).await,
        }
        reach(Point::BeforeStart);
        match self.store.start(batch.ids(), Timestamp::now(), batch.member()).await {
            Ok(true) => {}
            Ok(false) => {
                self.doubt_line(line);
                sleep(Duration::from_millis(1)).await; // one of them was canceled, and its line hears of it next
                return Some(turn);
            }
            Err(error) => return self.store_failed(&error, turn).await,
        }
        self.send(line, &batch, turn).await
    }

    /// Takes note that a line may not be what it is thought to be, if other processes share it.
    fn doubt_line(&self, line: &Line) {
        if self.replica.is_some() {
            self.lines().touch(line);
        }
    }

    /// Whether a ticket has ended by another way than its delivery.
    async fn has_ended(&self, ticket: &Ticket) -> bool {
        let record = self.store.record(ticket.id).await.ok().flatten();
        record.is_some_and(|record| record.state.is_final())
    }

    /// A place among the deliveries to an account; `None` at a drain.
    async fn slot(&self, account: &Account) -> Option<OwnedSemaphorePermit> {
        tokio::select! {
            slot = self.slots(account).acquire_owned() => slot.ok(),
            () = self.stop.cancelled() => None,
        }
    }

    /// Waits until the store may answer again. It keeps the turn, unless others may go on meanwhile.
    pub(in crate::api::records) async fn store_failed(
        &self,
        error: &StoreError,
        turn: QueuedLock,
    ) -> Option<QueuedLock> {
        tracing::error!(%error, "the store fails; delivery waits");
        let turn = self.unless_others_go_on(Some(turn));
        tokio::select! {
            () = sleep(STORE_PAUSE) => {}
            () = self.stop.cancelled() => {}
        }
        turn
    }

    /// The turn while its holder waits for the store: where updates go on without the store, it is free for them.
    pub(in crate::api::records) fn unless_others_go_on(&self, turn: Option<QueuedLock>) -> Option<QueuedLock> {
        let go_on = self.replica.as_ref().is_some_and(|replica| replica.settings.local_on_outage);
        turn.filter(|_| !go_on)
    }

    /// Sends a batch in its turn, and stores what became of it.
    async fn send(self: &Arc<Self>, line: &Line, batch: &Batch, turn: QueuedLock) -> Option<QueuedLock> {
        self.set_phase(line, batch, Phase::Sending);
        reach(if batch.members().count() > 1 { Point::BeforeSendTogether } else { Point::BeforeSend });
        let mut log = RequestLog::default();
        let (sent, turn) = batch.send(turn, &mut log).await;
        reach(Point::BeforeFinish);
        let turn = self.unless_others_go_on(turn);
        let attempts = batch.head().attempts + log.attempts;
        match sent {
            Sent::Ended(ends) => self.end(line, batch, ends, attempts, doubted_at(&log)).await,
            Sent::Lost => {
                self.set_phase(line, batch, Phase::Waiting);
                self.doubt_line(line);
                sleep(LOST_PAUSE).await;
                return turn;
            }
            Sent::Failed(problem) => self.postpone(line, batch, &problem, &log).await,
            Sent::Untranslated(problem) => {
                // Another process may have the dialect when it starts, and tries it at once.
                self.postpone_until(line, batch, &problem, &log, Duration::ZERO).await;
                if batch.head().expires <= Instant::now() {
                    // One that goes after another is tried though its time is over.
                    self.give_up(line, batch.head(), None).await;
                } else {
                    let gateway = self.gateway.load();
                    self.lines().change(line, batch.head().id, |ticket| {
                        ticket.awaits_configuration = true;
                        // A configuration that came meanwhile has not found it waiting.
                        if Some(gateway.generation) == batch.generation() {
                            ticket.due = Instant::now() + gateway.queue.max_backoff.min(UNTRANSLATED_PAUSE);
                        }
                    });
                }
            }
            Sent::Apart(problem) => {
                for id in batch.ids() {
                    self.lines().change(line, id, |ticket| ticket.alone = true);
                }
                self.postpone_until(line, batch, &problem, &log, Duration::ZERO).await;
            }
        }
        reach(Point::AfterFinish);
        self.settled(turn?).await
    }

    /// Waits until the vendor can no longer apply an attempt before, and returns the turn.
    pub(in crate::api::records) async fn settled(&self, turn: QueuedLock) -> Option<QueuedLock> {
        tokio::select! {
            _ = turn.settled(Instant::now() + NO_DEADLINE) => {}
            () = self.stop.cancelled() => {}
        }
        Some(turn)
    }

    fn set_phase(&self, line: &Line, batch: &Batch, phase: Phase) {
        let mut lines = self.lines();
        for id in batch.ids() {
            lines.change(line, id, |ticket| ticket.phase = phase);
        }
    }

    pub(super) fn lines_remove(&self, line: &Line, batch: &Batch) {
        let mut lines = self.lines();
        for id in batch.ids() {
            lines.remove(line, id);
        }
    }
}

/// Which of these tickets are given up when their time is over. Behind a dead one that holds the line nothing is sent again, so
/// nothing has to go after it.
fn expiring(tickets: &[Ticket]) -> impl Fn(&&Ticket) -> bool {
    let is_held = tickets.first().is_some_and(|head| head.phase == Phase::Held);
    move |ticket| ticket.phase == Phase::Waiting && (is_held || !ticket.goes_after)
}

/// What comes next for the first tickets of a run.
fn next_step(tickets: &[Ticket], now: Instant) -> Step {
    let expires = expiring(tickets);
    let expired: Vec<_> = tickets.iter().filter(&expires).filter(|ticket| ticket.expires <= now).cloned().collect();
    if !expired.is_empty() {
        return Step::GiveUp(expired);
    }
    let Some(head) = tickets.first() else { return Step::Wait(now + NO_DEADLINE) };
    match head.phase {
        Phase::Waiting if head.due <= now => Step::Try,
        phase => {
            let earliest = tickets.iter().filter(expires).map(|ticket| ticket.expires).min();
            let due = (phase == Phase::Waiting).then_some(head.due);
            Step::Wait(earliest.into_iter().chain(due).min().unwrap_or(now + NO_DEADLINE))
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::api::records::double::record;
    use crate::api::records::queue::delivery::*;

    #[test]
    fn what_was_sent_together_with_an_older_one_waits_for_it_even_if_its_own_time_is_over() {
        let now = Instant::now();
        let (over, due) = (now - Duration::from_secs(1), now + Duration::from_secs(1));
        let ticket = |number, expires, goes_after| {
            let ticket = Ticket::of(&record(number, None), Phase::Waiting);
            Ticket { expires, due, goes_after, ..ticket }
        };
        let older = ticket(1, now + NO_DEADLINE, false);
        let given_up = |tickets: &[Ticket]| match next_step(tickets, now) {
            Step::GiveUp(tickets) => tickets.iter().map(|ticket| ticket.number).collect(),
            Step::Wait(until) => {
                assert_eq!(until, due);
                Vec::new()
            }
            Step::Try => Vec::new(),
        };
        assert_eq!(given_up(&[older.clone(), ticket(2, over, false)]), [2]);
        assert_eq!(given_up(&[older.clone(), ticket(2, over, true), ticket(3, due, false)]), [0_u64; 0]);
        let held = Ticket { phase: Phase::Held, ..older };
        assert_eq!(given_up(&[held, ticket(2, over, true)]), [2], "nothing is sent again before it");
        let first = Ticket { due: now, ..ticket(2, over, true) };
        assert!(matches!(next_step(&[first], now), Step::Try), "it is sent after the older one");
    }
}
