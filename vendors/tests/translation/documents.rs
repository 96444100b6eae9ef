//! The documents generated from the tables: the committed ones are current, and comparisons are consistent.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use vendors::document::{
    Comparison, Named, compare, coverage_json, coverage_markdown, coverage_rows, differs, vendor_json, vendor_markdown,
};
use vendors::{Dialect, Field, registry};

use super::contracts::{LEGACY, SUPERSET, contract, contracts};

fn committed(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

fn named() -> Vec<Named<'static>> {
    registry::DIALECTS.iter().map(|dialect| (dialect.name, *dialect)).collect()
}

fn unsupported(dialect: &Dialect) -> BTreeSet<Field> {
    Field::ALL.into_iter().filter(|field| !dialect.row(*field).is_supported()).collect()
}

#[test]
fn the_committed_documents_are_current() {
    for dialect in registry::DIALECTS {
        let path = format!("docs/vendors/{}.md", dialect.name);
        assert_eq!(vendor_markdown(dialect), committed(&path), "{path} is stale: `just generate`");
    }
    assert!(
        committed("docs/coverage.md").ends_with(&coverage_markdown(&named(), &Field::ALL)),
        "docs/coverage.md is stale"
    );
}

#[test]
fn the_matrix_and_the_list_of_one_vendor_agree() {
    let matrix = coverage_json(&named(), &Field::ALL);
    assert_eq!(matrix["vendors"], Value::from(registry::DIALECTS.map(|dialect| dialect.name).to_vec()));
    let rows = matrix["fields"].as_array().unwrap();
    assert_eq!(rows.len(), Field::COUNT);
    for dialect in registry::DIALECTS {
        let own = vendor_json(dialect);
        let lacks = unsupported(dialect);
        for ((row, entry), field) in rows.iter().zip(own.as_array().unwrap()).zip(Field::ALL) {
            let mut cell = row["vendors"][dialect.name].clone();
            cell["field"] = row["field"].clone();
            cell["description"] = row["description"].clone();
            assert_eq!(&cell, entry);
            assert_eq!(entry["field"], field.name());
            assert_eq!(entry["supported"], !lacks.contains(&field), "{} {}", dialect.name, field.name());
        }
    }
}

#[test]
fn a_cell_contains_exactly_the_facts_of_its_row() {
    let cells = vendor_json(contract(LEGACY).dialect);
    let cell = |field: Field| {
        let mut cell = cells[field as usize].clone();
        cell.as_object_mut().unwrap().retain(|key, _| !["field", "description", "detail"].contains(&key.as_str()));
        cell
    };
    let plain = |support: &str, wire: &str, kind: &str| json!({ "support": support, "supported": true, "fidelity": "faithful", "wire_name": wire, "type": kind, "nullable": false, "on_create": true, "readable": true });
    let and = |mut cell: Value, more: Value| {
        cell.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        cell
    };
    assert_eq!(cell(Field::Timezone), plain("same", "timezone", "string"));
    assert_eq!(cell(Field::Name), and(plain("renamed", "assistant_name", "string"), json!({ "max_length": 255 })));
    let speed = json!({ "range": { "min": 0.7, "max": 1.2 } });
    assert_eq!(cell(Field::SpeechSpeed), and(plain("same", "speech_speed", "number"), speed));
    let silence = json!({ "range": { "min": 1, "max": 120 } });
    assert_eq!(cell(Field::MaxSilenceDuration), and(plain("same", "max_silence_duration", "integer"), silence));
    let modes = json!({ "fidelity": "approximate", "approximation": "Without `dualplex`.", "values": ["pipeline", "multimodal"], "wire_values": ["pipeline", "multimodal"] });
    assert_eq!(cell(Field::Mode), and(plain("mapped", "engine_type", "string"), modes));
    let speaks = json!({ "values": [true, false], "wire_values": ["Customer", "AI assistant"] });
    assert_eq!(cell(Field::WaitForCustomer), and(plain("mapped", "who_speaks_first", "boolean"), speaks));
    let language = json!({ "catalog": "languages", "max_length": 100 });
    assert_eq!(cell(Field::Language), and(plain("resolved", "language", "string"), language));
    let words = json!({
        "wire_names": ["use_min_interrupt_words", "min_interrupt_words"], "nullable": true, "range": { "min": 0, "max": 10 },
    });
    assert_eq!(cell(Field::MinInterruptWords), and(plain("converted", "min_interrupt_words", "integer"), words));
    let lacking = json!({ "support": "unsupported", "supported": false, "fidelity": "none", "wire_name": null, "type": "integer", "nullable": false, "on_create": false, "readable": false });
    assert_eq!(cell(Field::FolderId), lacking);
    let merged = json!({ "support": "merged", "supported": true, "fidelity": "faithful", "wire_name": null, "type": "object", "nullable": false, "on_create": true, "readable": false });
    assert_eq!(cell(Field::VendorOptions), merged);
    assert_eq!(cells[Field::FolderId as usize]["detail"], "Sondos does not document this field.");
    assert_eq!(cells[Field::Timezone as usize].get("detail"), None);
}

#[test]
fn vendors_differ_in_a_field_where_their_cells_do() {
    let named = named();
    let (_, rows) = coverage_rows(&named, &Field::ALL);
    for (field, row) in Field::ALL.into_iter().zip(&rows) {
        let cells: BTreeSet<_> = row[2..].iter().collect();
        assert_eq!(differs(&named, field), cells.len() > 1, "{row:?}");
        assert!(!differs(&named[..1], field), "one vendor does not differ from itself");
    }
    assert_eq!(rows.len(), Field::COUNT);
    let flat: Vec<Named<'_>> = registry::flat().map(|dialect| (dialect.name, dialect)).take(2).collect();
    assert_eq!(coverage_rows(&flat, &[Field::Name]).1, [vec!["name", "string ≤ 255", "✓", "✓"]]);
}

#[test]
fn a_cell_says_what_is_never_told_and_what_only_a_creation_sets() {
    for contract in contracts() {
        let own = [(contract.name(), contract.dialect)];
        let unreadable: BTreeSet<_> = contract.dialect.unreadable().collect();
        for field in Field::ALL {
            let cell = &coverage_rows(&own, &[field]).1[0][2];
            assert_eq!(cell.ends_with(", write-only"), unreadable.contains(&field), "{}: {cell}", field.name());
            let is_own = contract.create["properties"].get(field.name()).is_some();
            assert_eq!(cell.starts_with("creation only"), is_own, "{}: {cell}", field.name());
        }
    }
}

#[test]
fn a_loss_in_one_direction_is_a_gain_in_the_other() {
    for from in registry::DIALECTS {
        let Comparison { losses, gains, .. } = compare(from, from);
        assert!(losses.is_empty() && gains.is_empty(), "{}", from.name);
        for to in registry::DIALECTS {
            let (there, back) = (compare(from, to), compare(to, from));
            let (lacked, lacks) = (unsupported(from), unsupported(to));
            let gone: Vec<_> = lacks.difference(&lacked).copied().collect();
            assert_eq!(back.gains, gone, "{} to {}", to.name, from.name);
            let lost: BTreeSet<_> = there.losses.iter().map(|loss| loss.field).collect();
            assert!(gone.iter().all(|field| lost.contains(field)));
            assert!(there.losses.iter().all(|loss| !loss.detail.is_empty() && !lacked.contains(&loss.field)));
            assert!(there.resolve.iter().all(|field| !lacked.contains(field) && !lacks.contains(field)));
        }
    }
}

#[test]
fn partial_support_is_a_loss_only_for_a_vendor_with_more() {
    let narrowed = |from: &str, to: &str| {
        let losses = compare(contract(from).dialect, contract(to).dialect).losses;
        let lacks = unsupported(contract(to).dialect);
        let kept = losses.into_iter().filter(|loss| !lacks.contains(&loss.field));
        kept.map(|loss| (loss.field, loss.detail)).collect::<Vec<_>>()
    };
    let detail = |vendor: &str, field: Field| contract(vendor).dialect.describe(field).detail;
    assert_eq!(
        narrowed(SUPERSET, LEGACY),
        [
            (Field::Mode, "the value \"dualplex\" is not supported".to_owned()),
            (Field::Tools, detail(LEGACY, Field::Tools)),
            (Field::MaxSilenceDuration, "the range 1–360 becomes 1–120".to_owned()),
        ]
    );
    assert_eq!(narrowed(SUPERSET, "famulor"), [(Field::Tools, detail("famulor", Field::Tools))]);
    assert_eq!(narrowed("famulor", SUPERSET), []);
    assert_eq!(narrowed("famulor", "intellixent"), []);
    assert_eq!(narrowed(LEGACY, SUPERSET), []);
}

#[test]
fn narrower_ranges_and_missing_values_are_losses_and_wider_ones_are_not() {
    let detail = |from: &str, to: &str, field: Field| {
        let losses = compare(contract(from).dialect, contract(to).dialect).losses;
        losses.into_iter().filter(|loss| loss.field == field).map(|loss| loss.detail).collect::<Vec<_>>()
    };
    assert_eq!(detail(SUPERSET, LEGACY, Field::MaxSilenceDuration), ["the range 1–360 becomes 1–120"]);
    assert_eq!(detail(LEGACY, SUPERSET, Field::MaxSilenceDuration), [""; 0]);
    assert_eq!(detail(SUPERSET, LEGACY, Field::Mode), ["the value \"dualplex\" is not supported"]);
    assert_eq!(detail(LEGACY, SUPERSET, Field::Mode), [""; 0]);
    assert_eq!(detail(SUPERSET, LEGACY, Field::Name), [""; 0]);
    let resolve = compare(contract(SUPERSET).dialect, contract(LEGACY).dialect).resolve;
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
