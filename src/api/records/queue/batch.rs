//! One request for the first ticket of a run, or for several that can go together behind one that fails.
//!
//! Requests go together only where the vendor's state is provably the same as after one at a time (`vendors::merge`). Each
//! ticket keeps its own answer. A refusal says nothing about the single ones, which are then sent one at a time.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use tokio::time::Instant;
use vendors::{Part, merge};

use crate::account::Account;
use crate::api::context::Context;
use crate::api::exchange::{Change, Place, TurnSlot};
use crate::api::request_log::RequestLog;
use crate::gateway::Gateway;
use crate::http::request_id::RequestId;
use crate::http::trace_context::TraceContext;
use crate::problem::{Code, Outcome, Problem};
use crate::store::{Answer, Ending, KeyEnd, Mode, Record, State, StoreError, Timestamp, UpdateId};
use crate::upstream::QueuedLock;
use crate::value::AssistantOperation;

use super::lines::{Phase, Ticket};
use crate::api::records::job::{Job, is_refusal};
use crate::api::records::payload::{Payload, Restored};
use crate::api::records::replay::{superseded, with_twins};
use crate::api::records::{Records, answer};

/// What is sent in one request.
pub(in crate::api::records) struct Batch {
    head: Ticket,
    members: Vec<Member>,
    /// The request for all of them.
    request: vendors::Request,
    /// For each, whether later ones have all its fields.
    superseded: Vec<bool>,
}

/// One of them.
pub(in crate::api::records) struct Member {
    pub(in crate::api::records) record: Record,
    pub(in crate::api::records) job: Job,
    pub(in crate::api::records) body: Bytes,
    request: vendors::Request,
    /// Which configuration translated it; `None` if it must go alone.
    translation: Option<String>,
    /// The place after which a newer change of the same fields forbids it.
    guard: Option<u64>,
}

/// How a change ended.
pub(in crate::api::records) struct End {
    pub(in crate::api::records) state: State,
    pub(in crate::api::records) answer: Answer,
    pub(in crate::api::records) problem: Option<Bytes>,
}

/// What became of a request.
pub(in crate::api::records) enum Sent {
    /// Each of them has ended so.
    Ended(Vec<End>),
    /// They are tried again.
    Failed(Problem),
    /// They are tried again one at a time.
    Apart(Problem),
}

impl Batch {
    /// Reads the first ticket, and those after it that can go along. `None` if the first cannot be read.
    pub(in crate::api::records) async fn read(
        records: &Records,
        gateway: &Arc<Gateway>,
        account: &Arc<Account>,
        tickets: &[Ticket],
        deadline: Instant,
    ) -> Result<Option<Self>, StoreError> {
        let Some((head, later)) = tickets.split_first() else { return Ok(None) };
        let reader = Reader { records, gateway, account, deadline };
        let Some(first) = reader.member(head.id).await? else { return Ok(None) };
        let mut members = vec![first];
        if gateway.queue.coalesce && (head.failures > 0 || head.gathers) && !head.alone {
            for ticket in later {
                if ticket.phase != Phase::Waiting || ticket.vendor != head.vendor || ticket.alone {
                    break;
                }
                let Some(member) = reader.member(ticket.id).await? else { break };
                let translation = members.first().and_then(|first| first.translation.as_ref());
                if translation.is_none() || member.translation.as_ref() != translation {
                    break;
                }
                members.push(member);
            }
        }
        let parts = members.iter().map(|member| Part { canonical: &member.body, request: &member.request });
        let parts: Vec<_> = parts.collect();
        let Some(first) = members.first() else { return Ok(None) };
        let (mut request, mut superseded) = (first.request.clone(), vec![false]);
        if parts.len() > 1 {
            let merged = merge(account.dialect, &parts);
            (request.body, request.sent) = (merged.body, merged.sent);
            superseded = merged.superseded;
            members.truncate(merged.count.max(1));
        }
        Ok(Some(Self { head: head.clone(), members, request, superseded }))
    }

    pub(in crate::api::records) fn head(&self) -> &Ticket {
        &self.head
    }

    pub(in crate::api::records) fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.iter()
    }

    pub(in crate::api::records) fn ids(&self) -> Vec<UpdateId> {
        self.members.iter().map(|member| member.record.id).collect()
    }

    /// The end of a change that is sent again although newer ones of the same fields came meanwhile; `None` if none did. What was
    /// noted before this turn is seen.
    pub(in crate::api::records) async fn overtaken(&self, records: &Records) -> Result<Option<End>, StoreError> {
        let Some(head) = self.members.first() else { return Ok(None) };
        let (Some(guard), Some(line)) = (head.guard, head.record.line()) else { return Ok(None) };
        let mut newer = records.store.newer(line, guard, with_twins(&head.record.fields)).await?;
        newer.retain(|record| record.id != head.record.id);
        if newer.is_empty() {
            return Ok(None);
        }
        let problem = superseded(&head.record, &newer);
        let problem = head.job.finished(Err(problem)).err();
        let Some(problem) = problem else { return Ok(None) };
        head.job.report(Some(head.record.id), Err(&problem));
        let answer = head.answer(&problem);
        let problem = answer.body.clone();
        Ok(Some(End { state: State::Refused, answer, problem }))
    }

    /// Sends the request in its turn, and returns the turn.
    pub(in crate::api::records) async fn send(
        &self,
        turn: QueuedLock,
        log: &mut RequestLog,
    ) -> (Sent, Option<QueuedLock>) {
        let slot = TurnSlot::new(None);
        let Some(head) = self.members.first() else {
            return (Sent::Ended(Vec::new()), Some(turn));
        };
        let exchange = head.job.exchange(Some(&slot));
        let Context { request_id, trace, .. } = &head.job.context;
        let headers = head.job.account.headers(request_id.to_header_value(), trace.to_header_value());
        let result = match exchange.complete(self.request.clone(), Place::Queued(turn, None), headers) {
            Ok(prepared) => exchange.carry_on(prepared, head.body.clone(), None, log).await,
            Err(problem) => Err(problem),
        };
        let result = match result {
            Err(problem) => self.in_doubt(problem, head, log),
            done => done,
        };
        let sent = self.sent(head.job.finished(result), log);
        (sent, slot.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// What a refusal means after an earlier attempt that may have been applied.
    fn in_doubt(&self, problem: Problem, head: &Member, log: &RequestLog) -> Result<Response<Full<Bytes>>, Problem> {
        let is_in_doubt = self.head.interrupted || head.record.doubted_at.is_some();
        if !is_in_doubt || problem.outcome != Outcome::NotApplied {
            return Err(problem);
        }
        match (head.job.change, problem.code) {
            (Change::Delete, Code::AssistantNotFound) => {
                Ok(head.job.exchange(None).deletion_was_lost(self.head.attempts + log.attempts))
            }
            (_, Code::PreconditionFailed) => Err(Problem { outcome: Outcome::Unknown, ..problem }),
            _ => Err(problem),
        }
    }

    fn sent(&self, result: Result<Response<Full<Bytes>>, Problem>, log: &RequestLog) -> Sent {
        let problem = match result {
            Ok(response) => return Sent::Ended(self.applied(&answer::kept(response), log)),
            Err(problem) => problem,
        };
        let is_lost_condition = problem.code == Code::PreconditionFailed && problem.outcome == Outcome::Unknown;
        let state = match (is_refusal(&problem), self.members.len()) {
            (true, 1) => State::Refused,
            (true, _) => return Sent::Apart(problem),
            (false, _) if is_lost_condition => State::Unknown,
            (false, _) => return Sent::Failed(problem),
        };
        self.members().for_each(|member| member.job.report(Some(member.record.id), Err(&problem)));
        let answer = self.members.first().map(|head| head.answer(&problem));
        let problem = answer.as_ref().and_then(|answer| answer.body.clone());
        Sent::Ended(answer.map(|answer| End { state, answer, problem }).into_iter().collect())
    }

    /// The answers of all of them to what the vendor has confirmed.
    fn applied(&self, first: &Answer, log: &RequestLog) -> Vec<End> {
        let ends = self.members.iter().zip(&self.superseded).enumerate().map(|(index, (member, superseded))| {
            member.job.report(Some(member.record.id), Ok(self.head.attempts + log.attempts));
            let answer = match index {
                0 => first.clone(),
                _ => member.job.exchange(None).answer_like(first, &member.request.report, log.attempts),
            };
            let state = if *superseded { State::Superseded } else { State::Applied };
            End { state, answer, problem: None }
        });
        ends.collect()
    }

    /// The problem of a request as the callers of all of them would see it.
    pub(in crate::api::records) fn problem_body(&self, problem: &Problem) -> Bytes {
        let body = self.members.first().and_then(|head| head.answer(problem).body);
        body.unwrap_or_default()
    }
}

impl Member {
    fn answer(&self, problem: &Problem) -> Answer {
        answer::of_problem(problem, &self.job.context.path, &self.record.request_id)
    }
}

/// Reads what is stored of a ticket.
struct Reader<'a> {
    records: &'a Records,
    gateway: &'a Arc<Gateway>,
    account: &'a Arc<Account>,
    deadline: Instant,
}

/// What cannot be read ever is as nothing.
fn readable<T: Default>(read: Result<T, StoreError>) -> Result<T, StoreError> {
    match read {
        Err(StoreError::Unreadable(_)) => Ok(T::default()),
        read => read,
    }
}

impl Reader<'_> {
    async fn member(&self, id: UpdateId) -> Result<Option<Member>, StoreError> {
        let store = &self.records.store;
        let Some(record) = readable(store.record(id).await)? else { return Ok(None) };
        let stored = readable(store.bodies(vec![id]).await)?.into_iter().flatten().next();
        let payload = stored.as_deref().and_then(Payload::read);
        let change = match record.operation {
            AssistantOperation::Update => Change::Update,
            AssistantOperation::Delete => Change::Delete,
            _ => return Ok(None),
        };
        // What a caller waited for before a crash is not sent after that caller's deadline.
        let deadline = match record.mode {
            Mode::Synchronous => self.deadline.min(Instant::now() + record.expires_at.since(Timestamp::now())),
            Mode::Keyed | Mode::Asynchronous => self.deadline,
        };
        let Some((payload, restored)) = payload.and_then(|payload| {
            let restored = payload.restore(deadline)?;
            Some((payload, restored))
        }) else {
            return Ok(None);
        };
        let Restored { request, body, handling, options } = restored;
        let context = self.records.context(self.gateway, &record);
        let job = Job::restored(context, change, &record, Arc::clone(self.account), handling, options);
        let may_join = payload.is_plain() && payload.guard.is_none() && matches!(change, Change::Update);
        let translation = may_join.then_some(payload.translation);
        Ok(Some(Member { record, job, body, request, translation, guard: payload.guard }))
    }
}

impl Records {
    /// The context of a change that no caller waits for.
    pub(in crate::api::records) fn context(&self, gateway: &Arc<Gateway>, record: &Record) -> Context {
        Context {
            gateway: Arc::clone(gateway),
            records: None,
            telemetry: self.telemetry.clone(),
            request_id: RequestId::stored(&record.request_id),
            trace: TraceContext::start(),
            recording: None,
            path: format!("/v1/assistants/{}", record.assistant).into(),
            arrived: Instant::now(),
            peer: None,
            client: None,
            rate_limit: None,
        }
    }

    /// What is stored of the end of a member.
    pub(in crate::api::records) fn ending(
        &self,
        member: &Member,
        end: End,
        attempts: u32,
        doubted_at: Option<Timestamp>,
        batch: &Batch,
    ) -> Ending {
        let (record, gateway) = (&member.record, &member.job.context.gateway);
        let ids = batch.ids().into_iter();
        Ending {
            id: record.id,
            state: end.state,
            attempts,
            now: Timestamp::now(),
            created: None,
            key: Some(KeyEnd {
                answer: end.answer.clone(),
                kept: gateway.idempotency_retention,
                unknown: (end.state == State::Unknown).then_some(record.number),
            }),
            answer: Some(self.journaled(end.answer)),
            problem: end.problem,
            doubted_at: doubted_at.or(record.doubted_at),
            sent_with: ids.filter(|id| *id != record.id).collect(),
            body: self.journal_body(&member.body),
            callback: self.calls_back(record),
        }
    }
}

/// The end of a change that is given up: its last problem, unless another one is the reason. What may have been applied by
/// an earlier attempt is not called `not_applied` because the last one failed.
pub(in crate::api::records) fn dead(
    record: Option<&Record>,
    problem: Option<Problem>,
    is_in_doubt: bool,
    gateway: &Gateway,
) -> End {
    let waits = record.is_none_or(|record| record.mode == Mode::Asynchronous);
    let state = match (waits, is_in_doubt) {
        (true, _) => State::Dead,
        (false, true) => State::Unknown,
        (false, false) => State::Expired,
    };
    let last = record.and_then(|record| record.problem.clone()).filter(|_| problem.is_none());
    let last = last.map(|last| if is_in_doubt { doubted(&last) } else { last });
    let status = last.as_deref().and_then(|last| serde_json::from_slice::<serde_json::Value>(last).ok());
    let status = status.and_then(|last| u16::try_from(last.get("status")?.as_u64()?).ok());
    if let (Some(body), Some(status)) = (last, status) {
        let headers = vec![("content-type".to_owned(), "application/problem+json".to_owned())];
        let answer = Answer { status, headers, body: Some(body.clone()) };
        return End { state, answer, problem: Some(body) };
    }
    let detail = "the change could not be delivered before its time ended";
    let mut problem = problem.unwrap_or_else(|| Problem::new(Code::VendorTimeout, detail));
    problem.base.clone_from(&gateway.public_url);
    if is_in_doubt {
        problem.outcome = Outcome::Unknown;
    }
    problem.vendor = record.map(|record| record.vendor.clone());
    let path = record.map(|record| format!("/v1/assistants/{}", record.assistant)).unwrap_or_default();
    let request_id = record.map(|record| record.request_id.as_str()).unwrap_or_default();
    let answer = answer::of_problem(&problem, &path, request_id);
    let problem = answer.body.clone();
    End { state, answer, problem }
}

/// The same problem with an unknown outcome. A quote inside a text is escaped, so that what is found is the member.
fn doubted(problem: &Bytes) -> Bytes {
    let (told, truth) = (r#""outcome":"not_applied""#, r#""outcome":"unknown""#);
    match std::str::from_utf8(problem) {
        Ok(text) => text.replacen(told, truth, 1).into(),
        Err(_) => problem.clone(),
    }
}
