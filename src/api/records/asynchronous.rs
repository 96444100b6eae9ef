//! Admits a change that is delivered later: checked and translated like any other, stored, and answered with 202.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use tokio::time::Instant;

use crate::api::context::Context;
use crate::api::exchange::{Place, Prepared};
use crate::api::request::options::RequestOptions;
use crate::api::request_log::RequestLog;
use crate::http::header_names::PREFERENCE_APPLIED;
use crate::problem::{Code, Problem};
use crate::store::failpoint::{Point, reach};
use crate::store::{Admission, Admitted, Mode, Record, StoreError, Timestamp};

use super::job::Job;
use super::key::{Key, Known};
use super::queue::{Phase, Ticket};
use super::reservation::Reservation;
use super::synchronous::fields;
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
    pub(super) body: Bytes,
    pub(super) key: Option<Key>,
    /// Its place in the order.
    pub(super) reserved: Reservation,
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
        let reserved = match (place, &job.id) {
            (Place::Reserved(reserved), _) => reserved,
            (_, Some(id)) => self.reserve(&job.context.gateway, &job.account, id)?,
            (_, None) => return Err(Problem::new(Code::Internal, "a creation has no line")),
        };
        (record.id, record.number) = (reserved.id, reserved.number);
        let again = key.as_ref().and_then(|key| key.again.as_ref()).map(|again| again.number);
        let payload = self.payload(&job, &request, &body).guarded(again);
        log.report = Some(request.report);
        let mut waiting = self.endings.waiting(record.id);
        let entry = Entry { record, body: payload.to_bytes(), key, reserved };
        // In a task of its own, so that a caller who leaves does not leave half of it.
        let (records, context, options) = (Arc::clone(self), job.context.clone(), job.options.clone());
        let entered = self.tasks.spawn(async move { records.enter(entry, &context, &options).await });
        let entered = entered
            .await
            .map_err(|error| Problem::new(Code::Internal, "a defect of this gateway").internally(error.to_string()))?;
        let mut record = match entered? {
            Entered::Stored(record) => record,
            Entered::Answered(response) => return Ok(response),
        };
        log.record = Some(record.id);
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
        entry: Entry,
        context: &Context,
        options: &RequestOptions,
    ) -> Result<Entered, Problem> {
        let Entry { mut record, body, key, reserved } = entry;
        let again = key.as_ref().and_then(|key| key.again.as_ref());
        (record.id, record.number) = (reserved.id, reserved.number);
        if let Some(again) = again {
            self.check_newer(reserved.line.clone(), again.number, &record).await?;
        }
        reach(Point::BeforeAdmit);
        let (used, again) = (key.as_ref().map(|key| key.used.clone()), again.map(|again| again.id));
        let admitted = self.store.admit(Admission { record: record.clone(), body, key: used, again }).await;
        reach(Point::AfterAdmit);
        match admitted {
            Ok(Admitted::Stored) => {
                reserved.keep();
                Ok(Entered::Stored(Box::new(record)))
            }
            Ok(Admitted::Known(state)) => {
                drop(reserved);
                let Some(Key { used, .. }) = key else {
                    return Err(Problem::new(Code::Internal, "a change without a key has one"));
                };
                match self.answered(context, state, used, record.operation, options).await? {
                    Known::Answered(response) => Ok(Entered::Answered(response)),
                    Known::New(_) => Err(Problem::new(Code::IdempotencyInProgress, "its key is in use")),
                }
            }
            Err(error) => {
                if matches!(error, StoreError::Unknown(_)) {
                    reserved.keep_until_known();
                }
                Err(store_problem(error))
            }
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
