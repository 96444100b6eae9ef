//! Names and ids: which catalogs an update needs, and what a name that is none or many is told.

use std::sync::Arc;

use vendors::{
    Catalog, CatalogEntry, CatalogKind, CatalogSet, Catalogs, Field, FieldPolicy, Handling, Policies, Target, Update,
    missing_lookups, translate_request,
};

use super::page::{LEGACY, SUPERSET, page};

fn missing(vendor: &str, body: &str, policies: &Policies, live: &CatalogSet) -> Vec<CatalogKind> {
    let known = Catalogs { configured: &CatalogSet::default(), live };
    missing_lookups(&Update::read(body.as_bytes()).unwrap(), page(vendor).dialect, policies, &known)
}

#[test]
fn each_catalog_that_is_needed_and_does_not_answer_is_named_once() {
    let (nothing, policies) = (CatalogSet::default(), Policies::default());
    let all = r#"{"llm_model":"a","language":"en","voice":"b","multimodal_model":"c","name":"d"}"#;
    let kinds = [CatalogKind::Models, CatalogKind::Languages, CatalogKind::Voices, CatalogKind::MultimodalModels];
    assert_eq!(missing(SUPERSET, all, &policies, &nothing), kinds);
    assert_eq!(missing(LEGACY, all, &policies, &nothing), [CatalogKind::Languages, CatalogKind::Voices]);
    let twice = r#"{"language":"en","language_id":1}"#;
    assert_eq!(missing(LEGACY, twice, &policies, &nothing), [CatalogKind::Languages]);
    for (body, kinds) in [
        (r#"{"language":"English","language_id":1,"voice":"Sarah"}"#, &[][..]),
        (r#"{"language":"zz"}"#, &[CatalogKind::Languages]),
        (r#"{"language_id":404}"#, &[CatalogKind::Languages]),
        (r#"{"voice":"nobody"}"#, &[CatalogKind::Voices]),
    ] {
        assert_eq!(missing(LEGACY, body, &policies, &page(LEGACY).live), kinds, "{body}");
    }
}

#[test]
fn what_an_operator_drops_or_refuses_needs_no_catalog() {
    for (policy, kinds) in
        [(FieldPolicy::Drop, &[][..]), (FieldPolicy::Refuse, &[]), (FieldPolicy::Send, &[CatalogKind::Languages])]
    {
        let policies: Policies = [(Field::Language, policy)].into_iter().collect();
        assert_eq!(missing(LEGACY, r#"{"language":"en"}"#, &policies, &CatalogSet::default()), kinds);
    }
}

/// What the legacy vendor says of an update, with a catalog of so many voices called `Anna`.
fn said(body: &str, voices: usize) -> String {
    let anna = |id: usize| CatalogEntry { id: id.to_string(), name: "Anna".to_owned(), iso_2: None };
    let mut live = CatalogSet::default();
    live.set(CatalogKind::Voices, Arc::new((1..=voices).map(anna).collect::<Catalog>()));
    let target = Target {
        dialect: page(LEGACY).dialect,
        vendor: "ours",
        id: "1",
        handling: Handling::Strict,
        policies: &Policies::default(),
        catalogs: Catalogs { configured: &CatalogSet::default(), live: &live },
    };
    let refused = translate_request(&Update::read(body.as_bytes()).unwrap(), &target).unwrap_err();
    refused.items.list.into_iter().map(|item| item.detail).collect()
}

#[test]
fn a_name_or_id_that_is_not_found_is_told_how_to_add_it() {
    assert_eq!(
        said(r#"{"voice":"Bert"}"#, 1),
        r#""Bert" is not in the catalog `voices` of `ours`; under [vendors.ours.catalog.voices], `"<id>" = "Bert"` would add it"#
    );
    assert_eq!(
        said(r#"{"language_id":7}"#, 1),
        r#"id 7 is not in the catalog `languages` of `ours`; under [vendors.ours.catalog.languages], `"7" = "<name>"` would add it"#
    );
}

#[test]
fn a_name_of_many_is_told_the_first_ten_of_them() {
    let shown = |count: usize| (1..=count).map(|id| format!("`Anna` (id {id})")).collect::<Vec<_>>().join(", ");
    for (voices, list) in [(2, shown(2)), (10, shown(10)), (12, shown(10) + " and 2 more")] {
        assert_eq!(said(r#"{"voice":"Anna"}"#, voices), format!("is ambiguous in the catalog `voices`: {list}"));
    }
}
