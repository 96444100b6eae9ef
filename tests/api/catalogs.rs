//! Names and ids through catalogs: written in the configuration, else read from the vendor.

use crate::support::stub::Stub;
use crate::support::{PATIENCE, Stage, eventually};
use serde_json::{Value, json};
use simulators::Received;

/// The requests for catalogs that a vendor has received, as path and query.
fn reads(stage: &Stage, vendor: &str) -> Vec<String> {
    let received = stage.simulator(vendor).received();
    let reads = received.into_iter().filter(|request| request.method == "GET");
    reads.map(|read: Received| format!("{}?{}", read.path, read.query.unwrap_or_default())).collect()
}

/// The body of the one update that a vendor has received since the last `clear`.
fn sent(stage: &Stage, vendor: &str) -> Value {
    stage.only_update(vendor).json.unwrap()
}

/// Updates an assistant and returns what the vendor got.
async fn put(stage: &Stage, vendor: &str, body: &'static str) -> Value {
    let before = stage.updates(vendor).len();
    let reply = stage.put(&format!("{vendor}:5"), body).await;
    assert_eq!(reply.status, 200, "{:#}", reply.json());
    stage.updates(vendor).swap_remove(before).json.unwrap()
}

#[tokio::test]
async fn the_current_dialect_gets_ids_for_names() {
    let stage = Stage::new().await;
    for (body, expected) in [
        (r#"{"language": "Spanish"}"#, json!({ "language_id": 4 })),
        (r#"{"language": "es"}"#, json!({ "language_id": 4 })),
        (r#"{"language": "sPANISH"}"#, json!({ "language_id": 4 })),
        (r#"{"language_id": 9}"#, json!({ "language_id": 9 })),
        (r#"{"voice": "Puck", "llm_model": "GPT-4.1-nano"}"#, json!({ "voice_id": 11, "llm_model_id": 3 })),
        (r#"{"multimodal_model": "gpt realtime"}"#, json!({ "multimodal_model_id": 4 })),
    ] {
        assert_eq!(put(&stage, "autocalls", body).await, expected);
    }
    // Each once, whatever was asked of it.
    let mut reads = reads(&stage, "autocalls");
    reads.sort();
    let expected = ["languages?", "models?type=llm", "models?type=multimodal", "voices?"];
    assert_eq!(reads, expected.map(|path| format!("/api/user/assistants/{path}")));
    stage.stop().await;
}

#[tokio::test]
async fn the_legacy_dialect_gets_names_for_ids() {
    let stage = Stage::new().await;
    for (body, expected) in [
        (r#"{"language_id": 4}"#, json!({ "language": "German" })),
        (r#"{"language": "de"}"#, json!({ "language": "German" })),
        (r#"{"llm_model_id": 2}"#, json!({ "llm_model": "GPT-4.1-mini" })),
        (r#"{"voice": "michael"}"#, json!({ "voice_id": 2 })),
        // A name goes as it stands where names are wanted.
        (
            r#"{"llm_model": "GPT-4.1-nano", "language": "Italian"}"#,
            json!({ "llm_model": "GPT-4.1-nano", "language": "Italian" }),
        ),
    ] {
        assert_eq!(put(&stage, "sondos", body).await, expected);
    }
    assert_eq!(reads(&stage, "sondos").len(), 3);
    stage.stop().await;
}

#[tokio::test]
async fn what_is_configured_comes_first_and_asks_no_vendor() {
    let stage = Stage::with(
        "[vendors.autocalls.catalog.languages]\n\"70\" = \"Spanish\"\n\"71\" = \"Klingon\"\n\
         [vendors.sondos.catalog.languages]\n\"1\" = \"Esperanto\"\n[vendors.sondos.catalog.models]\n\"2\" = \"Nobody\"\n",
    )
    .await;
    assert_eq!(put(&stage, "autocalls", r#"{"language": "Spanish"}"#).await, json!({ "language_id": 70 }));
    assert_eq!(put(&stage, "autocalls", r#"{"language": "klingon"}"#).await, json!({ "language_id": 71 }));
    assert_eq!(put(&stage, "autocalls", r#"{"language": "es"}"#).await, json!({ "language_id": 70 }));
    assert!(reads(&stage, "autocalls").is_empty());
    assert_eq!(put(&stage, "autocalls", r#"{"language": "Romanian"}"#).await, json!({ "language_id": 2 }));
    assert_eq!(reads(&stage, "autocalls").len(), 1);
    let dry = stage.put("sondos:5?dry_run=true", r#"{"language_id": 1, "llm_model_id": 2}"#).await.json();
    assert_eq!(dry["request"]["body"], json!({ "language": "Esperanto", "llm_model": "Nobody" }));
    assert!(reads(&stage, "sondos").is_empty());
    stage.stop().await;
}

#[tokio::test]
async fn what_no_catalog_has_is_refused_with_the_nearest_names() {
    let stage = Stage::new().await;
    let problem =
        stage.put("autocalls:5", r#"{"voice": "Nobody", "language": "xx"}"#).await.problem("validation_failed");
    assert_eq!((&problem["outcome"], &problem["fault"]), (&json!("not_applied"), &json!("caller")));
    let errors = problem["errors"].as_array().unwrap();
    let said: Vec<_> = errors.iter().map(|error| (&error["field"], &error["code"])).collect();
    let unresolved = json!("unresolved_name");
    assert_eq!(said, [(&json!("voice"), &unresolved), (&json!("language"), &unresolved)]);
    let detail = errors[0]["detail"].as_str().unwrap();
    assert!(detail.contains("nearest names") && detail.contains("\"Nobody\""), "{detail}");
    let problem = stage.put("sondos:5", r#"{"llm_model_id": 999}"#).await.problem("validation_failed");
    let detail = problem["errors"][0]["detail"].as_str().unwrap();
    assert!(detail.starts_with("id 999 is not in the catalog `models`"), "{detail}");
    assert!(stage.updates("autocalls").is_empty() && stage.updates("sondos").is_empty());
    stage.stop().await;
}

/// A vendor of that dialect whose every answer is this.
async fn only(answer: &str, status: &str) -> (Stub, Stage) {
    let stub = Stub::answering(status, "content-type: application/json\r\n", answer).await;
    let stage = Stage::with(&format!("{}retry = {{ max_attempts = 1 }}\n", stub.vendor("odd", "autocalls"))).await;
    (stub, stage)
}

#[tokio::test]
async fn names_that_are_ambiguous_list_the_candidates() {
    let voices = r#"{"data": [{"id": 1, "name": "Aria"}, {"id": 2, "name": "aria"}, {"id": 3, "name": "Ben"}, {"id": 4, "name": "Ben"}]}"#;
    let (_stub, stage) = only(voices, "200 OK").await;
    for (voice, candidates) in [("ARIA", ["`Aria` (id 1)", "`aria` (id 2)"]), ("Ben", ["`Ben` (id 3)", "`Ben` (id 4)"])]
    {
        let reply = stage.put("odd:5", format!(r#"{{"voice": "{voice}"}}"#)).await;
        let problem = reply.problem("validation_failed");
        assert_eq!(problem["errors"][0]["code"], "unresolved_name");
        let detail = problem["errors"][0]["detail"].as_str().unwrap();
        assert!(candidates.iter().all(|candidate| detail.contains(candidate)), "{detail}");
    }
    let dry = stage.put("odd:5?dry_run=true", r#"{"voice": "aria"}"#).await.json();
    assert_eq!(dry["request"]["body"], json!({ "voice_id": 2 }));
    stage.stop().await;
}

#[tokio::test]
async fn a_vendor_without_a_catalog_leaves_the_name_unresolved() {
    let (stub, stage) = only(r#"{"message": "Not found"}"#, "404 Not Found").await;
    for _ in 0..2 {
        let problem = stage.put("odd:5", r#"{"voice": "Aria"}"#).await.problem("validation_failed");
        assert_eq!(problem["errors"][0]["code"], "unresolved_name");
    }
    assert_eq!(stub.requests(), 1);
    stage.stop().await;
}

#[tokio::test]
async fn a_cold_catalog_during_an_outage_is_a_problem_that_passes() {
    for (fault, code) in [
        ("status=503@get", "vendor_error"),
        ("reset@get", "vendor_error"),
        ("html@get", "vendor_bad_response"),
        ("status=401@get", "vendor_credentials_rejected"),
        ("status=429,retry-after=7@get", "vendor_rate_limited"),
    ] {
        let stage = Stage::with("[vendors.autocalls.retry]\nmax_attempts = 1\n").await;
        stage.fail("autocalls", &[fault]);
        let reply = stage.put("autocalls:5", r#"{"voice": "Puck"}"#).await;
        let problem = reply.problem(code);
        assert_eq!(problem["outcome"], "not_applied", "{fault}: {problem:#}");
        assert_eq!(problem["vendor"], "autocalls");
        let passes = code != "vendor_credentials_rejected";
        assert_eq!(problem["retryable"], passes, "{fault}: {problem:#}");
        assert!(problem["detail"].as_str().unwrap().contains("catalog"), "{fault}: {problem:#}");
        assert!(stage.updates("autocalls").is_empty(), "{fault}");
        // What needs no catalog goes through all the same.
        if !fault.contains("429") {
            assert_eq!(stage.put("autocalls:5", r#"{"voice_id": 11}"#).await.status, 200, "{fault}");
        }
        stage.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_callers_share_one_read_of_a_catalog_that_an_impatient_caller_does_not_end() {
    let stage = Stage::new().await;
    stage.fail("autocalls", &["hold@get"]);
    let impatient = [("request-timeout", "0.05")];
    let reply = stage.put_with("autocalls:1", &impatient, r#"{"voice": "Puck"}"#).await;
    assert_eq!(reply.problem("vendor_timeout")["outcome"], "not_applied");
    let ids: Vec<_> = (2..12).map(|id| format!("autocalls:{id}")).collect();
    let all = futures_util::future::join_all(ids.iter().map(|id| stage.put(id, r#"{"voice": "Puck"}"#)));
    let release = async {
        stage.simulator("autocalls").received_at_least(1).await;
        stage.fail("autocalls", &[]);
    };
    let (replies, ()) = tokio::join!(all, release);
    assert!(replies.iter().all(|reply| reply.status == 200), "{replies:?}");
    assert_eq!(reads(&stage, "autocalls"), ["/api/user/assistants/voices?"]);
    stage.stop().await;
}

#[tokio::test]
async fn an_old_catalog_is_refreshed_behind_the_request_and_kept_through_an_outage() {
    let stage = Stage::edited("", |text| {
        text.replace(
            "[vendors.autocalls]\n",
            "[vendors.autocalls]\ncatalog_ttl = \"50ms\"\nretry = { max_attempts = 1 }\n",
        )
    })
    .await;
    let update = r#"{"voice": "Puck"}"#;
    assert_eq!(put(&stage, "autocalls", update).await, json!({ "voice_id": 11 }));
    // From now on the vendor answers no reading request; the copy goes on being used, and reads go on being
    // tried.
    stage.fail("autocalls", &["status=503@get"]);
    let tried = |count: usize| {
        let stage = &stage;
        eventually(PATIENCE, async move || {
            assert_eq!(put(stage, "autocalls", update).await, json!({ "voice_id": 11 }));
            (reads(stage, "autocalls").len() >= count).then_some(())
        })
    };
    tried(4).await;
    // A refresh that hangs delays no request.
    stage.fail("autocalls", &["hold@get"]);
    let reads_before = reads(&stage, "autocalls").len();
    tried(reads_before + 1).await;
    for _ in 0..20 {
        assert_eq!(put(&stage, "autocalls", update).await, json!({ "voice_id": 11 }));
    }
    assert_eq!(reads(&stage, "autocalls").len(), reads_before + 1);
    stage.fail("autocalls", &[]);
    let status = stage.admin(http::Method::GET, "/admin/status").await.json();
    assert_eq!(status["vendors"]["autocalls"]["catalogs"]["voices"]["entries"], 4, "{status:#}");
    stage.stop().await;
}

#[tokio::test]
async fn a_dry_run_reads_catalogs_but_sends_no_update() {
    let stage = Stage::new().await;
    let dry = stage.put("autocalls:5?dry_run=true", r#"{"voice": "Puck"}"#).await.json();
    assert_eq!(dry["request"]["body"], json!({ "voice_id": 11 }));
    assert_eq!(reads(&stage, "autocalls").len(), 1);
    assert!(stage.updates("autocalls").is_empty());
    assert_eq!(stage.put("autocalls:5", r#"{"voice": "Puck"}"#).await.status, 200);
    assert_eq!(sent(&stage, "autocalls"), json!({ "voice_id": 11 }));
    stage.stop().await;
}
