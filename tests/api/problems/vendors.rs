//! Problems that come from behind the gateway: what vendors answer on a bad day, and what keeps us from asking them.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde_json::{Value, json};

use crate::support::stub::Stub;
use crate::support::{Reply, Stage};

/// Retries without a wait that anybody notices.
const QUICK: &str = "[vendors.sondos.retry]\nbackoff = \"1ms\"\nmax_backoff = \"2ms\"\n";

const UPDATE: &str = r#"{"name":"Night desk"}"#;

struct Expected {
    code: &'static str,
    status: u16,
    fault: &'static str,
    retryable: bool,
    outcome: &'static str,
    attempts: u64,
}

const fn expect(
    code: &'static str,
    status: u16,
    fault: &'static str,
    retryable: bool,
    outcome: &'static str,
    attempts: u64,
) -> Expected {
    Expected { code, status, fault, retryable, outcome, attempts }
}

#[track_caller]
fn check(reply: &Reply, expected: &Expected, what: &str) -> Value {
    let problem = reply.problem(expected.code);
    let shown = format!("{what}: {problem:#}");
    assert_eq!(reply.status, expected.status, "{shown}");
    assert_eq!(problem["fault"], expected.fault, "{shown}");
    assert_eq!(problem["retryable"], expected.retryable, "{shown}");
    assert_eq!(problem["outcome"], expected.outcome, "{shown}");
    assert_eq!(problem["attempts"], expected.attempts, "{shown}");
    assert_eq!(problem["vendor"], "sondos", "{shown}");
    assert!(!problem.to_string().contains("sim-sondos"), "{shown}");
    problem
}

/// One update under faults, with a gateway of its own, so that breakers and pauses begin anew.
async fn under(faults: &[&str], headers: &[(&str, &str)]) -> (Reply, Stage) {
    let stage = Stage::with(QUICK).await;
    stage.fail("sondos", faults);
    let reply = stage.put_with("sondos:789", headers, UPDATE).await;
    (reply, stage)
}

#[tokio::test]
async fn a_status_of_the_vendor_is_the_documented_problem() {
    let rows = [
        ("status=400", expect("validation_failed", 422, "caller", false, "not_applied", 1)),
        ("status=401", expect("vendor_credentials_rejected", 502, "gateway", false, "not_applied", 1)),
        ("status=402", expect("vendor_account_problem", 502, "gateway", false, "not_applied", 1)),
        ("shape=403-plan-limit", expect("vendor_account_problem", 502, "gateway", false, "not_applied", 1)),
        ("html=401", expect("vendor_bad_response", 502, "vendor", true, "not_applied", 1)),
        ("html=403", expect("vendor_bad_response", 502, "vendor", true, "not_applied", 1)),
        ("empty=401", expect("vendor_credentials_rejected", 502, "gateway", false, "not_applied", 1)),
        ("html=400", expect("vendor_bad_response", 502, "vendor", true, "not_applied", 1)),
        ("html=404", expect("vendor_bad_response", 502, "vendor", false, "not_applied", 1)),
        ("status=404", expect("assistant_not_found", 404, "caller", false, "not_applied", 1)),
        ("status=405", expect("vendor_error", 502, "vendor", false, "not_applied", 1)),
        ("status=409", expect("vendor_error", 502, "vendor", false, "not_applied", 1)),
        ("status=418", expect("vendor_error", 502, "vendor", false, "not_applied", 1)),
        ("status=422", expect("validation_failed", 422, "caller", false, "not_applied", 1)),
        ("status=500", expect("vendor_error", 502, "vendor", true, "unknown", 3)),
        ("status=501", expect("vendor_error", 502, "vendor", true, "unknown", 1)),
        ("status=502", expect("vendor_error", 502, "vendor", true, "unknown", 3)),
        ("html=503", expect("vendor_error", 502, "vendor", true, "unknown", 3)),
        ("empty=504", expect("vendor_error", 502, "vendor", true, "unknown", 3)),
        ("status=599", expect("vendor_error", 502, "vendor", true, "unknown", 1)),
    ];
    for (fault, expected) in rows {
        let (reply, stage) = under(&[fault], &[]).await;
        let problem = check(&reply, &expected, fault);
        assert_eq!(stage.updates("sondos").len() as u64, expected.attempts, "{fault}");
        let status = fault.rsplit(['=', '-']).find_map(|part| part.parse::<u16>().ok());
        assert_eq!(problem["vendor_response"]["status"], status.unwrap_or(403), "{fault}");
        assert!(reply.header("www-authenticate").is_none(), "our token is no business of the caller's");
        stage.stop().await;
    }
}

#[tokio::test]
async fn an_answer_that_is_not_the_documented_json_is_never_a_success() {
    let bad = expect("vendor_bad_response", 502, "vendor", false, "unknown", 1);
    for fault in [
        "html",
        "html=201",
        "empty",
        "empty=204",
        "redirect",
        "error-in-2xx",
        "error-in-2xx=success-false",
        "truncated",
        "oversized",
    ] {
        let (reply, stage) = under(&[fault], &[]).await;
        let problem = check(&reply, &bad, fault);
        assert!(!problem.to_string().contains("<html"), "{problem:#}");
        assert_eq!(stage.updates("sondos").len(), 1, "{fault}: the login page is not fetched, nothing is repeated");
        stage.stop().await;
    }
}

#[tokio::test]
async fn a_200_that_does_not_confirm_the_update_is_a_bad_response() {
    let bodies = [
        "null",
        "[]",
        "true",
        "{}",
        r#"{"message":"ok"}"#,
        r#"{"message":"ok","data":null}"#,
        r#"{"message":"ok","data":[]}"#,
        r#"{"data":{"id":1},"errors":{"name":["no"]}}"#,
        r#"{"data":{"id":1},"error":"no"}"#,
        r#"{"data":{"id":1},"success":false}"#,
        "{\"data\":{\"id\":1}",
        "\u{feff}",
    ];
    for body in bodies {
        let stub = Stub::answering("200 OK", "content-type: application/json\r\n", body).await;
        let stage = Stage::with(&stub.vendor("odd", "sondos")).await;
        let reply = stage.put("odd:1", UPDATE).await;
        assert_eq!(reply.problem("vendor_bad_response")["outcome"], "unknown", "{body}");
        assert_eq!(stub.requests(), 1);
        stage.stop().await;
    }
}

#[tokio::test]
async fn a_success_with_less_or_more_than_documented_is_one() {
    let data = |members: Value| json!({ "message": "ok", "data": members });
    let rows = [
        (data(json!({})), json!({"id":null,"name":null,"status":null,"type":null,"mode":null})),
        (
            data(json!({"id":"789","name":"N","status":"paused","type":"make","mode":"multimodal","extra":[1]})),
            json!({"id":"789","name":"N","status":"paused","type":"outbound","mode":"multimodal"}),
        ),
        (
            data(json!({"id":7,"assistant_name":"N","calls_direction":"receive","engine_type":"pipeline"})),
            json!({"id":7,"name":"N","status":null,"type":"inbound","mode":"pipeline"}),
        ),
    ];
    for (body, expected) in rows {
        let stub = Stub::answering("200 OK", "content-type: text/plain\r\n", &body.to_string()).await;
        let stage = Stage::with(&stub.vendor("odd", "sondos")).await;
        let reply = stage.put("odd:1", UPDATE).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!(reply.json()["data"], expected);
        stage.stop().await;
    }
}

#[tokio::test]
async fn a_connection_that_is_lost_is_tried_again_and_then_reported() {
    let (reply, stage) = under(&["reset"], &[]).await;
    check(&reply, &expect("vendor_error", 502, "vendor", true, "unknown", 3), "reset");
    stage.stop().await;
    let (reply, stage) = under(&["reset-in-body"], &[]).await;
    let problem = reply.json();
    assert_eq!(reply.status, 502, "{problem:#}");
    assert_eq!(problem["outcome"], "unknown");
    assert_eq!(
        stage.simulator("sondos").state(789).unwrap()["assistant_name"],
        "Night desk",
        "it was applied, in fact"
    );
    stage.stop().await;
    let (reply, stage) = under(&["reset*1", "status=503*1"], &[]).await;
    assert_eq!((reply.status.as_u16(), &reply.json()["attempts"]), (200, &json!(3)), "{reply:?}");
    stage.stop().await;
}

#[tokio::test]
async fn a_vendor_that_does_not_answer_in_time_is_a_timeout() {
    for fault in ["hang", "drip=1s"] {
        let (reply, stage) = under(&[fault], &[("request-timeout", "0.3")]).await;
        check(&reply, &expect("vendor_timeout", 504, "vendor", true, "unknown", 1), fault);
        stage.stop().await;
    }
    let (reply, stage) = under(&["drip=1ms"], &[]).await;
    assert_eq!(reply.status, 200, "slow is not too late: {reply:?}");
    stage.stop().await;
}

#[tokio::test]
async fn the_vendors_own_limit_is_passed_on_with_the_time_to_wait() {
    for (fault, least) in [
        ("status=429,retry-after=60", 59),
        ("status=429,retry-after-date=60", 57),
        ("status=429,body-retry-after=60", 59),
        ("shape=429-too-many-attempts", 59),
    ] {
        let (reply, stage) = under(&[fault], &[]).await;
        check(&reply, &expect("vendor_rate_limited", 429, "vendor", true, "not_applied", 1), fault);
        let wait: u64 = reply.header("retry-after").unwrap().parse().unwrap();
        assert!((least..=60).contains(&wait), "{fault}: {wait}");
        // Until then the vendor is left alone.
        let again = stage.put("sondos:5", UPDATE).await;
        let problem = again.problem("vendor_rate_limited");
        assert_eq!((&problem["outcome"], problem.get("attempts")), (&json!("not_applied"), None), "{problem:#}");
        assert!(again.header("retry-after").is_some());
        assert_eq!(stage.updates("sondos").len(), 1, "{fault}");
        stage.stop().await;
    }
    let (reply, stage) = under(&["status=429*1"], &[]).await;
    assert_eq!((reply.status.as_u16(), &reply.json()["attempts"]), (200, &json!(2)), "{reply:?}");
    stage.stop().await;
}

#[tokio::test]
async fn our_own_limit_for_a_vendor_is_a_limit_too() {
    let stage = Stage::with("[vendors.sondos.rate_limit]\nper_minute = 1\nburst = 1\n").await;
    assert_eq!(stage.put("sondos:1", UPDATE).await.status, 200);
    let reply = stage.put_with("sondos:2", &[("request-timeout", "0.2")], UPDATE).await;
    let problem = reply.problem("vendor_rate_limited");
    assert_eq!((&problem["outcome"], problem.get("attempts")), (&json!("not_applied"), None), "{problem:#}");
    assert!(reply.header("retry-after").is_some());
    assert_eq!(stage.updates("sondos").len(), 1);
    stage.stop().await;
}

#[tokio::test]
async fn a_vendor_that_cannot_be_reached_was_not_sent_anything() {
    // Nobody listens on a port that has just been given back, nor does a name under `.invalid` exist.
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for base in [format!("http://{closed}/api"), "https://vendor.invalid/api".to_owned()] {
        let extra = format!(
            "[vendors.away]\ndialect = \"sondos\"\nbase_url = \"{base}\"\ntoken = {{ env = \"TOKEN_SONDOS\" }}\n\
             [vendors.away.retry]\nbackoff = \"1ms\"\n"
        );
        let stage = Stage::with(&extra).await;
        let reply = stage.put("away:1", UPDATE).await;
        let problem = reply.problem("vendor_unreachable");
        assert_eq!(reply.status, 503);
        assert_eq!((&problem["fault"], &problem["outcome"]), (&json!("vendor"), &json!("not_applied")));
        assert_eq!(problem["retryable"], true);
        assert!(reply.header("retry-after").is_some());
        assert!(!problem.to_string().contains(&closed.to_string()), "where vendors live stays inside: {problem:#}");
        stage.stop().await;
    }
}

#[tokio::test]
async fn a_vendor_that_keeps_failing_opens_its_breaker() {
    let breaker = "[vendors.sondos.breaker]\nmin_requests = 2\nfailure_ratio = 0.5\nopen_for = \"60s\"\n";
    let stage = Stage::with(&format!("{QUICK}{breaker}")).await;
    stage.fail("sondos", &["status=500"]);
    let mut last = stage.put("sondos:789", UPDATE).await;
    for assistant in ["sondos:790", "sondos:789", "sondos:790"] {
        last = stage.put(assistant, UPDATE).await;
    }
    let problem = last.problem("vendor_circuit_open");
    assert_eq!((last.status.as_u16(), &problem["fault"]), (503, &json!("vendor")));
    assert_eq!((&problem["outcome"], &problem["retryable"]), (&json!("not_applied"), &json!(true)));
    let wait: u64 = last.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(stage.put("famulor:789", UPDATE).await.status, 200, "other vendors are not concerned");
    stage.stop().await;
}

#[tokio::test]
async fn one_assistant_that_always_fails_does_not_open_the_breaker_for_the_others() {
    let breaker = "[vendors.sondos.breaker]\nmin_requests = 2\nfailure_ratio = 0.5\nopen_for = \"60s\"\n";
    let stage = Stage::with(&format!("{QUICK}{breaker}")).await;
    stage.fail("sondos", &["status=500@1"]);
    assert_eq!(stage.put("sondos:2", UPDATE).await.status, 200);
    for _ in 0..6 {
        stage.put("sondos:1", UPDATE).await.problem("vendor_error");
    }
    assert_eq!(stage.put("sondos:2", UPDATE).await.status, 200);
    stage.stop().await;
}

#[tokio::test]
async fn a_full_queue_is_reported_as_overloaded() {
    let narrow =
        |text: String| text.replace("[vendors.sondos]\n", "[vendors.sondos]\nmax_in_flight = 1\nmax_waiting = 1\n");
    let stage = Stage::edited("", narrow).await;
    stage.fail("sondos", &["hold"]);
    // Two can be under way: one held by the vendor, one waiting. Of three, one has no room, and is answered first.
    let mut all: FuturesUnordered<_> =
        ["sondos:1", "sondos:2", "sondos:3"].into_iter().map(|assistant| stage.put(assistant, UPDATE)).collect();
    let refused = all.next().await.unwrap();
    stage.fail("sondos", &[]);
    let problem = refused.problem("overloaded");
    assert_eq!((refused.status.as_u16(), &problem["fault"]), (503, &json!("gateway")));
    assert_eq!((&problem["outcome"], &problem["retryable"]), (&json!("not_applied"), &json!(true)));
    assert!(refused.header("retry-after").is_some());
    while let Some(reply) = all.next().await {
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    drop(all);
    stage.stop().await;
}

#[tokio::test]
async fn an_unknown_assistant_is_the_callers_problem() {
    let stage = Stage::new().await;
    for vendor in simulators::NAMES {
        let problem = stage.put(&format!("{vendor}:1000"), UPDATE).await.problem("assistant_not_found");
        assert_eq!(problem["vendor_response"], json!({ "status": 404, "message": "Assistant not found" }));
        assert_eq!((&problem["status"], &problem["fault"]), (&json!(404), &json!("caller")));
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_wrong_token_is_never_the_callers_401() {
    let wrong = |text: String| text.replace("{ env = \"TOKEN_SONDOS\" }", "{ env = \"TOKEN_FAMULOR\" }");
    let stage = Stage::edited("", wrong).await;
    let reply = stage.put("sondos:789", UPDATE).await;
    let problem = reply.problem("vendor_credentials_rejected");
    assert_eq!((reply.status.as_u16(), &problem["fault"]), (502, &json!("gateway")));
    assert_eq!(problem["vendor_response"], json!({ "status": 401, "message": "Unauthenticated." }));
    assert!(!problem.to_string().contains("sim-famulor"), "{problem:#}");
    stage.stop().await;
}

#[tokio::test]
async fn a_token_that_the_vendor_repeats_is_redacted() {
    let (reply, stage) = under(&["echo-headers"], &[]).await;
    let problem = check(&reply, &expect("vendor_error", 502, "vendor", true, "unknown", 3), "echo-headers");
    let message = problem["vendor_response"]["message"].as_str().unwrap();
    assert!(message.contains("authorization: Bearer [redacted]") || message.contains("[redacted]"), "{message}");
    stage.stop().await;
    for body in [
        r#"{"message":"bad token sim-sondos","errors":{"sim-sondos":["sim-sondos is bad"],"name":["not sim-sondos"]}}"#,
        r#"{"message":"bad token sim\u002dsondos"}"#,
        r#"{"error":{"message":"sim-sondos"}}"#,
        r#"{"errors":["sim-sondos"]}"#,
    ] {
        for status in ["422 Unprocessable Content", "200 OK", "500 Internal Server Error"] {
            let stub = Stub::answering(status, "", body).await;
            let stage =
                Stage::with(&format!("{}[vendors.odd.retry]\nmax_attempts = 1\n", stub.vendor("odd", "sondos"))).await;
            let reply = stage.put("odd:1", UPDATE).await;
            assert!(
                !String::from_utf8_lossy(&reply.body).contains("sim-sondos"),
                "{status} {body}: {:#}",
                reply.json()
            );
            stage.stop().await;
        }
    }
}

#[tokio::test]
async fn a_long_sentence_of_the_vendor_is_kept_to_a_kibibyte() {
    let body = json!({ "message": "ä".repeat(5000), "errors": { "name": ["ö".repeat(5000)] } }).to_string();
    let stub = Stub::answering("422 Unprocessable Content", "", &body).await;
    let stage = Stage::with(&stub.vendor("odd", "sondos")).await;
    let problem = stage.put("odd:1", UPDATE).await.problem("validation_failed");
    let message = problem["vendor_response"]["message"].as_str().unwrap();
    assert!((1000..=1024).contains(&message.len()), "{}", message.len());
    assert!(problem["errors"][0]["detail"].as_str().unwrap().len() <= 1024);
    stage.stop().await;
}

#[tokio::test]
async fn a_catalog_that_cannot_be_read_says_so_and_nothing_is_sent() {
    for (fault, code) in [
        ("status=500@get", "vendor_error"),
        ("status=401@get", "vendor_credentials_rejected"),
        ("html@get", "vendor_bad_response"),
        ("empty@get", "vendor_bad_response"),
        ("redirect@get", "vendor_bad_response"),
    ] {
        let stage = Stage::with(QUICK).await;
        stage.fail("sondos", &[fault]);
        let reply = stage.put("sondos:789", r#"{"language_id":1}"#).await;
        let problem = reply.problem(code);
        assert_eq!(problem["outcome"], "not_applied", "{fault}: {problem:#}");
        assert!(problem["detail"].as_str().unwrap().contains("catalog"), "{fault}: {problem:#}");
        assert!(stage.updates("sondos").is_empty());
        assert_eq!(stage.put("sondos:789", UPDATE).await.status, 200, "{fault}: other updates need no catalog");
        stage.stop().await;
    }
}

#[tokio::test]
async fn an_answer_that_is_not_http_is_a_bad_response() {
    for answer in
        ["", "SSH-2.0-OpenSSH_9.9\r\n", "HTTP/1.1 999\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n{}"]
    {
        let stub = Stub::start(answer).await;
        let stage =
            Stage::with(&format!("{}[vendors.odd.retry]\nbackoff = \"1ms\"\n", stub.vendor("odd", "sondos"))).await;
        let reply = stage.put("odd:1", UPDATE).await;
        assert_eq!(reply.status, 502, "{answer:?}: {:#}", reply.json());
        let problem = reply.json();
        assert!(["vendor_bad_response", "vendor_error"].contains(&problem["code"].as_str().unwrap()), "{problem:#}");
        assert_eq!(problem["outcome"], "unknown");
        stage.stop().await;
    }
}
