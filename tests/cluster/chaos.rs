//! Every fault for itself, and all of them at random.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use strum::VariantArray;
use tokio::time::sleep;

use crate::cluster::{Cluster, SESSION};
use crate::database::Database;
use crate::faults::{Hurt, Outage};
use crate::gateway::Setup;
use crate::ledger::Kind;
use crate::load::Plan;
use crate::run::{alone, holds, holds_on, run};

/// Lets these happen one after the other, each to another replica than the one before.
pub(crate) async fn in_turn(cluster: &Cluster, hurts: &[Hurt]) {
    for (index, hurt) in hurts.iter().enumerate() {
        sleep(SESSION / 3).await; // the load works meanwhile
        hurt.happens(cluster, index % cluster.replicas.len()).await;
    }
    sleep(SESSION).await; // the load goes on without faults
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_are_killed_lose_and_reorder_nothing() {
    holds(async |cluster, _| in_turn(cluster, &[Hurt::Kill; 4]).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_are_frozen_lose_and_reorder_nothing() {
    holds(async |cluster, _| in_turn(cluster, &[Hurt::Freeze; 4]).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_are_cut_from_the_store_lose_and_reorder_nothing() {
    use Hurt::{StoreHalfOpen, StoreNoAnswers, StoreNoRequests, StorePaused, StoreRefused, StoreReset, StoreSlow};
    let all = [StorePaused, StoreNoRequests, StoreNoAnswers, StoreHalfOpen, StoreRefused, StoreReset, StoreSlow];
    holds(async |cluster, _| in_turn(cluster, &all).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_are_cut_from_the_vendor_lose_and_reorder_nothing() {
    use Hurt::{
        VendorHalfOpen, VendorNoAnswers, VendorNoRequests, VendorPaused, VendorRefused, VendorReset, VendorSlow,
    };
    let all = [VendorPaused, VendorNoRequests, VendorNoAnswers, VendorHalfOpen, VendorRefused, VendorReset, VendorSlow];
    holds(async |cluster, _| in_turn(cluster, &all).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_replicas_that_are_cut_at_once_lose_and_reorder_nothing() {
    let outages = [Outage::AllPaused, Outage::AllNoAnswers, Outage::AllReset];
    holds(async |cluster, database| in_turn_for_all(cluster, database, &outages).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_ends_connections_loses_and_reorders_nothing() {
    let outages = [Outage::DatabaseConnections; 4];
    holds(async |cluster, database| in_turn_for_all(cluster, database, &outages).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_restarts_at_once_loses_and_reorders_nothing() {
    let outages = [Outage::DatabaseRestart; 3];
    holds(async |cluster, database| in_turn_for_all(cluster, database, &outages).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_freezes_loses_and_reorders_nothing() {
    let outages = [Outage::DatabaseFrozen; 2];
    holds(async |cluster, database| in_turn_for_all(cluster, database, &outages).await).await;
}

async fn in_turn_for_all(cluster: &Cluster, database: &Database, outages: &[Outage]) {
    for outage in outages {
        sleep(SESSION).await; // the load works meanwhile
        outage.happens(cluster, database).await;
    }
    sleep(SESSION).await; // the load goes on without faults
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_takes_over_loses_and_reorders_nothing() {
    let _alone = alone().await;
    let Some(database) = Database::with_standby().await else { return };
    holds_on(&database, async |cluster, database| {
        sleep(SESSION * 2).await; // the load works meanwhile
        let at = Instant::now();
        database.fail_over().await;
        cluster.fault("failover", at, None);
        sleep(SESSION * 3).await; // the load goes on with the other server
    })
    .await;
}

/// `CHAOS` says for how many seconds; `just chaos` does it for long.
#[tokio::test(flavor = "multi_thread")]
async fn chaos_loses_and_reorders_nothing() {
    let seconds = std::env::var_os("CHAOS").and_then(|text| text.to_str()?.parse().ok()).unwrap_or(40);
    let end = Instant::now() + Duration::from_secs(seconds);
    holds(async |cluster, database| {
        let hurt = Mutex::new(vec![false; cluster.replicas.len()]);
        let one = || async {
            while Instant::now() < end {
                let replica = take(&hurt);
                let kind = Hurt::VARIANTS[fastrand::usize(..Hurt::VARIANTS.len())];
                kind.happens(cluster, replica).await;
                hurt.lock().unwrap_or_else(PoisonError::into_inner)[replica] = false;
                sleep(SESSION.mul_f64(fastrand::f64())).await; // the pace of the faults
            }
        };
        let all = async {
            while Instant::now() < end {
                sleep(SESSION.mul_f64(2.0 + fastrand::f64() * 4.0)).await; // the pace of the faults
                let kind = Outage::VARIANTS[fastrand::usize(..Outage::VARIANTS.len())];
                kind.happens(cluster, database).await;
            }
        };
        futures_util::future::join3(one(), one(), all).await;
    })
    .await;
}

/// A replica to which nothing else happens; there are more than there are takers.
fn take(hurt: &Mutex<Vec<bool>>) -> usize {
    let mut hurt = hurt.lock().unwrap_or_else(PoisonError::into_inner);
    let free: Vec<usize> = (0..hurt.len()).filter(|replica| !hurt[*replica]).collect();
    let replica = free[fastrand::usize(..free.len())];
    hurt[replica] = true;
    replica
}

/// A deploy: each replica drains and is replaced, in turn.
#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_fails_no_request() {
    let _alone = alone().await;
    let Some(database) = Database::start().await else { return };
    // A balancer takes a moment to hear of a drain.
    let edit = |_, mut setup: Setup| {
        setup.more = setup.more.replace("[server]\n", "[server]\ndrain_delay = \"300ms\"\n");
        setup
    };
    let cluster = Cluster::with(3, &database.store(), edit).await;
    cluster.vendor_is_slow(0);
    let outcome = run(&cluster, &Plan::mixed(), async || in_turn(&cluster, &[Hurt::Drain; 6]).await).await;
    println!("{}", outcome.summary);
    outcome.is_good();
    let answers = cluster.ledger.answers();
    let is_good = |answer: &str| {
        let is_in_time = !answer.contains("vendor_timeout"); // of those that asked for a short deadline
        answer.starts_with('2') || answer.starts_with("422 ") || answer.starts_with("409 ") || !is_in_time
    };
    let failed: Vec<_> = answers.keys().filter(|answer| !is_good(answer)).collect();
    assert!(failed.is_empty(), "{failed:?}\n{}", outcome.summary);
}

/// How long assistants stand still when their replica is killed or drained, with a vendor that takes no time.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_takeover_and_a_drain_take() {
    let _alone = alone().await;
    let Some(database) = Database::start().await else { return };
    let cluster = Cluster::start(3, &database.store(), "").await;
    let plan =
        Plan { callers: 2, rest: 5..30, kinds: &[Kind::Plain, Kind::Plain, Kind::Asynchronous], ..Plan::mixed() };
    let hurts = [Hurt::Kill, Hurt::Drain, Hurt::Drain, Hurt::Kill, Hurt::Drain];
    let outcome = run(&cluster, &plan, async || in_turn(&cluster, &hurts).await).await;
    println!("{}", outcome.summary);
    outcome.is_good();
}
