//! What operators see of deliveries that fail: no caller waits who would complain.

use http::Method;
use serde_json::{Value, json};

use crate::gateway::{Gateway, Setup, name};
use crate::support::{PATIENCE, eventually};
use crate::vendor::{Answer, Vendor};

impl Gateway {
    /// The state of the account, once `is` holds.
    async fn account(&self, is: impl Fn(&Value) -> bool) -> Value {
        eventually(PATIENCE, async || {
            let mut status = self.admin(Method::GET, "/admin/status").await.json();
            Some(status["vendors"]["sondos"].take()).filter(|account| is(account))
        })
        .await
    }

    /// The value of a series.
    async fn series(&self, name: &str) -> Option<f64> {
        let text = self.admin(Method::GET, "/metrics").await.body;
        let text = String::from_utf8(text.to_vec()).unwrap();
        text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
    }
}

fn failed_for(reason: &str) -> String {
    format!("switchboard_deliveries_failed_total{{vendor=\"sondos\",reason=\"{reason}\"}}")
}

#[tokio::test]
async fn a_token_that_the_vendor_rejects_is_seen_although_nothing_but_deliveries_meets_it() {
    let vendor = Vendor::start().await;
    vendor.answers(|_| Answer::unauthenticated());
    let mut gateway = Gateway::start(&Setup::new(&vendor)).await;
    assert_eq!(gateway.series(&failed_for("vendor_credentials_rejected")).await, Some(0.0), "the first is an increase");
    assert_eq!(gateway.series(&failed_for("vendor_account_problem")).await, Some(0.0));
    for operation in ["update", "delete"] {
        let dead =
            format!("switchboard_changes_ended_total{{vendor=\"sondos\",operation=\"{operation}\",state=\"dead\"}}");
        assert_eq!(gateway.series(&dead).await, Some(0.0), "{operation}");
    }
    let update = gateway.later(1, &name(1)).await;
    vendor.arrived(4).await;
    let account = gateway.account(|account| account["failing"]["count"].as_u64() > Some(2)).await;
    assert_eq!(account["failing"]["reason"], "vendor_credentials_rejected");
    let recent = &account["recent"]["5m"];
    assert!(recent["error_ratio"].as_f64() > Some(0.0) && recent["vendor_ms"]["p99"].is_f64(), "{recent}");
    let attention = gateway.admin(Method::GET, "/admin/status").await.json()["attention"].take();
    let is_of_it = |one: &Value| one["runbook"] == "docs/runbook.md#switchboardcredentialsrejected";
    assert!(attention.as_array().unwrap().iter().any(is_of_it), "{attention}");
    assert!(gateway.series(&failed_for("vendor_credentials_rejected")).await > Some(2.0));
    let sent = "switchboard_vendor_duration_seconds_count{vendor=\"sondos\",operation=\"update\"}";
    assert!(gateway.series(sent).await > Some(2.0));
    let line = gateway.process.logged("a delivery failed").await;
    assert!(line.contains("vendor_credentials_rejected") && line.contains("\"WARN\""), "{line}");
    assert_eq!(gateway.process.lines("a delivery failed"), 1, "the others are counted");

    vendor.answers(|_| Answer::Ok);
    assert_eq!(gateway.end_state(&update).await, "applied");
    gateway.account(|account| account["failing"].is_null()).await;
    gateway.stopped().await;
}

#[tokio::test]
async fn a_delivery_that_arrives_ends_what_updates_with_callers_have_begun() {
    let vendor = Vendor::start().await;
    vendor.answers(|_| Answer::unauthenticated());
    let gateway = Gateway::start(&Setup::new(&vendor)).await;
    for _ in 0..3 {
        assert_eq!(gateway.put(1, &[], &name(1)).await.code(), "vendor_credentials_rejected");
    }
    assert_eq!(gateway.account(|_| true).await["failing"]["count"], json!(3));
    vendor.answers(|_| Answer::invalid());
    let refused = gateway.later(1, &name(2)).await;
    assert_eq!(gateway.end_state(&refused).await, "refused");
    // The vendor has looked at it, so that it takes the token.
    gateway.account(|account| account["failing"].is_null()).await;
    gateway.stopped().await;
}

#[tokio::test]
async fn secrets_in_the_options_of_a_vendor_are_neither_shown_nor_kept() {
    let vendor = Vendor::start().await;
    vendor.answers(|_| Answer::unauthenticated());
    let gateway = Gateway::start(&Setup::new(&vendor)).await;
    let body = json!({
        "name": "n1",
        "vendor_options": { "sondos": { "server": { "secret": "hush-hush-1", "headers": { "x-auth": "hush-hush-2" } }, "open": "shown" } },
    });
    let update = gateway.later(1, &body.to_string()).await;
    vendor.arrived(1).await;
    let shown = async || {
        let pages = [format!("/admin/update?id={update}"), "/admin/history?assistant=sondos:1".to_owned()];
        for page in pages {
            let text = String::from_utf8(gateway.admin(Method::GET, &page).await.body.to_vec()).unwrap();
            assert!(!text.contains("hush-hush"), "{page}: {text}");
            assert!(text.contains("[redacted]") && text.contains("shown"), "{page}: {text}");
        }
    };
    shown().await;
    vendor.answers(|_| Answer::Status(422, json!({ "message": "The secret hush-hush-1 is short", "errors": { "server": ["hush-hush-2 is no header"] } })));
    let record = gateway.end(&update).await;
    assert_eq!(record["state"], "refused");
    assert!(!record.to_string().contains("hush-hush"), "{record:#}");
    assert!(record["problem"].to_string().contains("[redacted]"), "{record:#}");
    shown().await;
    gateway.stopped().await;
}
