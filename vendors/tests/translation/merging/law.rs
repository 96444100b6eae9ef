//! The law of merging, over generated sequences of updates: the vendor ends in the same state as after single ones.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use vendors::{Field, Merged, Request};

use super::super::contracts::{Contract, contracts, members};
use super::super::generated::{Member, config, rough_update, text, update, update_of};
use super::{MODES, RESET, Waiting, merged, waiting};

/// A vendor that applies partial updates, as the documentation describes it; where it says nothing, in the way in which an
/// order or a repetition is seen most.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Vendor {
    /// The members of the body that are replaced whole although they are arrays or objects.
    replaced: Vec<String>,
    /// The text of each member that was ever set.
    state: BTreeMap<String, String>,
    /// What is not known to be replaced whole, in the order in which it arrived.
    combined: Vec<(String, String)>,
}

/// A flag, and the value that has a meaning only while it is set.
const FLAG: (&str, &str) = ("use_min_interrupt_words", "min_interrupt_words");

impl Vendor {
    fn new(contract: &Contract, mode: &str) -> Self {
        let replaced = serde_json::from_value(contract.endpoint["replaced_whole"].clone()).unwrap();
        let mut state: BTreeMap<_, _> = MODES.map(|name| (name.to_owned(), format!("\"{mode}\""))).into();
        state.insert(FLAG.1.to_owned(), "2".to_owned());
        Self { replaced, state, combined: Vec::new() }
    }

    /// Whether the body sets a value, so that setting it again changes nothing.
    fn sets(&self, contract: &Contract, key: &str, value: &str) -> bool {
        contract.property(key).is_some()
            && (!value.starts_with(['[', '{']) || self.replaced.iter().any(|name| name == key))
    }

    fn apply(&mut self, contract: &Contract, body: &[u8]) {
        let body = members(std::str::from_utf8(body).unwrap());
        let keys: BTreeSet<_> = body.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys.len(), body.len(), "no key occurs twice in {body:?}");
        for (key, value) in &body {
            if MODES.contains(&key.as_str()) && self.state.get(key) != Some(value) {
                let default = format!("default of {value}");
                let reset = RESET.iter().filter(|name| !keys.contains(**name));
                reset.for_each(|name| drop(self.state.insert((*name).to_owned(), default.clone())));
            }
        }
        for (key, value) in body {
            if (key.as_str(), value.as_str()) == (FLAG.0, "false") {
                self.state.remove(FLAG.1);
            }
            match self.sets(contract, &key, &value) {
                true => drop(self.state.insert(key, value)),
                false => self.combined.push((key, value)),
            }
        }
    }
}

/// The merged requests of all of them.
fn batches(contract: &Contract, waiting: &[Waiting]) -> Vec<Merged> {
    let mut batches = Vec::new();
    let mut rest = waiting;
    while !rest.is_empty() {
        let batch = merged(contract, rest);
        assert!((1..=rest.len()).contains(&batch.count), "{batch:?}");
        assert_eq!(batch.ended_by.is_none(), batch.count == rest.len(), "{batch:?}");
        rest = &rest[batch.count..];
        batches.push(batch);
    }
    batches
}

/// The canonical names that a request applies.
fn applied(request: &Request) -> BTreeSet<&'static str> {
    request.report.applied.iter().map(|field| field.name()).collect()
}

/// Updates of any fields, or of few, so that they often have the same.
fn sequence() -> impl Strategy<Value = Vec<String>> {
    const FEW: [&[&str]; 3] = [
        &["min_interrupt_words", "name", "speech_speed", "record"],
        &["mode", "llm_model_id", "llm_model", "allow_interruptions", "multimodal_model_id", "voice_id", "timezone"],
        &["tools", "variables", "tool_ids", "max_duration", "language", "language_id"],
    ];
    let options = r#"{"vendor_options":{"autocalls":{"status":"active"},"sondos":{"status":"active"},"elsewhere":{}}}"#;
    let few = |fields| update_of(fields).prop_map(|members: Vec<Member>| text(&members));
    let one = prop_oneof![
        2 => update().prop_map(|members| text(&members)),
        1 => rough_update().prop_map(|members| text(&members)),
        4 => few(FEW[0]),
        4 => few(FEW[1]),
        4 => few(FEW[2]),
        1 => Just(options.to_owned()),
    ];
    vec(one, 0..9)
}

proptest! {
    #![proptest_config(config(96))]

    #[test]
    fn merged_updates_end_in_the_same_state_as_single_ones(
        updates in sequence(), mode in select(vec!["pipeline", "multimodal", "dualplex"]),
    ) {
        for contract in contracts() {
            let waiting = waiting(contract, &updates);
            let (mut one_by_one, mut together) = (Vendor::new(contract, mode), Vendor::new(contract, mode));
            waiting.iter().for_each(|one| one_by_one.apply(contract, &one.request.body));
            let batches = batches(contract, &waiting);
            batches.iter().for_each(|batch| together.apply(contract, &batch.body));
            prop_assert_eq!(one_by_one, together, "{} {:?} {:?}", contract.name(), waiting, batches);
        }
    }

    #[test]
    fn a_merged_request_says_what_it_holds_and_whom_it_supersedes(updates in sequence()) {
        for contract in contracts() {
            let waiting = waiting(contract, &updates);
            let mut rest = &waiting[..];
            for batch in batches(contract, &waiting) {
                let (parts, later) = rest.split_at(batch.count);
                rest = later;
                prop_assert_eq!(batch.superseded.len(), parts.len());
                for (index, part) in parts.iter().enumerate() {
                    let all = applied(&part.request);
                    let later: BTreeSet<_> = parts[index + 1..].iter().flat_map(|part| applied(&part.request)).collect();
                    prop_assert_eq!(batch.superseded[index], !all.is_empty() && all.is_subset(&later), "{:?}", parts);
                }
                let all: BTreeSet<_> = parts.iter().flat_map(|part| applied(&part.request)).collect();
                let sent: BTreeSet<_> =
                    Field::ALL.into_iter().filter(|&field| batch.sent.fields.contains(field)).map(Field::name).collect();
                prop_assert_eq!(sent, all);
                if let [alone] = parts {
                    prop_assert_eq!((&batch.body, &batch.sent), (&alone.request.body, &alone.request.sent));
                }
                // Each member is the text of the last update that has it.
                for (key, value) in members(std::str::from_utf8(&batch.body).unwrap()) {
                    let texts = parts.iter().rev().map(|part| members(std::str::from_utf8(&part.request.body).unwrap()));
                    let last = texts.flatten().find(|(name, _)| *name == key).map(|(_, text)| text);
                    prop_assert_eq!(Some(value), last, "{}", key);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn merging_is_deterministic_and_takes_restored_requests_alike(updates in sequence()) {
        for contract in contracts() {
            let waiting = waiting(contract, &updates);
            let restored = waiting.iter().map(|one| Waiting {
                canonical: one.canonical.clone(),
                request: Request::from_stored(&one.request.to_stored()).unwrap(),
            });
            prop_assert_eq!(merged(contract, &waiting), merged(contract, &waiting));
            prop_assert_eq!(merged(contract, &waiting), merged(contract, &restored.collect::<Vec<_>>()));
        }
    }

    #[test]
    fn no_body_makes_it_panic(canonical in vec(any::<u8>(), 0..40), body in vec(any::<u8>(), 0..40), other in sequence()) {
        for contract in contracts() {
            let mut waiting = waiting(contract, &other);
            for one in &mut waiting {
                one.canonical = String::from_utf8_lossy(&canonical).into_owned();
                merged(contract, std::slice::from_ref(one));
                one.request.body.clone_from(&body);
            }
            prop_assert!(batches(contract, &waiting).iter().all(|batch| batch.count == 1));
        }
    }
}
