//! A vendor in memory, for the tests of the layers above the client.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri};
use tokio::time::Instant;

use super::{Call, DeliveryState, Failure, FailureKind, VendorRequest, VendorResponse};

pub(super) type Outcome = Result<VendorResponse, Failure>;
type Running = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// Answers the nth call (from 0) with what its closure makes of it.
#[derive(Clone)]
pub(super) struct MockCall {
    reply: Arc<dyn Fn(usize, Seen) -> Running + Send + Sync>,
    calls: Arc<AtomicUsize>,
}

/// What a double sees of a request.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) body: Bytes,
    pub(super) sent: DeliveryState,
}

impl MockCall {
    pub(super) fn new<F, R>(reply: F) -> Self
    where
        F: Fn(usize, Seen) -> R + Send + Sync + 'static,
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
    async fn call(&self, outgoing: &VendorRequest) -> Outcome {
        let nth = self.calls.fetch_add(1, Ordering::SeqCst);
        let seen = Seen { body: outgoing.body.clone(), sent: outgoing.sent.clone() };
        (self.reply)(nth, seen).await
    }
}

pub(super) fn put(key: &str) -> VendorRequest {
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut outgoing = VendorRequest::new(Method::PUT, Uri::from_static("http://vendor.invalid/1"), deadline);
    outgoing.key = Some(key.into());
    outgoing
}

pub(super) fn ok() -> Outcome {
    answered(200)
}

pub(super) fn answered(status: u16) -> Outcome {
    Ok(VendorResponse::new(StatusCode::from_u16(status).unwrap(), HeaderMap::new(), Bytes::new()))
}

pub(super) fn with_header(status: u16, name: &'static str, value: &str) -> Outcome {
    answered(status).map(|mut answer| {
        answer.headers.insert(name, value.parse().unwrap());
        answer
    })
}

pub(super) fn failed(kind: FailureKind) -> Outcome {
    Err(Failure::new(kind, "as told"))
}
