//! Per-request fields for access log, audit log, metrics and traces.

use std::sync::Arc;
use std::time::Duration;

use vendors::Report;

use crate::account::Account;
use crate::problem::Outcome;
use crate::store::UpdateId;
use crate::telemetry::event::UpdateSummary;
use crate::telemetry::metrics::AccountMetrics;
use crate::upstream::DeliveryState;
use crate::value::AssistantOperation;

use super::context::Context;

/// The fields so far; each step adds what it knows, so that they are there however the request ends.
#[derive(Debug, Default)]
pub struct RequestLog {
    /// What it does with assistants, once its row of the table is known.
    pub operation: Option<AssistantOperation>,
    /// The vendor account.
    pub vendor: Option<Arc<str>>,
    /// The account's meters.
    pub meters: Option<Arc<AccountMetrics>>,
    /// The vendor's id of the assistant.
    pub id: Option<Arc<str>>,
    /// The assistant, as in the path.
    pub assistant: Option<String>,
    /// Whether this is a dry run.
    pub dry_run: bool,
    /// How long receiving the body took.
    pub receiving: Duration,
    /// The length of the body in bytes, decompressed; 0 unless all of it was read.
    pub request_bytes: usize,
    /// Its record, if there is a store.
    pub record: Option<UpdateId>,
    /// The translation's report; `None` if there was no translation or it failed.
    pub report: Option<Report>,
    /// Whether the vendor may have received it; `None` before it is passed to the account's stack.
    pub delivery: Option<DeliveryState>,
    /// How often the vendor was tried.
    pub attempts: u32,
    /// Time spent in queues.
    pub queued: Duration,
    /// Time spent with the vendor.
    pub with_vendor: Duration,
}

impl RequestLog {
    /// Notes where the request goes.
    pub fn routed(&mut self, context: &Context, account: &Account, id: Option<&Arc<str>>, dry_run: bool) {
        self.vendor = Some(Arc::clone(&account.name));
        self.meters = context.gateway.meters.get(&account.name).cloned();
        self.id = id.map(Arc::clone);
        self.dry_run = dry_run;
    }

    /// The outcome of a request that ends without a response.
    pub fn outcome_so_far(&self) -> Outcome {
        match &self.delivery {
            Some(delivery) if delivery.is_in_doubt() => Outcome::Unknown,
            _ => Outcome::NotApplied,
        }
    }

    /// The fields as telemetry takes them.
    pub fn notes(&self) -> UpdateSummary<'_> {
        UpdateSummary {
            operation: self.operation,
            assistant: self.assistant.as_deref(),
            vendor: self.vendor.as_deref(),
            vendor_id: self.id.as_deref(),
            record: self.record.map(|record| record.0),
            dry_run: self.dry_run,
            receiving: self.receiving,
            request_bytes: self.request_bytes,
            report: self.report.as_ref(),
            sent: self.delivery.as_ref().map(DeliveryState::get),
            attempts: self.attempts,
            queued: self.queued,
            with_vendor: self.with_vendor,
            attempt_times: self.delivery.as_ref().map(DeliveryState::times).unwrap_or_default(),
        }
    }
}
