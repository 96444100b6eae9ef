//! `GET /metrics`: its content, the conventions of Prometheus, and that callers cannot create series.

use crate::support::exposition::{Sample, Scrape, Scraped};
use crate::support::process::Process;
use crate::support::raw::exchange;
use crate::support::stub::Stub;
use crate::support::{Reply, Stage, configuration, tokens};
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use prometheus_client::metrics::MetricType;
use switchboard::admin::{METRICS, Metric};
use switchboard::app::App;
use switchboard::reload::Source;

async fn asked(stage: &Stage, path: &str, headers: &[(&str, &str)]) -> Reply {
    let mut request = Request::get(format!("http://{}{path}", stage.app.admin()));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    stage.send(request.body(Full::default()).unwrap()).await
}

async fn scrape(stage: &Stage) -> Scrape {
    let reply = asked(stage, "/metrics", &[]).await;
    assert_eq!(reply.status, StatusCode::OK);
    Scrape::read(std::str::from_utf8(&reply.body).unwrap())
}

/// Requests with every kind of result.
async fn traffic(stage: &Stage) {
    let lenient = [("prefer", "handling=lenient")];
    assert_eq!(stage.put("sondos:1", r#"{"name": "a"}"#).await.status, 200);
    assert_eq!(stage.put_with("sondos:1", &lenient, r#"{"name": "a", "no_field": 1}"#).await.status, 200);
    assert_eq!(stage.put("sondos:1", r#"{"name": 5}"#).await.status, 422);
    stage.fail("sondos", &["status=500"]);
    assert_eq!(stage.put("sondos:1", r#"{"name": "a"}"#).await.status, 502);
    stage.fail("sondos", &[]);
    assert_eq!(stage.put("famulor:1", r#"{"language": "Klingon"}"#).await.status, 422);
    for path in ["/v1/vendors", "/v1/schema", "/docs", "/nowhere"] {
        stage.get(path).await;
    }
}

#[tokio::test]
async fn every_metric_is_exposed_with_its_metadata() {
    let stage = Stage::new().await;
    traffic(&stage).await;
    let scrape = scrape(&stage).await;
    scrape.series();
    for metric in METRICS {
        let scraped = scrape.families.get(metric.name).unwrap_or_else(|| panic!("{} is missing", metric.name));
        assert_eq!((scraped.kind.as_str(), scraped.help.as_str()), (metric.kind.as_str(), metric.help));
        for sample in &scraped.samples {
            let mut labels: Vec<&str> =
                sample.labels.keys().map(String::as_str).filter(|label| *label != "le").collect();
            let mut expected = metric.labels.to_vec();
            labels.sort_unstable();
            expected.sort_unstable();
            assert_eq!(labels, expected, "{}", metric.name);
            assert!(sample.value.is_finite() && sample.value >= 0.0, "{sample:?}");
        }
        if metric.kind == MetricType::Histogram {
            histogram(metric, scraped);
        }
    }
    assert_eq!(scrape.families.len(), METRICS.len());
    let process = scrape.families.iter().filter(|(name, _)| name.starts_with("process_"));
    assert!(!cfg!(target_os = "linux") || process.into_iter().all(|(_, figure)| figure.samples.len() == 1));
    stage.stop().await;
}

/// Buckets are cumulative, and the last one equals the count.
fn histogram(metric: &Metric, scraped: &Scraped) {
    let of = |suffix: &str| {
        let name = format!("{}{suffix}", metric.name);
        scraped.samples.iter().filter(move |sample| sample.name == name)
    };
    for count in of("_count") {
        let mut buckets: Vec<(f64, f64)> = of("_bucket")
            .filter(|bucket| count.labels.iter().all(|(key, value)| bucket.labels.get(key) == Some(value)))
            .map(|bucket| (bucket.labels["le"].replace("+Inf", "inf").parse().unwrap(), bucket.value))
            .collect();
        assert!(buckets.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1), "{buckets:?}");
        assert_eq!(buckets.pop(), Some((f64::INFINITY, count.value)));
        let sum = of("_sum").find(|sum| sum.labels == count.labels).unwrap();
        assert!(count.value > 0.0 || sum.value == 0.0, "{sum:?}");
    }
}

/// The checks of `promtool check metrics` and the naming conventions of Prometheus.
#[test]
fn names_follow_the_conventions_of_prometheus() {
    let name_like = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    let mut seen = std::collections::HashSet::new();
    for Metric { name, kind, labels, help, .. } in METRICS {
        assert!(seen.insert(name), "{name} twice");
        assert!(name_like(name) && !name.contains("__"), "{name}");
        assert!(name.starts_with("switchboard_") || name.starts_with("process_"), "{name}");
        assert_eq!(
            name.ends_with("_total"),
            *kind == MetricType::Counter,
            "{name}: counters end in _total, and only they"
        );
        assert!(*kind != MetricType::Histogram || name.ends_with("_seconds"), "{name}: durations are in seconds");
        assert!(!["_bucket", "_sum", "_count", "_info_total"].iter().any(|end| name.ends_with(end)), "{name}");
        for unit in ["milliseconds", "_ms", "minutes", "kilobytes", "percent", "gauge", "counter", "histogram"] {
            assert!(!name.contains(unit), "{name} holds {unit}");
        }
        assert!(help.ends_with('.') && !help.contains(['\\', '\n']), "{name}: {help}");
        for label in *labels {
            assert!(name_like(label) && !label.starts_with("__"), "{name}{{{label}}}");
            assert!(!["le", "quantile", "job", "instance"].contains(label), "{name}{{{label}}} is taken");
        }
    }
}

#[tokio::test]
async fn requests_are_counted_by_how_they_ended() {
    let stage = Stage::new().await;
    traffic(&stage).await;
    let scrape = scrape(&stage).await;
    const REQUESTS: &str = "switchboard_requests_total";
    let update = ("route", "/v1/assistants/{assistant}");
    for (labels, count) in [
        (
            &[
                update,
                ("vendor", "sondos"),
                ("reason", "ok"),
                ("status", "200"),
                ("fault", ""),
                ("method", "PUT"),
                ("operation", "update"),
            ][..],
            2.0,
        ),
        (&[update, ("vendor", "sondos"), ("reason", "validation_failed"), ("fault", "caller")], 1.0),
        (&[update, ("vendor", "sondos"), ("reason", "vendor_error"), ("status", "502"), ("fault", "vendor")], 1.0),
        (&[update, ("vendor", "famulor"), ("status", "422")], 1.0),
        (&[("route", "none"), ("vendor", ""), ("method", "GET"), ("reason", "not_found")], 1.0),
        (&[("route", "/docs"), ("operation", ""), ("reason", "ok")], 1.0),
    ] {
        assert_eq!(scrape.sum(REQUESTS, labels), Some(count), "{labels:?}");
    }
    assert_eq!(scrape.sum(REQUESTS, &[]), Some(9.0));
    assert_eq!(scrape.sum("switchboard_request_duration_seconds_count", &[]), Some(9.0));
    let duration = "switchboard_request_duration_seconds_count";
    assert_eq!(scrape.sum(duration, &[update, ("operation", "update")]), Some(5.0));
    let sondos = [("vendor", "sondos")];
    let updates = [("vendor", "sondos"), ("operation", "update")];
    assert_eq!(scrape.sum("switchboard_overhead_duration_seconds_count", &updates), Some(3.0));
    assert_eq!(scrape.sum("switchboard_vendor_duration_seconds_count", &sondos), Some(3.0));
    assert_eq!(scrape.sum("switchboard_overhead_duration_seconds_count", &sondos), Some(3.0));
    assert_eq!(scrape.sum("switchboard_overhead_duration_seconds_count", &[("vendor", "famulor")]), Some(0.0));
    let dropped = [("vendor", "sondos"), ("field", "unknown")];
    assert_eq!(scrape.sum("switchboard_fields_dropped_total", &dropped), Some(1.0));
    assert_eq!(scrape.sum("switchboard_vendor_attempts_total", &sondos), Some(5.0));
    assert_eq!(scrape.sum("switchboard_vendor_retries_total", &sondos), Some(2.0));
    assert_eq!(scrape.sum("switchboard_catalog_entries", &[("vendor", "famulor")]).map(|n| n > 0.0), Some(true));
    assert_eq!(scrape.sum("switchboard_requests_in_flight", &[]), Some(0.0));
    assert_eq!(scrape.sum("switchboard_vendor_breaker_state", &[("state", "closed")]), Some(5.0));
    stage.stop().await;
}

/// Everything in a scrape that may only grow.
fn counted(scrape: &Scrape) -> impl Iterator<Item = &Sample> {
    scrape.families.values().filter(|family| family.kind != "gauge").flat_map(|family| &family.samples)
}

#[tokio::test]
async fn a_reload_that_rebuilds_every_account_keeps_its_counters_and_its_drift() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.toml");
    let drifting = Stub::answering("200 OK", "content-type: application/json\r\n", r#"{"new":1}"#).await;
    let mut stage = Stage::of(&["sondos"], "", |text| text).await;
    let environment = tokens(&stage.simulators).into_iter().collect();
    let text =
        |each: &str| configuration(&stage.simulators, &format!("{each}{}{each}", drifting.vendor("v", "sondos")));
    let (first, second) = (text(""), text("max_in_flight = 7\n"));
    std::fs::write(&path, first).unwrap();
    let source = Source { path: Some(path.clone()), environment };
    let app = App::start(source.load().unwrap(), Some(source), None).await.unwrap();
    std::mem::replace(&mut stage.app, app).stop().await;

    stage.fail("sondos", &["reset"]);
    assert_eq!(stage.put("sondos:1", r#"{"name": "a"}"#).await.status, 502);
    stage.fail("sondos", &[]);
    let lenient = [("prefer", "handling=lenient")];
    assert_eq!(stage.put_with("sondos:1", &lenient, r#"{"name": "a", "no_field": 1}"#).await.status, 200);
    stage.put("v:1", r#"{"name": "a"}"#).await;
    let drift = async || stage.admin(Method::GET, "/admin/status").await.json()["vendors"]["v"]["drift"].take();
    let (before, drifted) = (scrape(&stage).await, drift().await);
    let happened = ["requests", "vendor_attempts", "vendor_failures", "vendor_retries", "fields_dropped", "drift"];
    for name in happened {
        assert!(before.sum(&format!("switchboard_{name}_total"), &[]) > Some(0.0), "no {name} to lose");
    }
    std::fs::write(&path, second).unwrap();
    let reloader = std::sync::Arc::clone(stage.app.reloader());
    assert!(tokio::task::spawn_blocking(move || reloader.reload("request")).await.unwrap().applied);
    let after = scrape(&stage).await;
    for old in counted(&before) {
        let new = counted(&after).find(|new| (&new.name, &new.labels) == (&old.name, &old.labels));
        assert!(new.is_some_and(|new| new.value >= old.value), "{old:?} became {new:?}");
    }
    for name in happened.map(|name| format!("switchboard_{name}_total")) {
        assert_eq!(after.sum(&name, &[]), before.sum(&name, &[]), "{name}");
    }
    assert_eq!(drift().await, drifted);

    // The new stack opens its own connections and continues the old one's counters.
    let opened = |scrape: &Scrape| scrape.sum("switchboard_vendor_connections_opened_total", &[("vendor", "sondos")]);
    assert_eq!(stage.put("sondos:1", r#"{"name": "a"}"#).await.status, 200);
    stage.put("v:1", r#"{"name": "a"}"#).await;
    let last = scrape(&stage).await;
    assert_eq!(opened(&last), opened(&before).map(|count| count + 1.0));
    let sum = |scrape: &Scrape| scrape.sum("switchboard_drift_total", &[("vendor", "v")]);
    assert_eq!(sum(&last), sum(&before).map(|count| 2.0 * count));
    let (old, new) = (&drifted["differences"][0], &drift().await["differences"][0]);
    assert_eq!((&new["count"], &new["first_seen"]), (&2.into(), &old["first_seen"]));
    stage.stop().await;
}

/// Callers choose paths, methods, ids, vendors, fields and headers.
#[tokio::test]
async fn callers_cannot_create_series() {
    let stage = Stage::new().await;
    let lenient = [("prefer", "handling=lenient")];
    let invent = async |round: usize| {
        for n in round..round + 3 {
            let methods = ["BREW", "PURGE", "LINK", "UNLINK", "X-1", "X-2"];
            let method = Method::from_bytes(methods[n % methods.len()].as_bytes()).unwrap();
            stage.call(method, &format!("/{n}/v1"), &[], "").await;
            stage.get(&format!("/v1/vendors/v{n}?x={n}")).await;
            stage.get(&format!("/v1/assistants/{n}/route")).await;
            stage.get(&format!("/problems/p{n}")).await;
            let headers = [("x-request-id", &*format!("id-{n}")), ("user-agent", &*format!("agent/{n}")), lenient[0]];
            let field = format!(r#"{{"name": "{n}", "field_{n}": {n}}}"#);
            stage.put_with(&format!("sondos:{}", n % 999 + 1), &headers, field).await;
            stage.put(&format!("v{n}:{n}"), r#"{"name":"x"}"#).await;
            stage.put(&format!("name-{n}"), r#"{"name":"x"}"#).await;
        }
    };
    invent(0).await;
    let before = scrape(&stage).await.series();
    for round in 1..120 {
        invent(3 * round).await;
    }
    let scraped = scrape(&stage).await;
    assert_eq!(scraped.series(), before);
    assert_eq!(scraped.sum("switchboard_requests_total", &[]), Some(120.0 * 3.0 * 7.0));
    assert_eq!(scraped.sum("switchboard_fields_dropped_total", &[("field", "unknown")]), Some(360.0));
    stage.stop().await;
}

#[tokio::test]
async fn the_public_listener_has_no_metrics() {
    let stage = Stage::new().await;
    stage.get("/metrics").await.problem("not_found");
    assert_eq!(stage.admin(Method::POST, "/metrics").await.status, StatusCode::METHOD_NOT_ALLOWED);
    stage.stop().await;
}

#[tokio::test]
async fn a_removed_vendor_takes_its_series_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.toml");
    let mut stage = Stage::of(&["sondos", "famulor"], "", |text| text).await;
    let environment = tokens(&stage.simulators).into_iter().collect();
    let [both, one] = [&stage.simulators[..], &stage.simulators[..1]].map(|vendors| configuration(vendors, ""));
    std::fs::write(&path, both).unwrap();
    let source = Source { path: Some(path.clone()), environment };
    let app = App::start(source.load().unwrap(), Some(source), None).await.unwrap();
    std::mem::replace(&mut stage.app, app).stop().await;
    stage.put("famulor:1", r#"{"name": "a"}"#).await;
    let famulor = [("vendor", "famulor")];
    let names = ["switchboard_requests_total", "switchboard_queue_duration_seconds_count"];
    let before = scrape(&stage).await;
    assert_eq!(names.map(|name| before.sum(name, &famulor)), [Some(1.0), Some(1.0)]);
    std::fs::write(&path, one).unwrap();
    let reloader = std::sync::Arc::clone(stage.app.reloader());
    assert!(tokio::task::spawn_blocking(move || reloader.reload("request")).await.unwrap().applied);
    let after = scrape(&stage).await;
    assert!(after.series().iter().all(|(_, labels)| labels.get("vendor").is_none_or(|vendor| vendor != "famulor")));
    stage.stop().await;
}

#[tokio::test]
async fn a_scraper_gets_the_format_that_it_accepts() {
    let stage = Stage::new().await;
    traffic(&stage).await;
    let prometheus = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                      text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    for accept in [prometheus, "text/plain;q=0.5, application/openmetrics-text"] {
        let open = asked(&stage, "/metrics", &[("accept", accept)]).await;
        let media = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        assert_eq!(open.header("content-type"), Some(media));
        let text = std::str::from_utf8(&open.body).unwrap();
        assert!(text.ends_with("\n# EOF\n") && text.contains("# TYPE switchboard_requests counter\n"), "{text}");
        assert!(text.contains("\nswitchboard_requests_total{"), "{text}");
    }
    for accept in [
        &[][..],
        &[("accept", "*/*")],
        &[("accept", "text/plain;version=0.0.4")],
        &[("accept", "application/openmetrics-text;version=0.0.1,text/plain;version=0.0.4;q=0.5")],
    ] {
        let plain = asked(&stage, "/metrics", accept).await;
        assert_eq!(plain.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
        Scrape::read(std::str::from_utf8(&plain.body).unwrap());
    }
    stage.stop().await;
}

#[tokio::test]
async fn protected_metrics_take_the_admin_token_or_their_own() {
    let stage =
        Stage::with("[admin]\ntoken = { env = \"TOKEN_SONDOS\" }\nmetrics_token = { env = \"TOKEN_FAMULOR\" }\n").await;
    for (path, token, status) in [
        ("/metrics", "", 401),
        ("/metrics", "sim-autocalls", 401),
        ("/metrics", "sim-famulor", 200),
        ("/metrics", "sim-sondos", 200),
        ("/admin/status", "sim-famulor", 401),
        ("/admin/status", "sim-sondos", 200),
    ] {
        let authorization = format!("Bearer {token}");
        let headers = [("authorization", authorization.as_str())];
        let reply = asked(&stage, path, if token.is_empty() { &[] } else { &headers }).await;
        assert_eq!(reply.status.as_u16(), status, "{path} {token}");
    }
    stage.stop().await;
}

/// The limit is what an alert compares with, so that it has to be the one in use.
#[tokio::test]
async fn the_limit_of_connections_is_the_one_that_the_limit_on_open_files_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let text = "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\nmax_connections = 1000\n[auth]\nmode = \"none\"\n\
                [vendors.sondos]\nbase_url = \"http://127.0.0.1:9\"\ntoken = { env = \"TOKEN\" }\n";
    std::fs::write(folder.path().join("switchboard.toml"), text).unwrap();
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "ulimit -n 512; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_switchboard")]).env("TOKEN", "1|x");
    let mut process = Process::serve_by(&mut command, folder.path()).await;
    let warning: serde_json::Value = serde_json::from_str(&process.logged("limit on open files").await).unwrap();
    let allowed = warning["allowed"].as_f64().unwrap();
    assert!(allowed < 512.0, "{warning}");
    let request = format!("GET /metrics HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", process.admin);
    let reply = String::from_utf8(exchange(process.admin, request.as_bytes()).await.body.to_vec()).unwrap();
    let limit = |listener: &str| {
        let series = format!("switchboard_connections_limit{{listener=\"{listener}\"}} ");
        let value = reply.lines().find_map(|line| line.strip_prefix(&*series));
        value.unwrap_or_else(|| panic!("{reply}")).trim().parse::<f64>().unwrap()
    };
    assert_eq!((limit("api"), limit("admin")), (allowed, 1000.0));
    process.signal("TERM");
    assert!(process.ended().await.success());
}
