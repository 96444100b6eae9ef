//! A response body that keeps its request counted and watches for an ending like a canned head.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;

use super::activity::InFlight;
use super::canned_head::may_end_like_one;

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
        Refusal { #[pin] body: Full<Bytes> },
    }
}

impl<B> TrackedBody<B> {
    pub(crate) fn of_service(body: B, in_flight: InFlight) -> Self {
        in_flight.note_answered();
        Self { source: Source::Service { body }, in_flight }
    }

    pub(crate) fn of_refusal(body: Bytes, in_flight: InFlight) -> Self {
        in_flight.note_answered();
        Self { source: Source::Refusal { body: Full::new(body) }, in_flight }
    }
}

impl<B: Body<Data = Bytes>> Body for TrackedBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.project();
        let frame = match this.source.project() {
            SourceProjection::Service { body } => ready!(body.poll_frame(cx)),
            SourceProjection::Refusal { body } => {
                ready!(body.poll_frame(cx)).map(|frame| frame.map_err(|never| match never {}))
            }
        };
        if let Some(Ok(frame)) = &frame
            && frame.data_ref().is_none_or(|data| may_end_like_one(data))
        {
            this.in_flight.activity().note_like_canned();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Service { body } => body.is_end_stream(),
            Source::Refusal { body } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Service { body } => body.size_hint(),
            Source::Refusal { body } => body.size_hint(),
        }
    }
}
