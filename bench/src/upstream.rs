//! The vendor: reads a request to its end and answers with the same documented answer at once.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::head::Head;

const ANSWER: &str = r#"{"message":"Assistant updated successfully","data":{"id":789,"name":"Sales assistant","status":"active","type":"outbound","mode":"pipeline"}}"#;

/// Serves until it is killed.
///
/// # Errors
/// The address is taken.
pub(crate) async fn serve(listen: SocketAddr) -> std::io::Result<()> {
    let listener = TcpListener::bind(listen).await?;
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{ANSWER}",
        ANSWER.len()
    );
    let answer: &'static [u8] = answer.into_bytes().leak();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            let _gone = answer_all(stream, answer).await;
        });
    }
}

async fn answer_all(mut stream: TcpStream, answer: &[u8]) -> std::io::Result<()> {
    let mut bytes = vec![0; 1 << 18];
    let (mut filled, mut missing) = (0, 0_usize);
    loop {
        let room = bytes.get_mut(filled..).unwrap_or_default();
        let read = stream.read(room).await?;
        if read == 0 {
            return Ok(());
        }
        if missing > 0 {
            // The rest of a body: counted, not kept.
            missing = missing.saturating_sub(read);
        } else {
            filled += read;
            let Some(head) = Head::find(bytes.get(..filled).unwrap_or_default())? else { continue };
            missing = head.total().saturating_sub(filled);
            filled = 0;
        }
        if missing == 0 {
            stream.write_all(answer).await?;
        }
    }
}
