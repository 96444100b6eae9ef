//! Whoever wants to know of each attempt of a request, and names the span that it carries to the vendor.

use http::HeaderValue;

use super::{Failure, VendorRequest, VendorResponse};

/// Told of the attempts of one request, one after the other.
pub trait AttemptObserver: Send + Sync {
    /// An attempt begins.
    fn begins(&self);

    /// The `traceparent` of the attempt under way.
    fn traceparent(&self) -> HeaderValue;

    /// The attempt is over; without a result if it was abandoned.
    fn ended(&self, result: Option<&Result<VendorResponse, Failure>>);
}

/// An attempt under way; dropped before its end, it was abandoned.
pub(super) struct ObservedAttempt<'a>(Option<&'a dyn AttemptObserver>);

impl<'a> ObservedAttempt<'a> {
    pub(super) fn begin(outgoing: &'a VendorRequest) -> Self {
        let witness = outgoing.witness.as_deref();
        if let Some(witness) = witness {
            witness.begins();
        }
        Self(witness)
    }

    pub(super) fn end(mut self, result: &Result<VendorResponse, Failure>) {
        if let Some(witness) = self.0.take() {
            witness.ended(Some(result));
        }
    }
}

impl Drop for ObservedAttempt<'_> {
    fn drop(&mut self) {
        if let Some(witness) = self.0.take() {
            witness.ended(None);
        }
    }
}
