//! The access log: one line for each request, however it ends.

use bytes::Bytes;
use h2::SendStream;
use h2::client::ResponseFuture;
use http::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::support::events::Events;
use crate::support::{Stage, raw};

/// Asserts what a line holds; `null` stands for a member that is not there.
#[track_caller]
fn assert_holds(line: &Value, members: Value) {
    for (name, value) in members.as_object().unwrap() {
        assert_eq!(&line[name], value, "{name}: {line:#}");
    }
}

#[tokio::test]
async fn an_update_is_one_line_with_its_result() {
    let events = Events::hear();
    let stage = Stage::new().await;
    let update = r#"{"name":"hush-hush","ambient_sound":"office"}"#;
    let reply = stage.put_with("sondos:7", &[("prefer", "handling=lenient")], update).await;
    let lines = events.requests(1).await;
    assert_eq!(lines.len(), 1);
    assert_holds(
        &lines[0],
        json!({
            "level": "INFO", "message": "request", "request_id": reply.header("x-request-id"), "method": "PUT",
            "route": "/v1/assistants/{assistant}", "operation": "update", "assistant": "sondos:7", "vendor": "sondos", "status": 200,
            "reason": "ok", "code": null, "fault": null, "outcome": "applied", "attempts": 1, "applied": 1,
            "dropped": 1, "dry_run": null, "client": null,
            "request_bytes": update.len(), "answer_bytes": reply.body.len(),
        }),
    );
    let millis = |name: &str| lines[0][name].as_f64().unwrap();
    assert!(millis("vendor_ms") > 0.0 && millis("queue_ms") >= 0.0);
    assert!(millis("total_ms") >= millis("vendor_ms") + millis("queue_ms"));
    assert!(!events.text().contains("hush-hush"));
    stage.stop().await;
}

#[tokio::test]
async fn a_failure_has_its_reason_and_fault() {
    let events = Events::hear();
    let stage = Stage::with("[vendors.autocalls.retry]\nmax_attempts = 1\n").await;
    stage.fail("autocalls", &["reset"]);
    stage.put("autocalls:7", r#"{"name":"x"}"#).await.problem("vendor_error");
    stage.put("autocalls:7", "{").await.problem("invalid_json");
    stage.call(Method::DELETE, "/v1/fields", &[], "").await.problem("method_not_allowed");
    stage.get("/nothing").await.problem("not_found");
    stage.put("autocalls:7?dry_run=true", r#"{"name":"x"}"#).await;
    let lines = events.requests(5).await;
    assert_holds(
        &lines[0],
        json!({
            "level": "WARN", "status": 502, "reason": "vendor_connection_lost", "code": "vendor_error",
            "fault": "vendor", "outcome": "unknown", "attempts": 1,
        }),
    );
    assert!(lines[0]["cause"].as_str().unwrap().starts_with("connection_lost after 1 attempts"));
    let refused = json!({
        "level": "INFO", "status": 400, "reason": "invalid_json", "fault": "caller", "outcome": "not_applied",
        "attempts": 0, "request_bytes": 1, "vendor": "autocalls",
    });
    assert_holds(&lines[1], refused);
    assert_holds(
        &lines[2],
        json!({ "status": 405, "route": "/v1/fields", "method": "DELETE", "operation": null, "vendor": null }),
    );
    assert_holds(&lines[3], json!({ "status": 404, "route": "none", "assistant": null }));
    assert_holds(&lines[4], json!({ "status": 200, "dry_run": true, "outcome": null, "applied": 1 }));
    stage.stop().await;
}

/// Sends the head of an update and `body`, and returns the open connection.
async fn caller(stage: &Stage, assistant: &str, length: usize, body: &str) -> TcpStream {
    let mut caller = TcpStream::connect(stage.app.api()).await.unwrap();
    let head = format!(
        "PUT /v1/assistants/{assistant} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\nx-request-id: gone\r\n\r\n{body}"
    );
    caller.write_all(head.as_bytes()).await.unwrap();
    caller
}

#[tokio::test]
async fn a_caller_that_disconnects_is_logged_with_the_outcome() {
    let events = Events::hear();
    let stage = Stage::new().await;
    stage.fail("autocalls", &["hold"]);
    let gone = caller(&stage, "autocalls:7", 12, r#"{"name":"x"}"#).await;
    stage.simulator("autocalls").received_at_least(1).await;
    drop(gone);
    let left = json!({
        "level": "INFO", "request_id": "gone", "status": 499, "reason": "client_closed", "code": null,
        "fault": "caller", "outcome": "unknown", "vendor": "autocalls", "assistant": "autocalls:7",
        "request_bytes": 12, "answer_bytes": 0, "applied": 1,
    });
    assert_holds(&events.requests(1).await[0], left);
    let waits = caller(&stage, "autocalls:7", 12, r#"{"name":"y"}"#).await;
    while stage.admin(Method::GET, "/admin/status").await.json()["vendors"]["autocalls"]["waiting"] == 0 {}
    drop(waits);
    let left = json!({ "status": 499, "reason": "client_closed", "outcome": "not_applied", "applied": 1 });
    assert_holds(&events.requests(2).await[1], left);
    let half = caller(&stage, "autocalls:8", 12, r#"{"name""#).await;
    while stage.admin(Method::GET, "/admin/status").await.json()["in_flight"] == 0 {}
    drop(half);
    let left = json!({ "status": 499, "reason": "client_closed", "code": null, "outcome": "not_applied" });
    assert_holds(&events.requests(3).await[2], left);
    stage.fail("autocalls", &[]);
    stage.stop().await;
}

const CHUNKED: &str = "PUT /v1/assistants/autocalls:8 HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                           transfer-encoding: chunked\r\n\r\n";

#[tokio::test]
async fn a_malformed_body_is_refused_and_a_truncated_one_is_a_disconnected_caller() {
    let events = Events::hear();
    let stage = Stage::new().await;
    let bodies =
        [("7\r\n{\"name\"X", true), ("x\r\n", true), ("7\r\n{\"na", false), ("7\r\n{\"name\"\r\n", false), ("", false)];
    for (count, (body, malformed)) in bodies.into_iter().enumerate() {
        let answer = raw::send_and_close(stage.app.api(), format!("{CHUNKED}{body}").as_bytes()).await;
        // A client that closed only its sending half gets a response.
        assert!(answer.starts_with(b"HTTP/1.1 400 "), "{body:?}: {}", String::from_utf8_lossy(&answer));
        let line = &events.requests(count + 1).await[count];
        let answered = json!({ "status": 400, "reason": "invalid_request", "code": "invalid_request" });
        let left = json!({ "status": 499, "reason": "client_closed", "code": null, "answer_bytes": 0 });
        assert_holds(line, if malformed { answered } else { left });
        assert_holds(line, json!({ "level": "INFO", "fault": "caller", "outcome": "not_applied", "applied": 0 }));
    }
    stage.assert_nothing_sent();
    stage.stop().await;
}

/// A request over HTTP/2 with an unfinished body.
async fn half(stage: &Stage) -> (SendStream<Bytes>, ResponseFuture, JoinSet<Result<(), h2::Error>>) {
    let stream = TcpStream::connect(stage.app.api()).await.unwrap();
    let (mut requests, connection) = h2::client::handshake(stream).await.unwrap();
    let driver = JoinSet::from_iter([connection]);
    let url = stage.url("/v1/assistants/autocalls:8");
    let request = http::Request::put(url).header("content-type", "application/json").header("content-length", "12");
    let request = request.body(()).unwrap();
    let (answer, mut body) = requests.send_request(request, false).unwrap();
    body.send_data(Bytes::from_static(br#"{"name""#), false).unwrap();
    while stage.admin(Method::GET, "/admin/status").await.json()["in_flight"] == 0 {}
    (body, answer, driver)
}

#[tokio::test]
async fn over_http2_a_reset_and_a_lost_connection_are_disconnected_callers_and_a_wrong_length_is_not() {
    let events = Events::hear();
    let stage = Stage::new().await;
    let left = || json!({ "status": 499, "reason": "client_closed", "code": null, "outcome": "not_applied" });
    let (mut body, _answer, _driver) = half(&stage).await;
    body.send_reset(h2::Reason::CANCEL);
    assert_holds(&events.requests(1).await[0], left());
    let (_body, _answer, driver) = half(&stage).await;
    drop(driver);
    assert_holds(&events.requests(2).await[1], left());
    let (mut body, answer, _driver) = half(&stage).await;
    body.send_data(Bytes::from_static(b":1"), true).unwrap();
    assert_eq!(answer.await.unwrap_err().reason(), Some(h2::Reason::PROTOCOL_ERROR), "it is shorter than announced");
    let malformed = json!({ "status": 400, "reason": "invalid_request", "outcome": "not_applied" });
    assert_holds(&events.requests(3).await[2], malformed);
    stage.assert_nothing_sent();
    stage.stop().await;
}

#[tokio::test]
async fn a_request_cut_off_by_shutdown_is_not_logged_as_a_disconnected_caller() {
    let events = Events::hear();
    let stage = Stage::edited("", |text| text.replace("[server]", "[server]\ndrain_timeout = \"10ms\"")).await;
    stage.fail("autocalls", &["hold"]);
    let waiting = caller(&stage, "autocalls:7", 12, r#"{"name":"x"}"#).await;
    stage.simulator("autocalls").received_at_least(1).await;
    stage.stop().await;
    let cut = json!({ "level": "WARN", "status": 499, "reason": "stopped", "fault": "gateway", "outcome": "unknown" });
    assert_holds(&events.requests(1).await[0], cut);
    drop(waiting);
}

/// The lines about a problem code in the runbook, and the members of the access log that it sends operators to.
fn confirmed_by(code: &str) -> Vec<String> {
    let runbook = include_str!("../../docs/runbook.md");
    let entry = runbook.split(&format!("### `{code}`\n")).nth(1).unwrap().split("\n### ").next().unwrap();
    let confirm = entry.split("**Confirm**").nth(1).unwrap().split("**Do**").next().unwrap();
    let logged = confirm.split(';').filter(|part| part.contains("access log"));
    let quoted = logged.flat_map(|part| part.split('`').skip(1).step_by(2));
    quoted.map(str::to_owned).collect()
}

#[tokio::test]
async fn every_refusal_has_what_the_runbook_sends_operators_to() {
    let events = Events::hear();
    let digest: String = Sha256::digest("key").iter().map(|byte| format!("{byte:02x}")).collect();
    let stage = Stage::with(&format!(
        "[auth]\nmode = \"keys\"\n[clients.crm]\nkey_sha256 = \"{digest}\"\nassistants = [\"sondos:*\", \"gone\"]\n"
    ))
    .await;
    let key = [("authorization", "Bearer key")];
    let path = |assistant: &str| format!("/v1/assistants/{assistant}");
    stage.call(Method::PUT, &path("sondos:7"), &[], "{}").await.problem("unauthenticated");
    stage.call(Method::PUT, &path("famulor:7"), &key, "{}").await.problem("forbidden");
    stage.call(Method::PUT, &path("gone"), &key, "{}").await.problem("unknown_assistant");
    stage.call(Method::POST, &path("sondos:7"), &key, "{}").await.problem("method_not_allowed");
    stage.call(Method::GET, "/v1/nothing", &key, "").await.problem("not_found");
    stage.call(Method::PUT, &path("sk4x8kd02mfk38fjw91mz"), &key, "{}").await.problem("forbidden");
    let lines = events.requests(6).await;
    for line in &lines {
        assert_eq!(line["peer"], "127.0.0.1", "{line:#}");
        let code = line["code"].as_str().unwrap();
        for member in confirmed_by(code).iter().filter(|member| *member != "client" || code != "unauthenticated") {
            assert!(!line[member.as_str()].is_null(), "{code}: {member}: {line:#}");
        }
    }
    assert_holds(&lines[0], json!({ "assistant": "sondos:7", "client": null }));
    assert_holds(&lines[1], json!({ "assistant": "famulor:7", "client": "crm" }));
    assert_holds(&lines[2], json!({ "assistant": "gone", "client": "crm" }));
    assert_holds(&lines[3], json!({ "assistant": "sondos:7", "client": "crm", "method": "POST" }));
    assert_holds(&lines[4], json!({ "client": "crm", "route": "none" }));
    assert_holds(&lines[5], json!({ "assistant": "[redacted]" }));
    assert_eq!(confirmed_by("forbidden"), ["client", "assistant"]);
    stage.stop().await;
}
