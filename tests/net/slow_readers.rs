//! Peers that read slowly: at a sufficient rate they keep the connection, below it they lose it.

use std::time::Duration;

use crate::scene::{Seen, connections};
use bytes::Bytes;
use futures_util::future::join_all;
use switchboard::net::settings::ListenerSettings;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

/// A served connection over a pipe that holds `pipe` bytes.
fn served(settings: &ListenerSettings, pipe: usize) -> (DuplexStream, Seen) {
    let (connections, seen) = connections(settings.clone());
    let (client, server) = tokio::io::duplex(pipe);
    let shutdown = connections.shutdown().clone();
    shutdown.spawn(async move { connections.serve(server, crate::scene::peer()).await });
    (client, seen)
}

#[tokio::test(start_paused = true)]
async fn a_response_that_is_read_byte_by_byte_has_one_deadline() {
    let settings = ListenerSettings::default();
    let (mut client, _) = served(&settings, 1 << 10);
    client.write_all(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let started = Instant::now();
    while client.read_u8().await.is_ok() && started.elapsed() < 2 * settings.write_timeout {
        sleep(Duration::from_millis(100)).await;
    }
    // What was in the pipe is still read after the connection is closed.
    let most = settings.write_timeout + Duration::from_millis(100) * (1 << 10) + settings.linger_timeout;
    assert!(started.elapsed() >= settings.write_timeout && started.elapsed() < most, "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_http2_response_without_a_window_has_one_deadline() {
    let settings = ListenerSettings::default();
    let (mut client, seen) = served(&settings, 1 << 16);
    let no_window = [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0];
    let get = b"\0\0\x0c\x01\x05\0\0\0\x01\x82\x86\x01\x01x\x04\x05/good";
    client.write_all(&[b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &no_window[..], get].concat()).await.unwrap();
    let started = Instant::now();
    client.read_to_end(&mut Vec::new()).await.unwrap();
    assert_eq!(started.elapsed().as_secs(), settings.write_timeout.as_secs());
    assert_eq!(seen.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_long_response_may_take_long_while_it_is_read_fast_enough() {
    let settings = ListenerSettings::default();
    let (mut client, _) = served(&settings, 1 << 10);
    client.write_all(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let (started, mut piece, mut read) = (Instant::now(), [0; 1 << 10], 0);
    while read < 8 << 20 {
        sleep(Duration::from_millis(100)).await;
        let bytes = client.read(&mut piece).await.unwrap();
        assert!(bytes > 0, "cut after {read} bytes");
        read += bytes;
    }
    assert!(started.elapsed() > 10 * settings.write_timeout, "{:?}", started.elapsed());
}

/// Requests `responses` of 64 KiB at once over HTTP/2 and reads `bytes_a_second` of them; returns how many are complete.
async fn take_all(client: DuplexStream, responses: usize, bytes_a_second: u32) -> usize {
    let (sender, connection) = h2::client::handshake(client).await.unwrap();
    let (taken, mut to_release) = mpsc::unbounded_channel();
    let reading = join_all((0..responses).map(|_| {
        let (mut sender, taken) = (sender.clone(), taken.clone());
        async move {
            let request = http::Request::get("http://x/medium").body(()).unwrap();
            let response = sender.send_request(request, true).unwrap().0.await;
            let Ok(response) = response else { return false };
            let mut body = response.into_body();
            while let Some(data) = body.data().await {
                let Ok(data): Result<Bytes, _> = data else { return false };
                taken.send((body.flow_control().clone(), data.len())).unwrap();
            }
            true
        }
    }));
    drop((taken, sender));
    let releasing = async {
        while let Some((mut window, bytes)) = to_release.recv().await {
            sleep(Duration::from_secs(1) * u32::try_from(bytes).unwrap() / bytes_a_second).await;
            let _gone = window.release_capacity(bytes);
        }
    };
    let (whole, (), _ended) = tokio::join!(reading, releasing, connection);
    whole.into_iter().filter(|whole| *whole).count()
}

#[tokio::test(start_paused = true)]
async fn many_http2_responses_may_wait_for_a_peer_that_reads_fast_enough() {
    let settings = ListenerSettings::default();
    let (client, seen) = served(&settings, 1 << 16);
    let started = Instant::now();
    assert_eq!(take_all(client, 20, 10_000).await, 20);
    assert!(started.elapsed() > 4 * settings.write_timeout, "{:?}", started.elapsed());
    assert_eq!(seen.requests(), 20);
}

#[tokio::test(start_paused = true)]
async fn many_http2_responses_do_not_wait_for_a_peer_that_drips() {
    let settings = ListenerSettings::default();
    let (client, _) = served(&settings, 1 << 16);
    assert_eq!(take_all(client, 20, 500).await, 1, "the window is as large as one response");
}
