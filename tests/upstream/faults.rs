//! Every way in which a vendor can be absent, broken or slow.

use std::time::Duration;

use http::Method;
use switchboard::upstream::{Failure, FailureKind, MAX_READ_RESPONSE, MAX_RESPONSE};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    time::Instant,
};

use crate::vendor::{OK, Vendor, hold, outgoing, put, request, reset, stack};

async fn fails(base: &str, kind: FailureKind, sent: bool) -> Failure {
    let failure = put(&stack(base)).await.unwrap_err();
    assert_eq!((failure.kind, failure.sent, failure.attempts), (kind, sent, 1), "{failure}");
    failure
}

#[tokio::test]
async fn an_answer_arrives_whole() {
    let vendor = Vendor::answering("HTTP/1.1 422 No\r\nx-a: b\r\ncontent-length: 5\r\n\r\nhello").await;
    let answer = put(&stack(&vendor.base)).await.unwrap();
    assert_eq!(
        (answer.status.as_u16(), &answer.body[..], &answer.headers["x-a"]),
        (422, &b"hello"[..], &"b".parse().unwrap())
    );
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let vendor = Vendor::answering("HTTP/1.1 302 Found\r\nlocation: /login\r\ncontent-length: 0\r\n\r\n").await;
    assert_eq!(put(&stack(&vendor.base)).await.unwrap().status.as_u16(), 302);
    assert_eq!(vendor.connections(), 1);
}

#[tokio::test]
async fn a_switch_of_protocols_nobody_asked_for_is_no_answer_to_an_update() {
    let vendor =
        Vendor::answering("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n{}").await;
    let came = put(&stack(&vendor.base)).await;
    assert!(!came.is_ok_and(|answer| answer.status.is_success()));
}

#[tokio::test]
async fn a_refused_connection_was_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    fails(&base, FailureKind::Connect, false).await;
}

#[tokio::test]
async fn an_unknown_name_was_not_sent() {
    fails("http://nonexistent.invalid", FailureKind::Dns, false).await;
}

#[tokio::test]
async fn a_server_without_tls_was_not_sent_to() {
    let vendor = Vendor::start(|_, mut socket| async move {
        let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        let _ = socket.read_to_end(&mut Vec::new()).await;
    })
    .await;
    fails(&vendor.base.replace("http:", "https:"), FailureKind::Tls, false).await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_tls_handshake_ends_with_the_connect_timeout() {
    let vendor = Vendor::start(|_, socket| hold(socket)).await;
    let failure = fails(&vendor.base.replace("http:", "https:"), FailureKind::Tls, false).await;
    assert!(failure.source.contains("within 5s"), "{failure}");
}

#[tokio::test]
async fn a_reset_before_the_head_is_a_lost_connection() {
    let vendor = Vendor::start(|_, mut socket| async move {
        request(&mut socket).await;
        reset(socket);
    })
    .await;
    fails(&vendor.base, FailureKind::ConnectionLost, true).await;
    assert_eq!(vendor.connections(), 1, "a fresh connection is not replaced for free");
}

#[tokio::test]
async fn an_end_or_reset_within_the_body_is_a_cut_answer() {
    let cut = FailureKind::ResponseCut { status: http::StatusCode::OK };
    let half = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"data\":";
    let vendor = Vendor::answering(half).await;
    fails(&vendor.base, cut, true).await;
    let vendor = Vendor::start(move |_, mut socket| async move {
        request(&mut socket).await;
        let _ = socket.write_all(half.as_bytes()).await;
        reset(socket);
    })
    .await;
    fails(&vendor.base, cut, true).await;
    let vendor = Vendor::answering("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n").await;
    fails(&vendor.base, cut, true).await;
}

#[tokio::test]
async fn what_is_not_http_is_a_malformed_answer() {
    for garbage in [
        "220 mail.example ESMTP ready\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ] {
        let vendor = Vendor::answering(garbage).await;
        fails(&vendor.base, FailureKind::MalformedResponse, true).await;
    }
}

#[tokio::test]
async fn an_over_long_answer_is_refused_announced_or_not() {
    let status = http::StatusCode::OK;
    let announced = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", MAX_RESPONSE + 1);
    let vendor = Vendor::answering(announced).await;
    fails(&vendor.base, FailureKind::BodyTooLong { status }, true).await;
    let mut unannounced = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec();
    unannounced.resize(unannounced.len() + MAX_RESPONSE + 1, b' ');
    let vendor = Vendor::answering(unannounced).await;
    fails(&vendor.base, FailureKind::BodyTooLong { status }, true).await;
}

#[tokio::test]
async fn interim_answers_without_end_are_no_http() {
    for interim in ["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nlink: <a>\r\n\r\n"] {
        let vendor = Vendor::start(move |_, mut socket| async move {
            request(&mut socket).await;
            let many = interim.repeat(1000);
            while socket.write_all(many.as_bytes()).await.is_ok() {}
        })
        .await;
        let failure = fails(&vendor.base, FailureKind::MalformedResponse, true).await;
        assert!(failure.source.contains("no end"), "{failure}");
    }
}

#[tokio::test]
async fn a_few_interim_answers_are_passed_over_however_many_requests_a_connection_has() {
    let vendor = Vendor::start(|_, mut socket| async move {
        let padding = "a".repeat(4000);
        let answer = format!("HTTP/1.1 103 Early Hints\r\nlink: <{padding}>\r\n\r\n").repeat(500) + OK;
        while request(&mut socket).await && socket.write_all(answer.as_bytes()).await.is_ok() {}
    })
    .await;
    let stack = stack(&vendor.base);
    for _ in 0..3 {
        assert_eq!(put(&stack).await.unwrap().status.as_u16(), 200);
    }
    assert_eq!(vendor.connections(), 1);
}

#[tokio::test]
async fn the_longest_allowed_answer_is_read() {
    let mut answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {MAX_RESPONSE}\r\n\r\n").into_bytes();
    answer.resize(answer.len() + MAX_RESPONSE, b' ');
    let vendor = Vendor::answering(answer).await;
    assert_eq!(put(&stack(&vendor.base)).await.unwrap().body.len(), MAX_RESPONSE);
}

/// The length of the response to a read that allows `max` bytes, or why there is none.
async fn read(answer: Vec<u8>, max: usize) -> Result<usize, String> {
    let vendor = Vendor::answering(answer).await;
    let mut reading = outgoing(&stack(&vendor.base), "{}");
    (reading.method, reading.max_response) = (Method::GET, max);
    let came = stack(&vendor.base).call(reading).await;
    came.map(|response| response.body.len()).map_err(|failure| format!("{} {}", failure.kind.name(), failure.source))
}

fn chunked(body: &[u8], chunk: usize) -> Vec<u8> {
    let mut answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for piece in body.chunks(chunk) {
        answer.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        answer.extend_from_slice(piece);
        answer.extend_from_slice(b"\r\n");
    }
    answer.extend_from_slice(b"0\r\n\r\n");
    answer
}

fn gzipped(body: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, body).unwrap();
    let packed = packed.finish().unwrap();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", packed.len());
    [head.as_bytes(), &packed].concat()
}

#[tokio::test]
async fn each_request_says_how_long_its_answer_may_be() {
    for (max, said) in [(MAX_READ_RESPONSE, "8 MiB"), (MAX_RESPONSE, "1 MiB"), (10, "10 bytes"), (0, "0 bytes")] {
        let too_long = Err(format!("body_too_long the response is longer than {said}"));
        let body = vec![b' '; max + 1];
        let small = max.div_ceil(20_000).max(4); // small chunks take a multiple of the body on the wire
        for over in [chunked(&body, 5000), chunked(&body, small), gzipped(&body)] {
            assert_eq!(read(over, max).await, too_long);
        }
        for whole in [chunked(&body[1..], 5000), chunked(&body[1..], small), gzipped(&body[1..])] {
            assert_eq!(read(whole, max.max(32)).await, Ok(max));
        }
        let announced = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", max + 1);
        assert_eq!(read(announced.into(), max).await, too_long);
    }
}

#[tokio::test]
async fn an_update_on_the_connection_of_a_read_has_its_own_bound() {
    let vendor = Vendor::start(|_, mut socket| async move {
        let answer = chunked(&vec![b' '; MAX_RESPONSE + 1], 5000);
        while request(&mut socket).await && socket.write_all(&answer).await.is_ok() {}
    })
    .await;
    let stack = stack(&vendor.base);
    for _ in 0..2 {
        let mut reading = outgoing(&stack, "{}");
        reading.max_response = MAX_READ_RESPONSE;
        assert_eq!(stack.call(reading).await.unwrap().body.len(), MAX_RESPONSE + 1);
    }
    assert!(matches!(put(&stack).await.unwrap_err().kind, FailureKind::BodyTooLong { .. }));
    assert_eq!(vendor.connections(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_vendor_that_hangs_is_a_timeout() {
    let vendor = Vendor::start(|_, socket| hold(socket)).await;
    let began = Instant::now();
    fails(&vendor.base, FailureKind::Timeout, true).await;
    assert_eq!(began.elapsed().as_secs(), 20);
}

#[tokio::test(start_paused = true)]
async fn a_slow_drip_is_a_timeout() {
    let vendor = Vendor::start(|_, mut socket| async move {
        request(&mut socket).await;
        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n").await;
        while socket.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    })
    .await;
    fails(&vendor.base, FailureKind::Timeout, true).await;
}
