//! Circuit breaker: opens at a ratio of failures, and closes after one successful probe.
//!
//! The retries check the same breaker: a probe is never retried, and a breaker that opens ends all retries.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::circuit::{CallOutcome, Circuit};
use crate::upstream::layers::deadline::within;
use crate::upstream::{Call, Failure, FailureKind, VendorRequest, VendorResponse};

/// Lets requests pass while the breaker is closed, or one as the probe.
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
    async fn call(&self, request: &VendorRequest) -> Result<VendorResponse, Failure> {
        let mut admission = self.circuit.admit(key(request))?;
        if self.circuit.is_shared() {
            let asked = admission.among_replicas();
            admission = within(request.deadline, "asking for the probe among replicas", asked).await??;
        }
        let result = self.inner.call(request).await;
        admission.settle(outcome(&result));
        result
    }
}

/// The assistant as a number. Requests without one (creations, lists, catalogs) count as one assistant of their own.
fn key(request: &VendorRequest) -> u64 {
    let mut hasher = DefaultHasher::new();
    request.key.hash(&mut hasher);
    hasher.finish()
}

/// Every status below 500 shows that the vendor works, including 401, 403 and 429.
fn outcome(result: &Result<VendorResponse, Failure>) -> CallOutcome {
    match result {
        Ok(response) if response.status.is_server_error() => CallOutcome::ErrorStatus,
        Ok(_) => CallOutcome::Success,
        Err(Failure { kind: FailureKind::BodyTooLong { status }, .. }) if status.is_server_error() => {
            CallOutcome::ErrorStatus
        }
        Err(failure) if failure.blames_vendor => CallOutcome::Failure,
        Err(_) => CallOutcome::Neutral,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::{Method, StatusCode};
    use tokio::time::advance;

    use crate::upstream::BreakerState;
    use crate::upstream::breaker::layer::*;
    use crate::upstream::mock_call::{MockCall, SilentReplicas, answered, failed, ok, put};
    use crate::value::ProbeEnd;

    /// The results of calls for two assistants by turns.
    async fn call_times<const N: usize>(layer: &Breaker<MockCall>) -> [Result<u16, FailureKind>; N] {
        let mut outcomes = [Ok(0); N];
        for (index, outcome) in outcomes.iter_mut().enumerate() {
            let result = layer.call(&put(["1", "2"][index % 2])).await;
            *outcome = result.map(|response| response.status.as_u16()).map_err(|failure| failure.kind);
        }
        outcomes
    }

    fn over(mock: MockCall) -> Breaker<MockCall> {
        Breaker::new(mock, Arc::new(Circuit::closed()))
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
    async fn client_errors_never_open_it() {
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

    /// Whether the breaker is open after each of these outcomes of an assistant was met so many times, in turns.
    fn opens_after(outcomes: &[(&str, CallOutcome, usize)]) -> bool {
        let circuit = Circuit::closed();
        let longest = outcomes.iter().map(|(_, _, times)| *times).max().unwrap();
        for turn in 0..longest {
            for (assistant, outcome, _) in outcomes.iter().filter(|(_, _, times)| turn < *times) {
                if let Ok(admission) = circuit.admit(key(&put(assistant))) {
                    admission.settle(*outcome);
                }
            }
        }
        !circuit.is_closed()
    }

    #[tokio::test(start_paused = true)]
    async fn error_statuses_of_one_assistant_do_not_open_it_for_the_others() {
        use CallOutcome::{ErrorStatus, Failure, Success};
        for (outcomes, opens) in [
            (&[("bad", ErrorStatus, 500), ("good", Success, 1)][..], false),
            (&[("bad", ErrorStatus, 500), ("good", Success, 1), ("good", Failure, 1)], false),
            (&[("bad", ErrorStatus, 3), ("other", ErrorStatus, 1)], true),
            (&[("bad", ErrorStatus, 2), ("other", ErrorStatus, 1)], false),
            (&[("bad", ErrorStatus, 2), ("other", ErrorStatus, 2), ("good", Success, 4)], true),
            (&[("bad", ErrorStatus, 1), ("other", ErrorStatus, 1), ("good", Success, 4)], false),
            // An account with one assistant has nothing to compare with.
            (&[("only", ErrorStatus, 7)], false),
            (&[("only", ErrorStatus, 8)], true),
            // Without a response it is not about the assistant.
            (&[("only", Failure, 4)], true),
            (&[("bad", ErrorStatus, 20), ("good", Failure, 4)], true),
            (&[("bad", ErrorStatus, 20), ("good", Failure, 1)], false),
        ] {
            assert_eq!(opens_after(outcomes), opens, "{outcomes:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn requests_without_an_assistant_count_as_one_of_their_own() {
        let layer = over(MockCall::statuses(&[500]));
        for _ in 0..2 {
            let _ = layer.call(&put("1")).await;
            let mut catalog = put("1");
            catalog.key = None;
            let _ = layer.call(&catalog).await;
        }
        assert!(!layer.circuit.is_closed());
    }

    #[tokio::test(start_paused = true)]
    async fn creations_lists_and_catalogs_count_as_the_same_one() {
        let layer = over(MockCall::statuses(&[500]));
        for (nth, method) in [Method::POST, Method::GET].into_iter().cycle().take(8).enumerate() {
            assert!(layer.circuit.is_closed(), "{nth} of at least eight");
            let mut without_assistant = put("1");
            (without_assistant.key, without_assistant.method) = (None, method);
            let _ = layer.call(&without_assistant).await;
        }
        assert!(!layer.circuit.is_closed(), "an account with one assistant has nothing to compare with");
    }

    #[tokio::test(start_paused = true)]
    async fn there_is_one_probe_at_a_time_and_a_successful_one_closes_it() {
        let mock = MockCall::new(|_, _| async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            ok()
        });
        let layer = Breaker::new(mock, Arc::new(Circuit::open()));
        advance(Duration::from_secs(15)).await;
        let (request, others) = (put("1"), put("2"));
        let (probe, other) = tokio::join!(layer.call(&request), layer.call(&others));
        assert_eq!(other.unwrap_err().kind, open_for(1));
        probe.unwrap();
        assert_eq!((layer.circuit.state(), layer.inner.calls()), (BreakerState::Closed, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_probe_opens_it_again_and_after_a_cancelled_one_the_next_request_is_the_probe() {
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
        let old = circuit.admit(1).unwrap();
        for _ in 0..4 {
            circuit.admit(1).unwrap().settle(CallOutcome::Failure);
        }
        old.settle(CallOutcome::Success);
        assert!(!circuit.is_closed());
        advance(Duration::from_secs(15)).await;
        circuit.admit(1).unwrap().settle(CallOutcome::Success);
        assert!(circuit.is_closed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_breaker_that_closes_again_starts_with_an_empty_window() {
        let circuit = Circuit::closed();
        let old = [(); 10].map(|()| circuit.admit(1).unwrap());
        for _ in 0..4 {
            circuit.admit(1).unwrap().settle(CallOutcome::Failure);
        }
        advance(Duration::from_secs(15)).await;
        circuit.admit(1).unwrap().settle(CallOutcome::Success);
        for admission in old {
            admission.settle(CallOutcome::Failure);
        }
        assert!(circuit.is_closed(), "outcomes of requests from before the opening do not count");
        circuit.admit(1).unwrap().settle(CallOutcome::Failure);
        assert!(circuit.is_closed(), "nor is what the window held");
    }

    #[tokio::test(start_paused = true)]
    async fn asking_other_replicas_for_the_probe_ends_with_the_deadline_and_leaves_the_probe_to_the_next_request() {
        let replicas = Arc::new(SilentReplicas::default());
        let layer = Breaker::new(
            MockCall::new(|_, _| async { ok() }),
            Arc::new(Circuit::open().sharing(Some(Arc::clone(&replicas) as _))),
        );
        advance(Duration::from_secs(15)).await;
        let request = put("1");
        let called = tokio::time::timeout(Duration::from_secs(60), layer.call(&request)).await;
        let failure = called.expect("it ends").unwrap_err();
        assert_eq!((failure.kind, failure.sent), (FailureKind::DeadlineBeforeSend, false));
        assert_eq!((tokio::time::Instant::now(), layer.inner.calls()), (request.deadline, 0));
        assert_eq!(layer.circuit.state(), BreakerState::Open { next_probe: Duration::ZERO });
        assert_eq!(*replicas.probes.lock().unwrap(), [ProbeEnd::Undecided]);
    }
}
