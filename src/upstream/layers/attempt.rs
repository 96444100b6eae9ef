//! Bounds each attempt by the account's `timeout` and by the deadline.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::http::attempt_times::AttemptEnd;
use crate::upstream::attempt_observer::ObservedAttempt;
use crate::upstream::counters::Counters;
use crate::upstream::{Call, DeliveryState, Failure, FailureKind, VendorRequest, VendorResponse};

/// The timeout around the network.
#[derive(Debug)]
pub(crate) struct Attempt<S> {
    inner: S,
    timeout: Duration,
    counters: Arc<Counters>,
}

impl<S> Attempt<S> {
    pub(crate) fn new(inner: S, timeout: Duration, counters: Arc<Counters>) -> Self {
        Self { inner, timeout, counters }
    }
}

impl<S: Call> Call for Attempt<S> {
    async fn call(&self, request: &VendorRequest) -> Result<VendorResponse, Failure> {
        let started = Instant::now();
        let until = request.deadline.min(started + self.timeout);
        if until <= started {
            return Err(Failure::new(FailureKind::DeadlineBeforeSend, "the deadline passed before the attempt"));
        }
        request.sent.start_attempt();
        request.sent.attempt_started(started);
        let mut pending =
            PendingAttempt { sent: &request.sent, started, trustworthy: false, end: AttemptEnd::Abandoned };
        self.counters.attempts.add();
        let observed = ObservedAttempt::begin(request);
        let called = {
            let call = pin!(self.inner.call(request)); // in its place: each move would copy 1.5 KB
            timeout_at(until, call).await
        };
        let result = called.unwrap_or_else(|_| Err(self.timed_out(request, until - started)));
        observed.end(&result);
        pending.trustworthy = result.as_ref().is_ok_and(is_trustworthy);
        pending.end = match &result {
            Ok(response) => AttemptEnd::Answered(response.status.as_u16()),
            Err(failure) => AttemptEnd::Failed(failure.kind.reason().name()),
        };
        result
    }
}

/// An attempt under way. If it is cancelled or gets no trustworthy response, its outcome is unknown.
struct PendingAttempt<'a> {
    sent: &'a DeliveryState,
    started: Instant,
    trustworthy: bool,
    end: AttemptEnd,
}

impl Drop for PendingAttempt<'_> {
    fn drop(&mut self) {
        self.sent.time_ends(self.started, self.end);
        if !self.trustworthy {
            self.sent.doubt();
        }
    }
}

/// Whether the status says what became of the request. A success is validated later, by its body.
fn is_trustworthy(response: &VendorResponse) -> bool {
    response.status.is_success() || response.status.is_client_error()
}

impl<S> Attempt<S> {
    /// Without a connection within the account's full timeout the vendor is unreachable; in any other case it is too slow.
    fn timed_out(&self, request: &VendorRequest, had: Duration) -> Failure {
        let (kind, what) = if had >= self.timeout && !request.sent.in_this_attempt() {
            (FailureKind::Connect, "no connection")
        } else {
            (FailureKind::Timeout, "no complete response")
        };
        let failure = Failure::new(kind, format!("{what} within {had:?}"));
        Failure { sent: request.sent.get(), blames_vendor: had >= self.min_time_to_blame(request), ..failure }
    }

    /// An attempt that the deadline ends counts as the vendor's failure only if it had half of the time that is possible.
    /// Otherwise callers with short deadlines, or slow bodies, could open the breaker for all.
    fn min_time_to_blame(&self, request: &VendorRequest) -> Duration {
        self.timeout.min(request.longest) / 2
    }
}

#[cfg(test)]
mod tests {
    use crate::upstream::layers::attempt::*;
    use crate::upstream::mock_call::{MockCall, put};

    #[tokio::test(start_paused = true)]
    async fn nothing_is_sent_after_the_deadline() {
        for sent in [false, true] {
            let mock = MockCall::new(|_, _| std::future::pending());
            let layer = Attempt::new(mock, Duration::from_secs(10), Arc::default());
            let mut request = put("1");
            request.deadline = Instant::now();
            if sent {
                request.sent.mark();
            }
            assert_eq!(layer.call(&request).await.unwrap_err().kind, FailureKind::DeadlineBeforeSend);
            assert_eq!((layer.inner.calls(), request.sent.in_this_attempt()), (0, sent));
        }
    }

    /// What comes of a vendor that never answers: the failure, and after how long.
    async fn hanging(sent: bool, deadline: Duration) -> (Failure, Duration) {
        let mock = MockCall::new(move |_, seen| async move {
            if sent {
                seen.sent.mark();
            }
            std::future::pending().await
        });
        let layer = Attempt::new(mock, Duration::from_secs(10), Arc::default());
        let started = Instant::now();
        let mut request = put("1");
        request.deadline = started + deadline;
        (layer.call(&request).await.unwrap_err(), started.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_ends_with_its_time_or_the_deadline() {
        let (failure, took) = hanging(true, Duration::from_secs(30)).await;
        assert_eq!((failure.kind, failure.sent, took.as_secs()), (FailureKind::Timeout, true, 10));
        let (failure, took) = hanging(true, Duration::from_secs(3)).await;
        assert_eq!((failure.kind, failure.sent, took.as_secs()), (FailureKind::Timeout, true, 3));
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_that_got_no_connection_was_not_sent() {
        let (failure, _) = hanging(false, Duration::from_secs(30)).await;
        assert_eq!((failure.kind, failure.sent), (FailureKind::Connect, false));
        let (failure, _) = hanging(false, Duration::from_secs(3)).await;
        assert_eq!((failure.kind, failure.sent), (FailureKind::Timeout, false));
    }

    #[tokio::test(start_paused = true)]
    async fn a_short_deadline_is_not_the_vendors_fault() {
        for (deadline, blamed) in [(50, false), (1500, false), (4999, false), (5000, true), (30_000, true)] {
            let (failure, _) = hanging(true, Duration::from_millis(deadline)).await;
            assert_eq!(failure.blames_vendor, blamed, "{deadline} ms");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_without_a_connection_after_one_that_was_sent_is_a_connect_failure() {
        let mock = MockCall::new(|_, _| std::future::pending());
        let layer = Attempt::new(mock, Duration::from_secs(10), Arc::default());
        let request = put("1");
        request.sent.mark();
        let failure = layer.call(&request).await.unwrap_err();
        assert_eq!((failure.kind, failure.sent), (FailureKind::Connect, true));
    }
}
