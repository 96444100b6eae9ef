//! Which client may do what, on every endpoint.

use crate::support::{Reply, Stage, configuration, tokens};
use http::Method;
use serde_json::json;
use sha2::{Digest, Sha256};
use switchboard::app::App;
use switchboard::reload::Source;

/// Every endpoint that needs a client, about the assistant `bot`, which lives at `autocalls`.
const GUARDED: [(Method, &str); 10] = [
    (Method::PUT, "/v1/assistants/bot"),
    (Method::PATCH, "/v1/assistants/bot"),
    (Method::PUT, "/v1/assistants/bot?dry_run=true"),
    (Method::PUT, "/v1/assistants/autocalls:5"),
    (Method::PUT, "/v1/assistants/5"),
    (Method::GET, "/v1/assistants/bot/route"),
    (Method::GET, "/v1/vendors"),
    (Method::GET, "/v1/vendors/autocalls"),
    (Method::GET, "/v1/fields"),
    (Method::GET, "/v1/schema"),
];

/// What is said about the gateway's API to everybody.
const PUBLIC: [&str; 4] = ["/openapi.json", "/docs", "/problems", "/problems/forbidden"];

fn client(name: &str, rest: &str) -> String {
    format!("[clients.{name}]\nkey_sha256 = \"{}\"\n{rest}\n", digest(name))
}

/// The digest of the key of that name.
fn digest(name: &str) -> String {
    Sha256::digest(format!("key-{name}")).iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn stage() -> Stage {
    let clients = [
        client("all", ""),
        client("sondos-only", "vendors = [\"sondos\"]"),
        client("others-only", "assistants = [\"other-*\", \"autocalls:6*\"]"),
        client("reader", "operations = [\"read\"]"),
        client("maker", "operations = [\"create\", \"delete\"]\nvendors = [\"sondos\"]"),
        format!("[clients.rotating]\nkey_sha256 = [\"{}\", \"{}\"]\n", digest("old"), digest("new")),
    ];
    let assistants = "[assistants.bot]\nvendor = \"autocalls\"\nid = \"5\"\n\
                      [assistants.other-bot]\nvendor = \"sondos\"\nid = \"7\"\n";
    Stage::with(&format!("[auth]\nmode = \"keys\"\n{}{assistants}", clients.concat())).await
}

async fn call(stage: &Stage, method: &Method, path: &str, key: Option<&str>) -> Reply {
    let authorization = key.map(|key| format!("Bearer key-{key}"));
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(authorization.as_deref().map(|value| ("authorization", value)));
    let body = if method == Method::GET { "" } else { r#"{"name": "x"}"# };
    stage.call(method.clone(), path, &headers, body).await
}

async fn get(stage: &Stage, path: &str, key: &str) -> Reply {
    call(stage, &Method::GET, path, Some(key)).await
}

#[tokio::test]
async fn without_a_known_key_nothing_is_told_or_done() {
    let stage = stage().await;
    for (method, path) in &GUARDED {
        for key in [None, Some("wrong"), Some("")] {
            let reply = call(&stage, method, path, key).await;
            let problem = reply.problem("unauthenticated");
            assert_eq!(reply.header("www-authenticate"), Some("Bearer"), "{method} {path}");
            assert!(problem.get("vendor").is_none(), "{method} {path}: {problem:#}");
            assert_eq!(problem["outcome"], "not_applied");
        }
    }
    stage.assert_nothing_sent();
    for path in PUBLIC {
        assert_eq!(call(&stage, &Method::GET, path, None).await.status, 200, "{path}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_client_does_only_what_its_operations_list_and_learns_nothing_else() {
    let stage = stage().await;
    let detail = "this operation takes `update`, which is not among this client's `operations`";
    for key in ["reader", "maker"] {
        // The same for what exists, what does not, and what this client may not use; and before anything else is read.
        for assistant in
            ["bot", "other-bot", "autocalls:5", "5", "nothing", "nowhere:7", "autocalls:007", "a%20b", "bot?x=1"]
        {
            for method in [Method::PUT, Method::PATCH] {
                let path = format!("/v1/assistants/{assistant}");
                let problem = call(&stage, &method, &path, Some(key)).await.problem("forbidden");
                assert_eq!((&problem["detail"], problem.get("vendor")), (&json!(detail), None), "{path}");
            }
        }
        assert_eq!(get(&stage, "/v1/vendors", key).await.status, 200);
    }
    assert_eq!(get(&stage, "/v1/assistants/bot/route", "reader").await.status, 200);
    get(&stage, "/v1/assistants/bot/route", "maker").await.problem("forbidden");
    stage.assert_nothing_sent();
    stage.stop().await;
}

#[tokio::test]
async fn a_reload_that_takes_a_right_away_holds_for_requests_that_arrive_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.toml");
    let mut stage = Stage::of(&["sondos"], "", |text| text).await;
    let text = |operations: &str| {
        let clients = client("crm", operations);
        configuration(&stage.simulators, "").replace("mode = \"none\"", "mode = \"keys\"") + &clients
    };
    let (before, after) = (text(""), text("operations = [\"read\"]"));
    std::fs::write(&path, before).unwrap();
    let environment = tokens(&stage.simulators).into_iter().collect();
    let source = Source { path: Some(path.clone()), environment };
    let app = App::start(source.load().unwrap(), Some(source), None).await.unwrap();
    std::mem::replace(&mut stage.app, app).stop().await;

    stage.fail("sondos", &["hold"]);
    let reloader = std::sync::Arc::clone(stage.app.reloader());
    let update = call(&stage, &Method::PUT, "/v1/assistants/sondos:7", Some("crm"));
    let reload = async {
        stage.simulator("sondos").received_at_least(1).await;
        std::fs::write(&path, after).unwrap();
        assert!(tokio::task::spawn_blocking(move || reloader.reload("request")).await.unwrap().applied);
        call(&stage, &Method::PUT, "/v1/assistants/sondos:8", Some("crm")).await.problem("forbidden");
        stage.fail("sondos", &[]);
    };
    let (update, ()) = tokio::join!(update, reload);
    assert_eq!(update.status, 200, "an update in flight ends as it began");
    call(&stage, &Method::PUT, "/v1/assistants/sondos:7", Some("crm")).await.problem("forbidden");
    stage.stop().await;
}

#[tokio::test]
async fn credentials_that_are_no_bearer_key_are_refused() {
    let stage = stage().await;
    for value in ["key-all", "Basic a2V5LWFsbA==", "Bearer", "Bearer  ", "Bearer key-all, Bearer key-all"] {
        stage.call(Method::GET, "/v1/vendors", &[("authorization", value)], "").await.problem("unauthenticated");
    }
    let twice = [("authorization", "Bearer key-all"), ("authorization", "Bearer key-all")];
    stage.call(Method::GET, "/v1/vendors", &twice, "").await.problem("unauthenticated");
    assert_eq!(stage.call(Method::GET, "/v1/vendors", &[("authorization", "bearer key-all")], "").await.status, 200);
    stage.stop().await;
}

#[tokio::test]
async fn a_client_without_limits_may_use_everything() {
    let stage = stage().await;
    for (method, path) in &GUARDED {
        let reply = call(&stage, method, path, Some("all")).await;
        assert_eq!(reply.status, 200, "{method} {path}: {reply:?}");
        assert_eq!(reply.header("ratelimit-policy"), None);
    }
    assert_eq!(stage.updates("autocalls").len(), 4);
    stage.stop().await;
}

#[tokio::test]
async fn a_client_without_the_vendor_neither_uses_nor_sees_it() {
    let stage = stage().await;
    for (method, path) in GUARDED.iter().filter(|(_, path)| path.contains("/assistants/")) {
        let problem = call(&stage, method, path, Some("sondos-only")).await.problem("forbidden");
        assert!(!problem.to_string().contains("\"autocalls\""), "{method} {path}: {problem:#}");
        assert!(problem.get("vendor").is_none(), "{method} {path}: {problem:#}");
    }
    // A vendor that does not exist is no different from one that may not be used.
    let strange = call(&stage, &Method::PUT, "/v1/assistants/nowhere:5", Some("sondos-only")).await;
    let known = call(&stage, &Method::PUT, "/v1/assistants/autocalls:5", Some("sondos-only")).await;
    assert_eq!(strange.problem("forbidden")["detail"], "this client may not use the assistant `nowhere:5`");
    assert_eq!(known.problem("forbidden")["detail"], "this client may not use the assistant `autocalls:5`");
    stage.assert_nothing_sent();
    let vendors = get(&stage, "/v1/vendors", "sondos-only").await.json();
    assert_eq!(
        vendors,
        json!({ "vendors": [{ "vendor": "sondos", "dialect": "sondos", "handling": "strict", "experimental": true, "live": null }] })
    );
    for rest in ["", "/catalogs", "/catalogs/voices"] {
        for vendor in ["autocalls", "nowhere"] {
            let problem = get(&stage, &format!("/v1/vendors/{vendor}{rest}"), "sondos-only").await.problem("forbidden");
            assert_eq!(problem["detail"], format!("this client may not use the vendor `{vendor}`"));
        }
        get(&stage, &format!("/v1/vendors/nowhere{rest}"), "all").await.problem("not_found");
        let detail =
            get(&stage, &format!("/v1/vendors/sandos{rest}"), "all").await.problem("not_found")["detail"].take();
        assert_eq!(detail, "there is no vendor of that name; did you mean `sondos`?");
    }
    let fields = get(&stage, "/v1/fields", "sondos-only").await.json().to_string();
    for vendor in ["autocalls", "famulor", "gloriagent", "intellixent"] {
        assert!(!fields.contains(&format!("\"{vendor}\"")), "{vendor} is in the matrix");
    }
    assert_eq!(get(&stage, "/v1/vendors/sondos", "sondos-only").await.status, 200);
    assert_eq!(call(&stage, &Method::PUT, "/v1/assistants/other-bot", Some("sondos-only")).await.status, 200);
    assert_eq!(stage.only_update("sondos").path, "/api/user/assistant/7");
    stage.stop().await;
}

#[tokio::test]
async fn a_client_without_the_assistant_does_not_use_it_under_any_name() {
    let stage = stage().await;
    for (method, path) in GUARDED.iter().filter(|(_, path)| path.contains("/assistants/")) {
        call(&stage, method, path, Some("others-only")).await.problem("forbidden");
    }
    // Nor does it find out which names there are.
    for path in ["/v1/assistants/nothing-bot", "/v1/assistants/nowhere:5"] {
        call(&stage, &Method::PUT, path, Some("others-only")).await.problem("forbidden");
    }
    call(&stage, &Method::PUT, "/v1/assistants/other-missing", Some("others-only")).await.problem("unknown_assistant");
    stage.assert_nothing_sent();
    for (path, vendor) in [("other-bot", "sondos"), ("autocalls:61", "autocalls"), ("62", "autocalls")] {
        let reply = call(&stage, &Method::PUT, &format!("/v1/assistants/{path}"), Some("others-only")).await;
        assert_eq!((reply.status.as_u16(), &reply.json()["vendor"]), (200, &json!(vendor)), "{path}");
    }
    assert_eq!(get(&stage, "/v1/vendors", "others-only").await.json()["vendors"].as_array().unwrap().len(), 5);
    stage.stop().await;
}

#[tokio::test]
async fn two_keys_are_valid_while_one_replaces_the_other() {
    let stage = stage().await;
    for key in ["old", "new"] {
        assert_eq!(get(&stage, "/v1/vendors", key).await.status, 200, "{key}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_client_over_its_limit_is_told_when_to_come_again() {
    let limited = client("limited", "rate_limit = { per_minute = 2, burst = 2 }");
    let stage = Stage::with(&format!("[auth]\nmode = \"keys\"\n{limited}{}", client("free", ""))).await;
    for left in [1, 0] {
        let reply = get(&stage, "/v1/vendors", "limited").await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("ratelimit-policy"), Some("\"default\";q=2;w=60"));
        let state = reply.header("ratelimit").unwrap().to_owned();
        assert!(state.starts_with(&format!("\"default\";r={left};t=")), "{state}");
    }
    let reply = call(&stage, &Method::PUT, "/v1/assistants/5", Some("limited")).await;
    let problem = reply.problem("rate_limited");
    assert_eq!((&problem["fault"], &problem["retryable"]), (&json!("caller"), &json!(true)));
    let wait: u64 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=30).contains(&wait), "{wait}");
    assert!(reply.header("ratelimit").unwrap().starts_with("\"default\";r=0;t="), "{reply:?}");
    stage.assert_nothing_sent();
    for _ in 0..3 {
        assert_eq!(get(&stage, "/v1/vendors", "free").await.status, 200);
    }
    stage.stop().await;
}

#[tokio::test]
async fn the_highest_and_the_slowest_limit_are_limits() {
    for limit in ["per_second = 4294967295", "per_minute = 1, burst = 100000000"] {
        let limited = client("limited", &format!("rate_limit = {{ {limit} }}"));
        let stage = Stage::with(&format!("[auth]\nmode = \"keys\"\n{limited}")).await;
        let reply = get(&stage, "/v1/vendors", "limited").await;
        assert!(reply.header("ratelimit-policy").is_some(), "{limit}: {reply:?}");
        stage.stop().await;
    }
}

#[tokio::test]
async fn administration_asks_for_its_token_and_health_does_not() {
    let stage = Stage::with("[admin]\ntoken = { env = \"TOKEN_SONDOS\" }\n").await;
    let guarded = [(Method::GET, "/admin/status"), (Method::GET, "/admin/config"), (Method::POST, "/admin/reload")];
    for (method, path) in guarded {
        let reply = stage.admin(method.clone(), path).await;
        reply.problem("unauthenticated");
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"), "{path}");
        let url = format!("http://{}{path}", stage.app.admin());
        for (token, expected) in
            [("Bearer sim-sondo", 401), ("Bearer sim-sondos", if method == Method::GET { 200 } else { 422 })]
        {
            let request = http::Request::builder().method(method.clone()).uri(&url).header("authorization", token);
            assert_eq!(stage.send(request.body(Default::default()).unwrap()).await.status, expected, "{path} {token}");
        }
    }
    for path in ["/livez", "/readyz"] {
        assert_eq!(stage.admin(Method::GET, path).await.status, 200, "{path}");
    }
    let url = format!("http://{}/admin/status", stage.app.admin());
    let twice = http::Request::get(url).header("authorization", "Bearer sim-sondos");
    let twice = twice.header("authorization", "Bearer sim-sondos").body(Default::default()).unwrap();
    stage.send(twice).await.problem("unauthenticated");
    stage.admin(Method::GET, "/admin/reload").await.problem("method_not_allowed");
    stage.admin(Method::GET, "/v1/vendors").await.problem("not_found");
    stage.stop().await;
}

#[tokio::test]
async fn administration_shows_no_secret() {
    let stage = Stage::with(&format!("[admin]\ntoken = {{ env = \"TOKEN_SONDOS\" }}\n{}", client("all", ""))).await;
    let url = format!("http://{}/admin/config", stage.app.admin());
    let request = http::Request::get(url).header("authorization", "Bearer sim-sondos");
    let shown = stage.send(request.body(Default::default()).unwrap()).await.json().to_string();
    assert!(shown.contains("[redacted]") && !shown.contains("sim-") && !shown.contains(&digest("all")), "{shown}");
    stage.stop().await;
}
