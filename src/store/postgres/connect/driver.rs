//! What moves the bytes of one connection, whatever it runs over.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_postgres::{AsyncMessage, Connection, Error, Notification};

/// A connection over any kind of stream.
trait Messages: Send + Unpin {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<AsyncMessage, Error>>>;
}

impl<S, T> Messages for Connection<S, T>
where
    S: AsyncRead + AsyncWrite + Send + Unpin,
    T: AsyncRead + AsyncWrite + Send + Unpin,
{
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<AsyncMessage, Error>>> {
        self.poll_message(context)
    }
}

/// What moves the bytes of one connection. It has to be run; dropping it closes the connection.
pub(in crate::store) struct Driver(Box<dyn Messages>);

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").finish_non_exhaustive()
    }
}

impl Driver {
    pub(super) fn new<S, T>(connection: Connection<S, T>) -> Self
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        Self(Box::new(connection))
    }

    /// Runs to the end of the connection: after its client is dropped and all statements are answered. `heard` is called with
    /// each notification.
    pub(in crate::store) async fn run(mut self, mut heard: impl FnMut(Notification) + Send) -> Result<(), Error> {
        while let Some(message) = poll_fn(|context| self.0.poll(context)).await {
            match message? {
                AsyncMessage::Notification(notification) => heard(notification),
                AsyncMessage::Notice(notice) => {
                    tracing::debug!(
                        code = notice.code().code(),
                        notice = notice.message(),
                        "the database has a notice"
                    );
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Runs for as long as something takes that needs the connection. The error is that of the connection, if it ends and
    /// what needs it does not notice.
    pub(in crate::store) async fn while_it_runs<T>(&mut self, work: impl Future<Output = T>) -> Result<T, String> {
        let mut work = pin!(work);
        poll_fn(|context| {
            let ended = loop {
                match self.0.poll(context) {
                    Poll::Ready(Some(Ok(_))) => {}
                    Poll::Ready(Some(Err(error))) => break Some(error.to_string()),
                    Poll::Ready(None) => break Some("the connection ended".to_owned()),
                    Poll::Pending => break None,
                }
            };
            match (work.as_mut().poll(context), ended) {
                (Poll::Ready(done), _) => Poll::Ready(Ok(done)),
                (Poll::Pending, Some(why)) => Poll::Ready(Err(why)),
                (Poll::Pending, None) => Poll::Pending,
            }
        })
        .await
    }
}
