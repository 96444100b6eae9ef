//! The documents made from the tables: what is committed is what they say, and comparisons keep to simple laws.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;
use vendors::document::{
    Comparison, Named, compare, coverage_json, coverage_markdown, coverage_table, vendor_json, vendor_page,
};
use vendors::{Field, registry};

use super::page::{LEGACY, SUPERSET, page, pages};

fn committed(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

fn named() -> Vec<Named<'static>> {
    registry::DIALECTS.iter().map(|dialect| (dialect.name, *dialect)).collect()
}

fn unsupported(vendor: &str) -> BTreeSet<Field> {
    let dialect = page(vendor).dialect;
    Field::ALL.into_iter().filter(|field| !dialect.row(*field).is_supported()).collect()
}

#[test]
fn the_committed_pages_are_what_the_tables_say() {
    for page in pages() {
        let path = format!("docs/vendors/{}.md", page.name());
        assert_eq!(vendor_page(page.dialect), committed(&path), "{path} is stale: `just generate`");
    }
    assert!(committed("docs/coverage.md").ends_with(&coverage_markdown(&named())), "docs/coverage.md is stale");
}

#[test]
fn the_matrix_says_of_each_vendor_what_the_vendors_own_list_says() {
    let matrix = coverage_json(&named());
    assert_eq!(matrix["vendors"], Value::from(registry::DIALECTS.map(|dialect| dialect.name).to_vec()));
    let rows = matrix["fields"].as_array().unwrap();
    assert_eq!(rows.len(), Field::COUNT);
    for page in pages() {
        let own = vendor_json(page.dialect);
        let lacks = unsupported(page.name());
        for ((row, entry), field) in rows.iter().zip(own.as_array().unwrap()).zip(Field::ALL) {
            let mut cell = row["vendors"][page.name()].clone();
            cell["field"] = row["field"].clone();
            cell["description"] = row["description"].clone();
            assert_eq!(&cell, entry);
            assert_eq!(entry["field"], field.name());
            assert_eq!(entry["supported"], !lacks.contains(&field), "{} {}", page.name(), field.name());
        }
    }
}

#[test]
fn the_table_for_terminals_says_what_the_table_for_pages_says() {
    let words =
        |line: &str| line.replace('|', " ").replace('`', "").split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let is_row =
        |line: &&str| Field::ALL.iter().any(|field| words(line).first().is_some_and(|word| word == field.name()));
    let (page, terminal) = (coverage_markdown(&named()), coverage_table(&named()));
    let page: Vec<_> = page.lines().filter(is_row).map(words).collect();
    let terminal: Vec<_> = terminal.lines().filter(is_row).map(words).collect();
    assert_eq!(page.len(), Field::COUNT);
    assert_eq!(page, terminal);
}

#[test]
fn what_is_lost_one_way_is_gained_the_other_way() {
    for from in pages() {
        let Comparison { losses, gains, .. } = compare(from.dialect, from.dialect);
        assert!(losses.is_empty() && gains.is_empty(), "{}", from.name());
        for to in pages() {
            let (there, back) = (compare(from.dialect, to.dialect), compare(to.dialect, from.dialect));
            let (lacked, lacks) = (unsupported(from.name()), unsupported(to.name()));
            let gone: Vec<_> = lacks.difference(&lacked).copied().collect();
            assert_eq!(back.gains, gone, "{} to {}", to.name(), from.name());
            let lost: BTreeSet<_> = there.losses.iter().map(|loss| loss.field).collect();
            assert!(gone.iter().all(|field| lost.contains(field)));
            assert!(there.losses.iter().all(|loss| !loss.detail.is_empty() && !lacked.contains(&loss.field)));
            assert!(there.resolve.iter().all(|field| !lacked.contains(field) && !lacks.contains(field)));
        }
    }
}

#[test]
fn a_narrower_range_and_a_missing_value_are_lost_and_wider_ones_are_not() {
    let detail = |from: &str, to: &str, field: Field| {
        let losses = compare(page(from).dialect, page(to).dialect).losses;
        losses.into_iter().filter(|loss| loss.field == field).map(|loss| loss.detail).collect::<Vec<_>>()
    };
    assert_eq!(detail(SUPERSET, LEGACY, Field::MaxSilenceDuration), ["the range 1–360 becomes 1–120"]);
    assert_eq!(detail(LEGACY, SUPERSET, Field::MaxSilenceDuration), [""; 0]);
    assert_eq!(detail(SUPERSET, LEGACY, Field::Mode), ["the value \"dualplex\" does not exist there"]);
    assert_eq!(detail(LEGACY, SUPERSET, Field::Mode), [""; 0]);
    assert_eq!(detail(SUPERSET, LEGACY, Field::Name), [""; 0]);
    let resolve = compare(page(SUPERSET).dialect, page(LEGACY).dialect).resolve;
    let ids = [
        Field::VoiceId,
        Field::Voice,
        Field::LanguageId,
        Field::Language,
        Field::LlmModelId,
        Field::LlmModel,
        Field::PhoneNumberId,
    ];
    assert_eq!(resolve, ids);
}
