//! Observes the attempts of a request, for traces.

use http::HeaderValue;

use super::{Failure, VendorRequest, VendorResponse};

/// Is notified of the attempts of one request, one after the other.
pub trait AttemptObserver: Send + Sync {
    /// An attempt starts.
    fn begins(&self);

    /// The `traceparent` of the current attempt.
    fn traceparent(&self) -> HeaderValue;

    /// The attempt has ended, without a result if it was cancelled.
    fn ended(&self, result: Option<&Result<VendorResponse, Failure>>);
}

/// The current attempt; dropping it before its end means that it was cancelled.
pub(super) struct ObservedAttempt<'a>(Option<&'a dyn AttemptObserver>);

impl<'a> ObservedAttempt<'a> {
    pub(super) fn begin(request: &'a VendorRequest) -> Self {
        let observer = request.observer.as_deref();
        if let Some(observer) = observer {
            observer.begins();
        }
        Self(observer)
    }

    pub(super) fn end(mut self, result: &Result<VendorResponse, Failure>) {
        if let Some(observer) = self.0.take() {
            observer.ended(Some(result));
        }
    }
}

impl Drop for ObservedAttempt<'_> {
    fn drop(&mut self) {
        if let Some(observer) = self.0.take() {
            observer.ended(None);
        }
    }
}
