//! An update that outlives its caller once it has been sent.
//!
//! While it waits, dropping it cancels it without a trace. From the moment a byte may be on the wire, dropping it
//! hands it to the tracker, where it is finished (retries included, until its deadline) and logged: half an update
//! helps nobody, and the next one for the same assistant must not overtake it. Callers who stay pay no extra task for
//! this. The update keeps its turn until its answer has been judged, and its permits until it is over, with or without
//! its caller.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::HeaderValue;
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

use super::counters::Counters;
use super::{DeliveryState, Failure, Judge, Permits, QueuedLock, VendorRequest, VendorResponse};
use crate::http::request_id::X_REQUEST_ID;

/// The answer, and the place in line that is to be given up once it has been judged.
type Running = Pin<Box<dyn Future<Output = (Result<VendorResponse, Failure>, Option<QueuedLock>)> + Send>>;
type OnDetachedEnd = Box<dyn FnOnce(Result<VendorResponse, Failure>) + Send>;

/// The future of [`super::Stack::update`].
#[must_use = "nothing is sent unless it is awaited"]
pub struct DetachOnDrop {
    running: Option<Running>,
    notes: UpdateLog,
    updates: TaskTracker,
    counters: Arc<Counters>,
    judge: Option<&'static dyn Judge>,
    when_left: Option<OnDetachedEnd>,
    place: Option<QueuedLock>,
    permits: Option<Permits>,
}

/// What the log says of an update, and whether it has been sent.
#[derive(Debug, Clone)]
pub(super) struct UpdateLog {
    vendor: Arc<str>,
    id: Option<Arc<str>>,
    request_id: Option<HeaderValue>,
    sent: DeliveryState,
}

impl UpdateLog {
    pub(super) fn of(vendor: &Arc<str>, outgoing: &VendorRequest) -> Self {
        Self {
            vendor: Arc::clone(vendor),
            id: outgoing.key.clone(),
            request_id: outgoing.headers.get(X_REQUEST_ID).cloned(),
            sent: outgoing.sent.clone(),
        }
    }
}

impl DetachOnDrop {
    pub(super) fn new(
        running: Running,
        (notes, judge): (UpdateLog, Option<&'static dyn Judge>),
        updates: TaskTracker,
        counters: Arc<Counters>,
    ) -> Self {
        let running = Some(running);
        Self { running, notes, updates, counters, judge, when_left: None, place: None, permits: None }
    }

    /// Keeps these until the update is over, with or without its caller.
    pub fn holding(mut self, permits: Permits) -> Self {
        self.permits = Some(permits);
        self
    }

    /// Notes that the answer turned out not to be trustworthy: the update may or may not have been applied.
    pub fn doubt(&self) {
        self.notes.sent.doubt();
    }

    /// Tells `then` what came of the update, if it is finished without its caller.
    pub fn when_left(mut self, then: impl FnOnce(Result<VendorResponse, Failure>) + Send + 'static) -> Self {
        self.when_left = Some(Box::new(then));
        self
    }
}

impl Future for DetachOnDrop {
    type Output = Result<VendorResponse, Failure>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(running) = &mut self.running else {
            return Poll::Pending; // polled again after its end, which has no answer left
        };
        let (result, place) = ready!(running.as_mut().poll(cx));
        (self.running, self.place) = (None, place);
        Poll::Ready(result)
    }
}

impl Drop for DetachOnDrop {
    fn drop(&mut self) {
        let Some(running) = self.running.take() else {
            return;
        };
        if !self.notes.sent.get() {
            return;
        }
        // Without a runtime the process is at its end, and so is the update.
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        self.counters.handed_over.add();
        let (notes, judge, when_left) = (self.notes.clone(), self.judge, self.when_left.take());
        let permits = self.permits.take();
        let finish = async move {
            let (result, place) = running.await;
            if result.as_ref().is_ok_and(|answer| is_unconfirmed(answer, judge)) {
                notes.sent.doubt();
            }
            drop((place, permits));
            log(&notes, &result);
            if let Some(then) = when_left {
                then(result);
            }
        };
        self.updates.spawn_on(finish, &runtime);
    }
}

fn is_unconfirmed(answer: &VendorResponse, judge: Option<&dyn Judge>) -> bool {
    answer.status.is_success() && judge.is_some_and(|judge| !judge.confirms(answer))
}

fn log(notes: &UpdateLog, result: &Result<VendorResponse, Failure>) {
    let request_id = notes.request_id.as_ref().and_then(|id| id.to_str().ok());
    let (vendor, id) = (&*notes.vendor, notes.id.as_deref());
    match result {
        Ok(answer) => tracing::info!(
            request_id,
            vendor,
            id,
            status = answer.status.as_u16(),
            attempts = answer.attempts,
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
        f.debug_struct("DetachOnDrop").field("sent", &self.notes.sent.get()).finish_non_exhaustive()
    }
}
