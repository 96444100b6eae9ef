//! One request from its first byte to its answer: recorded, held up by faults, answered.
//!
//! It is recorded before anything else is decided, so that a test that waits for it never races with a fault.

use std::{
    error::Error,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use http_body_util::BodyExt;
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    http::request::Parts,
};
use tokio::{sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    answer::{Answer, AnswerBody},
    backend::{Backend, Update},
    fault::{Fault, FaultKind},
    fault_plan::{FaultPlan, Plan},
    faulty_answer::{replacement, spoiled},
    record::{Received, Record},
    route::Route,
};

/// Longer bodies are answered 413.
const MAX_BODY: usize = 1024 * 1024;
/// Longer ones are not even read to their end.
const MAX_DISCARDED: usize = 16 * MAX_BODY;

/// A vendor, its faults and its memory of requests.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) backend: Backend,
    /// Cancelled when everything is to end.
    pub(crate) stop: CancellationToken,
    faults: Mutex<FaultPlan>,
    fault_changes: watch::Sender<()>,
    record: Mutex<Record>,
    arrivals: watch::Sender<()>,
}

/// Why a request gets no answer: the connection ends, or the simulator does.
#[derive(Debug)]
pub(crate) struct Unanswered;

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("left without an answer")
    }
}

impl Error for Unanswered {}

impl Service {
    pub(crate) fn new(backend: Backend, faults: Vec<Fault>, stop: CancellationToken) -> Self {
        Self {
            backend,
            stop,
            faults: Mutex::new(FaultPlan::new(faults)),
            fault_changes: watch::Sender::default(),
            record: Mutex::default(),
            arrivals: watch::Sender::default(),
        }
    }

    /// Answers one request; cancelling `reset` resets its connection.
    pub(crate) async fn serve(
        &self,
        request: Request<Incoming>,
        reset: CancellationToken,
    ) -> Result<Response<AnswerBody>, Unanswered> {
        let (parts, body) = request.into_parts();
        let body = read(body).await?;
        let route = Route::of(&parts.method, parts.uri.path());
        let Some(body) = body else {
            let sequence = self.remember(&received(parts, Bytes::new()));
            return Ok(self.finish(sequence, Answer::message(413, "The POST data is too large."), None, &reset));
        };
        let mut request = received(parts, body);
        let update =
            if matches!(route, Route::Update(_)) { self.backend.read_update(&request) } else { Update::default() };
        request.unknown_keys = update.unknown_keys().into();
        let (plan, changes) = self.plan(route);
        let sequence = self.remember(&request);
        self.wait(&plan, changes).await?;
        match plan.answer {
            Some(FaultKind::Hang) => return self.hang().await,
            Some(FaultKind::Reset) => {
                reset.cancel();
                return self.hang().await;
            }
            _ => {}
        }
        let in_place = plan.answer.as_ref().and_then(|kind| replacement(kind, &self.backend, &request));
        let answer = in_place.unwrap_or_else(|| self.backend.answer(route, &request, update));
        Ok(self.finish(sequence, answer, plan.answer.as_ref(), &reset))
    }

    /// The faults for this request, and how to learn that they are changed.
    fn plan(&self, route: Route) -> (Plan, watch::Receiver<()>) {
        let mut faults = locked(&self.faults);
        let plan = faults.take(route);
        (plan, self.fault_changes.subscribe())
    }

    async fn wait(&self, plan: &Plan, mut changes: watch::Receiver<()>) -> Result<(), Unanswered> {
        let waiting = async {
            if !plan.delay.is_zero() {
                sleep(plan.delay).await;
            }
            if plan.hold {
                // The sender lives as long as `self`.
                let _ = changes.changed().await;
            }
        };
        tokio::select! {
            () = waiting => Ok(()),
            () = self.stop.cancelled() => Err(Unanswered),
        }
    }

    async fn hang<T>(&self) -> Result<T, Unanswered> {
        self.stop.cancelled().await;
        Err(Unanswered)
    }

    fn remember(&self, request: &Received) -> u64 {
        let sequence = locked(&self.record).push(request.clone());
        self.arrivals.send_replace(());
        sequence
    }

    fn finish(
        &self,
        sequence: u64,
        answer: Answer,
        fault: Option<&FaultKind>,
        reset: &CancellationToken,
    ) -> Response<AnswerBody> {
        if let Some(received) = locked(&self.record).get_mut(sequence) {
            received.status = Some(answer.status.as_u16());
        }
        spoiled(fault, answer, reset)
    }

    /// The requests remembered.
    pub(crate) fn received(&self) -> Vec<Received> {
        locked(&self.record).all()
    }

    /// Waits until at least `count` requests are remembered.
    pub(crate) async fn received_at_least(&self, count: usize) {
        let mut arrivals = self.arrivals.subscribe();
        // The sender lives as long as `self`.
        let _ = arrivals.wait_for(|()| locked(&self.record).len() >= count).await;
    }

    pub(crate) fn clear(&self) {
        locked(&self.record).clear();
    }

    /// Puts other faults in force and lets go what a hold keeps.
    pub(crate) fn set_faults(&self, faults: Vec<Fault>) {
        let mut plan = locked(&self.faults);
        *plan = FaultPlan::new(faults);
        self.fault_changes.send_replace(());
    }
}

fn received(parts: Parts, body: Bytes) -> Received {
    Received {
        sequence: 0,
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().map(str::to_owned),
        headers: parts.headers,
        json: serde_json::from_slice(&body).ok(),
        body,
        status: None,
        unknown_keys: Arc::default(),
    }
}

/// The body, or nothing if it is over the limit.
async fn read(mut body: Incoming) -> Result<Option<Bytes>, Unanswered> {
    let (mut bytes, mut length) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_broken| Unanswered)?;
        let Some(data) = frame.data_ref() else {
            continue;
        };
        length += data.len();
        if length <= MAX_BODY {
            bytes.extend_from_slice(data);
        } else if length > MAX_DISCARDED {
            break;
        }
    }
    Ok((length <= MAX_BODY).then(|| bytes.into()))
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
