//! Updates for one assistant go out in the order in which they came, whatever happens in between.

use std::path::Path;

use simulators::{Options, Simulator};
use switchboard::app::App;
use switchboard::reload::Source;
use tokio::task::JoinSet;

use super::scene::{put, until};
use crate::support::Stage;

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

fn write(path: &Path, simulator: &Simulator, timeout: &str) {
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n[auth]\nmode = \"none\"\n[vendors.autocalls]\n\
         base_url = \"{}\"\ntoken = {{ env = \"TOKEN\" }}\ntimeout = \"{timeout}\"\n",
        simulator.base_url()
    );
    std::fs::write(path, text).unwrap();
}

#[tokio::test]
async fn a_reload_that_changes_the_account_does_not_let_newer_updates_overtake() {
    let simulator = Simulator::start("autocalls", Options::default()).await.unwrap();
    simulator.set_faults(vec!["hold".parse().unwrap()]);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("switchboard.toml");
    write(&path, &simulator, "10s");
    let environment = [("TOKEN".to_owned(), simulator.token().to_owned())].into_iter().collect();
    let source = Source { path: Some(path.clone()), environment };
    let app = App::start(source.load().unwrap(), Some(source), None).await.unwrap();
    let (address, mut calls) = (app.api(), JoinSet::new());
    calls.spawn(async move { put(address, "autocalls:7", "", r#"{"name":"older"}"#).await.status });
    simulator.received_at_least(1).await;
    write(&path, &simulator, "11s");
    let reloader = std::sync::Arc::clone(app.reloader());
    let outcome = tokio::task::spawn_blocking(move || reloader.reload("test")).await.unwrap();
    assert!(outcome.applied, "{outcome:?}");
    calls.spawn(async move { put(address, "autocalls:7", "", r#"{"name":"newer"}"#).await.status });
    until(&app, "autocalls", |account| account.waiting == 1).await;
    assert_eq!(simulator.received().len(), 1);
    simulator.set_faults(Vec::new());
    assert_eq!(calls.join_all().await, [200, 200]);
    let name = |update: &simulators::Received| update.json.as_ref().unwrap()["name"].clone();
    assert_eq!(simulator.received().iter().map(name).collect::<Vec<_>>(), ["older", "newer"]);
    app.stop().await;
}
