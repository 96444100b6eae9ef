//! `vendor_options`: members beyond the canonical fields.

use proptest::prelude::*;
use vendors::{Field, FieldPolicy, Handling, Policies, Report, Update};

use super::contracts::{LEGACY, SUPERSET, contract, contracts, members, object, places};
use super::generated::{config, json, rough_update, text, update};
use super::samples::{OF_OTHER_FAMILIES, fields, samples};

#[test]
fn another_vendors_options_are_ignored_with_a_warning() {
    for contract in contracts() {
        let request = contract.translate(r#"{"vendor_options":{"elsewhere":{"x":1}}}"#, Handling::Strict).unwrap();
        assert!(request.is_empty() && request.report.applied.is_empty(), "{:?}", request.report);
        let warned: Vec<_> = request.report.warnings.iter().map(|note| (&*note.field, &*note.code)).collect();
        assert_eq!(warned, [("vendor_options.elsewhere", "other_vendor")]);
        let update = format!(r#"{{"vendor_options":{{"elsewhere":{{"x":1}},"{}":{{"y":2}}}}}}"#, contract.name());
        let request = contract.translate(&update, Handling::Strict).unwrap();
        assert_eq!((request.body.as_slice(), request.report.warnings.len()), (&br#"{"y":2}"#[..], 0));
        assert_eq!(request.report.applied, [Field::VendorOptions]);
    }
}

#[test]
fn an_empty_entry_is_not_applied() {
    for contract in contracts() {
        for update in
            [r#"{"vendor_options":{}}"#.to_owned(), format!(r#"{{"vendor_options":{{"{}":{{}}}}}}"#, contract.name())]
        {
            let request = contract.translate(&update, Handling::Strict).unwrap();
            assert!(request.is_empty() && request.report == Report::default(), "{:?}", request.report);
        }
    }
}

#[test]
fn a_name_that_is_no_account_is_an_unknown_field() {
    for contract in contracts() {
        let update = r#"{"name":"a","vendor_options":{"autocals":{"x":1},"zzzzzz":{}}}"#;
        let items = contract.translate(update, Handling::Strict).unwrap_err().items.list;
        assert_eq!(
            places(&items),
            [
                ("#/vendor_options/autocals".into(), "unknown_field"),
                ("#/vendor_options/zzzzzz".into(), "unknown_field")
            ]
        );
        assert_eq!(items[0].field.as_deref(), Some("vendor_options.autocals"));
        assert!(items[0].detail.ends_with("did you mean `vendor_options.autocalls`?"), "{}", items[0].detail);
        let request = contract.translate(update, Handling::Lenient).unwrap();
        let dropped: Vec<_> = request.report.dropped.iter().map(|note| (&*note.field, &*note.code)).collect();
        assert_eq!(dropped, [("vendor_options.autocals", "unknown_field"), ("vendor_options.zzzzzz", "unknown_field")]);
        assert_eq!(request.report.applied, [Field::Name]);
    }
}

#[test]
fn a_key_that_is_a_path_into_what_a_field_wrote_is_refused() {
    let tools = r#""tools":[{"type":"end_call","description":"d"}]"#;
    for (canonical, key) in [
        (tools, "end_call_tool.description"),
        (tools, "end_call_tool[description]"),
        (r#""variables":{"a":1}"#, "variables.a"),
        (r#""name":"x""#, "assistant_name.first"),
    ] {
        let update = format!(r#"{{{canonical},"vendor_options":{{"sondos":{{"{key}":1}}}}}}"#);
        let items = contract(LEGACY).refusals(&update);
        assert_eq!(items.len(), 1, "{update}");
        assert_eq!((items[0].code.as_str(), items[0].field.as_deref()), ("conflict", Some("vendor_options.sondos")));
    }
    let apart = r#"{"name":"x","vendor_options":{"sondos":{"end_call_tool.description":"d","assistant_names":1}}}"#;
    assert!(contract(LEGACY).translate(apart, Handling::Strict).is_ok());
}

#[test]
fn options_with_the_policy_drop_are_not_merged() {
    for contract in contracts() {
        let policies: Policies = [(Field::VendorOptions, FieldPolicy::Drop)].into_iter().collect();
        let update = format!(r#"{{"vendor_options":{{"{}":{{"x":1}}}}}}"#, contract.name());
        let request = contract.translate_with(&update, Handling::Strict, &policies).unwrap();
        assert_eq!((request.body.as_slice(), request.sent.options.len()), (&b"{}"[..], 0));
        assert_eq!(request.report.dropped[0].field, "vendor_options");
    }
}

#[test]
fn only_structured_fields_may_hold_secrets() {
    let structured = ["tools", "post_call_schema", "filler_config", "variables"];
    for field in fields().into_iter().filter(|field| !OF_OTHER_FAMILIES.contains(&&**field)) {
        for value in samples(&field).inside {
            let request = contract(SUPERSET).translate(&object(&field, &value), Handling::Strict).unwrap();
            assert_eq!(request.sent.may_hold_secrets(), structured.contains(&&*field), "{field}");
        }
    }
    let options = format!(r#"{{"vendor_options":{{"{SUPERSET}":{{"x":1}}}}}}"#);
    assert!(contract(SUPERSET).translate(&options, Handling::Strict).unwrap().sent.may_hold_secrets());
}

#[test]
fn options_that_are_not_objects_are_refused_at_every_vendor() {
    for contract in contracts() {
        for (options, place) in
            [("[]", ""), ("1", ""), (r#"{"elsewhere":[]}"#, "/elsewhere"), (r#"{"a/b":1}"#, "/a~1b")]
        {
            let items = contract.refusals(&format!(r#"{{"vendor_options":{options}}}"#));
            assert_eq!(places(&items), [(format!("#/vendor_options{place}"), "wrong_type")], "{}", contract.name());
        }
        let null = contract.refusals(r#"{"vendor_options":{"elsewhere":null}}"#);
        assert_eq!(places(&null), [("#/vendor_options/elsewhere".into(), "null_not_allowed")]);
    }
}

#[test]
fn a_key_that_a_canonical_field_sets_is_refused_in_any_spelling() {
    for (canonical, key) in [
        (r#""name":"a""#, "assistant_name"),
        (r#""min_interrupt_words":1"#, "use_min_interrupt_words"),
        (r#""min_interrupt_words":1"#, "min_interrupt_words"),
        (r#""min_interrupt_words":null"#, "use_min_interrupt_words"),
        (r#""language_id":1"#, "language"),
        (r#""tools":[{"type":"end_call","description":"d"}]"#, "end_call_tool"),
        (r#""speech_speed":1"#, "speech_speed"),
    ] {
        let escaped = format!("\\u{:04x}{}", u32::from(key.as_bytes()[0]), &key[1..]);
        for spelled in [key, &escaped] {
            let before = format!(r#"{{"vendor_options":{{"sondos":{{"{spelled}":1}}}},{canonical}}}"#);
            let after = format!(r#"{{{canonical},"vendor_options":{{"sondos":{{"{spelled}":1}}}}}}"#);
            for update in [before, after] {
                let items = contract(LEGACY).refusals(&update);
                assert_eq!(places(&items), [(format!("#/vendor_options/sondos/{key}"), "conflict")], "{update}");
            }
        }
    }
}

#[test]
fn a_key_that_no_field_of_the_update_sets_is_merged() {
    let update = r#"{"name":"a","vendor_options":{"sondos":{"name":"b","engine_type":"x","end_call_tool":null}}}"#;
    let request = contract(LEGACY).translate(update, Handling::Strict).unwrap();
    assert_eq!(request.body, br#"{"assistant_name":"a","name":"b","engine_type":"x","end_call_tool":null}"#);
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn options_are_merged_verbatim_after_the_fields(members_sent in update(), option in json()) {
        for vendor in contracts() {
            let plain = vendor.translate(&text(&members_sent), Handling::Lenient);
            let mut whole = text(&members_sent);
            whole.pop();
            let comma = if members_sent.is_empty() { "" } else { "," };
            let name = vendor.name();
            whole.push_str(&format!(r#"{comma}"vendor_options":{{"{name}": {{"not documented": {option} }} }}}}"#));
            if Update::read(whole.as_bytes()).is_err() {
                continue;
            }
            match (plain, vendor.translate(&whole, Handling::Lenient)) {
                (Ok(plain), Ok(merged)) => {
                    let mut wanted = members(std::str::from_utf8(&plain.body).unwrap());
                    wanted.push(("not documented".into(), option.clone()));
                    prop_assert_eq!(members(std::str::from_utf8(&merged.body).unwrap()), wanted);
                    prop_assert_eq!(merged.sent.options, vec!["not documented".to_owned()]);
                }
                (Err(plain), Err(merged)) => prop_assert_eq!(plain.items, merged.items),
                (plain, merged) => prop_assert!(false, "{:?} but {:?}", plain, merged),
            }
        }
    }

    #[test]
    fn an_option_and_a_field_never_set_the_same_key(members_sent in rough_update(), wire in wire_name()) {
        for vendor in contracts() {
            let mut sent = members_sent.clone();
            sent.retain(|member| member.key != "vendor_options");
            let mut whole = text(&sent);
            whole.pop();
            let comma = if sent.is_empty() { "" } else { "," };
            whole.push_str(&format!(r#"{comma}"vendor_options":{{"{}":{{"{wire}":1}}}}}}"#, vendor.name()));
            if Update::read(whole.as_bytes()).is_err() {
                continue;
            }
            if let Ok(request) = vendor.translate(&whole, Handling::Lenient) {
                prop_assert!(Update::read(&request.body).is_ok(), "{}", String::from_utf8_lossy(&request.body));
            }
        }
    }
}

/// Any vendor's name of a field.
fn wire_name() -> impl Strategy<Value = String> {
    let names: Vec<_> = contracts()
        .iter()
        .flat_map(|contract| contract.schema["properties"].as_object().unwrap().keys().cloned())
        .collect();
    prop::sample::select(names)
}
