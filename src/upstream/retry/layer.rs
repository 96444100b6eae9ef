//! Retries after connect failures, lost connections, attempts that took too long and transient statuses, within the
//! retry budget and the deadline.
//!
//! A request that must not arrive twice is repeated only if it was not sent. If a wait would reach the deadline, the caller
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

/// What decides on further attempts: the settings, and the state that the retries share with the other layers.
#[derive(Clone, Debug)]
pub(crate) struct RetryContext {
    pub(crate) settings: RetrySettings,
    pub(crate) budget: Arc<RetryBudget>,
    pub(crate) circuit: Arc<Circuit>,
    pub(crate) pause: Arc<Pause>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) vendor: Arc<str>,
}

/// Whose attempts they are, for the log.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RetrySubject<'a> {
    pub(crate) request_id: Option<&'a str>,
    pub(crate) id: Option<&'a str>,
}

/// Repeats attempts within the settings, the budget and the deadline.
#[derive(Debug)]
pub(crate) struct Retry<S> {
    inner: S,
    context: RetryContext,
}

impl<S> Retry<S> {
    pub(crate) fn new(inner: S, context: RetryContext) -> Self {
        Self { inner, context }
    }

    /// The result that no attempt follows, with what is left of the pause.
    fn last(&self, result: Result<VendorResponse, Failure>) -> Result<VendorResponse, Failure> {
        result.map(|response| VendorResponse { paused: self.context.pause.remaining(), ..response })
    }
}

impl RetryContext {
    /// Waits until another attempt may follow `attempts` with this result of the last; false if none is to follow.
    pub(crate) async fn next_attempt(
        &self,
        result: &Result<VendorResponse, Failure>,
        attempts: u32,
        deadline: Instant,
        subject: RetrySubject<'_>,
    ) -> bool {
        let Some(wait) = self.wait_after(result, attempts, deadline) else { return false };
        self.log(result, attempts, wait, subject);
        let follows = self.wait(wait, deadline).await;
        if follows {
            self.counters.retries.add();
        }
        follows
    }

    /// How long to wait before the next attempt; `None` if there is to be none.
    fn wait_after(
        &self,
        result: &Result<VendorResponse, Failure>,
        attempts: u32,
        deadline: Instant,
    ) -> Option<Duration> {
        if attempts >= self.settings.max_attempts || !is_transient(result) || !self.circuit.is_closed() {
            return None;
        }
        let requested = result.as_ref().ok().and_then(requested_wait).filter(|(_, cause)| cause.is_none());
        let asked = requested.map(|(wait, _)| wait).max(self.pause.remaining()).unwrap_or_default();
        let left = deadline.saturating_duration_since(Instant::now());
        let spare = left.checked_sub(asked)?;
        let jitter = self.jittered(attempts);
        // Requests with the same `Retry-After` must not all come back at once.
        let wait = if asked.is_zero() { jitter } else { asked + jitter.max(spread(asked)).min(spare / 2) };
        if wait >= left {
            return None;
        }
        let withdrawn = self.budget.withdraw();
        if !withdrawn {
            self.counters.retries_withheld.add();
        }
        withdrawn.then_some(wait)
    }

    /// Waits, also for the end of a pause that has started meanwhile; returns whether another attempt may follow.
    async fn wait(&self, mut wait: Duration, deadline: Instant) -> bool {
        loop {
            sleep(wait).await;
            match self.pause.wait(deadline) {
                Ok(None) => return Instant::now() < deadline && self.circuit.is_closed(),
                Ok(Some(longer)) => wait = longer,
                Err(_) => return false,
            }
        }
    }

    /// Pauses the whole account if the vendor asks for it, with a 429 or a 503.
    fn pause_after(&self, result: &Result<VendorResponse, Failure>) {
        if let Ok(response) = result
            && let Some((wait, Some(cause))) = requested_wait(response)
        {
            self.pause.extend(wait, cause);
        }
    }

    /// Full jitter: anything between nothing and the doubled, bounded backoff.
    fn jittered(&self, attempts: u32) -> Duration {
        let doubled = self.settings.backoff.saturating_mul(2u32.saturating_pow(attempts - 1));
        doubled.min(self.settings.max_backoff).mul_f64(fastrand::f64())
    }

    fn log(
        &self,
        result: &Result<VendorResponse, Failure>,
        attempts: u32,
        wait: Duration,
        RetrySubject { request_id, id }: RetrySubject<'_>,
    ) {
        let vendor = &*self.vendor;
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
        let mut attempts = request.earlier_attempts;
        let mut started = Instant::now();
        if attempts == 0 {
            self.context.budget.deposit(started);
        }
        let mut vendor = Duration::ZERO;
        let mut last = None;
        loop {
            attempts += 1;
            let result = self.inner.call(request).await;
            vendor += started.elapsed();
            let result = match (result, last) {
                (Err(failure), Some(last)) if is_before_attempt(failure.kind) => {
                    return self.last(last);
                }
                (result, _) => with_totals(result, attempts, vendor, request),
            };
            self.context.pause_after(&result);
            let subject = RetrySubject {
                request_id: request.headers.get(X_REQUEST_ID).and_then(|id| id.to_str().ok()),
                id: request.key.as_deref(),
            };
            if !request.may_be_repeated()
                || !self.context.next_attempt(&result, attempts, request.deadline, subject).await
            {
                return self.last(result);
            }
            last = Some(result);
            started = Instant::now();
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
            let attempts = attempts - u32::from(is_before_attempt(failure.kind));
            Err(Failure { attempts, vendor, sent: request.sent.is_in_doubt(), ..failure })
        }
    }
}

/// Whether the attempt did not begin.
fn is_before_attempt(kind: FailureKind) -> bool {
    matches!(kind, FailureKind::DeadlineBeforeSend | FailureKind::NotOwner)
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

/// The wait that the vendor asks for after a status that may pass, and why it pauses the whole account, if it does.
fn requested_wait(response: &VendorResponse) -> Option<(Duration, Option<PauseCause>)> {
    if !is_transient_status(response.status) {
        return None;
    }
    Some((retry_after::requested(response, SystemTime::now())?, PauseCause::of(response.status)))
}

/// 520 to 527 and 530 are Cloudflare's words for a vendor behind it that fails.
fn is_transient_status(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502..=504 | 520..=527 | 530)
}

#[cfg(test)]
mod tests;
