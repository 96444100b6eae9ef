use http::Method;
use serde_json::{Value, json};

use super::*;
use crate::problem::{Code, Outcome, Problem};
use crate::telemetry::event::UpdateSummary;
use crate::value::Fsync;

/// The lines that are recorded meanwhile, without their times.
fn recorded(record: impl FnOnce(&Audit)) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("audit.jsonl");
    let settings = AuditSettings { file: file.clone(), rotate_bytes: 1 << 20, keep: 1, fsync: Fsync::Never };
    let audit = Audit::default();
    audit.apply(Audit::prepare(Some(settings)).unwrap());
    record(&audit);
    audit.end();
    let text = std::fs::read_to_string(file).unwrap();
    let line = |line: &str| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        line.as_object_mut().unwrap().remove("time").unwrap();
        line
    };
    text.lines().map(line).collect()
}

fn finish(audit: &Audit, status: u16, update: UpdateSummary<'_>) {
    audit.finished(&RequestFinished {
        request_id: "one",
        path: "/v1/assistants/sales-bot",
        arrived: tokio::time::Instant::now(),
        peer: None,
        client: Some("crm"),
        trace: None,
        method: &Method::POST,
        route: "/v1/assistants/{assistant}",
        status,
        problem: None,
        ended: SystemTime::now(),
        total: Duration::ZERO,
        response_bytes: 0,
        metrics: None,
        update,
    });
}

#[test]
fn every_change_that_the_vendor_may_have_received_is_an_event_of_its_operation() {
    let report = Report { applied: vec![vendors::Field::from_name("name").unwrap()], ..Report::default() };
    let lines = recorded(|audit| {
        for operation in AssistantOperation::ALL {
            for sent in [Some(true), Some(false), None] {
                let update = UpdateSummary {
                    operation: Some(operation),
                    assistant: Some("sales-bot"),
                    vendor: Some("sondos"),
                    vendor_id: (operation != AssistantOperation::Create).then_some("7"),
                    report: (operation != AssistantOperation::Delete).then_some(&report),
                    attempts: 1,
                    sent,
                    ..UpdateSummary::default()
                };
                finish(audit, 200, update);
            }
        }
        finish(audit, 200, UpdateSummary { sent: Some(true), ..UpdateSummary::default() });
    });
    let line = |event: &str, id: Option<&str>| {
        json!({
            "event": event, "request_id": "one", "client": "crm", "assistant": "sales-bot", "vendor": "sondos",
            "vendor_id": id, "applied": ["name"], "dropped": [], "outcome": "applied", "status": 200, "reason": "ok",
            "attempts": 1,
        })
    };
    let mut deleted = line("delete", Some("7"));
    deleted.as_object_mut().unwrap().retain(|name, _| name != "applied" && name != "dropped");
    assert_eq!(lines, [line("update", Some("7")), line("create", None), deleted, line("copy", Some("7"))]);
}

#[test]
fn a_change_that_is_accepted_for_later_is_recorded_with_who_asked_for_it() {
    let record = "0198c0de-0000-7000-8000-000000000001";
    let lines = recorded(|audit| {
        for (status, record) in [(202, record.parse().ok()), (202, None), (200, record.parse().ok())] {
            let operation = Some(AssistantOperation::Update);
            finish(audit, status, UpdateSummary { operation, record, ..UpdateSummary::default() });
        }
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
    let said = |name: &str| lines[0][name].clone();
    assert_eq!((said("event"), said("outcome"), said("status")), ("update".into(), "accepted".into(), 202.into()));
    assert_eq!((said("client"), said("update")), ("crm".into(), record.into()));
}

#[test]
fn who_withdraws_sends_again_or_discards_a_change_is_recorded() {
    let [old, new] = [1, 2].map(|end| format!("0198c0de-0000-7000-8000-00000000000{end}"));
    let lines = recorded(|audit| {
        let hostile = "</td><script>\n\u{1b}[31m";
        for (by, replayed_as, reason) in
            [(Who::Client, None, None), (Who::Operator, new.parse().ok(), None), (Who::Operator, None, Some(hostile))]
        {
            audit.moved(&RecordMoved {
                request_id: "one",
                by,
                peer: "10.1.2.3".parse().ok(),
                update: old.parse().unwrap(),
                client: Some("crm"),
                operation: AssistantOperation::Update,
                assistant: "sales-bot",
                vendor: "sondos",
                vendor_id: Some("7"),
                replayed_as,
                reason,
            });
        }
    });
    let line = |event: &str, by: &str| {
        json!({
            "event": event, "request_id": "one", "by": by, "peer": "10.1.2.3", "client": "crm", "update": old,
            "operation": "update", "assistant": "sales-bot", "vendor": "sondos", "vendor_id": "7",
        })
    };
    let mut replay = line("replay", "operator");
    replay["replayed_as"] = new.clone().into();
    let mut discard = line("discard", "operator");
    discard["reason"] = "</td><script>\n\u{1b}[31m".into();
    assert_eq!(lines, [line("cancel", "client"), replay, discard]);
}

#[test]
fn the_end_of_a_change_whose_caller_had_gone_is_an_event_of_its_operation() {
    let problem = Problem { outcome: Outcome::Unknown, ..Problem::new(Code::VendorTimeout, "late") };
    let lines = recorded(|audit| {
        for operation in AssistantOperation::ALL {
            for result in [Ok(2), Err(&problem)] {
                let vendor_id = result.is_ok().then_some("7");
                audit.change_finished(&ChangeFinished {
                    operation,
                    request_id: "one",
                    update: None,
                    vendor: "sondos",
                    vendor_id,
                    result,
                });
            }
        }
    });
    let ended = |event: &str| {
        let event = format!("{event}_finished");
        let applied = json!({
            "event": event, "request_id": "one", "vendor": "sondos", "vendor_id": "7", "outcome": "applied",
            "reason": "ok", "attempts": 2,
        });
        let late = json!({
            "event": event, "request_id": "one", "vendor": "sondos", "vendor_id": null, "outcome": "unknown",
            "reason": "vendor_timeout", "attempts": null,
        });
        [applied, late]
    };
    assert_eq!(lines, ["update", "create", "delete", "copy"].map(ended).concat());
}
