//! One slow vendor never takes capacity from the others.

use tokio::task::JoinSet;

use super::scene::{put, snapshot, until};
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
