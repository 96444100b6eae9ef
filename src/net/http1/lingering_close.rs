//! The last answer on an HTTP/1 connection, written by ourselves after hyper has let go of it.
//!
//! A socket closed while it still holds unread input resets the connection, and a reset may overtake
//! the answer. So the writing side is closed first and input is read and thrown away for a moment.

use std::io;
use std::time::{Duration, SystemTime};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use crate::http::request_id::RequestId;
use crate::net::rejection::{Reason, Rejection, RejectionPage};

/// Input thrown away at most while waiting for the peer to close.
const MAX_LINGER_BYTES: usize = 16 * 1024 * 1024;

/// A whole HTTP/1.1 response for `reason` that closes the connection.
pub(crate) fn response(reason: Reason, page: &RejectionPage) -> Vec<u8> {
    let refusal = Rejection { reason, request_id: RequestId::generate() };
    let status = reason.status();
    let body = page.body(&refusal);
    let head = format!(
        "HTTP/1.1 {} {}\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\n\
         x-request-id: {}\r\nconnection: close\r\ndate: {}\r\n\r\n",
        status.as_str(),
        status.canonical_reason().unwrap_or_default(),
        body.len(),
        refusal.request_id,
        httpdate::fmt_http_date(SystemTime::now()),
    );
    [head.as_bytes(), &body].concat()
}

/// Writes `last` and closes, giving the peer at most `patience` for each of taking it and closing.
pub(crate) async fn close<IO>(io: &mut IO, last: &[u8], patience: Duration) -> io::Result<()>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    timeout(patience, async {
        io.write_all(last).await?;
        io.flush().await?;
        io.shutdown().await
    })
    .await??;
    let mut ignored = vec![0; 4096]; // as an array it would be half of every connection's memory
    let _ = timeout(patience, async {
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
