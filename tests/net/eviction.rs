//! More peers than the connection limit: idle connections are evicted, and busy ones are not.

use std::time::Duration;

use crate::scene::{TestServer, read_to_end, read_until};
use switchboard::net::settings::ListenerSettings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

const GOOD: &str = "GET /good HTTP/1.1\r\nHost: x\r\n\r\n";
const WAIT: &str = "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n";
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// What has not happened by then never will.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Nothing ends by itself while these tests run.
const NEVER: Duration = Duration::from_secs(24 * 3600);

async fn limited(max_connections: usize) -> TestServer {
    let settings =
        ListenerSettings { max_connections, header_timeout: NEVER, idle_timeout: NEVER, ..ListenerSettings::default() };
    TestServer::start(settings, None).await
}

/// Sends a request and reads its response.
async fn ask(stream: &mut TcpStream, request: &str, end: &str) {
    stream.write_all(request.as_bytes()).await.unwrap();
    let response = timeout(TIMEOUT, read_until(stream, end)).await.expect("a permit");
    assert!(response.starts_with("HTTP/1.1 200 OK"), "{response}");
}

/// So many connections, each with a request that waits for its response.
async fn waiting_requests(server: &TestServer, count: usize) -> Vec<TcpStream> {
    let mut busy = Vec::new();
    for _ in 0..count {
        let mut stream = server.connect().await;
        stream.write_all(WAIT.as_bytes()).await.unwrap();
        server.seen.waiting.acquire().await.unwrap().forget();
        busy.push(stream);
    }
    busy
}

#[tokio::test]
async fn silent_and_idle_connections_are_evicted_and_busy_ones_stay() {
    let server = limited(40).await;
    let mut busy = Vec::new();
    for _ in 0..10 {
        let mut stream = server.connect().await;
        ask(&mut stream, GOOD, "GET /good 0").await;
        stream.write_all(WAIT.as_bytes()).await.unwrap();
        server.seen.waiting.acquire().await.unwrap().forget();
        busy.push(stream);
    }
    let mut quiet = Vec::new();
    for number in 0..29 {
        let mut stream = server.connect().await;
        match number % 3 {
            0 => ask(&mut stream, GOOD, "GET /good 0").await,
            1 => stream.write_all(PREFACE).await.unwrap(),
            _ => {}
        }
        quiet.push(stream);
    }
    let coming = async {
        let mut newcomers = Vec::new();
        loop {
            let mut stream = server.connect().await;
            ask(&mut stream, GOOD, "GET /good 0").await;
            newcomers.push(stream);
        }
    };
    let closing = async {
        for (number, stream) in quiet.iter_mut().enumerate() {
            let mut left = Vec::new();
            stream.read_to_end(&mut left).await.unwrap();
            assert!(number % 3 == 1 || left.is_empty(), "closed without a response");
        }
    };
    tokio::select! {
        () = coming => {}
        closed = timeout(TIMEOUT, closing) => closed.expect("all closed"),
    }
    server.seen.go.add_permits(10);
    for stream in &mut busy {
        assert!(read_until(stream, "waited").await.starts_with("HTTP/1.1 200 OK"));
    }
    for stream in &mut busy {
        ask(stream, GOOD, "GET /good 0").await;
    }
}

#[tokio::test]
async fn a_connection_without_a_byte_is_evicted() {
    let server = limited(3).await;
    let mut silent = Vec::new();
    for _ in 0..3 {
        silent.push(server.connect().await);
    }
    for _ in 0..3 {
        ask(&mut server.connect().await, GOOD, "GET /good 0").await;
    }
    assert_eq!(read_to_end(&mut silent[0]).await, "");
}

#[tokio::test]
async fn one_address_cannot_shut_out_another() {
    let server = limited(16).await;
    let mut busy = waiting_requests(&server, 15).await;
    let mut more = server.connect().await;
    more.write_all(GOOD.as_bytes()).await.unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut other = socket.connect(server.address).await.unwrap();
    ask(&mut other, GOOD, "GET /good 0").await;
    assert_eq!(server.seen.requests(), 16, "the address that has its share waits");
    server.seen.go.add_permits(1);
    let ended = futures_util::future::select_all(busy.iter_mut().map(|stream| Box::pin(read_until(stream, "waited"))));
    let (_, first, _) = ended.await;
    drop((busy.remove(first), other));
    let response = timeout(TIMEOUT, read_until(&mut more, "GET /good 0")).await.expect("a place");
    assert!(response.starts_with("HTTP/1.1 200 OK"), "{response}");
}

#[tokio::test]
async fn beyond_its_share_only_some_connections_of_an_address_wait_and_others_close() {
    let server = limited(16).await;
    let _busy = waiting_requests(&server, 15).await;
    let mut waiting = Vec::new();
    for _ in 0..4 {
        waiting.push(server.connect().await);
    }
    assert_eq!(read_to_end(&mut server.connect().await).await, "");
    drop(waiting);
}
