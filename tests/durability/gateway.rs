//! The binary with a store in a folder of its own, which outlives the process.

use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::timeout;

use crate::support::process::Process;
use crate::support::{PATIENCE, Reply, eventually};
use crate::vendor::Vendor;

/// What a gateway is configured with.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) base: String,
    pub(crate) vendor: String,
    pub(crate) queue: String,
    pub(crate) more: String,
    /// The folder of the database.
    pub(crate) data: String,
    /// Further keys of the store.
    pub(crate) store: String,
    pub(crate) accounts: String,
    /// Another table `[store]`.
    pub(crate) table: String,
    /// Further variables of the process.
    pub(crate) environment: Vec<(String, String)>,
}

impl Setup {
    pub(crate) fn new(vendor: &Vendor) -> Self {
        Self {
            base: vendor.base.clone(),
            vendor:
                "retry = { max_attempts = 1 }\nsettle_after_unknown = \"0s\"\nbreaker = { min_requests = 100000 }\n"
                    .to_owned(),
            queue: "backoff = \"10ms\"\nmax_backoff = \"20ms\"\n".to_owned(),
            more: String::new(),
            data: "data".to_owned(),
            store: String::new(),
            accounts: String::new(),
            table: String::new(),
            environment: Vec::new(),
        }
    }

    /// With these keys of the vendor instead.
    pub(crate) fn vendor(mut self, keys: &str) -> Self {
        keys.clone_into(&mut self.vendor);
        self
    }

    /// With these keys of the queue as well.
    pub(crate) fn queue(mut self, keys: &str) -> Self {
        self.queue.push_str(keys);
        self.queue.push('\n');
        self
    }

    /// With these tables as well.
    pub(crate) fn more(mut self, tables: &str) -> Self {
        self.more.push_str(tables);
        self.more.push('\n');
        self
    }

    fn text(&self) -> String {
        let Self { base, vendor, queue, more, data, store, accounts, table, environment: _ } = self;
        let accounts = if accounts.is_empty() {
            format!("[vendors.sondos]\nbase_url = \"{base}\"\ntoken = {{ env = \"TOKEN\" }}\n{vendor}")
        } else {
            accounts.clone()
        };
        let table = if table.is_empty() {
            format!("[store]\nkind = \"sqlite\"\npath = \"{data}/switchboard.db\"\n{store}")
        } else {
            table.clone()
        };
        let server = if more.contains("[server]") { "" } else { "[server]\nrequest_timeout = \"20s\"\n" };
        let auth = if more.contains("[auth]") { "" } else { "[auth]\nmode = \"none\"\n" };
        format!(
            "{server}{auth}{table}\
             [queue]\n{queue}{accounts}{more}[log]\nlevel = \"warn\"\nfilter = \"warn,switchboard::app=info,switchboard::reload=info\"\n"
        )
    }

    pub(crate) fn write(&self, home: &Path) {
        let (path, next) = (home.join("switchboard.toml"), home.join("next"));
        std::fs::write(&next, self.text()).unwrap();
        std::fs::rename(next, path).unwrap();
    }
}

pub(crate) struct Gateway {
    pub(crate) home: TempDir,
    pub(crate) process: Process,
    client: Client<HttpConnector, Full<Bytes>>,
}

const ENVIRONMENT: [(&str, &str); 4] = [
    ("TOKEN", "1|first"),
    ("OTHER_TOKEN", "2|other"),
    ("SWITCHBOARD_SERVER__LISTEN", "127.0.0.1:0"),
    ("SWITCHBOARD_SERVER__ADMIN_LISTEN", "127.0.0.1:0"),
];

impl Gateway {
    pub(crate) async fn start(setup: &Setup) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), setup, "").await
    }

    /// In that folder, and with that failpoint.
    pub(crate) async fn start_in(home: TempDir, setup: &Setup, fail: &str) -> Self {
        Self::try_start_in(home, setup, fail).await.unwrap_or_else(|(_, error)| panic!("{error}"))
    }

    /// The same; the folder and what is wrong if the process ends before it listens.
    pub(crate) async fn try_start_in(home: TempDir, setup: &Setup, fail: &str) -> Result<Self, (TempDir, String)> {
        setup.write(home.path());
        let mut variables = environment(fail);
        variables.extend(setup.environment.iter().cloned());
        let process = match Process::try_serve(home.path(), &variables).await {
            Ok(process) => process,
            Err(error) => return Err((home, error)),
        };
        let client = Client::builder(TokioExecutor::new()).build_http();
        Ok(Self { home, process, client })
    }

    /// Ends it as `kill -9` does.
    pub(crate) async fn killed(self) -> TempDir {
        self.process.signal("KILL");
        self.process.ended().await;
        self.home
    }

    /// Ends it as `kill -9` does, and starts another one with its files.
    pub(crate) async fn restarted(self, setup: &Setup) -> Self {
        Self::start_in(self.killed().await, setup, "").await
    }

    /// Drains it.
    pub(crate) async fn stopped(self) -> TempDir {
        self.process.signal("TERM");
        assert!(self.process.ended().await.success());
        self.home
    }

    /// Any request; an error if the gateway dies before its answer.
    pub(crate) async fn try_call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Reply, String> {
        ask(&self.client, self.process.api, method, path, headers, body).await
    }

    pub(crate) async fn call(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        self.try_call(method, path, headers, body).await.unwrap()
    }

    /// An update of one assistant.
    pub(crate) async fn put(&self, id: u64, headers: &[(&str, &str)], body: &str) -> Reply {
        self.call(Method::PUT, &path(id), headers, body).await
    }

    /// The same, delivered later; its record.
    pub(crate) async fn later(&self, id: u64, body: &str) -> String {
        let reply = self.put(id, &[("prefer", "respond-async")], body).await;
        assert_eq!(reply.status, 202, "{reply:?}");
        reply.json()["update"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.call(Method::GET, path, &[], "").await
    }

    pub(crate) async fn record(&self, update: &str) -> Value {
        let reply = self.get(&format!("/v1/updates/{update}")).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    }

    /// The record once it is final.
    pub(crate) async fn end(&self, update: &str) -> Value {
        eventually(PATIENCE, async || {
            let record = self.get(&format!("/v1/updates/{update}?wait=10")).await.json();
            (!matches!(record["state"].as_str(), Some("queued" | "sending"))).then_some(record)
        })
        .await
    }

    /// The state of a record once it is final.
    pub(crate) async fn end_state(&self, update: &str) -> String {
        self.end(update).await["state"].as_str().unwrap().to_owned()
    }

    /// The record once `is` holds.
    pub(crate) async fn until(&self, update: &str, is: impl Fn(&Value) -> bool) -> Value {
        eventually(PATIENCE, async || Some(self.record(update).await).filter(&is)).await
    }

    pub(crate) async fn admin(&self, method: Method, path: &str) -> Reply {
        let uri = format!("http://{}{path}", self.process.admin);
        let request = Request::builder().method(method).uri(uri).body(Full::default()).unwrap();
        let (head, body) = self.client.request(request).await.unwrap().into_parts();
        Reply { status: head.status, headers: head.headers, body: body.collect().await.unwrap().to_bytes() }
    }

    /// Has it take another configuration.
    pub(crate) async fn reload(&self, setup: &Setup) {
        setup.write(self.home.path());
        let reply = self.admin(Method::POST, "/admin/reload").await;
        assert_eq!(reply.json()["applied"], true, "{reply:?}");
    }
}

/// Any request to the API at that address; an error if it ends before its answer.
pub(crate) async fn ask(
    client: &Client<HttpConnector, Full<Bytes>>,
    address: SocketAddr,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<Reply, String> {
    let uri = format!("http://{address}{path}");
    let mut request = Request::builder().method(method).uri(uri).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::from(body.to_owned())).unwrap();
    let whole = async {
        let (head, body) = client.request(request).await.map_err(|error| error.to_string())?.into_parts();
        let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
        Ok(Reply { status: head.status, headers: head.headers, body })
    };
    // Bounds a request whose gateway was killed, should the client never notice.
    timeout(PATIENCE, whole).await.unwrap_or_else(|_| Err("no answer".to_owned()))
}

pub(crate) fn path(id: u64) -> String {
    format!("/v1/assistants/sondos:{id}")
}

pub(crate) fn name(number: u64) -> String {
    format!("{{\"name\":\"n{number}\"}}")
}

fn environment(fail: &str) -> Vec<(String, String)> {
    let mut all: Vec<_> = ENVIRONMENT.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    if !fail.is_empty() {
        all.push(("SWITCHBOARD_FAIL".to_owned(), fail.to_owned()));
    }
    all
}

/// Starts the binary where it is expected to end by itself: its status, and what it says.
pub(crate) async fn ends_at_start(home: &Path, setup: &Setup, fail: &str) -> (ExitStatus, String) {
    setup.write(home);
    let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard"));
    command.args(["serve", "--config", "switchboard.toml"]).current_dir(home).envs(environment(fail));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = timeout(Duration::from_mins(1), output).await.expect("it does not end").unwrap();
    (output.status, String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Whether it ended as `kill -9` does.
pub(crate) fn was_killed(status: ExitStatus) -> bool {
    status.signal() == Some(9)
}

/// A queue that tries everything once, and then waits for very long.
pub(crate) fn slow(vendor: &Vendor) -> Setup {
    Setup { queue: "backoff = \"1d\"\nmax_backoff = \"1d\"\nmax_age = \"30d\"\n".to_owned(), ..Setup::new(vendor) }
}
