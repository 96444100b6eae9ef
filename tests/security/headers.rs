//! Headers: what a caller sends never reaches the vendor, and what a vendor sends never reaches the caller, but for the
//! few that the contract names; over HTTP/1.1 and HTTP/2, compared line by line.

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use crate::support::stub::Stub;
use crate::support::{Stage, raw};

const UPDATE: &str = r#"{"name":"x"}"#;
const APPLIED: &str = r#"{"message":"ok","data":{"id":789,"name":"x","status":"active","type":"outbound"}}"#;
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// Everything that a caller might hope to get through, framing left out.
const HOSTILE: &[(&str, &str)] = &[
    ("authorization", "Bearer the-callers-own"),
    ("proxy-authorization", "Basic c2VjcmV0"),
    ("proxy-authenticate", "Basic"),
    ("cookie", "session=secret"),
    ("cookie", "other=secret"),
    ("x-forwarded-for", "203.0.113.9"),
    ("x-forwarded-host", "evil.example"),
    ("x-forwarded-proto", "https"),
    ("x-forwarded-prefix", "/api"),
    ("x-original-url", "/admin"),
    ("x-rewrite-url", "/admin"),
    ("x-real-ip", "203.0.113.9"),
    ("x-host", "evil.example"),
    ("x-http-method-override", "DELETE"),
    ("x-custom", "own"),
    ("x_custom", "own"),
    ("content_length", "999"),
    ("transfer_encoding", "chunked"),
    ("forwarded", "for=203.0.113.9;host=evil.example"),
    ("via", "1.1 evil"),
    ("accept", "text/html"),
    ("accept-encoding", "gzip, br"),
    ("accept-language", "de"),
    ("user-agent", "caller/1"),
    ("referer", "https://caller.example/"),
    ("origin", "https://caller.example"),
    ("prefer", "handling=strict, respond-async"),
    ("request-timeout", "20"),
    ("x-request-id", "caller-7"),
    ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ("tracestate", "vendor=1"),
    ("baggage", "user=1"),
    ("content-language", "de"),
    ("content-location", "/elsewhere"),
    ("content-range", "bytes 0-1/2"),
    ("range", "bytes=0-1"),
    ("max-forwards", "1"),
    ("te", "trailers"),
    ("early-data", "1"),
    ("alt-used", "evil.example"),
    ("sec-fetch-mode", "cors"),
    ("switchboard-loop", "1"),
];

/// Those that only HTTP/1.1 has.
const HOP_BY_HOP: &[(&str, &str)] = &[
    ("connection", "close, x-custom, authorization, content-type"),
    ("keep-alive", "timeout=5, max=1000"),
    ("proxy-connection", "keep-alive"),
    ("upgrade", "websocket"),
    ("trailer", "authorization, x-custom"),
    ("expect", "100-continue"),
];

fn vendor(answer: &Stub) -> String {
    format!("[routing]\ndefault_vendor = \"far\"\n{}", answer.vendor("far", "autocalls"))
}

/// The head that the vendor received, its lines sorted, with the child's span in the trace left out.
fn head(request: &str) -> Vec<String> {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert_eq!(body, UPDATE);
    let mut lines: Vec<_> = head.split("\r\n").map(str::to_owned).collect();
    for line in &mut lines {
        if let Some(at) = line.find(TRACE) {
            assert_ne!(&line[at + 33..at + 49], "b7ad6b7169203331", "a span of the gateway's own");
            line.replace_range(at + 33..at + 49, "SPAN");
        }
    }
    lines[1..].sort_unstable();
    lines
}

fn expected(stub: &Stub) -> Vec<String> {
    vec![
        "PUT /api/user/assistant/789 HTTP/1.1".to_owned(),
        "accept-encoding: gzip".to_owned(),
        "accept: application/json".to_owned(),
        "authorization: Bearer sim-autocalls".to_owned(),
        format!("content-length: {}", UPDATE.len()),
        "content-type: application/json".to_owned(),
        format!("host: {}", stub.address),
        "switchboard-hop: 1".to_owned(),
        format!("traceparent: 00-{TRACE}-SPAN-01"),
        concat!("user-agent: switchboard/", env!("CARGO_PKG_VERSION")).to_owned(),
        "x-request-id: caller-7".to_owned(),
    ]
}

#[tokio::test]
async fn the_vendor_receives_exactly_the_headers_of_the_contract() {
    let stub = Stub::answering("200 OK", "content-type: application/json\r\n", APPLIED).await;
    let stage = Stage::with(&vendor(&stub)).await;
    let lines = |headers: &[(&str, &str)]| headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let (many, hops): (String, String) = (lines(HOSTILE), lines(HOP_BY_HOP));
    let request = format!(
        "PUT /v1/assistants/789 HTTP/1.1\r\nHost: localhost\r\ncontent-type: application/merge-patch+json\r\n\
         content-length: {}\r\n{many}{hops}\r\n{UPDATE}",
        UPDATE.len()
    );
    let answer = raw::send(stage.app.api(), request.as_bytes()).await;
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.contains("HTTP/1.1 200 OK\r\n"), "{answer}");

    let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http::<Full<Bytes>>();
    let mut request = Request::put(stage.url("/v1/assistants/789")).header("content-type", "application/json");
    for (name, value) in HOSTILE {
        request = request.header(*name, *value);
    }
    let response = client.request(request.body(UPDATE.into()).unwrap()).await.unwrap();
    assert_eq!(response.status(), 200);

    let received = stub.received();
    assert_eq!(received.len(), 2);
    for request in received {
        assert_eq!(head(&request), expected(&stub));
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_doubled_or_broken_trace_or_id_is_replaced_and_never_passed_on() {
    let stub = Stub::answering("200 OK", "content-type: application/json\r\n", APPLIED).await;
    let stage = Stage::with(&vendor(&stub)).await;
    let trace = format!("00-{TRACE}-b7ad6b7169203331-01");
    let cases: [&[(&str, &str)]; 4] = [
        &[("traceparent", &trace), ("traceparent", &trace)],
        &[("traceparent", "00-zz"), ("x-request-id", "a b")],
        &[("x-request-id", "one"), ("x-request-id", "two")],
        &[("x-request-id", "<script>alert(1)</script>")],
    ];
    for headers in cases {
        assert_eq!(stage.put_with("789", headers, UPDATE).await.status, 200);
        let request = stub.received().pop().unwrap();
        for (name, value) in headers {
            assert!(!request.contains(value), "{value}: {request}");
            assert_eq!(request.matches(&format!("{name}: ")).count(), 1, "{request}");
        }
    }
    stage.stop().await;
}

/// What a vendor's server and the proxies before it might add.
const CHATTY: &str = "content-type: application/json; charset=utf-8\r\n\
    server: nginx/1.2.3\r\nx-powered-by: PHP/8.1\r\nset-cookie: session=secret; Path=/\r\nset-cookie: b=2\r\n\
    location: https://evil.example/\r\ncontent-location: /elsewhere\r\nlink: </style.css>; rel=preload\r\n\
    refresh: 0; url=https://evil.example/\r\nkeep-alive: timeout=5\r\nproxy-authenticate: Basic\r\n\
    proxy-connection: keep-alive\r\nupgrade: h2c\r\ntrailer: x-late\r\nvia: 1.1 cache\r\n\
    alt-svc: h3=\":443\"\r\nstrict-transport-security: max-age=1\r\npublic-key-pins: x\r\n\
    www-authenticate: Basic\r\nauthorization: Bearer sim-autocalls\r\nx-request-id: theirs\r\n\
    traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nserver-timing: db;dur=1\r\n\
    access-control-allow-origin: *\r\naccess-control-allow-credentials: true\r\n\
    content-security-policy: default-src *\r\nclear-site-data: \"*\"\r\nreport-to: {}\r\nnel: {}\r\n\
    cache-control: public, max-age=99999\r\netag: \"x\"\r\nexpires: 0\r\nage: 5\r\nvary: *\r\n\
    content-language: de\r\ncontent-disposition: attachment\r\npreference-applied: theirs\r\n\
    switchboard-dropped: theirs\r\nratelimit: theirs\r\nx-ratelimit-remaining: 7\r\n\
    retry-after: 7777\r\nallow: DELETE\r\nx-custom: theirs\r\n";

/// The names and values of an answer's headers, sorted, but for the time and the length.
fn listed(headers: &HeaderMap) -> Vec<String> {
    let shown = headers.iter().filter(|(name, _)| !["date", "content-length"].contains(&name.as_str()));
    let mut lines: Vec<_> = shown.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    lines.sort_unstable();
    lines
}

#[tokio::test]
async fn the_caller_receives_exactly_the_headers_of_the_contract() {
    let answers = [
        ("200 OK", APPLIED, 200, &["content-type: application/json"][..]),
        ("422 Unprocessable Content", r#"{"message":"no"}"#, 422, &["content-type: application/problem+json"]),
        ("402 Payment Required", "{}", 502, &["content-type: application/problem+json"]),
        ("401 Unauthorized", "{}", 502, &["content-type: application/problem+json"]),
        ("302 Found", "", 502, &["content-type: application/problem+json"]),
        ("405 Method Not Allowed", "{}", 502, &["content-type: application/problem+json"]),
    ];
    for (line, body, status, expected) in answers {
        let stub = Stub::answering(line, CHATTY, body).await;
        let stage = Stage::with(&vendor(&stub)).await;
        for http2 in [false, true] {
            let client = Client::builder(TokioExecutor::new()).http2_only(http2).build_http::<Full<Bytes>>();
            let request = Request::put(stage.url("/v1/assistants/789"))
                .header("content-type", "application/json")
                .header("x-request-id", "mine");
            let response = client.request(request.body(UPDATE.into()).unwrap()).await.unwrap();
            let (head, body) = response.into_parts();
            assert_eq!(head.status, status, "{line}");
            assert_eq!(listed(&head.headers), [expected, &["x-request-id: mine"]].concat(), "{line} http2: {http2}");
            let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
            assert!(!body.contains("evil.example") && !body.contains("theirs"), "{body}");
        }
        stage.stop().await;
    }
}
