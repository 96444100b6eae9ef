//! A connection to a vendor, in the clear or under TLS, that remembers what it has brought, and ends when that has no
//! end.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::Notify,
};
use tokio_rustls::client::TlsStream;

use crate::upstream::counters::Counters;
use crate::upstream::response::MAX_BODY;

/// The most that is read in HTTP/1 after a byte of a request, in bytes: the longest answer in small chunks. hyper reads
/// interim answers (100, 103) for as long as any come, in one go, and keeps its thread from everything else meanwhile.
const LONGEST_ANSWER: u64 = 4 * MAX_BODY as u64;

/// What a connection has brought so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Served(Arc<History>);

#[derive(Debug, Default)]
struct History {
    answered: AtomicBool,
    heard: AtomicU64,
    /// Requests that were sent and have no complete answer, those given up included.
    unanswered: AtomicUsize,
    /// Whether the last bytes given to the socket are still here.
    blocked: AtomicBool,
    reset: AtomicBool,
    resetting: Notify,
}

/// A request on a connection; dropped before [`Exchanging::answered`], it is given up.
///
/// HTTP/1 then resets the connection: nothing else can take back bytes that the system has accepted. HTTP/2 resets
/// the stream, which also discards what waits here for the stream's window, and the connection only if bytes wait for
/// the socket.
#[derive(Debug)]
pub(crate) struct Exchanging<'a> {
    served: &'a Served,
    is_http2: bool,
    answered: bool,
}

impl Exchanging<'_> {
    /// The answer is complete.
    pub(crate) fn answered(mut self) {
        self.answered = true;
        self.served.0.answered.store(true, Ordering::Release);
        self.served.0.unanswered.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Drop for Exchanging<'_> {
    fn drop(&mut self) {
        if !self.answered && (!self.is_http2 || self.served.0.blocked.load(Ordering::Acquire)) {
            self.served.reset();
        }
    }
}

impl Served {
    /// Whether it has brought an answer before.
    pub(crate) fn get(&self) -> bool {
        self.0.answered.load(Ordering::Acquire)
    }

    /// A request is about to be sent.
    pub(crate) fn begin(&self, is_http2: bool) -> Exchanging<'_> {
        self.0.unanswered.fetch_add(1, Ordering::AcqRel);
        Exchanging { served: self, is_http2, answered: false }
    }

    /// Has the connection's task drop it at once.
    pub(crate) fn reset(&self) {
        self.0.reset.store(true, Ordering::Release);
        self.0.resetting.notify_one();
    }

    /// Whether the connection is about to be reset.
    pub(crate) fn is_reset(&self) -> bool {
        self.0.reset.load(Ordering::Acquire)
    }

    /// Returns once the connection is to be reset.
    pub(crate) async fn resetting(&self) {
        self.0.resetting.notified().await;
    }

    /// How many bytes have come over it.
    pub(crate) fn heard(&self) -> u64 {
        self.0.heard.load(Ordering::Acquire)
    }
}

/// The bytes' way.
#[derive(Debug)]
pub(crate) struct Stream {
    way: Way,
    served: Served,
    /// How many bytes may still come until something is written; `None` in HTTP/2, which bounds itself.
    room: Option<u64>,
    /// Whether it was closed in good order.
    shut: bool,
    _open: Open,
}

/// An open connection, counted when it begins and when it ends.
#[derive(Debug)]
struct Open(Arc<Counters>);

impl Open {
    fn new(counters: Arc<Counters>) -> Self {
        counters.connected.add();
        Self(counters)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.disconnected.add();
    }
}

#[derive(Debug)]
enum Way {
    Clear(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    pub(crate) fn clear(tcp: TcpStream, counters: Arc<Counters>) -> Self {
        Self::new(Way::Clear(tcp), counters)
    }

    pub(crate) fn tls(tls: TlsStream<TcpStream>, counters: Arc<Counters>) -> Self {
        Self::new(Way::Tls(Box::new(tls)), counters)
    }

    fn new(way: Way, counters: Arc<Counters>) -> Self {
        let room = (!way.is_http2()).then_some(LONGEST_ANSWER);
        Self { way, served: Served::default(), room, shut: false, _open: Open::new(counters) }
    }

    /// What it has brought, whoever reads it.
    pub(crate) fn served(&self) -> &Served {
        &self.served
    }

    /// Whether both sides have agreed on HTTP/2.
    pub(crate) fn is_http2(&self) -> bool {
        self.way.is_http2()
    }

    /// Takes note of what has come.
    fn heard(&mut self, bytes: u64) -> io::Result<()> {
        self.served.0.heard.fetch_add(bytes, Ordering::Release);
        let Some(room) = &mut self.room else { return Ok(()) };
        let endless = || io::Error::new(io::ErrorKind::InvalidData, "the answer has no end");
        *room = room.checked_sub(bytes).ok_or_else(endless)?;
        Ok(())
    }

    /// Takes note that a request is on its way.
    fn said<T>(&mut self, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        self.room = self.room.map(|_| LONGEST_ANSWER);
        self.blocks(polled)
    }

    /// Takes note of whether the socket takes no more.
    fn blocks<T>(&self, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        self.served.0.blocked.store(polled.is_pending(), Ordering::Release);
        polled
    }
}

/// Without an answer the system must not go on delivering what it has accepted: it sends a reset instead.
impl Drop for Stream {
    fn drop(&mut self) {
        let unanswered = self.served.0.unanswered.load(Ordering::Acquire) > 0;
        if !self.shut && (unanswered || self.served.is_reset()) {
            let tcp = match &self.way {
                Way::Clear(tcp) => tcp,
                Way::Tls(tls) => tls.get_ref().0,
            };
            if let Err(error) = tcp.set_zero_linger() {
                tracing::debug!(%error, "a connection to a vendor is closed without a reset");
            }
        }
    }
}

impl Way {
    fn is_http2(&self) -> bool {
        matches!(self, Self::Tls(tls) if tls.get_ref().1.alpn_protocol() == Some(b"h2"))
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = match &mut self.way {
            Way::Clear(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Way::Tls(tls) => Pin::new(tls).poll_read(cx, buf),
        };
        let read = buf.filled().len().saturating_sub(before);
        self.heard(read as u64)?;
        polled
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = match &mut self.way {
            Way::Clear(tcp) => Pin::new(tcp).poll_write(cx, buf),
            Way::Tls(tls) => Pin::new(tls).poll_write(cx, buf),
        };
        self.said(polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = match &mut self.way {
            Way::Clear(_) => return Poll::Ready(Ok(())), // keeps nothing
            Way::Tls(tls) => Pin::new(tls).poll_flush(cx),
        };
        self.blocks(polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = match &mut self.way {
            Way::Clear(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Way::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        };
        self.shut = matches!(polled, Poll::Ready(Ok(())));
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = match &mut self.way {
            Way::Clear(tcp) => Pin::new(tcp).poll_write_vectored(cx, bufs),
            Way::Tls(tls) => Pin::new(tls).poll_write_vectored(cx, bufs),
        };
        self.said(polled)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.way {
            Way::Clear(tcp) => tcp.is_write_vectored(),
            Way::Tls(tls) => tls.is_write_vectored(),
        }
    }
}
