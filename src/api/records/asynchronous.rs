//! Admits a change that is delivered later: checked and translated like any other, stored, and answered with 202.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use tokio::time::Instant;

use crate::account::Account;
use crate::api::context::Context;
use crate::api::exchange::Prepared;
use crate::api::request::options::RequestOptions;
use crate::api::request_log::RequestLog;
use crate::http::header_names::PREFERENCE_APPLIED;
use crate::problem::{Code, Problem};
use crate::store::failpoint::{Point, reach};
use crate::store::{Admission, Admitted, Line, Mode, Record, Timestamp, UpdateId};
use crate::upstream::QueuedLock;

use super::job::Job;
use super::key::{Key, Known};
use super::queue::{Full as NoRoom, Limits, Phase, Ticket};
use super::synchronous::fields;
use super::{Records, answer, store_problem};

/// The `Retry-After` when no more may wait.
const FULL_RETRY_AFTER: Duration = Duration::from_secs(5);

/// What became of an admission.
pub(super) enum Entered {
    /// It is stored, and waits.
    Stored(Box<Record>),
    /// Its key has been used meanwhile.
    Answered(Response<Full<Bytes>>),
}

/// A change that is to wait.
pub(super) struct Entry {
    pub(super) record: Record,
    pub(super) body: Bytes,
    pub(super) key: Option<Key>,
    /// Its place in the order, if it has one already.
    pub(super) place: Option<QueuedLock>,
    /// The dead change whose place in the line it takes.
    pub(super) instead_of: Option<UpdateId>,
    /// That change in its line, while it is not certain that this one takes its place.
    pub(super) replaced: Option<Ticket>,
}

impl Records {
    /// Stores the change, and answers with its record, or with its end if that comes within the time that the caller waits.
    ///
    /// # Errors
    /// No more may wait, or the store fails.
    pub(super) async fn admit(
        self: &Arc<Self>,
        job: Job,
        prepared: Prepared,
        body: Bytes,
        key: Option<Key>,
        log: &mut RequestLog,
    ) -> Result<Response<Full<Bytes>>, Problem> {
        let Prepared { request, lock, .. } = prepared;
        let expires_at = Timestamp::now().after(job.context.gateway.queue.max_age);
        let record = job.record(Mode::Asynchronous, 0, fields(&request), expires_at);
        let payload = self.payload(&job, &request, &body);
        log.record = Some(record.id);
        log.report = Some(request.report);
        let mut waiting = self.endings.waiting(record.id);
        let entry = Entry { record, body: payload.to_bytes(), key, place: lock, instead_of: None, replaced: None };
        // In a task of its own, so that a caller who leaves does not leave half of it.
        let (records, account, context) = (Arc::clone(self), Arc::clone(&job.account), job.context.clone());
        let options = job.options.clone();
        let entered = self.tasks.spawn(async move { records.enter(entry, &account, &context, &options).await });
        let entered = entered
            .await
            .map_err(|error| Problem::new(Code::Internal, "a defect of this gateway").internally(error.to_string()))?;
        let mut record = match entered? {
            Entered::Stored(record) => record,
            Entered::Answered(response) => return Ok(response),
        };
        if let Some(wait) = job.options.wait {
            let until = (Instant::now() + Duration::from_secs(wait.into())).min(job.options.deadline);
            if let Some(Some(answer)) = waiting.may_have_ended(until).await {
                return Ok(answer::response(&answer));
            }
            *record = self.known_record(record.id).await?;
        }
        Ok(self.accepted(&job.context, &job.options, &record))
    }

    /// Puts a change into its line and the store.
    ///
    /// # Errors
    /// No more may wait, or the store fails.
    pub(super) async fn enter(
        self: &Arc<Self>,
        mut entry: Entry,
        account: &Arc<Account>,
        context: &Context,
        options: &RequestOptions,
    ) -> Result<Entered, Problem> {
        let line = entry.record.line().ok_or_else(|| Problem::new(Code::Internal, "a creation has no line"))?;
        let again = entry.key.as_ref().and_then(|key| key.again);
        if let Some((_, earlier)) = again {
            self.check_newer(line.clone(), earlier, &entry.record).await?;
        }
        self.reserve(&line, &mut entry, account, context)?;
        let (record, id) = (entry.record.clone(), entry.record.id);
        let key = entry.key.as_ref().map(|key| key.used.clone());
        reach(Point::BeforeAdmit);
        let admission = Admission { record: record.clone(), body: entry.body, key, again: again.map(|(id, _)| id) };
        let admitted = self.store.admit(admission).await;
        reach(Point::AfterAdmit);
        match admitted {
            Ok(Admitted::Stored) => {
                self.lines().change(&line, id, |ticket| ticket.phase = Phase::Waiting);
                Ok(Entered::Stored(Box::new(record)))
            }
            Ok(Admitted::Known(state)) => {
                self.lines().remove(&line, id);
                let Some(Key { used, .. }) = entry.key else {
                    return Err(Problem::new(Code::Internal, "a change without a key has one"));
                };
                match self.answered(context, state, used, record.operation, options).await? {
                    Known::Answered(response) => Ok(Entered::Answered(response)),
                    Known::New(_) => Err(Problem::new(Code::IdempotencyInProgress, "its key is in use")),
                }
            }
            Err(error) => {
                match entry.replaced {
                    Some(dead) => drop(self.lines().replace(&line, id, dead)),
                    None => drop(self.lines().remove(&line, id)),
                }
                Err(store_problem(error))
            }
        }
    }

    /// Gives the change a number and a place in its line.
    fn reserve(
        self: &Arc<Self>,
        line: &Line,
        entry: &mut Entry,
        account: &Account,
        context: &Context,
    ) -> Result<(), Problem> {
        let queue = &context.gateway.queue;
        let limits = Limits { per_line: queue.max_per_assistant, total: queue.max_total };
        let mut lines = self.lines();
        entry.record.number = lines.number();
        let ticket = Ticket::of(&entry.record, Phase::Admitted);
        if let Some(dead) = entry.instead_of {
            entry.replaced = lines.replace(line, dead, ticket);
            return match entry.replaced {
                Some(_) => Ok(()),
                None => Err(Problem::new(Code::AlreadyStarted, "the dead change holds up its line no longer")),
            };
        }
        let own = entry.place.take();
        let has_own = own.is_some();
        let joins = |last: Option<&QueuedLock>| {
            !has_own && last.map_or_else(|| account.stack.nothing_waits(&line.id), QueuedLock::is_last)
        };
        let place = || own.map_or_else(|| account.stack.queue_stored(&line.id), Ok);
        let pushed = lines.push(line, ticket, limits, joins, place);
        drop(lines);
        match pushed {
            Ok(Ok(is_new)) => {
                if is_new {
                    self.deliver(line.clone());
                }
                Ok(())
            }
            Ok(Err(failure)) => Err(crate::api::classify::failure_problem(failure)),
            Err(full) => Err(full.problem().after(FULL_RETRY_AFTER)),
        }
    }

    /// The 202 for a change that waits or is sent.
    pub(super) fn accepted(
        &self,
        context: &Context,
        options: &RequestOptions,
        record: &Record,
    ) -> Response<Full<Bytes>> {
        let mut response = super::accepted(context, self, record);
        let headers = response.headers_mut();
        headers.extend(options.accepted_preferences().map(|applied| (PREFERENCE_APPLIED, applied)));
        response
    }
}

impl Ticket {
    /// The ticket of a record that begins to wait.
    pub(super) fn of(record: &Record, phase: Phase) -> Self {
        let now = Instant::now();
        let left = |until: Timestamp| until.since(Timestamp::now());
        Self {
            id: record.id,
            number: record.number,
            vendor: record.vendor.as_str().into(),
            created_at: record.created_at,
            expires: now + left(record.expires_at),
            due: record.next_attempt_at.map_or(now, |due| now + left(due)),
            attempts: record.attempts,
            failures: u32::from(record.attempts > 0),
            interrupted: false,
            gathers: false,
            alone: false,
            phase,
        }
    }
}

impl NoRoom {
    fn problem(self) -> Problem {
        let detail = match self {
            Self::Line => "as many changes wait for this assistant as may (`queue.max_per_assistant`)",
            Self::All => "as many changes wait as may (`queue.max_total`)",
        };
        Problem::new(Code::QueueFull, detail)
    }
}
