//! Delivers what waits in a line that this process owns.
//!
//! What is known here of a line is a copy of the first of its tickets in the store, taken in the assistant's turn. It is *stale*
//! whenever the store may have others: another process has admitted one, a caller has withdrawn one, or this process has just
//! become the owner. Nothing is sent from a stale copy.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::problem::Outcome;
use crate::store::{Ending, Finished, Line, LineState, Mode, OpenTicket, State, Stored};
use crate::upstream::QueuedLock;

use super::{Replica, Session};
use crate::api::records::Records;
use crate::api::records::queue::{MOST_SEEN, NO_DEADLINE, Phase, Ticket};

/// How long an attempt of another process may last to an account that is not configured here.
const LONGEST_ATTEMPT: Duration = Duration::from_secs(60);

/// What becomes of a ticket that another process, or an earlier one, has left.
#[derive(Debug, PartialEq, Eq)]
enum Left {
    Deliver,
    End(Outcome),
}

impl Records {
    /// Takes note that a line may hold more than is known here, and delivers it if that is not done already.
    pub(in crate::api::records) fn touch(self: &Arc<Self>, line: &Line) {
        let is_new = self.lines().touch(line);
        if is_new {
            self.deliver(line.clone());
        }
    }

    /// Takes note of a ticket that was admitted here to a line that this process owns.
    pub(in crate::api::records) fn admitted(self: &Arc<Self>, line: &Line, ticket: Ticket, stored: &Stored) {
        let is_new = self.lines().append(line, ticket, stored);
        if is_new {
            self.deliver(line.clone());
        }
    }

    /// Delivers a line until it is empty or owned by another process. At a drain it is handed over.
    pub(in crate::api::records) async fn deliver_owned(self: &Arc<Self>, replica: &Replica, line: &Line) {
        let Some(changed) = self.lines().changed(line) else { return };
        let mut turn = None;
        while !self.stop.is_cancelled() {
            let held = match turn.take() {
                Some(held) => held,
                None => match self.own_turn(line).await {
                    Some(held) => held,
                    None => return self.lines().forget(line),
                },
            };
            if self.stop.is_cancelled() {
                turn = Some(held);
                break;
            }
            if self.lines().take_stale(line) {
                turn = self.refresh(replica, line, held).await;
                continue;
            }
            let tickets = self.lines().seen(line);
            if tickets.is_empty() {
                if self.lines().end(line) {
                    return;
                }
                turn = Some(held);
                continue;
            }
            turn = self.step(line, &tickets, held, &changed).await;
        }
        // In its turn, so that nothing of it is under way here any more.
        let turn = match turn {
            None => self.own_turn(line).await,
            turn => turn,
        };
        self.hand_over(replica, line).await;
        drop(turn);
    }

    /// The assistant's turn in this process, however long what is under way there takes.
    async fn own_turn(&self, line: &Line) -> Option<QueuedLock> {
        let place = self.upstream.queue_stored(&line.scope, &line.id).ok()?;
        let turn = place.held(Instant::now() + NO_DEADLINE).await.ok()?;
        self.settled(turn).await
    }

    /// Gives the line to whichever other process takes it.
    pub(in crate::api::records) async fn hand_over(&self, replica: &Replica, line: &Line) {
        self.lines().forget(line);
        let session = replica.session();
        if let Err(error) = replica.store.release(vec![line.clone()], session.id).await {
            tracing::warn!(%error, "changes that wait could not be handed over; others take them after `cluster.session_ttl`");
        }
    }

    /// Reads what the store has of the line, in its turn.
    async fn refresh(self: &Arc<Self>, replica: &Replica, line: &Line, turn: QueuedLock) -> Option<QueuedLock> {
        let session = replica.session();
        match replica.store.open_tickets(line.clone(), session.id, MOST_SEEN).await {
            Ok(Some(state)) => {
                replica.answered();
                self.learn(replica, &session, line, state, turn).await
            }
            Ok(None) => {
                self.lines().learn(line, Vec::new());
                Some(turn)
            }
            Err(error) => {
                self.lines().touch(line);
                self.store_failed(&error, turn).await
            }
        }
    }

    async fn learn(
        self: &Arc<Self>,
        replica: &Replica,
        session: &Session,
        line: &Line,
        state: LineState,
        mut turn: QueuedLock,
    ) -> Option<QueuedLock> {
        let (now, holds) = (Instant::now(), self.gateway.load().queue.hold_on_dead);
        let (mut tickets, mut endings, mut released) = (Vec::new(), Vec::new(), Vec::new());
        let mut settles_at = self.settles_at(state.doubted_ago, &state.tickets, now);
        let failed_over = replica.has_failed_over();
        self.lines().forget_foreign(line);
        let known = self.lines().seen(line);
        for open in state.tickets {
            let is_known = self.lines().position(line, open.record.id).is_some();
            let was_started = open.record.state == State::Sending && !is_known;
            if open.record.state == State::Dead && !holds {
                released.push(open.record.id);
                continue;
            }
            if (was_started || failed_over) && !is_known {
                settles_at = settles_at.max(Some(now + self.longest_attempt(&open.record.vendor)));
            }
            let goes_after = known.iter().any(|ticket| ticket.id == open.record.id && ticket.goes_after);
            let goes_after = goes_after || open.record.may_be_applied() && !tickets.is_empty();
            match left(&open, goes_after) {
                Left::Deliver => tickets.push(Ticket { goes_after, ..Ticket::open(&open, was_started, now) }),
                Left::End(outcome) => {
                    if outcome == Outcome::Unknown {
                        self.report_given_up(&open.record, true);
                    }
                    endings.push(Ending { by: Some(session.id), ..self.lost(&open.record, outcome) });
                }
            }
        }
        self.lines().learn(line, tickets);
        if !released.is_empty()
            && let Err(error) = replica.store.let_go(line.clone(), released, session.id).await
        {
            tracing::warn!(%error, "dead changes still hold up their line in the store");
        }
        if !endings.is_empty() {
            self.finish(endings).await;
        }
        if let Some(until) = settles_at {
            turn = turn.unsettled(until);
        }
        self.settled(turn).await
    }

    /// Until when an attempt without a trustworthy response may still be applied.
    fn settles_at(&self, doubted_ago: Option<Duration>, tickets: &[OpenTicket], now: Instant) -> Option<Instant> {
        let vendor = &tickets.first()?.record.vendor;
        let settle = self.account(vendor)?.stack.settle();
        Some(now + settle.checked_sub(doubted_ago?)?)
    }

    /// For how long an attempt that another process has begun may be under way.
    fn longest_attempt(&self, vendor: &str) -> Duration {
        self.account(vendor).map_or(LONGEST_ATTEMPT, |account| account.stack.timeout().max(account.stack.settle()))
    }

    /// Takes note of how many tickets a line has left after the end of some.
    pub(in crate::api::records) fn left(self: &Arc<Self>, line: &Line, finished: &[Finished]) {
        let left = finished.iter().map(|finished| match finished {
            Finished::Done { left } => Some(*left),
            Finished::Gone | Finished::NotOwned => None,
        });
        let left = left.min().flatten();
        if self.lines().has_left(line, left) {
            return;
        }
        self.touch(line);
    }
}

/// What becomes of a ticket: one whose caller is gone with its process is sent only if an attempt may have been applied, or if
/// its caller will ask again. `goes_after` is that of the ticket.
fn left(open: &OpenTicket, goes_after: bool) -> Left {
    if open.is_waited_for || open.record.mode != Mode::Synchronous || open.record.state == State::Dead {
        return Left::Deliver;
    }
    match open.record.may_be_applied() {
        true if open.expires_in.is_zero() && !goes_after => Left::End(Outcome::Unknown),
        true => Left::Deliver,
        false => Left::End(Outcome::NotApplied),
    }
}

impl Ticket {
    /// A ticket as the store has it.
    fn open(open: &OpenTicket, was_started: bool, now: Instant) -> Self {
        let phase = if open.record.state == State::Dead { Phase::Held } else { Phase::Waiting };
        Self {
            expires: now + open.expires_in,
            due: if was_started { now } else { now + open.due_in },
            interrupted: was_started,
            is_waited_for: open.is_waited_for && open.record.mode != Mode::Asynchronous,
            ..Self::of(&open.record, phase)
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::api::records::cluster::line::*;
    use crate::api::records::double::record;
    use crate::store::{Record, Timestamp};

    #[test]
    fn what_an_earlier_attempt_may_have_applied_is_never_said_to_be_expired() {
        let of = |state, doubted_at, expires_in| {
            let record = Record { mode: Mode::Synchronous, state, doubted_at, ..record(1, None) };
            OpenTicket { record, expires_in, due_in: Duration::ZERO, is_waited_for: false }
        };
        let left = |state, doubted_at, expires_in| left(&of(state, doubted_at, expires_in), false);
        let (soon, doubted) = (Duration::from_secs(1), Some(Timestamp::now()));
        // The process that took it over sent it, got no answer, and ended before the next attempt.
        assert_eq!(left(State::Queued, doubted, soon), Left::Deliver);
        assert_eq!(left(State::Queued, doubted, Duration::ZERO), Left::End(Outcome::Unknown));
        assert_eq!(left(State::Sending, None, soon), Left::Deliver);
        assert_eq!(left(State::Sending, None, Duration::ZERO), Left::End(Outcome::Unknown));
        assert_eq!(left(State::Queued, None, soon), Left::End(Outcome::NotApplied));
        // It was sent together with an older one, which is sent again.
        assert_eq!(super::left(&of(State::Sending, None, Duration::ZERO), true), Left::Deliver);
    }
}
