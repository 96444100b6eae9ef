//! Copies from one family to another.

use http::Method;
use serde_json::{Value, json};
use simulators::FAMILIES;

use super::{JSON, first, names};
use crate::support::Stage;

async fn all() -> Stage {
    let vendors: Vec<_> = FAMILIES.into_iter().chain(["autocalls"]).collect();
    Stage::of(&vendors, "", |text| text).await
}

/// What a vendor needs that cannot be carried over.
fn changes(to: &str) -> Value {
    match to {
        "vapi" => json!({ "voice_id": "11labs:21m00Tcm4TlvDq8ikWAM", "llm_model_id": "openai:gpt-4.1" }),
        "retell" => json!({ "voice_id": "11labs-Lily", "llm_model_id": "gpt-4.1" }),
        "elevenlabs" => json!({ "voice_id": "21m00Tcm4TlvDq8ikWAM" }),
        _ => {
            json!({ "voice_id": 41, "language": "English", "type": "outbound", "mode": "pipeline", "llm_model": "GPT-4.1-mini", "timezone": "Europe/Berlin" })
        }
    }
}

/// The other families have no catalog of languages: their ids are the codes that the catalogs of the five tell.
#[tokio::test]
async fn a_language_is_found_by_its_code_in_a_catalog_that_only_the_target_has() {
    let five = ["autocalls", "sondos", "famulor"];
    let vendors: Vec<_> = FAMILIES.into_iter().chain(five).collect();
    let stage = Stage::of(&vendors, "", |text| text).await;
    let mut carried = 0;
    for from in FAMILIES {
        let source = format!("{from}:{}", first(from));
        let fields = stage.get(&format!("/v1/assistants/{source}")).await.json()["fields"].clone();
        for to in five {
            let catalog = stage.get(&format!("/v1/vendors/{to}/catalogs/languages?limit=1000")).await.json();
            let id_of = |told: &Value| {
                let code = told.as_str().unwrap().split('-').next().unwrap().to_owned();
                let entries = catalog["data"].as_array().unwrap();
                entries.iter().find(|entry| entry["iso_2"] == *code).map(|entry| entry["id"].clone())
            };
            let mut changes = changes("autocalls");
            changes.as_object_mut().unwrap().remove("language");
            let body = json!({ "vendor": to, "changes": changes }).to_string();
            let path = format!("/v1/assistants/{source}/copies?dry_run=true");
            let report = stage.call(Method::POST, &path, &JSON, body).await.json()["report"].clone();
            for field in ["language_id", "secondary_language_ids"] {
                let told = match &fields[field] {
                    Value::Array(many) => many.clone(),
                    Value::Null => continue,
                    one => vec![one.clone()],
                };
                let is_copied = names(&report["copied"]).contains(&field);
                let is_supported = field == "language_id" || to == "autocalls";
                let is_known = !told.is_empty() && told.iter().all(|told| id_of(told).is_some());
                if is_supported && is_known {
                    carried += 1;
                    assert!(is_copied, "{from} to {to}: {field} {told:?}: {report:#}");
                }
            }
        }
    }
    stage.stop().await;
    assert!(carried >= 9, "{carried}");
}

#[tokio::test]
async fn an_assistant_is_copied_from_each_family_to_each() {
    let stage = all().await;
    let mut failures = Vec::new();
    for from in FAMILIES.into_iter().chain(["autocalls"]) {
        let source = if from == "autocalls" { "autocalls:789".to_owned() } else { format!("{from}:{}", first(from)) };
        let fields = stage.get(&format!("/v1/assistants/{source}")).await.json()["fields"].clone();
        for to in FAMILIES.into_iter().chain(["autocalls"]).filter(|to| *to != from) {
            let body = json!({ "vendor": to, "changes": changes(to) }).to_string();
            let path = format!("/v1/assistants/{source}/copies");
            let known = stage.simulator(to).ids();
            let dry = stage.call(Method::POST, &format!("{path}?dry_run=true"), &JSON, body.clone()).await;
            if dry.status != 200 || stage.simulator(to).ids() != known {
                failures.push(format!("{from} to {to} dry: {}", dry.json()));
            }
            let shown = String::from_utf8_lossy(&dry.body).replace("?key=hook-key-of-the-sample", "");
            assert!(!shown.contains("-of-the-sample"), "{from} to {to}: {shown}");
            let reply = stage.call(Method::POST, &path, &JSON, body).await;
            let made = reply.json();
            if reply.status != 201 {
                failures.push(format!("{from} to {to}: {made}"));
                continue;
            }
            assert_eq!(dry.json()["report"]["copied"], made["report"]["copied"], "{from} to {to}");
            let assistant = made["assistant"].as_str().unwrap();
            let there = stage.get(&format!("/v1/assistants/{assistant}")).await.json();
            for field in
                ["name", "system_prompt", "initial_message"].into_iter().filter(|field| !fields[*field].is_null())
            {
                assert_eq!(there["fields"][field], fields[field], "{from} to {to} {field}: {made:#}");
            }
            // What is neither copied nor changed is said to be lost.
            let copied = names(&made["report"]["copied"]);
            let lost = names(&made["report"]["dropped"]);
            let changed = changes(to);
            for field in fields.as_object().unwrap().keys() {
                let twin = match &**field {
                    "language_id" => "language",
                    "llm_model_id" => "llm_model",
                    other => other,
                };
                let is_changed = changed.get(field).or(changed.get(twin)).is_some();
                if !copied.contains(&&**field) && !lost.contains(&&**field) && !is_changed {
                    failures.push(format!("{from} to {to}: {field} is gone without a word: {}", made["report"]));
                }
                if copied.contains(&&**field) && lost.contains(&&**field) && field != "tools" {
                    failures.push(format!("{from} to {to}: {field} is both copied and lost: {}", made["report"]));
                }
            }
            // The address of a webhook is a field, and the answer warns of it.
            for sent in stage.simulator(to).received() {
                let sent = String::from_utf8_lossy(&sent.body).replace("?key=hook-key-of-the-sample", "");
                assert!(!sent.contains("-of-the-sample"), "{from} to {to}: {sent}");
            }
        }
    }
    stage.stop().await;
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

#[tokio::test]
async fn a_tool_that_no_field_has_is_told_and_named_as_lost_by_a_copy() {
    let stage = all().await;
    for (from, place) in [("vapi", "`model.tools[1]` (`apiRequest`)"), ("retell", "`llm.general_tools[1]` (`custom`)")]
    {
        let source = format!("{from}:{}", first(from));
        let read = stage.get(&format!("/v1/assistants/{source}?include=vendor")).await.json();
        let at = if from == "vapi" { "/vendor_fields/model/tools" } else { "/vendor_fields/llm/general_tools" };
        let names: Vec<_> = read.pointer(at).unwrap().as_array().unwrap().iter().map(|tool| &tool["name"]).collect();
        assert_eq!(names, ["look_up_order"], "{from}: {read:#}");
        let body = json!({ "vendor": "elevenlabs", "changes": changes("elevenlabs") }).to_string();
        let path = format!("/v1/assistants/{source}/copies?dry_run=true");
        let report = stage.call(Method::POST, &path, &JSON, body).await.json()["report"].clone();
        let lost = json!({ "field": "tools", "code": "no_canonical_form", "detail": format!("{place} is lost: no field has it") });
        assert!(report["dropped"].as_array().unwrap().contains(&lost), "{from}: {report:#}");
        assert!(!super::names(&report["copied"]).contains(&"tools"), "{from}: {report:#}");
    }
    stage.stop().await;
}
