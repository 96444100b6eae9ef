//! Carries a change out for a caller who waits, and writes down how it ends.
//!
//! The change runs in a task of its own, which does not end with the caller's connection. If the caller leaves before
//! anything was sent, a plain change is withdrawn; one with a key goes on, because its caller will ask again.

use std::mem::take;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::api::classify::failure_problem;
use crate::api::exchange::{Change, Exchange, Place, Prepared, TurnSlot};
use crate::api::request_log::RequestLog;
use crate::problem::Outcome::NotApplied;
use crate::problem::{Code, Problem, Reason};
use crate::store::failpoint::{Point, reach};
use crate::store::{
    Admission, Admitted, Answer, Created, Ending, KeyEnd, Line, Mode, Record, State, StoreError, Timestamp, UpdateId,
};
use crate::upstream::{DeliveryState, Permits, QueuedLock};

use super::job::{Job, state_of};
use super::key::{Key, Known};
use super::{Records, answer, store_problem};

/// The `Retry-After` of a change that a drain withdraws.
const DRAINING_RETRY_AFTER: Duration = Duration::from_secs(1);

/// What a caller gets.
type Outcome = Result<Response<Full<Bytes>>, Problem>;

/// A change on its way.
struct Running {
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
    let (sender, ended) = oneshot::channel();
    records.tasks.spawn(async move {
        let outcome = running.run(prepared, permits).await;
        let done = take(&mut running.log);
        if let Err((outcome, done)) = sender.send((outcome, done))
            && done.delivery.is_some_and(|delivery| delivery.get())
        {
            running.job.report(done.record, outcome.as_ref().map(|_| done.attempts));
        }
    });
    let _gone = gone.drop_guard();
    let Ok((outcome, done)) = ended.await else {
        return Err(Problem::new(Code::Internal, "a defect of this gateway"));
    };
    let RequestLog { report, attempts, queued, with_vendor, id, record, .. } = done;
    (log.report, log.record) = (report, record);
    (log.attempts, log.queued, log.with_vendor) =
        (log.attempts + attempts, log.queued + queued, log.with_vendor + with_vendor);
    log.id = id.or_else(|| log.id.take());
    outcome
}

impl Running {
    async fn run(&mut self, mut prepared: Prepared, permits: Permits) -> Outcome {
        self.check_older()?;
        let number = match self.number(&mut prepared) {
            Ok(number) => number,
            Err(problem) => return self.job.finished(Err(problem)),
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
        if let Place::Queued(_, Some(number)) = &prepared.place {
            return Ok(*number);
        }
        let Some(id) = &self.job.id else { return Ok(self.records.lines().number()) };
        let (lock, number) = self.records.queue(&self.job.account, id).map_err(failure_problem)?;
        prepared.place = Place::Queued(lock, Some(number));
        Ok(number)
    }

    /// The same, stored before it is sent and before its caller is answered.
    async fn with_ticket(&mut self, mut prepared: Prepared, number: u64, permits: Permits) -> Outcome {
        let mode = if self.key.is_some() { Mode::Keyed } else { Mode::Synchronous };
        let mut record = self.record(mode, number, &prepared);
        let mut turn = take(&mut prepared.place).into_lock();
        let again = self.key.as_ref().and_then(|key| key.again.clone());
        if let Some(again) = &again
            && let Some(lock) = turn.take()
        {
            let held = self.job.account.stack.turn(lock, self.job.options.deadline).await;
            turn = Some(self.or_refuse(held.map_err(failure_problem))?);
            if let Some(line) = record.line() {
                let checked = self.records.check_newer(line, again.number, &record).await;
                self.or_refuse(checked)?;
            }
        }
        if turn.as_ref().is_none_or(QueuedLock::is_held) {
            record.state = State::Sending;
        }
        let payload = self.records.payload(&self.job, &prepared.request, &self.body);
        let admission = Admission {
            record: record.clone(),
            body: payload.to_bytes(),
            key: self.key.as_ref().map(|key| key.used.clone()),
            again: again.map(|again| again.id),
        };
        reach(Point::BeforeAdmit);
        let admitted = self.admit(admission).await;
        if let Some(answered) = self.or_refuse(admitted)? {
            return Ok(answered);
        }
        self.log.record = Some(record.id);
        reach(Point::AfterAdmit);
        let slot = TurnSlot::default();
        let outcome = match self.take_turn(&record, turn).await {
            Ok(turn) => {
                prepared.place = turn.map_or(Place::Later, |turn| Place::Queued(turn, Some(number)));
                self.send(prepared, permits, &slot).await
            }
            Err(problem) => self.job.finished(Err(problem)),
        };
        let end = self.end(&outcome);
        reach(Point::BeforeFinish);
        let state = end.state;
        let turn = slot.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.records.finish_for_caller(self.ending(&record, end), turn).await;
        self.records.metrics.ended(&record.vendor, record.operation, state.as_str());
        reach(Point::AfterFinish);
        outcome
    }

    /// A problem before anything was admitted, as its caller gets it.
    fn or_refuse<T>(&self, result: Result<T, Problem>) -> Result<T, Problem> {
        result.map_err(|problem| self.job.finished(Err(problem)).err().unwrap_or_else(withdrawn))
    }

    /// Stores the ticket; the response if the key has been used meanwhile.
    async fn admit(&self, admission: Admission) -> Result<Option<Response<Full<Bytes>>>, Problem> {
        let (Job { context, options, .. }, records) = (&self.job, &self.records);
        match (records.store.admit(admission).await.map_err(store_problem)?, &self.key) {
            (Admitted::Known(state), Some(key)) => {
                let operation = self.job.exchange(None).operation();
                match records.answered(context, state, key.used.clone(), operation, options).await? {
                    Known::Answered(response) => Ok(Some(response)),
                    Known::New(_) => Err(Problem::new(Code::IdempotencyInProgress, "try again")),
                }
            }
            _ => Ok(None),
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
            let started = self.records.store.start(vec![record.id], Timestamp::now()).await;
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
        .map_err(|problem| self.job.finished(Err(problem)).err().unwrap_or_else(withdrawn))
    }

    fn line(&self) -> Option<Line> {
        let Job { account, id, context, .. } = &self.job;
        let scope = context.gateway.scope_of(&account.name).unwrap_or(&account.name);
        Some(Line { scope: Arc::clone(scope), id: Arc::clone(id.as_ref()?) })
    }

    fn record(&self, mode: Mode, number: u64, prepared: &Prepared) -> Record {
        let now = Timestamp::now();
        let expires_at = match mode {
            Mode::Keyed => now.after(self.job.context.gateway.queue.max_age),
            _ => now.after(self.job.options.deadline.saturating_duration_since(Instant::now())),
        };
        Record { id: self.id, ..self.job.record(mode, number, fields(&prepared.request), expires_at) }
    }

    fn end(&self, outcome: &Outcome) -> End {
        let Job { context, account, .. } = &self.job;
        let (answer, problem) = match outcome {
            Ok(response) => (answer::kept(response.clone()), None),
            Err(problem) => {
                let answer = answer::of_problem(problem, &context.path, context.request_id.as_str());
                let body = answer.body.clone();
                (answer, body)
            }
        };
        let state = match outcome {
            Err(problem) if is_withdrawn(problem) => State::Canceled,
            _ => state_of(outcome.as_ref().map(|_| ()), self.log.attempts),
        };
        let id = self.log.id.as_deref().filter(|_| self.job.id.is_none());
        let created = id.map(|id| Created {
            assistant: format!("{}:{id}", account.name),
            line: Records::line(&context.gateway, account, &id.into()),
        });
        End { state, answer, problem, created, doubted_at: doubted_at(&self.log) }
    }

    fn ending(&self, record: &Record, end: End) -> Ending {
        let retention = self.job.context.gateway.idempotency_retention;
        let kept = |answer: Answer, unknown| KeyEnd { answer, kept: retention, unknown };
        let key = self.key.as_ref().and_then(|key| match (end.state, &key.again) {
            (State::Applied | State::Refused, _) => Some(kept(end.answer.clone(), None)),
            (State::Unknown, _) => Some(kept(end.answer.clone(), Some(record.number))),
            // Nothing was done now, and of the earlier request it is known no better than before.
            (_, Some(again)) => Some(kept(again.answer.clone(), Some(again.number))),
            _ => None,
        });
        Ending {
            id: record.id,
            state: end.state,
            attempts: self.log.attempts,
            now: Timestamp::now(),
            created: end.created,
            key,
            answer: Some(self.records.journaled(end.answer)),
            problem: end.problem,
            doubted_at: end.doubted_at,
            sent_with: Vec::new(),
            body: self.records.journal_body(&self.body),
            callback: false,
        }
    }
}

/// How a change ended.
struct End {
    state: State,
    answer: Answer,
    problem: Option<Bytes>,
    created: Option<Created>,
    doubted_at: Option<Timestamp>,
}

/// When the last attempt ended that may have been applied and got no trustworthy response.
pub(super) fn doubted_at(log: &RequestLog) -> Option<Timestamp> {
    let doubted = log.delivery.as_ref()?.doubted_at()?;
    Some(Timestamp::now().before(doubted.elapsed()))
}

/// The canonical fields that a request sends.
pub(super) fn fields(request: &vendors::Request) -> Vec<String> {
    request.report.applied.iter().map(|field| field.name().to_owned()).collect()
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
