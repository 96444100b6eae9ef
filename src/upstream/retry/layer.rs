//! Retries after connect failures, lost connections, attempts that took too long and transient statuses, within the
//! retry budget and the deadline.
//!
//! If a wait would reach the deadline, the caller
//! gets the last result at once, and also if the deadline or a longer pause comes between the wait and the attempt.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::StatusCode;
use tokio::time::{Instant, sleep};

use super::budget::RetryBudget;
use super::retry_after;
use crate::http::request_id::X_REQUEST_ID;
use crate::upstream::breaker::circuit::Circuit;
use crate::upstream::counters::Counters;
use crate::upstream::layers::retry_after_gate::{Pause, PauseCause, spread};
use crate::upstream::{Call, Failure, FailureKind, RetrySettings, VendorRequest, VendorResponse};

/// The state that the retries share with the other layers.
#[derive(Clone, Debug)]
pub(crate) struct RetryContext {
    pub(crate) budget: Arc<RetryBudget>,
    pub(crate) circuit: Arc<Circuit>,
    pub(crate) pause: Arc<Pause>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) vendor: Arc<str>,
}

/// Repeats attempts within the settings, the budget and the deadline.
#[derive(Debug)]
pub(crate) struct Retry<S> {
    inner: S,
    settings: RetrySettings,
    context: RetryContext,
}

impl<S> Retry<S> {
    pub(crate) fn new(inner: S, settings: RetrySettings, context: RetryContext) -> Self {
        Self { inner, settings, context }
    }

    /// How long to wait before the next attempt; `None` if there is to be none.
    fn wait_after(
        &self,
        result: &Result<VendorResponse, Failure>,
        attempts: u32,
        request: &VendorRequest,
    ) -> Option<Duration> {
        let requested = result.as_ref().ok().and_then(|response| self.apply_retry_after(response));
        if attempts >= self.settings.max_attempts
            || !is_transient(result)
            || (request.sent.get() && !request.method.is_idempotent())
            || !self.context.circuit.is_closed()
        {
            return None;
        }
        let asked = requested.max(self.context.pause.remaining()).unwrap_or_default();
        let left = request.deadline.saturating_duration_since(Instant::now());
        let spare = left.checked_sub(asked)?;
        let jitter = self.jittered(attempts);
        // Requests with the same `Retry-After` must not all come back at once.
        let wait = if asked.is_zero() { jitter } else { asked + jitter.max(spread(asked)).min(spare / 2) };
        if wait >= left {
            return None;
        }
        let withdrawn = self.context.budget.withdraw();
        if !withdrawn {
            self.context.counters.retries_withheld.add();
        }
        withdrawn.then_some(wait)
    }

    /// Waits, also for the end of a pause that has started meanwhile; returns whether another attempt may follow.
    async fn wait(&self, mut wait: Duration, deadline: Instant) -> bool {
        loop {
            sleep(wait).await;
            match self.context.pause.wait(deadline) {
                Ok(None) => return Instant::now() < deadline && self.context.circuit.is_closed(),
                Ok(Some(longer)) => wait = longer,
                Err(_) => return false,
            }
        }
    }

    /// The wait that the vendor asks for; after a 429 or a 503 it pauses the whole account.
    fn apply_retry_after(&self, response: &VendorResponse) -> Option<Duration> {
        if !is_transient_status(response.status) {
            return None;
        }
        let requested = retry_after::requested(response, SystemTime::now())?;
        if let Some(cause) = PauseCause::of(response.status) {
            self.context.pause.extend(requested, cause);
        }
        Some(requested)
    }

    /// The result that no attempt follows, with what is left of the pause.
    fn last(&self, result: Result<VendorResponse, Failure>) -> Result<VendorResponse, Failure> {
        result.map(|response| VendorResponse { paused: self.context.pause.remaining(), ..response })
    }

    /// Full jitter: anything between nothing and the doubled, bounded backoff.
    fn jittered(&self, attempts: u32) -> Duration {
        let doubled = self.settings.backoff.saturating_mul(2u32.saturating_pow(attempts - 1));
        doubled.min(self.settings.max_backoff).mul_f64(fastrand::f64())
    }

    fn log(&self, result: &Result<VendorResponse, Failure>, attempts: u32, wait: Duration, request: &VendorRequest) {
        let request_id = request.headers.get(X_REQUEST_ID).and_then(|id| id.to_str().ok());
        let (vendor, id) = (&*self.context.vendor, request.key.as_deref());
        match result {
            Ok(response) => {
                let status = response.status.as_u16();
                tracing::info!(request_id, vendor, id, attempts, ?wait, status, "trying again");
            }
            Err(failure) => {
                let (kind, source) = (failure.kind.name(), &failure.source);
                tracing::info!(request_id, vendor, id, attempts, ?wait, kind, source, "trying again");
            }
        }
    }
}

impl<S: Call> Call for Retry<S> {
    async fn call(&self, request: &VendorRequest) -> Result<VendorResponse, Failure> {
        self.context.budget.deposit();
        let mut attempts = 0;
        let mut vendor = Duration::ZERO;
        let mut last = None;
        loop {
            attempts += 1;
            let started = Instant::now();
            let result = self.inner.call(request).await;
            vendor += started.elapsed();
            let result = match (result, last) {
                (Err(failure), Some(last)) if failure.kind == FailureKind::DeadlineBeforeSend => {
                    return self.last(last);
                }
                (result, _) => with_totals(result, attempts, vendor, request),
            };
            let Some(wait) = self.wait_after(&result, attempts, request) else { return self.last(result) };
            self.log(&result, attempts, wait, request);
            if !self.wait(wait, request.deadline).await {
                return self.last(result);
            }
            self.context.counters.retries.add();
            last = Some(result);
        }
    }
}

/// The result with the totals of all attempts so far.
fn with_totals(
    result: Result<VendorResponse, Failure>,
    attempts: u32,
    vendor: Duration,
    request: &VendorRequest,
) -> Result<VendorResponse, Failure> {
    match result {
        Ok(response) => {
            if response.status.is_client_error() {
                request.sent.refuse();
            }
            Ok(VendorResponse { attempts, vendor, was_in_doubt: request.sent.was_in_doubt(), ..response })
        }
        Err(failure) => {
            let attempts = attempts - u32::from(failure.kind == FailureKind::DeadlineBeforeSend);
            Err(Failure { attempts, vendor, sent: request.sent.is_in_doubt(), ..failure })
        }
    }
}

fn is_transient(result: &Result<VendorResponse, Failure>) -> bool {
    match result {
        Ok(response) => is_transient_status(response.status),
        Err(failure) => match failure.kind {
            FailureKind::Dns
            | FailureKind::Connect
            | FailureKind::Tls
            | FailureKind::Timeout
            | FailureKind::ConnectionLost
            | FailureKind::ResponseCut { .. } => true,
            FailureKind::BodyTooLong { status } => is_transient_status(status),
            _ => false,
        },
    }
}

/// 520 to 527 and 530 are Cloudflare's words for a vendor behind it that fails.
fn is_transient_status(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502..=504 | 520..=527 | 530)
}

#[cfg(test)]
mod tests {
    use http::Method;

    use crate::upstream::mock_call::{MockCall, answered, failed, ok, put, with_header};
    use crate::upstream::retry::layer::*;

    fn retrying(mock: MockCall) -> Retry<MockCall> {
        let settings =
            RetrySettings { max_attempts: 3, backoff: Duration::from_millis(100), max_backoff: Duration::from_secs(2) };
        let context = RetryContext {
            budget: Arc::new(RetryBudget::new(3)),
            circuit: Arc::new(Circuit::closed()),
            pause: Arc::new(Pause::new()),
            counters: Arc::default(),
            vendor: "v".into(),
        };
        Retry::new(mock, settings, context)
    }

    #[tokio::test(start_paused = true)]
    async fn only_transient_failures_are_retried() {
        for (status, calls) in
            [200, 401, 404, 422, 501, 505, 519, 528, 529, 531].map(|status| (status, 1)).into_iter().chain(
                [408, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 527, 530].map(|status| (status, 3)),
            )
        {
            let layer = retrying(MockCall::new(move |_, _| async move { answered(status) }));
            let response = layer.call(&put("1")).await.unwrap();
            assert_eq!(
                (response.status.as_u16(), response.attempts, layer.inner.calls()),
                (status, calls, calls as usize)
            );
        }
        for (kind, calls) in [
            (FailureKind::Dns, 3),
            (FailureKind::Connect, 3),
            (FailureKind::Tls, 3),
            (FailureKind::ConnectionLost, 3),
            (FailureKind::Timeout, 3),
            (FailureKind::MalformedResponse, 1),
            (FailureKind::BodyTooLong { status: StatusCode::OK }, 1),
            (FailureKind::BodyTooLong { status: StatusCode::BAD_GATEWAY }, 3),
        ] {
            let layer = retrying(MockCall::new(move |_, _| async move { failed(kind) }));
            let failure = layer.call(&put("1")).await.unwrap_err();
            assert_eq!((failure.kind, failure.attempts, layer.inner.calls()), (kind, calls, calls as usize));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn waits_are_jittered_and_bounded() {
        for _ in 0..50 {
            let layer = retrying(MockCall::statuses(&[503, 503, 200]));
            let started = Instant::now();
            let response = layer.call(&put("1")).await.unwrap();
            assert_eq!(response.attempts, 3);
            assert!(started.elapsed() <= Duration::from_millis(100 + 200 + 2), "{:?}", started.elapsed());
            assert_eq!(response.vendor, Duration::ZERO);
        }
        let layer = retrying(MockCall::statuses(&[200]));
        assert!((1..100).all(|attempts| layer.jittered(attempts) <= Duration::from_secs(2)));
    }

    #[tokio::test(start_paused = true)]
    async fn retry_after_is_respected_and_a_429_or_a_503_pauses_the_account() {
        for (status, paused) in [(429, true), (503, true), (502, false)] {
            let layer = retrying(MockCall::new(move |nth, _| async move {
                if nth == 0 { with_header(status, "retry-after", "5") } else { ok() }
            }));
            let pause = Arc::clone(&layer.context.pause);
            let started = Instant::now();
            let request = put("1");
            let (response, while_waiting) = tokio::join!(layer.call(&request), async {
                sleep(Duration::from_secs(1)).await;
                pause.remaining().is_some()
            });
            assert_eq!(response.unwrap().attempts, 2);
            assert_eq!((started.elapsed().as_secs(), while_waiting), (5, paused));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_beyond_the_deadline_is_not_started() {
        let layer = retrying(MockCall::new(|_, _| async { with_header(429, "retry-after", "30") }));
        let started = Instant::now();
        let response = layer.call(&put("1")).await.unwrap();
        assert_eq!((response.status.as_u16(), response.attempts), (429, 1));
        assert_eq!(started.elapsed(), Duration::ZERO);
        assert!(layer.context.pause.remaining().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_result_is_returned_if_the_deadline_passes_before_the_next_attempt() {
        for lost in [false, true] {
            let layer = retrying(MockCall::new(move |nth, seen| async move {
                if nth > 0 {
                    return failed(FailureKind::DeadlineBeforeSend);
                }
                seen.sent.begin_attempt();
                seen.sent.mark();
                sleep(Duration::from_secs(1)).await;
                if lost { failed(FailureKind::ConnectionLost) } else { answered(503) }
            }));
            match layer.call(&put("1")).await {
                Ok(response) => {
                    assert_eq!((response.status.as_u16(), response.attempts, response.was_in_doubt), (503, 1, false));
                    assert_eq!((lost, response.vendor), (false, Duration::from_secs(1)));
                }
                Err(failure) => {
                    assert_eq!((failure.kind, failure.attempts, failure.sent), (FailureKind::ConnectionLost, 1, true));
                    assert_eq!((lost, failure.vendor), (true, Duration::from_secs(1)));
                }
            }
        }
        let layer = retrying(MockCall::new(|_, _| async { failed(FailureKind::DeadlineBeforeSend) }));
        let failure = layer.call(&put("1")).await.unwrap_err();
        assert_eq!((failure.kind, failure.attempts), (FailureKind::DeadlineBeforeSend, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_that_starts_during_the_wait_delays_or_ends_the_retries() {
        for (paused, attempts) in [(10, 2), (60, 1)] {
            let layer = retrying(MockCall::statuses(&[503, 200]));
            let started = Instant::now();
            let request = put("1");
            let (response, ()) = tokio::join!(biased; layer.call(&request), async {
                layer.context.pause.extend(Duration::from_secs(paused), PauseCause::Limited);
            });
            let (response, took) = (response.unwrap(), started.elapsed().as_secs());
            assert_eq!((response.attempts, took >= 10), (attempts, attempts == 2));
            assert_eq!(layer.context.counters.retries.get(), u64::from(attempts - 1));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn requests_with_the_same_retry_after_are_spread() {
        let mut waits = std::collections::HashSet::new();
        for _ in 0..50 {
            let layer = retrying(MockCall::new(|_, _| async { ok() }));
            let wait = layer.wait_after(&with_header(429, "retry-after", "20"), 1, &put("1")).unwrap();
            assert!((20.0..=21.0).contains(&wait.as_secs_f64()), "{wait:?}");
            waits.insert(wait);
        }
        assert!(waits.len() > 40, "{}", waits.len());
        let layer = retrying(MockCall::new(|_, _| async { ok() }));
        let mut hurried = put("1");
        hurried.deadline = Instant::now() + Duration::from_millis(20_010);
        let wait = layer.wait_after(&with_header(429, "retry-after", "20"), 1, &hurried).unwrap();
        assert!((20_000..=20_005).contains(&wait.as_millis()), "{wait:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_no_proof_for_the_attempts_before_it() {
        for (first, doubt) in [(503, true), (429, false)] {
            let layer = retrying(MockCall::new(move |nth, seen| async move {
                seen.sent.begin_attempt();
                seen.sent.mark();
                answered(if nth == 0 { first } else { 429 })
            }));
            let response = layer.call(&put("1")).await.unwrap();
            assert_eq!((response.status.as_u16(), response.attempts, response.was_in_doubt), (429, 3, doubt));
        }
        let layer = retrying(MockCall::new(|nth, seen| async move {
            seen.sent.begin_attempt();
            if nth > 0 {
                return failed(FailureKind::Connect);
            }
            seen.sent.mark();
            answered(429)
        }));
        let failure = layer.call(&put("1")).await.unwrap_err();
        assert_eq!((failure.attempts, failure.sent), (3, false));
    }

    #[tokio::test(start_paused = true)]
    async fn the_budget_bounds_the_retries() {
        let layer = retrying(MockCall::statuses(&[500]));
        for _ in 0..200 {
            layer.call(&put("1")).await.unwrap();
        }
        let retries = layer.inner.calls() - 200;
        assert!(retries <= 40 + 2 * 2, "{retries}");
        assert_eq!(layer.context.counters.retries.get(), retries as u64);
    }

    #[tokio::test(start_paused = true)]
    async fn an_open_breaker_ends_the_retries() {
        let mut layer = retrying(MockCall::statuses(&[500]));
        layer.context.circuit = Arc::new(Circuit::open());
        assert_eq!(layer.call(&put("1")).await.unwrap().attempts, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_is_not_idempotent_is_retried_only_if_it_was_not_sent() {
        for (sent, attempts) in [(true, 1), (false, 3)] {
            let layer = retrying(MockCall::new(move |_, seen| async move {
                if sent {
                    seen.sent.mark();
                }
                failed(FailureKind::Connect)
            }));
            let mut request = put("1");
            request.method = Method::POST;
            let failure = layer.call(&request).await.unwrap_err();
            assert_eq!((failure.attempts, failure.sent), (attempts, sent));
        }
    }
}
