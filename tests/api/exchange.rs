//! The main job, end to end: a canonical update goes in over TCP, the vendor's simulator receives its own page's
//! request, and the answer comes back in canonical form.

use std::collections::BTreeSet;

use http::{Method, Request};
use http_body_util::Full;
use serde_json::{Value, json};
use simulators::Simulator;

use crate::support::case::Case;
use crate::support::process::Process;
use crate::support::{Stage, configuration, tokens};

/// What a vendor's request holds, and nothing else.
const ALLOWED: [&str; 10] = [
    "accept",
    "accept-encoding",
    "authorization",
    "content-length",
    "content-type",
    "host",
    "switchboard-hop",
    "traceparent",
    "user-agent",
    "x-request-id",
];

fn number(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Asserts that an example of a page was received as the page has it and has become the assistant's state.
#[track_caller]
fn assert_applied(simulator: &Simulator, id: u64, page: &str) {
    let vendor = simulator.vendor();
    let received = simulator.received();
    let update = received.iter().rfind(|request| request.method == "PUT").unwrap();
    assert!(update.unknown_keys.is_empty(), "{vendor}: {:?} in {page}", update.unknown_keys);
    assert_eq!(update.path, format!("/api/user/assistant/{id}"));
    let mut page: Value = serde_json::from_str(page).unwrap();
    if vendor == "sondos" {
        page = in_canonical_reach(&page);
    }
    let wire = update.json.clone().unwrap();
    assert_eq!(wire, page, "{vendor}");
    let state = simulator.state(id).unwrap();
    for (field, value) in wire.as_object().unwrap() {
        assert_eq!(&state[field], value, "{vendor}: {field} as stored");
    }
}

/// The legacy page's examples as one canonical field can write them: the number of words always comes with its
/// flag, and names of extracted data have no capitals.
fn in_canonical_reach(page: &Value) -> Value {
    let mut page: Value = serde_json::from_str(&page.to_string().replace("Interest_Level", "interest_level")).unwrap();
    if page.get("min_interrupt_words").is_some() {
        page["use_min_interrupt_words"] = json!(true);
    }
    page
}

#[tokio::test]
async fn every_page_example_is_applied_by_its_vendor_as_the_page_has_it() {
    let stage = Stage::new().await;
    let case = Case::read("every_page_example");
    for vendor in simulators::NAMES {
        let pages = simulators::contracts::examples(vendor);
        let exchanges = case.exchanges(vendor);
        assert_eq!(exchanges.len(), pages.len(), "{vendor}");
        for (id, (exchange, (slug, page))) in (1..).zip(exchanges.iter().zip(pages)) {
            let reply = stage.put(&format!("{vendor}:{id}"), exchange.update.clone()).await;
            assert_eq!(reply.status, 200, "{vendor} {slug}: {:#}", reply.json());
            assert_applied(stage.simulator(vendor), id, page);
        }
    }
    stage.stop().await;
}

#[tokio::test]
async fn every_page_example_goes_through_the_real_binary() {
    let stage = Stage::new().await; // for its simulators and its client
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("switchboard.toml"), configuration(&stage.simulators, "")).unwrap();
    let process = Process::serve(directory.path(), &tokens(&stage.simulators)).await;
    let case = Case::read("every_page_example");
    for vendor in simulators::NAMES {
        let pages = simulators::contracts::examples(vendor);
        for (id, (exchange, (slug, page))) in (1..).zip(case.exchanges(vendor).iter().zip(pages)) {
            let url = format!("http://{}/v1/assistants/{vendor}:{id}", process.api);
            let request = Request::put(url).header("content-type", "application/json");
            let reply = stage.send(request.body(Full::new(exchange.update.clone().into())).unwrap()).await;
            assert_eq!(reply.status, 200, "{vendor} {slug}: {:#}", reply.json());
            assert_eq!((&reply.json()["vendor"], &reply.json()["attempts"]), (&json!(vendor), &json!(1)));
            assert_applied(stage.simulator(vendor), id, page);
        }
    }
    process.signal("TERM");
    assert!(process.ended().await.success());
    stage.stop().await;
}

#[tokio::test]
async fn an_answer_has_all_its_members_in_canonical_names_and_values() {
    let stage = Stage::new().await;
    for vendor in simulators::NAMES {
        let update = r#"{"name":"Night desk","type":"inbound","mode":"pipeline"}"#;
        let reply = stage.put_with(&format!("{vendor}:12"), &[("x-request-id", "r-1")], update).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("content-type"), Some("application/json"));
        assert_eq!(reply.header("x-request-id"), Some("r-1"));
        assert_eq!(
            reply.json(),
            json!({
                "message": "Assistant updated successfully",
                "data": { "id": 12, "name": "Night desk", "status": "active", "type": "inbound", "mode": "pipeline" },
                "assistant": format!("{vendor}:12"), "vendor": vendor, "request_id": "r-1", "attempts": 1,
                "report": { "applied": ["name", "type", "mode"], "dropped": [], "warnings": [] },
            }),
            "{vendor}"
        );
        for absent in ["preference-applied", "switchboard-dropped", "retry-after"] {
            assert_eq!(reply.header(absent), None, "{vendor}: {absent}");
        }
    }
    stage.stop().await;
}

#[tokio::test]
async fn nothing_of_the_callers_request_reaches_the_vendor_but_the_update_the_request_id_and_the_trace() {
    let stage = Stage::new().await;
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let headers = [
        ("authorization", "Bearer the-callers-own"),
        ("cookie", "session=secret"),
        ("x-forwarded-for", "203.0.113.9"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "https"),
        ("forwarded", "for=203.0.113.9"),
        ("x-real-ip", "203.0.113.9"),
        ("x-http-method-override", "DELETE"),
        ("x-custom", "own"),
        ("accept", "text/html"),
        ("accept-language", "de"),
        ("accept-encoding", "gzip"),
        ("user-agent", "caller/1"),
        ("referer", "https://caller.example/"),
        ("origin", "https://caller.example"),
        ("prefer", "handling=strict, respond-async"),
        ("request-timeout", "20"),
        ("x-request-id", "caller-7"),
        ("traceparent", trace),
        ("tracestate", "vendor=1"),
        ("baggage", "user=1"),
        ("te", "trailers"),
        ("connection", "keep-alive, x-custom"),
    ];
    for vendor in simulators::NAMES {
        let reply = stage.put_with(&format!("{vendor}:789"), &headers, r#"{"name":"x"}"#).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        let update = stage.only_update(vendor);
        let names: BTreeSet<_> = update.headers.keys().map(http::HeaderName::as_str).collect();
        assert_eq!(names, BTreeSet::from(ALLOWED), "{vendor}");
        assert_eq!(update.headers.len(), ALLOWED.len(), "no header twice");
        assert_eq!(update.header("authorization"), Some(format!("Bearer sim-{vendor}").as_str()));
        assert_eq!(update.header("accept"), Some("application/json"));
        assert_eq!(update.header("content-type"), Some("application/json"));
        assert_eq!(update.header("user-agent"), Some(concat!("switchboard/", env!("CARGO_PKG_VERSION"))));
        assert_eq!(update.header("switchboard-hop"), Some("1"));
        assert_eq!(update.header("x-request-id"), Some("caller-7"));
        assert_eq!(update.header("host"), Some(stage.simulator(vendor).addr().to_string().as_str()));
        let child = update.header("traceparent").unwrap();
        assert!(child.starts_with("00-0af7651916cd43dd8448eb211c80319c-") && child.ends_with("-01"), "{child}");
        assert_ne!(child, trace, "the vendor's span is a child of the caller's");
        assert_eq!(update.query, None);
    }
    stage.stop().await;
}

#[tokio::test]
async fn an_update_is_partial_and_null_clears() {
    let stage = Stage::new().await;
    for vendor in simulators::NAMES {
        let (name, hook) = if vendor == "sondos" { ("assistant_name", "webhook_url") } else { ("name", "webhook_url") };
        let state = || stage.simulator(vendor).state(5).unwrap();
        let fresh = state();
        let assistant = format!("{vendor}:5");
        let first = r#"{"name":"First","webhook_url":"https://example.com/a","max_silence_duration":17}"#;
        assert_eq!(stage.put(&assistant, first).await.status, 200);
        assert_eq!(stage.put(&assistant, r#"{"webhook_url":null}"#).await.status, 200);
        let cleared = state();
        assert_eq!((&cleared[name], &cleared[hook]), (&json!("First"), &Value::Null), "{vendor}");
        assert_eq!(cleared["max_silence_duration"], 17);
        assert_eq!(stage.put(&assistant, "{}").await.status, 200);
        assert_eq!(state(), cleared, "{vendor}: an empty update changes nothing");
        for (field, value) in fresh.as_object().unwrap() {
            if ![name, hook, "max_silence_duration"].contains(&field.as_str()) {
                assert_eq!(&cleared[field], value, "{vendor}: {field} was never sent");
            }
        }
        assert_eq!(stage.updates(vendor).len(), 2, "{vendor}: an empty update is not sent");
    }
    stage.stop().await;
}

#[tokio::test]
async fn min_interrupt_words_switches_the_legacy_flag_and_null_switches_it_off() {
    let stage = Stage::new().await;
    let state = || stage.simulator("sondos").state(5).unwrap();
    stage.put("sondos:5", r#"{"min_interrupt_words":3}"#).await;
    assert_eq!((&state()["use_min_interrupt_words"], &state()["min_interrupt_words"]), (&json!(true), &json!(3)));
    stage.put("sondos:5", r#"{"min_interrupt_words":null}"#).await;
    assert_eq!(state()["use_min_interrupt_words"], false);
    assert_eq!(stage.updates("sondos")[1].body, r#"{"use_min_interrupt_words":false}"#);
    stage.stop().await;
}

#[tokio::test]
async fn patch_does_what_put_does() {
    let stage = Stage::new().await;
    let body = r#"{"name":"x","speech_speed":0.70}"#;
    for vendor in simulators::NAMES {
        let mut replies = Vec::new();
        for (method, media) in [(Method::PUT, "application/json"), (Method::PATCH, "application/merge-patch+json")] {
            let headers = [("content-type", media), ("x-request-id", "same")];
            replies.push(stage.call(method, &format!("/v1/assistants/{vendor}:789"), &headers, body).await);
        }
        assert_eq!(replies[0].status, 200);
        assert_eq!(replies[0].body, replies[1].body);
        let updates = stage.updates(vendor);
        assert_eq!((updates[0].body.as_ref(), &updates[0].path), (updates[1].body.as_ref(), &updates[1].path));
    }
    stage.stop().await;
}

#[tokio::test]
async fn an_assistant_is_a_name_a_vendor_and_id_or_a_bare_id() {
    let extra = "[assistants.sales-bot]\nvendor = \"sondos\"\nid = \"12\"\n\
                     [[routing.rules]]\nassistant = \"7*\"\nvendor = \"famulor\"\n";
    let stage = Stage::with(extra).await;
    let cases = [
        ("sales-bot", "sondos", "12", "assistants"),
        ("gloriagent:34", "gloriagent", "34", "vendor:id"),
        ("78", "famulor", "78", "routing.rules[0]"),
        ("56", "autocalls", "56", "routing.default_vendor"),
        ("sondos%3A90", "sondos", "90", "vendor:id"),
    ];
    for (assistant, vendor, id, rule) in cases {
        stage.clear();
        let reply = stage.put(assistant, r#"{"record":true}"#).await;
        assert_eq!(reply.status, 200, "{assistant}: {reply:?}");
        let body = reply.json();
        let shown = assistant.replace("%3A", ":");
        assert_eq!((&body["assistant"], &body["vendor"]), (&json!(shown), &json!(vendor)));
        assert_eq!(body["data"]["id"], number(id));
        assert_eq!(stage.only_update(vendor).path, format!("/api/user/assistant/{id}"));
        let others = simulators::NAMES.into_iter().filter(|other| *other != vendor);
        others.for_each(|other| assert!(stage.updates(other).is_empty(), "{assistant} also went to {other}"));
        let route = stage.get(&format!("/v1/assistants/{assistant}/route")).await.json();
        let expected = json!({ "assistant": shown, "vendor": vendor, "id": id, "handling": "strict", "rule": rule });
        assert_eq!(route, expected);
    }
    stage.stop().await;
}

#[tokio::test]
async fn prefer_decides_whether_a_missing_field_is_refused_or_dropped() {
    let stage = Stage::new().await;
    let update = r#"{"name":"x","ambient_sound":"office","ringing_time":20}"#;
    let strict = stage.put_with("sondos:789", &[("prefer", "handling=strict")], update).await;
    strict.problem("unsupported_by_vendor");
    assert_eq!(strict.header("preference-applied"), Some("handling=strict"));
    stage.put("sondos:789", update).await.problem("unsupported_by_vendor");
    stage.assert_nothing_sent();

    let lenient = stage.put_with("sondos:789", &[("prefer", "respond-async, handling=\"lenient\"")], update).await;
    assert_eq!(lenient.status, 200);
    assert_eq!(lenient.header("preference-applied"), Some("handling=lenient"));
    assert_eq!(lenient.header("switchboard-dropped"), Some("ambient_sound, ringing_time"));
    let report = &lenient.json()["report"];
    assert_eq!(report["applied"], json!(["name"]));
    let dropped: Vec<_> = report["dropped"].as_array().unwrap().iter().collect();
    assert_eq!(dropped.len(), 2);
    for (note, field) in dropped.iter().zip(["ambient_sound", "ringing_time"]) {
        assert_eq!((&note["field"], &note["code"]), (&json!(field), &json!("unsupported_field")));
        assert!(note["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
    }
    assert_eq!(stage.only_update("sondos").body, r#"{"assistant_name":"x"}"#);
    stage.stop().await;
}

#[tokio::test]
async fn the_handling_nearest_to_the_request_counts() {
    let extra = "[assistants.easy]\nvendor = \"sondos\"\nid = \"1\"\nhandling = \"lenient\"\n\
                     [assistants.plain]\nvendor = \"sondos\"\nid = \"2\"\n";
    let lenient_vendor =
        |text: String| text.replace("[vendors.sondos]\n", "[vendors.sondos]\nhandling = \"lenient\"\n");
    let update = r#"{"ringing_time":20}"#;
    let stage = Stage::with(extra).await;
    assert_eq!(stage.put("easy", update).await.status, 200);
    stage.put_with("easy", &[("prefer", "handling=strict")], update).await.problem("unsupported_by_vendor");
    stage.put("plain", update).await.problem("unsupported_by_vendor");
    stage.stop().await;
    let stage = Stage::edited(extra, lenient_vendor).await;
    assert_eq!(stage.put("plain", update).await.status, 200);
    assert_eq!(stage.get("/v1/assistants/plain/route").await.json()["handling"], "lenient");
    stage.stop().await;
}

#[tokio::test]
async fn an_unsupported_value_is_refused_whatever_is_preferred() {
    let stage = Stage::new().await;
    for handling in ["handling=strict", "handling=lenient"] {
        let reply = stage.put_with("sondos:789", &[("prefer", handling)], r#"{"mode":"dualplex"}"#).await;
        let problem = reply.problem("unsupported_by_vendor");
        assert_eq!(problem["errors"][0]["pointer"], "#/mode");
        assert_eq!(problem["errors"][0]["code"], "unsupported_value");
    }
    stage.assert_nothing_sent();
    stage.stop().await;
}

#[tokio::test]
async fn names_and_ids_are_resolved_through_the_vendors_own_catalogs() {
    let stage = Stage::new().await;
    let cases = [
        ("sondos", r#"{"language":"de"}"#, r#"{"language":"German"}"#),
        ("sondos", r#"{"language":"German"}"#, r#"{"language":"German"}"#),
        ("sondos", r#"{"language_id":3}"#, r#"{"language":"French"}"#),
        ("sondos", r#"{"llm_model_id":4}"#, r#"{"llm_model":"Llama 3.3 70B"}"#),
        ("sondos", r#"{"voice":"Emma"}"#, r#"{"voice_id":3}"#),
        ("autocalls", r#"{"language":"German"}"#, r#"{"language_id":5}"#),
        ("autocalls", r#"{"language":"es"}"#, r#"{"language_id":4}"#),
        ("autocalls", r#"{"voice":"Puck"}"#, r#"{"voice_id":11}"#),
        ("autocalls", r#"{"llm_model":"GPT-4.1-mini"}"#, r#"{"llm_model_id":2}"#),
        ("autocalls", r#"{"multimodal_model":"GPT Realtime"}"#, r#"{"multimodal_model_id":4}"#),
    ];
    for (vendor, update, wire) in cases {
        stage.clear();
        let reply = stage.put(&format!("{vendor}:789"), update).await;
        assert_eq!(reply.status, 200, "{vendor} {update}: {reply:?}");
        assert_eq!(stage.only_update(vendor).body, wire, "{vendor} {update}");
    }
    // Each catalog was fetched once at most; by now all of them are known.
    stage.clear();
    assert_eq!(stage.put("autocalls:789", r#"{"language":"en","voice":"Alloy"}"#).await.status, 200);
    assert_eq!(stage.simulator("autocalls").received().len(), 1, "no catalog is fetched twice");
    let refused = stage.put("autocalls:789", r#"{"voice":"Nobody"}"#).await.problem("validation_failed");
    assert_eq!(refused["errors"][0]["code"], "unresolved_name");
    let detail = refused["errors"][0]["detail"].as_str().unwrap();
    assert!(detail.contains("the nearest names are"), "{detail}");
    stage.stop().await;
}

#[tokio::test]
async fn a_catalog_is_read_with_the_same_credentials_and_headers() {
    let stage = Stage::new().await;
    stage.put_with("autocalls:1", &[("cookie", "a=b"), ("x-request-id", "cat")], r#"{"language":"de"}"#).await;
    let received = stage.simulator("autocalls").received();
    assert_eq!((received[0].method.as_str(), received[0].path.as_str()), ("GET", "/api/user/assistants/languages"));
    let names: BTreeSet<_> = received[0].headers.keys().map(http::HeaderName::as_str).collect();
    assert!(names.is_subset(&BTreeSet::from(ALLOWED)), "{names:?}");
    assert_eq!(received[0].header("authorization"), Some("Bearer sim-autocalls"));
    assert_eq!(received[0].header("accept"), Some("application/json"));
    stage.stop().await;
}

#[tokio::test]
async fn twins_are_refused_together_and_taken_alone() {
    let stage = Stage::new().await;
    let pairs = ["language", "voice", "llm_model", "multimodal_model"];
    for pair in pairs {
        let update = format!(r#"{{"{pair}":"English","{pair}_id":1}}"#);
        let problem = stage.put("autocalls:789", update).await.problem("validation_failed");
        let errors = problem["errors"].as_array().unwrap();
        let conflicts: Vec<_> = errors.iter().filter(|error| error["code"] == "conflict").collect();
        assert_eq!(conflicts.len(), 2, "{pair}: {problem:#}");
    }
    assert!(simulators::NAMES.into_iter().all(|vendor| stage.updates(vendor).is_empty()));
    stage.stop().await;
}

#[tokio::test]
async fn vendor_options_reach_only_their_vendor_and_cannot_contradict_a_field() {
    let stage = Stage::new().await;
    let update =
        r#"{"name":"x","vendor_options":{"sondos":{"use_min_interrupt_words":true},"famulor":{"fillers":true}}}"#;
    for (vendor, wire) in [
        ("sondos", r#"{"assistant_name":"x","use_min_interrupt_words":true}"#),
        ("famulor", r#"{"name":"x","fillers":true}"#),
        ("autocalls", r#"{"name":"x"}"#),
    ] {
        assert_eq!(stage.put(&format!("{vendor}:789"), update).await.status, 200);
        assert_eq!(stage.only_update(vendor).body, wire);
    }
    stage.clear();
    let twice = r#"{"name":"x","vendor_options":{"sondos":{"assistant_name":"y"}}}"#;
    let problem = stage.put("sondos:789", twice).await.problem("validation_failed");
    assert_eq!(problem["errors"][0]["pointer"], "#/vendor_options/sondos/assistant_name");
    let error = &problem["errors"][0];
    assert_eq!((error["code"].as_str(), error["field"].as_str()), (Some("conflict"), Some("vendor_options.sondos")));
    stage.assert_nothing_sent();
    stage.stop().await;
}

#[tokio::test]
async fn numbers_and_strings_arrive_with_their_text_unchanged() {
    let stage = Stage::new().await;
    let update =
        "{ \"speech_speed\" : 0.70, \"llm_temperature\":1e-1,\n\"variables\": {\"a\" :1.50, \"b\":\"\\u0041\"} }";
    for vendor in simulators::NAMES {
        assert_eq!(stage.put(&format!("{vendor}:789"), update).await.status, 200);
        let body = stage.only_update(vendor).body;
        let expected = r#"{"speech_speed":0.70,"llm_temperature":1e-1,"variables":{"a" :1.50, "b":"\u0041"}}"#;
        assert_eq!(body, expected, "{vendor}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_gzipped_update_is_read() {
    use std::io::Write;
    let stage = Stage::new().await;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(br#"{"name":"x"}"#).unwrap();
    let reply = stage.put_with("sondos:1", &[("content-encoding", "gzip")], packed.finish().unwrap()).await;
    assert_eq!(reply.status, 200);
    let update = stage.only_update("sondos");
    assert_eq!((update.body.as_ref(), update.header("content-encoding")), (&br#"{"assistant_name":"x"}"#[..], None));
    stage.stop().await;
}

#[tokio::test]
async fn several_accounts_of_one_dialect_have_their_own_tokens_and_names() {
    let second = Simulator::start(
        "sondos",
        simulators::Options { token: Some("2|second".into()), strict: true, ..Default::default() },
    )
    .await
    .unwrap();
    let url = second.base_url();
    // A file serves as the place of a secret too.
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "2|second\n").unwrap();
    let path = file.path().display();
    let extra =
        format!("[vendors.sondos-eu]\ndialect = \"sondos\"\nbase_url = \"{url}/\"\ntoken = {{ file = \"{path}\" }}\n");
    let stage = Stage::with(&extra).await;
    let reply = stage.put("sondos-eu:3", r#"{"name":"x"}"#).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.json()["vendor"], "sondos-eu");
    let received = second.received();
    assert_eq!(received[0].header("authorization"), Some("Bearer 2|second"));
    assert_eq!(received[0].path, "/api/user/assistant/3", "joins never double a slash");
    assert!(stage.updates("sondos").is_empty());
    stage.stop().await;
    second.stop().await;
}
