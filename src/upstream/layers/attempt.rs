//! One attempt and its time: the settings' `timeout`, or what is left until the deadline.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, timeout_at};

use crate::upstream::attempt_observer::ObservedAttempt;
use crate::upstream::counters::Counters;
use crate::upstream::{Call, DeliveryState, Failure, FailureKind, VendorRequest, VendorResponse};

/// Bounds each attempt.
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
    async fn call(&self, outgoing: &VendorRequest) -> Result<VendorResponse, Failure> {
        let began = Instant::now();
        let until = outgoing.deadline.min(began + self.timeout);
        if until <= began {
            return Err(Failure::new(FailureKind::DeadlineBeforeSend, "the deadline passed before the attempt"));
        }
        outgoing.sent.begin_attempt();
        let mut unanswered = Unanswered { sent: &outgoing.sent, answered: false };
        self.counters.attempts.add();
        let witnessed = ObservedAttempt::begin(outgoing);
        let result = match timeout_at(until, self.inner.call(outgoing)).await {
            Ok(result) => result,
            Err(_) => Err(self.out_of_time(outgoing, until - began)),
        };
        witnessed.end(&result);
        unanswered.answered = result.as_ref().is_ok_and(is_trustworthy);
        result
    }
}

/// An attempt under way; without a trustworthy answer it leaves a doubt, dropped before its end, too.
struct Unanswered<'a> {
    sent: &'a DeliveryState,
    answered: bool,
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if !self.answered {
            self.sent.doubt();
        }
    }
}

/// Whether the status says what became of the request. What a success means is for those to judge who read its body.
fn is_trustworthy(answer: &VendorResponse) -> bool {
    answer.status.is_success() || answer.status.is_client_error()
}

impl<S> Attempt<S> {
    /// Without a connection in the attempt's full time the vendor is unreachable; in any other case it was too slow.
    fn out_of_time(&self, outgoing: &VendorRequest, had: Duration) -> Failure {
        let (kind, what) = if had >= self.timeout && !outgoing.sent.in_this_attempt() {
            (FailureKind::Connect, "no connection")
        } else {
            (FailureKind::Timeout, "no complete answer")
        };
        let failure = Failure::new(kind, format!("{what} within {had:?}"));
        Failure { sent: outgoing.sent.get(), blames_vendor: had >= self.fair_chance(outgoing), ..failure }
    }

    /// An attempt cut off by the deadline is held against the vendor only if it had half of the time that it could
    /// have had at most: callers in a hurry, or slow with their own bodies, must not be able to open everybody's
    /// breaker.
    fn fair_chance(&self, outgoing: &VendorRequest) -> Duration {
        self.timeout.min(outgoing.longest) / 2
    }
}

#[cfg(test)]
mod tests {
    use crate::upstream::layers::attempt::*;
    use crate::upstream::mock_call::{MockCall, put};

    #[tokio::test(start_paused = true)]
    async fn nothing_is_sent_after_the_deadline() {
        for sent in [false, true] {
            let double = MockCall::new(|_, _| std::future::pending());
            let layer = Attempt::new(double, Duration::from_secs(10), Arc::default());
            let mut outgoing = put("1");
            outgoing.deadline = Instant::now();
            if sent {
                outgoing.sent.mark();
            }
            assert_eq!(layer.call(&outgoing).await.unwrap_err().kind, FailureKind::DeadlineBeforeSend);
            assert_eq!((layer.inner.calls(), outgoing.sent.in_this_attempt()), (0, sent));
        }
    }

    /// What comes of a vendor that never answers: the failure, and after how long.
    async fn hanging(sent: bool, deadline: Duration) -> (Failure, Duration) {
        let double = MockCall::new(move |_, seen| async move {
            if sent {
                seen.sent.mark();
            }
            std::future::pending().await
        });
        let layer = Attempt::new(double, Duration::from_secs(10), Arc::default());
        let began = Instant::now();
        let mut outgoing = put("1");
        outgoing.deadline = began + deadline;
        (layer.call(&outgoing).await.unwrap_err(), began.elapsed())
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
    async fn a_caller_in_a_hurry_is_not_the_vendors_fault() {
        for (deadline, blamed) in [(50, false), (1500, false), (4999, false), (5000, true), (30_000, true)] {
            let (failure, _) = hanging(true, Duration::from_millis(deadline)).await;
            assert_eq!(failure.blames_vendor, blamed, "{deadline} ms");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_is_not_taken_for_an_earlier_one_that_was_sent() {
        let double = MockCall::new(|_, _| std::future::pending());
        let layer = Attempt::new(double, Duration::from_secs(10), Arc::default());
        let outgoing = put("1");
        outgoing.sent.mark();
        let failure = layer.call(&outgoing).await.unwrap_err();
        assert_eq!((failure.kind, failure.sent), (FailureKind::Connect, true));
    }
}
