//! The socket as hyper sees it, with framing checks and timeouts.
//!
//! For HTTP/1, the framing gate checks all input and may withhold it from hyper, and a timer limits how long a head may
//! take. Writes time out if the peer does not read.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use super::framing::{FramingGate, HeadLimits};
use crate::http::short_write::poll_write_pieces;
use crate::net::activity::Activity;
use crate::net::rejection::RejectionReason;
use crate::net::settings::WritePace;

/// A socket with framing checks and timeouts.
#[derive(Debug)]
pub(crate) struct GuardedIo<IO> {
    io: IO,
    prefix: Bytes,
    activity: Arc<Activity>,
    http1: Option<Http1Watch>,
    pace: WritePace,
    write_timer: Option<Pin<Box<Sleep>>>,
    /// What had been written when the timer was started.
    written_before: u64,
}

#[derive(Debug)]
struct Http1Watch {
    gate: FramingGate,
    head_timeout: Duration,
    head_timer: Pin<Box<Sleep>>,
    timed_head: u64,
    rejection: Option<RejectionReason>,
}

/// What is left of an HTTP/1 connection after hyper has returned it.
#[derive(Debug)]
pub(crate) struct IoParts<IO> {
    pub(crate) io: IO,
    /// Why the gate ended the reading.
    pub(crate) rejection: Option<RejectionReason>,
    /// Whether the input ended inside a head.
    pub(crate) in_head: bool,
    /// Whether the peer may still be sending.
    pub(crate) unread: bool,
}

impl<IO> GuardedIo<IO> {
    /// An HTTP/2 connection; `prefix` was read from it already.
    pub(crate) fn http2(io: IO, prefix: Bytes, activity: Arc<Activity>, pace: WritePace) -> Self {
        Self { io, prefix, activity, http1: None, pace, write_timer: None, written_before: 0 }
    }

    /// The same for HTTP/1; the first head must arrive before `first_deadline`.
    pub(crate) fn with_http1(self, limits: HeadLimits, head_timeout: Duration, first_deadline: Instant) -> Self {
        let head_timer = Box::pin(sleep_until(first_deadline));
        let gate = FramingGate::new(limits);
        let watch = Http1Watch { gate, head_timeout, head_timer, timed_head: 1, rejection: None };
        Self { http1: Some(watch), ..self }
    }

    /// Takes the connection apart once hyper has returned it.
    pub(crate) fn into_parts(self) -> IoParts<IO> {
        let http1 = self.http1;
        IoParts {
            io: self.io,
            in_head: http1.as_ref().is_some_and(|watch| watch.gate.in_head()),
            unread: http1.as_ref().is_some_and(|watch| !watch.gate.is_between()),
            rejection: http1.and_then(|watch| watch.rejection),
        }
    }

    /// Runs the write timer; ready with an error once it has expired and the peer has read more slowly than `pace`.
    ///
    /// Only a complete flush or a peer that keeps `pace` resets the timer. A byte now and then does not.
    fn poll_write_timeout<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        let (timeout, written) = (self.pace.timeout, self.activity.written());
        let timer = self.write_timer.get_or_insert_with(|| {
            self.written_before = written;
            Box::pin(sleep(timeout))
        });
        while timer.as_mut().poll(cx).is_ready() {
            if written - self.written_before < self.pace.bytes {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.written_before = written;
            timer.as_mut().reset(Instant::now() + timeout);
        }
        Poll::Pending
    }

    fn after_write(&mut self, cx: &mut Context<'_>, polled: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match polled {
            Poll::Pending => self.poll_write_timeout(cx),
            Poll::Ready(Ok(bytes)) => {
                self.activity.record_written(bytes);
                polled
            }
            Poll::Ready(Err(_)) => polled,
        }
    }

    fn after_flush(&mut self, cx: &mut Context<'_>, polled: Poll<io::Result<()>>) -> Poll<io::Result<()>> {
        if polled.is_pending() {
            return self.poll_write_timeout(cx);
        }
        self.write_timer = None;
        polled
    }
}

impl Http1Watch {
    /// Follows new input, records whether a head has started and returns how much of the input hyper may read.
    fn follow(&mut self, bytes: &[u8], activity: &Activity) -> usize {
        let passed = self.gate.follow(bytes);
        activity.set_receiving_head(self.gate.in_head());
        passed
    }

    /// Ends the reading of what is rejected or late, but of a head only once all responses before it have left.
    fn poll_end(&mut self, cx: &mut Context<'_>, activity: &Activity) -> Poll<io::Error> {
        if self.gate.has_rejected() && !self.gate.in_head() {
            return Poll::Ready(io::ErrorKind::InvalidData.into());
        }
        if !self.gate.in_head() || !activity.is_flushed() {
            return Poll::Pending;
        }
        if let Some(reason) = self.gate.rejected_head() {
            self.rejection = Some(reason);
            return Poll::Ready(io::ErrorKind::InvalidData.into());
        }
        if self.timed_head != self.gate.heads() {
            self.timed_head = self.gate.heads();
            self.head_timer.as_mut().reset(Instant::now() + self.head_timeout);
        }
        ready!(self.head_timer.as_mut().poll(cx));
        self.rejection = Some(RejectionReason::HeadTimeout);
        Poll::Ready(io::ErrorKind::TimedOut.into())
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for GuardedIo<IO> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let filled = buf.filled().len();
        if let Some(watch) = &mut this.http1
            && watch.gate.has_rejected()
        {
            return watch.poll_end(cx, &this.activity).map(Err);
        }
        let polled = if this.prefix.is_empty() {
            Pin::new(&mut this.io).poll_read(cx, buf)
        } else {
            let taken = this.prefix.len().min(buf.remaining());
            buf.put_slice(&this.prefix[..taken]);
            let rest = this.prefix.split_off(taken);
            this.prefix = if rest.is_empty() { Bytes::new() } else { rest }; // an empty slice would keep the buffer
            Poll::Ready(Ok(()))
        };
        let Some(watch) = &mut this.http1 else {
            return polled;
        };
        match polled {
            Poll::Ready(Ok(())) => {
                let passed = watch.follow(&buf.filled()[filled..], &this.activity);
                let withheld = buf.filled().len() > filled + passed;
                buf.set_filled(filled + passed);
                // Zero bytes would mean the end of the input.
                if withheld && passed == 0 { watch.poll_end(cx, &this.activity).map(Err) } else { polled }
            }
            Poll::Ready(Err(_)) => polled,
            Poll::Pending => watch.poll_end(cx, &this.activity).map(Err),
        }
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for GuardedIo<IO> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.io).poll_write(cx, buf);
        this.after_write(cx, polled)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = poll_write_pieces(&mut this.io, cx, bufs);
        this.after_write(cx, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.io).poll_flush(cx);
        let settled = polled.is_ready() && this.activity.record_flush();
        if settled && this.http1.as_ref().is_some_and(|watch| watch.gate.in_head()) {
            // The next head has started meanwhile, and its timer has not been polled yet.
            cx.waker().wake_by_ref();
        }
        this.after_flush(cx, polled)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.http1.as_ref().is_some_and(|watch| watch.rejection.is_some()) {
            return Pin::new(this).poll_flush(cx); // the lingering close still writes a response
        }
        let polled = Pin::new(&mut this.io).poll_shutdown(cx);
        this.after_flush(cx, polled)
    }
}
