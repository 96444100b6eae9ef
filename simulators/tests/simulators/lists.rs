//! The list of assistants: its members, its types, its pages, and the catalogs beside it.

use std::collections::BTreeSet;

use crate::client::{Call, is_legacy, start};
use serde_json::{Value, json};
use simulators::{NAMES, Options, Simulator, contracts};

async fn get(simulator: &Simulator, path: &str) -> Value {
    let answer = Call::new(simulator, "GET", path).send().await;
    assert_eq!(answer.status, 200, "{path}: {:?}", answer.body);
    answer.json()
}

async fn with_assistants(vendor: &str, assistants: u64) -> Simulator {
    Simulator::start(vendor, Options { assistants, ..Options::default() }).await.expect("a simulator")
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[tokio::test]
async fn an_item_has_the_documented_members_in_their_order_and_no_others() {
    for vendor in NAMES {
        let simulator = start(vendor, &[]).await;
        Call::update(&simulator, 7, "{}").send().await;
        let page: Value = serde_json::from_str(contracts::find(vendor).expect("a contract").assistants).expect("JSON");
        let list = get(&simulator, "/user/assistants/get").await;
        assert_eq!(keys(&list), keys(&page["body"]), "{vendor}");
        let mut wanted = keys(&page["body"]["data"][0]);
        assert_eq!(wanted.len(), 58);
        if vendor == "famulor" {
            wanted.extend(["ringing_time", "max_initial_silence_duration"]);
        }
        for item in list["data"].as_array().expect("data") {
            assert_eq!(keys(item), wanted, "{vendor}");
        }
        simulator.stop().await;
    }
}

#[tokio::test]
async fn values_have_the_documented_types() {
    let simulator = start("famulor", &[]).await;
    let tools =
        json!([{ "type": "warm_call_transfer", "supervisor_phone": "+1", "outbound_phone_id": 7, "description": "d" }]);
    let body = json!({
        "voice_stability": 0.755, "llm_temperature": 1, "ambient_sound_volume": 0, "fillers": false, "end_call_on_voicemail": true,
        "record": true, "tools": tools, "variables": { "branch": "Ghent" }, "min_interrupt_words": null,
    });
    let answer = Call::update(&simulator, 7, body).send().await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let list = get(&simulator, "/user/assistants/get").await;
    let item = &list["data"][0];
    for (member, value) in [
        ("llm_temperature", json!("1.00")),
        ("ambient_sound_volume", json!("0.00")),
        ("fillers", json!(0)),
        ("end_call_on_voicemail", json!(1)),
        ("record", json!(true)),
        ("variables", json!({ "branch": "Ghent" })),
        ("min_interrupt_words", Value::Null),
        ("ringing_time", json!(30)),
        (
            "tools",
            json!([{ "type": "warm_call_transfer", "data": { "supervisor_phone": "+1", "outbound_phone_id": "7", "description": "d" } }]),
        ),
    ] {
        assert_eq!(item[member], value, "{member}");
    }
    assert!(item["voice_stability"].as_str().is_some_and(|text| text.starts_with("0.7")));
    Call::update(&simulator, 7, json!({ "variables": {} })).send().await;
    assert_eq!(get(&simulator, "/user/assistants/get").await["data"][0]["variables"], json!([]));
    simulator.stop().await;
}

#[tokio::test]
async fn three_thousand_assistants_are_listed_in_pages_each_once() {
    for vendor in ["famulor", "sondos"] {
        let simulator = with_assistants(vendor, 3000).await;
        let mut seen = BTreeSet::new();
        for page in 1..=30 {
            let list = get(&simulator, &format!("/user/assistants/get?per_page=100&page={page}")).await;
            let numbers = ["current_page", "per_page", "total", "last_page"].map(|member| list[member].as_u64());
            assert_eq!(numbers, [Some(page), Some(100), Some(3000), Some(30)], "{vendor}");
            let items = list["data"].as_array().expect("data");
            seen.extend(items.iter().filter_map(|item| item["id"].as_u64()));
            assert_eq!(seen.len() as u64, page * 100, "{vendor}");
        }
        assert_eq!(get(&simulator, "/user/assistants/get?per_page=100&page=31").await["data"], json!([]));
        assert_eq!(simulator.assistants().len(), 3000);
        assert_eq!(Call::update(&simulator, 3000, "{}").send().await.status, 200);
        assert_eq!(Call::update(&simulator, 3001, "{}").send().await.status, 404);
        Call::new(&simulator, "DELETE", "/user/assistant/1500").send().await;
        assert_eq!(get(&simulator, "/user/assistants/get?per_page=1").await["total"], 2999);
        simulator.stop().await;
    }
}

#[tokio::test]
async fn urls_of_pages_have_the_documented_defects_and_cannot_be_followed() {
    for (vendor, url) in [
        ("gloriagent", "http://ADDRESS//api/user/assistants/get"),
        ("intellixent", "http://ADDRESS//api/user/assistants/get"),
        ("autocalls", "http://ADDRESS/api/user/assistants/get"),
        ("sondos", "https://app.sondes-ai.com.invalid/api/user/assistants/get"),
    ] {
        let simulator = with_assistants(vendor, 150).await;
        let url = url.replace("ADDRESS", &simulator.addr().to_string());
        let list = get(&simulator, "/user/assistants/get?page=2").await;
        assert_eq!((&list["path"], &list["next_page_url"]), (&json!(url), &json!(format!("{url}?page=3"))));
        let links = list["links"].as_array().expect("links");
        assert_eq!(links.iter().filter(|link| link["label"] == "...").count(), 1);
        assert_eq!(links[0]["label"], "&laquo; Previous");
        if url.contains("//api") {
            assert_eq!(Call::new(&simulator, "GET", "//user/assistants/get").send().await.status, 404);
        }
        simulator.stop().await;
    }
}

#[tokio::test]
async fn a_write_moves_the_time_of_its_assistant_only() {
    let simulator = start("autocalls", &[]).await;
    let times = async || {
        let list = get(&simulator, "/user/assistants/get").await;
        let of = |item: &Value| (item["id"].clone(), item["created_at"].clone(), item["updated_at"].clone());
        list["data"].as_array().expect("data").iter().map(of).collect::<Vec<_>>()
    };
    Call::update(&simulator, 7, "{}").send().await;
    let first = times().await;
    Call::update(&simulator, 7, "{}").send().await;
    let second = times().await;
    assert!(first[0].2.as_str() < second[0].2.as_str() && first[0].1 == second[0].1);
    assert_eq!(first[1], second[1]);
    simulator.stop().await;
}

#[tokio::test]
async fn outbound_assistants_are_a_bare_array_of_sixteen_members() {
    for vendor in NAMES {
        let simulator = with_assistants(vendor, 20).await;
        let list = get(&simulator, "/user/assistants/outbound").await;
        let items = list.as_array().expect("a bare array");
        assert_eq!(items.len(), 10, "{vendor}");
        for item in items {
            assert_eq!(keys(item).len(), 16);
            assert_eq!((&item["type"], item["name"].is_string()), (&json!("outbound"), true));
        }
        simulator.stop().await;
    }
}

#[tokio::test]
async fn numbers_for_an_inbound_assistant_are_free_and_no_caller_ids() {
    for vendor in NAMES {
        let simulator = start(vendor, &[]).await;
        let ids = async |query: &str| {
            let list = get(&simulator, &format!("/user/assistants/phone-numbers{query}")).await;
            list.as_array().expect("an array").iter().map(|number| number["id"].clone()).collect::<Vec<_>>()
        };
        assert_eq!((ids("").await, ids("?type=outbound").await.len()), (vec![json!(45), json!(46), json!(47)], 3));
        assert_eq!(ids("?type=inbound").await, [45, 46]);
        let direction =
            if is_legacy(vendor) { json!({ "calls_direction": "receive" }) } else { json!({ "type": "inbound" }) };
        Call::update(&simulator, 7, direction).send().await;
        Call::update(&simulator, 7, json!({ "phone_number_id": 45 })).send().await;
        assert_eq!(ids("?type=inbound").await, [46]);
        let list = get(&simulator, "/user/assistants/phone-numbers").await;
        assert_eq!((&list[0]["is_available"], &list[1]["is_available"]), (&json!(false), &json!(true)));
        assert_eq!(keys(&list[0]), ["id", "phone_number", "country_code", "type_label", "is_available"]);
        simulator.stop().await;
    }
}

#[tokio::test]
async fn voices_are_filtered_by_what_the_vendor_documents() {
    let newest = start("autocalls", &[]).await;
    let names = async |simulator: &Simulator, query: &str| {
        let list = get(simulator, &format!("/user/assistants/voices?{query}")).await;
        list.as_array().expect("an array").iter().map(|voice| voice["name"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&newest, "gender=male").await, ["Puck"]);
    assert_eq!(names(&newest, "search=zEPH").await, ["Zephyr"]);
    assert_eq!(names(&newest, "age=Middle+aged&synthesizer_provider_id=1").await, ["Zephyr", "Puck"]);
    assert_eq!(names(&newest, "age=Middle%20aged&accent=American").await, [""; 0]);
    assert_eq!(names(&newest, "search=&gender=").await.len(), 4);
    let older = start("intellixent", &[]).await;
    assert_eq!(names(&older, "gender=male&search=zeph").await.len(), 4);
    newest.stop().await;
    older.stop().await;
}

#[tokio::test]
async fn providers_are_two_lists_where_they_are_documented() {
    for vendor in NAMES {
        let simulator = start(vendor, &[]).await;
        for (kind, first) in [("synthesizer", "ElevenLabs"), ("transcriber", "Deepgram")] {
            let answer =
                Call::new(&simulator, "GET", &format!("/user/assistants/{kind}-providers?language_id=1")).send().await;
            if !["autocalls", "famulor", "intellixent"].contains(&vendor) {
                assert_eq!(answer.status, 404, "{vendor}");
                assert!(answer.json()["message"].as_str().is_some_and(|text| text.contains("could not be found")));
            } else {
                assert_eq!(
                    answer.json()[0],
                    json!({ "id": 1, "name": first, "code": first.to_lowercase() }),
                    "{vendor}"
                );
            }
        }
        simulator.stop().await;
    }
}

#[tokio::test]
async fn faults_work_on_every_list() {
    let simulator =
        start("autocalls", &["truncated@list*1", "oversized@list*1", "bad-rows@list*1", "hang@list-tools"]).await;
    let list = async || Call::new(&simulator, "GET", "/user/assistants/get").send().await;
    assert!(serde_json::from_slice::<Value>(&list().await.body).is_err());
    assert!(list().await.body.len() > 8 << 20);
    assert_eq!(list().await.json()["data"][0], Value::Null);
    assert_eq!(list().await.json()["data"][0]["id"], 789);
    assert_eq!(Call::new(&simulator, "GET", "/user/folders").send().await.status, 200);
    let hanging = Call::new(&simulator, "GET", "/user/tools").attempt();
    let stopping = async {
        simulator.received_at_least(6).await;
        simulator.set_faults(Vec::new());
    };
    tokio::select! {
        answer = hanging => panic!("{:?}", answer.map(|answer| answer.status)),
        () = stopping => {}
    }
    simulator.stop().await;
}
