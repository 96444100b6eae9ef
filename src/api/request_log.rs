//! What is noted of a request while it is handled, for logs, audit, metrics and traces.

use std::sync::Arc;
use std::time::Duration;

use vendors::Report;

use crate::problem::Outcome;
use crate::telemetry::event::UpdateNotes;
use crate::telemetry::metrics::AccountMeters;
use crate::upstream::DeliveryState;

/// What was noted of a request; every layer adds what it knows, so that much is there however the request ends.
#[derive(Debug, Default)]
pub struct RequestLog {
    /// The vendor account.
    pub vendor: Option<Arc<str>>,
    /// Where that account's requests are counted.
    pub meters: Option<Arc<AccountMeters>>,
    /// The vendor's id of the assistant.
    pub id: Option<Arc<str>>,
    /// The assistant, as in the path.
    pub assistant: Option<String>,
    /// Whether it is to be shown only what would be sent.
    pub dry_run: bool,
    /// Time in which the caller sent the body.
    pub receiving: Duration,
    /// The length of the body in bytes, decompressed; 0 unless all of it was read.
    pub request_bytes: usize,
    /// What the translation made of each field; `None` for what was never translated, or was refused.
    pub report: Option<Report>,
    /// Whether the vendor may have seen any of it; `None` until it is handed to the account's stack.
    pub sent: Option<DeliveryState>,
    /// How often the vendor was tried.
    pub attempts: u32,
    /// Time not spent with the vendor but waiting for it.
    pub queued: Duration,
    /// Time spent with the vendor.
    pub with_vendor: Duration,
}

impl RequestLog {
    /// Whether the update may have reached the assistant by now, as far as can be told without an answer.
    pub fn outcome_so_far(&self) -> Outcome {
        match &self.sent {
            Some(sent) if sent.is_in_doubt() => Outcome::Unknown,
            _ => Outcome::NotApplied,
        }
    }

    /// What telemetry is told of it.
    pub fn notes(&self) -> UpdateNotes<'_> {
        UpdateNotes {
            assistant: self.assistant.as_deref(),
            vendor: self.vendor.as_deref(),
            vendor_id: self.id.as_deref(),
            dry_run: self.dry_run,
            receiving: self.receiving,
            request_bytes: self.request_bytes,
            report: self.report.as_ref(),
            sent: self.sent.as_ref().map(DeliveryState::get),
            attempts: self.attempts,
            queued: self.queued,
            with_vendor: self.with_vendor,
        }
    }
}
