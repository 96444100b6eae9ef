//! The published JSON Schema compared with the validator, on valid and invalid updates.
//!
//! Two differences are intended: in JSON Schema `1.0` is an integer, here it is not; and the strict reader refuses
//! duplicate keys, more than 32 levels and invalid UTF-8 before any schema applies.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use jsonschema::Validator;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use vendors::canonical::{check_modes, check_value};
use vendors::document::canonical_schema;
use vendors::json::{Kind, Limits, Value, read_value};
use vendors::{Field, FieldSet, Item, ItemCode, Items, Update};

use super::contracts::{Contract, SUPERSET, contract, contracts};
use super::generated::{config, json, rough_update, text, update};
use super::samples::{fields, samples};

static SCHEMA: LazyLock<Validator> = LazyLock::new(|| jsonschema::draft202012::new(&canonical_schema()).unwrap());

/// All violations of the canonical rules in an update.
fn validated(update: &Update<'_>) -> Vec<Item> {
    let mut items = Items::default();
    for entry in &update.entries {
        match entry.field {
            Some(field) if field.spec().shape.is_of_ids() => {
                let text = with_integers(entry.value);
                check_value(field, read_value(text.as_bytes(), Limits::VENDOR).unwrap(), &mut items);
            }
            Some(field) => check_value(field, entry.value, &mut items),
            None => items.push(Item {
                pointer: format!("#/{}", entry.key),
                field: None,
                code: ItemCode::UnknownField,
                detail: "is unknown".to_owned(),
                vendor_field: None,
            }),
        }
    }
    check_modes(update, FieldSet::EMPTY, &mut items, &mut Vec::new());
    items.list
}

/// A value of ids with an integer for each string: the schema takes the ids of every vendor.
fn with_integers(value: Value<'_>) -> String {
    let id = |value: Value<'_>| if value.kind() == Kind::String { "1".to_owned() } else { value.text().to_owned() };
    match value.kind() {
        Kind::Array => format!("[{}]", value.elements().map(id).collect::<Vec<_>>().join(",")),
        _ => id(value),
    }
}

/// Fails if the two disagree on whether the update is valid or which fields are not. Returns whether it is valid; `None`
/// if they cannot be compared.
fn agree(body: &str) -> Option<bool> {
    let update = Update::read(body.as_bytes()).ok()?;
    // The reference cannot represent numbers such as 1e999.
    let value: serde_json::Value = serde_json::from_str(body).ok()?;
    let items = validated(&update);
    if items.iter().any(|item| item.detail.contains("without a fraction")) {
        return None;
    }
    let errors: Vec<_> = SCHEMA.iter_errors(&value).collect();
    assert_eq!(errors.is_empty(), items.is_empty(), "{body}\n{errors:#?}\n{items:#?}");
    let places: BTreeSet<_> = errors
        .iter()
        .filter_map(|error| error.instance_path().to_string().split('/').nth(1).map(str::to_owned))
        .collect();
    // The schema reports twins and unknown keys at the root.
    let at_root = |item: &&Item| item.field.is_none() || item.detail.contains("only one of the two");
    let found = items.iter().filter(|item| !at_root(item)).filter_map(|item| item.field.as_deref());
    assert_eq!(found.map(str::to_owned).collect::<BTreeSet<_>>(), places, "{body}\n{items:#?}");
    Some(items.is_empty())
}

/// The pointers to all values inside a value, the value itself included.
fn places(value: &serde_json::Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        serde_json::Value::Array(list) => {
            list.iter().enumerate().for_each(|(index, inner)| places(inner, &format!("{at}/{index}"), found));
        }
        serde_json::Value::Object(object) => {
            object.iter().for_each(|(key, inner)| places(inner, &format!("{at}/{key}"), found));
        }
        _ => {}
    }
}

/// The documented examples with one value removed, replaced or given another member.
fn tampered() -> impl Strategy<Value = String> {
    let examples: Vec<String> = contract(SUPERSET).examples().into_iter().map(|(_, text)| text).collect();
    let key =
        prop_oneof![Just("extra".to_owned()), select(vec!["type", "description", "custom"]).prop_map(str::to_owned)];
    (select(examples), any::<Index>(), 0..3_u8, key, json()).prop_map(|(example, at, how, key, new)| {
        let mut value: serde_json::Value = serde_json::from_str(&example).unwrap();
        let mut all = Vec::new();
        places(&value, "", &mut all);
        let place = at.get(&all).clone();
        let new = serde_json::from_str(&new).unwrap_or(serde_json::Value::Null);
        let (parent, last) = place.rsplit_once('/').unwrap_or_default();
        match (how, value.pointer_mut(parent)) {
            (0, Some(serde_json::Value::Object(object))) => drop(object.remove(last)),
            (1, _) if !place.is_empty() => *value.pointer_mut(&place).unwrap() = new,
            _ => {
                if let Some(serde_json::Value::Object(object)) = value.pointer_mut(&place) {
                    object.insert(key, new);
                }
            }
        }
        value.to_string()
    })
}

proptest! {
    #![proptest_config(config(384))]

    #[test]
    fn schema_and_validator_agree_on_generated_updates(good in update(), rough in rough_update()) {
        agree(&text(&good));
        agree(&text(&rough));
    }

    #[test]
    fn schema_and_validator_agree_on_any_value_of_any_field(field in select(fields()), value in json()) {
        agree(&format!("{{\"{field}\":{value}}}"));
    }

    #[test]
    fn schema_and_validator_agree_on_tampered_examples(example in tampered()) {
        agree(&example);
    }

    #[test]
    fn schema_and_validator_agree_on_rules_across_fields(
        mode in select(vec!["pipeline", "multimodal", "dualplex", "other"]),
        interruptions in select(vec!["true", "false", "null"]),
        knowledge in select(vec!["\"prompt\"", "\"function_call\"", "1"]),
        pair in select(Field::ALL.into_iter().filter_map(|field| Some((field, field.twin()?))).collect::<Vec<_>>()),
        both in any::<bool>(),
    ) {
        let value = |field: Field| if field.name().ends_with("_id") { "1" } else { "\"x\"" };
        let twin = if both { format!(",\"{}\":{}", pair.1.name(), value(pair.1)) } else { String::new() };
        let valid = agree(&format!(
            "{{\"mode\":\"{mode}\",\"allow_interruptions\":{interruptions},\"knowledgebase_mode\":{knowledge},\"{}\":{}{twin}}}",
            pair.0.name(), value(pair.0),
        ));
        let multimodal = mode == "multimodal" || mode == "dualplex";
        let expected = !both && mode != "other" && knowledge != "1" && interruptions != "null"
            && !(multimodal && (interruptions == "false" || knowledge == "\"prompt\""));
        prop_assert_eq!(valid, Some(expected));
    }
}

#[test]
fn the_schema_states_no_limit_if_there_is_none() {
    let schema = canonical_schema().to_string();
    for nothing in ["\"minLength\":0", "\"required\":[]", "\"allOf\":[]"] {
        assert!(!schema.contains(nothing), "{nothing}");
    }
}

#[test]
fn schema_and_validator_agree_on_every_sample_and_example() {
    let (mut valid, mut invalid) = (0, 0);
    let examples = contracts().iter().flat_map(Contract::examples).map(|(_, text)| text);
    let sampled = fields().into_iter().flat_map(|field| {
        let samples = samples(&field);
        let all = samples.inside.into_iter().chain(samples.outside.into_iter().map(|(text, ..)| text));
        all.map(move |text| format!("{{\"{field}\":{text}}}")).collect::<Vec<_>>()
    });
    for body in sampled.chain(examples) {
        match agree(&body) {
            Some(true) => valid += 1,
            Some(false) => invalid += 1,
            None => {}
        }
    }
    assert!(valid > 200 && invalid > 200, "{valid} valid, {invalid} invalid");
}
