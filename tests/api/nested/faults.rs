//! How the vendors' failures are told.

use serde_json::{Value, json};
use simulators::{FAMILIES, contracts};

use super::{codes, differences, document, put};
use crate::support::Stage;

fn brief() -> Value {
    json!({ "name": "Late desk", "system_prompt": "Be brief." })
}

/// A gateway that sends nothing twice and waits only shortly.
async fn once(vendor: &str) -> Stage {
    let once = "retry = { max_attempts = 1 }\ntimeout = \"300ms\"\n";
    Stage::of(&[vendor], once, |text| text).await
}

/// A gateway that tries again without waiting.
async fn thrice(vendor: &str) -> Stage {
    let thrice = "retry = { max_attempts = 3, backoff = \"1ms\" }\ntimeout = \"300ms\"\n";
    Stage::of(&[vendor], thrice, |text| text).await
}

#[tokio::test]
async fn every_documented_answer_has_its_code() {
    for vendor in FAMILIES {
        for slug in contracts::family(vendor).unwrap().slugs() {
            let stage = once(vendor).await;
            stage.fail(vendor, &[&format!("shape={slug}@update")]);
            let before = document(&stage, vendor);
            let (code, outcome) = match (vendor, &*slug, &slug[..3]) {
                ("elevenlabs", "401-quota-exceeded" | "404-branch-not-found", _) => {
                    ("vendor_account_problem", "not_applied")
                }
                ("retell", "422-not-found", _) => ("assistant_not_found", "not_applied"),
                (_, _, "400" | "422") => ("validation_failed", "not_applied"),
                (_, _, "401" | "403") => ("vendor_credentials_rejected", "not_applied"),
                (_, _, "402") => ("vendor_account_problem", "not_applied"),
                (_, _, "404") => ("assistant_not_found", "not_applied"),
                (_, _, "409" | "412") => ("vendor_error", "not_applied"),
                (_, _, "429") => ("vendor_rate_limited", "not_applied"),
                _ => ("vendor_error", "unknown"),
            };
            let reply = put(&stage, vendor, &json!({ "name": "Late desk" })).await;
            let problem = reply.problem(code);
            assert_eq!(problem["outcome"], outcome, "{vendor} {slug}: {problem:#}");
            assert_eq!(reply.header("retry-after").is_some(), code == "vendor_rate_limited", "{vendor} {slug}");
            assert_eq!(problem["attempts"], stage.simulator(vendor).received().len(), "{vendor} {slug}");
            assert!(!problem.to_string().contains(&format!("sim-{vendor}")), "{problem:#}");
            assert_eq!(document(&stage, vendor), before, "{vendor} {slug}");
            stage.stop().await;
        }
    }
}

#[tokio::test]
async fn a_wrong_token_is_the_gateways_fault() {
    for vendor in FAMILIES {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("token");
        std::fs::write(&file, "other-token").unwrap();
        let variable = format!("{{ env = \"TOKEN_{}\" }}", vendor.to_uppercase());
        let file = format!("{{ file = \"{}\" }}", file.display());
        let stage = Stage::of(&[vendor], "", |text| text.replace(&variable, &file)).await;
        let problem = put(&stage, vendor, &brief()).await.problem("vendor_credentials_rejected");
        assert_eq!((&problem["fault"], &problem["outcome"]), (&json!("gateway"), &json!("not_applied")), "{vendor}");
        assert!(!problem.to_string().contains("other-token"), "{problem:#}");
        let path = format!("/v1/assistants/{vendor}:{}", super::first(vendor));
        stage.get(&path).await.problem("vendor_credentials_rejected");
        stage.stop().await;
    }
}

#[tokio::test]
async fn a_second_request_that_is_refused_leaves_the_first_and_says_so() {
    let stage = once("retell").await;
    let before = document(&stage, "retell");
    for (fault, code) in [
        ("shape=400-invalid@update*1", "validation_failed"),
        ("status=429,retry-after=1@update*1", "vendor_rate_limited"),
        ("shape=402-trial-over@update*1", "vendor_account_problem"),
    ] {
        stage.simulator("retell").reset();
        stage.fail("retell", &[fault]);
        let problem = put(&stage, "retell", &brief()).await.problem(code);
        assert_eq!(problem["outcome"], "partial", "{fault}: {problem:#}");
        assert_eq!(problem["report"]["applied"], json!(["system_prompt"]), "{fault}: {problem:#}");
        assert_eq!(problem["report"]["pending"], json!(["name"]), "{fault}: {problem:#}");
        let changed = differences(&before, &document(&stage, "retell"));
        assert_eq!(changed, json!({ "llm.general_prompt": "Be brief." }), "{fault}");
    }
    for fault in ["hang@update*1", "reset@update*1", "status=500@update*1", "truncated@update*1", "html@update*1"] {
        stage.simulator("retell").reset();
        stage.fail("retell", &[fault]);
        let reply = put(&stage, "retell", &brief()).await;
        let problem = reply.json();
        assert!(reply.status.as_u16() >= 500, "{fault}: {problem:#}");
        assert_eq!(problem["outcome"], "unknown", "{fault}: {problem:#}");
        assert_eq!(problem["report"]["applied"], json!(["system_prompt"]), "{fault}: {problem:#}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn what_is_not_answered_is_unknown_and_what_is_not_read_is_not_applied() {
    for vendor in FAMILIES {
        for (fault, code) in [
            ("hang", "vendor_timeout"),
            ("reset", "vendor_unreachable"),
            ("truncated", "vendor_bad_response"),
            ("html", "vendor_bad_response"),
            ("empty", "vendor_bad_response"),
            ("error-in-2xx", "vendor_bad_response"),
            ("redirect", "vendor_bad_response"),
            ("oversized", "vendor_bad_response"),
            ("status=503", "vendor_error"),
            ("other-id", "vendor_bad_response"),
        ] {
            for (operation, outcome) in [("update", "unknown"), ("read", "not_applied")] {
                if (fault, operation) == ("other-id", "update") {
                    continue; // is a warning
                }
                let stage = once(vendor).await;
                stage.fail(vendor, &[&format!("{fault}@{operation}")]);
                let update = match vendor {
                    // It reads only where it would lose something.
                    "elevenlabs" => json!({ "name": "Late desk", "allow_interruptions": false }),
                    _ => json!({ "name": "Late desk", "system_prompt": "Be brief." }),
                };
                let reply = put(&stage, vendor, &update).await;
                let problem = reply.json();
                let is_known = ["vendor_unreachable", "vendor_timeout", "vendor_error", "vendor_bad_response"];
                assert!(is_known.contains(&&*reply.code()), "{vendor} {fault} {operation}: {problem:#}");
                if fault != "reset" {
                    assert_eq!(reply.code(), code, "{vendor} {fault} {operation}: {problem:#}");
                }
                assert_eq!(problem["outcome"], outcome, "{vendor} {fault} {operation}: {problem:#}");
                stage.stop().await;
            }
        }
    }
}

#[tokio::test]
async fn what_an_earlier_attempt_did_is_not_forgotten() {
    // The LLM is written, the agent is not; then the agent cannot even be read.
    for (write, read, outcome) in [
        ("status=503@update*1", "status=400@read#2", "unknown"),
        ("status=429@update*1", "status=400@read#2", "partial"),
        ("status=429@update*1", "shape=422-unprocessable@update-llm#2", "partial"),
        ("reset@update*1", "reset@read#2", "unknown"),
    ] {
        let stage = thrice("retell").await;
        stage.fail("retell", &[write, read]);
        let reply = put(&stage, "retell", &brief()).await;
        let problem = reply.json();
        assert_eq!(problem["outcome"], outcome, "{write} {read}: {problem:#}");
        assert_eq!(problem["report"]["applied"], json!(["system_prompt"]), "{write} {read}: {problem:#}");
        assert_eq!(problem["report"]["pending"], json!(["name"]), "{write} {read}: {problem:#}");
        stage.stop().await;
    }
    // One request, which may have been carried out; then nothing can be read.
    let stage = thrice("vapi").await;
    stage.fail("vapi", &["lost@update", "status=400@read#2"]);
    let problem = put(&stage, "vapi", &brief()).await.json();
    assert_eq!(problem["outcome"], "unknown", "{problem:#}");
    stage.stop().await;
}

#[tokio::test]
async fn a_failure_that_passes_is_not_seen() {
    for vendor in FAMILIES {
        for fault in [
            "status=503@update*1",
            "lost@update*1",
            "reset@update*1",
            "hang@update*1",
            "status=500@read*1",
            "reset@read*1",
        ] {
            let stage = thrice(vendor).await;
            stage.fail(vendor, &[fault]);
            let reply = put(&stage, vendor, &brief()).await;
            let body = reply.json();
            assert_eq!(reply.status, 200, "{vendor} {fault}: {body:#}");
            assert_eq!(body["report"]["applied"], json!(["name", "system_prompt"]), "{vendor} {fault}");
            assert!(codes(&body["report"]).is_empty(), "{vendor} {fault}: {body:#}");
            assert_eq!(body["attempts"], stage.simulator(vendor).received().len(), "{vendor} {fault}");
            stage.stop().await;
        }
    }
}

#[tokio::test]
async fn what_a_vendor_drops_without_a_word_is_not_applied() {
    let stage = once("elevenlabs").await;
    stage.fail("elevenlabs", &["drop=conversation_config.tts.speed"]);
    let update = json!({ "name": "Late desk", "speech_speed": 1.1 });
    let report = put(&stage, "elevenlabs", &update).await.json()["report"].clone();
    assert_eq!(report["applied"], json!(["name"]), "{report:#}");
    let warning = &report["warnings"][0];
    // The state before was not read, so that it may have been the vendor's choice.
    assert_eq!((&warning["field"], &warning["code"]), (&json!("speech_speed"), &json!("changed_by_vendor")));
    assert_eq!((&warning["sent"], &warning["stored"]), (&json!(1.1), &json!(1.0)), "{report:#}");
    // With something that is read first it is known.
    let update = json!({ "allow_interruptions": false, "speech_speed": 1.1 });
    let report = put(&stage, "elevenlabs", &update).await.json()["report"].clone();
    assert_eq!(report["applied"], json!(["allow_interruptions"]), "{report:#}");
    assert_eq!(report["warnings"][0]["code"], "not_persisted", "{report:#}");
    stage.stop().await;
    for (vendor, path, update) in [
        ("vapi", "voicemailMessage", json!({ "system_prompt": "Be brief.", "voice_mail_message": "Call again." })),
        ("retell", "timezone", json!({ "system_prompt": "Be brief.", "timezone": "Europe/Berlin" })),
    ] {
        let stage = once(vendor).await;
        stage.fail(vendor, &[&format!("drop={path}")]);
        let report = put(&stage, vendor, &update).await.json()["report"].clone();
        assert_eq!(report["applied"], json!(["system_prompt"]), "{vendor}: {report:#}");
        assert_eq!(codes(&report), ["not_persisted"], "{vendor}: {report:#}");
        stage.stop().await;
    }
}
