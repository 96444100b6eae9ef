//! A dead change is sent again, unless that would overwrite what came later.

use http::Method;
use serde_json::json;

use crate::gateway::{Gateway, Setup, name};
use crate::support::Reply;
use crate::vendor::{Answer, Gate, Vendor};

/// A gateway with a dead change of two fields, and a newer one of one of them that was applied.
async fn overtaken(vendor: &Vendor) -> (Gateway, String, String) {
    vendor.answers(|_| Answer::unauthenticated());
    let gateway = Gateway::start(&Setup::new(vendor).queue("max_age = \"1s\"")).await;
    let dead = gateway.later(1, r#"{"name":"n1","system_prompt":"old"}"#).await;
    assert_eq!(gateway.end_state(&dead).await, "dead");
    vendor.answers(|_| Answer::Ok);
    let newer = gateway.later(1, &name(2)).await;
    assert_eq!(gateway.end_state(&newer).await, "applied");
    (gateway, dead, newer)
}

async fn replay(gateway: &Gateway, dead: &str, query: &str) -> Reply {
    gateway.call(Method::POST, &format!("/v1/updates/{dead}/replay{query}"), &[], "").await
}

#[tokio::test]
async fn a_replay_never_overwrites_what_came_later_unless_it_is_told_to() {
    for (query, body) in [
        ("?fields=remaining", json!({ "system_prompt": "old" })),
        ("?force=true", json!({ "assistant_name": "n1", "system_prompt": "old" })),
    ] {
        let vendor = Vendor::start().await;
        let (mut gateway, dead, newer) = overtaken(&vendor).await;
        for restarts in [false, true] {
            if restarts {
                gateway = gateway.restarted(&Setup::new(&vendor)).await;
            }
            let refused = replay(&gateway, &dead, "").await.problem("superseded");
            assert_eq!((&refused["superseded_by"], &refused["errors"][0]["field"]), (&json!([newer]), &"name".into()));
        }
        let replayed = replay(&gateway, &dead, query).await;
        assert_eq!(replayed.status, 202, "{replayed:?}");
        let record = gateway.end(replayed.json()["update"].as_str().unwrap()).await;
        assert_eq!((&record["state"], &record["replay_of"]), (&"applied".into(), &dead.clone().into()), "{record:#}");
        assert_eq!(vendor.arrivals().pop().unwrap().body, body);
        for again in ["", query] {
            assert_eq!(replay(&gateway, &dead, again).await.code(), "already_started");
        }
        gateway.stopped().await;
    }
}

#[tokio::test]
async fn a_replay_that_dies_can_be_replayed_and_one_that_is_nothing_but_overtaken_cannot() {
    let vendor = Vendor::start().await;
    vendor.answers(|_| Answer::unauthenticated());
    let setup = Setup::new(&vendor).queue("max_age = \"1s\"");
    let gateway = Gateway::start(&setup).await;
    let dead = gateway.later(1, &name(1)).await;
    assert_eq!(gateway.end_state(&dead).await, "dead");
    let second = replay(&gateway, &dead, "").await.json()["update"].as_str().unwrap().to_owned();
    assert_eq!(gateway.end_state(&second).await, "dead");
    vendor.answers(|_| Answer::Ok);
    let third = replay(&gateway, &dead, "").await;
    assert_eq!(third.status, 202, "{third:?}");
    assert_eq!(gateway.end_state(third.json()["update"].as_str().unwrap()).await, "applied");
    assert_eq!(replay(&gateway, &second, "?fields=remaining").await.code(), "superseded");
    gateway.stopped().await;
}

#[tokio::test]
async fn a_replay_does_not_overwrite_what_was_on_its_way_when_it_was_asked_for() {
    let vendor = Vendor::start().await;
    vendor.answers(|_| Answer::unauthenticated());
    let gateway = Gateway::start(&Setup::new(&vendor).queue("max_age = \"1s\"")).await;
    let dead = gateway.later(1, &name(1)).await;
    assert_eq!(gateway.end_state(&dead).await, "dead");
    let (gate, before) = (Gate::new(), vendor.arrivals().len());
    let held = gate.clone();
    vendor.answers(move |_| Answer::Ok.after(&held));
    let newer = async {
        let reply = gateway.put(1, &[], &name(2)).await;
        assert_eq!(reply.status, 200, "{reply:?}");
    };
    let later = async {
        vendor.arrived(before + 1).await; // nothing of it is recorded yet
        let replayed = replay(&gateway, &dead, "").await;
        gate.open();
        assert_eq!(replayed.status, 202, "{replayed:?}");
        replayed.json()["update"].as_str().unwrap().to_owned()
    };
    let ((), replayed) = futures_util::future::join(newer, later).await;
    let record = gateway.end(&replayed).await;
    assert_eq!((&record["state"], &record["problem"]["code"]), (&"refused".into(), &"superseded".into()), "{record:#}");
    assert_eq!(vendor.arrivals().len(), before + 1, "it was never sent");
    gateway.stopped().await;
}
