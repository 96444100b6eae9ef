//! A request that is over: the one description of it that feeds logs, audit, metrics and traces.

use std::time::Duration;

use http::Method;

use crate::api::{Context, RequestLog};
use crate::edge::problem::{Code, Fault, Outcome, Problem, Reason};

/// What is kept of a problem, or of an end without an answer.
#[derive(Debug)]
pub struct Noted {
    /// The label.
    pub reason: Reason,
    /// The code, as in the answer; `None` if there was no answer.
    pub code: Option<Code>,
    /// Whose fault it is.
    pub fault: Fault,
    /// Whether the update reached the assistant.
    pub outcome: Outcome,
    /// What happened, for the log only.
    pub internal: Option<String>,
}

impl Noted {
    /// What is kept of `problem`.
    pub fn of(problem: &Problem) -> Self {
        let reason = problem.reason();
        Self {
            reason,
            code: (reason != Reason::ClientClosed).then_some(problem.code),
            fault: problem.code.kind().fault,
            outcome: problem.outcome,
            internal: problem.internal.clone(),
        }
    }
}

/// A request that is over, however it ended.
#[derive(Debug)]
pub struct Finished<'a> {
    /// What was known of it before its endpoint was.
    pub context: &'a Context,
    /// The method.
    pub method: &'a Method,
    /// The path with its parameters unfilled; `none` where there is nothing.
    pub route: &'static str,
    /// The status that was answered; 499 if nobody waited for an answer any more, 500 after a panic.
    pub status: u16,
    /// What was noted on the way.
    pub record: &'a RequestLog,
    /// What stood against it; `None` if all went well.
    pub problem: Option<&'a Noted>,
    /// Time from its arrival to its end.
    pub total: Duration,
    /// The length of the answer's body in bytes.
    pub answer_bytes: u64,
}

impl Finished<'_> {
    /// Why it ended as it did: the label for logs and metrics.
    pub fn reason(&self) -> Reason {
        self.problem.map_or(Reason::Ok, |problem| problem.reason)
    }

    /// Whether the update reached the assistant; `None` for what went well and was no update to send.
    pub fn outcome(&self) -> Option<&'static str> {
        match self.problem {
            Some(problem) => Some(problem.outcome.as_str()),
            None => self.record.sent.as_ref().map(|_| "applied"),
        }
    }
}
