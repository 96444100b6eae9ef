//! What reading a catalog refuses: a bad query, what is not there, what a client may not see, a vendor that fails, secrets.

use http::Method;
use serde_json::{Value, json};

use super::catalog_pages::{OK, behind, get};
use crate::support::Stage;
use crate::support::stub::Stub;

const DIGEST: &str = include_str!("../support/key.sha256");

async fn refused(stage: &Stage, path: &str, code: &str) -> String {
    stage.get(path).await.problem(code)["detail"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn secrets_of_tools_and_tokens_never_show() {
    let tools = json!([
        { "id": 1, "name": "book", "description": "Books", "endpoint": "https://u:hush-1@example.com/?token=hush-2",
          "method": "POST", "timeout": 10, "headers": [{ "name": "Authorization", "value": "Bearer hush-3" }],
          "static_fields": [{ "key": "k", "value": "hush-4" }], "schema": [], "api_key": "hush-5", "type": "http" },
        { "id": 2, "name": "mail", "description": null, "callback_url": "https://hush-6@example.com", "headers": [] },
    ]);
    let stub = Stub::routing(move |target, _| {
        assert_eq!(target, "/api/user/tools");
        (OK, tools.to_string())
    })
    .await;
    let stage = behind(&stub, "autocalls", "").await;
    let body = get(&stage, "/v1/vendors/odd/catalogs/tools").await;
    let first =
        json!({ "id": 1, "name": "book", "description": "Books", "method": "POST", "timeout": 10, "type": "http" });
    assert_eq!(body["data"], json!([first, { "id": 2, "name": "mail", "description": null }]));
    stage.stop().await;
}

#[tokio::test]
async fn a_catalog_that_repeats_the_token_is_refused() {
    let stub = Stub::routing(|_, head| {
        let token = head.split("Bearer ").nth(1).and_then(|rest| rest.split("\r\n").next()).unwrap();
        (OK, json!([{ "id": 1, "name": token }]).to_string())
    })
    .await;
    let stage = behind(&stub, "sondos", "").await;
    let reply = stage.get("/v1/vendors/odd/catalogs/voices").await;
    reply.problem("vendor_bad_response");
    let token = stub.received()[0].split("Bearer ").nth(1).unwrap().split("\r\n").next().unwrap().to_owned();
    assert!(!String::from_utf8_lossy(&reply.body).contains(&token));
    stage.stop().await;
}

#[tokio::test]
async fn what_the_query_may_say_is_said() {
    let stage = Stage::new().await;
    let path = "/v1/vendors/autocalls/catalogs/voices";
    let limit = "the query parameter `limit` must be an integer from 1 to 1000";
    for bad in ["0", "1001", "-1", "x", "", "1.5"] {
        assert_eq!(refused(&stage, &format!("{path}?limit={bad}"), "invalid_request").await, limit);
    }
    for bad in ["", "x", "0123456789abcdef", "%00"] {
        let detail = refused(&stage, &format!("{path}?cursor={bad}"), "invalid_request").await;
        assert_eq!(detail, "the query parameter `cursor` is no `next_cursor` of this gateway", "{bad}");
    }
    let detail = refused(&stage, &format!("{path}?q=a&q=b"), "invalid_request").await;
    assert_eq!(detail, "the query parameter `q` must not be repeated");
    let detail = refused(&stage, &format!("{path}?page=2"), "invalid_request").await;
    assert!(detail.starts_with("the query parameter `page` is unknown"), "{detail}");
    let detail = refused(&stage, "/v1/vendors/autocalls/catalogs?q=x", "invalid_request").await;
    assert!(detail.ends_with("this path has no query parameters"), "{detail}");
    let other = get(&stage, "/v1/vendors/autocalls/catalogs/languages?limit=1").await;
    let cursor = other["next_cursor"].as_str().unwrap();
    let detail = refused(&stage, &format!("{path}?cursor={cursor}"), "invalid_request").await;
    assert!(detail.contains("another list"), "{detail}");
    let detail =
        refused(&stage, &format!("/v1/vendors/sondos/catalogs/languages?cursor={cursor}"), "invalid_request").await;
    assert!(detail.contains("another list"), "{detail}");
    stage.stop().await;
}

#[tokio::test]
async fn a_catalog_that_is_not_documented_there_is_not_found() {
    let stage = Stage::with("[vendors.sondos.catalog.folders]\n\"1\" = \"Mine\"\n").await;
    let undocumented = refused(&stage, "/v1/vendors/sondos/catalogs/folders", "not_found").await;
    assert_eq!(undocumented, "Sondos documents no catalog `folders`");
    let unknown = refused(&stage, "/v1/vendors/sondos/catalogs/voicess", "not_found").await;
    assert_eq!(unknown, "there is no catalog `voicess`; did you mean `voices`?");
    for kind in ["VOICES", "voices%2F", "%00", "gender"] {
        refused(&stage, &format!("/v1/vendors/sondos/catalogs/{kind}"), "not_found").await;
    }
    stage.get("/v1/vendors/nobody/catalogs/voices").await.problem("not_found");
    stage.get("/v1/vendors/nobody/catalogs").await.problem("not_found");
    stage.call(Method::POST, "/v1/vendors/sondos/catalogs/voices", &[], "").await.problem("method_not_allowed");
    stage.assert_nothing_sent();
    stage.stop().await;
}

#[tokio::test]
async fn a_client_reads_the_catalogs_of_its_own_vendors_only() {
    let extra =
        format!("[auth]\nmode = \"keys\"\n[clients.crm]\nkey_sha256 = \"{}\"\nvendors = [\"sondos\"]\n", DIGEST.trim());
    let stage = Stage::with(&extra).await;
    let key = [("authorization", "Bearer sb_test")];
    let read = async |path: &str| stage.call(Method::GET, path, &key, "").await;
    assert_eq!(read("/v1/vendors/sondos/catalogs/voices").await.status, 200);
    assert_eq!(read("/v1/vendors/sondos/catalogs").await.status, 200);
    for path in ["catalogs", "catalogs/voices", "catalogs/nothing"] {
        let (other, none) =
            (read(&format!("/v1/vendors/autocalls/{path}")).await, read(&format!("/v1/vendors/no/{path}")).await);
        // What may not be used looks like what is not there.
        assert_eq!(other.problem("forbidden")["detail"], "this client may not use the vendor `autocalls`");
        assert_eq!(none.problem("forbidden")["detail"], "this client may not use the vendor `no`");
    }
    stage.get("/v1/vendors/sondos/catalogs").await.problem("unauthenticated");
    assert!(stage.simulator("autocalls").received().is_empty());
    stage.stop().await;
}

#[tokio::test]
async fn a_catalog_that_cannot_be_read_is_the_vendors_failure() {
    for (fault, code, retryable) in [
        ("status=503@get", "vendor_error", true),
        ("status=422@get", "vendor_error", false),
        ("reset@get", "vendor_error", true),
        ("html@get", "vendor_bad_response", true),
        ("status=401@get", "vendor_credentials_rejected", false),
        ("status=429,retry-after=7@get", "vendor_rate_limited", true),
    ] {
        let stage = Stage::with("[vendors.autocalls.retry]\nmax_attempts = 1\n").await;
        stage.fail("autocalls", &[fault]);
        let problem = stage.get("/v1/vendors/autocalls/catalogs/voices").await.problem(code);
        assert_eq!(problem["vendor"], "autocalls", "{fault}: {problem:#}");
        assert_ne!(problem["fault"], "caller", "{fault}: {problem:#}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.starts_with("The vendor's catalog cannot be read now: "), "{fault}: {detail}");
        if code != "vendor_error" {
            assert_eq!(problem["retryable"], retryable, "{fault}: {problem:#}");
        }
        let body = get(&stage, "/v1/vendors/autocalls/catalogs").await;
        assert_eq!(body["catalogs"][1]["age"], Value::Null, "{fault}");
        stage.stop().await;
    }
}

#[tokio::test]
async fn a_vendor_that_has_no_such_list_leaves_what_is_configured() {
    let stub = Stub::routing(|_, _| ("404 Not Found", json!({ "message": "Not found" }).to_string())).await;
    let lines = "[vendors.odd.catalog.voices]\n\"7\" = \"House\"\n";
    let stage = behind(&stub, "autocalls", lines).await;
    let body = get(&stage, "/v1/vendors/odd/catalogs/voices").await;
    assert_eq!((&body["data"], &body["age"]), (&json!([{ "id": 7, "name": "House" }]), &Value::Null));
    stage.get("/v1/vendors/odd/catalogs/tools").await.problem("vendor_bad_response");
    stage.stop().await;
}

#[tokio::test]
async fn an_impatient_caller_gets_a_timeout_and_the_read_goes_on() {
    let stage = Stage::new().await;
    stage.fail("autocalls", &["hold@get"]);
    let path = "/v1/vendors/autocalls/catalogs/voices";
    let reply = stage.call(Method::GET, path, &[("request-timeout", "0.05")], "").await;
    reply.problem("vendor_timeout");
    stage.fail("autocalls", &[]);
    assert_eq!(get(&stage, path).await["data"].as_array().unwrap().len(), 4);
    assert_eq!(stage.simulator("autocalls").received().len(), 1, "one read");
    stage.stop().await;
}
