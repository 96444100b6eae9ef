//! Accepts connections and serves HTTP/1.1 and HTTP/2 with prior knowledge on them until they end, reset or stop.

use std::{io, os::fd::AsFd, pin::pin, sync::Arc, time::Duration};

use hyper::{rt::Executor, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::conn::auto,
};
use socket2::Socket;
use tokio::{
    net::{TcpListener, TcpStream},
    time::sleep,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::service::Service;
use crate::http::old_headers::OldHeaders;

/// How long the head of a request may take to arrive.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// The pause after an accept that failed, for example for lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long connections may take to finish once the simulator stops.
const GRACE: Duration = Duration::from_secs(1);

/// Serves until the service stops; every connection runs in `tasks`.
pub(crate) async fn listen(listener: TcpListener, service: Arc<Service>, tasks: TaskTracker) {
    let stop = service.stop.clone();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        match accepted {
            Ok((stream, _)) => {
                tasks.spawn(connection(stream, Arc::clone(&service), tasks.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "accepting a connection failed");
                if is_of_the_listener(&error) {
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

/// Whether an accept error would repeat at once; other errors concern a single connection.
fn is_of_the_listener(error: &io::Error) -> bool {
    !matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}

async fn connection(stream: TcpStream, service: Arc<Service>, tasks: TaskTracker) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    // A second handle on the socket, because the first one belongs to the HTTP connection.
    let socket = match stream.as_fd().try_clone_to_owned() {
        Ok(handle) => Socket::from(handle),
        Err(error) => {
            return tracing::warn!(%error, "a connection is closed, because its socket could not be duplicated");
        }
    };
    let (reset, stop) = (CancellationToken::new(), service.stop.clone());
    let io = OldHeaders(TokioIo::new(stream));
    let mut builder = auto::Builder::new(TrackedExecutor(tasks));
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
    builder.http2().timer(TokioTimer::new());
    let respond = service_fn(|request| {
        let (service, reset) = (Arc::clone(&service), reset.clone());
        async move { service.serve(request, reset).await }
    });
    let mut serving = pin!(builder.serve_connection(io, respond));
    let ended = tokio::select! {
        ended = serving.as_mut() => Some(ended),
        () = reset.cancelled() => None,
        () = stop.cancelled() => {
            serving.as_mut().graceful_shutdown();
            tokio::select! {
                ended = serving.as_mut() => Some(ended),
                () = reset.cancelled() => None,
                () = sleep(GRACE) => None,
            }
        }
    };
    if let Some(Err(error)) = ended {
        tracing::debug!(%error, "the connection ended with an error");
    }
    // Closing a socket that does not linger resets the connection.
    if reset.is_cancelled()
        && let Err(error) = socket.set_linger(Some(Duration::ZERO))
    {
        tracing::warn!(%error, "the connection is closed instead of reset");
    }
}

/// Runs the tasks of HTTP/2 connections in the tracker as well.
#[derive(Clone)]
struct TrackedExecutor(TaskTracker);

impl<F> Executor<F> for TrackedExecutor
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, future: F) {
        self.0.spawn(future);
    }
}
