//! A change that does not depend on its caller's connection.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use vendors::Handling;

use crate::account::Account;
use crate::api::context::Context;
use crate::api::exchange::{Change, Copied, Exchange, TurnSlot};
use crate::api::request::options::RequestOptions;
use crate::api::request_log::RequestLog;
use crate::problem::{Outcome, Problem};
use crate::store::{FieldName, Mode, Record, State, Timestamp, UpdateId};
use crate::telemetry::event::ChangeFinished;

/// An exchange that owns what it needs.
pub(super) struct Job {
    pub(super) context: Context,
    pub(super) change: Change,
    pub(super) assistant: String,
    pub(super) account: Arc<Account>,
    pub(super) id: Option<Arc<str>>,
    pub(super) handling: Handling,
    pub(super) options: RequestOptions,
    copied: Option<Arc<Copied>>,
}

impl Job {
    pub(super) fn of(exchange: &Exchange<'_>) -> Self {
        Self {
            context: exchange.context.clone(),
            change: exchange.change,
            assistant: exchange.assistant.to_owned(),
            account: Arc::clone(exchange.account),
            id: exchange.id.cloned(),
            handling: exchange.handling,
            options: exchange.options.clone(),
            copied: exchange.copied.cloned(),
        }
    }

    /// A change that was stored before.
    pub(super) fn restored(
        context: Context,
        change: Change,
        record: &Record,
        account: Arc<Account>,
        handling: Handling,
        options: RequestOptions,
    ) -> Self {
        let id = record.vendor_id.as_deref().map(Arc::from);
        let assistant = record.assistant.clone();
        Self { context, change, assistant, account, id, handling, options, copied: None }
    }

    pub(super) fn exchange<'a>(&'a self, slot: Option<&'a TurnSlot>) -> Exchange<'a> {
        Exchange {
            context: &self.context,
            change: self.change,
            assistant: &self.assistant,
            account: &self.account,
            id: self.id.as_ref(),
            handling: self.handling,
            options: &self.options,
            copied: self.copied.as_ref(),
            key: None,
            slot,
        }
    }

    /// Its record, before anything is sent.
    pub(super) fn record(&self, mode: Mode, number: u64, fields: Vec<FieldName>, expires_at: Timestamp) -> Record {
        let (context, now) = (&self.context, Timestamp::now());
        let scope = context.gateway.scope_of(&self.account.name).filter(|_| self.id.is_some());
        Record {
            id: UpdateId::generate(),
            number,
            request_id: context.request_id.as_str().to_owned(),
            state: State::Queued,
            mode,
            operation: self.exchange(None).operation(),
            assistant: self.assistant.clone(),
            vendor: self.account.name.to_string(),
            vendor_id: self.id.as_deref().map(str::to_owned),
            scope: scope.map(ToString::to_string),
            client: context.client_name().map(str::to_owned),
            fields,
            attempts: 0,
            created_at: now,
            updated_at: now,
            next_attempt_at: None,
            expires_at,
            doubted_at: None,
            sent_with: Vec::new(),
            replay_of: None,
            answer: None,
            problem: None,
            ahead: None,
            holds: false,
        }
    }

    /// The result with everything that the response says.
    pub(super) fn finished(
        &self,
        result: Result<Response<Full<Bytes>>, Problem>,
    ) -> Result<Response<Full<Bytes>>, Problem> {
        self.exchange(None).presented(result).map_err(|mut problem| {
            problem.base.clone_from(&self.context.gateway.public_url);
            if problem.vendor.is_none() {
                problem.vendor = Some(self.account.name.to_string());
            }
            problem
        })
    }

    /// Reports the end of a change that no caller waits for.
    pub(super) fn report(&self, update: Option<UpdateId>, result: Result<u32, &Problem>) {
        self.context.telemetry.change_finished(&ChangeFinished {
            operation: self.exchange(None).operation(),
            request_id: self.context.request_id.as_str(),
            update: update.map(|update| update.0),
            vendor: &self.account.name,
            vendor_id: self.id.as_deref(),
            result,
        });
    }
}

/// The canonical fields that a request sends.
pub(super) fn fields(request: &vendors::Request) -> Vec<FieldName> {
    request.report.applied.iter().map(|field| FieldName::Borrowed(field.name())).collect()
}

/// When the last attempt ended that may have been applied and got no trustworthy response.
pub(super) fn doubted_at(log: &RequestLog) -> Option<Timestamp> {
    let doubted = log.delivery.as_ref()?.doubted_at()?;
    Some(Timestamp::now().before(doubted.elapsed()))
}

/// The final state of a synchronous change.
pub(super) fn state_of(result: Result<(), &Problem>, attempts: u32) -> State {
    use crate::problem::{Code, FailureReason, Reason};
    let Err(problem) = result else { return State::Applied };
    let waited =
        matches!(problem.cause, Some(Reason::Vendor(FailureReason::DeadlineBeforeSend | FailureReason::Settling)));
    match problem.outcome {
        Outcome::Unknown => State::Unknown,
        Outcome::NotApplied if problem.code == Code::VendorTimeout && waited && attempts == 0 => State::Expired,
        Outcome::NotApplied | Outcome::Partial if is_refusal(problem) => State::Refused,
        // What was applied stays, and what was not may be sent again.
        Outcome::Partial => State::Unknown,
        Outcome::NotApplied => State::Failed,
    }
}

/// Whether a change was refused for good: by the vendor, or because its condition does not hold.
pub(super) fn is_refusal(problem: &Problem) -> bool {
    problem.outcome != Outcome::Unknown && problem.code.kind().fault == crate::problem::Fault::Caller
}
