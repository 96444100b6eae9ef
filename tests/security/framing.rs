//! Requests that two parsers could read in two ways, over raw sockets and the whole gateway: each has its answer, and
//! nothing of it, nor of what was hidden behind it, reaches a vendor.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::Stage;
use crate::support::raw::{self, RawReply};

const BODY: &str = r#"{"name":"x"}"#;
/// The same as the vendor knows it.
const SENT: &[u8] = br#"{"assistant_name":"x"}"#;
/// What would be smuggled: an update that would succeed.
const HIDDEN: &str = "PUT /v1/assistants/sondos:666 HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                      content-length: 12\r\n\r\n{\"name\":\"x\"}";

fn put(target: &str, fields: &str, body: &str) -> String {
    format!("PUT {target} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{fields}\r\n{body}")
}

fn update(fields: &str, body: &str) -> String {
    put("/v1/assistants/sondos:789", fields, body)
}

/// An update with a body of the right length.
fn plain(target: &str, fields: &str) -> String {
    put(target, &format!("content-length: {}\r\n{fields}", BODY.len()), BODY)
}

fn field(line: &str) -> String {
    plain("/v1/assistants/sondos:789", line)
}

fn chunked(body: &str) -> String {
    update("transfer-encoding: chunked\r\n", body)
}

fn line(line: &str) -> String {
    format!(
        "{line}\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{BODY}",
        BODY.len()
    )
}

/// Sends the request with the hidden one behind it, and gives the first answer.
async fn answer(stage: &Stage, name: &str, request: &str) -> RawReply {
    let answer = raw::send_and_close(stage.app.api(), format!("{request}{HIDDEN}").as_bytes()).await;
    let text = String::from_utf8(answer).unwrap();
    let again = text.match_indices("HTTP/1.1 ").nth(1).map_or(text.len(), |(at, _)| at);
    assert_eq!(again, text.len(), "{name}: the connection went on: {text}");
    raw::parse(text.as_bytes(), false).unwrap_or_else(|what| panic!("{name}: {what}: {text:?}"))
}

/// Asserts that each is no HTTP: it gets a bare 400 and the end of the connection.
async fn assert_bare(cases: &[(&str, String)]) {
    let stage = Stage::new().await;
    for (name, request) in cases {
        let reply = answer(&stage, name, request).await;
        assert_eq!((reply.status, &reply.body[..]), (400, &b""[..]), "{name}: {reply:?}");
        assert_eq!((reply.header("content-type"), reply.header("connection")), (None, Some("close")), "{name}");
        stage.assert_nothing_sent();
    }
    stage.stop().await;
}

async fn assert_refused(cases: &[(&str, u16, &str, String)]) {
    let stage = Stage::new().await;
    for (name, status, code, request) in cases {
        let reply = answer(&stage, name, request).await;
        assert_eq!(reply.status, *status, "{name}: {reply:?}");
        let problem = reply.json();
        assert_eq!((&problem["code"], &problem["status"]), (&(*code).into(), &(*status).into()), "{name}: {problem:#}");
        assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{name}");
        assert_eq!(reply.header("connection"), Some("close"), "{name}");
        stage.assert_nothing_sent();
    }
    assert_eq!(stage.put("sondos:789", BODY).await.status, 200, "the gateway is as well as before");
    stage.stop().await;
}

fn bad(name: &'static str, request: String) -> (&'static str, u16, &'static str, String) {
    (name, 400, "invalid_request", request)
}

#[tokio::test]
async fn lengths_and_codings_that_disagree_are_refused() {
    let both = format!("{:x}\r\n{BODY}\r\n0\r\n\r\n", BODY.len());
    assert_refused(&[
        bad("length, then coding", update("content-length: 12\r\ntransfer-encoding: chunked\r\n", &both)),
        bad("coding, then length", update("transfer-encoding: chunked\r\ncontent-length: 12\r\n", &both)),
        bad("length 0 and coding", update("content-length: 0\r\ntransfer-encoding: chunked\r\n", &both)),
        bad("two lengths", update("content-length: 12\r\ncontent-length: 0\r\n", BODY)),
        bad("two equal lengths", update("content-length: 12\r\ncontent-length: 12\r\n", BODY)),
        bad("a list of lengths", update("content-length: 12, 12\r\n", BODY)),
        bad("a signed length", update("content-length: +12\r\n", BODY)),
        bad("a negative length", update("content-length: -1\r\n", BODY)),
        bad("a hexadecimal length", update("content-length: 0xc\r\n", BODY)),
        bad("a length with an exponent", update("content-length: 1e1\r\n", BODY)),
        bad("a length with a point", update("content-length: 12.0\r\n", BODY)),
        bad("a length with an underscore", update("content-length: 1_2\r\n", BODY)),
        bad("no length", update("content-length:\r\n", BODY)),
        bad("a length of two words", update("content-length: 1 2\r\n", BODY)),
        bad("a length beyond 64 bits", update("content-length: 18446744073709551628\r\n", BODY)),
        bad("an unknown coding", update("transfer-encoding: xchunked\r\n", &both)),
        bad("a coding before chunked", update("transfer-encoding: gzip, chunked\r\n", &both)),
        bad("a coding after chunked", update("transfer-encoding: chunked, identity\r\n", &both)),
        bad("chunked twice", update("transfer-encoding: chunked, chunked\r\n", &both)),
        bad("chunked in two lines", update("transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n", &both)),
        bad("a second coding", update("transfer-encoding: chunked\r\ntransfer-encoding: cow\r\n", &both)),
        bad("identity", update("transfer-encoding: identity\r\ncontent-length: 12\r\n", BODY)),
        bad("a coding in quotes", update("transfer-encoding: \"chunked\"\r\n", &both)),
        bad("a coding with a vertical tab", update("transfer-encoding: \x0bchunked\r\n", &both)),
        bad("a coding with a parameter", update("transfer-encoding: chunked;x=y\r\n", &both)),
        bad("a space before the colon", update("transfer-encoding : chunked\r\n", &both)),
        bad("a folded coding", update("transfer-encoding:\r\n chunked\r\n", &both)),
        bad(
            "a field before its line",
            "PUT /v1/assistants/sondos:789 HTTP/1.1\r\n x: y\r\nhost: localhost\r\n\r\n".to_owned(),
        ),
        bad("chunked in HTTP/1.0", update("transfer-encoding: chunked\r\n", &both).replace("HTTP/1.1", "HTTP/1.0")),
    ])
    .await;
}

#[tokio::test]
async fn lines_that_could_be_read_in_two_ways_are_refused() {
    let with = |from: &str, to: &str| field("").replacen(from, to, 1);
    assert_refused(&[
        bad("obs-fold", field("x: a\r\n b\r\n")),
        bad("obs-fold with a tab", field("x: a\r\n\tcontent-length: 0\r\n")),
        bad("a bare LF after the request line", with("HTTP/1.1\r\n", "HTTP/1.1\n")),
        bad("a bare LF after a field", field("x: a\n")),
        bad("a bare LF at the end", with("\r\n\r\n", "\r\n\n")),
        bad("two bare LFs at the end", with("\r\n\r\n", "\n\n")),
        bad("a bare CR in a value", field("x: a\rtransfer-encoding: chunked\r\n")),
        bad("a bare CR for a line", with("\r\nhost", "\rhost")),
        bad("a space in a name", field("content length: 5\r\n")),
        bad("no colon", field("content-length\r\n")),
        bad("no host", format!("PUT /v1/assistants/sondos:789 HTTP/1.1\r\ncontent-length: 12\r\n\r\n{BODY}")),
        bad("two hosts", field("host: localhost\r\n")),
        bad("two equal hosts", field("host: localhost\r\n")),
        bad("another host in the target", line("PUT http://y/v1/assistants/sondos:789 HTTP/1.1")),
        bad("a user in the target", line("PUT http://u@x/v1/assistants/sondos:789 HTTP/1.1")),
        bad("a port in the target", line("PUT http://x:8080/v1/assistants/sondos:789 HTTP/1.1")),
    ])
    .await;
}

#[tokio::test]
async fn bytes_that_are_not_http_get_a_bare_400_and_the_end_of_the_connection() {
    assert_bare(&[
        ("NUL in a value", field("x: a\0b\r\n")),
        ("NUL in a name", field("x\0: b\r\n")),
        ("NUL in the target", line("PUT /v1/assistants/sondos:789\0 HTTP/1.1")),
        ("NUL in the method", line("PU\0T /v1/assistants/sondos:789 HTTP/1.1")),
        ("a control byte in a value", field("x: \x01\r\n")),
        ("a backspace in a name", field("x\x08: y\r\n")),
        ("DEL in a value", field("x: \x7f\r\n")),
        ("a tab in the target", line("PUT /v1/assistants/sondos:789\t HTTP/1.1")),
        ("no name", field(": x\r\n")),
        ("two spaces", line("PUT  /v1/assistants/sondos:789 HTTP/1.1")),
        ("a space in front", line(" PUT /v1/assistants/sondos:789 HTTP/1.1")),
        ("no target", line("PUT HTTP/1.1")),
        ("something after the version", line("PUT /v1/assistants/sondos:789 HTTP/1.1 x")),
        ("HTTP/2.0 in a line", line("PUT /v1/assistants/sondos:789 HTTP/2.0")),
        ("HTTP/1.2", line("PUT /v1/assistants/sondos:789 HTTP/1.2")),
        ("http/1.1", line("PUT /v1/assistants/sondos:789 http/1.1")),
        ("no version", line("PUT /v1/assistants/sondos:789")),
        ("a method with a colon", line("P:T /v1/assistants/sondos:789 HTTP/1.1")),
        ("a target without a slash", line("PUT v1/assistants/sondos:789 HTTP/1.1")),
        ("a target of another scheme", line("PUT file:///v1/assistants/sondos:789 HTTP/1.1")),
    ])
    .await;
}

#[tokio::test]
async fn ambiguous_or_foreign_targets_are_refused_and_nothing_is_sent() {
    let stage = Stage::new().await;
    let nowhere = [
        ("authority form", "CONNECT sondos:789 HTTP/1.1", 400),
        ("asterisk form", "OPTIONS * HTTP/1.1", 404),
        ("a percent-encoded slash", "PUT /v1/assistants%2Fsondos:789 HTTP/1.1", 404),
        ("a slash in the id", "PUT /v1/assistants/sondos:7%2F8 HTTP/1.1", 400),
        ("a backslash", "PUT /v1/assistants/sondos:7%5C8 HTTP/1.1", 400),
        ("dots", "PUT /v1/assistants/../assistants/sondos:789 HTTP/1.1", 404),
        ("encoded dots", "PUT /v1/assistants/%2e%2e HTTP/1.1", 400),
        ("encoded dots as an id", "PUT /v1/assistants/sondos:%2e%2e HTTP/1.1", 400),
        ("encoded twice", "PUT /v1/assistants/sondos:%25%32%66 HTTP/1.1", 400),
        ("overlong UTF-8", "PUT /v1/assistants/sondos:%c0%af HTTP/1.1", 400),
        ("an encoded line", "PUT /v1/assistants/sondos:7%0d%0aX:y HTTP/1.1", 400),
        ("an encoded NUL", "PUT /v1/assistants/sondos:789%00 HTTP/1.1", 400),
        ("an encoded question mark", "PUT /v1/assistants/sondos:789%3Fdry_run=true HTTP/1.1", 400),
        ("a parameter", "PUT /v1/assistants/sondos:789;x=y HTTP/1.1", 400),
        ("a second slash", "PUT //v1/assistants/sondos:789 HTTP/1.1", 404),
        ("a slash at the end", "PUT /v1/assistants/sondos:789/ HTTP/1.1", 404),
        ("a slash before the end", "PUT /v1/assistants//sondos:789 HTTP/1.1", 404),
        ("an unknown query", "PUT /v1/assistants/sondos:789?dry_run=true&x=y HTTP/1.1", 400),
        ("a query twice", "PUT /v1/assistants/sondos:789?dry_run=false&dry_run=true HTTP/1.1", 400),
    ];
    for (name, request, status) in nowhere {
        let request = format!(
            "{request}\r\nhost: {}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{BODY}",
            if request.starts_with("CONNECT") { "sondos:789" } else { "localhost" },
            BODY.len()
        );
        let reply = raw::exchange(stage.app.api(), request.as_bytes()).await;
        assert_eq!(reply.status, status, "{name}: {reply:?}");
        assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{name}");
        stage.assert_nothing_sent();
    }
    // The absolute form is the same request as the usual one, as every server has to read it.
    let same = line("PUT http://localhost/v1/assistants/sondos:789 HTTP/1.1")
        .replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
    assert_eq!(raw::exchange(stage.app.api(), same.as_bytes()).await.status, 200);
    assert_eq!(stage.only_update("sondos").path, "/api/user/assistant/789");
    stage.stop().await;
}

#[tokio::test]
async fn heads_beyond_the_limits_are_refused() {
    assert_refused(&[
        ("a long target", 414, "invalid_request", line(&format!("PUT /{} HTTP/1.1", "a".repeat(9 << 10)))),
        (
            "a long query",
            414,
            "invalid_request",
            line(&format!("PUT /v1/assistants/1?{} HTTP/1.1", "a".repeat(9 << 10))),
        ),
        ("a target beyond the head", 414, "invalid_request", line(&format!("PUT /{} HTTP/1.1", "a".repeat(90 << 10)))),
        ("a long value", 431, "invalid_request", field(&format!("x: {}\r\n", "a".repeat(20 << 10)))),
        ("a long name", 431, "invalid_request", field(&format!("{}: x\r\n", "a".repeat(20 << 10)))),
        ("many fields", 431, "invalid_request", field(&"x: y\r\n".repeat(65))),
        ("very many fields", 431, "invalid_request", field(&"x: y\r\n".repeat(5000))),
    ])
    .await;
}

#[tokio::test]
async fn chunks_that_could_be_read_in_two_ways_are_refused() {
    let length = BODY.len();
    let one = format!("{length:x}\r\n{BODY}\r\n");
    let cases = [
        ("no digits", format!("\r\n{BODY}\r\n0\r\n\r\n")),
        ("a sign", format!("+{one}0\r\n\r\n")),
        ("a negative size", "-1\r\n".to_owned()),
        ("a prefix", format!("0x{one}0\r\n\r\n")),
        ("a space before the size", format!(" {one}0\r\n\r\n")),
        ("a size of 17 digits", format!("0000000000000000{one}0\r\n\r\n")),
        ("a size beyond 64 bits", "fffffffffffffffff\r\n".to_owned()),
        ("a bare LF after the size", format!("{length:x}\n{BODY}\r\n0\r\n\r\n")),
        ("a bare CR after the size", format!("{length:x}\r{BODY}\r\n0\r\n\r\n")),
        ("a bare LF after the data", format!("{length:x}\r\n{BODY}\n0\r\n\r\n")),
        ("more data than said", format!("{length:x}\r\n{BODY}XX\r\n0\r\n\r\n")),
        ("less data than said", format!("{:x}\r\n{BODY}\r\n0\r\n\r\n", length + 1)),
        ("a bare LF in an extension", format!("{length:x};a\n{BODY}\r\n0\r\n\r\n")),
        ("a bare LF in a trailer", format!("{one}0\r\na: b\n\r\n")),
        ("a bare CR in a trailer", format!("{one}0\r\na: b\rc: d\r\n\r\n")),
        ("a bare LF at the end", format!("{one}0\r\n\n")),
        ("no end", one.clone()),
    ];
    let stage = Stage::new().await;
    for (name, body) in cases {
        let reply = answer(&stage, name, &chunked(&body)).await;
        assert_eq!((reply.status, &reply.json()["code"]), (400, &"invalid_request".into()), "{name}: {reply:?}");
        stage.assert_nothing_sent();
    }
    stage.stop().await;
}

#[tokio::test]
async fn extensions_and_trailers_are_read_over_and_hide_nothing() {
    let one = format!("{:x}", BODY.len());
    for (name, body) in [
        ("an extension", format!("{one};name=value\r\n{BODY}\r\n0;last\r\n\r\n")),
        ("a quoted extension", format!("{one};a=\"b;c\"\r\n{BODY}\r\n0\r\n\r\n")),
        ("leading zeros", format!("000{one}\r\n{BODY}\r\n000\r\n\r\n")),
        ("capital digits", format!("{}\r\n{BODY}\r\n0\r\n\r\n", one.to_uppercase())),
        (
            "trailers",
            format!("{one}\r\n{BODY}\r\n0\r\ncontent-length: 99\r\nauthorization: Bearer x\r\nhost: localhost\r\n\r\n"),
        ),
    ] {
        let stage = Stage::new().await;
        let hidden = HIDDEN.replace("content-length", "content-length: 5\r\nx");
        let text = raw::send_and_close(stage.app.api(), format!("{}{hidden}", chunked(&body)).as_bytes()).await;
        let text = String::from_utf8(text).unwrap();
        assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{name}: {text}");
        let update = stage.only_update("sondos");
        assert_eq!((update.path.as_str(), &update.body[..]), ("/api/user/assistant/789", SENT), "{name}");
        assert_eq!(update.header("authorization"), Some("Bearer sim-sondos"), "{name}");
        stage.stop().await;
    }
}

#[tokio::test]
async fn an_underscore_in_a_header_name_is_never_read_as_a_dash() {
    let stage = Stage::new().await;
    let headers = "content_length: 3\r\ntransfer_encoding: chunked\r\nx_request_id: theirs\r\nprefer_: x\r\n";
    let reply = answer(&stage, "underscores", &field(&format!("connection: close\r\n{headers}"))).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_ne!(reply.header("x-request-id"), Some("theirs"));
    assert_eq!(stage.only_update("sondos").body, SENT);
    stage.clear();
    let bare = put("/v1/assistants/sondos:789", "content_length: 12\r\nconnection: close\r\n", "");
    assert_eq!(raw::exchange(stage.app.api(), bare.as_bytes()).await.json()["code"], "invalid_json");
    stage.assert_nothing_sent();
    stage.stop().await;
}

#[tokio::test]
async fn an_offered_upgrade_is_ignored() {
    let stage = Stage::new().await;
    for upgrade in [
        "connection: Upgrade, HTTP2-Settings, close\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAARAAAAAAAIAAAAA\r\n",
        "connection: Upgrade, close\r\nupgrade: websocket\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n",
        "connection: upgrade, close\r\nupgrade: TLS/1.2\r\n",
    ] {
        stage.clear();
        let reply = answer(&stage, upgrade, &field(upgrade)).await;
        assert_eq!(reply.status, 200, "an upgrade is an offer that may be left alone: {reply:?}");
        assert_eq!(reply.header("upgrade"), None);
        assert_eq!(stage.only_update("sondos").path, "/api/user/assistant/789");
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up_and_nothing_is_sent() {
    let stage = Stage::edited("", |text| text.replacen("[server]\n", "[server]\nbody_timeout = \"200ms\"\n", 1)).await;
    let whole = update("content-length: 12\r\nconnection: close\r\n", "");
    let drip = update("transfer-encoding: chunked\r\nconnection: close\r\n", "1\r\n{\r\n");
    for request in [whole, drip] {
        let mut stream = TcpStream::connect(stage.app.api()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut answer).await.unwrap();
        let reply = raw::parse(&answer, false).unwrap();
        assert_eq!(reply.json()["code"], "invalid_request", "{reply:?}");
        assert_eq!(reply.status, 408);
        stage.assert_nothing_sent();
    }
    stage.stop().await;
}
