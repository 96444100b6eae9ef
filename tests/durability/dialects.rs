//! An account that another configuration gives another dialect: nothing is sent with the names of the one before.

use http::Method;
use serde_json::Value;

use crate::gateway::{Gateway, Setup, name, path};
use crate::vendor::{Answer, Vendor};

/// The same account of another dialect.
fn of_dialect(dialect: &str, setup: &Setup) -> Setup {
    let accounts = format!(
        "[vendors.sondos]\ndialect = \"{dialect}\"\nbase_url = \"{}\"\ntoken = {{ env = \"TOKEN\" }}\n{}",
        setup.base, setup.vendor
    );
    Setup { accounts, ..setup.clone() }
}

fn is_of_its_dialect(record: &Value) -> bool {
    record["problem"]["detail"].as_str().is_some_and(|detail| detail.contains("was translated to the dialect"))
}

#[tokio::test]
async fn what_waits_is_not_sent_to_an_account_with_another_dialect_and_goes_on_when_its_own_is_back() {
    let vendor = Vendor::start().await;
    vendor.answers(|_| Answer::down());
    let setup = Setup::new(&vendor);
    let mut gateway = Gateway::start(&setup).await;
    let updates = [gateway.later(1, &name(1)).await, gateway.later(1, &name(2)).await];
    vendor.arrived(1).await;
    let other = of_dialect("autocalls", &setup);
    gateway.reload(&other).await;
    let warning = gateway.process.logged("has another dialect now").await;
    assert!(warning.contains("\"WARN\"") && warning.contains("sondos") && warning.contains("autocalls"), "{warning}");
    let is_explained = |record: &Value| {
        let detail = record["problem"]["detail"].as_str().unwrap_or_default();
        detail.contains("dialect `sondos`") && detail.contains("dialect `autocalls` now")
    };
    gateway.until(&updates[0], is_explained).await;
    vendor.answers(|_| Answer::Ok);
    // Neither the reload nor a restart sends it with names that the vendor does not know.
    for restarts in [false, true] {
        if restarts {
            gateway = gateway.restarted(&other).await;
        }
        let record = gateway.until(&updates[0], is_explained).await;
        assert_eq!(record["problem"]["code"], "vendor_account_problem", "{record:#}");
        assert_eq!(gateway.record(&updates[1]).await["state"], "queued");
        assert!(vendor.applied(1).is_empty(), "restarts: {restarts}");
    }
    gateway.reload(&setup).await;
    for update in &updates {
        let state = gateway.end_state(update).await;
        assert!(state == "applied" || state == "superseded", "{state}");
    }
    assert!(vendor.applied(1).is_sorted() && vendor.applied(1).last() == Some(&2));
    gateway.stopped().await;
}

#[tokio::test]
async fn what_waits_for_its_dialect_is_given_up_when_its_time_is_over_and_says_why() {
    let vendor = Vendor::start().await;
    vendor.answers(|_| Answer::down());
    let setup = Setup::new(&vendor).queue("max_age = \"2s\"");
    let gateway = Gateway::start(&setup).await;
    let update = gateway.later(1, &name(1)).await;
    vendor.arrived(1).await;
    gateway.reload(&of_dialect("famulor", &setup)).await;
    let record = gateway.end(&update).await;
    assert_eq!((&record["state"], &record["problem"]["code"]), (&"dead".into(), &"vendor_account_problem".into()));
    gateway.stopped().await;
}

#[tokio::test]
async fn what_waits_for_its_dialect_behind_a_change_that_it_was_sent_with_ends_with_its_time_too() {
    let vendor = Vendor::start().await;
    vendor.answers(|_| Answer::down());
    let setup = Setup::new(&vendor).queue("max_age = \"8s\"");
    let gateway = Gateway::start(&setup).await;
    let updates = [gateway.later(1, &name(1)).await, gateway.later(1, r#"{"system_prompt":"mine"}"#).await];
    vendor.answers(|_| Answer::Lost);
    let is_doubted = |record: &Value| record["problem"]["outcome"] == "unknown";
    gateway.until(&updates[1], is_doubted).await;
    gateway.reload(&of_dialect("autocalls", &setup)).await;
    gateway.until(&updates[0], is_of_its_dialect).await;
    vendor.answers(|_| Answer::Ok);
    for update in &updates {
        let record = gateway.end(update).await;
        let outcome = &record["problem"]["outcome"];
        assert_eq!((&record["state"], outcome), (&"dead".into(), &"unknown".into()), "{record:#}");
    }
    assert_eq!(gateway.put(1, &[], &name(3)).await.status, 200, "the line is free");
    assert_eq!(vendor.all_applied().len(), 1, "nothing of the other dialect was applied");
    gateway.stopped().await;
}

#[tokio::test]
async fn what_waits_for_its_dialect_is_sent_at_once_by_a_process_that_starts_with_it() {
    let vendor = Vendor::start().await;
    vendor.answers(|_| Answer::down());
    let setup = Setup { queue: "backoff = \"10ms\"\nmax_backoff = \"1h\"\n".to_owned(), ..Setup::new(&vendor) };
    let mut gateway = Gateway::start(&setup).await;
    let update = gateway.later(1, &name(1)).await;
    vendor.arrived(1).await;
    gateway.reload(&of_dialect("autocalls", &setup)).await;
    gateway.until(&update, is_of_its_dialect).await;
    vendor.answers(|_| Answer::Ok);
    gateway = gateway.restarted(&setup).await;
    assert_eq!(gateway.end_state(&update).await, "applied");
    gateway.stopped().await;
}

#[tokio::test]
async fn a_dead_deletion_is_sent_again_as_its_account_deletes_now() {
    let vendor = Vendor::start().await;
    vendor.answers(|_| Answer::down());
    let setup = Setup::new(&vendor).queue("max_age = \"1s\"");
    let gateway = Gateway::start(&setup).await;
    let reply = gateway.call(Method::DELETE, &path(1), &[("prefer", "respond-async")], "").await;
    let dead = reply.json()["update"].as_str().unwrap().to_owned();
    assert_eq!(gateway.end_state(&dead).await, "dead");
    gateway.reload(&of_dialect("vapi", &setup)).await;
    vendor.answers(|_| Answer::Ok);
    let replay = gateway.call(Method::POST, &format!("/v1/updates/{dead}/replay"), &[], "").await;
    assert_eq!(replay.status, 202, "{replay:?}");
    gateway.end(replay.json()["update"].as_str().unwrap()).await;
    let paths: Vec<_> = vendor.arrivals().into_iter().map(|arrival| arrival.path).collect();
    assert!(paths[0].ends_with("/user/assistant/1") && paths.last().unwrap().ends_with("/assistant/1"), "{paths:?}");
    assert!(!paths.last().unwrap().contains("/user/"), "{paths:?}");
    gateway.stopped().await;
}
