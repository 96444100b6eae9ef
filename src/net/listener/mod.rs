//! The accept loop: accepts sockets and spawns one task for each connection.
//!
//! A connection's permit is acquired *before* it is accepted. At the limit, new peers wait in the kernel's backlog, which
//! costs no descriptor, and idle connections are evicted one by one, the longest idle first. A peer that holds its share
//! already waits without a permit until one of its own connections ends. TLS handshakes run in the connection's task.

mod accept_error;
pub mod descriptors;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::server::TlsStream;
use tower::Service;

use crate::http::body::BoxError;
use crate::net::connection::Connections;
use crate::net::open_connections::OpenConnection;
use crate::net::peer::{Peer, PeerTls};
use crate::net::peers::group::PeerGroup;
use crate::net::peers::proxy_protocol;
use crate::net::rejection::RejectionReason;
use crate::net::request_body::RequestBody;
use crate::net::tls::acceptor::Tls;
use crate::value::Lock;
use accept_error::{Backoff, concerns_one_connection};

/// How often it is logged that a limit is reached.
const WARNING_INTERVAL: Duration = Duration::from_secs(60);

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
        S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible, Future: Send>,
        S: Clone + Send + Sync + 'static,
        B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        let soft = connections.shutdown().soft().clone();
        let places = Arc::new(ConnectionPermits::new(connections.settings().max_connections));
        let connections = Arc::new(connections);
        let mut backoff = Backoff::new();
        let accepting = async {
            while let Some(permit) = self.permit(&places, &connections).await {
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
                let peer = address.ip().into();
                // With the PROXY protocol the caller's address comes later, and its share is checked then.
                let open = match connections.settings().proxy_protocol {
                    true => Some(connections.open.open(address.ip())),
                    false => connections.open.open_within_share(peer, places.max),
                };
                if let Some(open) = open {
                    let place = ConnectionPermit { open, permit };
                    let task = serve(stream, address, Arc::clone(&connections), tls.clone(), place);
                    connections.shutdown().spawn(task);
                    continue;
                }
                drop(permit);
                connections.meters.limit_reached.add();
                places.warn(
                    || tracing::warn!(listener = %self.address, %peer, "a peer has its share of the connections"),
                );
                // Without a place to wait in, it is closed.
                if let Ok(waiting) = Arc::clone(&places.waiting).try_acquire_owned() {
                    let (connections, tls, places) = (Arc::clone(&connections), tls.clone(), Arc::clone(&places));
                    connections.shutdown().clone().spawn(async move {
                        let place = places.place(peer, &connections).await;
                        drop(waiting);
                        if let Some(place) = place {
                            Box::pin(serve(stream, address, connections, tls, place)).await;
                        }
                    });
                }
            }
        };
        soft.run_until_cancelled(accepting).await;
    }

    /// A permit for one more connection; waits and evicts idle connections while there is none.
    async fn permit<S>(
        &self,
        places: &ConnectionPermits,
        connections: &Connections<S>,
    ) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = Arc::clone(&places.permits).try_acquire_owned() {
            return Some(permit);
        }
        connections.meters.limit_reached.add();
        let max = places.max;
        places.warn(
            || tracing::warn!(listener = %self.address, max, "connection limit reached, not accepting until one ends"),
        );
        loop {
            connections.open.evict_idle(None);
            if let Ok(permit) = timeout(EVICTION_INTERVAL, Arc::clone(&places.permits).acquire_owned()).await {
                return permit.ok();
            }
        }
    }
}

/// The places for connections of one listener.
#[derive(Debug)]
struct ConnectionPermits {
    max: usize,
    permits: Arc<Semaphore>,
    /// For connections whose peer has its share already.
    waiting: Arc<Semaphore>,
    warned: Lock<Option<Instant>>,
}

/// The place of one connection.
#[derive(Debug)]
struct ConnectionPermit {
    open: OpenConnection,
    permit: OwnedSemaphorePermit,
}

impl ConnectionPermits {
    fn new(max: usize) -> Self {
        let waiting = Arc::new(Semaphore::new((max / 16).max(4)));
        Self { max, permits: Arc::new(Semaphore::new(max)), waiting, warned: Lock::default() }
    }

    /// A place for a peer that has its share, once one of its connections has ended; idle ones are evicted. `None` if that
    /// takes longer than a request's head may, or the shutdown starts.
    async fn place<S>(&self, peer: PeerGroup, connections: &Connections<S>) -> Option<ConnectionPermit> {
        let waiting = async {
            loop {
                connections.open.evict_idle(Some(peer));
                sleep(EVICTION_INTERVAL).await;
                let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() else { continue };
                if let Some(open) = connections.open.open_within_share(peer, self.max) {
                    return ConnectionPermit { open, permit };
                }
            }
        };
        let waiting = timeout(connections.settings().header_timeout, waiting);
        connections.shutdown().soft().run_until_cancelled(waiting).await?.ok()
    }

    /// Calls `warn`, unless it was called a short time ago.
    fn warn(&self, warn: impl FnOnce()) {
        let mut warned = self.warned.lock();
        if warned.is_none_or(|warned| warned.elapsed() >= WARNING_INTERVAL) {
            *warned = Some(Instant::now());
            drop(warned);
            warn();
        }
    }
}

async fn serve<S, B>(
    mut stream: TcpStream,
    mut address: SocketAddr,
    connections: Arc<Connections<S>>,
    tls: Option<Tls>,
    place: ConnectionPermit,
) where
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible, Future: Send>,
    S: Clone + Send + Sync + 'static,
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let ConnectionPermit { open, permit: _permit } = place;
    let _accepted = connections.meters.accept();
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    if connections.settings().proxy_protocol {
        match Box::pin(proxied(&mut stream, &connections, &open)).await {
            Some(named) => address = named.unwrap_or(address),
            None => return,
        }
        let peer = address.ip().into();
        if !open.move_to(peer, connections.settings().max_connections) {
            connections.meters.limit_reached.add();
            connections.open.evict_idle(Some(peer)); // makes room for its next one
            return;
        }
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

/// The address that the header of the PROXY protocol names, if it names one; `None` if there is no such header in time,
/// the shutdown starts, or the connection is evicted.
async fn proxied<S>(
    stream: &mut TcpStream,
    connections: &Connections<S>,
    open: &OpenConnection,
) -> Option<Option<SocketAddr>> {
    let limit = connections.settings().header_timeout;
    let result = tokio::select! {
        biased;
        result = timeout(limit, proxy_protocol::read(stream)) => result,
        () = connections.shutdown().soft().cancelled() => return None,
        () = open.evicted() => return None,
    };
    match result {
        Ok(Ok(named)) => return Some(named),
        Ok(Err(error)) => {
            connections.meters.reject(RejectionReason::Malformed);
            tracing::debug!(%error, "a connection does not start with the PROXY protocol");
        }
        Err(_) => connections.meters.reject(RejectionReason::HeadTimeout),
    }
    None
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
