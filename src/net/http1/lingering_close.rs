//! The last response on an HTTP/1 connection, written after hyper has returned the socket, and the lingering close.
//!
//! Closing a socket that holds unread input resets the connection, and the peer may lose the response by that. So only
//! the writing side is closed first, and input is read and discarded until the peer closes or the time is over.

use std::io;
use std::time::{Duration, SystemTime};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use crate::http::request_id::RequestId;
use crate::net::rejection::{Rejection, RejectionReason, RejectionRenderer};

/// The most input that is discarded while waiting for the peer to close.
const MAX_LINGER_BYTES: usize = 16 * 1024 * 1024;

/// A whole HTTP/1.1 response for `reason` that closes the connection.
pub(crate) fn response(reason: RejectionReason, renderer: &RejectionRenderer) -> Vec<u8> {
    let rejection = Rejection { reason, request_id: RequestId::generate() };
    let status = reason.status();
    let body = renderer.render(&rejection);
    let head = format!(
        "HTTP/1.1 {} {}\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\n\
         x-request-id: {}\r\nconnection: close\r\ndate: {}\r\n\r\n",
        status.as_str(),
        status.canonical_reason().unwrap_or_default(),
        body.len(),
        rejection.request_id,
        httpdate::fmt_http_date(SystemTime::now()),
    );
    [head.as_bytes(), &body].concat()
}

/// Writes `response` and closes; the peer has `linger_timeout` to read it, and as long again to close.
pub(crate) async fn close<IO>(io: &mut IO, response: &[u8], linger_timeout: Duration) -> io::Result<()>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    timeout(linger_timeout, async {
        io.write_all(response).await?;
        io.flush().await?;
        io.shutdown().await
    })
    .await??;
    let mut ignored = vec![0; 4096]; // an array would double the size of every connection's task
    let _ = timeout(linger_timeout, async {
        let mut total = 0;
        while total < MAX_LINGER_BYTES {
            match io.read(&mut ignored).await {
                Ok(0) | Err(_) => break,
                Ok(read) => total += read,
            }
        }
    })
    .await;
    Ok(())
}
