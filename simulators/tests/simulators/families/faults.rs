//! Faults and drift at the vendors with an API of their own.

use serde_json::{Value, json};
use simulators::{FAMILIES, Options, Simulator, StartError, contracts};

use super::{answered, call, paths};
use crate::client::start;

const AGENT: &str = "/update-agent/agent_9d8c7b6a5f4e3d2c1b0a9f8e7d6c5b01";
const LLM: &str = "/update-retell-llm/llm_4f6a1c0d9b8e7f2a3c5d6e7f8a9b0c01";

#[tokio::test]
async fn every_documented_error_can_be_asked_for() {
    for vendor in FAMILIES {
        let simulator = start(vendor, &[]).await;
        let contract = contracts::family(vendor).expect("a contract");
        let (path, ..) = paths(vendor);
        for slug in contract.slugs() {
            simulator.set_faults(vec![format!("shape={slug}@get").parse().expect("a fault")]);
            let (status, body) = contract.answer(&slug).expect("an answer");
            assert_eq!(answered(&simulator, ("GET", &path), Value::Null, status).await, body, "{vendor} {slug}");
        }
        // A status without a file has the vendor's shape too.
        simulator.set_faults(vec!["status=418@any*1".parse().expect("a fault")]);
        let plain = answered(&simulator, ("GET", &path), Value::Null, 418).await;
        let (_, documented) = contract.answer(&contract.slugs()[0]).expect("an answer");
        let member = if vendor == "elevenlabs" { "detail" } else { "message" };
        assert!(plain.get(member).is_some() && documented.get(member).is_some(), "{vendor}: {plain}");
        simulator.stop().await;
    }
}

#[tokio::test]
async fn the_second_of_two_requests_can_be_refused() {
    let simulator = start("retell", &["status=500@update-llm*1"]).await;
    answered(&simulator, ("PATCH", AGENT), json!({ "agent_name": "x" }), 200).await;
    answered(&simulator, ("PATCH", LLM), json!({ "general_prompt": "x" }), 500).await;
    answered(&simulator, ("PATCH", LLM), json!({ "general_prompt": "x" }), 200).await;
    simulator.reset();
    simulator.set_faults(vec!["shape=429-throttled@any#2*1".parse().expect("a fault")]);
    let mut statuses = Vec::new();
    for path in [AGENT, LLM, LLM] {
        statuses.push(call(&simulator, "PATCH", path, json!({})).await.status);
    }
    assert_eq!(statuses, [200, 429, 200]);
    let logged: Vec<_> = simulator.received().iter().map(|one| (one.path.clone(), one.status)).collect();
    assert_eq!(logged, [(AGENT.to_owned(), Some(200)), (LLM.to_owned(), Some(429)), (LLM.to_owned(), Some(200))]);
    simulator.stop().await;
}

#[tokio::test]
async fn a_member_can_be_dropped_without_a_word() {
    let simulator = start("elevenlabs", &["drop=conversation_config.tts.speed*1"]).await;
    let (path, ..) = paths("elevenlabs");
    let update = json!({ "name": "n", "conversation_config": { "tts": { "speed": 1.1 } } });
    let dropped = answered(&simulator, ("PATCH", &path), update.clone(), 200).await;
    assert_eq!((&dropped["name"], &dropped["conversation_config"]["tts"]["speed"]), (&json!("n"), &json!(1.0)));
    let kept = answered(&simulator, ("PATCH", &path), update, 200).await;
    assert_eq!(kept["conversation_config"]["tts"]["speed"], 1.1);
    simulator.stop().await;
    let flat = start("sondos", &["drop=assistant_name"]).await;
    let update = crate::client::Call::update(&flat, 789, json!({ "assistant_name": "n" })).send().await;
    assert_eq!(update.status, 200);
    assert_ne!(flat.document("789").expect("an assistant")["assistant_name"], "n");
    flat.stop().await;
}

#[tokio::test]
async fn drift_can_ignore_a_path_and_is_otherwise_refused() {
    let options = |drift: &str| Options { drift: vec![drift.parse().expect("a drift")], ..Options::default() };
    let simulator = Simulator::start("vapi", options("ignore=voice.speed")).await.expect("a simulator");
    let (path, ..) = paths("vapi");
    let voice = json!({ "voice": { "provider": "11labs", "voiceId": "x", "speed": 1.1 } });
    let after = answered(&simulator, ("PATCH", &path), voice, 200).await;
    assert_eq!(after["voice"], json!({ "provider": "11labs", "voiceId": "x" }));
    simulator.stop().await;
    let refused = Simulator::start("vapi", options("rename=a:b")).await.expect_err("no such drift");
    assert!(matches!(refused, StartError::Contract { vendor: "vapi", .. }), "{refused}");
    let unknown = Simulator::start("unknown", Options::default()).await.expect_err("no such vendor").to_string();
    assert!(FAMILIES.iter().all(|name| unknown.contains(name)), "{unknown}");
}

#[tokio::test]
async fn lists_and_answers_can_be_spoilt() {
    for vendor in FAMILIES {
        let simulator = start(vendor, &["other-id@read", "bad-rows@list"]).await;
        let (path, method, list) = paths(vendor);
        let shown = answered(&simulator, ("GET", &path), Value::Null, 200).await;
        let id = if vendor == "vapi" { &shown["id"] } else { &shown["agent_id"] };
        assert!(id.as_str().is_some_and(|id| !simulator.ids().contains(&id.to_owned())), "{vendor}: {id}");
        let listed = answered(&simulator, (method, list), Value::Null, 200).await;
        let rows = ["agents", "items"].into_iter().find_map(|name| listed.get(name)).unwrap_or(&listed);
        assert!(rows[0].is_null() && rows[1].is_object(), "{vendor}: {rows}");
        simulator.stop().await;
    }
}

#[tokio::test]
async fn a_reset_returns_to_the_seeds() {
    for vendor in FAMILIES {
        let simulator = start(vendor, &[]).await;
        let before: Vec<_> = simulator.ids().iter().map(|id| simulator.versions(id)).collect();
        let path = paths(vendor).0.replace("get-agent", "update-agent");
        let name = if vendor == "retell" { "agent_name" } else { "name" };
        answered(&simulator, ("PATCH", &path), json!({ (name): "changed" }), 200).await;
        assert_ne!(simulator.ids().iter().map(|id| simulator.versions(id)).collect::<Vec<_>>(), before);
        simulator.reset();
        assert_eq!(simulator.ids().iter().map(|id| simulator.versions(id)).collect::<Vec<_>>(), before);
        assert!(simulator.received().is_empty());
        simulator.stop().await;
    }
}
