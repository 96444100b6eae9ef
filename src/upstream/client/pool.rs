//! The pool of connections to one vendor.
//!
//! The connection used last is taken first, and idle ones are closed after a while. A request that finds no connection in
//! HTTP/1 opens one, but takes one that is returned meanwhile. Where HTTP/2 is possible, one request opens a connection
//! and the others wait for it. A connection that has reached its greatest age gets no more requests, so that a changed
//! address of the vendor is noticed under load, too; what is in flight on it finishes.

use std::convert::Infallible;
use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use http::Uri;
use http::uri::Scheme;
use hyper::client::conn::{http1, http2};
use hyper::rt::Executor;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::{Notify, oneshot, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::connection::{Connection, ConnectionUsers};
use super::connector::{ConnectError, Connector};
use super::stream::ConnectionState;

/// Shorter than the 60 s and 75 s after which common servers close idle connections.
const IDLE_TIMEOUT: Duration = Duration::from_secs(50);
const H2_PING_INTERVAL: Duration = Duration::from_secs(20);
const H2_PING_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a vendor that has responded may take to read the rest of the request before its connection is reset.
const REQUEST_DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an unused connection may take to close before it is dropped.
const CLOSE_GRACE: Duration = Duration::from_secs(1);

/// The connections to one address.
pub(super) struct Pool {
    shared: Arc<Shared>,
    _gone: DropGuard,
}

struct Shared {
    to: Uri,
    connector: Connector,
    tasks: TaskTracker,
    /// The greatest age of a connection, if it has one.
    max_age: Option<Duration>,
    kept: Mutex<PoolState>,
    /// Notified when a connection is returned.
    returned: Notify,
    /// Cancelled with the pool.
    gone: CancellationToken,
}

#[derive(Default)]
struct PoolState {
    /// HTTP/1, longest idle first.
    idle: Vec<Idle>,
    /// HTTP/2, with the time of its last use.
    shared: Option<Idle>,
    /// Whether a task that closes idle connections is running.
    watched: bool,
    /// Whether the connection opened last, or the only kind possible, is HTTP/1.
    http1: bool,
    /// The connection that is being opened for all waiting requests, unless the vendor uses HTTP/1.
    opening: Option<watch::Receiver<Option<Opened>>>,
}

impl PoolState {
    /// The connection that was used last.
    fn take(&mut self) -> Option<Connection> {
        if let Some(shared) = &mut self.shared {
            if shared.connection.is_usable() {
                shared.since = Instant::now();
                return shared.connection.share();
            }
            self.shared = None;
        }
        std::iter::from_fn(|| self.idle.pop())
            .map(|idle| idle.connection)
            .find(|kept| kept.is_ready() && !kept.is_expired())
    }
}

/// The result of opening for all: an HTTP/2 connection, `None` if it is HTTP/1 and in the pool, or an error.
type Opened = Result<Option<Connection>, OpenError>;

/// How a request gets a connection.
enum Next {
    Pooled(Connection),
    OpenOwn,
    /// Waits for the connection that is opened for all; the `first` request has started it.
    Await {
        opening: watch::Receiver<Option<Opened>>,
        first: bool,
    },
}

struct Idle {
    connection: Connection,
    since: Instant,
}

/// Why no connection could be opened.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum OpenError {
    /// Connecting failed.
    #[error("{0}")]
    Connect(ConnectError),
    /// The HTTP handshake failed.
    #[error("{0}")]
    Http(Arc<hyper::Error>),
}

/// Runs hyper's HTTP/2 tasks on a tracker.
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

impl Pool {
    /// An empty pool for `to`. Its tasks run on `tasks` and end once it is dropped. Connections older than `max_age` get no
    /// more requests; zero turns that off.
    pub(super) fn new(to: Uri, connector: Connector, max_age: Duration, tasks: TaskTracker) -> Self {
        let gone = CancellationToken::new();
        let http1 = to.scheme() != Some(&Scheme::HTTPS); // without TLS there is no ALPN
        let (kept, returned) = (Mutex::new(PoolState { http1, ..PoolState::default() }), Notify::new());
        let max_age = (!max_age.is_zero()).then_some(max_age);
        let shared = Shared { to, connector, tasks, max_age, kept, returned, gone: gone.clone() };
        Self { shared: Arc::new(shared), _gone: gone.drop_guard() }
    }

    /// A connection, and whether it is reused; without one, the first that is opened or returned.
    ///
    /// # Errors
    /// No connection could be opened.
    pub(super) async fn take(&self) -> Result<(Connection, bool), OpenError> {
        match self.shared.take_kept() {
            Some(connection) => Ok((connection, true)),
            None => Box::pin(self.open_or_await()).await, // rare and large
        }
    }

    /// Returns a connection whose response has been read.
    pub(super) fn give_back(&self, mut connection: Connection) {
        if connection.is_ready() {
            return self.shared.keep(connection);
        }
        if !connection.is_closed() {
            let shared = Arc::clone(&self.shared);
            self.shared.tasks.spawn(async move {
                let settled = shared.gone.run_until_cancelled(timeout(REQUEST_DRAIN_TIMEOUT, connection.ready())).await;
                match settled {
                    Some(Ok(Ok(()))) => shared.keep(connection),
                    _ => connection.state().reset(),
                }
            });
        }
    }

    async fn open_or_await(&self) -> Result<(Connection, bool), OpenError> {
        let mut failed = false;
        loop {
            let (mut opening, first) = match self.shared.next() {
                Next::Pooled(connection) => return Ok((connection, true)),
                Next::OpenOwn => return self.open_own_or_await().await,
                Next::Await { opening, first } => (opening, first),
            };
            match opening.wait_for(Option::is_some).await.as_deref() {
                Ok(Some(Ok(Some(connection)))) => {
                    if let Some(connection) = connection.share() {
                        return Ok((connection, false));
                    }
                }
                // Requests that only waited try once more: one failed handshake must not count as a hundred failures.
                Ok(Some(Err(error))) if first || failed => return Err(error.clone()),
                Ok(Some(Err(_))) => failed = true,
                _ => {}
            }
        }
    }

    async fn open_own_or_await(&self) -> Result<(Connection, bool), OpenError> {
        let mut opening = Box::pin(open(Arc::clone(&self.shared)));
        loop {
            tokio::select! {
                biased;
                () = self.shared.returned.notified() => {}
                opened = &mut opening => return opened.map(|connection| (connection, false)),
            }
            if let Some(connection) = self.shared.take_kept() {
                let shared = Arc::clone(&self.shared);
                self.shared.tasks.spawn(async move {
                    match shared.gone.run_until_cancelled(opening).await {
                        Some(Ok(connection)) => shared.keep(connection),
                        Some(Err(error)) => tracing::trace!(%error, "a spare connection could not be opened"),
                        None => {}
                    }
                });
                return Ok((connection, true));
            }
        }
    }
}

async fn open(shared: Arc<Shared>) -> Result<Connection, OpenError> {
    let stream = shared.connector.connect(&shared.to).await.map_err(OpenError::Connect)?;
    let (state, is_http2, io) = (stream.state().clone(), stream.is_http2(), TokioIo::new(stream));
    shared.kept().http1 = !is_http2;
    let (users, unused) = oneshot::channel();
    let users = ConnectionUsers::new(users);
    if is_http2 {
        let handshake = http2::Builder::new(Tracked(shared.tasks.clone()))
            .timer(TokioTimer::new())
            .adaptive_window(true)
            .keep_alive_interval(H2_PING_INTERVAL)
            .keep_alive_timeout(H2_PING_TIMEOUT)
            .handshake(io);
        let (sender, running) = handshake.await.map_err(|error| OpenError::Http(Arc::new(error)))?;
        shared.tasks.spawn(run(running, state.clone(), unused));
        return Ok(shared.share(Connection::http2(sender, state, users).expiring(shared.expiry())));
    }
    // A client has to read folded headers (RFC 9112, 5.2), and old servers put blanks before the colon.
    let handshake = http1::Builder::new()
        .allow_obsolete_multiline_headers_in_responses(true)
        .allow_spaces_after_header_name_in_responses(true)
        .handshake(io);
    let (sender, running) = handshake.await.map_err(|error| OpenError::Http(Arc::new(error)))?;
    shared.tasks.spawn(run(running, state.clone(), unused));
    Ok(Connection::http1(sender, state, users).expiring(shared.expiry()))
}

/// Runs a connection until it ends, is reset, or has been unused for [`CLOSE_GRACE`]: a vendor that never reads would keep
/// it forever. A reset connection is not polled again, which could send more of a cancelled request.
async fn run(
    connection: impl Future<Output = hyper::Result<()>>,
    state: ConnectionState,
    unused: oneshot::Receiver<Infallible>,
) {
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        biased;
        () = state.resetting() => return,
        ended = &mut connection => ended,
        _ = unused => timeout(CLOSE_GRACE, connection).await.unwrap_or(Ok(())),
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection to a vendor ended");
    }
}

impl Shared {
    fn kept(&self) -> MutexGuard<'_, PoolState> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When a connection that is opened now expires: between four fifths of the greatest age and the whole, so that those
    /// that were opened together are not replaced together.
    fn expiry(&self) -> Option<Instant> {
        Instant::now().checked_add(self.max_age?.mul_f64(1.0 - fastrand::f64() / 5.0))
    }

    fn take_kept(&self) -> Option<Connection> {
        self.kept().take()
    }

    /// How a request that found no connection comes by one.
    fn next(self: &Arc<Self>) -> Next {
        let mut kept = self.kept();
        if let Some(connection) = kept.take() {
            return Next::Pooled(connection); // returned meanwhile
        }
        if kept.http1 {
            return Next::OpenOwn;
        }
        // If its task is gone, as at the end of the process, it does not count.
        if let Some(opening) = kept.opening.as_ref().filter(|opening| opening.has_changed().is_ok()) {
            return Next::Await { opening: opening.clone(), first: false };
        }
        let (sender, opening) = watch::channel(None);
        kept.opening = Some(opening.clone());
        drop(kept);
        // A task, so that a cancelled request does not end what others wait for.
        let shared = Arc::clone(self);
        self.tasks.spawn(async move {
            let opened = shared.gone.run_until_cancelled(open(Arc::clone(&shared))).await;
            let opened = opened.map(|opened| {
                opened.map(|connection| {
                    let shareable = connection.share();
                    shared.keep(connection);
                    shareable
                })
            });
            shared.kept().opening = None;
            sender.send_replace(opened);
        });
        Next::Await { opening, first: true }
    }

    /// Puts an HTTP/1 connection into the pool; an HTTP/2 connection is in it from the start.
    fn keep(self: &Arc<Self>, connection: Connection) {
        if !connection.is_http2() && !connection.is_expired() {
            let mut kept = self.kept();
            kept.idle.push(Idle { connection, since: Instant::now() });
            self.watch(&mut kept);
            drop(kept);
            self.returned.notify_one();
        }
    }

    /// Puts a new HTTP/2 connection into the pool, unless there is one already.
    fn share(self: &Arc<Self>, new: Connection) -> Connection {
        let mut kept = self.kept();
        let known = kept.shared.as_ref().filter(|known| known.connection.is_usable());
        if let Some(connection) = known.and_then(|known| known.connection.share()) {
            return connection;
        }
        if let Some(connection) = new.share() {
            kept.shared = Some(Idle { connection, since: Instant::now() });
            self.watch(&mut kept);
            drop(kept);
            self.returned.notify_waiters();
        }
        new
    }

    /// Starts the task that closes idle connections, unless it is running.
    fn watch(self: &Arc<Self>, kept: &mut PoolState) {
        if !std::mem::replace(&mut kept.watched, true) {
            self.tasks.spawn(close_idle(Arc::downgrade(self), self.gone.clone()));
        }
    }

    /// Closes connections that were idle for too long; returns when the next one is due.
    fn close_idle(&self) -> Option<Instant> {
        let mut kept = self.kept();
        let now = Instant::now();
        let late = |idle: &Idle| idle.since + IDLE_TIMEOUT <= now;
        kept.shared = kept.shared.take().filter(|shared| !late(shared) && !shared.connection.is_expired());
        let first_to_stay = kept.idle.partition_point(late);
        kept.idle.drain(..first_to_stay);
        let next = kept.idle.first().into_iter().chain(&kept.shared).map(|idle| idle.since + IDLE_TIMEOUT).min();
        kept.watched = next.is_some();
        next
    }
}

async fn close_idle(pool: Weak<Shared>, gone: CancellationToken) {
    while let Some(next) = pool.upgrade().and_then(|pool| pool.close_idle()) {
        if gone.run_until_cancelled(sleep_until(next)).await.is_none() {
            return;
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("to", &self.shared.to).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use crate::upstream::client::pool::*;
    use crate::upstream::{TlsRoots, VendorTls};

    fn pool(to: &'static str) -> Pool {
        let tls = TlsRoots::default().client(false, &VendorTls::default()).unwrap();
        let connector = Connector::new(tls, None, Duration::from_secs(5), Arc::default());
        Pool::new(Uri::from_static(to), connector, Duration::ZERO, TaskTracker::new())
    }

    #[tokio::test]
    async fn requests_wait_for_each_others_connections_only_where_http2_is_possible() {
        let (plain, secure) = (pool("http://127.0.0.1:1"), pool("https://127.0.0.1:1"));
        for expected in [true, false] {
            assert!(matches!(plain.shared.next(), Next::OpenOwn));
            assert!(matches!(secure.shared.next(), Next::Await { first, .. } if first == expected));
        }
    }
}
