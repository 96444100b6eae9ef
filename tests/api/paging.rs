//! Lists that have no page numbers: cursors in the query of a GET and of a POST, and windows of time, each over TCP.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::support::Stage;
use crate::support::stub::Stub;

/// How many assistants each vendor has.
const COUNT: usize = 250;

/// The vendors, one for each kind of paging.
const VENDORS: [&str; 3] = ["elevenlabs", "vapi", "retell"];

fn parameter(target: &str, name: &str) -> Option<String> {
    let found = target.split(['?', '&']).find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
    found.map(|value| value.replace("%2F", "/").replace("%3D", "=").replace("%3A", ":"))
}

/// The id of the assistant that is so far from the first one.
fn id(vendor: &str, index: usize) -> String {
    match vendor {
        "vapi" => format!("00000000-0000-4000-8000-{index:012}"),
        _ => format!("agent_{index:04}"),
    }
}

/// The time of an assistant: three each have the same.
fn time(index: usize) -> String {
    let seconds = 10_000 - index / 3;
    format!("2026-01-01T{:02}:{:02}:{:02}.000Z", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// One element of a vendor's list.
fn element(vendor: &str, index: usize) -> Value {
    let (id, name) = (id(vendor, index), format!("Bot {index}"));
    match vendor {
        "elevenlabs" => json!({ "agent_id": id, "name": name, "tags": [], "archived": false }),
        "vapi" => json!({ "id": id, "name": name, "createdAt": time(index), "orgId": "o" }),
        _ => json!({ "agent_id": id, "agent_name": name, "channel": "voice", "tags": {} }),
    }
}

/// A vendor's answer to a request for a page, as its documentation has it.
fn answer(vendor: &str, target: &str, request: &str) -> (&'static str, String) {
    let refused = |why: &str| ("400 Bad Request", json!({ "message": why }).to_string());
    let size = |name: &str| parameter(target, name).and_then(|size| size.parse::<usize>().ok()).unwrap_or(30);
    let cursor = |name: &str| match parameter(target, name) {
        None => Some(0),
        Some(cursor) => cursor.strip_prefix("after/")?.strip_suffix('=')?.parse::<usize>().ok(),
    };
    let head = request.to_lowercase();
    let page = |start: usize, size: usize| -> (Vec<Value>, Option<String>) {
        let end = COUNT.min(start + size);
        ((start..end).map(|index| element(vendor, index)).collect(), (end < COUNT).then(|| format!("after/{end}=")))
    };
    match vendor {
        "elevenlabs" => {
            let has_token = head.contains("\r\nxi-api-key: ") && !head.contains("\r\nauthorization: ");
            if !target.starts_with("/api/v1/convai/agents?") || !has_token {
                return refused("no such request");
            }
            let Some(start) = cursor("cursor") else { return refused("invalid cursor") };
            let (agents, next) = page(start, size("page_size").min(100));
            ("200 OK", json!({ "agents": agents, "has_more": next.is_some(), "next_cursor": next }).to_string())
        }
        "vapi" => {
            if !target.starts_with("/api/assistant?") || !head.contains("\r\nauthorization: bearer ") {
                return refused("no such request");
            }
            let before = parameter(target, "createdAtLt");
            let is_before = |index: &usize| before.as_ref().is_none_or(|before| time(*index) < *before);
            let found = (0..COUNT).filter(is_before).take(size("limit"));
            ("200 OK", Value::from(found.map(|index| element(vendor, index)).collect::<Vec<_>>()).to_string())
        }
        _ => {
            let filters =
                request.ends_with(r#"{"filter_criteria":{"channel":{"type":"string","op":"eq","value":"voice"}}}"#);
            if !request.starts_with("POST /api/v2/list-agents?") || !filters {
                return refused("no such request");
            }
            let Some(start) = cursor("pagination_key") else { return refused("invalid pagination key") };
            let (items, next) = page(start, size("limit").min(1000));
            let mut body = json!({ "items": items, "has_more": next.is_some() });
            if let Some(next) = next {
                body["pagination_key"] = json!(next);
            }
            ("200 OK", body.to_string())
        }
    }
}

/// A gateway with one account `v` of a vendor.
async fn stage(stub: &Stub, vendor: &str, more: &str) -> Stage {
    let table = stub.vendor("v", vendor).replace(&format!("TOKEN_{}", vendor.to_uppercase()), "TOKEN_SONDOS");
    Stage::of(&["sondos"], &(table + more), |text| text).await
}

/// All ids of the list, read in answers of `limit`, and how often the vendor was asked for each.
async fn all(stage: &Stage, stub: &Stub, limit: usize) -> (Vec<String>, Vec<usize>) {
    let (mut ids, mut asked, mut cursor) = (Vec::new(), Vec::new(), String::new());
    loop {
        let before = stub.requests();
        let page = stage.get(&format!("/v1/assistants?vendor=v&limit={limit}{cursor}")).await.json();
        asked.push(stub.requests() - before);
        let data = page["data"].as_array().unwrap_or_else(|| panic!("{page:#}"));
        ids.extend(data.iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (ids, asked),
        }
    }
}

fn expected(vendor: &str) -> Vec<String> {
    (0..COUNT).map(|index| id(vendor, index)).collect()
}

#[tokio::test]
async fn a_list_is_read_to_its_end_whichever_way_it_is_paged() {
    for vendor in VENDORS {
        let stub = Stub::routing(move |target, request| answer(vendor, target, request)).await;
        let copied = stage(&stub, vendor, "list_ttl = \"10m\"\n").await;
        for limit in [200, 33] {
            assert_eq!(all(&copied, &stub, limit).await.0, expected(vendor), "{vendor} {limit}");
        }
        assert_eq!(stub.requests(), 3, "{vendor}: the second time all pages are in the copy");
        copied.stop().await;
    }
}

#[tokio::test]
async fn a_list_goes_on_at_a_page_without_the_pages_before_it() {
    for vendor in VENDORS {
        let stub = Stub::routing(move |target, request| answer(vendor, target, request)).await;
        let stage = stage(&stub, vendor, "list_ttl = \"0s\"\n").await;
        let (ids, asked) = all(&stage, &stub, 40).await;
        assert_eq!(ids, expected(vendor), "{vendor}");
        assert!(asked.iter().all(|asked| *asked <= 2), "{vendor}: {asked:?}");
        assert!(asked.iter().sum::<usize>() <= 10, "{vendor}: {asked:?}");
        stage.stop().await;
    }
}

#[tokio::test]
async fn a_cursor_that_the_vendor_has_forgotten_is_found_again() {
    for vendor in ["elevenlabs", "retell"] {
        let is_forgotten = Arc::new(AtomicUsize::new(usize::MAX));
        let (forgotten, asked) = (Arc::clone(&is_forgotten), AtomicUsize::new(0));
        let stub = Stub::routing(move |target, request| {
            let number = asked.fetch_add(1, Ordering::SeqCst);
            let is_old = target.contains("after") && number == forgotten.load(Ordering::SeqCst);
            match is_old {
                true => ("400 Bad Request", r#"{"message":"the cursor has expired"}"#.to_owned()),
                false => answer(vendor, target, request),
            }
        })
        .await;
        let stage = stage(&stub, vendor, "list_ttl = \"0s\"\n").await;
        let first = stage.get("/v1/assistants?vendor=v&limit=150").await.json();
        assert_eq!(first["data"].as_array().unwrap().len(), 150, "{first:#}");
        is_forgotten.store(stub.requests(), Ordering::SeqCst);
        let next = first["next_cursor"].as_str().unwrap();
        let rest = stage.get(&format!("/v1/assistants?vendor=v&limit=150&cursor={next}")).await.json();
        let ids: Vec<_> = rest["data"].as_array().unwrap_or_else(|| panic!("{rest:#}")).iter().collect();
        assert_eq!((ids.len(), ids[0]["id"].as_str()), (100, Some(&*id(vendor, 150))), "{vendor}");
        assert_eq!(stub.requests(), 2 + 1 + 3, "{vendor}: the refusal, and all pages");
        stage.stop().await;
    }
}

#[tokio::test]
async fn pages_that_are_too_long_are_read_in_smaller_ones() {
    for vendor in VENDORS {
        let stub = Stub::routing(move |target, request| {
            let size = ["page_size", "limit"].iter().find_map(|name| parameter(target, name)?.parse::<usize>().ok());
            match size {
                Some(size) if size > 30 => ("200 OK", format!("{{\"pad\":\"{}\"}}", "x".repeat(1 << 20))),
                _ => answer(vendor, target, request),
            }
        })
        .await;
        let stage = stage(&stub, vendor, "list_ttl = \"0s\"\n").await;
        assert_eq!(all(&stage, &stub, 70).await.0, expected(vendor), "{vendor}");
        stage.stop().await;
    }
}

#[tokio::test]
async fn a_list_that_does_not_come_to_an_end_is_an_error_and_never_short() {
    let ignoring: fn(&str) -> (&'static str, String) = |vendor| {
        let target = match vendor {
            "elevenlabs" => "/api/v1/convai/agents?page_size=100",
            "vapi" => "/api/assistant?limit=100",
            _ => "/api/v2/list-agents?limit=100",
        };
        let header = if vendor == "elevenlabs" { "xi-api-key: " } else { "authorization: bearer " };
        let request = "POST /api/v2/list-agents?\r\nHEADER\r\n\r\n\
                       {\"filter_criteria\":{\"channel\":{\"type\":\"string\",\"op\":\"eq\",\"value\":\"voice\"}}}";
        answer(vendor, target, &request.replace("HEADER", header))
    };
    for vendor in VENDORS {
        let stub = Stub::routing(move |_, _| ignoring(vendor)).await;
        let stage = stage(&stub, vendor, "").await;
        stage.get("/v1/assistants?vendor=v&limit=200").await.problem("vendor_bad_response");
        assert_eq!(stub.requests(), 2, "{vendor}: the second page is the first");
        stage.stop().await;
    }
    // A circle of three cursors.
    let stub = Stub::routing(|target, _| {
        let (agent, next) = match parameter(target, "cursor").as_deref() {
            None | Some("c") => ("agent_1", "a"),
            Some("a") => ("agent_2", "b"),
            _ => ("agent_3", "c"),
        };
        let body = json!({ "agents": [{ "agent_id": agent }], "has_more": true, "next_cursor": next });
        ("200 OK", body.to_string())
    })
    .await;
    let circle = stage(&stub, "elevenlabs", "").await;
    circle.get("/v1/assistants?vendor=v&limit=200").await.problem("vendor_bad_response");
    assert_eq!(stub.requests(), 4);
    circle.stop().await;
    // The oldest first.
    let stub = Stub::routing(|_, _| {
        let list: Vec<_> = (0..100).rev().map(|index| element("vapi", index)).collect();
        ("200 OK", Value::from(list).to_string())
    })
    .await;
    let wrong = stage(&stub, "vapi", "").await;
    wrong.get("/v1/assistants?vendor=v&limit=200").await.problem("vendor_bad_response");
    wrong.stop().await;
}

#[tokio::test]
async fn a_page_without_an_assistant_is_not_the_end() {
    let is_empty = AtomicBool::new(false);
    let stub = Stub::routing(move |target, request| {
        let (status, body) = answer("elevenlabs", target, request);
        let mut body: Value = serde_json::from_str(&body).unwrap();
        if is_empty.fetch_xor(true, Ordering::SeqCst) {
            body["agents"] = json!([]);
        }
        (status, body.to_string())
    })
    .await;
    let stage = stage(&stub, "elevenlabs", "").await;
    let (ids, _) = all(&stage, &stub, 200).await;
    assert_eq!(ids.len(), 150, "the second of three pages is empty");
    stage.stop().await;
}

#[tokio::test]
async fn a_part_of_a_name_selects_among_parts_of_assistants() {
    for vendor in ["vapi", "retell"] {
        let stub = Stub::routing(move |target, request| answer(vendor, target, request)).await;
        let stage = stage(&stub, vendor, "").await;
        let page = stage.get("/v1/assistants?vendor=v&name=BOT%2024&limit=200").await.json();
        let data = page["data"].as_array().unwrap_or_else(|| panic!("{page:#}"));
        let found: Vec<_> = data.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
        let expected: Vec<_> = [24].into_iter().chain(240..COUNT).map(|index| id(vendor, index)).collect();
        assert_eq!(found, expected, "{vendor}");
        assert_eq!(data[0]["fields"]["name"], "Bot 24", "{vendor}");
        if vendor == "retell" {
            assert_eq!(data[0]["fields"], json!({ "name": "Bot 24" }), "what the list does not tell is absent");
        }
        let none = stage.get("/v1/assistants?vendor=v&type=inbound").await.json();
        assert_eq!(none["data"], json!([]), "{vendor}");
        stage.stop().await;
    }
}

#[tokio::test]
async fn a_key_in_a_header_of_its_own_is_shown_nowhere() {
    let stub = Stub::routing(|_, request| {
        let token = request.lines().find_map(|line| line.strip_prefix("xi-api-key: ")).unwrap_or("none");
        let body = json!({ "detail": { "status": "invalid_api_key", "message": format!("{token} is no key") } });
        ("401 Unauthorized", body.to_string())
    })
    .await;
    let stage = stage(&stub, "elevenlabs", "").await;
    let token = stage.simulator("sondos").token().to_owned();
    let listed = stage.get("/v1/assistants?vendor=v").await;
    assert!(stub.received()[0].contains(&format!("xi-api-key: {token}\r\n")), "{:?}", stub.received());
    listed.problem("vendor_credentials_rejected");
    assert!(!String::from_utf8_lossy(&listed.body).contains(&token));
    let update = r#"{"vendor_options":{"v":{"tags":["a"]}}}"#;
    let shown = stage.put("v:agent_1?dry_run=true", update).await;
    let text = String::from_utf8_lossy(&shown.body).into_owned();
    assert!(text.contains(r#""xi-api-key":"[redacted]""#), "{text}");
    assert!(!text.contains(&token) && !text.to_lowercase().contains("authorization"), "{text}");
    stage.stop().await;
}

#[tokio::test]
async fn an_id_in_another_spelling_is_refused_with_the_right_one() {
    let stub = Stub::routing(|target, request| answer("vapi", target, request)).await;
    let stage = stage(&stub, "vapi", "").await;
    for other in ["ABCDEF00-0000-4000-8000-00000000000A", "abcdef00-0000-4000-8000-00000000000A"] {
        let problem = stage.get(&format!("/v1/assistants/v:{other}")).await.problem("invalid_request");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("where ids are UUIDs in lower case"), "{detail}");
        assert!(detail.contains("did you mean `v:abcdef00-0000-4000-8000-00000000000a`?"), "{detail}");
    }
    let problem = stage.get("/v1/assistants/v:agent_1").await.problem("invalid_request");
    assert!(!problem["detail"].as_str().unwrap().contains("did you mean"), "{problem}");
    assert_eq!(stub.requests(), 0);
    stage.stop().await;
}

#[tokio::test]
async fn a_deletion_is_confirmed_by_nothing_or_by_the_object_that_is_gone() {
    let gone = json!({ "id": id("vapi", 1), "name": "x", "status": "failed", "error": "of its last call" });
    for (vendor, status, body) in [
        ("vapi", "200 OK", gone.to_string()),
        ("retell", "204 No Content", String::new()),
        ("elevenlabs", "200 OK", String::new()),
        ("elevenlabs", "200 OK", "null".to_owned()),
    ] {
        let stub = Stub::routing(move |_, _| (status, body.clone())).await;
        let stage = stage(&stub, vendor, "").await;
        let assistant = format!("/v1/assistants/v:{}", id(vendor, 1));
        let reply = stage.call(http::Method::DELETE, &assistant, &[], "").await;
        assert_eq!(reply.status, 200, "{vendor} {status}: {:#}", reply.json());
        assert!(stub.received()[0].starts_with("DELETE "), "{:?}", stub.received());
        stage.stop().await;
    }
}
