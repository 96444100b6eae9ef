//! That these tests notice a gateway that sends although its session is over.

use std::time::Instant;

use tokio::time::sleep;

use crate::cluster::{Cluster, SESSION, failing};
use crate::database::Database;
use crate::gateway::Setup;
use crate::load::{Load, Plan};
use crate::oracle::complaints;
use crate::proxy::Way;
use crate::run::alone;

/// How many times the worst happens at most, until the oracle finds something.
const ROUNDS: usize = 12;
/// How many times nothing may be found.
const QUIET_ROUNDS: usize = 4;

/// Attempts fail often and are repeated long after, while their replica is frozen or cut from the store: complaints of the
/// order, as soon as there are some.
async fn worst(database: &Database, rounds: usize, fail: &str) -> Vec<String> {
    let edit = |_, setup: Setup| {
        let vendor = setup.vendor.replace("{ max_attempts = 3, backoff = \"300ms\" }", RETRY);
        failing(setup.vendor(&vendor), fail)
    };
    let cluster = Cluster::with(3, &database.store(), edit).await;
    cluster.vendor_is_slow(40);
    let load = Load::start(&Plan { callers: 4, rest: 1..30, ..Plan::mixed() }, &cluster.addresses, &cluster.ledger);
    for round in 0..rounds {
        sleep(SESSION / 2).await; // the load works meanwhile
        let (at, replica) = (Instant::now(), &cluster.replicas[round % 3]);
        if round % 2 == 0 {
            replica.to_store.iter().for_each(|proxy| proxy.set(Way::Paused));
            sleep(SESSION * 3).await; // how long the fault lasts
            replica.to_store.iter().for_each(|proxy| proxy.set(Way::Open));
        } else {
            replica.freeze().await;
            sleep(SESSION * 3).await; // how long the fault lasts
            replica.go_on().await;
        }
        cluster.fault("worst", at, Some(replica.index));
        let wrong = reordered(&cluster);
        if !wrong.is_empty() {
            return wrong;
        }
    }
    load.finish().await;
    reordered(&cluster)
}

/// Whether the vendor has seen changes in another order than callers know; what is known so far is enough for that.
fn reordered(cluster: &Cluster) -> Vec<String> {
    let evidence = cluster.seen_so_far();
    complaints(&evidence).into_iter().filter(|wrong| wrong.starts_with("order")).collect()
}

const RETRY: &str = "{ max_attempts = 6, backoff = \"1s\", max_backoff = \"4s\" }";

#[tokio::test(flavor = "multi_thread")]
async fn without_its_fence_the_oracle_complains() {
    let _alone = alone().await;
    let Some(database) = Database::start().await else { return };
    let wrong = worst(&database, ROUNDS, "unfenced").await;
    assert!(!wrong.is_empty(), "{ROUNDS} rounds without a fence, and the oracle has found nothing");
    println!("{} complaints without a fence, such as: {}", wrong.len(), wrong[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_its_fence_the_same_reorders_nothing() {
    let _alone = alone().await;
    let Some(database) = Database::start().await else { return };
    let wrong = worst(&database, QUIET_ROUNDS, "").await;
    assert!(wrong.is_empty(), "{wrong:#?}");
}
