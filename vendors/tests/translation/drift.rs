//! Answers against their documentation: the pages' own show no drift, and whatever is changed in them does.

use serde_json::{Value, json};
use vendors::{Asked, CatalogKind, Drift, DriftKind, drift};

use super::page::{Page, pages};

fn found(page: &Page, asked: Asked, status: u16, body: &Value) -> Vec<Drift> {
    drift(page.dialect, asked, status, body.to_string().as_bytes())
}

/// Kind and place of all that is found.
fn told(page: &Page, asked: Asked, status: u16, body: &Value) -> Vec<(DriftKind, String)> {
    found(page, asked, status, body).into_iter().map(|drift| (drift.kind, drift.place)).collect()
}

fn updated(page: &Page) -> Value {
    page.answers().into_iter().find(|answer| answer.status == 200).unwrap().body
}

/// Each member of each object in `value`, as a pointer.
fn members(value: &Value, at: &str, all: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (key, member) in object {
                let at = format!("{at}/{key}");
                all.push(at.clone());
                members(member, &at, all);
            }
        }
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(index, member)| members(member, &format!("{at}/{index}"), all));
        }
        _ => {}
    }
}

fn without(value: &Value, pointer: &str) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let mut value = value.clone();
    value.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key);
    value
}

#[test]
fn every_answer_of_the_pages_is_as_documented() {
    for page in pages() {
        for answer in page.answers() {
            let found = drift(page.dialect, Asked::Update, answer.status, answer.text().as_bytes());
            assert_eq!(found, [], "{} {}", page.name(), answer.name);
        }
        assert_eq!(found(page, Asked::Assistants, 200, &page.assistants), [], "{}", page.name());
        for kind in CatalogKind::ALL {
            let catalog = &page.catalogs[kind.as_str()];
            assert_eq!(found(page, Asked::Catalog(kind), 200, catalog), [], "{} {kind}", page.name());
            assert_eq!(found(page, Asked::Catalog(kind), 200, &json!({ "data": catalog })), [], "{kind}");
        }
    }
}

#[test]
fn every_member_of_a_documented_success_is_missed_and_its_type_is_known() {
    for page in pages() {
        let answer = updated(page);
        let mut pointers = Vec::new();
        members(&answer, "", &mut pointers);
        assert_eq!(pointers.len(), 7, "message, data and its five members");
        for pointer in pointers {
            let place = pointer.trim_start_matches('/').replace('/', ".");
            let missing = told(page, Asked::Update, 200, &without(&answer, &pointer));
            assert_eq!(missing, [(DriftKind::MissingField, place.clone())]);
            for other in [Value::Null, json!([true]), json!(1.5)] {
                let mut retyped = answer.clone();
                *retyped.pointer_mut(&pointer).unwrap() = other;
                assert_eq!(told(page, Asked::Update, 200, &retyped), [(DriftKind::RetypedField, place.clone())]);
            }
        }
    }
}

#[test]
fn every_documented_member_of_a_listed_assistant_is_missed() {
    for page in pages() {
        let documented = page.assistants["data"][0].as_object().unwrap();
        assert!(documented.len() > 50);
        for key in documented.keys() {
            let list = without(&page.assistants, &format!("/data/0/{key}"));
            let missing = told(page, Asked::Assistants, 200, &list);
            assert_eq!(missing, [(DriftKind::MissingField, format!("data[].{key}"))], "{}", page.name());
            let mut list = page.assistants.clone();
            list["data"][0][key] = json!(1.5);
            let sound = ["endpoint_sensitivity", "interrupt_sensitivity"].contains(&key.as_str());
            assert_eq!(found(page, Asked::Assistants, 200, &list).is_empty(), sound, "{} {key}", page.name());
        }
    }
}

#[test]
fn new_members_are_told_by_name_and_what_updates_take_is_not_new_in_a_list() {
    for page in pages() {
        let mut answer = updated(page);
        answer["data"]["agent_version"] = json!(2);
        answer["data"]["voice_id"] = json!(7);
        answer["meta"] = json!({});
        let new = told(page, Asked::Update, 200, &answer);
        assert_eq!(new.len(), 3);
        assert!(new.contains(&(DriftKind::UnknownField, "data.voice_id".to_owned())), "{new:?}");
        assert!(new.contains(&(DriftKind::UnknownField, "data.agent_version".to_owned())), "{new:?}");
        assert!(new.contains(&(DriftKind::UnknownField, "meta".to_owned())), "{new:?}");
        let mut list = page.assistants.clone();
        for (key, value) in [("agent_version", json!("x")), ("ringing_time", json!(30)), ("label_ids", json!([]))] {
            list["data"][0][key] = value;
        }
        let new = told(page, Asked::Assistants, 200, &list);
        assert_eq!(new, [(DriftKind::UnknownField, "data[].agent_version".to_owned())]);
    }
}

#[test]
fn a_catalog_in_another_form_is_drift_and_told_once_however_long_it_is() {
    for page in pages() {
        let languages = Asked::Catalog(CatalogKind::Languages);
        let list: Vec<_> = (0..500).map(|id| json!({ "id": id.to_string(), "title": "x", "iso_2": null })).collect();
        let kinds = told(page, languages, 200, &json!(list));
        assert_eq!(
            kinds,
            [
                (DriftKind::RetypedField, "[].id".to_owned()),
                (DriftKind::UnknownField, "[].title".to_owned()),
                (DriftKind::MissingField, "[].name".to_owned()),
            ]
        );
        assert_eq!(told(page, languages, 200, &json!({ "1": "en" })), [(DriftKind::RetypedField, String::new())]);
    }
}

#[test]
fn errors_that_no_page_shows_are_told_by_status_and_members() {
    let sentences = json!({ "message": "m", "errors": { "name": ["No."] } });
    for page in pages() {
        for (status, body, place) in [
            (422, json!({ "message": "m" }), "422 {message: string}"),
            (422, json!({ "message": "m", "errors": { "name": "No." } }), "422 {errors: {*: string}, message: string}"),
            (422, json!({ "message": "m", "errors": [{ "field": "name" }] }), ""),
            (422, json!({ "error": { "code": 7 } }), "422 {error: {*: number}}"),
            (400, sentences.clone(), "400 {errors: {*: [string]}, message: string}"),
            (404, json!({ "message": "m", "code": 7 }), "404 {code: number, message: string}"),
            (409, json!({ "message": "m" }), "409 {message: string}"),
            (404, json!(["m"]), "404 [string]"),
            (404, json!([]), "404 []"),
            (404, json!({}), "404 {}"),
            (404, json!({ "a": {}, "b": [] }), "404 {a: {}, b: []}"),
            (404, json!({ "a": { "b": { "c": { "d": 1 } } } }), "404 {a: {*: {*: object}}}"),
            (404, json!([[[["m"]]]]), "404 [[[array]]]"),
            (429, json!({ "message": "m", "retry_after": null }), "429 {message: string, retry_after: null}"),
        ] {
            let shapes = told(page, Asked::Update, status, &body);
            assert_eq!(shapes.len(), 1, "{} {status} {body}", page.name());
            assert_eq!(shapes[0].0, DriftKind::UnknownErrorShape);
            assert!(place.is_empty() || shapes[0].1 == place, "{shapes:?}");
        }
        for (body, place) in [("<html>", "502 not JSON"), (" ", "502 without a body")] {
            let shapes = drift(page.dialect, Asked::Update, 502, body.as_bytes());
            assert_eq!(shapes[0].place, place);
        }
        assert_eq!(found(page, Asked::Update, 422, &sentences), []);
        for (status, body) in [
            (422, json!({ "message": "m", "errors": [] })),
            (429, json!({ "message": "m" })),
            (429, json!({ "message": "m", "retry_after": 60 })),
        ] {
            assert_eq!(found(page, Asked::Update, status, &body), [], "{} {status} {body}", page.name());
        }
    }
}

#[test]
fn a_success_that_is_no_json_is_told_as_that() {
    for page in pages() {
        for body in ["", "<html>", "{", "\u{feff}{}"] {
            let found = drift(page.dialect, Asked::Update, 200, body.as_bytes());
            assert_eq!(found.iter().map(|drift| drift.kind).collect::<Vec<_>>(), [DriftKind::NotJson], "{body}");
        }
        let error = told(page, Asked::Update, 200, &json!({ "error": "Boom" }));
        assert_eq!(
            error.iter().map(|(_, place)| place.as_str()).collect::<Vec<_>>(),
            ["error", "message", "data"],
            "an error under a status of success"
        );
    }
}

#[test]
fn a_hostile_answer_is_cut_short() {
    let keys: serde_json::Map<_, _> =
        (0..1000).map(|key| (format!("{key}\u{7}{}", "ä".repeat(500)), json!(1))).collect();
    for page in pages() {
        for found in [
            found(page, Asked::Update, 200, &keys.clone().into()),
            found(page, Asked::Update, 422, &keys.clone().into()),
        ] {
            assert!((1..=32).contains(&found.len()));
            for drift in found {
                assert!(drift.place.len() <= 128 && !drift.place.contains(char::is_control), "{}", drift.place);
            }
        }
        let bare = json!({ "data": [{}], "current_page": 1, "last_page": 1, "per_page": 1, "total": 1 });
        assert_eq!(found(page, Asked::Assistants, 200, &bare).len(), 32, "more members than that are missing");
    }
}

/// What is known of the first members must not stand for those behind them.
#[test]
fn an_answer_with_more_members_than_any_is_looked_at_to_its_end() {
    for page in pages() {
        let more = |object: &str, member: &str| format!("{}{}}}", object.strip_suffix('}').unwrap(), member);
        let mut answer = updated(page);
        let name = format!(r#","name":{}"#, answer["data"]["name"]);
        let data = more(&answer["data"].to_string(), &name.repeat(40));
        answer["data"].take();
        let answer = answer.to_string().replace("null", &data);
        let stretched = more(&answer, &r#","message":"Again.""#.repeat(40));
        let extended = more(&stretched, r#","new":1"#);
        let places = |body: &str| -> Vec<_> {
            drift(page.dialect, Asked::Update, 200, body.as_bytes()).into_iter().map(|drift| drift.place).collect()
        };
        assert_eq!(places(&stretched), [] as [String; 0], "{}", page.name());
        assert_eq!(places(&extended), ["new"], "{}", page.name());
    }
}

/// The first `data` is the one that counts, and both are looked at.
#[test]
fn a_second_data_is_not_taken_for_the_first() {
    for page in pages() {
        let answer = updated(page).to_string();
        let doubled = format!(r#"{},"data":{{"id":[]}}}}"#, answer.strip_suffix('}').unwrap());
        let found = drift(page.dialect, Asked::Update, 200, doubled.as_bytes());
        assert!(
            found.iter().any(|drift| (drift.kind, &*drift.place) == (DriftKind::RetypedField, "data.id")),
            "{found:?}"
        );
    }
}
