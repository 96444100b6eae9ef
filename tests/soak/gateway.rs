//! The gateway under test: its configuration, its reloads, and what the system says of its process.

use std::fmt::Write;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use simulators::Simulator;
use tempfile::TempDir;

use crate::support::eventually;
use crate::support::process::Process;

pub(crate) struct Gateway {
    directory: TempDir,
    process: Process,
    client: Client<HttpConnector, Full<Bytes>>,
    reloads: u64,
    descriptors: usize,
}

impl Gateway {
    pub(crate) async fn start(simulators: &[Simulator]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        write(&directory, simulators, 0);
        let environment: Vec<_> =
            simulators.iter().map(|simulator| (variable(simulator), simulator.token().to_owned())).collect();
        let process = Process::serve(directory.path(), &environment).await;
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http();
        let mut gateway = Self { directory, process, client, reloads: 0, descriptors: 0 };
        gateway.descriptors = gateway.open_descriptors().await;
        gateway
    }

    pub(crate) fn api(&self) -> SocketAddr {
        self.process.api
    }

    /// Resident memory in KiB.
    pub(crate) fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.pid)).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// As it counts them itself: to others than root its folder in `/proc` is closed.
    async fn open_descriptors(&self) -> usize {
        let metrics = self.answer("GET", "/metrics").await;
        let metrics = String::from_utf8_lossy(&metrics);
        let line = metrics.lines().find_map(|line| line.strip_prefix("process_open_fds ")).unwrap();
        line.parse::<f64>().unwrap() as usize
    }

    /// A changed configuration, every third time a broken one, that the gateway is told of.
    pub(crate) async fn reload(&mut self, simulators: &[Simulator]) {
        self.reloads += 1;
        write(&self.directory, simulators, self.reloads);
        let reply = self.admin("POST", "/admin/reload").await;
        assert_eq!(reply["applied"], !self.reloads.is_multiple_of(3), "{reply:#}");
    }

    async fn admin(&self, method: &str, path: &str) -> Value {
        serde_json::from_slice(&self.answer(method, path).await).unwrap()
    }

    async fn answer(&self, method: &str, path: &str) -> Bytes {
        let uri = format!("http://{}{path}", self.process.admin);
        let request = Request::builder().method(method).uri(uri).body(Full::default()).unwrap();
        let answer = self.client.request(request).await.unwrap();
        answer.into_body().collect().await.unwrap().to_bytes()
    }

    /// Waits until the gateway has nothing to do any more, holds no more connections than a pool each, and nobody
    /// waits.
    pub(crate) async fn settle(&self) {
        eventually(TO_SETTLE, async || {
            let status = self.admin("GET", "/admin/status").await;
            let busy = |vendor: &Value| vendor["in_flight"] != 0 || vendor["waiting"] != 0;
            let idle = status["in_flight"] == 0 && !status["vendors"].as_object().unwrap().values().any(busy);
            // Idle connections to vendors are kept, those from callers have ended with them.
            (idle && self.open_descriptors().await <= self.descriptors + POOLED).then_some(())
        })
        .await;
    }

    /// Drains it and proves that it ended by itself.
    pub(crate) async fn stop(self) {
        self.process.signal("TERM");
        assert!(self.process.ended().await.success());
    }
}

/// Updates whose callers have gone may take their whole time.
const TO_SETTLE: Duration = Duration::from_mins(5);
/// At most as many connections as there are callers are idle in the pools after the load.
const POOLED: usize = 64;

fn variable(simulator: &Simulator) -> String {
    format!("TOKEN_{}", simulator.vendor().to_uppercase())
}

/// The `nth` configuration: its vendors' settings change, so that their stacks are built anew.
fn write(directory: &TempDir, simulators: &[Simulator], nth: u64) {
    let mut text = String::from(
        "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\nrequest_timeout = \"5s\"\n\
         [auth]\nmode = \"none\"\n[log]\nlevel = \"error\"\nfilter = \"error,switchboard::app=info\"\n",
    );
    for (index, simulator) in (0..).zip(simulators) {
        let (vendor, url, token) = (simulator.vendor(), simulator.base_url(), variable(simulator));
        // One vendor after the other gets another setting.
        let timeout = 2000 + (nth + index) / 5;
        let _ = writeln!(
            text,
            "[vendors.{vendor}]\nbase_url = \"{url}\"\ntoken = {{ env = \"{token}\" }}\ntimeout = \"{timeout}ms\"\n\
             breaker = {{ open_for = \"1s\" }}"
        );
    }
    if nth != 0 && nth.is_multiple_of(3) {
        text.push_str("[vendors.none]\n");
    }
    // Replaced, not rewritten, so that the file watch never sees half a file.
    let (path, next) = (directory.path().join("switchboard.toml"), directory.path().join("next"));
    std::fs::write(&next, text).unwrap();
    std::fs::rename(next, path).unwrap();
}
