//! Changes that went to the vendor in one request without an answer: the older one never has the last word.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::sleep;

use crate::cluster::Cluster;
use crate::database::Database;
use crate::gateway::{Setup, name};
use crate::run::alone;
use crate::support::{PATIENCE, Reply, eventually};
use crate::vendor::{Answer, Gate};

const ASSISTANT: u64 = 7;
/// How long the caller of the newer one waits.
const TIME: &str = "1";

/// One replica, and an older change without a deadline that waits for a vendor which is down.
async fn with_older(database: &Database) -> Cluster {
    let once = |_, setup: Setup| {
        let vendor = setup.vendor.replace("max_attempts = 3", "max_attempts = 1");
        setup.vendor(&vendor)
    };
    let cluster = Cluster::with(1, &database.store(), once).await;
    cluster.vendor.answers(|_| Answer::down());
    let older = cluster.put(0, ASSISTANT, &[("prefer", "respond-async")], 1).await.unwrap();
    assert_eq!(older.status, 202, "{older:?}");
    eventually(PATIENCE, async || (cluster.vendor.numbers(ASSISTANT).len() > 1).then_some(())).await;
    cluster
}

/// The newer change, whose caller waits for a short while.
async fn newer(cluster: &Cluster) -> Result<Reply, String> {
    cluster.put(0, ASSISTANT, &[("request-timeout", TIME)], 2).await
}

/// The states of the records of both, once both have ended.
async fn ends(cluster: &Cluster) -> Vec<String> {
    let path = format!("/v1/updates?assistant=sondos:{ASSISTANT}");
    eventually(PATIENCE, async || {
        let page = cluster.ask(0, http::Method::GET, &path, &[]).await.json();
        let records = page["data"].as_array()?.iter();
        let states: Vec<_> = records.map(|record| record["state"].as_str().unwrap().to_owned()).collect();
        (!states.iter().any(|state| state == "queued" || state == "sending")).then_some(states)
    })
    .await
}

/// That the newer one is what the vendor has, and that nothing older came after it.
fn has_the_last_word(cluster: &Cluster) {
    let numbers = cluster.vendor.numbers(ASSISTANT);
    let first = numbers.iter().position(|number| *number == 2).unwrap();
    assert!(numbers[first..].iter().all(|number| *number == 2), "{numbers:?}");
    let expected = name(2).replace("name", "assistant_name");
    assert_eq!(serde_json::to_value(&cluster.vendor.state()[&ASSISTANT]).unwrap().to_string(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_stops_waiting_for_the_newer_one_does_not_let_the_older_one_go_alone() {
    let _alone = alone().await;
    let Some(database) = Database::start().await else { return };
    let cluster = with_older(&database).await;
    let (is_applied, works) = (AtomicBool::new(false), Arc::new(AtomicBool::new(false)));
    let is_up = Arc::clone(&works);
    cluster.vendor.answers(move |arrival| match arrival.number() {
        _ if is_up.load(Ordering::Relaxed) => Answer::Ok,
        2 if !is_applied.swap(true, Ordering::Relaxed) => Answer::AppliedAndLost,
        _ => Answer::down(),
    });
    let reply = newer(&cluster).await.unwrap();
    assert_eq!((reply.status.as_u16(), &reply.json()["outcome"]), (504, &"unknown".into()), "{reply:?}");
    sleep(Duration::from_millis(200)).await; // attempts after the time of the newer one
    works.store(true, Ordering::Relaxed);
    assert_eq!(ends(&cluster).await, ["applied", "superseded"]);
    has_the_last_word(&cluster);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_until_the_time_of_the_newer_one_is_over_does_not_let_the_older_one_go_alone() {
    let _alone = alone().await;
    let Some(database) = Database::start().await else { return };
    let cluster = with_older(&database).await;
    let never = Gate::new();
    cluster.vendor.answers(move |arrival| match arrival.number() {
        2 => Answer::AppliedAndLost.after(&never),
        _ => Answer::down(),
    });
    let killed = async {
        eventually(PATIENCE, async || cluster.vendor.numbers(ASSISTANT).contains(&2).then_some(())).await;
        cluster.replicas[0].kill().await;
        sleep(Duration::from_secs(1)).await; // the time of the newer one
    };
    let (reply, ()) = tokio::join!(newer(&cluster), killed);
    assert!(reply.is_err(), "{reply:?}");
    cluster.vendor.answers(|_| Answer::Ok);
    cluster.starts(0).await;
    assert_eq!(ends(&cluster).await, ["applied", "superseded"]);
    has_the_last_word(&cluster);
}
