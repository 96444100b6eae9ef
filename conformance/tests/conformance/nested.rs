//! The check of vendors of nested dialects against simulators: nothing is found where nothing drifts, each drift is found,
//! and every assistant is the same afterwards.

use std::process::{Command, Output};
use std::time::Duration;

use bytes::Bytes;
use conformance::{Finding, FindingKind, Options as CheckOptions, Outcome, Report, Source, Stop};
use http::Request;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use simulators::{FAMILIES, Options, Simulator};
use switchboard::config::Environment;

use crate::conformance::simulator;

/// An agent of which the latest version is published, and its LLM.
const PUBLISHED: &str = "agent_9d8c7b6a5f4e3d2c1b0a9f8e7d6c5b02";

/// What to do besides reading.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Read,
    Write,
    Draft,
}

/// The report, and what was announced.
async fn announced(simulator: &Simulator, id: &str, mode: Mode) -> (Result<Report, Stop>, String) {
    let environment: Environment = [("T".to_owned(), simulator.token().to_owned())].into_iter().collect();
    let source = Source {
        vendor: simulator.vendor().to_owned(),
        base_url: Some(simulator.base_url()),
        token_env: Some("T".to_owned()),
        config: None,
    };
    let account = source.build(&environment).unwrap();
    let (write, draft) = (mode != Mode::Read, mode == Mode::Draft);
    let options = CheckOptions { assistant: id.to_owned(), write, draft, pause: Duration::ZERO };
    let mut said = String::new();
    let report = conformance::verify(&account, &options, &mut |line| said.push_str(line)).await;
    (report, said)
}

async fn checked(simulator: &Simulator, id: &str, mode: Mode) -> Result<Report, Stop> {
    announced(simulator, id, mode).await.0
}

/// Makes 1 and 1.0 the same.
fn in_doubles(value: &mut Value) {
    match value {
        Value::Number(number) => *value = number.as_f64().into(),
        Value::Array(items) => items.iter_mut().for_each(in_doubles),
        Value::Object(members) => members.values_mut().for_each(in_doubles),
        _ => {}
    }
}

/// Every assistant, and all its versions where they are written one by one, without what changes with each write.
fn states(simulator: &Simulator) -> Vec<(String, Vec<Value>)> {
    let stripped = |mut version: Value| {
        let members = version.as_object_mut().unwrap();
        for volatile in ["updatedAt", "latestVersion", "metadata", "version_id", "last_modification_timestamp"] {
            members.remove(volatile);
        }
        if let Some(Value::Array(data)) = members.get_mut("post_call_analysis_data") {
            data.sort_by_key(ToString::to_string);
        }
        in_doubles(&mut version);
        version
    };
    let ids = simulator.ids().into_iter();
    let versions = |id: &str| match simulator.vendor() {
        "retell" => simulator.versions(id),
        // Each write makes one, which is live.
        _ => simulator.document(id).into_iter().collect(),
    };
    ids.map(|id| (id.clone(), versions(&id).into_iter().map(stripped).collect())).collect()
}

/// The findings of a check with `--write` at the first assistant, which stays as it was, and which no other than the check's
/// own remains beside.
async fn found(simulator: &Simulator) -> Vec<Finding> {
    let before = states(simulator);
    let report = checked(simulator, &simulator.ids()[0], Mode::Write).await.unwrap();
    assert!(states(simulator) == before, "{}", simulator.vendor());
    assert_eq!((report.stopped, report.read_again), (None, true));
    report.findings
}

fn kinds(findings: &[Finding]) -> Vec<(FindingKind, Option<&str>, Option<&str>)> {
    findings.iter().map(|one| (one.kind, one.field, one.vendor_field.as_deref())).collect()
}

#[tokio::test]
async fn a_vendor_that_is_as_documented_shows_no_drift_and_no_assistant_changes() {
    for vendor in FAMILIES {
        let simulator = simulator(vendor, &[], &[]).await;
        let mut confirmed = 0;
        for id in simulator.ids().iter().filter(|id| *id != PUBLISHED) {
            let before = states(&simulator);
            let report = checked(&simulator, id, Mode::Write).await.unwrap();
            assert_eq!((kinds(&report.findings), &report.stopped), (vec![], &None), "{vendor} {id}");
            assert!(states(&simulator) == before, "{vendor} {id}");
            let [own] = report.own_assistants.as_slice() else { panic!("{vendor} {id}: {:?}", report.own_assistants) };
            assert!(own.deleted && own.name.starts_with("Switchboard check 20"), "{own:?}");
            assert_eq!(report.fields_with(Outcome::Found).len(), 0);
            confirmed = confirmed.max(report.fields_with(Outcome::Confirmed).len());
        }
        assert!(confirmed > 20, "{vendor}: {confirmed}");
        let unknown: Vec<_> = simulator.received().iter().flat_map(|one| one.unknown_keys.to_vec()).collect();
        assert!(unknown.iter().all(|key| key == "switchboard_verify"), "{vendor}: {unknown:?}");
    }
}

#[tokio::test]
async fn without_the_option_to_write_it_only_reads() {
    for vendor in FAMILIES {
        let simulator = simulator(vendor, &[], &[]).await;
        for id in simulator.ids() {
            let report = checked(&simulator, &id, Mode::Read).await.unwrap();
            assert_eq!((kinds(&report.findings), report.writes), (vec![], 0), "{vendor} {id}");
        }
        let reads = |method: &str, path: &str| method == "GET" || (method == "POST" && path == "/v2/list-agents");
        assert!(simulator.received().iter().all(|one| reads(&one.method, &one.path)), "{vendor}");
    }
}

#[tokio::test]
async fn a_published_assistant_is_written_to_only_if_a_draft_may_stay() {
    let simulator = simulator("retell", &[], &[]).await;
    let before = states(&simulator);
    let report = checked(&simulator, PUBLISHED, Mode::Write).await.unwrap();
    assert!(report.stopped.as_deref().is_some_and(|reason| reason.contains("--draft")), "{:?}", report.stopped);
    assert_eq!((report.writes, states(&simulator)), (0, before.clone()));

    let (report, said) = announced(&simulator, PUBLISHED, Mode::Draft).await;
    let report = report.unwrap();
    assert!(said.contains("make a draft version"), "{said}");
    assert_eq!((kinds(&report.findings), &report.stopped), (vec![], &None));
    assert!(report.notes.iter().any(|note| note.starts_with("a draft version")), "{:?}", report.notes);
    for ((id, was), (_, is)) in before.iter().zip(states(&simulator)) {
        let published = |versions: &[Value]| versions.iter().filter(|one| one["is_published"] == true).count();
        assert_eq!(is[..was.len()], was[..], "{id}: what there was stays");
        assert_eq!(is.len() - was.len(), usize::from(id == PUBLISHED), "{id}");
        assert_eq!(published(&is), published(was), "nothing is published");
    }
    assert!(simulator.received().iter().all(|one| !one.path.starts_with("/publish")));
}

#[tokio::test]
async fn a_field_that_is_accepted_and_not_stored_is_found() {
    for (vendor, fault, field) in [
        ("elevenlabs", "drop=conversation_config.tts.speed", "speech_speed"),
        ("vapi", "drop=maxDurationSeconds", "max_duration"),
        ("retell", "drop=voice_speed", "speech_speed"),
        ("retell", "drop=general_prompt@update-llm", "system_prompt"),
    ] {
        let findings = found(&simulator(vendor, &[], &[fault]).await).await;
        let all = kinds(&findings);
        let [(FindingKind::Ignored, Some(name), Some(_))] = all.as_slice() else { panic!("{fault}: {findings:#?}") };
        assert_eq!(*name, field);
    }
    let findings = found(&simulator("vapi", &[], &["drop=name@create"]).await).await;
    let wanted = [(FindingKind::NotStored, Some("name"), None), (FindingKind::Operation, None, Some("list"))];
    assert_eq!(kinds(&findings), wanted, "an assistant that has another name is deleted, too");
}

#[tokio::test]
async fn a_missing_assistant_that_is_not_said_to_be_missing_is_found() {
    for (vendor, reads) in [("elevenlabs", 2), ("vapi", 2), ("retell", 2)] {
        for fault in [format!("shape=500-internal@read#{reads}"), format!("status=418@read#{reads}")] {
            let simulator = simulator(vendor, &[], &[&fault]).await;
            let report = checked(&simulator, &simulator.ids()[0], Mode::Read).await.unwrap();
            let all = kinds(&report.findings);
            assert!(all.contains(&(FindingKind::Operation, None, Some("read"))), "{vendor} {fault}: {all:?}");
            let is_unknown = all.iter().any(|(kind, ..)| *kind == FindingKind::UnknownErrorShape);
            assert!(is_unknown || fault.starts_with("shape"), "{vendor} {fault}: {all:?}");
        }
    }
}

#[tokio::test]
async fn a_refused_value_and_an_unknown_form_of_a_refusal_are_found() {
    for vendor in FAMILIES {
        let findings = found(&simulator(vendor, &[], &["refusal=error-object@update#2*1"]).await).await;
        let all: Vec<_> = kinds(&findings).iter().map(|(kind, ..)| *kind).collect();
        assert_eq!(all, [FindingKind::Refused, FindingKind::UnknownErrorShape], "{vendor}: {findings:#?}");
        assert!(findings[0].detail.starts_with("its present value is refused with status 422"), "{findings:?}");
    }
}

/// The number of the first update with an impossible value in another member than this, counted from 1.
async fn first_impossible(vendor: &str, member: &str) -> usize {
    let simulator = simulator(vendor, &[], &[]).await;
    assert_eq!(kinds(&found(&simulator).await), []);
    let sent = |one: &simulators::Received| {
        let body = String::from_utf8_lossy(&one.body);
        body.contains("switchboard-verify") && !body.contains(&format!("\"{member}\""))
    };
    let updates = ["/v1/convai/agents/", "/assistant/", "/update-agent/"];
    let received = simulator.received();
    let updates: Vec<_> = received
        .iter()
        .filter(|one| one.method == "PATCH" && updates.iter().any(|path| one.path.starts_with(path)))
        .collect();
    updates.iter().position(|one| sent(one)).unwrap() + 1
}

#[tokio::test]
async fn a_refusal_that_names_another_field_or_none_is_found() {
    for (vendor, other, member) in [
        ("elevenlabs", "422-validation", "speed"),
        ("vapi", "400-sentence", "name"),
        ("retell", "400-invalid", "voice_speed"),
    ] {
        let number = first_impossible(vendor, member).await;
        let fault = format!("shape={other}@update#{number}*1");
        let findings = found(&simulator(vendor, &[], &[&fault]).await).await;
        let is_naming = kinds(&findings).iter().map(|(kind, ..)| *kind).eq([FindingKind::ErrorNaming]);
        assert!(is_naming, "{vendor}: {findings:#?}");
    }
    let number = first_impossible("vapi", "name").await;
    let findings = found(&simulator("vapi", &[], &[&format!("shape=400-not-a-uuid@update#{number}*1")]).await).await;
    assert_eq!(kinds(&findings)[0].0, FindingKind::ErrorNaming, "a vendor that names fields names none");
}

#[tokio::test]
async fn unknown_members_that_are_refused_against_the_contract_are_found() {
    for vendor in ["elevenlabs", "retell"] {
        let options = Options { strict: true, ..Options::default() };
        let findings = found(&Simulator::start(vendor, options).await.unwrap()).await;
        assert_eq!(
            kinds(&findings),
            [(FindingKind::Operation, None, Some("unknown_member"))],
            "{vendor}: {findings:?}"
        );
    }
}

#[tokio::test]
async fn a_list_that_is_not_as_documented_is_found() {
    for vendor in FAMILIES {
        let simulator = simulator(vendor, &[], &["bad-rows@list"]).await;
        let report = checked(&simulator, &simulator.ids()[0], Mode::Read).await.unwrap();
        assert_eq!(kinds(&report.findings), [(FindingKind::Operation, None, Some("list"))], "{vendor}");
    }
}

#[tokio::test]
async fn its_own_assistant_is_deleted_though_the_answer_to_its_creation_was_lost_and_is_named_if_it_stays() {
    for vendor in FAMILIES {
        let lost = simulator(vendor, &[], &["lost@create*1"]).await;
        let before = lost.ids();
        let report = checked(&lost, &before[0], Mode::Write).await.unwrap();
        assert_eq!(lost.ids(), before, "{vendor}: {report:#?}");
        assert!(report.own_assistants[0].deleted && report.stopped.is_some(), "{vendor}: {report:#?}");

        let other = found(&simulator(vendor, &[], &["other-id@create"]).await).await;
        assert_eq!(kinds(&other), [(FindingKind::Operation, None, Some("create"))], "{vendor}");

        let stays = simulator(vendor, &[], &["shape=500-internal@delete"]).await;
        let report = checked(&stays, &before[0], Mode::Write).await.unwrap();
        assert_eq!(report.findings[0].kind, FindingKind::LeftBehind, "{vendor}: {:?}", report.findings);
        assert!(report.findings[0].detail.contains("Switchboard check 20"), "{vendor}");
        assert_eq!(stays.ids().len(), before.len() + 1);
    }
}

#[tokio::test]
async fn an_assistant_that_changes_meanwhile_is_reported() {
    let simulator = simulator("vapi", &[], &["hold@update*1"]).await;
    let id = simulator.ids()[0].clone();
    let checking = checked(&simulator, &id, Mode::Write);
    let meddling = async {
        let mut count = 1;
        while simulator.received_at_least(count).await.iter().all(|request| request.method == "GET") {
            count += 1;
        }
        let request = Request::patch(format!("{}/assistant/{id}", simulator.base_url()))
            .header("authorization", format!("Bearer {}", simulator.token()))
            .header("content-type", "application/json")
            .body(Full::<Bytes>::from(r#"{"firstMessage":"Other."}"#));
        let client = Client::builder(TokioExecutor::new()).build_http();
        assert_eq!(client.request(request.unwrap()).await.unwrap().status(), 200);
        simulator.set_faults(Vec::new());
    };
    let (report, ()) = tokio::join!(checking, meddling);
    let findings = report.unwrap().findings;
    assert!(
        kinds(&findings).contains(&(FindingKind::Changed, Some("initial_message"), Some("firstMessage"))),
        "{findings:?}"
    );
}

#[tokio::test]
async fn a_vendor_that_asks_for_a_pause_gets_it_and_is_checked() {
    for (vendor, shape) in
        [("elevenlabs", "429-system-busy"), ("vapi", "429-too-many-requests"), ("retell", "429-throttled")]
    {
        let faults = [format!("shape={shape}@get*2"), format!("shape={shape}@update*2")];
        let findings = found(&simulator(vendor, &[], &[&faults[0], &faults[1]]).await).await;
        assert_eq!(kinds(&findings), [], "{vendor}");
    }
}

#[tokio::test]
async fn a_failed_read_stops_it_before_anything_is_written() {
    let absent = "3f2c8a10-6b7d-4e51-9c0a-5d1e8f7a2b99";
    let sample = "3f2c8a10-6b7d-4e51-9c0a-5d1e8f7a2b01";
    for (fault, id, stop) in [
        (None, absent, Stop::NoAssistant(absent.to_owned())),
        (None, "789", Stop::NoId("789".to_owned())),
        (Some("shape=401-unauthorized@get"), sample, Stop::Token(401)),
        (Some("shape=500-internal@read"), sample, Stop::NoDocument("the vendor answers 500".to_owned())),
        (Some("other-id@read"), sample, Stop::NoDocument("the answer is about another assistant".to_owned())),
    ] {
        let simulator = simulator("vapi", &[], fault.as_slice()).await;
        assert_eq!(checked(&simulator, id, Mode::Write).await.unwrap_err(), stop);
        assert!(simulator.received().iter().all(|request| request.method == "GET"));
    }
}

/// Runs the real binary at the first assistant.
async fn binary(simulator: &Simulator, id: &str, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_conformance"));
    command.args([simulator.vendor(), "--assistant", id, "--base-url", &simulator.base_url()]);
    command.args(["--token-env", "T", "--pause", "0"]).args(more);
    command.env_clear().env("T", simulator.token()).current_dir(std::env::temp_dir());
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

#[tokio::test]
async fn the_exit_status_gives_the_result_and_the_report_is_json_if_asked_for() {
    let sound = simulator("elevenlabs", &[], &[]).await;
    let output = binary(&sound, &sound.ids()[0], &["--write"]).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    for words in
        ["no drift", "took the value that it has", "read again: the assistant is as it was", "Switchboard check 20"]
    {
        assert!(text.contains(words), "{text}");
    }
    let drifted = simulator("elevenlabs", &[], &["drop=conversation_config.tts.speed"]).await;
    let output = binary(&drifted, &drifted.ids()[0], &["--write", "--json"]).await;
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["findings"][0]["kind"], "ignored");
    for file in report["findings"][0]["files"].as_array().unwrap() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file.as_str().unwrap());
        assert!(path.exists(), "{file}");
    }
    let published = simulator("retell", &[], &[]).await;
    let output = binary(&published, PUBLISHED, &["--write"]).await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("stopped early: the assistant is published"), "{said}");
    assert_eq!(binary(&published, PUBLISHED, &["--draft"]).await.status.code(), Some(2), "--draft without --write");
}

#[tokio::test]
async fn the_token_is_never_shown() {
    for vendor in FAMILIES {
        for fault in ["echo-headers@update", "echo-headers@create", "echo-headers@list"] {
            let simulator = simulator(vendor, &[], &[fault]).await;
            let json = if fault.ends_with("update") { &["--write"][..] } else { &["--write", "--json"] };
            let output = binary(&simulator, &simulator.ids()[0], json).await;
            let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            assert!(said.contains("[redacted]") && !said.contains(simulator.token()), "{vendor} {fault}: {said}");
        }
    }
}
