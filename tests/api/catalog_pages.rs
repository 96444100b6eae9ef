//! Catalogs as callers read them: which there are, pages of their entries, search, age.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use http::Method;
use serde_json::{Value, json};

use crate::support::stub::Stub;
use crate::support::{PATIENCE, Stage, eventually};

pub(super) const OK: &str = "200 OK";

pub(super) async fn get(stage: &Stage, path: &str) -> Value {
    let reply = stage.get(path).await;
    assert_eq!(reply.status, 200, "{path}: {reply:?}");
    reply.json()
}

fn names(body: &Value) -> Vec<&str> {
    body["data"].as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap()).collect()
}

/// A gateway in front of one stub with these further lines in the stub's table.
pub(super) async fn behind(stub: &Stub, dialect: &str, lines: &str) -> Stage {
    Stage::with(&format!("{}retry = {{ max_attempts = 1 }}\n{lines}", stub.vendor("odd", dialect))).await
}

/// Every entry of a catalog, page after page.
async fn walked(stage: &Stage, path: &str, limit: usize) -> Vec<Value> {
    let (mut entries, mut cursor) = (Vec::new(), String::new());
    loop {
        let separator = if path.contains('?') { '&' } else { '?' };
        let body = get(stage, &format!("{path}{separator}limit={limit}{cursor}")).await;
        let data = body["data"].as_array().unwrap();
        let next = body["next_cursor"].as_str();
        assert!(data.len() == limit || next.is_none() && data.len() <= limit, "{} of {limit}", data.len());
        entries.extend(data.iter().cloned());
        match next {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return entries,
        }
    }
}

#[tokio::test]
async fn a_vendor_lists_the_catalogs_that_it_documents_and_what_is_known_of_them() {
    let stage = Stage::with("[vendors.sondos.catalog.languages]\n\"99\" = \"Klingon\"\n").await;
    let body = get(&stage, "/v1/vendors/sondos/catalogs").await;
    let state = |kind: &str, entries: Value, age: Value| json!({ "kind": kind, "entries": entries, "age": age });
    let unread = |kind| state(kind, Value::Null, Value::Null);
    let expected = ["languages", "voices", "models", "phone_numbers"].map(unread);
    assert_eq!(body, json!({ "vendor": "sondos", "catalogs": expected }));
    stage.assert_nothing_sent();
    let languages = get(&stage, "/v1/vendors/sondos/catalogs/languages").await;
    let count = languages["data"].as_array().unwrap().len();
    let body = get(&stage, "/v1/vendors/sondos/catalogs").await;
    assert_eq!(body["catalogs"][0]["entries"], count, "as many as can be read");
    assert!(body["catalogs"][0]["age"].as_u64().is_some_and(|age| age < 60), "{body}");
    assert_eq!(body["catalogs"][1], unread("voices"));
    for (vendor, kinds) in [("gloriagent", 7), ("intellixent", 9), ("famulor", 11), ("autocalls", 11)] {
        let body = get(&stage, &format!("/v1/vendors/{vendor}/catalogs")).await;
        assert_eq!(body["catalogs"].as_array().unwrap().len(), kinds, "{vendor}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn entries_show_what_the_vendor_shows() {
    let stage = Stage::new().await;
    for vendor in simulators::NAMES {
        let contract = simulators::contracts::catalogs(vendor).unwrap();
        for kind in ["languages", "voices", "models"] {
            let body = get(&stage, &format!("/v1/vendors/{vendor}/catalogs/{kind}?limit=1000")).await;
            assert_eq!(body["data"], contract[kind], "{vendor} {kind}");
            assert_eq!((&body["vendor"], &body["kind"]), (&json!(vendor), &json!(kind)));
            assert_eq!(body["next_cursor"], Value::Null);
        }
    }
    stage.stop().await;
}

#[tokio::test]
async fn every_kind_that_a_vendor_documents_is_read_as_it_answers() {
    let stage = Stage::new().await;
    let resource = |kind: &str| match kind {
        "phone_numbers" => "assistant_numbers".to_owned(),
        "knowledge_bases" => "knowledgebases".to_owned(),
        kind => kind.to_owned(),
    };
    let mut read = 0;
    for vendor in simulators::NAMES {
        let contract = simulators::contracts::resources(vendor).unwrap();
        let listed = get(&stage, &format!("/v1/vendors/{vendor}/catalogs")).await;
        for kind in listed["catalogs"].as_array().unwrap().iter().map(|state| state["kind"].as_str().unwrap()) {
            let body = get(&stage, &format!("/v1/vendors/{vendor}/catalogs/{kind}?limit=1000")).await;
            let Some(items) = contract[resource(kind)]["items"].as_array() else { continue };
            let expected: Vec<_> = items.iter().map(|item| shown(item, kind)).collect();
            assert_eq!(body["data"], json!(expected), "{vendor} {kind}");
            read += 1;
        }
        let all = get(&stage, &format!("/v1/vendors/{vendor}/catalogs")).await;
        assert!(all["catalogs"].as_array().unwrap().iter().all(|state| state["age"].is_u64()), "{all:#}");
        let status = stage.admin(Method::GET, "/admin/status").await.json();
        let drift = &status["vendors"][vendor]["drift"]["differences"];
        assert_eq!(drift, &json!([]), "{vendor}");
    }
    assert_eq!(read, 7 + 7 + 5 + 3 + 1, "kinds that the contracts' resources hold");
    stage.stop().await;
}

/// What of a documented item shows.
fn shown(item: &Value, kind: &str) -> Value {
    let mut item = item.as_object().unwrap().clone();
    item.retain(|key, value| !value.is_array() && !value.is_object() && (kind, &**key) != ("tools", "endpoint"));
    let name = if kind == "phone_numbers" { "phone_number" } else { "name" };
    item.insert("name".to_owned(), item[name].clone());
    Value::Object(item)
}

#[tokio::test]
async fn a_part_of_a_name_is_searched_in_any_case() {
    let stage = Stage::new().await;
    for (part, found) in [
        ("DAN", vec!["Danish"]),
        ("aN", vec!["Romanian", "Spanish", "German", "Lithuanian", "Italian", "Danish"]),
        ("%20spanish+", vec!["Spanish"]),
        ("sp%C3%A0nish", vec![]),
    ] {
        let body = get(&stage, &format!("/v1/vendors/autocalls/catalogs/languages?q={part}")).await;
        assert_eq!(names(&body), found, "{part}");
    }
    let all = get(&stage, "/v1/vendors/autocalls/catalogs/languages?q=").await;
    assert_eq!(names(&all).len(), 10);
    stage.stop().await;
}

#[tokio::test]
async fn what_is_configured_comes_before_the_vendors_entry_of_the_same_id() {
    let stage =
        Stage::with("[vendors.autocalls.catalog.languages]\n\"4\" = \"Castilian\"\n\"70\" = \"Klingon\"\n").await;
    let body = get(&stage, "/v1/vendors/autocalls/catalogs/languages").await;
    let data = body["data"].as_array().unwrap();
    assert_eq!(
        data[..2],
        [json!({ "id": 4, "name": "Castilian", "iso_2": "es" }), json!({ "id": 70, "name": "Klingon" })]
    );
    let ids: HashSet<_> = data.iter().map(|entry| entry["id"].to_string()).collect();
    assert_eq!((ids.len(), data.len()), (11, 11), "each id once");
    stage.stop().await;
}

#[tokio::test]
async fn three_thousand_voices_are_walked_with_every_entry_exactly_once() {
    let voices: Vec<_> =
        (0..3000).map(|id| json!({ "id": id, "name": format!("Voice {:02}", id % 50), "accent": null })).collect();
    let body = json!(voices).to_string();
    let stub = Stub::routing(move |_, _| (OK, body.clone())).await;
    let stage = behind(&stub, "autocalls", "").await;
    for limit in [1000, 999, 100] {
        assert_eq!(walked(&stage, "/v1/vendors/odd/catalogs/voices", limit).await, voices, "{limit}");
    }
    let found = walked(&stage, "/v1/vendors/odd/catalogs/voices?q=VOICE+07", 7).await;
    let expected: Vec<_> = voices.iter().filter(|voice| voice["name"] == "Voice 07").cloned().collect();
    assert_eq!((found.len(), found), (60, expected));
    let first = get(&stage, "/v1/vendors/odd/catalogs/voices").await;
    assert_eq!(first["data"].as_array().unwrap().len(), 100, "100 where nothing is said");
    assert_eq!(stub.requests(), 1, "one read serves all pages");
    stage.stop().await;
}

#[tokio::test]
async fn vapi_lists_tools_and_phone_numbers() {
    let stage = Stage::of(&["vapi"], "", |text| text).await;
    let body = get(&stage, "/v1/vendors/vapi/catalogs").await;
    let kinds: Vec<_> = body["catalogs"].as_array().unwrap().iter().map(|catalog| catalog["kind"].clone()).collect();
    assert_eq!(kinds, ["phone_numbers", "tools"]);
    let tools = get(&stage, "/v1/vendors/vapi/catalogs/tools").await;
    assert_eq!(names(&tools), ["look_up_order"]);
    assert!(!tools.to_string().contains("-of-the-sample"), "{tools:#}");
    let numbers = get(&stage, "/v1/vendors/vapi/catalogs/phone_numbers").await;
    assert_eq!(numbers["data"][0]["id"], "9c1d2e3f-4a5b-4c6d-8e7f-0a1b2c3d4e01");
    assert_eq!(names(&numbers)[..3], ["+13025550101", "+13025550102", "+13025550103"]);
    stage.stop().await;
}

/// Seven tools each have one time, so that pages end within some of the same time.
#[tokio::test]
async fn a_list_that_is_read_by_time_is_read_to_its_end() {
    let stub = Stub::routing(|target, _| {
        let before = target.split("createdAtLt=").nth(1).map_or(999, |time| time.parse().unwrap());
        let times = (0..250).map(|index| (index, 500 - index / 7)).filter(|(_, time)| *time < before);
        let row = |(id, time)| json!({ "id": format!("t{id}"), "function": { "name": format!("n{id}") }, "createdAt": format!("{time}") });
        (OK, times.take(100).map(row).collect::<Value>().to_string())
    })
    .await;
    let stage = Stage::of(&["vapi"], &stub.vendor("odd", "vapi"), |text| text).await;
    let entries = walked(&stage, "/v1/vendors/odd/catalogs/tools", 100).await;
    let ids: HashSet<_> = entries.iter().map(|entry| entry["id"].to_string()).collect();
    assert_eq!((entries.len(), ids.len(), stub.requests()), (250, 250, 3));
    stage.stop().await;
}

#[tokio::test]
async fn a_page_of_more_than_a_mebibyte_is_not_read() {
    let stub = Stub::routing(|target, _| {
        let pad = if target.contains("voices") { 1 << 20 } else { (1 << 20) - 100 };
        (OK, format!("[{{\"id\":1,\"name\":\"Aria\",\"pad\":\"{}\"}}]", "x".repeat(pad)))
    })
    .await;
    let stage = behind(&stub, "sondos", "").await;
    stage.get("/v1/vendors/odd/catalogs/voices").await.problem("vendor_bad_response");
    assert_eq!(names(&get(&stage, "/v1/vendors/odd/catalogs/models").await), ["Aria"]);
    stage.stop().await;
}

#[tokio::test]
async fn folders_and_labels_are_read_to_their_end_without_a_last_page() {
    for (kind, path) in [("folders", "/api/user/folders"), ("labels", "/api/user/labels")] {
        // The vendor cuts pages to 15, whatever is asked for.
        let stub = Stub::routing(move |target, _| {
            let (at, query) = target.split_once('?').unwrap_or((target, ""));
            assert_eq!(at, path);
            let page = query.split('&').find_map(|pair| pair.strip_prefix("page=")?.parse().ok()).unwrap_or(1);
            let ids = (1..=40).skip(15 * (page - 1)).take(15);
            let rows: Vec<_> = ids
                .map(|id| json!({ "id": id, "name": format!("N{id}"), "color": null, "assistants_count": 1 }))
                .collect();
            (OK, json!({ "data": rows, "current_page": page, "per_page": 15, "total": 40 }).to_string())
        })
        .await;
        let stage = behind(&stub, "famulor", "").await;
        let entries = walked(&stage, &format!("/v1/vendors/odd/catalogs/{kind}"), 9).await;
        assert_eq!(entries.len(), 40);
        assert_eq!(entries[39], json!({ "id": 40, "name": "N40", "color": null, "assistants_count": 1 }));
        assert_eq!(stub.requests(), 3, "pages are counted");
        stage.stop().await;
    }
}

#[tokio::test]
async fn the_last_copy_is_served_with_its_age_through_an_outage() {
    let stage = Stage::edited("", |text| {
        let lines = "[vendors.autocalls]\ncatalog_ttl = \"50ms\"\nretry = { max_attempts = 1 }\n";
        text.replace("[vendors.autocalls]\n", lines)
    })
    .await;
    let path = "/v1/vendors/autocalls/catalogs/voices";
    let before = get(&stage, path).await;
    stage.fail("autocalls", &["status=503@get"]);
    // Until the copy is a second old, so that its age shows.
    eventually(PATIENCE, async || {
        let body = get(&stage, path).await;
        assert_eq!(body["data"], before["data"]);
        (body["age"].as_u64() >= Some(1) && stage.simulator("autocalls").received().len() > 2).then_some(())
    })
    .await;
    let body = get(&stage, "/v1/vendors/autocalls/catalogs").await;
    assert_eq!(body["catalogs"][1]["entries"], 4);
    stage.fail("autocalls", &[]);
    eventually(PATIENCE, async || (get(&stage, path).await["age"] == 0).then_some(())).await;
    stage.stop().await;
}

#[tokio::test]
async fn two_accounts_of_a_vendor_do_not_mix() {
    let stub = Stub::routing(|_, head| {
        let name = if head.contains("Bearer sim-sondos") { "Old" } else { "New" };
        (OK, json!([{ "id": 1, "name": name }]).to_string())
    })
    .await;
    let other = stub.vendor("other", "autocalls").replace("TOKEN_AUTOCALLS", "TOKEN_SONDOS");
    let stage = Stage::with(&format!("{}{other}", stub.vendor("one", "autocalls"))).await;
    for (vendor, name) in [("one", "New"), ("other", "Old"), ("one", "New")] {
        assert_eq!(names(&get(&stage, &format!("/v1/vendors/{vendor}/catalogs/voices")).await), [name], "{vendor}");
    }
    assert_eq!(stub.requests(), 2);
    stage.stop().await;
}

#[tokio::test]
async fn a_walk_goes_on_where_it_was_when_the_list_changes_meanwhile() {
    let rows = Arc::new(Mutex::new((1..=10).collect::<Vec<u32>>()));
    let (shown, changed) = (Arc::clone(&rows), Arc::new(AtomicBool::new(false)));
    let served = Arc::clone(&changed);
    let stub = Stub::routing(move |_, _| {
        let rows: Vec<_> =
            shown.lock().unwrap().iter().map(|id| json!({ "id": id, "name": format!("V{id}") })).collect();
        served.store(rows.len() != 10, Ordering::SeqCst);
        (OK, json!(rows).to_string())
    })
    .await;
    let stage = behind(&stub, "sondos", "catalog_ttl = \"1ms\"\n").await;
    let path = "/v1/vendors/odd/catalogs/voices";
    let first = get(&stage, &format!("{path}?limit=5")).await;
    let cursor = first["next_cursor"].as_str().unwrap().to_owned();
    *rows.lock().unwrap() = [20, 21, 22].into_iter().chain(1..=10).collect();
    eventually(PATIENCE, async || (get(&stage, path).await["data"].as_array().unwrap().len() == 13).then_some(()))
        .await;
    assert!(changed.load(Ordering::SeqCst));
    let rest = get(&stage, &format!("{path}?limit=100&cursor={cursor}")).await;
    assert_eq!(names(&rest), ["V6", "V7", "V8", "V9", "V10"]);
    stage.stop().await;
}

#[tokio::test]
async fn head_says_what_get_says_and_openapi_describes_both_paths() {
    let stage = Stage::new().await;
    let api = get(&stage, "/openapi.json").await;
    for (path, template) in [
        ("/v1/vendors/autocalls/catalogs", "/v1/vendors/{vendor}/catalogs"),
        ("/v1/vendors/autocalls/catalogs/voices", "/v1/vendors/{vendor}/catalogs/{kind}"),
    ] {
        let (read, head) = (stage.get(path).await, stage.call(Method::HEAD, path, &[], "").await);
        assert_eq!((head.status, head.body.len()), (read.status, 0));
        let mut schema =
            api["paths"][template]["get"]["responses"]["200"]["content"]["application/json"]["schema"].clone();
        schema["components"] = api["components"].clone();
        let validator = jsonschema::validator_for(&schema).unwrap_or_else(|error| panic!("{error}"));
        let complaints: Vec<_> = validator.iter_errors(&read.json()).map(|error| error.to_string()).collect();
        assert!(complaints.is_empty(), "{complaints:?}");
    }
    stage.stop().await;
}
