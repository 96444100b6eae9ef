//! Tries again what is worth trying again.
//!
//! Below the breaker (a request counts once) and above the attempt's timeout (each attempt has its own time).
//! Repeated are connect failures, lost connections, 429, 500, 502, 503 and 504; attempts that timed out are not,
//! since they have used up the caller's patience once. A wait that would reach the deadline is not begun: the caller
//! gets what there is, now. What there is also stands if the deadline or a longer pause comes between the wait and
//! the attempt.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use http::StatusCode;
use tokio::time::{Instant, sleep};

use super::budget::RetryBudget;
use super::retry_after;
use crate::http::request_id::X_REQUEST_ID;
use crate::upstream::breaker::circuit::Circuit;
use crate::upstream::counters::Counters;
use crate::upstream::layers::retry_after_gate::{Pause, spread};
use crate::upstream::{Call, Failure, FailureKind, RetrySettings, VendorRequest, VendorResponse};

/// What the retries share with the rest of the stack.
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
    ties: RetryContext,
}

impl<S> Retry<S> {
    pub(crate) fn new(inner: S, settings: RetrySettings, ties: RetryContext) -> Self {
        Self { inner, settings, ties }
    }

    /// How long to wait before the next attempt; `None` if there is to be none.
    fn wait_after(
        &self,
        result: &Result<VendorResponse, Failure>,
        attempts: u32,
        outgoing: &VendorRequest,
    ) -> Option<Duration> {
        let requested = result.as_ref().ok().and_then(|answer| self.heed(answer));
        if attempts >= self.settings.max_attempts
            || !is_transient(result)
            || (outgoing.sent.get() && !outgoing.method.is_idempotent())
            || !self.ties.circuit.is_closed()
        {
            return None;
        }
        let asked = requested.max(self.ties.pause.remaining()).unwrap_or_default();
        let left = outgoing.deadline.saturating_duration_since(Instant::now());
        let spare = left.checked_sub(asked)?;
        let jitter = self.jittered(attempts);
        // Those whom the vendor told the same time must not all come back at once.
        let wait = if asked.is_zero() { jitter } else { asked + jitter.max(spread(asked)).min(spare / 2) };
        if wait >= left {
            return None;
        }
        let paid = self.ties.budget.withdraw();
        if !paid {
            self.ties.counters.retries_withheld.add();
        }
        paid.then_some(wait)
    }

    /// Waits, and for the end of any pause that began meanwhile; whether an attempt may follow.
    async fn wait(&self, mut wait: Duration, deadline: Instant) -> bool {
        loop {
            sleep(wait).await;
            match self.ties.pause.wait(deadline) {
                Ok(None) => return Instant::now() < deadline && self.ties.circuit.is_closed(),
                Ok(Some(longer)) => wait = longer,
                Err(_) => return false,
            }
        }
    }

    /// The wait the vendor asks for; after a 429 it is everybody's.
    fn heed(&self, answer: &VendorResponse) -> Option<Duration> {
        if !is_transient_status(answer.status) {
            return None;
        }
        let requested = retry_after::requested(answer, SystemTime::now())?;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            self.ties.pause.extend(requested);
        }
        Some(requested)
    }

    /// Full jitter: anything between nothing and the doubled, bounded backoff.
    fn jittered(&self, attempts: u32) -> Duration {
        let doubled = self.settings.backoff.saturating_mul(2u32.saturating_pow(attempts - 1));
        doubled.min(self.settings.max_backoff).mul_f64(fastrand::f64())
    }

    fn log(&self, result: &Result<VendorResponse, Failure>, attempts: u32, wait: Duration, outgoing: &VendorRequest) {
        let request_id = outgoing.headers.get(X_REQUEST_ID).and_then(|id| id.to_str().ok());
        let (vendor, id) = (&*self.ties.vendor, outgoing.key.as_deref());
        match result {
            Ok(answer) => {
                let status = answer.status.as_u16();
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
    async fn call(&self, outgoing: &VendorRequest) -> Result<VendorResponse, Failure> {
        self.ties.budget.deposit();
        let mut attempts = 0;
        let mut vendor = Duration::ZERO;
        let mut last = None;
        loop {
            attempts += 1;
            let began = Instant::now();
            let result = self.inner.call(outgoing).await;
            vendor += began.elapsed();
            let result = match (result, last) {
                (Err(failure), Some(last)) if failure.kind == FailureKind::DeadlineBeforeSend => return last,
                (result, _) => told(result, (attempts, vendor), outgoing),
            };
            let Some(wait) = self.wait_after(&result, attempts, outgoing) else { return result };
            self.log(&result, attempts, wait, outgoing);
            if !self.wait(wait, outgoing.deadline).await {
                return result;
            }
            self.ties.counters.retries.add();
            last = Some(result);
        }
    }
}

/// The result with all that is known of the attempts up to it.
fn told(
    result: Result<VendorResponse, Failure>,
    (attempts, vendor): (u32, Duration),
    outgoing: &VendorRequest,
) -> Result<VendorResponse, Failure> {
    match result {
        Ok(answer) => {
            if answer.status.is_client_error() {
                outgoing.sent.refuse();
            }
            Ok(VendorResponse { attempts, vendor, was_in_doubt: outgoing.sent.was_in_doubt(), ..answer })
        }
        Err(failure) => {
            let attempts = attempts - u32::from(failure.kind == FailureKind::DeadlineBeforeSend);
            Err(Failure { attempts, vendor, sent: outgoing.sent.is_in_doubt(), ..failure })
        }
    }
}

fn is_transient(result: &Result<VendorResponse, Failure>) -> bool {
    match result {
        Ok(answer) => is_transient_status(answer.status),
        Err(failure) => match failure.kind {
            FailureKind::Dns
            | FailureKind::Connect
            | FailureKind::Tls
            | FailureKind::ConnectionLost
            | FailureKind::ResponseCut { .. } => true,
            FailureKind::BodyTooLong { status } => is_transient_status(status),
            _ => false,
        },
    }
}

fn is_transient_status(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 500 | 502 | 503 | 504)
}

#[cfg(test)]
mod tests {
    use http::Method;

    use crate::upstream::mock_call::{MockCall, answered, failed, ok, put, with_header};
    use crate::upstream::retry::layer::*;

    fn retrying(double: MockCall) -> Retry<MockCall> {
        let settings =
            RetrySettings { max_attempts: 3, backoff: Duration::from_millis(100), max_backoff: Duration::from_secs(2) };
        let ties = RetryContext {
            budget: Arc::new(RetryBudget::new(3)),
            circuit: Arc::new(Circuit::closed()),
            pause: Arc::new(Pause::new()),
            counters: Arc::default(),
            vendor: "v".into(),
        };
        Retry::new(double, settings, ties)
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_transient_is_tried_again_and_nothing_else() {
        for (status, calls) in
            [(200, 1), (401, 1), (404, 1), (422, 1), (501, 1), (429, 3), (500, 3), (502, 3), (503, 3), (504, 3)]
        {
            let layer = retrying(MockCall::new(move |_, _| async move { answered(status) }));
            let answer = layer.call(&put("1")).await.unwrap();
            assert_eq!((answer.status.as_u16(), answer.attempts, layer.inner.calls()), (status, calls, calls as usize));
        }
        for (kind, calls) in [
            (FailureKind::Dns, 3),
            (FailureKind::Connect, 3),
            (FailureKind::Tls, 3),
            (FailureKind::ConnectionLost, 3),
            (FailureKind::Timeout, 1),
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
            let began = Instant::now();
            let answer = layer.call(&put("1")).await.unwrap();
            assert_eq!(answer.attempts, 3);
            assert!(began.elapsed() <= Duration::from_millis(100 + 200 + 2), "{:?}", began.elapsed());
            assert_eq!(answer.vendor, Duration::ZERO);
        }
        let layer = retrying(MockCall::statuses(&[200]));
        assert!((1..100).all(|attempts| layer.jittered(attempts) <= Duration::from_secs(2)));
    }

    #[tokio::test(start_paused = true)]
    async fn the_vendors_wait_is_kept_and_a_429_pauses_the_account() {
        for (status, paused) in [(429, true), (503, false)] {
            let layer = retrying(MockCall::new(move |nth, _| async move {
                if nth == 0 { with_header(status, "retry-after", "5") } else { ok() }
            }));
            let pause = Arc::clone(&layer.ties.pause);
            let began = Instant::now();
            let request = put("1");
            let (answer, while_waiting) = tokio::join!(layer.call(&request), async {
                sleep(Duration::from_secs(1)).await;
                pause.remaining().is_some()
            });
            assert_eq!(answer.unwrap().attempts, 2);
            assert_eq!((began.elapsed().as_secs(), while_waiting), (5, paused));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_beyond_the_deadline_is_not_begun() {
        let layer = retrying(MockCall::new(|_, _| async { with_header(429, "retry-after", "30") }));
        let began = Instant::now();
        let answer = layer.call(&put("1")).await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.attempts), (429, 1));
        assert_eq!(began.elapsed(), Duration::ZERO);
        assert!(layer.ties.pause.remaining().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn what_there_is_stands_if_the_deadline_comes_before_the_next_attempt() {
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
                Ok(answer) => {
                    assert_eq!((answer.status.as_u16(), answer.attempts, answer.was_in_doubt), (503, 1, false));
                    assert_eq!((lost, answer.vendor), (false, Duration::from_secs(1)));
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
    async fn a_pause_that_began_during_the_wait_is_kept_or_ends_the_retries() {
        for (paused, attempts) in [(10, 2), (60, 1)] {
            let layer = retrying(MockCall::statuses(&[503, 200]));
            let began = Instant::now();
            let request = put("1");
            let (answer, ()) = tokio::join!(biased; layer.call(&request), async {
                layer.ties.pause.extend(Duration::from_secs(paused));
            });
            let (answer, took) = (answer.unwrap(), began.elapsed().as_secs());
            assert_eq!((answer.attempts, took >= 10), (attempts, attempts == 2));
            assert_eq!(layer.ties.counters.retries.get(), u64::from(attempts - 1));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn those_told_the_same_time_come_back_at_different_ones() {
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
            let answer = layer.call(&put("1")).await.unwrap();
            assert_eq!((answer.status.as_u16(), answer.attempts, answer.was_in_doubt), (429, 3, doubt));
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
        assert_eq!(layer.ties.counters.retries.get(), retries as u64);
    }

    #[tokio::test(start_paused = true)]
    async fn an_open_breaker_ends_the_retries() {
        let mut layer = retrying(MockCall::statuses(&[500]));
        layer.ties.circuit = Arc::new(Circuit::open());
        assert_eq!(layer.call(&put("1")).await.unwrap().attempts, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_idempotent_is_repeated_only_unsent() {
        for (sent, attempts) in [(true, 1), (false, 3)] {
            let layer = retrying(MockCall::new(move |_, seen| async move {
                if sent {
                    seen.sent.mark();
                }
                failed(FailureKind::Connect)
            }));
            let mut outgoing = put("1");
            outgoing.method = Method::POST;
            let failure = layer.call(&outgoing).await.unwrap_err();
            assert_eq!((failure.attempts, failure.sent), (attempts, sent));
        }
    }
}
