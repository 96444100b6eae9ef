//! Handles one request: reads and records it, applies faults and responds.
//!
//! It is recorded before any fault takes effect, so that a test that waits for it never races with a fault.

use std::{
    error::Error,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    http::request::Parts,
};
use tokio::{sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    faults::{Fault, FaultKind, FaultPlan, Plan, altered, replacement, reshaped},
    http::{Received, ResponseBody, VendorResponse},
    vendor::{Call, Vendor},
};

use super::request_log::RequestLog;

/// Longer bodies get a 413.
const MAX_BODY: usize = 1024 * 1024;
/// Longer bodies are not read to their end.
const MAX_DISCARDED: usize = 16 * MAX_BODY;

/// A vendor with its faults and its log of requests.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) vendor: Vendor,
    /// Cancelled when the simulator stops.
    pub(crate) stop: CancellationToken,
    faults: Mutex<FaultPlan>,
    fault_changes: watch::Sender<()>,
    log: Mutex<RequestLog>,
    arrivals: watch::Sender<()>,
    arrived: AtomicU64,
}

/// The request gets no response, because its connection ends or the simulator stops.
#[derive(Debug)]
pub(crate) struct NoResponse;

impl fmt::Display for NoResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no response is sent")
    }
}

impl Error for NoResponse {}

impl Service {
    pub(crate) fn new(vendor: Vendor, faults: Vec<Fault>, stop: CancellationToken) -> Self {
        Self {
            vendor,
            stop,
            faults: Mutex::new(FaultPlan::new(faults)),
            fault_changes: watch::Sender::default(),
            log: Mutex::default(),
            arrivals: watch::Sender::default(),
            arrived: AtomicU64::new(0),
        }
    }

    /// Responds to one request; cancelling `reset` resets its connection.
    pub(crate) async fn serve(
        &self,
        request: Request<Incoming>,
        reset: CancellationToken,
    ) -> Result<Response<ResponseBody>, NoResponse> {
        let (parts, body) = request.into_parts();
        self.arrived.fetch_add(1, Ordering::Relaxed);
        let body = read(body).await?;
        let call = self.vendor.call(&parts.method, parts.uri.path());
        let Some(body) = body else {
            let sequence = self.record(&received(parts, Bytes::new()));
            let refused = VendorResponse::message(413, "The POST data is too large.");
            self.answered(sequence, &refused);
            return Ok(altered(None, refused, &reset));
        };
        let mut request = received(parts, body);
        let reading = self.vendor.read_body(&call, &request);
        request.unknown_keys = reading.unknown_keys.as_slice().into();
        let (plan, changes) = self.plan(&call);
        let sequence = self.record(&request);
        self.wait(&plan, changes).await?;
        match plan.response {
            Some(FaultKind::Hang) => return self.hang().await,
            Some(FaultKind::Reset) => {
                reset.cancel();
                return self.hang().await;
            }
            _ => {}
        }
        let replaced = plan.response.as_ref().and_then(|kind| replacement(kind, &self.vendor, &call, &request));
        let response = replaced.unwrap_or_else(|| self.vendor.respond(&call, &request, reading, &plan.dropped));
        let response = match &plan.response {
            Some(FaultKind::Lost) => {
                reset.cancel();
                return self.hang().await;
            }
            Some(kind) => reshaped(kind, response, &request),
            None => response,
        };
        self.answered(sequence, &response);
        Ok(altered(plan.response.as_ref(), response, &reset))
    }

    /// The faults for this request, and a receiver that reports a change of faults.
    fn plan(&self, call: &Call<'_>) -> (Plan, watch::Receiver<()>) {
        let mut faults = locked(&self.faults);
        let plan = faults.take(call.target());
        (plan, self.fault_changes.subscribe())
    }

    async fn wait(&self, plan: &Plan, mut changes: watch::Receiver<()>) -> Result<(), NoResponse> {
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
            () = self.stop.cancelled() => Err(NoResponse),
        }
    }

    async fn hang<T>(&self) -> Result<T, NoResponse> {
        self.stop.cancelled().await;
        Err(NoResponse)
    }

    fn record(&self, request: &Received) -> u64 {
        let sequence = locked(&self.log).push(request.clone());
        self.arrivals.send_replace(());
        sequence
    }

    /// Records the status of a response.
    fn answered(&self, sequence: u64, response: &VendorResponse) {
        if let Some(received) = locked(&self.log).get_mut(sequence) {
            received.status = Some(response.status.as_u16());
        }
    }

    /// How many requests arrived, with or without all of their body.
    pub(crate) fn arrivals(&self) -> u64 {
        self.arrived.load(Ordering::Relaxed)
    }

    /// The requests in the log.
    pub(crate) fn received(&self) -> Vec<Received> {
        locked(&self.log).all()
    }

    /// Waits until at least `count` requests are in the log.
    pub(crate) async fn received_at_least(&self, count: usize) {
        let mut arrivals = self.arrivals.subscribe();
        // The sender lives as long as `self`.
        let _ = arrivals.wait_for(|()| locked(&self.log).len() >= count).await;
    }

    pub(crate) fn clear(&self) {
        locked(&self.log).clear();
    }

    /// Replaces the faults and releases requests that a hold keeps.
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

/// The body, or `None` if it is over the limit.
async fn read(body: Incoming) -> Result<Option<Bytes>, NoResponse> {
    match Limited::new(body, MAX_DISCARDED).collect().await {
        Ok(read) => Ok(Some(read.to_bytes()).filter(|bytes| bytes.len() <= MAX_BODY)),
        Err(error) if error.is::<LengthLimitError>() => Ok(None),
        Err(_broken) => Err(NoResponse),
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
