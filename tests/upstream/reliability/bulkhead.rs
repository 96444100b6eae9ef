//! One slow vendor never takes capacity from the others.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::scene::{put, snapshot, until, update};
use crate::support::Stage;

const BODY: &str = r#"{"name":"n"}"#;

/// A stage with `server` in the server's table and `slow` in the table of the vendor that is slow.
async fn stage(server: &str, slow: &str) -> Stage {
    let stage = Stage::edited("", |text| {
        let text = text.replacen("[server]\n", &format!("[server]\n{server}\n"), 1);
        text.replacen("[vendors.sondos]\n", &format!("[vendors.sondos]\n{slow}\n"), 1)
    })
    .await;
    stage.fail("sondos", &["hold"]);
    stage
}

/// Sends updates to the slow vendor's different assistants and returns those that were refused at once, while the
/// others hang.
async fn flood(stage: &Stage, count: usize, hanging: usize) -> (JoinSet<()>, usize) {
    let (refused, mut refusals) = tokio::sync::mpsc::unbounded_channel();
    let mut flood = JoinSet::new();
    for id in 1..=count {
        let (address, refused) = (stage.app.api(), refused.clone());
        flood.spawn(async move {
            let reply = put(address, &format!("sondos:{id}"), "", BODY).await;
            if reply.status != 200 {
                assert_eq!((reply.status, reply.json()["code"].as_str()), (503, Some("overloaded")));
                assert!(reply.header("retry-after").is_some() && reply.json()["outcome"] == "not_applied");
                refused.send(()).unwrap();
            }
        });
    }
    for _ in 0..count - hanging {
        refusals.recv().await.unwrap();
    }
    (flood, count - hanging)
}

async fn others_are_served(stage: &Stage) {
    for vendor in ["autocalls", "famulor", "gloriagent", "intellixent"] {
        for id in 1..=20 {
            let reply = put(stage.app.api(), &format!("{vendor}:{id}"), "", BODY).await;
            assert_eq!(reply.status, 200, "{vendor}: {reply:?}");
        }
    }
}

#[tokio::test]
async fn a_slow_vendor_fills_its_own_slots_and_queue_and_the_rest_is_refused_at_once() {
    let stage = stage("max_in_flight = 100", "max_in_flight = 4\nmax_waiting = 6").await;
    let (mut flood, _) = flood(&stage, 60, 10).await;
    let slow = snapshot(&stage.app, "sondos");
    assert_eq!((slow.in_flight, slow.waiting), (4, 6));
    others_are_served(&stage).await;
    stage.fail("sondos", &[]);
    while flood.join_next().await.transpose().unwrap().is_some() {}
    let slow = snapshot(&stage.app, "sondos");
    assert_eq!((slow.in_flight, slow.waiting, stage.updates("sondos").len()), (0, 0, 10));
    stage.stop().await;
}

#[tokio::test]
async fn a_slow_vendor_with_room_for_more_than_the_whole_gateway_leaves_places_for_the_others() {
    let stage = stage("max_in_flight = 30", "max_in_flight = 1000\nmax_waiting = 1000").await;
    let (mut flood, refused) = flood(&stage, 60, 21).await;
    assert_eq!(refused, 39, "two thirds of the places, and the one that crosses the line");
    others_are_served(&stage).await;
    stage.fail("sondos", &[]);
    while flood.join_next().await.transpose().unwrap().is_some() {}
    stage.stop().await;
}

#[tokio::test]
async fn a_vendor_whose_catalogs_hang_is_bounded_too() {
    let stage = stage("max_in_flight = 30", "").await;
    stage.fail("sondos", &["hold@get"]);
    let mut flood = JoinSet::new();
    for id in 1..=60 {
        let address = stage.app.api();
        flood.spawn(async move { put(address, &format!("sondos:{id}"), "", r#"{"language_id":1}"#).await.status });
    }
    for _ in 0..39 {
        assert_eq!(flood.join_next().await.unwrap().unwrap(), 503);
    }
    others_are_served(&stage).await;
    stage.fail("sondos", &[]);
    while flood.join_next().await.transpose().unwrap().is_some() {}
    until(&stage.app, "sondos", |slow| slow.in_flight == 0 && slow.waiting == 0).await;
    stage.stop().await;
}

/// Sends updates of different assistants and hangs up once the vendor has them.
async fn sent_and_left(stage: &Stage, vendor: &str, count: usize) {
    let before = snapshot(&stage.app, vendor).handed_over;
    let received = stage.simulator(vendor).received().len();
    for id in 1..=count {
        let mut caller = TcpStream::connect(stage.app.api()).await.unwrap();
        caller.write_all(update(&format!("{vendor}:{id}"), "", BODY).as_bytes()).await.unwrap();
        stage.simulator(vendor).received_at_least(received + id).await;
    }
    until(&stage.app, vendor, |account| account.handed_over == before + count as u64).await;
}

async fn in_flight(stage: &Stage) -> u64 {
    stage.admin(http::Method::GET, "/admin/status").await.json()["in_flight"].as_u64().unwrap()
}

#[tokio::test]
async fn updates_whose_callers_have_gone_keep_their_places_until_they_are_over() {
    let stage = stage("max_in_flight = 9", "").await;
    sent_and_left(&stage, "sondos", 6).await;
    assert_eq!(in_flight(&stage).await, 6);
    let mut last = TcpStream::connect(stage.app.api()).await.unwrap();
    last.write_all(update("sondos:7", "", BODY).as_bytes()).await.unwrap();
    stage.simulator("sondos").received_at_least(7).await;
    let refused = put(stage.app.api(), "sondos:8", "", BODY).await;
    assert_eq!((refused.status, refused.json()["code"].as_str()), (503, Some("overloaded")), "its share is taken");
    others_are_served(&stage).await;
    stage.fail("autocalls", &["hold"]);
    sent_and_left(&stage, "autocalls", 2).await;
    let refused = put(stage.app.api(), "famulor:1", "", BODY).await;
    assert_eq!((refused.status, refused.json()["code"].as_str()), (503, Some("overloaded")), "all places are taken");
    for vendor in ["sondos", "autocalls"] {
        stage.fail(vendor, &[]);
    }
    drop(last);
    for vendor in ["sondos", "autocalls"] {
        until(&stage.app, vendor, |account| account.in_flight == 0).await;
    }
    others_are_served(&stage).await;
    while in_flight(&stage).await > 0 {}
    stage.stop().await;
}
