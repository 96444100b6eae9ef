//! A store that does some things and others not, and one that is away where the operator lets updates go on.

use std::collections::BTreeSet;

use http::Method;
use tokio::time::sleep;

use crate::cluster::{Cluster, SESSION};
use crate::database::Database;
use crate::gateway::Setup;
use crate::proxy::Way;
use crate::run::alone;
use crate::support::{PATIENCE, eventually};
use crate::vendor::Answer;

const ASYNC: [(&str, &str); 1] = [("prefer", "respond-async")];

/// Nobody may change a line while others may read it: what a dead replica owned cannot be adopted, and beats go on.
#[tokio::test(flavor = "multi_thread")]
async fn a_takeover_that_takes_long_costs_nobody_the_session() {
    let _alone = alone().await;
    let Some(database) = Database::start().await else { return };
    let cluster = Cluster::start(3, &database.store(), "").await;
    cluster.vendor.answers(|_| Answer::down());
    for id in 1..=20 {
        let reply = cluster.put(0, id, &ASYNC, id).await.unwrap();
        assert_eq!(reply.status, 202, "{reply:?}");
    }
    let held = async {
        let sql = "begin; lock table line in share mode; select pg_sleep(6); commit";
        database.servers[0].query(&database.name, sql).await
    };
    let meanwhile = async {
        let is_locked =
            "select mode from pg_locks where relation = 'line'::regclass and mode = 'ShareLock' and granted";
        eventually(PATIENCE, async || {
            Some(database.servers[0].query(&database.name, is_locked).await).filter(|rows| !rows.is_empty())
        })
        .await;
        cluster.replicas[0].kill().await;
        sleep(SESSION * 4).await; // how long the takeover is held up
        for replica in &cluster.replicas[1..] {
            let view = replica.view().await;
            assert_eq!((&view["sessions_lost"], &view["fresh"]), (&0.into(), &true.into()), "{view}");
        }
    };
    tokio::join!(held, meanwhile);
    cluster.vendor.answers(|_| Answer::Ok);
    eventually(PATIENCE, async || {
        let applied: BTreeSet<u64> = cluster.vendor.all_applied().iter().map(|one| one.id).collect();
        (applied.len() == 20).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn updates_go_on_in_an_order_of_their_own_while_the_store_is_away_if_the_operator_wants_that() {
    let _alone = alone().await;
    let Some(database) = Database::start().await else { return };
    let local = |_, mut setup: Setup| {
        setup.table = setup.table.replace("timeout = \"1s\"\n", "timeout = \"1s\"\non_outage = \"local\"\n");
        setup
    };
    let cluster = Cluster::with(1, &database.store(), local).await;
    cluster.vendor.answers(|_| Answer::Ok);
    let reply = cluster.put(0, 7, &[], 1).await.unwrap();
    assert_eq!((reply.status.as_u16(), reply.headers.get("switchboard-order")), (200, None));
    // The store takes a change and does not say so.
    let to_store = &cluster.replicas[0].to_store;
    to_store.iter().for_each(|proxy| proxy.set(Way::NoAnswers));
    let reply = cluster.put(0, 7, &[], 2).await.unwrap();
    assert_eq!((reply.status.as_u16(), &reply.json()["outcome"]), (503, &"unknown".into()), "{reply:?}");
    for proxy in to_store {
        proxy.set(Way::Refused);
        proxy.reset();
    }
    // What may wait in the store holds up nothing.
    let reply = eventually(PATIENCE, async || {
        Some(cluster.put(0, 7, &[], 2).await.unwrap()).filter(|reply| reply.status == 200)
    })
    .await;
    assert_eq!(reply.headers["switchboard-order"], "local", "{reply:?}");
    for headers in [&ASYNC[..], &[("idempotency-key", "k")]] {
        let reply = cluster.put(0, 7, headers, 3).await.unwrap();
        assert_eq!((reply.status.as_u16(), &reply.json()["code"]), (503, &"store_unavailable".into()), "{headers:?}");
    }
    let deletion = cluster.ask(0, Method::DELETE, "/v1/assistants/sondos:8", &[]).await;
    assert_eq!((deletion.status.as_u16(), &deletion.headers["switchboard-order"]), (200, &"local".parse().unwrap()));
    cluster.heal().await;
    eventually(PATIENCE, async || {
        let reply = cluster.put(0, 7, &[("idempotency-key", "l")], 4).await.unwrap();
        (reply.status == 200 && !reply.headers.contains_key("switchboard-order")).then_some(())
    })
    .await;
    let sent: Vec<u64> =
        cluster.vendor.arrivals().iter().filter(|one| one.id == 7).map(crate::vendor::Arrival::number).collect();
    assert_eq!((sent.first(), sent.last(), sent.contains(&3)), (Some(&1), Some(&4), false), "{sent:?}");
}
