//! Nothing that a vendor can answer makes the gateway fail by itself, hand on what it did not understand, or answer at
//! length: each answer is judged as documented, and the next vendor is served.

use serde_json::Value;

use crate::support::Stage;
use crate::support::stub::Stub;

/// What a caller may get at most, in bytes.
const LONGEST: usize = 256 * 1024;

/// Brings one update to a vendor that answers so, and returns what the caller got.
async fn update(what: &str, answer: Vec<u8>) -> (u16, Value) {
    let (status, text) = updated(what, answer).await;
    (status, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{what}: {error}: {text}")))
}

/// The same with the text of the answer.
async fn updated(what: &str, answer: Vec<u8>) -> (u16, String) {
    let stub = Stub::start(answer).await;
    let quick = "timeout = \"2s\"\nretry = { max_attempts = 1 }\n";
    let stage = Stage::with(&(stub.vendor("hostile", "autocalls") + quick)).await;
    let reply = stage.put("hostile:7", r#"{"name":"x"}"#).await;
    assert!(reply.body.len() < LONGEST, "{what}: {} bytes", reply.body.len());
    for (name, value) in &reply.headers {
        assert!(value.len() < 8192, "{what}: {name}");
    }
    assert_eq!(stage.put("sondos:789", r#"{"name":"x"}"#).await.status, 200, "{what}");
    let answer = (reply.status.as_u16(), String::from_utf8(reply.body.to_vec()).unwrap());
    stage.stop().await;
    answer
}

fn answer(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn ok(body: impl AsRef<[u8]>) -> Vec<u8> {
    answer("200 OK", "", body)
}

#[tokio::test]
async fn a_200_that_cannot_be_read_is_a_bad_response() {
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let piece = format!("10000\r\n{}\r\n", " ".repeat(65536));
    let cases = [
        ("brackets", ok("[".repeat(1 << 20))),
        ("braces", ok("{\"data\":".repeat(100_000))),
        ("too deep", ok(format!("{{\"data\":{{\"id\":1,\"x\":{}{}}}}}", "[".repeat(500), "]".repeat(500)))),
        ("invalid UTF-8", ok(b"{\"data\":{\"id\":1,\"name\":\"\xff\"}}")),
        ("half a pair", ok(r#"{"data":{"id":1,"name":"\ud83d"}}"#)),
        ("gzip that nobody asked for", answer("200 OK", "content-encoding: gzip\r\n", b"\x1f\x8b\x08\0\0\0\0\0\0\x03")),
        ("a byte too many", ok(vec![b' '; (1 << 20) + 1])),
        ("a body without end", [chunked.to_owned(), piece.repeat(40)].concat().into_bytes()),
        ("a chunk's size without end", [chunked, &"0".repeat(1 << 20)].concat().into_bytes()),
        ("headers without end", format!("HTTP/1.1 200 OK\r\n{}", "x: y\r\n".repeat(200_000)).into_bytes()),
        ("a header without end", format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(2 << 20)).into_bytes()),
        ("a status without end", format!("HTTP/1.1 200 {}", "y".repeat(2 << 20)).into_bytes()),
        ("a million elements", ok(format!("[{}0]", "0,".repeat(500_000)))),
        ("a million members", ok(format!("{{{}\"data\":1}}", "\"a\":1,".repeat(170_000)))),
        ("a million errors", ok(format!("{{\"data\":{{\"id\":1}},\"errors\":[{}0]}}", "0,".repeat(500_000)))),
    ];
    for (what, bytes) in cases {
        let (status, problem) = update(what, bytes).await;
        assert_eq!((status, &problem["code"]), (502, &"vendor_bad_response".into()), "{what}: {problem:#}");
        assert_eq!((&problem["outcome"], &problem["fault"]), (&"unknown".into(), &"vendor".into()), "{what}");
    }
}

#[tokio::test]
async fn an_unusual_success_is_still_a_success() {
    let cases = [
        ("a number beyond all", ok(r#"{"data":{"id":1e999999,"name":"x"}}"#)),
        ("100,000 digits", ok(format!(r#"{{"data":{{"id":{},"name":"x"}}}}"#, "9".repeat(100_000)))),
        ("a long key", ok(format!(r#"{{"{}":1,"data":{{"id":1,"name":"x"}}}}"#, "k".repeat(1_000_000)))),
        ("long texts", ok(format!(r#"{{"message":"{0}","data":{{"id":"{0}","name":"x"}}}}"#, "m".repeat(500_000)))),
        (
            "the same key again and again",
            ok(format!(r#"{{"data":{{{}"name":"x"}}}}"#, r#""name":"x","#.repeat(80_000))),
        ),
        ("many members", ok(format!(r#"{{"data":{{"id":1,"name":"x",{}"z":0}}}}"#, r#""a":[0],"#.repeat(100_000)))),
    ];
    for (what, bytes) in cases {
        let (status, text) = updated(what, bytes).await;
        assert!(status == 200 && text.contains(r#""name":"x""#), "{what}: {text:.300}");
    }
}

#[tokio::test]
async fn a_refusal_of_any_size_is_kept_short() {
    let refusal = |body: String| answer("422 Unprocessable Content", "", body);
    let members = |member: &str, count| format!("{{\"errors\":{{{}\"z\":0}}}}", member.repeat(count));
    let cases = [
        ("a million errors", refusal(format!("{{\"errors\":[{}0]}}", "\"no\",".repeat(150_000)))),
        ("many keys", refusal(members(r#""name":["no"],"#, 60_000))),
        ("long keys", refusal(members(&format!(r#""{}":["no"],"#, "k".repeat(5000)), 200))),
        ("long sentences", refusal(members(&format!(r#""name":["{}"],"#, "no ".repeat(2000)), 150))),
        ("deep keys", refusal(format!("{{\"errors\":{}1{}}}", "{\"a\":".repeat(100), "}".repeat(100)))),
        ("too deep keys", refusal(format!("{{\"errors\":{}1{}}}", "{\"a\":".repeat(1000), "}".repeat(1000)))),
        ("dots", refusal(members(&format!(r#""name{}":"no","#, ".".repeat(3000)), 200))),
        ("a long message", refusal(format!(r#"{{"message":"{}"}}"#, "no ".repeat(300_000)))),
        ("half a pair", refusal(r#"{"message":"\ud83d","errors":{"\ud83d":"no"}}"#.into())),
        ("nothing", refusal(String::new())),
    ];
    for (what, bytes) in cases {
        let (status, problem) = update(what, bytes).await;
        assert_eq!((status, &problem["code"]), (422, &"validation_failed".into()), "{what}: {problem:.300}");
        assert_eq!(problem["outcome"], "not_applied", "{what}");
        let message = problem["vendor_response"]["message"].as_str().unwrap_or_default();
        assert!(message.len() <= 1024, "{what}: {}", message.len());
    }
}

#[tokio::test]
async fn retry_after_is_a_number_of_seconds_whatever_the_vendor_asks_for() {
    let cases = [
        ("retry-after: 99999999999999999999999\r\n", "{}"),
        ("retry-after: -1\r\n", "{}"),
        ("retry-after: NaN\r\n", "{}"),
        ("retry-after: Fri, 31 Dec 9999 23:59:59 GMT\r\n", "{}"),
        ("retry-after: Thu, 01 Jan 1970 00:00:00 GMT\r\n", "{}"),
        ("", r#"{"retry_after":1e999999}"#),
        ("", r#"{"retry_after":-1e999999}"#),
        ("", r#"{"retry_after":"1e30"}"#),
        ("", r#"{"retry_after":{"a":1}}"#),
    ];
    for (headers, body) in cases {
        let (status, problem) = update(headers, answer("429 Too Many Requests", headers, body)).await;
        assert_eq!((status, &problem["code"]), (429, &"vendor_rate_limited".into()), "{headers}{body}: {problem:#}");
    }
}

#[tokio::test]
async fn interim_answers_without_end_are_cut_off() {
    let talk = "HTTP/1.1 100 Continue\r\n\r\n".repeat(100_000) + "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n";
    let (status, problem) = update("informational answers", talk.into_bytes()).await;
    assert!(matches!(status, 502 | 504), "{problem:#}");
    assert_eq!(problem["outcome"], "unknown");
}
