//! A gateway with the default settings in front of one vendor, and what its caller sees of an update.

use std::net::SocketAddr;

use switchboard::app::App;
use switchboard::config::{self, Environment};
use switchboard::upstream::Snapshot;
use tokio::time::Instant;

use crate::support::raw::{self, RawReply};
use crate::support::{PATIENCE, eventually};

/// Starts a gateway whose only vendor is `autocalls` at `base_url`, with `extra` in the vendor's table and `server`
/// in the server's.
pub(crate) async fn gateway(base_url: &str, server: &str, extra: &str) -> App {
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n{server}\n[auth]\nmode = \"none\"\n\
         [vendors.autocalls]\nbase_url = \"{base_url}\"\nallow_plain_http = true\ntoken = {{ env = \"TOKEN\" }}\n{extra}\n"
    );
    let environment: Environment = [("TOKEN".to_owned(), "sim-autocalls".to_owned())].into_iter().collect();
    let settings = config::load_text(&text, &environment);
    App::start(settings.unwrap_or_else(|problems| panic!("{problems}")), None, None).await.unwrap()
}

/// The bytes of an update.
pub(crate) fn update(assistant: &str, headers: &str, body: &str) -> String {
    format!(
        "PUT /v1/assistants/{assistant} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
}

/// Sends an update on a connection of its own.
pub(crate) async fn put(address: SocketAddr, assistant: &str, headers: &str, body: &str) -> RawReply {
    raw::exchange(address, update(assistant, headers, body).as_bytes()).await
}

/// What an account of the gateway is doing.
pub(crate) fn snapshot(app: &App, vendor: &str) -> Snapshot {
    app.reloader().gateway().routes.accounts[vendor].stack.snapshot()
}

/// Returns once an account does what is expected of it.
pub(crate) async fn until(app: &App, vendor: &str, expected: impl Fn(&Snapshot) -> bool) {
    eventually(PATIENCE, async || expected(&snapshot(app, vendor)).then_some(())).await;
}

/// One row of the fault matrix as seen from outside.
pub(crate) fn row(reply: &RawReply, began: Instant, seen: usize) -> String {
    let body = reply.json();
    let text = |member: &str, otherwise: &str| body[member].as_str().unwrap_or(otherwise).to_owned();
    let attempts = body["attempts"].as_u64().unwrap_or_default();
    let wait = reply.header("retry-after").map_or("–".to_owned(), |seconds| format!("{seconds} s"));
    let took = match began.elapsed().as_secs() {
        0 => "at once".to_owned(),
        seconds => format!("{seconds} s"),
    };
    let (code, outcome) = (text("code", "–"), text("outcome", "applied"));
    format!("{} | {code} | {outcome} | {wait} | {attempts} | {took} | {seen}", reply.status)
}
