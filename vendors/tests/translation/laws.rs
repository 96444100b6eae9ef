//! Laws of the translation, for all vendors, over generated updates.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use vendors::canonical::Shape;
use vendors::document::secret_members;
use vendors::json::{Kind, Limits, Value, read_object, read_value};
use vendors::{
    Catalog, CatalogKind, CatalogSet, Catalogs, Field, FieldSet, Handling, Item, Note, Policies, Request, Target,
    Update, missing_lookups, normalize_error, normalize_response, translate_request,
};

use super::contracts::{Contract, contracts, members};
use super::fields::verbatim_name;
use super::generated::{Member, config, json, rough_update, text, update};

const HANDLINGS: [Handling; 2] = [Handling::Strict, Handling::Lenient];

fn wire(request: &Request) -> Vec<(String, String)> {
    members(std::str::from_utf8(&request.body).unwrap())
}

fn sorted(mut members: Vec<(String, String)>) -> Vec<(String, String)> {
    members.sort();
    members
}

/// The distinguishing parts of items.
fn distinct<'a>(items: impl IntoIterator<Item = &'a Item>) -> BTreeSet<(String, &'static str, String)> {
    items.into_iter().map(|item| (item.pointer.clone(), item.code.as_str(), item.detail.clone())).collect()
}

/// Whether lenient handling would drop the field of this item.
fn droppable(item: &Item) -> bool {
    let known = item.field.as_deref().and_then(Field::from_name).is_some();
    item.code.as_str() == "unsupported_field" || (item.code.as_str() == "unknown_field" && !known)
}

/// Reads and translates; `None` if the update is not strict JSON, because generated objects may have duplicate keys.
fn translated(contract: &Contract, text: &str, handling: Handling) -> Option<Result<Request, Vec<Item>>> {
    Update::read(text.as_bytes()).ok()?;
    Some(contract.translate(text, handling).map_err(|refused| refused.items.list))
}

fn sent_keys(members: &[Member]) -> BTreeSet<String> {
    members.iter().map(|member| member.key.clone()).collect()
}

fn is_scalar(shape: &Shape) -> bool {
    matches!(shape, Shape::Boolean | Shape::Integer(_) | Shape::Number(_) | Shape::Text(_) | Shape::Choice(_))
}

fn has_members(value: Value<'_>) -> bool {
    value.kind() == Kind::Object || value.elements().any(has_members)
}

proptest! {
    #![proptest_config(config(96))]

    #[test]
    fn what_is_accepted_satisfies_the_vendors_schema(sent in update(), rough in rough_update()) {
        for contract in contracts() {
            for (members, handling) in [(&sent, HANDLINGS[0]), (&sent, HANDLINGS[1]), (&rough, HANDLINGS[1])] {
                let without_options = members.iter().all(|member| member.key != "vendor_options");
                if let Some(Ok(request)) = translated(contract, &text(members), handling).filter(|_| without_options) {
                    let body = String::from_utf8(request.body).unwrap();
                    // The reference cannot represent numbers such as 1e999 inside free values.
                    if serde_json::from_str::<serde_json::Value>(&body).is_ok() {
                        prop_assert_eq!(contract.complaints(&body), Vec::<String>::new(), "{} {}", contract.name(), body);
                    }
                }
            }
        }
    }

    #[test]
    fn every_sent_field_is_either_applied_or_dropped(sent in rough_update(), handling in select(&HANDLINGS[..])) {
        for contract in contracts() {
            let Some(Ok(request)) = translated(contract, &text(&sent), handling) else { continue };
            let mut reported: Vec<_> = request.report.applied.iter().map(|field| field.name().to_owned()).collect();
            reported.extend(request.report.dropped.iter().map(|note| note.field.clone().into_owned()));
            // They are applied if something of them was sent, and reported by account.
            let is_options = |name: &String| name.starts_with("vendor_options");
            let mut keys = sent_keys(&sent);
            reported.retain(|name| !is_options(name));
            keys.retain(|name| !is_options(name));
            prop_assert_eq!(reported.len(), keys.len(), "{:?}", reported);
            prop_assert_eq!(reported.into_iter().collect::<BTreeSet<_>>(), keys);
            for field in &request.report.applied {
                prop_assert!(request.sent.fields.contains(*field));
            }
            let applied: BTreeSet<_> = request.report.applied.iter().map(|field| field.name()).collect();
            let is_applied = |note: &Note| applied.contains(&*note.field) || note.code == "other_vendor";
            prop_assert!(request.report.warnings.iter().all(is_applied));
        }
    }

    #[test]
    fn the_body_contains_only_keys_of_sent_fields(sent in update(), handling in select(&HANDLINGS[..])) {
        for contract in contracts() {
            let Some(Ok(request)) = translated(contract, &text(&sent), handling) else { continue };
            let keys: BTreeSet<_> = wire(&request).into_iter().map(|(key, _)| key).collect();
            prop_assert_eq!(keys.len(), wire(&request).len(), "no key occurs twice");
            let names = |field: &Field| contract.dialect.row(*field).wire_names(*field).collect::<Vec<_>>();
            let written: BTreeSet<_> = request.report.applied.iter().flat_map(names).collect();
            prop_assert!(keys.iter().all(|key| written.contains(key.as_str())));
            for field in &request.report.applied {
                prop_assert!(names(field).iter().any(|name| keys.contains(*name)), "{:?} is lost", field);
            }
        }
    }

    #[test]
    fn numbers_and_strings_keep_their_text(sent in update(), handling in select(&HANDLINGS[..])) {
        for contract in contracts() {
            let Some(Ok(request)) = translated(contract, &text(&sent), handling) else { continue };
            let wire = wire(&request);
            for member in &sent {
                let field = Field::from_name(&member.key).unwrap().name();
                if let Some(name) = verbatim_name(contract, field) {
                    prop_assert!(wire.contains(&(name.to_owned(), member.value.clone())), "{} in {:?}", field, wire);
                }
            }
        }
    }

    #[test]
    fn the_order_and_spelling_of_keys_change_nothing(
        (sent, shuffled) in rough_update().prop_flat_map(|sent| (Just(sent.clone()), Just(sent).prop_shuffle())),
        handling in select(&HANDLINGS[..]),
    ) {
        let plain: Vec<_> = shuffled
            .into_iter()
            .map(|member| Member { spelled: serde_json::to_string(&member.key).unwrap(), ..member })
            .collect();
        for contract in contracts() {
            match (translated(contract, &text(&sent), handling), translated(contract, &text(&plain), handling)) {
                (Some(Ok(one)), Some(Ok(other))) => {
                    prop_assert_eq!(sorted(wire(&one)), sorted(wire(&other)));
                    prop_assert_eq!(one.sent.fields, other.sent.fields);
                    prop_assert_eq!(one.report.warnings.len(), other.report.warnings.len());
                }
                (Some(Err(one)), Some(Err(other))) => prop_assert_eq!(distinct(&one), distinct(&other)),
                (None, None) => {}
                (one, other) => prop_assert!(false, "{:?} but {:?}", one, other),
            }
        }
    }

    #[test]
    fn a_body_is_the_sum_of_its_fields(sent in update(), handling in select(&HANDLINGS[..])) {
        for contract in contracts() {
            let Some(Ok(whole)) = translated(contract, &text(&sent), handling) else { continue };
            let one = |member: &Member| wire(&contract.translate(&text(std::slice::from_ref(member)), handling).unwrap());
            prop_assert_eq!(wire(&whole), sent.iter().flat_map(one).collect::<Vec<_>>());
        }
    }

    #[test]
    fn lenient_handling_accepts_what_strict_does_and_drops_nothing_else(sent in rough_update()) {
        for contract in contracts() {
            let Some(strict) = translated(contract, &text(&sent), Handling::Strict) else { continue };
            let lenient = translated(contract, &text(&sent), Handling::Lenient).unwrap();
            match (strict, lenient) {
                (Ok(strict), lenient) => prop_assert_eq!(Ok(strict), lenient),
                (Err(strict), Ok(lenient)) => {
                    prop_assert!(strict.iter().all(droppable), "{:?}", strict);
                    prop_assert_eq!(strict.len(), lenient.report.dropped.len());
                }
                (Err(strict), Err(lenient)) => {
                    let left = strict.iter().filter(|item| !droppable(item));
                    prop_assert_eq!(distinct(left), distinct(&lenient));
                }
            }
        }
    }

    #[test]
    fn all_problems_are_found_in_one_pass(sent in rough_update()) {
        for contract in contracts() {
            let Some(whole) = translated(contract, &text(&sent), Handling::Strict) else { continue };
            let whole = whole.err().unwrap_or_default();
            let mut parts = Vec::new();
            for member in &sent {
                let alone = text(std::slice::from_ref(member));
                parts.extend(translated(contract, &alone, Handling::Strict).unwrap().err().unwrap_or_default());
            }
            let apart = whole.iter().filter(|item| item.code.as_str() != "conflict");
            prop_assert_eq!(distinct(apart), distinct(&parts), "{}", contract.name());
            let keys = sent_keys(&sent);
            for item in &whole {
                prop_assert!(item.pointer.starts_with("#/") && !item.detail.is_empty(), "{:?}", item);
                // An entry of `vendor_options` is named with its account.
                let field = item.field.as_deref().unwrap();
                let field = if field.starts_with("vendor_options.") { "vendor_options" } else { field };
                prop_assert!(keys.contains(field), "{:?}", item);
            }
        }
    }

    #[test]
    fn every_sent_key_maps_back_to_a_sent_field(sent in update(), rest in "(\\.[a-z0-9_]{1,5}){0,3}") {
        for contract in contracts() {
            let Some(Ok(request)) = translated(contract, &text(&sent), Handling::Lenient) else { continue };
            for (key, _) in wire(&request) {
                let body = serde_json::json!({ "errors": { format!("{key}{rest}"): ["No."] } }).to_string();
                let items = normalize_error(contract.dialect, contract.name(), &request.sent, 422, body.as_bytes()).items.list;
                prop_assert_eq!(items.len(), 1);
                let field = items[0].field.as_deref().and_then(Field::from_name);
                prop_assert!(field.is_some_and(|field| request.report.applied.contains(&field)), "{} {:?}", key, items);
                // Nothing is inside a text or a number, so the path ends there.
                let shape = &field.unwrap().spec().shape;
                let rest = if is_scalar(shape) { String::new() } else { rest.replace('.', "/") };
                let start = format!("#/{}", field.unwrap().name());
                prop_assert!(items[0].pointer.starts_with(&start));
                let inside = items[0].pointer.trim_start_matches(&start);
                prop_assert!(rest.starts_with(inside) || inside.ends_with(&rest), "{:?}", items);
                prop_assert!(inside.is_empty() || !is_scalar(shape), "{:?}", items);
            }
        }
    }

    #[test]
    fn a_request_without_structured_fields_has_no_nested_members(sent in update(), rough in rough_update()) {
        let structured = |key: &str| Field::from_name(key).is_some_and(|field| FieldSet::STRUCTURED.contains(field));
        let flat: Vec<_> = sent.iter().filter(|member| !structured(&member.key)).cloned().collect();
        for (contract, members) in contracts().iter().flat_map(|contract| [(contract, &sent), (contract, &rough), (contract, &flat)]) {
            let Some(Ok(request)) = translated(contract, &text(members), Handling::Lenient) else { continue };
            let body = read_object(&request.body, Limits::VENDOR).unwrap();
            let hides = body.iter().any(|(key, value)| has_members(*value) || secret_members().any(|name| name == key));
            prop_assert!(!hides || request.sent.may_hold_secrets(), "{:?}", body);
            prop_assert!(!std::ptr::eq(members, &flat) || !request.sent.may_hold_secrets());
        }
    }

    #[test]
    fn type_and_mode_map_back_to_the_sent_values(
        r#type in select(vec!["inbound", "outbound"]), mode in select(vec!["pipeline", "multimodal", "dualplex"]), name in any::<String>(),
    ) {
        let short: String = name.chars().take(255).collect();
        let update = serde_json::json!({ "type": r#type, "mode": mode, "name": short }).to_string();
        for contract in contracts() {
            let Ok(request) = contract.translate(&update, Handling::Strict) else { continue };
            let answer = format!(r#"{{"data":{}}}"#, String::from_utf8(request.body).unwrap());
            let data = normalize_response(contract.dialect, answer.as_bytes()).unwrap().data;
            let home = |text: Option<Cow<'_, str>>| text.map(|text| serde_json::from_str::<String>(&text).unwrap());
            prop_assert_eq!(home(data.r#type), Some(r#type.to_owned()));
            prop_assert_eq!(home(data.mode), Some(mode.to_owned()));
            prop_assert_eq!(home(data.name), Some(short.clone()));
        }
    }

    #[test]
    fn a_catalog_is_missing_exactly_if_a_name_cannot_be_found_without_it(sent in update()) {
        let nothing = CatalogSet::default();
        let catalogs = Catalogs { configured: &nothing, live: &nothing };
        let body = text(&sent);
        let Ok(update) = Update::read(body.as_bytes()) else { return Ok(()) };
        let policies = Policies::default();
        for contract in contracts() {
            if contract.translate(&body, Handling::Lenient).is_err() {
                continue;
            }
            let full = Catalogs { configured: &nothing, live: &contract.live };
            prop_assert!(missing_lookups(&update, contract.dialect, &Policies::default(), &full).is_empty());
            let missing = missing_lookups(&update, contract.dialect, &Policies::default(), &catalogs);
            let target = Target {
                dialect: contract.dialect, vendor: contract.name(), id: "1", handling: Handling::Lenient, policies: &policies, catalogs, accounts: &vendors::registry::Names,
            };
            let unresolved = translate_request(&update, &target).err().map(|refused| refused.items.list).unwrap_or_default();
            prop_assert!(unresolved.iter().all(|item| item.code.as_str() == "unresolved_name"), "{:?}", unresolved);
            prop_assert_eq!(missing.is_empty(), unresolved.is_empty(), "{:?} {:?}", missing, unresolved);
        }
    }

    #[test]
    fn nothing_panics_on_arbitrary_bytes(bytes in vec(any::<u8>(), 0..80), value in json(), status in any::<u16>(), key in any::<String>()) {
        let key = serde_json::to_string(&key).unwrap();
        let fields = Field::ALL.map(|field| format!("\"{}\":{value}", field.name())).join(",");
        let bodies: [Vec<u8>; 5] = [
            bytes,
            value.clone().into_bytes(),
            format!("{{{fields}}}").into_bytes(),
            format!(r#"{{"errors":{{{key}:{value}}},"message":{value},"error":{value},"retry_after":{value}}}"#).into_bytes(),
            format!(r#"{{"data":{{"id":{value},"name":{value},"type":{value},"mode":{value}}},"vendor_options":{{{key}:{value}}}}}"#).into_bytes(),
        ];
        for body in &bodies {
            for spec in contracts().iter().flat_map(|contract| contract.dialect.catalogs.iter().flatten()) {
                let Ok(catalog) = Catalog::parse(body, spec) else { continue };
                let mut live = CatalogSet::default();
                live.set(CatalogKind::Tools, Arc::new(catalog));
                let catalogs = Catalogs { configured: &CatalogSet::default(), live: &live };
                for listed in catalogs.entries(CatalogKind::Tools) {
                    let mut shown = Vec::new();
                    listed.push(&mut shown);
                    let shown = read_value(&shown, Limits::CALLER).unwrap();
                    assert!(shown.get("id").is_some() && shown.get("name").is_some());
                }
            }
            let update = Update::read(body).is_ok();
            for contract in contracts() {
                let mut sent = vendors::SentFields::default();
                if update {
                    let text = std::str::from_utf8(body).unwrap();
                    let _ = contract.translate(text, Handling::Strict);
                    if let Ok(request) = contract.translate(text, Handling::Lenient) {
                        sent = request.sent;
                    }
                }
                let _ = normalize_response(contract.dialect, body);
                let failure = normalize_error(contract.dialect, contract.name(), &sent, status, body);
                prop_assert!(failure.message.is_none_or(|message| message.len() <= 1024));
            }
        }
    }
}
