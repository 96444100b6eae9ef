//! Lenient handling, `vendor_options`, ids and catalogs.

use http::Method;
use serde_json::json;
use simulators::FAMILIES;

use super::{JSON, differences, document, fields, first, names, put, stage};

#[tokio::test]
async fn lenient_handling_drops_what_the_vendor_lacks_and_sends_the_rest() {
    for vendor in FAMILIES {
        let stage = stage(vendor).await;
        let assistant = format!("{vendor}:{}", first(vendor));
        let before = document(&stage, vendor);
        let update = json!({ "name": "Late desk", "folder_id": 7, "type": "inbound" });
        let strict = put(&stage, vendor, &update).await.problem("unsupported_by_vendor");
        assert_eq!((names(&strict["errors"]), document(&stage, vendor)), (vec!["folder_id", "type"], before.clone()));
        let lenient = stage.put_with(&assistant, &[("prefer", "handling=lenient")], update.to_string()).await;
        let body = lenient.json();
        assert_eq!(lenient.status, 200, "{vendor}: {body:#}");
        assert_eq!(names(&body["report"]["dropped"]), ["folder_id", "type"], "{vendor}");
        assert_eq!(body["report"]["applied"], json!(["name"]), "{vendor}");
        let name = if vendor == "retell" { "agent.agent_name" } else { "name" };
        assert_eq!(differences(&before, &document(&stage, vendor)), json!({ (name): "Late desk" }), "{vendor}");

        // Nothing is left: the vendor is not called.
        stage.clear();
        let nothing = stage.put_with(&assistant, &[("prefer", "handling=lenient")], r#"{"type":"inbound"}"#).await;
        assert_eq!((nothing.status.as_u16(), &nothing.json()["attempts"]), (200, &json!(0)), "{vendor}");
        stage.assert_nothing_sent();
        stage.stop().await;
    }
}

#[tokio::test]
async fn deep_options_change_what_they_name_beside_fields() {
    for vendor in FAMILIES {
        let stage = stage(vendor).await;
        let before = document(&stage, vendor);
        let (options, expected) = match vendor {
            "elevenlabs" => (
                json!({ "conversation_config": { "tts": { "optimize_streaming_latency": 1 }, "turn": { "spelling_patience": "off" } } }),
                json!({
                    "conversation_config.tts.speed": 1.1, "conversation_config.tts.optimize_streaming_latency": 1,
                    "conversation_config.turn.spelling_patience": "off",
                }),
            ),
            "vapi" => (
                json!({ "voice": { "style": 0.3 }, "startSpeakingPlan": { "waitSeconds": 0.6 }, "model": { "maxTokens": 300 } }),
                json!({
                    "voice.speed": 1.1, "voice.style": 0.3, "startSpeakingPlan.waitSeconds": 0.6, "model.maxTokens": 300,
                }),
            ),
            _ => (
                json!({ "agent": { "volume": 1.5, "pii_config": { "categories": ["person_name"] } }, "llm": { "kb_config": { "top_k": 5 } } }),
                json!({
                    "agent.voice_speed": 1.1, "agent.volume": 1.5, "agent.pii_config.categories": ["person_name"],
                    "llm.kb_config.top_k": 5,
                }),
            ),
        };
        let reply = put(&stage, vendor, &json!({ "speech_speed": 1.1, "vendor_options": { (vendor): options } })).await;
        let body = reply.json();
        assert_eq!(reply.status, 200, "{vendor}: {body:#}");
        assert_eq!(names(&body["report"]["applied"]), ["speech_speed", "vendor_options"], "{vendor}: {body:#}");
        assert_eq!(differences(&before, &document(&stage, vendor)), expected, "{vendor}");

        let twice = match vendor {
            "elevenlabs" => json!({ "conversation_config": { "tts": { "speed": 1.0 } } }),
            "vapi" => json!({ "voice": { "speed": 1.0 } }),
            _ => json!({ "agent": { "voice_speed": 1.0 } }),
        };
        let reply = put(&stage, vendor, &json!({ "speech_speed": 1.1, "vendor_options": { (vendor): twice } })).await;
        assert_eq!(reply.status, 422, "{vendor}: one place with two values: {:#}", reply.json());
        stage.stop().await;
    }
}

#[tokio::test]
async fn ids_are_the_vendors_own_and_unknown_ones_are_not_found() {
    for vendor in FAMILIES {
        let stage = stage(vendor).await;
        let unknown = if vendor == "vapi" { "00000000-0000-4000-8000-000000000000" } else { "agent_none" };
        let path = format!("/v1/assistants/{vendor}:{unknown}");
        stage.get(&path).await.problem("assistant_not_found");
        let update = json!({ "name": "x", "system_prompt": "y" }).to_string();
        let problem = stage.put(&format!("{vendor}:{unknown}"), update.clone()).await.problem("assistant_not_found");
        assert_eq!(problem["outcome"], "not_applied", "{vendor}");
        stage.call(Method::DELETE, &path, &[], "").await.problem("assistant_not_found");
        stage.call(Method::PUT, &format!("{path}?dry_run=true"), &JSON, update.clone()).await;
        stage.clear();
        for wrong in ["a%2Fb", "..", "a%20b", "%00", "a%3Fx", "a%23x"] {
            let reply = stage.put(&format!("{vendor}:{wrong}"), update.clone()).await;
            assert!([400, 404].contains(&reply.status.as_u16()), "{vendor} {wrong}: {reply:?}");
            stage.assert_nothing_sent();
        }
        if vendor == "vapi" {
            let upper = first(vendor).to_uppercase();
            let problem = stage.put(&format!("vapi:{upper}"), update).await.problem("invalid_request");
            assert!(problem["detail"].as_str().unwrap().contains(&format!("vapi:{}", first(vendor))), "{problem:#}");
            stage.assert_nothing_sent();
        }
        stage.stop().await;
    }
}

#[tokio::test]
async fn names_lead_to_ids_through_the_catalogs() {
    for (vendor, kind) in [("elevenlabs", "voices"), ("retell", "voices"), ("elevenlabs", "knowledge_bases")] {
        let stage = stage(vendor).await;
        let kinds = stage.get(&format!("/v1/vendors/{vendor}/catalogs")).await.json();
        assert!(kinds["catalogs"].as_array().unwrap().iter().any(|one| one["kind"] == kind), "{vendor}: {kinds:#}");
        let reply = stage.get(&format!("/v1/vendors/{vendor}/catalogs/{kind}")).await;
        let catalog = reply.json();
        assert_eq!(reply.status, 200, "{vendor}: {catalog:#}");
        let data = catalog["data"].as_array().unwrap();
        assert!(
            !data.is_empty() && data.iter().all(|one| one["id"].is_string() && one["name"].is_string()),
            "{catalog:#}"
        );
        assert!(!catalog.to_string().contains("-of-the-sample"), "{vendor}: {catalog:#}");
        if kind == "voices" {
            let name = data[1]["name"].as_str().unwrap();
            let update = json!({ "voice": format!("  {} ", name.to_uppercase()) });
            let reply = put(&stage, vendor, &update).await;
            assert_eq!(reply.status, 200, "{vendor}: {:#}", reply.json());
            assert_eq!(fields(&stage, vendor).await["voice_id"], data[1]["id"], "{vendor}");
            let wrong = put(&stage, vendor, &json!({ "voice": "No such voice" })).await.problem("validation_failed");
            assert_eq!(wrong["errors"][0]["code"], "unresolved_name", "{vendor}: {wrong:#}");
        }
        stage.get(&format!("/v1/vendors/{vendor}/catalogs/folders")).await.problem("not_found");
        stage.stop().await;
    }
}
