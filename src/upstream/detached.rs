//! Finishes an update in the background if its caller goes away after it was sent.
//!
//! Before a byte may be on the wire, dropping the update cancels it. After that, dropping it moves it to the task tracker,
//! where it is finished, retries included, and logged; otherwise the next update of the assistant could overtake it. The
//! lock is held until the response has been validated, and the permits until the update is over.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::HeaderValue;
use tokio::runtime::Handle;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::counters::Counters;
use super::retry::layer::RetrySubject;
use super::{DeliveryState, Failure, Permits, QueuedLock, ResponseValidator, VendorRequest, VendorResponse};
use crate::http::request_id::X_REQUEST_ID;

/// Returns the result, and the lock that is released once the response has been validated.
type RunningUpdate = Pin<Box<dyn Future<Output = (Result<VendorResponse, Failure>, Option<QueuedLock>)> + Send>>;
type OnDetachedEnd = Box<dyn FnOnce(Result<VendorResponse, Failure>) + Send>;

/// The future of [`super::Stack::update`].
#[must_use = "nothing is sent unless it is awaited"]
pub struct DetachOnDrop {
    running: Option<RunningUpdate>,
    context: UpdateContext,
    updates: TaskTracker,
    counters: Arc<Counters>,
    on_detached_end: Option<OnDetachedEnd>,
    lock: Option<QueuedLock>,
    permits: Option<Permits>,
}

/// What is known of an update beside its future: for the log, whether it was sent, and how to validate its response.
#[derive(Clone)]
pub(super) struct UpdateContext {
    vendor: Arc<str>,
    id: Option<Arc<str>>,
    request_id: Option<HeaderValue>,
    delivery: DeliveryState,
    validator: Option<&'static dyn ResponseValidator>,
}

impl UpdateContext {
    pub(super) fn of(vendor: &Arc<str>, request: &VendorRequest) -> Self {
        Self {
            vendor: Arc::clone(vendor),
            id: request.key.clone(),
            request_id: request.headers.get(X_REQUEST_ID).cloned(),
            delivery: request.sent.clone(),
            validator: request.validator,
        }
    }
}

impl DetachOnDrop {
    pub(super) fn new(
        running: RunningUpdate,
        context: UpdateContext,
        updates: TaskTracker,
        counters: Arc<Counters>,
    ) -> Self {
        let running = Some(running);
        Self { running, context, updates, counters, on_detached_end: None, lock: None, permits: None }
    }

    /// Holds these until the update is over, with or without its caller.
    pub fn holding(mut self, permits: Permits) -> Self {
        self.permits = Some(permits);
        self
    }

    /// Records that the response is not trustworthy: the update may or may not have been applied.
    pub fn doubt(&self) {
        self.context.delivery.doubt();
    }

    /// The state of its attempts.
    pub(super) fn delivery(&self) -> DeliveryState {
        self.context.delivery.clone()
    }

    /// Whose update it is, for the log of further attempts.
    pub(super) fn subject(&self) -> RetrySubject<'_> {
        let request_id = self.context.request_id.as_ref().and_then(|id| id.to_str().ok());
        RetrySubject { request_id, id: self.context.id.as_deref() }
    }

    /// Waits, after its end, until the vendor can no longer apply an attempt that got no trustworthy response, as
    /// [`QueuedLock::settled`] does.
    ///
    /// # Errors
    /// `Settling`, at once, if that time does not end before `deadline`.
    pub async fn settled(&mut self, deadline: Instant) -> Result<(), Failure> {
        match &self.lock {
            Some(lock) => lock.settled(deadline).await,
            None => Ok(()),
        }
    }

    /// After its end, the turn and the permits that it still holds, for a further request. Before it, nothing.
    pub fn into_turn(mut self) -> (Option<QueuedLock>, Option<Permits>) {
        let permits = if self.running.is_none() { self.permits.take() } else { None };
        (self.lock.take(), permits)
    }

    /// Calls `then` with the result if the update is finished without its caller.
    pub fn on_detached_end(mut self, then: impl FnOnce(Result<VendorResponse, Failure>) + Send + 'static) -> Self {
        self.on_detached_end = Some(Box::new(then));
        self
    }
}

impl Future for DetachOnDrop {
    type Output = Result<VendorResponse, Failure>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(running) = &mut self.running else {
            return Poll::Pending; // polled again after its end
        };
        let (result, lock) = ready!(running.as_mut().poll(cx));
        (self.running, self.lock) = (None, lock);
        Poll::Ready(result)
    }
}

impl Drop for DetachOnDrop {
    fn drop(&mut self) {
        let Some(running) = self.running.take().filter(|_| self.context.delivery.get()) else { return };
        // Without a runtime the process is at its end.
        let Ok(runtime) = Handle::try_current() else { return };
        self.counters.handed_over.add();
        let (context, on_end) = (self.context.clone(), self.on_detached_end.take());
        let permits = self.permits.take();
        let finish = async move {
            let (result, lock) = running.await;
            if result.as_ref().is_ok_and(|response| is_unconfirmed(response, context.validator)) {
                context.delivery.doubt();
            }
            drop((lock, permits));
            log(&context, &result);
            if let Some(on_end) = on_end {
                on_end(result);
            }
        };
        self.updates.spawn_on(finish, &runtime);
    }
}

fn is_unconfirmed(response: &VendorResponse, validator: Option<&dyn ResponseValidator>) -> bool {
    response.status.is_success() && validator.is_some_and(|validator| !validator.confirms(response))
}

fn log(context: &UpdateContext, result: &Result<VendorResponse, Failure>) {
    let request_id = context.request_id.as_ref().and_then(|id| id.to_str().ok());
    let (vendor, id) = (&*context.vendor, context.id.as_deref());
    match result {
        Ok(response) => tracing::info!(
            request_id,
            vendor,
            id,
            status = response.status.as_u16(),
            attempts = response.attempts,
            "finished an update whose caller had gone"
        ),
        Err(failure) => tracing::warn!(
            request_id,
            vendor,
            id,
            kind = failure.kind.name(),
            attempts = failure.attempts,
            sent = failure.sent,
            source = failure.source,
            "an update whose caller had gone failed"
        ),
    }
}

impl fmt::Debug for DetachOnDrop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DetachOnDrop").field("sent", &self.context.delivery.get()).finish_non_exhaustive()
    }
}
