//! The events that telemetry receives, as plain data.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use http::Method;
use tokio::time::Instant;
use uuid::Uuid;
use vendors::Report;

use crate::http::attempt_times::AttemptTimes;
use crate::problem::{Code, FailureReason, Fault, Outcome, Problem, Reason};
use crate::value::AssistantOperation;

use super::RequestTrace;
use super::metrics::AccountMetrics;

/// A finished request, however it ended. Access log, audit log, metrics and traces are all made from it.
#[derive(Debug)]
pub struct RequestFinished<'a> {
    /// Its id.
    pub request_id: &'a str,
    /// Its path.
    pub path: &'a str,
    /// When it arrived.
    pub arrived: Instant,
    /// The address that it came from.
    pub peer: Option<IpAddr>,
    /// The client, if it was authenticated.
    pub client: Option<&'a str>,
    /// Its trace, if it is traced.
    pub trace: Option<&'a RequestTrace>,
    /// The method.
    pub method: &'a Method,
    /// The path template; `none` if no route matches.
    pub route: &'static str,
    /// The status of the response; 499 if the caller disconnected, 500 after a panic.
    pub status: u16,
    /// The problem; `None` if it succeeded.
    pub problem: Option<&'a ProblemSummary>,
    /// The time of day at its end.
    pub ended: SystemTime,
    /// The time from its arrival to its end.
    pub total: Duration,
    /// The length of the response body in bytes.
    pub response_bytes: u64,
    /// The metrics of its vendor account; `None` if none was involved.
    pub metrics: Option<&'a AccountMetrics>,
    /// What it did with an assistant, as far as it is known; empty for discovery and documentation.
    pub update: UpdateSummary<'a>,
}

/// The end of a change whose caller disconnected before it.
#[derive(Debug)]
pub struct ChangeFinished<'a> {
    /// What changed the assistant.
    pub operation: AssistantOperation,
    /// The id of its request.
    pub request_id: &'a str,
    /// Its record, if there is a store.
    pub update: Option<Uuid>,
    /// The vendor account.
    pub vendor: &'a str,
    /// The vendor's id of the assistant; `None` for a new one of which it is not known.
    pub vendor_id: Option<&'a str>,
    /// The number of attempts, or the problem.
    pub result: Result<u32, &'a Problem>,
}

/// A change that waited and was withdrawn, or a dead one that is sent again or discarded.
#[derive(Debug)]
pub struct RecordMoved<'a> {
    /// The id of the request that did it.
    pub request_id: &'a str,
    /// Who sent that request.
    pub by: Who,
    /// The address that it came from.
    pub peer: Option<IpAddr>,
    /// The record.
    pub update: Uuid,
    /// Whose record it is; `None` where callers need no key.
    pub client: Option<&'a str>,
    /// What the change does.
    pub operation: AssistantOperation,
    /// The assistant, as the record has it.
    pub assistant: &'a str,
    /// The vendor account.
    pub vendor: &'a str,
    /// The vendor's id of the assistant.
    pub vendor_id: Option<&'a str>,
    /// The record that sends it again.
    pub replayed_as: Option<Uuid>,
    /// Why it was discarded.
    pub reason: Option<&'a str>,
}

/// Who moves a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// The client whose record it is.
    Client,
    /// An operator, at the admin listener.
    Operator,
}

/// What is known of an operation on assistants when its request ends.
#[derive(Debug, Default)]
pub struct UpdateSummary<'a> {
    /// What the request does with assistants.
    pub operation: Option<AssistantOperation>,
    /// The assistant, as in the path.
    pub assistant: Option<&'a str>,
    /// The vendor account.
    pub vendor: Option<&'a str>,
    /// The vendor's id of the assistant.
    pub vendor_id: Option<&'a str>,
    /// Its record, if there is a store.
    pub record: Option<Uuid>,
    /// Whether it is a dry run.
    pub dry_run: bool,
    /// The time in which the caller sent the body.
    pub receiving: Duration,
    /// The decompressed length of the body in bytes; 0 unless it was read completely.
    pub request_bytes: usize,
    /// The translation's report; `None` if the update was not translated or was refused.
    pub report: Option<&'a Report>,
    /// Whether the vendor may have received any of it; `None` if it did not get to the account's stack.
    pub sent: Option<bool>,
    /// The number of attempts.
    pub attempts: u32,
    /// The time spent waiting before and between attempts.
    pub queued: Duration,
    /// The time spent in attempts.
    pub with_vendor: Duration,
    /// When its attempts at changing anything began and ended.
    pub attempt_times: AttemptTimes,
}

impl RequestFinished<'_> {
    /// Why it ended as it did: the `reason` of logs and metrics.
    pub fn reason(&self) -> Reason {
        self.problem.map_or(Reason::Ok, |problem| problem.reason)
    }

    /// Whether the change was applied; `None` for a success that sent none.
    pub fn outcome(&self) -> Option<&'static str> {
        match self.problem {
            Some(problem) => Some(problem.outcome.as_str()),
            None => self.update.sent.filter(|_| self.update.is_change()).map(|_| "applied"),
        }
    }
}

impl UpdateSummary<'_> {
    /// Whether it changes anything at the vendor.
    pub fn is_change(&self) -> bool {
        self.operation.is_some_and(AssistantOperation::is_change)
    }

    /// How many fields were applied and how many dropped.
    pub fn counts(&self) -> (usize, usize) {
        self.report.map_or((0, 0), |report| (report.applied.len(), report.dropped.len()))
    }
}

/// A problem, or the end of a request without a response, for log and metrics.
#[derive(Clone, Debug)]
pub struct ProblemSummary {
    /// The label.
    pub reason: Reason,
    /// The code, as in the response; `None` without a response.
    pub code: Option<Code>,
    /// Whose fault it is.
    pub fault: Fault,
    /// Whether the update was applied.
    pub outcome: Outcome,
    /// Details for the log only.
    pub internal: Option<String>,
}

impl ProblemSummary {
    /// The summary of `problem`.
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

/// How an attempt at a vendor ended.
#[derive(Debug, Clone, Copy)]
pub enum AttemptEnded {
    /// With a response of this status.
    Answered(u16),
    /// Without a response.
    Failed(FailureReason),
    /// It was cancelled.
    Abandoned,
}

/// The request that asked for a reload.
#[derive(Debug, Clone, serde::Serialize)]
pub struct ReloadRequest {
    /// Its id.
    pub request_id: String,
    /// The address that it came from.
    pub peer: Option<IpAddr>,
}

/// The names of clients and vendor accounts whose keys or tokens a reload changed.
#[derive(Debug, serde::Serialize)]
pub struct KeyChanges {
    /// The generation in use afterwards.
    pub generation: u64,
    /// Added clients.
    pub clients_added: Vec<String>,
    /// Removed clients.
    pub clients_removed: Vec<String>,
    /// Clients with a changed key or certificate.
    pub clients_key_changed: Vec<String>,
    /// Vendor accounts with a changed token.
    pub vendors_token_changed: Vec<String>,
}

impl KeyChanges {
    /// Whether nothing has changed.
    pub fn are_none(&self) -> bool {
        let Self { clients_added, clients_removed, clients_key_changed, vendors_token_changed, .. } = self;
        [clients_added, clients_removed, clients_key_changed, vendors_token_changed]
            .iter()
            .all(|names| names.is_empty())
    }
}
