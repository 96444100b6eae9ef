//! Which catalogs each vendor documents, and what of their rows is kept.

use serde_json::{Value, json};
use vendors::{Catalog, CatalogKind, CatalogPage, CatalogSet, Catalogs, Dialect, Operation, drift, registry};

use super::contracts::{Contract, contracts};

/// Kinds and paths as the vendors' pages have them, apart from the tables. `C` means from the current dialect's second
/// revision on, and so on.
const DOCUMENTED: [(CatalogKind, &str, &[&str]); 11] = [
    (CatalogKind::Languages, "/user/assistants/languages", &ALL),
    (CatalogKind::Voices, "/user/assistants/voices", &ALL),
    (CatalogKind::Models, "/user/assistants/models", &ALL),
    (CatalogKind::MultimodalModels, "/user/assistants/models", &CURRENT),
    (CatalogKind::PhoneNumbers, "/user/assistants/phone-numbers", &ALL),
    (CatalogKind::SynthesizerProviders, "/user/assistants/synthesizer-providers", &SECOND_REVISION),
    (CatalogKind::TranscriberProviders, "/user/assistants/transcriber-providers", &SECOND_REVISION),
    (CatalogKind::Tools, "/user/tools", &CURRENT),
    (CatalogKind::KnowledgeBases, "/user/knowledgebases", &CURRENT),
    (CatalogKind::Folders, "/user/folders", &NEWEST),
    (CatalogKind::Labels, "/user/labels", &NEWEST),
];
const ALL: [&str; 5] = ["autocalls", "famulor", "gloriagent", "intellixent", "sondos"];
const CURRENT: [&str; 4] = ["autocalls", "famulor", "gloriagent", "intellixent"];
const SECOND_REVISION: [&str; 3] = ["autocalls", "famulor", "intellixent"];
const NEWEST: [&str; 2] = ["autocalls", "famulor"];

/// A documented response of each kind, with what the vendors' pages show besides id and name.
fn sample(kind: CatalogKind) -> Value {
    let paged = json!({
        "data": [{ "id": 1, "name": "Sales", "color": "green", "assistants_count": 2 },
                 { "id": 2, "name": "Old", "color": null, "assistants_count": 0 }],
        "current_page": 1, "per_page": 100, "total": 2,
    });
    match kind {
        CatalogKind::Languages => json!([{ "id": 1, "name": "English", "iso_2": "en" }]),
        CatalogKind::Models => json!([{ "id": 1, "name": "GPT-4o-mini" }]),
        CatalogKind::MultimodalModels | CatalogKind::SynthesizerProviders | CatalogKind::TranscriberProviders => {
            json!([{ "id": 1, "name": "Azure", "code": "azure" }])
        }
        CatalogKind::PhoneNumbers => json!([{
            "id": 9, "phone_number": "+14155550100", "country_code": "US", "type_label": "SIP", "is_available": true,
        }]),
        CatalogKind::KnowledgeBases => json!({ "data": [{
            "id": 3, "name": "Menu", "description": null, "status": "active", "status_label": "Active",
            "documents_count": 2, "assistants_count": 1, "created_at": "2026-01-01T00:00:00.000000Z",
            "updated_at": "2026-01-01T00:00:00.000000Z",
        }] }),
        CatalogKind::Tools => json!([{
            "id": 4, "name": "book", "description": "Books a table", "endpoint": "https://hooks.example.com/T0/s3cr3t",
            "method": "POST", "timeout": 10, "headers": [{ "name": "X-Key", "value": "s3cr3t" }],
            "schema": [{ "name": "day", "type": "string", "description": "s3cr3t" }],
            "created_at": "2026-01-01T00:00:00.000000Z", "updated_at": "2026-01-01T00:00:00.000000Z",
        }]),
        CatalogKind::Folders | CatalogKind::Labels => paged,
        CatalogKind::Voices => Value::Null,
    }
}

/// The entries of a response as callers see them.
fn shown(dialect: &Dialect, kind: CatalogKind, body: &Value) -> Vec<Value> {
    let catalog = Catalog::parse(body.to_string().as_bytes(), dialect.catalog(kind).unwrap()).unwrap();
    let (mut live, nothing) = (CatalogSet::default(), CatalogSet::default());
    live.set(kind, std::sync::Arc::new(catalog));
    let catalogs = Catalogs { configured: &nothing, live: &live };
    let shown = catalogs.entries(kind).map(|listed| {
        let mut out = Vec::new();
        listed.push(&mut out);
        serde_json::from_slice(&out).unwrap()
    });
    shown.collect()
}

/// The rows of a response without the members that are lists, objects or withheld.
fn expected(body: &Value, name: &str, withheld: &[&str]) -> Vec<Value> {
    let rows = body.get("data").unwrap_or(body).as_array().unwrap();
    let kept = rows.iter().map(|row| {
        let mut row = row.as_object().unwrap().clone();
        row.retain(|key, value| !value.is_object() && !value.is_array() && !withheld.contains(&key.as_str()));
        row.insert("name".to_owned(), row[name].clone());
        Value::Object(row)
    });
    kept.collect()
}

#[test]
fn each_vendor_has_the_catalogs_that_it_documents() {
    assert_eq!(DOCUMENTED.map(|(kind, ..)| kind), CatalogKind::ALL);
    for dialect in registry::DIALECTS {
        let documented = DOCUMENTED.into_iter().filter(|(_, _, vendors)| vendors.contains(&dialect.name));
        let documented: Vec<_> = documented.map(|(kind, path, _)| (kind, path)).collect();
        let path = |kind| dialect.catalog(kind).unwrap().path.split('?').next().unwrap();
        let found: Vec<_> = dialect.catalog_kinds().map(|kind| (kind, path(kind))).collect();
        assert_eq!(found, documented, "{}", dialect.name);
    }
    let query = |vendor: &str, kind| registry::dialect(vendor).unwrap().catalog(kind).unwrap().path.split_once('?');
    for vendor in CURRENT {
        assert_eq!(query(vendor, CatalogKind::Models).unwrap().1, "type=llm");
        assert_eq!(query(vendor, CatalogKind::MultimodalModels).unwrap().1, "type=multimodal");
    }
    assert_eq!(query("sondos", CatalogKind::Models), None);
}

#[test]
fn what_a_vendor_documents_of_an_entry_is_shown_and_is_no_drift() {
    for contract in contracts() {
        let dialect = contract.dialect;
        for kind in dialect.catalog_kinds() {
            let (spec, own) = (dialect.catalog(kind).unwrap(), contract.catalogs.get(kind.as_str()));
            for body in [sample(kind), own.cloned().unwrap_or_default()].iter().filter(|body| !body.is_null()) {
                let found = drift(dialect, Operation::Catalog(kind), 200, body.to_string().as_bytes());
                assert_eq!(found, [], "{} {kind}", dialect.name);
                assert_eq!(
                    shown(dialect, kind, body),
                    expected(body, spec.name, spec.withheld),
                    "{} {kind}",
                    dialect.name
                );
            }
        }
    }
}

#[test]
fn catalogs_are_read_where_the_contract_has_their_operations() {
    let paths = |contract: &Contract| -> Vec<String> {
        let operations = contract.operations.as_object().unwrap().values();
        let reads = operations.filter(|operation| operation["method"] == "GET");
        reads.map(|operation| operation["path"].as_str().unwrap().to_owned()).collect()
    };
    for contract in contracts() {
        let documented = paths(contract);
        for (kind, path, vendors) in DOCUMENTED {
            if kind == CatalogKind::MultimodalModels {
                continue; // the same path as other models
            }
            let is_documented = documented.iter().any(|known| known == path);
            assert_eq!(vendors.contains(&contract.name()), is_documented, "{} {kind}", contract.name());
        }
    }
}

#[test]
fn the_secrets_of_tools_are_not_kept() {
    for name in CURRENT {
        let tools = shown(registry::dialect(name).unwrap(), CatalogKind::Tools, &sample(CatalogKind::Tools));
        assert_eq!(tools.len(), 1);
        let text = Value::from(tools).to_string();
        assert!(!text.contains("s3cr3t") && text.contains("Books a table") && text.contains("POST"), "{text}");
    }
}

#[test]
fn a_phone_number_is_the_name_of_its_entry_and_is_found_in_any_spelling() {
    let dialect = registry::dialect("sondos").unwrap();
    let body = sample(CatalogKind::PhoneNumbers).to_string();
    let catalog = Catalog::parse(body.as_bytes(), dialect.catalog(CatalogKind::PhoneNumbers).unwrap()).unwrap();
    let (mut live, nothing) = (CatalogSet::default(), CatalogSet::default());
    live.set(CatalogKind::PhoneNumbers, std::sync::Arc::new(catalog));
    let catalogs = Catalogs { configured: &nothing, live: &live };
    for number in ["+14155550100", "+1 (415) 555-0100", "001 415 555 0100"] {
        let found = catalogs.by_name(CatalogKind::PhoneNumbers, number);
        assert_eq!(found.iter().map(|entry| &*entry.id).collect::<Vec<_>>(), ["9"], "{number}");
    }
    assert!(catalogs.by_name(CatalogKind::PhoneNumbers, "415 555 0100").is_empty());
    assert_eq!(catalogs.by_id(CatalogKind::PhoneNumbers, "9").unwrap().name, "+14155550100");
}

#[test]
fn pages_without_their_number_are_counted_by_the_total() {
    let spec = registry::dialect("famulor").unwrap().catalog(CatalogKind::Labels).unwrap();
    assert_eq!(
        [1, 2, 3].map(|page| spec.page_path(page).into_owned()),
        ["/user/labels?per_page=100", "/user/labels?per_page=100&page=2", "/user/labels?per_page=100&page=3",]
    );
    for (page, per_page, has_more) in [(1, 100, true), (2, 100, true), (3, 100, false), (16, 15, true), (17, 15, false)]
    {
        let rows = json!([{ "id": page, "name": "x", "color": null, "assistants_count": 0 }]);
        let body = json!({ "data": rows, "current_page": page, "per_page": per_page, "total": 250 }).to_string();
        let read = CatalogPage::parse(body.as_bytes(), page, spec).unwrap();
        assert_eq!((read.entries.len(), read.has_more), (1, has_more), "{page} {per_page}");
    }
    let plain = registry::dialect("sondos").unwrap().catalog(CatalogKind::Models).unwrap();
    assert_eq!(plain.page_path(2), "/user/assistants/models?page=2");
}
