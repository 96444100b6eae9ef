//! Which updates go together, and what keeps one out.

mod law;

use std::collections::{BTreeMap, BTreeSet};

use vendors::{Barrier, Field, FieldPolicy, Handling, Merged, Operations, Part, Policies, Request, Update, merge};

use super::contracts::{Contract, LEGACY, SUPERSET, contract, contracts};

/// The vendors' names of the mode, and of what a change of the mode sets to a default.
const MODES: [&str; 2] = ["mode", "engine_type"];
const RESET: [&str; 5] =
    ["llm_model_id", "llm_model", "multimodal_model_id", "synthesizer_provider_id", "transcriber_provider_id"];

/// An update and what it was translated to.
#[derive(Debug)]
struct Waiting {
    canonical: String,
    request: Request,
}

/// The updates that the vendor's translation accepts.
fn waiting(contract: &Contract, updates: &[String]) -> Vec<Waiting> {
    let translated = |update: &String| {
        Update::read(update.as_bytes()).ok()?;
        let request = contract.translate(update, Handling::Lenient).ok()?;
        Some(Waiting { canonical: update.clone(), request })
    };
    updates.iter().filter_map(translated).collect()
}

fn merged(contract: &Contract, waiting: &[Waiting]) -> Merged {
    merge(contract.dialect, &parts(waiting))
}

fn parts(waiting: &[Waiting]) -> Vec<Part<'_>> {
    waiting.iter().map(|one| Part { canonical: one.canonical.as_bytes(), request: &one.request }).collect()
}

/// The merged request of these updates, which the vendor takes in the strict way.
fn merge_all(contract: &Contract, updates: &[&str]) -> Merged {
    let strict = |update: &&str| Waiting {
        canonical: (*update).to_owned(),
        request: contract.translate(update, Handling::Strict).unwrap_or_else(|refused| panic!("{update}: {refused:?}")),
    };
    merged(contract, &updates.iter().map(strict).collect::<Vec<_>>())
}

fn body(merged: &Merged) -> &str {
    std::str::from_utf8(&merged.body).unwrap()
}

#[test]
fn the_later_value_wins_with_its_digits_and_its_spelling() {
    for contract in contracts() {
        let name = if contract.is_legacy() { "assistant_name" } else { "name" };
        let all = merge_all(
            contract,
            &[
                r#"{"name":"One","speech_speed":1.00}"#,
                r#"{"speech_speed": 0.80,"timezone":"\u0045urope/Rome"}"#,
                r#"{"name":"Tw\u006f \/"}"#,
            ],
        );
        let wanted = format!(r#"{{"speech_speed":0.80,"timezone":"\u0045urope/Rome","{name}":"Tw\u006f \/"}}"#);
        assert_eq!(body(&all), wanted);
        assert_eq!((all.count, all.ended_by, all.superseded), (3, None, vec![true, false, false]));
    }
}

#[test]
fn a_flag_and_its_value_are_one_field() {
    let legacy = contract(LEGACY);
    let (set, unset, other) = (r#"{"min_interrupt_words":3}"#, r#"{"min_interrupt_words":null}"#, r#"{"record":true}"#);
    let cases: [(&[&str], &str); 4] = [
        (&[set, unset], r#"{"use_min_interrupt_words":false}"#),
        (&[unset, set], r#"{"use_min_interrupt_words":true,"min_interrupt_words":3}"#),
        (&[set, other, unset], r#"{"record_call":true,"use_min_interrupt_words":false}"#),
        (&[set, unset, set], r#"{"use_min_interrupt_words":true,"min_interrupt_words":3}"#),
    ];
    for (updates, wanted) in cases {
        assert_eq!(body(&merge_all(legacy, updates)), wanted);
    }
}

#[test]
fn nothing_is_merged_of_nothing_and_one_goes_as_it_is() {
    let contract = contract(SUPERSET);
    let none = merged(contract, &[]);
    assert_eq!((none.count, body(&none), none.ended_by), (0, "{}", None));
    let alone = merge_all(contract, &[r#"{"vendor_options":{"autocalls":{"b":1,"a":[ ]}},"name":"A"}"#]);
    assert_eq!((alone.count, alone.ended_by, &alone.superseded[..]), (1, None, &[false][..]));
    assert_eq!(alone.sent.options, ["b", "a"]);
}

#[test]
fn each_barrier_ends_a_batch_wherever_it_stands() {
    let (name, record) = (r#"{"name":"A"}"#, r#"{"record":true}"#);
    let structure = |field| Barrier::Structure(field);
    // Both go alone, so that neither the one before nor the one after joins them.
    let alone = [
        (SUPERSET, r#"{"vendor_options":{"autocalls":{"x":1}}}"#, Barrier::Options),
        (SUPERSET, r#"{"name":"B","vendor_options":{"autocalls":{"x":null}}}"#, Barrier::Options),
        (LEGACY, r#"{"variables":{"a":"1"}}"#, structure(Field::Variables)),
        (LEGACY, r#"{"post_call_schema":[]}"#, structure(Field::PostCallSchema)),
        (LEGACY, r#"{"tools":[{"type":"end_call","description":"x"}]}"#, structure(Field::Tools)),
    ];
    for (vendor, update, barrier) in alone {
        let contract = contract(vendor);
        let before = merge_all(contract, &[name, record, update, record]);
        assert_eq!((before.count, before.ended_by), (2, Some(barrier)), "{update}");
        let after = merge_all(contract, &[update, record, name]);
        assert_eq!((after.count, after.ended_by), (1, Some(barrier)), "{update}");
    }
    for (vendor, one, other, barrier) in [
        (SUPERSET, r#"{"voice_id":41}"#, r#"{"voice":"Voice 41"}"#, Barrier::Twin(Field::Voice)),
        (SUPERSET, r#"{"voice":"Voice 41"}"#, r#"{"voice_id":41}"#, Barrier::Twin(Field::VoiceId)),
        (LEGACY, r#"{"language":"English"}"#, r#"{"language_id":1}"#, Barrier::Twin(Field::LanguageId)),
        (SUPERSET, r#"{"llm_model_id":1}"#, r#"{"mode":"pipeline"}"#, Barrier::Reset(Field::Mode)),
        (SUPERSET, r#"{"mode":"multimodal"}"#, r#"{"mode":"pipeline"}"#, Barrier::Reset(Field::Mode)),
        (LEGACY, r#"{"llm_model_id":1}"#, r#"{"mode":"pipeline"}"#, Barrier::Reset(Field::Mode)),
        (
            SUPERSET,
            r#"{"mode":"multimodal"}"#,
            r#"{"allow_interruptions":false}"#,
            Barrier::Conflict(Field::AllowInterruptions),
        ),
        (
            SUPERSET,
            r#"{"mode":"dualplex"}"#,
            r#"{"knowledgebase_mode":"prompt"}"#,
            Barrier::Conflict(Field::KnowledgebaseMode),
        ),
        (SUPERSET, r#"{"mode":"multimodal"}"#, r#"{"llm_model_id":1}"#, Barrier::Conflict(Field::LlmModelId)),
        (
            SUPERSET,
            r#"{"mode":"pipeline"}"#,
            r#"{"multimodal_model_id":1}"#,
            Barrier::Conflict(Field::MultimodalModelId),
        ),
    ] {
        let contract = contract(vendor);
        let merged = merge_all(contract, &[one, record, other, name]);
        assert_eq!((merged.count, merged.ended_by), (2, Some(barrier)), "{one} {other}");
        assert_eq!(merged.superseded, [false, false]);
    }
}

#[test]
fn what_a_change_of_the_mode_leaves_alone_joins_it() {
    let all = merge_all(
        contract(SUPERSET),
        &[r#"{"mode":"multimodal"}"#, r#"{"multimodal_model_id":1}"#, r#"{"allow_interruptions":true,"tools":[]}"#],
    );
    assert_eq!(body(&all), r#"{"mode":"multimodal","multimodal_model_id":1,"allow_interruptions":true,"tools":[]}"#);
    assert_eq!((all.count, all.ended_by), (3, None));
}

#[test]
fn dropped_fields_play_no_part() {
    let (contract, lenient) = (contract("gloriagent"), Handling::Lenient);
    let translated =
        |update: &str| Waiting { canonical: update.to_owned(), request: contract.translate(update, lenient).unwrap() };
    let all = [
        translated(r#"{"name":"A","folder_id":1,"filler_config":{}}"#),
        translated(r#"{"name":"B","nonsense":{"a":[1]},"vendor_options":{"elsewhere":{"mode":1}}}"#),
        translated(r#"{"label_ids":[1]}"#),
    ];
    let all = merged(contract, &all);
    assert_eq!((all.count, all.ended_by, body(&all)), (3, None, r#"{"name":"B"}"#));
    assert_eq!(all.superseded, [true, false, false], "the last one sends nothing that another could overwrite");
}

#[test]
fn a_list_that_only_the_configuration_sends_goes_alone() {
    let contract = contract("gloriagent");
    let policies: Policies =
        [(Field::LabelIds, FieldPolicy::Send), (Field::FolderId, FieldPolicy::Send)].into_iter().collect();
    let translated = |update: &str| Waiting {
        canonical: update.to_owned(),
        request: contract.translate_with(update, Handling::Strict, &policies).unwrap(),
    };
    let all = [r#"{"folder_id":1}"#, r#"{"folder_id":2}"#, r#"{"label_ids":[1]}"#].map(translated);
    let all = merged(contract, &all);
    assert_eq!((all.count, body(&all)), (2, r#"{"folder_id":2}"#));
    assert_eq!(all.ended_by, Some(Barrier::Structure(Field::LabelIds)));
}

#[test]
fn what_is_no_update_of_the_same_assistant_goes_alone() {
    let contract = contract(SUPERSET);
    let update = |body: &str| Waiting {
        canonical: body.to_owned(),
        request: contract.translate(body, Handling::Strict).unwrap(),
    };
    type Change = fn(&mut Waiting);
    let changes: [(Change, Barrier); 8] = [
        (|one| one.request.path = "/user/assistant/790".to_owned(), Barrier::OtherRequest),
        (|one| one.request.method = "POST", Barrier::OtherRequest),
        (|one| one.request.body = b"{\"name\":".to_vec(), Barrier::Unreadable),
        (|one| one.request.body = b"{\"name\":\"A\",\"title\":\"B\"}".to_vec(), Barrier::Unreadable),
        (|one| one.request.body = b"{}".to_vec(), Barrier::Unreadable),
        (|one| one.canonical = "{\"title\":1}".to_owned(), Barrier::Unreadable),
        (|one| one.canonical = "{".to_owned(), Barrier::Unreadable),
        (|one| one.request.sent = vendors::SentFields::default(), Barrier::Unreadable),
    ];
    for (change, barrier) in changes {
        for at in [0, 1] {
            let mut both = [update(r#"{"name":"A"}"#), update(r#"{"name":"B"}"#)];
            change(&mut both[at]);
            let merged = merged(contract, &both);
            assert_eq!((merged.count, merged.ended_by), (1, Some(barrier)), "{:?}", both[at]);
            assert_eq!(merged.body, both[0].request.body);
        }
    }
}

#[test]
fn a_vendor_without_merging_gets_each_update_alone() {
    let updates = [r#"{"name":"A"}"#, r#"{"name":"B"}"#].map(str::to_owned);
    let waiting = waiting(contract(SUPERSET), &updates);
    let parts = parts(&waiting);
    let known = contract(SUPERSET).dialect;
    let dialect = vendors::Dialect {
        operations: Operations { merging: None, ..known.operations },
        undocumented: vendors::UndocumentedFields::empty(),
        ..*known
    };
    let merged = merge(&dialect, &parts);
    assert_eq!((merged.count, merged.ended_by), (1, Some(Barrier::Vendor)));
    assert_eq!(merge(known, &parts).count, 2);
}

#[test]
fn a_table_says_of_lists_and_objects_what_the_documentation_says() {
    for contract in contracts() {
        let merging = contract.dialect.operations.merging.unwrap();
        let names = |fields: &[Field]| -> BTreeSet<String> {
            let supported = fields.iter().filter(|field| contract.dialect.row(**field).is_supported());
            supported.flat_map(|field| contract.dialect.row(*field).wire_names(*field)).map(str::to_owned).collect()
        };
        let documented: BTreeSet<String> = serde_json::from_value(contract.endpoint["replaced_whole"].clone()).unwrap();
        assert_eq!(names(merging.replaced), documented, "{}", contract.name());
        let described = contract.schema["properties"]
            .as_object()
            .unwrap()
            .iter()
            .filter(|(_, schema)| schema["description"].as_str().is_some_and(|text| text.contains("Replaces ")));
        assert_eq!(described.map(|(key, _)| key.clone()).collect::<BTreeSet<_>>(), documented, "{}", contract.name());
        let resets: BTreeMap<String, Vec<String>> =
            serde_json::from_value(contract.endpoint["resets"].clone()).unwrap();
        let resetting = names(merging.resetting);
        assert!(resets.keys().all(|name| resetting.contains(name)), "{}", contract.name());
        assert!(resets.values().flatten().all(|name| RESET.contains(&name.as_str())), "{}", contract.name());
        assert!(resetting.iter().all(|name| MODES.contains(&name.as_str())), "{}", contract.name());
    }
}

#[test]
fn a_barrier_is_named_in_logs() {
    for (barrier, text) in [
        (Barrier::Vendor, "the vendor takes no merged updates"),
        (Barrier::OtherRequest, "another request than an update of this assistant"),
        (Barrier::Unreadable, "a body that does not match its fields"),
        (Barrier::Options, "`vendor_options`"),
        (Barrier::Structure(Field::Tools), "`tools` may not be replaced whole"),
        (Barrier::Reset(Field::Mode), "`mode` resets other fields"),
        (Barrier::Twin(Field::Voice), "`voice` in its other form"),
        (Barrier::Conflict(Field::Fillers), "`fillers` conflicts with another field"),
    ] {
        assert_eq!(barrier.to_string(), text);
    }
}
