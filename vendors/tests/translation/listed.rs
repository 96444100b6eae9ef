//! The documented list of assistants, which says what can be read, against the rows that read it.

use std::collections::BTreeSet;

use serde_json::Value;
use vendors::canonical::Shape;
use vendors::json::{Limits, read_value};
use vendors::{Field, ListedAssistant, Policies, read_assistant};

use super::contracts::{Contract, contracts};

/// The fields with a member of their own in a listed assistant: all but names, whose ids are told, and vendors' options.
fn fields() -> impl Iterator<Item = Field> {
    Field::ALL.into_iter().filter(|field| field.id_of_name().is_none() && *field != Field::VendorOptions)
}

/// The documented assistant.
fn sample(contract: &Contract) -> &Value {
    &contract.assistants["data"][0]
}

/// The members that the documentation lists: those of its sample, and those that only its text names.
fn members(contract: &Contract) -> BTreeSet<&str> {
    let unsampled = contract.operations["list"]["unsampled"].as_array().into_iter().flatten();
    let sampled = sample(contract).as_object().unwrap().keys().map(String::as_str);
    sampled.chain(unsampled.map(|name| name.as_str().unwrap())).collect()
}

#[test]
fn a_field_is_told_exactly_if_the_documented_list_has_it() {
    for contract in contracts() {
        let documented = members(contract);
        for field in fields() {
            let is_documented = documented.contains(field.name());
            let (vendor, name) = (contract.name(), field.name());
            assert_eq!(
                contract.dialect.tells(field),
                is_documented,
                "{vendor}: {name}, whose row has another `reading`"
            );
        }
        let unreadable: BTreeSet<_> = contract.dialect.unreadable().collect();
        let is_written = |field: &Field| {
            contract.dialect.row(*field).is_supported() || contract.dialect.creation_row(*field).is_some()
        };
        let missing = fields().filter(is_written).filter(|field| !documented.contains(field.name()));
        assert_eq!(unreadable, missing.collect(), "{}", contract.name());
    }
}

/// Whether a value has a field's canonical JSON type.
fn fits(shape: &Shape, value: &Value) -> bool {
    match shape {
        Shape::Boolean => value.is_boolean(),
        Shape::Integer(_) => value.is_i64() || value.is_u64(),
        Shape::Number(_) => value.is_number(),
        Shape::Text(_) | Shape::Choice(_) => value.is_string(),
        Shape::List(_) => value.is_array(),
        Shape::Record(_) | Shape::Tagged(_) | Shape::Map | Shape::PerVendor => value.is_object(),
        Shape::Any => true,
    }
}

#[test]
fn what_the_documented_list_shows_is_read_with_canonical_types() {
    for contract in contracts() {
        let entry = sample(contract).to_string();
        let listed = ListedAssistant { id: "7".into(), entry: read_value(entry.as_bytes(), Limits::VENDOR).unwrap() };
        let read = read_assistant(contract.dialect, &Policies::default(), &listed);
        let mut seen = 0;
        for field in fields() {
            let Some(told) = read.told(field).filter(|told| *told != "null") else { continue };
            let value: Value = serde_json::from_str(told).unwrap();
            assert!(fits(&field.spec().shape, &value), "{}: {} is read as {told}", contract.name(), field.name());
            seen += 1;
        }
        assert!(seen > 35, "{}: {seen}", contract.name());
    }
}
