//! Replicas that are configured differently, as while a new configuration reaches one after another: nothing is sent with another
//! dialect's names, whichever replica delivers it.

use http::Method;
use serde_json::Value;

use crate::cluster::Cluster;
use crate::database::Database;
use crate::gateway::Setup;
use crate::run::alone;
use crate::support::{PATIENCE, eventually};
use crate::vendor::Answer;

/// The second replica has another dialect for the account than the first.
fn other_dialect(index: usize, mut setup: Setup) -> Setup {
    if index == 1 {
        setup.accounts = format!(
            "[vendors.sondos]\ndialect = \"autocalls\"\nbase_url = \"{}\"\ntoken = {{ env = \"TOKEN\" }}\n{}",
            setup.base, setup.vendor
        );
    }
    setup
}

async fn records(cluster: &Cluster, id: u64) -> Vec<Value> {
    let list = cluster.ask(0, Method::GET, &format!("/v1/updates?assistant=sondos:{id}"), &[]).await.json();
    list["data"].as_array().cloned().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_with_another_dialect_does_not_send_what_was_translated_to_its_own() {
    let _alone = alone().await;
    let Some(database) = Database::start().await else { return };
    let cluster = Cluster::with(2, &database.store(), other_dialect).await;
    cluster.vendor.answers(|_| Answer::down());
    let later = [("prefer", "respond-async")];
    // The first replica owns both lines, and changes that the second has translated wait behind its own.
    for id in [7, 8] {
        assert_eq!(cluster.put(0, id, &later, 1).await.unwrap().status, 202);
    }
    let waits = cluster.put(1, 8, &[("request-timeout", "15")], 2);
    let goes_on = async {
        assert_eq!(cluster.put(1, 7, &later, 2).await.unwrap().status, 202);
        eventually(PATIENCE, async || (records(&cluster, 8).await.len() == 2).then_some(())).await;
        cluster.vendor.answers(|_| Answer::Ok);
    };
    let (reply, ()) = futures_util::future::join(waits, goes_on).await;
    let reply = reply.unwrap();
    assert_eq!((reply.status.as_u16(), &*reply.code()), (502, "vendor_account_problem"), "{reply:?}");
    assert_eq!(reply.json()["outcome"], "not_applied");
    let newest = eventually(PATIENCE, async || {
        let newest = records(&cluster, 7).await.into_iter().next()?;
        (newest["problem"]["code"] == "vendor_account_problem").then_some(newest)
    })
    .await;
    // It is looked at again and again, in these tests very soon.
    assert!(newest["state"] == "queued" || newest["state"] == "sending", "{newest:#}");
    for id in [7, 8] {
        assert_eq!(cluster.vendor.applied(id), [1], "only what the first replica has translated");
    }
    assert_eq!(database.miscounted().await, Vec::<String>::new());
}
