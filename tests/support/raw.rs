//! Bytes over a socket, and the answer taken apart without the help of an HTTP library.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An answer, checked for form.
#[derive(Debug)]
pub struct RawReply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl RawReply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Sends bytes on a connection of their own and reads to its end. The bytes must ask for the connection to be closed,
/// or be such that it is.
pub async fn send(address: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The answer may come, and the connection end, before all is written.
    let _broken = stream.write_all(request).await;
    read_to_end(&mut stream).await
}

/// The same with our half of the connection closed after the bytes, whatever they are.
pub async fn send_and_close(address: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let _broken = stream.write_all(request).await;
    let _broken = stream.shutdown().await;
    read_to_end(&mut stream).await
}

async fn read_to_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut answer = Vec::new();
    let mut piece = [0; 16 * 1024];
    while let Ok(count @ 1..) = stream.read(&mut piece).await {
        answer.extend_from_slice(&piece[..count]);
    }
    answer
}

/// The same with exactly one answer expected, `HEAD` telling whether the request was one.
pub async fn exchange(address: SocketAddr, request: &[u8]) -> RawReply {
    let answer = send(address, request).await;
    parse(&answer, request.starts_with(b"HEAD ")).unwrap_or_else(|what| {
        panic!("{what}\nrequest: {}\nanswer: {}", String::from_utf8_lossy(request), String::from_utf8_lossy(&answer))
    })
}

/// Takes one whole answer apart; says what is wrong with it otherwise.
pub fn parse(answer: &[u8], head: bool) -> Result<RawReply, String> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").ok_or("the head does not end")?;
    let text = std::str::from_utf8(&answer[..end]).map_err(|error| error.to_string())?;
    let mut lines = text.split("\r\n");
    let line = lines.next().unwrap_or_default();
    let status = line.strip_prefix("HTTP/1.1 ").or_else(|| line.strip_prefix("HTTP/1.0 ")).ok_or("no status line")?;
    let status = status.get(..3).and_then(|digits| digits.parse().ok()).ok_or("no status")?;
    let headers: Option<Vec<_>> =
        lines.map(|line| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()))).collect();
    let headers = headers.ok_or("a header without a colon")?;
    let reply = RawReply { status, headers, body: answer[end + 4..].to_vec() };
    let length: usize = reply.header("content-length").ok_or("no content-length")?.parse().map_err(|_| "bad length")?;
    match (head, reply.body.len()) {
        (true, 0) => Ok(reply),
        (false, whole) if whole == length => Ok(reply),
        (_, other) => Err(format!("content-length is {length}, and {other} bytes came")),
    }
}
