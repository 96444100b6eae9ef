//! Copies of assistants between vendors: what arrives, what is lost and said to be, and what is never sent.

use http::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use simulators::{Options, Simulator};

use crate::support::{Reply, Stage};

const JSON: (&str, &str) = ("content-type", "application/json");

/// The fields that every vendor requires of a new assistant.
fn complete() -> Value {
    json!({
        "name": "Front desk", "voice_id": 41, "language": "German", "type": "outbound", "mode": "pipeline",
        "timezone": "Europe/Brussels", "initial_message": "Good day.", "system_prompt": "Answer briefly.",
        "llm_model": "GPT-4.1-mini", "speech_speed": 1.10, "fillers": true, "variables": { "branch": "Ghent" },
        "webhook_url": "https://example.com/hook", "min_interrupt_words": 2, "max_silence_duration": 60,
    })
}

fn with(mut fields: Value, members: &Value) -> Value {
    fields.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    fields
}

/// Makes an assistant, and gives its name in paths.
async fn made(stage: &Stage, vendor: &str, fields: &Value) -> String {
    let path = format!("/v1/assistants?vendor={vendor}");
    let reply = stage.call(Method::POST, &path, &[JSON], fields.to_string()).await;
    assert_eq!(reply.status, 201, "{vendor}: {:#}", reply.json());
    reply.json()["assistant"].as_str().unwrap().to_owned()
}

async fn copy_with(stage: &Stage, assistant: &str, query: &str, headers: &[(&str, &str)], body: &Value) -> Reply {
    let headers: Vec<_> = [JSON].iter().chain(headers).copied().collect();
    let path = format!("/v1/assistants/{assistant}/copies{query}");
    stage.call(Method::POST, &path, &headers, body.to_string()).await
}

async fn copy(stage: &Stage, assistant: &str, vendor: &str, changes: Value) -> Reply {
    copy_with(stage, assistant, "", &[], &json!({ "vendor": vendor, "changes": changes })).await
}

async fn fields(stage: &Stage, assistant: &str) -> Value {
    let reply = stage.get(&format!("/v1/assistants/{assistant}")).await;
    assert_eq!(reply.status, 200, "{assistant}: {:#}", reply.json());
    reply.json()["fields"].clone()
}

/// How many creations a vendor has received.
fn creations(stage: &Stage, vendor: &str) -> usize {
    stage.simulator(vendor).received().iter().filter(|request| request.method == "POST").count()
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one.as_str().or_else(|| one["field"].as_str()).unwrap()).collect()
}

/// Field and code of each note.
fn codes(list: &Value) -> Vec<(&str, &str)> {
    list.as_array().unwrap().iter().map(|one| (one["field"].as_str().unwrap(), one["code"].as_str().unwrap())).collect()
}

/// The name of what an id of the vendor stands for.
async fn name_of(stage: &Stage, vendor: &str, kind: &str, id: &Value) -> String {
    let catalog = stage.get(&format!("/v1/vendors/{vendor}/catalogs/{kind}?limit=1000")).await.json();
    let entry = catalog["data"].as_array().unwrap().iter().find(|entry| entry["id"] == *id).cloned();
    entry.unwrap_or_else(|| panic!("{vendor} {kind} {id}"))["name"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_assistant_is_copied_from_every_vendor_to_every_other_and_what_is_copied_is_there() {
    let stage = Stage::new().await;
    for from in simulators::NAMES {
        let assistant = made(&stage, from, &complete()).await;
        let source = fields(&stage, &assistant).await;
        for to in simulators::NAMES {
            stage.simulator(to).clear();
            let reply = copy(&stage, &assistant, to, json!({})).await;
            let body = reply.json();
            assert_eq!(reply.status, 201, "{from} to {to}: {body:#}");
            let made = body["assistant"].as_str().unwrap();
            assert_eq!(made, format!("{to}:{}", body["data"]["id"]));
            assert_eq!(reply.header("location"), Some(&*format!("/v1/assistants/{made}")));
            assert_eq!((&body["operation"], &body["vendor"]), (&"create".into(), &to.into()));
            let report = &body["report"];
            assert_eq!(report["needs"], json!([]));
            let copied = names(&report["copied"]);
            let there = stage.get(&format!("/v1/assistants/{made}")).await.json();
            let (there, untold) = (&there["fields"], names(&there["unreadable"]));
            let lost = names(&report["dropped"]);
            for field in source.as_object().unwrap().keys() {
                assert!(copied.contains(&&**field) != lost.contains(&&**field), "{from} to {to}: {field}\n{report:#}");
            }
            for field in &copied {
                match *field {
                    "language_id" => {
                        let (one, other) = (
                            name_of(&stage, from, "languages", &source[field]).await,
                            name_of(&stage, to, "languages", &there[field]).await,
                        );
                        assert_eq!((&*one, &*other), ("German", "German"));
                    }
                    "llm_model_id" => {
                        assert_eq!(name_of(&stage, to, "models", &there[field]).await, "GPT-4.1-mini");
                    }
                    _ if source.get(field).is_some() && !untold.contains(field) => {
                        assert_eq!(there[field], source[field], "{from} to {to}: {field}");
                    }
                    _ => {}
                }
            }
            assert_eq!(creations(&stage, to), 1, "{from} to {to}");
        }
    }
    stage.stop().await;
}

#[tokio::test]
async fn what_the_legacy_dialect_lacks_is_lost_with_a_reason_and_all_of_it_fits_the_current_one() {
    let stage = Stage::new().await;
    let tools = json!([
        { "type": "end_call", "description": "When all is said." },
        { "type": "assistant_transfer", "assistant_id": 13766 },
        { "type": "calendar_integration", "calcom_api_key": "cal_live_hush", "calcom_event_slug": "visit" },
    ]);
    let extra = json!({
        "tools": tools, "ambient_sound": "cafe", "max_silence_duration": 200, "synthesizer_provider_id": 3,
        "phone_number_id": 45, "type": "inbound", "voice_mail_message": "Later.",
    });
    let assistant = made(&stage, "autocalls", &with(complete(), &extra)).await;
    let reply = copy(&stage, &assistant, "sondos", json!({})).await;
    assert_eq!(reply.status, 201, "{:#}", reply.json());
    assert!(!String::from_utf8_lossy(&reply.body).contains("cal_live_hush"));
    let report = reply.json()["report"].clone();
    let mut lost = codes(&report["dropped"]);
    lost.sort_unstable();
    for expected in [
        ("ambient_sound", "unsupported_field"),
        ("max_silence_duration", "out_of_range"),
        ("phone_number_id", "in_use"),
        ("synthesizer_provider_id", "unsupported_field"),
        ("tools", "secret"),
        ("tools", "other_account"),
    ] {
        assert!(lost.contains(&expected), "{expected:?} {report:#}");
    }
    assert!(names(&report["unreadable"]).contains(&"voice_mail_message"));
    assert!(codes(&report["warnings"]).contains(&("webhook_url", "same_url")), "{report:#}");
    let dropped = reply.header("switchboard-dropped").unwrap();
    assert!(dropped.contains("ambient_sound") && dropped.contains("tools"), "{dropped}");
    let sent = stage.simulator("sondos").received().into_iter().find(|request| request.method == "POST").unwrap();
    let sent: Value = serde_json::from_slice(&sent.body).unwrap();
    assert_eq!((&sent["language"], &sent["llm_model"]), (&"German".into(), &"GPT-4.1-mini".into()));
    assert_eq!(sent["end_call_tool"]["description"], "When all is said.");

    for query in ["?dry_run=true", ""] {
        let reply = copy_with(&stage, &assistant, query, &[], &json!({ "vendor": "famulor" })).await;
        assert!(
            reply.status.is_success() && !String::from_utf8_lossy(&reply.body).contains("hush"),
            "{:#}",
            reply.json()
        );
    }
    for vendor in ["sondos", "famulor"] {
        let received = stage.simulator(vendor).received();
        assert!(received.iter().all(|request| !String::from_utf8_lossy(&request.body).contains("hush")), "{vendor}");
    }

    let legacy = made(&stage, "sondos", &complete()).await;
    let reply = copy(&stage, &legacy, "autocalls", json!({})).await;
    let report = reply.json()["report"].clone();
    assert_eq!((reply.status.as_u16(), &report["needs"]), (201, &json!([])), "{report:#}");
    // The list of the legacy vendor shows a knowledge base, for which it has neither a catalog nor a field.
    let lost = [("knowledgebase_mode", "not_allowed"), ("knowledgebase_id", "unresolved_name")];
    assert_eq!(codes(&report["dropped"]), lost);
    let source = fields(&stage, &legacy).await;
    assert!(source.as_object().unwrap().keys().all(|field| names(&report["copied"]).contains(&&**field)));
    stage.stop().await;
}

#[tokio::test]
async fn changes_win_and_their_refusals_point_into_them() {
    let stage = Stage::new().await;
    let assistant = made(&stage, "autocalls", &complete()).await;
    let changes =
        json!({ "name": "Twin", "voice": "Sarah", "speech_speed": null, "webhook_url": "https://example.com/b" });
    let reply = copy(&stage, &assistant, "sondos", changes).await;
    let body = reply.json();
    assert_eq!((reply.status.as_u16(), &body["data"]["name"]), (201, &"Twin".into()), "{body:#}");
    let there = fields(&stage, body["assistant"].as_str().unwrap()).await;
    assert_eq!((&there["voice_id"], &there["speech_speed"].as_f64()), (&1.into(), &Some(1.0)));
    assert!(names(&body["report"]["applied"]).contains(&"voice"));
    assert!(
        !["name", "voice_id", "speech_speed", "webhook_url"]
            .iter()
            .any(|name| names(&body["report"]["copied"]).contains(name))
    );

    stage.clear();
    let changes = json!({ "nmae": "x", "speech_speed": 9, "voice": "Nemo", "tools": [{ "type": "dtmf_input" }], "max_duration": "[redacted]" });
    let problem = copy(&stage, &assistant, "sondos", changes).await.problem("validation_failed");
    let items = problem["errors"].as_array().unwrap();
    let mut found: Vec<_> =
        items.iter().map(|item| (item["pointer"].as_str().unwrap(), item["code"].as_str().unwrap())).collect();
    found.sort_unstable();
    let expected = [
        ("#/changes/max_duration", "not_allowed"),
        ("#/changes/max_duration", "wrong_type"),
        ("#/changes/nmae", "unknown_field"),
        ("#/changes/speech_speed", "out_of_range"),
        ("#/changes/tools/0/type", "unsupported_value"),
        ("#/changes/voice", "unresolved_name"),
    ];
    assert_eq!(found, expected, "{problem:#}");
    assert!(names(&problem["report"]["copied"]).contains(&"timezone"));
    assert_eq!((creations(&stage, "sondos"), &problem["outcome"]), (0, &"not_applied".into()));

    let lenient = [("prefer", "handling=lenient")];
    let body = json!({ "vendor": "sondos", "changes": { "ambient_sound": "cafe" } });
    let reply = copy_with(&stage, &assistant, "", &lenient, &body).await;
    assert_eq!((reply.status.as_u16(), reply.header("preference-applied")), (201, Some("handling=lenient")));
    assert!(codes(&reply.json()["report"]["dropped"]).contains(&("ambient_sound", "unsupported_field")));
    copy(&stage, &assistant, "sondos", json!({ "ambient_sound": "cafe" })).await.problem("unsupported_by_vendor");
    stage.stop().await;
}

#[tokio::test]
async fn what_is_needed_is_said_and_nothing_is_sent_until_the_changes_have_it() {
    let stage = Stage::new().await;
    let multimodal =
        json!({ "mode": "dualplex", "multimodal_model": "GPT Realtime", "voice_id": 10, "fillers": false });
    let mut source = with(complete(), &multimodal);
    source.as_object_mut().unwrap().remove("llm_model");
    let assistant = made(&stage, "autocalls", &source).await;
    stage.clear();
    let problem = copy(&stage, &assistant, "sondos", json!({})).await.problem("validation_failed");
    let items: Vec<_> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["pointer"].as_str().unwrap(), item["code"].as_str().unwrap()))
        .collect();
    assert!(
        items.contains(&("#/changes/voice_id", "required")) && items.contains(&("#/changes/mode", "required")),
        "{problem:#}"
    );
    assert!(items.iter().all(|(_, code)| *code == "required"));
    let needs = codes(&problem["report"]["needs"]);
    assert_eq!(needs.len(), items.len());
    assert!(needs.contains(&("voice_id", "unresolved_name")) && needs.contains(&("mode", "required")), "{problem:#}");
    assert!(codes(&problem["report"]["dropped"]).contains(&("mode", "unsupported_value")), "{problem:#}");
    assert!(problem["detail"].as_str().unwrap().contains("in `changes`"));
    assert_eq!((creations(&stage, "sondos"), &problem["vendor"]), (0, &"sondos".into()));

    let dry = copy_with(&stage, &assistant, "?dry_run=true", &[], &json!({ "vendor": "sondos" })).await;
    let body = dry.json();
    assert_eq!(
        (dry.status.as_u16(), &body["request"], &body["dry_run"]),
        (200, &Value::Null, &true.into()),
        "{body:#}"
    );
    assert_eq!(body["report"], problem["report"]);
    assert_eq!((&body["assistant"], &body["vendor"]), (&assistant.as_str().into(), &"sondos".into()));

    let both = copy(&stage, &assistant, "sondos", json!({ "speech_speed": 9 })).await.problem("validation_failed");
    assert_eq!(both["errors"].as_array().unwrap().len(), items.len() + 1, "everything at once: {both:#}");

    let changes = json!({ "mode": "multimodal", "voice": "Emma", "llm_model": "GPT-4o-mini" });
    let dry =
        copy_with(&stage, &assistant, "?dry_run=true", &[], &json!({ "vendor": "sondos", "changes": changes })).await;
    assert_eq!((dry.status.as_u16(), &dry.json()["request"]["method"]), (200, &"POST".into()), "{:#}", dry.json());
    assert_eq!(dry.json()["request"]["body"]["voice_id"], 3);
    assert_eq!(creations(&stage, "sondos"), 0);
    assert_eq!(copy(&stage, &assistant, "sondos", changes).await.status, 201);
    stage.stop().await;
}

#[tokio::test]
async fn a_body_that_is_no_copy_is_refused_before_anything_is_asked() {
    let stage = Stage::new().await;
    let problem = copy_with(&stage, "sondos:7", "", &[], &json!({ "vendr": "x", "changes": 7 }))
        .await
        .problem("validation_failed");
    let found: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|item| item["pointer"].as_str().unwrap()).collect();
    assert_eq!(found, ["#/vendr", "#/changes", "#/vendor"]);
    for (body, code) in
        [("{", "invalid_json"), ("[]", "invalid_json"), (r#"{"vendor":"a","vendor":"b"}"#, "invalid_json")]
    {
        stage.call(Method::POST, "/v1/assistants/sondos:7/copies", &[JSON], body).await.problem(code);
    }
    stage.call(Method::POST, "/v1/assistants/sondos:7/copies", &[], "{}").await.problem("unsupported_media_type");
    let unknown = copy(&stage, "sondos:7", "famulr", json!({})).await.problem("unknown_assistant");
    assert!(unknown["detail"].as_str().unwrap().ends_with("did you mean `famulor`?"));
    copy_with(&stage, "sondos:7", "?vendor=famulor", &[], &json!({ "vendor": "famulor" }))
        .await
        .problem("invalid_request");
    copy_with(&stage, "sondos:7", "", &[("idempotency-key", "k")], &json!({ "vendor": "famulor" }))
        .await
        .problem("store_required");
    copy_with(&stage, "sondos:7", "", &[("if-match", "*")], &json!({ "vendor": "famulor" }))
        .await
        .problem("invalid_request");
    stage.get("/v1/assistants/sondos:7/copies").await.problem("method_not_allowed");
    stage.assert_nothing_sent();
    stage.stop().await;
}

#[tokio::test]
async fn an_assistant_that_is_not_there_is_not_copied() {
    let stage = Stage::new().await;
    let problem = copy(&stage, "sondos:4711", "famulor", json!({})).await.problem("assistant_not_found");
    assert_eq!((&problem["vendor"], &problem["attempts"]), (&"sondos".into(), &1.into()));
    assert!(stage.simulator("famulor").received().is_empty());
    stage.stop().await;
}

#[tokio::test]
async fn in_the_same_account_ids_stay_and_no_catalog_is_asked_for() {
    let stage = Stage::of(&["autocalls"], "", |text| text).await;
    let transfer = json!([{ "type": "assistant_transfer", "assistant_id": 12 }]);
    let fields_made =
        with(complete(), &json!({ "synthesizer_provider_id": 3, "phone_number_id": 45, "tools": transfer }));
    let assistant = made(&stage, "autocalls", &fields_made).await;
    stage.clear();
    let reply = copy(&stage, &assistant, "autocalls", json!({ "name": "Twin" })).await;
    let body = reply.json();
    assert_eq!((reply.status.as_u16(), &body["report"]["dropped"]), (201, &json!([])), "{body:#}");
    assert_eq!(body["attempts"], 2, "one read and one creation");
    let (one, other) = (fields(&stage, &assistant).await, fields(&stage, body["assistant"].as_str().unwrap()).await);
    assert_eq!(with(one, &json!({ "name": "Twin" })), other);
    let paths: Vec<_> = stage.simulator("autocalls").received().into_iter().map(|request| request.path).collect();
    assert!(paths.iter().all(|path| !path.contains("voices") && !path.contains("languages")), "{paths:?}");
    stage.stop().await;
}

#[tokio::test]
async fn another_account_of_the_same_vendor_has_its_own_ids() {
    let options = Options { strict: true, token: Some("other".to_owned()), ..Options::default() };
    let other = Simulator::start("autocalls", options).await.unwrap();
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token.path(), "other").unwrap();
    let tables = format!(
        "[vendors.second]\ndialect = \"autocalls\"\nbase_url = \"{}\"\ntoken = {{ file = \"{}\" }}\n\
         [vendors.second.catalog.voices]\n\"10\" = \"Voice 41\"\n",
        other.base_url(),
        token.path().display()
    );
    let stage = Stage::of(&["autocalls"], &tables, |text| text).await;
    let transfer = json!([{ "type": "assistant_transfer", "assistant_id": 12 }]);
    let assistant = made(&stage, "autocalls", &with(complete(), &json!({ "tools": transfer }))).await;
    let reply = copy(&stage, &assistant, "second", json!({})).await;
    let body = reply.json();
    assert_eq!(reply.status, 201, "{body:#}");
    assert_eq!(codes(&body["report"]["dropped"]), [("tools", "other_account")]);
    let there = fields(&stage, body["assistant"].as_str().unwrap()).await;
    assert_eq!((&there["voice_id"], &there["language_id"]), (&10.into(), &5.into()), "the configuration's voice");
    stage.stop().await;
    other.stop().await;
}

#[tokio::test]
async fn a_failure_is_that_of_the_vendor_at_which_it_occurs_and_nothing_is_created() {
    for (vendor, fault, failed) in [
        ("autocalls", "html@list", "autocalls"),
        ("autocalls", "status=401@list", "autocalls"),
        ("autocalls", "html@list-voices", "autocalls"),
        ("sondos", "html@list-languages", "sondos"),
    ] {
        let stage = Stage::of(&["autocalls", "sondos"], "", |text| text).await;
        let assistant = made(&stage, "autocalls", &complete()).await;
        stage.fail(vendor, &[fault]);
        let reply = copy(&stage, &assistant, "sondos", json!({})).await;
        let body = reply.json();
        assert!(reply.status.is_server_error(), "{fault}: {body:#}");
        assert_eq!((&body["vendor"], &body["outcome"]), (&failed.into(), &"not_applied".into()), "{fault}: {body:#}");
        assert_eq!(creations(&stage, "sondos"), 0, "{fault}");
        stage.stop().await;
    }
}

#[tokio::test]
async fn a_copy_that_may_have_arrived_is_unknown_and_never_sent_again() {
    let stage = Stage::new().await;
    let assistant = made(&stage, "autocalls", &complete()).await;
    for fault in ["lost@create*1", "reset-in-body@create*1", "status=502@create*1", "html@create*1"] {
        stage.clear();
        stage.fail("sondos", &[fault]);
        let body = copy(&stage, &assistant, "sondos", json!({})).await.json();
        assert_eq!((&body["outcome"], &body["retryable"]), (&"unknown".into(), &false.into()), "{fault}: {body:#}");
        assert!(body["detail"].as_str().unwrap().contains("GET /v1/assistants?vendor=sondos"), "{fault}: {body:#}");
        assert_eq!((creations(&stage, "sondos"), &body["vendor"]), (1, &"sondos".into()), "{fault}");
        assert!(body["attempts"].as_u64().unwrap() >= 1, "{fault}: {body:#}");
        stage.fail("sondos", &[]);
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_refusal_of_the_vendor_points_into_the_changes() {
    let stage = Stage::new().await;
    let assistant = made(&stage, "autocalls", &complete()).await;
    stage.fail("famulor", &["status=422@create*1"]);
    let body = copy(&stage, &assistant, "famulor", json!({})).await.problem("validation_failed");
    assert_eq!(body["outcome"], "not_applied", "{body:#}");
    for item in body["errors"].as_array().into_iter().flatten() {
        assert!(item["pointer"].as_str().unwrap().starts_with("#/changes"), "{body:#}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_copy_can_be_represented_and_is_proved_to_be_stored() {
    let stage = Stage::new().await;
    let assistant = made(&stage, "autocalls", &complete()).await;
    let body = json!({ "vendor": "famulor", "changes": { "name": "Twin" } });
    let reply = copy_with(&stage, &assistant, "", &[("prefer", "return=representation")], &body).await;
    let body = reply.json();
    assert_eq!((reply.status.as_u16(), &body["stored"]["differs"]), (201, &json!([])), "{body:#}");
    assert_eq!(body["representation"]["fields"]["name"], "Twin");
    assert!(reply.header("etag").is_some());
    assert_eq!(body["attempts"], 3, "two reads and one creation");
    stage.stop().await;
}

#[tokio::test]
async fn a_copy_takes_both_rights_and_all_assistants_of_the_target() {
    let client = |name: &str, more: &str| {
        let digest = Sha256::digest(format!("key-{name}"));
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("[clients.{name}]\nkey_sha256 = \"{digest}\"\n{more}\n")
    };
    let clients = [
        client("full", "operations = [\"read\", \"create\"]"),
        client("reader", "operations = [\"read\"]"),
        client("maker", "operations = [\"create\"]"),
        client("narrow", "operations = [\"read\", \"create\"]\nassistants = [\"autocalls:*\", \"sondos:7\"]"),
        client("elsewhere", "operations = [\"read\", \"create\"]\nvendors = [\"sondos\"]"),
    ];
    let extra = format!("[auth]\nmode = \"keys\"\n{}", clients.concat());
    let stage = Stage::of(&["autocalls", "sondos"], &extra, |text| text).await;
    let call = async |client: &str, assistant: &str, vendor: &str| {
        let key = format!("Bearer key-{client}");
        copy_with(
            &stage,
            assistant,
            "",
            &[("authorization", &key)],
            &json!({ "vendor": vendor, "changes": { "voice": "Sarah" } }),
        )
        .await
    };
    for (client, assistant, vendor) in [
        ("reader", "autocalls:789", "sondos"),
        ("maker", "autocalls:789", "sondos"),
        ("narrow", "autocalls:789", "sondos"),
        ("elsewhere", "autocalls:789", "sondos"),
        ("elsewhere", "sondos:789", "autocalls"),
    ] {
        call(client, assistant, vendor).await.problem("forbidden");
    }
    stage.assert_nothing_sent();
    assert_ne!(call("full", "autocalls:789", "sondos").await.status, 403);
    stage.stop().await;
}
