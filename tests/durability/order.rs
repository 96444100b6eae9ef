//! The order of one assistant's changes, through failures, reloads, restarts and drains.

use http::Method;
use serde_json::Value;

use crate::gateway::{Gateway, Setup, name};
use crate::support::{PATIENCE, eventually};
use crate::vendor::{Answer, Gate, Vendor};

/// Changes that wait are tried again at once.
const SHORT: &[(&str, &str)] = &[("request-timeout", "1")];

async fn all_applied(gateway: &Gateway, updates: &[String]) {
    for update in updates {
        let record = gateway.end(update).await;
        assert!(record["state"] == "applied" || record["state"] == "superseded", "{record:#}");
    }
}

#[tokio::test]
async fn failures_of_every_kind_hold_the_order() {
    let vendor = Vendor::start().await;
    vendor.answers(|arrival| match arrival.nth % 7 {
        1 => Answer::down(),
        2 => Answer::Lost,
        3 => Answer::AppliedAndLost,
        4 => Answer::Status(500, Value::Null),
        5 => Answer::Status(401, Value::Null),
        _ => Answer::Ok,
    });
    let gateway = Gateway::start(&Setup::new(&vendor).queue("coalesce = false")).await;
    let mut updates = Vec::new();
    for number in 1..=6 {
        updates.push(gateway.later(1, &name(number)).await);
    }
    for update in &updates {
        assert_eq!(gateway.end_state(update).await, "applied");
    }
    let (arrived, applied) = (vendor.numbers(1), vendor.applied(1));
    assert!(arrived.is_sorted() && applied.is_sorted() && arrived.len() > 12, "{arrived:?} {applied:?}");
    gateway.stopped().await;
}

#[tokio::test]
async fn what_waits_goes_to_the_address_with_the_token_that_the_account_has_then() {
    let (down, up) = (Vendor::start().await, Vendor::start().await);
    down.answers(|_| Answer::down());
    let mut setup = Setup::new(&down);
    let gateway = Gateway::start(&setup).await;
    let mut updates = vec![gateway.later(1, &name(1)).await, gateway.later(1, &name(2)).await];
    down.arrived(1).await;
    setup.accounts =
        format!("[vendors.sondos]\nbase_url = \"{}\"\ntoken = {{ env = \"OTHER_TOKEN\" }}\n{}", up.base, setup.vendor);
    gateway.reload(&setup).await;
    let reply = gateway.put(1, &[], &name(3)).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    updates.push(gateway.later(1, &name(4)).await);
    all_applied(&gateway, &updates).await;
    let arrivals = up.arrivals();
    assert!(arrivals.iter().all(|arrival| arrival.token == "Bearer 2|other"), "{arrivals:?}");
    let applied = up.applied(1);
    assert!(applied.is_sorted() && applied.ends_with(&[3, 4]) && applied.contains(&2), "{applied:?}");
    assert!(down.applied(1).is_empty());
    gateway.stopped().await;
}

#[tokio::test]
async fn what_waits_in_an_order_goes_before_what_comes_in_the_order_that_follows_it() {
    for restarts in [false, true] {
        let (vendor, gate) = (Vendor::start().await, Gate::new());
        let first = gate.clone();
        vendor.answers(move |arrival| match (arrival.nth, arrival.number()) {
            (1, _) => Answer::down(),
            (_, 1) => Answer::Ok.after(&first),
            _ => Answer::Ok,
        });
        let mut setup = Setup::new(&vendor);
        let mut gateway = Gateway::start(&setup).await;
        let update = gateway.later(1, &name(1)).await;
        vendor.arrived(2).await;
        // An account with the same address and token, whose name comes before: both have one order, named after it.
        let account = |name: &str| {
            format!(
                "[vendors.{name}]\ndialect = \"sondos\"\nbase_url = \"{}\"\ntoken = {{ env = \"TOKEN\" }}\n{}",
                vendor.base, setup.vendor
            )
        };
        setup.accounts = account("acme") + &account("sondos");
        let mut count = 2;
        if restarts {
            gateway = gateway.restarted(&setup).await;
            count += 1;
            vendor.arrived(count).await;
        } else {
            gateway.reload(&setup).await;
        }
        let reply = gateway.call(Method::PUT, "/v1/assistants/acme:1", SHORT, &name(2)).await;
        assert_eq!((reply.status.as_u16(), &*reply.code()), (504, "vendor_timeout"), "restarts: {restarts}");
        assert_eq!(vendor.arrivals().len(), count, "restarts: {restarts}");
        gate.open();
        let reply = gateway.put(1, &[], &name(3)).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!(gateway.end_state(&update).await, "applied");
        let applied = vendor.applied(1);
        assert!(applied.is_sorted() && applied.last() == Some(&3), "{applied:?}");
        gateway.stopped().await;
    }
}

#[tokio::test]
async fn what_waits_for_an_account_that_is_gone_goes_on_when_it_is_back() {
    let (vendor, other) = (Vendor::start().await, Vendor::start().await);
    vendor.answers(|_| Answer::down());
    let setup = Setup::new(&vendor);
    let gateway = Gateway::start(&setup).await;
    let updates = [gateway.later(1, &name(1)).await, gateway.later(1, &name(2)).await];
    vendor.arrived(1).await;
    let mut without = setup.clone();
    without.accounts = format!(
        "[vendors.other]\ndialect = \"sondos\"\nbase_url = \"{}\"\ntoken = {{ env = \"TOKEN\" }}\n",
        other.base
    );
    gateway.reload(&without).await;
    // An attempt from before the reload has ended.
    for update in &updates {
        gateway.until(update, |record| record["state"] == "queued").await;
    }
    vendor.answers(|_| Answer::Ok);
    let gateway = gateway.restarted(&without).await;
    for (update, position) in updates.iter().zip(1..) {
        let record = gateway.record(update).await;
        // What was being sent when the process was killed is still in that state.
        assert!(record["state"] == "queued" || record["state"] == "sending", "{record:#}");
        assert_eq!(record["position"], Value::from(position), "{record:#}");
    }
    assert!(vendor.applied(1).is_empty());
    gateway.reload(&setup).await;
    all_applied(&gateway, &updates).await;
    assert!(vendor.applied(1).is_sorted() && vendor.applied(1).last() == Some(&2));
    gateway.stopped().await;
}

#[tokio::test]
async fn a_synchronous_update_waits_behind_older_ones_within_its_deadline() {
    let (vendor, gate) = (Vendor::start().await, Gate::new());
    let first = gate.clone();
    vendor.answers(move |_| Answer::Ok.after(&first));
    let gateway = Gateway::start(&Setup::new(&vendor)).await;
    let older = gateway.later(1, &name(1)).await;
    vendor.arrived(1).await;
    for headers in [&[("request-timeout", "0.3")][..], &[("request-timeout", "0.3"), ("idempotency-key", "a")]] {
        let reply = gateway.put(1, headers, &name(2)).await;
        assert_eq!((reply.status.as_u16(), &*reply.code()), (504, "vendor_timeout"), "{reply:?}");
        assert_eq!(reply.json()["outcome"], "not_applied");
    }
    let third = name(3);
    let waits = gateway.put(1, &[], &third);
    let opens = async {
        waiting(&gateway, 1).await;
        gate.open();
    };
    let (reply, ()) = futures_util::future::join(waits, opens).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(gateway.end_state(&older).await, "applied");
    assert_eq!(vendor.numbers(1), [1, 3]);
    // Its key is free, because nothing was applied.
    let reply = gateway.put(1, &[("request-timeout", "0.3"), ("idempotency-key", "a")], &name(2)).await;
    assert_eq!((reply.status.as_u16(), reply.header("idempotency-replayed")), (200, None), "{reply:?}");
    gateway.stopped().await;
}

/// Waits until so many requests wait in the gateway.
async fn waiting(gateway: &Gateway, count: u64) {
    eventually(PATIENCE, async || {
        let status = gateway.admin(Method::GET, "/admin/status").await.json();
        (status["in_flight"].as_u64()? >= count).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_synchronous_update_behind_older_ones_fails_at_once_while_the_vendor_is_known_to_be_down() {
    let vendor = Vendor::start().await;
    vendor.answers(|_| Answer::Lost);
    let setup = Setup::new(&vendor).vendor(
        "retry = { max_attempts = 1 }\nsettle_after_unknown = \"0s\"\nbreaker = { min_requests = 2, open_for = \"1h\" }\n",
    );
    let gateway = Gateway::start(&setup).await;
    let update = gateway.later(1, &name(1)).await;
    eventually(PATIENCE, async || {
        let reply = gateway.put(2, &[], &name(1)).await;
        (reply.code() == "vendor_circuit_open").then_some(())
    })
    .await;
    let arrived = vendor.arrivals().len();
    for headers in [&[][..], &[("idempotency-key", "a")]] {
        let reply = gateway.put(1, headers, &name(2)).await;
        assert_eq!((reply.status.as_u16(), &*reply.code()), (503, "vendor_circuit_open"), "{reply:?}");
        assert_eq!(reply.json()["outcome"], "not_applied");
    }
    assert_eq!(gateway.record(&update).await["state"], "queued");
    let last = gateway.later(1, &name(3)).await;
    assert_eq!(gateway.record(&last).await["position"], 2);
    assert_eq!(vendor.arrivals().len(), arrived);
    gateway.stopped().await;
}

#[tokio::test]
async fn one_in_the_middle_can_be_canceled_and_one_that_is_sent_cannot() {
    let (vendor, gate) = (Vendor::start().await, Gate::new());
    let first = gate.clone();
    vendor.answers(move |_| Answer::Ok.after(&first));
    let gateway = Gateway::start(&Setup::new(&vendor)).await;
    let mut updates = Vec::new();
    for number in 1..=3 {
        updates.push(gateway.later(1, &name(number)).await);
    }
    vendor.arrived(1).await;
    let cancel = async |update: &str| gateway.call(Method::DELETE, &format!("/v1/updates/{update}"), &[], "").await;
    let canceled = cancel(&updates[1]).await;
    assert_eq!((canceled.status.as_u16(), &canceled.json()["state"]), (200, &"canceled".into()));
    for update in &updates[..2] {
        let refused = cancel(update).await;
        assert_eq!((refused.status.as_u16(), &*refused.code()), (409, "already_started"), "{refused:?}");
    }
    gate.open();
    assert_eq!(gateway.end_state(&updates[2]).await, "applied");
    assert_eq!(vendor.applied(1), [1, 3]);
    gateway.restarted(&Setup::new(&vendor)).await.stopped().await;
    assert_eq!(vendor.applied(1), [1, 3]);
}

/// A gateway that holds lines behind their dead, and one dead change with others behind it, which live for long.
async fn held(vendor: &Vendor, behind: u64) -> (Gateway, Setup, Vec<String>) {
    vendor.answers(|_| Answer::down());
    let setup = Setup::new(vendor).queue("on_dead = \"hold\"");
    let gateway = Gateway::start(&setup.clone().queue("max_age = \"1s\"")).await;
    let mut updates = vec![gateway.later(1, &name(1)).await];
    gateway.reload(&setup).await;
    for number in 2..2 + behind {
        updates.push(gateway.later(1, &name(number)).await);
    }
    assert_eq!(gateway.end_state(&updates[0]).await, "dead");
    vendor.answers(|_| Answer::Ok);
    (gateway, setup, updates)
}

#[tokio::test]
async fn a_line_that_is_held_goes_on_with_the_replay_in_the_old_place() {
    for restarts in [false, true] {
        let vendor = Vendor::start().await;
        let (mut gateway, setup, updates) = held(&vendor, 2).await;
        if restarts {
            gateway = gateway.restarted(&setup).await;
        }
        let record = gateway.record(&updates[1]).await;
        assert_eq!((&record["state"], &record["position"]), (&"queued".into(), &2.into()), "{record:#}");
        let replayed = gateway.call(Method::POST, &format!("/v1/updates/{}/replay", updates[0]), &[], "").await;
        assert_eq!(replayed.status, 202, "{replayed:?}");
        assert_eq!(replayed.json()["replay_of"], *updates[0]);
        assert_eq!(gateway.end_state(replayed.json()["update"].as_str().unwrap()).await, "applied");
        all_applied(&gateway, &updates[1..]).await;
        let applied = vendor.applied(1);
        assert!(applied.is_sorted() && applied.first() == Some(&1) && applied.last() == Some(&3), "{applied:?}");
        gateway.stopped().await;
    }
}

#[tokio::test]
async fn a_line_that_is_held_goes_on_without_what_is_discarded() {
    let vendor = Vendor::start().await;
    let (gateway, setup, updates) = held(&vendor, 2).await;
    let canceled = gateway.call(Method::DELETE, &format!("/v1/updates/{}", updates[0]), &[], "").await;
    assert_eq!((canceled.status.as_u16(), &canceled.json()["state"]), (200, &"canceled".into()), "{canceled:?}");
    all_applied(&gateway, &updates[1..]).await;
    assert!(!vendor.applied(1).contains(&1));
    let gateway = gateway.restarted(&setup).await;
    assert_eq!(gateway.record(&updates[0]).await["state"], "canceled");
    gateway.stopped().await;
}

#[tokio::test]
async fn those_behind_one_that_holds_its_line_expire_however_many_they_are() {
    let vendor = Vendor::start().await;
    vendor.answers(|_| Answer::down());
    let gateway = Gateway::start(&Setup::new(&vendor).queue("on_dead = \"hold\"\nmax_age = \"1s\"")).await;
    let mut updates = Vec::new();
    for number in 1..=130 {
        updates.push(gateway.later(1, &name(number)).await);
    }
    for update in &updates {
        assert_eq!(gateway.end_state(update).await, "dead");
    }
    gateway.stopped().await;
}

#[tokio::test]
async fn the_time_to_settle_after_an_unknown_outcome_outlives_the_process() {
    let (vendor, gate) = (Vendor::start().await, Gate::new());
    let late = gate.clone();
    vendor.answers(move |arrival| match arrival.number() {
        1 => Answer::AppliedLate(late.clone()),
        _ => Answer::Ok,
    });
    let setup = Setup::new(&vendor).vendor("retry = { max_attempts = 1 }\nsettle_after_unknown = \"5s\"\n");
    let gateway = Gateway::start(&setup).await;
    let reply = gateway.put(1, &[("idempotency-key", "a")], &name(1)).await;
    assert_eq!(reply.json()["outcome"], "unknown", "{reply:?}");
    let gateway = gateway.restarted(&setup).await;
    let reply = gateway.put(1, &[("request-timeout", "0.2")], &name(2)).await;
    assert_eq!((reply.status.as_u16(), &*reply.code()), (504, "vendor_timeout"), "{reply:?}");
    assert_eq!(vendor.arrivals().len(), 1);
    let later = gateway.later(1, &name(3)).await;
    gate.open();
    assert_eq!(gateway.end_state(&later).await, "applied");
    assert_eq!(vendor.applied(1), [1, 3]);
    gateway.stopped().await;
}

#[tokio::test]
async fn a_drain_waits_for_no_caller_who_asks_again_behind_what_waits() {
    let vendor = Vendor::start().await;
    vendor.answers(|arrival| if arrival.number() == 1 { Answer::AppliedAndLost } else { Answer::down() });
    let gateway = Gateway::start(&Setup::new(&vendor)).await;
    let (first, key) = (name(1), [("idempotency-key", "a")]);
    let reply = gateway.put(1, &key, &first).await;
    assert_eq!(reply.json()["outcome"], "unknown", "{reply:?}");
    gateway.later(1, &name(2)).await;
    vendor.arrived(2).await;
    let again = gateway.put(1, &key, &first);
    let drains = async {
        waiting(&gateway, 1).await;
        gateway.process.signal("TERM");
    };
    let (reply, ()) = futures_util::future::join(again, drains).await;
    assert!(gateway.process.ended().await.success());
    assert_eq!((&*reply.code(), &reply.json()["outcome"]), ("overloaded", &"not_applied".into()), "{reply:?}");
}

#[tokio::test]
async fn a_drain_lets_no_caller_overtake_what_waits() {
    for headers in [&[][..], &[("idempotency-key", "a")], &[("prefer", "return=representation")]] {
        let vendor = Vendor::start().await;
        vendor.answers(|arrival| if arrival.number() == 1 { Answer::down() } else { Answer::Ok });
        let setup = Setup::new(&vendor);
        let gateway = Gateway::start(&setup).await;
        let update = gateway.later(1, &name(1)).await;
        vendor.arrived(1).await;
        let second = name(2);
        let waits = gateway.try_call(Method::PUT, "/v1/assistants/sondos:1", headers, &second);
        let drains = async {
            waiting(&gateway, 1).await;
            gateway.process.signal("TERM");
        };
        let (reply, ()) = futures_util::future::join(waits, drains).await;
        assert!(gateway.process.ended().await.success());
        let reply = reply.unwrap();
        assert_eq!(reply.json()["outcome"], "not_applied", "{headers:?} {reply:?}");
        assert!(!vendor.numbers(1).contains(&2), "{headers:?}");
        vendor.answers(|_| Answer::Ok);
        let gateway = Gateway::start_in(gateway.home, &setup, "").await;
        assert_eq!(gateway.end_state(&update).await, "applied");
        assert_eq!(vendor.applied(1), [1]);
        gateway.stopped().await;
    }
}

/// The names of one are looked up while the other arrives.
#[tokio::test]
async fn one_that_waits_for_a_catalog_holds_up_no_line_for_ever() {
    let (vendor, gate) = (Vendor::start().await, Gate::new());
    let held = gate.clone();
    vendor.answers(move |arrival| if arrival.method == "GET" { Answer::Ok.after(&held) } else { Answer::Ok });
    let gateway = Gateway::start(&Setup::new(&vendor)).await;
    let named = gateway.later(1, r#"{"name":"n1","voice":"Voice 41"}"#);
    let other = async {
        vendor.arrived(1).await;
        let update = gateway.later(1, &name(2)).await;
        gate.open();
        update
    };
    let (named, other) = futures_util::future::join(named, other).await;
    all_applied(&gateway, &[named, other]).await;
    assert_eq!(vendor.applied(1).len(), 2);
    gateway.stopped().await;
}
