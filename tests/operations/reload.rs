//! A new configuration during traffic is applied as a whole or not at all, and no request fails.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::support::{PATIENCE, Reply, eventually};
use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use simulators::{Options, Simulator};
use switchboard::app::App;
use switchboard::config::Environment;
use switchboard::reload::Source;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A gateway started from a folder with a configuration, as `serve` starts it.
struct Running {
    app: App,
    folder: Folder,
    client: Client<HttpConnector, Full<Bytes>>,
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file and renames it into place.
    fn write(&self, name: &str, text: &str) {
        let (path, new) = (self.path(name), self.path(&format!("{name}.new")));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, path).unwrap();
    }
}

impl Running {
    async fn start(folder: Folder, config: &str) -> Self {
        folder.write("switchboard.toml", config);
        let source = Source { path: Some(folder.path("switchboard.toml")), environment: Environment::default() };
        let settings = source.load().unwrap_or_else(|problems| panic!("{problems}"));
        let app = App::start(settings, Some(source), None).await.unwrap();
        Self { app, folder, client: Client::builder(TokioExecutor::new()).build_http() }
    }

    async fn call(&self, method: Method, url: String, body: &'static str) -> Reply {
        let request = Request::builder().method(method).uri(url).header("content-type", "application/json");
        let response = self.client.request(request.body(Full::from(body)).unwrap()).await.unwrap();
        let (head, body) = response.into_parts();
        Reply { status: head.status, headers: head.headers, body: body.collect().await.unwrap().to_bytes() }
    }

    async fn put(&self, assistant: &str) -> Reply {
        let url = format!("http://{}/v1/assistants/{assistant}", self.app.api());
        self.call(Method::PUT, url, r#"{"name": "x"}"#).await
    }

    async fn admin(&self, method: Method, path: &str) -> Reply {
        self.call(method, format!("http://{}{path}", self.app.admin()), "").await
    }

    async fn status(&self) -> Value {
        self.admin(Method::GET, "/admin/status").await.json()
    }

    /// Waits until the status says that so many reloads were applied and refused by a change of files.
    async fn reloaded(&self, applied: u64, refused: u64) -> Value {
        let wanted = (json!(applied), json!(refused));
        let is_wanted = |reloads: &Value| (&reloads["applied"], &reloads["refused"]) == (&wanted.0, &wanted.1);
        eventually(PATIENCE, async || Some(self.status().await).filter(|status| is_wanted(&status["reloads"]))).await
    }
}

/// A proxy in front of a simulator that counts connections.
struct CountingProxy {
    base_url: String,
    accepted: Arc<AtomicUsize>,
    _connections: JoinSet<()>,
}

impl CountingProxy {
    async fn before(simulator: &Simulator) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (base_url, to) = (format!("http://{}/api", listener.local_addr().unwrap()), simulator.addr());
        let accepted = Arc::<AtomicUsize>::default();
        let (count, mut connections) = (Arc::clone(&accepted), JoinSet::new());
        connections.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                open.spawn(async move {
                    let mut far = TcpStream::connect(to).await.unwrap();
                    drop(tokio::io::copy_bidirectional(&mut near, &mut far).await);
                });
            }
        });
        Self { base_url, accepted, _connections: connections }
    }

    fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

async fn simulator(vendor: &str) -> Simulator {
    Simulator::start(vendor, Options::default()).await.unwrap()
}

const HEAD: &str = "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n[auth]\nmode = \"none\"\n";

fn vendor(name: &str, dialect: &str, base_url: &str, token_file: &str) -> String {
    format!(
        "[vendors.{name}]\ndialect = \"{dialect}\"\nbase_url = \"{base_url}\"\ntoken = {{ file = \"{token_file}\" }}\n"
    )
}

fn assistant(name: &str, vendor: &str, id: &str) -> String {
    format!("[assistants.{name}]\nvendor = \"{vendor}\"\nid = \"{id}\"\n")
}

fn ids(simulator: &Simulator) -> Vec<String> {
    let received = simulator.received();
    received.iter().map(|request| request.path.rsplit('/').next().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn reloads_during_traffic_fail_no_request_and_mix_no_configurations() {
    let (first, second, steady) = (simulator("autocalls").await, simulator("sondos").await, simulator("famulor").await);
    let counted = CountingProxy::before(&steady).await;
    let folder = Folder::new();
    for simulator in [&first, &second, &steady] {
        folder.write(&format!("{}.token", simulator.vendor()), simulator.token());
    }
    // Address, token, dialect and id change together; half of each would be refused by either vendor.
    let version = |simulator: &Simulator, id: &str| {
        let (dialect, url) = (simulator.vendor(), simulator.base_url());
        HEAD.to_owned()
            + &vendor("moving", dialect, &url, &format!("{dialect}.token"))
            + &vendor("steady", "famulor", &counted.base_url, "famulor.token")
            + &assistant("moving-bot", "moving", id)
            + &assistant("steady-bot", "steady", "5")
    };
    let versions = [version(&first, "101"), version(&second, "202")];
    let running = Arc::new(Running::start(folder, &versions[0]).await);
    let done = Arc::new(AtomicBool::new(false));
    let mut traffic = JoinSet::new();
    for assistant in ["moving-bot", "moving-bot", "moving-bot", "steady-bot"] {
        let (running, done) = (Arc::clone(&running), Arc::clone(&done));
        traffic.spawn(async move {
            let mut count = 0;
            while !done.load(Ordering::SeqCst) {
                let reply = running.put(assistant).await;
                assert_eq!(reply.status, 200, "{:#}", reply.json());
                count += 1;
            }
            count
        });
    }
    for round in 0..300 {
        running.folder.write("switchboard.toml", &versions[round % 2]);
        if round % 2 == 0 {
            let reply = running.admin(Method::POST, "/admin/reload").await;
            assert_eq!((reply.status.as_u16(), &reply.json()["applied"]), (200, &json!(true)), "{:#}", reply.json());
        } else {
            let reloader = Arc::clone(running.app.reloader());
            let outcome = tokio::task::spawn_blocking(move || reloader.reload("signal")).await.unwrap();
            assert!(outcome.applied, "{outcome:?}");
        }
    }
    done.store(true, Ordering::SeqCst);
    let requests: usize = traffic.join_all().await.into_iter().sum();
    assert!(requests > 100, "{requests} requests were made meanwhile");
    for (simulator, id) in [(&first, "101"), (&second, "202"), (&steady, "5")] {
        assert!(!ids(simulator).is_empty());
        assert!(ids(simulator).iter().all(|sent| sent == id), "{}: {:?}", simulator.vendor(), ids(simulator));
    }
    // One request at a time needs one connection, or a second where the first is not back in the pool yet.
    assert!(counted.accepted() <= 4, "{} connections were made to a vendor that did not change", counted.accepted());
    assert!(running.status().await["generation"].as_u64() > Some(300));
}

#[tokio::test]
async fn a_bad_configuration_is_refused_as_a_whole_and_the_old_one_stays() {
    let simulator = simulator("sondos").await;
    let folder = Folder::new();
    folder.write("token", simulator.token());
    let good = HEAD.to_owned() + &vendor("sondos", "sondos", &simulator.base_url(), "token");
    let running = Running::start(folder, &(good.clone() + &assistant("bot", "sondos", "7"))).await;
    let bad =
        good.clone() + &assistant("bot", "sondos", "8") + &assistant("other", "nobody", "1") + "[log]\nlvel = 1\n";
    running.folder.write("switchboard.toml", &bad);
    let reply = running.admin(Method::POST, "/admin/reload").await;
    let outcome = reply.json();
    assert_eq!((reply.status.as_u16(), &outcome["applied"], &outcome["generation"]), (422, &json!(false), &json!(1)));
    let [vendor, level, ..] = outcome["problems"].as_array().unwrap().as_slice() else { panic!("{outcome:#}") };
    assert!(vendor["message"].as_str().unwrap().contains("names the vendor \"nobody\""), "{vendor}");
    assert_eq!((&vendor["key"], &vendor["severity"]), (&json!("assistants.other.vendor"), &json!("error")));
    assert!(level["file"].as_str().unwrap().ends_with("switchboard.toml"), "{level}");
    assert_eq!((&level["line"], &level["column"]), (&json!(17), &json!(1)), "{level}");
    assert_eq!((&level["key"], &level["help"]), (&json!("log.lvel"), &json!("did you mean `level`?")));
    let errors = outcome["problems"].as_array().unwrap().iter().filter(|problem| problem["severity"] == "error");
    assert_eq!(errors.count(), 2, "{outcome:#}");
    assert_eq!(running.put("bot").await.status, 200);
    assert_eq!(ids(&simulator), ["7"]);
    running.folder.write("switchboard.toml", &(good + &assistant("bot", "sondos", "9")));
    assert_eq!(running.admin(Method::POST, "/admin/reload").await.status, 200);
    assert_eq!(running.put("bot").await.status, 200);
    assert_eq!(ids(&simulator), ["7", "9"]);
    let reloads = running.status().await["reloads"].clone();
    assert_eq!((&reloads["applied"], &reloads["refused"]), (&json!(1), &json!(1)));
    assert_eq!(reloads["last"]["applied"], true);
    let history: Vec<_> = reloads["history"].as_array().unwrap().iter().map(|outcome| &outcome["applied"]).collect();
    assert_eq!(history, [&json!(true), &json!(false)]);
    assert_eq!(reloads["history"][1]["trigger"], "request");
}

#[tokio::test]
async fn the_refusal_of_a_file_with_thousands_of_problems_is_short() {
    let simulator = simulator("sondos").await;
    let folder = Folder::new();
    folder.write("token", simulator.token());
    let good = HEAD.to_owned() + &vendor("sondos", "sondos", &simulator.base_url(), "token");
    let running = Running::start(folder, &good).await;
    let rubbish: String = (0..3000).map(|line| format!("[\"ünknown{line}\"]\n")).collect();
    running.folder.write("switchboard.toml", &(good + &rubbish));
    let reply = running.admin(Method::POST, "/admin/reload").await;
    let outcome = reply.json();
    let problems = outcome["problems"].as_array().unwrap();
    assert!(problems[0]["message"].as_str().unwrap().contains("ünknown0"), "{}", problems[0]);
    let last = problems.last().unwrap()["message"].as_str().unwrap();
    assert!(last.starts_with("and ") && last.ends_with("`switchboard check` lists"), "{last}");
    assert!(problems.len() <= 201 && reply.body.len() < 130 * 1024, "{}", reply.body.len());
}

#[tokio::test]
async fn a_rotated_secret_is_applied_and_the_connections_stay() {
    let simulator = simulator("sondos").await;
    let counted = CountingProxy::before(&simulator).await;
    let folder = Folder::new();
    // As container platforms mount secrets: a link to a link, the inner one swapped at once.
    folder.write("v1/token", "outdated");
    folder.write("v2/token", simulator.token());
    symlink("v1", folder.path("data")).unwrap();
    symlink("data/token", folder.path("token")).unwrap();
    let config =
        HEAD.to_owned() + &vendor("sondos", "sondos", &counted.base_url, "token") + &assistant("bot", "sondos", "7");
    let running = Running::start(folder, &config).await;
    running.put("bot").await.problem("vendor_credentials_rejected");
    symlink("v2", running.folder.path("data.new")).unwrap();
    std::fs::rename(running.folder.path("data.new"), running.folder.path("data")).unwrap();
    let status = running.reloaded(1, 0).await;
    assert_eq!(status["reloads"]["last"]["trigger"], "file");
    assert_eq!(status["reloads"]["last"]["changed"], json!(["vendors.sondos.token"]));
    assert!(status["config"].as_str().unwrap().ends_with("switchboard.toml"));
    assert_eq!(running.put("bot").await.status, 200);
    assert_eq!(counted.accepted(), 1);
}

#[tokio::test]
async fn assistants_files_can_be_added_changed_and_removed() {
    let simulator = simulator("sondos").await;
    let folder = Folder::new();
    folder.write("token", simulator.token());
    folder.write("assistants.d/a.csv", "first-bot,sondos,1\n");
    let config = HEAD.to_owned()
        + &vendor("sondos", "sondos", &simulator.base_url(), "token")
        + "[routing]\nassistants_files = [\"assistants.d/*.csv\"]\n";
    let running = Running::start(folder, &config).await;
    assert_eq!(running.put("first-bot").await.status, 200);
    running.put("second-bot").await.problem("unknown_assistant");
    running.folder.write("assistants.d/b.csv", "second-bot,sondos,2\n");
    running.reloaded(1, 0).await;
    assert_eq!(running.put("second-bot").await.status, 200);
    running.folder.write("assistants.d/b.csv", "second-bot,nobody,2\n");
    running.reloaded(1, 1).await;
    assert_eq!(running.put("second-bot").await.status, 200);
    std::fs::remove_file(running.folder.path("assistants.d/b.csv")).unwrap();
    running.reloaded(2, 1).await;
    running.put("second-bot").await.problem("unknown_assistant");
    assert_eq!(ids(&simulator), ["1", "2", "2"]);
}

#[tokio::test]
async fn a_configuration_that_disappears_is_refused_once_and_applied_when_it_is_back() {
    let simulator = simulator("sondos").await;
    let folder = Folder::new();
    folder.write("token", simulator.token());
    let config = HEAD.to_owned() + &vendor("sondos", "sondos", &simulator.base_url(), "token");
    let running = Running::start(folder, &(config.clone() + &assistant("bot", "sondos", "1"))).await;
    std::fs::remove_file(running.folder.path("switchboard.toml")).unwrap();
    let status = running.reloaded(0, 1).await;
    let problem = &status["reloads"]["last"]["problems"][0];
    assert!(problem["message"].as_str().unwrap().contains("cannot read the configuration"), "{problem}");
    assert_eq!(problem["help"], "put the file back; the gateway applies it by itself");
    assert_eq!(running.put("bot").await.status, 200);
    // As an editor leaves it that empties the file before it writes the new content.
    running.folder.write("switchboard.toml", "");
    let status = running.reloaded(0, 2).await;
    let file = running.folder.path("switchboard.toml");
    let expected = format!("has no vendor any more, as if `{}` were empty or incomplete", file.display());
    let message = status["reloads"]["last"]["problems"][0]["message"].as_str().unwrap();
    assert!(message.contains(&expected), "{message}");
    assert_eq!(running.put("bot").await.status, 200);
    running.folder.write("switchboard.toml", &(config + &assistant("bot", "sondos", "2")));
    running.reloaded(1, 2).await;
    assert_eq!(running.put("bot").await.status, 200);
    assert_eq!(ids(&simulator), ["1", "1", "2"]);
}

#[tokio::test]
async fn changes_that_need_a_restart_are_listed_until_the_restart() {
    let folder = Folder::new();
    folder.write("token", "t");
    let config = HEAD.to_owned() + &vendor("sondos", "sondos", "http://127.0.0.1:9", "token");
    let running = Running::start(folder, &config).await;
    let (api, moved) = (running.app.api(), config.replacen("127.0.0.1:0", "127.0.0.1:1", 1));
    running.folder.write("switchboard.toml", &(moved + "[log]\nformat = \"json\"\n"));
    for generation in 2..4 {
        let outcome = running.admin(Method::POST, "/admin/reload").await.json();
        assert_eq!(outcome["applied"], true, "{outcome:#}");
        assert_eq!(outcome["generation"], generation);
        assert_eq!(outcome["needs_restart"], json!(["server.listen", "log.format"]));
    }
    assert_eq!(running.app.api(), api);
    assert_eq!(running.put("sondos:1").await.problem("vendor_unreachable")["vendor"], "sondos");
}

#[tokio::test]
async fn what_changes_of_a_store_needs_a_restart_and_is_never_shown() {
    let (key, other) = ("Key+".repeat(10) + "Kew=", "Kez+".repeat(10) + "Kew=");
    let folder = Folder::new();
    folder.write("token", "t");
    folder.write("key", &key);
    let config = HEAD.to_owned() + &vendor("sondos", "sondos", "http://127.0.0.1:9", "token");
    let running = Running::start(folder, &config).await;
    let with = |store: &str| format!("{config}[store]\nkind = \"sqlite\"\n{store}\n");
    let (plain, sealed) = (with("sync_intent = true"), with("encryption_key = { file = \"key\" }"));
    let queue = "[queue]\nmax_total = 7\nmax_per_assistant = 7\n";
    for (text, content, restart, changed) in [
        (plain.as_str(), &key, &["store.kind", "store.path", "store.encryption_key"][..], "store"),
        (&with("path = \"other.db\""), &key, &["store.kind", "store.path", "store.encryption_key"], "store.path"),
        (&sealed, &key, &["store.kind", "store.path", "store.encryption_key"], "store.encryption_key"),
        // It is another key, though the text of the configuration is the same.
        (&sealed, &other, &["store.kind", "store.path", "store.encryption_key"], "store.encryption_key"),
        (&(config.clone() + queue), &key, &[], "queue.max_total"),
    ] {
        running.folder.write("key", content);
        running.folder.write("switchboard.toml", text);
        let outcome = running.admin(Method::POST, "/admin/reload").await.json();
        assert_eq!(outcome["applied"], true, "{outcome:#}");
        assert_eq!(outcome["needs_restart"], json!(restart), "{outcome:#}");
        let keys = outcome["changed"].as_array().unwrap();
        assert!(keys.iter().any(|key| key.as_str().unwrap().starts_with(changed)), "{outcome:#}");
        let shown = running.admin(Method::GET, "/admin/config").await.json().to_string();
        assert!(!shown.contains("Key+") && !shown.contains("Kez+"), "{shown}");
    }
}

#[tokio::test]
async fn a_reload_is_checked_against_the_address_that_is_in_use() {
    let digest = "0".repeat(64);
    let everywhere = format!(
        "[server]\nlisten = \"0.0.0.0:0\"\nadmin_listen = \"0.0.0.0:0\"\n[admin]\ntoken = {{ file = \"token\" }}\n\
         [clients.crm]\nkey_sha256 = \"{digest}\"\n"
    );
    let folder = Folder::new();
    folder.write("token", "t");
    let running = Running::start(folder, &everywhere).await;
    let reload = || {
        let reloader = Arc::clone(running.app.reloader());
        async { tokio::task::spawn_blocking(move || reloader.reload("signal")).await.unwrap() }
    };
    running.folder.write("switchboard.toml", HEAD);
    let outcome = reload().await;
    assert!(!outcome.applied && outcome.problems[0].message.contains("`auth.mode = \"none\"` needs a restart"));
    let guarded = HEAD.replace("[auth]\nmode = \"none\"\n", &format!("[clients.crm]\nkey_sha256 = \"{digest}\"\n"));
    running.folder.write("switchboard.toml", &guarded);
    let outcome = reload().await;
    assert!(!outcome.applied && outcome.problems[0].message.contains("going without `admin.token` needs a restart"));
}

/// Lines of a process's log until one holds `text`.
fn until(lines: &mut impl Iterator<Item = std::io::Result<String>>, text: &str) -> String {
    lines.map(Result::unwrap).find(|line| line.contains(text)).unwrap_or_else(|| panic!("{text} was never logged"))
}

#[test]
fn sighup_reloads_the_configuration() {
    let folder = Folder::new();
    folder.write("token", "t");
    let config = HEAD.to_owned() + &vendor("sondos", "sondos", "http://127.0.0.1:9", "token");
    folder.write("switchboard.toml", &config);
    let mut serve = Command::new(env!("CARGO_BIN_EXE_switchboard"))
        .args(["serve", "--config"])
        .arg(folder.path("switchboard.toml"))
        .env_clear()
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let kill = |signal: &str, id: u32| {
        assert!(Command::new("kill").args([signal, &id.to_string()]).status().unwrap().success());
    };
    let mut lines = BufReader::new(serve.stderr.take().unwrap()).lines();
    until(&mut lines, "listening");
    kill("-HUP", serve.id());
    assert!(until(&mut lines, "configuration reloaded").contains("\"trigger\":\"signal\""));
    std::fs::write(folder.path("switchboard.toml"), "[server]\nlistn = 1\n").unwrap();
    kill("-HUP", serve.id());
    assert!(until(&mut lines, "new configuration refused").contains("did you mean `listen`?"));
    kill("-TERM", serve.id());
    assert!(serve.wait().unwrap().success());
}
