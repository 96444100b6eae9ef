//! Updates and deletions of several requests in one turn: a read for the condition, the change, a second look, a read of what
//! was stored.

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::scene::{put, snapshot, until, update};
use crate::support::{Reply, Stage, UNSETTLED};

const JSON: (&str, &str) = ("content-type", "application/json");
const ANY: &str = "if-match: *\r\n";
const REPRESENT: &str = "prefer: return=representation\r\n";

async fn stage(settle: &str) -> Stage {
    let settle = format!("settle_after_unknown = \"{settle}\"\n");
    Stage::listing(20, &["autocalls"], "", |text| text.replace(UNSETTLED, &settle)).await
}

async fn change(stage: &Stage, method: Method, headers: &[(&str, &str)]) -> Reply {
    let headers: Vec<_> = [JSON].iter().chain(headers).copied().collect();
    let body = if method == Method::DELETE { "" } else { r#"{"name":"changed"}"# };
    stage.call(method, "/v1/assistants/autocalls:7", &headers, body).await
}

/// The present tag, read at the vendor.
async fn tag(stage: &Stage) -> String {
    let reply = stage.call(Method::GET, "/v1/assistants/autocalls:7", &[("if-match", "*")], "").await;
    stage.clear();
    reply.header("etag").unwrap().to_owned()
}

/// What the vendor received: `read`, `delete`, or the name that an update has.
fn received(stage: &Stage) -> Vec<String> {
    let received = stage.simulator("autocalls").received().into_iter();
    let what = |request: simulators::Received| match request.method.as_str() {
        "GET" => "read".to_owned(),
        "DELETE" => "delete".to_owned(),
        _ => request.json.unwrap()["name"].as_str().unwrap().to_owned(),
    };
    received.map(what).collect()
}

/// Changes the assistant as another client of the account does.
async fn elsewhere(stage: &Stage, method: Method) {
    let simulator = stage.simulator("autocalls");
    let body = if method == Method::DELETE { "" } else { r#"{"name":"elsewhere"}"# };
    let request = Request::builder()
        .method(method)
        .uri(format!("{}/user/assistant/7", simulator.base_url()))
        .header("authorization", format!("Bearer {}", simulator.token()))
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body)))
        .unwrap();
    assert_eq!(stage.send(request).await.status, 200);
}

#[tokio::test]
async fn a_caller_that_leaves_in_any_phase_passes_the_turn_on() {
    for (headers, faults, then, arrived, handed_over, expected) in [
        (ANY, &["hold@list"][..], &[][..], 1, 0, &["read", "next"][..]),
        (ANY, &["hold@update"], &[], 2, 1, &["read", "gone", "next"]),
        // In the second look, after a refusal.
        (
            ANY,
            &["hold@update*1", "status=429,retry-after=0@update*1"],
            &["hold@list"],
            3,
            0,
            &["read", "gone", "read", "next"],
        ),
        (REPRESENT, &["hold@list"], &[], 2, 0, &["gone", "read", "next"]),
    ] {
        let stage = stage("0s").await;
        stage.fail("autocalls", faults);
        let mut gone = TcpStream::connect(stage.app.api()).await.unwrap();
        gone.write_all(update("autocalls:7", headers, r#"{"name":"gone"}"#).as_bytes()).await.unwrap();
        stage.simulator("autocalls").received_at_least(arrived.min(2)).await;
        if !then.is_empty() {
            stage.fail("autocalls", then);
            stage.simulator("autocalls").received_at_least(arrived).await;
        }
        let (address, mut next) = (stage.app.api(), JoinSet::new());
        next.spawn(async move { put(address, "autocalls:7", "", r#"{"name":"next"}"#).await });
        until(&stage.app, "autocalls", |account| account.waiting == 1).await;
        assert_eq!(received(&stage), expected[..arrived], "{faults:?}: the next one waits");
        drop(gone);
        if handed_over == 1 {
            until(&stage.app, "autocalls", |account| account.handed_over == 1).await;
        } else {
            until(&stage.app, "autocalls", |account| account.waiting == 0).await;
        }
        stage.fail("autocalls", &[]);
        assert_eq!(next.join_next().await.unwrap().unwrap().status, 200);
        assert_eq!(received(&stage), expected, "{faults:?}");
        assert_eq!(snapshot(&stage.app, "autocalls").handed_over, handed_over);
        stage.stop().await;
    }
}

#[tokio::test]
async fn no_update_comes_between_the_requests_of_a_turn() {
    let stage = stage("0s").await;
    stage.fail("autocalls", &["hold@list*1"]);
    let (address, mut calls) = (stage.app.api(), JoinSet::new());
    let both = [ANY, REPRESENT].concat();
    calls.spawn(async move { put(address, "autocalls:7", &both, r#"{"name":"first"}"#).await });
    stage.simulator("autocalls").received_at_least(1).await;
    for (waiting, headers) in [(1, ""), (2, ANY), (3, "")] {
        calls.spawn(async move { put(address, "autocalls:7", headers, &format!("{{\"name\":\"{waiting}\"}}")).await });
        until(&stage.app, "autocalls", move |account| account.waiting == waiting).await;
    }
    stage.fail("autocalls", &[]);
    while let Some(reply) = calls.join_next().await {
        assert_eq!(reply.unwrap().status, 200);
    }
    assert_eq!(received(&stage), ["read", "first", "read", "1", "read", "2", "3"]);
    stage.stop().await;
}

#[tokio::test]
async fn a_deadline_that_passes_in_any_phase_says_what_is_known() {
    let half = "request-timeout: 0.5\r\n";
    for (headers, faults, status, code, outcome, expected) in [
        (ANY, &["hold@list"][..], 504, "vendor_timeout", "not_applied", &["read"][..]),
        (ANY, &["hold@update"], 504, "vendor_timeout", "unknown", &["read", "late"]),
        (REPRESENT, &["hold@list"], 200, "", "", &["late", "read"]),
    ] {
        let stage = stage("0s").await;
        stage.fail("autocalls", faults);
        let headers = [headers, half].concat();
        let reply = put(stage.app.api(), "autocalls:7", &headers, r#"{"name":"late"}"#).await;
        let body = reply.json();
        assert_eq!(reply.status, status, "{faults:?} {body:#}");
        match status {
            200 => {
                assert_eq!(
                    (&body["stored"], &body["report"]["warnings"][0]["code"]),
                    (&json!(null), &json!("not_verified"))
                );
                assert_eq!(body["attempts"], 2);
            }
            _ => assert_eq!((&body["code"], &body["outcome"]), (&json!(code), &json!(outcome)), "{faults:?} {body:#}"),
        }
        assert_eq!(received(&stage), expected, "{faults:?}");
        stage.stop().await;
    }
}

#[tokio::test]
async fn a_deadline_that_passes_before_the_turn_comes_leaves_the_vendor_alone() {
    let stage = stage("0s").await;
    stage.fail("autocalls", &["hold@update"]);
    let (address, mut first) = (stage.app.api(), JoinSet::new());
    first.spawn(async move { put(address, "autocalls:7", "", r#"{"name":"first"}"#).await });
    stage.simulator("autocalls").received_at_least(1).await;
    let headers = [ANY, "request-timeout: 0.5\r\n"].concat();
    let late = put(address, "autocalls:7", &headers, r#"{"name":"late"}"#).await.json();
    assert_eq!((&late["code"], &late["outcome"]), (&json!("vendor_timeout"), &json!("not_applied")), "{late:#}");
    stage.fail("autocalls", &[]);
    first.join_all().await;
    assert_eq!(received(&stage), ["first"]);
    stage.stop().await;
}

/// A change whose first attempt is refused with a 429, and what happens before the second look.
async fn refused(stage: &Stage, tag: &str, meanwhile: Option<Method>) -> Reply {
    stage.fail("autocalls", &["hold@update*1", "status=429,retry-after=0@update*1"]);
    let headers = [("if-match", tag)];
    let meanwhile = async {
        stage.simulator("autocalls").received_at_least(2).await;
        stage.fail("autocalls", &["hold@list"]);
        stage.simulator("autocalls").received_at_least(3).await;
        if let Some(method) = meanwhile {
            elsewhere(stage, method).await;
        }
        stage.fail("autocalls", &[]);
    };
    futures_util::future::join(change(stage, Method::PUT, &headers), meanwhile).await.0
}

#[tokio::test]
async fn after_a_refusal_the_condition_is_checked_once_more() {
    let stage = stage("0s").await;
    let first = tag(&stage).await;
    let reply = refused(&stage, &first, None).await;
    assert_eq!((reply.status.as_u16(), &reply.json()["attempts"]), (200, &json!(4)), "{reply:?}");
    assert_eq!(received(&stage), ["read", "changed", "read", "changed"]);

    let second = tag(&stage).await;
    let reply = refused(&stage, &second, Some(Method::PUT)).await;
    assert_eq!(reply.problem("precondition_failed")["attempts"], 3);
    assert_eq!(received(&stage), ["read", "changed", "read", "elsewhere"]);
    let third = tag(&stage).await;
    assert_eq!(reply.header("etag"), Some(&*third), "the present one");

    // A condition that holds in the other state too is no reason to stop.
    elsewhere(&stage, Method::PUT).await;
    stage.put("autocalls:7", r#"{"name":"fourth"}"#).await;
    stage.clear();
    assert_eq!(refused(&stage, "*", Some(Method::PUT)).await.status, 200);
    assert_eq!(received(&stage), ["read", "changed", "read", "elsewhere", "changed"]);

    stage.clear();
    let gone = refused(&stage, "*", Some(Method::DELETE)).await;
    assert_eq!(gone.problem("assistant_not_found")["outcome"], "not_applied");
    assert_eq!(received(&stage), ["read", "changed", "read", "delete"]);
    stage.stop().await;
}

#[tokio::test]
async fn a_second_look_that_fails_leaves_the_first_problem() {
    for (fault, code, outcome) in [
        ("status=429,retry-after=0@update*1", "vendor_rate_limited", "not_applied"),
        ("status=503@update*1", "vendor_error", "unknown"),
        ("reset@update*1", "vendor_error", "unknown"),
    ] {
        let stage = stage("0s").await;
        stage.fail("autocalls", &["hold@update*1", fault]);
        let fail = async {
            stage.simulator("autocalls").received_at_least(2).await;
            stage.fail("autocalls", &["truncated@list"]);
        };
        let headers = [("if-match", "*")];
        let (reply, ()) = futures_util::future::join(change(&stage, Method::PUT, &headers), fail).await;
        let problem = reply.problem(code);
        assert_eq!((&problem["outcome"], &problem["attempts"]), (&json!(outcome), &json!(3)), "{fault} {problem:#}");
        assert_eq!(received(&stage), ["read", "changed", "read"], "{fault}");
        stage.stop().await;
    }
}

#[tokio::test]
async fn attempts_are_bounded_and_all_count() {
    let stage = stage("0s").await;
    stage.fail("autocalls", &["reset@update"]);
    let problem = change(&stage, Method::PUT, &[("if-match", "*")]).await.problem("vendor_error");
    assert_eq!((&problem["outcome"], &problem["attempts"]), (&json!("unknown"), &json!(7)), "{problem:#}");
    assert_eq!(received(&stage), ["read", "changed", "read", "changed", "read", "changed", "read"]);
    stage.stop().await;
    // With every value in place it is done, although nothing shows which attempt did it.
    let stage = self::stage("0s").await;
    stage.put("autocalls:7", r#"{"name":"changed"}"#).await;
    stage.fail("autocalls", &["reset@update"]);
    let reply = change(&stage, Method::PUT, &[("if-match", "*")]).await;
    assert_eq!((reply.status.as_u16(), &reply.json()["attempts"]), (200, &json!(7)), "{reply:?}");
    stage.stop().await;
}

#[tokio::test]
async fn any_other_state_after_a_lost_response_is_unknown_and_never_a_failed_condition() {
    let stage = stage("0s").await;
    stage.fail("autocalls", &["hold@update*1", "reset@update*1"]);
    let meanwhile = async {
        stage.simulator("autocalls").received_at_least(2).await;
        stage.fail("autocalls", &["hold@list"]);
        stage.simulator("autocalls").received_at_least(3).await;
        elsewhere(&stage, Method::PUT).await;
        stage.fail("autocalls", &[]);
    };
    let tag = tag(&stage).await;
    let headers = [("if-match", tag.as_str())];
    let (reply, ()) = futures_util::future::join(change(&stage, Method::PUT, &headers), meanwhile).await;
    assert_eq!(reply.problem("vendor_error")["outcome"], "unknown");
    assert_eq!(received(&stage), ["read", "changed", "read", "elsewhere"]);
    stage.stop().await;
}

#[tokio::test]
async fn a_condition_and_a_representation_go_together() {
    let stage = stage("0s").await;
    let before = tag(&stage).await;
    let headers = [("if-match", before.as_str()), ("prefer", "return=representation")];
    let reply = change(&stage, Method::PUT, &headers).await;
    let body = reply.json();
    assert_eq!((&body["attempts"], &body["stored"]["confirmed"]), (&json!(3), &json!(["name"])), "{body:#}");
    assert_eq!(body["representation"]["fields"]["name"], "changed");
    assert_eq!(received(&stage), ["read", "changed", "read"]);
    assert_eq!(reply.header("etag"), Some(&*tag(&stage).await));
    assert_eq!(change(&stage, Method::PUT, &headers).await.code(), "precondition_failed");
    stage.stop().await;
}

#[tokio::test]
async fn a_deletion_under_a_condition_whose_response_is_lost_is_done() {
    for (fault, expected) in [
        ("lost@delete*1", &["read", "delete", "read"][..]),
        ("html@delete*1", &["read", "delete", "read"]),
        ("reset@delete*1", &["read", "delete", "read", "delete"]),
        ("status=503@delete*1", &["read", "delete", "read", "delete"]),
    ] {
        let stage = stage("0s").await;
        stage.fail("autocalls", &[fault]);
        let reply = change(&stage, Method::DELETE, &[("if-match", "*")]).await;
        assert_eq!(received(&stage), expected, "{fault}");
        if fault == "html@delete*1" {
            // It said 200 and did nothing.
            assert_eq!(reply.problem("vendor_bad_response")["outcome"], "unknown");
        } else {
            assert_eq!((reply.status.as_u16(), &reply.json()["attempts"]), (200, &json!(expected.len())), "{reply:?}");
            assert!(!stage.simulator("autocalls").assistants().contains(&7));
        }
        stage.stop().await;
    }
}

#[tokio::test]
async fn what_was_stored_is_read_once_the_vendor_can_no_longer_apply_an_earlier_attempt() {
    // Longer than the request may take: it cannot be waited for.
    let long = stage("60s").await;
    long.fail("autocalls", &["lost@update*1"]);
    let reply = change(&long, Method::PUT, &[("prefer", "return=representation")]).await;
    let body = reply.json();
    assert_eq!((reply.status.as_u16(), &body["stored"]), (200, &json!(null)), "{body:#}");
    assert_eq!(body["report"]["warnings"][0]["code"], "not_verified");
    assert_eq!(received(&long), ["changed", "changed"], "nothing is read too early");
    long.stop().await;
    let long = stage("60s").await;
    long.fail("autocalls", &["lost@update*1"]);
    let problem = change(&long, Method::PUT, &[("if-match", "*")]).await.problem("vendor_error");
    assert_eq!(
        (&problem["outcome"], received(&long)),
        (&json!("unknown"), vec!["read".to_owned(), "changed".to_owned()])
    );
    long.stop().await;

    let short = stage("200ms").await;
    for (header, expected) in [
        (("prefer", "return=representation"), &["changed", "changed", "read"][..]),
        (("if-match", "*"), &["read", "changed", "read"]),
    ] {
        short.simulator("autocalls").reset();
        short.fail("autocalls", &["lost@update*1"]);
        let reply = change(&short, Method::PUT, &[header]).await;
        assert_eq!(
            (reply.status.as_u16(), received(&short)),
            (200, expected.iter().map(|s| (*s).to_owned()).collect())
        );
    }
    short.stop().await;
}
