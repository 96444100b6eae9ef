//! Shutdown and idleness over real sockets: requests finish, idle connections close, all tasks end.

use std::future::{pending, ready};
use std::time::Duration;

use crate::scene::{TestServer, connections, read_to_end, read_until};
use bytes::Bytes;
use http::{Request, Version};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use switchboard::net::settings::ListenerSettings;
use switchboard::net::shutdown::DrainOutcome;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

const DRAIN: Duration = Duration::from_secs(60);
const GOOD: &str = "GET /good HTTP/1.1\r\nHost: x\r\n\r\n";
const WAIT: &str = "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n";

async fn waiting(server: &TestServer) {
    server.seen.waiting.acquire().await.unwrap().forget();
}

#[tokio::test]
async fn requests_in_flight_finish_with_connection_close_and_idle_connections_close() {
    let server = TestServer::plain().await;
    let mut fresh = server.connect().await;
    let mut kept = server.connect().await;
    kept.write_all(GOOD.as_bytes()).await.unwrap();
    read_until(&mut kept, "GET /good 0").await;
    let mut busy = server.connect().await;
    busy.write_all(WAIT.as_bytes()).await.unwrap();
    waiting(&server).await;
    let client = async {
        assert_eq!(read_to_end(&mut fresh).await, "");
        assert_eq!(read_to_end(&mut kept).await, "");
        server.seen.go.add_permits(1);
        let text = read_to_end(&mut busy).await;
        assert!(text.contains("\r\nconnection: close\r\n") && text.ends_with("waited"), "{text}");
    };
    let (ended, ()) = tokio::join!(server.shutdown.drain(ready(()), DRAIN, pending::<()>()), client);
    assert_eq!((ended, server.shutdown.running()), (DrainOutcome::Drained, 0));
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn the_hard_token_drops_what_is_left() {
    let server = TestServer::plain().await;
    let mut busy = server.connect().await;
    busy.write_all(WAIT.as_bytes()).await.unwrap();
    let (mut http2, connection) = http2_client(server.connect().await).await;
    server.shutdown.spawn(connection);
    let request = http2.send_request(get("/wait"));
    server.shutdown.spawn(async move { drop(request.await) });
    waiting(&server).await;
    waiting(&server).await;
    let ended = server.shutdown.drain(ready(()), DRAIN, ready(())).await;
    assert_eq!((ended, server.shutdown.running()), (DrainOutcome::Forced, 0));
    assert_eq!(read_to_end(&mut busy).await, "");
}

fn get(path: &str) -> Request<Empty<Bytes>> {
    Request::get(format!("http://x{path}")).version(Version::HTTP_2).body(Empty::new()).unwrap()
}

type Sender = hyper::client::conn::http2::SendRequest<Empty<Bytes>>;

async fn http2_client(stream: TcpStream) -> (Sender, impl Future<Output = ()> + Send) {
    let io = TokioIo::new(stream);
    let (sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
    (sender, async move { drop(connection.await) })
}

#[tokio::test]
async fn http2_goes_away_after_its_streams() {
    let server = TestServer::plain().await;
    let (mut busy, busy_connection) = http2_client(server.connect().await).await;
    let (idle, idle_connection) = http2_client(server.connect().await).await;
    let client = async {
        let response = busy.send_request(get("/wait"));
        let responding = async {
            let response = response.await.unwrap();
            response.into_body().collect().await.unwrap().to_bytes()
        };
        let releasing = async {
            waiting(&server).await;
            server.shutdown.announce();
            server.shutdown.soft().cancel();
            idle_connection.await;
            assert!(idle.is_closed());
            server.seen.go.add_permits(1);
        };
        let (body, ()) = tokio::join!(responding, releasing);
        assert_eq!(body, "waited");
        busy
    };
    let (_busy, ()) = tokio::join!(client, busy_connection);
    assert_eq!(server.shutdown.drain(ready(()), DRAIN, pending::<()>()).await, DrainOutcome::Drained);
}

#[tokio::test]
async fn http2_limits_produce_problems_too() {
    let server = TestServer::plain().await;
    let (mut sender, connection) = http2_client(server.connect().await).await;
    let client = async {
        let mut many = get("/");
        for _ in 0..150 {
            many.headers_mut().append("x", "a".parse().unwrap());
        }
        let mut large = get("/");
        large.headers_mut().append("x", "a".repeat(20 << 10).parse().unwrap());
        let long = get(&format!("/{}", "a".repeat(10 << 10)));
        for (request, status) in [(many, 431), (large, 431), (long, 414), (get("/good"), 200)] {
            let response = sender.send_request(request).await.unwrap();
            assert_eq!(response.status(), status);
            let json = response.headers().get("content-type").map(|value| value.to_str().unwrap().to_owned());
            assert_eq!(json.as_deref(), (status != 200).then_some("application/problem+json"));
            assert!(!response.into_body().collect().await.unwrap().to_bytes().is_empty());
        }
        drop(sender);
    };
    tokio::join!(client, connection);
    assert_eq!(server.seen.requests(), 1);
}

#[tokio::test]
async fn at_the_connection_limit_peers_wait_for_a_permit() {
    let server = TestServer::start(ListenerSettings { max_connections: 1, ..Default::default() }, None).await;
    let mut first = server.connect().await;
    first.write_all(WAIT.as_bytes()).await.unwrap();
    waiting(&server).await;
    let mut second = server.connect().await;
    second.write_all(GOOD.as_bytes()).await.unwrap();
    assert_eq!(server.seen.requests(), 1);
    server.seen.go.add_permits(1);
    read_until(&mut first, "waited").await;
    drop(first);
    assert!(read_until(&mut second, "GET /good 0").await.starts_with("HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn at_the_connection_limit_idle_connections_close_for_those_that_wait() {
    let server = TestServer::start(ListenerSettings { max_connections: 3, ..Default::default() }, None).await;
    let mut busy = server.connect().await;
    busy.write_all(WAIT.as_bytes()).await.unwrap();
    waiting(&server).await;
    let mut idle = Vec::new();
    for _ in 0..12 {
        let mut next = server.connect().await;
        next.write_all(GOOD.as_bytes()).await.unwrap();
        assert!(read_until(&mut next, "GET /good 0").await.starts_with("HTTP/1.1 200 OK"));
        idle.push(next);
    }
    for closed in &mut idle[..10] {
        assert_eq!(read_to_end(closed).await, "");
    }
    server.seen.go.add_permits(1);
    assert!(read_until(&mut busy, "waited").await.starts_with("HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn the_address_in_use_is_an_error_with_the_address() {
    let server = TestServer::plain().await;
    let error = switchboard::net::listener::Listener::bind(server.address).await.unwrap_err();
    assert!(error.to_string().starts_with(&format!("cannot listen on {}", server.address)));
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed_without_a_response_and_a_busy_one_is_not() {
    let settings = ListenerSettings::default();
    let (connections, seen) = connections(settings.clone());
    let (mut client, server) = tokio::io::duplex(1 << 16);
    let shutdown = connections.shutdown().clone();
    shutdown.spawn(async move { connections.serve(server, crate::scene::peer()).await });
    client.write_all(WAIT.as_bytes()).await.unwrap();
    tokio::time::sleep(settings.idle_timeout * 3).await;
    seen.go.add_permits(1);
    assert!(read_until(&mut client, "waited").await.starts_with("HTTP/1.1 200 OK"));
    let started = tokio::time::Instant::now();
    assert_eq!(read_to_end(&mut client).await, "");
    assert_eq!(started.elapsed().as_secs(), settings.idle_timeout.as_secs());
    assert_eq!(shutdown.drain(ready(()), DRAIN, pending::<()>()).await, DrainOutcome::Drained);
}

#[tokio::test(start_paused = true)]
async fn an_idle_http2_connection_is_closed() {
    let (connections, _) = connections(ListenerSettings::default());
    let (client, server) = tokio::io::duplex(1 << 16);
    let shutdown = connections.shutdown().clone();
    shutdown.spawn(async move { connections.serve(server, crate::scene::peer()).await });
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(client)).await.unwrap();
    let client = async move {
        let response = sender.send_request(get("/good")).await.unwrap();
        assert_eq!(response.status(), 200);
        sender
    };
    let (_sender, ended) = tokio::join!(client, connection);
    ended.unwrap();
    assert_eq!(shutdown.drain(ready(()), DRAIN, pending::<()>()).await, DrainOutcome::Drained);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_is_dropped() {
    let (connections, _) = connections(ListenerSettings::default());
    let (mut client, server) = tokio::io::duplex(1024);
    let shutdown = connections.shutdown().clone();
    shutdown.spawn(async move { connections.serve(server, crate::scene::peer()).await });
    client.write_all(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let started = tokio::time::Instant::now();
    shutdown.drain(ready(()), Duration::from_secs(600), pending::<()>()).await;
    assert!(started.elapsed() <= Duration::from_secs(31), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_slow_preface_of_http2_is_dropped() {
    let (connections, _) = connections(ListenerSettings::default());
    let (mut client, server) = tokio::io::duplex(1024);
    let shutdown = connections.shutdown().clone();
    shutdown.spawn(async move { connections.serve(server, crate::scene::peer()).await });
    client.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    while shutdown.running() > 0 {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
