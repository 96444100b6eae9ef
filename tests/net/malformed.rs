//! Requests that are rejected by their head, over a raw socket: each gets a response, and none reaches the service.

use crate::scene::{TestServer, assert_bare_400, assert_problem, connections, read_to_end, read_until};
use switchboard::net::settings::ListenerSettings;
use tokio::io::AsyncWriteExt;

const GOOD: &str = "GET /good HTTP/1.1\r\nHost: x\r\n\r\n";

fn get(fields: &str) -> String {
    format!("GET / HTTP/1.1\r\nHost: x\r\n{fields}\r\n")
}

fn post(fields: &str, body: &str) -> String {
    format!("POST / HTTP/1.1\r\nHost: x\r\n{fields}\r\n{body}")
}

#[tokio::test]
async fn a_rejected_head_gets_a_problem_and_is_not_served() {
    let server = TestServer::plain().await;
    let cases = [
        ("space before the colon", 400, get("X : a\r\n")),
        ("no colon", 400, get("X\r\n")),
        ("obs-fold", 400, get("X: a\r\n b\r\n")),
        ("bare LF in the request line", 400, "GET / HTTP/1.1\nHost: x\r\n\r\n".to_owned()),
        ("bare LF after a field", 400, get("X: a\n")),
        ("bare LF at the end", 400, "GET / HTTP/1.1\r\nHost: x\r\n\n".to_owned()),
        ("bare CR in a value", 400, get("X: a\rb\r\n")),
        ("200 fields", 431, get(&"X: a\r\n".repeat(200))),
        ("a head of 64 KiB", 431, get(&format!("X: {}\r\n", "a".repeat(64 << 10)))),
        ("a head of 17 KiB", 431, get(&format!("X: {}\r\n", "a".repeat(17 << 10)))),
        ("a head of 1 MiB", 431, get(&format!("X: {}\r\n", "a".repeat(1 << 20)))),
        ("20000 fields", 431, get(&"X: a\r\n".repeat(20_000))),
        ("101 fields", 431, get(&"X: a\r\n".repeat(100))),
        ("a target of 10 KiB", 414, format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(10 << 10))),
        ("a target of 70 KiB", 414, format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(70 << 10))),
        ("a target of 17 KiB", 414, format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(17 << 10))),
        ("length and coding", 400, post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")),
        ("coding and length", 400, post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n")),
        ("two lengths", 400, post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello!")),
        ("two equal lengths", 400, post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello")),
        ("a list of lengths", 400, post("Content-Length: 5, 5\r\n", "hello")),
        ("a signed length", 400, post("Content-Length: +5\r\n", "hello")),
        ("a negative length", 400, post("Content-Length: -5\r\n", "hello")),
        ("a length beyond u64", 400, post("Content-Length: 99999999999999999999\r\n", "")),
        ("a coding before chunked", 400, post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")),
        ("a coding after chunked", 400, post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n")),
        ("chunked in HTTP/1.0", 400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_owned()),
        ("no Host", 400, "GET / HTTP/1.1\r\n\r\n".to_owned()),
        ("two Hosts", 400, get("Host: y\r\n")),
        ("blank lines without CR", 400, format!("\n\n{GOOD}")),
    ];
    for (name, status, raw) in cases {
        println!("{name}");
        assert_problem(&server.exchange(&raw).await, status);
    }
    assert_eq!(server.seen.requests(), 0);
}

#[tokio::test]
async fn bytes_that_are_not_http_get_a_bare_400_and_the_end_of_the_connection() {
    let server = TestServer::plain().await;
    let cases = [
        ("bad request line", "GET  /  HTTP/1.1\r\n\r\n".to_owned()),
        ("bad method", "G@T / HTTP/1.1\r\nHost: x\r\n\r\n".to_owned()),
        ("control byte in target", "GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n".to_owned()),
        ("NUL in a value", get("X: a\0b\r\n")),
        ("NUL in a name", get("X\0: a\r\n")),
        ("HTTP/0.9", "GET /\r\n\r\n".to_owned()),
        ("HTTP/2.0 in a request line", "GET / HTTP/2.0\r\nHost: x\r\n\r\n".to_owned()),
        ("HTTP/1.2", "GET / HTTP/1.2\r\nHost: x\r\n\r\n".to_owned()),
        ("HTTP/9.9", "GET / HTTP/9.9\r\nHost: x\r\n\r\n".to_owned()),
        ("garbage", "\u{1f4a9}\u{1f4a9}\r\n\r\n".to_owned()),
    ];
    for (name, raw) in cases {
        println!("{name}");
        assert_bare_400(&server.exchange(format!("{raw}{GOOD}")).await);
    }
    assert_eq!(server.seen.requests(), 0);
}

#[tokio::test]
async fn a_tls_hello_on_a_plaintext_port_gets_a_bare_400() {
    let server = TestServer::plain().await;
    let mut hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec();
    hello.resize(517, 0xab);
    assert_bare_400(&server.exchange(hello).await);
}

#[tokio::test]
async fn a_head_in_single_bytes_gets_the_same_response() {
    let server = TestServer::plain().await;
    for (raw, problem) in [
        ("GET / HTTP/1.1\nHost: x\r\n\r\n", true),
        ("G@T / HTTP/1.1\r\nHost: x\r\n\r\n", false),
        ("GET / HTTP/1.1\r\nHost: x\r\n\n", true),
    ] {
        let mut stream = server.connect().await;
        for byte in raw.as_bytes() {
            stream.set_nodelay(true).unwrap();
            if stream.write_all(&[*byte]).await.is_err() {
                break;
            }
            tokio::task::yield_now().await;
        }
        let text = read_to_end(&mut stream).await;
        if problem { assert_problem(&text, 400) } else { assert_bare_400(&text) }
    }
}

#[tokio::test]
async fn a_response_before_a_bad_request_is_complete() {
    let server = TestServer::plain().await;
    let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(90 << 10));
    for (bad, status) in [
        ("BAD\r\n\r\n".to_owned(), None),
        (get("X: a\n"), Some(400)),
        (get(&"X: a\r\n".repeat(200)), Some(431)),
        (get(&format!("X: {}\r\n", "a".repeat(90 << 10))), Some(431)),
        (long, Some(414)),
    ] {
        let text = server.exchange(format!("{GOOD}{GOOD}{bad}")).await;
        let end = "GET /good 0";
        let parts: Vec<_> = text.split_inclusive(end).collect();
        assert_eq!(parts.len(), 3, "{text}");
        for good in &parts[..2] {
            assert!(good.starts_with("HTTP/1.1 200 OK\r\ncontent-length: 11\r\n"), "{good}");
        }
        match status {
            Some(status) => assert_problem(parts[2], status),
            None => assert_bare_400(parts[2]),
        }
    }
}

#[tokio::test]
async fn a_bad_request_after_a_large_response_truncates_nothing() {
    let server = TestServer::plain().await;
    let text = server.exchange(format!("GET /large HTTP/1.1\r\nHost: x\r\n\r\n{}", get("X: a\n"))).await;
    let (large, problem) = text.split_at(text.rfind("HTTP/1.1").unwrap());
    assert_eq!(large.split_once("\r\n\r\n").unwrap().1.len(), 8 << 20);
    assert_problem(problem, 400);
}

#[tokio::test]
async fn a_bad_chunk_reaches_the_service_as_a_broken_body() {
    let server = TestServer::plain().await;
    for body in ["x\r\n", "5\r\nhelloX\r\n", "-1\r\n", "fffffffffffffffff\r\n"] {
        let text = server.exchange(post("Transfer-Encoding: chunked\r\n", body)).await;
        assert!(text.starts_with("HTTP/1.1 418"), "{text}");
        assert!(text.ends_with("the request body is malformed"), "{text}");
    }
}

#[tokio::test]
async fn a_request_after_leading_zeros_or_trailers_is_checked_like_any_other() {
    let server = TestServer::plain().await;
    let smuggled = post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n");
    for body in ["0000000000000005\r\nhello\r\n0\r\n\r\n", "5\r\nhello\r\n0\r\nA: b\r\nContent-Length: 9\r\n\r\n"] {
        let text = server.exchange(format!("{}{smuggled}", post("Transfer-Encoding: chunked\r\n", body))).await;
        let (good, problem) = text.split_once("POST / 5").unwrap();
        assert!(good.starts_with("HTTP/1.1 200 OK"), "{text}");
        assert_problem(problem, 400);
    }
    assert_eq!(server.seen.requests(), 2);
}

#[tokio::test]
async fn nothing_after_an_ambiguous_body_is_served() {
    let server = TestServer::plain().await;
    let bodies = [
        "00000000000000005\r\nhello\r\n0\r\n\r\n",
        "0\r\nA: b\n\r\nFoo: bar\r\nContent-Length: 99999999\r\n\r\n",
        "0\r\n\nA: b\r\n\r\n",
        "0\r\nA: b\rC: d\r\n\r\n",
        "5;a\nhello\r\n0\r\n\r\n",
    ];
    for (served, body) in bodies.iter().enumerate() {
        let smuggled = post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n");
        let text = server.exchange(format!("{}{smuggled}{GOOD}", post("Transfer-Encoding: chunked\r\n", body))).await;
        assert!(text.starts_with("HTTP/1.1 418"), "{text}");
        assert!(text.ends_with("the request body is malformed"), "{text}");
        assert_eq!(server.seen.requests(), served + 1);
    }
}

#[tokio::test]
async fn a_body_rejected_by_its_length_gets_a_response_although_it_was_not_read() {
    let server = TestServer::plain().await;
    let text = server.exchange(post("Content-Length: 400000\r\n", &"a".repeat(400_000))).await;
    assert!(text.starts_with("HTTP/1.1 418"), "{text}");
    assert!(text.ends_with("the request body is over 1000 bytes"), "{text}");
}

#[tokio::test]
async fn a_truncated_head_gets_a_response() {
    let server = TestServer::plain().await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\nHo").await.unwrap();
    stream.shutdown().await.unwrap();
    assert_problem(&read_to_end(&mut stream).await, 400);
}

#[tokio::test]
async fn an_http_1_0_client_with_keep_alive_gets_the_same_responses() {
    let server = TestServer::plain().await;
    let good = "GET /good HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    for (bad, problem) in [("BAD\r\n\r\n", false), ("GET / HTTP/1.0\r\nX : y\r\n\r\n", true)] {
        let text = server.exchange(format!("{good}{bad}")).await;
        let (good, response) = text.split_once("GET /good 0").unwrap();
        assert!(good.starts_with("HTTP/1.0 200 OK\r\n"));
        if problem { assert_problem(response, 400) } else { assert_bare_400(response) }
    }
}

#[tokio::test]
async fn a_panic_gets_a_response_and_the_connection_stays_open() {
    let server = TestServer::plain().await;
    let text = server.exchange(format!("GET /panic HTTP/1.1\r\nHost: x\r\n\r\n{GOOD}BAD\r\n\r\n")).await;
    assert!(text.starts_with("HTTP/1.1 500 Internal Server Error\r\n"), "{text}");
    assert!(text.contains("\r\n\r\ncaught at /panicHTTP/1.1 200 OK"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_slow_head_gets_a_response_and_a_silent_connection_is_closed() {
    for (raw, problem) in [("GET / HTTP/1.1\r\nHost: x\r\n", true), ("PRI * HT", true), ("", false)] {
        let (connections, seen) = connections(ListenerSettings::default());
        let (mut client, server) = tokio::io::duplex(1 << 16);
        let peer = crate::scene::peer();
        connections.shutdown().clone().spawn(async move { connections.serve(server, peer).await });
        client.write_all(raw.as_bytes()).await.unwrap();
        let started = tokio::time::Instant::now();
        let text = read_to_end(&mut client).await;
        assert_eq!(started.elapsed().as_secs(), 10, "{raw}");
        if problem {
            assert_problem(&text, 408);
        } else {
            assert_eq!(text, "");
        }
        assert_eq!(seen.requests(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_dripping_head_has_one_deadline_also_on_a_reused_connection() {
    let (connections, _) = connections(ListenerSettings::default());
    let (mut client, server) = tokio::io::duplex(1 << 16);
    let peer = crate::scene::peer();
    connections.shutdown().clone().spawn(async move { connections.serve(server, peer).await });
    client.write_all(GOOD.as_bytes()).await.unwrap();
    read_until(&mut client, "GET /good 0").await;
    tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    client.write_all(GOOD.as_bytes()).await.unwrap();
    read_until(&mut client, "GET /good 0").await;
    let started = tokio::time::Instant::now();
    for byte in b"GET / HTTP".iter().cycle() {
        if client.write_all(&[*byte]).await.is_err() || started.elapsed().as_secs() > 20 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    assert_problem(&read_to_end(&mut client).await, 408);
}

#[tokio::test(start_paused = true)]
async fn the_timer_of_a_pipelined_head_starts_after_the_request_before_it() {
    for (begun_head, status) in [("GET / HT", 408), ("GET / HTTP/1.1\r\n\n", 400)] {
        let (connections, seen) = connections(ListenerSettings::default());
        let (mut client, server) = tokio::io::duplex(1 << 16);
        let shutdown = connections.shutdown().clone();
        shutdown.spawn(async move { connections.serve(server, crate::scene::peer()).await });
        let wait = "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n";
        client.write_all(wait.as_bytes()).await.unwrap();
        seen.waiting.acquire().await.unwrap().forget();
        client.write_all(begun_head.as_bytes()).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_secs(60)).await;
        seen.go.add_permits(1);
        let first = read_until(&mut client, "waited").await;
        assert!(first.starts_with("HTTP/1.1 200 OK"), "{first}");
        let released = tokio::time::Instant::now();
        assert_problem(&read_to_end(&mut client).await, status);
        let waited = released.elapsed().as_secs();
        assert_eq!(waited, if status == 408 { 10 } else { 0 }, "{begun_head}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_rest_of_an_unread_body_is_read_so_that_the_response_arrives() {
    let (connections, _) = connections(ListenerSettings::default());
    let (mut client, server) = tokio::io::duplex(1 << 10);
    let shutdown = connections.shutdown().clone();
    shutdown.spawn(async move { connections.serve(server, crate::scene::peer()).await });
    let text = post("Content-Length: 4000000\r\n", &"a".repeat(4_000_000));
    client.write_all(text.as_bytes()).await.unwrap();
    let response = read_to_end(&mut client).await;
    assert!(response.ends_with("the request body is over 1000 bytes"), "{response}");
}
