//! Golden exchanges: one call, mostly an update, and for every vendor what it received, what it answered and what the
//! caller got back.
//!
//! A case is a file in `tests/golden/`; its snapshots stand beside it as `<case>.<vendor>.snap`: whole exchanges for
//! Autocalls and Sondos, and for the vendors derived from Autocalls what differs from it. After a wanted change run
//! `just goldens` and read the difference: it is what callers and vendors will see.

mod difference;
mod nested;
mod transcript;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::Stage;
use crate::support::case::{Case, directory};
use difference::difference;
use transcript::{Before, Part, Transcript};

macro_rules! cases {
    ($($case:ident)*) => {
        const CASES: &[&str] = &[$(stringify!($case)),*];
        $(#[tokio::test] async fn $case() { play(stringify!($case)).await; })*
    };
}

cases! {
    every_page_example
    every_field_at_once
    every_nullable_field_null
    tools_with_every_parameter
    tools_with_required_parameters_only
    switching_modes
    every_legacy_conversion
    fields_dropped_on_request
    vendor_options_merged
    names_from_catalogs
    texts_kept_verbatim
    refusals_before_the_vendor
    errors_from_the_vendor
    assistants_read_as_documented
    assistants_listed
    assistants_created
    assistants_deleted
    updates_proved_and_under_conditions
}

/// The vendors whose exchanges are shown whole.
const WHOLE: [&str; 2] = [BASE, "sondos"];
/// The vendor that all others are compared with.
const BASE: &str = "autocalls";

/// The cases that show the tools, together.
const TOOLS: [&str; 2] = ["tools_with_every_parameter", "tools_with_required_parameters_only"];

/// Retries without the wait, and no copies of lists, whose age would show.
const FAST: &str = "\n[vendors.{vendor}.retry]\nbackoff = \"1ms\"\nmax_backoff = \"2ms\"\n";
const NO_COPIES: &str = "list_ttl = \"0s\"\n";

/// Plays a case at every vendor and compares each with its snapshot.
async fn play(name: &str) {
    let case = Case::read(name);
    let mut base = Vec::new();
    for vendor in simulators::NAMES {
        let own = exchanges(&case, vendor).await;
        if own.is_empty() {
            continue;
        }
        let shown = match vendor {
            _ if WHOLE.contains(&vendor) => own.iter().map(Transcript::whole).collect(),
            _ => difference((BASE, &base), (vendor, &own)),
        };
        insta::with_settings!({
            snapshot_path => directory(),
            prepend_module_to_snapshot => false,
            omit_expression => true,
            description => case.about.as_str(),
        }, {
            insta::assert_snapshot!(format!("{name}.{vendor}"), shown);
        });
        if vendor == BASE {
            base = own;
        }
    }
}

/// Accounts for the other vendors, so that updates may have options for them. None is ever called.
fn others(vendor: &str) -> String {
    let others = simulators::NAMES.into_iter().filter(|other| *other != vendor);
    let account = |other| {
        let token = format!("TOKEN_{}", vendor.to_uppercase());
        format!("[vendors.{other}]\nbase_url = \"http://127.0.0.1:9/api\"\ntoken = {{ env = \"{token}\" }}\n")
    };
    others.map(account).collect()
}

/// Plays all exchanges of a case at one vendor.
///
/// Exchanges can be reordered, but for those that continue: each finds the vendor's assistants as they were at first, and
/// a gateway that has neither seen the vendor fail (breaker, retry budget, pause) nor read its catalogs.
async fn exchanges(case: &Case, vendor: &str) -> Vec<Transcript> {
    let config = NO_COPIES.to_owned() + &case.config(vendor) + &FAST.replace("{vendor}", vendor) + &others(vendor);
    let mut stage = Stage::listing(case.listed, &[vendor], &config, |text| text).await;
    let (mut played, mut before) = (Vec::new(), Before::default());
    for exchange in case.exchanges(vendor) {
        if !exchange.continues {
            before = Before::default();
            stage.simulator(vendor).reset();
        }
        let transcript = Transcript::play(&stage, vendor, &exchange, &mut before).await;
        assert!(played.iter().all(|other: &Transcript| other.name != exchange.name), "twice: {}", exchange.name);
        let is_marked = !exchange.faults.is_empty() || transcript.part(Part::Reads).is_some();
        played.push(transcript);
        if is_marked {
            stage = stage.restart(&config).await;
        }
    }
    stage.stop().await;
    played
}

#[test]
fn every_file_among_the_golden_ones_is_a_case_or_a_snapshot_of_one() {
    let mut expected = BTreeSet::new();
    for case in CASES {
        expected.insert(format!("{case}.json"));
        let read = Case::read(case);
        let vendors = simulators::NAMES.into_iter().filter(|vendor| !read.exchanges(vendor).is_empty());
        expected.extend(vendors.map(|vendor| format!("{case}.{vendor}.snap")));
    }
    for case in nested::CASES {
        expected.insert(format!("{case}.json"));
        expected.extend(simulators::FAMILIES.map(|vendor| format!("{case}.{vendor}.snap")));
    }
    let files = std::fs::read_dir(directory()).unwrap();
    let found: BTreeSet<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    let found: BTreeSet<_> = found.into_iter().filter(|name| !name.ends_with(".snap.new")).collect();
    assert_eq!(found, expected);
}

#[test]
fn every_error_shape_of_every_vendor_is_among_the_golden_ones() {
    let case = Case::read("errors_from_the_vendor");
    for vendor in simulators::NAMES {
        let played: BTreeSet<_> = case.exchanges(vendor).into_iter().flat_map(|exchange| exchange.faults).collect();
        for (slug, _) in simulators::contracts::answers(vendor).iter().filter(|(slug, _)| !slug.starts_with('2')) {
            assert!(played.contains(&format!("shape={slug}")), "{vendor}: {slug}");
        }
    }
}

/// The keys of each tool of this type that the cases send to a vendor.
fn tools_sent(vendor: &str, tag: &str) -> Vec<BTreeSet<String>> {
    let exchanges = TOOLS.into_iter().flat_map(|case| Case::read(case).exchanges(vendor));
    let updates = exchanges.map(|exchange| serde_json::from_str::<Value>(&exchange.update).unwrap());
    let tools = updates.flat_map(|update| update["tools"].as_array().unwrap().clone());
    tools.filter(|tool| tool["type"] == tag).map(|tool| tool.as_object().unwrap().keys().cloned().collect()).collect()
}

#[test]
fn every_tool_of_every_page_is_sent_with_all_that_its_page_lists_and_with_no_more_than_it_needs() {
    for vendor in simulators::NAMES {
        let schema = simulators::contracts::schema(vendor).unwrap();
        for tool in schema["properties"]["tools"]["items"]["allOf"].as_array().into_iter().flatten() {
            let (tag, then) = (tool["if"]["properties"]["type"]["const"].as_str().unwrap(), &tool["then"]);
            let listed: BTreeSet<_> = then["properties"].as_object().unwrap().keys().cloned().collect();
            let needs = then["required"].as_array().unwrap().iter();
            let needs = needs.chain(then["allOf"][0]["then"]["required"].as_array().into_iter().flatten());
            let needs: BTreeSet<_> = needs.map(|key| key.as_str().unwrap().to_owned()).collect();
            let sent: Vec<_> = tools_sent(vendor, tag).into_iter().filter(|keys| keys.is_subset(&listed)).collect();
            let all: BTreeSet<_> = sent.iter().flatten().cloned().collect();
            assert_eq!(all, listed, "{vendor}: {tag} is not seen to arrive with all its parameters");
            assert!(sent.contains(&needs), "{vendor}: {tag} is not sent with {needs:?} alone");
        }
    }
}
