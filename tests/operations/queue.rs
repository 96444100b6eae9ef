//! What waits, what is dead and what became of each change: the admin listener's lists and the commands that print them.

use std::process::{Command, Stdio};

use http::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{PATIENCE, Reply, Stage, eventually};

/// A gateway with a store in a folder of its own, and two names for assistants of `sondos`.
pub(crate) struct Scene {
    pub(crate) stage: Stage,
    folder: tempfile::TempDir,
}

const ASYNC: &[(&str, &str)] = &[("prefer", "respond-async")];

impl Scene {
    /// `queue` is what the section of that name has, `extra` whatever else.
    pub(crate) async fn new(queue: &str, extra: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let audit = folder.path().join("audit.jsonl");
        let extra = format!(
            "[store]\nkind = \"sqlite\"\npath = \"{}\"\n[audit]\nfile = \"{}\"\n[queue]\nbackoff = \"1s\"\n{queue}\n\
             [assistants]\nsales-bot = {{ vendor = \"sondos\", id = 789 }}\nnight-desk = {{ vendor = \"sondos\", id = 790 }}\n{extra}",
            path.display(),
            audit.display(),
        );
        Self { stage: Stage::of(&["sondos", "autocalls"], &extra, |text| text).await, folder }
    }

    /// Sends an update that waits, and gives its record's id.
    pub(crate) async fn later(&self, assistant: &str, body: &str) -> String {
        let reply = self.stage.put_with(assistant, ASYNC, body.to_owned()).await;
        assert_eq!(reply.status, 202, "{reply:?}");
        reply.json()["update"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn admin(&self, method: Method, path: &str) -> Reply {
        self.stage.admin(method, path).await
    }

    /// A list of the admin listener once `is` holds.
    pub(crate) async fn until(&self, path: &str, is: impl Fn(&Value) -> bool) -> Value {
        eventually(PATIENCE, async || Some(self.admin(Method::GET, path).await.json()).filter(|list| is(list))).await
    }

    /// Waits until so many changes are dead.
    pub(crate) async fn dead(&self, count: usize) -> Value {
        self.until("/admin/dead", |list| list["data"].as_array().unwrap().len() == count).await
    }

    /// Runs `switchboard` against this gateway: its exit status and its output.
    async fn run(&self, args: &[&str]) -> (Option<i32>, String) {
        run(&[args, &["--url", &self.stage.app.admin().to_string()]].concat(), "120").await
    }

    /// The events of the audit log of that kind, once there are so many.
    pub(crate) async fn audited(&self, event: &str, count: usize) -> Vec<Value> {
        let path = self.folder.path().join("audit.jsonl");
        eventually(PATIENCE, async || {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            let lines: Vec<_> = lines.filter(|line| line["event"] == event).collect();
            (lines.len() >= count).then_some(lines)
        })
        .await
    }
}

async fn run(args: &[&str], columns: &str) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard"));
    command.args(args).env_remove("SWITCHBOARD_CONFIG").env("COLUMNS", columns).env("RIGHT", "sim-sondos");
    command.stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

/// The ids of a list, as it has them.
pub(crate) fn ids(list: &Value) -> Vec<&str> {
    list["data"].as_array().unwrap().iter().map(|record| record["update"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn what_waits_is_counted_listed_and_canceled() {
    let scene = Scene::new("max_total = 50", "").await;
    scene.stage.fail("sondos", &["status=429,retry-after=600"]);
    let mut sent = Vec::new();
    for body in [r#"{"name": "a"}"#, r#"{"name": "b"}"#, r#"{"name": "c"}"#] {
        sent.push(scene.later("sales-bot", body).await);
    }
    sent.push(scene.later("night-desk", r#"{"name": "d"}"#).await);
    sent.reverse();
    // The first has failed, and the vendor has asked for a pause, so that nothing is sent from now on.
    let is_failed = |list: &Value| {
        list["vendors"]["sondos"]["sending"] == 0
            && !list["data"].as_array().unwrap().last().unwrap()["problem"].is_null()
    };
    let queue = scene.until("/admin/queue", is_failed).await;
    assert_eq!(ids(&queue), sent, "newest first");
    assert_eq!((&queue["waiting"], &queue["max_total"]), (&json!(4), &json!(50)));
    assert_eq!(queue["callbacks"], json!({ "waiting": 0, "given_up": 0 }));
    let sondos = &queue["vendors"]["sondos"];
    assert_eq!((&sondos["queued"], &sondos["held"]), (&json!(4), &json!(0)));
    assert!(sondos["oldest_seconds"].as_f64().unwrap() > 0.0 && sondos["oldest_at"].is_string(), "{sondos}");
    assert_eq!((&queue["store"]["kind"], &queue["store"]["failing"]), (&json!("sqlite"), &Value::Null));
    assert!(!queue.to_string().contains(&*scene.folder.path().to_string_lossy()), "no path: {queue}");
    let record = queue["data"].as_array().unwrap().last().unwrap();
    assert_eq!((&record["problem"]["code"], &record["position"]), (&json!("vendor_rate_limited"), &json!(1)));

    let one = format!("/admin/update?id={}", sent[0]);
    for path in ["/admin/queue", "/admin/dead", "/admin/history", &one] {
        assert!(scene.admin(Method::GET, path).await.body.ends_with(b"}\n"), "{path}");
    }

    // Page by page, and by assistant under all of its names.
    let first = scene.admin(Method::GET, "/admin/queue?limit=3").await.json();
    let next = format!("/admin/queue?limit=3&cursor={}", first["next_cursor"].as_str().unwrap());
    let rest = scene.admin(Method::GET, &next).await.json();
    assert_eq!([ids(&first), ids(&rest)].concat(), sent);
    assert!(rest["next_cursor"].is_null());
    for name in ["night-desk", "sondos:790", "790"] {
        let own = scene.admin(Method::GET, &format!("/admin/queue?assistant={name}")).await.json();
        assert_eq!(ids(&own), [&*sent[0]], "{name}");
    }
    assert_eq!(ids(&scene.admin(Method::GET, "/admin/queue?vendor=autocalls").await.json()), [""; 0]);
    let other = format!("/admin/history?limit=3&cursor={}", first["next_cursor"].as_str().unwrap());
    scene.admin(Method::GET, &other).await.problem("invalid_request");

    let (code, text) = scene.run(&["queue"]).await;
    assert_eq!(code, Some(0), "{text}");
    assert!(text.starts_with("4 changes wait, at most 50 may; 0 callbacks wait, 0 were given up\n"), "{text}");
    assert!(text.contains("vendor  queued  sending  held  oldest\n"), "{text}");
    for id in &sent {
        assert_eq!(text.lines().filter(|line| line.starts_with(&**id)).count(), 1, "{text}");
    }
    let (code, text) = scene.run(&["queue", "list", "--limit", "1", "--format", "json"]).await;
    let list: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, ids(&list)), (Some(0), vec![&*sent[0]]));
    assert!(list["next_cursor"].is_string());

    let (code, text) = scene.run(&["queue", "cancel", &sent[0], &sent[0], "nonsense/../x"]).await;
    assert_eq!(code, Some(1), "{text}");
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], format!("{} is canceled", sent[0]));
    assert!(lines[1].contains("is refused (already_started): it has ended: canceled"), "{text}");
    assert!(lines[2].contains("nonsense/../x is refused (invalid_request)"), "{text}");
    assert_eq!(lines[3], "1 canceled, 2 refused (1 already_started, 1 invalid_request)");
    let event = scene.audited("cancel", 1).await.remove(0);
    assert_eq!(
        (&event["by"], &event["update"], &event["assistant"], &event["peer"]),
        (&json!("operator"), &json!(sent[0]), &json!("night-desk"), &json!("127.0.0.1"))
    );
    // Its own client may, too.
    let path = format!("/v1/updates/{}", sent[1]);
    assert_eq!(scene.stage.call(Method::DELETE, &path, &[], "").await.status, 200);
    assert_eq!(scene.audited("cancel", 2).await[1]["by"], "client");
    scene.until("/admin/queue", |list| list["waiting"] == 2).await;
    let (code, text) = scene.run(&["queue", "cancel", &sent[2]]).await;
    assert_eq!((code, text.lines().last().unwrap()), (Some(0), "1 canceled, 0 refused"), "{text}");
    scene.stage.stop().await;
}

#[tokio::test]
async fn dead_changes_are_listed_and_sent_again_and_the_newest_value_stays() {
    let scene = Scene::new("max_age = \"1s\"", "").await;
    scene.stage.fail("sondos", &["status=503"]);
    let older = scene.later("sales-bot", r#"{"name": "older", "speech_speed": 1.1}"#).await;
    let newer = scene.later("sales-bot", r#"{"name": "newer"}"#).await;
    let other = scene.later("night-desk", r#"{"name": "night"}"#).await;
    let dead = scene.dead(3).await;
    let mut expected = [&*older, &*newer, &*other];
    expected.reverse();
    assert_eq!(ids(&dead), expected);
    assert!(dead["data"].as_array().unwrap().iter().all(|record| record["replay"].is_null()), "{dead}");
    let metrics = scene.admin(Method::GET, "/metrics").await;
    let metrics = String::from_utf8(metrics.body.to_vec()).unwrap();
    let ended = "switchboard_changes_ended_total{vendor=\"sondos\",operation=\"update\",state=\"dead\"} 3\n";
    assert!(metrics.contains(ended), "{metrics}");

    scene.stage.fail("sondos", &[]);
    let (code, text) = scene.run(&["queue", "replay", "--all", "--vendor", "autocalls"]).await;
    assert_eq!((code, &*text), (Some(0), "0 replayed, 0 refused\n"));
    // The newest goes first, so that the older one cannot overwrite it.
    let (code, text) = scene.run(&["queue", "replay", "--all"]).await;
    assert_eq!((code, text.lines().last()), (Some(1), Some("2 replayed, 1 refused (1 superseded)")), "{text}");
    assert!(text.contains(&format!("{older} is refused (superseded)")), "{text}");
    let (code, text) = scene.run(&["queue", "replay", "--all", "--remaining"]).await;
    assert_eq!((code, text.lines().last()), (Some(0), Some("1 replayed, 0 refused")), "{text}");
    let (code, text) = scene.run(&["queue", "replay", "--all"]).await;
    assert_eq!((code, &*text), (Some(0), "0 replayed, 0 refused\n"), "what was sent again is not sent twice");
    let history = scene.until("/admin/history?state=applied", |list| ids(list).len() == 3).await;
    let assistant = scene.stage.get("/v1/assistants/sales-bot").await.json();
    assert_eq!(assistant["fields"]["name"], "newer", "{assistant}");
    assert_eq!(assistant["fields"]["speech_speed"], 1.1, "{assistant}");
    let replays = history["data"].as_array().unwrap().iter().map(|record| record["replay_of"].as_str().unwrap());
    assert_eq!(replays.collect::<Vec<_>>(), [&*older, &*newer, &*other]);
    let events = scene.audited("replay", 3).await;
    assert!(events.iter().all(|event| event["by"] == "operator" && event["replayed_as"].is_string()), "{events:#?}");
    assert_eq!(events[0]["update"], *other);

    let refused = scene.run(&["queue", "replay", &newer, "--format", "json"]).await;
    let said: Value = serde_json::from_str(&refused.1).unwrap();
    assert_eq!(
        (refused.0, &said["refused"][0]["code"], &said["not_tried"]),
        (Some(1), &json!("already_started"), &json!(0))
    );
    scene.stage.stop().await;
}

#[tokio::test]
async fn an_operator_replays_whatever_a_client_sent_and_the_client_sees_it() {
    let key = "key-crm";
    let digest: String = Sha256::digest(key).iter().map(|byte| format!("{byte:02x}")).collect();
    let extra = format!("[auth]\nmode = \"keys\"\n[clients.crm]\nkey_sha256 = \"{digest}\"\n");
    let scene = Scene::new("max_age = \"1s\"", &extra).await;
    scene.stage.fail("sondos", &["status=503"]);
    let bearer = format!("Bearer {key}");
    let headers = [("prefer", "respond-async"), ("authorization", &*bearer)];
    let reply = scene.stage.put_with("sales-bot", &headers, r#"{"name": "a"}"#).await;
    assert_eq!(reply.status, 202, "{reply:?}");
    let update = reply.json()["update"].as_str().unwrap().to_owned();
    scene.dead(1).await;
    scene.stage.fail("sondos", &[]);
    for query in ["?fields=remaining&force=true", "?fields=name", "?force=yes", "?x=1"] {
        scene.admin(Method::POST, &format!("/admin/dead/{update}/replay{query}")).await.problem("invalid_request");
    }
    let unknown = "0198c0de-0000-7000-8000-000000000001";
    scene.admin(Method::POST, &format!("/admin/dead/{unknown}/replay")).await.problem("update_not_found");
    scene.admin(Method::POST, &format!("/admin/queue/{unknown}/cancel")).await.problem("update_not_found");
    scene.admin(Method::POST, "/admin/queue/request-1/cancel").await.problem("invalid_request");
    scene.admin(Method::POST, &format!("/admin/queue/{update}/cancel")).await.problem("already_started");
    let replay = scene.admin(Method::POST, &format!("/admin/dead/{update}/replay?force=true")).await;
    assert_eq!((replay.status.as_u16(), &replay.json()["client"]), (202, &json!("crm")), "{replay:?}");
    let replay = replay.json()["update"].as_str().unwrap().to_owned();
    let path = format!("/v1/updates/{replay}?wait=20");
    let seen = scene.stage.call(Method::GET, &path, &[("authorization", &bearer)], "").await.json();
    assert_eq!((&seen["state"], &seen["replay_of"]), (&json!("applied"), &json!(update)));
    let event = scene.audited("replay", 1).await.remove(0);
    assert_eq!((&event["client"], &event["replayed_as"]), (&json!("crm"), &json!(replay)));
    for (query, count) in [("client=crm", 2), ("client=erp", 0), ("client=", 0), ("state=dead&client=crm", 1)] {
        let list = scene.admin(Method::GET, &format!("/admin/history?{query}")).await.json();
        assert_eq!(ids(&list).len(), count, "{query}: {list}");
    }
    scene.stage.stop().await;
}

#[tokio::test]
async fn history_has_old_and_new_values_and_no_secret() {
    let scene = Scene::new("max_age = \"1s\"", "").await;
    let secret = |key: &str| {
        let tool = json!({ "type": "calendar_integration", "calcom_api_key": key, "calcom_event_slug": "30min" });
        json!({ "name": "three", "tools": [tool] }).to_string()
    };
    scene.stage.put("sales-bot", r#"{"name": "one", "speech_speed": 1.20}"#).await;
    scene.stage.put("sondos:789", r#"{"name": "two"}"#).await;
    scene.stage.fail("sondos", &["status=503"]);
    scene.later("sales-bot", r#"{"name": "three"}"#).await;
    assert_eq!(scene.stage.put("autocalls:7", secret("cal_live_open")).await.status, 200);
    scene.stage.fail("autocalls", &["status=503"]);
    scene.later("autocalls:7", &secret("cal_live_sesame")).await;
    for path in ["/admin/history?assistant=autocalls:7", "/admin/queue"] {
        let waiting = scene.admin(Method::GET, path).await;
        let text = String::from_utf8(waiting.body.to_vec()).unwrap();
        assert!(!text.contains("cal_live"), "{text}");
    }
    scene.dead(2).await;
    let tools = scene.admin(Method::GET, "/admin/history?assistant=autocalls:7").await;
    let text = String::from_utf8(tools.body.to_vec()).unwrap();
    assert!(!text.contains("cal_live"), "{text}");
    for record in tools.json()["data"].as_array().unwrap() {
        assert_eq!(record["values"]["tools"][0]["calcom_api_key"], "[redacted]", "{record}");
    }
    let history = scene.admin(Method::GET, "/admin/history?assistant=789").await;
    let text = String::from_utf8(history.body.to_vec()).unwrap();
    assert!(text.contains("\"speech_speed\": 1.20"), "values keep their text: {text}");
    let list = history.json();
    let records = list["data"].as_array().unwrap();
    assert_eq!(records.len(), 3, "{list}");
    assert_eq!(records[1]["values"], json!({ "name": "two" }));
    assert_eq!(records[0]["values"], json!({ "name": "three" }), "of a dead change the fields alone");
    let (code, text) = scene.run(&["history", "sales-bot", "--values", "--since", "1h"]).await;
    assert_eq!(code, Some(0), "{text}");
    let wanted = ["    name: \"one\" → \"two\"", "    name: ? → \"one\"", "    speech_speed: ? → 1.2"];
    assert!(wanted.iter().all(|line| text.lines().any(|own| own == *line)), "{text}");
    assert!(text.lines().any(|line| line.contains("  dead     update  ")), "{text}");
    let (code, text) = scene.run(&["history", "sales-bot", "--state", "applied", "--field", "speech_speed"]).await;
    assert_eq!((code, text.lines().count()), (Some(0), 2), "{text}");
    let (code, text) = scene.run(&["history", "night-desk"]).await;
    assert_eq!((code, &*text), (Some(0), "no change of night-desk is recorded\n"));
    for (args, message) in [
        (&["history", "sales-bot", "--state", "daed"][..], "did you mean `dead`?"),
        (&["history", "a b"], "the query parameter `assistant` must"),
        (&["history", "sales-bot", "--since", "yesterday"], "a time is as 2026-01-31T08:00:00Z"),
        (&["queue", "replay", "--all", "--force"], "cannot be used with"),
        (&["queue", "replay"], "name the records (`switchboard queue dead` lists them), or say `--all`"),
        (&["queue", "replay", "order-4711"], "a record is named by its own id, a UUID"),
    ] {
        let (code, text) = scene.run(args).await;
        assert!(code != Some(0) && text.contains(message), "{args:?}: {text}");
    }
    for columns in ["40", "80"] {
        let url = scene.stage.app.admin().to_string();
        for args in [&["history", "sales-bot", "--values", "--url", &url][..], &["queue", "dead", "--url", &url]] {
            let (_, text) = run(args, columns).await;
            let width: usize = columns.parse().unwrap();
            assert!(text.lines().all(|line| line.chars().count() <= width), "{columns}\n{text}");
        }
    }
    scene.stage.stop().await;
}

#[tokio::test]
async fn a_misspelled_name_is_an_error_and_never_reads_as_nothing_there() {
    let scene = Scene::new("max_age = \"1s\"", "").await;
    scene.stage.fail("sondos", &["status=503"]);
    scene.later("sales-bot", r#"{"name": "a"}"#).await;
    scene.dead(1).await;
    let vendor = "error: no vendor is named `sandos`, and no record has it; did you mean `sondos`?\n";
    let assistant = "error: no assistant is named `sales-bto`, and no record has it; did you mean `sales-bot`?\n";
    let at_vendor = "error: no vendor is named `sandos`, and no record has it; did you mean `sondos:789`?\n";
    for (args, expected) in [
        (&["queue", "dead", "--vendor", "sandos"][..], vendor),
        (&["queue", "list", "--vendor", "sandos"], vendor),
        (&["queue", "replay", "--all", "--vendor", "sandos", "--remaining"], vendor),
        (&["queue", "dead", "--vendor", "sandos", "--format", "json"], vendor),
        (&["queue", "dead", "--assistant", "sales-bto"], assistant),
        (&["history", "sales-bto"], assistant),
        (&["history", "sandos:789"], at_vendor),
    ] {
        let (code, text) = scene.run(args).await;
        assert_eq!((code, &*text), (Some(1), expected), "{args:?}");
    }
    // What is configured is known, with records or without.
    for args in [&["queue", "dead", "--vendor", "autocalls"][..], &["queue", "dead", "--assistant", "autocalls:7"]] {
        let (code, text) = scene.run(args).await;
        assert_eq!((code, &*text), (Some(0), "no change is dead\n"), "{args:?}");
    }
    let problem = scene.stage.get("/v1/updates?vendor=sandos").await.problem("invalid_request");
    assert_eq!(
        problem["detail"],
        "the query parameter `vendor` has the unknown value `sandos`; did you mean `sondos`?"
    );
    let empty = scene.stage.get("/v1/updates?assistant=sales-bto").await.json();
    assert_eq!(empty, json!({ "data": [], "next_cursor": null }));
    scene.stage.stop().await;
}

#[tokio::test]
async fn a_dead_change_that_holds_its_assistant_is_seen_and_canceled() {
    let scene = Scene::new("max_age = \"1s\"\non_dead = \"hold\"", "").await;
    scene.stage.fail("sondos", &["status=503"]);
    let held = scene.later("sales-bot", r#"{"name": "a"}"#).await;
    let queue = scene.until("/admin/queue", |list| list["vendors"]["sondos"]["held"] == 1).await;
    assert_eq!((&queue["waiting"], ids(&queue).len()), (&json!(1), 0), "{queue}");
    let (code, text) = scene.run(&["queue", "cancel", &held]).await;
    assert_eq!(code, Some(0), "{text}");
    scene.until("/admin/queue", |list| list["waiting"] == 0).await;
    assert_eq!(ids(&scene.admin(Method::GET, "/admin/dead").await.json()), [""; 0]);
    scene.stage.stop().await;
}

#[tokio::test]
async fn without_a_store_there_is_nothing_to_show_and_lines_are_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let audit = folder.path().join("audit.jsonl");
    let stage = Stage::of(&["sondos"], &format!("[audit]\nfile = \"{}\"\n", audit.display()), |text| text).await;
    for (method, path) in [
        (Method::GET, "/admin/queue"),
        (Method::GET, "/admin/dead"),
        (Method::GET, "/admin/history?assistant=x"),
        (Method::POST, "/admin/queue/x/cancel"),
        (Method::POST, "/admin/dead/x/replay"),
    ] {
        stage.admin(method, path).await.problem("store_required");
    }
    stage.put("sondos:1", r#"{"name": "a"}"#).await;
    assert_eq!(stage.admin(Method::GET, "/admin/status").await.json()["store"], Value::Null);
    let metrics = stage.admin(Method::GET, "/metrics").await;
    let metrics = String::from_utf8(metrics.body.to_vec()).unwrap();
    let series = |line: &&str| line.starts_with("switchboard_changes") || line.starts_with("switchboard_store");
    assert_eq!(metrics.lines().find(series), None);
    let (code, text) = run(&["queue", "--url", &stage.app.admin().to_string()], "80").await;
    assert!(code == Some(1) && text.contains("refuses with `store_required`"), "{text}");
    stage.stop().await;
    let lines = std::fs::read_to_string(&audit).unwrap();
    let update = lines.lines().find(|line| line.contains("\"event\":\"update\"")).unwrap();
    assert!(!update.contains("\"update\":\""), "{update}");
}

#[tokio::test]
async fn a_bulk_replay_says_what_it_has_not_tried_when_the_gateway_goes_away() {
    let url = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().to_string()
    };
    let update = "0198c0de-0000-7000-8000-000000000001";
    let (code, text) = run(&["queue", "replay", update, update, "--url", &url], "80").await;
    assert!(code == Some(1) && text.contains("does not answer") && text.contains("; 2 were not tried"), "{text}");
    let (code, text) = run(&["queue", "list", "--url", &url, "--timeout", "1"], "80").await;
    assert!(code == Some(1) && text.contains("does not answer"), "{text}");
}
