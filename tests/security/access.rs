//! The table of who may do what: every endpoint of both listeners, whoever asks.

use http::{Method, Request};
use sha2::{Digest, Sha256};

use simulators::Simulator;

use crate::support::{Reply, Stage};

const UPDATE: &str = r#"{"name":"x"}"#;

/// Who asks, by the value of `Authorization`; the columns of the table.
const CALLERS: [(&str, Option<&str>); 7] = [
    ("nobody", None),
    ("an unknown key", Some("Bearer key-unknown")),
    ("no bearer", Some("Basic a2V5LWFsbA==")),
    ("the administrator", Some("Bearer sim-sondos")),
    ("a client without the vendor", Some("Bearer key-elsewhere")),
    ("a client without the assistant", Some("Bearer key-others")),
    ("a client", Some("Bearer key-all")),
];

/// What each of [`CALLERS`] gets, as status and code; `200` stands for itself.
type Row = [&'static str; 7];

const GUARDED: Row = ["401", "401", "401", "401", "403", "403", "200"];
const GUARDED_VENDOR: Row = ["401", "401", "401", "401", "403", "200", "200"];
const FOR_NONE: Row = ["401", "401", "401", "401", "403", "403", "403"];
const FOR_CLIENTS: Row = ["401", "401", "401", "401", "200", "200", "200"];
const PUBLIC: Row = ["200"; 7];
const WRONG_METHOD: Row = ["405"; 7];
const NOTHING: Row = ["404"; 7];

/// The public listener: method, path, what each caller gets.
const API: [(&str, &str, Row); 43] = [
    ("PUT", "/v1/assistants/bot", GUARDED),
    ("PATCH", "/v1/assistants/bot", GUARDED),
    ("PUT", "/v1/assistants/bot?dry_run=true", GUARDED),
    ("PUT", "/v1/assistants/autocalls:5", GUARDED),
    ("PATCH", "/v1/assistants/5", GUARDED),
    ("PUT", "/v1/assistants/%62ot", GUARDED),
    ("GET", "/v1/assistants/bot/route", GUARDED),
    ("HEAD", "/v1/assistants/bot/route", GUARDED),
    ("GET", "/v1/vendors", FOR_CLIENTS),
    ("HEAD", "/v1/vendors", FOR_CLIENTS),
    ("GET", "/v1/vendors/autocalls", GUARDED_VENDOR),
    ("HEAD", "/v1/vendors/autocalls", GUARDED_VENDOR),
    ("GET", "/v1/fields", FOR_CLIENTS),
    ("HEAD", "/v1/fields", FOR_CLIENTS),
    ("GET", "/v1/schema", FOR_CLIENTS),
    ("HEAD", "/v1/schema", FOR_CLIENTS),
    ("GET", "/openapi.json", PUBLIC),
    ("HEAD", "/openapi.json", PUBLIC),
    ("GET", "/docs", PUBLIC),
    ("GET", "/problems", PUBLIC),
    ("GET", "/problems/forbidden", PUBLIC),
    ("GET", "/v1/assistants/bot", GUARDED),
    ("HEAD", "/v1/assistants/bot", GUARDED),
    ("GET", "/v1/assistants", FOR_CLIENTS),
    ("HEAD", "/v1/assistants?vendor=autocalls", GUARDED_VENDOR),
    // No client of this table may create or delete.
    ("DELETE", "/v1/assistants/bot", FOR_NONE),
    ("POST", "/v1/assistants", FOR_NONE),
    ("POST", "/v1/assistants/bot", WRONG_METHOD),
    ("OPTIONS", "/v1/assistants/bot", WRONG_METHOD),
    ("TRACE", "/v1/vendors", WRONG_METHOD),
    ("OPTIONS", "/v1/vendors", WRONG_METHOD),
    ("POST", "/docs", WRONG_METHOD),
    ("GET", "/", ["302"; 7]),
    ("PUT", "/v1/assistants", WRONG_METHOD),
    ("GET", "/v1/assistants/", NOTHING),
    ("GET", "/V1/vendors", NOTHING),
    ("GET", "/v1/vendors/", NOTHING),
    ("GET", "/v1//vendors", NOTHING),
    // What administration answers is never answered here.
    ("GET", "/metrics", NOTHING),
    ("GET", "/livez", NOTHING),
    ("GET", "/admin/status", NOTHING),
    ("GET", "/admin/config", NOTHING),
    ("POST", "/admin/reload", NOTHING),
];

const ADMINISTRATION: Row = ["401", "401", "401", "200", "401", "401", "401"];

const STORED: Row = ["401", "401", "401", "501", "401", "401", "401"];

/// The administration listener.
const ADMIN: [(&str, &str, Row); 32] = [
    ("GET", "/livez", PUBLIC),
    ("HEAD", "/livez", PUBLIC),
    ("GET", "/readyz", PUBLIC),
    ("GET", "/metrics", ADMINISTRATION),
    ("POST", "/metrics", WRONG_METHOD),
    ("GET", "/admin/status", ADMINISTRATION),
    ("HEAD", "/admin/status", ADMINISTRATION),
    ("GET", "/admin/config", ADMINISTRATION),
    ("HEAD", "/admin/config", ADMINISTRATION),
    // This gateway was not started from a file, so there is nothing to reload for the administrator either.
    ("POST", "/admin/reload", ["401", "401", "401", "422", "401", "401", "401"]),
    ("GET", "/admin/reload", WRONG_METHOD),
    ("GET", "/admin/configuration", ADMINISTRATION),
    ("POST", "/admin/configuration/check", ["401", "401", "401", "404", "401", "401", "401"]),
    ("GET", "/admin/configuration/check", WRONG_METHOD),
    ("GET", "/admin/clients", ADMINISTRATION),
    ("GET", "/admin/drift", ADMINISTRATION),
    // No difference is named.
    ("POST", "/admin/drift/known", ["401", "401", "401", "400", "401", "401", "401"]),
    ("GET", "/admin/requests", ADMINISTRATION),
    ("GET", "/admin/find?q=x", ADMINISTRATION),
    // This gateway has no store.
    ("GET", "/admin/queue", STORED),
    ("GET", "/admin/dead", STORED),
    ("GET", "/admin/history?assistant=bot", STORED),
    ("POST", "/admin/queue/x/cancel", STORED),
    ("POST", "/admin/dead/x/replay", STORED),
    ("GET", "/admin/queue/x/cancel", WRONG_METHOD),
    ("PUT", "/admin/config", WRONG_METHOD),
    ("OPTIONS", "/admin/status", WRONG_METHOD),
    ("POST", "/livez", WRONG_METHOD),
    ("GET", "/admin", NOTHING),
    ("GET", "/v1/vendors", NOTHING),
    ("PUT", "/v1/assistants/bot", NOTHING),
    ("GET", "/docs", NOTHING),
];

fn digest(key: &str) -> String {
    Sha256::digest(key).iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn stage() -> Stage {
    let client = |name: &str, rest: &str| {
        format!("[clients.{name}]\nkey_sha256 = \"{}\"\n{rest}\n", digest(&format!("key-{name}")))
    };
    let clients = [
        client("all", ""),
        client("elsewhere", "vendors = [\"sondos\"]"),
        client("others", "assistants = [\"other-*\"]"),
    ];
    let auth = "[auth]\nmode = \"keys\"\nfailed_attempts = { per_second = 1000, burst = 100000 }\n\
                [admin]\ntoken = { env = \"TOKEN_SONDOS\" }\n\
                [assistants.bot]\nvendor = \"autocalls\"\nid = \"5\"\n";
    Stage::listing(5, &simulators::NAMES, &format!("{auth}{}", clients.concat()), |text| text).await
}

async fn ask(stage: &Stage, url: String, method: &str, authorization: Option<&str>) -> Reply {
    let mut request = Request::builder().method(Method::from_bytes(method.as_bytes()).unwrap()).uri(url);
    request = request.header("content-type", "application/json");
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    let body = if ["PUT", "PATCH"].contains(&method) { UPDATE } else { "" };
    stage.send(request.body(body.into()).unwrap()).await
}

/// The status, and for a problem that its code fits, whatever the listener.
#[track_caller]
fn assert_cell(reply: &Reply, expected: &str, cell: &str) {
    assert_eq!(reply.status.as_str(), expected, "{cell}: {reply:?}");
    let code = match expected {
        "401" => "unauthenticated",
        "403" => "forbidden",
        "404" => "not_found",
        "405" => "method_not_allowed",
        _ => return,
    };
    assert_eq!(reply.header("www-authenticate"), (expected == "401").then_some("Bearer"), "{cell}");
    assert_eq!(reply.header("allow").is_some(), expected == "405", "{cell}");
    if reply.body.is_empty() {
        assert!(cell.starts_with("HEAD "), "{cell}");
    } else {
        let problem = reply.problem(code);
        assert!(problem.get("vendor").is_none(), "{cell}: {problem:#}");
    }
}

#[tokio::test]
async fn everybody_gets_what_the_table_says_on_both_listeners() {
    let stage = stage().await;
    let listeners = [(stage.app.api(), &API[..]), (stage.app.admin(), &ADMIN[..])];
    for (address, table) in listeners {
        for (method, path, row) in table {
            for ((who, authorization), expected) in CALLERS.iter().zip(row) {
                stage.clear();
                let reply = ask(&stage, format!("http://{address}{path}"), method, *authorization).await;
                assert_cell(&reply, expected, &format!("{method} {path} by {who}"));
                let received = stage.simulators.iter().flat_map(Simulator::received);
                let sent = received.filter(|request| request.method != "GET").count();
                let update = *expected == "200" && ["PUT", "PATCH"].contains(method) && !path.contains("dry_run");
                assert_eq!(sent, usize::from(update), "{method} {path} by {who}");
            }
        }
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_key_counts_only_where_a_key_belongs() {
    let stage = stage().await;
    let update = [("content-type", "application/json")];
    let places: [(&str, &[(&str, &str)]); 6] = [
        ("/v1/vendors?key=key-all", &[]),
        ("/v1/vendors?access_token=key-all", &[]),
        ("/v1/vendors", &[("x-api-key", "key-all")]),
        ("/v1/vendors", &[("cookie", "authorization=Bearer key-all")]),
        ("/v1/vendors", &[("proxy-authorization", "Bearer key-all")]),
        ("/v1/vendors", &[("x-forwarded-authorization", "Bearer key-all")]),
    ];
    for (path, headers) in places {
        let headers = [&update[..], headers].concat();
        stage.call(Method::GET, path, &headers, "").await.problem("unauthenticated");
    }
    stage.stop().await;
}
