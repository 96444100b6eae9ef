//! Carries a change out for a caller who waits, and writes down how it ends.
//!
//! The change runs in a task of its own, which does not end with the caller's connection. If the caller leaves before
//! anything was sent, a plain change is withdrawn; one with a key goes on, because its caller will ask again.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::api::classify::failure_problem;
use crate::api::exchange::{Exchange, Prepared};
use crate::api::request_log::RequestLog;
use crate::problem::{Code, Problem, Reason};
use crate::store::failpoint::{Point, reach};
use crate::store::{Admission, Admitted, Answer, Ending, Line, Mode, Record, State, Timestamp, UpdateId};
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
        let done = std::mem::take(&mut running.log);
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
    async fn run(&mut self, prepared: Prepared, permits: Permits) -> Outcome {
        let gateway = Arc::clone(&self.job.context.gateway);
        if self.key.is_some() || gateway.sync_intent {
            return self.with_ticket(prepared, permits).await;
        }
        let number = self.records.lines().number();
        let mut record = self.record(Mode::Synchronous, number, &prepared);
        self.log.record = Some(record.id);
        let outcome = match self.check_older() {
            Ok(()) => self.send(prepared, permits).await,
            Err(problem) => Err(problem),
        };
        let end = self.end(&outcome);
        record.state = end.state;
        record.attempts = self.log.attempts;
        record.updated_at = Timestamp::now();
        record.doubted_at = end.doubted_at;
        if let Some((assistant, id)) = end.created {
            (record.assistant, record.vendor_id) = (assistant, Some(id));
        }
        (record.answer, record.problem) = (Some(self.records.journaled(end.answer)), end.problem);
        self.records.note(record, self.records.journal_body(&self.body)).await;
        outcome
    }

    /// The same, stored before it is sent and before its caller is answered.
    async fn with_ticket(&mut self, mut prepared: Prepared, permits: Permits) -> Outcome {
        self.check_older()?;
        let stack = Arc::clone(&self.job.account.stack);
        if let (Some(id), None) = (&self.job.id, &prepared.lock) {
            prepared.lock = Some(stack.queue_update(id).map_err(failure_problem)?);
        }
        let number = self.records.lines().number();
        let mode = if self.key.is_some() { Mode::Keyed } else { Mode::Synchronous };
        let mut record = self.record(mode, number, &prepared);
        self.log.record = Some(record.id);
        let again = self.key.as_ref().and_then(|key| key.again);
        if let Some((_, earlier)) = again
            && let Some(lock) = prepared.lock.take()
        {
            prepared.lock = Some(stack.turn(lock, self.job.options.deadline).await.map_err(failure_problem)?);
            if let Some(line) = record.line() {
                self.records.check_newer(line, earlier, &record).await?;
            }
        }
        if prepared.lock.as_ref().is_none_or(QueuedLock::is_held) {
            record.state = State::Sending;
        }
        let payload = self.records.payload(&self.job, &prepared.request, &self.body);
        let admission = Admission {
            record: record.clone(),
            body: payload.to_bytes(),
            key: self.key.as_ref().map(|key| key.used.clone()),
            again: again.map(|(id, _)| id),
        };
        reach(Point::BeforeAdmit);
        if let Some(answered) = self.admit(admission).await? {
            self.log.record = None; // the answer is that of an earlier one
            return Ok(answered);
        }
        reach(Point::AfterAdmit);
        let outcome = match self.take_turn(&record, &mut prepared).await {
            Ok(()) => self.send(prepared, permits).await,
            Err(problem) => self.job.finished(Err(problem)),
        };
        let end = self.end(&outcome);
        reach(Point::BeforeFinish);
        let state = end.state;
        self.records.finish_for_caller(self.ending(&record, end)).await;
        self.records.metrics.ended(&record.vendor, record.operation, state.as_str());
        reach(Point::AfterFinish);
        outcome
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
    async fn take_turn(&mut self, record: &Record, prepared: &mut Prepared) -> Result<(), Problem> {
        let Some(lock) = prepared.lock.take() else { return Ok(()) };
        let (stack, started) = (&self.job.account.stack, Instant::now());
        let turn = tokio::select! {
            biased;
            turn = stack.turn(lock, self.job.options.deadline) => turn.map_err(failure_problem),
            () = self.records.cut_off(record.line()) => Err(draining()),
        };
        self.log.queued += started.elapsed();
        prepared.lock = Some(turn?);
        if record.state == State::Queued {
            reach(Point::BeforeStart);
            let started = self.records.store.start(vec![record.id], Timestamp::now()).await.map_err(store_problem)?;
            if !started {
                return Err(Problem::new(Code::Internal, "the change was withdrawn before its turn"));
            }
        }
        Ok(())
    }

    /// Sends it. A plain change is withdrawn if its caller leaves before.
    async fn send(&mut self, prepared: Prepared, permits: Permits) -> Outcome {
        reach(Point::BeforeSend);
        let line = self.line();
        let Self { records, job, body, log, gone, key } = self;
        let delivery = log.delivery.clone().unwrap_or_default();
        let exchange = job.exchange(None);
        let sent = exchange.carry_on(prepared, body.clone(), Some(permits), log);
        tokio::pin!(sent);
        let outcome = tokio::select! {
            biased;
            outcome = &mut sent => outcome,
            () = gone.cancelled(), if key.is_none() => match delivery.get() {
                true => sent.await,
                false => Err(withdrawn()),
            },
            () = records.cut_off(line) => match delivery.get() {
                true => sent.await,
                false => Err(draining()),
            },
        };
        job.finished(outcome)
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
        let created = id.map(|id| (format!("{}:{id}", account.name), id.to_owned()));
        End { state, answer, problem, created, doubted_at: doubted_at(&self.log) }
    }

    fn ending(&self, record: &Record, end: End) -> Ending {
        let retention = self.job.context.gateway.idempotency_retention;
        let is_kept = matches!(end.state, State::Applied | State::Refused | State::Unknown);
        Ending {
            id: record.id,
            state: end.state,
            attempts: self.log.attempts,
            now: Timestamp::now(),
            created: end.created,
            key: (self.key.is_some() && is_kept).then(|| (end.answer.clone(), retention)),
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
    created: Option<(String, String)>,
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

fn is_withdrawn(problem: &Problem) -> bool {
    problem.cause == Some(Reason::ClientClosed)
}
