//! Long lists of assistants: how often the vendor is asked, and that none is lost, shown twice or cut off.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::Stage;
use crate::support::stub::Stub;

/// The query of a request for a page.
fn page_of(target: &str) -> Option<(usize, usize)> {
    let number = |name: &str| target.split(['?', '&']).find_map(|part| part.strip_prefix(name)?.parse().ok());
    Some((number("page=")?, number("per_page=")?))
}

/// Page `page` of a list with the assistants from 1 to `count`, whose last one has another name after an update.
fn page(count: usize, page: usize, per_page: usize, more: &str, is_updated: bool) -> String {
    let name = |id| if is_updated && id == count { ",\"name\":\"Somebody\"" } else { "" };
    let ids = (page - 1) * per_page + 1..=count.min(page * per_page);
    let data: Vec<_> = ids.map(|id| format!("{{\"id\":{id}{}}}", name(id))).collect();
    let (last, data) = (count.div_ceil(per_page), data.join(","));
    format!("{{\"current_page\":{page},\"data\":[{data}],\"last_page\":{last},\"total\":{count}{more}}}")
}

#[tokio::test]
async fn fifty_callers_read_three_thousand_assistants_with_thirty_requests() {
    let is_updated = AtomicBool::new(false);
    let stub = Stub::routing(move |target, _| {
        let Some((number, per_page)) = page_of(target) else {
            is_updated.store(true, Ordering::SeqCst);
            return ("200 OK", r#"{"message":"Assistant updated successfully","data":{"id":3000}}"#.to_owned());
        };
        ("200 OK", page(3_000, number, per_page, "", is_updated.load(Ordering::SeqCst)))
    })
    .await;
    let vendor = stub.vendor("big", "sondos") + "list_ttl = \"10m\"\n";
    let stage = Stage::of(&["sondos"], &vendor, |text| text).await;
    for reply in join_all((0..50).map(|_| stage.get("/v1/assistants/big:3001"))).await {
        reply.problem("assistant_not_found");
    }
    assert_eq!(stub.requests(), 30);
    assert_eq!(stage.get("/v1/assistants/big:3000").await.json()["attempts"], 0);
    assert_eq!(stage.put("big:3000", r#"{"name":"Somebody"}"#).await.status, 200);
    let found = stage.get("/v1/assistants/big:3000").await.json();
    assert_eq!((&found["fields"]["name"], &found["attempts"]), (&json!("Somebody"), &json!(1)));
    assert_eq!(stub.requests(), 32, "the update, and the page that last held it");
    let listed = stage.get("/v1/assistants?vendor=big&name=somebody").await.json();
    assert_eq!((listed["data"].as_array().unwrap().len(), &listed["data"][0]["id"]), (1, &json!(3000)));
    assert_eq!(stub.requests(), 32 + 29, "one of the pages was in the copy");
    stage.stop().await;
}

#[tokio::test]
async fn a_response_that_breaks_off_is_read_again_and_ids_may_be_strings() {
    let stage = Stage::listing(120, &["sondos"], "", |text| text).await;
    for fault in ["reset@list*1", "reset-in-body@list*1", "status=503@list*1", "string-ids@list", "gzip@list"] {
        stage.simulator("sondos").reset();
        assert_eq!(stage.put("sondos:1", r#"{"name":"a"}"#).await.status, 200); // drops the copy
        stage.fail("sondos", &[fault]);
        let body = stage.get("/v1/assistants?limit=200").await.json();
        let ids: Vec<_> = body["data"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
        assert_eq!(ids, (1..=120).map(Value::from).collect::<Vec<_>>(), "{fault}");
    }
    stage.stop().await;
}

/// A vendor with 250 assistants whose pages of more than `most` are longer than 1 MiB.
async fn long(most: Arc<AtomicUsize>) -> Stub {
    Stub::routing(move |target, _| {
        let (number, per_page) = page_of(target).unwrap();
        let pad = if per_page > most.load(Ordering::SeqCst) { 1 << 20 } else { 0 };
        ("200 OK", page(250, number, per_page, &format!(",\"pad\":\"{}\"", "x".repeat(pad)), false))
    })
    .await
}

#[tokio::test]
async fn pages_of_more_than_a_mebibyte_are_read_in_smaller_ones() {
    let stub = long(Arc::new(AtomicUsize::new(30))).await;
    let stage = Stage::of(&["sondos"], &stub.vendor("long", "sondos"), |text| text).await;
    let body = stage.get("/v1/assistants?vendor=long&limit=200").await.json();
    assert_eq!(body["data"].as_array().unwrap().len(), 200, "{body:#}");
    let asked = stub.received();
    let asked: Vec<_> = asked.iter().map(|request| page_of(request.split(' ').nth(1).unwrap()).unwrap()).collect();
    let asked: Vec<_> = asked.into_iter().filter(|(_, per_page)| *per_page == 25).collect();
    // The ninth page shows that there are more.
    assert_eq!(asked, (1..=9).map(|page| (page, 25)).collect::<Vec<_>>());
    stage.stop().await;
}

#[tokio::test]
async fn one_assistant_may_be_longer_than_a_page_of_several() {
    for (length, is_read) in [(1 << 20, true), (8 << 20, false)] {
        let stub = Stub::routing(move |target, _| {
            let (number, per_page) = page_of(target).unwrap();
            ("200 OK", page(3, number, per_page, &format!(",\"pad\":\"{}\"", "x".repeat(length)), false))
        })
        .await;
        let stage = Stage::of(&["sondos"], &stub.vendor("long", "sondos"), |text| text).await;
        let reply = stage.get("/v1/assistants?vendor=long").await;
        match is_read {
            true => assert_eq!(reply.json()["data"].as_array().unwrap().len(), 3, "{length}"),
            false => drop(reply.problem("vendor_bad_response")),
        }
        stage.stop().await;
    }
}

#[tokio::test]
async fn a_list_goes_on_where_it_was_when_pages_become_smaller() {
    for limit in [33, 80, 130] {
        let most = Arc::new(AtomicUsize::new(100));
        let stub = long(Arc::clone(&most)).await;
        let vendor = stub.vendor("long", "sondos") + "list_ttl = \"0s\"\n";
        let stage = Stage::of(&["sondos"], &vendor, |text| text).await;
        let (mut ids, mut cursor) = (Vec::new(), String::new());
        for size in [100, 50, 25, 5, 5, 5, 5, 5, 5] {
            most.store(size, Ordering::SeqCst);
            let page = stage.get(&format!("/v1/assistants?vendor=long&limit={limit}{cursor}")).await.json();
            ids.extend(page["data"].as_array().unwrap().iter().map(|one| one["id"].as_u64().unwrap()));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(ids, (1..=250).collect::<Vec<_>>(), "{limit}");
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
        stage.stop().await;
    }
}
