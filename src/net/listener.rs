//! The accept loop: sockets in, connection tasks out.
//!
//! The limit on connections is taken *before* accepting: at the limit the loop stops and new peers
//! wait in the kernel's backlog, which costs no descriptor and lets them in as soon as one leaves.
//! Idle connections are asked to leave, one by one and the longest idle first, so that none holds a place by doing
//! nothing.
//! Handshakes run in the connection's task, never here.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_rustls::server::TlsStream;
use tower::Service;

use super::accept_error::{Backoff, is_of_one_connection};
use super::connection::Connections;
use super::open_connections::OpenConnection;
use super::peer::{Peer, PeerTls};
use super::tls::acceptor::Tls;

/// How long after one connection was asked to make room the next one is.
const ROOM_EVERY: Duration = Duration::from_millis(100);

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A bound socket.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

/// An address that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}")]
pub struct BindError {
    /// The address asked for.
    pub address: SocketAddr,
    /// The system's reason.
    pub source: io::Error,
}

impl Listener {
    /// Listens on `address`; port 0 takes a free one.
    pub async fn bind(address: SocketAddr) -> Result<Self, BindError> {
        let failed = |source| BindError { address, source };
        let socket = TcpListener::bind(address).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        Ok(Self { socket, address })
    }

    /// The address listened on, with the port that was taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts until the soft token, then closes the socket; connections run on as tasks of the shutdown.
    pub async fn run<S, B>(self, connections: Connections<S>, tls: Option<Tls>)
    where
        S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + Sync + 'static,
        S::Future: Send,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let soft = connections.shutdown().soft().clone();
        soft.run_until_cancelled_owned(self.accept_all(connections, tls)).await;
    }

    async fn accept_all<S, B>(self, connections: Connections<S>, tls: Option<Tls>)
    where
        S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + Sync + 'static,
        S::Future: Send,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let places = Arc::new(Semaphore::new(connections.settings().max_connections));
        let connections = Arc::new(connections);
        let mut backoff = Backoff::new();
        while let Some(place) = self.place(&places, &connections).await {
            let (stream, address) = match self.socket.accept().await {
                Ok(accepted) => accepted,
                Err(error) if is_of_one_connection(&error) => {
                    connections.meters().accept_failed.add();
                    tracing::debug!(%error, "a connection failed before it was accepted");
                    continue;
                }
                Err(error) => {
                    connections.meters().accept_failed.add();
                    let pause = backoff.pause();
                    tracing::error!(%error, ?pause, listener = %self.address, "cannot accept connections");
                    sleep(pause).await;
                    continue;
                }
            };
            backoff = Backoff::new();
            let task = serve(stream, address, Arc::clone(&connections), tls.clone(), place);
            connections.shutdown().spawn(task);
        }
    }

    /// A place for one more connection, waited for if there is none.
    async fn place<S>(&self, places: &Arc<Semaphore>, connections: &Connections<S>) -> Option<OwnedSemaphorePermit> {
        if let Ok(place) = Arc::clone(places).try_acquire_owned() {
            return Some(place);
        }
        connections.meters().limit_reached.add();
        tracing::warn!(listener = %self.address, "connection limit reached, not accepting until one ends");
        loop {
            connections.make_room();
            if let Ok(place) = timeout(ROOM_EVERY, Arc::clone(places).acquire_owned()).await {
                return place.ok();
            }
        }
    }
}

async fn serve<S, B>(
    stream: TcpStream,
    address: SocketAddr,
    connections: Arc<Connections<S>>,
    tls: Option<Tls>,
    place: OwnedSemaphorePermit,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let _place = place;
    let open = connections.open();
    let _accepted = connections.meters().accept();
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    match tls {
        None => connections.serve_open(stream, Peer { address, tls: None }, open).await,
        Some(tls) => {
            // In boxes, or every connection in the clear would be as large as one under TLS.
            let Some((stream, agreed)) = Box::pin(shake_hands(stream, &tls, &connections, &open)).await else {
                return;
            };
            connections.serve_open(stream, Peer { address, tls: Some(agreed) }, open).await;
        }
    }
}

/// The TLS handshake within its time; `None` when it failed, the shutdown began, or its place is needed.
async fn shake_hands<S>(
    stream: TcpStream,
    tls: &Tls,
    connections: &Connections<S>,
    open: &OpenConnection,
) -> Option<(Box<TlsStream<TcpStream>>, PeerTls)> {
    let limit = connections.settings().handshake_timeout;
    let soft = connections.shutdown().soft();
    let (acceptor, accepting) = tls.acceptor();
    let shaken = tokio::select! {
        biased;
        shaken = timeout(limit, acceptor.accept(stream)) => shaken,
        () = soft.cancelled() => return None,
        () = open.unwanted() => return None,
    };
    match shaken {
        Ok(Ok(stream)) => {
            let agreed = PeerTls::of(stream.get_ref().1, accepting);
            Some((Box::new(stream), agreed))
        }
        Ok(Err(error)) => {
            connections.meters().handshake_failed.add();
            tracing::debug!(%error, "TLS handshake failed");
            None
        }
        Err(_) => {
            connections.meters().handshake_late.add();
            tracing::debug!(?limit, "TLS handshake timed out");
            None
        }
    }
}
