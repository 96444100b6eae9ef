//! Drift: documented responses show none, and every change to them shows.

use serde_json::{Value, json};
use vendors::{CatalogKind, Drift, DriftKind, Operation, drift};

use super::contracts::{Contract, contracts};

fn found(contract: &Contract, operation: Operation, status: u16, body: &Value) -> Vec<Drift> {
    drift(contract.dialect, operation, status, body.to_string().as_bytes())
}

/// Kind and location of each difference.
fn kinds_and_locations(
    contract: &Contract,
    operation: Operation,
    status: u16,
    body: &Value,
) -> Vec<(DriftKind, String)> {
    found(contract, operation, status, body).into_iter().map(|drift| (drift.kind, drift.location)).collect()
}

fn updated(contract: &Contract) -> Value {
    contract.responses().into_iter().find(|response| response.status == 200).unwrap().body
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
fn documented_responses_show_no_drift() {
    for contract in contracts() {
        for response in contract.responses() {
            let found = drift(contract.dialect, Operation::Update, response.status, response.text().as_bytes());
            assert_eq!(found, [], "{} {}", contract.name(), response.name);
        }
        assert_eq!(found(contract, Operation::List, 200, &contract.assistants), [], "{}", contract.name());
        for kind in CatalogKind::ALL {
            let Some(catalog) = contract.catalogs.get(kind.as_str()) else { continue };
            assert_eq!(found(contract, Operation::Catalog(kind), 200, catalog), [], "{} {kind}", contract.name());
            assert_eq!(found(contract, Operation::Catalog(kind), 200, &json!({ "data": catalog })), [], "{kind}");
        }
    }
}

#[test]
fn a_missing_or_retyped_member_of_a_success_is_reported() {
    for contract in contracts() {
        let response = updated(contract);
        let mut pointers = Vec::new();
        members(&response, "", &mut pointers);
        assert_eq!(pointers.len(), 7, "message, data and its five members");
        for pointer in pointers {
            let location = pointer.trim_start_matches('/').replace('/', ".");
            let missing = kinds_and_locations(contract, Operation::Update, 200, &without(&response, &pointer));
            assert_eq!(missing, [(DriftKind::MissingField, location.clone())]);
            for other in [Value::Null, json!([true]), json!(1.5)] {
                let mut retyped = response.clone();
                *retyped.pointer_mut(&pointer).unwrap() = other;
                assert_eq!(
                    kinds_and_locations(contract, Operation::Update, 200, &retyped),
                    [(DriftKind::RetypedField, location.clone())]
                );
            }
        }
    }
}

#[test]
fn a_missing_or_retyped_member_of_a_listed_assistant_is_reported() {
    for contract in contracts() {
        let documented = contract.assistants["data"][0].as_object().unwrap();
        assert!(documented.len() > 50);
        for key in documented.keys() {
            let list = without(&contract.assistants, &format!("/data/0/{key}"));
            let missing = kinds_and_locations(contract, Operation::List, 200, &list);
            assert_eq!(missing, [(DriftKind::MissingField, format!("data[].{key}"))], "{}", contract.name());
            let mut list = contract.assistants.clone();
            list["data"][0][key] = json!(1.5);
            let is_number = ["endpoint_sensitivity", "interrupt_sensitivity"].contains(&key.as_str());
            assert_eq!(found(contract, Operation::List, 200, &list).is_empty(), is_number, "{} {key}", contract.name());
        }
    }
}

#[test]
fn new_members_are_reported_except_fields_of_updates_in_a_list() {
    for contract in contracts() {
        let mut response = updated(contract);
        response["data"]["agent_version"] = json!(2);
        response["data"]["voice_id"] = json!(7);
        response["meta"] = json!({});
        let new = kinds_and_locations(contract, Operation::Update, 200, &response);
        assert_eq!(new.len(), 3);
        assert!(new.contains(&(DriftKind::UnknownField, "data.voice_id".to_owned())), "{new:?}");
        assert!(new.contains(&(DriftKind::UnknownField, "data.agent_version".to_owned())), "{new:?}");
        assert!(new.contains(&(DriftKind::UnknownField, "meta".to_owned())), "{new:?}");
        let mut list = contract.assistants.clone();
        for (key, value) in [("agent_version", json!("x")), ("ringing_time", json!(30)), ("label_ids", json!([]))] {
            list["data"][0][key] = value;
        }
        let new = kinds_and_locations(contract, Operation::List, 200, &list);
        assert_eq!(new, [(DriftKind::UnknownField, "data[].agent_version".to_owned())]);
    }
}

#[test]
fn a_difference_in_every_entry_of_a_catalog_is_reported_once() {
    for contract in contracts() {
        let languages = Operation::Catalog(CatalogKind::Languages);
        let list: Vec<_> = (0..500).map(|id| json!({ "id": id.to_string(), "title": "x", "iso_2": null })).collect();
        let kinds = kinds_and_locations(contract, languages, 200, &json!(list));
        assert_eq!(
            kinds,
            [
                (DriftKind::RetypedField, "[].id".to_owned()),
                (DriftKind::UnknownField, "[].title".to_owned()),
                (DriftKind::MissingField, "[].name".to_owned()),
            ]
        );
        assert_eq!(
            kinds_and_locations(contract, languages, 200, &json!({ "1": "en" })),
            [(DriftKind::RetypedField, String::new())]
        );
    }
}

#[test]
fn undocumented_errors_are_reported_by_status_and_members() {
    let sentences = json!({ "message": "m", "errors": { "name": ["No."] } });
    for contract in contracts() {
        for (status, body, location) in [
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
            let errors = kinds_and_locations(contract, Operation::Update, status, &body);
            assert_eq!(errors.len(), 1, "{} {status} {body}", contract.name());
            assert_eq!(errors[0].0, DriftKind::UnknownErrorShape);
            assert!(location.is_empty() || errors[0].1 == location, "{errors:?}");
        }
        for (body, location) in [("<html>", "418 not JSON"), (" ", "418 without a body")] {
            let errors = drift(contract.dialect, Operation::Update, 418, body.as_bytes());
            assert_eq!(errors[0].location, location);
        }
        for (status, body) in [(500, "<html>"), (502, "<html>"), (503, "{\"a\":1}"), (504, "[]"), (520, ""), (599, "a")]
        {
            assert_eq!(
                drift(contract.dialect, Operation::Update, status, body.as_bytes()),
                [],
                "{status} is an outage"
            );
        }
        assert_eq!(found(contract, Operation::Update, 422, &sentences), []);
        for (status, body) in [
            (422, json!({ "message": "m", "errors": [] })),
            (429, json!({ "message": "m" })),
            (429, json!({ "message": "m", "retry_after": 60 })),
        ] {
            assert_eq!(found(contract, Operation::Update, status, &body), [], "{} {status} {body}", contract.name());
        }
    }
}

#[test]
fn a_success_that_is_not_json_is_reported() {
    for contract in contracts() {
        for body in ["", "<html>", "{", " \u{feff}{}"] {
            let found = drift(contract.dialect, Operation::Update, 200, body.as_bytes());
            assert_eq!(found.iter().map(|drift| drift.kind).collect::<Vec<_>>(), [DriftKind::NotJson], "{body}");
        }
        let error = kinds_and_locations(contract, Operation::Update, 200, &json!({ "error": "Boom" }));
        assert_eq!(
            error.iter().map(|(_, location)| location.as_str()).collect::<Vec<_>>(),
            ["error", "message", "data"],
            "an error with a 2xx status"
        );
    }
}

#[test]
fn a_byte_order_mark_is_a_difference_and_hides_no_other() {
    for contract in contracts() {
        for (body, others) in [
            (
                "\u{feff}{\"message\":\"m\",\"data\":{\"id\":1,\"name\":\"n\",\"status\":\"s\",\"type\":\"t\",\"mode\":\"m\"}}",
                0,
            ),
            ("\u{feff}{}", 2),
        ] {
            let mut found = drift(contract.dialect, Operation::Update, 200, body.as_bytes());
            assert_eq!(found.pop().map(|drift| drift.kind), Some(DriftKind::ByteOrderMark));
            assert_eq!(found.len(), others, "{found:?}");
        }
    }
}

#[test]
fn the_differences_of_a_hostile_response_are_limited() {
    let keys: serde_json::Map<_, _> =
        (0..1000).map(|key| (format!("{key}\u{7}{}", "ä".repeat(500)), json!(1))).collect();
    for contract in contracts() {
        for found in [
            found(contract, Operation::Update, 200, &keys.clone().into()),
            found(contract, Operation::Update, 422, &keys.clone().into()),
        ] {
            assert!((1..=32).contains(&found.len()));
            for drift in found {
                assert!(
                    drift.location.len() <= 128 && !drift.location.contains(char::is_control),
                    "{}",
                    drift.location
                );
            }
        }
        let bare = json!({ "data": [{}], "current_page": 1, "last_page": 1, "per_page": 1, "total": 1 });
        assert_eq!(found(contract, Operation::List, 200, &bare).len(), 32, "more members than that are missing");
    }
}

#[test]
fn members_beyond_the_cached_ones_are_checked() {
    for contract in contracts() {
        let more = |object: &str, member: &str| format!("{}{}}}", object.strip_suffix('}').unwrap(), member);
        let mut response = updated(contract);
        let name = format!(r#","name":{}"#, response["data"]["name"]);
        let data = more(&response["data"].to_string(), &name.repeat(40));
        response["data"].take();
        let response = response.to_string().replace("null", &data);
        let stretched = more(&response, &r#","message":"Again.""#.repeat(40));
        let extended = more(&stretched, r#","new":1"#);
        let locations = |body: &str| -> Vec<_> {
            drift(contract.dialect, Operation::Update, 200, body.as_bytes())
                .into_iter()
                .map(|drift| drift.location)
                .collect()
        };
        assert_eq!(locations(&stretched), [] as [String; 0], "{}", contract.name());
        assert_eq!(locations(&extended), ["new"], "{}", contract.name());
    }
}

#[test]
fn both_of_two_members_called_data_are_checked() {
    for contract in contracts() {
        let response = updated(contract).to_string();
        let doubled = format!(r#"{},"data":{{"id":[]}}}}"#, response.strip_suffix('}').unwrap());
        let found = drift(contract.dialect, Operation::Update, 200, doubled.as_bytes());
        assert!(
            found.iter().any(|drift| (drift.kind, &*drift.location) == (DriftKind::RetypedField, "data.id")),
            "{found:?}"
        );
    }
}
