//! A response body that keeps its request counted until it was written or dropped.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{Either, Full};

use super::activity::ActiveRequest;
use crate::http::body::BoxError;

pin_project_lite::pin_project! {
    /// The body of a response of the service, or of a rejection.
    pub(crate) struct TrackedBody<B> {
        #[pin]
        body: Either<B, Full<Bytes>>,
        request: ActiveRequest,
    }
}

impl<B> TrackedBody<B> {
    pub(crate) fn new(body: Either<B, Full<Bytes>>, request: ActiveRequest) -> Self {
        request.response_ready();
        Self { body, request }
    }
}

impl<B: Body<Data = Bytes, Error: Into<BoxError>>> Body for TrackedBody<B> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.project().body.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
