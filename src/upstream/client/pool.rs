//! Connections to one vendor: opened when needed, kept while idle, shared where the vendor speaks HTTP/2.
//!
//! A vendor account has one address, so there is nothing to look up: the connection used last is taken first, and
//! what idles too long is closed. In HTTP/1 each request that finds no connection opens one, and takes one that comes
//! back meanwhile instead. Where HTTP/2 is possible one request opens a connection and the others wait for it.

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

use super::connection::{Connection, InUse};
use super::connector::{Connector, NoConnection};
use super::stream::Served;

/// Shorter than the 60 s and 75 s after which common servers close idle connections.
const IDLE: Duration = Duration::from_secs(50);
const H2_PING_EVERY: Duration = Duration::from_secs(20);
const H2_PING_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a vendor that has answered may take to read the rest of the request, before its connection is given up.
const SETTLING: Duration = Duration::from_secs(5);
/// How long a connection that nobody uses any more may take to end in good order.
const FAREWELL: Duration = Duration::from_secs(1);

/// The connections to one address.
pub(crate) struct Pool {
    shared: Arc<Shared>,
    _gone: DropGuard,
}

struct Shared {
    to: Uri,
    connector: Connector,
    tasks: TaskTracker,
    kept: Mutex<Kept>,
    /// Told when a connection has come back.
    returned: Notify,
    /// Cancelled with the pool.
    gone: CancellationToken,
}

#[derive(Default)]
struct Kept {
    /// HTTP/1, by the time since which they idle.
    idle: Vec<Idle>,
    /// HTTP/2, since it was last taken.
    shared: Option<Idle>,
    /// Whether there is a task that closes what idles too long.
    watched: bool,
    /// Whether the connection opened last, or the only kind possible, is HTTP/1.
    http1: bool,
    /// The connection that is being opened for all who wait, unless HTTP/1 is known.
    opening: Option<watch::Receiver<Option<Opened>>>,
}

impl Kept {
    /// The connection that was used last.
    fn take(&mut self) -> Option<Connection> {
        if let Some(shared) = &mut self.shared {
            if !shared.connection.is_closed() {
                shared.since = Instant::now();
                return shared.connection.share();
            }
            self.shared = None;
        }
        std::iter::from_fn(|| self.idle.pop()).map(|idle| idle.connection).find(Connection::is_ready)
    }
}

/// How opening for all has ended: with a connection of HTTP/2, with one of HTTP/1 that is kept, or with neither.
type Opened = Result<Option<Connection>, Unopened>;

/// How a request that found no connection comes by one.
enum Next {
    Kept(Connection),
    OpenOwn,
    /// Waits for what is opened for all; `first` if this request is the first of them.
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
#[derive(Clone, Debug)]
pub(crate) enum Unopened {
    /// None was made.
    NoConnection(NoConnection),
    /// It was made, and HTTP could not begin on it.
    Http(Arc<hyper::Error>),
}

/// Runs the streams of HTTP/2 on a tracker.
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
    /// A pool for `to`, without a connection; all its tasks run on `tasks`, and end once it is dropped.
    pub(crate) fn new(to: Uri, connector: Connector, tasks: TaskTracker) -> Self {
        let gone = CancellationToken::new();
        let http1 = to.scheme() != Some(&Scheme::HTTPS); // without TLS there is no ALPN
        let (kept, returned) = (Mutex::new(Kept { http1, ..Kept::default() }), Notify::new());
        let shared = Shared { to, connector, tasks, kept, returned, gone: gone.clone() };
        Self { shared: Arc::new(shared), _gone: gone.drop_guard() }
    }

    /// A connection, and whether it was kept; if none is there, the first that is opened or comes back.
    ///
    /// # Errors
    /// None could be opened.
    pub(crate) async fn take(&self) -> Result<(Connection, bool), Unopened> {
        match self.shared.take_kept() {
            Some(connection) => Ok((connection, true)),
            None => Box::pin(self.open_or_await()).await, // seldom, and large
        }
    }

    /// Keeps a connection whose answer has been read.
    pub(crate) fn give_back(&self, mut connection: Connection) {
        if connection.is_ready() {
            return self.shared.keep(connection);
        }
        if !connection.is_closed() {
            let shared = Arc::clone(&self.shared);
            self.shared.tasks.spawn(async move {
                let settled = shared.gone.run_until_cancelled(timeout(SETTLING, connection.ready())).await;
                match settled {
                    Some(Ok(Ok(()))) => shared.keep(connection),
                    _ => connection.served().reset(),
                }
            });
        }
    }

    async fn open_or_await(&self) -> Result<(Connection, bool), Unopened> {
        let mut failed = false;
        loop {
            let (mut opening, first) = match self.shared.next() {
                Next::Kept(connection) => return Ok((connection, true)),
                Next::OpenOwn => return self.open_own_or_await().await,
                Next::Await { opening, first } => (opening, first),
            };
            match opening.wait_for(Option::is_some).await.as_deref() {
                Ok(Some(Ok(Some(connection)))) => {
                    if let Some(connection) = connection.share() {
                        return Ok((connection, false));
                    }
                }
                // Those who only waited try once more: one lost handshake must not count as a hundred failures.
                Ok(Some(Err(error))) if first || failed => return Err(error.clone()),
                Ok(Some(Err(_))) => failed = true,
                _ => {}
            }
        }
    }

    async fn open_own_or_await(&self) -> Result<(Connection, bool), Unopened> {
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

async fn open(shared: Arc<Shared>) -> Result<Connection, Unopened> {
    let stream = shared.connector.connect(&shared.to).await.map_err(Unopened::NoConnection)?;
    let (served, is_http2, io) = (stream.served().clone(), stream.is_http2(), TokioIo::new(stream));
    shared.kept().http1 = !is_http2;
    let (in_use, unused) = oneshot::channel();
    let in_use = InUse::new(in_use);
    if is_http2 {
        let handshake = http2::Builder::new(Tracked(shared.tasks.clone()))
            .timer(TokioTimer::new())
            .adaptive_window(true)
            .keep_alive_interval(H2_PING_EVERY)
            .keep_alive_timeout(H2_PING_TIMEOUT)
            .handshake(io);
        let (sender, running) = handshake.await.map_err(|error| Unopened::Http(Arc::new(error)))?;
        shared.tasks.spawn(run(running, served.clone(), unused));
        return Ok(shared.share(Connection::http2(sender, served, in_use)));
    }
    let (sender, running) = http1::handshake(io).await.map_err(|error| Unopened::Http(Arc::new(error)))?;
    shared.tasks.spawn(run(running, served.clone(), unused));
    Ok(Connection::http1(sender, served, in_use))
}

/// Runs a connection to its end, and not long beyond its use: what the vendor never reads would keep it for ever.
/// One that is reset is not polled again, which could send more of what was given up.
async fn run(
    connection: impl Future<Output = hyper::Result<()>>,
    served: Served,
    unused: oneshot::Receiver<Infallible>,
) {
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        biased;
        () = served.resetting() => return,
        ended = &mut connection => ended,
        _ = unused => timeout(FAREWELL, connection).await.unwrap_or(Ok(())),
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection to a vendor ended");
    }
}

impl Shared {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_kept(&self) -> Option<Connection> {
        self.kept().take()
    }

    /// How a request that found no connection comes by one.
    fn next(self: &Arc<Self>) -> Next {
        let mut kept = self.kept();
        if let Some(connection) = kept.take() {
            return Next::Kept(connection); // opened since it was looked for
        }
        if kept.http1 {
            return Next::OpenOwn;
        }
        // One whose task is gone, as at the end of the process, does not count.
        if let Some(opening) = kept.opening.as_ref().filter(|opening| opening.has_changed().is_ok()) {
            return Next::Await { opening: opening.clone(), first: false };
        }
        let (sender, opening) = watch::channel(None);
        kept.opening = Some(opening.clone());
        drop(kept);
        // A task, so that a request that is given up does not end what others wait for.
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

    /// Keeps an HTTP/1 connection for the next request; one of HTTP/2 has been kept from its beginning.
    fn keep(self: &Arc<Self>, connection: Connection) {
        if !connection.is_http2() {
            let mut kept = self.kept();
            kept.idle.push(Idle { connection, since: Instant::now() });
            self.watch(&mut kept);
            drop(kept);
            self.returned.notify_one();
        }
    }

    /// Lets everybody use a new HTTP/2 connection, unless there is one that everybody uses.
    fn share(self: &Arc<Self>, new: Connection) -> Connection {
        let mut kept = self.kept();
        let known = kept.shared.as_ref().filter(|known| !known.connection.is_closed());
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

    /// Sees to it that what is kept does not idle for ever.
    fn watch(self: &Arc<Self>, kept: &mut Kept) {
        if !std::mem::replace(&mut kept.watched, true) {
            self.tasks.spawn(close_idle(Arc::downgrade(self), self.gone.clone()));
        }
    }

    /// Closes what has idled too long; says when to look again, if anything is left.
    fn close_idle(&self) -> Option<Instant> {
        let mut kept = self.kept();
        let now = Instant::now();
        let late = |idle: &Idle| idle.since + IDLE <= now;
        kept.shared = kept.shared.take().filter(|shared| !late(shared));
        let first_to_stay = kept.idle.partition_point(late);
        kept.idle.drain(..first_to_stay);
        let next = kept.idle.first().into_iter().chain(&kept.shared).map(|idle| idle.since + IDLE).min();
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

impl fmt::Display for Unopened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoConnection(error) => error.fmt(f),
            Self::Http(error) => error.fmt(f),
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
        Pool::new(Uri::from_static(to), connector, TaskTracker::new())
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
