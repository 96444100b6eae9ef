//! Reading one assistant and listing many.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{Reply, Stage};

/// How many assistants each vendor lists: three pages.
const LISTED: u64 = 250;

async fn read(stage: &Stage, assistant: &str, headers: &[(&str, &str)]) -> Reply {
    stage.call(Method::GET, &format!("/v1/assistants/{assistant}"), headers, "").await
}

async fn list(stage: &Stage, query: &str) -> Value {
    let reply = stage.get(&format!("/v1/assistants{query}")).await;
    assert_eq!(reply.status, 200, "{query}: {reply:?}");
    reply.json()
}

/// Follows `next_cursor` to the end; the names of all assistants, and the last page.
async fn walked(stage: &Stage, query: &str) -> (Vec<String>, Value) {
    let (mut names, mut cursor) = (Vec::new(), String::new());
    for _ in 0..1000 {
        let page = list(stage, &format!("{query}{cursor}")).await;
        names.extend(page["data"].as_array().unwrap().iter().map(|one| one["assistant"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (names, page),
        }
    }
    panic!("the list has no end");
}

#[tokio::test]
async fn an_assistant_is_read_at_every_vendor_and_what_was_read_can_be_written_back() {
    let stage = Stage::new().await;
    for vendor in simulators::NAMES {
        let assistant = format!("{vendor}:7");
        let update = r#"{"name":"Night desk","max_duration":600}"#;
        assert_eq!(stage.put(&assistant, update).await.status, 200);
        let reply = read(&stage, &assistant, &[]).await;
        assert_eq!(reply.status, 200, "{vendor}: {reply:?}");
        let body = reply.json();
        assert_eq!((&body["assistant"], &body["vendor"], &body["id"]), (&json!(assistant), &json!(vendor), &json!(7)));
        assert_eq!((&body["fields"]["name"], &body["fields"]["max_duration"]), (&json!("Night desk"), &json!(600)));
        assert_eq!(body["request_id"].as_str(), reply.header("x-request-id"));
        assert!(body["attempts"].as_u64().unwrap() > 0 && body.get("vendor_fields").is_none(), "{body:#}");
        let tag = reply.header("etag").unwrap().to_owned();
        let strict = [("prefer", "handling=strict"), ("if-match", tag.as_str())];
        let again = stage.put_with(&assistant, &strict, body["fields"].to_string()).await;
        assert_eq!(again.status, 200, "{vendor}: {again:?}");
        assert_eq!(read(&stage, &assistant, &[]).await.header("etag"), Some(&*tag), "{vendor}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_tag_names_the_state_whatever_else_the_answer_holds() {
    let stage = Stage::listing(LISTED, &["sondos"], "", |text| text).await;
    let first = read(&stage, "sondos:7", &[]).await;
    let tag = first.header("etag").unwrap().to_owned();
    for (headers, status) in [
        (vec![("if-none-match", tag.clone())], 304),
        (vec![("if-none-match", format!("W/{tag}"))], 304),
        (vec![("if-none-match", "*".to_owned())], 304),
        (vec![("if-none-match", format!("\"other\", {tag}"))], 304),
        (vec![("if-none-match", "\"other\"".to_owned())], 200),
        (vec![("if-match", tag.clone())], 200),
        (vec![("if-match", "*".to_owned())], 200),
        (vec![("if-match", format!("W/{tag}"))], 412),
        (vec![("if-match", "\"other\"".to_owned())], 412),
        // RFC 9110, 13.2.2: `If-Match` comes first.
        (vec![("if-match", "\"other\"".to_owned()), ("if-none-match", tag.clone())], 412),
        (vec![("if-match", tag.clone()), ("if-none-match", tag.clone())], 304),
        (vec![("if-none-match", tag.trim_matches('"').to_owned())], 400),
    ] {
        let sent: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let reply = read(&stage, "sondos:7?include=vendor", &sent).await;
        assert_eq!(reply.status, status, "{headers:?}: {reply:?}");
        assert_eq!(reply.header("etag"), (status != 400).then_some(&*tag), "{headers:?}");
        match status {
            304 => assert!(reply.body.is_empty() && reply.header("content-type").is_none(), "{reply:?}"),
            412 => assert_eq!(reply.problem("precondition_failed")["vendor"], "sondos"),
            400 => drop(reply.problem("invalid_request")),
            _ => assert!(reply.json()["vendor_fields"].is_object()),
        }
    }
    assert_eq!(stage.put("sondos:7", r#"{"name":"Another"}"#).await.status, 200);
    let changed = read(&stage, "sondos:7", &[("if-none-match", &tag)]).await;
    assert_eq!((changed.status.as_u16(), &changed.json()["fields"]["name"]), (200, &json!("Another")));
    assert_ne!(changed.header("etag"), Some(&*tag));
    let head = stage.call(Method::HEAD, "/v1/assistants/sondos:7", &[], "").await;
    assert_eq!((head.status.as_u16(), head.header("etag")), (200, changed.header("etag")));
    stage.stop().await;
}

#[tokio::test]
async fn one_that_the_vendor_does_not_have_is_not_found_after_all_pages() {
    let stage = Stage::listing(LISTED, &["sondos"], "", |text| text).await;
    let problem = read(&stage, "sondos:123456", &[]).await.problem("assistant_not_found");
    assert_eq!((&problem["vendor"], &problem["outcome"]), (&json!("sondos"), &json!("not_applied")));
    assert_eq!(problem["attempts"], 3, "{problem:#}");
    read(&stage, "sondos:7?include=all", &[]).await.problem("invalid_request");
    read(&stage, "nowhere:7", &[]).await.problem("unknown_assistant");
    stage.stop().await;
}

#[tokio::test]
async fn readers_share_a_copy_that_every_write_drops() {
    let edit = |text: String| {
        let sondos = text.replace("[vendors.sondos]\n", "[vendors.sondos]\nlist_ttl = \"10m\"\n");
        sondos.replace("[vendors.famulor]\n", "[vendors.famulor]\nlist_ttl = \"0s\"\n")
    };
    let stage = Stage::listing(LISTED, &["famulor", "sondos"], "", edit).await;
    let sent = |vendor: &str| stage.simulator(vendor).received().iter().filter(|one| one.method == "GET").count();
    for _ in 0..3 {
        read(&stage, "sondos:7", &[]).await;
        read(&stage, "famulor:7", &[]).await;
    }
    assert_eq!((sent("sondos"), sent("famulor")), (1, 3));
    assert_eq!(read(&stage, "sondos:7", &[]).await.json()["attempts"], 0);
    assert_eq!(read(&stage, "sondos:7", &[("if-match", "*")]).await.json()["attempts"], 1, "a condition reads anew");
    assert_eq!(stage.put("sondos:8", r#"{"name":"x"}"#).await.status, 200);
    assert_eq!(read(&stage, "sondos:8", &[]).await.json()["fields"]["name"], "x");
    stage.stop().await;
}

#[tokio::test]
async fn a_list_holds_every_assistant_once_by_vendor_and_then_in_the_vendors_order() {
    let extra = "[assistants.sales-bot]\nvendor = \"sondos\"\nid = \"7\"\n\
                 [assistants.also-sales]\nvendor = \"sondos\"\nid = \"7\"\n";
    let stage = Stage::listing(LISTED, &["famulor", "sondos"], extra, |text| text).await;
    for limit in [40, 200] {
        let (names, last) = walked(&stage, &format!("?limit={limit}")).await;
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "none is there twice");
        assert_eq!(names.len(), 500);
        let vendors: Vec<_> = names.iter().map(|name| name.starts_with("famulor")).collect();
        assert!(vendors.is_sorted_by(|one, next| one >= next), "by vendor");
        assert!(names.contains(&"also-sales".to_owned()) && !names.contains(&"sondos:7".to_owned()));
        let complete = json!([{ "vendor": "famulor", "complete": true }, { "vendor": "sondos", "complete": true }]);
        assert_eq!(last["vendors"], complete);
    }
    assert_eq!(stage.put("sondos:1", r#"{"name":"x"}"#).await.status, 200, "the copy is dropped");
    stage.fail("sondos", &["oversized@list*2"]);
    let (names, _) = walked(&stage, "?vendor=sondos&limit=60").await;
    assert_eq!((names.len(), names.iter().collect::<BTreeSet<_>>().len()), (250, 250), "smaller pages hold the same");
    let first = list(&stage, "?limit=2").await;
    assert_eq!(first["data"].as_array().map(Vec::len), Some(2));
    let incomplete = json!([{ "vendor": "famulor", "complete": false }, { "vendor": "sondos", "complete": false }]);
    assert_eq!(first["vendors"], incomplete);
    let members: Vec<_> = first["data"][0].as_object().unwrap().keys().cloned().collect();
    assert!(!members.contains(&"request_id".to_owned()) && members.contains(&"fields".to_owned()), "{members:?}");
    stage.stop().await;
}

#[tokio::test]
async fn a_list_has_only_what_is_asked_for() {
    let stage = Stage::listing(LISTED, &["famulor", "sondos"], "", |text| text).await;
    for (assistant, name) in [("sondos:200", "Straße nach Köln"), ("famulor:12", "strasse"), ("sondos:3", "Other")] {
        let update = json!({ "name": name, "type": "inbound" }).to_string();
        assert_eq!(stage.put(assistant, update).await.status, 200);
    }
    let (names, _) = walked(&stage, "?name=k%C3%96LN").await;
    assert_eq!(names, ["sondos:200"]);
    let (names, last) = walked(&stage, "?vendor=famulor&name=STRASSE").await;
    assert_eq!(
        (names, &last["vendors"]),
        (vec!["famulor:12".into()], &json!([{ "vendor": "famulor", "complete": true }]))
    );
    for (query, member) in [("?type=inbound", "type"), ("?type=outbound", "type")] {
        let page = list(&stage, &format!("{query}&limit=200")).await;
        let wanted = query.rsplit('=').next().unwrap();
        assert!(page["data"].as_array().unwrap().iter().all(|one| one["fields"][member] == wanted), "{query}");
    }
    let page = list(&stage, "?status=active&include=vendor&limit=1").await;
    assert!(page["data"][0]["status"] == "active" && page["data"][0]["vendor_fields"].is_object(), "{page:#}");
    assert_eq!(list(&stage, "?status=nothing").await["data"], json!([]));
    for (query, said) in [
        ("?limit=0", "`limit`"),
        ("?limit=201", "`limit`"),
        ("?limit=1&limit=1", "`limit`"),
        ("?type=both", "`type`"),
        ("?include=all", "`include`"),
        ("?cursor=", "`cursor`"),
        ("?cursor=1~1~0~0", "`cursor`"),
        ("?page=2", "`page`"),
        ("?vendor=sondos&vendor=famulor", "`vendor`"),
    ] {
        let problem = stage.get(&format!("/v1/assistants{query}")).await.problem("invalid_request");
        assert!(problem["detail"].as_str().unwrap().contains(said), "{query}: {problem:#}");
    }
    let cursor = list(&stage, "?vendor=sondos&limit=1").await["next_cursor"].take();
    let other = format!("/v1/assistants?vendor=famulor&cursor={}", cursor.as_str().unwrap());
    let problem = stage.get(&other).await.problem("invalid_request");
    assert!(problem["detail"].as_str().unwrap().ends_with("is of another list, not of `famulor`"), "{problem:#}");
    let problem = stage.get("/v1/assistants?vendor=sondoss").await.problem("unknown_assistant");
    assert!(problem["detail"].as_str().unwrap().ends_with("did you mean `sondos`?"), "{problem:#}");
    let conditional = stage.call(Method::GET, "/v1/assistants", &[("if-match", "*")], "").await;
    conditional.problem("invalid_request");
    stage.stop().await;
}

#[tokio::test]
async fn a_vendor_that_cannot_be_read_is_named_and_no_list_is_short() {
    let extra = "[vendors.famulor.retry]\nmax_attempts = 1\n[vendors.sondos.retry]\nmax_attempts = 1\n";
    let edit = |text: String| text.replace("[vendors.sondos]\n", "[vendors.sondos]\nlist_ttl = \"0s\"\n");
    let stage = Stage::listing(LISTED, &["famulor", "sondos"], extra, edit).await;
    stage.fail("famulor", &["status=500@list"]);
    let page = list(&stage, "?limit=3").await;
    let vendors = &page["vendors"];
    assert_eq!((&vendors[0]["vendor"], &vendors[0]["complete"]), (&json!("famulor"), &json!(false)));
    assert_eq!(
        (&vendors[0]["problem"]["code"], &vendors[0]["problem"]["vendor"]),
        (&json!("vendor_error"), &json!("famulor"))
    );
    assert_eq!(page["data"][0]["vendor"], "sondos");
    let (names, last) = walked(&stage, "?limit=200").await;
    assert_eq!(names.len(), 250);
    assert_eq!(
        last["vendors"],
        json!([{ "vendor": "famulor", "complete": false }, { "vendor": "sondos", "complete": true }])
    );
    stage.fail("sondos", &["truncated@list"]);
    let problem = stage.get("/v1/assistants?limit=3&name=nobody").await;
    assert!(problem.status.is_server_error(), "{problem:?}");
    let problem = stage.get("/v1/assistants?vendor=famulor").await.problem("vendor_error");
    assert_eq!(problem["vendor"], "famulor");
    for cut in ["truncated@list", "reset-in-body@list"] {
        stage.fail("sondos", &[cut]);
        let problem = stage.get("/v1/assistants?vendor=sondos").await.problem("vendor_bad_response");
        assert_eq!((&problem["retryable"], &problem["outcome"]), (&json!(true), &json!("not_applied")), "{cut}");
        assert_eq!(problem["attempts"], 1, "{cut}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_client_reads_and_lists_only_what_it_may() {
    let digest = |key: &str| Sha256::digest(key).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let client = |name: &str, rest: &str| format!("[clients.{name}]\nkey_sha256 = \"{}\"\n{rest}\n", digest(name));
    let extra = [
        "[auth]\nmode = \"keys\"\n".to_owned(),
        client("some", "assistants = [\"sales-*\", \"sondos:20?\"]"),
        client("famulor-only", "vendors = [\"famulor\"]"),
        client("writer", "operations = [\"update\"]"),
        "[assistants.sales-bot]\nvendor = \"sondos\"\nid = \"7\"\n".to_owned(),
    ];
    let stage = Stage::listing(LISTED, &["famulor", "sondos"], &extra.concat(), |text| text).await;
    let get = async |key: &str, path: &str| {
        let authorization = format!("Bearer {key}");
        stage.call(Method::GET, path, &[("authorization", &authorization)], "").await
    };
    let some = get("some", "/v1/assistants").await.json();
    let names: Vec<_> = some["data"].as_array().unwrap().iter().map(|one| one["assistant"].clone()).collect();
    assert_eq!(names.len(), 11, "{names:?}");
    assert_eq!(names[0], "sales-bot");
    assert_eq!(get("some", "/v1/assistants/sales-bot").await.status, 200);
    get("some", "/v1/assistants/sondos:8").await.problem("forbidden");
    let only = get("famulor-only", "/v1/assistants?limit=1").await.json();
    assert_eq!(only["vendors"], json!([{ "vendor": "famulor", "complete": false }]));
    for vendor in ["sondos", "nothing"] {
        let problem = get("famulor-only", &format!("/v1/assistants?vendor={vendor}")).await.problem("forbidden");
        assert_eq!(problem["detail"], format!("this client may not use the vendor `{vendor}`"));
    }
    stage.clear();
    for path in ["/v1/assistants", "/v1/assistants/sales-bot", "/v1/assistants/nothing"] {
        let problem = get("writer", path).await.problem("forbidden");
        let expected = "this operation takes `read`, which is not among this client's `operations`";
        assert_eq!(problem["detail"], expected, "{path}");
    }
    stage.assert_nothing_sent();
    stage.stop().await;
}
