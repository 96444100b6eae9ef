//! Tools, knowledge bases, folders, labels and phone numbers.

use crate::client::{Call, start};
use serde_json::{Value, json};
use simulators::{NAMES, Simulator};

/// The vendors that document mid-call tools, knowledge bases and all numbers.
const CURRENT: [&str; 4] = ["autocalls", "famulor", "gloriagent", "intellixent"];
/// The vendors that document folders, labels and nicknames.
const NEWEST: [&str; 2] = ["autocalls", "famulor"];

async fn call(simulator: &Simulator, method: &'static str, path: &str, body: Value) -> (u16, Value) {
    let answer = Call::new(simulator, method, path).body(body.to_string()).send().await;
    (answer.status, answer.json())
}

fn tool() -> Value {
    json!({
        "name": "find_order", "description": "Finds an order", "endpoint": "https://example.com/orders", "method": "POST",
        "headers": [{ "name": "X-Key", "value": "secret" }],
        "schema": [{ "name": "number", "type": "string", "description": "Its number" }],
    })
}

#[tokio::test]
async fn what_a_vendor_does_not_document_it_does_not_have() {
    for vendor in NAMES {
        let simulator = start(vendor, &[]).await;
        for (path, who) in [
            ("/user/tools", &CURRENT[..]),
            ("/user/knowledgebases", &CURRENT),
            ("/user/phone-numbers/all", &CURRENT),
            ("/user/folders", &NEWEST),
            ("/user/labels", &NEWEST),
        ] {
            let status = Call::new(&simulator, "GET", path).send().await.status;
            assert_eq!(status, if who.contains(&vendor) { 200 } else { 404 }, "{vendor} {path}");
            let unknown = Call::new(&simulator, "GET", path).header("authorization", "").send().await.status;
            assert_eq!(unknown, if who.contains(&vendor) { 401 } else { 404 }, "{vendor} {path}");
        }
        simulator.stop().await;
    }
}

#[tokio::test]
async fn a_tool_is_made_read_changed_and_removed() {
    for vendor in CURRENT {
        let simulator = start(vendor, &[]).await;
        let (status, made) = call(&simulator, "POST", "/user/tools", tool()).await;
        assert_eq!(
            (status, &made["data"]["id"], &made["data"]["timeout"]),
            (201, &json!(6), &json!(10)),
            "{vendor}: {made}"
        );
        assert_eq!(made["data"]["headers"], tool()["headers"]);
        assert_eq!(made["data"].get("body_format").is_some(), vendor == "autocalls");
        let (status, read) = call(&simulator, "GET", "/user/tools/6", json!({})).await;
        assert_eq!((status, &read), (200, &made["data"]));
        let (status, list) = call(&simulator, "GET", "/user/tools", json!({})).await;
        assert_eq!((status, list.as_array().map(Vec::len), &list[1]), (200, Some(2), &read));
        let (status, changed) = call(&simulator, "PUT", "/user/tools/6", json!({ "timeout": 30, "headers": [] })).await;
        assert_eq!((status, &changed["data"]["timeout"], &changed["data"]["headers"]), (200, &json!(30), &json!([])));
        assert_eq!(changed["data"]["name"], "find_order");
        Call::update(&simulator, 7, json!({ "tool_ids": [5, 6] })).send().await;
        assert_eq!(call(&simulator, "DELETE", "/user/tools/6", json!({})).await.0, 200);
        assert_eq!(simulator.state(7).expect("a state")["tool_ids"], json!([5]));
        for method in ["GET", "PUT", "DELETE"] {
            let answer = call(&simulator, method, "/user/tools/6", json!({})).await;
            assert_eq!(answer, (404, json!({ "message": "Tool not found" })), "{vendor} {method}");
        }
        simulator.stop().await;
    }
}

#[tokio::test]
async fn tools_have_the_rules_of_their_revision() {
    for (vendor, name, length) in [("gloriagent", "Find_Order2", 33), ("autocalls", "find-order", 65)] {
        let simulator = start(vendor, &[]).await;
        let (status, body) = call(&simulator, "POST", "/user/tools", json!({})).await;
        assert_eq!(status, 422);
        let mut missed: Vec<_> = body["errors"].as_object().expect("errors").keys().cloned().collect();
        missed.sort();
        assert_eq!(missed, ["description", "endpoint", "method", "name"], "{vendor}");
        for (member, value) in [
            ("name", json!(name)),
            ("description", json!("d".repeat(256))),
            ("endpoint", json!("nowhere")),
            ("method", json!("HEAD")),
            ("timeout", json!(31)),
            ("timeout", json!(0)),
            ("headers", json!([{ "name": "X" }])),
            ("schema", json!([{ "name": "n".repeat(length), "type": "string", "description": "long" }])),
            ("schema", json!([{ "name": "order", "type": "object", "description": "long" }])),
            ("schema", json!([{ "name": "order", "type": "string", "description": "no" }])),
        ] {
            let mut body = tool();
            body[member] = value.clone();
            let (status, answer) = call(&simulator, "POST", "/user/tools", body).await;
            let keys: Vec<_> = answer["errors"].as_object().expect("errors").keys().cloned().collect();
            assert!(
                status == 422 && keys.len() == 1 && keys[0].starts_with(member),
                "{vendor} {member}={value}: {answer}"
            );
        }
        assert_eq!(call(&simulator, "GET", "/user/tools", json!({})).await.1.as_array().map(Vec::len), Some(1));
        simulator.stop().await;
    }
    let newest = start("autocalls", &[]).await;
    let mut body = tool();
    body["name"] = json!("Find_Order2");
    body["schema"][0]["type"] = json!("float");
    assert_eq!(call(&newest, "POST", "/user/tools", body).await.0, 201);
    newest.stop().await;
}

#[tokio::test]
async fn a_knowledge_base_comes_in_data_and_its_errors_in_error() {
    for vendor in CURRENT {
        let simulator = start(vendor, &[]).await;
        let (_, list) = call(&simulator, "GET", "/user/knowledgebases", json!({})).await;
        let members = ["id", "name", "description", "status", "status_label", "documents_count", "assistants_count"];
        assert_eq!(list["data"][0].as_object().expect("an item").keys().take(7).collect::<Vec<_>>(), members);
        let (status, made) = call(&simulator, "POST", "/user/knowledgebases", json!({ "name": "Prices" })).await;
        let keys: Vec<_> = made["data"].as_object().expect("an item").keys().cloned().collect();
        assert_eq!(keys, ["id", "name", "description", "status", "status_label", "created_at", "updated_at"]);
        assert_eq!((status, &made["data"]["id"], &made["data"]["status"]), (201, &json!(13), &json!("empty")));
        Call::update(&simulator, 7, json!({ "knowledgebase_id": 13 })).send().await;
        let (_, one) = call(&simulator, "GET", "/user/knowledgebases/13", json!({})).await;
        assert_eq!((&one["data"]["name"], &one["data"]["assistants_count"]), (&json!("Prices"), &json!(1)));
        let (status, changed) =
            call(&simulator, "PUT", "/user/knowledgebases/13", json!({ "description": "All" })).await;
        assert_eq!(
            (status, &changed["data"]["description"], changed["data"].get("created_at")),
            (200, &json!("All"), None)
        );
        assert_eq!(
            call(&simulator, "GET", "/user/knowledgebases/13/documents", json!({})).await,
            (200, json!({ "data": [] }))
        );
        let (_, documents) = call(&simulator, "GET", "/user/knowledgebases/12/documents", json!({})).await;
        let (_, document) = call(&simulator, "GET", "/user/knowledgebases/12/documents/31", json!({})).await;
        assert_eq!((&documents["data"][0], &document["data"]["type"]), (&document["data"], &json!("website")));
        for (path, error) in [
            ("/user/knowledgebases/12/documents/99", "Document not found."),
            ("/user/knowledgebases/13/documents/31", "Document not found."),
            ("/user/knowledgebases/99/documents", "Knowledgebase not found."),
            ("/user/knowledgebases/99", "Knowledgebase not found."),
            ("/user/knowledgebases/x", "Knowledgebase not found."),
        ] {
            assert_eq!(call(&simulator, "GET", path, json!({})).await, (404, json!({ "error": error })), "{path}");
        }
        assert_eq!(call(&simulator, "POST", "/user/knowledgebases", json!({ "name": "n".repeat(256) })).await.0, 422);
        assert_eq!(call(&simulator, "DELETE", "/user/knowledgebases/13", json!({})).await.0, 200);
        assert_eq!(simulator.state(7).expect("a state")["knowledgebase_id"], Value::Null);
        assert_eq!(call(&simulator, "DELETE", "/user/knowledgebases/12", json!({})).await.0, 200);
        assert_eq!(call(&simulator, "GET", "/user/knowledgebases", json!({})).await.1, json!({ "data": [] }));
        simulator.reset();
        assert_eq!(call(&simulator, "GET", "/user/knowledgebases/12/documents/31", json!({})).await.0, 200);
        simulator.stop().await;
    }
}

#[tokio::test]
async fn folders_and_labels_are_paged_without_a_last_page() {
    for vendor in NEWEST {
        let simulator = start(vendor, &[]).await;
        for (one, many, field) in
            [("folder", "folders", json!({ "folder_id": 3 })), ("label", "labels", json!({ "label_ids": [1, 3] }))]
        {
            let (list, single) = (format!("/user/{many}"), format!("/user/{one}/3"));
            let (_, page) = call(&simulator, "GET", &list, json!({})).await;
            let keys: Vec<_> = page.as_object().expect("a page").keys().cloned().collect();
            assert_eq!(keys, ["data", "current_page", "per_page", "total"], "{vendor}");
            assert_eq!((&page["per_page"], &page["total"]), (&json!(15), &json!(2)));
            assert_eq!(
                call(&simulator, "GET", &format!("{list}?per_page=1&page=2"), json!({})).await.1["data"][0]["id"],
                2
            );
            assert_eq!(call(&simulator, "GET", &format!("{list}?per_page=101"), json!({})).await.0, 422);
            let path = format!("/user/{one}");
            let (status, made) = call(&simulator, "POST", &path, json!({ "name": "Night", "color": "teal" })).await;
            let wanted = json!({ "id": 3, "name": "Night", "color": "teal", "assistants_count": 0 });
            assert_eq!((status, &made["data"]), (201, &wanted), "{vendor}");
            for body in
                [json!({ "name": "Night" }), json!({ "name": "x", "color": "mauve" }), json!({ "color": "teal" })]
            {
                assert_eq!(call(&simulator, "POST", &path, body.clone()).await.0, 422, "{vendor} {body}");
            }
            let mut creation = crate::client::smallest_creation(vendor);
            creation.as_object_mut().expect("an object").extend(field.as_object().expect("an object").clone());
            let id = Call::create(&simulator, creation).send().await.json()["data"]["id"].as_u64().expect("an id");
            let (status, changed) = call(&simulator, "PUT", &single, json!({ "color": null })).await;
            assert_eq!(
                (status, &changed["data"]["color"], &changed["data"]["assistants_count"]),
                (200, &Value::Null, &json!(1))
            );
            assert_eq!(call(&simulator, "PUT", &single, json!({ "name": "Night" })).await.0, 200, "its own name");
            assert_eq!(call(&simulator, "DELETE", &single, json!({})).await.0, 200);
            let state = simulator.state(id).expect("a state");
            let left = if one == "folder" { &state["folder_id"] } else { &state["label_ids"] };
            assert_eq!(left, &if one == "folder" { Value::Null } else { json!([1]) });
            let (status, body) = call(&simulator, "DELETE", &single, json!({})).await;
            assert_eq!(status, 404);
            assert!(body["message"].as_str().is_some_and(|text| text.ends_with(" not found")));
        }
        simulator.stop().await;
    }
}

#[tokio::test]
async fn all_numbers_come_in_data_and_may_have_a_nickname() {
    for vendor in CURRENT {
        let simulator = start(vendor, &[]).await;
        let (_, list) = call(&simulator, "GET", "/user/phone-numbers/all", json!({})).await;
        let numbers = list["data"].as_array().expect("data");
        let kinds: Vec<_> = numbers.iter().map(|number| &number["type"]).collect();
        assert_eq!(kinds, ["normal", "sip", "caller_id"]);
        let newest = NEWEST.contains(&vendor);
        assert_eq!(numbers[0].get("nickname").is_some(), newest, "{vendor}");
        let (status, body) = call(&simulator, "PUT", "/user/phone-numbers/45", json!({ "nickname": "Desk" })).await;
        if newest {
            let wanted = json!({ "id": 45, "phone_number": "+14155550100", "nickname": "Desk", "country_code": "US", "type": "normal" });
            assert_eq!((status, &body["data"]), (200, &wanted));
            let none = call(&simulator, "PUT", "/user/phone-numbers/9", json!({ "nickname": null })).await;
            assert_eq!(none, (404, json!({ "error": "Phone number not found." })));
            let long = call(&simulator, "PUT", "/user/phone-numbers/45", json!({ "nickname": "n".repeat(51) })).await;
            assert_eq!(long.0, 422);
        } else {
            assert_eq!(status, 404);
        }
        simulator.stop().await;
    }
}

#[tokio::test]
async fn a_strict_simulator_refuses_undocumented_members_everywhere() {
    let options = simulators::Options { strict: true, ..simulators::Options::default() };
    let simulator = Simulator::start("autocalls", options).await.expect("a simulator");
    let ordinary = start("autocalls", &[]).await;
    for (path, mut body) in [
        ("/user/assistant", crate::client::smallest_creation("autocalls")),
        ("/user/assistants/enable-webhook", json!({ "assistant_id": 7, "webhook_url": "https://example.com" })),
        ("/user/tools", tool()),
        ("/user/folder", json!({ "name": "Night" })),
    ] {
        body["colour"] = json!(1);
        let (status, answer) = call(&simulator, "POST", path, body.clone()).await;
        assert_eq!(
            (status, &answer["errors"]),
            (422, &json!({ "colour": ["The colour field is prohibited."] })),
            "{path}"
        );
        assert!(call(&ordinary, "POST", path, body.clone()).await.0 < 300, "{path}");
        assert_eq!(&*ordinary.received().last().expect("a request").unknown_keys, ["colour"]);
        body.as_object_mut().expect("an object").remove("colour");
        assert!(call(&simulator, "POST", path, body).await.0 < 300, "{path}");
    }
    simulator.stop().await;
    ordinary.stop().await;
}
