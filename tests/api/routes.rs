//! Each row of the two tables of routes, wherever the rows show.

use std::collections::BTreeSet;

use http::Method;
use switchboard::admin;
use switchboard::api::routes::{ENDPOINTS, Permission};
use switchboard::api::{Endpoint, by_path};

use crate::support::{Reply, Stage};

const DIGEST: &str = include_str!("../support/key.sha256");
const KEY: (&str, &str) = ("authorization", "Bearer sb_test");

/// A gateway that asks for keys, with one client.
async fn guarded() -> Stage {
    let operations = "operations = [\"read\", \"update\", \"create\", \"delete\"]";
    let client = format!("[auth]\nmode = \"keys\"\n[clients.crm]\nkey_sha256 = \"{}\"\n{operations}\n", DIGEST.trim());
    Stage::listing(3, &simulators::NAMES, &client, |text| text).await
}

/// The fields that the default vendor requires of a new assistant.
const COMPLETE: &str = r#"{"name":"Front desk","voice_id":41,"language_id":1,"type":"inbound","mode":"pipeline",
    "timezone":"Europe/Brussels","initial_message":"Good day.","system_prompt":"Answer briefly.","llm_model_id":2}"#;

/// A path of this form that leads somewhere.
fn filled(template: &str) -> String {
    template
        // The row before it deletes the first one.
        .replace("{assistant}/copies", "sondos:2/copies")
        .replace("{assistant}", "sondos:1")
        .replace("{vendor}", "sondos")
        .replace("{kind}", "voices")
        .replace("{code}", "internal")
        .replace("{update}", "0198c7a4-7d1e-7c52-9d43-2f0a5b1c6e88")
}

async fn call(stage: &Stage, method: &Method, path: &str, headers: &[(&str, &str)]) -> Reply {
    let headers: Vec<_> = headers.iter().copied().chain([("content-type", "application/json")]).collect();
    let body = match *method {
        Method::POST if path.ends_with("/copies") => {
            r#"{"vendor":"sondos","changes":{"initial_message":"Good day.","system_prompt":"Answer briefly."}}"#
        }
        Method::POST => COMPLETE,
        _ => "{}",
    };
    stage.call(method.clone(), path, &headers, body).await
}

fn allow<O>(path: &[Endpoint<O>]) -> String {
    path.iter().map(Endpoint::methods).collect::<Vec<_>>().join(", ")
}

#[test]
fn rows_of_one_path_stand_together_and_have_different_methods() {
    fn check<O>(table: &'static [Endpoint<O>]) {
        let paths: Vec<_> = by_path(table).map(|path| path[0].path).collect();
        assert_eq!(paths.iter().collect::<BTreeSet<_>>().len(), paths.len(), "{paths:?}");
        for path in by_path(table) {
            let methods: BTreeSet<_> = path.iter().map(|endpoint| endpoint.method.as_str()).collect();
            assert_eq!(methods.len(), path.len(), "{methods:?} of {}", path[0].path);
        }
    }
    check(ENDPOINTS);
    check(admin::routes::ENDPOINTS);
}

#[tokio::test]
async fn every_operation_of_the_api_is_served_to_whom_its_row_permits() {
    let stage = guarded().await;
    for endpoint in ENDPOINTS {
        let path = filled(endpoint.path);
        let (known, stranger) =
            (call(&stage, &endpoint.method, &path, &[KEY]).await, call(&stage, &endpoint.method, &path, &[]).await);
        let operation = &endpoint.operation;
        if operation.tag == "records" {
            // This gateway has no store.
            known.problem("store_required");
        } else {
            assert_eq!(known.status, operation.success.status, "{} {path}: {known:?}", endpoint.method);
            let media = known.header("content-type").unwrap_or_default();
            assert!(media.starts_with(operation.success.media), "{path}: {media}");
        }
        match operation.permission {
            Permission::Public => assert_eq!(stranger.status, known.status, "{path}"),
            Permission::Client => drop(stranger.problem("unauthenticated")),
        }
    }
    stage.stop().await;
}

#[tokio::test]
async fn head_is_served_where_get_is() {
    let stage = guarded().await;
    for endpoint in ENDPOINTS.iter().filter(|endpoint| endpoint.method == Method::GET) {
        let path = filled(endpoint.path);
        let (get, head) =
            (call(&stage, &Method::GET, &path, &[KEY]).await, call(&stage, &Method::HEAD, &path, &[KEY]).await);
        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(head.header("content-length"), get.header("content-length"), "{path}");
        assert!(head.body.is_empty() && !get.body.is_empty(), "{path}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn every_other_method_is_answered_with_the_ones_that_there_are_before_the_client_is_known() {
    let stage = guarded().await;
    for path in by_path(ENDPOINTS) {
        for method in ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS", "TRACE", "QUERY"] {
            if allow(path).split(", ").any(|allowed| allowed == method) {
                continue;
            }
            let reply = call(&stage, &method.parse().unwrap(), &filled(path[0].path), &[]).await;
            assert_eq!(reply.status, 405, "{method} {}", path[0].path);
            assert_eq!(reply.header("allow"), Some(allow(path).as_str()), "{method} {}", path[0].path);
        }
    }
    stage.stop().await;
}

#[tokio::test]
async fn no_other_path_leads_anywhere() {
    let stage = guarded().await;
    for path in ["/v1", "/v1/vendors/", "/docs/", "/v1/vendors/a/b", "/problems/unheard_of"] {
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let reply = call(&stage, &method, path, &[]).await;
            reply.problem("not_found");
            assert_eq!(reply.header("allow"), None, "{method} {path}");
        }
    }
    stage.stop().await;
}

#[tokio::test]
async fn the_root_leads_to_the_page_and_a_404_names_the_page_and_the_path_without_its_slash() {
    let stage = guarded().await;
    let root = stage.get("/").await;
    assert_eq!((root.status.as_u16(), root.header("location")), (302, Some("/docs")));
    for (path, detail) in [
        ("/v2", "there is nothing at this path; `/docs` has all paths"),
        ("/problems/unheard_of/", "there is nothing at this path; `/docs` has all paths"),
        ("/docs/", "there is nothing at this path; `/docs` has no slash at its end; `/docs` has all paths"),
        (
            "/v1/assistants/789//",
            "there is nothing at this path; `/v1/assistants/789` has no slash at its end; `/docs` has all paths",
        ),
    ] {
        assert_eq!(stage.get(path).await.problem("not_found")["detail"], detail, "{path}");
    }
    let admin = stage.admin(Method::GET, "/livez/").await.problem("not_found");
    assert_eq!(admin["detail"], "there is nothing at this path; `/livez` has no slash at its end");
    stage.stop().await;
}

#[tokio::test]
async fn every_json_answer_ends_in_one_line_feed() {
    let stage = guarded().await;
    let mut replies =
        vec![call(&stage, &Method::GET, "/nowhere", &[]).await, call(&stage, &Method::GET, "/v1/vendors", &[]).await];
    for endpoint in ENDPOINTS {
        replies.push(call(&stage, &endpoint.method, &filled(endpoint.path), &[KEY]).await);
    }
    replies.push(call(&stage, &Method::PUT, "/v1/assistants/sondos:1?dry_run=true", &[KEY]).await);
    for path in ["/livez", "/readyz", "/admin/status", "/admin/config", "/admin"] {
        replies.push(stage.admin(Method::GET, path).await);
    }
    replies.push(stage.admin(Method::POST, "/admin/reload").await);
    for reply in replies.iter().filter(|reply| reply.header("content-type").unwrap().contains("json")) {
        assert!(reply.body.ends_with(b"}\n"), "{reply:?}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn with_a_public_url_the_type_of_every_problem_is_an_absolute_link() {
    let stage =
        Stage::edited("", |text| text.replace("[server]\n", "[server]\npublic_url = \"https://gw.example/x/\"\n"))
            .await;
    let head = format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "a".repeat(9000));
    let refused = crate::support::raw::send(stage.app.api(), head.as_bytes()).await;
    let refused = String::from_utf8(refused).unwrap();
    assert!(refused.contains("\"type\":\"https://gw.example/x/problems/invalid_request\""), "{refused}");
    for reply in [
        stage.get("/nowhere").await,
        stage.put("sondos:1", "{").await,
        stage.admin(Method::GET, "/admin").await,
        stage.admin(Method::POST, "/admin/reload").await,
    ] {
        let problem = reply.json();
        let code = problem["code"].as_str().unwrap();
        assert_eq!(problem["type"], format!("https://gw.example/x/problems/{code}"));
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_refusal_that_is_no_405_names_no_methods() {
    let stage = guarded().await;
    let reply = call(&stage, &Method::DELETE, "/v1/fields", &[("switchboard-hop", "1")]).await;
    assert_eq!((reply.status.as_u16(), reply.header("allow")), (400, None), "{reply:?}");
    stage.stop().await;
}

#[tokio::test]
async fn every_path_is_the_label_under_which_its_requests_are_counted() {
    let stage = guarded().await;
    for path in by_path(ENDPOINTS) {
        call(&stage, &Method::TRACE, &filled(path[0].path), &[]).await;
    }
    call(&stage, &Method::TRACE, "/problems/unheard_of", &[]).await;
    let metrics = stage.admin(Method::GET, "/metrics").await;
    let metrics = String::from_utf8(metrics.body.to_vec()).unwrap();
    for label in by_path(ENDPOINTS).map(|path| path[0].path).chain(["none"]) {
        let counted = metrics.lines().any(|line| {
            line.starts_with("switchboard_requests_total{") && line.contains(&format!("route=\"{label}\""))
        });
        assert!(counted, "{label}: {metrics}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn every_operation_is_in_openapi_in_the_page_for_people_and_in_the_readme() {
    let stage = Stage::new().await;
    let document = stage.get("/openapi.json").await.json();
    let docs = String::from_utf8(stage.get("/docs").await.body.to_vec()).unwrap();
    let readme = include_str!("../../README.md");
    let mut described = 0;
    for endpoint in ENDPOINTS.iter().filter(|endpoint| endpoint.operation.listed) {
        let method = endpoint.method.as_str().to_ascii_lowercase();
        let operation = &document["paths"][endpoint.path][method.as_str()];
        assert_eq!(operation["operationId"], endpoint.operation.id);
        assert_eq!(operation["summary"], endpoint.summary);
        assert_eq!(operation["security"].is_null(), endpoint.operation.permission == Permission::Client);
        described += 1;
        let listed = |text: &str| {
            let mut lines = text.lines().filter(|line| {
                line.contains(&format!(" {}<", endpoint.path)) || line.contains(&format!(" {}`", endpoint.path))
            });
            lines.any(|line| line.contains(endpoint.method.as_str()) && line.contains(endpoint.summary))
        };
        assert!(listed(&docs), "/docs lacks {} {}", endpoint.method, endpoint.path);
        let table = readme.split_once("<!-- requests:").unwrap().1;
        assert!(listed(table), "the README lacks {} {}", endpoint.method, endpoint.path);
    }
    let methods = document["paths"].as_object().unwrap().values().map(|path| path.as_object().unwrap().len());
    assert_eq!(methods.sum::<usize>(), described, "the document describes what no row has");
    stage.stop().await;
}

#[tokio::test]
async fn every_operation_of_administration_is_served_and_on_the_page_on_operating() {
    let stage = Stage::new().await;
    for path in by_path(admin::routes::ENDPOINTS) {
        for endpoint in path {
            let reply = stage.admin(endpoint.method.clone(), endpoint.path).await;
            let problem: serde_json::Value = serde_json::from_slice(&reply.body).unwrap_or_default();
            let code = problem["code"].as_str().unwrap_or("ok");
            let expected: &[&str] = match endpoint.path {
                "/admin/reload" => &["validation_failed"], // there is no file to read again
                path if ["queue", "dead", "history", "replicas"].iter().any(|list| path.contains(list)) => {
                    &["store_required"]
                }
                "/livez" | "/readyz" | "/metrics" | "/admin/status" | "/admin/config" | "/admin/vendors"
                | "/admin/clients" => &["ok"],
                // Without what an operation needs, it says so, or that what its path names is not there.
                _ => &[
                    "ok",
                    "invalid_request",
                    "invalid_json",
                    "store_required",
                    "not_found",
                    "update_not_found",
                    "vendor_not_found",
                ],
            };
            assert!(expected.contains(&code), "{}: {reply:?}", endpoint.path);
            assert!(
                !problem["detail"].as_str().unwrap_or_default().contains("nothing at this path"),
                "{}",
                endpoint.path
            );
            let line = format!("| `{} {}` | {} |", endpoint.method, endpoint.path, endpoint.summary);
            assert!(include_str!("../../docs/operating.md").contains(&line), "docs/operating.md lacks {line}");
        }
        let reply = stage.admin(Method::TRACE, path[0].path).await;
        reply.problem("method_not_allowed");
        assert_eq!(reply.header("allow"), Some(allow(path).as_str()), "{}", path[0].path);
    }
    stage.admin(Method::GET, "/admin").await.problem("not_found");
    stage.stop().await;
}
