//! A response body that keeps its request counted until it was written or dropped.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;

use super::activity::InFlight;

pin_project_lite::pin_project! {
    /// The body of an answer of the service, or of a refusal.
    pub(crate) struct TrackedBody<B> {
        #[pin]
        source: Source<B>,
        in_flight: InFlight,
    }
}

pin_project_lite::pin_project! {
    #[project = SourceProjection]
    enum Source<B> {
        Service { #[pin] body: B },
        Rejection { #[pin] body: Full<Bytes> },
    }
}

impl<B> TrackedBody<B> {
    pub(crate) fn of_service(body: B, in_flight: InFlight) -> Self {
        in_flight.note_answered();
        Self { source: Source::Service { body }, in_flight }
    }

    pub(crate) fn of_refusal(body: Bytes, in_flight: InFlight) -> Self {
        in_flight.note_answered();
        Self { source: Source::Rejection { body: Full::new(body) }, in_flight }
    }
}

impl<B: Body<Data = Bytes>> Body for TrackedBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match self.project().source.project() {
            SourceProjection::Service { body } => body.poll_frame(cx),
            SourceProjection::Rejection { body } => {
                body.poll_frame(cx).map(|frame| frame.map(|frame| frame.map_err(|never| match never {})))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Service { body } => body.is_end_stream(),
            Source::Rejection { body } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Service { body } => body.size_hint(),
            Source::Rejection { body } => body.size_hint(),
        }
    }
}
