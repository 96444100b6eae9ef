//! The socket of a connection, plaintext or TLS, with the state that the pool and the client need.
//!
//! It ends an HTTP/1 response that has no end.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;

use crate::http::short_write::poll_write_pieces;
use crate::upstream::MAX_RESPONSE;
use crate::upstream::counters::Counters;

/// How many times the longest body are read in HTTP/1 after a byte of a request is written: enough for small chunks. hyper
/// reads interim responses (100, 103) for as long as any come, and blocks its thread meanwhile.
const BYTES_PER_BODY_BYTE: u64 = 4;

/// The state of a connection, shared by its clones.
#[derive(Clone, Debug, Default)]
pub(super) struct ConnectionState(Arc<StateFlags>);

#[derive(Debug, Default)]
struct StateFlags {
    answered: AtomicBool,
    received: AtomicU64,
    /// The longest body in response to the request sent last.
    max_response: AtomicU64,
    /// Requests that were sent and have no complete response, including cancelled ones.
    unanswered: AtomicUsize,
    /// Whether the socket has not accepted the last bytes.
    blocked: AtomicBool,
    reset: AtomicBool,
    resetting: Notify,
    ended: AtomicBool,
    /// Notified of the first byte received, and of the end.
    greeting: Notify,
}

/// A request in flight on a connection; dropping it before [`ExchangeGuard::answered`] cancels it.
///
/// HTTP/1 then resets the connection: nothing else can take back bytes that the system has accepted. HTTP/2 resets
/// the stream, which also discards what waits here for the stream's window, and the connection only if bytes wait for
/// the socket.
#[derive(Debug)]
pub(super) struct ExchangeGuard<'a> {
    state: &'a ConnectionState,
    is_http2: bool,
    answered: bool,
}

impl ExchangeGuard<'_> {
    /// The response is complete.
    pub(super) fn answered(mut self) {
        self.answered = true;
        self.state.0.answered.store(true, Ordering::Release);
        self.state.0.unanswered.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Drop for ExchangeGuard<'_> {
    fn drop(&mut self) {
        if !self.answered && (!self.is_http2 || self.state.0.blocked.load(Ordering::Acquire)) {
            self.state.reset();
        }
    }
}

impl ConnectionState {
    /// Whether a response has been received on it.
    pub(super) fn has_answered(&self) -> bool {
        self.0.answered.load(Ordering::Acquire)
    }

    /// A request is about to be sent, of whose response the body may have `max_response` bytes.
    pub(super) fn begin(&self, is_http2: bool, max_response: usize) -> ExchangeGuard<'_> {
        self.0.max_response.store(max_response as u64, Ordering::Release);
        self.0.unanswered.fetch_add(1, Ordering::AcqRel);
        ExchangeGuard { state: self, is_http2, answered: false }
    }

    /// How many bytes may be received before the next write.
    fn read_budget(&self) -> u64 {
        let longest = self.0.max_response.load(Ordering::Acquire).max(MAX_RESPONSE as u64); // heads have room, too
        longest.saturating_mul(BYTES_PER_BODY_BYTE)
    }

    /// Makes the connection's task drop it at once.
    pub(super) fn reset(&self) {
        self.0.reset.store(true, Ordering::Release);
        self.0.resetting.notify_one();
    }

    /// Whether the connection is about to be reset.
    pub(super) fn is_reset(&self) -> bool {
        self.0.reset.load(Ordering::Acquire)
    }

    /// Returns once the connection is to be reset.
    pub(super) async fn resetting(&self) {
        self.0.resetting.notified().await;
    }

    /// Records that the connection has ended.
    pub(super) fn end(&self) {
        self.0.ended.store(true, Ordering::Release);
        self.0.greeting.notify_one();
    }

    /// Waits for the first byte from the vendor; false if the connection ends without one.
    pub(super) async fn greeted(&self) -> bool {
        loop {
            if self.received() > 0 || self.0.ended.load(Ordering::Acquire) {
                return self.received() > 0;
            }
            self.0.greeting.notified().await;
        }
    }

    /// How many bytes have been received.
    pub(super) fn received(&self) -> u64 {
        self.0.received.load(Ordering::Acquire)
    }
}

/// Reads and writes a connection.
#[derive(Debug)]
pub(super) struct Stream {
    transport: Transport,
    state: ConnectionState,
    /// How many bytes may be received before the next write; `None` in HTTP/2, which has limits of its own.
    read_budget: Option<u64>,
    /// Whether it was shut down.
    shut: bool,
    _open: OpenConnection,
}

/// Counts a connection when it opens and when it closes.
#[derive(Debug)]
struct OpenConnection(Arc<Counters>);

impl OpenConnection {
    fn new(counters: Arc<Counters>) -> Self {
        counters.connected.add();
        Self(counters)
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.disconnected.add();
    }
}

type Transport = Either<TcpStream, Box<TlsStream<TcpStream>>>;

impl Stream {
    pub(super) fn plain(tcp: TcpStream, counters: Arc<Counters>) -> Self {
        Self::new(Either::Left(tcp), false, counters)
    }

    pub(super) fn tls(tls: TlsStream<TcpStream>, counters: Arc<Counters>) -> Self {
        let is_http2 = tls.get_ref().1.alpn_protocol() == Some(b"h2");
        Self::new(Either::Right(Box::new(tls)), is_http2, counters)
    }

    fn new(transport: Transport, is_http2: bool, counters: Arc<Counters>) -> Self {
        let state = ConnectionState::default();
        let read_budget = (!is_http2).then(|| state.read_budget());
        Self { transport, state, read_budget, shut: false, _open: OpenConnection::new(counters) }
    }

    /// The state, which outlives the socket.
    pub(super) fn state(&self) -> &ConnectionState {
        &self.state
    }

    /// Whether both sides have agreed on HTTP/2.
    pub(super) fn is_http2(&self) -> bool {
        self.read_budget.is_none()
    }

    /// Counts received bytes.
    fn received(&mut self, bytes: u64) -> io::Result<()> {
        if bytes == 0 {
            return Ok(());
        }
        if self.state.0.received.fetch_add(bytes, Ordering::Release) == 0 {
            self.state.0.greeting.notify_one();
        }
        let Some(read_budget) = &mut self.read_budget else { return Ok(()) };
        let endless = || io::Error::new(io::ErrorKind::InvalidData, "the response has no end");
        *read_budget = read_budget.checked_sub(bytes).ok_or_else(endless)?;
        Ok(())
    }

    /// Renews the read budget after a write.
    fn written<T>(&mut self, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        self.read_budget = self.read_budget.map(|_| self.state.read_budget());
        self.flushed(polled)
    }

    /// Records whether the socket accepts more.
    fn flushed<T>(&self, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        self.state.0.blocked.store(polled.is_pending(), Ordering::Release);
        polled
    }
}

/// Without a response the system must not deliver the bytes that it has accepted: it sends a reset instead.
impl Drop for Stream {
    fn drop(&mut self) {
        let unanswered = self.state.0.unanswered.load(Ordering::Acquire) > 0;
        if !self.shut && (unanswered || self.state.is_reset()) {
            let tcp = match &self.transport {
                Either::Left(tcp) => tcp,
                Either::Right(tls) => tls.get_ref().0,
            };
            if let Err(error) = tcp.set_zero_linger() {
                tracing::debug!(%error, "a connection to a vendor is closed without a reset");
            }
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.transport).poll_read(cx, buf);
        let read = buf.filled().len().saturating_sub(before);
        self.received(read as u64)?;
        polled
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.transport).poll_write(cx, buf);
        self.written(polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if matches!(self.transport, Either::Left(_)) {
            return Poll::Ready(Ok(())); // TCP has no buffer
        }
        let polled = Pin::new(&mut self.transport).poll_flush(cx);
        self.flushed(polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.transport).poll_shutdown(cx);
        self.shut = matches!(polled, Poll::Ready(Ok(())));
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = poll_write_pieces(&mut self.transport, cx, bufs);
        self.written(polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.transport.is_write_vectored()
    }
}
