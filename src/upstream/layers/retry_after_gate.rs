//! Delays or refuses requests while the vendor's `Retry-After` is in force, and refuses them while the breaker is open.
//!
//! A request whose deadline lies beyond the pause waits for its end; any other fails at once. A pause may start while a
//! request waits in a layer below, so those layers check again with [`Pause::wait`].

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::StatusCode;
use tokio::time::{Instant, sleep};

use super::deadline::within;
use super::queue_limit::QueueLimit;
use crate::upstream::breaker::circuit::Circuit;
use crate::upstream::{Call, Failure, FailureKind, VendorRequest, VendorResponse};
use crate::value::SharedAccount;

/// A vendor that asks for a longer pause gets the next request after this one.
pub(crate) const MAX_PAUSE: Duration = Duration::from_secs(300);
const MAX_SPREAD: Duration = Duration::from_secs(1);

/// Why a vendor asked for a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PauseCause {
    /// It responded with 429.
    Limited,
    /// It responded with 503.
    Unavailable,
}

impl PauseCause {
    /// The cause of the pause after a response with `status`, if such a response may ask for one.
    pub(crate) fn of(status: StatusCode) -> Option<Self> {
        match status {
            StatusCode::TOO_MANY_REQUESTS => Some(Self::Limited),
            StatusCode::SERVICE_UNAVAILABLE => Some(Self::Unavailable),
            _ => None,
        }
    }
}

/// Until when the account must not be called, and why. Reading takes no lock.
#[derive(Debug)]
pub(crate) struct Pause {
    origin: Instant,
    /// The end in microseconds, doubled; odd if the vendor is unavailable.
    until: AtomicU64,
    /// Who is notified.
    shared: Option<Arc<dyn SharedAccount>>,
}

impl Pause {
    pub(crate) fn new() -> Self {
        Self { origin: Instant::now(), until: AtomicU64::new(0), shared: None }
    }

    /// The same, told to other replicas.
    pub(crate) fn sharing(self, shared: Option<Arc<dyn SharedAccount>>) -> Self {
        Self { shared, ..self }
    }

    /// Pauses for `time` from now on, at most [`MAX_PAUSE`]; never shortens a pause.
    pub(crate) fn extend(&self, time: Duration, cause: PauseCause) {
        self.hear(time, cause);
        if let Some(shared) = &self.shared {
            shared.paused(time.min(MAX_PAUSE), cause == PauseCause::Unavailable);
        }
    }

    /// The same, for a pause that others know.
    pub(crate) fn hear(&self, time: Duration, cause: PauseCause) {
        let until = self.origin.elapsed() + time.min(MAX_PAUSE);
        let until_us = u64::try_from(until.as_micros()).unwrap_or(u64::MAX >> 1);
        self.until.fetch_max(until_us << 1 | u64::from(cause == PauseCause::Unavailable), Ordering::AcqRel);
    }

    /// What is left of the pause.
    pub(crate) fn remaining(&self) -> Option<Duration> {
        self.now().map(|(left, _)| left)
    }

    fn now(&self) -> Option<(Duration, PauseCause)> {
        let until = self.until.load(Ordering::Acquire);
        if until == 0 {
            return None;
        }
        let left = Duration::from_micros(until >> 1).saturating_sub(self.origin.elapsed());
        let cause = if until & 1 == 1 { PauseCause::Unavailable } else { PauseCause::Limited };
        (!left.is_zero()).then_some((left, cause))
    }

    /// How long to wait for the end of the pause; `None` if there is none.
    ///
    /// # Errors
    /// `Paused`, if it lasts until `deadline`.
    pub(crate) fn wait(&self, deadline: Instant) -> Result<Option<Duration>, Failure> {
        let Some((pause, cause)) = self.now() else { return Ok(None) };
        let left = deadline.saturating_duration_since(Instant::now());
        if pause >= left {
            let source = match cause {
                PauseCause::Limited => "the vendor's 429 is not over",
                PauseCause::Unavailable => "the vendor's 503 is not over",
            };
            return Err(Failure::new(FailureKind::Paused { retry_after: pause, cause }, source));
        }
        Ok(Some(pause + spread(pause).min((left - pause) / 2)))
    }
}

/// Jitter for a wait that many requests share, so that they do not all meet the next 429 together: up to a tenth of the
/// wait, at most [`MAX_SPREAD`].
pub(crate) fn spread(wait: Duration) -> Duration {
    (wait / 10).min(MAX_SPREAD).mul_f64(fastrand::f64())
}

/// Lets requests pass unless the account is paused or its breaker is open.
#[derive(Debug)]
pub(crate) struct RetryAfterGate<S> {
    inner: S,
    pause: Arc<Pause>,
    circuit: Arc<Circuit>,
    queue_limit: Arc<QueueLimit>,
    /// What other replicas tell of the account.
    shared: Option<Arc<dyn SharedAccount>>,
}

impl<S> RetryAfterGate<S> {
    pub(crate) fn new(inner: S, pause: Arc<Pause>, circuit: Arc<Circuit>, queue_limit: Arc<QueueLimit>) -> Self {
        Self { inner, pause, circuit, queue_limit, shared: None }
    }

    /// The same, which hears of other replicas before it decides.
    pub(crate) fn hearing(self, shared: Option<Arc<dyn SharedAccount>>) -> Self {
        Self { shared, ..self }
    }
}

impl<S: Call> Call for RetryAfterGate<S> {
    async fn call(&self, request: &VendorRequest) -> Result<VendorResponse, Failure> {
        if let Some(shared) = &self.shared
            && let Some(refresh) = shared.refresh()
        {
            within(request.deadline, "asking what other replicas tell", refresh).await?;
        }
        self.circuit.check()?;
        while let Some(wait) = self.pause.wait(request.deadline)? {
            let _permit = self.queue_limit.acquire()?;
            sleep(wait).await;
            self.circuit.check()?;
        }
        self.inner.call(request).await
    }
}

#[cfg(test)]
mod tests {
    use crate::upstream::layers::retry_after_gate::*;
    use crate::upstream::mock_call::{MockCall, SilentReplicas, ok, put};

    fn paused(max_waiting: usize, time: Duration) -> RetryAfterGate<MockCall> {
        let pause = Pause::new();
        pause.extend(time, PauseCause::Limited);
        RetryAfterGate::new(
            MockCall::new(|_, _| async { ok() }),
            Arc::new(pause),
            Arc::new(Circuit::closed()),
            Arc::new(QueueLimit::new(max_waiting)),
        )
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_whose_deadline_is_after_the_pause_waits() {
        let layer = paused(1, Duration::from_secs(10));
        let started = Instant::now();
        layer.call(&put("1")).await.unwrap();
        assert!((10..=11).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
        layer.call(&put("1")).await.unwrap();
        assert_eq!(layer.queue_limit.waiting(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn any_other_request_fails_at_once_and_learns_how_long_the_pause_lasts() {
        let layer = paused(1, Duration::from_secs(60));
        let started = Instant::now();
        let failure = layer.call(&put("1")).await.unwrap_err();
        assert_eq!(
            failure.kind,
            FailureKind::Paused { retry_after: Duration::from_secs(60), cause: PauseCause::Limited }
        );
        assert_eq!((started.elapsed(), layer.inner.calls()), (Duration::ZERO, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_is_extended_never_shortened_and_bounded() {
        let pause = Pause::new();
        assert_eq!(pause.remaining(), None);
        pause.extend(Duration::from_secs(5), PauseCause::Limited);
        pause.extend(Duration::from_secs(1), PauseCause::Limited);
        assert_eq!(pause.remaining(), Some(Duration::from_secs(5)));
        pause.extend(Duration::MAX, PauseCause::Limited);
        assert_eq!(pause.remaining(), Some(MAX_PAUSE));
    }

    #[tokio::test(start_paused = true)]
    async fn the_cause_is_that_of_the_longest_pause() {
        let cause = |pauses: &[(u64, PauseCause)]| {
            let pause = Pause::new();
            pauses.iter().for_each(|(seconds, cause)| pause.extend(Duration::from_secs(*seconds), *cause));
            pause.now().map(|(_, cause)| cause)
        };
        let (limited, unavailable) = (PauseCause::Limited, PauseCause::Unavailable);
        assert_eq!(cause(&[(5, limited), (3, unavailable)]), Some(limited));
        assert_eq!(cause(&[(3, limited), (5, unavailable)]), Some(unavailable));
        assert_eq!(cause(&[(5, unavailable), (3, limited)]), Some(unavailable));
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_for_the_end_takes_a_queue_permit() {
        let failure = paused(0, Duration::from_secs(10)).call(&put("1")).await.unwrap_err();
        assert!(matches!(failure.kind, FailureKind::Overloaded { .. }));
    }

    #[tokio::test(start_paused = true)]
    async fn an_open_breaker_refuses_requests_until_its_probe_is_due() {
        let mut layer = paused(0, Duration::ZERO);
        layer.circuit = Arc::new(Circuit::open());
        let failure = layer.call(&put("1")).await.unwrap_err();
        let retry_after = Duration::from_secs(15);
        assert_eq!(failure.kind, FailureKind::CircuitOpen { retry_after });
        assert_eq!(layer.inner.calls(), 0);
        tokio::time::advance(retry_after).await;
        layer.call(&put("1")).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_for_what_other_replicas_tell_ends_with_the_deadline() {
        let layer = paused(0, Duration::ZERO).hearing(Some(Arc::new(SilentReplicas::default())));
        let request = put("1");
        let called = tokio::time::timeout(request.deadline + MAX_SPREAD - Instant::now(), layer.call(&request)).await;
        let failure = called.expect("it ends").unwrap_err();
        assert_eq!((failure.kind, failure.sent), (FailureKind::DeadlineBeforeSend, false));
        assert_eq!((Instant::now(), layer.inner.calls()), (request.deadline, 0));
    }
}
