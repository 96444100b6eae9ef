//! `dry_run=true`: the production path up to the vendor, shown instead of sent.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

use http::Method;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;
use vendors::json::{Limits, Value, read_value};

use crate::support::case::Case;
use crate::support::{Reply, Stage};

type Headers<'a> = &'a [(&'a str, &'a str)];

async fn rehearse(stage: &Stage, assistant: &str, headers: Headers<'_>, update: &str) -> Reply {
    let json = [("content-type", "application/json"), ("x-request-id", "dry")];
    let headers: Vec<_> = json.iter().chain(headers).copied().collect();
    stage.call(Method::PUT, &format!("/v1/assistants/{assistant}?dry_run=true"), &headers, update.to_owned()).await
}

/// The body member of a dry run's answer, byte for byte.
fn body_of(reply: &Reply) -> String {
    let value = read_value(&reply.body, Limits::VENDOR).unwrap();
    value.get("request").unwrap().get("body").unwrap().text().to_owned()
}

#[tokio::test]
async fn it_shows_the_whole_request_and_the_report() {
    let stage = Stage::new().await;
    let update = r#"{"name":"x","speech_speed":0.70,"ringing_time":20}"#;
    let reply = rehearse(&stage, "sondos:789", &[("prefer", "handling=lenient")], update).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("preference-applied"), Some("handling=lenient"));
    assert_eq!(reply.header("switchboard-dropped"), Some("ringing_time"));
    let mut body = reply.json();
    let trace = body["request"]["headers"]["traceparent"].take();
    assert_eq!(trace.as_str().unwrap().len(), 55);
    let base = stage.simulator("sondos").base_url();
    let agent = concat!("switchboard/", env!("CARGO_PKG_VERSION"));
    let dropped = body["report"]["dropped"][0]["detail"].clone();
    assert_eq!(
        body,
        json!({
            "dry_run": true, "assistant": "sondos:789", "vendor": "sondos", "request_id": "dry",
            "request": {
                "method": "PUT", "url": format!("{base}/user/assistant/789"),
                "headers": {
                    "Authorization": "Bearer [redacted]", "Content-Type": "application/json",
                    "Accept": "application/json",
                    "Accept-Encoding": "gzip", "User-Agent": agent, "Switchboard-Hop": "1",
                    "X-Request-Id": "dry", "traceparent": null,
                },
                "body": { "assistant_name": "x", "speech_speed": 0.7 },
            },
            "report": {
                "applied": ["name", "speech_speed"],
                "dropped": [{ "field": "ringing_time", "code": "unsupported_field", "detail": dropped }],
                "warnings": [],
            },
        })
    );
    assert_eq!(body_of(&reply), r#"{"assistant_name":"x","speech_speed":0.70}"#);
    stage.assert_nothing_sent();
    stage.stop().await;
}

/// The secrets of an update, as the catalogue marks them.
fn holds_secrets(update: &str) -> bool {
    update.contains("calcom_api_key") || update.contains("calendly_api_key")
}

/// Holds a dry run, the real request and `explain` of one update against each other; the status, if it was sent.
async fn agrees(stage: &Stage, (vendor, id): (&str, u32), handling: &str, update: &str) -> Option<u16> {
    stage.clear();
    let assistant = format!("{vendor}:{id}");
    let prefer = format!("handling={handling}");
    let dry = rehearse(stage, &assistant, &[("prefer", &prefer)], update).await;
    assert!(stage.updates(vendor).is_empty(), "{vendor} {update}: nothing goes to the update endpoint");
    let real = stage.put_with(&assistant, &[("prefer", &prefer)], update.to_owned()).await;
    let Some(sent) = stage.updates(vendor).pop() else {
        if real.status == 200 {
            // Nothing is left to send.
            assert_eq!((&real.json()["attempts"], &dry.json()["request"]), (&json!(0), &json!(null)), "{update}");
            assert_eq!(dry.json()["report"], real.json()["report"], "{vendor} {update}");
            return None;
        }
        // Refused: then for the same reasons.
        let (mut dry, mut real) = (dry.json(), real.json());
        dry["request_id"].take();
        real["request_id"].take();
        assert_eq!(dry, real, "{vendor} {update}");
        assert!(explained(vendor, handling, update).is_err(), "{vendor} {update}");
        return None;
    };
    if real.status == 200 {
        assert_eq!(dry.json()["report"], real.json()["report"], "{vendor} {update}");
    } else {
        // Of a language, say, or of its own options only the vendor knows whether it has them.
        let problem = real.json();
        let items = problem["errors"].as_array().unwrap();
        let theirs = items.iter().all(|item| item["code"] == "rejected_by_vendor");
        assert!(theirs && !items.is_empty(), "{vendor} {update}: {problem}");
    }
    if !holds_secrets(update) {
        assert_eq!(body_of(&dry).as_bytes(), sent.body, "{vendor} {update}");
    }
    match explained(vendor, handling, update) {
        Ok(body) => assert_eq!(body, sent.body, "{vendor} {update}"),
        // The command knows no vendor's catalogs.
        Err(said) => {
            let mut reasons = said.lines().filter(|line| line.starts_with("  #/")).peekable();
            assert!(reasons.peek().is_some() && reasons.all(|line| line.contains(" unresolved_name ")), "{said}");
        }
    }
    Some(real.status.as_u16())
}

#[tokio::test]
async fn it_agrees_with_the_real_request_and_with_explain_byte_for_byte() {
    let stage = Stage::new().await;
    let mut sent = 0;
    for case in ["every_page_example", "every_field_at_once", "every_legacy_conversion", "texts_kept_verbatim"] {
        for vendor in simulators::NAMES {
            for (id, exchange) in (1..).zip(Case::read(case).exchanges(vendor)) {
                let handling = exchange.handling.as_deref().unwrap_or("strict");
                let status = agrees(&stage, (vendor, id), handling, &exchange.update).await;
                assert!(matches!(status, None | Some(200)), "{vendor} {}: {status:?}", exchange.update);
                sent += u32::from(status.is_some());
            }
        }
    }
    assert!(sent > 50, "{sent}");
    stage.stop().await;
}

/// Members of all golden updates, good and bad, as they are written: each is a field and a value.
fn golden_members() -> Vec<String> {
    let cases = std::fs::read_dir("tests/golden").unwrap().map(|entry| entry.unwrap().path());
    let names = cases.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    let updates = names.flat_map(|path| {
        let case = Case::read(path.file_stem().unwrap().to_str().unwrap());
        simulators::NAMES.into_iter().flat_map(move |vendor| case.exchanges(vendor))
    });
    let members = updates.flat_map(|exchange| {
        let update = read_value(exchange.update.as_bytes(), Limits::VENDOR).ok();
        let members = update.into_iter().flat_map(Value::members);
        members.map(|(key, value)| format!("{}: {}", json!(key), value.text())).collect::<Vec<_>>()
    });
    members.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The same for generated updates.
#[test]
fn it_agrees_with_the_real_request_and_with_explain_for_members_in_any_mixture() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stage = runtime.block_on(Stage::new());
    let members = golden_members();
    assert!(members.len() > 150, "{}", members.len());
    let mixture = subsequence(members, 0..8).prop_shuffle().prop_map(|members| format!("{{{}}}", members.join(" ,")));
    let handling = select(vec!["strict", "lenient"]);
    let sent = Cell::new(0);
    let config = Config { cases: 64, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&(mixture, select(simulators::NAMES.to_vec()), handling, 1..9_u32), |(update, vendor, handling, id)| {
            let status = runtime.block_on(agrees(&stage, (vendor, id), handling, &update));
            sent.set(sent.get() + u32::from(status == Some(200)));
            Ok(())
        })
        .unwrap();
    assert!(sent.get() > 4, "{}", sent.get());
    runtime.block_on(stage.stop());
}

/// The body that `explain` shows, or what it has against the update.
fn explained(vendor: &str, handling: &str, update: &str) -> Result<Vec<u8>, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard"));
    command.args(["explain", vendor, "--handling", handling, "--format", "body"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(update.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    match output.stdout.strip_suffix(b"\n") {
        Some(body) if output.status.success() => Ok(body.to_vec()),
        _ => Err(String::from_utf8(output.stderr).unwrap()),
    }
}

#[tokio::test]
async fn secrets_are_redacted_wherever_they_stand_and_sent_all_the_same() {
    let stage = Stage::new().await;
    let update = r#"{"tools":[
            {"type":"calendar_integration","calcom_api_key":"cal_live_1","calcom_event_slug":"30min"},
            {"type":"calendar_integration","calendar_type":"calendly","calendly_api_key":"eyJsecret","calendly_event_type_uri":"https://api.calendly.com/event_types/A"}
        ]}"#;
    let dry = rehearse(&stage, "autocalls:789", &[], update).await;
    let text = String::from_utf8(dry.body.to_vec()).unwrap();
    for secret in ["cal_live_1", "eyJsecret", "sim-autocalls"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    let tools = &dry.json()["request"]["body"]["tools"];
    assert_eq!(
        (&tools[0]["calcom_api_key"], &tools[1]["calendly_api_key"]),
        (&json!("[redacted]"), &json!("[redacted]"))
    );
    assert_eq!(tools[0]["calcom_event_slug"], "30min");
    stage.assert_nothing_sent();

    assert_eq!(stage.put("autocalls:789", update).await.status, 200);
    let sent = stage.only_update("autocalls").json.unwrap();
    assert_eq!(
        (&sent["tools"][0]["calcom_api_key"], &sent["tools"][1]["calendly_api_key"]),
        (&json!("cal_live_1"), &json!("eyJsecret"))
    );

    let options = r#"{"vendor_options":{"famulor":{"beta_tools":[{"calcom_api_key":"cal_live_2"}]}}}"#;
    let dry = rehearse(&stage, "famulor:789", &[], options).await;
    assert_eq!(body_of(&dry), r#"{"beta_tools":[{"calcom_api_key":"[redacted]"}]}"#);
    stage.stop().await;
}

#[tokio::test]
async fn refusals_are_the_same_problems_as_for_real() {
    let stage = Stage::new().await;
    let cases: [(&str, Headers<'_>, &str); 10] = [
        ("sondos:789", &[], "{"),
        ("sondos:789", &[], r#"{"ringing_time":20}"#),
        ("sondos:789", &[], r#"{"speech_speed":9,"nmae":1,"mode":"dualplex"}"#),
        ("sondos:789", &[("prefer", "handling=loose")], "{}"),
        ("sondos:789", &[("request-timeout", "x")], "{}"),
        ("sondos:789", &[("content-encoding", "br")], "{}"),
        ("sondos:abc", &[], "{}"),
        ("%zz", &[], "{}"),
        ("nobody", &[], "{}"),
        ("autocalls:789", &[], r#"{"voice":"Nobody"}"#),
    ];
    for (assistant, headers, update) in cases {
        let dry = rehearse(&stage, assistant, headers, update).await;
        let headers: Vec<_> = [("x-request-id", "dry")].iter().chain(headers).copied().collect();
        let real = stage.put_with(assistant, &headers, update.to_owned()).await;
        assert_eq!((dry.status, dry.json()), (real.status, real.json()), "{assistant} {update}");
        assert!(dry.status.is_client_error());
    }
    assert!(simulators::NAMES.into_iter().all(|vendor| stage.updates(vendor).is_empty()));
    stage.stop().await;
}

#[tokio::test]
async fn it_reads_catalogs_but_needs_no_vendor_otherwise() {
    let stage = Stage::new().await;
    stage.fail("autocalls", &["status=500"]);
    let reply = rehearse(&stage, "autocalls:789", &[], r#"{"language":"de"}"#).await;
    assert_eq!(body_of(&reply), r#"{"language_id":5}"#);
    let received = stage.simulator("autocalls").received();
    assert!(received.iter().all(|request| request.method == "GET"));
    let patch = [("content-type", "application/json")];
    let patched = stage.call(Method::PATCH, "/v1/assistants/1?dry_run=true", &patch, r#"{"name":"x"}"#).await;
    assert!(body_of(&patched).contains("\"x\""), "{patched:?}");
    assert_eq!(patched.json()["request"]["method"], "PUT");
    let off = stage.call(Method::PUT, "/v1/assistants/sondos:1?dry_run=false", &patch, r#"{"name":"x"}"#).await;
    assert_eq!((off.status.as_u16(), stage.updates("sondos").len()), (200, 1));
    stage.stop().await;
}
