//! The vendors with an API of their own: what each stores, replaces, drops and refuses, seen over the network.

mod elevenlabs;
mod faults;
mod retell;
mod vapi;

use serde_json::{Value, json};
use simulators::{FAMILIES, Simulator, contracts};

use crate::client::{Answer, Call, start};

/// A request as the vendor's clients send it.
pub(crate) async fn call(simulator: &Simulator, method: &'static str, path: &str, body: Value) -> Answer {
    let mut call = Call::new(simulator, method, path);
    if simulator.vendor() == "elevenlabs" {
        call = call.header("authorization", "").header("xi-api-key", simulator.token());
    }
    let body = if body.is_null() { String::new() } else { body.to_string() };
    call.body(body).send().await
}

/// The body of an answer with this status.
pub(crate) async fn answered(
    simulator: &Simulator,
    (method, path): (&'static str, &str),
    body: Value,
    status: u16,
) -> Value {
    let answer = call(simulator, method, path, body).await;
    assert_eq!(answer.status, status, "{method} {path}: {:?}", answer.body);
    if answer.body.is_empty() { Value::Null } else { answer.json() }
}

/// The path of the first seed, and of its list.
fn paths(vendor: &str) -> (String, &'static str, &'static str) {
    let seeds = contracts::family(vendor).expect("a contract").seeds();
    match vendor {
        "elevenlabs" => {
            let id = seeds["agents"][0]["agent_id"].as_str().expect("an id");
            (format!("/v1/convai/agents/{id}"), "GET", "/v1/convai/agents")
        }
        "vapi" => (format!("/assistant/{}", seeds["agents"][0]["id"].as_str().expect("an id")), "GET", "/assistant"),
        _ => {
            let id = seeds["agents"][0][0]["agent_id"].as_str().expect("an id");
            (format!("/get-agent/{id}"), "POST", "/v2/list-agents")
        }
    }
}

#[tokio::test]
async fn a_seed_is_read_as_the_contract_tells_it() {
    for vendor in FAMILIES {
        let simulator = start(vendor, &[]).await;
        assert!(simulator.base_url().ends_with(&simulator.addr().port().to_string()), "the origin");
        let seeds = contracts::family(vendor).expect("a contract").seeds();
        let seed = if vendor == "retell" { &seeds["agents"][0][1] } else { &seeds["agents"][0] };
        let (path, ..) = paths(vendor);
        let shown = answered(&simulator, ("GET", &path), Value::Null, 200).await;
        if vendor == "elevenlabs" {
            assert_eq!(shown["phone_numbers"][0]["phone_number_id"], "phnum_1");
        }
        let without = |mut value: Value| {
            value.as_object_mut().expect("an object").remove("phone_numbers");
            value
        };
        assert_eq!(without(shown.clone()), without(seed.clone()), "{vendor}");
        let id = &simulator.ids()[0];
        assert_eq!(simulator.document(id), Some(shown), "{vendor}");
        simulator.stop().await;
    }
}

#[tokio::test]
async fn what_a_seed_has_can_be_written_back() {
    for vendor in FAMILIES {
        let simulator = start(vendor, &[]).await;
        let contract = contracts::family(vendor).expect("a contract");
        let (seeds, objects) = (contract.seeds(), contract.objects());
        let read_only = |object: &str| match &objects["read_only"] {
            Value::Array(names) => names.clone(),
            of_objects => of_objects[object].as_array().cloned().unwrap_or_default(),
        };
        let writable = |seed: &Value, object: &str| {
            let mut body = seed.clone();
            for name in read_only(object) {
                body.as_object_mut().expect("an object").remove(name.as_str().expect("a name"));
            }
            body
        };
        let mut requests = Vec::new();
        for seed in seeds["agents"].as_array().expect("a list") {
            let newest = seed.as_array().map_or(seed, |versions| versions.last().expect("a version"));
            let path = match vendor {
                "elevenlabs" => format!("/v1/convai/agents/{}", newest["agent_id"].as_str().expect("an id")),
                "vapi" => format!("/assistant/{}", newest["id"].as_str().expect("an id")),
                _ if newest["is_published"] == true => continue,
                _ => format!("/update-agent/{}", newest["agent_id"].as_str().expect("an id")),
            };
            let mut body = writable(newest, "agent");
            if vendor == "elevenlabs" {
                // A twin that answers have and requests must not.
                let prompt = &mut body["conversation_config"]["agent"]["prompt"];
                prompt.as_object_mut().expect("a prompt").remove("tools");
            }
            requests.push((path, body));
        }
        if vendor == "retell" {
            let llm = &seeds["llms"][0][1];
            let path = format!("/update-retell-llm/{}", llm["llm_id"].as_str().expect("an id"));
            requests.push((path, writable(llm, "llm")));
        }
        for (path, body) in requests {
            let answer = call(&simulator, "PATCH", &path, body).await;
            // Members that answers have as null although no request may have them so are named, and nothing else.
            if answer.status != 200 {
                panic!("{vendor} {path}: {:?}", answer.body);
            }
        }
        let unknown: Vec<_> = simulator.received().iter().flat_map(|one| one.unknown_keys.to_vec()).collect();
        assert_eq!(unknown, [""; 0], "{vendor}");
        simulator.stop().await;
    }
}

#[tokio::test]
async fn the_credential_stands_in_the_vendors_own_header() {
    for (vendor, header, missing, wrong) in [
        (
            "elevenlabs",
            "xi-api-key",
            json!({ "detail": { "status": "needs_authorization" } }),
            json!({ "detail": { "status": "invalid_api_key" } }),
        ),
        ("retell", "authorization", json!({ "status": "error" }), json!({ "status": "error" })),
        ("vapi", "authorization", json!({ "statusCode": 401 }), json!({ "statusCode": 401 })),
    ] {
        let simulator = start(vendor, &[]).await;
        let (path, ..) = paths(vendor);
        for (value, wanted) in [("", missing), ("Bearer nothing", wrong.clone()), ("sim-other", wrong)] {
            let answer =
                Call::new(&simulator, "GET", &path).header("authorization", "").header(header, value).send().await;
            assert_eq!(answer.status, 401, "{vendor}");
            assert!(contains(&answer.json(), &wanted), "{vendor}: {:?}", answer.body);
        }
        simulator.stop().await;
    }
}

#[tokio::test]
async fn paths_and_methods_that_do_not_exist_are_refused_in_the_vendors_shape() {
    for (vendor, path, methods) in [
        ("elevenlabs", "/v1/convai/agents/create", [("PUT", 405), ("POST", 422)]),
        ("retell", "/list-agents", [("GET", 404), ("POST", 404)]),
        ("vapi", "/assistants", [("GET", 404), ("PUT", 404)]),
    ] {
        let simulator = start(vendor, &[]).await;
        for (method, status) in methods {
            let answer = call(&simulator, method, path, Value::Null).await;
            assert_eq!(answer.status, status, "{vendor} {method}");
            let member = ["detail", "message"].into_iter().find(|name| answer.json().get(*name).is_some());
            assert!(member.is_some(), "{vendor} {method}: {:?}", answer.body);
        }
        simulator.stop().await;
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused() {
    for (vendor, status) in [("elevenlabs", 422), ("retell", 400), ("vapi", 400)] {
        let simulator = start(vendor, &[]).await;
        let path = paths(vendor).0.replace("get-agent", "update-agent");
        for body in ["", "{", "[]", "1"] {
            let mut request = Call::new(&simulator, "PATCH", &path).body(body);
            if vendor == "elevenlabs" {
                request = request.header("xi-api-key", simulator.token());
            }
            assert_eq!(request.send().await.status, status, "{vendor} {body}");
        }
        simulator.stop().await;
    }
}

#[tokio::test]
async fn as_many_are_listed_as_asked_for_and_every_page_is_reached() {
    for vendor in FAMILIES {
        let options = simulators::Options { assistants: 23, ..Default::default() };
        let simulator = Simulator::start(vendor, options).await.expect("a simulator");
        let mut listed = Vec::new();
        let (mut next, mut pages) = (None::<String>, 0);
        loop {
            let page = page(&simulator, next.as_deref()).await;
            pages += 1;
            assert!(page.0.len() <= 5 && pages < 9, "{vendor}");
            listed.extend(page.0);
            match page.1 {
                Some(key) => next = Some(key),
                None => break,
            }
        }
        listed.sort_unstable();
        let mut ids = simulator.ids();
        ids.sort_unstable();
        assert_eq!((listed, ids.len()), (ids, 23), "{vendor}");
        simulator.stop().await;
    }
}

/// The ids of one page of five, and what leads to the next.
async fn page(simulator: &Simulator, after: Option<&str>) -> (Vec<String>, Option<String>) {
    let ids = |rows: &Value, name: &str| -> Vec<String> {
        rows.as_array().expect("rows").iter().map(|row| row[name].as_str().expect("an id").to_owned()).collect()
    };
    match simulator.vendor() {
        "elevenlabs" => {
            let cursor = after.map(|after| format!("&cursor={after}")).unwrap_or_default();
            let path = format!("/v1/convai/agents?page_size=5{cursor}");
            let page = answered(simulator, ("GET", &path), Value::Null, 200).await;
            assert_eq!(page["has_more"], page["next_cursor"].is_string());
            assert!(page["agents"][0].get("conversation_config").is_none(), "summaries only");
            (ids(&page["agents"], "agent_id"), page["next_cursor"].as_str().map(str::to_owned))
        }
        "vapi" => {
            let before = after.map(|after| format!("&createdAtLt={after}")).unwrap_or_default();
            let page = answered(simulator, ("GET", &format!("/assistant?limit=5{before}")), Value::Null, 200).await;
            let rows = page.as_array().expect("a bare array");
            let last = rows
                .last()
                .filter(|_| rows.len() == 5)
                .map(|row| row["createdAt"].as_str().expect("a time").to_owned());
            (ids(&page, "id"), last)
        }
        _ => {
            let mut body = json!({ "limit": 5 });
            if let Some(after) = after {
                body["pagination_key"] = json!(after);
            }
            let page = answered(simulator, ("POST", "/v2/list-agents"), body, 200).await;
            assert_eq!(page["has_more"], page.get("pagination_key").is_some());
            (ids(&page["items"], "agent_id"), page["pagination_key"].as_str().map(str::to_owned))
        }
    }
}

/// Whether `value` has all that `part` has.
pub(crate) fn contains(value: &Value, part: &Value) -> bool {
    match part {
        Value::Object(members) => {
            members.iter().all(|(name, part)| value.get(name).is_some_and(|value| contains(value, part)))
        }
        other => value == other,
    }
}
