//! The HTTP client: sends a request over a pooled connection and reads the whole response.
//!
//! It follows no redirects and reads at most as much as the request allows. If an idle connection turns out to be closed before the request
//! is sent, the request uses another one. If a reused connection is lost right after the request was sent and without a
//! byte of response, a request that may be repeated is sent once more, because the vendor was most likely closing the
//! connection. So it is if such a connection answers 408: balancers say so of an idle connection, and the request meets it.
//!
//! hyper's connections never send a request twice (only hyper-util's pooled client does, which is not used), so a request
//! arrives as often as this client sends it.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri};
use http_body::Body;
use http_body_util::Full;
use hyper::body::Incoming;
use rustls::ClientConfig;
use tokio::task::yield_now;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::connection::Connection;
use super::connector::Connector;
use super::opener::OpenError;
use super::pool::Pool;
use super::stream::ConnectionState;
use crate::http::body::collect;
use crate::http::gzip::{self, GzipError};
use crate::http::trace_context::TRACEPARENT;
use crate::upstream::counters::Counters;
use crate::upstream::failure::chain;
use crate::upstream::{Call, ConnectionChoice, Failure, FailureKind, Repeat, VendorRequest, VendorResponse};

/// A connection that the vendor closed before the request came is lost within a round trip. If it is lost later, the
/// request itself may be the cause, and counts as an attempt.
const STALE_AFTER_SEND: Duration = Duration::from_millis(250);

const MEBIBYTE: usize = 1024 * 1024;

/// The greatest age of a connection to another server than a vendor.
const MAX_AGE_ELSEWHERE: Duration = Duration::from_secs(300);

/// A client with a pool for one address.
#[derive(Debug)]
pub struct HttpClient {
    pool: Pool,
    host: HeaderValue,
    counters: Arc<Counters>,
}

/// The state of a connection before a request was sent on it.
struct Baseline {
    state: ConnectionState,
    received: u64,
    since: Instant,
}

impl Baseline {
    fn of(state: &ConnectionState) -> Self {
        Self { state: state.clone(), received: state.received(), since: Instant::now() }
    }

    /// Whether a reused connection was lost at once and without a byte of response.
    fn was_stale(&self) -> bool {
        self.state.has_answered() && self.since.elapsed() < STALE_AFTER_SEND && self.state.received() == self.received
    }
}

impl HttpClient {
    /// A client for `to`, of which scheme, host and port matter. Connections older than `max_age` get no more requests.
    pub(crate) fn new(
        to: &Uri,
        connector: Connector,
        max_age: Duration,
        connections: TaskTracker,
        counters: Arc<Counters>,
    ) -> Self {
        Self { pool: Pool::new(to.clone(), connector, max_age, connections), host: host(to), counters }
    }

    /// A client for another server than a vendor.
    pub(crate) fn elsewhere(
        to: &Uri,
        tls: Arc<ClientConfig>,
        connect_timeout: Duration,
        connections: TaskTracker,
    ) -> Self {
        let counters = Arc::<Counters>::default();
        let connector = Connector::new(tls, None, connect_timeout, Arc::clone(&counters));
        Self::new(to, connector, MAX_AGE_ELSEWHERE, connections, counters)
    }

    /// A connection, and whether it is reused.
    async fn connection(&self, choice: ConnectionChoice) -> Result<(Connection, bool), OpenError> {
        match choice {
            ConnectionChoice::Pooled => self.pool.take().await,
            ConnectionChoice::Fresh => Ok((self.pool.open_fresh().await?, false)),
        }
    }

    /// Sends once; the flag says whether the connection was stale.
    async fn send(&self, request: &VendorRequest) -> Result<VendorResponse, (Failure, bool)> {
        loop {
            yield_now().await; // requests that are translated go out one after another (decision 12)
            let opened = self.connection(request.connection).await;
            let (mut connection, kept) = opened.map_err(|error| (sent(error.into(), request), false))?;
            if request.fence.as_ref().is_some_and(|fence| !fence.is_open()) {
                let fenced = Failure::new(FailureKind::NotOwner, "the session with the store is not fresh");
                return Err((sent(fenced, request), false));
            }
            request.sent.mark();
            let before = Baseline::of(connection.state());
            let exchange = before.state.begin(connection.is_http2(), request.max_response);
            let mut error = match connection.send(http_request(request), &self.host).await {
                Ok(response) => {
                    let response = read(response, request.max_response)
                        .await
                        .map_err(|failure| (sent(failure, request), false))?;
                    let reused = before.state.has_answered();
                    exchange.answered();
                    if reused && response.status == StatusCode::REQUEST_TIMEOUT {
                        let failure = Failure::new(FailureKind::ConnectionLost, "408 on a connection used before");
                        return Err((sent(failure, request), true));
                    }
                    match request.connection {
                        ConnectionChoice::Pooled => self.pool.give_back(connection),
                        ConnectionChoice::Fresh => self.pool.keep_fresh(connection),
                    }
                    return Ok(response);
                }
                Err(error) => error,
            };
            let returned = error.take_message().is_some();
            if returned || is_refused_stream(error.error()) {
                request.sent.unmark();
            }
            if !(returned && kept) {
                let failure = broken(error.error());
                let stale = failure.kind == FailureKind::ConnectionLost && before.was_stale();
                return Err((sent(failure, request), stale));
            }
        }
    }
}

fn http_request(request: &VendorRequest) -> Request<Full<Bytes>> {
    let mut http = Request::new(Full::new(request.body.clone()));
    *http.method_mut() = request.method.clone();
    *http.uri_mut() = request.uri.clone();
    *http.headers_mut() = request.headers.clone();
    if let Some(observer) = &request.observer {
        http.headers_mut().insert(TRACEPARENT, observer.traceparent());
    }
    http
}

/// The `Host` header: with the port, unless it is the scheme's default.
fn host(to: &Uri) -> HeaderValue {
    let name = to.host().unwrap_or_default();
    let default = if to.scheme() == Some(&http::uri::Scheme::HTTPS) { 443 } else { 80 };
    let host = match to.port_u16().filter(|port| *port != default) {
        Some(port) => format!("{name}:{port}"),
        None => name.to_owned(),
    };
    HeaderValue::try_from(host).unwrap_or_else(|_| HeaderValue::from_static(""))
}

impl Call for HttpClient {
    async fn call(&self, request: &VendorRequest) -> Result<VendorResponse, Failure> {
        match self.send(request).await {
            Err((lost, true)) if request.repeat == Repeat::WheneverSafe => {
                self.counters.reconnects.add();
                request.sent.doubt();
                request.sent.start_attempt();
                match self.send(request).await {
                    // The attempt is what was sent before.
                    Err((Failure { kind: FailureKind::NotOwner, .. }, _)) => Err((lost, true)),
                    second => second,
                }
            }
            first => first,
        }
        .map_err(|(failure, _)| failure)
    }
}

fn sent(failure: Failure, request: &VendorRequest) -> Failure {
    Failure { sent: request.sent.get(), ..failure }
}

async fn read(response: Response<Incoming>, max: usize) -> Result<VendorResponse, Failure> {
    let (head, body) = response.into_parts();
    let too_long = || Failure::new(FailureKind::BodyTooLong { status: head.status }, longer_than(max));
    if body.size_hint().lower() > max as u64 {
        return Err(too_long());
    }
    let body = collect(body, max).await.map_err(|error| match error.downcast::<hyper::Error>() {
        Ok(error) => match broken(&error) {
            lost if lost.kind == FailureKind::ConnectionLost => {
                Failure::new(FailureKind::ResponseCut { status: head.status }, lost.source)
            }
            other => other,
        },
        Err(_) => too_long(),
    });
    let (mut headers, mut body) = (head.headers, body?);
    if gzip::starts(&body) || headers.contains_key(CONTENT_ENCODING) {
        body = decoded(&mut headers, body, max).ok_or_else(too_long)?;
    }
    Ok(VendorResponse::new(head.status, headers, body))
}

fn longer_than(max: usize) -> String {
    match (max / MEBIBYTE, max % MEBIBYTE) {
        (mebibytes @ 1.., 0) => format!("the response is longer than {mebibytes} MiB"),
        _ => format!("the response is longer than {max} bytes"),
    }
}

/// The body without gzip; `None` if it is then too long. The body decides: a proxy may leave a header that is no longer
/// true. Of another coding, or of broken gzip, body and header stay as they are.
fn decoded(headers: &mut HeaderMap, body: Bytes, max: usize) -> Option<Bytes> {
    let plain = ["gzip", "x-gzip", "identity", ""];
    let is_plain = |value: &HeaderValue| {
        value.to_str().is_ok_and(|coding| plain.iter().any(|plain| coding.trim().eq_ignore_ascii_case(plain)))
    };
    if !headers.get_all(CONTENT_ENCODING).iter().all(is_plain) {
        return Some(body);
    }
    let body = match gzip::starts(&body).then(|| gzip::decode(&body, max)) {
        None => body,
        Some(Ok(text)) => text,
        Some(Err(GzipError::TooLarge)) => return None,
        Some(Err(GzipError::Malformed)) => {
            headers.entry(CONTENT_ENCODING).or_insert(HeaderValue::from_static("gzip"));
            return Some(body);
        }
    };
    headers.remove(CONTENT_ENCODING);
    Some(body)
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Connect(error) => Self { plain: error.plain, ..Self::new(error.kind, error.to_string()) },
            OpenError::Http(error) => broken(&error),
        }
    }
}

/// A lost connection, or a peer that does not speak HTTP.
fn broken(error: &hyper::Error) -> Failure {
    let kind = if error.is_parse() || is_bad_framing(error) {
        FailureKind::MalformedResponse
    } else {
        FailureKind::ConnectionLost
    };
    Failure::new(kind, chain(error))
}

/// Whether the vendor says that it has not processed the request, and never will: `REFUSED_STREAM`, or a `GOAWAY` whose
/// last stream is below this one (RFC 9113, 8.7). h2 gives the vendor's `GOAWAY` to such streams only, and to those that
/// were to be opened after it; all others end with an I/O error or with an error of this side.
fn is_refused_stream(error: &hyper::Error) -> bool {
    use std::error::Error as _;
    let h2 = error.source().and_then(|source| source.downcast_ref::<h2::Error>());
    h2.is_some_and(|h2| {
        h2.is_remote() && (h2.is_go_away() || h2.is_reset() && h2.reason() == Some(h2::Reason::REFUSED_STREAM))
    })
}

/// hyper reports a bad chunk as an I/O error of these kinds.
fn is_bad_framing(error: &hyper::Error) -> bool {
    use std::error::Error as _;
    let io = error.source().and_then(|source| source.downcast_ref::<std::io::Error>());
    io.is_some_and(|io| matches!(io.kind(), std::io::ErrorKind::InvalidInput | std::io::ErrorKind::InvalidData))
}
