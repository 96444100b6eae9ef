//! Several requests in one turn of the assistant: a condition is checked before, and the result is read afterwards.
//!
//! A request with a condition is sent again only after another read. After a refusal the condition is checked once more. If
//! the attempt may have been applied, the read waits until the vendor can no longer apply it: in the state of before it goes
//! on, with every value in place it is done, and in any other state its outcome is unknown.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use tokio::time::Instant;
use vendors::{AssistantSummary, Field, Note, ReadAssistant, Report, ResponseBody, SentFields, Stored, UpdateResponse};

use crate::api::classify::{failure_problem, lost_deletion};
use crate::api::representation::Found;
use crate::api::request_log::RequestLog;
use crate::problem::{Code, Outcome, Problem};
use crate::telemetry::event::ChangeFinished;
use crate::upstream::{DetachOnDrop, Failure, Permits, QueuedLock, Repeat, VendorRequest, VendorResponse};

use super::answer::nothing;
use super::condition::{Verified, check, unchanged};
use super::reading::Reads;
use super::{Change, Exchange, Prepared, QueuePlace, TurnSlot};

/// A request that was sent, and what is kept for the next one in the same turn.
pub(super) struct Turn<'a> {
    /// Where the turn is put at the end.
    slot: Option<&'a TurnSlot>,
    pub(super) lock: Option<QueuedLock>,
    pub(super) permits: Option<Permits>,
    /// The last request that has ended, with its attempts.
    pub(super) ended: Option<(DetachOnDrop, u32)>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(slot) = self.slot {
            let ended = self.ended.take().and_then(|(ended, _)| ended.into_turn().0);
            slot.put(ended.or_else(|| self.lock.take()));
        }
    }
}

/// What the vendor confirmed, without the response that it stands in.
pub(super) type Confirmed = UpdateResponse<'static>;

impl Exchange<'_> {
    /// Carries out the operation with its condition and its read afterwards. `sent_body` are the fields as they came.
    pub(super) async fn in_turn(
        &self,
        prepared: Prepared,
        sent_body: Bytes,
        permits: Option<Permits>,
        log: &mut RequestLog,
    ) -> Result<Response<Full<Bytes>>, Problem> {
        let mut reads = Reads::new(self, &prepared.headers);
        let result = self.carry_out(prepared, &sent_body, permits, &mut reads, log).await;
        log.with_vendor += reads.with_vendor;
        result
    }

    async fn carry_out(
        &self,
        prepared: Prepared,
        sent_body: &[u8],
        permits: Option<Permits>,
        reads: &mut Reads<'_>,
        log: &mut RequestLog,
    ) -> Result<Response<Full<Bytes>>, Problem> {
        let Prepared { request, method, uri, headers, place } = prepared;
        let mut turn = Turn { slot: self.slot, lock: None, permits, ended: None };
        if !self.options.dry_run {
            turn.lock = self.first(place.into_lock(), log).await?;
        }
        let before = self.before(reads, log).await?.map(Arc::new);
        if self.options.dry_run && self.account.dialect.plan.is_some() {
            return self.planned_dry_run(request, &headers, reads, log).await;
        }
        if self.options.dry_run {
            let prepared = Prepared { request, method, uri, headers, place: QueuePlace::Later };
            log.attempts = reads.attempts;
            let response = self.dry_run(&prepared);
            log.report = Some(prepared.request.report);
            return Ok(response);
        }
        let vendors::Request { body, report, sent, repeatable, .. } = request;
        let (body, applied) = (Bytes::from(body), report.applied.clone());
        log.report = Some(report);
        let is_nothing = matches!(self.change, Change::Update) && &*body == b"{}";
        let confirmed = if is_nothing {
            nothing()
        } else if self.account.dialect.plan.is_some() {
            let (method, path, report) = ("", String::new(), Report::default());
            let request =
                vendors::Request { method, repeatable, path, body: body.to_vec(), report, sent: sent.clone() };
            let planned = self.in_plan(&request, sent_body, &mut turn, reads, log).await;
            planned.inspect_err(|_| log.attempts += reads.attempts)?
        } else {
            let request = || {
                let mut request = VendorRequest::new(method.clone(), uri.clone(), self.options.deadline);
                self.complete_request(&mut request, repeatable, headers.clone(), &body);
                request
            };
            let check = Check { sent_body, applied: &applied, sent: &sent, body: &body };
            self.repeat(&request, before.clone(), &check, &mut turn, reads, log).await?
        };
        let report = log.report.get_or_insert_default();
        report.warnings.extend(self.other_id(&confirmed));
        let verified = match self.options.representation {
            true => {
                let unreported =
                    (!is_nothing).then(|| Unreported { exchange: self, attempts: log.attempts, is_complete: true });
                let verified = self.after(&confirmed, sent_body, report, before.as_deref(), &mut turn, reads).await;
                std::mem::forget(unreported); // the request's own line reports it
                Some(verified)
            }
            false => None,
        };
        log.attempts += reads.attempts;
        self.done(&confirmed, log.attempts, report, verified.as_ref(), &mut log.id)
    }

    /// Waits for the assistant's turn; a new assistant has none.
    async fn first(&self, queued: Option<QueuedLock>, log: &mut RequestLog) -> Result<Option<QueuedLock>, Problem> {
        let (Some(id), stack) = (self.id, &self.account.stack) else { return Ok(None) };
        let queued = queued.map_or_else(|| stack.queue_update(id), Ok).map_err(failure_problem)?;
        let started = Instant::now();
        let turn = stack.turn(queued, self.options.deadline).await;
        log.queued += started.elapsed();
        turn.map(Some).map_err(failure_problem)
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
        mut before: Option<Arc<Found>>,
        check: &Check<'_>,
        turn: &mut Turn<'_>,
        reads: &mut Reads<'_>,
        log: &mut RequestLog,
    ) -> Result<Confirmed, Problem> {
        loop {
            let request = match before {
                Some(_) => request().repeated(Repeat::OnlyIfUnsent),
                None => request(),
            };
            let (mut update, result) = self.attempt(request, check, turn, log).await;
            let attempts = log.attempts;
            let problem = match self.confirmed(check, &update, &result) {
                Ok(confirmed) => {
                    turn.ended = Some((update, attempts));
                    return Ok(confirmed);
                }
                Err(problem) => Problem { attempts: Some(attempts + reads.attempts), ..self.unknown(problem) },
            };
            let Some(found) = &before else { return Err(problem) };
            let may_repeat = self.account.stack.next_attempt(&mut update, &result, self.options.deadline).await;
            let look = SecondLook { before: found, problem, may_repeat, attempts };
            let next = self.look_again(look, check, &mut update, reads).await?;
            turn.ended = Some((update, attempts));
            match next {
                Next::Send(now) => before = Some(Arc::new(now)),
                Next::Done(confirmed) => return Ok(confirmed),
            }
        }
    }

    /// Reads the assistant after an attempt that was not confirmed, to see what comes next. If the attempt may have been
    /// applied, that is once the vendor can no longer apply it.
    async fn look_again(
        &self,
        look: SecondLook<'_>,
        check: &Check<'_>,
        update: &mut DetachOnDrop,
        reads: &mut Reads<'_>,
    ) -> Result<Next, Problem> {
        let SecondLook { before, problem, may_repeat, attempts } = look;
        let is_in_doubt = problem.outcome == Outcome::Unknown;
        let (Some(id), Some(condition)) = (self.id, &self.options.if_match) else { return Err(problem) };
        if !may_repeat && !is_in_doubt || is_in_doubt && update.settled(self.options.deadline).await.is_err() {
            return Err(problem);
        }
        let now = reads.find(id).await;
        let attempts = attempts + reads.attempts;
        let problem = Problem { attempts: Some(attempts), ..problem };
        match now {
            Err(_) => Err(problem),
            Ok(None) if !is_in_doubt => Err(Reads::missing(attempts)),
            Ok(None) if matches!(self.change, Change::Delete) => Ok(Next::Done(lost_deletion())),
            Ok(None) => Err(problem),
            Ok(Some(now)) if may_repeat && now.tag == before.tag => Ok(Next::Send(now)),
            Ok(Some(now)) if is_in_doubt => {
                let stored = self.verify(check.sent_body, check.applied, &now, &reads.headers).await;
                let is_there = stored.differs.is_empty() && !stored.confirmed.is_empty();
                let done = now.with(self.account, summary).filter(|_| is_there);
                done.map(Next::Done).ok_or(problem)
            }
            Ok(Some(now)) => super::condition::check(condition, &now, attempts).map(|()| Next::Send(now)),
        }
    }

    /// One request in the turn, which goes on with the attempts of the one before.
    async fn attempt(
        &self,
        mut request: VendorRequest,
        check: &Check<'_>,
        turn: &mut Turn<'_>,
        log: &mut RequestLog,
    ) -> (DetachOnDrop, Result<VendorResponse, Failure>) {
        if let Some((ended, attempts)) = turn.ended.take() {
            request = request.continuing(&ended, attempts);
            (turn.lock, turn.permits) = ended.into_turn();
        }
        match &log.delivery {
            Some(shared) => request.sent = shared.clone(),
            None => log.delivery = Some(request.sent.clone()),
        }
        let (update, result, attempts) = self.send_in(turn, request, Some((check.sent, check.body)), log).await;
        log.attempts = attempts;
        (update, result)
    }

    /// Sends a request in the turn, with its permits. If its caller leaves, its end is reported with what was `sent`. The last
    /// value is how often it was tried.
    pub(super) async fn send_in(
        &self,
        turn: &mut Turn<'_>,
        request: VendorRequest,
        sent: Option<(&SentFields, &Bytes)>,
        log: &mut RequestLog,
    ) -> (DetachOnDrop, Result<VendorResponse, Failure>, u32) {
        let mut update = self.account.stack.update(request.with_lock(turn.lock.take()));
        if let Some(permits) = turn.permits.take() {
            update = update.holding(permits);
        }
        if let Some((sent, body)) = sent.filter(|_| self.context.telemetry.follows_changes()) {
            update = update.on_detached_end(self.report_detached(sent, body));
        }
        let result = (&mut update).await;
        let (attempts, queued, with_vendor) = match &result {
            Ok(response) => (response.attempts, response.queued, response.vendor),
            Err(failure) => (failure.attempts, failure.queued, failure.vendor),
        };
        log.queued += queued;
        log.with_vendor += with_vendor;
        (update, result, attempts)
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
        before: Option<&Found>,
        turn: &mut Turn<'_>,
        reads: &mut Reads<'_>,
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
                let stored = self.verify(sent_body, &report.applied, &found, &reads.headers).await;
                let unchanged = unchanged(&stored, before, self.account);
                if self.account.dialect.plan.is_some() {
                    let missing = Stored { unreadable: stored.unreadable.clone(), ..Stored::default() };
                    self.only_told(report, sent_body, &missing, None);
                }
                return Verified::Read { stored, found, unchanged };
            }
            Ok(None) => "The vendor's list does not hold the assistant.".to_owned(),
            Err(why) => why,
        };
        let detail = format!("the assistant could not be read afterwards: {why}");
        report.warnings.push(Note::new("stored", "not_verified", detail));
        Verified::Failed
    }
}

/// What a further attempt is checked against.
struct Check<'a> {
    sent_body: &'a [u8],
    applied: &'a [Field],
    sent: &'a SentFields,
    body: &'a Bytes,
}

/// An attempt under a condition that was not confirmed.
struct SecondLook<'a> {
    /// The assistant before it.
    before: &'a Found,
    problem: Problem,
    /// Whether another one may follow.
    may_repeat: bool,
    /// The attempts so far, without reads.
    attempts: u32,
}

/// What follows it.
enum Next {
    /// Another one, in this state.
    Send(Found),
    /// Nothing: it was applied.
    Done(Confirmed),
}

/// Reports a change whose caller disconnects while no request of it is on its way that would report it.
pub(super) struct Unreported<'a, 'b> {
    pub(super) exchange: &'a Exchange<'b>,
    pub(super) attempts: u32,
    /// Whether all of it was confirmed, and the assistant is only read; else a part was sent, and the rest is not.
    pub(super) is_complete: bool,
}

impl Drop for Unreported<'_, '_> {
    fn drop(&mut self) {
        let Exchange { context, account, id, .. } = self.exchange;
        let detail = "The caller disconnected when a part of the update was on its way; the rest was not sent.";
        let problem = Problem { outcome: Outcome::Unknown, ..Problem::new(Code::VendorError, detail) };
        let problem = Problem { attempts: Some(self.attempts), ..problem };
        context.telemetry.change_finished(&ChangeFinished {
            operation: self.exchange.operation(),
            request_id: context.request_id.as_str(),
            update: None, // with a store, no caller cuts a change off
            vendor: &account.name,
            vendor_id: id.map(|id| &**id),
            result: if self.is_complete { Ok(self.attempts) } else { Err(&problem) },
        });
    }
}

/// What the vendor would have confirmed, as it was read.
pub(super) fn summary(read: &ReadAssistant<'_>) -> Confirmed {
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
