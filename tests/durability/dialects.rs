//! An account that another configuration gives another dialect: nothing is sent with the names of the one before.

use serde_json::Value;

use crate::gateway::{Gateway, Setup, name};
use crate::vendor::{Answer, Vendor};

#[tokio::test]
async fn what_waits_is_not_sent_to_an_account_with_another_dialect_and_goes_on_when_its_own_is_back() {
    let vendor = Vendor::start().await;
    vendor.answers(|_| Answer::down());
    let setup = Setup::new(&vendor);
    let mut gateway = Gateway::start(&setup).await;
    let updates = [gateway.later(1, &name(1)).await, gateway.later(1, &name(2)).await];
    vendor.arrived(1).await;
    let other = Setup {
        accounts: format!(
            "[vendors.sondos]\ndialect = \"autocalls\"\nbase_url = \"{}\"\ntoken = {{ env = \"TOKEN\" }}\n{}",
            vendor.base, setup.vendor
        ),
        ..setup.clone()
    };
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
    let accounts = format!(
        "[vendors.sondos]\ndialect = \"famulor\"\nbase_url = \"{}\"\ntoken = {{ env = \"TOKEN\" }}\n",
        vendor.base
    );
    gateway.reload(&Setup { accounts, ..setup }).await;
    let record = gateway.end(&update).await;
    assert_eq!((&record["state"], &record["problem"]["code"]), (&"dead".into(), &"vendor_account_problem".into()));
    gateway.stopped().await;
}
