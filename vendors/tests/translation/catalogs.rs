//! Which catalogs each vendor documents, and what of their rows is kept.

use serde_json::{Value, json};
use vendors::{Catalog, CatalogKind, CatalogPage, CatalogSet, Catalogs, Dialect, Operation, drift, registry};

use super::contracts::{Contract, contracts};

/// The operation that reads each kind, by its name in a contract's `operations.json`.
const READ_BY: [(CatalogKind, &str); 12] = [
    (CatalogKind::Languages, "list-languages"),
    (CatalogKind::Voices, "list-voices"),
    (CatalogKind::Models, "list-models"),
    (CatalogKind::MultimodalModels, "list-models"),
    (CatalogKind::PhoneNumbers, "list-assistant-numbers"),
    (CatalogKind::SynthesizerProviders, "list-synthesizer-providers"),
    (CatalogKind::TranscriberProviders, "list-transcriber-providers"),
    (CatalogKind::Tools, "list-tools"),
    (CatalogKind::KnowledgeBases, "list-knowledgebases"),
    (CatalogKind::Folders, "list-folders"),
    (CatalogKind::Labels, "list-labels"),
    // None of these vendors has them as objects.
    (CatalogKind::Webhooks, "list-webhooks"),
];

/// The documented path of a kind. Multimodal models have a list where models have types.
fn documented(contract: &Contract, (kind, operation): (CatalogKind, &str)) -> Option<(CatalogKind, String)> {
    let operation = contract.operations.get(operation)?;
    let has_types = operation["query"].as_array().is_some_and(|query| query.contains(&"type".into()));
    let path = operation["path"].as_str().unwrap().to_owned();
    (kind != CatalogKind::MultimodalModels || has_types).then_some((kind, path))
}

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
        CatalogKind::Voices | CatalogKind::Webhooks => Value::Null,
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
    assert_eq!(READ_BY.map(|(kind, _)| kind), CatalogKind::ALL);
    for contract in contracts() {
        let documented: Vec<_> = READ_BY.into_iter().filter_map(|read_by| documented(contract, read_by)).collect();
        let path = |kind| contract.dialect.catalog(kind).unwrap().path;
        let plain = |kind| path(kind).split('?').next().unwrap().to_owned();
        let found: Vec<_> = contract.dialect.catalog_kinds().map(|kind| (kind, plain(kind))).collect();
        assert_eq!(found, documented, "{}", contract.name());
        let has_types = contract.dialect.catalog(CatalogKind::MultimodalModels).is_some();
        let query = |kind| path(kind).split_once('?').map(|(_, query)| query);
        assert_eq!(query(CatalogKind::Models), has_types.then_some("type=llm"), "{}", contract.name());
        if has_types {
            assert_eq!(query(CatalogKind::MultimodalModels), Some("type=multimodal"), "{}", contract.name());
        }
    }
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
fn the_secrets_of_tools_are_not_kept() {
    for dialect in registry::flat().filter(|dialect| dialect.catalog(CatalogKind::Tools).is_some()) {
        let tools = shown(dialect, CatalogKind::Tools, &sample(CatalogKind::Tools));
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
        [1, 2, 3].map(|page| spec.page_path(page, None).into_owned()),
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
    assert_eq!(plain.page_path(2, None), "/user/assistants/models?page=2");
}
