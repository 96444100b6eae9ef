//! The deadline over everything.
//!
//! Outermost, because every layer below measures its patience by it. It sets no timer: each place that waits bounds
//! its own wait by [`within`], so a request that never waits arms exactly one timer, the attempt's.

use std::sync::Arc;

use tokio::time::{Instant, timeout_at};

use crate::upstream::counters::Counters;
use crate::upstream::{Call, Failure, FailureKind, VendorRequest, VendorResponse};

/// Refuses requests that come too late, and takes the time of the others.
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
    async fn call(&self, outgoing: &VendorRequest) -> Result<VendorResponse, Failure> {
        let arrived = Instant::now();
        let result =
            if outgoing.deadline <= arrived { Err(missed("on arrival")) } else { self.inner.call(outgoing).await };
        match result {
            Ok(mut answer) => {
                answer.queued = arrived.elapsed().saturating_sub(answer.vendor);
                Ok(answer)
            }
            Err(mut failure) => {
                failure.queued = arrived.elapsed().saturating_sub(failure.vendor);
                self.counters.count_failure(&failure.kind);
                Err(failure)
            }
        }
    }
}

/// Waits for `future` until `deadline`, which finds the request still unsent.
pub(crate) async fn within<F: Future>(deadline: Instant, place: &'static str, future: F) -> Result<F::Output, Failure> {
    timeout_at(deadline, future).await.map_err(|_| missed(place))
}

/// The failure of a request whose deadline passed there.
pub(crate) fn missed(place: &'static str) -> Failure {
    Failure::new(FailureKind::DeadlineBeforeSend, format!("the deadline passed {place}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::upstream::layers::deadline::*;
    use crate::upstream::mock_call::{MockCall, failed, ok, put};

    #[tokio::test(start_paused = true)]
    async fn a_request_past_its_deadline_is_not_passed_on() {
        let layer = Deadline::new(MockCall::new(|_, _| async { ok() }), Arc::default());
        let mut outgoing = put("1");
        outgoing.deadline = Instant::now();
        let failure = layer.call(&outgoing).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::DeadlineBeforeSend);
        assert_eq!((failure.attempts, failure.sent, layer.inner.calls()), (0, false, 0));
        assert_eq!(layer.counters.failures_of(&failure.kind), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn time_not_spent_with_the_vendor_is_reported_as_queued() {
        let layer = Deadline::new(
            MockCall::new(|_, _| async {
                tokio::time::sleep(Duration::from_secs(3)).await;
                ok().map(|answer| VendorResponse { vendor: Duration::from_secs(1), ..answer })
            }),
            Arc::default(),
        );
        let answer = layer.call(&put("1")).await.unwrap();
        assert_eq!(answer.queued, Duration::from_secs(2));
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
