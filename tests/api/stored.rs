//! Laws of reading, through the whole gateway: what was applied is stored and read back, and what is read can be written
//! back without changing anything.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Map, Value, json};
use vendors::Field;
use vendors::canonical::{Bounds, Length, Member, Pattern, Required, Shape};

use crate::support::{Reply, Stage};

/// How often an update is generated; each goes to every vendor.
const CASES: u32 = 24;

/// The assistant that is updated: one that is listed although nothing of it was changed yet.
const ID: u32 = 789;

/// A value as JSON text, with its spelling.
type Json = BoxedStrategy<String>;

/// A JSON string.
fn quoted(text: &str) -> String {
    json!(text).to_string()
}

/// Any text of an allowed length; `[redacted]` has a meaning of its own.
fn text(length: Length) -> Json {
    match length.pattern {
        Some(Pattern::WebAddress) => {
            "https?://[a-z]{1,9}\\.example(:[1-9][0-9]{1,3})?/[a-zA-Z0-9/_-]{0,20}(\\?[a-z]=[0-9a-z]{1,5})?"
                .prop_map(|url| quoted(&url))
                .boxed()
        }
        Some(Pattern::LowerSnake) => "[a-z0-9_]{3,16}".prop_map(|name| quoted(&name)).boxed(),
        None => {
            let most = length.max.unwrap_or(40).min(40);
            vec(any::<char>(), length.min..=most).prop_map(|chars| quoted(&String::from_iter(chars))).boxed()
        }
    }
}

/// A number in a range, with two decimals at most, because the vendors' lists have no more; in several spellings.
fn number(bounds: Option<Bounds>) -> Json {
    let (min, max) = bounds.map_or((-10.0, 10.0), |bounds| (float(&bounds.min), float(&bounds.max)));
    #[expect(clippy::cast_possible_truncation, reason = "documented ranges are small")]
    let hundredths = ((min * 100.0).round() as i32)..=((max * 100.0).round() as i32);
    (hundredths, 0..4_u8)
        .prop_map(|(hundredths, spelling)| {
            let value = f64::from(hundredths) / 100.0;
            match spelling {
                0 => format!("{value:.2}"),
                1 => format!("{value:.4}"),
                2 => format!("{hundredths}e-2"),
                _ => value.to_string(),
            }
        })
        .boxed()
}

fn float(bound: &impl ToString) -> f64 {
    bound.to_string().parse().unwrap()
}

/// Any JSON of a few levels. Objects inside are not empty, because the vendors' language has no empty object.
fn any_json() -> Json {
    let leaf = prop_oneof![
        select(vec!["true", "false", "null", "0", "-7", "0.10", "9007199254740993", "\"\""]).prop_map(str::to_owned),
        text(Length { min: 0, max: Some(12), pattern: None }),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![vec(inner.clone(), 0..3).prop_map(|list| format!("[{}]", list.join(","))), object(inner, 1)]
    })
    .boxed()
}

/// An object with any keys.
fn object(value: impl Strategy<Value = String> + 'static, least: usize) -> Json {
    let members = proptest::collection::btree_map(any::<String>(), value, least..4);
    members.prop_map(|members| joined(members.iter().map(|(key, value)| (quoted(key), value)))).boxed()
}

fn joined<'a>(members: impl Iterator<Item = (String, &'a String)>) -> String {
    format!("{{{}}}", members.map(|(key, value)| format!("{key}:{value}")).collect::<Vec<_>>().join(","))
}

/// An object with documented members: those that must be there, and some of the others.
fn record(tag: Option<&'static str>, members: &'static [Member]) -> Json {
    let optional = |member: &'static Member| {
        let value = shape(&member.shape);
        let is_there = if member.required == Required::No { any::<bool>().boxed() } else { Just(true).boxed() };
        (value, is_there).prop_map(|(value, is_there)| is_there.then_some((quoted(member.name), value)))
    };
    let members: Vec<_> = members.iter().map(optional).collect();
    members
        .prop_map(move |members| {
            let tag = tag.map(|tag| (quoted("type"), quoted(tag)));
            let all: Vec<_> = tag.into_iter().chain(members.into_iter().flatten()).collect();
            joined(all.iter().map(|(key, value)| (key.clone(), value)))
        })
        .boxed()
}

/// A valid value of a type.
fn shape(of: &'static Shape) -> Json {
    match of {
        Shape::Boolean => any::<bool>().prop_map(|value| value.to_string()).boxed(),
        Shape::Integer(None) => select(vec!["1", "2", "3", "9007199254740993"]).prop_map(str::to_owned).boxed(),
        #[expect(clippy::cast_possible_truncation, reason = "documented ranges are small")]
        Shape::Integer(Some(bounds)) => {
            (float(&bounds.min) as i32..=float(&bounds.max) as i32).prop_map(|value| value.to_string()).boxed()
        }
        Shape::Number(bounds) => number(*bounds),
        Shape::Text(length) => text(*length),
        Shape::Choice(words) => select(words.to_vec()).prop_map(quoted).boxed(),
        Shape::List(element) => vec(shape(element), 0..3).prop_map(|list| format!("[{}]", list.join(","))).boxed(),
        Shape::Record(members) => record(None, members),
        Shape::Tagged(variants) => {
            let all: Vec<_> = variants.iter().map(|variant| record(Some(variant.tag), variant.members)).collect();
            any::<Index>().prop_flat_map(move |index| all[index.index(all.len())].clone()).boxed()
        }
        Shape::Map => object(any_json(), 0),
        Shape::PerVendor | Shape::Any => any_json(),
    }
}

/// A value of a field that a vendor is likely to take: names and ids are in every sample catalog.
fn value(field: Field) -> Json {
    let known = |words: &[&'static str]| select(words.to_vec()).prop_map(str::to_owned).boxed();
    let of_type = match field {
        Field::Language => known(&["\"English\"", "\"en\"", "\"French\"", "\"de\""]),
        Field::Voice => known(&["\"Voice 41\"", "\"voice 41\""]),
        Field::LlmModel => known(&["\"GPT-4.1-mini\"", "\"GPT-4o-mini\""]),
        Field::MultimodalModel => known(&["\"GPT-4o\"", "\"GPT Realtime\""]),
        Field::VoiceId | Field::MultimodalModelId => known(&["1"]),
        Field::LanguageId | Field::LlmModelId => known(&["1", "2", "3"]),
        Field::Mode => known(&["\"pipeline\"", "\"pipeline\"", "\"multimodal\""]),
        _ => shape(&field.spec().shape),
    };
    if field.spec().nullable { prop_oneof![5 => of_type, 1 => Just("null".to_owned())].boxed() } else { of_type }
}

/// Updates without a name beside its id.
fn update() -> impl Strategy<Value = BTreeMap<&'static str, String>> {
    let fields: Vec<_> = Field::ALL.into_iter().filter(|field| *field != Field::VendorOptions).collect();
    let values: Vec<_> = fields.iter().map(|field| value(*field)).collect();
    let member = any::<Index>().prop_flat_map(move |index| {
        let index = index.index(fields.len());
        (Just(fields[index]), values[index].clone())
    });
    vec(member, 1..12).prop_map(|members| {
        let names: BTreeSet<_> = members.iter().map(|(field, _)| *field).collect();
        let is_twin = |field: Field| field.id_of_name().is_some_and(|id| names.contains(&id));
        let kept = members.into_iter().filter(|(field, _)| !is_twin(*field));
        kept.map(|(field, value)| (field.name(), value)).collect()
    })
}

/// Sends fields with these preferences.
async fn put(stage: &Stage, vendor: &str, prefer: &str, fields: String) -> Reply {
    stage.put_with(&format!("{vendor}:{ID}"), &[("prefer", prefer)], fields).await
}

async fn get(stage: &Stage, vendor: &str) -> Reply {
    stage.call(Method::GET, &format!("/v1/assistants/{vendor}:{ID}"), &[], "").await
}

fn names(list: &Value) -> BTreeSet<String> {
    list.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// Applies an update at one vendor and checks the laws; whether the vendor and the gateway took it.
async fn laws(stage: &Stage, vendor: &str, update: &str) -> Result<bool, TestCaseError> {
    stage.simulator(vendor).reset();
    let reply = put(stage, vendor, "handling=lenient, return=representation", update.to_owned()).await;
    if reply.status == 422 {
        return Ok(false);
    }
    prop_assert_eq!(reply.status.as_u16(), 200, "{} {} {:?}", vendor, update, reply);
    let body = reply.json();
    let stored = &body["stored"];
    prop_assert_eq!(&stored["differs"], &json!([]), "{} {} {:#}", vendor, update, body);
    let (confirmed, unreadable) = (names(&stored["confirmed"]), names(&stored["unreadable"]));
    prop_assert!(confirmed.is_disjoint(&unreadable), "{} {:#}", vendor, body);
    // What a vendor tells is proved; only what it never tells is not.
    let never = names(&body["representation"]["unreadable"]);
    prop_assert!(unreadable.is_subset(&never), "{} {} {:#}", vendor, update, body);
    let found: BTreeSet<_> = confirmed.union(&unreadable).cloned().collect();
    prop_assert_eq!(found, names(&body["report"]["applied"]), "{} {} {:#}", vendor, update, stored);

    let read = get(stage, vendor).await;
    prop_assert_eq!(read.status.as_u16(), 200, "{} {:?}", vendor, read);
    prop_assert_eq!(read.header("etag"), reply.header("etag"), "{} {}", vendor, update);
    let shown = &body["representation"];
    let now = read.json();
    for member in ["fields", "unreadable", "unwritable", "status", "created_at", "updated_at"] {
        prop_assert_eq!(&now[member], &shown[member], "{} {} {}", vendor, update, member);
    }
    writes_back(stage, vendor, read).await?;
    Ok(true)
}

/// The fields as they were read, written back in strict handling, change nothing. Secrets cannot be written back.
async fn writes_back(stage: &Stage, vendor: &str, read: Reply) -> Result<(), TestCaseError> {
    let text = String::from_utf8(read.body.to_vec()).unwrap();
    let whole = vendors::json::read_value(text.as_bytes(), vendors::json::Limits::VENDOR).unwrap();
    let fields: Map<String, Value> = serde_json::from_str(whole.get("fields").unwrap().text()).unwrap();
    let mut sent = whole.get("fields").unwrap().text().to_owned();
    if sent.contains("\"[redacted]\"") {
        let refused = put(stage, vendor, "handling=strict", sent).await;
        prop_assert_eq!(&refused.problem("validation_failed")["errors"][0]["code"], "not_allowed");
        let others = fields.into_iter().filter(|(_, value)| !value.to_string().contains("\"[redacted]\""));
        sent = Value::Object(others.collect()).to_string();
    }
    let again = put(stage, vendor, "handling=strict", sent.clone()).await;
    prop_assert_eq!(again.status.as_u16(), 200, "{} {} {:?}", vendor, sent, again);
    let report = &again.json()["report"];
    prop_assert_eq!(&report["dropped"], &json!([]), "{} {}", vendor, sent);
    let unchanged = get(stage, vendor).await;
    prop_assert_eq!(unchanged.header("etag"), read.header("etag"), "{} {} {:?}", vendor, sent, unchanged);
    Ok(())
}

#[test]
fn what_was_applied_is_read_back_and_what_is_read_can_be_written_back() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stage = runtime.block_on(Stage::new());
    let taken = RefCell::new(BTreeMap::<&str, u32>::new());
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&update(), |update| {
            let text = joined(update.iter().map(|(name, value)| (quoted(name), value)));
            for vendor in simulators::NAMES {
                if runtime.block_on(laws(&stage, vendor, &text))? {
                    *taken.borrow_mut().entry(vendor).or_default() += 1;
                }
            }
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    let taken = taken.into_inner();
    assert!(
        simulators::NAMES.iter().all(|vendor| taken.get(vendor).is_some_and(|count| *count >= CASES / 4)),
        "{taken:?}"
    );
    runtime.block_on(stage.stop());
}
