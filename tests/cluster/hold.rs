//! `on_dead = "hold"` where replicas share the store: what holds up a line, and what lets it go on, whichever replica is asked.

use http::Method;
use serde_json::Value;
use tokio::task::block_in_place;
use tokio::time::sleep;

use crate::cluster::{Cluster, SESSION, failing};
use crate::database::Database;
use crate::gateway::Setup;
use crate::run::alone;
use crate::support::{PATIENCE, eventually};
use crate::vendor::Answer;

const ASYNC: [(&str, &str); 1] = [("prefer", "respond-async")];

/// Two replicas that give up after two seconds and hold.
async fn holding(database: &Database) -> Cluster {
    holding_with(database, |_, setup| setup).await
}

/// The same with a change of each one's setup.
async fn holding_with(database: &Database, edit: impl Fn(usize, Setup) -> Setup) -> Cluster {
    let hold = |index, mut setup: Setup| {
        setup.queue.push_str("on_dead = \"hold\"\nmax_age = \"2s\"\n");
        let vendor = setup.vendor.replace("max_attempts = 3", "max_attempts = 1");
        edit(index, setup.vendor(&vendor))
    };
    let cluster = Cluster::with(2, &database.store(), hold).await;
    cluster.vendor.answers(|arrival| if arrival.number() == 1 { Answer::down() } else { Answer::Ok });
    cluster
}

impl Cluster {
    /// Admits a change by a replica; its record's id.
    async fn later(&self, replica: usize, id: u64, number: u64) -> String {
        let reply = self.put(replica, id, &ASYNC, number).await.unwrap();
        assert_eq!(reply.status, 202, "{reply:?}");
        reply.json()["update"].as_str().unwrap().to_owned()
    }

    async fn record(&self, update: &str) -> Value {
        self.ask(0, Method::GET, &format!("/v1/updates/{update}"), &[]).await.json()
    }

    async fn becomes(&self, update: &str, state: &str) {
        eventually(PATIENCE, async || (self.record(update).await["state"] == state).then_some(())).await;
    }

    /// A change that is dead and holds up its line, which the first replica owns.
    async fn dead(&self, id: u64) -> String {
        let update = self.later(0, id, 1).await;
        self.becomes(&update, "dead").await;
        update
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_by_any_replica_takes_the_place_of_the_dead_one() {
    let _alone = alone().await;
    let Some(database) = Database::start().await else { return };
    let cluster = holding(&database).await;
    for (id, replica) in [(7, 0), (8, 1)] {
        let dead = cluster.dead(id).await;
        let (own, other) = (cluster.later(0, id, 2).await, cluster.later(1, id, 3).await);
        sleep(SESSION / 5).await; // what would overtake takes far less
        assert!(!cluster.vendor.numbers(id).contains(&2), "it waits behind the dead one");
        cluster.vendor.answers(|_| Answer::Ok);
        let replay = cluster.ask(replica, Method::POST, &format!("/v1/updates/{dead}/replay"), &[]).await;
        assert_eq!(replay.status, 202, "{replay:?}");
        for update in [replay.json()["update"].as_str().unwrap(), &own, &other] {
            cluster.becomes(update, "applied").await;
        }
        assert_eq!(cluster.vendor.applied(id), [1, 2, 3], "by replica {replica}");
        cluster.vendor.answers(|arrival| if arrival.number() == 1 { Answer::down() } else { Answer::Ok });
    }
    assert_eq!(database.miscounted().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_whose_caller_leaves_takes_the_place_of_the_dead_one_once() {
    let _alone = alone().await;
    let Some(database) = Database::start().await else { return };
    let stops = |index, setup| if index == 0 { failing(setup, "before_replay:stop") } else { setup };
    let cluster = holding_with(&database, stops).await;
    let (dead, replica) = (cluster.dead(7).await, &cluster.replicas[0]);
    let behind = cluster.later(0, 7, 2).await;
    cluster.vendor.answers(|_| Answer::Ok);
    let replay = format!("/v1/updates/{dead}/replay");
    tokio::select! {
        reply = cluster.ask(0, Method::POST, &replay, &[]) => panic!("{reply:?}"),
        () = eventually(PATIENCE, async || replica.is_still().await.then_some(())) => {}
    }
    block_in_place(|| database.servers[0].freeze());
    replica.go_on().await;
    sleep(SESSION / 3).await; // until it sees that the caller has left
    block_in_place(|| database.servers[0].thaw());
    let of_dead = |record: &&Value| record["replay_of"] == *dead;
    let again = eventually(PATIENCE, async || {
        let page = cluster.ask(1, Method::GET, "/v1/updates", &[]).await.json();
        page["data"]
            .as_array()
            .unwrap()
            .iter()
            .find(of_dead)
            .map(|record| record["update"].as_str().unwrap().to_owned())
    });
    for update in [again.await, behind] {
        cluster.becomes(&update, "applied").await;
    }
    assert_eq!(cluster.vendor.applied(7), [1, 2]);
    assert_eq!(database.miscounted().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_one_that_another_replica_discards_lets_its_line_go_on() {
    let _alone = alone().await;
    let Some(database) = Database::start().await else { return };
    let cluster = holding(&database).await;
    let dead = cluster.dead(7).await;
    let next = cluster.later(0, 7, 2).await;
    let canceled = cluster.ask(1, Method::DELETE, &format!("/v1/updates/{dead}"), &[]).await;
    assert_eq!((canceled.status.as_u16(), &canceled.json()["state"]), (200, &"canceled".into()), "{canceled:?}");
    cluster.becomes(&next, "applied").await;
    assert_eq!(database.miscounted().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_replica_admits_behind_a_dead_one_expires_in_its_time() {
    let _alone = alone().await;
    let Some(database) = Database::start().await else { return };
    let cluster = holding(&database).await;
    cluster.dead(7).await;
    let behind = cluster.later(1, 7, 2).await;
    cluster.becomes(&behind, "dead").await;
    assert_eq!(database.miscounted().await, Vec::<String>::new());
}
