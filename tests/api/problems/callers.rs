//! Problems that are the caller's: refused before anything is sent.

use std::io::Write;

use http::Method;
use serde_json::{Value, json};

use crate::support::{Reply, Stage};

const KEY: &str = "sb_test";
/// SHA-256 of [`KEY`].
const DIGEST: &str = include_str!("../../support/key.sha256");

fn keys(client: &str) -> String {
    format!("[auth]\nmode = \"keys\"\n[clients.crm]\nkey_sha256 = \"{}\"\n{client}", DIGEST.trim())
}

/// Asserts a caller's problem, refused before anything was sent.
#[track_caller]
fn refused(reply: &Reply, code: &str, status: u16) -> Value {
    let problem = reply.problem(code);
    assert_eq!(reply.status, status);
    assert_eq!(problem["fault"], "caller");
    assert_eq!(problem["outcome"], "not_applied");
    assert_eq!(problem["retryable"], code == "rate_limited");
    assert_eq!(problem.get("attempts"), None, "{problem:#}");
    assert_eq!(problem.get("vendor_response"), None);
    problem
}

#[tokio::test]
async fn what_is_not_one_strict_json_object_is_invalid_json() {
    let stage = Stage::new().await;
    let deep = format!("{{\"variables\":{}1{}}}", "[".repeat(32), "]".repeat(32));
    let cases: [&[u8]; 22] = [
        b"",
        b" ",
        b"{",
        b"}",
        b"[]",
        b"null",
        b"7",
        b"\"x\"",
        b"{\"name\":}",
        b"{\"name\":\"x\",}",
        b"{'name':'x'}",
        b"{name:1}",
        b"{} {}",
        b"{}x",
        b"{\"speech_speed\":NaN}",
        b"{\"speech_speed\":01}",
        b"{\"name\":\"x\",\"name\":\"y\"}",
        b"{\"variables\":{\"a\":{\"b\":1,\"b\":1}}}",
        b"{\"name\":\"\xff\"}",
        b"\xef\xbb\xbf\xef\xbb\xbf{}",
        b"{\"name\":\"\\ud800\"}",
        deep.as_bytes(),
    ];
    for body in cases {
        let reply = stage.put("sondos:789", body.to_vec()).await;
        let problem = refused(&reply, "invalid_json", 400);
        assert_eq!(problem["vendor"], "sondos");
        assert_eq!(problem["instance"], "/v1/assistants/sondos:789");
    }
    stage.assert_nothing_sent();
    stage.stop().await;
}

#[tokio::test]
async fn a_query_header_or_assistant_that_cannot_be_read_is_an_invalid_request() {
    let stage = Stage::new().await;
    let long = "a".repeat(300);
    let paths = [
        "sondos:789?dry_run=yes",
        "sondos:789?dry_run",
        "sondos:789?dryrun=true",
        "sondos:789?dry_run=true&dry_run=true",
        "sondos:789?x=1",
        "sondos:abc",
        "sondos:-1",
        "sondos:1%2F2",
        "sondos:..",
        "sondos:",
        ":789",
        "SONDOS:789",
        "..%2Fx",
        "%2e%2e",
        "%zz",
        "%ff",
        "a%00b",
        "a%20b",
        long.as_str(),
    ];
    for path in paths {
        refused(&stage.put(path, "{}").await, "invalid_request", 400);
    }
    for header in [
        ("prefer", "handling=loose"),
        ("prefer", "handling"),
        ("prefer", "handling=\"strict"),
        ("prefer", "=strict"),
        ("request-timeout", "0"),
        ("request-timeout", "-1"),
        ("request-timeout", "soon"),
        ("request-timeout", "1s"),
    ] {
        refused(&stage.put_with("sondos:789", &[header], "{}").await, "invalid_request", 400);
    }
    stage.assert_nothing_sent();
    stage.stop().await;
}

#[tokio::test]
async fn a_query_parameter_that_a_path_does_not_have_is_an_invalid_request_wherever_updates_and_discovery_are() {
    let stage = Stage::new().await;
    for endpoint in switchboard::api::routes::ENDPOINTS {
        let path = endpoint.path.replace("{assistant}", "789").replace("{vendor}", "sondos");
        let path = path.replace("{kind}", "voices").replace("{code}", "internal");
        for query in ["vendr=sondos", "dryrun=true", "per_page=1&search=x", "=", "x%00=1"] {
            let headers = [("content-type", "application/json")];
            let reply = stage.call(endpoint.method.clone(), &format!("{path}?{query}"), &headers, "{}").await;
            if endpoint.path.starts_with("/v1/") {
                let detail = refused(&reply, "invalid_request", 400)["detail"].as_str().unwrap().to_owned();
                let nearest = query == "dryrun=true" && endpoint.operation.parameters.contains(&"dry_run");
                assert_eq!(detail.contains("did you mean `dry_run`?"), nearest, "{path}: {detail}");
            } else {
                assert_ne!(reply.status, 400, "{path}: links to pages may carry anything");
            }
        }
        let headers = [("content-type", "application/json")];
        let empty = stage.call(endpoint.method.clone(), &format!("{path}?"), &headers, "{}").await;
        assert_ne!(empty.status, 400, "{path}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_preference_that_means_nothing_here_is_a_warning_in_the_report() {
    let stage = Stage::new().await;
    for (value, expected) in [
        ("lenient", "did you mean `handling=lenient`?"),
        ("return=representation, handlng=lenient", "did you mean `handling`?"),
        ("x-own;handling=lenient", "it changes nothing"),
    ] {
        for path in ["/v1/assistants/sondos:789", "/v1/assistants/sondos:789?dry_run=true"] {
            let headers = [("content-type", "application/json"), ("prefer", value)];
            let reply = stage.call(Method::PUT, path, &headers, r#"{"name":"x"}"#).await;
            let warnings = reply.json()["report"]["warnings"].clone();
            assert_eq!(warnings.as_array().map(Vec::len), Some(1), "{warnings}");
            assert_eq!((&warnings[0]["field"], &warnings[0]["code"]), (&json!("Prefer"), &json!("unknown_preference")));
            assert!(warnings[0]["detail"].as_str().unwrap().ends_with(expected), "{warnings}");
        }
    }
    for bad in ["return=bogus", "handling=sloppy", "wait=abc"] {
        let reply = stage.put_with("sondos:789", &[("prefer", bad)], r#"{"name":"x"}"#).await;
        let detail = refused(&reply, "invalid_request", 400)["detail"].to_string();
        assert!(detail.contains(bad.split('=').next().unwrap()), "{detail}");
    }
    let known = [("prefer", "return=representation, respond-async, wait=3, handling=lenient")];
    let reply = stage.put_with("sondos:789", &known, r#"{"name":"x"}"#).await;
    assert_eq!(reply.json()["report"]["warnings"], json!([]));
    assert_eq!(reply.header("preference-applied"), Some("handling=lenient, return=representation"));
    stage.stop().await;
}

#[tokio::test]
async fn what_would_be_a_false_promise_is_refused_and_never_ignored() {
    let stage = Stage::new().await;
    for method in [Method::PUT, Method::PATCH] {
        let send = async |query: &str, name: &str, value: &str| {
            let headers = [("content-type", "application/json"), (name, value)];
            stage.call(method.clone(), &format!("/v1/assistants/sondos:789{query}"), &headers, "{}").await
        };
        for key in ["k", "\"8e03978e\"", "", " "] {
            let reply = send("", "idempotency-key", key).await;
            let problem = reply.problem("store_required");
            assert_eq!((reply.status.as_u16(), &problem["fault"]), (501, &json!("gateway")));
            assert_eq!((&problem["outcome"], &problem["retryable"]), (&json!("not_applied"), &json!(false)));
        }
        for (name, value) in [
            ("if-match", "x"),
            ("if-none-match", "*"),
            ("if-none-match", "\"x\""),
            ("if-unmodified-since", "Thu, 01 Jan 2026 00:00:00 GMT"),
        ] {
            for query in ["", "?dry_run=true"] {
                let detail = refused(&send(query, name, value).await, "invalid_request", 400)["detail"].to_string();
                assert!(detail.to_lowercase().contains(name), "{detail}");
            }
        }
        assert_eq!(send("?dry_run=true", "idempotency-key", "k").await.status, 200);
    }
    stage.assert_nothing_sent();
    let read = [("if-none-match", "*"), ("idempotency-key", "k")];
    assert_eq!(stage.call(Method::GET, "/v1/vendors", &read, "").await.status, 200);
    stage.stop().await;
}

#[tokio::test]
async fn without_a_known_key_a_caller_is_unauthenticated() {
    let stage = Stage::with(&keys("")).await;
    let cases: [&[(&str, &str)]; 7] = [
        &[],
        &[("authorization", "Bearer sb_other")],
        &[("authorization", "Bearer ")],
        &[("authorization", "Basic c2JfdGVzdA==")],
        &[("authorization", KEY)],
        &[("authorization", "Bearer sb_test"), ("authorization", "Bearer sb_test")],
        &[("x-api-key", KEY)],
    ];
    for headers in cases {
        for path in ["/v1/assistants/sondos:789", "/v1/assistants/%zz"] {
            let reply = stage.call(Method::PUT, path, headers, "{").await;
            let problem = refused(&reply, "unauthenticated", 401);
            assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
            assert!(!problem.to_string().contains("sb_"), "keys are not repeated");
        }
        for path in ["/v1/vendors", "/v1/vendors/sondos", "/v1/fields", "/v1/schema", "/v1/assistants/1/route"] {
            refused(&stage.call(Method::GET, path, headers, "").await, "unauthenticated", 401);
        }
    }
    for public in ["/docs", "/openapi.json", "/problems", "/problems/unauthenticated"] {
        assert_eq!(stage.get(public).await.status, 200, "{public}");
    }
    stage.assert_nothing_sent();
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let reply = stage.put_with("sondos:789", &[("authorization", &format!("{scheme} {KEY}"))], "{}").await;
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_client_may_use_its_own_vendors_and_assistants_only() {
    let client = "vendors = [\"sondos\", \"autocalls\"]\nassistants = [\"sales-*\", \"autocalls:7*\"]\n\
                  [assistants.sales-bot]\nvendor = \"sondos\"\nid = \"1\"\n\
                  [assistants.support-bot]\nvendor = \"sondos\"\nid = \"2\"\n\
                  [assistants.sales-fr]\nvendor = \"famulor\"\nid = \"3\"\n";
    let stage = Stage::with(&keys(client)).await;
    let authorization = format!("Bearer {KEY}");
    let key = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    for (assistant, allowed) in [
        ("sales-bot", true),
        ("support-bot", false),
        ("sales-fr", false),
        ("autocalls:77", true),
        ("autocalls:88", false),
        ("77", true),
        ("88", false),
        ("sondos:1", false),
        ("famulor:7", false),
    ] {
        let path = format!("/v1/assistants/{assistant}");
        let reply = stage.call(Method::PUT, &path, &key, r#"{"name":"x"}"#).await;
        let route = stage.call(Method::GET, &format!("{path}/route"), &key, "").await;
        if allowed {
            assert_eq!((reply.status.as_u16(), route.status.as_u16()), (200, 200), "{assistant}: {reply:?}");
        } else {
            refused(&reply, "forbidden", 403);
            refused(&route, "forbidden", 403);
        }
    }
    assert!(stage.updates("famulor").is_empty());
    assert_eq!(stage.updates("autocalls").len(), 2);
    assert_eq!(stage.updates("sondos").len(), 1);
    stage.stop().await;
}

#[tokio::test]
async fn an_assistant_that_nothing_leads_to_is_unknown() {
    let stage = Stage::with("[routing]\n").await;
    for assistant in ["nobody", "nowhere:789", "789"] {
        refused(&stage.put(assistant, "{}").await, "unknown_assistant", 404);
        refused(&stage.get(&format!("/v1/assistants/{assistant}/route")).await, "unknown_assistant", 404);
    }
    stage.assert_nothing_sent();
    stage.stop().await;
}

#[tokio::test]
async fn other_paths_are_not_found() {
    let stage = Stage::new().await;
    for path in [
        "/v1",
        "/v1/",
        "/v2/assistants/1",
        "/v1/assistants/",
        "/v1/assistants/1/",
        "/v1/assistants/1/routes",
        "/v1/assistants/1/route/x",
        "/v1/vendors/",
        "/v1/vendors/sondos/fields",
        "/v1//vendors",
        "/problems/nope",
        "/problems/",
        "/docs/",
        "/openapi.yaml",
        "/metrics",
        "/livez",
        "/admin/status",
        "/%76%31/vendors",
    ] {
        for method in [Method::GET, Method::PUT, Method::POST] {
            let reply = stage.call(method, path, &[], "").await;
            let problem = refused(&reply, "not_found", 404);
            assert_eq!(problem["instance"], path);
        }
    }
    refused(&stage.get("/v1/vendors/nobody").await, "not_found", 404);
    stage.stop().await;
}

#[tokio::test]
async fn each_path_says_which_methods_it_has() {
    let stage = Stage::new().await;
    let reading = ["GET", "HEAD"];
    for path in ["/v1/vendors", "/v1/vendors/sondos", "/v1/fields", "/v1/schema", "/openapi.json", "/docs", "/problems"]
    {
        methods(&stage, path, &reading).await;
    }
    methods(&stage, "/problems/internal", &reading).await;
    methods(&stage, "/v1/assistants/789/route", &reading).await;
    let others: [(&str, &[&str], &str); 2] = [
        ("/v1/assistants/789", &["POST", "OPTIONS", "TRACE", "QUERY"], "GET, HEAD, PUT, PATCH, DELETE"),
        ("/v1/assistants", &["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"], "GET, HEAD, POST"),
    ];
    for (path, methods, allowed) in others {
        for method in methods {
            let reply = stage.call(method.parse().unwrap(), path, &[("content-type", "application/json")], "{}").await;
            refused(&reply, "method_not_allowed", 405);
            assert_eq!(reply.header("allow"), Some(allowed), "{method} {path}");
        }
    }
    stage.stop().await;
}

async fn methods(stage: &Stage, path: &str, allowed: &[&str]) {
    for method in ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS", "TRACE", "QUERY"] {
        let headers = [("content-type", "application/json")];
        let reply = stage.call(method.parse().unwrap(), path, &headers, "{}").await;
        if allowed.contains(&method) {
            assert_eq!(reply.status, 200, "{method} {path}: {reply:?}");
        } else {
            assert_eq!(reply.status, 405, "{method} {path}");
            assert_eq!(reply.header("allow"), Some(allowed.join(", ").as_str()), "{method} {path}");
            if method != "HEAD" {
                refused(&reply, "method_not_allowed", 405);
            }
        }
    }
}

#[tokio::test]
async fn head_answers_as_get_does_without_a_body() {
    let stage = Stage::new().await;
    for path in ["/v1/vendors", "/v1/fields", "/v1/schema", "/openapi.json", "/docs", "/problems", "/problems/internal"]
    {
        let (get, head) = (stage.get(path).await, stage.call(Method::HEAD, path, &[], "").await);
        assert_eq!((get.status, head.status), (http::StatusCode::OK, http::StatusCode::OK));
        assert!(head.body.is_empty());
        for name in ["content-type", "content-length"] {
            assert_eq!(get.header(name), head.header(name), "{path}: {name}");
        }
        assert_eq!(get.header("content-length"), Some(get.body.len().to_string().as_str()));
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_body_must_be_declared_as_json_and_in_an_encoding_that_is_read() {
    let stage = Stage::new().await;
    let path = "/v1/assistants/sondos:789";
    let types: [&[(&str, &str)]; 8] = [
        &[],
        &[("content-type", "")],
        &[("content-type", "text/plain")],
        &[("content-type", "application/x-www-form-urlencoded")],
        &[("content-type", "application/json-patch+json")],
        &[("content-type", "application/json; charset=utf-16")],
        &[("content-type", "application/json"), ("content-type", "application/json")],
        &[("content-type", "multipart/form-data; boundary=x")],
    ];
    for headers in types {
        let reply = stage.call(Method::PUT, path, headers, "{}").await;
        refused(&reply, "unsupported_media_type", 415);
        assert_eq!(reply.header("accept-patch"), Some("application/json, application/merge-patch+json"));
        assert_eq!(reply.header("accept-encoding"), None, "the coding was not the reason (RFC 7694)");
    }
    for encoding in ["br", "deflate", "zstd", "compress", "gzip, gzip", "gzip, br", "x"] {
        let reply = stage.put_with("sondos:789", &[("content-encoding", encoding)], "{}").await;
        assert_eq!(reply.header("accept-encoding"), Some("gzip"));
        refused(&reply, "unsupported_media_type", 415);
    }
    stage.assert_nothing_sent();
    for media in ["application/json; charset=utf-8", "APPLICATION/JSON", "application/merge-patch+json"] {
        assert_eq!(stage.call(Method::PUT, path, &[("content-type", media)], "{}").await.status, 200, "{media}");
    }
    let identity = stage.put_with("sondos:789", &[("content-encoding", "identity")], "{}").await;
    assert_eq!(identity.status, 200);
    stage.stop().await;
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(text).unwrap();
    packed.finish().unwrap()
}

#[tokio::test]
async fn a_body_over_the_limit_is_too_large_packed_or_not() {
    let stage = Stage::new().await;
    let limit = 1 << 20;
    let of = |length: usize| {
        let mut body = br#"{"system_prompt":""#.to_vec();
        body.resize(length - 2, b'x');
        body.extend_from_slice(b"\"}");
        body
    };
    refused(&stage.put("autocalls:789", of(limit + 1)).await, "body_too_large", 413);
    let zipped = [("content-encoding", "gzip")];
    refused(&stage.put_with("autocalls:789", &zipped, gzip(&of(limit + 1))).await, "body_too_large", 413);
    let bomb = gzip(&vec![b' '; 256 << 20]);
    assert!(bomb.len() < limit, "small on the wire");
    refused(&stage.put_with("autocalls:789", &zipped, bomb).await, "body_too_large", 413);
    stage.assert_nothing_sent();
    assert_eq!(stage.put_with("autocalls:789", &zipped, gzip(&of(limit))).await.status, 200);
    stage.stop().await;
}

#[tokio::test]
async fn a_body_that_only_claims_to_be_gzip_is_an_invalid_request() {
    let stage = Stage::new().await;
    let whole = gzip(b"{}");
    let half = whole[..whole.len() / 2].to_vec();
    for body in [b"{}".to_vec(), half, [whole.as_slice(), b"x"].concat(), Vec::new()] {
        let reply = stage.put_with("sondos:789", &[("content-encoding", "gzip")], body).await;
        refused(&reply, "invalid_request", 400);
    }
    stage.assert_nothing_sent();
    stage.stop().await;
}

#[tokio::test]
async fn all_problems_of_an_update_come_at_once_in_its_order() {
    let stage = Stage::new().await;
    let update = r#"{
        "nmae": "x", "speech_speed": 9, "voice_id": "7", "name": null, "type": "both",
        "mode": "multimodal", "allow_interruptions": false, "language": "en", "language_id": 1,
        "tools": [{"type":"end_call"}, {"type":"call_transfer"}, {"type":"sms"}],
        "post_call_schema": [{"name":"ok_name","type":"bool","description":"abc"}, {"name":"A b","type":"x"}],
        "initial_message": "INITIAL", "a/b~c": 1, "max_duration": 20.0
    }"#
    .replace("INITIAL", &"ü".repeat(201));
    let problem = refused(&stage.put("autocalls:789", update).await, "validation_failed", 422);
    let errors = problem["errors"].as_array().unwrap();
    let found: Vec<_> = errors
        .iter()
        .map(|error| {
            (error["pointer"].as_str().unwrap(), error["field"].as_str().unwrap(), error["code"].as_str().unwrap())
        })
        .collect();
    for expected in [
        ("#/nmae", "nmae", "unknown_field"),
        ("#/speech_speed", "speech_speed", "out_of_range"),
        ("#/voice_id", "voice_id", "wrong_type"),
        ("#/name", "name", "null_not_allowed"),
        ("#/type", "type", "not_allowed"),
        ("#/allow_interruptions", "allow_interruptions", "conflict"),
        ("#/language", "language", "conflict"),
        ("#/language_id", "language_id", "conflict"),
        ("#/tools/1/phone_number", "tools", "required"),
        ("#/tools/2/type", "tools", "not_allowed"),
        ("#/post_call_schema/1/name", "post_call_schema", "not_allowed"),
        ("#/post_call_schema/1/type", "post_call_schema", "not_allowed"),
        ("#/post_call_schema/1/description", "post_call_schema", "required"),
        ("#/initial_message", "initial_message", "too_long"),
        ("#/a~1b~0c", "a/b~c", "unknown_field"),
        ("#/max_duration", "max_duration", "wrong_type"),
    ] {
        assert!(found.contains(&expected), "{expected:?} is missing: {found:#?}");
    }
    assert_eq!(found.len(), 16, "{found:#?}");
    assert!(errors[0]["detail"].as_str().unwrap().contains("`name`"), "the nearest name is a hint");
    assert!(problem["detail"].as_str().unwrap().contains("16 problems"));
    stop_unsent(stage).await;
}

async fn stop_unsent(stage: Stage) {
    assert!(simulators::NAMES.into_iter().all(|vendor| stage.updates(vendor).is_empty()));
    stage.stop().await;
}

#[tokio::test]
async fn what_only_this_vendor_lacks_has_a_code_of_its_own() {
    let stage = Stage::new().await;
    for (vendor, update) in [
        ("sondos", r#"{"ringing_time":20}"#),
        ("sondos", r#"{"mode":"dualplex","tools":[{"type":"dtmf_input"}]}"#),
        ("gloriagent", r#"{"tools":[{"type":"collect_keypad"}]}"#),
        ("famulor", r#"{"conversation_ended_retrigger":true}"#),
        ("intellixent", r#"{"folder_id":1}"#),
    ] {
        let reply = stage.put(&format!("{vendor}:789"), update).await;
        let problem = refused(&reply, "unsupported_by_vendor", 422);
        assert_eq!(problem["vendor"], vendor);
    }
    let titles = [("sondos", "Sondos"), ("gloriagent", "Gloriagent")];
    for (vendor, update, hint) in [
        ("sondos", r#"{"ringing_time":20}"#, "1 problem; send `Prefer: handling=lenient` to drop it."),
        (
            "sondos",
            r#"{"ringing_time":20,"ambient_sound":"office"}"#,
            "2 problems; send `Prefer: handling=lenient` to drop them.",
        ),
        (
            "sondos",
            r#"{"ringing_time":20,"mode":"dualplex"}"#,
            "2 problems; send `Prefer: handling=lenient` to drop the field among them.",
        ),
        ("sondos", r#"{"mode":"dualplex"}"#, "1 problem."),
        ("gloriagent", r#"{"folder_id":1}"#, "1 problem; send `Prefer: handling=lenient` to drop it."),
    ] {
        let problem = stage.put(&format!("{vendor}:789"), update).await.problem("unsupported_by_vendor");
        let title = titles.iter().find(|(name, _)| *name == vendor).unwrap().1;
        assert_eq!(problem["detail"], format!("{title} cannot express everything in this update: {hint}"));
        let lenient = [("prefer", "handling=lenient")];
        let reply = stage.put_with(&format!("{vendor}:789?dry_run=true"), &lenient, update).await;
        assert_eq!(
            reply.status == 200,
            hint.ends_with("drop it.") || hint.ends_with("drop them."),
            "{update}: {reply:?}"
        );
    }
    // One ordinary mistake more, and it is that which counts.
    let both = stage.put("sondos:789", r#"{"ringing_time":20,"speech_speed":2}"#).await;
    assert_eq!(refused(&both, "validation_failed", 422)["errors"].as_array().unwrap().len(), 2);
    stop_unsent(stage).await;
}

#[tokio::test]
async fn a_field_that_the_operator_refuses_is_not_said_to_be_dropped_on_request() {
    let refuse = "[vendors.sondos.fields]\nrecord = \"refuse\"\nringing_time = \"refuse\"\n";
    let stage = Stage::with(refuse).await;
    for update in [r#"{"record":true}"#, r#"{"ringing_time":20}"#] {
        for handling in ["handling=strict", "handling=lenient"] {
            let reply = stage.put_with("sondos:789", &[("prefer", handling)], update).await;
            let problem = reply.problem("unsupported_by_vendor");
            assert_eq!(problem["detail"], "Sondos cannot express everything in this update: 1 problem.");
        }
    }
    stop_unsent(stage).await;
}

#[tokio::test]
async fn a_client_over_its_limit_is_told_when_to_come_back() {
    let stage = Stage::with(&keys("rate_limit = { per_minute = 1, burst = 2 }\n")).await;
    let authorization = format!("Bearer {KEY}");
    let key = [("authorization", authorization.as_str())];
    for _ in 0..2 {
        assert_eq!(stage.put_with("sondos:789", &key, r#"{"name":"x"}"#).await.status, 200);
    }
    let reply = stage.put_with("sondos:789", &key, r#"{"name":"x"}"#).await;
    refused(&reply, "rate_limited", 429);
    let wait: u64 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(stage.updates("sondos").len(), 2);
    stage.stop().await;
}

#[tokio::test]
async fn every_problem_has_a_page_for_people() {
    let stage = Stage::new().await;
    let index = stage.get("/problems").await;
    for code in switchboard::problem::Code::ALL {
        let path = format!("/problems/{}", code.as_str());
        let page = stage.get(&path).await;
        assert_eq!((page.status.as_u16(), page.header("content-type")), (200, Some("text/html; charset=utf-8")));
        let text = String::from_utf8(page.body.to_vec()).unwrap();
        assert!(text.contains(code.kind().title) && text.contains(code.kind().status.as_str()), "{path}");
        assert!(String::from_utf8_lossy(&index.body).contains(&path));
    }
    stage.stop().await;
}

#[tokio::test]
async fn the_codes_are_the_contracts() {
    let rows = json!({
        "invalid_json": [400, "caller"], "invalid_request": [400, "caller"], "unauthenticated": [401, "caller"],
        "forbidden": [403, "caller"], "not_found": [404, "caller"], "unknown_assistant": [404, "caller"],
        "assistant_not_found": [404, "caller"], "method_not_allowed": [405, "caller"],
        "body_too_large": [413, "caller"], "unsupported_media_type": [415, "caller"],
        "validation_failed": [422, "caller"], "unsupported_by_vendor": [422, "caller"],
        "rate_limited": [429, "caller"], "vendor_rate_limited": [429, "vendor"], "internal": [500, "gateway"],
        "vendor_error": [502, "vendor"], "vendor_bad_response": [502, "vendor"],
        "vendor_credentials_rejected": [502, "gateway"], "vendor_account_problem": [502, "gateway"],
        "overloaded": [503, "gateway"], "vendor_unreachable": [503, "vendor"],
        "vendor_circuit_open": [503, "vendor"], "vendor_timeout": [504, "vendor"],
        "store_required": [501, "gateway"], "precondition_failed": [412, "caller"],
        "idempotency_key_reused": [422, "caller"], "idempotency_in_progress": [409, "caller"],
        "update_not_found": [404, "caller"], "already_started": [409, "caller"], "superseded": [409, "caller"],
        "queue_full": [503, "gateway"], "store_unavailable": [503, "gateway"],
    });
    let own: serde_json::Map<_, _> = switchboard::problem::Code::ALL
        .iter()
        .map(|code| (code.as_str().to_owned(), json!([code.kind().status.as_u16(), code.kind().fault.as_str()])))
        .collect();
    assert_eq!(Value::Object(own), rows);
}
