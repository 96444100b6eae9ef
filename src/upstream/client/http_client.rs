//! The HTTP client: one request in, one whole answer out, over a pool of connections to one vendor.
//!
//! Innermost. It never follows redirects and never reads more than [`MAX_BODY`]. A request that a stale idle connection
//! returned unstarted goes over another; one that was started on a connection which had served before and died without
//! a byte of answer is repeated here, too, once and only if it died at once, as it most likely met a vendor that was
//! just closing it.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Request, Response, Uri};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use rustls::ClientConfig;
use tokio::task::yield_now;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::connector::Connector;
use super::pool::{Pool, Unopened};
use super::stream::Served;
use crate::http::trace_context::TRACEPARENT;
use crate::upstream::counters::Counters;
use crate::upstream::failure::chain;
use crate::upstream::response::MAX_BODY;
use crate::upstream::{Call, Failure, FailureKind, VendorRequest, VendorResponse};

/// A connection that the vendor had closed before the request came is lost within a round trip; one that is lost
/// later was lost over the request itself, which then counts as an attempt.
const STALE: Duration = Duration::from_millis(250);

/// A client with a pool for one address.
#[derive(Debug)]
pub struct HttpClient {
    pool: Pool,
    host: HeaderValue,
    counters: Arc<Counters>,
}

/// What a connection had brought when a request was given to it.
struct Before {
    served: Served,
    heard: u64,
    since: Instant,
}

impl Before {
    fn of(served: &Served) -> Self {
        Self { served: served.clone(), heard: served.heard(), since: Instant::now() }
    }

    /// Whether the connection had served before, and was then lost at once and without a byte.
    fn was_stale(&self) -> bool {
        self.served.get() && self.since.elapsed() < STALE && self.served.heard() == self.heard
    }
}

impl HttpClient {
    /// A client for `to`, of which scheme, host and port matter.
    pub(crate) fn new(to: &Uri, connector: Connector, connections: TaskTracker, counters: Arc<Counters>) -> Self {
        Self { pool: Pool::new(to.clone(), connector, connections), host: host(to), counters }
    }

    /// A client for something else than a vendor.
    pub(crate) fn elsewhere(
        to: &Uri,
        tls: Arc<ClientConfig>,
        connect_timeout: Duration,
        connections: TaskTracker,
    ) -> Self {
        let counters = Arc::<Counters>::default();
        let connector = Connector::new(tls, None, connect_timeout, Arc::clone(&counters));
        Self::new(to, connector, connections, counters)
    }

    /// Sends once; the flag says whether a connection that had served before was lost at once and without a byte of
    /// answer.
    async fn send(&self, outgoing: &VendorRequest) -> Result<VendorResponse, (Failure, bool)> {
        loop {
            yield_now().await; // requests that are translated go out one after another (decision 12)
            let (mut connection, kept) =
                self.pool.take().await.map_err(|error| (sent(error.into(), outgoing), false))?;
            outgoing.sent.mark();
            let before = Before::of(connection.served());
            let exchanging = before.served.begin(connection.is_http2());
            let mut error = match connection.send(request(outgoing), &self.host).await {
                Ok(response) => {
                    let answer = read(response).await.map_err(|failure| (sent(failure, outgoing), false))?;
                    exchanging.answered();
                    self.pool.give_back(connection);
                    return Ok(answer);
                }
                Err(error) => error,
            };
            let returned = error.take_message().is_some();
            if returned {
                outgoing.sent.unmark();
            }
            if !(returned && kept) {
                let failure = broken(error.error());
                let stale = failure.kind == FailureKind::ConnectionLost && before.was_stale();
                return Err((sent(failure, outgoing), stale));
            }
        }
    }
}

/// The request as it is, to the whole address.
fn request(outgoing: &VendorRequest) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(outgoing.body.clone()));
    *request.method_mut() = outgoing.method.clone();
    *request.uri_mut() = outgoing.uri.clone();
    *request.headers_mut() = outgoing.headers.clone();
    if let Some(witness) = &outgoing.witness {
        request.headers_mut().insert(TRACEPARENT, witness.traceparent());
    }
    request
}

/// The host as HTTP/1 names it: with the port, unless it is the scheme's own.
fn host(to: &Uri) -> HeaderValue {
    let name = to.host().unwrap_or_default();
    let usual = if to.scheme() == Some(&http::uri::Scheme::HTTPS) { 443 } else { 80 };
    let host = match to.port_u16().filter(|port| *port != usual) {
        Some(port) => format!("{name}:{port}"),
        None => name.to_owned(),
    };
    HeaderValue::try_from(host).unwrap_or_else(|_| HeaderValue::from_static(""))
}

impl Call for HttpClient {
    async fn call(&self, outgoing: &VendorRequest) -> Result<VendorResponse, Failure> {
        match self.send(outgoing).await {
            Err((_, true)) if outgoing.method.is_idempotent() => {
                self.counters.reconnects.add();
                outgoing.sent.doubt();
                outgoing.sent.begin_attempt();
                self.send(outgoing).await
            }
            first => first,
        }
        .map_err(|(failure, _)| failure)
    }
}

fn sent(failure: Failure, outgoing: &VendorRequest) -> Failure {
    Failure { sent: outgoing.sent.get(), ..failure }
}

async fn read(response: Response<Incoming>) -> Result<VendorResponse, Failure> {
    let (head, mut body) = response.into_parts();
    let too_long = || Failure::new(FailureKind::BodyTooLong { status: head.status }, "the answer is longer than 1 MiB");
    if body.size_hint().lower() > MAX_BODY as u64 {
        return Err(too_long());
    }
    let mut whole = BytesMut::new();
    let mut first = Bytes::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| match broken(&error) {
            lost if lost.kind == FailureKind::ConnectionLost => {
                Failure::new(FailureKind::ResponseCut { status: head.status }, lost.source)
            }
            other => other,
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if first.len() + whole.len() + data.len() > MAX_BODY {
            return Err(too_long());
        }
        if first.is_empty() && whole.is_empty() {
            first = data; // most answers are one piece, which needs no copy
        } else {
            whole.extend_from_slice(&std::mem::take(&mut first));
            whole.extend_from_slice(&data);
        }
    }
    let body = if whole.is_empty() { first } else { whole.freeze() };
    Ok(VendorResponse::new(head.status, head.headers, body))
}

impl From<Unopened> for Failure {
    fn from(error: Unopened) -> Self {
        match error {
            Unopened::NoConnection(error) => Self::new(error.kind, error.to_string()),
            Unopened::Http(error) => broken(&error),
        }
    }
}

/// A connection that broke, or a peer that does not speak HTTP.
fn broken(error: &hyper::Error) -> Failure {
    let kind = if error.is_parse() || is_bad_framing(error) {
        FailureKind::MalformedResponse
    } else {
        FailureKind::ConnectionLost
    };
    Failure::new(kind, chain(error))
}

/// hyper reports a bad chunk as an I/O error of these kinds.
fn is_bad_framing(error: &hyper::Error) -> bool {
    use std::error::Error as _;
    let io = error.source().and_then(|source| source.downcast_ref::<std::io::Error>());
    io.is_some_and(|io| matches!(io.kind(), std::io::ErrorKind::InvalidInput | std::io::ErrorKind::InvalidData))
}
