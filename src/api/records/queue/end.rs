//! How tickets end, and what is stored of that.

use bytes::Bytes;

use crate::gateway::Gateway;
use crate::problem::{Code, FailureReason, Outcome, Problem, Reason};
use crate::store::{Answer, Ending, KeyEnd, Mode, Record, State, Timestamp};

use super::batch::{Batch, BatchedChange};
use crate::api::records::{Records, answer};

/// How a change ended.
pub(in crate::api::records) struct End {
    pub(in crate::api::records) state: State,
    pub(in crate::api::records) answer: Answer,
    pub(in crate::api::records) problem: Option<Bytes>,
}

impl Records {
    /// What is stored of the end of a member.
    pub(in crate::api::records) fn ending(
        &self,
        member: &BatchedChange,
        end: End,
        attempts: u32,
        doubted_at: Option<Timestamp>,
        batch: &Batch,
    ) -> Ending {
        let (record, gateway) = (&member.record, &member.job.context.gateway);
        let ids = batch.ids().into_iter();
        let reply = self.reply(record, &end.answer);
        Ending {
            key: (is_kept(end.state) || member.guard.is_some()).then(|| KeyEnd {
                answer: end.answer.clone(),
                kept: gateway.idempotency_retention,
                unknown: match end.state {
                    State::Unknown => Some(record.number),
                    // Of the request that it was to send again nothing more is known.
                    state if !is_kept(state) => member.guard,
                    _ => None,
                },
            }),
            answer: Some(self.journaled(end.answer)),
            problem: end.problem,
            doubted_at: doubted_at.or(record.doubted_at),
            sent_with: ids.filter(|id| *id != record.id).collect(),
            body: self.journal_body(&member.body),
            callback: self.calls_back(record),
            by: batch.member(),
            reply,
            is_lax: record.mode == Mode::Synchronous,
            ..Ending::new(record.id, end.state, attempts, Timestamp::now())
        }
    }
}

/// Whether another process may have taken over.
pub(in crate::api::records) fn is_not_owner(problem: &Problem) -> bool {
    problem.cause == Some(Reason::Vendor(FailureReason::NotOwner))
}

/// Whether a key answers with that end from now on: otherwise nothing was done.
fn is_kept(state: State) -> bool {
    !matches!(state, State::Failed | State::Expired | State::Canceled)
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
