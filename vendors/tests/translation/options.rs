//! `vendor_options`: the way past the catalogue.

use proptest::prelude::*;
use vendors::{Field, FieldPolicy, Handling, Policies, Update};

use super::generated::{config, json, rough_update, text, update};
use super::page::{LEGACY, SUPERSET, members, object, page, pages, places};
use super::samples::{fields, samples};

#[test]
fn another_vendors_options_are_ignored_and_the_caller_is_told() {
    for page in pages() {
        let request = page.translate(r#"{"vendor_options":{"elsewhere":{"x":1}}}"#, Handling::Strict).unwrap();
        assert_eq!(request.body, b"{}");
        let warned: Vec<_> = request.report.warnings.iter().map(|note| (&*note.field, note.code)).collect();
        assert_eq!(warned, [("vendor_options", "other_vendor")]);
    }
}

#[test]
fn options_that_an_operator_drops_are_not_merged() {
    for page in pages() {
        let policies: Policies = [(Field::VendorOptions, FieldPolicy::Drop)].into_iter().collect();
        let update = format!(r#"{{"vendor_options":{{"{}":{{"x":1}}}}}}"#, page.name());
        let request = page.translate_with(&update, Handling::Strict, &policies).unwrap();
        assert_eq!((request.body.as_slice(), request.sent.options.len()), (&b"{}"[..], 0));
        assert_eq!(request.report.dropped[0].field, "vendor_options");
    }
}

#[test]
fn only_what_has_members_of_its_own_may_hold_a_secret() {
    let structured = ["tools", "post_call_schema", "filler_config", "variables", "vendor_options"];
    for field in fields() {
        for value in samples(&field).inside {
            let request = page(SUPERSET).translate(&object(&field, &value), Handling::Strict).unwrap();
            assert_eq!(request.sent.may_hold_secrets(), structured.contains(&&*field), "{field}");
        }
    }
}

#[test]
fn options_that_are_no_objects_are_refused_for_every_vendor() {
    for page in pages() {
        for (options, place) in
            [("[]", ""), ("1", ""), (r#"{"elsewhere":[]}"#, "/elsewhere"), (r#"{"a/b":1}"#, "/a~1b")]
        {
            let items = page.refusals(&format!(r#"{{"vendor_options":{options}}}"#));
            assert_eq!(places(&items), [(format!("#/vendor_options{place}"), "wrong_type")], "{}", page.name());
        }
        let null = page.refusals(r#"{"vendor_options":{"elsewhere":null}}"#);
        assert_eq!(places(&null), [("#/vendor_options/elsewhere".into(), "null_not_allowed")]);
    }
}

#[test]
fn a_key_that_a_canonical_field_wrote_is_refused_under_the_vendors_name_and_in_any_spelling() {
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
                let items = page(LEGACY).refusals(&update);
                assert_eq!(places(&items), [(format!("#/vendor_options/sondos/{key}"), "conflict")], "{update}");
            }
        }
    }
}

#[test]
fn a_key_that_no_field_of_this_update_wrote_is_free() {
    let update = r#"{"name":"a","vendor_options":{"sondos":{"name":"b","engine_type":"x","end_call_tool":null}}}"#;
    let request = page(LEGACY).translate(update, Handling::Strict).unwrap();
    assert_eq!(request.body, br#"{"assistant_name":"a","name":"b","engine_type":"x","end_call_tool":null}"#);
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn options_are_merged_verbatim_behind_what_the_fields_write(members_sent in update(), option in json()) {
        for vendor in pages() {
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
    fn no_option_and_field_ever_write_the_same_key_twice(members_sent in rough_update(), wire in wire_name()) {
        for vendor in pages() {
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

/// Any vendor's name for anything.
fn wire_name() -> impl Strategy<Value = String> {
    let names: Vec<_> =
        pages().iter().flat_map(|page| page.schema["properties"].as_object().unwrap().keys().cloned()).collect();
    prop::sample::select(names)
}
