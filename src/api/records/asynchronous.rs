//! Admits a change that is delivered later: checked and translated like any other, stored, and answered with 202.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use tokio::time::Instant;

use crate::api::context::Context;
use crate::api::exchange::{Prepared, QueuePlace};
use crate::api::request::options::RequestOptions;
use crate::api::request_log::RequestLog;
use crate::http::header_names::PREFERENCE_APPLIED;
use crate::problem::{Code, Problem};
use crate::store::failpoint::{Point, reach};
use crate::store::{Admitted, Mode, Record, StoreError, Timestamp};
use crate::upstream::QueuedLock;

use super::cluster::Replica;
use super::job::Job;
use super::job::fields;
use super::key::{Key, Known};
use super::payload::Payload;
use super::queue::{self, Phase, Ticket};
use super::reservation::{Reservation, full_problem};
use super::{Records, answer, store_problem};

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
    pub(super) payload: Payload,
    pub(super) key: Option<Key>,
}

/// The order in which it waits.
pub(super) enum Way {
    /// That of this process, with its place in it.
    Own(Reservation),
    /// That which all processes share, with its place among those that are to be admitted.
    Shared(Arc<Replica>, Option<QueuedLock>),
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
        let Prepared { request, place, .. } = prepared;
        let expires_at = Timestamp::now().after(job.context.gateway.queue.max_age);
        let mut record = job.record(Mode::Asynchronous, 0, fields(&request), expires_at);
        let way = match (self.replica.clone(), place, &job.id) {
            (Some(replica), place, _) => Way::Shared(replica, place.into_lock()),
            (None, QueuePlace::Reserved(reserved), _) => Way::Own(*reserved),
            (None, _, Some(id)) => match (self.reserve(&job.context.gateway, &job.account, id), &key) {
                (Err(problem), Some(key)) => return key.refused(&job.context, &job.options, problem).await,
                (reserved, _) => Way::Own(reserved?),
            },
            (None, _, None) => return Err(Problem::new(Code::Internal, "a creation has no line")),
        };
        if let Way::Own(reserved) = &way {
            (record.id, record.number) = (reserved.id, reserved.number);
        }
        let payload = self.payload(&job, &request, &body);
        let mut waiting = self.endings.waiting(record.id);
        let mut record = match self.enter(Entry { record, payload, key }, way, &job).await? {
            Entered::Stored(record) => record,
            Entered::Answered(response) => return Ok(response),
        };
        (log.report, log.record) = (Some(request.report), Some(record.id));
        if let Some(wait) = job.options.wait {
            let until = (Instant::now() + Duration::from_secs(wait.into())).min(job.options.deadline);
            if let Some(replica) = &self.replica {
                replica.wait();
            }
            if let Some(Some(answer)) = waiting.may_have_ended(until).await {
                return Ok(answer::response(&answer));
            }
            *record = self.known_record(record.id).await?;
        }
        self.accepted(&job.context, &job.options, &record)
    }

    /// Puts a change into its line and the store, in a task of its own, so that a caller who leaves does not leave half of it.
    ///
    /// # Errors
    /// No more may wait, or the store fails.
    pub(super) async fn enter(self: &Arc<Self>, entry: Entry, way: Way, job: &Job) -> Result<Entered, Problem> {
        let (records, context, options) = (Arc::clone(self), job.context.clone(), job.options.clone());
        let entered = self.tasks.spawn(async move {
            match way {
                Way::Own(reserved) => records.enter_own(reserved, entry, &context, &options).await,
                Way::Shared(replica, gate) => records.enter_shared(&replica, gate, entry, &context, &options).await,
            }
        });
        entered.await.map_err(|error| Problem::internal("a defect of this gateway", error))?
    }

    async fn enter_own(
        self: &Arc<Self>,
        reserved: Reservation,
        entry: Entry,
        context: &Context,
        options: &RequestOptions,
    ) -> Result<Entered, Problem> {
        let Entry { mut record, mut payload, mut key } = entry;
        (record.id, record.number) = (reserved.id, reserved.number);
        loop {
            if let Some(again) = key.as_ref().and_then(|key| key.again.as_ref()) {
                self.check_newer(reserved.line.clone(), again.number, &record).await?;
            }
            reach(Point::BeforeAdmit);
            let admitted = self.store.admit(Key::admission(key.as_ref(), &record, &mut payload, None)).await;
            reach(Point::AfterAdmit);
            let state = match admitted {
                Ok(Admitted::Stored(_)) => {
                    reserved.keep();
                    return Ok(Entered::Stored(Box::new(record)));
                }
                Ok(Admitted::Full) => return Err(full_problem(queue::Full::Line)),
                Ok(Admitted::Known(state)) => state,
                Err(error) => {
                    if matches!(error, StoreError::Unknown(_)) {
                        reserved.keep_until_known();
                    }
                    let problem = store_problem(error);
                    let Some(key) = &key else { return Err(problem) };
                    return key.not_admitted(context, options, record.id, problem).await.map(Entered::Answered);
                }
            };
            match self.known_at_admission(context, options, key.as_ref(), state).await? {
                Known::Answered(response) => return Ok(Entered::Answered(response)),
                Known::New(again) => key = Some(again),
            }
        }
    }

    /// The 202 for a change that waits or is sent.
    pub(super) fn accepted(
        &self,
        context: &Context,
        options: &RequestOptions,
        record: &Record,
    ) -> Result<Response<Full<Bytes>>, Problem> {
        let mut response = super::accepted(context, self, record)?;
        let headers = response.headers_mut();
        headers.extend(options.accepted_preferences().map(|applied| (PREFERENCE_APPLIED, applied)));
        Ok(response)
    }
}

impl Ticket {
    /// The ticket of a record that begins to wait.
    pub(super) fn of(record: &Record, phase: Phase) -> Self {
        let now = Instant::now();
        let left = |until: Timestamp| until.since(Timestamp::now());
        Self {
            created_at: record.created_at,
            due: record.next_attempt_at.map_or(now, |due| now + left(due)),
            attempts: record.attempts,
            failures: u32::from(record.attempts > 0),
            phase,
            ..Self::new(record.id, record.number, record.vendor.as_str().into(), left(record.expires_at))
        }
    }
}
