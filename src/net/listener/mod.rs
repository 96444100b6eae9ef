//! The accept loop: accepts sockets and spawns one task for each connection.
//!
//! A connection's permit is acquired *before* it is accepted. At the limit, new peers wait in the kernel's backlog, which
//! costs no descriptor, and idle connections are evicted one by one, the longest idle first. TLS handshakes run in the
//! connection's task.

mod accept_error;

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

use crate::http::body::BoxError;
use crate::net::connection::Connections;
use crate::net::open_connections::OpenConnection;
use crate::net::peer::{Peer, PeerTls};
use crate::net::tls::acceptor::Tls;
use accept_error::{Backoff, concerns_one_connection};

/// How often an idle connection is evicted while the limit is reached.
const EVICTION_INTERVAL: Duration = Duration::from_millis(100);

/// A bound socket that accepts connections.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

/// The address cannot be bound.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}")]
pub struct BindError {
    /// The configured address.
    pub address: SocketAddr,
    /// The system's reason.
    pub source: io::Error,
}

impl Listener {
    /// Binds `address`; for port 0 the system chooses a free port.
    pub async fn bind(address: SocketAddr) -> Result<Self, BindError> {
        let failed = |source| BindError { address, source };
        let socket = TcpListener::bind(address).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        Ok(Self { socket, address })
    }

    /// The bound address, with the port that the system chose.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts until the soft token, then closes the socket; connections go on as tasks of the shutdown.
    pub async fn run<S, B>(self, connections: Connections<S>, tls: Option<Tls>)
    where
        S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: Send>,
        S: Clone + Send + Sync + 'static,
        B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        let soft = connections.shutdown().soft().clone();
        let permits = Arc::new(Semaphore::new(connections.settings().max_connections));
        let connections = Arc::new(connections);
        let mut backoff = Backoff::new();
        let accepting = async {
            while let Some(permit) = self.permit(&permits, &connections).await {
                let (stream, address) = match self.socket.accept().await {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        connections.meters.accept_failed.add();
                        if concerns_one_connection(&error) {
                            tracing::debug!(%error, "a connection failed before it was accepted");
                        } else {
                            let pause = backoff.next_delay();
                            tracing::error!(%error, ?pause, listener = %self.address, "cannot accept connections");
                            sleep(pause).await;
                        }
                        continue;
                    }
                };
                backoff = Backoff::new();
                let task = serve(stream, address, Arc::clone(&connections), tls.clone(), permit);
                connections.shutdown().spawn(task);
            }
        };
        soft.run_until_cancelled(accepting).await;
    }

    /// A permit for one more connection; waits and evicts idle connections while there is none.
    async fn permit<S>(&self, permits: &Arc<Semaphore>, connections: &Connections<S>) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = Arc::clone(permits).try_acquire_owned() {
            return Some(permit);
        }
        connections.meters.limit_reached.add();
        tracing::warn!(listener = %self.address, "connection limit reached, not accepting until one ends");
        loop {
            connections.open.evict_idle();
            if let Ok(permit) = timeout(EVICTION_INTERVAL, Arc::clone(permits).acquire_owned()).await {
                return permit.ok();
            }
        }
    }
}

async fn serve<S, B>(
    stream: TcpStream,
    address: SocketAddr,
    connections: Arc<Connections<S>>,
    tls: Option<Tls>,
    permit: OwnedSemaphorePermit,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: Send>,
    S: Clone + Send + Sync + 'static,
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let _permit = permit;
    let open = connections.open.open();
    let _accepted = connections.meters.accept();
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    match tls {
        None => connections.serve_open(stream, Peer { address, tls: None }, open).await,
        Some(tls) => {
            // In boxes; otherwise every plaintext connection would be as large as a TLS connection.
            let Some((stream, agreed)) = Box::pin(handshake(stream, &tls, &connections, &open)).await else {
                return;
            };
            connections.serve_open(stream, Peer { address, tls: Some(agreed) }, open).await;
        }
    }
}

/// The TLS handshake; `None` if it fails or times out, the shutdown starts, or the connection is evicted.
async fn handshake<S>(
    stream: TcpStream,
    tls: &Tls,
    connections: &Connections<S>,
    open: &OpenConnection,
) -> Option<(Box<TlsStream<TcpStream>>, PeerTls)> {
    let limit = connections.settings().handshake_timeout;
    let soft = connections.shutdown().soft();
    let (acceptor, session_expiry) = tls.acceptor();
    let result = tokio::select! {
        biased;
        result = timeout(limit, acceptor.accept(stream)) => result,
        () = soft.cancelled() => return None,
        () = open.evicted() => return None,
    };
    match result {
        Ok(Ok(stream)) => {
            let agreed = PeerTls::of(stream.get_ref().1, session_expiry);
            Some((Box::new(stream), agreed))
        }
        Ok(Err(error)) => {
            connections.meters.handshake_failed.add();
            tracing::debug!(%error, "TLS handshake failed");
            None
        }
        Err(_) => {
            connections.meters.handshake_late.add();
            tracing::debug!(?limit, "TLS handshake timed out");
            None
        }
    }
}
