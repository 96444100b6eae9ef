//! Several requests in one turn of the assistant: a condition is checked before, and the result is read afterwards.
//!
//! A request with a condition is sent again only after another read: in the state that the caller named it goes on, with
//! every value in place it is done, and in any other state its outcome is unknown.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body_util::Full;
use vendors::{AssistantSummary, Field, Note, ReadAssistant, Report, ResponseBody, SentFields, UpdateResponse};

use crate::api::classify::failure_problem;
use crate::api::representation::Found;
use crate::api::request_log::RequestLog;
use crate::problem::{Outcome, Problem};
use crate::upstream::{DetachOnDrop, Failure, Permits, QueuedLock, Repeat, VendorRequest, VendorResponse};

use super::answer::nothing;
use super::condition::{Verified, check};
use super::reading::Reads;
use super::{Change, Exchange, Prepared};

/// A request that was sent, and what is kept for the next one in the same turn.
struct Turn {
    lock: Option<QueuedLock>,
    permits: Option<Permits>,
    /// The last request that has ended, with its attempts.
    ended: Option<(DetachOnDrop, u32)>,
}

/// What the vendor confirmed, without the response that it stands in.
type Confirmed = UpdateResponse<'static>;

impl Exchange<'_> {
    /// Carries out the operation with its condition and its read afterwards. `sent_body` are the fields as they came.
    pub(super) async fn in_turn(
        &self,
        prepared: Prepared,
        sent_body: Bytes,
        permits: Permits,
        log: &mut RequestLog,
    ) -> Result<Response<Full<Bytes>>, Problem> {
        let Prepared { request, method, uri, headers, lock } = prepared;
        let is_dry = self.options.dry_run;
        let mut turn = Turn { lock: None, permits: Some(permits), ended: None };
        if let Some(id) = self.id.filter(|_| !is_dry) {
            let queued = lock.map_or_else(|| self.account.stack.queue_update(id), Ok).map_err(failure_problem)?;
            turn.lock = Some(self.account.stack.turn(queued, self.options.deadline).await.map_err(failure_problem)?);
        }
        let mut reads = Reads::new(self, &headers);
        let before = self.before(&mut reads, log).await?;
        if is_dry {
            let prepared = Prepared { request, method, uri, headers, lock: None };
            let response = self.dry_run(&prepared);
            log.report = Some(prepared.request.report);
            return Ok(response);
        }
        let vendors::Request { body, mut report, sent, repeatable, .. } = request;
        let body = Bytes::from(body);
        let is_nothing = matches!(self.change, Change::Update) && &*body == b"{}";
        let confirmed = if is_nothing {
            nothing()
        } else {
            let request = || {
                let mut request = VendorRequest::new(method.clone(), uri.clone(), self.options.deadline);
                self.complete_request(&mut request, repeatable, headers.clone(), &body);
                request
            };
            let applied = report.applied.clone();
            let check = Check { before, sent_body: &sent_body, applied: &applied, sent: &sent, body: &body };
            self.repeat(&request, &check, &mut turn, &mut reads, &headers, log).await?
        };
        report.warnings.extend(self.other_id(&confirmed));
        let verified = match self.options.representation {
            true => Some(self.after(&confirmed, &sent_body, &mut report, &mut turn, &mut reads, &headers).await),
            false => None,
        };
        log.attempts += reads.attempts;
        let report = log.report.insert(report);
        self.done(&confirmed, log.attempts, report, verified.as_ref(), &mut log.id)
    }

    /// The assistant before the first attempt, if there is a condition, which it must satisfy.
    async fn before(&self, reads: &mut Reads<'_>, log: &mut RequestLog) -> Result<Option<Found>, Problem> {
        let (Some(condition), Some(id)) = (&self.options.if_match, self.id) else { return Ok(None) };
        let found = reads.existing(id).await.inspect_err(|_| log.attempts = reads.attempts)?;
        check(condition, &found, reads.attempts).inspect_err(|_| log.attempts = reads.attempts)?;
        Ok(Some(found))
    }

    /// Sends the request until it is confirmed. Without a condition that is once, because the account's stack repeats it.
    async fn repeat(
        &self,
        request: &(impl Fn() -> VendorRequest + Send + Sync),
        check: &Check<'_>,
        turn: &mut Turn,
        reads: &mut Reads<'_>,
        headers: &HeaderMap,
        log: &mut RequestLog,
    ) -> Result<Confirmed, Problem> {
        loop {
            let (mut update, result) = self.attempt(request(), check, turn, log).await;
            let attempts = log.attempts;
            let problem = match self.confirmed(check, &update, &result) {
                Ok(confirmed) => {
                    turn.ended = Some((update, attempts));
                    return Ok(confirmed);
                }
                Err(problem) => Problem { attempts: Some(attempts + reads.attempts), ..self.unknown(problem) },
            };
            let (Some(before), Some(id)) = (&check.before, self.id) else { return Err(problem) };
            let may_repeat = self.account.stack.next_attempt(&mut update, &result, self.options.deadline).await;
            let is_in_doubt = problem.outcome == Outcome::Unknown;
            if !may_repeat && !is_in_doubt {
                return Err(problem);
            }
            let now = reads.find(id).await;
            let problem = Problem { attempts: Some(attempts + reads.attempts), ..problem };
            let Ok(now) = now else { return Err(problem) };
            match now {
                Some(now) if now.tag == before.tag => {
                    if !may_repeat {
                        return Err(problem);
                    }
                }
                Some(now) if is_in_doubt => {
                    let stored = self.verify(check.sent_body, check.applied, &now, headers).await;
                    let is_there = stored.differs.is_empty() && !stored.confirmed.is_empty();
                    let done = now.with(self.account, summary).filter(|_| is_there);
                    turn.ended = Some((update, attempts));
                    return done.ok_or(problem);
                }
                None if is_in_doubt && matches!(self.change, Change::Delete) => {
                    turn.ended = Some((update, attempts));
                    return Ok(UpdateResponse { message: DELETED.into(), data: AssistantSummary::default() });
                }
                Some(now) => {
                    let condition = self.options.if_match.as_ref();
                    return Err(condition
                        .and_then(|condition| super::condition::check(condition, &now, attempts + reads.attempts).err())
                        .unwrap_or(problem));
                }
                None => return Err(problem),
            }
            turn.ended = Some((update, attempts));
        }
    }

    /// One request in the turn, which goes on with the attempts of the one before.
    async fn attempt(
        &self,
        request: VendorRequest,
        check: &Check<'_>,
        turn: &mut Turn,
        log: &mut RequestLog,
    ) -> (DetachOnDrop, Result<VendorResponse, Failure>) {
        let mut request = if check.before.is_some() { request.repeated(Repeat::OnlyIfUnsent) } else { request };
        if let Some((ended, attempts)) = turn.ended.take() {
            request = request.continuing(&ended, attempts);
            (turn.lock, turn.permits) = ended.into_turn();
        }
        log.delivery = Some(request.sent.clone());
        let mut update = self.account.stack.update(request.with_lock(turn.lock.take()));
        if let Some(permits) = turn.permits.take() {
            update = update.holding(permits);
        }
        if self.context.telemetry.follows_changes() {
            update = update.on_detached_end(self.report_detached(check.sent, check.body));
        }
        let result = (&mut update).await;
        let (attempts, queued, with_vendor) = match &result {
            Ok(response) => (response.attempts, response.queued, response.vendor),
            Err(failure) => (failure.attempts, failure.queued, failure.vendor),
        };
        log.attempts = attempts;
        log.queued += queued;
        log.with_vendor += with_vendor;
        (update, result)
    }

    /// What the vendor confirmed.
    fn confirmed(
        &self,
        check: &Check<'_>,
        update: &DetachOnDrop,
        result: &Result<VendorResponse, Failure>,
    ) -> Result<Confirmed, Problem> {
        let from_vendor = result.as_ref().map_err(|failure| failure_problem(failure.clone()))?;
        let read = ResponseBody::read(&from_vendor.body);
        let classified = self.classify(check.sent, check.body, from_vendor, &read);
        if from_vendor.status.is_success() && classified.is_err() {
            update.doubt();
        }
        classified.map(UpdateResponse::into_owned)
    }

    /// Reads the assistant after the operation, once the vendor can no longer apply an attempt that got no response.
    async fn after(
        &self,
        confirmed: &Confirmed,
        sent_body: &[u8],
        report: &mut Report,
        turn: &mut Turn,
        reads: &mut Reads<'_>,
        headers: &HeaderMap,
    ) -> Verified {
        let new_id = match self.id {
            Some(_) => None,
            None => self.new_id(confirmed, 0).ok(),
        };
        let id = self.id.map(|id| &**id).or(new_id.as_deref());
        let settled = match &mut turn.ended {
            Some((ended, _)) => ended.settled(self.options.deadline).await,
            None => Ok(()),
        };
        let found = match (settled, id) {
            (Ok(()), Some(id)) => reads.find(id).await.map_err(|problem| problem.detail),
            (Err(failure), _) => Err(failure_problem(failure).detail),
            (_, None) => Err("The vendor did not say the id.".to_owned()),
        };
        let why = match found {
            Ok(Some(found)) => {
                let stored = self.verify(sent_body, &report.applied, &found, headers).await;
                return Verified::Read { stored, found };
            }
            Ok(None) => "The vendor's list does not hold the assistant.".to_owned(),
            Err(why) => why,
        };
        let detail = format!("the assistant could not be read afterwards: {why}");
        report.warnings.push(Note { field: "stored".into(), code: "not_verified", detail: detail.into() });
        Verified::Failed
    }
}

/// What a further attempt is checked against.
struct Check<'a> {
    /// The assistant before the first attempt, if there is a condition.
    before: Option<Found>,
    sent_body: &'a [u8],
    applied: &'a [Field],
    sent: &'a SentFields,
    body: &'a Bytes,
}

/// The message of a deletion whose response was lost.
const DELETED: &str = "Assistant deleted successfully";

/// What the vendor would have confirmed, as it was read.
fn summary(read: &ReadAssistant<'_>) -> Confirmed {
    let told = |field| read.told(field).map(|text| Cow::Owned(text.to_owned()));
    UpdateResponse {
        message: Cow::Borrowed("Assistant updated successfully"),
        data: AssistantSummary {
            id: Some(Cow::Owned(read.id.to_owned())),
            name: told(Field::Name),
            status: read.status.map(|text| Cow::Owned(text.to_owned())),
            r#type: told(Field::Type),
            mode: told(Field::Mode),
        },
    }
}
