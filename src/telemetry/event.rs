//! What telemetry is told: plain data, which knows nothing of where it comes from.

use std::time::Duration;

use http::Method;
use tokio::time::Instant;
use vendors::Report;

use crate::problem::{Code, FailureReason, Fault, Outcome, Problem, Reason};

use super::Recording;
use super::metrics::AccountMeters;

/// A request is over, however it ended: the one description of it that feeds logs, audit, metrics and traces.
#[derive(Debug)]
pub struct RequestFinished<'a> {
    /// Its id.
    pub request_id: &'a str,
    /// Its path.
    pub path: &'a str,
    /// When it arrived.
    pub arrived: Instant,
    /// Who sent it, if that is known.
    pub client: Option<&'a str>,
    /// Where its spans go, if it is traced.
    pub recording: Option<&'a Recording>,
    /// The method.
    pub method: &'a Method,
    /// The path with its parameters unfilled; `none` where there is nothing.
    pub route: &'static str,
    /// The status that was answered; 499 if the caller had left, 500 after a panic.
    pub status: u16,
    /// What stood against it; `None` if all went well.
    pub problem: Option<&'a ProblemSummary>,
    /// Time from its arrival to its end.
    pub total: Duration,
    /// The length of the answer's body in bytes.
    pub answer_bytes: u64,
    /// Where requests to its vendor account are counted; `None` if none was involved.
    pub meters: Option<&'a AccountMeters>,
    /// The update; empty for all other requests, and as far as it came.
    pub update: UpdateNotes<'a>,
}

/// What is known of an update when its request is over.
#[derive(Debug, Default)]
pub struct UpdateNotes<'a> {
    /// The assistant, as in the path.
    pub assistant: Option<&'a str>,
    /// The vendor account.
    pub vendor: Option<&'a str>,
    /// The vendor's id of the assistant.
    pub vendor_id: Option<&'a str>,
    /// Whether it is to be shown only what would be sent.
    pub dry_run: bool,
    /// Time in which the caller sent the body.
    pub receiving: Duration,
    /// The length of the body in bytes, decompressed; 0 unless all of it was read.
    pub request_bytes: usize,
    /// What the translation made of each field; `None` for what was never translated, or was refused.
    pub report: Option<&'a Report>,
    /// Whether the vendor may have seen any of it; `None` unless it was handed to the account's stack.
    pub sent: Option<bool>,
    /// How often the vendor was tried.
    pub attempts: u32,
    /// Time not spent with the vendor but waiting for it.
    pub queued: Duration,
    /// Time spent with the vendor.
    pub with_vendor: Duration,
}

impl RequestFinished<'_> {
    /// Why it ended as it did: the label for logs and metrics.
    pub fn reason(&self) -> Reason {
        self.problem.map_or(Reason::Ok, |problem| problem.reason)
    }

    /// Whether the update reached the assistant; `None` for what went well and was no update to send.
    pub fn outcome(&self) -> Option<&'static str> {
        match self.problem {
            Some(problem) => Some(problem.outcome.as_str()),
            None => self.update.sent.map(|_| "applied"),
        }
    }
}

impl UpdateNotes<'_> {
    /// How many fields were translated and how many dropped.
    pub fn counts(&self) -> (usize, usize) {
        self.report.map_or((0, 0), |report| (report.applied.len(), report.dropped.len()))
    }
}

/// What telemetry reports of a problem, or of a request that ended without a response.
#[derive(Debug)]
pub struct ProblemSummary {
    /// The label.
    pub reason: Reason,
    /// The code, as in the response; `None` if there was no response.
    pub code: Option<Code>,
    /// Whose fault it is.
    pub fault: Fault,
    /// Whether the update reached the assistant.
    pub outcome: Outcome,
    /// What happened, for the log only.
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
    /// With an answer of this status.
    Answered(u16),
    /// Without one.
    Failed(FailureReason),
    /// It was given up.
    Abandoned,
}

/// A configuration was applied or refused.
#[derive(Debug)]
pub struct ConfigReloaded<'a> {
    /// What asked for it.
    pub trigger: &'a str,
    /// The generation in force afterwards.
    pub generation: u64,
    /// Why it was refused; `None` if it was applied.
    pub problems: Option<&'a str>,
    /// Which keys it changed.
    pub keys: Option<KeyChanges>,
}

/// Who may call, and as whom vendors are called, has changed with a reload; by names.
#[derive(Debug, serde::Serialize)]
pub struct KeyChanges {
    /// The generation in force afterwards.
    pub generation: u64,
    /// New clients.
    pub clients_added: Vec<String>,
    /// Clients that are no more.
    pub clients_removed: Vec<String>,
    /// Clients with other keys or certificates.
    pub clients_key_changed: Vec<String>,
    /// Vendor accounts with another token.
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
