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
use crate::api::exchange::{Change, QueuePlace, TurnSlot};
use crate::api::request_log::RequestLog;
use crate::gateway::Gateway;
use crate::http::request_id::RequestId;
use crate::http::trace_context::TraceContext;
use crate::problem::{Code, Outcome, Problem};
use crate::store::{Answer, Incarnation, Mode, Record, State, StoreError, UpdateId};
use crate::upstream::QueuedLock;
use crate::value::AssistantOperation;

use super::end::{End, is_not_owner};
use super::lines::{Phase, Ticket};
use crate::api::records::cluster::Session;
use crate::api::records::job::{Job, is_refusal, state_of};
use crate::api::records::payload::{Payload, Restored};
use crate::api::records::replay::{superseded, with_twins};
use crate::api::records::{Records, answer};

/// What is sent in one request.
pub(in crate::api::records) struct Batch {
    head: Ticket,
    members: Vec<BatchedChange>,
    /// The request for all of them.
    request: vendors::Request,
    /// For each, whether later ones have all its fields.
    superseded: Vec<bool>,
    /// The session in which it is sent, where several processes share the store.
    session: Option<Arc<Session>>,
}

/// One of them.
pub(in crate::api::records) struct BatchedChange {
    pub(in crate::api::records) record: Record,
    pub(in crate::api::records) job: Job,
    pub(in crate::api::records) body: Bytes,
    request: vendors::Request,
    /// Which configuration translated it; `None` if it must go alone.
    translation: Option<String>,
    /// The place after which a newer change of the same fields forbids it.
    pub(super) guard: Option<u64>,
    /// The dialect that it is translated to, if the account has another one now.
    other_dialect: Option<String>,
}

/// What became of a request.
pub(in crate::api::records) enum Sent {
    /// Each of them has ended so.
    Ended(Vec<End>),
    /// They are tried again.
    Failed(Problem),
    /// They are tried again one at a time.
    Apart(Problem),
    /// Nothing was sent, because the account has another dialect than theirs. They wait until it has theirs again.
    Untranslated(Problem),
    /// Nothing was sent: another process may have taken over, and goes on.
    Lost,
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
        let Some(first) = reader.member(head).await? else { return Ok(None) };
        let is_sent = first.other_dialect.is_none();
        let mut members = vec![first];
        if is_sent
            && gateway.queue.coalesce
            && (head.failures > 0 || head.gathers)
            && !head.alone
            && !head.is_waited_for
        {
            for ticket in later {
                if ticket.phase != Phase::Waiting || ticket.vendor != head.vendor || ticket.alone {
                    break;
                }
                let Some(member) = reader.member(ticket).await? else { break };
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
        let session = records.replica.as_ref().map(|replica| replica.session());
        Ok(Some(Self { head: head.clone(), members, request, superseded, session }))
    }

    /// Who sends it, where several processes share the store.
    pub(in crate::api::records) fn member(&self) -> Option<Incarnation> {
        self.session.as_ref().map(|session| session.id)
    }

    /// The configuration with which it is sent.
    pub(super) fn generation(&self) -> Option<u64> {
        self.members.first().map(|head| head.job.context.gateway.generation)
    }

    pub(in crate::api::records) fn head(&self) -> &Ticket {
        &self.head
    }

    pub(in crate::api::records) fn members(&self) -> impl Iterator<Item = &BatchedChange> {
        self.members.iter()
    }

    pub(in crate::api::records) fn ids(&self) -> Vec<UpdateId> {
        self.members.iter().map(|member| member.record.id).collect()
    }

    /// The end of a change that is sent again although newer ones of the same fields came before it was admitted again; `None` if
    /// none did. What came later follows it, and what an earlier attempt of it may have applied is not taken back.
    pub(in crate::api::records) async fn overtaken(&self, records: &Records) -> Result<Option<End>, StoreError> {
        let Some(head) = self.members.first() else { return Ok(None) };
        let (Some(guard), Some(line)) = (head.guard, head.record.line()) else { return Ok(None) };
        if self.is_in_doubt() {
            return Ok(None);
        }
        let mut newer = records.store.newer(line, guard, with_twins(&head.record.fields)).await?;
        newer.retain(|record| record.number < head.record.number);
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
        let slot = TurnSlot::fenced(self.session.as_ref().map(|session| session.fence.clone()));
        let Some(head) = self.members.first() else {
            return (Sent::Ended(Vec::new()), Some(turn));
        };
        if let Some(problem) = head.of_other_dialect() {
            let result = head.job.finished(self.in_doubt(problem, head, log));
            let sent = match self.sent(result, log) {
                Sent::Failed(problem) => Sent::Untranslated(problem),
                ended => ended,
            };
            return (sent, Some(turn));
        }
        let exchange = head.job.exchange(Some(&slot));
        let Context { request_id, trace, .. } = &head.job.context;
        let started = Instant::now();
        let headers = head.job.account.headers(request_id.to_header_value(), trace.to_header_value());
        let result = match exchange.complete(self.request.clone(), QueuePlace::Queued(turn, None), headers) {
            Ok(prepared) => exchange.carry_on(prepared, head.body.clone(), None, log).await,
            Err(problem) => Err(problem),
        };
        let result = match result {
            Err(problem) if log.attempts == 0 && is_not_owner(&problem) => return (Sent::Lost, slot.into_turn()),
            Err(problem) => self.in_doubt(problem, head, log),
            done => done,
        };
        self.report_attempt(started, result.as_ref().err(), log);
        let sent = self.sent(head.job.finished(result), log);
        (sent, slot.into_turn())
    }

    /// Whether an earlier attempt may have been applied.
    fn is_in_doubt(&self) -> bool {
        let is_doubted = |head: &BatchedChange| head.record.doubted_at.is_some();
        self.head.interrupted || self.members.first().is_some_and(is_doubted)
    }

    /// Whether a failure is its end, because a caller waits for that.
    fn is_tried_once(&self) -> bool {
        self.head.is_waited_for && !self.head.goes_after
    }

    /// What a refusal means after an earlier attempt that may have been applied.
    fn in_doubt(
        &self,
        problem: Problem,
        head: &BatchedChange,
        log: &RequestLog,
    ) -> Result<Response<Full<Bytes>>, Problem> {
        if !self.is_in_doubt() || problem.outcome != Outcome::NotApplied {
            return Err(problem);
        }
        match (head.job.change, problem.code) {
            (Change::Delete, Code::AssistantNotFound) => {
                Ok(head.job.exchange(None).deletion_was_lost(self.head.attempts + log.attempts))
            }
            _ => Err(after_doubt(problem, self.is_tried_once())),
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
            (false, _) if self.is_tried_once() => state_of(Err(&problem), self.head.attempts + log.attempts),
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

    /// The problem of a request as the caller of each of them would see it.
    pub(in crate::api::records) fn problems(&self, problem: &Problem) -> Vec<(UpdateId, Bytes)> {
        let of = |member: &BatchedChange| (member.record.id, member.answer(problem).body.unwrap_or_default());
        self.members().map(of).collect()
    }
}

/// What a problem says of a change that an earlier attempt may have applied. One whose caller waits ends with it, so that it must
/// not say that nothing was applied; a refusal by the vendor stands.
fn after_doubt(problem: Problem, is_waited_for: bool) -> Problem {
    let is_end = is_waited_for && !is_refusal(&problem);
    match problem.code == Code::PreconditionFailed || is_end {
        true => Problem { outcome: Outcome::Unknown, ..problem },
        false => problem,
    }
}

impl BatchedChange {
    /// Why it cannot be sent, if its request has the names of another dialect than the account's.
    fn of_other_dialect(&self) -> Option<Problem> {
        let (account, theirs) = (&self.job.account, self.other_dialect.as_deref()?);
        let detail = format!(
            "the change was translated to the dialect `{theirs}`, and the account `{}` has the dialect `{}` now; it is not \
             sent with another dialect's names, and waits until the account has `{theirs}` again",
            account.name, account.dialect.name,
        );
        Some(Problem::new(Code::VendorAccountProblem, detail))
    }

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
    async fn member(&self, ticket: &Ticket) -> Result<Option<BatchedChange>, StoreError> {
        let (store, id) = (&self.records.store, ticket.id);
        let (record, stored) = match &ticket.fresh {
            Some(fresh) => (**fresh).clone(),
            None => match readable(store.ticket(id).await)? {
                Some(stored) => stored,
                None => return Ok(None),
            },
        };
        let payload = Payload::read(&stored);
        let change = match record.operation {
            AssistantOperation::Update => Change::Update,
            AssistantOperation::Delete => Change::Delete,
            _ => return Ok(None),
        };
        // What a caller waited for before a crash is not sent after that caller's deadline.
        let deadline = match record.mode {
            Mode::Synchronous if !ticket.goes_after => self.deadline.min(ticket.expires),
            Mode::Synchronous | Mode::Keyed | Mode::Asynchronous => self.deadline,
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
        let other_dialect = payload.dialect.filter(|dialect| *dialect != self.account.dialect.name);
        Ok(Some(BatchedChange { record, job, body, request, translation, guard: payload.guard, other_dialect }))
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
}

#[cfg(test)]
mod tests {
    use crate::api::classify::failure_problem;
    use crate::api::records::queue::batch::*;
    use crate::upstream::Failure;

    #[test]
    fn what_may_have_been_applied_is_not_said_to_be_expired() {
        let in_queue = || failure_problem(Failure::in_queue());
        assert_eq!(state_of(Err(&in_queue()), 0), State::Expired);
        assert_eq!(state_of(Err(&after_doubt(in_queue(), true)), 0), State::Unknown);
        assert_eq!(after_doubt(in_queue(), false).outcome, Outcome::NotApplied, "it is tried again");
        let refused = after_doubt(Problem::new(Code::ValidationFailed, ""), true);
        assert_eq!((refused.outcome, state_of(Err(&refused), 1)), (Outcome::NotApplied, State::Refused));
        assert_eq!(after_doubt(Problem::new(Code::PreconditionFailed, ""), true).outcome, Outcome::Unknown);
    }
}
