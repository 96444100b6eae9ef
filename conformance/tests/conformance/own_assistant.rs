//! The round on an assistant of the check's own: it is gone afterwards whatever fails, and no other is touched.

use conformance::{FindingKind, Report, Stop};
use serde_json::Value;
use simulators::{NAMES, Options, Simulator};

use crate::conformance::{SAMPLE, simulator, verified};

/// The ids in the paths of all requests that write, other than those to the assistant of the check.
fn touched(simulator: &Simulator) -> Vec<String> {
    let writes = simulator.received().into_iter().filter(|request| request.method != "GET");
    let ids = writes.filter_map(|request| request.path.strip_prefix("/api/user/assistant/").map(str::to_owned));
    let mut ids: Vec<_> = ids.filter(|id| id != SAMPLE).collect();
    ids.dedup();
    ids
}

fn creations(simulator: &Simulator) -> Vec<Value> {
    let made = simulator.received().into_iter().filter(|request| request.method == "POST");
    made.filter_map(|request| request.json).collect()
}

fn kinds(report: &Report) -> Vec<FindingKind> {
    report.findings.iter().map(|finding| finding.kind).collect()
}

#[tokio::test]
async fn it_is_made_read_changed_and_deleted_at_every_vendor() {
    for vendor in NAMES {
        let simulator = simulator(vendor, &[], &[]).await;
        let before = simulator.assistants();
        let report = verified(&simulator, SAMPLE, true).await.unwrap();
        assert_eq!((kinds(&report), &report.stopped), (vec![], &None), "{vendor}: {:?}", report.findings);
        let [own] = report.own_assistants.as_slice() else { panic!("{vendor}: {:?}", report.own_assistants) };
        assert_eq!((&*own.id, own.deleted), ("1000", true), "{vendor}");
        let (start, end) = (own.name.starts_with("Switchboard check 20"), own.name.ends_with("Z, safe to delete"));
        assert!(start && end, "{}", own.name);
        assert_eq!(touched(&simulator), ["1000"], "{vendor}");
        assert_eq!(simulator.assistants(), before, "{vendor}");
        let [body] = &creations(&simulator)[..] else { panic!("{vendor}: not one creation") };
        let phone = body.get("phone_number_id").or_else(|| body.get("webhook_url"));
        assert!(phone.is_none() && !body.to_string().contains("inbound"), "{body}");
        // The second deletion, which the vendor has to refuse, is the last request.
        assert_eq!(
            simulator.received().last().map(|last| (last.method.clone(), last.status)),
            Some(("DELETE".to_owned(), Some(404)))
        );
    }
}

#[tokio::test]
async fn it_is_deleted_when_a_later_step_fails() {
    for fault in ["status=500@1000", "html@1000", "refusal=map@1000"] {
        let simulator = simulator("autocalls", &[], &[fault]).await;
        let before = simulator.assistants();
        let report = verified(&simulator, SAMPLE, true).await.unwrap();
        assert!(report.own_assistants.iter().all(|own| own.deleted), "{fault}");
        assert_eq!(
            (simulator.assistants(), report.own_assistants.len()),
            (before, 1),
            "{fault}: {:?}",
            report.findings
        );
    }
}

#[tokio::test]
async fn it_is_found_and_deleted_although_the_answer_to_its_creation_is_lost() {
    for fault in [
        "lost@create",
        "reset-in-body@create",
        "truncated@create",
        "other-id@create",
        "reset@create",
        "status=500@create",
    ] {
        let simulator = simulator("gloriagent", &[], &[fault]).await;
        let report = verified(&simulator, SAMPLE, true).await.unwrap();
        assert_eq!(simulator.assistants(), [789], "{fault}: {:?}", report.findings);
        assert_eq!(creations(&simulator).len(), 1, "{fault}: a creation is sent once");
        assert!(touched(&simulator).iter().all(|id| id == "1000"), "{fault}: {:?}", touched(&simulator));
    }
}

#[tokio::test]
async fn a_creation_is_not_repeated_after_429() {
    let simulator = simulator("intellixent", &[], &["status=429,retry-after=0@create"]).await;
    let report = verified(&simulator, SAMPLE, true).await.unwrap();
    assert_eq!((creations(&simulator).len(), kinds(&report)), (1, vec![FindingKind::Operation]));
    assert_eq!((touched(&simulator).len(), report.own_assistants), (0, vec![]));
}

#[tokio::test]
async fn one_that_cannot_be_deleted_is_the_first_finding_with_its_name() {
    let simulator = simulator("famulor", &["new-field=badge"], &["status=500@delete"]).await;
    let report = verified(&simulator, SAMPLE, true).await.unwrap();
    let first = &report.findings[0];
    assert_eq!((first.kind, report.own_assistants[0].deleted), (FindingKind::LeftBehind, false));
    assert!(first.detail.contains("Switchboard check ") && first.detail.contains("safe to delete"), "{}", first.detail);
    assert!(first.files.is_empty());
}

#[tokio::test]
async fn a_value_that_is_accepted_and_not_stored_is_found() {
    let simulator = simulator("autocalls", &["ignore=timezone"], &[]).await;
    let report = verified(&simulator, SAMPLE, true).await.unwrap();
    assert!(kinds(&report).contains(&FindingKind::Ignored), "{:?}", report.findings);
    assert!(report.own_assistants.iter().all(|own| own.deleted));
    assert_eq!(simulator.assistants(), [789]);
}

#[tokio::test]
async fn without_writing_there_is_none() {
    let simulator = simulator("autocalls", &[], &[]).await;
    let report = verified(&simulator, SAMPLE, false).await.unwrap();
    assert_eq!((report.own_assistants, creations(&simulator).len()), (vec![], 0));
}

#[tokio::test]
async fn among_many_assistants_it_is_found_and_the_others_stay() {
    let options = Options { assistants: 130, ..Options::default() };
    let simulator = Simulator::start("sondos", options).await.unwrap();
    let states: Vec<_> = (1..=130).map(|id| simulator.state(id)).collect();
    let report = verified(&simulator, "77", true).await.unwrap();
    assert_eq!((kinds(&report), report.own_assistants.len()), (vec![], 1), "{:?}", report.findings);
    assert_eq!((1..=130).map(|id| simulator.state(id)).collect::<Vec<_>>(), states);
}

#[tokio::test]
async fn pages_are_read_one_by_one_and_one_beyond_the_end() {
    let options = Options { assistants: 3, ..Options::default() };
    let simulator = Simulator::start("famulor", options).await.unwrap();
    let report = verified(&simulator, "2", false).await.unwrap();
    assert_eq!(kinds(&report), []);
    let queries: Vec<_> = simulator.received().into_iter().filter_map(|request| request.query).collect();
    for wanted in ["per_page=1&page=1", "per_page=1&page=2", "per_page=1&page=1000000"] {
        assert!(queries.iter().any(|query| query == wanted), "{wanted}: {queries:?}");
    }
    simulator.set_faults(vec!["empty@list".parse().unwrap()]);
    assert!(matches!(verified(&simulator, "2", false).await, Err(Stop::NoList(_))));
}
