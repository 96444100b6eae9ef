//! Callers behind a balancer or a proxy that says who they are.

use std::time::Duration;

use switchboard::net::settings::ListenerSettings;
use tokio::io::AsyncWriteExt;

use crate::scene::{TestServer, read_to_end};

const GET: &str = "GET /address HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";

/// A header of the PROXY protocol, version 2, for 192.0.2.7:12345.
fn named() -> Vec<u8> {
    [&b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"[..], &[192, 0, 2, 7, 10, 0, 0, 1, 0x30, 0x39, 0, 80]].concat()
}

#[tokio::test]
async fn the_proxy_protocol_names_the_peer() {
    let settings = ListenerSettings { proxy_protocol: true, ..ListenerSettings::default() };
    let server = TestServer::start(settings, None).await;
    let request = format!("{GET}\r\n");
    let whole = [named(), request.clone().into_bytes()].concat();
    let response = server.exchange(&whole).await;
    assert!(response.ends_with("\r\n\r\n192.0.2.7:12345"), "{response}");

    let mut stream = server.connect().await;
    for byte in whole {
        stream.write_all(&[byte]).await.unwrap();
    }
    assert!(read_to_end(&mut stream).await.ends_with("192.0.2.7:12345"), "in pieces as well");

    let local = [&b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"[..], request.as_bytes()].concat();
    assert!(server.exchange(local).await.contains("\r\n\r\n127.0.0.1:"), "the balancer speaks for itself");
}

#[tokio::test]
async fn a_connection_without_the_proxy_protocol_is_closed() {
    let settings = ListenerSettings {
        proxy_protocol: true,
        header_timeout: Duration::from_millis(50),
        ..ListenerSettings::default()
    };
    let server = TestServer::start(settings, None).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    let mut left = Vec::new();
    let _reset = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut left).await;
    assert_eq!(left, b"");
    assert_eq!(read_to_end(&mut server.connect().await).await, "", "nor is a silent one kept");
    assert_eq!(server.seen.requests(), 0);
}

#[tokio::test]
async fn only_trusted_proxies_name_the_peer() {
    for (trusted, expected) in [("127.0.0.0/8", "192.0.2.7:0"), ("10.0.0.0/8", "127.0.0.1:")] {
        let trusted_proxies = vec![trusted.parse().unwrap()];
        let server = TestServer::start(ListenerSettings { trusted_proxies, ..ListenerSettings::default() }, None).await;
        let request = format!("{GET}Forwarded: for=203.0.113.9, for=192.0.2.7, for=127.0.0.9;proto=https\r\n\r\n");
        let response = server.exchange(request).await;
        let (_, body) = response.split_once("\r\n\r\n").unwrap();
        assert!(body.starts_with(expected), "{trusted}: {response}");
    }
}
