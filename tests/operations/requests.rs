//! The last requests, one of them, and the search, at the admin listener and in the console.

use http::{Method, StatusCode};
use serde_json::Value;

use crate::support::{PATIENCE, Reply, Stage, eventually};

async fn get(stage: &Stage, path: &str) -> Value {
    let reply = stage.admin(Method::GET, path).await;
    assert_eq!(reply.status, StatusCode::OK, "{path}: {reply:?}");
    reply.json()
}

/// A request of that id that changes nothing.
async fn look(stage: &Stage, id: &str) {
    let reply = stage.call(Method::GET, "/v1/vendors", &[("x-request-id", id)], "").await;
    assert_eq!(reply.status, StatusCode::OK);
}

async fn put(stage: &Stage, assistant: &str, id: &str) -> Reply {
    stage.put_with(assistant, &[("x-request-id", id)], r#"{"name": "a"}"#).await
}

fn ids(list: &Value) -> Vec<&str> {
    list["data"].as_array().unwrap().iter().map(|request| request["request_id"].as_str().unwrap()).collect()
}

/// Where the console leads with a searched text.
async fn found(stage: &Stage, q: &str) -> Option<String> {
    let reply = stage.admin(Method::GET, &format!("/console/find?q={q}")).await;
    assert!([StatusCode::OK, StatusCode::SEE_OTHER].contains(&reply.status), "{reply:?}");
    let to = get(stage, &format!("/admin/find?q={q}")).await["to"].as_str().map(str::to_owned);
    assert_eq!(reply.header("location"), to.as_deref(), "{q}");
    to
}

#[tokio::test]
async fn a_request_that_stands_on_the_third_page_is_found_by_the_filter() {
    let stage = Stage::of(&["sondos"], "", |text| text).await;
    look(&stage, "the-needle").await;
    for number in 0..240 {
        look(&stage, &format!("hay-{number}")).await;
    }
    let (mut path, mut pages, mut seen) = ("/admin/requests?limit=100".to_owned(), Vec::new(), 0);
    loop {
        let list = get(&stage, &path).await;
        assert_eq!((list["matched"].as_u64(), list["reasons"]["ok"].as_u64()), (Some(241), Some(241)));
        seen += ids(&list).len();
        pages.push(ids(&list).contains(&"the-needle"));
        let Some(cursor) = list["next_cursor"].as_str() else { break };
        path = format!("/admin/requests?limit=100&cursor={cursor}");
    }
    assert_eq!((pages, seen), (vec![false, false, true], 241));
    for filter in ["q=NEEDLE", "q=the-needle&status=2xx&reason=ok&min_ms=0&since=1h"] {
        let list = get(&stage, &format!("/admin/requests?limit=5&{filter}")).await;
        assert_eq!((ids(&list), list["matched"].as_u64()), (vec!["the-needle"], Some(1)), "{filter}");
    }
    let page = stage.admin(Method::GET, "/console/requests?q=the-needle").await;
    assert!(page.status.is_success() && String::from_utf8_lossy(&page.body).contains("request?id=the%2Dneedle"));
    assert_eq!(found(&stage, "the-needle").await.as_deref(), Some("request?id=the%2Dneedle"));
    assert_eq!(found(&stage, "hay-2").await.as_deref(), Some("request?id=hay%2D2"));
    assert_eq!(found(&stage, "ay-2").await.as_deref(), Some("requests?q=ay%2D2"));
    stage.stop().await;
}

#[tokio::test]
async fn requests_are_counted_by_reason_and_by_minute_and_one_shows_its_way() {
    let extra = "[assistants]\nsales-bot = { vendor = \"sondos\", id = 789 }\n[vendors.sondos.retry]\nmax_attempts = 2\n\
                 backoff = \"10ms\"\n";
    let stage = Stage::of(&["sondos"], extra, |text| text).await;
    assert_eq!(put(&stage, "sales-bot", "good").await.status, StatusCode::OK);
    stage.put_with("sondos:789", &[("x-request-id", "wrong")], r#"{"nme": "a"}"#).await.problem("validation_failed");
    stage.fail("sondos", &["status=503"]);
    put(&stage, "sales-bot", "bad").await.problem("vendor_error");

    let list = get(&stage, "/admin/requests").await;
    assert_eq!(ids(&list), ["bad", "wrong", "good"]);
    assert_eq!(list["reasons"], serde_json::json!({ "ok": 1, "validation_failed": 1, "vendor_error": 1 }));
    let minutes = list["minutes"].as_array().unwrap();
    let sum = |member: &str| minutes.iter().map(|minute| minute[member].as_u64().unwrap()).sum::<u64>();
    assert_eq!((minutes.len(), sum("requests"), sum("refused"), sum("failed")), (60, 3, 1, 1));
    for (filter, expected) in [
        ("status=5xx", &["bad"][..]),
        ("status=200,422", &["wrong", "good"]),
        ("outcome=applied", &["good"]),
        ("vendor=sondos&operation=update", &["bad", "wrong", "good"]),
        ("assistant=sondos:789", &["bad", "wrong", "good"]),
        ("assistant=sales-bot&reason=ok,vendor_error", &["bad", "good"]),
        ("client=crm", &[]),
        ("until=2020-01-01T00:00:00Z", &[]),
        ("after=1", &["wrong", "bad"]),
        ("after=1&limit=1", &["wrong"]),
    ] {
        let list = get(&stage, &format!("/admin/requests?{filter}")).await;
        assert_eq!(ids(&list), expected, "{filter}");
    }

    let one = get(&stage, "/admin/request?id=bad").await;
    assert_eq!((&one["request"]["attempts"], &one["problem"]["fault"]), (&2.into(), &"vendor".into()));
    let steps: Vec<_> = one["way"].as_array().unwrap().iter().collect();
    let attempts: Vec<_> = steps.iter().filter(|step| step["step"] == "attempt").map(|step| &step["ended"]).collect();
    assert_eq!(attempts, ["503", "503"]);
    assert!(steps.iter().any(|step| step["step"] == "wait" && step["ms"].as_f64() > Some(0.0)), "{steps:?}");
    let total: f64 = steps.iter().map(|step| step["ms"].as_f64().unwrap()).sum();
    assert!((total - one["request"]["total_ms"].as_f64().unwrap()).abs() < 0.1, "{one:#}");
    let neighbours = serde_json::json!({ "data": one["neighbours"] });
    assert_eq!(ids(&neighbours), ["wrong", "good"]);
    let page = stage.admin(Method::GET, "/console/request?id=bad").await;
    let page = String::from_utf8_lossy(&page.body);
    assert!(page.contains("attempt 2: 503") && page.contains("the vendor's"), "{page}");
    let good = get(&stage, "/admin/request?id=good").await;
    assert_eq!(good["request"]["applied_fields"], serde_json::json!(["name"]));

    let lines = stage.admin(Method::GET, "/admin/requests?format=ndjson&outcome=applied").await;
    assert_eq!(lines.header("content-type"), Some("application/x-ndjson"));
    let text = String::from_utf8(lines.body.to_vec()).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((lines.len(), &lines[0]["request_id"]), (1, &"good".into()));
    for (q, to) in [
        ("sales-bot", "assistant?name=sales%2Dbot"),
        ("sondos:789", "assistant?name=sondos%3A789"),
        ("sondos", "vendor?name=sondos"),
    ] {
        assert_eq!(found(&stage, q).await.as_deref(), Some(to));
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_time_before_all_times_is_the_first_one_and_texts_do_not_run_into_each_other() {
    let stage = Stage::of(&["sondos"], "", |text| text).await;
    look(&stage, "first").await;
    for query in ["since=60y", "since=60y&until=1s&format=ndjson"] {
        let reply = stage.admin(Method::GET, &format!("/admin/requests?{query}")).await;
        assert_eq!(reply.status, StatusCode::OK, "{query}: {reply:?}");
    }
    put(&stage, "sondos:789", "second").await;
    for (q, found) in [("second", 1), ("secondsondos", 0), ("sondossondos", 0), ("sondos:789", 1)] {
        let list = get(&stage, &format!("/admin/requests?q={q}")).await;
        assert_eq!(list["matched"].as_u64(), Some(found), "{q}: {list:#}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn what_a_query_gets_wrong_is_named() {
    let stage = Stage::of(&["sondos"], "", |text| text).await;
    for (path, detail) in [
        ("requests?vender=x", "the query parameter `vender` is unknown; did you mean `vendor`?"),
        (
            "requests?reason=vendor_timeot",
            "the query parameter `reason` has the unknown value `vendor_timeot`; did you mean `vendor_timeout`?",
        ),
        (
            "requests?status=6xx",
            "the query parameter `status` must be a status such as `502`, a class such as `5xx`, or several of these with commas between them",
        ),
        ("requests?min_ms=1.5", "the query parameter `min_ms` must be a whole number of milliseconds, such as `500`"),
        (
            "requests?since=yesterday",
            "the query parameter `since` must be a time of RFC 3339 in UTC, such as `2026-01-31T08:00:00Z`, or how long ago it is, such as `15m`",
        ),
        ("requests?cursor=x", "the query parameter `cursor` must be the `sequence` of a request"),
        (
            "requests?cursor=1&after=1",
            "the query parameter `after` must not stand with `cursor`: one goes forwards, the other backwards",
        ),
        ("requests?format=csv", "the query parameter `format` must be `json` or `ndjson`"),
        ("requests?limit=1001", "the query parameter `limit` must be a number from 1 to 1000"),
        (
            "request",
            "the query parameter `id` must be the id of a request: at most 128 letters, digits, `.`, `_` and `-`",
        ),
        ("find?q=", "the query parameter `q` must be what is looked for, of 1 to 200 bytes"),
    ] {
        let problem = stage.admin(Method::GET, &format!("/admin/{path}")).await.problem("invalid_request");
        assert_eq!(problem["detail"], detail, "{path}");
    }
    let problem = stage.admin(Method::GET, "/admin/request?id=nowhere-1").await.problem("not_found");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("`nowhere-1`") && detail.contains("audit.file") && detail.contains("[store]"), "{detail}");
    assert_eq!(found(&stage, "nowhere-1").await, None);
    let page = stage.admin(Method::GET, "/console/find?q=%3Cscript%3Ealert(1)%3C/script%3E").await;
    assert!(!String::from_utf8_lossy(&page.body).contains("<script>alert"), "{page:?}");
    stage.stop().await;
}

#[tokio::test]
async fn yesterdays_change_is_found_in_a_rotated_file_of_the_audit_log() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("audit.jsonl");
    let extra = format!("[console]\nrequests = 2\n[audit]\nfile = \"{}\"\nrotate_bytes = 4096\n", file.display());
    let stage = Stage::of(&["sondos"], &extra, |text| text).await;
    for number in 0..40 {
        assert_eq!(put(&stage, "sondos:789", &format!("change-{number:02}")).await.status, StatusCode::OK);
    }
    eventually(PATIENCE, async || {
        let rotated = std::fs::read_to_string(folder.path().join("audit.jsonl.1")).ok()?;
        let text = std::fs::read_to_string(&file).ok()?;
        (!rotated.contains("change-00") && !text.contains("change-00") && text.contains("change-39")).then_some(())
    })
    .await;
    let list = get(&stage, "/admin/requests").await;
    assert_eq!((ids(&list), &list["kept"], &list["last"]), (vec!["change-39", "change-38"], &2.into(), &40.into()));
    assert_eq!(found(&stage, "change-00").await.as_deref(), Some("request?id=change%2D00"));
    let one = get(&stage, "/admin/request?id=change-00").await;
    assert!(one["request"].is_null() && one["audit"]["files"].as_u64() > Some(1), "{one:#}");
    let [event] = one["audit"]["events"].as_array().unwrap().as_slice() else { panic!("{one:#}") };
    assert_eq!((&event["event"], &event["outcome"]), (&"update".into(), &"applied".into()));
    let neighbours = serde_json::json!({ "data": one["neighbours"] });
    assert_eq!(ids(&neighbours), ["change-39", "change-38"]);
    let page = stage.admin(Method::GET, "/console/request?id=change-00").await;
    assert!(
        page.status.is_success() && String::from_utf8_lossy(&page.body).contains("&quot;applied&quot;"),
        "{page:?}"
    );
    // Of one among the last requests the log is read on demand only.
    assert!(get(&stage, "/admin/request?id=change-39").await["audit"].is_null());
    assert_eq!(
        get(&stage, "/admin/request?id=change-39&audit=true").await["audit"]["events"].as_array().unwrap().len(),
        1
    );
    stage.stop().await;
}

#[tokio::test]
async fn without_the_last_requests_a_change_is_found_by_its_record() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let extra = format!("[console]\nrequests = 0\n[store]\nkind = \"sqlite\"\npath = \"{}\"\n", path.display());
    let stage = Stage::of(&["sondos"], &extra, |text| text).await;
    assert_eq!(put(&stage, "sondos:789", "stored-1").await.status, StatusCode::OK);
    let one = eventually(PATIENCE, async || {
        let reply = stage.admin(Method::GET, "/admin/request?id=stored-1").await;
        reply.status.is_success().then(|| reply.json())
    })
    .await;
    let update = one["record"]["update"].as_str().unwrap();
    assert_eq!((&one["record"]["state"], &one["request"]), (&"applied".into(), &Value::Null));
    let link = |page: &str, id: &str| format!("{page}?id={}", id.replace('-', "%2D"));
    assert_eq!(found(&stage, update).await, Some(link("update", update)));
    assert_eq!(found(&stage, "stored-1").await, Some(link("request", "stored-1")));
    let list = get(&stage, "/admin/requests").await;
    assert_eq!((&list["kept"], &list["held"], ids(&list).len()), (&0.into(), &0.into(), 0));
    let page = stage.admin(Method::GET, "/console/requests").await;
    assert!(String::from_utf8_lossy(&page.body).contains("No requests are kept here."), "{page:?}");
    stage.stop().await;
}
