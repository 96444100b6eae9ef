//! Operations: the tables against the documentation as data, which is written apart from them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use vendors::{Call, Field, Requirement};

use super::contracts::{Contract, contracts};

/// The vendor's name for a field in a creation, if it has one.
fn wire_of(contract: &Contract, field: Field) -> Option<String> {
    let row = contract.dialect.creation_row(field).unwrap_or_else(|| contract.dialect.row(field));
    row.wire_names(field).next().map(str::to_owned)
}

fn wire(contract: &Contract, field: Field) -> String {
    wire_of(contract, field).unwrap_or_else(|| panic!("{}: {}", contract.name(), field.name()))
}

#[test]
fn methods_and_paths_are_the_documented_ones() {
    for contract in contracts() {
        let operations = contract.dialect.operations;
        let calls: [(&str, Option<Call>); 4] = [
            ("update", Some(operations.update)),
            ("create", operations.create.map(|create| create.call)),
            ("delete", operations.delete),
            ("list", operations.list.map(|list| list.call)),
        ];
        for (name, call) in calls {
            let documented = &contract.operations[name];
            let found = call.map(|call| (call.method.to_owned(), call.path.to_owned()));
            let text = |member: &str| documented[member].as_str().map(str::to_owned);
            assert_eq!(found, text("method").zip(text("path")), "{}: {name}", contract.name());
        }
        let list = operations.list.unwrap();
        assert_eq!(
            contract.operations["list"]["query"],
            json!([list.per_page, list.paging.parameter(1, None).unwrap().0]),
            "{}",
            contract.name()
        );
        assert_eq!(list.max_per_page, 100);
    }
}

#[test]
fn what_a_creation_requires_is_what_its_page_requires() {
    for contract in contracts() {
        let create = contract.dialect.operations.create.unwrap();
        let mut always = BTreeSet::new();
        let mut conditional: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for requirement in create.required {
            match *requirement {
                Requirement::Always(field) => drop(always.insert(wire(contract, field))),
                Requirement::InModes(field, modes) => {
                    for mode in modes {
                        conditional.entry(format!("mode={mode:?}")).or_default().insert(wire(contract, field));
                    }
                }
                Requirement::With(field, flag) => {
                    let condition = format!("{}=true", wire(contract, flag));
                    conditional.entry(condition).or_default().insert(wire(contract, field));
                }
            }
        }
        let texts = |list: &Value| -> BTreeSet<String> {
            list.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(always, texts(&contract.create["required"]), "{}", contract.name());
        let mut documented: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for condition in contract.create["conditional"].as_array().unwrap() {
            for (field, values) in condition["when"].as_object().unwrap() {
                for value in values.as_array().unwrap() {
                    documented.entry(format!("{field}={value}")).or_default().extend(texts(&condition["required"]));
                }
            }
        }
        assert_eq!(conditional, documented, "{}", contract.name());
    }
}

#[test]
fn null_and_own_fields_of_a_creation_are_those_of_its_page() {
    for contract in contracts() {
        let create = contract.dialect.operations.create.unwrap();
        let documented = |names: &mut dyn Iterator<Item = &String>| -> BTreeSet<String> { names.cloned().collect() };
        let null: Vec<String> = serde_json::from_value(contract.create["null_documented"].clone()).unwrap();
        let nullable: BTreeSet<_> = create.nullable.iter().filter_map(|field| wire_of(contract, *field)).collect();
        assert_eq!(nullable, documented(&mut null.iter()), "{}", contract.name());
        let own: BTreeSet<_> = create.rows.iter().map(|(field, _)| wire(contract, *field)).collect();
        let fields = contract.create["properties"].as_object().unwrap();
        assert_eq!(own, documented(&mut fields.keys()), "{}", contract.name());
    }
}

#[test]
fn the_remark_about_a_new_assistant_fits_its_documented_status() {
    for contract in contracts() {
        let create = contract.dialect.operations.create.unwrap();
        let inactive = create.remarks.iter().any(|remark| (remark.member, remark.value) == ("status", "inactive"));
        let documented = &contract.create["status"];
        assert!(inactive || documented == "active", "{}", contract.name());
    }
}
