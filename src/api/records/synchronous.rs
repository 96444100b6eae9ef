//! Carries a change out for a caller who waits, and writes down how it ends.
//!
//! The change does not end with the caller's connection. If the caller leaves before anything was sent, a plain change is
//! withdrawn; one with a key goes on, because its caller will ask again.

mod attached;
mod ending;
mod shared;

use std::mem::take;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::api::classify::failure_problem;
use crate::api::exchange::{Change, Exchange, Prepared, QueuePlace, TurnSlot};
use crate::api::request_log::RequestLog;
use crate::problem::Outcome::NotApplied;
use crate::problem::{Code, Problem, Reason};
use crate::store::failpoint::{Point, reach};
use crate::store::{
    Admitted, Created, Ending, KeyState, Line, Membership, Mode, Record, State, StoreError, Timestamp, UpdateId,
};
use crate::upstream::{DeliveryState, Permits, QueuedLock};

use attached::Attached;
use ending::End;

use super::job::{Job, fields};
use super::key::{Again, Key, Known};
use super::payload::Payload;
use super::{Records, store_problem};

/// The `Retry-After` of a change that a drain withdraws.
const DRAINING_RETRY_AFTER: Duration = Duration::from_secs(1);

/// What a caller gets.
pub(super) type Outcome = Result<Response<Full<Bytes>>, Problem>;

/// A change on its way.
pub(super) struct Running {
    /// The id of its record.
    id: UpdateId,
    records: Arc<Records>,
    job: Job,
    body: Bytes,
    key: Option<Key>,
    log: RequestLog,
    /// The caller has left.
    gone: CancellationToken,
}

/// Carries the change out, or admits it for later.
///
/// # Errors
/// The vendor did not carry it out, or the store fails.
pub(in crate::api) async fn carry_out(
    exchange: &Exchange<'_>,
    records: &Arc<Records>,
    prepared: Prepared,
    body: Bytes,
    permits: Permits,
    log: &mut RequestLog,
) -> Outcome {
    let (job, key) = (Job::of(exchange), exchange.key.cloned());
    if exchange.options.respond_async && exchange.id.is_some() {
        drop(permits);
        return records.admit(job, prepared, body, key, log).await;
    }
    let (records, gone) = (Arc::clone(records), CancellationToken::new());
    let shared =
        RequestLog { delivery: Some(log.delivery.insert(DeliveryState::default()).clone()), ..RequestLog::default() };
    let id = UpdateId::generate();
    log.record = Some(id);
    let mut running = Running { id, records: Arc::clone(&records), job, body, key, log: shared, gone: gone.clone() };
    let run = async move {
        let outcome = running.run(prepared, permits).await;
        (outcome, running)
    };
    let (outcome, mut running) = Attached::new(run, &records.tasks, gone).await;
    let RequestLog { report, attempts, queued, with_vendor, id, record, .. } = take(&mut running.log);
    (log.report, log.record) = (report, record);
    (log.attempts, log.queued, log.with_vendor) =
        (log.attempts + attempts, log.queued + queued, log.with_vendor + with_vendor);
    log.id = id.or_else(|| log.id.take());
    outcome
}

impl Running {
    /// Reports the end of a change that was sent and whose caller has left.
    pub(super) fn report(&self, outcome: &Outcome) {
        if self.log.delivery.as_ref().is_some_and(DeliveryState::get) {
            self.job.report(self.log.record, outcome.as_ref().map(|_| self.log.attempts));
        }
    }

    async fn run(&mut self, mut prepared: Prepared, permits: Permits) -> Outcome {
        let records = Arc::clone(&self.records);
        if let (Some(replica), Some(line)) = (&records.replica, self.line()) {
            return Box::pin(self.in_shared_order(replica, line, prepared, permits)).await;
        }
        let number = match self.check_older().and_then(|()| self.number(&mut prepared)) {
            Ok(number) => number,
            Err(problem) => return self.refused(problem).await,
        };
        if self.key.is_some() || self.job.context.gateway.sync_intent {
            return self.with_ticket(prepared, number, permits).await;
        }
        if !self.records.store.has_room() {
            let full = StoreError::Failed("too many records wait to be stored".to_owned());
            return self.job.finished(Err(store_problem(full)));
        }
        let mut record = self.record(Mode::Synchronous, number, &prepared);
        self.log.record = Some(record.id);
        let slot = TurnSlot::default();
        let outcome = self.send(prepared, permits, &slot).await;
        let end = self.end(&outcome);
        record.state = end.state;
        record.attempts = self.log.attempts;
        record.updated_at = Timestamp::now();
        record.doubted_at = end.doubted_at;
        if let Some(Created { assistant, line }) = end.created {
            record.assistant = assistant;
            (record.scope, record.vendor_id) = (Some(line.scope.to_string()), Some(line.id.to_string()));
        }
        (record.answer, record.problem) = (Some(self.records.journaled(end.answer)), end.problem);
        // Noted before the turn goes to the next change, so that what is read in that turn sees it.
        self.records.note(record, self.records.journal_body(&self.body));
        drop(slot);
        outcome
    }

    /// The number of the change's place in the order, which it takes now if it has none.
    fn number(&self, prepared: &mut Prepared) -> Result<u64, Problem> {
        if let QueuePlace::Queued(_, Some(number)) = &prepared.place {
            return Ok(*number);
        }
        let Some(id) = &self.job.id else { return Ok(self.records.number()) };
        let (lock, number) = self.records.queue(&self.job.account, id).map_err(failure_problem)?;
        prepared.place = QueuePlace::Queued(lock, Some(number));
        Ok(number)
    }

    /// The same, stored before it is sent and before its caller is answered.
    async fn with_ticket(&mut self, mut prepared: Prepared, number: u64, permits: Permits) -> Outcome {
        let mode = if self.key.is_some() { Mode::Keyed } else { Mode::Synchronous };
        let mut record = self.record(mode, number, &prepared);
        let mut turn = take(&mut prepared.place).into_lock();
        let payload = self.records.payload(&self.job, &prepared.request, &self.body);
        let member = self.records.membership();
        if let Some(answered) = self.admit(&mut record, &mut turn, payload, member).await? {
            return Ok(answered);
        }
        self.log.record = Some(record.id);
        reach(Point::AfterAdmit);
        let slot = TurnSlot::default();
        let outcome = match self.take_turn(&record, turn).await {
            Ok(turn) => {
                prepared.place = turn.map_or(QueuePlace::Later, |turn| QueuePlace::Queued(turn, Some(number)));
                self.send(prepared, permits, &slot).await
            }
            Err(problem) => self.job.finished(Err(problem)),
        };
        let end = self.end(&outcome);
        reach(Point::BeforeFinish);
        let state = end.state;
        let ending = Ending { by: member.map(|member| member.id), ..self.ending(&record, end) };
        self.records.finish_for_caller(ending, record.line(), slot.into_turn()).await;
        self.records.metrics.ended(&record.vendor, record.operation, state.as_str());
        reach(Point::AfterFinish);
        outcome
    }

    /// A problem before anything was admitted. An answer that is stored under the key comes first.
    async fn refused(&self, problem: Problem) -> Outcome {
        let finished = self.job.finished(Err(problem));
        match (finished, &self.key) {
            (Err(problem), Some(key)) => key.refused(&self.job.context, &self.job.options, problem).await,
            (finished, _) => finished,
        }
    }

    /// Stores the ticket; the response if the key was used before.
    async fn admit(
        &mut self,
        record: &mut Record,
        turn: &mut Option<QueuedLock>,
        mut payload: Payload,
        member: Option<Membership>,
    ) -> Result<Option<Response<Full<Bytes>>>, Problem> {
        loop {
            if let Some(again) = self.key.as_ref().and_then(|key| key.again.as_ref()) {
                let may_be_sent = self.check_newer(record, turn, again).await;
                may_be_sent.or_else(|problem| self.job.finished(Err(problem)).map(drop))?;
            }
            if turn.as_ref().is_none_or(QueuedLock::is_held) {
                record.state = State::Sending;
            }
            let admission = Key::admission(self.key.as_ref(), record, &mut payload, member);
            reach(Point::BeforeAdmit);
            let state = match self.records.store.admit(admission).await {
                Ok(Admitted::Known(state)) if self.key.is_some() => state,
                Ok(_) => return Ok(None),
                Err(error) => return self.not_admitted(record.id, error).await.map(Some),
            };
            if let Some(answered) = self.known(state).await? {
                return Ok(Some(answered));
            }
        }
    }

    /// What the caller gets if the store did not admit the change.
    async fn not_admitted(&self, id: UpdateId, error: StoreError) -> Outcome {
        let Job { context, options, .. } = &self.job;
        match (self.job.finished(Err(store_problem(error))), &self.key) {
            (Err(problem), Some(key)) => key.not_admitted(context, options, id, problem).await,
            (finished, _) => finished,
        }
    }

    /// The answer of an earlier request with the key; `None` if it is to be sent again.
    async fn known(&mut self, state: KeyState) -> Result<Option<Response<Full<Bytes>>>, Problem> {
        let Job { context, options, .. } = &self.job;
        match self.records.known_at_admission(context, options, self.key.as_ref(), state).await? {
            Known::Answered(response) => Ok(Some(response)),
            Known::New(key) => {
                self.key = Some(key);
                Ok(None)
            }
        }
    }

    /// Refuses, in the turn, to send again what newer changes have overtaken.
    async fn check_newer(&self, record: &Record, turn: &mut Option<QueuedLock>, again: &Again) -> Result<(), Problem> {
        let Some(lock) = turn.take() else { return Ok(()) };
        *turn = Some(tokio::select! {
            biased;
            held = self.job.account.stack.turn(lock, self.job.options.deadline) => held.map_err(failure_problem)?,
            () = self.records.cut_off(record.line()) => return Err(draining()),
        });
        match record.line() {
            Some(line) => self.records.check_newer(line, again.number, record).await,
            None => Ok(()),
        }
    }

    /// Waits for the turn, and stores that the change is being sent.
    async fn take_turn(&mut self, record: &Record, turn: Option<QueuedLock>) -> Result<Option<QueuedLock>, Problem> {
        let Some(lock) = turn else { return Ok(None) };
        let (stack, started) = (&self.job.account.stack, Instant::now());
        let turn = tokio::select! {
            biased;
            turn = stack.turn(lock, self.job.options.deadline) => turn.map_err(failure_problem),
            () = self.records.cut_off(record.line()) => Err(draining()),
        };
        self.log.queued += started.elapsed();
        let turn = turn?;
        if record.state == State::Queued {
            reach(Point::BeforeStart);
            let started = self.records.store.start(vec![record.id], Timestamp::now(), None).await;
            // Nothing of it was sent, whatever the store did.
            let started = started.map_err(|error| Problem { outcome: NotApplied, ..store_problem(error) })?;
            if !started {
                return Err(Problem::new(Code::Internal, "the change was withdrawn before its turn"));
            }
        }
        Ok(Some(turn))
    }

    /// Sends it, and puts its turn into the slot. A plain change is withdrawn if its caller leaves before.
    async fn send(&mut self, prepared: Prepared, permits: Permits, slot: &TurnSlot) -> Outcome {
        reach(Point::BeforeSend);
        let line = self.line();
        let Self { records, job, body, log, gone, key, .. } = self;
        let delivery = log.delivery.clone().unwrap_or_default();
        let exchange = job.exchange(Some(slot));
        let outcome = {
            let sent = exchange.carry_on(prepared, body.clone(), Some(permits), log);
            tokio::pin!(sent);
            tokio::select! {
            biased;
            () = gone.cancelled(), if key.is_none() => match delivery.get() {
                true => sent.await,
                false => Err(withdrawn()),
            },
            outcome = &mut sent => outcome,
            () = records.cut_off(line) => match delivery.get() {
                true => sent.await,
                false => Err(draining()),
            },
            }
        };
        let was_sent_before = key.as_ref().is_some_and(|key| key.again.is_some());
        job.finished(match outcome {
            // The earlier request with the key has deleted it.
            Err(problem) if was_sent_before && is_gone(job, &problem) => {
                Ok(job.exchange(None).deletion_was_lost(log.attempts))
            }
            outcome => outcome,
        })
    }

    /// Refuses to wait behind older changes that wait for a vendor which is known to be down.
    fn check_older(&self) -> Result<(), Problem> {
        let Job { account, options, .. } = &self.job;
        let Some(line) = self.line() else { return Ok(()) };
        match self.records.lines().has(&line) {
            true => account.stack.check_up(options.deadline).map_err(failure_problem),
            false => Ok(()),
        }
    }

    fn line(&self) -> Option<Line> {
        let Job { account, id, context, .. } = &self.job;
        Some(Records::line(&context.gateway, account, id.as_ref()?))
    }

    fn record(&self, mode: Mode, number: u64, prepared: &Prepared) -> Record {
        let now = Timestamp::now();
        let expires_at = match mode {
            Mode::Keyed => now.after(self.job.context.gateway.queue.max_age),
            _ => now.after(self.job.options.deadline.saturating_duration_since(Instant::now())),
        };
        Record { id: self.id, ..self.job.record(mode, number, fields(&prepared.request), expires_at) }
    }
}

/// The problem of a change whose caller left before it was sent; there is no one to read it.
fn withdrawn() -> Problem {
    Problem { cause: Some(Reason::ClientClosed), ..Problem::new(Code::InvalidRequest, "the caller left") }
}

/// The problem of a change that would have to overtake older ones, which the next process delivers.
fn draining() -> Problem {
    let detail = "this gateway is shutting down, and older changes of this assistant wait";
    let problem = Problem::new(Code::Overloaded, detail).after(DRAINING_RETRY_AFTER);
    Problem { cause: Some(Reason::Draining), ..problem }
}

/// Whether a deletion found nothing.
fn is_gone(job: &Job, problem: &Problem) -> bool {
    matches!(job.change, Change::Delete) && problem.code == Code::AssistantNotFound
}

fn is_withdrawn(problem: &Problem) -> bool {
    problem.cause == Some(Reason::ClientClosed)
}
