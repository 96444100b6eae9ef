//! Dead changes as operators see them: counted by reason, sent again by a job, discarded; one record whole; and who may.

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::queue::{Scene, ids};
use crate::support::{PATIENCE, Reply, eventually};

const UNKNOWN: &str = "0198c0de-0000-7000-8000-000000000001";
const TOKENS: &str = "[admin]\ntoken = { env = \"TOKEN_SONDOS\" }\nviewer_token = { env = \"TOKEN_AUTOCALLS\" }\n";
const ADMINISTRATOR: &str = "Bearer sim-sondos";
const VIEWER: &str = "Bearer sim-autocalls";

async fn job_until(scene: &Scene, id: &str, is: impl Fn(&Value) -> bool) -> Value {
    scene.until(&format!("/admin/job?id={id}"), is).await
}

/// A request to the admin listener with a token; a body is sent as `kind`.
async fn send(scene: &Scene, token: &str, method: Method, path: &str, (kind, body): (&str, &str)) -> Reply {
    let url = format!("http://{}{path}", scene.stage.app.admin());
    let request =
        Request::builder().method(method).uri(url).header("authorization", token).header("content-type", kind);
    scene.stage.send(request.body(Full::new(Bytes::from(body.to_owned()))).unwrap()).await
}

#[tokio::test]
async fn a_job_sends_what_the_filter_matches_again_and_newer_values_stay() {
    let scene = Scene::new("max_age = \"1s\"", "").await;
    scene.stage.fail("sondos", &["status=503"]);
    scene.stage.fail("autocalls", &["status=503"]);
    let older = scene.later("sales-bot", r#"{"name": "older"}"#).await;
    let newer = scene.later("sales-bot", r#"{"name": "newer"}"#).await;
    let other = scene.later("night-desk", r#"{"name": "night"}"#).await;
    scene.later("autocalls:7", r#"{"name": "elsewhere"}"#).await;
    let dead = scene.dead(4).await;
    let reason = dead["counts"]["reasons"][0]["reason"].as_str().unwrap().to_owned();
    let counts = json!({ "open": 4, "reasons": [{ "reason": reason, "count": 4 }], "complete": true });
    assert_eq!(dead["counts"], counts);
    for (query, count) in [
        ("vendor=sondos", 3),
        ("assistant=sales-bot", 2),
        ("client=crm", 0),
        ("older=1h", 0),
        ("vendor=sondos&reason=internal", 0),
        ("replayed=false", 4),
    ] {
        let list = scene.admin(Method::GET, &format!("/admin/dead?{query}")).await.json();
        assert_eq!((&list["counts"]["open"], ids(&list).len()), (&json!(count), count), "{query}");
    }
    let of_reason = scene.admin(Method::GET, &format!("/admin/dead?reason={reason}&limit=3")).await.json();
    let next = format!("/admin/dead?reason={reason}&limit=3&cursor={}", of_reason["next_cursor"].as_str().unwrap());
    let rest = scene.admin(Method::GET, &next).await.json();
    assert_eq!([ids(&of_reason), ids(&rest)].concat(), ids(&dead));
    assert!(rest["counts"].is_null() && rest["next_cursor"].is_null(), "{rest}");
    for (query, said) in [
        ("reason=vendor_eror", "did you mean `vendor_error`?"),
        ("older=soon", "be an age"),
        ("replayed=yes", "be `true` or `false`"),
    ] {
        let problem = scene.admin(Method::GET, &format!("/admin/dead?{query}")).await.problem("invalid_request");
        assert!(problem["detail"].as_str().unwrap().contains(said), "{problem}");
    }

    scene.stage.fail("sondos", &[]);
    let start = async |query: &str| scene.admin(Method::POST, &format!("/admin/dead/replay{query}")).await;
    for (query, status, said) in [
        ("", 400, "`count` must be there"),
        ("?count=0", 400, "`count` must be a whole number from 1"),
        ("?count=3&limit=3", 400, "`limit` is unknown"),
        ("?count=3&rate=1000", 400, "`rate` must be a whole number from 1 to 100"),
        ("?vendor=sondos&count=2", 409, "matches 3 dead changes"),
        ("?vendor=sondos&count=4", 409, "matches 3 dead changes"),
    ] {
        let problem = start(query).await.problem("invalid_request");
        assert_eq!(problem["status"], status, "{query}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(said), "{query}: {problem}");
    }
    assert_eq!(scene.admin(Method::GET, "/admin/jobs").await.json(), json!({ "data": [] }));
    assert_eq!(
        scene.admin(Method::GET, "/admin/dead?replayed=false").await.json()["counts"]["open"],
        4,
        "none was sent"
    );

    let started = start("?vendor=sondos&count=3").await;
    assert_eq!(started.status, 202, "{started:?}");
    let id = started.json()["job"].as_str().unwrap().to_owned();
    let job = job_until(&scene, &id, |job| job["state"] == "done").await;
    let figures = ["count", "replayed", "superseded", "refused", "not_tried"].map(|name| job[name].as_u64().unwrap());
    assert_eq!((figures, &job["filter"]), ([3, 2, 1, 0, 0], &json!("vendor=sondos")), "{job}");
    let results = job["results"].as_array().unwrap();
    let tried: Vec<_> = results.iter().rev().map(|one| one["update"].as_str().unwrap()).collect();
    assert_eq!(tried, [&*other, &*newer, &*older], "the newest goes first");
    assert_eq!((&results[0]["result"], &results[0]["code"]), (&json!("superseded"), &json!("superseded")));
    assert!(results[1]["replayed_as"].is_string() && job["ended_at"].is_string(), "{job}");
    let listed = scene.admin(Method::GET, "/admin/jobs").await.json();
    assert_eq!((&listed["data"][0]["job"], &listed["data"][0]["results"]), (&json!(id), &Value::Null));
    scene.until("/admin/history?state=applied", |list| ids(list).len() == 2).await;
    let assistant = scene.stage.get("/v1/assistants/sales-bot").await.json();
    assert_eq!(assistant["fields"]["name"], "newer", "{assistant}");
    let events = scene.audited("replay", 2).await;
    assert!(events.iter().all(|event| event["by"] == "operator"), "{events:#?}");
    let open = scene.admin(Method::GET, "/admin/dead?replayed=false").await.json();
    assert_eq!(ids(&open).len(), 2, "the superseded one, and that of the other account");

    // What stands against the one that was left out.
    let whole = scene.admin(Method::GET, &format!("/admin/update?id={older}")).await.json();
    let newer_ones = whole["newer"].as_array().unwrap();
    assert_eq!((newer_ones.len(), &newer_ones[0]["fields"]), (1, &json!(["name"])), "{whole}");
    assert_eq!((&whole["values"], &whole["replay"]), (&json!({ "name": "older" }), &Value::Null));
    assert_eq!((&whole["mode"], &whole["callback"]["state"]), (&json!("asynchronous"), &json!("none")));
    assert_eq!(whole["times"][0]["what"], "admitted");
    assert_eq!(whole["times"].as_array().unwrap().last().unwrap()["what"], "dead");
    let replayed = scene.admin(Method::GET, &format!("/admin/update?id={newer}")).await.json();
    assert_eq!(replayed["replay"]["state"], "applied", "{replayed}");
    let by_request = format!("/admin/update?id={}", whole["request_id"].as_str().unwrap());
    assert_eq!(scene.admin(Method::GET, &by_request).await.json()["update"], json!(older));
    scene.admin(Method::GET, &format!("/admin/update?id={UNKNOWN}")).await.problem("update_not_found");
    scene.admin(Method::GET, "/admin/update").await.problem("invalid_request");
    scene.stage.stop().await;
}

#[tokio::test]
async fn one_job_runs_at_a_time_and_stops_when_it_is_canceled() {
    let scene = Scene::new("max_age = \"1s\"", "").await;
    scene.stage.fail("sondos", &["status=503"]);
    for number in 0..6 {
        scene.later(&format!("sondos:{}", 800 + number), r#"{"name": "a"}"#).await;
    }
    scene.dead(6).await;
    scene.stage.fail("sondos", &[]);
    let started = scene.admin(Method::POST, "/admin/dead/replay?count=6&rate=1").await.json();
    let id = started["job"].as_str().unwrap();
    job_until(&scene, id, |job| job["replayed"].as_u64() >= Some(1)).await;
    let open = scene.admin(Method::GET, "/admin/dead").await.json()["counts"]["open"].as_u64().unwrap();
    let second = scene.admin(Method::POST, &format!("/admin/dead/replay?count={open}")).await;
    let problem = second.problem("already_started");
    assert!(problem["detail"].as_str().unwrap().contains(id), "{problem}");
    let canceled = scene.admin(Method::POST, &format!("/admin/jobs/{id}/cancel")).await.json();
    assert_eq!(canceled["state"], "canceled");
    scene.admin(Method::POST, &format!("/admin/jobs/{id}/cancel")).await.problem("already_started");
    scene.admin(Method::POST, &format!("/admin/jobs/{UNKNOWN}/cancel")).await.problem("not_found");
    scene.admin(Method::GET, "/admin/job?id=x").await.problem("not_found");

    // The next one begins at once, and sends what the first has not tried.
    let open = scene.admin(Method::GET, "/admin/dead").await.json()["counts"]["open"].as_u64().unwrap();
    assert!((1..6).contains(&open), "{open} are left");
    let started = eventually(PATIENCE, async || {
        let open = scene.admin(Method::GET, "/admin/dead").await.json()["counts"]["open"].as_u64().unwrap();
        let reply = scene.admin(Method::POST, &format!("/admin/dead/replay?count={open}&rate=100")).await;
        (reply.status == 202).then(|| reply.json())
    })
    .await;
    let last = job_until(&scene, started["job"].as_str().unwrap(), |job| job["state"] == "done").await;
    let first = scene.admin(Method::GET, &format!("/admin/job?id={id}")).await.json();
    let sent = |job: &Value| job["replayed"].as_u64().unwrap();
    assert_eq!(sent(&first) + sent(&last), 6, "each was sent again once: {first} {last}");
    scene.stage.stop().await;
}

#[tokio::test]
async fn a_dead_change_is_discarded_with_a_reason_that_the_audit_log_keeps() {
    let scene = Scene::new("max_age = \"1s\"", "").await;
    scene.stage.fail("sondos", &["status=503"]);
    let first = scene.later("sales-bot", r#"{"name": "a"}"#).await;
    let second = scene.later("night-desk", r#"{"name": "b"}"#).await;
    scene.dead(2).await;
    let post = async |update: &str, query: &str, body: &str| {
        let path = format!("/admin/dead/{update}/discard{query}");
        send(&scene, "Bearer none", Method::POST, &path, ("application/json", body)).await
    };
    let long = format!("{{\"reason\": \"{}\"}}", "x".repeat(501));
    for (query, body, code) in [
        ("", "", "invalid_request"),
        ("?reason=%20", "", "invalid_request"),
        ("?reason=a%0Ab", "", "invalid_request"),
        ("?reason=a", r#"{"reason": "b"}"#, "invalid_request"),
        ("?why=a", "", "invalid_request"),
        ("", &long, "invalid_request"),
        ("", "reason=a", "invalid_json"),
        ("", r#"{"reason": "a", "x": 1}"#, "invalid_json"),
    ] {
        post(&first, query, body).await.problem(code);
    }
    post(UNKNOWN, "?reason=a", "").await.problem("update_not_found");
    let hostile = "</td><script>alert(1)</script>";
    let reply = post(&first, "", &json!({ "reason": format!(" {hostile} ") }).to_string()).await;
    assert_eq!((reply.status.as_u16(), &reply.json()["state"]), (200, &json!("canceled")), "{reply:?}");
    assert_eq!(post(&second, "?reason=sent+by+hand", "").await.status, 200);
    let events = scene.audited("discard", 2).await;
    let said = |index: usize| ["by", "update", "reason", "peer"].map(|name| events[index][name].as_str().unwrap());
    assert_eq!(said(0), ["operator", &first, hostile, "127.0.0.1"]);
    assert_eq!(said(1), ["operator", &second, "sent by hand", "127.0.0.1"]);
    post(&first, "?reason=again", "").await.problem("already_started");
    scene.admin(Method::POST, &format!("/admin/dead/{first}/replay")).await.problem("already_started");
    assert_eq!(ids(&scene.admin(Method::GET, "/admin/dead").await.json()), [""; 0]);
    scene.stage.stop().await;
}

#[tokio::test]
async fn a_viewer_looks_at_records_and_changes_nothing() {
    let scene = Scene::new("max_age = \"1s\"", TOKENS).await;
    scene.stage.fail("sondos", &["status=503"]);
    let update = scene.later("sales-bot", r#"{"name": "<script>alert(1)</script>"}"#).await;
    let none = ("text/plain", "");
    let look = async |path: &str| send(&scene, VIEWER, Method::GET, path, none).await;
    let is_dead = async || Some(look("/admin/dead").await.json()).filter(|list| ids(list).len() == 1);
    eventually(PATIENCE, is_dead).await;
    for path in ["queue", "dead", "history", "jobs", &format!("update?id={update}")] {
        assert_eq!(look(&format!("/admin/{path}")).await.status, 200, "{path}");
    }
    let writes = [
        format!("dead/{update}/replay"),
        format!("dead/{update}/discard?reason=a"),
        format!("queue/{update}/cancel"),
        "dead/replay?count=1".to_owned(),
        format!("jobs/{UNKNOWN}/cancel"),
    ];
    for path in &writes {
        send(&scene, VIEWER, Method::POST, &format!("/admin/{path}"), none).await.problem("forbidden");
    }
    let form = "application/x-www-form-urlencoded";
    let fields = format!("update={update}&reason=a&sure=yes&count=1&job={UNKNOWN}");
    for action in ["cancel", "replay", "discard", "replay-all", "cancel-job"] {
        let reply = send(&scene, VIEWER, Method::POST, &format!("/console/{action}"), (form, &fields)).await;
        assert_eq!(reply.status, 403, "{action}");
    }
    for (path, parts) in [
        ("queue", &["Nothing waits", "callbacks wait"][..]),
        ("dead", &["1</b> dead letter matches", "name=\"count\"", "Discard…", "<button type=\"submit\" disabled"]),
        ("history", &["&lt;script&gt;alert(1)&lt;/script&gt;", "<summary>show</summary>"]),
        (
            &format!("update?id={update}"),
            &["name=\"reason\" required", "&lt;script&gt;alert(1)", "Discard it", " disabled"],
        ),
    ] {
        let page = look(&format!("/console/{path}")).await;
        let text = String::from_utf8(page.body.to_vec()).unwrap();
        assert_eq!(page.status, 200, "{path}: {text}");
        assert!(!text.contains("<script>alert"), "{path}: {text}");
        for part in parts {
            assert!(text.contains(part), "{path} lacks {part}: {text}");
        }
    }
    assert_eq!(ids(&look("/admin/dead").await.json()), [&*update], "nothing was done");

    // The administrator may, by the same forms.
    let act = async |action: &str, fields: &str| {
        send(&scene, ADMINISTRATOR, Method::POST, &format!("/console/{action}"), (form, fields)).await
    };
    assert_eq!(act("replay-all", "count=2").await.status, 409);
    assert_eq!(act("discard", &format!("update={update}")).await.status, 400, "a reason is needed");
    assert_eq!(act("cancel", &format!("update={update}")).await.status, 400, "so is being sure");
    scene.stage.fail("sondos", &[]);
    let started = act("replay-all", "count=1&vendor=&rate=5").await;
    let to = started.header("location").unwrap().to_owned();
    assert!(started.status == 303 && to.starts_with("job?id="), "{started:?}");
    let done = async || {
        let page = look(&format!("/console/{to}")).await;
        Some(String::from_utf8(page.body.to_vec()).unwrap()).filter(|text| text.contains("done</span> 1 of 1 tried"))
    };
    eventually(PATIENCE, done).await;
    scene.stage.stop().await;
}

#[tokio::test]
async fn pages_of_a_gateway_without_a_store_say_what_would_fill_them() {
    let stage = crate::support::Stage::of(&["sondos"], "", |text| text).await;
    for path in ["queue", "dead", "history", "update?id=x"] {
        let page = stage.admin(Method::GET, &format!("/console/{path}")).await;
        let text = String::from_utf8(page.body.to_vec()).unwrap();
        assert!(page.status == 200 && text.contains("[store]\nkind = "), "{path}: {text}");
    }
    for path in ["/admin/dead/replay?count=1", "/admin/dead/x/discard?reason=a"] {
        stage.admin(Method::POST, path).await.problem("store_required");
    }
    stage.admin(Method::GET, "/admin/update?id=x").await.problem("store_required");
    stage.stop().await;
}
