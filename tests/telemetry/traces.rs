//! Traces: which spans a collector receives, and that no failure of the collector affects requests.

use std::fs;

use http::Method;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use serde_json::json;
use switchboard::app::App;
use switchboard::reload::Source;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::collector::{Collector, Manner, attribute, traceparent};
use crate::support::events::Events;
use crate::support::process::Process;
use crate::support::{PATIENCE, Stage, configuration, eventually, tokens};

const UPDATE: &str = r#"{"name":"hush-hush","ambient_sound":"office"}"#;
const SAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const UNSAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

fn of(spans: &[Span], kind: SpanKind) -> Vec<&Span> {
    let mut found: Vec<_> = spans.iter().filter(|span| span.kind == kind as i32).collect();
    found.sort_by_key(|span| span.start_time_unix_nano);
    found
}

#[track_caller]
fn named<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("no span {name}: {spans:#?}"))
}

#[track_caller]
fn assert_says(span: &Span, expected: &[(&str, Option<&str>)]) {
    for (key, value) in expected {
        assert_eq!(attribute(&span.attributes, key).as_deref(), *value, "{key}: {span:#?}");
    }
}

fn failed(span: &Span) -> bool {
    span.status.as_ref().is_some_and(|status| status.code == StatusCode::Error as i32)
}

#[tokio::test]
async fn a_callers_trace_is_continued_to_the_vendor_and_its_spans_hold_no_values() {
    let collector = Collector::start(Manner::Takes).await;
    let more = "[traces.resource]\n\"deployment.environment.name\" = \"test\"\n\
                    [traces.headers]\nx-api-key = { env = \"TOKEN_AUTOCALLS\" }\n";
    let stage = Stage::with(&collector.section(more)).await;
    let token = stage.simulator("autocalls").token().to_owned();
    let headers = [
        ("traceparent", SAMPLED),
        ("tracestate", "rojo=00f067aa0ba902b7, congo=t61rcWkgMzE"),
        ("prefer", "handling=lenient"),
        ("x-request-id", "one"),
    ];
    assert_eq!(stage.put_with("sondos:7", &headers, UPDATE).await.status, 200);
    let update = stage.only_update("sondos");
    assert_eq!(update.header("tracestate"), None);
    let sent = update.header("traceparent").unwrap().to_owned();
    let host = stage.simulator("sondos").addr();
    stage.stop().await;
    let spans = collector.spans();
    let (server, client) = (of(&spans, SpanKind::Server), of(&spans, SpanKind::Client));
    assert_eq!((server.len(), client.len()), (1, 1));
    let (server, client) = (server[0], client[0]);
    assert_eq!(server.name, "PUT /v1/assistants/{assistant}");
    assert_eq!(server.parent_span_id, 0x00f0_67aa_0ba9_02b7_u64.to_be_bytes());
    assert_eq!((server.flags, client.flags), (0x301, 0x101));
    assert_eq!((traceparent(client), &client.parent_span_id), (sent, &server.span_id));
    assert_eq!(named(&spans, "translate").parent_span_id, server.span_id);
    assert!(spans.iter().all(|span| traceparent(span)[3..35] == SAMPLED[3..35]));
    assert!(spans.iter().all(|span| span.trace_state == "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"));
    for span in &spans {
        assert!(server.start_time_unix_nano <= span.start_time_unix_nano);
        assert!(span.start_time_unix_nano <= span.end_time_unix_nano);
        assert!(span.end_time_unix_nano <= server.end_time_unix_nano);
    }
    assert_says(
        server,
        &[
            ("http.request.method", Some("PUT")),
            ("http.route", Some("/v1/assistants/{assistant}")),
            ("url.path", Some("/v1/assistants/sondos:7")),
            ("http.response.status_code", Some("200")),
            ("switchboard.request_id", Some("one")),
            ("switchboard.vendor", Some("sondos")),
            ("switchboard.outcome", Some("applied")),
            ("switchboard.applied", Some("1")),
            ("switchboard.dropped", Some("1")),
            ("error.type", None),
        ],
    );
    assert_says(
        client,
        &[
            ("http.request.method", Some("PUT")),
            ("server.address", Some("127.0.0.1")),
            ("server.port", Some(&host.port().to_string())),
            ("url.full", Some(&format!("http://{host}/api/user/assistant/7"))),
            ("http.response.status_code", Some("200")),
            ("http.request.resend_count", None),
        ],
    );
    let resource = collector.exports()[0].resource_spans[0].resource.clone().unwrap().attributes;
    assert_eq!(attribute(&resource, "service.name").as_deref(), Some("switchboard"));
    assert_eq!(attribute(&resource, "deployment.environment.name").as_deref(), Some("test"));
    assert_eq!(collector.headers()[0]["x-api-key"], token.as_str());
    assert_eq!(collector.headers()[0]["content-type"], "application/x-protobuf");
    assert!(!collector.raw().contains("hush") && !collector.raw().contains(&token));
}

#[tokio::test]
async fn a_collector_with_a_trusted_certificate_gets_spans() {
    let folder = tempfile::tempdir().unwrap();
    let (collector, authority) = Collector::secure(Manner::Takes).await;
    let ca_file = folder.path().join("ca.pem");
    fs::write(&ca_file, authority).unwrap();
    let more = format!("ca_file = {ca_file:?}\nheaders = {{ x-api-key = {{ env = \"TOKEN_SONDOS\" }} }}\n");
    let stage = Stage::with(&collector.section(&more)).await;
    assert_eq!(stage.put("sondos:7", UPDATE.replace("office", "")).await.status, 422);
    assert_eq!(stage.put("sondos:7", r#"{"name":"x"}"#).await.status, 200);
    let telemetry = stage.app.reloader().telemetry().clone();
    stage.stop().await;
    let (spans, counts) = (collector.spans(), telemetry.health().traces.unwrap());
    assert_eq!((of(&spans, SpanKind::Server).len(), of(&spans, SpanKind::Client).len()), (2, 1));
    assert_eq!((counts.exported, counts.dropped), (spans.len() as u64, 0));
    assert!(collector.headers().iter().all(|headers| headers["x-api-key"] == "sim-sondos"));
}

#[tokio::test]
async fn a_collector_with_an_untrusted_certificate_gets_nothing_and_is_logged_once() {
    let events = Events::hear();
    let folder = tempfile::tempdir().unwrap();
    let ((collector, _), (_, other)) = (Collector::secure(Manner::Takes).await, Collector::secure(Manner::Takes).await);
    let ca_file = folder.path().join("ca.pem");
    fs::write(&ca_file, other).unwrap();
    let more = format!("ca_file = {ca_file:?}\nheaders = {{ x-api-key = {{ env = \"TOKEN_SONDOS\" }} }}\n");
    let stage = Stage::with(&collector.section(&more)).await;
    let telemetry = stage.app.reloader().telemetry().clone();
    let dropped = || telemetry.health().traces.unwrap().dropped;
    assert_eq!(stage.put("sondos:7", r#"{"name":"x"}"#).await.status, 200);
    let before = eventually(PATIENCE, async || Some(dropped()).filter(|&dropped| dropped > 0)).await;
    assert_eq!(stage.put("sondos:7", r#"{"name":"y"}"#).await.status, 200);
    stage.stop().await;
    assert!(dropped() > before);
    assert_eq!((telemetry.health().traces.unwrap().exported, collector.headers().len()), (0, 0));
    let text = events.text();
    let said: Vec<_> = text.lines().filter(|line| line.contains("traces cannot be exported")).collect();
    assert!(said.len() == 1 && said[0].contains("invalid peer certificate"), "{said:#?}");
    assert!(!text.contains("sim-sondos"));
}

#[tokio::test]
async fn every_attempt_is_a_span_with_the_id_that_the_vendor_received() {
    let collector = Collector::start(Manner::Takes).await;
    let retry = "[vendors.autocalls.retry]\nbackoff = \"1ms\"\n";
    let stage = Stage::of(&["autocalls", "sondos"], &(collector.section("") + retry), |text| text).await;
    stage.fail("autocalls", &["status=503*1"]);
    assert_eq!(stage.put("autocalls:7", UPDATE).await.status, 200);
    stage.fail("sondos", &["status=500"]);
    let refused = stage.put("sondos:8", r#"{"name":"x"}"#).await.problem("vendor_error");
    let seen = ["autocalls", "sondos"].into_iter().flat_map(|vendor| stage.updates(vendor));
    let seen: Vec<_> = seen.map(|update| update.header("traceparent").unwrap().to_owned()).collect();
    stage.stop().await;
    let spans = collector.spans();
    let attempts = of(&spans, SpanKind::Client);
    assert_eq!(attempts.iter().map(|span| traceparent(span)).collect::<Vec<_>>(), seen);
    assert_eq!(attempts.len(), 2 + usize::try_from(refused["attempts"].as_u64().unwrap()).unwrap());
    let says = |key: &str| attempts.iter().map(|span| attribute(&span.attributes, key)).collect::<Vec<_>>();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(says("http.request.resend_count")[..4], [None, text("1"), None, text("1")]);
    assert_eq!(says("error.type")[..4], [text("503"), None, text("500"), text("500")]);
    let servers = of(&spans, SpanKind::Server);
    assert_eq!((failed(servers[0]), failed(servers[1])), (false, true));
    assert_says(servers[1], &[("error.type", Some("vendor_error")), ("http.response.status_code", Some("502"))]);
}

#[tokio::test]
async fn the_service_that_starts_a_trace_decides_whether_it_is_recorded() {
    for (ratio, headers, recorded) in [
        ("0", &[][..], false),
        ("0", &[("traceparent", SAMPLED)], true),
        ("1", &[("traceparent", UNSAMPLED)], false),
        ("1.0", &[], true),
    ] {
        let collector = Collector::start(Manner::Takes).await;
        let stage = Stage::with(&collector.section(&format!("sample_ratio = {ratio}\n"))).await;
        assert_eq!(stage.put_with("autocalls:7", headers, UPDATE).await.status, 200);
        let sent = stage.only_update("autocalls").header("traceparent").unwrap().to_owned();
        stage.stop().await;
        assert_eq!(sent.ends_with("-01"), recorded, "{ratio} {headers:?}");
        assert_eq!(!collector.spans().is_empty(), recorded, "{ratio} {headers:?}");
    }
}

#[tokio::test]
async fn waiting_in_the_queue_is_a_span_and_a_disconnected_caller_is_recorded() {
    let collector = Collector::start(Manner::Takes).await;
    let stage = Stage::with(&collector.section("")).await;
    stage.fail("autocalls", &["hold"]);
    let mut gone = TcpStream::connect(stage.app.api()).await.unwrap();
    let head = "PUT /v1/assistants/autocalls:7 HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
    gone.write_all(format!("{head}content-length: 12\r\n\r\n{{\"name\":\"x\"}}").as_bytes()).await.unwrap();
    stage.simulator("autocalls").received_at_least(1).await;
    drop(gone);
    let second = stage.put("autocalls:7", UPDATE);
    let release = async {
        while stage.admin(Method::GET, "/admin/status").await.json()["vendors"]["autocalls"]["waiting"] == 0 {}
        stage.fail("autocalls", &[]);
    };
    assert_eq!(tokio::join!(second, release).0.status, 200);
    stage.stop().await;
    let spans = collector.spans();
    let (servers, attempts) = (of(&spans, SpanKind::Server), of(&spans, SpanKind::Client));
    assert_says(servers[0], &[("switchboard.reason", Some("client_closed")), ("http.response.status_code", None)]);
    assert_eq!(attempts[0].parent_span_id, servers[0].span_id);
    assert!(attempts[0].end_time_unix_nano > servers[0].end_time_unix_nano);
    let waited = |span: &&Span| span.name == "queue" && span.parent_span_id == servers[1].span_id;
    let queue = spans.iter().find(waited).unwrap();
    assert!(queue.end_time_unix_nano >= attempts[0].end_time_unix_nano);
}

#[tokio::test]
async fn a_failing_collector_affects_no_request_and_lost_spans_are_counted() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for manner in [None, Some(Manner::Hangs), Some(Manner::Refuses(400)), Some(Manner::Refuses(503))] {
        let collector = match manner {
            Some(manner) => Some(Collector::start(manner).await),
            None => None,
        };
        let section = collector
            .as_ref()
            .map_or_else(|| format!("[traces]\nendpoint = \"http://{gone}\"\n"), |collector| collector.section(""));
        let stage = Stage::with(&(section + "timeout = \"50ms\"\n")).await;
        for _ in 0..20 {
            assert_eq!(stage.put("autocalls:7", UPDATE).await.status, 200);
        }
        let telemetry = stage.app.reloader().telemetry().clone();
        stage.stop().await;
        let counts = telemetry.health().traces.unwrap();
        assert!(counts.exported == 0 && counts.dropped >= 20 * 3, "{manner:?}: {counts:?}");
    }
}

#[tokio::test]
async fn rejected_spans_are_counted_and_a_reload_changes_the_ratio() {
    let collector = Collector::start(Manner::Rejects(1)).await;
    let stage = Stage::of(&["autocalls"], "", |text| text).await;
    let folder = tempfile::tempdir().unwrap();
    let write = |ratio: &str| {
        let traces = collector.section(&format!("sample_ratio = {ratio}\n"));
        fs::write(folder.path().join("c.toml"), configuration(&stage.simulators, &traces)).unwrap();
    };
    write("0");
    let environment = tokens(&stage.simulators).into_iter().collect();
    let source = Source { path: Some(folder.path().join("c.toml")), environment };
    let app = App::start(source.load().unwrap(), Some(source), None).await.unwrap();
    let put = || {
        let request = http::Request::put(format!("http://{}/v1/assistants/7", app.api()));
        stage.send(request.header("content-type", "application/json").body(UPDATE.into()).unwrap())
    };
    assert_eq!(put().await.status, 200);
    write("1");
    let reloader = std::sync::Arc::clone(app.reloader());
    assert!(tokio::task::spawn_blocking(move || reloader.reload("request")).await.unwrap().applied);
    assert_eq!(put().await.status, 200);
    let counts = loop {
        let request = http::Request::get(format!("http://{}/admin/status", app.admin()));
        let status = stage.send(request.body(Default::default()).unwrap()).await.json();
        if status["lines"]["traces"]["dropped"] != 0 {
            break status["lines"]["traces"].clone();
        }
    };
    let spans = collector.spans();
    assert_eq!(of(&spans, SpanKind::Server).len(), 1);
    assert_eq!(counts, json!({ "exported": spans.len() - 1, "dropped": 1 }));
    app.stop().await;
    stage.stop().await;
}

#[tokio::test]
async fn the_variables_of_opentelemetry_turn_traces_on_and_the_file_wins_over_them() {
    let collector = Collector::start(Manner::Takes).await;
    let stage = Stage::of(&["autocalls"], "", |text| text).await;
    let folder = tempfile::tempdir().unwrap();
    let file = "[traces.headers]\nx-both = { env = \"TOKEN_AUTOCALLS\" }\n[traces.resource]\nb = \"file\"\n";
    fs::write(folder.path().join("switchboard.toml"), configuration(&stage.simulators, file)).unwrap();
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.as_str()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-one=one,x-both=one"),
        ("OTEL_RESOURCE_ATTRIBUTES", "service.name=a,a=variable,b=variable"),
        ("OTEL_SERVICE_NAME", "edge"),
        ("OTEL_TRACES_SAMPLER", "always_on"),
        ("OTEL_BSP_SCHEDULE_DELAY", "60000"),
    ];
    let mut environment = tokens(&stage.simulators);
    environment.extend(variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let process = Process::serve(folder.path(), &environment).await;
    let request =
        http::Request::put(format!("http://{}/v1/assistants/7", process.api)).header("traceparent", UNSAMPLED);
    let request = request.header("content-type", "application/json").body(UPDATE.into()).unwrap();
    assert_eq!(stage.send(request).await.status, 200);
    process.signal("TERM");
    assert!(process.ended().await.success());
    assert_eq!(of(&collector.spans(), SpanKind::Client).len(), 1);
    let headers = &collector.headers()[0];
    assert_eq!((&headers["x-one"], &headers["x-both"]), (&"one".parse().unwrap(), &"sim-autocalls".parse().unwrap()));
    let resource = collector.exports()[0].resource_spans[0].resource.clone().unwrap().attributes;
    let says = |key: &str| attribute(&resource, key);
    assert_eq!(["service.name", "a", "b"].map(says), ["edge", "variable", "file"].map(|text| Some(text.to_owned())));
    stage.stop().await;
}
