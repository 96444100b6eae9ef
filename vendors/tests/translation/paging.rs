//! Pages of lists that have no numbers: what the next one is asked for with, and what is no such page.

use serde_json::{Value, json};
use vendors::{Dialect, Field, ListPage, Policies, list_of_documents, read_listed, registry};

/// The ids on a page, and what the next one is asked for with.
type Read = Result<(Vec<String>, Option<String>), String>;

fn page_of(vendor: &str, body: &Value, per_page: usize) -> Read {
    let dialect = registry::dialect(vendor).unwrap();
    let body = body.to_string();
    let body = list_of_documents(dialect, body.as_bytes()).map_err(|error| error.to_string())?;
    let page = ListPage::read(dialect, &body, 3, per_page).map_err(|error| error.to_string())?;
    assert_eq!(page.has_more, page.next.is_some());
    Ok((page.assistants.iter().map(|one| one.id.to_string()).collect(), page.next))
}

fn is(ids: &[&str], next: Option<&str>) -> Read {
    Ok((ids.iter().map(|&id| id.to_owned()).collect(), next.map(str::to_owned)))
}

fn listing(vendor: &str) -> vendors::Listing {
    registry::dialect(vendor).and_then(|dialect: &Dialect| dialect.operations.list).unwrap()
}

#[test]
fn a_cursor_leads_to_the_next_page() {
    let agents = json!([{ "agent_id": "a" }, { "agent_id": "b", "name": "B" }]);
    for (paging, next) in [
        (json!({ "next_cursor": "c/1", "has_more": true }), Some("c/1")),
        (json!({ "next_cursor": 17, "has_more": true }), Some("17")),
        (json!({ "next_cursor": "c", "has_more": false }), None),
        (json!({ "next_cursor": null, "has_more": false }), None),
        (json!({ "next_cursor": "c" }), Some("c")),
        (json!({ "next_cursor": null }), None),
        (json!({}), None),
    ] {
        let mut body = paging.clone();
        body["agents"] = agents.clone();
        assert_eq!(page_of("elevenlabs", &body, 2), is(&["a", "b"], next), "{paging}");
    }
    let empty = json!({ "agents": [], "next_cursor": "c", "has_more": true });
    assert_eq!(page_of("elevenlabs", &empty, 2), is(&[], Some("c")), "another page may have some");
    for (body, error) in [
        (
            json!({ "agents": agents, "has_more": true, "next_cursor": null }),
            "more follows page 3 of the list of assistants, and the vendor does not say where",
        ),
        (
            json!({ "agents": agents, "has_more": true, "next_cursor": "" }),
            "more follows page 3 of the list of assistants, and the vendor does not say where",
        ),
        (agents.clone(), "the list of assistants is no object with an array `agents`"),
        (json!({ "data": agents }), "the list of assistants is no object with an array `agents`"),
        (json!({ "agents": [{ "id": "a" }] }), "entry 1 of the list of assistants has no id"),
    ] {
        assert_eq!(page_of("elevenlabs", &body, 2), Err(error.to_owned()), "{body}");
    }
}

#[test]
fn an_element_becomes_a_document() {
    let body =
        json!({ "has_more": true, "items": [{ "agent_id": "agent_1", "agent_name": "A" }], "pagination_key": "k" });
    assert_eq!(page_of("retell", &body, 50), is(&["agent_1"], Some("k")));
    let retell = registry::dialect("retell").unwrap();
    let text = body.to_string();
    let made = list_of_documents(retell, text.as_bytes()).unwrap();
    let read = ListPage::read(retell, &made, 1, 50).unwrap();
    assert_eq!(read.assistants[0].entry.text(), r#"{"agent":{"agent_id":"agent_1","agent_name":"A"}}"#);
    let told = read_listed(retell, &Policies::default(), &read.assistants[0]);
    assert_eq!(
        told.fields.iter().map(|(field, value)| (*field, &**value)).collect::<Vec<_>>(),
        [(Field::Name, r#""A""#)]
    );
    assert!(told.unwritable.is_empty() && told.nulls.is_empty(), "what a part lacks says nothing");
    assert!(list_of_documents(retell, br#"{"items":{}}"#).is_err());
    assert!(list_of_documents(retell, br#"{"items":[{"agent_id":"#).is_err());
    assert_eq!(&*list_of_documents(retell, br#"{"items":[]}"#).unwrap(), br#"{"items":[]}"#);
    // A document already, or a flat vendor's entry, stays as it came.
    let vapi = registry::dialect("vapi").unwrap();
    assert_eq!(&*list_of_documents(vapi, b"no JSON at all").unwrap(), b"no JSON at all");
}

#[test]
fn a_window_ends_before_assistants_whose_time_the_next_page_may_share() {
    let page = |times: &[&str], per_page| {
        let body = times.iter().enumerate().map(|(id, time)| json!({ "id": format!("{id}"), "createdAt": time }));
        page_of("vapi", &Value::from(body.collect::<Vec<_>>()), per_page)
    };
    let time = ["2026-01-03T00:00:00.000Z", "2026-01-02T00:00:00.000Z", "2026-01-01T00:00:00.000Z"];
    assert_eq!(page(&time, 4), is(&["0", "1", "2"], None));
    assert_eq!(page(&time, 3), is(&["0", "1"], Some(time[1])));
    assert_eq!(page(&[time[0], time[1], time[1]], 3), is(&["0"], Some(time[0])));
    assert_eq!(
        page(&[time[0], time[0], time[1], time[1]], 2),
        is(&["0", "1"], Some(time[0])),
        "more than were asked for"
    );
    assert_eq!(page(&[], 3), is(&[], None));
    for (times, error) in [
        (
            &[time[1], time[1]][..],
            "all assistants on page 3 have the same `createdAt`, so that the next page has no beginning",
        ),
        (
            &[time[1], time[0]],
            "entry 2 of the list of assistants has no `createdAt`, or a later one than the entry before it",
        ),
    ] {
        assert_eq!(page(times, 2), Err(error.to_owned()));
    }
    let bare = json!([{ "id": "a" }]);
    let error = "entry 1 of the list of assistants has no `createdAt`, or a later one than the entry before it";
    assert_eq!(page_of("vapi", &bare, 1), Err(error.to_owned()));
    assert_eq!(page_of("vapi", &bare, 2), is(&["a"], None), "the last page needs no time");
    let object = json!({ "data": [] });
    assert_eq!(page_of("vapi", &object, 2), Err("the list of assistants is no array".to_owned()));
}

#[test]
fn each_vendor_is_asked_as_it_documents() {
    let asked = |vendor: &str, number, at| {
        let listing = listing(vendor);
        let (path, body) = listing.request(number, 100, at);
        format!("{} {path} {}", listing.call.method, String::from_utf8(body).unwrap())
    };
    assert_eq!(asked("elevenlabs", 1, None), "GET /v1/convai/agents?page_size=100 ");
    assert_eq!(asked("elevenlabs", 2, Some("a=")), "GET /v1/convai/agents?page_size=100&cursor=a%3D ");
    assert_eq!(asked("vapi", 1, None), "GET /assistant?limit=100 ");
    assert_eq!(
        asked("vapi", 9, Some("2026-01-02T00:00:00.000Z")),
        "GET /assistant?limit=100&createdAtLt=2026-01-02T00%3A00%3A00.000Z "
    );
    let voices = r#"{"filter_criteria":{"channel":{"type":"string","op":"eq","value":"voice"}}}"#;
    assert_eq!(asked("retell", 1, None), format!("POST /v2/list-agents?limit=100 {voices}"));
    assert_eq!(asked("retell", 2, Some("k")), format!("POST /v2/list-agents?limit=100&pagination_key=k {voices}"));
    assert_eq!(asked("sondos", 2, None), "GET /user/assistants/get?per_page=100&page=2 ");
}
