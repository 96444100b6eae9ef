use proptest::prelude::*;
use serde_json::Value as Json;

use super::*;
use crate::dialect::Said;

const SAYS: &[Said] = &[Said::at(&["name"]), Said::at(&["y"])];

const SPLICES: &[Splice] = &[
    Splice { path: &["whole"], how: Splicing::Whole },
    Splice {
        path: &["voice"],
        how: Splicing::Variant { key: "provider", shared: &["chunks", "backup"], lacking: &[("c", "backup")] },
    },
    Splice { path: &["whole", "list"], how: Splicing::Entries { key: "role" } },
    Splice {
        path: &["whole", "list", "a", "do"],
        how: Splicing::Replacing { key: "type", is: &["say"], name: "name", says: &[Said::at(&["x"])] },
    },
    Splice { path: &["bare"], how: Splicing::Entries { key: "role" } },
    Splice { path: &["events"], how: Splicing::Words },
    Splice { path: &["mixed"], how: Splicing::Replacing { key: "type", is: &["own"], name: "name", says: SAYS } },
    Splice { path: &["led"], how: Splicing::Headed { unset: "\"en\"" } },
    Splice { path: &["scale"], how: Splicing::Conditional { key: &[] } },
    Splice { path: &["option"], how: Splicing::Conditional { key: &["action", "type"] } },
    Splice { path: &["config", "model"], how: Splicing::WholeOf { kind: &["config", "type"] } },
    Splice { path: &["switch"], how: Splicing::Switch { on: r#"{"by":"us"}"#, off: "null" } },
];

fn value(text: &str) -> Value<'_> {
    read_value(text.as_bytes(), Limits::VENDOR).unwrap()
}

fn splice(sparse: &str, stored: &str) -> String {
    String::from_utf8(spliced(SPLICES, &[], value(sparse), Some(value(stored)))).unwrap()
}

/// The same in a part that is replaced whole.
fn whole(sparse: &str, stored: &str) -> String {
    let spliced = splice(&format!(r#"{{"whole":{sparse}}}"#), &format!(r#"{{"whole":{stored}}}"#));
    spliced.strip_prefix(r#"{"whole":"#).unwrap().strip_suffix('}').unwrap().to_owned()
}

#[test]
fn nothing_is_sent_that_is_neither_written_nor_replaced_whole() {
    let stored = r#"{"id":"1","whole":{"a":1,"b":2},"other":{"x":1},"name":"old"}"#;
    assert_eq!(splice(r#"{"name":"new"}"#, stored), r#"{"name":"new"}"#);
    assert_eq!(splice(r#"{"other":{"y":2}}"#, stored), r#"{"other":{"y":2}}"#);
    assert_eq!(splice(r#"{"whole":{"b":3}}"#, stored), r#"{"whole":{"a":1,"b":3}}"#);
    assert_eq!(splice(r#"{"whole":null}"#, stored), r#"{"whole":null}"#);
}

#[test]
fn what_nobody_asked_to_change_keeps_its_spelling() {
    assert_eq!(
        whole(
            r#"{"b":{"new":true}}"#,
            r#"{ "\u0061" : 1.10 , "b" : {"c":"\u00e9\/","d":[ 1e2, -0 ],"\ud83d\ude00":{}} , "" : null }"#
        ),
        r#"{"\u0061":1.10,"b":{"c":"\u00e9\/","d":[ 1e2, -0 ],"\ud83d\ude00":{},"new":true},"":null}"#
    );
}

#[test]
fn a_key_is_found_in_every_spelling_and_written_once() {
    assert_eq!(whole(r#"{"a":2}"#, r#"{"\u0061":1,"b":0}"#), r#"{"\u0061":2,"b":0}"#);
    assert_eq!(whole(r#"{"\u0061":2}"#, r#"{"a":1}"#), r#"{"a":2}"#);
    assert_eq!(whole(r#"{"a/b":2}"#, r#"{"a\/b":1}"#), r#"{"a\/b":2}"#);
}

#[test]
fn of_members_that_occur_twice_the_last_counts_and_untouched_ones_stay() {
    let stored = r#"{"a":{"x":1},"b":1,"a":{"y":2},"b":2}"#;
    assert_eq!(whole(r#"{"a":{"z":3}}"#, stored), r#"{"b":1,"a":{"y":2,"z":3},"b":2}"#);
    assert_eq!(whole(r#"{"c":3}"#, stored), r#"{"a":{"x":1},"b":1,"a":{"y":2},"b":2,"c":3}"#);
}

#[test]
fn another_type_than_expected_gives_way() {
    for stored in ["null", "1", "\"text\"", "[]", "[{}]", "{}"] {
        assert_eq!(whole(r#"{"a":{"b":1}}"#, stored), r#"{"a":{"b":1}}"#, "{stored}");
        assert_eq!(whole(r#"{"a":{"b":1}}"#, &format!(r#"{{"a":{stored}}}"#)), r#"{"a":{"b":1}}"#, "{stored}");
        let bare = splice(r#"{"bare":{"a":{"x":1}}}"#, &format!(r#"{{"bare":{stored}}}"#));
        let before = if stored == "[{}]" { "{}," } else { "" };
        assert_eq!(bare, format!(r#"{{"bare":[{before}{{"role":"a","x":1}}]}}"#), "{stored}");
    }
    assert_eq!(
        String::from_utf8(spliced(SPLICES, &[], value(r#"{"whole":{"a":1}}"#), None)).unwrap(),
        r#"{"whole":{"a":1}}"#
    );
    assert_eq!(whole(r#"{"a":[1]}"#, r#"{"a":{"b":1}}"#), r#"{"a":[1]}"#);
    assert_eq!(whole(r#"{"a":{}}"#, r#"{"a":{"b":1}}"#), r#"{"a":{"b":1}}"#);
}

#[test]
fn an_element_is_found_by_its_key_and_the_others_stay_in_their_order() {
    let list = |sparse: &str, stored: &str| {
        whole(&format!(r#"{{"list":{sparse}}}"#), &format!(r#"{{"list":{stored}}}"#))
            .strip_prefix(r#"{"list":"#)
            .and_then(|rest| rest.strip_suffix('}'))
            .unwrap()
            .to_owned()
    };
    let stored = r#"[ {"role":"user","x":1.0}, 7, {"role":"\u0061","x" : 1,"y":[ ]}, {"role":"a","x":9}, {"x":0} ]"#;
    assert_eq!(
        list(r#"{"a":{"x":2}}"#, stored),
        r#"[{"role":"user","x":1.0},7,{"role":"\u0061","x":2,"y":[ ]},{"role":"a","x":9},{"x":0}]"#
    );
    assert_eq!(list(r#"{"a":null}"#, stored), r#"[{"role":"user","x":1.0},7,{"x":0}]"#);
    assert_eq!(list(r#"{"b":{"x":3},"a":null}"#, "[]"), r#"[{"role":"b","x":3}]"#);
    assert_eq!(list(r#"{"b":{"size":3}}"#, r#"[{"role":"c"}]"#), r#"[{"role":"c"},{"role":"b","size":3}]"#);
    assert_eq!(list(r#"[1]"#, stored), "[1]");
    let inner = r#"[{"role":"a","do":[{"type":"say","x":1},{"type":"tool", "x":2}]}]"#;
    assert_eq!(
        list(r#"{"a":{"do":{"own":[{"type":"say"}]}}}"#, inner),
        r#"[{"role":"a","do":[{"type":"say"},{"type":"tool", "x":2}]}]"#
    );
}

#[test]
fn words_are_a_set_and_what_is_no_word_stays() {
    let events =
        |sparse: &str, stored: &str| splice(&format!(r#"{{"events":{sparse}}}"#), &format!(r#"{{"events":{stored}}}"#));
    assert_eq!(
        events(r#"{"a":false,"b":true,"c":true}"#, r#"["\u0061","b","\u0064",1,"a"]"#),
        r#"{"events":["b","\u0064",1,"c"]}"#
    );
    assert_eq!(events(r#"{"a":false}"#, "null"), r#"{"events":[]}"#);
}

#[test]
fn a_switch_keeps_what_is_on() {
    let switch =
        |sparse: &str, stored: &str| splice(&format!(r#"{{"switch":{sparse}}}"#), &format!(r#"{{"switch":{stored}}}"#));
    assert_eq!(switch("true", r#"{"by": "them"}"#), r#"{"switch":{"by": "them"}}"#);
    assert_eq!(switch("true", "[1]"), r#"{"switch":[1]}"#);
    for off in ["null", "[]", "false", "\"off\""] {
        assert_eq!(switch("true", off), r#"{"switch":{"by":"us"}}"#, "{off}");
    }
    assert_eq!(switch("false", r#"{"by":"them"}"#), r#"{"switch":null}"#);
    assert_eq!(switch(r#"{"by":"me"}"#, r#"{"by":"them","x":1}"#), r#"{"switch":{"by":"me"}}"#);
}

#[test]
fn elements_of_one_kind_are_replaced_and_others_found_by_their_names() {
    let mixed = |sparse: &str, stored: &str| {
        splice(&format!(r#"{{"mixed":{sparse}}}"#), &format!(r#"{{"mixed":{stored}}}"#))
            .strip_prefix(r#"{"mixed":"#)
            .and_then(|rest| rest.strip_suffix('}'))
            .unwrap()
            .to_owned()
    };
    let stored =
        r#"[{"type":"own","name":"a"},{"type":"p","name":"b","x":1.0},7,{"name":"a"},{"type":"own","name":"b"}]"#;
    assert_eq!(
        mixed(r#"{"own":[{"new":1}]}"#, stored),
        r#"[{"new":1},{"type":"p","name":"b","x":1.0},7,{"name":"a"}]"#
    );
    assert_eq!(mixed(r#"{"own":[]}"#, "null"), "[]");
    assert_eq!(
        mixed(r#"{"named":{"b":{"x":2},"c":{"type":"p"}}}"#, stored),
        r#"[{"type":"own","name":"a"},{"type":"p","name":"b","x":2},7,{"name":"a"},{"type":"own","name":"b"},{"name":"c","type":"p"}]"#
    );
    assert_eq!(mixed(r#"{"named":{"b":null},"own":[]}"#, stored), r#"[7,{"name":"a"}]"#);
    assert_eq!(mixed(r#"[{"type":"own"}]"#, stored), r#"[{"type":"own"}]"#, "an array is sent as it is");
    // What stays of an element whose name and kind stay.
    let stored = r#"[{"type":"own","name":"a","x":1.0,"y":2},{"type":"own","name":"b", "x":[ 1 ]}]"#;
    assert_eq!(
        mixed(
            r#"{"own":[{"type":"own","name":"b"},{"type":"own","name":"a","y":3},{"type":"own","name":"c"}]}"#,
            stored
        ),
        r#"[{"type":"own","name":"b", "x":[ 1 ]},{"type":"own","name":"a","y":3,"x":1.0},{"type":"own","name":"c"}]"#
    );
}

#[test]
fn a_value_leads_an_array_of_which_the_rest_stays() {
    let led = |sparse: &str, stored: &str| splice(&format!(r#"{{"led":{sparse}}}"#), &format!(r#"{{"led":{stored}}}"#));
    for (sparse, stored, expected) in [
        (r#"{"first":"de"}"#, r#""fr""#, r#"{"led":"de"}"#),
        (r#"{"first":"de"}"#, r#"["fr","es"]"#, r#"{"led":["de","es"]}"#),
        (r#"{"first":"es"}"#, r#"["fr","es"]"#, r#"{"led":"es"}"#),
        (r#"{"rest":["es"]}"#, r#"["fr","it"]"#, r#"{"led":["fr","es"]}"#),
        (r#"{"rest":["es"]}"#, "null", r#"{"led":["en","es"]}"#),
        (r#"{"rest":["es"]}"#, "[]", r#"{"led":["en","es"]}"#),
        (r#"{"rest":[]}"#, r#"["fr","it"]"#, r#"{"led":"fr"}"#),
        (r#"{"first":"a","rest":["b","a"]}"#, "1", r#"{"led":["a","b"]}"#),
        (r#"["x"]"#, r#""fr""#, r#"{"led":["x"]}"#),
    ] {
        assert_eq!(led(sparse, stored), expected, "{sparse} over {stored}");
    }
}

#[test]
fn a_conditional_value_takes_the_place_of_certain_others_only() {
    let scale =
        |sparse: &str, stored: &str| splice(&format!(r#"{{"scale":{sparse}}}"#), &format!(r#"{{"scale":{stored}}}"#));
    for (sparse, stored, expected) in [
        (r#"{"from":[0,null],"to":1}"#, "0.0", "1"),
        (r#"{"from":[0,null],"to":1}"#, "null", "1"),
        (r#"{"from":[0],"to":1}"#, "null", "null"),
        (r#"{"from":[0],"to":1}"#, "0.30", "0.30"),
        (r#"{"keep":["a","b"],"to":"a"}"#, r#""\u0062""#, r#""\u0062""#),
        (r#"{"keep":["a","b"],"to":"a"}"#, r#""c""#, r#""a""#),
        (r#"{"keep":["a","b"],"to":"a"}"#, "null", r#""a""#),
        (r#"{"to":2}"#, "0.3", "2"),
        ("3", "0.3", "3"),
    ] {
        assert_eq!(scale(sparse, stored), format!(r#"{{"scale":{expected}}}"#), "{sparse} over {stored}");
    }
    let option =
        |sparse: &str, stored: &str| splice(&format!(r#"{{"option":{sparse}}}"#), &format!(r#"{{"option":{stored}}}"#));
    let text = r#"{"p":1.0,"action":{"type":"text","text":"x"}}"#;
    let end = r#"{"from":["text"],"to":{"action":{"type":"end"}}}"#;
    assert_eq!(option(end, text), r#"{"option":{"p":1.0,"action":{"type":"end"}}}"#, "an inner object is not merged");
    assert_eq!(option(end, r#"{"action":{"type":"other"}}"#), r#"{"option":{"action":{"type":"other"}}}"#);
    assert_eq!(
        option(r#"{"p":2}"#, text),
        r#"{"option":{"p":2,"action":{"type":"text","text":"x"}}}"#,
        "without `to` it is whole"
    );
}

#[test]
fn an_object_of_another_kind_keeps_nothing() {
    let config =
        |sparse: &str, stored: &str| splice(&format!(r#"{{"config":{sparse}}}"#), &format!(r#"{{"config":{stored}}}"#));
    let stored = r#"{"type":"a","model":{"name":"m","tier":"t"},"x":1}"#;
    assert_eq!(config(r#"{"model":{"name":"n"}}"#, stored), r#"{"config":{"model":{"name":"n","tier":"t"}}}"#);
    assert_eq!(
        config(r#"{"model":{"name":"n"},"type":"\u0061"}"#, stored),
        r#"{"config":{"model":{"name":"n","tier":"t"},"type":"\u0061"}}"#
    );
    assert_eq!(
        config(r#"{"model":{"name":"n"},"type":"b"}"#, stored),
        r#"{"config":{"model":{"name":"n"},"type":"b"}}"#
    );
    assert_eq!(config(r#"{"model":{"name":"n"}}"#, "{}"), r#"{"config":{"model":{"name":"n"}}}"#);
}

#[test]
fn where_the_kind_changes_only_shared_members_stay() {
    let stored = r#"{"voice":{"provider":"a","id":"1","speed":1,"chunks":{"x":1},"backup":[1]}}"#;
    let voice = |sparse: &str| splice(&format!(r#"{{"voice":{sparse}}}"#), stored);
    assert_eq!(
        voice(r#"{"provider":"\u0061","id":"2"}"#),
        r#"{"voice":{"provider":"\u0061","id":"2","speed":1,"chunks":{"x":1},"backup":[1]}}"#
    );
    assert_eq!(
        voice(r#"{"provider":"b","id":"2"}"#),
        r#"{"voice":{"provider":"b","id":"2","chunks":{"x":1},"backup":[1]}}"#
    );
    assert_eq!(voice(r#"{"provider":"c","speed":2}"#), r#"{"voice":{"provider":"c","speed":2,"chunks":{"x":1}}}"#);
    assert_eq!(voice(r#"{"speed":2}"#), stored.replace(r#""speed":1"#, r#""speed":2"#));
}

#[test]
fn what_needs_the_stored_object_is_read_first() {
    let needs = |sparse: &str| needs_stored(SPLICES, &[], value(sparse));
    for sparse in [r#"{"whole":{"a":1}}"#, r#"{"whole":{}}"#, r#"{"switch":true}"#, r#"{"events":{"a":true}}"#] {
        assert!(needs(sparse), "{sparse}");
    }
    for sparse in ["{}", r#"{"name":"x"}"#, r#"{"switch":false}"#, r#"{"whole":null}"#, r#"{"other":{"a":1}}"#] {
        assert!(!needs(sparse), "{sparse}");
    }
}

#[test]
fn a_new_object_has_its_arrays_and_switches_in_the_vendors_form() {
    let over = r#"{"bare":{"a":{"x":1}},"events":{"b":true},"switch":true,"base":{"y":2}}"#;
    let new = overlaid(SPLICES, &[], value(r#"{"base":{"x":1},"kind":"k"}"#), value(over));
    assert_eq!(
        String::from_utf8(new).unwrap(),
        r#"{"base":{"x":1,"y":2},"kind":"k","bare":[{"role":"a","x":1}],"events":["b"],"switch":{"by":"us"}}"#
    );
}

/// JSON text in odd spellings, with members that occur twice.
fn odd_json() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "null",
        "true",
        "1",
        "1.0",
        "1e2",
        "-0",
        "0.10",
        "12345678901234567890",
        r#""""#,
        r#""\u00e9""#,
        r#""a\/b""#,
        r#""é""#,
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(4, 40, 5, |inner| {
        let member = (key(), inner.clone());
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(|all| format!("[ {} ]", all.join(" , "))),
            prop::collection::vec(member, 0..5).prop_map(object),
        ]
    })
}

fn key() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "\\u0061", "b", "c", "d e", "", "\\\"", "\\ud83d\\ude00", "😀"])
        .prop_map(str::to_owned)
}

fn object(members: Vec<(String, String)>) -> String {
    let members: Vec<_> = members.into_iter().map(|(key, value)| format!("\"{key}\" : {value}")).collect();
    format!("{{ {} }}", members.join(", "))
}

/// A sparse document: objects with keys that occur once.
fn sparse_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![Just(Json::Null), any::<i8>().prop_map(Json::from), Just(serde_json::json!([{ "a": 1 }]))];
    leaf.prop_recursive(3, 20, 4, |inner| {
        let name = prop::sample::select(vec!["a", "b", "c", "d e", "", "\"", "😀", "z"]).prop_map(str::to_owned);
        prop::collection::btree_map(name, inner, 1..4).prop_map(|members| members.into_iter().collect())
    })
    .prop_filter("is an object", Json::is_object)
}

/// What the result means, computed in another way.
fn merged(stored: &Json, sparse: &Json) -> Json {
    let Json::Object(sparse) = sparse else { return sparse.clone() };
    let mut out = stored.as_object().cloned().unwrap_or_default();
    for (key, written) in sparse {
        let before = out.get(key).cloned().unwrap_or_default();
        out.insert(key.clone(), merged(&before, written));
    }
    Json::Object(out)
}

/// Asserts that every member of `stored` that `sparse` does not name stands in `result` as it was spelled, as often and in the
/// same order.
fn assert_kept(stored: Value<'_>, sparse: Value<'_>, result: Value<'_>) {
    let untouched = |object: Value<'_>| -> Vec<(String, String)> {
        let members = object.spelled_members().filter(|(key, _)| sparse.get(&name_of(key)).is_none());
        members.map(|(key, value)| (key.to_owned(), value.text().to_owned())).collect()
    };
    assert_eq!(untouched(stored), untouched(result));
    for (key, written) in sparse.members() {
        let (before, after) = (stored.get(&key), result.get(&key).unwrap());
        if let (Kind::Object, Some(before)) = (written.kind(), before.filter(|before| before.kind() == Kind::Object)) {
            assert_kept(before, written, after);
        }
    }
}

proptest! {
    #[test]
    fn everything_that_is_not_written_is_kept_byte_for_byte(
        members in prop::collection::vec((key(), odd_json()), 0..6),
        sparse in sparse_json(),
    ) {
        let (stored, sparse) = (object(members), sparse.to_string());
        let result = whole(&sparse, &stored);
        assert_kept(value(&stored), value(&sparse), value(&result));
        let parse = |text: &str| serde_json::from_str::<Json>(text).unwrap();
        prop_assert_eq!(parse(&result), merged(&parse(&stored), &parse(&sparse)));
        prop_assert_eq!(whole(&sparse, &result), result, "twice is as once");
    }
}
