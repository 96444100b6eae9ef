//! Generators: JSON in every spelling, and valid and invalid canonical updates.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::Config;

use super::contracts::{Contract, contracts, members};
use super::samples::{fields, samples};

/// A configuration with so many cases and without files for failures.
pub(crate) fn config(cases: u32) -> Config {
    Config { cases, failure_persistence: None, ..Config::default() }
}

/// White space between tokens.
fn space() -> impl Strategy<Value = &'static str> {
    prop_oneof![6 => Just(""), 1 => select(vec![" ", "\n", "\t", "\r\n", "  "])]
}

/// A string literal. Each character is raw, a short escape or a `\u` escape.
pub(crate) fn string(text: String) -> impl Strategy<Value = String> {
    vec(0..6_u8, text.chars().count()).prop_map(move |ways| {
        let spelled: String = text.chars().zip(ways).map(|(one, way)| spelled(one, way)).collect();
        format!("\"{spelled}\"")
    })
}

fn spelled(one: char, way: u8) -> String {
    let mut units = [0; 2];
    let by_unit = |one: char, units: &mut [u16; 2]| -> String {
        one.encode_utf16(units).iter().map(|unit| format!("\\u{unit:04X}")).collect()
    };
    match (one, way) {
        ('"' | '\\', 1..) => format!("\\{one}"),
        ('/', 1 | 2) => "\\/".into(),
        ('\n', 1..4) => "\\n".into(),
        ('"' | '\\' | '\0'..' ', _) | (_, 0) => by_unit(one, &mut units),
        _ => one.into(),
    }
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?(0|[1-9][0-9]{0,4})",
        "-?(0|[1-9][0-9]{0,3})\\.[0-9]{1,4}",
        "-?(0|[1-9][0-9]{0,2})(\\.[0-9]{1,3})?[eE][+-]?[0-9]{1,2}",
        select(vec!["-0", "0.70", "1e2", "18446744073709551616", "0.1000000000000000055511151231257827", "1.0"])
            .prop_map(str::to_owned),
    ]
}

/// Any JSON value.
pub(crate) fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        select(vec!["true", "false"]).prop_map(str::to_owned),
        number(),
        any::<String>().prop_flat_map(string),
        "[a-z_]{0,8}".prop_flat_map(string),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        let element = (space(), inner.clone(), space()).prop_map(|(a, value, b)| format!("{a}{value}{b}"));
        let keys = prop_oneof![3 => "[a-e]{1,2}", 1 => any::<String>()];
        let member = (space(), keys.prop_flat_map(string), space(), inner, space())
            .prop_map(|(a, key, b, value, c)| format!("{a}{key}{b}:{value}{c}"));
        prop_oneof![
            vec(element, 0..5).prop_map(|list| format!("[{}]", list.join(","))),
            vec(member, 0..5).prop_map(|list| format!("{{{}}}", list.join(","))),
        ]
    })
}

/// One member of an update: its key, its key as spelled, and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) key: String,
    pub(crate) spelled: String,
    pub(crate) value: String,
}

/// An update as text, with different white space around each member.
pub(crate) fn text(members: &[Member]) -> String {
    let list: Vec<_> = members
        .iter()
        .enumerate()
        .map(|(index, member)| {
            let space = ["", " ", "\n  ", "\t"][index % 4];
            format!("{space}{}{space}:{space}{}{space}", member.spelled, member.value)
        })
        .collect();
    format!("{{{}}}", list.join(","))
}

/// A value for a field: usually a documented one, otherwise one just outside the limits.
fn value(field: String, good: u32) -> BoxedStrategy<String> {
    let samples = samples(&field);
    let named = match field.as_str() {
        "language" => vec!["\"English\"", "\"en\"", "\"\\u0046rench\"", "\"DE\""],
        "voice" => vec!["\"Voice 41\""],
        "llm_model" => vec!["\"GPT-4o-mini\"", "\"GPT-4.1-mini\""],
        "multimodal_model" => vec!["\"GPT-4o\""],
        "language_id" | "llm_model_id" | "voice_id" => vec!["1", "2", "3"],
        _ => Vec::new(),
    };
    let mut inside = samples.inside;
    if !named.is_empty() {
        inside = named.into_iter().map(str::to_owned).collect();
    }
    if field == "tools" {
        inside.extend(examples("tools"));
    }
    let outside: Vec<_> = samples.outside.into_iter().map(|(text, _, _)| text).collect();
    prop_oneof![good => select(inside), 1 => select(outside)].boxed()
}

/// The values of a key in the documented examples.
fn examples(wanted: &str) -> Vec<String> {
    let all = contracts().iter().flat_map(Contract::examples);
    all.flat_map(|(_, example)| members(&example)).filter(|(key, _)| key == wanted).map(|(_, text)| text).collect()
}

fn member(key: String, value: BoxedStrategy<String>) -> BoxedStrategy<Member> {
    let spelled = prop_oneof![3 => Just(serde_json::to_string(&key).unwrap()), 1 => string(key.clone())];
    (spelled, value).prop_map(move |(spelled, value)| Member { key: key.clone(), spelled, value }).boxed()
}

/// A member with a canonical name.
fn field_member(good: u32) -> BoxedStrategy<Member> {
    let fields: Vec<_> = fields().into_iter().filter(|field| field != "vendor_options").collect();
    let members: Vec<_> = fields.into_iter().map(|field| member(field.clone(), value(field, good))).collect();
    any::<Index>().prop_flat_map(move |index| members[index.index(members.len())].clone()).boxed()
}

/// A member without a canonical name; some have a vendor's name.
fn unknown_member() -> BoxedStrategy<Member> {
    let legacy: Vec<_> = contracts()
        .iter()
        .flat_map(|contract| contract.schema["properties"].as_object().unwrap().keys().cloned())
        .filter(|name| vendors::Field::from_name(name).is_none())
        .collect();
    let keys =
        prop_oneof![select(legacy), "[a-z_]{0,12}", any::<String>().prop_map(|key| key.chars().take(20).collect())];
    let unknown = keys.prop_filter("a canonical name", |key| vendors::Field::from_name(key).is_none());
    unknown.prop_flat_map(|key| member(key, json().boxed())).boxed()
}

/// Members with different keys.
fn distinct(members: Vec<Member>) -> Vec<Member> {
    let mut seen = std::collections::HashSet::new();
    members.into_iter().filter(|member| seen.insert(member.key.clone())).collect()
}

/// Updates of canonical fields, nearly always with documented values.
pub(crate) fn update() -> impl Strategy<Value = Vec<Member>> {
    vec(field_member(40), 0..10).prop_map(distinct)
}

/// Updates of these fields, with documented values.
pub(crate) fn update_of(fields: &'static [&'static str]) -> impl Strategy<Value = Vec<Member>> {
    let one = select(fields).prop_flat_map(|field| member(field.to_owned(), value(field.to_owned(), 40)));
    vec(one, 0..4).prop_map(distinct)
}

/// Updates with documented values, other values, any JSON and unknown keys.
pub(crate) fn rough_update() -> impl Strategy<Value = Vec<Member>> {
    let any_value = select(fields()).prop_flat_map(|field| member(field, json().boxed()));
    let one = prop_oneof![6 => field_member(3), 2 => any_value, 1 => unknown_member()];
    vec(one, 0..10).prop_map(distinct)
}
