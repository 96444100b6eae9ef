//! The HTTP client: hyper-util's pool over our connector, one request in, one whole answer out.
//!
//! Innermost. It never follows redirects and never reads more than [`MAX_BODY`]. hyper-util itself repeats requests
//! that a stale idle connection returned unstarted; those that were started on a connection which had served before
//! and died without a byte of answer are repeated here, once and only if it died at once, as they most likely met a
//! vendor that was just closing it.

use std::{future::poll_fn, pin::pin, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http::{Extensions, Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, rt::Executor};
use hyper_util::{
    client::legacy::{
        Client, Error,
        connect::{CaptureConnection, capture_connection},
    },
    rt::TokioTimer,
};
use rustls::ClientConfig;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::{
    Answer, Call, Failure, FailureKind, Outgoing, TRACEPARENT,
    answer::MAX_BODY,
    connector::{Connector, NoConnection},
    counters::Counters,
    failure::chain,
    stream::Served,
};

/// Shorter than the 60 s and 75 s after which common servers close idle connections.
const IDLE: Duration = Duration::from_secs(50);
const H2_PING_EVERY: Duration = Duration::from_secs(20);
const H2_PING_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection that the vendor had closed before the request came is lost within a round trip; one that is lost
/// later was lost over the request itself, which then counts as an attempt.
const STALE: Duration = Duration::from_millis(250);

/// A pooling client for one vendor account.
#[derive(Debug)]
pub struct HttpClient {
    client: Client<Connector, Full<Bytes>>,
    counters: Arc<Counters>,
}

/// Runs connections on a tracker, so that shutdown can prove that all have ended.
#[derive(Clone)]
struct Tracked(TaskTracker);

impl<F> Executor<F> for Tracked
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, future: F) {
        self.0.spawn(future);
    }
}

impl HttpClient {
    pub(super) fn new(connector: Connector, connections: TaskTracker, counters: Arc<Counters>) -> Self {
        let client = Client::builder(Tracked(connections))
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .http2_adaptive_window(true)
            .http2_keep_alive_interval(H2_PING_EVERY)
            .http2_keep_alive_timeout(H2_PING_TIMEOUT)
            .build(connector);
        Self { client, counters }
    }

    /// A client for something else than a vendor.
    pub(crate) fn elsewhere(tls: Arc<ClientConfig>, connect_timeout: Duration, connections: TaskTracker) -> Self {
        let counters = Arc::<Counters>::default();
        let connector = Connector::new(tls, None, connect_timeout, Arc::clone(&counters));
        Self::new(connector, connections, counters)
    }

    /// Sends once; the flag says whether a connection that had served before was lost at once and without a byte of
    /// answer.
    async fn send(&self, outgoing: &Outgoing) -> Result<Answer, (Failure, bool)> {
        let mut request = Request::new(Full::new(outgoing.body.clone()));
        *request.method_mut() = outgoing.method.clone();
        *request.uri_mut() = outgoing.uri.clone();
        *request.headers_mut() = outgoing.headers.clone();
        if let Some(witness) = &outgoing.witness {
            request.headers_mut().insert(TRACEPARENT, witness.traceparent());
        }
        let connection = capture_connection(&mut request);
        let mut responding = pin!(self.client.request(request));
        // The connection is captured within a poll, before it gets the request: marking after each poll is never too
        // late.
        let mut begun = None;
        let responded = poll_fn(|cx| {
            let poll = responding.as_mut().poll(cx);
            if begun.is_none() && connection.connection_metadata().is_some() {
                outgoing.sent.mark();
                begun = served(&connection).map(|served| (Instant::now(), served.heard()));
            }
            poll
        })
        .await;
        match responded {
            Ok(response) => {
                if let Some(served) = served(&connection) {
                    served.mark();
                }
                let answered = read(response).await;
                answered.map_err(|failure| (sent(failure, outgoing), false))
            }
            Err(error) => {
                if error.is_connect() {
                    outgoing.sent.unmark(); // the request came back unstarted
                }
                let failure = refused(&error);
                let quiet = |served: Served| {
                    let lost_at_once = |(at, heard): (Instant, u64)| at.elapsed() < STALE && served.heard() == heard;
                    served.get() && begun.is_some_and(lost_at_once)
                };
                let stale = failure.kind == FailureKind::ConnectionLost && served(&connection).is_some_and(quiet);
                Err((sent(failure, outgoing), stale))
            }
        }
    }
}

impl Call for HttpClient {
    async fn call(&self, outgoing: &Outgoing) -> Result<Answer, Failure> {
        match self.send(outgoing).await {
            Err((_, true)) if outgoing.method.is_idempotent() => {
                self.counters.reconnects.add();
                outgoing.sent.begin_attempt();
                self.send(outgoing).await
            }
            first => first,
        }
        .map_err(|(failure, _)| failure)
    }
}

fn sent(failure: Failure, outgoing: &Outgoing) -> Failure {
    Failure { sent: outgoing.sent.get(), ..failure }
}

fn served(connection: &CaptureConnection) -> Option<Served> {
    let mut extras = Extensions::new();
    connection.connection_metadata().as_ref()?.get_extras(&mut extras);
    extras.remove::<Served>()
}

async fn read(response: Response<Incoming>) -> Result<Answer, Failure> {
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
                Failure::new(FailureKind::AnswerCut { status: head.status }, lost.source)
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
    Ok(Answer::new(head.status, head.headers, body))
}

/// A request without a response head.
fn refused(error: &Error) -> Failure {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(inner) = cause {
        if let Some(no_connection) = inner.downcast_ref::<NoConnection>() {
            return Failure::new(no_connection.kind, no_connection.to_string());
        }
        if let Some(hyper) = inner.downcast_ref::<hyper::Error>() {
            return Failure { source: chain(error), ..broken(hyper) };
        }
        cause = inner.source();
    }
    let kind = if error.is_connect() { FailureKind::Connect } else { FailureKind::ConnectionLost };
    Failure::new(kind, chain(error))
}

/// A connection that broke, or a peer that does not speak HTTP.
fn broken(error: &hyper::Error) -> Failure {
    let kind = if error.is_parse() || is_bad_framing(error) {
        FailureKind::MalformedAnswer
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
