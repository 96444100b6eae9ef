//! The pool of connections to one vendor.
//!
//! The connection used last is taken first, and idle ones are closed after a while. A request that finds no connection in
//! HTTP/1 opens one, but takes one that is returned meanwhile. Where HTTP/2 is possible, one request opens a connection
//! and the others wait for it. A connection that has reached its greatest age gets no more requests, so that a changed
//! address of the vendor is noticed under load, too; what is in flight on it finishes. A request that asks for it gets a
//! connection of its own, which is in the pool only after the response.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use http::Uri;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::connection::Connection;
use super::connector::Connector;
use super::opener::{OpenError, Opener};

/// Shorter than the 60 s and 75 s after which common servers close idle connections.
const IDLE_TIMEOUT: Duration = Duration::from_secs(50);
/// How long a vendor that has responded may take to read the rest of the request before its connection is reset.
const REQUEST_DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// The connections to one address.
pub(super) struct Pool {
    shared: Arc<Shared>,
    _gone: DropGuard,
}

struct Shared {
    opener: Opener,
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
        let now = Instant::now();
        if let Some(shared) = &mut self.shared {
            if shared.connection.is_usable(now) {
                shared.since = now;
                return shared.connection.share();
            }
            self.shared = None;
        }
        std::iter::from_fn(|| self.idle.pop())
            .map(|idle| idle.connection)
            .find(|kept| kept.is_ready() && !kept.is_expired(now))
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

impl Pool {
    /// An empty pool for `to`. Its tasks run on `tasks` and end once it is dropped. Connections older than `max_age` get no
    /// more requests; zero turns that off.
    pub(super) fn new(to: Uri, connector: Connector, max_age: Duration, tasks: TaskTracker) -> Self {
        let gone = CancellationToken::new();
        let max_age = (!max_age.is_zero()).then_some(max_age);
        let opener = Opener { to, connector, tasks, max_age };
        let kept = PoolState { http1: opener.is_http1_only(), ..PoolState::default() };
        let shared = Shared { opener, kept: Mutex::new(kept), returned: Notify::new(), gone: gone.clone() };
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

    /// A connection opened for one request, which no other one uses before it is [`kept`](Self::keep_fresh).
    ///
    /// # Errors
    /// It could not be opened.
    pub(super) async fn open_fresh(&self) -> Result<Connection, OpenError> {
        let connection = Box::pin(self.shared.opener.open_greeted()).await?; // rare and large
        self.shared.kept().http1 = !connection.is_http2();
        Ok(connection)
    }

    /// Puts a connection that was opened for one request into the pool, now that its response has been read.
    pub(super) fn keep_fresh(&self, connection: Connection) {
        if connection.is_http2() {
            drop(self.shared.share(connection));
        } else {
            self.give_back(connection);
        }
    }

    /// Returns a connection whose response has been read.
    pub(super) fn give_back(&self, mut connection: Connection) {
        if connection.is_ready() {
            return self.shared.keep(connection);
        }
        if !connection.is_closed() {
            let shared = Arc::clone(&self.shared);
            self.shared.opener.tasks.spawn(async move {
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
        let mut opening = Box::pin(Arc::clone(&self.shared).open());
        loop {
            tokio::select! {
                biased;
                () = self.shared.returned.notified() => {}
                opened = &mut opening => return opened.map(|connection| (connection, false)),
            }
            if let Some(connection) = self.shared.take_kept() {
                let shared = Arc::clone(&self.shared);
                self.shared.opener.tasks.spawn(async move {
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

impl Shared {
    fn kept(&self) -> MutexGuard<'_, PoolState> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new connection; an HTTP/2 connection is put into the pool at once.
    async fn open(self: Arc<Self>) -> Result<Connection, OpenError> {
        let connection = self.opener.open().await?;
        self.kept().http1 = !connection.is_http2();
        Ok(if connection.is_http2() { self.share(connection) } else { connection })
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
        self.opener.tasks.spawn(async move {
            let opened = shared.gone.run_until_cancelled(Arc::clone(&shared).open()).await;
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
        let since = Instant::now();
        if !connection.is_http2() && !connection.is_expired(since) {
            let mut kept = self.kept();
            kept.idle.push(Idle { connection, since });
            self.watch(&mut kept);
            drop(kept);
            self.returned.notify_one();
        }
    }

    /// Puts a new HTTP/2 connection into the pool, unless there is one already.
    fn share(self: &Arc<Self>, new: Connection) -> Connection {
        let mut kept = self.kept();
        let since = Instant::now();
        let known = kept.shared.as_ref().filter(|known| known.connection.is_usable(since));
        if let Some(connection) = known.and_then(|known| known.connection.share()) {
            return connection;
        }
        if let Some(connection) = new.share() {
            kept.shared = Some(Idle { connection, since });
            self.watch(&mut kept);
            drop(kept);
            self.returned.notify_waiters();
        }
        new
    }

    /// Starts the task that closes idle connections, unless it is running.
    fn watch(self: &Arc<Self>, kept: &mut PoolState) {
        if !std::mem::replace(&mut kept.watched, true) {
            self.opener.tasks.spawn(close_idle(Arc::downgrade(self), self.gone.clone()));
        }
    }

    /// Closes connections that were idle for too long; returns when the next one is due.
    fn close_idle(&self) -> Option<Instant> {
        let mut kept = self.kept();
        let now = Instant::now();
        let late = |idle: &Idle| idle.since + IDLE_TIMEOUT <= now;
        kept.shared = kept.shared.take().filter(|shared| !late(shared) && !shared.connection.is_expired(now));
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
        f.debug_struct("Pool").field("to", &self.shared.opener.to).finish_non_exhaustive()
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
