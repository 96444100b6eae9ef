//! The tables as wholes: what no single row can show.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::Value;
use vendors::{Field, FieldPolicy, Form, Handling, Lack, Limit, Literal, Policies, Row, Rule, Support, registry};

use super::contract::has;
use super::page::{LEGACY, SUPERSET, page, pages};

fn fields() -> impl Iterator<Item = Field> {
    Field::ALL.into_iter().filter(|field| *field != Field::VendorOptions)
}

#[test]
fn names_base_urls_and_pages_are_those_of_the_contracts() {
    let names: Vec<_> = registry::DIALECTS.iter().map(|dialect| dialect.name).collect();
    assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
    for page in pages() {
        let (dialect, endpoint) = (page.dialect, &page.endpoint);
        assert_eq!(registry::dialect(dialect.name).map(|found| found.name), Some(dialect.name));
        assert_eq!(endpoint["vendor"], dialect.name);
        assert_eq!(endpoint["base_url"], dialect.base_url);
        assert_eq!(endpoint["page"], dialect.page);
        assert_eq!(endpoint["method"], "PUT");
        assert_eq!(endpoint["path"], dialect.update_path("{id}"));
        assert_eq!(dialect.assistants_path(2, 50), "/user/assistants/get?per_page=50&page=2");
        assert!(dialect.base_url.starts_with("https://") && !dialect.base_url.ends_with('/'));
        assert!(!dialect.base_url["https://".len()..].contains("//"), "{}", dialect.base_url);
    }
    assert!(registry::dialect("Autocalls").is_none() && registry::dialect("").is_none());
}

#[test]
fn ids_are_digits_and_nothing_that_alters_a_path() {
    for page in pages() {
        let id = |id: &str| page.dialect.is_id(id);
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
fn a_wire_name_is_written_by_one_field_or_by_twins() {
    for page in pages() {
        let mut writers: BTreeMap<&str, Vec<Field>> = BTreeMap::new();
        for field in fields() {
            page.dialect.row(field).wire_names(field).for_each(|wire| writers.entry(wire).or_default().push(field));
        }
        for (wire, fields) in writers {
            match *fields {
                [_] => {}
                [one, other] => assert_eq!(one.twin(), Some(other), "{} {wire}", page.name()),
                _ => panic!("{} {wire}: {fields:?}", page.name()),
            }
            let found: Vec<_> = page.dialect.fields_of_wire(wire).collect();
            assert_eq!(found, fields);
        }
    }
}

#[test]
fn the_wire_names_are_exactly_the_properties_of_the_page() {
    for page in pages() {
        let wire: BTreeSet<_> = fields().flat_map(|field| page.dialect.row(field).wire_names(field)).collect();
        let documented: BTreeSet<_> =
            page.schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(wire, documented, "{}", page.name());
    }
}

#[test]
fn a_row_is_unsupported_exactly_where_the_page_lacks_the_field() {
    for page in pages() {
        for field in fields() {
            assert_eq!(page.dialect.row(field).is_supported(), has(page, field.name()), "{} {field:?}", page.name());
        }
    }
}

#[test]
fn the_canonical_name_of_a_field_that_is_not_sent_never_means_another_field_on_the_wire() {
    for page in pages() {
        for field in fields() {
            for writer in page.dialect.fields_of_wire(field.name()) {
                assert!(writer == field || field.twin() == Some(writer), "{} {field:?} {writer:?}", page.name());
            }
        }
    }
}

#[test]
fn value_maps_are_invertible_and_name_only_documented_values() {
    for page in pages() {
        for field in fields() {
            let Rule::Map { wire, values } = page.dialect.row(field).rule else { continue };
            let canonical: HashSet<_> = values.iter().map(|(from, _)| from.json()).collect();
            let vendor: HashSet<_> = values.iter().map(|(_, to)| to.json()).collect();
            assert_eq!((canonical.len(), vendor.len()), (values.len(), values.len()), "{} {field:?}", page.name());
            let documented = page.property(wire).unwrap()["enum"].as_array().unwrap();
            let documented: HashSet<_> = documented.iter().map(Value::to_string).collect();
            assert_eq!(vendor, documented, "{} {wire}: every vendor value has a canonical one", page.name());
            for (from, _) in values {
                let known = match from {
                    Literal::Bool(_) => page_type(field) == "boolean",
                    Literal::Text(text) => choices(field).contains(&(*text).to_owned()),
                };
                assert!(known, "{from:?} is a value of {field:?}");
            }
        }
    }
}

fn page_type(field: Field) -> &'static str {
    page(SUPERSET).property(field.name()).unwrap()["type"].as_str().unwrap()
}

fn choices(field: Field) -> Vec<String> {
    let values = page(SUPERSET).property(field.name()).unwrap()["enum"].as_array().unwrap();
    values.iter().map(|value| value.as_str().unwrap().to_owned()).collect()
}

#[test]
fn limits_stand_only_where_they_are_narrower_than_canonical_and_equal_the_page() {
    for page in pages() {
        for field in fields() {
            let (row, shape) = (page.dialect.row(field), &field.spec().shape);
            let wire = row.wire_names(field).last();
            let stated = |key: &str| wire.and_then(|wire| page.property(wire)).and_then(|schema| schema[key].as_f64());
            match row.limit {
                None => {}
                Some(Limit::Bounds(limit)) => {
                    let bounds = shape.bounds().unwrap();
                    assert!(limit.min < limit.max && limit.min >= bounds.min && limit.max <= bounds.max);
                    assert!(limit != bounds, "{} {field:?}", page.name());
                    assert_eq!(
                        (stated("minimum"), stated("maximum")),
                        (Some(limit.min.as_f64()), Some(limit.max.as_f64()))
                    );
                }
                Some(Limit::Length(limit)) => {
                    let canonical = page.dialect.describe(field).max_length.unwrap_or(usize::MAX);
                    assert!(limit <= canonical, "{} {field:?}", page.name());
                    assert_eq!(stated("maxLength"), Some(limit as f64));
                }
            }
        }
    }
}

#[test]
fn what_discovery_says_of_a_field_is_never_wider_than_the_page() {
    for page in pages() {
        for field in fields().filter(|&field| has(page, field.name())) {
            let described = page.dialect.describe(field);
            let schema = page.property(described.wire.last().unwrap()).unwrap();
            let place = format!("{} {field:?}", page.name());
            if let Some(min) = schema["minimum"].as_f64() {
                let bounds = described.bounds.unwrap_or_else(|| panic!("{place} has no range"));
                assert!(
                    bounds.min.as_f64() >= min && bounds.max.as_f64() <= schema["maximum"].as_f64().unwrap(),
                    "{place}"
                );
            }
            let looked_up = matches!(page.dialect.row(field).rule, Rule::Lookup { .. });
            if let Some(max) = schema["maxLength"].as_u64().filter(|_| !looked_up) {
                let length = described.max_length.unwrap_or_else(|| panic!("{place} has no length"));
                assert!(length as u64 <= max, "{place}");
            }
            let null = schema["type"].as_array().is_some_and(|types| types.iter().any(|one| one == "null"));
            let pair = matches!(page.dialect.row(field).rule, Rule::FlagPair { .. });
            assert_eq!(described.nullable, null || pair, "{place}");
            if let Some(values) = schema["enum"].as_array() {
                let written: HashSet<_> = described.values.iter().filter_map(|(_, to)| to.clone()).collect();
                assert_eq!(written, values.iter().map(Value::to_string).collect(), "{place}");
            }
        }
    }
}

#[test]
fn what_discovery_says_of_an_unsupported_field_is_that_and_why() {
    for page in pages() {
        for field in fields().filter(|&field| !has(page, field.name())) {
            let described = page.dialect.describe(field);
            assert_eq!(described.support, Support::Unsupported);
            assert!(described.wire.is_empty() && !described.nullable && described.catalog.is_none());
            assert!(described.detail.ends_with('.') && described.values.iter().all(|(_, to)| to.is_none()));
        }
    }
}

#[test]
fn vendor_options_write_no_member_of_their_own_and_block_none() {
    for page in pages() {
        let options = Field::VendorOptions;
        assert_eq!(page.dialect.describe(options).wire, Vec::<&str>::new(), "{}", page.name());
        let update = format!(r#"{{"vendor_options":{{"{}":{{"vendor_options":1}}}}}}"#, page.name());
        let request = page.translate(&update, Handling::Strict);
        assert_eq!(request.map(|request| request.body), Ok(br#"{"vendor_options":1}"#.to_vec()), "{}", page.name());
    }
}

#[test]
fn lookups_go_through_a_catalog_that_the_dialect_reads_and_to_the_type_of_the_page() {
    for page in pages() {
        for field in fields() {
            let Rule::Lookup { wire, catalog, to } = page.dialect.row(field).rule else { continue };
            let path = page.dialect.catalog_path(catalog).unwrap_or_else(|| panic!("{} {catalog}", page.name()));
            assert!(path.starts_with("/user/assistants/"));
            let wanted = if to == Form::Id { "integer" } else { "string" };
            assert_eq!(page.property(wire).unwrap()["type"], wanted, "{} {field:?}", page.name());
            assert_eq!(page.dialect.catalog_of(field), Some(catalog));
        }
    }
}

#[test]
fn every_row_of_a_derived_vendor_that_differs_from_the_base_is_confirmed_by_its_page() {
    let base = page(SUPERSET);
    for page in pages().iter().filter(|page| page.name() != SUPERSET && !page.is_legacy()) {
        for field in fields() {
            let (own, other) = (page.dialect.row(field), base.dialect.row(field));
            let written = |row: &Row| format!("{:?} {:?}", row.rule, row.limit);
            match own.rule {
                Rule::Unsupported(_) => assert!(page.property(field.name()).is_none()),
                Rule::Without(lacks) => {
                    let items = page.property(field.name()).unwrap()["items"].to_string();
                    for lack in lacks {
                        confirm(lack, &page.property(field.name()).unwrap()["items"], &items);
                    }
                }
                _ => {
                    assert_eq!(written(own), written(other), "{} {field:?}", page.name());
                    let differs = page.property(field.name()) != base.property(field.name());
                    assert!(own.note == other.note || differs, "{} {field:?}: a note without a reason", page.name());
                }
            }
        }
    }
}

#[test]
fn a_row_says_where_its_page_states_fewer_limits_than_hold() {
    let limits = |schema: &Value| {
        let text = schema.to_string();
        let stated = |key: &str| text.matches(&format!("\"{key}\":")).count();
        ["minimum", "maximum", "minLength", "maxLength"].map(stated).iter().sum::<usize>()
    };
    let base = page(SUPERSET);
    for page in pages() {
        for field in fields() {
            let row = page.dialect.row(field);
            let (Rule::Same | Rule::Rename(_)) = row.rule else { continue };
            let here = page.property(row.wire_names(field).next().unwrap()).unwrap();
            let canonical = base.property(field.name()).unwrap();
            assert!(limits(here) >= limits(canonical) || !row.note.is_empty(), "{} {field:?}", page.name());
        }
    }
}

fn confirm(lack: &Lack, items: &Value, text: &str) {
    match lack {
        Lack::Variant(tag) => assert!(!text.contains(&format!("\"{tag}\"")), "the page has `{tag}`"),
        Lack::Members(tag, members) => {
            let alternatives = items["allOf"].as_array().unwrap();
            let own = alternatives.iter().find(|one| one["then"]["properties"]["type"]["const"] == *tag).unwrap();
            for member in *members {
                assert!(own["then"]["properties"].get(member).is_none(), "the page's `{tag}` has `{member}`");
            }
        }
    }
}

#[test]
fn an_operators_decision_holds_whatever_the_handling() {
    for page in pages() {
        for handling in [Handling::Strict, Handling::Lenient] {
            let decide = |policy| -> Policies { [(Field::Name, policy)].into_iter().collect() };
            let translate = |policy| page.translate_with(r#"{"name":"a"}"#, handling, &decide(policy));
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
    let request = page(LEGACY).translate_with(update, Handling::Strict, &policies).unwrap();
    assert_eq!(request.body, br#"{"record_call":false}"#);
    let sent = page(LEGACY).translate(update, Handling::Strict).unwrap_err().items.list;
    assert_eq!(sent[0].pointer, "#/vendor_options/sondos/record_call");
}
