//! Callers that leave: before their update is sent it goes with them, after that it is finished.

use http::Request;
use http_body_util::Full;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::scene::{put, snapshot, until, update};
use crate::support::Stage;

fn body(name: &str) -> String {
    format!(r#"{{"name":"{name}"}}"#)
}

async fn caller(stage: &Stage, name: &str) -> TcpStream {
    let mut caller = TcpStream::connect(stage.app.api()).await.unwrap();
    caller.write_all(update("autocalls:7", "", &body(name)).as_bytes()).await.unwrap();
    caller
}

/// The names that the vendor received, each with the status of its answer.
fn names(stage: &Stage) -> Vec<(String, Option<u16>)> {
    let name = |json: Option<serde_json::Value>| json.unwrap()["name"].as_str().unwrap().to_owned();
    stage.updates("autocalls").into_iter().map(|update| (name(update.json), update.status)).collect()
}

#[tokio::test]
async fn an_update_that_was_sent_is_finished_and_keeps_its_turn() {
    let stage = Stage::new().await;
    stage.fail("autocalls", &["hold"]);
    let gone = caller(&stage, "first").await;
    stage.simulator("autocalls").received_at_least(1).await;
    drop(gone);
    until(&stage.app, "autocalls", |account| account.handed_over == 1).await;
    let (address, mut second) = (stage.app.api(), JoinSet::new());
    second.spawn(async move { put(address, "autocalls:7", "", &body("second")).await });
    until(&stage.app, "autocalls", |account| account.waiting == 1).await;
    assert_eq!(stage.updates("autocalls").len(), 1);
    stage.fail("autocalls", &[]);
    assert_eq!(second.join_next().await.unwrap().unwrap().status, 200);
    assert_eq!(names(&stage), [("first".to_owned(), Some(200)), ("second".to_owned(), Some(200))]);
    stage.stop().await;
}

#[tokio::test]
async fn an_update_that_was_sent_is_retried_too() {
    let stage = Stage::new().await;
    stage.fail("autocalls", &["hold*1", "status=503*1"]);
    let gone = caller(&stage, "n").await;
    stage.simulator("autocalls").received_at_least(1).await;
    drop(gone);
    until(&stage.app, "autocalls", |account| account.handed_over == 1).await;
    stage.fail("autocalls", &["status=503*1"]);
    stage.simulator("autocalls").received_at_least(2).await;
    until(&stage.app, "autocalls", |account| account.in_flight == 0).await;
    stage.stop().await;
}

#[tokio::test]
async fn over_http2_a_reset_stream_is_a_caller_that_left() {
    let stage = Stage::new().await;
    stage.fail("autocalls", &["hold"]);
    let io = TokioIo::new(TcpStream::connect(stage.app.api()).await.unwrap());
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
    let mut running = JoinSet::new();
    running.spawn(async move { drop(connection.await) });
    let request = Request::put(stage.url("/v1/assistants/autocalls:7"))
        .header("content-type", "application/json")
        .body(Full::<bytes::Bytes>::from(body("n")))
        .unwrap();
    let answer = sender.send_request(request);
    let mut asking = JoinSet::new();
    asking.spawn(answer);
    stage.simulator("autocalls").received_at_least(1).await;
    asking.abort_all();
    until(&stage.app, "autocalls", |account| account.handed_over == 1).await;
    stage.fail("autocalls", &[]);
    until(&stage.app, "autocalls", |account| account.in_flight == 0).await;
    assert_eq!(names(&stage), [("n".to_owned(), Some(200))]);
    stage.stop().await;
}

#[tokio::test]
async fn a_waiter_whose_caller_hangs_up_leaves_without_a_trace() {
    let stage = Stage::new().await;
    stage.fail("autocalls", &["hold"]);
    let (address, mut first) = (stage.app.api(), JoinSet::new());
    first.spawn(async move { put(address, "autocalls:7", "", &body("first")).await });
    stage.simulator("autocalls").received_at_least(1).await;
    let gone = caller(&stage, "gone").await;
    until(&stage.app, "autocalls", |account| account.waiting == 1).await;
    drop(gone);
    until(&stage.app, "autocalls", |account| account.waiting == 0).await;
    stage.fail("autocalls", &[]);
    assert_eq!(first.join_next().await.unwrap().unwrap().status, 200);
    assert_eq!(names(&stage), [("first".to_owned(), Some(200))]);
    assert_eq!(snapshot(&stage.app, "autocalls").handed_over, 0);
    stage.stop().await;
}

#[tokio::test]
async fn the_end_of_the_gateway_waits_for_updates_without_callers() {
    let stage = Stage::new().await;
    stage.fail("autocalls", &["hold"]);
    let gone = caller(&stage, "n").await;
    stage.simulator("autocalls").received_at_least(1).await;
    drop(gone);
    until(&stage.app, "autocalls", |account| account.handed_over == 1).await;
    let Stage { app, simulators, .. } = stage;
    let release = async {
        app.shutdown().soft().cancelled().await;
        simulators.iter().for_each(|simulator| simulator.set_faults(Vec::new()));
    };
    let shutdown = app.shutdown().clone();
    let soft = async { shutdown.soft().cancel() };
    tokio::join!(release, soft);
    app.stop().await;
    let received = simulators.iter().find(|simulator| simulator.vendor() == "autocalls").unwrap().received();
    assert_eq!(received[0].status, Some(200));
}
