//! Copies and comparisons between dialects of different families.

use serde_json::{Value, json};
use vendors::document::compare;
use vendors::registry::Names;
use vendors::{
    AssistantCopy, CatalogSet, Catalogs, CopiedFields, CopySource, Creation, Dialect, Field, Handling, ListedAssistant,
    Policies, Target, Update, read_assistant, registry,
};

use super::dialect;
use crate::contracts::{SUPERSET, contract};

/// The dialects that [`told`] has an assistant of: the flat ones, and the nested ones that it names.
fn known() -> impl Iterator<Item = &'static Dialect> {
    registry::flat().chain(["elevenlabs", "retell", "vapi"].map(dialect))
}

/// The id of German at a flat dialect.
fn german(vendor: &str) -> Value {
    let languages = contract(vendor).catalogs["languages"].as_array().unwrap();
    languages.iter().find(|entry| entry["name"] == "German").unwrap()["id"].clone()
}

/// An assistant that speaks German, as each vendor tells it.
fn told(dialect: &Dialect) -> Value {
    match dialect.name {
        "elevenlabs" => json!({
            "agent_id": "agent_1", "name": "Desk",
            "conversation_config": {
                "agent": { "language": "de", "prompt": { "prompt": "Be brief.", "llm": "gpt-5-mini" } },
                "tts": { "voice_id": "abc", "model_id": "eleven_v3_conversational" },
            },
        }),
        "retell" => json!({
            "agent": { "agent_id": "agent_1", "agent_name": "Desk", "language": "de-DE", "voice_id": "11labs-Adrian" },
            "llm": { "llm_id": "llm_1", "general_prompt": "Be brief.", "model_config": { "type": "cascading", "primary": { "model": "gpt-5-mini" } } },
        }),
        "vapi" => json!({
            "id": "3f2c8a10-6b7d-4e51-9c0a-5d1e8f7a2b01", "name": "Desk",
            "transcriber": { "provider": "deepgram", "language": "de" },
            "voice": { "provider": "11labs", "voiceId": "abc", "model": "eleven_v3" },
            "model": { "provider": "openai", "model": "gpt-5-mini", "messages": [{ "role": "system", "content": "Be brief." }] },
        }),
        flat => {
            json!({ "id": 7, "name": "Desk", "language_id": german(flat), "voice_id": 41, "system_prompt": "Be brief.", "llm_model_id": 1 })
        }
    }
}

/// The fields of a copy; a vendor whose creation is not documented takes what its updates do.
fn copied(from: &'static Dialect, to: &'static Dialect, is_same_account: bool) -> CopiedFields {
    copied_of(&told(from), from, to, is_same_account)
}

fn copied_of(told: &Value, from: &'static Dialect, to: &'static Dialect, is_same_account: bool) -> CopiedFields {
    const ANY: fn(&'static Dialect) -> Creation = |dialect| Creation {
        call: dialect.operations.update,
        required: &[],
        nullable: &Field::ALL,
        rows: &[],
        remarks: &[],
    };
    let (none, policies, text) = (CatalogSet::default(), Policies::default(), told.to_string());
    let listed = ListedAssistant::document(from, text.as_bytes()).unwrap();
    let read = read_assistant(from, &policies, &listed);
    let live = |dialect: &Dialect| match registry::flat().any(|flat| flat.name == dialect.name) {
        true => contract(dialect.name).live.clone(),
        false => CatalogSet::default(),
    };
    let (source_live, target_live) = (live(from), live(to));
    let changes = Update::read(b"{}").unwrap();
    let target = Target {
        dialect: to,
        vendor: to.name,
        id: "",
        handling: Handling::Strict,
        policies: &policies,
        catalogs: Catalogs { configured: &none, live: &target_live },
        accounts: &Names,
    };
    let source = CopySource {
        dialect: from,
        vendor: from.name,
        read: &read,
        catalogs: Catalogs { configured: &none, live: &source_live },
    };
    let creation = to.operations.create.unwrap_or_else(|| ANY(to));
    AssistantCopy { source, changes: &changes, creation: &creation, target: &target, is_same_account }.fields()
}

fn body(copied: &CopiedFields) -> Value {
    serde_json::from_slice(&copied.body).unwrap()
}

#[test]
fn every_field_that_is_told_is_copied_or_accounted_for_between_all_pairs() {
    for from in known() {
        for to in known() {
            let copied = copied(from, to, false);
            let pair = format!("{} to {}", from.name, to.name);
            let body = body(&copied);
            assert_eq!((&body["name"], &body["system_prompt"]), (&json!("Desk"), &json!("Be brief.")), "{pair}");
            for field in copied.report.copied {
                assert!(body.get(field.name()).is_some(), "{pair}: {}", field.name());
            }
            assert!(copied.report.dropped.iter().all(|note| !note.detail.is_empty()), "{pair}");
        }
    }
}

#[test]
fn a_language_is_carried_by_its_code_in_the_spelling_of_the_target() {
    for from in known() {
        for (to, expected) in [("elevenlabs", json!("de")), ("retell", json!("de-DE")), (SUPERSET, german(SUPERSET))] {
            let body = body(&copied(from, dialect(to), false));
            assert_eq!(body["language_id"], expected, "{} to {to}: {body}", from.name);
        }
        // It has a language at a transcriber only, and that needs a provider, which only its own accounts tell.
        let copied = copied(from, dialect("vapi"), false);
        let is_lost = copied.report.dropped.iter().any(|note| note.field == "language_id");
        assert_eq!(body(&copied).get("language_id").is_none(), is_lost, "{}", from.name);
        assert!(is_lost || from.name == "vapi", "{}", from.name);
    }
}

#[test]
fn an_id_without_a_name_is_dropped_with_the_reason_and_kept_in_the_same_account() {
    let (vapi, elevenlabs) = (dialect("vapi"), dialect("elevenlabs"));
    let other = copied(elevenlabs, vapi, false);
    assert!(body(&other).get("voice_id").is_none());
    assert!(
        other.report.dropped.iter().any(|note| note.field == "voice_id" && note.code == "unresolved_name"),
        "{other:?}"
    );
    assert!(
        other.report.dropped.iter().any(|note| note.field == "tts_model" && note.code == "other_account"),
        "{other:?}"
    );
    assert_eq!(body(&copied(vapi, vapi, true))["voice_id"], json!("11labs:abc"));
    // Another account of the same vendor knows its models and not its voices.
    let another = body(&copied(vapi, vapi, false));
    assert_eq!((another["llm_model_id"].clone(), another.get("voice_id")), (json!("openai:gpt-5-mini"), None));
}

#[test]
fn a_comparison_says_what_is_held_only_nearly_or_beside_some_settings() {
    let losses = |from: &str, to: &str, field: Field| {
        let losses = compare(dialect(from), dialect(to)).losses;
        losses.into_iter().filter(|loss| loss.field == field).map(|loss| loss.detail).collect::<Vec<_>>()
    };
    assert_eq!(losses(SUPERSET, "vapi", Field::Name), ["the greatest length 255 becomes 40"]);
    assert!(losses(SUPERSET, "vapi", Field::VoiceStability)[0].contains("only where `voice.provider` is `11labs`"));
    assert!(losses(SUPERSET, "vapi", Field::EndCallOnVoicemail)[0].starts_with("is held only nearly: "));
    assert_eq!(losses("vapi", SUPERSET, Field::Name), [""; 0]);
    assert!(compare(dialect(SUPERSET), dialect("vapi")).resolve.contains(&Field::LlmModelId));
}

#[test]
fn tools_without_a_canonical_form_are_named_as_lost() {
    let tool = |more: Value| json!([{ "type": "endCall" }, more]);
    let lost = |tools: Value, to: &str| {
        let mut told = told(dialect("vapi"));
        told["model"]["tools"] = tools;
        let copied = copied_of(&told, dialect("vapi"), dialect(to), to == "vapi");
        let of_tools = |note: &&vendors::Note| note.field == "tools" && note.code == "no_canonical_form";
        let notes: Vec<_> = copied.report.dropped.iter().filter(of_tools).map(|note| note.detail.to_string()).collect();
        assert_eq!(copied.report.copied.contains(&Field::Tools), notes.is_empty(), "{notes:?}");
        assert_eq!(body(&copied)["tools"], json!([{ "type": "end_call" }]));
        notes
    };
    for to in ["elevenlabs", "retell", "vapi", SUPERSET] {
        let function = json!({ "type": "function", "function": { "name": "book" } });
        assert_eq!(lost(tool(function), to), ["`model.tools[1]` (`function`) is lost: no field has it"], "{to}");
        let spoken = json!([{ "async": false, "messages": [{ "content": "Bye." }], "type": "endCall" }]);
        assert_eq!(
            lost(spoken, to),
            ["`model.tools[0]` (`endCall`) loses `async`, `messages`, which no field has"],
            "{to}"
        );
        assert_eq!(lost(json!([{ "type": "endCall" }]), to), [""; 0], "{to}");
    }
}
