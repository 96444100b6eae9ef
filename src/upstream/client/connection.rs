//! One connection to a vendor: for one request at a time in HTTP/1, for many in HTTP/2.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::header::HOST;
use http::uri::PathAndQuery;
use http::{HeaderValue, Request, Response, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::stream::ConnectionState;

type Body = Full<Bytes>;

/// A connection. Dropping the last handle closes it.
#[derive(Debug)]
pub(super) struct Connection {
    sender: Sender,
    state: ConnectionState,
    users: ConnectionUsers,
    /// When it gets no more requests.
    expires: Option<Instant>,
}

/// Its receiver, in the connection's task, is notified when the last handle is dropped.
pub(super) type ConnectionUsers = Arc<oneshot::Sender<Infallible>>;

#[derive(Debug)]
enum Sender {
    Http1(http1::SendRequest<Body>),
    Http2(http2::SendRequest<Body>),
}

impl Connection {
    pub(super) fn http1(sender: http1::SendRequest<Body>, state: ConnectionState, users: ConnectionUsers) -> Self {
        Self { sender: Sender::Http1(sender), state, users, expires: None }
    }

    pub(super) fn http2(sender: http2::SendRequest<Body>, state: ConnectionState, users: ConnectionUsers) -> Self {
        Self { sender: Sender::Http2(sender), state, users, expires: None }
    }

    /// The same, with a time from which on it gets no more requests.
    pub(super) fn expiring(self, expires: Option<Instant>) -> Self {
        Self { expires, ..self }
    }

    /// Whether it is too old for another request.
    pub(super) fn is_expired(&self, now: Instant) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    /// What is known of the connection so far.
    pub(super) fn state(&self) -> &ConnectionState {
        &self.state
    }

    /// Whether many requests can be in flight at once.
    pub(super) fn is_http2(&self) -> bool {
        matches!(self.sender, Sender::Http2(_))
    }

    /// Whether a request can be sent at once.
    pub(super) fn is_ready(&self) -> bool {
        match &self.sender {
            Sender::Http1(sender) => sender.is_ready(),
            Sender::Http2(sender) => sender.is_ready(),
        }
    }

    /// Whether no request can be sent any more.
    pub(super) fn is_closed(&self) -> bool {
        self.state.is_reset()
            || match &self.sender {
                Sender::Http1(sender) => sender.is_closed(),
                Sender::Http2(sender) => sender.is_closed(),
            }
    }

    /// Whether it is open and young enough for another request.
    pub(super) fn is_usable(&self, now: Instant) -> bool {
        !self.is_closed() && !self.is_expired(now)
    }

    /// Returns once the next request can be sent.
    ///
    /// # Errors
    /// None can.
    pub(super) async fn ready(&mut self) -> hyper::Result<()> {
        match &mut self.sender {
            Sender::Http1(sender) => sender.ready().await,
            Sender::Http2(sender) => sender.ready().await,
        }
    }

    /// Another handle for a request at the same time, in HTTP/2 only.
    pub(super) fn share(&self) -> Option<Self> {
        match &self.sender {
            Sender::Http1(_) => None,
            Sender::Http2(sender) => {
                let shared = Self::http2(sender.clone(), self.state.clone(), Arc::clone(&self.users));
                Some(shared.expiring(self.expires))
            }
        }
    }

    /// Sends a request with an absolute URI to `host`.
    ///
    /// # Errors
    /// There is no response; the error contains the request if none of it was sent.
    pub(super) async fn send(
        &mut self,
        mut request: Request<Body>,
        host: &HeaderValue,
    ) -> Result<Response<Incoming>, TrySendError<Request<Body>>> {
        match &mut self.sender {
            Sender::Http1(sender) => {
                let path = request.uri().path_and_query().cloned();
                *request.uri_mut() = Uri::from(path.unwrap_or_else(|| PathAndQuery::from_static("/")));
                request.headers_mut().insert(HOST, host.clone());
                sender.try_send_request(request).await
            }
            Sender::Http2(sender) => sender.try_send_request(request).await,
        }
    }
}
