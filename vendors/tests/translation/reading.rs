//! Reading: what a vendor lists becomes canonical fields, which can be written back, and what was sent is found again.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use vendors::json::{Limits, read_value};
use vendors::{
    CatalogKind, CatalogSet, Catalogs, Dialect, Field, Handling, ItemCode, ListPage, ListedAssistant, Policies,
    ReadAssistant, Target, Update, compare, read_assistant, registry,
};

use super::contracts::{Contract, contract, contracts, members};
use super::generated::{config, json as any_json, text, update};

/// The names of the legacy dialect's updates, and those of its list.
const LISTED_NAMES: [(&str, &str); 9] = [
    ("assistant_name", "name"),
    ("calls_direction", "type"),
    ("engine_type", "mode"),
    ("who_speaks_first", "wait_for_customer"),
    ("filler_audios", "fillers"),
    ("record_call", "record"),
    ("noise_cancellation", "enable_noise_cancellation"),
    ("max_call_duration", "max_duration"),
    ("re_engagement_interval", "reengagement_interval"),
];

/// The fields that no list shows, of the dialect with all fields.
const NEVER_TOLD: [&str; 14] = [
    "chat_llm_fallback_id",
    "turn_detection_threshold",
    "secondary_language_ids",
    "folder_id",
    "label_ids",
    "tool_ids",
    "tts_emotion_enabled",
    "max_initial_silence_duration",
    "ringing_time",
    "reengagement_prompt",
    "voice_mail_message",
    "conversation_inactivity_timeout",
    "conversation_ended_retrigger",
    "conversation_ended_webhook_url",
];

/// An assistant with this entry in the list.
fn listed(entry: &str) -> ListedAssistant<'_> {
    ListedAssistant { id: "7".into(), entry: read_value(entry.as_bytes(), Limits::VENDOR).unwrap() }
}

pub(crate) fn read<'a>(dialect: &'static Dialect, entry: &'a str) -> ReadAssistant<'a> {
    read_assistant(dialect, &Policies::default(), &listed(entry))
}

/// A field's value, and whether it can be written back.
fn told(dialect: &'static Dialect, member: &str, value: &str) -> Option<(String, bool)> {
    let entry = format!("{{\"id\":7,\"{member}\":{value}}}");
    let read = read(dialect, &entry);
    let field = Field::from_name(member)?;
    let is_writable = read.fields.iter().any(|(known, _)| *known == field);
    read.told(field).map(|text| (text.to_owned(), is_writable))
}

/// The vendor's list entry after it has stored this body, written from the pages, not from the tables.
pub(crate) fn stored(contract: &Contract, body: &str) -> String {
    let mut entry = vec![("id".to_owned(), "7".to_owned())];
    let body = members(body);
    let off = |flag: &str| body.iter().any(|(key, value)| key == flag && value == "false");
    let id_of = |catalog: &str, name: &str| {
        let name: Value = serde_json::from_str(name).unwrap();
        let rows = contract.catalogs[catalog].as_array().unwrap();
        rows.iter().find(|row| row["name"] == name).map(|row| row["id"].to_string())
    };
    for (key, value) in &body {
        let (key, value) = match (key.as_str(), contract.is_legacy()) {
            ("language", true) => ("language_id", id_of("languages", value).unwrap_or("null".into())),
            ("llm_model", true) => ("llm_model_id", id_of("models", value).unwrap_or("null".into())),
            ("use_min_interrupt_words", true) if off(key) => ("min_interrupt_words", "null".to_owned()),
            ("use_min_interrupt_words", true) => continue,
            ("end_call_tool", true) => ("tools", format!("[{{\"type\":\"end_call\",\"data\":{value}}}]")),
            (_, true) => {
                let name = LISTED_NAMES.iter().find(|(legacy, _)| legacy == key).map_or(key.as_str(), |(_, now)| now);
                let value = match value.as_str() {
                    "\"receive\"" => "\"inbound\"",
                    "\"make\"" => "\"outbound\"",
                    "\"Customer\"" if name == "wait_for_customer" => "true",
                    "\"AI assistant\"" if name == "wait_for_customer" => "false",
                    other => other,
                };
                (name, value.to_owned())
            }
            (_, false) => (key.as_str(), value.clone()),
        };
        let value = match key {
            "llm_temperature" | "voice_stability" | "voice_similarity" | "speech_speed" | "ambient_sound_volume" => {
                format!("\"{value}\"")
            }
            "fillers" | "end_call_on_voicemail" => u8::from(value == "true").to_string(),
            "variables" if value.trim_matches(['{', '}', ' ', '\n', '\t', '\r']).is_empty() => "[]".to_owned(),
            "tools" if !contract.is_legacy() => wrapped(&value),
            _ => value,
        };
        if !NEVER_TOLD.contains(&key) {
            entry.push((key.to_owned(), value));
        }
    }
    let entry: Vec<_> = entry.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
    format!("{{{}}}", entry.join(","))
}

/// Whether no list shows the field.
pub(crate) fn is_never_told(field: Field) -> bool {
    NEVER_TOLD.contains(&field.name())
}

/// Tools as `{type, data}`, with one id as a string.
fn wrapped(tools: &str) -> String {
    let mut tools: Value = serde_json::from_str(tools).unwrap();
    for tool in tools.as_array_mut().unwrap() {
        let mut data = tool.take();
        let kind = data.as_object_mut().unwrap().remove("type").unwrap();
        if let Some(id) = data.get_mut("outbound_phone_id") {
            *id = id.to_string().into();
        }
        *tool = json!({ "type": kind, "data": data });
    }
    tools.to_string()
}

fn target<'a>(contract: &'a Contract, configured: &'a CatalogSet, policies: &'a Policies) -> Target<'a> {
    Target {
        dialect: contract.dialect,
        vendor: contract.name(),
        id: "7",
        handling: Handling::Strict,
        policies,
        catalogs: Catalogs { configured, live: &contract.live },
        accounts: &registry::Names,
    }
}

/// Whether the text is a number that JSON's strings can hold digit by digit, as the vendors' decimal columns do.
pub(crate) fn has_exponent(body: &str) -> bool {
    members(body)
        .iter()
        .any(|(_, value)| value.bytes().all(|byte| b"0123456789.-+eE".contains(&byte)) && value.contains(['e', 'E']))
}

proptest! {
    #![proptest_config(config(192))]

    #[test]
    fn what_was_applied_is_read_back(sent in update()) {
        let sent = text(&sent);
        let Ok(update) = Update::read(sent.as_bytes()) else { return Ok(()) };
        for contract in contracts() {
            for handling in [Handling::Strict, Handling::Lenient] {
                let Ok(request) = contract.translate(&sent, handling) else { continue };
                let body = String::from_utf8(request.body).unwrap();
                if has_exponent(&body) || serde_json::from_str::<Value>(&body).is_err() {
                    continue;
                }
                let entry = stored(contract, &body);
                let read = read(contract.dialect, &entry);
                let (configured, policies) = (CatalogSet::default(), Policies::default());
                let found = compare(&update, &request.report.applied, &read, &target(contract, &configured, &policies));
                prop_assert_eq!(&found.differs, &vec![], "{} {} {}", contract.name(), body, entry);
                for field in request.report.applied {
                    let is_told = contract.dialect.tells(field) && !NEVER_TOLD.contains(&field.name());
                    // The legacy list shows an id only for a name in the catalog.
                    let is_name = field.id_of_name().is_some() && contract.is_legacy();
                    let is_confirmed = found.confirmed.contains(&field);
                    prop_assert!(is_confirmed == is_told || is_name, "{} {} {}", contract.name(), field.name(), entry);
                    prop_assert_eq!(is_confirmed, !found.unreadable.contains(&field));
                }
            }
        }
    }

    #[test]
    fn what_is_read_can_be_written_back(values in vec((select(Field::ALL.to_vec()), any_json()), 1..12)) {
        let entry: Vec<_> = values.iter().map(|(field, value)| format!("\"{}\":{value}", field.name())).collect();
        let entry = format!("{{\"id\":7,{}}}", entry.join(","));
        for contract in contracts() {
            let read = read(contract.dialect, &entry);
            let back: Vec<_> = read.fields.iter().map(|(field, value)| format!("\"{}\":{value}", field.name())).collect();
            let back = format!("{{{}}}", back.join(","));
            if let Err(refused) = contract.translate(&back, Handling::Strict) {
                let unresolved = |code| code == ItemCode::UnresolvedName;
                prop_assert!(refused.items.list.iter().all(|item| unresolved(item.code)), "{} {back}", contract.name());
            }
        }
    }
}

#[test]
fn the_law_fails_for_a_vendor_that_stores_something_else() {
    let contract = contract("autocalls");
    let sent =
        r#"{"speech_speed":0.70,"name":"a","variables":{"k":"v"},"webhook_url":null,"record":true,"tool_ids":[1]}"#;
    let update = Update::read(sent.as_bytes()).unwrap();
    let entry = r#"{"id":7,"speech_speed":"0.71","name":"b","variables":{"k":"v","l":"w"},"webhook_url":"https://x.example","record":null}"#;
    let (configured, policies) = (CatalogSet::default(), Policies::default());
    let applied: Vec<_> = update.entries.iter().filter_map(|entry| entry.field).collect();
    let read = read(contract.dialect, entry);
    let found = compare(&update, &applied, &read, &target(contract, &configured, &policies));
    let differs: Vec<_> = found.differs.iter().map(|one| (one.field.name(), &*one.sent, &*one.stored)).collect();
    let expected = [
        ("speech_speed", "0.70", "0.71"),
        ("name", "\"a\"", "\"b\""),
        ("variables", "{\"k\":\"v\"}", "{\"k\":\"v\",\"l\":\"w\"}"),
        ("webhook_url", "null", "\"https://x.example\""),
        ("record", "true", "null"),
    ];
    assert_eq!(differs, expected);
    assert_eq!((found.confirmed.as_slice(), found.unreadable.as_slice()), (&[][..], &[Field::ToolIds][..]));
}

#[test]
fn names_are_compared_through_the_catalog() {
    for contract in contracts() {
        let (configured, policies) = (CatalogSet::default(), Policies::default());
        let target = target(contract, &configured, &policies);
        let language = |name: &str, id: &str| {
            let sent = json!({ "language": name }).to_string();
            let update = Update::read(sent.as_bytes()).unwrap();
            let entry = format!("{{\"id\":7,\"language_id\":{id},\"language\":null}}");
            compare(&update, &[Field::Language], &read(contract.dialect, &entry), &target)
        };
        let rows = contract.catalogs["languages"].as_array().unwrap();
        let (first, second) = (&rows[0], &rows[1]);
        let (name, id, other) = (first["name"].as_str().unwrap(), first["id"].to_string(), second["id"].to_string());
        assert_eq!(language(name, &id).confirmed, [Field::Language], "{}", contract.name());
        assert_eq!(language(name, &other).differs[0].stored, second["name"].to_string(), "{}", contract.name());
        assert_eq!(language("Klingon", &id).unreadable, [Field::Language], "{}", contract.name());
    }
}

#[test]
fn a_mask_confirms_a_secret_and_another_secret_does_not() {
    let contract = contract("autocalls");
    let (configured, policies) = (CatalogSet::default(), Policies::default());
    let target = target(contract, &configured, &policies);
    let tools =
        |key: &str| format!(r#"[{{"type":"calendar_integration","calcom_api_key":"{key}","calcom_event_slug":"s"}}]"#);
    let confirms = |told: &str| {
        let sent = format!(r#"{{"tools":{}}}"#, tools("cal_live_1f"));
        let entry = format!(r#"{{"id":7,"tools":{}}}"#, tools(told));
        let update = Update::read(sent.as_bytes()).unwrap();
        let read = read_assistant(contract.dialect, &policies, &listed(&entry));
        compare(&update, &[Field::Tools], &read, &target).confirmed == [Field::Tools]
    };
    for (told, is_confirmed) in
        [("cal_live_1f", true), ("********", true), ("cal_••••1f", true), ("", true), ("cal_live_2e", false)]
    {
        assert_eq!(confirms(told), is_confirmed, "{told}");
    }
}

#[test]
fn every_member_of_the_documented_list_is_read_or_kept() {
    for contract in contracts() {
        let item = &contract.assistants["data"][0];
        let entry = item.to_string();
        let read = read(contract.dialect, &entry);
        let seen: Vec<&str> = read
            .fields
            .iter()
            .map(|(field, _)| field.name())
            .chain(read.unwritable.iter().map(|told| told.field.name()))
            .chain(read.nulls.iter().map(|field| field.name()))
            .chain(read.vendor_fields.iter().map(|(key, _)| &**key))
            .chain(["id", "status", "created_at", "updated_at"])
            .collect();
        let mut all: Vec<&str> = item.as_object().unwrap().keys().map(String::as_str).collect();
        let mut sorted = seen.clone();
        all.sort_unstable();
        sorted.sort_unstable();
        assert_eq!(sorted, all, "{}", contract.name());
        assert_eq!(read.id, item["id"].to_string());
        assert_eq!(read.status, Some(&*item["status"].to_string()));
    }
}

#[test]
fn the_reading_rules_of_the_pages_hold() {
    let autocalls = contract("autocalls").dialect;
    let told = |member: &str, value: &str| told(autocalls, member, value);
    let some = |value: &str, is_writable: bool| Some((value.to_owned(), is_writable));
    assert_eq!(told("speech_speed", "\"1.10\""), some("1.10", true));
    assert_eq!(told("speech_speed", "\"1.30\""), some("1.30", false));
    assert_eq!(told("fillers", "0"), some("false", true));
    assert_eq!(told("fillers", "2"), some("2", false));
    assert_eq!(told("record", "1"), some("1", false), "the page shows a boolean");
    assert_eq!(told("min_interrupt_words", "null"), some("null", true));
    assert_eq!(told("ambient_sound", "null"), None);
    assert_eq!(told("knowledgebase_mode", "\"hybrid\""), some("\"hybrid\"", false));
    assert_eq!(told("max_duration", "1800"), some("1800", false));
    assert_eq!(told("variables", "[]"), some("{}", true));
    assert_eq!(
        told("filler_config", r#"{"enabled":true,"phrases":[]}"#),
        some(r#"{"enabled":true,"phrases":[]}"#, false)
    );
    assert_eq!(told("ringing_time", "30"), None, "only one vendor's list has it");
    let schema = r#"[{"name":"quote","type":"boolean","description":"Wants a quote"}]"#;
    assert_eq!(told("post_call_schema", schema), some(&schema.replace("boolean", "bool"), true));
    let warm =
        r#"[{"type":"warm_call_transfer","data":{"supervisor_phone":"+3","outbound_phone_id":"7","description":"d"}}]"#;
    let flat = r#"[{"type":"warm_call_transfer","supervisor_phone":"+3","outbound_phone_id":7,"description":"d"}]"#;
    assert_eq!(told("tools", warm), some(flat, true));
}

#[test]
fn rules_across_fields_keep_what_cannot_be_written_together_out_of_the_fields() {
    let autocalls = contract("autocalls").dialect;
    let entry = r#"{"id":7,"mode":"multimodal","allow_interruptions":false,"name":"a"}"#;
    let fields = |policies: &Policies| -> Vec<Field> {
        read_assistant(autocalls, policies, &listed(entry)).fields.into_iter().map(|(field, _)| field).collect()
    };
    assert_eq!(fields(&Policies::default()), [Field::Name, Field::Mode]);
    let lifted: Policies = [(Field::AllowInterruptions, vendors::FieldPolicy::Send)].into_iter().collect();
    assert_eq!(fields(&lifted), [Field::Name, Field::Mode, Field::AllowInterruptions]);
}

#[test]
fn a_field_that_updates_lack_is_unwritable() {
    let sondos = contract("sondos").dialect;
    let entry =
        r#"{"id":7,"name":"a","knowledgebase_id":3,"ambient_sound":"cafe","language":"en","language_id":2,"tools":[]}"#;
    let read = read(sondos, entry);
    let unwritable: Vec<_> = read.unwritable.iter().map(|told| (told.field.name(), &*told.value)).collect();
    let expected = [("knowledgebase_id", "3"), ("tools", "[]"), ("ambient_sound", "\"cafe\"")];
    assert_eq!(unwritable, expected);
    assert!(read.unwritable[0].detail.contains("does not document"), "{}", read.unwritable[0].detail);
    assert_eq!(read.fields, [(Field::Name, "\"a\"".into()), (Field::LanguageId, "2".into())]);
}

#[test]
fn a_list_with_the_names_of_updates_is_read_too() {
    let sondos = contract("sondos").dialect;
    let entry = r#"{"id":7,"assistant_name":"a","calls_direction":"make","engine_type":"multimodal","who_speaks_first":"Customer",
        "language":"English","use_min_interrupt_words":false,"min_interrupt_words":3,"end_call_tool":{"description":"d"}}"#;
    let read = read(sondos, entry);
    let fields: Vec<_> = read.fields.iter().map(|(field, value)| (field.name(), &**value)).collect();
    let expected = [
        ("name", "\"a\""),
        ("language", "\"English\""),
        ("type", "\"outbound\""),
        ("mode", "\"multimodal\""),
        ("tools", r#"[{"type":"end_call","description":"d"}]"#),
        ("wait_for_customer", "true"),
        ("min_interrupt_words", "3"),
    ];
    assert_eq!(fields.len(), expected.len(), "{fields:?}");
    for one in expected.iter().filter(|(name, _)| *name != "min_interrupt_words") {
        assert!(fields.contains(one), "{one:?}: {fields:?}");
    }
}

#[test]
fn the_table_says_what_is_never_told() {
    let unreadable = |name: &str| -> Vec<&str> { contract(name).dialect.unreadable().map(Field::name).collect() };
    let mut all = NEVER_TOLD.to_vec();
    all.sort_unstable();
    let mut autocalls = unreadable("autocalls");
    autocalls.sort_unstable();
    assert_eq!(autocalls, all);
    let famulor = unreadable("famulor");
    assert!(!famulor.contains(&"ringing_time") && !famulor.contains(&"max_initial_silence_duration"));
    assert!(famulor.contains(&"conversation_ended_retrigger"), "a creation can set it");
    assert_eq!(unreadable("sondos"), [""; 0]);
    assert!(!unreadable("gloriagent").contains(&"folder_id") && unreadable("gloriagent").contains(&"tool_ids"));
}

#[test]
fn a_page_says_whether_more_follow() {
    let autocalls = contract("autocalls").dialect;
    let page = |body: Value, number: usize| {
        let body = body.to_string();
        let read = ListPage::read(autocalls, body.as_bytes(), number, 2).map_err(|error| error.to_string());
        read.map(|page| (page.assistants.iter().map(|one| one.id.to_string()).collect::<Vec<_>>(), page.has_more))
    };
    let rows = json!([{ "id": 1 }, { "id": "2" }]);
    let ids = vec!["1".to_owned(), "2".to_owned()];
    for (paging, has_more) in [
        (json!({ "current_page": 1, "last_page": 2 }), true),
        (json!({ "current_page": "1", "last_page": "2" }), true),
        (json!({ "current_page": 1, "last_page": 1, "total": 99 }), false),
        (json!({ "current_page": 1, "per_page": 2, "total": 3 }), true),
        (json!({ "total": 2 }), false),
        (json!({ "per_page": 1, "total": 3 }), true),
        (json!({ "per_page": 2 }), true),
        (json!({ "per_page": 3 }), false),
        (json!({ "next_page_url": "https://elsewhere.example//api?page=2" }), true),
        (json!({ "next_page_url": null }), false),
        (json!({ "last_page": 1, "next_page_url": "https://elsewhere.example" }), false),
        (json!({}), true),
    ] {
        let mut body = paging.clone();
        body["data"] = rows.clone();
        assert_eq!(page(body, 1), Ok((ids.clone(), has_more)), "{paging}");
    }
    assert_eq!(page(rows.clone(), 1), Ok((ids, false)));
    // Nothing is on pages after the last, and something on all others.
    for (paging, number, has_less) in [
        (json!({ "last_page": 9 }), 10, false),
        (json!({ "last_page": 9 }), 9, false),
        (json!({ "last_page": 9 }), 8, true),
        (json!({ "last_page": 9 }), 1, true),
        (json!({ "last_page": 1, "total": 0 }), 1, false),
        (json!({ "total": 5, "per_page": 2 }), 2, true),
        (json!({ "total": 5, "per_page": 2 }), 4, false),
        (json!({ "total": 5 }), 1, true),
        (json!({ "total": 5 }), 4, false),
        (json!({}), 1, false),
    ] {
        let mut body = paging.clone();
        body["data"] = json!([]);
        let error = format!("page {number} of the list of assistants is empty, and the vendor says that it is not");
        let expected = if has_less { Err(error) } else { Ok((Vec::new(), false)) };
        assert_eq!(page(body, number), expected, "{paging} {number}");
    }
    // A vendor that puts fewer on a page than were asked for, and does not say so.
    let read = |body: &str, number| ListPage::read(autocalls, body.as_bytes(), number, 100).unwrap().has_more;
    let more = [(r#"{"data":[{"id":1},{"id":2}],"total":3}"#, 1), (r#"{"data":[{"id":3}],"total":3}"#, 2)];
    assert_eq!(more.map(|(body, number)| read(body, number)), [true, true]);
    assert!(!read(r#"{"data":[],"total":3}"#, 3));
    assert!(read(r#"{"data":[{"id":1}],"per_page":1}"#, 1) && read(r#"{"data":[{"id":1}],"next_page_url":"/2"}"#, 1));
    let whole = json!({ "data": [{ "id": 1 }, { "id": 2 }, { "id": 3 }] });
    assert!(!page(whole, 1).unwrap().1, "more than were asked for are the whole list");
    let gone =
        json!({ "data": [{ "id": 1, "deleted_at": "2026-01-01" }, { "id": 2, "deleted_at": null }], "total": 2 });
    assert_eq!(page(gone, 1), Ok((vec!["2".to_owned()], false)));
    for (body, error) in [
        (
            json!({ "data": rows, "current_page": 1, "last_page": 3 }),
            "page 2 of the list of assistants was asked for, and page 1 came",
        ),
        (json!({ "data": [{ "id": 1 }, { "name": "x" }] }), "entry 2 of the list of assistants has no id"),
        (json!({ "data": [7] }), "entry 1 of the list of assistants has no id"),
        (json!({ "data": {} }), "the list of assistants is neither an array nor an object with an array `data`"),
        (json!("x"), "the list of assistants is neither an array nor an object with an array `data`"),
    ] {
        assert_eq!(page(body.clone(), 2), Err(error.to_owned()), "{body}");
    }
    let cut = ListPage::read(autocalls, br#"{"data":[{"id":1},{"id""#, 1, 100).unwrap_err().to_string();
    assert!(cut.starts_with("the list of assistants is not JSON"), "{cut}");
}

#[test]
fn the_state_is_the_same_in_any_order_and_without_time_stamps() {
    let autocalls = contract("autocalls").dialect;
    let state = |entry: &str| String::from_utf8(listed(entry).state(autocalls)).unwrap();
    let one = state(r#"{"id":7,"updated_at":"1","a":{"y":1,"x":[1, "\u0041"]},"created_at":"2"}"#);
    assert_eq!(one, r#"{"a":{"x":[1,"A"],"y":1},"id":7}"#);
    assert_eq!(one, state(r#"{ "a" : { "x" : [ 1 , "A" ], "y" : 1 }, "id" : 7 }"#));
    assert_ne!(one, state(r#"{"a":{"x":["A",1],"y":1},"id":7}"#));
    assert_ne!(one, state(r#"{"a":{"x":[1,"A"],"y":1.0},"id":7}"#));
}

#[test]
fn what_stands_for_a_secret_cannot_be_written() {
    for update in [
        r#"{"name":"[redacted]"}"#,
        r#"{"tools":[{"type":"calendar_integration","calcom_api_key":"[redacted]","calcom_event_slug":"s"}]}"#,
        r#"{"variables":{"a":["[redacted]"]}}"#,
    ] {
        let refused = contract("autocalls").refusals(update);
        assert!(refused.iter().any(|item| item.code == ItemCode::NotAllowed), "{update}: {refused:?}");
    }
    contract("autocalls").body(r#"{"name":"is [redacted]","variables":{"[redacted]":"x [redacted]"}}"#);
    assert_eq!(CatalogKind::Languages.as_str(), "languages");
}
