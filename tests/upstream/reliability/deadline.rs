//! `Request-Timeout` and `server.request_timeout` over everything that takes time.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::scene::{gateway, put, until, update};
use super::vendor::{Act, End, Vendor};
use crate::support::Stage;
use crate::support::raw::parse;

const BODY: &str = r#"{"name":"n"}"#;
const SHORT: &str = "request-timeout: 0.2\r\n";

#[tokio::test]
async fn a_body_that_does_not_come_in_time_is_the_callers() {
    let stage = Stage::new().await;
    let mut caller = TcpStream::connect(stage.app.api()).await.unwrap();
    let request = update("autocalls:7", SHORT, BODY);
    caller.write_all(&request.as_bytes()[..request.len() - 4]).await.unwrap();
    let mut answer = Vec::new();
    caller.read_to_end(&mut answer).await.unwrap();
    let reply = parse(&answer, false).unwrap();
    assert_eq!((reply.status, reply.json()["outcome"].as_str()), (408, Some("not_applied")));
    stage.assert_nothing_sent();
    stage.stop().await;
}

#[tokio::test]
async fn a_catalog_that_somebody_else_waits_for_longer_does_not_keep_a_hurried_caller() {
    let stage = Stage::new().await;
    stage.fail("sondos", &["hold@get"]);
    let mut patient = JoinSet::new();
    let address = stage.app.api();
    patient.spawn(async move { put(address, "sondos:1", "", r#"{"language_id":1}"#).await });
    stage.simulator("sondos").received_at_least(1).await;
    let reply = put(address, "sondos:2", SHORT, r#"{"language_id":1}"#).await;
    assert_eq!((reply.status, reply.json()["code"].as_str()), (504, Some("vendor_timeout")));
    assert_eq!(reply.json()["outcome"], "not_applied");
    stage.fail("sondos", &[]);
    patient.join_next().await.unwrap().unwrap();
    assert!(stage.updates("sondos").iter().all(|update| !update.path.ends_with("/2")));
    stage.stop().await;
}

#[tokio::test]
async fn a_turn_that_does_not_come_in_time_leaves_the_update_unsent() {
    let stage = Stage::new().await;
    stage.fail("autocalls", &["hold"]);
    let address = stage.app.api();
    let mut first = JoinSet::new();
    first.spawn(async move { put(address, "autocalls:7", "", BODY).await });
    stage.simulator("autocalls").received_at_least(1).await;
    let reply = put(address, "autocalls:7", SHORT, BODY).await;
    let body = reply.json();
    assert_eq!(
        (reply.status, body["code"].as_str(), body["outcome"].as_str()),
        (504, Some("vendor_timeout"), Some("not_applied"))
    );
    assert!(body["attempts"].is_null(), "{body:#}");
    until(&stage.app, "autocalls", |account| account.waiting == 0).await;
    stage.fail("autocalls", &[]);
    assert_eq!(first.join_next().await.unwrap().unwrap().status, 200);
    assert_eq!(stage.updates("autocalls").len(), 1);
    stage.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_servers_own_limit_holds_over_attempts_and_waits() {
    let wait = Act::Response("HTTP/1.1 503 X\r\ncontent-length: 0\r\nretry-after: 3\r\n\r\n".to_owned());
    let vendor = Vendor::playing(vec![wait, Act::Then(String::new(), End::Hang)]).await;
    let app = gateway(&vendor.base_url, "request_timeout = \"5s\"", "").await;
    let began = tokio::time::Instant::now();
    let reply = put(app.api(), "autocalls:7", "request-timeout: 60\r\n", BODY).await;
    let body = reply.json();
    assert_eq!((reply.status, body["outcome"].as_str(), body["attempts"].as_u64()), (504, Some("unknown"), Some(2)));
    assert_eq!(began.elapsed().as_secs(), 5);
    app.stop().await;
}
