//! One connection from its first byte to its last: which protocol, hyper, idleness, the last word.
//!
//! hyper-util's automatic connection is not used, because it waits for the first bytes without a time
//! limit and does not give the socket back, which the last word needs.

use std::convert::Infallible;
use std::fmt;
use std::future::pending;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;
use tower::Service;

use super::activity::{Activity, Stalled};
use super::admission::{Admission, Terms};
use super::http1::framing::HeadLimits;
use super::http1::guarded_io::{GuardedIo, IoParts};
use super::http1::lingering_close;
use super::listener_meters::ListenerMeters;
use super::open_connections::{OpenConnection, OpenConnections};
use super::peer::Peer;
use super::rejection::{Reason, RejectionPage};
use super::settings::ListenerSettings;
use super::shutdown::Shutdown;
use super::tls::session_expiry::SessionExpiry;
use super::wake_filter::WakeFiltered;

const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const FIRST_READ: usize = 4096;
/// So many header lines hyper takes by itself; fewer are for the framing gate and the admission to count.
const USUAL_HEADERS: usize = 100;
/// How many bytes of a head hyper takes beyond what the framing gate lets through.
const NOTCH: usize = 64;
/// How long an idle HTTP/2 connection whose place is needed has to say goodbye.
const CROWDED_LINGER: Duration = Duration::from_millis(250);
/// hyper's smallest read buffer.
const MIN_BUFFER: usize = 8192;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Serves connections with one service under one set of limits; cheap to clone.
pub struct Connections<S> {
    service: S,
    settings: Arc<ListenerSettings>,
    page: RejectionPage,
    shutdown: Shutdown,
    http1: Arc<http1::Builder>,
    http2: http2::Builder<Shutdown>,
    meters: Arc<ListenerMeters>,
    open: Arc<OpenConnections>,
}

impl<S: Clone> Clone for Connections<S> {
    fn clone(&self) -> Self {
        Self {
            service: self.service.clone(),
            settings: Arc::clone(&self.settings),
            page: self.page.clone(),
            shutdown: self.shutdown.clone(),
            http1: Arc::clone(&self.http1),
            http2: self.http2.clone(),
            meters: Arc::clone(&self.meters),
            open: Arc::clone(&self.open),
        }
    }
}

impl<S> fmt::Debug for Connections<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl<S> Connections<S> {
    /// Connections that give requests to `service` and answer by `page` what never reaches it.
    pub fn new(service: S, settings: ListenerSettings, page: RejectionPage, shutdown: Shutdown) -> Self {
        let http1 = Arc::new(http1_builder(&settings));
        let http2 = http2_builder(&settings, &shutdown);
        let (settings, meters, open) = (Arc::new(settings), Arc::default(), Arc::default());
        Self { service, settings, page, shutdown, http1, http2, meters, open }
    }

    /// The same, counted by `meters`.
    #[must_use]
    pub fn counted(self, meters: &Arc<ListenerMeters>) -> Self {
        Self { meters: Arc::clone(meters), ..self }
    }

    /// What counts these connections.
    pub(crate) fn meters(&self) -> &Arc<ListenerMeters> {
        &self.meters
    }

    /// Has the connection that has been idle for longest close, to make room for another.
    pub(crate) fn make_room(&self) {
        self.open.make_room();
    }

    /// Lists a new connection, whose place may be needed later.
    pub(crate) fn open(&self) -> OpenConnection {
        self.open.open()
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
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    /// Serves one connection until it ends; `peer.tls` decides the protocol if ALPN did, else its first bytes do.
    pub fn serve<IO>(&self, io: IO, peer: Peer) -> impl Future<Output = ()>
    where
        IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        self.serve_open(io, peer, self.open())
    }

    /// The same for a connection that is listed.
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
        open.activity().set_receiving_head(false); // HTTP/1 will tell, by the same bytes
        let activity = Arc::clone(open.activity());
        let peer = Arc::new(peer);
        let wire = GuardedIo::http2(io, prefix, Arc::clone(&activity), self.settings.pace(self.settings.write_timeout));
        if http2 {
            Box::pin(self.serve_http2(wire, peer, open)).await; // much larger than HTTP/1
        } else {
            let wire = wire.with_http1(head_limits(&self.settings), self.settings.header_timeout, deadline);
            self.serve_http1(wire, peer, open).await;
        }
    }

    async fn serve_http1<IO>(&self, wire: GuardedIo<IO>, peer: Arc<Peer>, open: OpenConnection)
    where
        IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let tenure = peer.tls.as_ref().map(|tls| tls.tenure.clone());
        let admission = self.admission(peer, Arc::clone(open.activity()));
        let service = service_fn(move |request| admission.clone().answer(request));
        let mut connection = self.http1.serve_connection(TokioIo::new(wire), service);
        let Some(result) = self.drive(Pin::new(&mut connection), &open, tenure).await else {
            return;
        };
        let remains = connection.into_parts().io.into_inner().into_remains();
        self.finish(remains, result).await;
    }

    async fn serve_http2<IO>(&self, wire: GuardedIo<IO>, peer: Arc<Peer>, open: OpenConnection)
    where
        IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let tenure = peer.tls.as_ref().map(|tls| tls.tenure.clone());
        let admission = self.admission(peer, Arc::clone(open.activity()));
        let service = service_fn(move |request| admission.clone().answer(request));
        let connection = pin!(self.http2.serve_connection(TokioIo::new(wire), service));
        if let Some(Err(error)) = self.drive(connection, &open, tenure).await {
            tracing::debug!(%error, "HTTP/2 connection ended");
        }
    }

    fn admission(&self, peer: Arc<Peer>, activity: Arc<Activity>) -> Admission<S> {
        let terms = Terms { settings: Arc::clone(&self.settings), page: self.page.clone(), peer, activity };
        Admission::new(self.service.clone(), terms)
    }

    /// Runs hyper; on the soft token, the end of its tenure or idleness it is told to finish. `None`: it would not.
    async fn drive<C: Finishing>(
        &self,
        mut connection: Pin<&mut C>,
        open: &OpenConnection,
        tenure: Option<SessionExpiry>,
    ) -> Option<hyper::Result<()>> {
        let mut called_off = pin!(WakeFiltered::new(called_off(self.shutdown.soft(), tenure)));
        let mut unwanted = pin!(WakeFiltered::new(open.unwanted()));
        let activity = open.activity();
        let (writing, idling) =
            (self.settings.pace(self.settings.write_timeout), self.settings.pace(self.settings.idle_timeout));
        let mut stalled = pin!(WakeFiltered::new(activity.stalled(writing, idling)));
        let mut grace = pin!(sleep(Duration::ZERO));
        let (mut finishing, mut expired) = (false, false);
        let (mut linger, mut written) = (self.settings.linger_timeout, 0);
        loop {
            tokio::select! {
                biased;
                result = connection.as_mut() => return Some(result),
                () = &mut called_off, if !finishing => {}
                stalled_in = &mut stalled => match stalled_in {
                    // An HTTP/2 peer that opens no window for its answer keeps hyper waiting without a write.
                    Stalled::VendorResponse => return None,
                    Stalled::Idle => {
                        stalled.set(WakeFiltered::new(activity.stalled(writing, idling)));
                        expired = true;
                    }
                },
                () = &mut unwanted, if !expired => {
                    expired = true;
                    linger = linger.min(CROWDED_LINGER);
                }
                // hyper's HTTP/2 waits for the peer to answer a ping, which it may never do.
                () = &mut grace, if finishing => {
                    let reading = activity.written() - written >= self.settings.pace(linger).bytes;
                    if !reading && (activity.is_settled() || expired && activity.is_quiet()) {
                        return None;
                    }
                }
            }
            finishing = true;
            connection.as_mut().finish();
            written = activity.written();
            grace.as_mut().reset(Instant::now() + linger);
        }
    }

    /// Writes the last answer on an HTTP/1 connection, if hyper has not, and closes it so that it arrives.
    async fn finish<IO>(&self, mut remains: IoParts<IO>, result: hyper::Result<()>)
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let unanswered = remains.failure.or_else(|| unanswered(result.as_ref().err()?, &remains));
        let last = unanswered.map(|reason| lingering_close::response(reason, &self.page)).unwrap_or_default();
        // What hyper cannot parse it answers itself, by a bare 400.
        let refused_by_hyper = last.is_empty() && result.as_ref().is_err_and(hyper::Error::is_parse);
        if refused_by_hyper {
            self.meters.refuse(Reason::Malformed);
        }
        if let Err(error) = &result {
            tracing::debug!(%error, answered = !last.is_empty(), "HTTP/1 connection ended");
        }
        if !last.is_empty() || refused_by_hyper || remains.unread {
            let patience = self.settings.linger_timeout;
            let _ = lingering_close::close(&mut remains.io, &last, patience).await;
        }
    }
}

/// Returns once nothing more should begin on a connection.
async fn called_off(soft: &CancellationToken, tenure: Option<SessionExpiry>) {
    let over = async {
        match tenure {
            Some(tenure) => Box::pin(tenure.over()).await, // large, and only under TLS
            None => pending().await,
        }
    };
    tokio::select! {
        () = soft.cancelled() => {}
        () = over => {}
    }
}

/// The answer to a request that hyper dropped without one.
fn unanswered<IO>(error: &hyper::Error, remains: &IoParts<IO>) -> Option<Reason> {
    let cut_short = error.is_incomplete_message() && remains.in_head;
    let misplaced_preface = error.is_parse_version_h2();
    (cut_short || misplaced_preface).then_some(Reason::Malformed)
}

/// The first bytes of a connection, enough to tell HTTP/2; `None` when it may be closed in silence.
async fn first_bytes<IO>(
    io: &mut IO,
    deadline: Instant,
    soft: &CancellationToken,
    open: &OpenConnection,
) -> Option<Bytes>
where
    IO: AsyncRead + Unpin,
{
    let mut bytes = BytesMut::with_capacity(FIRST_READ);
    loop {
        let read = tokio::select! {
            biased;
            read = timeout_at(deadline, io.read_buf(&mut bytes)) => read,
            () = soft.cancelled(), if bytes.is_empty() => return None,
            () = open.unwanted() => return None,
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
    if settings.max_headers > USUAL_HEADERS {
        builder.max_headers(settings.max_headers); // for which hyper fills a table for each head
    }
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_header_size(settings.max_header_bytes.saturating_add(NOTCH))
        .max_buf_size(largest_read(settings));
    builder
}

/// The gate's limits. hyper's are higher and never reached: it would answer without a body.
fn head_limits(settings: &ListenerSettings) -> HeadLimits {
    HeadLimits { bytes: settings.max_header_bytes, target: settings.max_uri_bytes, fields: settings.max_headers }
}

/// hyper reads into pieces of 8 KiB, then twice as long each time up to this, and keeps one as long as the last in hand
/// while the vendor is asked. Half as much again as a head takes as few reads as twice as much, for a body of 64 KiB.
fn largest_read(settings: &ListenerSettings) -> usize {
    settings.max_header_bytes.max(MIN_BUFFER) * 3 / 2
}

/// h2 answers an oversized header list by itself, without a body; at twice our limit ours comes first.
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

/// A hyper connection that can be told to finish what it has begun.
trait Finishing: Future<Output = hyper::Result<()>> {
    fn finish(self: Pin<&mut Self>);
}

impl<IO, S, B> Finishing for http1::Connection<IO, S>
where
    IO: hyper::rt::Read + hyper::rt::Write + Unpin,
    S: HttpService<Incoming, ResBody = B>,
    S::Error: Into<BoxError>,
    B: Body + 'static,
    B::Error: Into<BoxError>,
{
    fn finish(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl<IO, S, B, E> Finishing for http2::Connection<IO, S, E>
where
    IO: hyper::rt::Read + hyper::rt::Write + Unpin,
    S: HttpService<Incoming, ResBody = B>,
    S::Error: Into<BoxError>,
    B: Body + 'static,
    B::Error: Into<BoxError>,
    E: hyper::rt::bounds::Http2ServerConnExec<S::Future, B>,
{
    fn finish(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;

    use crate::net::connection::*;

    /// What is not needed from one request to the next (a handshake, the last word) is kept elsewhere.
    #[tokio::test]
    async fn a_connection_takes_less_than_3_kib_beside_its_buffers() {
        let service = tower::service_fn(|_: Request<Incoming>| {
            std::future::ready(Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())))
        });
        let page = RejectionPage::new(|_| Bytes::new());
        let connections = Connections::new(service, ListenerSettings::default(), page, Shutdown::new());
        let (io, _peer) = tokio::io::duplex(1);
        let peer = Peer { address: ([127, 0, 0, 1], 1).into(), tls: None };
        let size = size_of_val(&connections.serve(io, peer));
        assert!(size < 3072, "{size}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_bare_400_of_hypers_is_counted_like_a_refusal_of_ours() {
        let service = tower::service_fn(|_: Request<Incoming>| {
            std::future::ready(Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())))
        });
        let meters = Arc::<ListenerMeters>::default();
        let counted = Arc::clone(&meters);
        let page = RejectionPage::new(move |refusal| {
            counted.refuse(refusal.reason);
            Bytes::new()
        });
        let connections = Connections::new(service, ListenerSettings::default(), page, Shutdown::new());
        let connections = connections.counted(&meters);
        for head in [&b"BAD\r\n\r\n"[..], b"GET / HTTP/1.1\r\nX : y\r\n\r\n"] {
            let (mut peer, io) = tokio::io::duplex(1024);
            tokio::io::AsyncWriteExt::write_all(&mut peer, head).await.unwrap();
            let from = Peer { address: ([127, 0, 0, 1], 1).into(), tls: None };
            let mut answer = Vec::new();
            let reading = async {
                peer.read_to_end(&mut answer).await.unwrap();
                drop(peer);
            };
            tokio::join!(connections.serve(io, from), reading);
            assert!(answer.starts_with(b"HTTP/1.1 400 "), "{answer:?}");
        }
        assert_eq!(meters.refused()[Reason::Malformed as usize], ("malformed", 2));
    }
}
