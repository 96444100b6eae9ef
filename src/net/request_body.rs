//! A request's body, of which a refusal over HTTP/2 leaves nothing in the way.
//!
//! A service may respond before it has read the body, or without reading it. HTTP/2 then resets the stream, and clients
//! that are still sending report the reset instead of the response, or wait for ever. So what is left of the body is read
//! and dropped for a while before the stream is reset. Over HTTP/1 the lingering close does the same.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::admission::AdmissionContext;

/// How long the rest of a body is read.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(2);

/// The body of a request, as the service gets it.
pub struct RequestBody {
    /// Always there until it is dropped.
    incoming: Option<Incoming>,
    /// Where the rest is discarded; `None` in HTTP/1.
    discard: Option<Arc<AdmissionContext>>,
}

impl RequestBody {
    pub(crate) fn new(incoming: Incoming, discard: Option<Arc<AdmissionContext>>) -> Self {
        Self { incoming: Some(incoming), discard }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.incoming {
            Some(incoming) => Pin::new(incoming).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        let (Some(incoming), Some(context)) = (self.incoming.take(), self.discard.take()) else { return };
        // Without a runtime the process is at its end.
        if !incoming.is_end_stream() && Handle::try_current().is_ok() {
            context.shutdown.spawn(discard(incoming, context.settings.max_discarded_bytes));
        }
    }
}

/// Reads and drops a body to its end, at most so many bytes of it and for a limited time.
async fn discard(mut body: Incoming, limit: usize) {
    let mut left = limit;
    let reading = async {
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map_or(0, Bytes::len);
            let Some(rest) = left.checked_sub(length) else { return };
            left = rest;
        }
    };
    let _ = timeout(DISCARD_TIMEOUT, reading).await;
}

impl fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestBody")
    }
}
