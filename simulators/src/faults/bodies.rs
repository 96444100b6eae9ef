//! Response bodies that are sent one byte at a time or cut in the middle.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::time::{Sleep, sleep};
use tokio_util::sync::CancellationToken;

/// Sends one byte per frame, with a pause of `gap` before each.
pub(crate) struct DripBody {
    rest: Bytes,
    gap: Duration,
    sleep: Pin<Box<Sleep>>,
}

impl DripBody {
    pub(crate) fn new(bytes: Bytes, gap: Duration) -> Self {
        Self { rest: bytes, gap, sleep: Box::pin(sleep(gap)) }
    }
}

impl Body for DripBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        ready!(self.sleep.as_mut().poll(cx));
        let byte = self.rest.split_to(1);
        self.sleep = Box::pin(sleep(self.gap));
        Poll::Ready(Some(Ok(Frame::data(byte))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

/// Sends the first half of a body, then cancels `reset`.
///
/// One poll in between returns pending, because the connection then flushes what it has.
pub(crate) struct CutBody {
    total: u64,
    half: Option<Bytes>,
    flushed: bool,
    reset: CancellationToken,
}

impl CutBody {
    pub(crate) fn new(bytes: &Bytes, reset: CancellationToken) -> Self {
        Self { total: bytes.len() as u64, half: Some(bytes.slice(..bytes.len() / 2)), flushed: false, reset }
    }
}

impl Body for CutBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(half) = self.half.take() {
            return Poll::Ready(Some(Ok(Frame::data(half))));
        }
        if self.flushed {
            self.reset.cancel();
        } else {
            self.flushed = true;
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.total)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_drip_gives_single_bytes_with_a_gap_before_each() {
        let (started, gap) = (Instant::now(), Duration::from_secs(60));
        let mut drip = DripBody::new(Bytes::from_static(b"abc"), gap);
        for (count, byte) in (1..).zip([b"a", b"b", b"c"]) {
            let frame = drip.frame().await.expect("a frame").expect("no error");
            assert_eq!(frame.data_ref().map(AsRef::as_ref), Some(&byte[..]));
            assert!(started.elapsed() >= gap * count);
        }
        assert!(drip.is_end_stream() && drip.frame().await.is_none());
    }
}
