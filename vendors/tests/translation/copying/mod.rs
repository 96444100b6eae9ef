//! Copies: what of an assistant another account can have, and what becomes of the rest.

mod law;

use std::sync::Arc;

use serde_json::{Value, json};
use vendors::{
    AssistantCopy, Catalog, CatalogEntry, CatalogKind, CatalogSet, Catalogs, CopiedFields, CopySource, Field,
    FieldPolicy, Handling, Note, Policies, Refused, Request, Target, Update, registry, translate_creation,
};

use super::contracts::{Contract, contract, contracts};
use super::reading::read;

/// A catalog with these ids and names.
fn catalog(entries: &[(u32, &str)]) -> Arc<Catalog> {
    Arc::new(entries.iter().map(|(id, name)| CatalogEntry::new(id.to_string(), *name)).collect())
}

/// The same for languages, whose codes the vendor says.
fn languages(entries: &[(u32, &str, &str)]) -> Arc<Catalog> {
    let entry = |(id, name, code): &(u32, &str, &str)| CatalogEntry {
        iso_2: Some((*code).to_owned()),
        ..CatalogEntry::new(id.to_string(), *name)
    };
    Arc::new(entries.iter().map(entry).collect())
}

/// The catalogs of an account with its own ids. `Only here` has no counterpart elsewhere, and `Twice` is there twice.
fn of_source() -> CatalogSet {
    let mut set = CatalogSet::default();
    set.set(
        CatalogKind::Languages,
        languages(&[(201, "Anglais", "en"), (202, "German", "de"), (203, "Klingon", "xx"), (204, "Danish", "da")]),
    );
    set.set(
        CatalogKind::Voices,
        catalog(&[(201, "Voice 41"), (202, "Alloy"), (203, "Only here"), (204, "Twice"), (205, "Twice")]),
    );
    set.set(CatalogKind::Models, catalog(&[(201, "gpt-4.1-MINI"), (202, "Llama 3.3 70B"), (203, "Only here")]));
    set.set(CatalogKind::MultimodalModels, catalog(&[(201, "GPT Realtime"), (203, "Only here")]));
    set.set(CatalogKind::PhoneNumbers, catalog(&[(201, "+32 2 333"), (203, "+1 555 0100")]));
    set.set(CatalogKind::KnowledgeBases, catalog(&[(201, "Prices")]));
    set.set(CatalogKind::SynthesizerProviders, catalog(&[(201, "Azure"), (203, "Only here")]));
    set.set(CatalogKind::TranscriberProviders, catalog(&[(201, "Deepgram")]));
    set
}

/// The catalogs of a vendor's sample account, with what belongs to an account.
fn of_target(contract: &Contract) -> CatalogSet {
    let mut set = contract.live.clone();
    let own: [(CatalogKind, &[(u32, &str)]); 4] = [
        (CatalogKind::PhoneNumbers, &[(31, "+322333"), (32, "+49 30 1")]),
        (CatalogKind::KnowledgeBases, &[(41, "prices"), (42, "Hours")]),
        (CatalogKind::SynthesizerProviders, &[(51, "azure"), (52, "Cartesia")]),
        (CatalogKind::TranscriberProviders, &[(61, "Deepgram")]),
    ];
    for (kind, entries) in own.into_iter().filter(|(kind, _)| contract.dialect.catalog(*kind).is_some()) {
        set.set(kind, catalog(entries));
    }
    set
}

/// A copy between two vendors.
struct Copying<'a> {
    from: &'a Contract,
    to: &'a Contract,
    changes: Value,
    policies: Policies,
    is_same_account: bool,
}

impl<'a> Copying<'a> {
    fn new(from: &str, to: &str) -> Copying<'static> {
        Copying::between(contract(from), contract(to))
    }

    fn between(from: &'a Contract, to: &'a Contract) -> Self {
        Self { from, to, changes: json!({}), policies: Policies::default(), is_same_account: false }
    }

    fn with<R>(&self, entry: &str, then: impl FnOnce(&AssistantCopy<'_>) -> R) -> R {
        let (none, source_live, target_live) = (CatalogSet::default(), of_source(), of_target(self.to));
        let read = read(self.from.dialect, entry);
        let changes = self.changes.to_string();
        let changes = Update::read(changes.as_bytes()).unwrap();
        let target = target(self.to, &target_live, &none, &self.policies);
        let source = CopySource {
            dialect: self.from.dialect,
            vendor: self.from.name(),
            read: &read,
            catalogs: Catalogs { configured: &none, live: &source_live },
        };
        let creation = self.to.dialect.operations.create.as_ref().unwrap();
        then(&AssistantCopy {
            source,
            changes: &changes,
            creation,
            target: &target,
            is_same_account: self.is_same_account,
        })
    }

    #[expect(clippy::redundant_closure_for_method_calls, reason = "the method is of one lifetime only")]
    fn run(&self, entry: &Value) -> CopiedFields {
        self.with(&entry.to_string(), |copy| copy.fields())
    }

    /// The request that the copied fields make.
    fn create(&self, body: &[u8]) -> Result<Request, Refused> {
        let (none, live) = (CatalogSet::default(), of_target(self.to));
        let update = Update::read(body).unwrap();
        let target = target(self.to, &live, &none, &self.policies);
        translate_creation(&update, self.to.dialect.operations.create.as_ref().unwrap(), &target)
    }
}

fn target<'a>(
    contract: &'a Contract,
    live: &'a CatalogSet,
    configured: &'a CatalogSet,
    policies: &'a Policies,
) -> Target<'a> {
    Target {
        dialect: contract.dialect,
        vendor: contract.name(),
        id: "",
        handling: Handling::Strict,
        policies,
        catalogs: Catalogs { configured, live },
        accounts: &registry::Names,
    }
}

/// An assistant that everything can be carried of, between any two vendors.
fn complete() -> Value {
    json!({
        "id": 7, "name": "Front desk", "voice_id": 201, "language_id": 202, "type": "inbound", "mode": "pipeline",
        "timezone": "Europe/Brussels", "initial_message": "Good day.", "system_prompt": "Answer briefly.", "llm_model_id": 201,
    })
}

fn with(mut entry: Value, members: &Value) -> Value {
    entry.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    entry
}

fn body(copied: &CopiedFields) -> Value {
    serde_json::from_slice(&copied.body).unwrap()
}

/// Field, code and detail.
fn notes(notes: &[Note]) -> Vec<(&str, &str, &str)> {
    notes.iter().map(|note| (&*note.field, &*note.code, &*note.detail)).collect()
}

fn names(notes: &[Note]) -> Vec<&str> {
    notes.iter().map(|note| &*note.field).collect()
}

#[test]
fn ids_are_carried_by_what_they_stand_for() {
    for to in contracts() {
        let copied = Copying::between(contract("autocalls"), to).run(&complete());
        assert_eq!(copied.report.needs, [], "{}", to.name());
        assert_eq!(copied.report.dropped, [], "{}", to.name());
        let german = if to.is_legacy() { 4 } else { 5 };
        let body = body(&copied);
        assert_eq!(
            (&body["voice_id"], &body["language_id"], &body["llm_model_id"]),
            (&json!(41), &json!(german), &json!(2))
        );
        assert_eq!(copied.report.copied.len(), 9);
    }
}

#[test]
fn in_the_same_account_every_id_stays_and_no_secret_does() {
    let copying = Copying { is_same_account: true, ..Copying::new("autocalls", "autocalls") };
    let entry = with(
        complete(),
        &json!({ "voice_id": 9999, "knowledgebase_id": 77, "type": "outbound", "phone_number_id": 5, "tools": [
            { "type": "assistant_transfer", "data": { "assistant_id": 8 } },
            { "type": "calendar_integration", "data": { "calcom_api_key": "cal_live_x", "calcom_event_slug": "a" } },
        ] }),
    );
    assert_eq!(
        copying.with(&entry.to_string(), |copy| (copy.source_lookups(), copy.target_lookups())),
        (vec![], vec![])
    );
    let copied = copying.run(&entry);
    let body = body(&copied);
    assert_eq!(
        (&body["voice_id"], &body["knowledgebase_id"], &body["phone_number_id"]),
        (&9999.into(), &77.into(), &5.into())
    );
    assert_eq!(body["tools"], json!([{ "type": "assistant_transfer", "assistant_id": 8 }]));
    let expected = "tools[1] (`calendar_integration`): `calcom_api_key` is a secret, and secrets are not carried";
    assert_eq!(notes(&copied.report.dropped), [("tools", "secret", expected)]);
    assert!(!String::from_utf8(copied.body).unwrap().contains("cal_live_x"));
    assert!(!copied.report.copied.contains(&Field::Tools), "a part is no copy");
}

#[test]
fn a_name_that_leads_nowhere_is_needed_if_it_is_required_and_dropped_if_it_is_not() {
    let entry = with(complete(), &json!({ "voice_id": 203, "synthesizer_provider_id": 203, "knowledgebase_id": 201 }));
    let report = Copying::new("autocalls", "famulor").run(&entry).report;
    let needs = notes(&report.needs);
    let [("voice_id", "unresolved_name", detail)] = needs.as_slice() else { panic!("{needs:?}") };
    assert!(detail.starts_with("is required by Famulor for a new assistant; send `voice_id` or `voice`: `Only here` is not in the catalog `voices` of `famulor`; the nearest names are "), "{detail}");
    let dropped = notes(&report.dropped);
    let [("synthesizer_provider_id", "unresolved_name", detail)] = dropped.as_slice() else { panic!("{dropped:?}") };
    assert!(detail.starts_with("`Only here` is not in the catalog `synthesizer_providers` of `famulor`"), "{detail}");
    assert!(report.copied.contains(&Field::KnowledgebaseId));
}

#[test]
fn an_ambiguous_or_unknown_id_is_not_guessed() {
    let need = |voice: u32| {
        let report = Copying::new("autocalls", "famulor").run(&with(complete(), &json!({ "voice_id": voice }))).report;
        assert_eq!(names(&report.needs), ["voice_id"]);
        report.needs[0].detail.to_string()
    };
    assert!(
        need(204).ends_with(
            "`Twice` is ambiguous in the catalog `voices` of `autocalls`: `Twice` (id 204), `Twice` (id 205)"
        ),
        "{}",
        need(204)
    );
    assert!(
        need(5).ends_with("id 5 is not in the catalog `voices` of `autocalls`, which would say its name"),
        "{}",
        need(5)
    );
    let entry = with(complete(), &json!({ "transcriber_provider_id": 201 }));
    let report = Copying::new("gloriagent", "famulor").run(&entry).report;
    assert_eq!(report.dropped, [], "the sample account has it, whatever the vendor documents");
    let report = Copying::new("autocalls", "gloriagent").run(&entry).report;
    let expected = "`gloriagent` has no catalog `transcriber_providers` in which `Deepgram` could be found";
    assert_eq!(notes(&report.dropped), [("transcriber_provider_id", "unresolved_name", expected)]);
}

#[test]
fn a_language_is_found_by_its_code_and_told_apart_by_its_name() {
    let language = |source: (u32, &str, &str), target: &[(u32, &str, &str)]| {
        let (mut from, mut to, none) = (CatalogSet::default(), CatalogSet::default(), CatalogSet::default());
        from.set(CatalogKind::Languages, languages(&[source]));
        to.set(CatalogKind::Languages, languages(target));
        let dialect = contract("autocalls").dialect;
        let policies = Policies::default();
        let read = read(dialect, r#"{"id":7,"language_id":1}"#);
        let target = self::target(contract("autocalls"), &to, &none, &policies);
        let source =
            CopySource { dialect, vendor: "a", read: &read, catalogs: Catalogs { configured: &none, live: &from } };
        let changes = Update::read(b"{}").unwrap();
        let creation = dialect.operations.create.as_ref().unwrap();
        let copy = AssistantCopy { source, changes: &changes, creation, target: &target, is_same_account: false };
        let body: Value = serde_json::from_slice(&copy.fields().body).unwrap();
        body["language_id"].as_u64()
    };
    let spanish = [(3, "Spanish", "es"), (4, "Spanish (Mexico)", "es"), (5, "Español (Chile)", "ES ")];
    assert_eq!(language((1, "Allemand", "de"), &[(9, "German", "de")]), Some(9));
    assert_eq!(language((1, "German", "??"), &[(9, "Deutsch", "de")]), Some(9), "its name says its code");
    assert_eq!(language((1, "Spanish (Mexico)", "es"), &spanish), Some(4));
    assert_eq!(language((1, "spanish", "es"), &spanish), Some(3));
    assert_eq!(language((1, "Castellano", "es"), &spanish), None);
    assert_eq!(language((1, "Klingon", "xx"), &[(2, "Klingon", "xx")]), Some(2), "by name, for want of a code");
    assert_eq!(language((1, "Klingon", "xx"), &[(2, "Vulcan", "xx")]), None);
}

#[test]
fn numbers_are_carried_by_their_digits_and_never_to_an_inbound_assistant() {
    let outbound = with(complete(), &json!({ "type": "outbound", "phone_number_id": 201 }));
    let copied = Copying::new("autocalls", "sondos").run(&outbound);
    assert_eq!((body(&copied)["phone_number_id"].as_u64(), copied.report.dropped), (Some(31), vec![]));
    let unknown = with(outbound.clone(), &json!({ "phone_number_id": 203 }));
    assert_eq!(names(&Copying::new("autocalls", "sondos").run(&unknown).report.dropped), ["phone_number_id"]);
    let inbound = with(outbound.clone(), &json!({ "type": "inbound" }));
    for (entry, changes, is_same_account) in [
        (&inbound, json!({}), false),
        (&inbound, json!({}), true),
        (&inbound, json!({ "type": "outbound" }), false),
        (&outbound, json!({ "type": "inbound" }), false),
    ] {
        let copied = Copying { changes, is_same_account, ..Copying::new("autocalls", "autocalls") }.run(entry);
        let expected = "a phone number serves one inbound assistant; send another one in `changes`";
        assert_eq!(notes(&copied.report.dropped), [("phone_number_id", "in_use", expected)]);
        assert_eq!(body(&copied)["phone_number_id"], Value::Null);
    }
    let free = with(inbound, &json!({ "phone_number_id": null }));
    assert_eq!(Copying::new("autocalls", "famulor").run(&free).report.dropped, []);
}

#[test]
fn what_the_target_refuses_is_dropped_for_its_own_reason() {
    let entry = with(
        complete(),
        &json!({
            "ambient_sound": "cafe", "max_silence_duration": 200, "knowledgebase_mode": "hybrid", "knowledgebase_id": null,
            "max_duration": 1800, "min_interrupt_words": null,
        }),
    );
    let report = Copying::new("autocalls", "sondos").run(&entry).report;
    let mut dropped = notes(&report.dropped);
    dropped.sort_unstable();
    let expected = [
        ("ambient_sound", "unsupported_field", "Sondos does not document this field."),
        ("knowledgebase_id", "unsupported_field", "Sondos does not document this field."),
        ("knowledgebase_mode", "not_allowed", "must be one of `function_call`, `prompt`, is `hybrid`"),
        ("max_duration", "out_of_range", "must be between 20 and 1200"),
        ("max_silence_duration", "out_of_range", "must be between 1 and 120 for Sondos"),
    ];
    assert_eq!(dropped, expected);
    assert!(report.copied.contains(&Field::MinInterruptWords), "no value is no value there, too");
}

#[test]
fn what_only_the_source_refuses_is_carried() {
    let entry = with(
        complete(),
        &json!({ "ambient_sound": "cafe", "ambient_sound_volume": "0.30", "knowledgebase_mode": "prompt" }),
    );
    let copied = Copying::new("sondos", "autocalls").run(&entry);
    assert_eq!(copied.report.dropped, []);
    assert_eq!(
        (&body(&copied)["ambient_sound"], &body(&copied)["knowledgebase_mode"]),
        (&"cafe".into(), &"prompt".into())
    );
    assert!(String::from_utf8(copied.body).unwrap().contains("\"ambient_sound_volume\":0.30"), "digits are kept");
}

#[test]
fn a_required_value_that_the_target_refuses_is_dropped_and_needed() {
    let entry = with(complete(), &json!({ "mode": "dualplex", "multimodal_model_id": 201 }));
    let report = Copying::new("autocalls", "sondos").run(&entry).report;
    let expected = r#"Sondos does not support "dualplex"; send one of "pipeline", "multimodal""#;
    assert!(notes(&report.dropped).contains(&("mode", "unsupported_value", expected)), "{:?}", report.dropped);
    assert_eq!(notes(&report.needs), [("mode", "required", "is required by Sondos for a new assistant")]);
    let copying = Copying { changes: json!({ "mode": "multimodal" }), ..Copying::new("autocalls", "sondos") };
    let copied = copying.run(&entry);
    assert_eq!((copied.report.needs, names(&copied.report.dropped)), (vec![], vec!["multimodal_model_id"]));
}

#[test]
fn tools_are_carried_whole_or_not_at_all() {
    let warm = |id: Value| json!({ "type": "warm_call_transfer", "data": { "supervisor_phone": "+3", "outbound_phone_id": id, "description": "d" } });
    let tools = json!([
        { "type": "end_call", "data": { "description": "Bye" } },
        { "type": "assistant_transfer", "data": { "assistant_id": 13766 } },
        warm("201".into()),
        warm(203.into()),
        { "type": "calendar_integration", "data": { "calendar_type": "calendly", "calendly_event_type_uri": "https://x.example" } },
        { "type": "teleport", "data": {} },
        7,
    ]);
    let entry = with(complete(), &json!({ "tools": tools }));
    let copied = Copying::new("famulor", "autocalls").run(&entry);
    let expected = json!([
        { "type": "end_call", "description": "Bye" },
        { "type": "warm_call_transfer", "supervisor_phone": "+3", "outbound_phone_id": 31, "description": "d" },
    ]);
    assert_eq!(body(&copied)["tools"], expected);
    let mut codes: Vec<_> = notes(&copied.report.dropped)
        .into_iter()
        .map(|(_, code, detail)| (detail.split(':').next().unwrap(), code))
        .collect();
    codes.sort_unstable();
    let expected = [
        ("tools[1] (`assistant_transfer`)", "other_account"),
        ("tools[3] (`warm_call_transfer`)", "unresolved_name"),
        ("tools[4] (`calendar_integration`)", "secret"),
        ("tools[5] (`teleport`)", "not_allowed"),
        ("tools[6]", "wrong_type"),
    ];
    assert_eq!(codes, expected);
    let legacy = Copying::new("famulor", "sondos").run(&entry);
    assert_eq!(body(&legacy)["tools"], json!([{ "type": "end_call", "description": "Bye" }]));
    let none = with(complete(), &json!({ "tools": [] }));
    let legacy = Copying::new("famulor", "sondos").run(&none);
    let expected = "Sondos cannot remove built-in tools; send one `end_call` tool or leave the field out";
    assert_eq!(notes(&legacy.report.dropped), [("tools", "unsupported_value", expected)]);
}

#[test]
fn lists_that_nobody_makes_by_hand_are_lost_as_a_whole() {
    let members: serde_json::Map<_, _> = (0..200).map(|number| (format!("m{number}"), json!(1))).collect();
    let wide: Vec<_> = (0..50).map(|_| json!({ "type": "end_call", "data": members.clone() })).collect();
    let many: Vec<_> = (0..5000).map(|_| json!({ "type": "end_call", "data": {} })).collect();
    let schema: Vec<_> = (0..2000).map(|_| json!({ "name": "x", "type": "y" })).collect();
    let deep = "[".repeat(40) + &"]".repeat(40);
    for (field, value, code) in [
        ("tools", json!(wide), "unknown_field"),
        ("tools", json!(many), "too_long"),
        ("post_call_schema", json!(schema), "too_short"),
        ("variables", json!({ "a": serde_json::from_str::<Value>(&deep).unwrap() }), "not_allowed"),
    ] {
        let report = Copying::new("autocalls", "famulor").run(&with(complete(), &json!({ field: value }))).report;
        let codes: Vec<_> = notes(&report.dropped).into_iter().map(|(field, code, _)| (field, code)).collect();
        assert_eq!(codes, [(field, code)]);
    }
}

#[test]
fn changes_win_over_what_is_carried() {
    let entry = with(complete(), &json!({ "record": true, "synthesizer_provider_id": 203 }));
    let changes =
        json!({ "voice": "Alloy", "name": "Copy", "record": null, "synthesizer_provider_id": null, "unknown": 1 });
    let copied = Copying { changes, ..Copying::new("autocalls", "famulor") }.run(&entry);
    let body = body(&copied);
    assert_eq!((&body["voice"], &body["voice_id"], &body["name"]), (&"Alloy".into(), &Value::Null, &"Copy".into()));
    assert_eq!((body.get("record"), &body["unknown"]), (Some(&Value::Null), &1.into()));
    assert_eq!((copied.report.needs, copied.report.dropped), (vec![], vec![]));
    assert!(![Field::VoiceId, Field::Name, Field::Record].iter().any(|field| copied.report.copied.contains(field)));
    let left_out =
        Copying { changes: json!({ "voice_id": null }), ..Copying::new("autocalls", "famulor") }.run(&complete());
    assert_eq!(names(&left_out.report.needs), ["voice_id"]);
}

#[test]
fn rules_across_fields_count_the_changes() {
    let entry = with(complete(), &json!({ "allow_interruptions": false, "knowledgebase_mode": "prompt" }));
    assert_eq!(Copying::new("autocalls", "famulor").run(&entry).report.dropped, []);
    let changes = json!({ "mode": "multimodal", "multimodal_model": "GPT-4o" });
    let report = Copying { changes, ..Copying::new("autocalls", "famulor") }.run(&entry).report;
    let codes: Vec<_> = notes(&report.dropped).into_iter().map(|(field, code, _)| (field, code)).collect();
    assert_eq!(codes, [("knowledgebase_mode", "conflict"), ("allow_interruptions", "conflict")]);
    for mode in [json!("submarine"), json!(7), json!(["pipeline"])] {
        let report =
            Copying { changes: json!({ "mode": mode }), ..Copying::new("autocalls", "famulor") }.run(&entry).report;
        assert_eq!((report.dropped, report.copied.len()), (vec![], 10), "a mode that is refused drops nothing");
    }
}

#[test]
fn a_url_that_both_assistants_call_is_a_warning() {
    let entry = with(complete(), &json!({ "is_webhook_active": true, "webhook_url": "https://example.com/hook" }));
    let copied = Copying::new("autocalls", "sondos").run(&entry);
    assert_eq!(names(&copied.report.warnings), ["webhook_url"]);
    let changes = json!({ "webhook_url": "https://example.com/other" });
    assert_eq!(Copying { changes, ..Copying::new("autocalls", "sondos") }.run(&entry).report.warnings, []);
    let without = with(entry, &json!({ "webhook_url": null }));
    let report = Copying::new("autocalls", "sondos").run(&without).report;
    assert_eq!((names(&report.needs), names(&report.warnings)), (vec!["webhook_url"], vec![]));
}

#[test]
fn the_operators_decisions_hold_for_carried_fields() {
    let entry = with(complete(), &json!({ "record": true, "ambient_sound": "cafe", "max_duration": 60 }));
    let policies = [
        (Field::Record, FieldPolicy::Drop),
        (Field::MaxDuration, FieldPolicy::Refuse),
        (Field::AmbientSound, FieldPolicy::Send),
    ];
    let copied =
        Copying { policies: policies.into_iter().collect(), ..Copying::new("autocalls", "sondos") }.run(&entry);
    let mut dropped = names(&copied.report.dropped);
    dropped.sort_unstable();
    assert_eq!((dropped, body(&copied)["ambient_sound"].as_str()), (vec!["max_duration", "record"], Some("cafe")));
}

#[test]
fn only_catalogs_that_say_something_new_are_asked_for() {
    use CatalogKind::{Languages, Models, PhoneNumbers, Voices};
    let entry = with(
        complete(),
        &json!({ "knowledgebase_id": 201, "tools": [
        { "type": "warm_call_transfer", "data": { "supervisor_phone": "+3", "outbound_phone_id": "201", "description": "d" } },
    ] }),
    );
    let copying = Copying::new("autocalls", "sondos");
    let dialect = contract("autocalls").dialect;
    let (none, source) = (CatalogSet::default(), of_source());
    let text = entry.to_string();
    copying.with(&text, |copy| {
        let unknown = AssistantCopy {
            source: CopySource { catalogs: Catalogs { configured: &none, live: &none }, dialect, ..copy.source },
            ..*copy
        };
        assert_eq!(
            unknown.source_lookups(),
            [Languages, Voices, Models, PhoneNumbers],
            "the target has no knowledge bases"
        );
        assert_eq!(unknown.target_lookups(), []);
        let target = Target { catalogs: Catalogs { configured: &none, live: &none }, ..*copy.target };
        let known = AssistantCopy { target: &target, ..*copy };
        assert_eq!(
            (known.source_lookups(), known.target_lookups()),
            (vec![], vec![Languages, Voices, Models, PhoneNumbers])
        );
        let mut configured = CatalogSet::default();
        configured.set(Voices, catalog(&[(3, "Voice 41")]));
        configured.set(Languages, catalog(&[(9, "Deutsch")]));
        let target = Target { catalogs: Catalogs { configured: &configured, live: &none }, ..*copy.target };
        let known = AssistantCopy { target: &target, ..*copy };
        assert_eq!(known.target_lookups(), [Languages, Models, PhoneNumbers]);
        let changes = Update::read(br#"{"voice":"Sarah","language":"de","tools":[]}"#).unwrap();
        let changed = AssistantCopy { changes: &changes, ..unknown };
        assert_eq!(changed.source_lookups(), [Models]);
        let same = AssistantCopy { is_same_account: true, target: &target, ..*copy };
        assert_eq!(same.target_lookups(), [Languages, Models], "whose names the vendor takes");
    });
    drop(source);
}
