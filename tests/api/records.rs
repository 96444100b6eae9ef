//! Records of changes and what comes with them at a gateway without a store, where none of it is promised.

use http::Method;
use serde_json::{Value, json};

use crate::support::{Reply, Stage};

const UPDATE: &str = "/v1/updates/0198c7a4-7d1e-7c52-9d43-2f0a5b1c6e88";

/// One of each operation on records.
const OPERATIONS: [(Method, &str); 7] = [
    (Method::GET, "/v1/updates"),
    (Method::GET, "/v1/updates?assistant=sales-bot&state=queued,dead&limit=500"),
    (Method::GET, UPDATE),
    (Method::GET, "/v1/updates/order-4711?wait=60"),
    (Method::HEAD, UPDATE),
    (Method::DELETE, UPDATE),
    (Method::POST, "/v1/updates/0198c7a4-7d1e-7c52-9d43-2f0a5b1c6e88/replay?fields=remaining"),
];

async fn update(stage: &Stage, query: &str, headers: &[(&str, &str)]) -> Reply {
    let headers: Vec<_> = headers.iter().copied().chain([("content-type", "application/json")]).collect();
    stage.call(Method::PUT, &format!("/v1/assistants/sondos:789{query}"), &headers, r#"{"name":"x"}"#).await
}

#[tokio::test]
async fn without_a_store_every_path_of_records_says_so() {
    let stage = Stage::new().await;
    for (method, path) in OPERATIONS {
        let reply = stage.call(method.clone(), path, &[], "").await;
        assert_eq!(reply.status, 501, "{method} {path}");
        if method == Method::HEAD {
            continue;
        }
        let problem = reply.problem("store_required");
        assert_eq!((&problem["fault"], &problem["outcome"]), (&json!("gateway"), &json!("not_applied")));
        assert_eq!((&problem["retryable"], reply.header("retry-after")), (&json!(false), None));
        assert!(problem["detail"].as_str().unwrap().contains("`[store]`"), "{problem}");
    }
    stage.assert_nothing_sent();
    stage.stop().await;
}

#[tokio::test]
async fn parameters_that_a_path_does_not_have_are_refused_with_the_nearest() {
    let stage = Stage::new().await;
    for (method, path, expected) in [
        (Method::GET, "/v1/updates?stat=dead".to_owned(), "did you mean `state`?"),
        (Method::GET, "/v1/updates?wait=1".to_owned(), "only `assistant`, `vendor`, `state`"),
        (Method::GET, format!("{UPDATE}?wiat=1"), "did you mean `wait`?"),
        (Method::DELETE, format!("{UPDATE}?wait=1"), "this path has no query parameters"),
        (Method::POST, format!("{UPDATE}/replay?forse=true"), "did you mean `force`?"),
    ] {
        let problem = stage.call(method, &path, &[], "").await.problem("invalid_request");
        assert!(problem["detail"].as_str().unwrap().contains(expected), "{path}: {problem}");
    }
    for (method, allow) in [(Method::PUT, "GET, HEAD, DELETE"), (Method::POST, "GET, HEAD, DELETE")] {
        let reply = stage.call(method, UPDATE, &[], "").await;
        reply.problem("method_not_allowed");
        assert_eq!(reply.header("allow"), Some(allow));
    }
    stage.stop().await;
}

#[tokio::test]
async fn without_a_store_respond_async_is_as_if_it_were_not_there() {
    let stage = Stage::new().await;
    for query in ["", "?dry_run=true"] {
        for (prefer, applied) in [
            ("respond-async", None),
            ("respond-async, wait=5", None),
            ("wait=0, handling=lenient, respond-async", Some("handling=lenient")),
        ] {
            let reply = update(&stage, query, &[("prefer", prefer)]).await;
            assert_eq!((reply.status.as_u16(), reply.header("preference-applied")), (200, applied), "{prefer}{query}");
            assert_eq!((reply.header("location"), reply.header("retry-after")), (None, None));
            assert_eq!(reply.json()["report"]["warnings"], Value::Array(Vec::new()));
        }
    }
    let gone = stage.call(Method::DELETE, "/v1/assistants/sondos:789", &[("prefer", "respond-async")], "").await;
    assert_eq!((gone.status.as_u16(), gone.header("preference-applied")), (200, None));
    stage.stop().await;
}

#[tokio::test]
async fn a_wait_that_is_no_number_of_seconds_is_refused() {
    let stage = Stage::new().await;
    for (prefer, expected) in [
        ("wait=soon", "the preference `wait` must be a whole number of seconds"),
        ("respond-async, wait=1.5", "the preference `wait` must be a whole number of seconds"),
        ("wait", "the preference `wait` must be a whole number of seconds"),
        ("respond-async=false", "the preference `respond-async` has no value"),
    ] {
        for query in ["", "?dry_run=true"] {
            let problem = update(&stage, query, &[("prefer", prefer)]).await.problem("invalid_request");
            assert!(problem["detail"].as_str().unwrap().starts_with(expected), "{prefer}: {problem}");
        }
    }
    stage.assert_nothing_sent();
    stage.stop().await;
}

/// What the document says of records must be what the gateway would do with a store.
#[tokio::test]
async fn the_document_describes_records_and_what_leads_to_them() {
    let stage = Stage::new().await;
    let api = stage.get("/openapi.json").await.json();
    for method in ["put", "patch", "delete"] {
        let operation = &api["paths"]["/v1/assistants/{assistant}"][method];
        let later = &operation["responses"]["202"];
        for header in ["Location", "Retry-After", "Preference-Applied", "Idempotency-Replayed"] {
            assert!(later["headers"][header].is_object(), "{method} {header}");
        }
        assert!(operation["responses"]["200"]["headers"]["Location"].is_object(), "{method}");
        assert_eq!(later["links"]["record"]["operationId"], "readRecord");
        assert!(operation["responses"]["409"].is_object() && operation["responses"]["501"].is_object(), "{method}");
    }
    let key = api["components"]["parameters"]["idempotency_key"]["schema"].clone();
    let key = jsonschema::validator_for(&key).unwrap();
    for good in ["k", "8e03978e-40d5-43dd-bc93-6894a57f9324", "\"k\"", "a\"b", "\"a\\\"b\"", &"k".repeat(255)] {
        assert!(key.is_valid(&json!(good)), "{good}");
    }
    for bad in ["", "a b", "\"a", "\"\"", "\"a\"b", "\"a\\b\"", "\u{e4}", &"k".repeat(256)] {
        assert!(!key.is_valid(&json!(bad)), "{bad}");
    }
    let states = api["components"]["schemas"]["RecordState"]["enum"].as_array().unwrap();
    assert_eq!(states.len(), 10);
    let members = api["components"]["schemas"]["Record"]["required"].as_array().unwrap();
    assert_eq!(members.len(), 19);
    stage.stop().await;
}
