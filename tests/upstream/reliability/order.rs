//! Updates for one assistant go out in the order in which they came, whatever happens in between.

use std::path::Path;

use simulators::{Options, Simulator};
use switchboard::app::App;
use switchboard::reload::Source;
use tokio::task::JoinSet;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::scene::{gateway, put, snapshot, until, update};
use super::vendor::{Act, Vendor};
use crate::support::{Stage, UNSETTLED};

const NAMED: &str = r#"{"name":"n"}"#;

#[tokio::test]
async fn an_update_that_needs_a_catalog_is_not_overtaken_by_one_that_does_not() {
    let stage = Stage::new().await;
    stage.fail("sondos", &["hold@get"]);
    let (address, mut calls) = (stage.app.api(), JoinSet::new());
    calls.spawn(async move { put(address, "sondos:7", "", r#"{"name":"older","language_id":1}"#).await });
    stage.simulator("sondos").received_at_least(1).await;
    calls.spawn(async move { put(address, "sondos:7", "", r#"{"name":"newer"}"#).await });
    until(&stage.app, "sondos", |account| account.waiting == 1).await;
    assert_eq!(put(address, "sondos:8", "", r#"{"name":"other"}"#).await.status, 200);
    stage.fail("sondos", &[]);
    while let Some(reply) = calls.join_next().await {
        assert_eq!(reply.unwrap().status, 200);
    }
    let text = |update: &simulators::Received| String::from_utf8(update.body.to_vec()).unwrap();
    let bodies: Vec<_> = stage.updates("sondos").iter().map(text).collect();
    let order = ["other", "older", "newer"];
    assert!(bodies.len() == 3 && bodies.iter().zip(order).all(|(body, name)| body.contains(name)), "{bodies:?}");
    stage.stop().await;
}

#[tokio::test]
async fn a_refused_update_that_waited_for_a_catalog_passes_its_turn_on() {
    let stage = Stage::new().await;
    stage.fail("sondos", &["hold@get"]);
    let (address, mut calls) = (stage.app.api(), JoinSet::new());
    calls.spawn(async move { put(address, "sondos:7", "", r#"{"language_id":987654}"#).await.status });
    stage.simulator("sondos").received_at_least(1).await;
    calls.spawn(async move { put(address, "sondos:7", "", r#"{"name":"newer"}"#).await.status });
    until(&stage.app, "sondos", |account| account.waiting == 1).await;
    stage.fail("sondos", &[]);
    let mut statuses = calls.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 422]);
    stage.stop().await;
}

/// An account of one vendor: its name, its address and further lines of its table.
type Account = (&'static str, String, &'static str);

fn write(path: &Path, accounts: &[Account]) {
    let mut text =
        "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n[auth]\nmode = \"none\"\n".to_owned();
    for (name, base_url, more) in accounts {
        text += &format!(
            "[vendors.{name}]\ndialect = \"autocalls\"\nbase_url = \"{base_url}\"\ntoken = {{ env = \"TOKEN\" }}\n{more}\n"
        );
    }
    std::fs::write(path, text).unwrap();
}

fn names(simulator: &Simulator) -> Vec<String> {
    let name = |update: &simulators::Received| update.json.as_ref().unwrap()["name"].as_str().unwrap().to_owned();
    simulator.received().iter().map(name).collect()
}

/// A gateway over accounts of one simulator, which holds updates back until its faults are changed.
struct Shared {
    simulator: Simulator,
    app: App,
    directory: tempfile::TempDir,
    calls: JoinSet<u16>,
}

impl Shared {
    async fn with(accounts: impl Fn(&str) -> Vec<Account>) -> Self {
        let simulator = Simulator::start("autocalls", Options::default()).await.unwrap();
        simulator.set_faults(vec!["hold".parse().unwrap()]);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("switchboard.toml");
        write(&path, &accounts(&simulator.base_url()));
        let environment = [("TOKEN".to_owned(), simulator.token().to_owned())].into_iter().collect();
        let source = Source { path: Some(path), environment };
        let app = App::start(source.load().unwrap(), Some(source), None).await.unwrap();
        Self { simulator, app, directory, calls: JoinSet::new() }
    }

    async fn reload(&self, accounts: &[Account]) {
        write(&self.directory.path().join("switchboard.toml"), accounts);
        let reloader = std::sync::Arc::clone(self.app.reloader());
        let outcome = tokio::task::spawn_blocking(move || reloader.reload("test")).await.unwrap();
        assert!(outcome.applied, "{outcome:?}");
    }

    /// Sends an update, and returns once the first one is with the vendor, or any later one waits.
    async fn update(&mut self, assistant: &'static str, name: &'static str) {
        let (address, account) = (self.app.api(), assistant.split(':').next().unwrap());
        let (first, before) = (self.calls.is_empty(), snapshot(&self.app, account));
        self.calls.spawn(async move { put(address, assistant, "", &format!(r#"{{"name":"{name}"}}"#)).await.status });
        if first {
            self.simulator.received_at_least(1).await;
            return;
        }
        until(&self.app, account, |now| now.waiting + now.in_flight > before.waiting + before.in_flight).await;
        assert_eq!(snapshot(&self.app, account).in_flight, before.in_flight, "{name} waits");
    }

    /// Lets the vendor go on, and asserts that all updates were applied in this order.
    async fn ends_with(self, order: &[&str]) {
        assert_eq!(names(&self.simulator), order[..1], "one at a time");
        self.simulator.set_faults(Vec::new());
        assert!(self.calls.join_all().await.iter().all(|status| *status == 200));
        assert_eq!(names(&self.simulator), order);
        self.app.stop().await;
    }
}

#[tokio::test]
async fn accounts_with_one_address_and_token_keep_one_order() {
    let mut shared = Shared::with(|url| vec![("a", url.to_owned(), ""), ("b", format!("{url}/"), "")]).await;
    shared.update("b:7", "1").await;
    for (assistant, name) in [("a:7", "2"), ("b:7", "3"), ("a:7", "4"), ("b:7", "5")] {
        shared.update(assistant, name).await;
    }
    shared.ends_with(&["1", "2", "3", "4", "5"]).await;
}

#[tokio::test]
async fn an_account_with_a_new_name_goes_on_in_the_old_ones_order() {
    let mut shared = Shared::with(|url| vec![("old", url.to_owned(), "")]).await;
    shared.update("old:7", "1").await;
    shared.update("old:7", "2").await;
    shared.reload(&[("new", shared.simulator.base_url(), "")]).await;
    shared.update("new:7", "3").await;
    shared.ends_with(&["1", "2", "3"]).await;
}

#[tokio::test]
async fn accounts_that_become_one_keep_what_is_under_way_first() {
    let other = |url: &str| url.replace("127.0.0.1", "localhost");
    let mut shared = Shared::with(|url| vec![("a", url.to_owned(), ""), ("b", other(url), "")]).await;
    shared.update("b:7", "1").await;
    let url = shared.simulator.base_url();
    shared.reload(&[("a", url.clone(), ""), ("b", url, "")]).await;
    shared.update("a:7", "2").await;
    shared.update("b:7", "3").await;
    shared.ends_with(&["1", "2", "3"]).await;
}

fn answer(status: &str, body: &str) -> Act {
    Act::Response(format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len()))
}

/// How long the second of two updates of one assistant takes, the first one having had this answer.
async fn second_after(first: Act, settings: &str) -> u64 {
    let good = answer(
        "200 OK",
        r#"{"message":"ok","data":{"id":7,"name":"n","status":"active","type":"outbound","mode":"pipeline"}}"#,
    );
    let vendor = Vendor::playing(vec![first, good]).await;
    let app = gateway(&vendor.base_url, "", settings).await;
    put(app.api(), "autocalls:7", "", NAMED).await;
    let began = Instant::now();
    assert_eq!(put(app.api(), "autocalls:7", "", NAMED).await.status, 200);
    app.stop().await;
    began.elapsed().as_secs()
}

#[tokio::test(start_paused = true)]
async fn after_an_unknown_outcome_the_next_update_waits_as_long_as_is_configured() {
    for (status, body) in [("200 OK", "<html></html>"), ("200 OK", r#"{"error":"no"}"#), ("501 X", ""), ("302 X", "")] {
        assert_eq!(second_after(answer(status, body), "").await, 2, "{status} {body}");
    }
    assert_eq!(second_after(answer("501 X", ""), "settle_after_unknown = \"7s\"").await, 7);
    assert_eq!(second_after(answer("501 X", ""), "settle_after_unknown = \"0s\"").await, 0);
    for status in ["422 X", "404 X", "401 X"] {
        assert_eq!(second_after(answer(status, "{}"), "").await, 0, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_ends_meanwhile_is_a_timeout_that_says_when_to_come_back() {
    let vendor = Vendor::playing(vec![answer("501 X", "")]).await;
    let app = gateway(&vendor.base_url, "", "").await;
    put(app.api(), "autocalls:7", "", NAMED).await;
    let reply = put(app.api(), "autocalls:7", "request-timeout: 1\r\n", NAMED).await;
    let body = reply.json();
    assert_eq!((reply.status, body["code"].as_str()), (504, Some("vendor_timeout")));
    assert_eq!((body["outcome"].as_str(), reply.header("retry-after")), (Some("not_applied"), Some("1")));
    assert!(body["attempts"].is_null(), "{body:#}");
    assert_eq!(vendor.seen(), 1);
    app.stop().await;
}

#[tokio::test]
async fn an_answer_that_confirms_nothing_counts_too_when_its_caller_has_gone() {
    let stage = Stage::edited("", |text| text.replace(UNSETTLED, "")).await;
    stage.fail("autocalls", &["hold", "html=200"]);
    let mut gone = TcpStream::connect(stage.app.api()).await.unwrap();
    gone.write_all(update("autocalls:7", "", NAMED).as_bytes()).await.unwrap();
    stage.simulator("autocalls").received_at_least(1).await;
    drop(gone);
    until(&stage.app, "autocalls", |account| account.handed_over == 1).await;
    stage.fail("autocalls", &[]);
    until(&stage.app, "autocalls", |account| account.in_flight == 0).await;
    let reply = put(stage.app.api(), "autocalls:7", "request-timeout: 0.1\r\n", NAMED).await;
    assert_eq!((reply.status, reply.header("retry-after").is_some()), (504, true), "{reply:?}");
    assert_eq!(put(stage.app.api(), "autocalls:8", "", NAMED).await.status, 200);
    stage.stop().await;
}

#[tokio::test]
async fn a_reload_that_changes_the_account_does_not_let_newer_updates_overtake() {
    let mut shared = Shared::with(|url| vec![("autocalls", url.to_owned(), "timeout = \"10s\"")]).await;
    shared.update("autocalls:7", "older").await;
    shared.reload(&[("autocalls", shared.simulator.base_url(), "timeout = \"11s\"")]).await;
    shared.update("autocalls:7", "newer").await;
    shared.ends_with(&["older", "newer"]).await;
}
