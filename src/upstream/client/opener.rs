//! Opens connections with the HTTP version that both sides have agreed on, and runs them.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use http::uri::Scheme;
use hyper::client::conn::{http1, http2};
use hyper::rt::Executor;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};
use tokio_util::task::TaskTracker;

use super::connection::{Connection, ConnectionUsers};
use super::connector::{ConnectError, Connector};
use super::stream::ConnectionState;

const H2_PING_INTERVAL: Duration = Duration::from_secs(20);
const H2_PING_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an unused connection may take to close before it is dropped.
const CLOSE_GRACE: Duration = Duration::from_secs(1);

/// Opens connections to one address. Their tasks run on a tracker.
pub(super) struct Opener {
    pub(super) to: Uri,
    pub(super) connector: Connector,
    pub(super) tasks: TaskTracker,
    /// The greatest age of a connection, if it has one.
    pub(super) max_age: Option<Duration>,
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

impl Opener {
    /// Whether HTTP/2 is impossible: without TLS there is no ALPN.
    pub(super) fn is_http1_only(&self) -> bool {
        self.to.scheme() != Some(&Scheme::HTTPS)
    }

    /// A new connection.
    ///
    /// # Errors
    /// It could not be opened.
    pub(super) async fn open(&self) -> Result<Connection, OpenError> {
        let stream = self.connector.connect(&self.to).await.map_err(OpenError::Connect)?;
        let (state, is_http2, io) = (stream.state().clone(), stream.is_http2(), TokioIo::new(stream));
        let (users, unused) = oneshot::channel();
        let users = ConnectionUsers::new(users);
        let failed = |error| OpenError::Http(Arc::new(error));
        let connection = if is_http2 {
            let handshake = http2::Builder::new(Tracked(self.tasks.clone()))
                .timer(TokioTimer::new())
                .adaptive_window(true)
                .keep_alive_interval(H2_PING_INTERVAL)
                .keep_alive_timeout(H2_PING_TIMEOUT)
                .handshake(io);
            let (sender, running) = handshake.await.map_err(failed)?;
            self.tasks.spawn(run(running, state.clone(), unused));
            Connection::http2(sender, state, users)
        } else {
            // A client has to read folded headers (RFC 9112, 5.2), and old servers put blanks before the colon.
            let handshake = http1::Builder::new()
                .allow_obsolete_multiline_headers_in_responses(true)
                .allow_spaces_after_header_name_in_responses(true)
                .handshake(io);
            let (sender, running) = handshake.await.map_err(failed)?;
            self.tasks.spawn(run(running, state.clone(), unused));
            Connection::http1(sender, state, users)
        };
        Ok(connection.expiring(self.expiry()))
    }

    /// A new connection over which the vendor has spoken, if it speaks first: in HTTP/2 its settings are its first words.
    /// With TLS 1.3 they also show that it has accepted this side's certificate.
    ///
    /// # Errors
    /// It could not be opened, or ended or stayed silent.
    pub(super) async fn open_greeted(&self) -> Result<Connection, OpenError> {
        let connection = self.open().await?;
        if connection.is_http2() {
            let greeted = timeout(self.connector.timeout(), connection.state().greeted()).await;
            let without = match greeted {
                Ok(true) => return Ok(connection),
                Ok(false) => "the connection ended before the settings of HTTP/2".to_owned(),
                Err(_) => format!("no settings of HTTP/2 within {:?}", self.connector.timeout()),
            };
            return Err(OpenError::Connect(without.into()));
        }
        Ok(connection)
    }

    /// When a connection that is opened now expires: between four fifths of the greatest age and the whole, so that those
    /// that were opened together are not replaced together.
    fn expiry(&self) -> Option<Instant> {
        Instant::now().checked_add(self.max_age?.mul_f64(1.0 - fastrand::f64() / 5.0))
    }
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
        () = state.resetting() => Ok(()),
        ended = &mut connection => ended,
        _ = unused => timeout(CLOSE_GRACE, connection).await.unwrap_or(Ok(())),
    };
    state.end();
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection to a vendor ended");
    }
}
