//! One connection to a vendor, ready for a request: of its own in HTTP/1, one of many at once in HTTP/2.

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

use super::stream::Served;

type Body = Full<Bytes>;

/// A connection; dropping it closes it, in HTTP/2 once nobody else uses it.
#[derive(Debug)]
pub(crate) struct Connection {
    sender: Sender,
    served: Served,
    in_use: InUse,
}

/// Dropped with the last who can send on a connection, which its task then hears.
pub(crate) type InUse = Arc<oneshot::Sender<Infallible>>;

#[derive(Debug)]
enum Sender {
    Http1(http1::SendRequest<Body>),
    Http2(http2::SendRequest<Body>),
}

impl Connection {
    pub(crate) fn http1(sender: http1::SendRequest<Body>, served: Served, in_use: InUse) -> Self {
        Self { sender: Sender::Http1(sender), served, in_use }
    }

    pub(crate) fn http2(sender: http2::SendRequest<Body>, served: Served, in_use: InUse) -> Self {
        Self { sender: Sender::Http2(sender), served, in_use }
    }

    /// What it has brought so far.
    pub(crate) fn served(&self) -> &Served {
        &self.served
    }

    /// Whether many requests can be on their way at once.
    pub(crate) fn is_http2(&self) -> bool {
        matches!(self.sender, Sender::Http2(_))
    }

    /// Whether a request can be sent at once.
    pub(crate) fn is_ready(&self) -> bool {
        match &self.sender {
            Sender::Http1(sender) => sender.is_ready(),
            Sender::Http2(sender) => sender.is_ready(),
        }
    }

    /// Whether no request can be sent any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.served.is_reset()
            || match &self.sender {
                Sender::Http1(sender) => sender.is_closed(),
                Sender::Http2(sender) => sender.is_closed(),
            }
    }

    /// Returns once the next request can be sent.
    ///
    /// # Errors
    /// None can.
    pub(crate) async fn ready(&mut self) -> hyper::Result<()> {
        match &mut self.sender {
            Sender::Http1(sender) => sender.ready().await,
            Sender::Http2(sender) => sender.ready().await,
        }
    }

    /// The same connection for one more request at the same time, which only HTTP/2 has.
    pub(crate) fn share(&self) -> Option<Self> {
        match &self.sender {
            Sender::Http1(_) => None,
            Sender::Http2(sender) => Some(Self::http2(sender.clone(), self.served.clone(), Arc::clone(&self.in_use))),
        }
    }

    /// Sends a request that names the whole address, to `host`.
    ///
    /// # Errors
    /// There is no answer; the error still has the request if none of it was sent.
    pub(crate) async fn send(
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
