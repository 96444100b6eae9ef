//! Stops calling an account that fails, and finds out gently when it has recovered.
//!
//! Below the slots, so that a probe has one; above the retries, so that a request counts once, by how it ended. The
//! retries ask the same circuit: a probe is never repeated, and a breaker that opened in the meantime ends
//! everybody's retries.

use std::sync::Arc;

use super::circuit::{CallOutcome, Circuit};
use crate::upstream::{Call, Failure, VendorRequest, VendorResponse};

/// Lets requests through while the circuit is closed, or as its one probe.
#[derive(Debug)]
pub(crate) struct Breaker<S> {
    inner: S,
    circuit: Arc<Circuit>,
}

impl<S> Breaker<S> {
    pub(crate) fn new(inner: S, circuit: Arc<Circuit>) -> Self {
        Self { inner, circuit }
    }
}

impl<S: Call> Call for Breaker<S> {
    async fn call(&self, outgoing: &VendorRequest) -> Result<VendorResponse, Failure> {
        let admission = self.circuit.admit()?;
        let result = self.inner.call(outgoing).await;
        admission.settle(verdict(&result));
        result
    }
}

/// Anything below 500 shows a vendor that works, 401, 403 and 429 included.
fn verdict(result: &Result<VendorResponse, Failure>) -> CallOutcome {
    match result {
        Ok(answer) if answer.status.is_server_error() => CallOutcome::Failure,
        Ok(_) => CallOutcome::Success,
        Err(failure) if failure.blames_vendor => CallOutcome::Failure,
        Err(_) => CallOutcome::Neutral,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::StatusCode;
    use tokio::time::advance;

    use crate::upstream::breaker::layer::*;
    use crate::upstream::mock_call::{MockCall, answered, failed, ok, put};
    use crate::upstream::{BreakerState, FailureKind};

    async fn call_times<const N: usize>(layer: &Breaker<MockCall>) -> [Result<u16, FailureKind>; N] {
        let mut outcomes = [Ok(0); N];
        for outcome in &mut outcomes {
            let result = layer.call(&put("1")).await;
            *outcome = result.map(|answer| answer.status.as_u16()).map_err(|failure| failure.kind);
        }
        outcomes
    }

    fn over(double: MockCall) -> Breaker<MockCall> {
        Breaker::new(double, Arc::new(Circuit::closed()))
    }

    fn open_for(seconds: u64) -> FailureKind {
        FailureKind::CircuitOpen { retry_after: Duration::from_secs(seconds) }
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_at_the_ratio_but_not_before_enough_requests() {
        let layer = over(MockCall::statuses(&[200, 500, 200, 503, 200]));
        assert_eq!(call_times(&layer).await, [Ok(200), Ok(500), Ok(200)]);
        assert_eq!(layer.circuit.state(), BreakerState::Closed);
        assert_eq!(call_times(&layer).await, [Ok(503), Err(open_for(15))]);
        advance(Duration::from_secs(5)).await;
        assert_eq!(call_times(&layer).await, [Err(open_for(10))]);
        assert_eq!(layer.inner.calls(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn failures_outside_the_window_do_not_count() {
        let layer = over(MockCall::statuses(&[500]));
        for _ in 0..10 {
            let _ = call_times::<3>(&layer).await;
            advance(Duration::from_secs(21)).await;
        }
        assert_eq!(layer.circuit.state(), BreakerState::Closed);
    }

    #[tokio::test(start_paused = true)]
    async fn refusals_of_the_vendor_never_open_it() {
        for status in [400, 401, 402, 403, 404, 409, 422, 429, 302] {
            let layer = over(MockCall::new(move |_, _| async move { answered(status) }));
            let _ = call_times::<50>(&layer).await;
            assert_eq!(layer.circuit.state(), BreakerState::Closed, "{status}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn only_failures_of_the_vendor_open_it() {
        let status = StatusCode::BAD_GATEWAY;
        let short = StatusCode::OK;
        let retry_after = Duration::ZERO;
        for (kind, opens) in [
            (FailureKind::Dns, true),
            (FailureKind::Connect, true),
            (FailureKind::Tls, true),
            (FailureKind::Timeout, true),
            (FailureKind::ConnectionLost, true),
            (FailureKind::BodyTooLong { status }, true),
            (FailureKind::BodyTooLong { status: short }, false),
            (FailureKind::MalformedResponse, false),
            (FailureKind::DeadlineBeforeSend, false),
            (FailureKind::Overloaded { retry_after }, false),
        ] {
            let layer = over(MockCall::new(move |_, _| async move { failed(kind) }));
            let _ = call_times::<10>(&layer).await;
            assert_eq!(!layer.circuit.is_closed(), opens, "{kind:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_probe_at_a_time_and_a_good_one_closes_it() {
        let double = MockCall::new(|_, _| async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            ok()
        });
        let layer = Breaker::new(double, Arc::new(Circuit::open()));
        advance(Duration::from_secs(15)).await;
        let (request, others) = (put("1"), put("2"));
        let (probe, other) = tokio::join!(layer.call(&request), layer.call(&others));
        assert_eq!(other.unwrap_err().kind, open_for(1));
        probe.unwrap();
        assert_eq!((layer.circuit.state(), layer.inner.calls()), (BreakerState::Closed, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_bad_probe_opens_it_again_and_a_dropped_one_leaves_the_next_to_probe() {
        let layer = Breaker::new(
            MockCall::new(|nth, _| async move {
                if nth == 0 {
                    std::future::pending::<()>().await;
                }
                answered(500)
            }),
            Arc::new(Circuit::open()),
        );
        advance(Duration::from_secs(15)).await;
        let dropped = tokio::time::timeout(Duration::from_secs(1), layer.call(&put("1"))).await;
        assert!(dropped.is_err());
        assert_eq!(layer.circuit.state(), BreakerState::Open { next_probe: Duration::ZERO });
        assert_eq!(call_times(&layer).await, [Ok(500), Err(open_for(15))]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_outcome_from_before_the_opening_is_ignored() {
        let circuit = Circuit::closed();
        let old = circuit.admit().unwrap();
        for _ in 0..4 {
            circuit.admit().unwrap().settle(CallOutcome::Failure);
        }
        old.settle(CallOutcome::Success);
        assert!(!circuit.is_closed());
        advance(Duration::from_secs(15)).await;
        circuit.admit().unwrap().settle(CallOutcome::Success);
        assert!(circuit.is_closed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_closed_again_breaker_starts_from_nothing() {
        let circuit = Circuit::closed();
        let old = [(); 10].map(|()| circuit.admit().unwrap());
        for _ in 0..4 {
            circuit.admit().unwrap().settle(CallOutcome::Failure);
        }
        advance(Duration::from_secs(15)).await;
        circuit.admit().unwrap().settle(CallOutcome::Success);
        for admission in old {
            admission.settle(CallOutcome::Failure);
        }
        assert!(circuit.is_closed(), "what began before the opening is of no interest");
        circuit.admit().unwrap().settle(CallOutcome::Failure);
        assert!(circuit.is_closed(), "nor is what the window held");
    }
}
