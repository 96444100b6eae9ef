//! Replicas that die or freeze at a point of the way of a change; others take up what they have left.

use std::time::Instant;

use switchboard::store::failpoint::Point;
use tokio::time::{sleep, timeout};

use crate::cluster::{Cluster, SESSION, failing};
use crate::database::Database;
use crate::load::Plan;
use crate::run::{alone, run};
use crate::support::{PATIENCE, eventually};

/// The way of a change.
const WAY: [Point; 6] = [
    Point::BeforeAdmit,
    Point::AfterAdmit,
    Point::BeforeStart,
    Point::BeforeSend,
    Point::BeforeFinish,
    Point::AfterFinish,
];
/// How long a replica may take to come to its point.
const TO_REACH: std::time::Duration = PATIENCE;

/// Each replica has a point of its own, at which it dies or freezes; a frozen one goes on when the others have taken it for
/// dead.
async fn each_at_its_point(points: [Point; 3], action: &'static str) {
    let Some(database) = Database::start().await else { return };
    let edit = |index: usize, setup| {
        let point: &str = points[index].into();
        failing(setup, &format!("{point}:{action}:{}", fastrand::usize(1..12)))
    };
    let cluster = Cluster::with(3, &database.store(), edit).await;
    cluster.vendor_is_slow(4);
    let outcome = run(&cluster, &Plan::mixed(), async || {
        let ends = cluster.replicas.iter().map(|replica| ends_at_its_point(&cluster, replica.index, action));
        futures_util::future::join_all(ends).await;
        sleep(SESSION).await; // the load goes on without faults
    })
    .await;
    println!("{points:?} {action}: {}", outcome.summary);
    outcome.is_good();
}

async fn ends_at_its_point(cluster: &Cluster, index: usize, action: &'static str) {
    let replica = &cluster.replicas[index];
    let reached = eventually(TO_REACH, async || replica.is_still().await.then_some(()));
    reached.await;
    let at = Instant::now();
    if action == "kill" {
        replica.kill().await;
        cluster.fault("killed_at_point", at, Some(index));
        cluster.starts(index).await;
    } else {
        sleep(SESSION * 2).await; // the others take it for dead meanwhile
        replica.go_on().await;
        cluster.fault("frozen_at_point", at, Some(index));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_die_at_a_point_of_the_way_lose_and_reorder_nothing() {
    let _alone = alone().await;
    for points in WAY.chunks_exact(3) {
        each_at_its_point(points.try_into().unwrap(), "kill").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_freeze_at_a_point_of_the_way_send_nothing_later() {
    let _alone = alone().await;
    for points in WAY.chunks_exact(3) {
        each_at_its_point(points.try_into().unwrap(), "stop").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_take_over_may_die_themselves() {
    let _alone = alone().await;
    for point in [Point::InTakeover, Point::InAdoption] {
        let Some(database) = Database::start().await else { return };
        let text: &str = point.into();
        // Those that start may take over too.
        let home = tempfile::tempdir().unwrap();
        let all_run = home.path().join("all-run");
        let edit = |index: usize, setup| match index {
            2 => setup,
            _ => failing(setup, &format!("{text}:kill:1:{}", all_run.display())),
        };
        let cluster = Cluster::with(3, &database.store(), edit).await;
        cluster.vendor_is_slow(4);
        let plan = Plan::mixed();
        let outcome = run(&cluster, &plan, async || {
            sleep(SESSION / 2).await; // the load works meanwhile
            std::fs::write(&all_run, "").unwrap();
            let at = Instant::now();
            cluster.replicas[2].kill().await;
            cluster.fault("kill", at, Some(2));
            for replica in &cluster.replicas[..2] {
                eventually(TO_REACH, async || replica.is_still().await.then_some(())).await;
                replica.kill().await;
                cluster.fault("killed_at_point", at, Some(replica.index));
            }
            cluster.heal().await;
            sleep(SESSION).await; // the load goes on without faults
        });
        let outcome = timeout(PATIENCE * 4, outcome).await.unwrap();
        println!("{text}: {}", outcome.summary);
        outcome.is_good();
    }
}
