//! Laws of the translation that hold in every dialect, flat or nested, over generated updates.
//!
//! They use no contract, so that they hold whatever a table says.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use vendors::json::{Limits, read_object};
use vendors::registry::{DIALECTS, Names};
use vendors::{
    CatalogSet, Catalogs, Dialect, Field, Handling, Item, ListedAssistant, Policies, Request, Run, SentFields,
    Settings, Target, Update, missing_lookups, normalize_error, normalize_response, read_assistant, translate_request,
};

use crate::generated::{Member, config, json, rough_update, text, update};

/// Translates without catalogs; `None` if the update is no strict JSON.
fn translated(dialect: &'static Dialect, update: &str, handling: Handling) -> Option<Result<Request, Vec<Item>>> {
    let update = Update::read(update.as_bytes()).ok()?;
    let (nothing, policies) = (CatalogSet::default(), Policies::default());
    let target = Target {
        dialect,
        vendor: dialect.name,
        id: "id_1",
        handling,
        policies: &policies,
        catalogs: Catalogs { configured: &nothing, live: &nothing },
        accounts: &Names,
    };
    Some(translate_request(&update, &target).map_err(|refused| refused.items.list))
}

/// The same update with the ids as strings where the dialect has them so.
fn with_its_ids(dialect: &Dialect, sent: &[Member]) -> Vec<Member> {
    let is_text = |name: &str| Field::from_name(name).is_some_and(|field| dialect.row(field).shape.is_some());
    let quoted = |member: &Member| match is_text(&member.key) && member.value.parse::<i64>().is_ok() {
        true => Member { value: format!("\"id_{}\"", member.value), ..member.clone() },
        false => member.clone(),
    };
    sent.iter().map(quoted).collect()
}

/// What an agent tells that every run can go on with.
const AGENT: &str = r#"{"version":1,"is_published":false,"response_engine":{"type":"retell-llm","llm_id":"llm_1"},
    "voice":{"provider":"11labs"},"model":{"provider":"openai","model":"gpt-4.1"},"transcriber":{"provider":"deepgram"},
    "hooks":[{"on":"customer.speech.timeout","do":[{"type":"say","prompt":"Hm?"}]}]}"#;

/// The same without the object that has most fields at one vendor.
const WITHOUT_LLM: &str = r#"{"version":1,"is_published":false,"response_engine":{"type":"conversation-flow"}}"#;

/// Carries an update out. A refusal says why, and a run that ends has applied every field.
fn assert_accounted_for(dialect: &'static Dialect, update: &str) {
    let Some(Ok(request)) = translated(dialect, update, Handling::Lenient) else { return };
    for answer in [AGENT, WITHOUT_LLM] {
        let settings = Settings::default();
        let Some(mut run) = Run::update(dialect, "id_1", &request, &settings) else { return };
        loop {
            match run.next() {
                Ok(Some(_)) if run.answered(answer.as_bytes()).is_err() => break,
                Ok(Some(_)) => {}
                Ok(None) => {
                    let applied: BTreeSet<_> = run.applied_and_pending().0.into_iter().collect();
                    let sent: BTreeSet<_> = request.report.applied.iter().copied().collect();
                    assert_eq!(applied, sent, "{}: {update}", dialect.name);
                    break;
                }
                Err(refused) => {
                    assert!(!refused.items.list.is_empty(), "{}: {update}", dialect.name);
                    break;
                }
            }
        }
    }
}

#[test]
fn a_field_that_is_cleared_is_accounted_for_wherever_it_stands() {
    for dialect in DIALECTS {
        for field in Field::ALL {
            for value in ["null", "[]", "{}", "false"] {
                assert_accounted_for(dialect, &format!(r#"{{"{}":{value}}}"#, field.name()));
            }
        }
    }
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn a_run_applies_every_field_or_says_why_not(sent in update()) {
        for dialect in DIALECTS {
            assert_accounted_for(dialect, &text(&with_its_ids(dialect, &sent)));
        }
    }

    #[test]
    fn every_sent_field_is_applied_dropped_or_refused(sent in rough_update(), lenient in any::<bool>()) {
        for dialect in DIALECTS {
            let sent = with_its_ids(dialect, &sent);
            let handling = if lenient { Handling::Lenient } else { Handling::Strict };
            let keys: BTreeSet<_> = sent.iter().map(|member| member.key.as_str()).collect();
            let is_options = |name: &str| name.starts_with("vendor_options");
            match translated(dialect, &text(&sent), handling) {
                Some(Ok(request)) => {
                    let mut reported: Vec<_> = request.report.applied.iter().map(|field| field.name().to_owned()).collect();
                    reported.extend(request.report.dropped.iter().map(|note| note.field.clone().into_owned()));
                    reported.retain(|name| !is_options(name));
                    let wanted: BTreeSet<_> = keys.into_iter().filter(|name| !is_options(name)).map(str::to_owned).collect();
                    prop_assert_eq!(reported.len(), wanted.len(), "{}: {:?}", dialect.name, reported);
                    prop_assert_eq!(reported.into_iter().collect::<BTreeSet<_>>(), wanted, "{}", dialect.name);
                    prop_assert!(read_object(&request.body, Limits::VENDOR).is_ok(), "{}", dialect.name);
                }
                Some(Err(items)) => {
                    prop_assert!(!items.is_empty());
                    for item in items {
                        let field = item.field.unwrap_or_default();
                        let is_sent = keys.contains(&*field) || is_options(&field);
                        prop_assert!(is_sent && !item.detail.is_empty(), "{}: {field}", dialect.name);
                    }
                }
                None => {}
            }
        }
    }

    #[test]
    fn lenient_handling_accepts_what_strict_does(sent in rough_update()) {
        for dialect in DIALECTS {
            let update = text(&with_its_ids(dialect, &sent));
            let Some(Ok(strict)) = translated(dialect, &update, Handling::Strict) else { continue };
            prop_assert_eq!(translated(dialect, &update, Handling::Lenient), Some(Ok(strict)), "{}", dialect.name);
        }
    }

    #[test]
    fn an_update_is_translated_alike_in_any_order(
        (sent, shuffled) in update().prop_flat_map(|sent| (Just(sent.clone()), Just(sent).prop_shuffle())),
    ) {
        for dialect in DIALECTS.into_iter().filter(|dialect| dialect.plan.is_some()) {
            let body = |sent: &[Member]| {
                let request = translated(dialect, &text(&with_its_ids(dialect, sent)), Handling::Lenient)?.ok()?;
                Some(serde_json::from_slice::<serde_json::Value>(&request.body).ok())
            };
            prop_assert_eq!(body(&sent), body(&shuffled), "{}", dialect.name);
        }
    }

    #[test]
    fn nothing_panics_on_arbitrary_bytes(
        bytes in vec(any::<u8>(), 0..80), value in json(), status in any::<u16>(), lenient in any::<bool>(),
        answers in vec(json(), 1..8), publishes in any::<bool>(), start in select(vec!["{}", r#"{"version":1,"is_published":true}"#]),
    ) {
        let fields = Field::ALL.map(|field| format!("\"{}\":{value}", field.name())).join(",");
        let settings = Settings { parameters: vec![("branch", "b/?&#".to_owned())], publishes };
        let single = Field::ALL.map(|field| format!("{{\"{}\":{value}}}", field.name()).into_bytes());
        let bodies = single.into_iter().chain([bytes, value.clone().into_bytes(), format!("{{{fields}}}").into_bytes()]);
        let handling = if lenient { Handling::Lenient } else { Handling::Strict };
        for body in bodies {
            for dialect in DIALECTS {
                let _ = normalize_response(dialect, &body);
                let _ = normalize_error(dialect, dialect.name, &SentFields::default(), status, &body);
                if let Ok(listed) = ListedAssistant::document(dialect, &body) {
                    let _ = read_assistant(dialect, &Policies::default(), &listed);
                }
                let Ok(update) = Update::read(&body) else { continue };
                let nothing = CatalogSet::default();
                let catalogs = Catalogs { configured: &nothing, live: &nothing };
                let _ = missing_lookups(&update, dialect, &Policies::default(), &catalogs);
                let Some(Ok(request)) = std::str::from_utf8(&body).ok().and_then(|text| translated(dialect, text, handling)) else {
                    continue;
                };
                let Some(mut run) = Run::update(dialect, "id_1", &request, &settings) else { continue };
                let mut answers = std::iter::once(start).chain(answers.iter().map(String::as_str)).cycle();
                for _ in 0..16 {
                    let Ok(Some(step)) = run.next() else { break };
                    prop_assert!(step.path.starts_with('/') && !step.path.contains("b/?"), "{}", step.path);
                    if run.answered(answers.next().unwrap_or("{}").as_bytes()).is_err() {
                        break;
                    }
                }
                let _ = (run.document(), run.applied_and_pending(), run.unpublished().map(str::to_owned));
            }
        }
    }
}
