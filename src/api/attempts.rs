//! Records each attempt at the vendor in the request's trace.

use http::HeaderValue;

use crate::telemetry::VendorCall;
use crate::telemetry::event::AttemptEnded;
use crate::upstream::{AttemptObserver, Failure, VendorResponse};

/// The trace of a request to a vendor.
pub(super) struct Attempts(pub(super) VendorCall);

impl AttemptObserver for Attempts {
    fn begins(&self) {
        self.0.attempt_started();
    }

    fn traceparent(&self) -> HeaderValue {
        self.0.traceparent()
    }

    fn ended(&self, result: Option<&Result<VendorResponse, Failure>>) {
        self.0.attempt_ended(match result {
            Some(Ok(response)) => AttemptEnded::Answered(response.status.as_u16()),
            Some(Err(failure)) => AttemptEnded::Failed(failure.kind.reason()),
            None => AttemptEnded::Abandoned,
        });
    }
}
