//! The law of copies: nothing of the source is lost without a word, and what is copied is there.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use vendors::{CatalogKind, CatalogSet, Catalogs, Field, ItemCode, Policies, Update, compare};

use super::{Copying, complete, names, of_source, of_target};
use crate::contracts::{Contract, contracts};
use crate::generated::{config, update};
use crate::reading::{has_exponent, is_never_told, read, stored};

/// Ids of the source's catalogs, and some that are in none.
fn some_ids(entry: &mut Value, picks: &[u32]) {
    let fields =
        ["voice_id", "language_id", "llm_model_id", "multimodal_model_id", "phone_number_id", "knowledgebase_id"];
    let more = ["synthesizer_provider_id", "transcriber_provider_id"];
    for (field, pick) in fields.into_iter().chain(more).zip(picks) {
        if entry.get(field).is_some_and(Value::is_number) {
            entry[field] = json!(200 + pick);
        }
    }
}

/// Whether two ids stand for the same thing.
fn is_same(field: Field, source: &str, target: &str, to: &Contract) -> bool {
    let (none, from, live) = (CatalogSet::default(), of_source(), of_target(to));
    let (from, live) = (Catalogs { configured: &none, live: &from }, Catalogs { configured: &none, live: &live });
    let kind = match field {
        Field::VoiceId => CatalogKind::Voices,
        Field::LanguageId => CatalogKind::Languages,
        Field::LlmModelId => CatalogKind::Models,
        Field::MultimodalModelId => CatalogKind::MultimodalModels,
        Field::PhoneNumberId => CatalogKind::PhoneNumbers,
        Field::KnowledgebaseId => CatalogKind::KnowledgeBases,
        Field::SynthesizerProviderId => CatalogKind::SynthesizerProviders,
        Field::TranscriberProviderId => CatalogKind::TranscriberProviders,
        _ => panic!("{} holds no id", field.name()),
    };
    let (one, other) = (from.by_id(kind, source).unwrap(), live.by_id(kind, target).unwrap());
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    match field {
        Field::LanguageId => one.language_code() == other.language_code(),
        Field::PhoneNumberId => digits(&one.name) == digits(&other.name),
        _ => one.name.to_lowercase() == other.name.to_lowercase(),
    }
}

proptest! {
    #![proptest_config(config(96))]

    #[test]
    fn every_field_is_copied_dropped_or_needed_and_what_is_copied_is_read_back(
        sent in update(),
        picks in prop::collection::vec(select(vec![1, 1, 1, 1, 2, 2, 3, 4, 5]), 8),
        mode in select(vec!["pipeline", "multimodal", "dualplex"]),
    ) {
        let mut entry = complete();
        for member in &sent {
            if let Ok(value) = serde_json::from_str::<Value>(&member.value) {
                entry[&member.key] = value;
            }
        }
        entry["mode"] = mode.into();
        some_ids(&mut entry, &picks);
        for field in ["language", "voice", "llm_model", "multimodal_model"] {
            entry.as_object_mut().unwrap().remove(field);
        }
        let text = entry.to_string();
        for (from, to) in contracts().iter().flat_map(|from| contracts().iter().map(move |to| (from, to))) {
            let copying = Copying::between(from, to);
            let copied = copying.run(&entry);
            let from_there = read(from.dialect, &text);
            let (dropped, needs) = (names(&copied.report.dropped), names(&copied.report.needs));
            let told = from_there.fields.iter().map(|(field, _)| *field).chain(from_there.unwritable.iter().filter(|told| told.value != "null").map(|told| told.field));
            for field in told {
                let is_copied = copied.report.copied.contains(&field);
                let is_lost = dropped.contains(&field.name()) || needs.contains(&field.name());
                prop_assert!(is_copied != is_lost, "{} {} {} {text} {:?}", from.name(), to.name(), field.name(), copied.report);
            }
            let created = copying.create(&copied.body);
            if !needs.is_empty() {
                let items = created.unwrap_err().items.list;
                let required: Vec<_> = items.iter().filter(|item| item.code == ItemCode::Required).map(|item| item.field.as_deref().unwrap()).collect();
                prop_assert_eq!((required, items.len()), (needs.clone(), needs.len()), "{:?}", items);
                continue;
            }
            let request = created.unwrap_or_else(|refused| panic!("{} to {}: {refused:?} {text}", from.name(), to.name()));
            prop_assert_eq!(&request.report.dropped, &vec![]);
            let sent = String::from_utf8(request.body).unwrap();
            prop_assert_eq!(to.complaints(&sent), Vec::<String>::new());
            if has_exponent(&sent) {
                continue;
            }
            let stored = stored(to, &sent);
            let there = read(to.dialect, &stored);
            let source: Vec<_> = from_there.fields.iter().map(|(field, text)| format!("\"{}\":{text}", field.name())).chain(from_there.unwritable.iter().map(|told| format!("\"{}\":{}", told.field.name(), told.value))).collect();
            let source = format!("{{{}}}", source.join(","));
            let source = Update::read(source.as_bytes()).unwrap();
            let (none, policies) = (CatalogSet::default(), Policies::default());
            let live = of_target(to);
            let target = super::target(to, &live, &none, &policies);
            for field in copied.report.copied {
                let value = source.get(field).unwrap();
                let nothing = value.is_null();
                if nothing {
                    prop_assert!(there.told(field).is_none_or(|told| told == value.text()), "{} {}", field.name(), stored);
                } else if !to.dialect.tells(field) || is_never_told(field) {
                } else if let (true, Some(id)) = (field.name().ends_with("_id"), value.as_integer()) {
                    prop_assert!(is_same(field, id, there.told(field).unwrap_or_default(), to), "{} {} {text} {stored}", to.name(), field.name());
                } else if field != Field::Tools {
                    let found = compare(&source, &[field], &there, &target);
                    prop_assert_eq!(found.confirmed, vec![field], "{} {}", text, stored);
                }
            }
        }
    }
}
