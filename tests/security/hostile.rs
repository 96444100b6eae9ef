//! Nothing that a caller can send makes the gateway panic, fail by itself, answer with something that is not HTTP, or
//! pass anything on that it did not understand.

use std::net::SocketAddr;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Runtime;

use crate::support::Stage;
use crate::support::raw::{self, RawReply};

/// Enough to find what is cheap to find; the fuzz targets go further.
const CASES: u32 = 400;

/// What becomes of bytes that are not HTTP.
fn assert_bare_400(reply: &RawReply) {
    assert_eq!((reply.status, &reply.body[..]), (400, &b""[..]), "{reply:?}");
    assert_eq!((reply.header("content-type"), reply.header("connection")), (None, Some("close")), "{reply:?}");
}

/// A gateway, asked over sockets of their own by generated requests.
struct Scene {
    runtime: Runtime,
    stage: Stage,
}

impl Scene {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let stage = runtime.block_on(Stage::new());
        Self { runtime, stage }
    }

    fn address(&self) -> SocketAddr {
        self.stage.app.api()
    }

    /// Plays generated requests and looks at every answer.
    fn play<S: Strategy>(self, strategy: S, request: impl Fn(S::Value) -> Vec<u8>, look: impl Fn(&RawReply)) {
        let mut runner = TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
        let played = runner.run(&strategy, |value| {
            let request = request(value);
            let reply = self.runtime.block_on(raw::exchange(self.address(), &request));
            assert!(reply.status < 500, "{reply:?}");
            let control = |byte: &u8| byte.is_ascii_control() && !b"\t\r\n".contains(byte);
            let head = request.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(request.len());
            if request[..head].iter().any(control) {
                assert_bare_400(&reply);
            } else if reply.status >= 400 && !request.starts_with(b"HEAD") {
                assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{reply:?}");
                let problem = reply.json();
                assert_eq!(problem["status"], reply.status);
                assert_eq!(problem["fault"], "caller");
            }
            look(&reply);
            Ok(())
        });
        played.unwrap_or_else(|error| panic!("{error}"));
        self.finish();
    }

    /// The gateway is as well as before, and nothing has reached a vendor.
    fn finish(self) {
        self.runtime.block_on(async {
            self.stage.assert_nothing_sent();
            assert_eq!(self.stage.put("sondos:789", r#"{"name":"x"}"#).await.status, 200);
            self.stage.stop().await;
        });
    }
}

fn put(path: &[u8], headers: &[u8], body: &[u8]) -> Vec<u8> {
    let length = format!("content-length: {}\r\nconnection: close\r\n", body.len());
    [b"PUT ", path, b" HTTP/1.1\r\nhost: localhost\r\n", length.as_bytes(), headers, b"\r\n", body].concat()
}

const JSON: &[u8] = b"content-type: application/json\r\n";

#[test]
fn arbitrary_bytes_as_a_body_are_a_problem_of_the_callers() {
    let soup = prop::sample::select(br#"{}[]",:0123456789.eE+-tfn\u "#.to_vec());
    let bytes = prop_oneof![vec(any::<u8>(), 0..200), vec(soup, 0..100)];
    let never_an_update = bytes.prop_filter("an empty object would be sent", |bytes| {
        serde_json::from_slice::<serde_json::Map<_, _>>(bytes).is_err()
    });
    Scene::new().play(
        never_an_update,
        |body| put(b"/v1/assistants/sondos:789", JSON, &body),
        |reply| {
            assert_eq!(reply.json()["code"], "invalid_json", "{reply:?}");
        },
    );
}

#[test]
fn arbitrary_members_are_refused_with_their_place() {
    let key = prop_oneof![
        "[a-z_]{1,12}",
        ".{0,8}",
        prop::sample::select(vec!["name".to_owned(), "tools".into(), "mode".into()])
    ];
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("[{}]".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_filter("JSON", |number| number.is_finite()).prop_map(|number| format!("{number:e}")),
        ".{0,20}".prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    let members = vec((key, leaf), 1..6).prop_map(|members| {
        let members: Vec<_> =
            members.iter().map(|(key, value)| format!("{}:{value}", serde_json::to_string(key).unwrap())).collect();
        // One member is wrong for certain.
        format!("{{{},\"no such field\":0}}", members.join(","))
    });
    Scene::new().play(
        members,
        |body| put(b"/v1/assistants/autocalls:789", JSON, body.as_bytes()),
        |reply| {
            let problem = reply.json();
            assert!(
                ["invalid_json", "validation_failed", "unsupported_by_vendor"]
                    .contains(&problem["code"].as_str().unwrap())
            );
            for error in problem["errors"].as_array().into_iter().flatten() {
                assert!(error["pointer"].as_str().unwrap().starts_with('#'), "{problem:#}");
            }
        },
    );
}

#[test]
fn deep_and_wide_bodies_cost_no_more_than_a_refusal() {
    let scene = Scene::new();
    let bodies = [
        "[".repeat(500_000),
        "{\"a\":".repeat(100_000),
        format!("{{\"variables\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000)),
        format!("{{{}}}", (0..60_000).map(|n| format!("\"k{n}\":0")).collect::<Vec<_>>().join(",")),
        format!("{{\"{}\":0}}", "k".repeat(900_000)),
        format!("{{\"speech_speed\":{}}}", "9".repeat(900_000)),
        format!("{{\"speech_speed\":1e{}}}", "9".repeat(900_000)),
        format!("{{\"name\":\"{}\"}}", "\\u0000".repeat(150_000)),
        format!("{{\"tools\":[{}]}}", vec!["{}"; 100_000].join(",")),
        format!("{{\"label_ids\":[{}]}}", vec!["\"\""; 100_000].join(",")),
    ];
    for body in bodies {
        let shown: String = body.chars().take(40).collect();
        for headers in [JSON.to_vec(), [JSON, b"prefer: handling=lenient\r\n"].concat()] {
            let request = put(b"/v1/assistants/autocalls:789?dry_run=true", &headers, body.as_bytes());
            let reply = scene.runtime.block_on(raw::exchange(scene.address(), &request));
            let dropped = reply.status == 200 && headers != JSON;
            assert!([400, 422].contains(&reply.status) || dropped, "{shown}: {}", reply.status);
            assert!(reply.body.len() < 1 << 20, "{shown}: {} bytes of answer", reply.body.len());
            assert!(reply.headers.iter().all(|(_, value)| value.len() < 8192), "{shown}");
        }
    }
    scene.finish();
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut encoder, text).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_hostile_body_is_the_documented_problem() {
    const GZIP: &[u8] = b"content-type: application/json\r\ncontent-encoding: gzip\r\n";
    let scene = Scene::new();
    let nested = |depth: usize| {
        let inner = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        format!(r#"{{"vendor_options":{{"autocalls":{{"x":{inner}}}}}}}"#).into_bytes()
    };
    let number = |text: &str| format!(r#"{{"speech_speed":{text}}}"#).into_bytes();
    let cases = [
        ("invalid UTF-8", JSON, b"{\"name\":\"\xff\"}".to_vec(), 400, "invalid_json"),
        ("UTF-8 for a surrogate", JSON, b"{\"name\":\"\xed\xa0\x80\"}".to_vec(), 400, "invalid_json"),
        ("too long UTF-8", JSON, b"{\"name\":\"\xc0\xaf\"}".to_vec(), 400, "invalid_json"),
        ("UTF-16", JSON, b"\xff\xfe{\0}\0".to_vec(), 400, "invalid_json"),
        ("half a pair", JSON, br#"{"name":"\ud83d"}"#.to_vec(), 400, "invalid_json"),
        ("a pair the wrong way round", JSON, br#"{"name":"\ude00\ud83d"}"#.to_vec(), 400, "invalid_json"),
        ("half a pair in a key", JSON, br#"{"\ud83d":1}"#.to_vec(), 400, "invalid_json"),
        ("NUL", JSON, b"{\"name\":\"\0\"}".to_vec(), 400, "invalid_json"),
        ("too deep", JSON, nested(30), 400, "invalid_json"),
        ("the same key, once escaped", JSON, br#"{"name":"x","n\u0061me":"y"}"#.to_vec(), 400, "invalid_json"),
        ("1e999999", JSON, number("1e999999"), 422, "validation_failed"),
        ("-1e999999", JSON, number("-1e999999"), 422, "validation_failed"),
        ("1e-999999", JSON, number("1e-999999"), 422, "validation_failed"),
        ("100,000 digits", JSON, number(&"9".repeat(100_000)), 422, "validation_failed"),
        ("100,000 decimals", JSON, number(&format!("1.2{}1", "0".repeat(100_000))), 422, "validation_failed"),
        ("infinity", JSON, number("Infinity"), 400, "invalid_json"),
        ("not a number", JSON, number("NaN"), 400, "invalid_json"),
        ("a gzip bomb", GZIP, gzip(&vec![b' '; 20 << 20]), 413, "body_too_large"),
        ("gzip in gzip", GZIP, gzip(&gzip(b"{}")), 400, "invalid_json"),
        ("no gzip", GZIP, b"{}".to_vec(), 400, "invalid_request"),
        ("half of gzip", GZIP, gzip(b"{}")[..12].to_vec(), 400, "invalid_request"),
        ("a byte too many", JSON, vec![b' '; (1 << 20) + 1], 413, "body_too_large"),
    ];
    for (what, headers, body, status, code) in cases {
        let request = put(b"/v1/assistants/autocalls:789", headers, &body);
        let reply = scene.runtime.block_on(raw::exchange(scene.address(), &request));
        assert_eq!((reply.status, &reply.json()["code"]), (status, &code.into()), "{what}: {reply:?}");
        assert!(reply.body.len() < 4096, "{what}: {} bytes of answer", reply.body.len());
    }
    scene.finish();
}

#[test]
fn a_request_that_never_ends_is_refused() {
    let scene = Scene::new();
    let head =
        |rest: &str| format!("PUT /v1/assistants/autocalls:789 HTTP/1.1\r\nhost: localhost\r\n{rest}").into_bytes();
    let json = "content-type: application/json\r\ntransfer-encoding: chunked\r\n";
    let piece = format!("10000\r\n{}\r\n", " ".repeat(65536));
    let cases = [
        ("a body", [head(&format!("{json}\r\n")), piece.repeat(40).into_bytes()].concat(), 413),
        ("a chunk's size", [head(&format!("{json}\r\n")), b"0".repeat(1 << 20)].concat(), 400),
        ("a chunk's extension", [head(&format!("{json}\r\n1;")), b"x".repeat(1 << 20)].concat(), 400),
        ("trailers", [head(&format!("{json}\r\n0\r\n")), b"x: y\r\n".repeat(200_000)].concat(), 400),
        ("a header", [head("x: "), b"y".repeat(1 << 20)].concat(), 431),
        ("headers", [head(""), b"x: y\r\n".repeat(200_000)].concat(), 431),
        ("a name", [head(""), b"y".repeat(1 << 20)].concat(), 431),
        ("a target", [b"PUT /".to_vec(), b"y".repeat(1 << 20)].concat(), 414),
        ("a method", b"P".repeat(1 << 20), 431),
        ("empty lines", b"\r\n".repeat(1 << 20), 431),
    ];
    let (mut found, mut expected) = (Vec::new(), Vec::new());
    for (what, request, status) in cases {
        let answer = scene.runtime.block_on(raw::send_and_close(scene.address(), &request));
        let reply = raw::parse(&answer, false).unwrap_or_else(|wrong| panic!("{what}: {wrong}: {answer:?}"));
        found.push((what, reply.status));
        expected.push((what, status));
        assert_eq!(reply.json()["fault"], "caller", "{what}");
    }
    assert_eq!(found, expected);
    scene.finish();
}

/// Bytes that may stand in a request target.
fn target_bytes() -> impl Strategy<Value = Vec<u8>> {
    let plain = (0x21_u8..0x7f).prop_filter("ends the target", |byte| !b" #".contains(byte));
    let piece = prop_oneof![
        4 => plain.prop_map(|byte| vec![byte]),
        2 => any::<u8>().prop_map(|byte| format!("%{byte:02X}").into_bytes()),
        1 => prop::sample::select(vec![&b"%"[..], b"%2", b"%zz", b"..", b"/", b"%2f", b"%2e%2e", b"?", b":", b"//", b"\\"])
            .prop_map(<[u8]>::to_vec),
    ];
    vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

#[test]
fn arbitrary_path_segments_never_reach_a_vendor() {
    let request = |segment: Vec<u8>| put(&[b"/v1/assistants/x-", segment.as_slice()].concat(), JSON, b"{}");
    Scene::new().play(target_bytes(), request, |reply| assert!([400, 404, 405].contains(&reply.status), "{reply:?}"));
}

#[test]
fn arbitrary_ids_of_a_vendor_never_alter_the_path() {
    let not_digits = target_bytes().prop_filter("digits are ids", |bytes| {
        let id = bytes.split(|byte| *byte == b'?').next().unwrap_or_default();
        !id.iter().all(|byte| byte.is_ascii_digit() || *byte == b'%')
    });
    let encoded_digit = |segment: &[u8]| {
        let text = String::from_utf8_lossy(segment);
        let decoded = percent_encoding::percent_decode_str(&text).collect::<Vec<u8>>();
        decoded.iter().all(u8::is_ascii_digit)
    };
    let never_an_id = not_digits.prop_filter("digits are ids, encoded too", move |bytes| {
        !encoded_digit(bytes.split(|byte| *byte == b'?').next().unwrap_or_default())
    });
    let request = |id: Vec<u8>| put(&[b"/v1/assistants/sondos:", id.as_slice()].concat(), JSON, b"{}");
    Scene::new().play(never_an_id, request, |reply| assert!([400, 404, 405].contains(&reply.status), "{reply:?}"));
}

#[test]
fn arbitrary_paths_are_answered() {
    let request = |path: Vec<u8>| {
        let path = [b"/no", path.as_slice()].concat();
        [b"GET ", path.as_slice(), b" HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"].concat()
    };
    Scene::new().play(target_bytes(), request, |reply| assert!([400, 404].contains(&reply.status), "{reply:?}"));
}

#[test]
fn arbitrary_queries_are_refused_or_understood() {
    let request = |query: Vec<u8>| put(&[b"/v1/assistants/sondos:789?x", query.as_slice()].concat(), JSON, b"{}");
    Scene::new().play(target_bytes(), request, |reply| assert_eq!(reply.status, 400, "{reply:?}"));
}

#[test]
fn arbitrary_header_values_are_answered() {
    let names = prop::sample::select(vec![
        "prefer",
        "request-timeout",
        "x-request-id",
        "traceparent",
        "content-encoding",
        "content-type",
        "accept",
        "authorization",
        "x-forwarded-for",
        "expect",
    ]);
    let soup = prop::sample::select(b"handling=strict;, \"\\\tgzip-00af/json*()<>".to_vec());
    let bytes = prop_oneof![vec(soup, 0..60), vec(any::<u8>(), 0..60)];
    let clean = bytes.prop_map(|bytes| {
        let bytes: Vec<_> = bytes.into_iter().filter(|byte| !b"\r\n\0".contains(byte)).collect();
        bytes
    });
    // The body is no update, so that nothing is sent whatever the headers are.
    let request = |(name, value): (&str, Vec<u8>)| {
        let header = [name.as_bytes(), b": ", value.as_slice(), b"\r\n"].concat();
        let media: &[u8] = if name == "content-type" { b"" } else { JSON };
        put(b"/v1/assistants/sondos:789", &[media, &header].concat(), b"[]")
    };
    Scene::new().play((names, clean), request, |reply| {
        assert!([400, 415, 417].contains(&reply.status), "{reply:?}");
        for (name, value) in &reply.headers {
            assert!(value.bytes().all(|byte| byte == b'\t' || (32..127).contains(&byte)), "{name}: {value}");
        }
    });
}

#[test]
fn arbitrary_methods_are_answered() {
    let request = |method: String| {
        format!("{method} /v1/assistants/sondos:789 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            .into_bytes()
    };
    let methods = "[A-Z!#$%&'*+.^_`|~0-9-]{1,20}".prop_filter("these are meant for it", |method| {
        !["PUT", "PATCH", "HEAD", "CONNECT"].contains(&method.as_str())
    });
    Scene::new().play(methods, request, |reply| assert!([400, 405].contains(&reply.status), "{reply:?}"));
}

#[test]
fn arbitrary_bytes_on_a_connection_end_in_an_answer_or_in_its_end() {
    let scene = Scene::new();
    let mut runner = TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
    let played = runner.run(&vec(any::<u8>(), 0..200), |mut bytes| {
        bytes.extend_from_slice(b"\r\n\r\n");
        let answer = scene.runtime.block_on(raw::send_and_close(scene.address(), &bytes));
        if !answer.is_empty() {
            let reply = raw::parse(&answer, false).unwrap_or_else(|what| panic!("{what}: {answer:?}"));
            if reply.body.is_empty() {
                assert_bare_400(&reply);
            } else {
                assert!((400..500).contains(&reply.status), "{reply:?}");
                assert_eq!(reply.json()["status"], reply.status);
            }
        }
        Ok(())
    });
    played.unwrap_or_else(|error| panic!("{error}"));
    scene.finish();
}

#[test]
fn a_dropped_key_may_hold_anything_and_stays_one_header_line() {
    let scene = Scene::new();
    for key in ["a\\r\\nset-cookie: x=1", "ü😀", "\\u0000", "a, b", &"k".repeat(5000), "\\ud800\\udc00"] {
        let body = format!("{{\"{key}\":1}}");
        let headers = [JSON, b"prefer: handling=lenient\r\n"].concat();
        let request = put(b"/v1/assistants/sondos:789?dry_run=true", &headers, body.as_bytes());
        let reply = scene.runtime.block_on(raw::exchange(scene.address(), &request));
        assert_eq!(reply.status, 200, "{reply:?}");
        assert!(reply.header("set-cookie").is_none());
        let dropped = reply.header("switchboard-dropped").unwrap();
        assert!(dropped.len() <= 200 && dropped.bytes().all(|byte| (33..127).contains(&byte)), "{dropped}");
    }
    scene.finish();
}
