//! What becomes of tickets: their end or their next try, stored however long the store fails, before anything else of their line
//! is sent.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::api::records::Records;
use crate::api::records::job::doubted_at;
use crate::api::records::payload::Payload;
use crate::api::request_log::RequestLog;
use crate::problem::{Code, Outcome, Problem};
use crate::store::{
    Answer, Ending, Finished, KeyEnd, Line, Mode, Pending, Postponement, Record, State, StoreError, Timestamp,
};
use crate::telemetry::event::ChangeFinished;
use crate::upstream::QueuedLock;
use crate::value::{AssistantOperation, JournalValues};

use super::batch::Batch;
use super::delivery::STORE_PAUSE;
use super::end::{End, dead};
use super::lines::{Phase, Ticket};

/// The shortest pause after a request that could not be sent, whatever the reason.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

impl Records {
    /// Stores how each of a batch has ended, and takes them out of their line.
    pub(super) async fn end(
        self: &Arc<Self>,
        line: &Line,
        batch: &Batch,
        ends: Vec<End>,
        attempts: u32,
        doubted_at: Option<Timestamp>,
    ) {
        let ends = batch.members().zip(ends);
        let endings = ends.map(|(member, end)| {
            self.metrics.ended(&member.record.vendor, member.record.operation, end.state.as_str());
            self.ending(member, end, attempts, doubted_at, batch)
        });
        // Otherwise it stays in its line, whose turn is kept until the process has ended.
        let Some(finished) = self.finish(endings.collect()).await else { return };
        for member in batch.members() {
            self.call_back(&member.record);
        }
        self.lines_remove(line, batch);
        if self.replica.is_some() {
            self.left(line, &finished);
        }
    }

    /// Makes a batch wait after a request that failed.
    pub(super) async fn postpone(&self, line: &Line, batch: &Batch, problem: &Problem, log: &RequestLog) {
        let queue = self.gateway.load().queue;
        let doubled = 2_u32.saturating_pow(batch.head().failures);
        let most = queue.backoff.saturating_mul(doubled).min(queue.max_backoff);
        // A vendor that cannot be reached asks for nothing: that wait is the gateway's own advice to callers.
        let asked = problem.retry_after.filter(|_| problem.code != Code::VendorUnreachable).unwrap_or_default();
        let wait = match log.attempts {
            0 => asked.max(SHORTEST_PAUSE) + asked.mul_f64(fastrand::f64() / 10.0),
            _ => most.mul_f64(fastrand::f64()).max(asked),
        };
        self.postpone_until(line, batch, problem, log, wait).await;
    }

    pub(super) async fn postpone_until(
        &self,
        line: &Line,
        batch: &Batch,
        problem: &Problem,
        log: &RequestLog,
        wait: Duration,
    ) {
        let now = Timestamp::now();
        // Of a change in several requests a part may be applied, and the last one refused.
        let doubted_at = doubted_at(log).or_else(|| (problem.outcome == Outcome::Partial).then_some(now));
        let may_be_applied = doubted_at.is_some();
        let doubted_at = doubted_at.or_else(|| batch.head().interrupted.then_some(now));
        self.metrics.delivery_failed(&batch.head().vendor, problem.reason().as_str());
        let postponement = Postponement {
            changes: batch.problems(problem),
            attempts: log.attempts,
            now,
            next_attempt_at: now.after(wait),
            doubted_at,
            by: batch.member(),
        };
        self.insist(|| self.store.postpone(postponement.clone())).await;
        let mut lines = self.lines();
        for id in batch.ids() {
            lines.change(line, id, |ticket| {
                ticket.phase = Phase::Waiting;
                ticket.fresh = None; // the store says more of it now
                ticket.due = Instant::now() + wait;
                ticket.attempts += log.attempts;
                ticket.failures = if log.attempts > 0 { ticket.failures + 1 } else { ticket.failures.max(1) };
                ticket.goes_after = match id == batch.head().id {
                    true => ticket.goes_after && !may_be_applied,
                    false => ticket.goes_after || doubted_at.is_some(),
                };
            });
        }
        lines.gather(line);
    }

    /// Gives a ticket up; its last problem stays, unless another one is the reason.
    pub(super) async fn give_up(self: &Arc<Self>, line: &Line, ticket: &Ticket, problem: Option<Problem>) {
        let now = Timestamp::now();
        let Some(record) = self.insist_on(|| self.store.record(ticket.id)).await else { return };
        let Some(bodies) = self.insist_on(|| self.store.bodies(vec![ticket.id])).await else { return };
        let body = bodies.into_iter().flatten().next();
        let gateway = self.gateway.load_full();
        let is_in_doubt = ticket.interrupted || record.as_ref().is_some_and(|record| record.doubted_at.is_some());
        if let Some(record) = &record {
            self.report_given_up(record, is_in_doubt);
        }
        let end = dead(record.as_ref(), problem, is_in_doubt, &gateway);
        let state = end.state;
        // Of a request that it was to send again nothing more is known than before.
        let guard = body.as_deref().and_then(Payload::read).and_then(|payload| payload.guard);
        let unknown = if state == State::Unknown { Some(ticket.number) } else { guard };
        let is_held = state == State::Dead && gateway.queue.hold_on_dead;
        let ending = Ending {
            key: unknown.is_some().then(|| KeyEnd {
                answer: end.answer.clone(),
                kept: gateway.idempotency_retention,
                unknown,
            }),
            answer: Some(self.journaled(end.answer)),
            problem: end.problem,
            doubted_at: record.as_ref().and_then(|record| record.doubted_at),
            body: body.filter(|_| state == State::Dead),
            callback: record.as_ref().is_some_and(|record| self.calls_back(record)),
            by: self.replica.as_ref().map(|replica| replica.session().id),
            holds: self.replica.is_some() && is_held,
            ..Ending::new(ticket.id, state, ticket.attempts, now)
        };
        let Some(finished) = self.finish(vec![ending]).await else { return };
        if let Some(record) = &record {
            self.call_back(record);
        }
        let operation = record.map_or(AssistantOperation::Update, |record| record.operation);
        self.metrics.ended(&ticket.vendor, operation, state.as_str());
        tracing::error!(update = %ticket.id, vendor = %ticket.vendor, attempts = ticket.attempts, state = state.as_str(), "a change is given up");
        if is_held && matches!(finished[..], [Finished::Done { .. }]) {
            self.lines().change(line, ticket.id, |ticket| ticket.phase = Phase::Held);
        } else {
            self.lines().remove(line, ticket.id);
        }
        if self.replica.is_some() {
            self.left(line, &finished);
        }
    }

    /// Records in the audit log that a change is not tried again.
    pub(in crate::api::records) fn report_given_up(&self, record: &Record, is_in_doubt: bool) {
        let outcome = if is_in_doubt { Outcome::Unknown } else { Outcome::NotApplied };
        let given_up = Problem::new(Code::VendorTimeout, "given up");
        let given_up = Problem { outcome, attempts: Some(record.attempts), ..given_up };
        self.telemetry.change_finished(&ChangeFinished {
            operation: record.operation,
            request_id: &record.request_id,
            update: Some(record.id.0),
            vendor: &record.vendor,
            vendor_id: record.vendor_id.as_deref(),
            result: Err(&given_up),
        });
    }

    /// Stores how changes ended, however long the store fails, and tells those who wait; `None` if a drain comes first. Then
    /// nothing newer may be sent by this process: the next one finds the change under way, and sends it again.
    pub(in crate::api::records) async fn finish(&self, endings: Vec<Ending>) -> Option<Vec<Finished>> {
        let finished = self.insist(|| self.store.finish(endings.clone())).await?;
        for (ending, finished) in endings.iter().zip(&finished) {
            // Of what another process delivers, that one says the end.
            if *finished != Finished::NotOwned {
                self.tell(ending);
            }
        }
        Some(finished)
    }

    /// What the caller gets who waits at another process, if the journal keeps less.
    pub(in crate::api::records) fn reply(&self, record: &Record, answer: &Answer) -> Option<Answer> {
        let is_elsewhere = self.replica.is_some() && record.mode != Mode::Asynchronous;
        let is_less = self.gateway.load().journal.values == JournalValues::None;
        (is_elsewhere && is_less).then(|| answer.clone())
    }

    /// The same for a change whose caller waits, and does not wait longer if the store fails.
    pub(in crate::api::records) async fn finish_for_caller(
        self: &Arc<Self>,
        ending: Ending,
        line: Option<Line>,
        turn: Option<QueuedLock>,
    ) {
        match self.store.finish(vec![ending.clone()]).await {
            Ok(_) => self.tell(&ending),
            Err(_) => {
                let records = Arc::clone(self);
                self.tasks.spawn(async move {
                    match (records.finish(vec![ending]).await, turn) {
                        (None, Some(turn)) => records.kept.keep_turn(line, turn),
                        (_, turn) => drop(turn), // the next change is sent only now
                    }
                });
            }
        }
    }

    /// Tells those who wait for it.
    fn tell(&self, ending: &Ending) {
        let whole = ending.key.as_ref().map(|key| &key.answer).or(ending.reply.as_ref());
        self.endings.ended(ending.id, whole.or(ending.answer.as_ref()));
    }

    /// Whether the client is notified of the end of a change.
    pub(in crate::api::records) fn calls_back(&self, record: &Record) -> bool {
        record.mode == Mode::Asynchronous && self.callbacks.wants(record.client.as_deref())
    }

    /// Has the client told of the end that was stored.
    pub(in crate::api::records) fn call_back(&self, record: &Record) {
        if let Some(client) = record.client.as_deref().filter(|_| self.calls_back(record)) {
            self.callbacks.notify(client);
        }
    }

    /// Repeats a read until the store answers; the default for what cannot be read ever, `None` at a drain.
    async fn insist_on<'a, T: Default>(&'a self, read: impl Fn() -> Pending<'a, T>) -> Option<T> {
        loop {
            match read().await {
                Ok(found) => return Some(found),
                Err(StoreError::Unreadable(_)) => return Some(T::default()),
                Err(_) => tokio::select! {
                    () = sleep(STORE_PAUSE) => {}
                    () = self.stop.cancelled() => return None,
                },
            }
        }
    }

    /// Repeats a statement until it is carried out. At a drain it is given up: the next process finds the change under way.
    async fn insist<'a, T>(&'a self, statement: impl Fn() -> Pending<'a, T>) -> Option<T> {
        let mut pause = STORE_PAUSE;
        let mut is_first = true;
        loop {
            let error = match statement().await {
                Ok(done) => return Some(done),
                Err(error) => error,
            };
            if is_first {
                tracing::error!(%error, "the store fails; what became of a change is stored when it works again");
                is_first = false;
            }
            if matches!(error, StoreError::Closed) {
                return None;
            }
            tokio::select! {
                () = sleep(pause) => {}
                () = self.stop.cancelled() => return None,
            }
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    }
}
