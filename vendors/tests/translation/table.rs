//! Properties of whole tables.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::Value;
use vendors::{
    Field, FieldPolicy, Handling, Limit, Literal, Policies, Row, Rule, SendAs, Support, Unsupported, registry,
};

use super::contracts::{LEGACY, SUPERSET, contract, contracts};
use super::fields::has;

fn fields() -> impl Iterator<Item = Field> {
    Field::ALL.into_iter().filter(|field| *field != Field::VendorOptions)
}

#[test]
fn names_urls_and_paths_are_those_of_the_contracts() {
    let names: Vec<_> = registry::DIALECTS.iter().map(|dialect| dialect.name).collect();
    assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
    for contract in contracts() {
        let (dialect, endpoint) = (contract.dialect, &contract.endpoint);
        assert_eq!(registry::dialect(dialect.name).map(|found| found.name), Some(dialect.name));
        assert_eq!(endpoint["vendor"], dialect.name);
        assert_eq!(endpoint["base_url"], dialect.base_url);
        assert_eq!(endpoint["page"], dialect.documentation);
        assert_eq!(endpoint["path"], dialect.operations.update.path);
        assert_eq!(endpoint["method"], dialect.operations.update.method);
        let listing = dialect.operations.list.unwrap();
        assert_eq!(listing.path_of(2, 50), "/user/assistants/get?per_page=50&page=2");
        assert!(dialect.base_url.starts_with("https://") && !dialect.base_url.ends_with('/'));
        assert!(!dialect.base_url["https://".len()..].contains("//"), "{}", dialect.base_url);
    }
    assert!(registry::dialect("Autocalls").is_none() && registry::dialect("").is_none());
}

#[test]
fn ids_are_digits_only() {
    for contract in contracts() {
        let id = |id: &str| contract.dialect.is_id(id);
        assert!(id("1") && id("789") && id("18446744073709551615"));
        for other in
            ["", "0", "0123", "-1", "+1", "1.0", "1/..", "..", "%31", "1?x", "1 ", "１", "٣", "0x1", "1_0", "abc"]
        {
            assert!(!id(other), "{other}");
        }
        assert!(!id(&"1".repeat(21)));
    }
}

#[test]
fn a_vendors_name_belongs_to_one_field_or_to_twins() {
    for contract in contracts() {
        let mut writers: BTreeMap<&str, Vec<Field>> = BTreeMap::new();
        for field in fields() {
            contract.dialect.row(field).wire_names(field).for_each(|wire| writers.entry(wire).or_default().push(field));
        }
        for (wire, fields) in writers {
            match *fields {
                [_] => {}
                [one, other] => assert_eq!(one.twin(), Some(other), "{} {wire}", contract.name()),
                _ => panic!("{} {wire}: {fields:?}", contract.name()),
            }
            let found: Vec<_> = contract.dialect.fields_of_wire(wire).collect();
            assert_eq!(found, fields);
        }
    }
}

#[test]
fn the_vendors_names_are_exactly_the_documented_ones() {
    for contract in contracts() {
        let wire: BTreeSet<_> = fields().flat_map(|field| contract.dialect.row(field).wire_names(field)).collect();
        let documented: BTreeSet<_> =
            contract.schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        let (undocumented, unwritten): (Vec<_>, Vec<_>) =
            (wire.difference(&documented).collect(), documented.difference(&wire).collect());
        assert!(
            undocumented.is_empty() && unwritten.is_empty(),
            "{vendor}: vendors/contracts/{vendor}/request.schema.json does not have {undocumented:?}, which a row of \
             vendors/src/{vendor}/ writes; no row writes {unwritten:?}",
            vendor = contract.name()
        );
    }
}

#[test]
fn a_row_is_unsupported_exactly_if_the_field_is_not_documented() {
    for contract in contracts() {
        for field in fields() {
            let (supported, documented) = (contract.dialect.row(field).is_supported(), has(contract, field.name()));
            assert_eq!(
                supported,
                documented,
                "{}: Field::{field:?} has a row that supports it: {supported}, is documented: {documented}",
                contract.name()
            );
        }
    }
}

#[test]
fn a_canonical_name_is_never_the_vendors_name_of_another_field() {
    for contract in contracts() {
        for field in fields() {
            for writer in contract.dialect.fields_of_wire(field.name()) {
                assert!(writer == field || field.twin() == Some(writer), "{} {field:?} {writer:?}", contract.name());
            }
        }
    }
}

#[test]
fn value_maps_are_invertible_and_name_only_documented_values() {
    for contract in contracts() {
        for field in fields() {
            let Rule::Map { wire, values } = contract.dialect.row(field).rule else { continue };
            let canonical: HashSet<_> = values.iter().map(|(from, _)| from.json()).collect();
            let vendor: HashSet<_> = values.iter().map(|(_, to)| to.json()).collect();
            assert_eq!((canonical.len(), vendor.len()), (values.len(), values.len()), "{} {field:?}", contract.name());
            let documented = contract.property(wire).unwrap()["enum"].as_array().unwrap();
            let documented: HashSet<_> = documented.iter().map(Value::to_string).collect();
            assert_eq!(vendor, documented, "{} {wire}: every vendor value has a canonical one", contract.name());
            for (from, _) in values {
                let known = match from {
                    Literal::Bool(_) => documented_type(field) == "boolean",
                    Literal::Text(text) => choices(field).contains(&(*text).to_owned()),
                    Literal::Json(_) => false,
                };
                assert!(known, "{from:?} is a value of {field:?}");
            }
        }
    }
}

fn documented_type(field: Field) -> &'static str {
    contract(SUPERSET).property(field.name()).unwrap()["type"].as_str().unwrap()
}

fn choices(field: Field) -> Vec<String> {
    let values = contract(SUPERSET).property(field.name()).unwrap()["enum"].as_array().unwrap();
    values.iter().map(|value| value.as_str().unwrap().to_owned()).collect()
}

#[test]
fn limits_are_narrower_than_the_canonical_ones_and_equal_the_documented_ones() {
    for contract in contracts() {
        for field in fields() {
            let (row, shape) = (contract.dialect.row(field), &field.spec().shape);
            let wire = row.wire_names(field).last();
            let stated =
                |key: &str| wire.and_then(|wire| contract.property(wire)).and_then(|schema| schema[key].as_f64());
            match row.limit {
                None => {}
                Some(Limit::Bounds(limit)) => {
                    let bounds = shape.bounds().unwrap();
                    assert!(limit.min < limit.max && limit.min >= bounds.min && limit.max <= bounds.max);
                    assert!(limit != bounds, "{} {field:?}", contract.name());
                    assert_eq!(
                        (stated("minimum"), stated("maximum")),
                        (Some(limit.min.as_f64()), Some(limit.max.as_f64()))
                    );
                }
                Some(Limit::Length(limit)) => {
                    let canonical = contract.dialect.describe(field).max_length.unwrap_or(usize::MAX);
                    assert!(limit <= canonical, "{} {field:?}", contract.name());
                    assert_eq!(stated("maxLength"), Some(limit as f64));
                }
            }
        }
    }
}

#[test]
fn a_description_is_never_wider_than_the_documentation() {
    for contract in contracts() {
        for field in fields().filter(|&field| has(contract, field.name())) {
            let described = contract.dialect.describe(field);
            let schema = contract.property(described.wire.last().unwrap()).unwrap();
            let place = format!("{} {field:?}", contract.name());
            if let Some(min) = schema["minimum"].as_f64() {
                let bounds = described.bounds.unwrap_or_else(|| panic!("{place} has no range"));
                assert!(
                    bounds.min.as_f64() >= min && bounds.max.as_f64() <= schema["maximum"].as_f64().unwrap(),
                    "{place}"
                );
            }
            let looked_up = matches!(contract.dialect.row(field).rule, Rule::Lookup { .. });
            if let Some(max) = schema["maxLength"].as_u64().filter(|_| !looked_up) {
                let length = described.max_length.unwrap_or_else(|| panic!("{place} has no length"));
                assert!(length as u64 <= max, "{place}");
            }
            let null = schema["type"].as_array().is_some_and(|types| types.iter().any(|one| one == "null"));
            let pair = matches!(contract.dialect.row(field).rule, Rule::FlagPair { .. });
            assert_eq!(described.nullable, null || pair, "{place}");
            if let Some(values) = schema["enum"].as_array() {
                let written: HashSet<_> = described.values.iter().filter_map(|(_, to)| to.clone()).collect();
                assert_eq!(written, values.iter().map(Value::to_string).collect(), "{place}");
            }
        }
    }
}

#[test]
fn the_description_of_an_unsupported_field_names_the_vendor() {
    for contract in contracts() {
        for field in fields().filter(|&field| !has(contract, field.name())) {
            let described = contract.dialect.describe(field);
            assert_eq!(described.support, Support::Unsupported);
            assert!(described.wire.is_empty() && !described.nullable && described.catalog.is_none());
            let start = format!("{} does not document ", contract.dialect.title);
            assert!(described.detail.starts_with(&start) && described.detail.ends_with('.'), "{}", described.detail);
            assert!(described.values.iter().all(|(_, to)| to.is_none()));
        }
    }
}

#[test]
fn vendor_options_has_no_key_of_its_own() {
    for contract in contracts() {
        let options = Field::VendorOptions;
        assert_eq!(contract.dialect.describe(options).wire, Vec::<&str>::new(), "{}", contract.name());
        let update = format!(r#"{{"vendor_options":{{"{}":{{"vendor_options":1}}}}}}"#, contract.name());
        let request = contract.translate(&update, Handling::Strict);
        assert_eq!(request.map(|request| request.body), Ok(br#"{"vendor_options":1}"#.to_vec()), "{}", contract.name());
    }
}

#[test]
fn lookups_use_a_catalog_of_the_dialect_and_send_the_documented_type() {
    for contract in contracts() {
        for field in fields() {
            let Rule::Lookup { wire, catalog, send } = contract.dialect.row(field).rule else { continue };
            let spec = contract.dialect.catalog(catalog).unwrap_or_else(|| panic!("{} {catalog}", contract.name()));
            assert!(spec.path.starts_with("/user/assistants/"));
            let wanted = if send == SendAs::Id { "integer" } else { "string" };
            assert_eq!(contract.property(wire).unwrap()["type"], wanted, "{} {field:?}", contract.name());
            assert_eq!(contract.dialect.catalog_of(field), Some(catalog));
        }
    }
}

#[test]
fn every_difference_of_a_derived_vendor_is_documented() {
    let base = contract(SUPERSET);
    for contract in contracts().iter().filter(|contract| contract.name() != SUPERSET && !contract.is_legacy()) {
        for field in fields() {
            let (own, other) = (contract.dialect.row(field), base.dialect.row(field));
            let written = |row: &Row| format!("{:?} {:?}", row.rule, row.limit);
            match own.rule {
                Rule::Unsupported(_) => assert!(contract.property(field.name()).is_none()),
                Rule::Without(unsupported) => {
                    let items = contract.property(field.name()).unwrap()["items"].to_string();
                    for part in unsupported {
                        confirm(part, &contract.property(field.name()).unwrap()["items"], &items);
                    }
                }
                _ => {
                    assert_eq!(written(own), written(other), "{} {field:?}", contract.name());
                    let differs = contract.property(field.name()) != base.property(field.name());
                    assert!(
                        own.note == other.note || differs,
                        "{} {field:?}: a note without a reason",
                        contract.name()
                    );
                }
            }
        }
    }
}

#[test]
fn a_row_has_a_note_if_fewer_limits_are_documented_than_apply() {
    let limits = |schema: &Value| {
        let text = schema.to_string();
        let stated = |key: &str| text.matches(&format!("\"{key}\":")).count();
        ["minimum", "maximum", "minLength", "maxLength"].map(stated).iter().sum::<usize>()
    };
    let base = contract(SUPERSET);
    for contract in contracts() {
        for field in fields() {
            let row = contract.dialect.row(field);
            let (Rule::Same | Rule::Rename(_)) = row.rule else { continue };
            let here = contract.property(row.wire_names(field).next().unwrap()).unwrap();
            let canonical = base.property(field.name()).unwrap();
            assert!(limits(here) >= limits(canonical) || !row.note.is_empty(), "{} {field:?}", contract.name());
        }
    }
}

fn confirm(part: &Unsupported, items: &Value, text: &str) {
    match part {
        Unsupported::Variant(tag) => assert!(!text.contains(&format!("\"{tag}\"")), "the contract has `{tag}`"),
        Unsupported::Members(tag, members) => {
            let alternatives = items["allOf"].as_array().unwrap();
            let own = alternatives.iter().find(|one| one["then"]["properties"]["type"]["const"] == *tag).unwrap();
            for member in *members {
                assert!(own["then"]["properties"].get(member).is_none(), "the contract's `{tag}` has `{member}`");
            }
        }
    }
}

#[test]
fn a_field_policy_overrides_the_handling() {
    for contract in contracts() {
        for handling in [Handling::Strict, Handling::Lenient] {
            let policies = |policy| -> Policies { [(Field::Name, policy)].into_iter().collect() };
            let translate = |policy| contract.translate_with(r#"{"name":"a"}"#, handling, &policies(policy));
            let dropped = translate(FieldPolicy::Drop).unwrap();
            assert_eq!((dropped.body.as_slice(), &*dropped.report.dropped[0].field), (&b"{}"[..], "name"));
            assert!(dropped.report.applied.is_empty());
            let refused = translate(FieldPolicy::Refuse).unwrap_err().items;
            assert!(refused.only_unsupported());
            assert_eq!(translate(FieldPolicy::Send).unwrap().report.applied, [Field::Name]);
        }
    }
}

#[test]
fn a_dropped_field_does_not_block_the_vendor_option_of_the_same_name() {
    let policies: Policies = [(Field::Record, FieldPolicy::Drop)].into_iter().collect();
    let update = r#"{"record":true,"vendor_options":{"sondos":{"record_call":false}}}"#;
    let request = contract(LEGACY).translate_with(update, Handling::Strict, &policies).unwrap();
    assert_eq!(request.body, br#"{"record_call":false}"#);
    let sent = contract(LEGACY).translate(update, Handling::Strict).unwrap_err().items.list;
    assert_eq!(sent[0].pointer, "#/vendor_options/sondos/record_call");
}
