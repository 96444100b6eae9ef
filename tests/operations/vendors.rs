//! What operators see of vendor accounts: what needs attention, the last minutes as lines, and catalogs that are asked for
//! again.

use http::{Method, Request};
use http_body_util::Full;
use serde_json::Value;

use crate::support::{PATIENCE, Reply, Stage, eventually};

const TOKENS: &str = "[admin]\ntoken = { env = \"TOKEN_SONDOS\" }\nviewer_token = { env = \"TOKEN_FAMULOR\" }\n";
const ADMINISTRATOR: &str = "Bearer sim-sondos";
const VIEWER: &str = "Bearer sim-famulor";

async fn ask(stage: &Stage, method: Method, path: &str, token: &str, form: &'static str) -> Reply {
    let url = format!("http://{}{path}", stage.app.admin());
    let mut request = Request::builder().method(method).uri(url);
    if !token.is_empty() {
        request = request.header("authorization", token);
    }
    if !form.is_empty() {
        request = request.header("content-type", "application/x-www-form-urlencoded");
    }
    stage.send(request.body(Full::from(form)).unwrap()).await
}

/// The sentences of what needs attention.
async fn attention(stage: &Stage) -> Vec<String> {
    let status = stage.admin(Method::GET, "/admin/status").await.json();
    let all = status["attention"].as_array().unwrap();
    all.iter().map(|attention| attention["what"].as_str().unwrap().to_owned()).collect()
}

async fn overview(stage: &Stage) -> String {
    let page = stage.admin(Method::GET, "/console/").await;
    assert_eq!(page.status, 200, "{page:?}");
    String::from_utf8(page.body.to_vec()).unwrap()
}

#[tokio::test]
async fn a_vendor_that_stops_is_said_at_the_third_update_and_no_longer_once_one_is_applied() {
    let stage = Stage::new().await;
    stage.put("sondos:1", r#"{"name": "a"}"#).await;
    assert_eq!(attention(&stage).await, Vec::<String>::new());
    assert!(overview(&stage).await.contains("Nothing needs attention."));
    stage.fail("sondos", &["status=500"]);
    for assistant in 1..=3 {
        assert_eq!(attention(&stage).await, Vec::<String>::new());
        stage.put(&format!("sondos:{assistant}"), r#"{"name": "a"}"#).await.problem("vendor_error");
    }
    assert_eq!(attention(&stage).await, ["sondos: every update fails (vendor_error)"]);
    let status = stage.admin(Method::GET, "/admin/status").await.json();
    let said = &status["attention"][0];
    assert_eq!((&said["severity"], &said["vendor"], &said["updates"]), (&"bad".into(), &"sondos".into(), &3.into()));
    assert_eq!(said["runbook"], "docs/runbook.md#switchboardvendorerrors");
    let page = overview(&stage).await;
    assert!(page.contains("sondos: every update fails (vendor_error)"), "{page}");
    assert!(page.contains("requests?vendor=sondos&amp;reason=vendor%5Ferror"), "{page}");
    stage.fail("sondos", &[]);
    stage.put("sondos:1", r#"{"name": "a"}"#).await;
    assert_eq!(attention(&stage).await, Vec::<String>::new());
    assert!(overview(&stage).await.contains("Nothing needs attention."));
    stage.stop().await;
}

#[tokio::test]
async fn an_open_breaker_is_said_and_its_changes_are_kept() {
    let breaker = "[vendors.sondos.breaker]\nmin_requests = 1\nopen_for = \"1s\"\n";
    let stage = Stage::with(breaker).await;
    stage.fail("sondos", &["status=500"]);
    for assistant in 1..=3 {
        stage.put(&format!("sondos:{assistant}"), r#"{"name": "a"}"#).await;
    }
    let said = attention(&stage).await;
    assert!(said.iter().any(|what| what.starts_with("sondos: left alone after too many failures; ")), "{said:?}");
    let vendor = async || stage.admin(Method::GET, "/admin/vendor?name=sondos").await.json();
    assert_eq!(vendor().await["breaker_changes"][0]["state"], "open");
    assert!(vendor().await["attention"].as_array().unwrap().len() == said.len());
    stage.fail("sondos", &[]);
    eventually(PATIENCE, async || (stage.put("sondos:1", r#"{"name": "a"}"#).await.status == 200).then_some(())).await;
    assert_eq!(attention(&stage).await, Vec::<String>::new());
    let changes = vendor().await["breaker_changes"].take();
    let states: Vec<_> = changes.as_array().unwrap().iter().map(|change| change["state"].as_str().unwrap()).collect();
    assert!(states.starts_with(&["closed", "half_open"]) && states.ends_with(&["open"]), "{states:?}");
    stage.stop().await;
}

#[tokio::test]
async fn vendors_have_a_quarter_of_an_hour_as_lines() {
    let stage = Stage::new().await;
    stage.put("sondos:1", r#"{"name": "a"}"#).await;
    stage.fail("sondos", &["status=500"]);
    stage.put("sondos:1", r#"{"name": "a"}"#).await;
    let document = stage.admin(Method::GET, "/admin/vendors").await.json();
    let rows = document["vendors"].as_array().unwrap();
    assert_eq!(rows.len(), simulators::NAMES.len());
    let row = rows.iter().find(|row| row["name"] == "sondos").unwrap();
    let sum = |line: &Value| line.as_array().unwrap().iter().filter_map(Value::as_u64).sum::<u64>();
    let lines = &row["lines"];
    assert_eq!((sum(&lines["requests"]), sum(&lines["errors"])), (2, 1));
    for line in ["requests", "errors", "p50_ms", "p99_ms"] {
        assert_eq!(lines[line].as_array().unwrap().len(), 90, "{line}");
    }
    assert_eq!((&lines["slot_seconds"], &row["breaker"]), (&10.into(), &"closed".into()));
    let page = stage.admin(Method::GET, "/console/vendors").await;
    let page = String::from_utf8_lossy(&page.body).into_owned();
    assert!(page.contains("vendor?name=sondos") && page.contains("<svg"), "{page}");
    stage.admin(Method::GET, "/admin/vendors?name=sondos").await.problem("invalid_request");
    stage.stop().await;
}

#[tokio::test]
async fn a_vendor_is_asked_for_a_catalog_by_the_administrator_alone() {
    let stage = Stage::with(TOKENS).await;
    let path = "/admin/vendor/sondos/catalogs/voices/refresh";
    ask(&stage, Method::POST, path, "", "").await.problem("unauthenticated");
    ask(&stage, Method::POST, path, VIEWER, "").await.problem("forbidden");
    let form = "vendor=sondos&kind=voices";
    assert_eq!(ask(&stage, Method::POST, "/console/catalog-refresh", VIEWER, form).await.status, 403);
    assert!(stage.simulator("sondos").received().is_empty());
    let refreshed = ask(&stage, Method::POST, path, ADMINISTRATOR, "").await.json();
    assert_eq!((&refreshed["kind"], &refreshed["entries_before"]), (&"voices".into(), &Value::Null));
    let entries = refreshed["entries"].as_u64().unwrap();
    let asked = stage.simulator("sondos").received().len();
    assert!(entries > 0 && asked > 0, "{refreshed}");
    // A fresh copy is read again, too.
    let done = ask(&stage, Method::POST, "/console/catalog-refresh", ADMINISTRATOR, form).await;
    assert_eq!((done.status.as_u16(), done.header("location")), (303, Some("vendor?name=sondos&kind=voices")));
    assert_eq!(stage.simulator("sondos").received().len(), 2 * asked);
    for (path, detail) in [
        ("/admin/vendor/sondo/catalogs/voices/refresh", "there is no vendor account `sondo`; did you mean `sondos`?"),
        ("/admin/vendor/sondos/catalogs/voice/refresh", "there is no catalog `voice`; did you mean `voices`?"),
    ] {
        assert_eq!(ask(&stage, Method::POST, path, ADMINISTRATOR, "").await.problem("not_found")["detail"], detail);
    }
    stage.fail("sondos", &["status=500@get"]);
    ask(&stage, Method::POST, path, ADMINISTRATOR, "").await.problem("vendor_error");
    let vendor = ask(&stage, Method::GET, "/admin/vendor?name=sondos", VIEWER, "").await.json();
    let voices = vendor["known_catalogs"].as_array().unwrap().iter().find(|one| one["kind"] == "voices").unwrap();
    assert_eq!((voices["entries"].as_u64(), &voices["failures"]), (Some(entries), &1.into()), "the last copy stays");
    stage.stop().await;
}

#[tokio::test]
async fn catalogs_are_searched_by_name_and_by_id() {
    let stage =
        Stage::with(&format!("{TOKENS}[vendors.sondos.catalog]\nvoices = {{ 7 = \"Our <i>voice</i>\" }}\n")).await;
    ask(&stage, Method::POST, "/admin/vendor/sondos/catalogs/voices/refresh", ADMINISTRATOR, "").await;
    let find = async |query: &str| {
        let path = format!("/admin/vendor?name=sondos{query}");
        ask(&stage, Method::GET, &path, VIEWER, "").await
    };
    assert_eq!(find("").await.json()["found"], Value::Array(Vec::new()));
    let all = find("&kind=voices").await.json()["found"][0].take();
    let first = &all["entries"][0];
    assert_eq!(
        (&first["id"], &first["name"], &first["configured"]),
        (&"7".into(), &"Our <i>voice</i>".into(), &true.into())
    );
    let last = all["entries"].as_array().unwrap().last().unwrap().clone();
    for part in ["id", "name"] {
        let part: String = form_urlencoded::byte_serialize(last[part].as_str().unwrap().as_bytes()).collect();
        let found = find(&format!("&q={part}")).await.json()["found"].take();
        let voices = found.as_array().unwrap().iter().find(|found| found["kind"] == "voices").unwrap().clone();
        assert!(voices["entries"].as_array().unwrap().contains(&last), "{part}: {voices}");
    }
    find("&kind=voice").await.problem("not_found");
    find("&sort=1").await.problem("invalid_request");
    ask(&stage, Method::GET, "/admin/vendor", VIEWER, "").await.problem("invalid_request");
    ask(&stage, Method::GET, "/admin/vendor?name=none", VIEWER, "").await.problem("not_found");
    let page = ask(&stage, Method::GET, "/console/vendor?name=sondos&kind=voices&q=%3Cscript%3E", VIEWER, "").await;
    let page = String::from_utf8_lossy(&page.body).into_owned();
    assert!(page.contains("No entry of voices matches.") && !page.contains("<script>"), "{page}");
    let page = ask(&stage, Method::GET, "/console/vendor?name=sondos&kind=voices&q=our", VIEWER, "").await;
    let page = String::from_utf8_lossy(&page.body).into_owned();
    assert!(page.contains("Our &lt;i&gt;voice&lt;/i&gt;") && !page.contains("sim-sondos"), "{page}");
    stage.stop().await;
}
