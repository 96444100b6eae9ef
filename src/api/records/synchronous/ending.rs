//! How a change ended for the caller who waits, and what is stored of that.

use bytes::Bytes;

use crate::store::{Answer, Created, Ending, KeyEnd, Record, State, Timestamp};

use super::{Outcome, Running, is_withdrawn};
use crate::api::records::job::{Job, doubted_at, state_of};
use crate::api::records::{Records, answer};

/// How a change ended.
pub(super) struct End {
    pub(super) state: State,
    pub(super) answer: Answer,
    pub(super) problem: Option<Bytes>,
    pub(super) created: Option<Created>,
    pub(super) doubted_at: Option<Timestamp>,
}

impl Running {
    pub(super) fn end(&self, outcome: &Outcome) -> End {
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

    pub(super) fn ending(&self, record: &Record, end: End) -> Ending {
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
            created: end.created,
            key,
            answer: Some(self.records.journaled(end.answer)),
            problem: end.problem,
            doubted_at: end.doubted_at,
            body: self.records.journal_body(&self.body),
            ..Ending::new(record.id, end.state, self.log.attempts, Timestamp::now())
        }
    }
}
