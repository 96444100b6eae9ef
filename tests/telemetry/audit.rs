//! The audit log: every change with its client and outcome, without values.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use http::Method;
use serde_json::{Value, json};
use switchboard::app::App;
use switchboard::config::{Environment, load_text};
use switchboard::reload::Source;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::{PATIENCE, Stage, configuration, eventually, tokens};

fn section(path: &Path) -> String {
    format!("[audit]\nfile = {path:?}\n")
}

fn events(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// The events of a kind, as soon as there are `count`.
async fn heard(path: &Path, kind: &str, count: usize) -> Vec<Value> {
    let of_kind = || events(path).into_iter().filter(|event| event["event"] == kind).collect::<Vec<_>>();
    eventually(PATIENCE, async || Some(of_kind()).filter(|found| found.len() >= count)).await
}

fn names(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["event"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn only_changes_are_recorded_with_client_and_outcome_and_without_values() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let stage = Stage::with(&section(&path)).await;
    let unknown = "k".repeat(500);
    let update = format!(r#"{{"name":"hush","ambient_sound":"office","{unknown}":1}}"#);
    let lenient = [("prefer", "handling=lenient"), ("x-request-id", "one")];
    assert_eq!(stage.put_with("sondos:7", &lenient, update.clone()).await.status, 200);
    assert_eq!(stage.put_with("sondos:7?dry_run=true", &lenient, update).await.status, 200);
    stage.put("sondos:7", r#"{"nonsense":1}"#).await.problem("validation_failed");
    stage.put("sondos:123456", r#"{"name":"hush"}"#).await.problem("assistant_not_found");
    stage.get("/v1/fields").await;
    stage.stop().await;
    let events = events(&path);
    assert_eq!(names(&events), ["start", "update", "update", "stop"]);
    assert!(humantime::parse_rfc3339(events[1]["time"].as_str().unwrap()).is_ok());
    let mut update = events[1].clone();
    update.as_object_mut().unwrap().remove("time");
    let expected = json!({
        "event": "update", "request_id": "one", "client": null, "assistant": "sondos:7", "vendor": "sondos",
        "vendor_id": "7", "applied": ["name"], "dropped": ["ambient_sound", "k".repeat(64)],
        "outcome": "applied", "status": 200, "reason": "ok", "attempts": 1,
    });
    assert_eq!(update, expected);
    assert_eq!((&events[2]["outcome"], &events[2]["status"]), (&json!("not_applied"), &json!(404)));
    assert_eq!(events[3]["ended"], "drained");
    assert!(!fs::read_to_string(&path).unwrap().contains("hush"));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn the_result_of_an_update_whose_caller_disconnected_is_recorded_later() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let stage = Stage::with(&section(&path)).await;
    stage.fail("autocalls", &["hold"]);
    let mut gone = TcpStream::connect(stage.app.api()).await.unwrap();
    let request = "PUT /v1/assistants/autocalls:7 HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                       x-request-id: gone\r\ncontent-length: 12\r\n\r\n{\"name\":\"x\"}";
    gone.write_all(request.as_bytes()).await.unwrap();
    stage.simulator("autocalls").received_at_least(1).await;
    drop(gone);
    let left = heard(&path, "update", 1).await.remove(0);
    assert_eq!((&left["outcome"], &left["reason"]), (&json!("unknown"), &json!("client_closed")));
    assert_eq!((&left["applied"], &left["attempts"]), (&json!(["name"]), &Value::Null));
    stage.fail("autocalls", &[]);
    let finished = heard(&path, "update_finished", 1).await.remove(0);
    assert_eq!((&finished["outcome"], &finished["request_id"]), (&json!("applied"), &json!("gone")));
    assert_eq!((&finished["vendor_id"], &finished["attempts"]), (&json!("7"), &json!(1)));
    stage.stop().await;
}

#[tokio::test]
async fn the_result_of_a_change_whose_caller_left_while_it_was_read_back_is_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let stage = Stage::with(&section(&path)).await;
    stage.fail("autocalls", &["hold@list"]);
    let mut gone = TcpStream::connect(stage.app.api()).await.unwrap();
    let request = "PUT /v1/assistants/autocalls:7 HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                       prefer: return=representation\r\nx-request-id: gone\r\ncontent-length: 12\r\n\r\n{\"name\":\"x\"}";
    gone.write_all(request.as_bytes()).await.unwrap();
    stage.simulator("autocalls").received_at_least(2).await;
    drop(gone);
    let finished = heard(&path, "update_finished", 1).await.remove(0);
    assert_eq!((&finished["outcome"], &finished["request_id"]), (&json!("applied"), &json!("gone")));
    assert_eq!((&finished["vendor_id"], &finished["attempts"]), (&json!("7"), &json!(1)));
    let left = heard(&path, "update", 1).await.remove(0);
    assert_eq!((&left["applied"], &left["reason"]), (&json!(["name"]), &json!("client_closed")));
    stage.stop().await;
}

#[tokio::test]
async fn a_change_that_fails_in_its_turn_is_recorded_with_its_fields_and_attempts_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let stage = Stage::listing(20, &["autocalls"], &section(&path), |text| text).await;
    stage.fail("autocalls", &["status=503@update"]);
    let reply = stage.put_with("autocalls:7", &[("if-match", "*")], r#"{"name":"x"}"#).await;
    let attempts = reply.problem("vendor_error")["attempts"].clone();
    stage.fail("autocalls", &[]);
    let headers = [("if-match", "*"), ("prefer", "return=representation")];
    assert_eq!(stage.put_with("autocalls:7", &headers, r#"{"name":"x"}"#).await.status, 200);
    stage.stop().await;
    let events: Vec<_> = events(&path).into_iter().filter(|event| event["event"] == "update").collect();
    let told: Vec<_> = events.iter().map(|event| [&event["applied"], &event["outcome"], &event["attempts"]]).collect();
    let applied = json!(["name"]);
    assert_eq!(told[0], [&applied, &json!("unknown"), &attempts]);
    assert_eq!(told[1..], [[&applied, &json!("applied"), &json!(3)]]);
}

#[tokio::test]
async fn rotation_under_load_loses_and_tears_no_line() {
    for fsync in ["never", "interval", "always"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let settings = format!("rotate_bytes = 4096\nkeep = 1000\nfsync = \"{fsync}\"\n");
        let stage = Stage::with(&(section(&path) + &settings)).await;
        let ids: Vec<_> = (0..120).map(|number| format!("id-{number}")).collect();
        let updates = ids.iter().enumerate().map(|(number, id)| {
            let assistant = format!("autocalls:{}", number + 1);
            let stage = &stage;
            async move { stage.put_with(&assistant, &[("x-request-id", id)], r#"{"name":"x"}"#).await.status }
        });
        let statuses = futures_util::future::join_all(updates).await;
        assert!(statuses.iter().all(|status| *status == 200));
        stage.stop().await;
        let files: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(files.len() > 5, "{files:?}");
        let all: Vec<_> = files.iter().flat_map(|file| events(file)).collect();
        let updated: Vec<_> = all.iter().filter_map(|event| event["request_id"].as_str()).collect();
        assert_eq!((all.len(), updated.len()), (122, 120), "{fsync}");
        assert_eq!(updated.into_iter().collect::<BTreeSet<_>>(), ids.iter().map(String::as_str).collect());
    }
}

/// A gateway started from a file in `folder`, with an administration token.
async fn started(folder: &Path, audit: &Path, stage: &Stage, clients: &str) -> App {
    write(folder, audit, stage, clients);
    let variables = tokens(&stage.simulators).into_iter().chain([("ADMIN".to_owned(), "letmein".to_owned())]);
    let source = Source { path: Some(folder.join("c.toml")), environment: variables.collect() };
    let settings = source.load().unwrap_or_else(|problems| panic!("{problems}"));
    App::start(settings, Some(source), None).await.unwrap()
}

fn write(folder: &Path, audit: &Path, stage: &Stage, clients: &str) {
    let admin = "[admin]\ntoken = { env = \"ADMIN\" }\n";
    let text = configuration(&stage.simulators, &(section(audit) + admin + clients));
    fs::write(folder.join("c.toml"), text).unwrap();
}

async fn admin(app: &App, stage: &Stage, path: &str, headers: &[(&str, &str)]) -> u16 {
    let is_get = path.starts_with("/admin/config");
    let method = if is_get { Method::GET } else { Method::POST };
    let mut request = http::Request::builder().method(method).uri(format!("http://{}{path}", app.admin()));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    stage.send(request.body(http_body_util::Full::default()).unwrap()).await.status.as_u16()
}

fn client(name: &str, digit: char) -> String {
    format!("[clients.{name}]\nkey_sha256 = \"{}\"\n", String::from(digit).repeat(64))
}

#[tokio::test]
async fn reloads_changed_keys_and_refused_administration_are_recorded_and_a_new_path_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    let stage = Stage::of(&["autocalls"], "", |text| text).await;
    let app = started(folder.path(), &first, &stage, &(client("old", 'a') + &client("kept", 'b'))).await;
    let token = [("authorization", "Bearer letmein")];
    assert_eq!(admin(&app, &stage, "/admin/config?x", &[("authorization", "Bearer hush")]).await, 401);
    fs::write(folder.path().join("c.toml"), "[server]\nnonsense = 1\n").unwrap();
    let before = fs::read_to_string(&first).unwrap_or_default();
    let named = [token[0], ("x-request-id", "reload-1")];
    assert_eq!(admin(&app, &stage, "/admin/reload?dry_run=true", &token).await, 400);
    assert_eq!(admin(&app, &stage, "/admin/reload", &named).await, 422);
    // A token that was pasted into a path.
    assert_eq!(admin(&app, &stage, "/admin/queue/letmeinn/cancel", &[]).await, 401);
    let reloader = std::sync::Arc::clone(app.reloader());
    assert!(!tokio::task::spawn_blocking(move || reloader.reload("signal")).await.unwrap().applied);
    write(folder.path(), &second, &stage, &(client("new", 'a') + &client("kept", 'c')));
    assert_eq!(admin(&app, &stage, "/admin/reload", &token).await, 200);
    app.stop().await;
    assert!(fs::read_to_string(&first).unwrap().starts_with(&before));
    let (old, new) = (events(&first), events(&second));
    let refused = old.iter().position(|event| event["event"] == "admin_refused").unwrap();
    assert_eq!((&old[refused]["path"], &old[refused]["method"]), (&json!("/admin/config"), &json!("GET")));
    assert!(old[refused]["peer"].as_str().unwrap().starts_with("127.0.0.1:"));
    let reload = old.iter().find(|event| event["outcome"] == "refused").unwrap();
    assert!(reload["problems"].as_str().unwrap().contains("unknown key `server.nonsense`"));
    let by = |event: &Value| (event["trigger"].clone(), event["request_id"].clone(), event["peer"].clone());
    assert_eq!(by(reload), (json!("request"), json!("reload-1"), json!("127.0.0.1")));
    let reloads: Vec<_> = old.iter().filter(|event| event["event"] == "reload").collect();
    assert_eq!(reloads.len(), 2, "an unknown parameter reloads nothing");
    assert_eq!(by(reloads[1]), (json!("signal"), Value::Null, Value::Null));
    assert!(old.iter().any(|event| event["path"] == "/admin/queue/{update}/cancel"), "{old:#?}");
    assert!(new[0]["request_id"].as_str().is_some_and(|id| id.len() == 36) && new[0]["peer"] == "127.0.0.1");
    assert_eq!(names(&new), ["reload", "keys", "stop"]);
    assert_eq!((&new[0]["outcome"], &new[0]["generation"]), (&json!("applied"), &json!(2)));
    assert_eq!((&new[1]["clients_added"], &new[1]["clients_removed"]), (&json!(["new"]), &json!(["old"])));
    assert_eq!((&new[1]["clients_key_changed"], &new[1]["generation"]), (&json!(["kept"]), &json!(2)));
    let all = fs::read_to_string(&first).unwrap() + &fs::read_to_string(&second).unwrap();
    assert!(!all.contains("aaaa") && !all.contains("letmein") && !all.contains("hush"));
    stage.stop().await;
}

#[tokio::test]
async fn a_full_disk_is_reported_delays_no_request_and_its_lines_go_to_the_next_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let stage = Stage::of(&["autocalls"], "", |text| text).await;
    let app = started(folder.path(), Path::new("/dev/full"), &stage, "").await;
    let url = format!("http://{}/v1/assistants/7", app.api());
    let request = http::Request::put(url).header("content-type", "application/json");
    let reply = stage.send(request.body(r#"{"name":"x"}"#.into()).unwrap()).await;
    assert_eq!(reply.status, 200);
    let token = ("authorization", "Bearer letmein");
    let failing = loop {
        let url = format!("http://{}/admin/status", app.admin());
        let request = http::Request::get(url).header(token.0, token.1);
        let status = stage.send(request.body(Default::default()).unwrap()).await.json();
        if !status["lines"]["audit"]["failing"].is_null() {
            break status["lines"]["audit"].clone();
        }
    };
    assert_eq!(failing["lost"], 0);
    assert!(failing["failing"].as_str().unwrap().contains("No space left"));
    write(folder.path(), &path, &stage, "");
    assert_eq!(admin(&app, &stage, "/admin/reload", &[token]).await, 200);
    app.stop().await;
    assert_eq!(names(&events(&path)), ["start", "update", "reload", "stop"]);
    stage.stop().await;
}

#[tokio::test]
async fn a_gateway_that_cannot_open_its_audit_log_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    symlink(folder.path().join("nowhere/audit.jsonl"), &path).unwrap();
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n[auth]\nmode = \"none\"\n{}",
        section(&path)
    );
    let settings = load_text(&text, &Environment::default()).unwrap();
    let error = App::start(settings, None, None).await.err().unwrap().to_string();
    assert_eq!(
        error,
        format!("audit.file: `{}` cannot be opened: No such file or directory (os error 2)", path.display())
    );
}

#[tokio::test]
async fn a_copy_is_recorded_with_the_assistant_that_it_is_of_and_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let stage = Stage::with(&section(&path)).await;
    let headers = [("content-type", "application/json"), ("x-request-id", "one")];
    let needed = r#"{"name":"hush","voice":"Sarah","initial_message":"hush","system_prompt":"hush"}"#;
    let body = format!(r#"{{"vendor":"sondos","changes":{needed}}}"#);
    let copies = "/v1/assistants/autocalls:789/copies";
    let reply = stage.call(Method::POST, copies, &headers, body.clone()).await;
    assert_eq!(reply.status, 201, "{:#}", reply.json());
    stage.call(Method::POST, &format!("{copies}?dry_run=true"), &headers, body.clone()).await;
    stage.call(Method::POST, copies, &headers, r#"{"vendor":"sondos"}"#).await.problem("validation_failed");
    stage.fail("sondos", &["lost@create*1"]);
    stage.call(Method::POST, copies, &headers, body).await;
    stage.stop().await;
    let events = events(&path);
    assert_eq!(names(&events), ["start", "copy", "copy", "stop"], "only what was sent");
    let copy = &events[1];
    assert_eq!((&copy["assistant"], &copy["vendor"]), (&json!("autocalls:789"), &json!("sondos")));
    assert_eq!(
        (&copy["vendor_id"], &copy["outcome"]),
        (&reply.json()["data"]["id"].to_string().into(), &json!("applied"))
    );
    assert_eq!(copy["attempts"], reply.json()["attempts"]);
    assert!(copy["dropped"].as_array().unwrap().contains(&json!("ambient_sound")), "{copy:#}");
    assert_eq!((&events[2]["vendor_id"], &events[2]["outcome"]), (&Value::Null, &json!("unknown")));
    assert!(!fs::read_to_string(&path).unwrap().contains("hush"));
}
