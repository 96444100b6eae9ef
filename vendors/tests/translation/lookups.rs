//! Lookups: the catalogs that an update needs, and the messages for unknown and ambiguous names.

use std::sync::Arc;

use vendors::{
    Catalog, CatalogEntry, CatalogKind, CatalogSet, Catalogs, Field, FieldPolicy, Handling, Policies, Target, Update,
    missing_lookups, translate_request,
};

use super::contracts::{LEGACY, SUPERSET, contract};

fn missing(vendor: &str, body: &str, policies: &Policies, live: &CatalogSet) -> Vec<CatalogKind> {
    let known = Catalogs { configured: &CatalogSet::default(), live };
    missing_lookups(&Update::read(body.as_bytes()).unwrap(), contract(vendor).dialect, policies, &known)
}

#[test]
fn each_missing_catalog_is_named_once() {
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
        assert_eq!(missing(LEGACY, body, &policies, &contract(LEGACY).live), kinds, "{body}");
    }
}

#[test]
fn a_field_with_the_policy_drop_or_refuse_needs_no_catalog() {
    for (policy, kinds) in
        [(FieldPolicy::Drop, &[][..]), (FieldPolicy::Refuse, &[]), (FieldPolicy::Send, &[CatalogKind::Languages])]
    {
        let policies: Policies = [(Field::Language, policy)].into_iter().collect();
        assert_eq!(missing(LEGACY, r#"{"language":"en"}"#, &policies, &CatalogSet::default()), kinds);
    }
}

/// The details for an update at the legacy vendor, with a catalog of so many voices called `Anna`.
fn details(body: &str, voices: usize) -> String {
    let anna = |id: usize| CatalogEntry::new(id.to_string(), "Anna");
    let mut live = CatalogSet::default();
    live.set(CatalogKind::Voices, Arc::new((1..=voices).map(anna).collect::<Catalog>()));
    let target = Target {
        dialect: contract(LEGACY).dialect,
        vendor: "ours",
        id: "1",
        handling: Handling::Strict,
        policies: &Policies::default(),
        catalogs: Catalogs { configured: &CatalogSet::default(), live: &live },
        accounts: &vendors::registry::Names,
    };
    let refused = translate_request(&Update::read(body.as_bytes()).unwrap(), &target).unwrap_err();
    refused.items.list.into_iter().map(|item| item.detail).collect()
}

#[test]
fn an_unknown_name_is_refused_with_the_nearest_and_without_the_configuration() {
    assert_eq!(
        details(r#"{"voice":"Bert"}"#, 1),
        r#""Bert" is not in the catalog `voices` of `ours`; the nearest name is `Anna`"#
    );
    assert_eq!(details(r#"{"voice":"Bert"}"#, 0), r#""Bert" is not in the catalog `voices` of `ours`"#);
    assert_eq!(details(r#"{"language_id":7}"#, 1), "id 7 is not in the catalog `languages` of `ours`");
}

#[test]
fn operators_are_told_the_line_that_adds_a_name_or_an_id() {
    let hints = |body: &str| {
        let refused = contract(LEGACY).translate(body, Handling::Strict).unwrap_err();
        refused.hints.into_iter().map(|hint| (hint.key, hint.line)).collect::<Vec<_>>()
    };
    let pair = |kind: &str, line: &str| (format!("vendors.sondos.catalog.{kind}"), line.to_owned());
    assert_eq!(hints(r#"{"voice":"Bertold"}"#), [pair("voices", r#""<id>" = "Bertold""#)]);
    assert_eq!(hints(r#"{"language_id":404}"#), [pair("languages", r#""404" = "<name>""#)]);
    assert_eq!(hints(r#"{"language":"ko"}"#), [pair("languages", r#""<id>" = "Korean""#)]);
}

#[test]
fn a_numeric_id_is_sent_as_a_number_whatever_type_the_catalog_has() {
    let entry = |id: &str, name: &str| CatalogEntry::new(id, name);
    let mut live = CatalogSet::default();
    live.set(
        CatalogKind::Voices,
        Arc::new([entry("\"3\"", "Anna"), entry("4", "Bert ")].into_iter().collect::<Catalog>()),
    );
    for (body, sent) in [(r#"{"voice":"Anna"}"#, r#"{"voice_id":3}"#), (r#"{"voice":"bert"}"#, r#"{"voice_id":4}"#)] {
        let target = Target {
            dialect: contract(SUPERSET).dialect,
            vendor: "ours",
            id: "1",
            handling: Handling::Strict,
            policies: &Policies::default(),
            catalogs: Catalogs { configured: &CatalogSet::default(), live: &live },
            accounts: &vendors::registry::Names,
        };
        let request = translate_request(&Update::read(body.as_bytes()).unwrap(), &target).unwrap();
        assert_eq!(String::from_utf8(request.body).unwrap(), sent);
    }
}

#[test]
fn an_ambiguous_name_is_refused_with_the_first_ten_candidates() {
    let shown = |count: usize| (1..=count).map(|id| format!("`Anna` (id {id})")).collect::<Vec<_>>().join(", ");
    for (voices, list) in [(2, shown(2)), (10, shown(10)), (12, shown(10) + " and 2 more")] {
        let detail = format!("is ambiguous in the catalog `voices`: {list}; send `voice_id` instead");
        assert_eq!(details(r#"{"voice":"Anna"}"#, voices), detail);
    }
}
