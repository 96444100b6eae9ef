//! The account's closed doors: a vendor's 429, and an open breaker.
//!
//! Above the rate limit, so that requests which cannot be sent now take no token and no slot. A pause may begin while
//! a request waits further below, so whoever got a slot, or slept before a retry, asks once more ([`Pause::wait`]). A
//! request whose deadline lies beyond the pause waits for its end (within the waiting room); any other fails at once.
//! Those who waited start again spread over a tenth of the pause, lest they all meet the next 429 together.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep};

use super::queue_limit::QueueLimit;
use crate::upstream::breaker::circuit::Circuit;
use crate::upstream::{Call, Failure, FailureKind, VendorRequest, VendorResponse};

/// The longest pause; a vendor that asks for more is asked again after it.
pub(crate) const LONGEST: Duration = Duration::from_secs(300);
const WIDEST_SPREAD: Duration = Duration::from_secs(1);

/// Until when the account is not to be called; read without a lock.
#[derive(Debug)]
pub(crate) struct Pause {
    origin: Instant,
    until_ms: AtomicU64,
}

impl Pause {
    pub(crate) fn new() -> Self {
        Self { origin: Instant::now(), until_ms: AtomicU64::new(0) }
    }

    /// Pauses for `time` from now on, at most [`LONGEST`]; never shortens a pause.
    pub(crate) fn extend(&self, time: Duration) {
        let until = self.origin.elapsed() + time.min(LONGEST);
        let until_ms = u64::try_from(until.as_micros().div_ceil(1000)).unwrap_or(u64::MAX);
        self.until_ms.fetch_max(until_ms, Ordering::AcqRel);
    }

    /// What is left of the pause.
    pub(crate) fn remaining(&self) -> Option<Duration> {
        let until_ms = self.until_ms.load(Ordering::Acquire);
        if until_ms == 0 {
            return None;
        }
        let left = Duration::from_millis(until_ms).saturating_sub(self.origin.elapsed());
        (!left.is_zero()).then_some(left)
    }

    /// How long to wait for the end of the pause; `None` if there is none.
    ///
    /// # Errors
    /// `Paused`, if it lasts until `deadline`.
    pub(crate) fn wait(&self, deadline: Instant) -> Result<Option<Duration>, Failure> {
        let Some(left) = self.remaining() else { return Ok(None) };
        let patience = deadline.saturating_duration_since(Instant::now());
        if left >= patience {
            return Err(Failure::new(FailureKind::Paused { retry_after: left }, "the vendor's 429 is not over"));
        }
        Ok(Some(left + spread(left).min((patience - left) / 2)))
    }
}

/// What is added to a wait that many share: up to a tenth of it, at most [`WIDEST_SPREAD`].
pub(crate) fn spread(wait: Duration) -> Duration {
    (wait / 10).min(WIDEST_SPREAD).mul_f64(fastrand::f64())
}

/// Holds requests back while the account is paused, and refuses them while its breaker is open.
#[derive(Debug)]
pub(crate) struct Paused<S> {
    inner: S,
    pause: Arc<Pause>,
    circuit: Arc<Circuit>,
    room: Arc<QueueLimit>,
}

impl<S> Paused<S> {
    pub(crate) fn new(inner: S, pause: Arc<Pause>, circuit: Arc<Circuit>, room: Arc<QueueLimit>) -> Self {
        Self { inner, pause, circuit, room }
    }
}

impl<S: Call> Call for Paused<S> {
    async fn call(&self, outgoing: &VendorRequest) -> Result<VendorResponse, Failure> {
        self.circuit.check()?;
        while let Some(wait) = self.pause.wait(outgoing.deadline)? {
            let _seat = self.room.sit()?;
            sleep(wait).await;
            self.circuit.check()?;
        }
        self.inner.call(outgoing).await
    }
}

#[cfg(test)]
mod tests {
    use crate::upstream::layers::retry_after_gate::*;
    use crate::upstream::mock_call::{MockCall, ok, put};

    fn paused(seats: usize, time: Duration) -> Paused<MockCall> {
        let pause = Pause::new();
        pause.extend(time);
        Paused::new(
            MockCall::new(|_, _| async { ok() }),
            Arc::new(pause),
            Arc::new(Circuit::closed()),
            Arc::new(QueueLimit::new(seats)),
        )
    }

    #[tokio::test(start_paused = true)]
    async fn who_can_wait_for_the_end_of_the_pause_waits() {
        let layer = paused(1, Duration::from_secs(10));
        let began = Instant::now();
        layer.call(&put("1")).await.unwrap();
        assert!((10..=11).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
        layer.call(&put("1")).await.unwrap();
        assert_eq!(layer.room.taken(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn who_cannot_wait_that_long_is_told_at_once_how_long() {
        let layer = paused(1, Duration::from_secs(60));
        let began = Instant::now();
        let failure = layer.call(&put("1")).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Paused { retry_after: Duration::from_secs(60) });
        assert_eq!((began.elapsed(), layer.inner.calls()), (Duration::ZERO, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_is_extended_never_shortened_and_bounded() {
        let pause = Pause::new();
        assert_eq!(pause.remaining(), None);
        pause.extend(Duration::from_secs(5));
        pause.extend(Duration::from_secs(1));
        assert_eq!(pause.remaining(), Some(Duration::from_secs(5)));
        pause.extend(Duration::MAX);
        assert_eq!(pause.remaining(), Some(LONGEST));
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_for_the_end_takes_a_seat() {
        let failure = paused(0, Duration::from_secs(10)).call(&put("1")).await.unwrap_err();
        assert!(matches!(failure.kind, FailureKind::Overloaded { .. }));
    }

    #[tokio::test(start_paused = true)]
    async fn an_open_breaker_refuses_here_already_until_its_probe_is_due() {
        let mut layer = paused(0, Duration::ZERO);
        layer.circuit = Arc::new(Circuit::open());
        let failure = layer.call(&put("1")).await.unwrap_err();
        let retry_after = Duration::from_secs(15);
        assert_eq!(failure.kind, FailureKind::CircuitOpen { retry_after });
        assert_eq!(layer.inner.calls(), 0);
        tokio::time::advance(retry_after).await;
        layer.call(&put("1")).await.unwrap();
    }
}
