//! The deadline of the whole request, which every layer below uses for its own waits.
//!
//! It sets no timer: each wait is bounded by [`within`], so a request that never waits sets one timer, the attempt's.

use std::sync::Arc;

use tokio::time::{Instant, timeout_at};

use crate::upstream::counters::Counters;
use crate::upstream::{Call, Failure, FailureKind, VendorRequest, VendorResponse};

/// Refuses requests whose deadline has passed, and measures how long the others wait.
#[derive(Debug)]
pub(crate) struct Deadline<S> {
    inner: S,
    counters: Arc<Counters>,
}

impl<S> Deadline<S> {
    pub(crate) fn new(inner: S, counters: Arc<Counters>) -> Self {
        Self { inner, counters }
    }
}

impl<S: Call> Call for Deadline<S> {
    async fn call(&self, request: &VendorRequest) -> Result<VendorResponse, Failure> {
        let arrived = Instant::now();
        let result =
            if request.deadline <= arrived { Err(missed("on arrival")) } else { self.inner.call(request).await };
        match result {
            Ok(mut response) => {
                response.queued = arrived.elapsed().saturating_sub(response.vendor);
                Ok(response)
            }
            Err(mut failure) => {
                // Attempts of earlier requests for the same purpose count where there was none in this one.
                failure.attempts = failure.attempts.max(request.earlier_attempts);
                failure.sent |= request.sent.is_in_doubt();
                failure.queued = arrived.elapsed().saturating_sub(failure.vendor);
                self.counters.count_failure(&failure.kind);
                Err(failure)
            }
        }
    }
}

/// Waits for `future` until `deadline`, while the request is unsent.
pub(crate) async fn within<F: Future>(
    deadline: Instant,
    while_doing: &'static str,
    future: F,
) -> Result<F::Output, Failure> {
    timeout_at(deadline, future).await.map_err(|_| missed(while_doing))
}

/// The failure of an unsent request whose deadline has passed.
pub(crate) fn missed(while_doing: &'static str) -> Failure {
    Failure::new(FailureKind::DeadlineBeforeSend, format!("the deadline passed {while_doing}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::upstream::layers::deadline::*;
    use crate::upstream::mock_call::{MockCall, failed, ok, put};

    #[tokio::test(start_paused = true)]
    async fn a_request_past_its_deadline_is_not_passed_on() {
        let layer = Deadline::new(MockCall::new(|_, _| async { ok() }), Arc::default());
        let mut request = put("1");
        request.deadline = Instant::now();
        let failure = layer.call(&request).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::DeadlineBeforeSend);
        assert_eq!((failure.attempts, failure.sent, layer.inner.calls()), (0, false, 0));
        assert_eq!(layer.counters.failures_of(&failure.kind), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn time_not_spent_with_the_vendor_is_reported_as_queued() {
        let layer = Deadline::new(
            MockCall::new(|_, _| async {
                tokio::time::sleep(Duration::from_secs(3)).await;
                ok().map(|response| VendorResponse { vendor: Duration::from_secs(1), ..response })
            }),
            Arc::default(),
        );
        let response = layer.call(&put("1")).await.unwrap();
        assert_eq!(response.queued, Duration::from_secs(2));
        let layer = Deadline::new(
            MockCall::new(|_, _| async {
                tokio::time::sleep(Duration::from_secs(3)).await;
                failed(FailureKind::Connect).map_err(|failure| Failure { vendor: Duration::from_secs(1), ..failure })
            }),
            Arc::default(),
        );
        let failure = layer.call(&put("1")).await.unwrap_err();
        assert_eq!(failure.queued, Duration::from_secs(2));
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_ends_with_the_deadline() {
        let deadline = Instant::now() + Duration::from_secs(1);
        let failure = within(deadline, "here", std::future::pending::<()>()).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::DeadlineBeforeSend);
        assert_eq!(Instant::now(), deadline);
    }
}
