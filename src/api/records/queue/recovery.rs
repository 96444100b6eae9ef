//! Takes up at the start what an earlier process has left: what was being sent is sent again first, everything else follows
//! in its order.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::account::Account;
use crate::api::classify::failure_problem;
use crate::problem::{Code, Outcome, Problem};
use crate::store::failpoint::{Point, reach};
use crate::store::{Ending, Filter, KeyEnd, Line, Mode, Record, State, StoreError, Timestamp, UpdateId};
use crate::upstream::QueuedLock;

use super::lines::{Limits, Phase, Ticket};
use crate::api::records::{Records, answer};

/// The longest time for which a vendor may go on applying an attempt that counts here.
const LONGEST_SETTLE: Duration = Duration::from_secs(3600);
/// How many dead ones are read at a time.
const PAGE: usize = 500;
/// What is stored already is never too much.
const NO_LIMITS: Limits = Limits { per_line: usize::MAX, total: usize::MAX };

/// By line, its account, and until when the vendor may still apply an attempt.
type Unsettled = HashMap<Line, (String, Instant)>;

/// What becomes of a change that an earlier process has left.
#[derive(Debug, PartialEq, Eq)]
enum RecoveryStep {
    /// It is delivered.
    Deliver,
    /// It may have been applied, and is not sent again.
    Unknown,
    /// It is never sent.
    Expired,
}

impl Records {
    /// Puts what is stored into lines, and starts their delivery.
    pub(in crate::api::records) async fn recover(self: &Arc<Self>) -> Result<(), StoreError> {
        let now = Timestamp::now();
        let (mut tickets, held) = (self.store.tickets().await?, self.held().await?);
        let places: HashMap<UpdateId, u64> = held.iter().map(|record| (record.id, record.number)).collect();
        // A replay has the place of the dead one that held up its line.
        let place = |record: &Record| record.replay_of.and_then(|dead| places.get(&dead).copied());
        tickets.sort_by_key(|record| {
            (record.state != State::Sending, place(record).unwrap_or(record.number), record.number)
        });
        let replayed: Vec<_> = tickets.iter().filter_map(|record| record.replay_of).collect();
        let count = tickets.len();
        let mut endings = Vec::new();
        let mut waiting: Vec<_> = held.into_iter().filter(|dead| !replayed.contains(&dead.id)).collect();
        let mut lines: HashSet<_> = waiting.iter().filter_map(Record::line).collect();
        for record in tickets {
            let line = record.line();
            let is_behind = line.as_ref().is_some_and(|line| lines.contains(line));
            match fate(&record, is_behind, now) {
                RecoveryStep::Deliver => {
                    lines.extend(line);
                    waiting.push(record);
                }
                RecoveryStep::Unknown => {
                    self.report_given_up(&record, true);
                    endings.push(self.lost(&record, Outcome::Unknown));
                }
                RecoveryStep::Expired => endings.push(self.lost(&record, Outcome::NotApplied)),
            }
        }
        waiting.sort_by_key(|record| (record.state != State::Sending, place(record).unwrap_or(record.number)));
        let mut unsettled = Unsettled::new();
        for record in self.store.unsettled(now.before(LONGEST_SETTLE)).await? {
            self.note_unsettled(&record, record.doubted_at.unwrap_or(now), now, &mut unsettled);
        }
        for record in &waiting {
            if record.state == State::Sending {
                self.note_unsettled(record, now, now, &mut unsettled);
            }
        }
        let places = unsettled.into_iter().filter_map(|(line, (vendor, until))| {
            let place = self.place(&line, &vendor).ok()?.unsettled(until);
            Some((line, place))
        });
        let mut places: HashMap<Line, QueuedLock> = places.collect();
        let lines: Vec<_> = waiting.iter().filter_map(|record| self.enqueue(record, &mut places)).collect();
        self.lines().gather_interrupted();
        // Only now that all are there, because those that were sent together are sent together again.
        lines.into_iter().for_each(|line| self.deliver(line));
        drop(places); // each is held until its time is over
        reach(Point::InRecovery);
        if count > 0 {
            let waiting = self.lines().len();
            tracing::info!(waiting, ended = endings.len(), "changes of an earlier process are queued again");
        }
        if !endings.is_empty() {
            self.finish(endings).await;
        }
        Ok(())
    }

    /// The dead ones that hold up their lines, oldest first.
    async fn held(&self) -> Result<Vec<Record>, StoreError> {
        let mut held = Vec::new();
        if !self.gateway.load().queue.hold_on_dead {
            return Ok(held);
        }
        let mut filter = Filter { states: vec![State::Dead], limit: PAGE, ..Filter::default() };
        loop {
            let page = self.store.list(filter.clone()).await?;
            for record in page.records {
                // Those that were replayed or discarded have no body.
                if self.store.bodies(vec![record.id]).await?.pop().flatten().is_some() {
                    held.push(record);
                }
            }
            match page.next {
                Some(next) => filter.below = Some(next),
                None => break,
            }
        }
        held.reverse();
        Ok(held)
    }

    /// Notes until when the vendor may still apply an attempt that ended at `doubted_at`.
    fn note_unsettled(&self, record: &Record, doubted_at: Timestamp, now: Timestamp, unsettled: &mut Unsettled) {
        let (Some(line), Some(account)) = (record.line(), self.account(&record.vendor)) else { return };
        let left = account.stack.settle().saturating_sub(now.since(doubted_at));
        if !left.is_zero() {
            let until = Instant::now() + left;
            let (_, known) = unsettled.entry(line).or_insert_with(|| (record.vendor.clone(), until));
            *known = (*known).max(until);
        }
    }

    /// Puts a change at the end of its line; the line, if it is new.
    fn enqueue(&self, record: &Record, places: &mut HashMap<Line, QueuedLock>) -> Option<Line> {
        let line = record.line()?;
        let phase = if record.state == State::Dead { Phase::Held } else { Phase::Waiting };
        let mut ticket = Ticket::of(record, phase);
        if record.state == State::Sending {
            ticket.due = Instant::now();
            ticket.phase = Phase::Sending; // until all are there
            ticket.interrupted = true;
        }
        let own = places.remove(&line);
        let mut lines = self.lines();
        ticket.goes_after = record.may_be_applied() && lines.has(&line);
        let place = || own.map_or_else(|| self.place(&line, &record.vendor), Ok);
        // Nothing but stored changes is there yet, so that all of a line are one run.
        let pushed = lines.push(&line, ticket, NO_LIMITS, |_| true, place);
        drop(lines);
        match pushed {
            Ok(Ok(true)) => return Some(line),
            Ok(Ok(false)) => {}
            Ok(Err(failure)) => {
                let problem = failure_problem(failure);
                tracing::error!(update = %record.id, detail = problem.detail, "a stored change has no place");
            }
            Err(_) => tracing::error!(update = %record.id, "a stored change has no room"),
        }
        None
    }

    /// A place in the order that the account has now; of an account that is gone, in that which it had.
    fn place(&self, line: &Line, vendor: &str) -> Result<QueuedLock, crate::upstream::Failure> {
        match self.account(vendor) {
            Some(account) => account.stack.queue_stored(&line.id),
            None => self.upstream.queue_stored(&line.scope, &line.id),
        }
    }

    pub(in crate::api::records) fn account(&self, vendor: &str) -> Option<Arc<Account>> {
        self.gateway.load().routes.accounts.get(vendor).cloned()
    }

    /// The end of a change that is not delivered by recovery.
    pub(in crate::api::records) fn lost(&self, record: &Record, outcome: Outcome) -> Ending {
        let (state, detail) = match outcome {
            Outcome::Unknown => (
                State::Unknown,
                "the gateway ended while this was being sent; whether it was applied is not known, and it is not sent again",
            ),
            Outcome::NotApplied | Outcome::Partial => {
                (State::Expired, "the gateway ended before this was sent, and it is not sent any more")
            }
        };
        let gateway = self.gateway.load();
        let mut problem = Problem::new(Code::VendorTimeout, detail);
        problem.outcome = outcome;
        problem.retryable = (record.line().is_none() && outcome == Outcome::Unknown).then_some(false);
        problem.vendor = Some(record.vendor.clone());
        problem.base.clone_from(&gateway.public_url);
        let path = match record.line() {
            Some(_) => format!("/v1/assistants/{}", record.assistant),
            None => "/v1/assistants".to_owned(),
        };
        let answer = answer::of_problem(&problem, &path, &record.request_id);
        self.metrics.ended(&record.vendor, record.operation, state.as_str());
        Ending {
            problem: answer.body.clone(),
            key: (outcome == Outcome::Unknown).then(|| KeyEnd {
                answer: answer.clone(),
                kept: gateway.idempotency_retention,
                unknown: Some(record.number),
            }),
            answer: Some(self.journaled(answer)),
            doubted_at: record.doubted_at,
            ..Ending::new(record.id, state, record.attempts, Timestamp::now())
        }
    }
}

/// What becomes of a change that an earlier process has left; `is_behind` is whether an older one of its line is delivered. What
/// may have been applied before that one is sent again, or the older one would have the last word.
fn fate(record: &Record, is_behind: bool, now: Timestamp) -> RecoveryStep {
    let is_over = record.expires_at <= now;
    match (record.line(), record.mode, record.may_be_applied()) {
        (None, _, true) => RecoveryStep::Unknown,
        (None, _, false) => RecoveryStep::Expired,
        (Some(_), Mode::Keyed | Mode::Asynchronous, _) => RecoveryStep::Deliver,
        (Some(_), Mode::Synchronous, true) if !is_over || is_behind => RecoveryStep::Deliver,
        (Some(_), Mode::Synchronous, true) => RecoveryStep::Unknown,
        (Some(_), Mode::Synchronous, false) => RecoveryStep::Expired,
    }
}

#[cfg(test)]
mod tests {
    use crate::api::records::double::record;
    use crate::api::records::queue::recovery::*;

    #[test]
    fn what_an_earlier_attempt_may_have_applied_is_never_said_to_be_expired() {
        let now = Timestamp::now();
        let (later, before) = (now.after(Duration::from_secs(60)), now.before(Duration::from_secs(60)));
        let of =
            |mode, state, doubted_at, expires_at| Record { mode, state, doubted_at, expires_at, ..record(1, None) };
        let fate = |mode, state, doubted_at, expires_at| fate(&of(mode, state, doubted_at, expires_at), false, now);
        // It waits again after an attempt without an answer, and the process ended before the next one.
        assert_eq!(fate(Mode::Synchronous, State::Queued, Some(before), later), RecoveryStep::Deliver);
        assert_eq!(fate(Mode::Synchronous, State::Queued, Some(before), before), RecoveryStep::Unknown);
        assert_eq!(fate(Mode::Synchronous, State::Sending, None, later), RecoveryStep::Deliver);
        assert_eq!(fate(Mode::Synchronous, State::Sending, None, before), RecoveryStep::Unknown);
        assert_eq!(fate(Mode::Synchronous, State::Queued, None, later), RecoveryStep::Expired);
        assert_eq!(fate(Mode::Asynchronous, State::Queued, None, before), RecoveryStep::Deliver);
        let creation = Record { vendor_id: None, doubted_at: Some(before), ..record(1, None) };
        assert_eq!(super::fate(&creation, false, now), RecoveryStep::Unknown);
        // It was sent together with an older one, which is sent again.
        let behind = |state, doubted_at| super::fate(&of(Mode::Synchronous, state, doubted_at, before), true, now);
        assert_eq!(behind(State::Sending, None), RecoveryStep::Deliver);
        assert_eq!(behind(State::Queued, Some(before)), RecoveryStep::Deliver);
        assert_eq!(behind(State::Queued, None), RecoveryStep::Expired);
    }
}
