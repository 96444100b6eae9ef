//! A mock of the HTTP client, for the tests of the layers above it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri};
use tokio::time::Instant;

use crate::value::{AccountSignals, Later, ProbeEnd, SharedAccount};

use super::{Call, DeliveryState, Failure, FailureKind, Repeat, VendorRequest, VendorResponse};

pub(super) type Outcome = Result<VendorResponse, Failure>;
type Running = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// Answers each call with the result of a closure, which gets the number of the call, from 0.
#[derive(Clone)]
pub(super) struct MockCall {
    reply: Arc<dyn Fn(usize, SeenRequest) -> Running + Send + Sync>,
    calls: Arc<AtomicUsize>,
}

/// The parts of a request that the closure gets.
#[derive(Clone, Debug)]
pub(super) struct SeenRequest {
    pub(super) body: Bytes,
    pub(super) sent: DeliveryState,
}

impl MockCall {
    pub(super) fn new<F, R>(reply: F) -> Self
    where
        F: Fn(usize, SeenRequest) -> R + Send + Sync + 'static,
        R: Future<Output = Outcome> + Send + 'static,
    {
        Self { reply: Arc::new(move |nth, seen| Box::pin(reply(nth, seen))), calls: Arc::default() }
    }

    /// Answers the nth call with the nth status, and any further one with the last.
    pub(super) fn statuses(statuses: &'static [u16]) -> Self {
        Self::new(move |nth, _| {
            let status = statuses[nth.min(statuses.len() - 1)];
            async move { answered(status) }
        })
    }

    pub(super) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

impl fmt::Debug for MockCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockCall").field("calls", &self.calls()).finish_non_exhaustive()
    }
}

impl Call for MockCall {
    async fn call(&self, request: &VendorRequest) -> Outcome {
        let nth = self.calls.fetch_add(1, Ordering::SeqCst);
        let seen = SeenRequest { body: request.body.clone(), sent: request.sent.clone() };
        (self.reply)(nth, seen).await
    }
}

pub(super) fn put(key: &str) -> VendorRequest {
    let deadline = Instant::now() + Duration::from_secs(30);
    let uri = Uri::from_static("http://vendor.invalid/1");
    let mut request = VendorRequest::new(Method::PUT, uri, deadline).repeated(Repeat::WheneverSafe);
    request.key = Some(key.into());
    request
}

pub(super) fn ok() -> Outcome {
    answered(200)
}

pub(super) fn answered(status: u16) -> Outcome {
    Ok(VendorResponse::new(StatusCode::from_u16(status).unwrap(), HeaderMap::new(), Bytes::new()))
}

pub(super) fn with_header(status: u16, name: &'static str, value: &str) -> Outcome {
    answered(status).map(|mut response| {
        response.headers.insert(name, value.parse().unwrap());
        response
    })
}

pub(super) fn failed(kind: FailureKind) -> Outcome {
    Err(Failure::new(kind, "as told"))
}

/// Other replicas of which nothing is heard: each wait for the store they share ends with its caller only.
#[derive(Debug, Default)]
pub(super) struct SilentReplicas {
    /// How the probes of this replica have ended.
    pub(super) probes: std::sync::Mutex<Vec<ProbeEnd>>,
}

impl SharedAccount for SilentReplicas {
    fn listen(&self, _: Weak<dyn AccountSignals>) {}

    fn refresh(&self) -> Option<Later<'_, ()>> {
        Some(Box::pin(std::future::pending()))
    }

    fn paused(&self, _: Duration, _: bool) {}

    fn opened(&self, _: Duration) {}

    fn win_probe(&self) -> Later<'_, bool> {
        Box::pin(std::future::pending())
    }

    fn probed(&self, end: ProbeEnd) {
        self.probes.lock().unwrap().push(end);
    }
}
