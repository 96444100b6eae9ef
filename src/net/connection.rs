//! One connection from its first byte to its last: the choice of the protocol, hyper, idleness, the lingering close.
//!
//! hyper-util's automatic connection is not used. It waits for the first bytes without a time limit, and it does not
//! return the socket, which the lingering close needs.

use std::convert::Infallible;
use std::fmt;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::future::Either;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use http::{Request, Response};
use http_body::Body;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;
use tower::Service;

use super::activity::{Activity, Stalled};
use super::admission::{Admission, AdmissionContext};
use super::http1::framing::HeadLimits;
use super::http1::guarded_io::{GuardedIo, IoParts};
use super::http1::lingering_close;
use super::listener_meters::ListenerMeters;
use super::open_connections::{OpenConnection, OpenConnections};
use super::peer::Peer;
use super::rejection::{RejectionReason, RejectionRenderer};
use super::request_body::RequestBody;
use super::settings::ListenerSettings;
use super::shutdown::Shutdown;
use super::tls::session_expiry::SessionExpiry;
use crate::http::body::BoxError;

const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const FIRST_READ_BYTES: usize = 4096;
/// hyper's own limit on header fields; lower limits are enforced by the framing gate and the admission.
const HYPER_MAX_HEADERS: usize = 100;
/// How far hyper's limit on a head is above that of the framing gate, which therefore always rejects first.
const HYPER_HEAD_MARGIN: usize = 64;
/// How long an evicted idle HTTP/2 connection has for its graceful shutdown.
const EVICTION_LINGER: Duration = Duration::from_millis(250);
/// hyper's smallest read buffer.
const HYPER_MIN_BUFFER: usize = 8192;

/// What ends a connection besides its peer.
enum Event {
    /// The shutdown, or the end of the peer's session.
    Ended,
    Stalled(Stalled),
    Evicted,
}

/// Serves connections with one service under one set of limits; cheap to clone.
#[derive(Clone)]
pub struct Connections<S> {
    service: S,
    settings: Arc<ListenerSettings>,
    renderer: RejectionRenderer,
    shutdown: Shutdown,
    http1: Arc<http1::Builder>,
    http2: http2::Builder<Shutdown>,
    pub(super) meters: Arc<ListenerMeters>,
    pub(super) open: Arc<OpenConnections>,
}

impl<S> fmt::Debug for Connections<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl<S> Connections<S> {
    /// Connections that pass requests to `service`; `renderer` renders the problems of those that never reach it.
    pub fn new(service: S, settings: ListenerSettings, renderer: RejectionRenderer, shutdown: Shutdown) -> Self {
        let http1 = Arc::new(http1_builder(&settings));
        let http2 = http2_builder(&settings, &shutdown);
        let (settings, meters, open) = (Arc::new(settings), Arc::default(), Arc::default());
        Self { service, settings, renderer, shutdown, http1, http2, meters, open }
    }

    /// The same, counted by other meters.
    #[must_use]
    pub fn counted(self, meters: &Arc<ListenerMeters>) -> Self {
        meters.set_limit(self.settings.max_connections);
        Self { meters: Arc::clone(meters), ..self }
    }

    /// The limits.
    pub fn settings(&self) -> &ListenerSettings {
        &self.settings
    }

    /// The shutdown that ends these connections.
    pub fn shutdown(&self) -> &Shutdown {
        &self.shutdown
    }
}

impl<S, B> Connections<S>
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible, Future: Send> + Clone + Send + 'static,
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    /// Serves one connection until it ends. ALPN decides the protocol, or without it the first bytes.
    pub fn serve<IO>(&self, io: IO, peer: Peer) -> impl Future<Output = ()>
    where
        IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let open = self.open.open(peer.address.ip());
        self.serve_open(io, peer, open)
    }

    /// The same for a connection that is listed already.
    pub(super) async fn serve_open<IO>(&self, mut io: IO, peer: Peer, open: OpenConnection)
    where
        IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let deadline = Instant::now() + self.settings.header_timeout;
        let negotiated = peer.tls.as_ref().and_then(|tls| tls.http2);
        let (http2, prefix) = match negotiated {
            Some(http2) => (http2, Bytes::new()),
            None => match first_bytes(&mut io, deadline, self.shutdown.soft(), &open).await {
                Some(prefix) => (prefix.starts_with(HTTP2_PREFACE), prefix),
                None => return,
            },
        };
        open.activity().set_receiving_head(false); // the framing gate sets it again from the same bytes
        let activity = Arc::clone(open.activity());
        let peer = Arc::new(peer);
        let io = GuardedIo::http2(io, prefix, Arc::clone(&activity), self.settings.pace(self.settings.write_timeout));
        if http2 {
            Box::pin(self.serve_http2(io, peer, open)).await; // much larger than HTTP/1
        } else {
            let io = io.with_http1(head_limits(&self.settings), self.settings.header_timeout, deadline);
            self.serve_http1(io, peer, open).await;
        }
    }

    async fn serve_http1<IO>(&self, io: GuardedIo<IO>, peer: Arc<Peer>, open: OpenConnection)
    where
        IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let session_expiry = peer.tls.as_ref().map(|tls| tls.session_expiry.clone());
        let admission = self.admission(peer, Arc::clone(open.activity()));
        let service = service_fn(move |request| admission.clone().handle(request));
        let mut connection = self.http1.serve_connection(TokioIo::new(io), service);
        let driven = self.drive(Pin::new(&mut connection), http1::Connection::graceful_shutdown, &open, session_expiry);
        let Some(result) = driven.await else {
            return;
        };
        let parts = connection.into_parts().io.into_inner().into_parts();
        self.finish(parts, result).await;
    }

    async fn serve_http2<IO>(&self, io: GuardedIo<IO>, peer: Arc<Peer>, open: OpenConnection)
    where
        IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let session_expiry = peer.tls.as_ref().map(|tls| tls.session_expiry.clone());
        let admission = self.admission(peer, Arc::clone(open.activity()));
        let service = service_fn(move |request| admission.clone().handle(request));
        let connection = pin!(self.http2.serve_connection(TokioIo::new(io), service));
        let driven = self.drive(connection, http2::Connection::graceful_shutdown, &open, session_expiry);
        if let Some(Err(error)) = driven.await {
            tracing::debug!(%error, "HTTP/2 connection ended");
        }
    }

    fn admission(&self, peer: Arc<Peer>, activity: Arc<Activity>) -> Admission<S> {
        let (settings, renderer) = (Arc::clone(&self.settings), self.renderer.clone());
        let shutdown = self.shutdown.clone();
        let context = Arc::new(AdmissionContext { settings, renderer, peer, activity, shutdown });
        Admission { service: self.service.clone(), context }
    }

    /// Runs hyper, and shuts it down gracefully on the soft token, at the end of its session, when it is idle or
    /// evicted. Returns `None` if hyper does not end within the linger timeout after that.
    async fn drive<C>(
        &self,
        mut connection: Pin<&mut C>,
        graceful_shutdown: fn(Pin<&mut C>),
        open: &OpenConnection,
        session_expiry: Option<SessionExpiry>,
    ) -> Option<hyper::Result<()>>
    where
        C: Future<Output = hyper::Result<()>>,
    {
        let activity = open.activity();
        let settings = &self.settings;
        let (write_pace, idle_pace) = (settings.pace(settings.write_timeout), settings.pace(settings.idle_timeout));
        let stalled = || Either::Left(activity.stalled(write_pace, idle_pace).map(Event::Stalled));
        let ended = ended(self.shutdown.soft(), session_expiry).map(|()| Event::Ended);
        let evicted = open.evicted().map(|()| Event::Evicted);
        // It polls its futures, which take locks, only when those were woken.
        let mut events = FuturesUnordered::from_iter([
            stalled(),
            Either::Right(Either::Left(ended)),
            Either::Right(Either::Right(evicted)),
        ]);
        let mut grace = pin!(sleep(Duration::ZERO));
        let (mut finishing, mut expired) = (false, false);
        let (mut linger, mut written) = (settings.linger_timeout, 0);
        loop {
            tokio::select! {
                biased;
                result = connection.as_mut() => return Some(result),
                Some(event) = events.next() => match event {
                    Event::Ended if finishing => continue,
                    Event::Ended => {}
                    // An HTTP/2 peer that opens no window for its response keeps hyper waiting without a write.
                    Event::Stalled(Stalled::Response) => return None,
                    Event::Stalled(Stalled::Idle) => {
                        events.push(stalled());
                        expired = true;
                    }
                    Event::Evicted if expired => continue,
                    Event::Evicted => {
                        expired = true;
                        linger = linger.min(EVICTION_LINGER);
                    }
                },
                // hyper's HTTP/2 waits for the peer to answer a ping, which it may never do.
                () = &mut grace, if finishing => {
                    let reading = activity.written() - written >= settings.pace(linger).bytes;
                    if !reading && (activity.is_flushed() || expired && activity.is_idle()) {
                        return None;
                    }
                }
            }
            finishing = true;
            graceful_shutdown(connection.as_mut());
            written = activity.written();
            grace.as_mut().reset(Instant::now() + linger);
        }
    }

    /// Writes the last response on an HTTP/1 connection, if hyper has not, and closes it so that the peer can read it.
    async fn finish<IO>(&self, mut parts: IoParts<IO>, result: hyper::Result<()>)
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let rejection = parts.rejection.or_else(|| unanswered(result.as_ref().err()?, &parts));
        let response = rejection.map(|reason| lingering_close::response(reason, &self.renderer)).unwrap_or_default();
        // hyper responds with a bare 400 to what it cannot parse.
        let rejected_by_hyper = response.is_empty() && result.as_ref().is_err_and(hyper::Error::is_parse);
        if rejected_by_hyper {
            self.meters.reject(RejectionReason::Malformed);
        }
        if let Err(error) = &result {
            tracing::debug!(%error, answered = !response.is_empty(), "HTTP/1 connection ended");
        }
        if !response.is_empty() || rejected_by_hyper || parts.unread {
            let _ = lingering_close::close(&mut parts.io, &response, self.settings.linger_timeout).await;
        }
    }
}

/// Returns once the connection should take no more requests.
async fn ended(soft: &CancellationToken, session_expiry: Option<SessionExpiry>) {
    match session_expiry {
        None => soft.cancelled().await,
        // In a box, because it is large and only TLS needs it.
        Some(session) => {
            soft.run_until_cancelled(Box::pin(session.expired())).await;
        }
    }
}

/// The reason to reject a request that hyper dropped without a response.
fn unanswered<IO>(error: &hyper::Error, parts: &IoParts<IO>) -> Option<RejectionReason> {
    let cut_short = error.is_incomplete_message() && parts.in_head;
    let misplaced_preface = error.is_parse_version_h2();
    (cut_short || misplaced_preface).then_some(RejectionReason::Malformed)
}

/// The first bytes of a connection, enough to recognise HTTP/2; `None` if it is to be closed without a response.
async fn first_bytes<IO>(
    io: &mut IO,
    deadline: Instant,
    soft: &CancellationToken,
    open: &OpenConnection,
) -> Option<Bytes>
where
    IO: AsyncRead + Unpin,
{
    let mut bytes = BytesMut::with_capacity(FIRST_READ_BYTES);
    loop {
        let read = tokio::select! {
            biased;
            read = timeout_at(deadline, io.read_buf(&mut bytes)) => read,
            () = soft.cancelled(), if bytes.is_empty() => return None,
            () = open.evicted() => return None,
        };
        open.activity().set_receiving_head(true);
        let open = matches!(read, Ok(Ok(1..)));
        if !open && (bytes.is_empty() || matches!(read, Ok(Err(_)))) {
            return None;
        }
        let undecided = bytes.len() < HTTP2_PREFACE.len() && HTTP2_PREFACE.starts_with(&bytes);
        if !open || !undecided {
            return Some(bytes.freeze());
        }
    }
}

fn http1_builder(settings: &ListenerSettings) -> http1::Builder {
    let mut builder = http1::Builder::new();
    if settings.max_headers > HYPER_MAX_HEADERS {
        builder.max_headers(settings.max_headers); // with it hyper fills a table for each head
    }
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_header_size(settings.max_header_bytes.saturating_add(HYPER_HEAD_MARGIN))
        .max_buf_size(largest_read(settings));
    builder
}

/// The limits of the framing gate. hyper's are higher, so that it never rejects a head without a body.
fn head_limits(settings: &ListenerSettings) -> HeadLimits {
    HeadLimits { bytes: settings.max_header_bytes, target: settings.max_uri_bytes, fields: settings.max_headers }
}

/// hyper's read buffer starts at 8 KiB, doubles up to this size and stays allocated during the vendor's call. For a
/// body of 64 KiB, 1.5 times the size of a head needs no more reads than twice the size.
fn largest_read(settings: &ListenerSettings) -> usize {
    settings.max_header_bytes.max(HYPER_MIN_BUFFER) * 3 / 2
}

/// h2 rejects an oversized header list without a body; with twice our limit, the admission rejects it first.
fn http2_builder(settings: &ListenerSettings, shutdown: &Shutdown) -> http2::Builder<Shutdown> {
    let header_list = settings.max_header_bytes.saturating_add(settings.max_uri_bytes).saturating_mul(2);
    let mut builder = http2::Builder::new(shutdown.clone());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(settings.http2.max_concurrent_streams)
        .max_pending_accept_reset_streams(settings.http2.max_pending_resets)
        .max_local_error_reset_streams(settings.http2.max_local_resets)
        .max_header_list_size(u32::try_from(header_list).unwrap_or(u32::MAX))
        .keep_alive_interval(settings.http2.keep_alive_interval)
        .keep_alive_timeout(settings.http2.keep_alive_timeout);
    builder
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;

    use crate::net::connection::*;

    /// What only a part of the connections needs (a handshake, the lingering close) is in boxes.
    #[tokio::test]
    async fn a_connection_takes_less_than_3_kib_beside_its_buffers() {
        let service = tower::service_fn(|_: Request<RequestBody>| {
            std::future::ready(Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())))
        });
        let renderer = RejectionRenderer::new(|_| Bytes::new());
        let connections = Connections::new(service, ListenerSettings::default(), renderer, Shutdown::new());
        let (io, _peer) = tokio::io::duplex(1);
        let peer = Peer { address: ([127, 0, 0, 1], 1).into(), tls: None };
        let size = size_of_val(&connections.serve(io, peer));
        assert!(size < 3072, "{size}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_bare_400_of_hyper_is_counted_like_a_rejection() {
        let service = tower::service_fn(|_: Request<RequestBody>| {
            std::future::ready(Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())))
        });
        let meters = Arc::<ListenerMeters>::default();
        let counted = Arc::clone(&meters);
        let renderer = RejectionRenderer::new(move |rejection| {
            counted.reject(rejection.reason);
            Bytes::new()
        });
        let connections = Connections::new(service, ListenerSettings::default(), renderer, Shutdown::new());
        let connections = connections.counted(&meters);
        for head in [&b"BAD\r\n\r\n"[..], b"GET / HTTP/1.1\r\nX : y\r\n\r\n"] {
            let (mut peer, io) = tokio::io::duplex(1024);
            tokio::io::AsyncWriteExt::write_all(&mut peer, head).await.unwrap();
            let from = Peer { address: ([127, 0, 0, 1], 1).into(), tls: None };
            let mut response = Vec::new();
            let reading = async {
                peer.read_to_end(&mut response).await.unwrap();
                drop(peer);
            };
            tokio::join!(connections.serve(io, from), reading);
            assert!(response.starts_with(b"HTTP/1.1 400 "), "{response:?}");
        }
        assert_eq!(meters.rejected().next(), Some(("malformed", 2)));
    }
}
