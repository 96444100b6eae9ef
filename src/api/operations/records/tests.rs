use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use http::header::HeaderMap;
use http::request::Parts;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::access::Client;
use crate::api::context::Context;
use crate::api::middleware::InFlightLimit;
use crate::api::operations::records::*;
use crate::api::records::Replay;
use crate::api::records::double::{Double, record};
use crate::config::{Environment, load_text};
use crate::gateway::Gateway;
use crate::net::shutdown::Shutdown;
use crate::store::{State, StoreError};
use crate::upstream::Tasks;
use crate::value::{AssistantOperation, Right, Rights};

/// A request of `crm` at a gateway where `sales-bot` and `twin:789` are `sondos:789`.
fn asked(store: &Arc<Double>, client: Option<&str>, rights: Rights) -> Context {
    let text = "[auth]\nmode = \"none\"\n[vendors.sondos]\ntoken = { env = \"T\" }\n\
                [vendors.twin]\ndialect = \"sondos\"\ntoken = { env = \"T\" }\n[assistants]\nsales-bot = { vendor = \"sondos\", id = 789 }\n";
    let environment: Environment = [("T".to_owned(), "token".to_owned())].into_iter().collect();
    let gateway = Gateway::build(load_text(text, &environment).unwrap(), None, &Tasks::default()).unwrap();
    let client = client.map(|name| {
        let (vendors, assistants, handling, limiter) = (None, None, None, None);
        let usage = Arc::default();
        Arc::new(Client { name: name.into(), vendors, assistants, operations: rights, handling, limiter, usage })
    });
    let (gateway, records) = (Arc::new(gateway), Some(store.records()));
    Context { gateway, records, client, ..Context::example(&HeaderMap::new()) }
}

fn by_crm(store: &Arc<Double>) -> Context {
    asked(store, Some("crm"), Rights::default())
}

fn head(query: &str, headers: &[(&str, &str)]) -> Parts {
    let request = Request::builder().uri(format!("/v1/updates?{query}"));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.body(()).unwrap().into_parts().0
}

async fn answer(result: Result<Response<Full<Bytes>>, Problem>) -> Result<Value, Problem> {
    let body = result?.into_body().collect().await.unwrap().to_bytes();
    Ok(serde_json::from_slice(&body).unwrap())
}

async fn read_it(context: &Context, segment: &str, head: &Parts) -> Result<Value, Problem> {
    let permit = InFlightLimit::default().acquire(&context.gateway, &Shutdown::new()).unwrap();
    answer(read(context, segment, head, &mut RequestLog::default(), permit).await).await
}

async fn list_it(context: &Context, query: &str) -> Result<Value, Problem> {
    answer(list(context, &head(query, &[])).await).await
}

/// The request ids of a list's records.
async fn listed(context: &Context, query: &str) -> Vec<String> {
    let list = list_it(context, query).await.unwrap_or_else(|problem| panic!("{query}: {}", problem.detail));
    let ids = list["data"].as_array().unwrap().iter();
    ids.map(|record| record["request_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_client_finds_its_own_records_by_their_id_or_their_requests() {
    let (mine, theirs, nobodys) = (record(1, Some("crm")), record(2, Some("erp")), record(3, None));
    let again = Record { request_id: mine.request_id.clone(), ..record(4, Some("crm")) };
    // The id that its caller gave this request is that of a record of another client.
    let confusing = Record { request_id: theirs.id.to_string(), ..record(5, Some("crm")) };
    let store = Double::of(vec![mine.clone(), theirs.clone(), nobodys.clone(), again.clone(), confusing.clone()]);
    let context = by_crm(&store);
    let found = async |context: &Context, segment: &str| {
        let found = read_it(context, segment, &head("", &[])).await;
        found.map(|record| record["update"].as_str().unwrap().to_owned()).map_err(|problem| problem.code.as_str())
    };
    assert_eq!(found(&context, &mine.id.to_string()).await, Ok(mine.id.to_string()));
    assert_eq!(found(&context, &mine.id.to_string().to_uppercase()).await, Ok(mine.id.to_string()));
    assert_eq!(found(&context, "request-1").await, Ok(again.id.to_string()), "the newest");
    assert_eq!(found(&context, "%72equest-1").await, Ok(again.id.to_string()));
    assert_eq!(found(&context, &theirs.id.to_string()).await, Ok(confusing.id.to_string()));
    let none = UpdateId::generate().to_string();
    for others in [&*nobodys.id.to_string(), "request-2", "request-3", "request-9", &none, "REQUEST-1"] {
        assert_eq!(found(&context, others).await, Err("update_not_found"), "{others}");
    }
    let open = asked(&store, None, Rights::default());
    assert_eq!(found(&open, &nobodys.id.to_string()).await, Ok(nobodys.id.to_string()));
    assert_eq!(found(&open, &mine.id.to_string()).await, Err("update_not_found"));
    for malformed in ["a b", "a%2Fb", "%ff", "", &"a".repeat(129), "a:b"] {
        assert_eq!(found(&context, malformed).await, Err("invalid_request"), "{malformed}");
    }
    let details = [theirs.id, UpdateId::generate()].map(|id| {
        let segment = id.to_string();
        let context = asked(&store, Some("third"), Rights::default());
        async move { read_it(&context, &segment, &head("", &[])).await.unwrap_err().detail }
    });
    let [of_another, of_none] = details;
    assert_eq!(of_another.await, of_none.await);
}

#[tokio::test]
async fn reading_takes_the_right_to_read_and_the_rest_the_right_of_the_change() {
    let deletion = Record { operation: AssistantOperation::Delete, ..record(1, Some("crm")) };
    let store = Double::of(vec![deletion.clone()]);
    let (id, mut log) = (deletion.id.to_string(), RequestLog::default());
    let updates = asked(&store, Some("crm"), Rights::of(&[Right::Update]));
    assert_eq!(read_it(&updates, &id, &head("", &[])).await.unwrap_err().code, Code::Forbidden);
    assert_eq!(list_it(&updates, "").await.unwrap_err().code, Code::Forbidden);
    for (rights, expected) in [(Rights::default(), true), (Rights::of(&[Right::Delete]), false)] {
        let context = asked(&store, Some("crm"), rights);
        let canceled = cancel(&context, &id, &mut log).await;
        let replayed = replay(&context, &id, &head("", &[]), &mut log).await;
        for result in [canceled, replayed] {
            assert_eq!(result.is_err_and(|problem| problem.code == Code::Forbidden), expected, "{rights:?}");
        }
    }
    let context = asked(&store, Some("crm"), Rights::of(&[Right::Delete]));
    for segment in ["request-1", "x", "", "a b"] {
        for result in
            [cancel(&context, segment, &mut log).await, replay(&context, segment, &head("", &[]), &mut log).await]
        {
            assert_eq!(result.unwrap_err().code, Code::InvalidRequest, "{segment}");
        }
    }
    let (other, none) = (asked(&store, Some("erp"), Rights::of(&[Right::Delete])), UpdateId::generate().to_string());
    for (context, id) in [(&other, &id), (&context, &none)] {
        assert_eq!(cancel(context, id, &mut log).await.unwrap_err().code, Code::UpdateNotFound);
        let replayed = replay(context, id, &head("", &[]), &mut log).await;
        assert_eq!(replayed.unwrap_err().code, Code::UpdateNotFound);
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_holds_no_permit_and_never_waits_longer_than_it_may() {
    let (waiting, over) = (record(1, Some("crm")), Record { state: State::Applied, ..record(2, Some("crm")) });
    let store = Double::of(vec![waiting.clone(), over.clone()]);
    let mut context = by_crm(&store);
    let (limit, shutdown) = (InFlightLimit::default(), Shutdown::new());
    let waited = async |context: &mut Context, id: UpdateId, query: &str, headers: &[(&str, &str)]| {
        context.arrived = Instant::now();
        let (context, started) = (&*context, Instant::now());
        let (segment, head, mut log) = (id.to_string(), head(query, headers), RequestLog::default());
        let permit = limit.acquire(&context.gateway, &shutdown).unwrap();
        let mut reading = Box::pin(read(context, &segment, &head, &mut log, permit));
        let at_once = reading.as_mut().now_or_never();
        assert_eq!(limit.count(), 0);
        let result = match at_once {
            Some(result) => result,
            None => reading.await,
        };
        assert_eq!(answer(result).await.unwrap()["update"], segment);
        started.elapsed().as_secs()
    };
    for (query, headers, seconds) in [
        ("", &[][..], 0),
        ("wait=0", &[], 0),
        ("wait=20", &[], 20),
        ("wait=3600", &[], 30),
        ("wait=99999999999999999999", &[], 30),
        ("wait=20", &[("request-timeout", "5")], 5),
        ("wait=3", &[("request-timeout", "900")], 3),
    ] {
        assert_eq!(waited(&mut context, waiting.id, query, headers).await, seconds, "{query}");
        assert_eq!(waited(&mut context, over.id, query, headers).await, 0, "{query}");
    }
    for bad in ["wait", "wait=", "wait=-1", "wait=1.5", "wait=1s", "wait=%2B1", "wait=1&wait=1"] {
        let problem = read_it(&context, &waiting.id.to_string(), &head(bad, &[])).await.unwrap_err();
        assert!(problem.code == Code::InvalidRequest && problem.detail.contains("`wait` must"), "{}", problem.detail);
    }
}

#[tokio::test(start_paused = true)]
async fn as_many_may_wait_as_may_be_in_flight() {
    let waiting = record(1, Some("crm"));
    let context = by_crm(&Double::of(vec![waiting.clone()]));
    let records = Arc::clone(context.records.as_ref().unwrap());
    let max = context.gateway.max_in_flight;
    let mut places: Vec<_> = (0..max).map(|_| records.reader(max).unwrap()).collect();
    let (id, head) = (waiting.id.to_string(), head("wait=5", &[]));
    for _ in 0..3 {
        let problem = read_it(&context, &id, &head).await.unwrap_err();
        assert_eq!((problem.code, problem.retry_after), (Code::Overloaded, Some(Duration::from_secs(1))));
    }
    places.pop();
    assert!(read_it(&context, &id, &head).await.is_ok());
    assert!(records.reader(max).is_some(), "the place was not returned");
}

#[tokio::test]
async fn a_list_has_what_is_asked_for_newest_first() {
    let crm = Some("crm");
    let records = vec![
        record(1, crm),
        Record { assistant: "twin:789".to_owned(), vendor: "twin".to_owned(), ..record(2, crm) },
        Record { assistant: "gone-bot".to_owned(), vendor: "gone".to_owned(), scope: None, ..record(3, crm) },
        Record { state: State::Dead, fields: vec!["language".into()], ..record(4, crm) },
        Record { operation: AssistantOperation::Delete, fields: Vec::new(), ..record(5, crm) },
        record(6, Some("erp")),
        record(7, None),
        Record { vendor_id: Some("7890".to_owned()), assistant: "sondos:7890".to_owned(), ..record(8, crm) },
    ];
    let context = by_crm(&Double::of(records));
    for (query, expected) in [
        ("", &[8, 5, 4, 3, 2, 1][..]),
        ("assistant=sales-bot", &[5, 4, 2, 1]),
        ("assistant=sondos:789", &[5, 4, 2, 1]),
        ("assistant=twin%3A789", &[5, 4, 2, 1]),
        ("assistant=gone-bot", &[3]),
        ("assistant=gone:789", &[]),
        ("vendor=twin", &[2]),
        ("vendor=gone", &[3]),
        ("vendor=gone&state=dead", &[]),
        ("state=dead", &[4]),
        ("state=applied", &[]),
        ("state=applied,dead", &[4]),
        ("state=queued%2Cdead&operation=update", &[8, 4, 3, 2, 1]),
        ("operation=delete", &[5]),
        ("field=language", &[4]),
        ("since=1970-01-01T00:00:04Z", &[8, 5, 4]),
        ("until=1970-01-01T00:00:04Z", &[3, 2, 1]),
        ("since=1970-01-01T01:00:02%2B01:00&until=1970-01-01T00:00:03.999999999Z", &[3, 2]),
        ("since=1970-01-01T00:00:02.0000001Z&until=1970-01-01T00:00:04.000000001Z", &[4, 3]),
        ("since=0001-01-01T00:00:00Z&until=9999-12-31T23:59:59Z", &[8, 5, 4, 3, 2, 1]),
        ("limit=500", &[8, 5, 4, 3, 2, 1]),
        ("limit=2", &[8, 5]),
    ] {
        let expected: Vec<_> = expected.iter().map(|number| format!("request-{number}")).collect();
        assert_eq!(listed(&context, query).await, expected, "{query}");
    }
    assert_eq!(
        listed(&asked(&Double::of(vec![record(1, crm), record(2, None)]), None, Rights::default()), "").await,
        ["request-2"]
    );
}

#[tokio::test]
async fn a_misspelled_vendor_is_refused_and_the_client_learns_no_name_that_it_may_not_use() {
    let gone = |number, client| Record { vendor: "gone".to_owned(), ..record(number, Some(client)) };
    let mut context = by_crm(&Double::of(vec![record(1, Some("crm")), gone(2, "erp")]));
    let refused = async |context: &Context, vendor: &str| {
        let problem = list_it(context, &format!("vendor={vendor}")).await.unwrap_err();
        assert_eq!(problem.code, Code::InvalidRequest);
        let start = format!("the query parameter `vendor` has the unknown value `{vendor}`; ");
        problem.detail.strip_prefix(&start).unwrap_or_else(|| panic!("{}", problem.detail)).to_owned()
    };
    assert_eq!(refused(&context, "sandos").await, "did you mean `sondos`?");
    assert_eq!(refused(&context, "twni").await, "did you mean `twin`?");
    let lists = "`GET /v1/vendors` lists those that there are";
    assert_eq!(refused(&context, "gone").await, lists, "another client's records are as if they were not there");
    assert_eq!(listed(&context, "vendor=twin").await, [""; 0], "an account without records is known");

    Arc::get_mut(context.client.as_mut().unwrap()).unwrap().vendors = Some(vec!["sondos".to_owned()]);
    for vendor in ["twin", "twni"] {
        assert_eq!(refused(&context, vendor).await, lists, "{vendor}");
    }
    assert_eq!(refused(&context, "sandos").await, "did you mean `sondos`?");
}

#[tokio::test]
async fn a_list_is_walked_page_by_page_and_its_cursor_leads_nowhere_else() {
    let store = Double::of((1..=7).map(|number| record(number, Some("crm"))).collect());
    let context = by_crm(&store);
    let (mut found, mut query) = (Vec::new(), "state=queued&limit=3".to_owned());
    let mut cursors = Vec::new();
    loop {
        let page = list_it(&context, &query).await.unwrap();
        found.extend(page["data"].as_array().unwrap().iter().map(|record| record["request_id"].clone()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("limit=3&cursor={cursor}&state=queued");
        cursors.push(cursor.to_owned());
    }
    let expected: Vec<_> = (1..=7).rev().map(|number| json!(format!("request-{number}"))).collect();
    assert_eq!((found, cursors.len()), (expected, 2));
    let other = asked(&store, Some("erp"), Rights::default());
    for (context, query) in [
        (&context, ""),
        (&context, "state=queued,dead&"),
        (&context, "state=queued&vendor=sondos&"),
        (&other, "state=queued&"),
    ] {
        let problem = list_it(context, &format!("{query}cursor={}", cursors[0])).await.unwrap_err();
        assert!(problem.detail.contains("is of another list"), "{}", problem.detail);
    }
}

#[tokio::test]
async fn what_a_list_cannot_understand_is_named() {
    let context = by_crm(&Double::of(Vec::new()));
    for (query, expected) in [
        ("state=qeued", "the query parameter `state` has the unknown value `qeued`; did you mean `queued`?"),
        ("state=queued,", "`state` has the unknown value ``; only `queued`, `sending`, `applied`,"),
        ("state=", "`state` has the unknown value ``"),
        ("state=Queued", "did you mean `queued`?"),
        ("state=queued&state=dead", "`state` must not be repeated"),
        ("operation=updat", "did you mean `update`?"),
        ("operation=read", "only `update`, `create`, `delete`, `copy` are known"),
        ("field=nmae", "`field` has the unknown value `nmae`; did you mean `name`?"),
        ("field=%00", "`GET /v1/fields` lists all fields"),
        ("assistant=a%20b", "`assistant` must be a name, `vendor:id` or an id"),
        ("assistant=%2573ales", "`assistant` must be a name"),
        ("assistant=", "`assistant` must be a name"),
        ("assistant=Bad:1", "`assistant` must be a name"),
        ("vendor=Sondos", "`vendor` must be the name of a vendor account"),
        ("vendor=", "`vendor` must be the name of a vendor account"),
        ("since=yesterday", "`since` must be a time of RFC 3339"),
        ("since=2026-01-01", "`since` must be a time of RFC 3339"),
        ("until=2026-01-01T00:00:00", "`until` must be a time of RFC 3339"),
        ("until=2026-02-30T00:00:00Z", "`until` must be a time of RFC 3339"),
        ("until=2026-01-01T00:00:00+01:00", "a `+` is written `%2B`"),
        ("limit=0", "`limit` must be a number from 1 to 500"),
        ("limit=501", "`limit` must be a number from 1 to 500"),
        ("cursor=x", "`cursor` is no `next_cursor` of this list"),
        ("cursor=", "`cursor` is no `next_cursor` of this list"),
    ] {
        let problem = list_it(&context, query).await.unwrap_err();
        assert!(
            problem.code == Code::InvalidRequest && problem.detail.contains(expected),
            "{query}: {}",
            problem.detail
        );
    }
    let long = list_it(&context, &format!("state={}", "x".repeat(9000))).await.unwrap_err();
    assert!(long.detail.len() < 400, "{}", long.detail);
}

#[test]
fn a_replay_sends_all_or_what_remains_or_all_over_what_stands_against_it() {
    let what = |query| Replay::of_query(Some(query)).map_err(|problem| problem.detail);
    assert_eq!(what(""), Ok(Replay::Whole));
    assert_eq!(what("force=false"), Ok(Replay::Whole));
    assert_eq!(what("fields=remaining&force=false"), Ok(Replay::Remaining));
    assert_eq!(what("force=true"), Ok(Replay::Forced));
    assert!(what("fields=remaining&force=true").unwrap_err().contains("exclude each other"));
    assert_eq!(what("fields=name").unwrap_err(), "the query parameter `fields` must be `remaining`");
    assert_eq!(what("force=1").unwrap_err(), "the query parameter `force` must be `true` or `false`");
}

#[tokio::test]
async fn without_a_store_nothing_of_it_is_there_and_a_failing_one_says_so() {
    let id = UpdateId::generate().to_string();
    for (error, code) in [
        (None, Code::StoreRequired),
        (Some(StoreError::Failed("disk".to_owned())), Code::StoreUnavailable),
        (Some(StoreError::Unreadable("key".to_owned())), Code::Internal),
    ] {
        let mut context = by_crm(&Double::failing(error.clone().unwrap_or(StoreError::Closed)));
        context.records = context.records.filter(|_| error.is_some());
        let mut log = RequestLog::default();
        let results = [
            read_it(&context, &id, &head("", &[])).await.map(|_| ()),
            list_it(&context, "").await.map(|_| ()),
            cancel(&context, &id, &mut log).await.map(|_| ()),
            replay(&context, &id, &head("", &[]), &mut log).await.map(|_| ()),
        ];
        for result in results {
            assert_eq!(result.unwrap_err().code, code, "{error:?}");
        }
    }
}
