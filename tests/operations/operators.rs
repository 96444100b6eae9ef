//! What operators see of configuration, drift, clients and replicas: as JSON, and on the console's pages.

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body_util::Full;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use simulators::{Fault, Options, Simulator};
use switchboard::app::App;
use switchboard::config::Environment;
use switchboard::reload::Source;

use crate::support::{PATIENCE, Reply, Stage, eventually};

const ADMIN: &str = "admin-0123456789-0123456789-0123456789";
const VIEWER: &str = "viewer-0123456789-0123456789-012345678";
const KEY: &str = "key-of-crm";
const OTHER_KEY: &str = "key-of-batch";

/// A gateway started from a file, with a client, a viewer's token and one vendor.
struct Scene {
    stage: Stage,
    simulator: Simulator,
    folder: tempfile::TempDir,
    good: String,
}

fn digest(key: &str) -> String {
    hex::encode(Sha256::digest(key))
}

impl Scene {
    async fn start() -> Self {
        let simulator = Simulator::start("sondos", Options::default()).await.unwrap();
        let (crm, batch, url, token) = (digest(KEY), digest(OTHER_KEY), simulator.base_url(), simulator.token());
        let good = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\nrequest_timeout = \"20s\"\n\
             [admin]\ntoken = {{ env = \"ADMIN\" }}\nviewer_token = {{ env = \"VIEWER\" }}\n\
             [clients.crm]\nkey_sha256 = \"{crm}\"\nvendors = [\"sondos\"]\nrate_limit = {{ per_minute = 1, burst = 3 }}\n\
             [clients.batch]\nkey_sha256 = \"{batch}\"\nassistants = [\"sales-*\"]\noperations = [\"read\"]\n\
             [vendors.sondos]\nbase_url = \"{url}\"\ntoken = {{ env = \"TOKEN\" }}\n"
        );
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("switchboard.toml"), &good).unwrap();
        let variables =
            [("ADMIN", ADMIN), ("VIEWER", VIEWER), ("TOKEN", token), ("SWITCHBOARD_SERVER__MAX_IN_FLIGHT", "77")];
        let environment: Environment =
            variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let source = Source { path: Some(folder.path().join("switchboard.toml")), environment };
        let settings = source.load().unwrap_or_else(|problems| panic!("{problems}"));
        let app = App::start(settings, Some(source), None).await.unwrap();
        Self { stage: Stage::around(app), simulator, folder, good }
    }

    fn write(&self, text: &str) {
        let (path, new) = (self.folder.path().join("switchboard.toml"), self.folder.path().join("new"));
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, path).unwrap();
    }

    async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let url = format!("http://{}{path}", self.stage.app.admin());
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.stage.send(request.body(Full::new(Bytes::from(body.to_owned()))).unwrap()).await
    }

    async fn admin(&self, method: Method, path: &str, token: &str) -> Reply {
        self.ask(method, path, &[("authorization", &format!("Bearer {token}"))], "").await
    }

    async fn get(&self, path: &str) -> Value {
        let reply = self.admin(Method::GET, path, VIEWER).await;
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
        reply.json()
    }

    async fn put(&self, key: &str) -> Reply {
        let headers = [("authorization", &*format!("Bearer {key}"))];
        self.stage.put_with("sondos:7", &headers, r#"{"name":"x"}"#).await
    }

    /// The cookie of a browser that has signed in.
    async fn sign_in(&self, token: &str) -> String {
        let reply = self.post("session", None, &format!("token={token}")).await;
        assert_eq!(reply.status, 303, "{reply:?}");
        reply.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
    }

    async fn post(&self, address: &str, cookie: Option<&str>, form: &str) -> Reply {
        let mut headers =
            vec![("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];
        headers.extend(cookie.map(|cookie| ("cookie", cookie)));
        self.ask(Method::POST, &format!("/console/{address}"), &headers, form).await
    }

    async fn page(&self, address: &str, cookie: &str) -> String {
        let reply = self.ask(Method::GET, &format!("/console/{address}"), &[("cookie", cookie)], "").await;
        assert_eq!(reply.status, 200, "{address}: {reply:?}");
        String::from_utf8(reply.body.to_vec()).unwrap()
    }
}

#[tokio::test]
async fn a_refused_token_is_told_from_one_that_is_missing_or_written_in_another_way() {
    let scene = Scene::start().await;
    let metrics = "`admin.metrics_token`, `admin.viewer_token` or `admin.token`";
    for (method, path, tokens) in [
        (Method::GET, "/admin/status", "`admin.token` or `admin.viewer_token`"),
        (Method::POST, "/admin/reload", "`admin.token`"),
        (Method::GET, "/metrics", metrics),
    ] {
        let form = format!("the header `Authorization` must be `Bearer <token>` once, with the token of {tokens}");
        for (header, expected) in [
            (&[][..], format!("send the token of {tokens} as `Authorization: Bearer <token>`")),
            (&[("authorization", "Bearer wrong")], format!("this token is not that of {tokens}")),
            (&[("authorization", ADMIN)], form.clone()),
            (&[("authorization", "Basic eDp5")], form.clone()),
            (&[("authorization", "Bearer a"), ("authorization", "Bearer b")], form),
        ] {
            let reply = scene.ask(method.clone(), path, header, "").await;
            assert_eq!(reply.problem("unauthenticated")["detail"], expected, "{path} {header:?}");
        }
    }
    scene.stage.stop().await;
}

/// The value of a form's hidden field on a page.
fn hidden(page: &str, name: &str) -> Option<String> {
    let (_, rest) = page.split_once(&format!(r#"name="{name}" value=""#))?;
    Some(rest.split('"').next()?.to_owned())
}

fn settings(document: &Value) -> &Vec<Value> {
    document["values"]["list"].as_array().unwrap()
}

#[tokio::test]
async fn each_value_is_listed_with_where_it_comes_from() {
    let scene = Scene::start().await;
    let document = scene.get("/admin/configuration?q=server.").await;
    let of = |key: &str| settings(&document).iter().find(|setting| setting["key"] == key).unwrap().clone();
    let file = scene.folder.path().join("switchboard.toml").display().to_string();
    let expected = json!({ "key": "server.request_timeout", "value": "20s", "origin": "file", "file": file, "line": 4, "column": 1 });
    assert_eq!(of("server.request_timeout"), expected);
    let variable = "SWITCHBOARD_SERVER__MAX_IN_FLIGHT";
    let expected = json!({ "key": "server.max_in_flight", "value": 77, "origin": "variable", "variable": variable });
    assert_eq!(of("server.max_in_flight"), expected);
    assert_eq!(
        of("server.header_timeout"),
        json!({ "key": "server.header_timeout", "value": "10s", "origin": "default" })
    );
    let from_variables = scene.get("/admin/configuration?origin=variable").await;
    assert_eq!(settings(&from_variables).len(), 1, "{from_variables:#}");
    let token = scene.get("/admin/configuration?q=sondos.token").await;
    assert_eq!(settings(&token)[0]["value"], "[redacted]");
    assert_eq!(settings(&token)[0]["reads"], "environment variable TOKEN");
    let all = scene.get("/admin/configuration").await;
    assert_eq!(all["values"]["total"], all["values"]["matching"]);
    let page = scene.page("config?q=server.&origin=", &scene.sign_in(VIEWER).await).await;
    assert!(page.contains(&format!("{file}:4:1")) && page.contains(variable), "{page}");
    assert!(page.contains("../admin/configuration?q=server."), "{page}");
    for query in ["origin=file2", "origins=file"] {
        scene.admin(Method::GET, &format!("/admin/configuration?{query}"), VIEWER).await.problem("invalid_request");
    }
}

/// The twin of the page before stays as it is.
#[tokio::test]
async fn the_configuration_in_force_has_its_old_document_too() {
    let scene = Scene::start().await;
    let document = scene.get("/admin/config").await;
    assert_eq!((&document["server"]["max_in_flight"], &document["admin"]["token"]), (&json!(77), &json!("[redacted]")));
}

#[tokio::test]
async fn a_refused_file_is_shown_at_its_lines_without_its_secrets() {
    let scene = Scene::start().await;
    let line = scene.good.lines().count() + 1;
    scene.write(&format!("{}timeot = \"5s\" # hush-1\n[vendors.famulor]\ntoken = \"hush-2\"\n", scene.good));
    let refused = async || {
        let document = scene.get("/admin/configuration").await;
        Some(document).filter(|document| document["on_disk"]["accepted"] == false)
    };
    let document = eventually(PATIENCE, refused).await;
    let [unknown, secret, ..] = document["on_disk"]["problems"].as_array().unwrap().as_slice() else {
        panic!("{document:#}")
    };
    assert_eq!(
        (&unknown["line"], &unknown["column"], &unknown["help"]),
        (&json!(line), &json!(1), &json!("did you mean `timeout`?"))
    );
    assert_eq!(unknown["lines"][2], json!({ "number": line, "text": "timeot …", "mark": [0, 6] }));
    assert_eq!(secret["line"], line + 2);
    let reloads = eventually(PATIENCE, async || {
        let document = scene.get("/admin/configuration").await;
        Some(document["reloads"].clone()).filter(|reloads| reloads["refused"] == 1)
    });
    assert_eq!(reloads.await["last"][0]["trigger"], "file");
    let page = scene.page("config", &scene.sign_in(VIEWER).await).await;
    assert!(page.contains(&format!("switchboard.toml:{line}:1")) && page.contains("| timeot …"), "{page}");
    for text in [document.to_string(), page] {
        assert!(!text.contains("hush"), "{text}");
    }
}

/// The file has no vendor any more, which every reload refuses, so that what differs stays.
#[tokio::test]
async fn a_viewer_may_check_the_file_and_not_reload_it() {
    let scene = Scene::start().await;
    let (start, _) = scene.good.split_once("[clients.crm]").unwrap();
    scene.write(&start.replace("20s", "9s"));
    let checked = async || {
        let reply = scene.admin(Method::POST, "/admin/configuration/check", VIEWER).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        Some(reply.json()).filter(|check| check["accepted"] == false)
    };
    let check = eventually(PATIENCE, checked).await;
    let differences = check["differences"].as_array().unwrap();
    let timeout = differences.iter().find(|one| one["key"] == "server.request_timeout").unwrap();
    assert_eq!((&timeout["in_force"], &timeout["on_disk"], &timeout["line"]), (&json!("20s"), &json!("9s"), &json!(4)));
    assert_eq!(check["generation"], 1);
    scene.admin(Method::POST, "/admin/reload", VIEWER).await.problem("forbidden");
    scene.ask(Method::POST, "/admin/configuration/check", &[], "").await.problem("unauthenticated");

    let viewer = scene.sign_in(VIEWER).await;
    let reply = scene.post("config-check", Some(&viewer), "").await;
    assert_eq!((reply.status.as_u16(), reply.header("location")), (303, Some("config#on-disk")));
    let page = scene.page("config", &viewer).await;
    assert!(page.contains("has no vendor any more") && hidden(&page, "form_token").is_none(), "{page}");
    assert_eq!(scene.post("reload", Some(&viewer), "").await.status, 403);

    let administrator = scene.sign_in(ADMIN).await;
    assert_eq!(scene.post("reload", Some(&administrator), "").await.status, 403, "without the form's token");
    let token = hidden(&scene.page("config", &administrator).await, "form_token").unwrap();
    scene.write(&scene.good.replace("20s", "8s"));
    let reply = scene.post("reload", Some(&administrator), &format!("form_token={token}")).await;
    assert_eq!((reply.status.as_u16(), reply.header("location")), (303, Some("config#last-reload")));
    let document = scene.get("/admin/configuration?q=request_timeout").await;
    assert_eq!(settings(&document)[0]["value"], "8s");
    let last = document["reloads"]["last"].as_array().unwrap();
    let changed = json!(["server.request_timeout"]);
    // The watcher may have been first.
    assert!(last.iter().any(|outcome| outcome["applied"] == true && outcome["changed"] == changed), "{document:#}");
    let page = scene.page("config", &administrator).await;
    assert!(page.contains("applied") && page.contains("<code>server.request_timeout</code>"), "{page}");
}

#[tokio::test]
async fn a_client_is_listed_with_what_it_may_and_what_it_has_sent() {
    let scene = Scene::start().await;
    let before = scene.get("/admin/clients").await;
    assert_eq!(
        (&before["clients"][1]["last_seen"], &before["clients"][1]["rate_limit"]["used"]),
        (&Value::Null, &json!(0))
    );
    for status in [200, 200, 200, 429] {
        assert_eq!(scene.put(KEY).await.status, status);
    }
    assert_eq!(scene.put(OTHER_KEY).await.status, 403);
    assert_eq!(scene.put("unknown").await.status, 401);
    let document = scene.get("/admin/clients").await;
    assert_eq!((&document["open"], &document["authentication"]["failed"]), (&json!(false), &json!(1)));
    let [batch, crm] = document["clients"].as_array().unwrap().as_slice() else { panic!("{document:#}") };
    assert_eq!((&batch["name"], &batch["operations"]), (&json!("batch"), &json!(["read"])));
    assert_eq!((&batch["vendors"], &batch["assistants"]), (&Value::Null, &json!(["sales-*"])));
    assert_eq!((&batch["requests"], &batch["failed"]), (&json!(1), &json!({ "forbidden": 1 })));
    assert_eq!((&crm["requests"], &crm["failed"]), (&json!(4), &json!({ "rate_limited": 1 })));
    assert_eq!((&crm["rate_limit"]["used"], &crm["rate_limit"]["refused"]), (&json!(3), &json!(1)));
    assert_eq!(crm["keys"], json!([digest(KEY)[..8]]));
    assert!(crm["last_seen"].as_u64() > Some(1_700_000_000), "{crm:#}");
    let page = scene.page("clients", &scene.sign_in(VIEWER).await).await;
    assert!(page.contains("3 of 3") && page.contains("rate_limited") && page.contains("sales-*"), "{page}");
    for text in [document.to_string(), page] {
        assert!(!text.contains(&digest(KEY)[..9]) && !text.contains(KEY), "{text}");
    }
}

#[tokio::test]
async fn counts_of_a_client_survive_a_reload() {
    let scene = Scene::start().await;
    assert_eq!(scene.put(KEY).await.status, 200);
    scene.write(&scene.good.replace("burst = 3", "burst = 4"));
    let reply = scene.admin(Method::POST, "/admin/reload", ADMIN).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let document = scene.get("/admin/clients").await;
    let crm = &document["clients"][1];
    assert_eq!((&crm["requests"], &crm["rate_limit"]["burst"]), (&json!(1), &json!(4)));
}

#[tokio::test]
async fn drift_is_listed_until_an_operator_knows_it_and_outages_are_apart() {
    let scene = Scene::start().await;
    scene.simulator.set_faults(vec!["bom*1".parse::<Fault>().unwrap()]);
    assert_eq!(scene.put(OTHER_KEY).await.status, 403);
    assert_eq!(scene.put(KEY).await.status, 200);
    scene.simulator.set_faults(vec!["status=503".parse::<Fault>().unwrap()]);
    assert!(scene.put(KEY).await.status.is_server_error());
    let document = scene.get("/admin/drift").await;
    let vendor = &document["vendors"][0];
    assert_eq!(
        (&document["unknown"], &document["known"], &vendor["unknown"]),
        (&json!(1), &json!(0), &json!(1)),
        "{document:#}"
    );
    let one = &vendor["differences"][0];
    assert_eq!((&one["kind"], &one["asked"], &one["count"]), (&json!("byte_order_mark"), &json!("update"), &json!(1)));
    assert_eq!(
        (&one["documented"], &one["found"]),
        (&json!("JSON without a byte order mark"), &json!("a byte order mark before it"))
    );
    assert!(vendor["outages"].as_object().is_some_and(|outages| !outages.is_empty()), "{vendor:#}");
    assert!(
        vendor["verify"].as_str().unwrap().starts_with("cargo run -p conformance -- sondos --config "),
        "{vendor:#}"
    );
    assert_eq!(vendor["files"][1], "vendors/src/sondos/mod.rs");

    let known = "/admin/drift/known?vendor=sondos&asked=update&kind=byte_order_mark";
    scene.admin(Method::POST, known, VIEWER).await.problem("forbidden");
    scene.admin(Method::POST, "/admin/drift/known?vendor=sondos&asked=update", ADMIN).await.problem("invalid_request");
    scene.admin(Method::POST, &format!("{known}&field=other"), ADMIN).await.problem("not_found");
    let reply = scene.admin(Method::POST, known, ADMIN).await;
    assert_eq!((&reply.json()["unknown"], &reply.json()["known"]), (&json!(0), &json!(1)));
    let status = scene.get("/admin/status").await;
    assert_eq!(status["vendors"]["sondos"]["drift"]["known"], 1);

    let administrator = scene.sign_in(ADMIN).await;
    let page = scene.page("drift", &administrator).await;
    assert!(page.contains("1 known") && page.contains("out of order") && page.contains("not known"), "{page}");
    let field = |name: &str| format!("{name}={}", hidden(&page, name).unwrap());
    let form = ["form_token", "vendor", "asked", "kind", "field", "known"].map(field).join("&");
    assert_eq!(scene.post("drift-known", Some(&administrator), &form).await.header("location"), Some("drift"));
    assert_eq!(scene.get("/admin/drift").await["unknown"], 1);
    assert_eq!(scene.post("drift-known", Some(&scene.sign_in(VIEWER).await), &form).await.status, 403);
}

#[tokio::test]
async fn a_gateway_that_works_alone_says_what_would_show_others() {
    let scene = Scene::start().await;
    scene.admin(Method::GET, "/admin/replicas", VIEWER).await.problem("store_required");
    let page = scene.page("replicas", &scene.sign_in(VIEWER).await).await;
    assert!(page.contains("works alone") && page.contains("[store.postgres]"), "{page}");
}

/// A gateway without a file has no file to look at.
#[tokio::test]
async fn without_a_file_there_is_nothing_to_check() {
    let stage = Stage::with("").await;
    let document = stage.admin(Method::GET, "/admin/configuration").await.json();
    assert_eq!((&document["file"], &document["on_disk"]), (&Value::Null, &Value::Null));
    assert_eq!(stage.admin(Method::GET, "/admin/clients").await.json()["open"], true);
    let headers: HeaderMap = stage.admin(Method::GET, "/console/config").await.headers;
    assert_eq!(headers.get("content-type").unwrap(), "text/html; charset=utf-8");
    stage.stop().await;
}
