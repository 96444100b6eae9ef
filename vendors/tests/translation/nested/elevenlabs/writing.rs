//! What an update becomes, before anything is known of the agent.

use serde_json::json;
use vendors::{
    CatalogKind, CatalogSet, Catalogs, Handling, Policies, Run, Settings, Update, missing_lookups, translate_creation,
    translate_request,
};

use super::{body, catalogs, dialect, refusals, sent, translate, update, with_target};

/// A path inside the configuration of the conversation, with a value at its end.
fn config(path: &str, value: serde_json::Value) -> serde_json::Value {
    placed(&format!("conversation_config.{path}"), value)
}

/// A document with one value.
fn placed(path: &str, value: serde_json::Value) -> serde_json::Value {
    path.rsplit('.').fold(value, |inner, name| json!({ name: inner }))
}

#[test]
fn a_dozen_fields_become_one_body_with_these_leaves_only() {
    let update = r#"{"name":"Front desk","system_prompt":"Be brief.","initial_message":"Hi","llm_model_id":"gpt-4o-mini",
        "voice_id":"cjVigY5qzO86Huf0OWal","language_id":"en","speech_speed":1.10,"voice_stability":0.5,"llm_temperature":0,
        "max_duration":600,"max_silence_duration":12,"end_call_after_silence":null,"keywords":["a"],"record":false,
        "timezone":"Europe/Berlin","first_message_interruptible":false,"tts_model":"eleven_flash_v2"}"#;
    let request = translate(update).unwrap();
    assert_eq!(
        String::from_utf8(request.body.clone()).unwrap(),
        concat!(
            r#"{"conversation_config":{"agent":{"disable_first_message_interruptions":true,"first_message":"Hi","language":"en","#,
            r#""prompt":{"llm":"gpt-4o-mini","prompt":"Be brief.","temperature":0,"timezone":"Europe/Berlin"}},"#,
            r#""asr":{"keywords":["a"]},"conversation":{"max_duration_seconds":600},"#,
            r#""tts":{"model_id":"eleven_flash_v2","speed":1.10,"stability":0.5,"voice_id":"cjVigY5qzO86Huf0OWal"},"#,
            r#""turn":{"silence_end_call_timeout":-1,"turn_timeout":12}},"name":"Front desk","#,
            r#""platform_settings":{"privacy":{"record_voice":false}}}"#
        )
    );
    assert_eq!(request.report.warnings, []);
    assert_eq!((request.method, &*request.path), ("PATCH", "/v1/convai/agents/agent_1"));
    // Nothing of it depends on what is stored, so that it is one request.
    assert_eq!(sent(update, "{}").len(), 1);
}

/// A field, a value, and what an agent gets for it.
pub(super) fn cases() -> Vec<(&'static str, &'static str, serde_json::Value)> {
    vec![
        ("name", "\"A\"", placed("name", json!("A"))),
        ("voice_id", "\"v\"", config("tts.voice_id", json!("v"))),
        ("voice", "\"eric\"", config("tts.voice_id", json!("cjVigY5qzO86Huf0OWal"))),
        ("language_id", "\"pt-br\"", config("agent.language", json!("pt-br"))),
        ("language", "\"German\"", config("agent.language", json!("de"))),
        ("language", "\"DE\"", config("agent.language", json!("de"))),
        ("timezone", "\"UTC\"", config("agent.prompt.timezone", json!("UTC"))),
        ("initial_message", "\"\"", config("agent.first_message", json!(""))),
        ("wait_for_customer", "true", config("agent.first_message", json!(""))),
        ("system_prompt", "\"p\"", config("agent.prompt.prompt", json!("p"))),
        ("llm_model_id", "\"m\"", config("agent.prompt.llm", json!("m"))),
        ("llm_model", "\"gpt-4o-mini\"", config("agent.prompt.llm", json!("gpt-4o-mini"))),
        (
            "chat_llm_fallback_id",
            "\"m\"",
            config("agent.prompt.backup_llm_config", json!({"preference":"override","order":["m"]})),
        ),
        ("chat_llm_fallback_id", "null", config("agent.prompt.backup_llm_config", json!({"preference":"default"}))),
        (
            "llm_fallback_models",
            r#"["a","b"]"#,
            config("agent.prompt.backup_llm_config", json!({"preference":"override","order":["a","b"]})),
        ),
        ("llm_fallback_models", "[]", config("agent.prompt.backup_llm_config", json!({"preference":"disabled"}))),
        ("llm_fallback_models", "null", config("agent.prompt.backup_llm_config", json!({"preference":"default"}))),
        ("llm_temperature", "0.70", config("agent.prompt.temperature", json!(0.70))),
        ("tool_ids", r#"["t"]"#, config("agent.prompt.tool_ids", json!(["t"]))),
        ("label_ids", r#"["x"]"#, placed("tags", json!(["x"]))),
        ("tts_emotion_enabled", "true", config("tts.expressive_mode", json!(true))),
        ("voice_stability", "1", config("tts.stability", json!(1))),
        ("voice_similarity", "0.8", config("tts.similarity_boost", json!(0.8))),
        ("speech_speed", "0.7", config("tts.speed", json!(0.7))),
        ("synthesizer_provider_id", "\"eleven_v4\"", config("tts.model_id", json!("eleven_v4"))),
        ("tts_model", "\"eleven_v4\"", config("tts.model_id", json!("eleven_v4"))),
        ("transcriber_provider_id", "\"elevenlabs\"", config("asr.provider", json!("elevenlabs"))),
        ("keywords", r#"["a"]"#, config("asr.keywords", json!(["a"]))),
        ("keywords", "null", config("asr.keywords", json!([]))),
        ("fillers", "true", config("turn.soft_timeout_config.timeout_seconds", json!(2))),
        ("fillers", "false", config("turn.soft_timeout_config.timeout_seconds", json!(-1))),
        (
            "filler_config",
            r#"{"neutral":["c"],"positive":["a","b"]}"#,
            config("turn.soft_timeout_config", json!({"message":"a","additional_soft_timeout_messages":["b","c"]})),
        ),
        ("record", "true", placed("platform_settings.privacy.record_voice", json!(true))),
        ("enable_noise_cancellation", "true", config("vad.background_voice_detection", json!(true))),
        ("max_duration", "20", config("conversation.max_duration_seconds", json!(20))),
        ("max_silence_duration", "7", config("turn.turn_timeout", json!(7))),
        ("end_call_after_silence", "30", config("turn.silence_end_call_timeout", json!(30))),
        ("end_call_after_silence", "null", config("turn.silence_end_call_timeout", json!(-1))),
        ("endpoint_type", "\"vad\"", config("turn.mode", json!("silence"))),
        ("endpoint_type", "\"ai\"", config("turn.mode", json!("turn"))),
        ("endpoint_sensitivity", "0", config("turn.turn_eagerness", json!("patient"))),
        ("endpoint_sensitivity", "2.5", config("turn.turn_eagerness", json!("normal"))),
        ("endpoint_sensitivity", "5", config("turn.turn_eagerness", json!("eager"))),
        ("first_message_interruptible", "true", config("agent.disable_first_message_interruptions", json!(false))),
        ("ambient_sound", "\"off\"", config("conversation.background_sound", json!(null))),
        (
            "ambient_sound",
            "\"office\"",
            config("conversation.background_sound", json!({"source_type":"preset","source_id":"office1"})),
        ),
        (
            "ambient_sound",
            "\"cafe\"",
            config("conversation.background_sound", json!({"source_type":"preset","source_id":"restaurant"})),
        ),
        (
            "ambient_sound",
            "\"city\"",
            config("conversation.background_sound", json!({"source_type":"preset","source_id":"city"})),
        ),
        ("ambient_sound_volume", "0.01", config("conversation.background_sound.volume", json!(0.01))),
        ("variables", r#"{"a":1}"#, config("agent.dynamic_variables.dynamic_variable_placeholders", json!({"a":1}))),
        (
            "end_call_on_voicemail",
            "true",
            config(
                "agent.prompt.built_in_tools.voicemail_detection",
                json!({"name":"voicemail_detection","params":{"system_tool_type":"voicemail_detection"}}),
            ),
        ),
        ("end_call_on_voicemail", "false", config("agent.prompt.built_in_tools.voicemail_detection", json!(null))),
        (
            "voice_mail_message",
            "\"Hi\"",
            config(
                "agent.prompt.built_in_tools.voicemail_detection",
                json!({"name":"voicemail_detection",
                    "params":{"system_tool_type":"voicemail_detection","voicemail_message":"Hi"}}),
            ),
        ),
        ("mode", "\"pipeline\"", json!({})),
    ]
}

#[test]
fn what_needs_no_catalog_is_translated_without_one() {
    let whole = super::super::body(dialect("elevenlabs"), r#"{"language":"English","tools":[]}"#);
    assert_eq!(whole, body(r#"{"language":"English","tools":[]}"#));
    let elevenlabs = dialect("elevenlabs");
    let (none, policies) = (CatalogSet::default(), Policies::default());
    let missing = |update: &str, live: &CatalogSet| {
        let update = Update::read(update.as_bytes()).unwrap();
        missing_lookups(&update, elevenlabs, &policies, &Catalogs { configured: &none, live })
    };
    let all =
        r#"{"voice":"Eric","llm_model":"gpt-4o-mini","knowledgebase_id":"doc_1","language":"German","tool_ids":["t"]}"#;
    let kinds = [CatalogKind::Voices, CatalogKind::Models, CatalogKind::KnowledgeBases];
    assert_eq!(missing(all, &none), kinds);
    assert_eq!(missing(all, &catalogs()), []);
    assert_eq!(missing(r#"{"voice_id":"v","llm_model_id":"m","knowledgebase_id":null}"#, &none), []);
    assert_eq!(missing(r#"{"knowledgebase_id":"doc_9"}"#, &catalogs()), [CatalogKind::KnowledgeBases]);
}

#[test]
fn catalogs_are_read_from_the_vendors_rows() {
    let live = catalogs();
    for (kind, id, name) in [
        (CatalogKind::Voices, "cjVigY5qzO86Huf0OWal", "Eric"),
        (CatalogKind::Models, "gpt-4o-mini", "gpt-4o-mini"),
        (CatalogKind::PhoneNumbers, "phnum_1", "+4930123"),
        (CatalogKind::Tools, "tool_1", "lookup"),
        (CatalogKind::KnowledgeBases, "doc_2", "Site"),
    ] {
        let found: Vec<_> =
            live.get(kind).unwrap().entries().iter().map(|entry| entry.text_id().into_owned()).collect();
        assert!(found.iter().any(|known| known == id), "{kind}: {found:?}");
        assert!(live.get(kind).unwrap().entries().iter().any(|entry| entry.name == name), "{kind}");
    }
    // What is inside a tool's configuration, such as the headers of its requests, is not kept.
    assert_eq!(&*live.get(CatalogKind::Tools).unwrap().entries()[0].members, "");
    let kinds: Vec<_> = dialect("elevenlabs").catalog_kinds().map(CatalogKind::as_str).collect();
    assert_eq!(kinds, ["voices", "models", "phone_numbers", "tools", "knowledge_bases", "webhooks"]);
}

#[test]
fn each_field_alone_becomes_what_the_documentation_says() {
    for (field, value, expected) in cases() {
        assert_eq!(body(&update(field, value)), expected, "{field}: {value}");
    }
}

#[test]
fn tools_become_built_in_ones_and_the_others_of_the_four_are_taken_away() {
    let tools = r#"[{"type":"end_call","description":"On goodbye"},
        {"type":"call_transfer","phone_number":"+1","description":"Sales","custom":false},
        {"type":"call_transfer","phone_number":"+2","description":"Support"},
        {"type":"assistant_transfer","assistant_id":"agent_2","description":"Billing","message_before_transfer":"Wait",
         "speak_transfer_greeting":false}]"#;
    let number = |number: &str, condition: &str| json!({"transfer_destination":{"type":"phone","phone_number":number},"condition":condition,"transfer_type":"blind"});
    let expected = json!({
        "end_call": {"name":"end_call","description":"On goodbye","params":{"system_tool_type":"end_call"}},
        "play_keypad_touch_tone": null,
        "transfer_to_number": {"name":"transfer_to_number","params":{"system_tool_type":"transfer_to_number",
            "transfers":{"own":[number("+1", "Sales"), number("+2", "Support")]}}},
        "transfer_to_agent": {"name":"transfer_to_agent","params":{"system_tool_type":"transfer_to_agent","transfers":{"own":[
            {"agent_id":"agent_2","condition":"Billing","transfer_message":"Wait","enable_transferred_agent_first_message":false}]}}},
    });
    assert_eq!(body(&update("tools", tools)), config("agent.prompt.built_in_tools", expected.clone()));
    // Of the lists, the vendor gets the elements.
    let mut sent = expected;
    for tool in ["transfer_to_number", "transfer_to_agent"] {
        let transfers = &mut sent[tool]["params"]["transfers"];
        *transfers = transfers["own"].clone();
    }
    assert_eq!(super::patch(&update("tools", tools), "{}"), config("agent.prompt.built_in_tools", sent));
    let none =
        json!({"end_call":null,"play_keypad_touch_tone":null,"transfer_to_number":null,"transfer_to_agent":null});
    assert_eq!(body(r#"{"tools":[]}"#), config("agent.prompt.built_in_tools", none));
}

#[test]
fn tools_that_the_vendor_lacks_are_refused_where_they_stand() {
    let tools = r#"[{"type":"end_call"},{"type":"end_call"},
        {"type":"warm_call_transfer","supervisor_phone":"+1","outbound_phone_id":"p","description":"d"},
        {"type":"collect_keypad"},
        {"type":"calendar_integration","calcom_api_key":"k","calcom_event_slug":"s"},
        {"type":"call_transfer","phone_number":"+1","custom":true,"timezone":"UTC","warm_transfer":true,"description":"d"},
        {"type":"assistant_transfer","assistant_id":"agent_2"}]"#;
    let found = refusals(&update("tools", tools));
    let found: Vec<_> = found.iter().map(|(pointer, code, _)| (pointer.as_str(), *code)).collect();
    assert_eq!(
        found,
        [
            ("#/tools/1/type", "unsupported_value"),
            ("#/tools/2/type", "unsupported_value"),
            ("#/tools/3/type", "unsupported_value"),
            ("#/tools/4/type", "unsupported_value"),
            ("#/tools/5/custom", "unsupported_value"),
            ("#/tools/5/warm_transfer", "unsupported_value"),
            ("#/tools/5/timezone", "unsupported_value"),
            ("#/tools/6/description", "required"),
        ]
    );
}

#[test]
fn what_the_vendor_cannot_hold_is_refused_with_what_would_be_right() {
    for (field, value, code, part) in [
        ("mode", "\"multimodal\"", "unsupported_value", "`pipeline`"),
        ("wait_for_customer", "false", "unsupported_value", "`initial_message`"),
        ("voice_mail_message", "null", "unsupported_value", "`end_call_on_voicemail`"),
        ("ambient_sound", "\"forest\"", "unsupported_value", "`office`, `cafe`, `city`"),
        ("ambient_sound_volume", "0", "out_of_range", "0.01"),
        ("speech_speed", "1.3", "out_of_range", "1.2"),
        ("voice_stability", "1.1", "out_of_range", "1"),
        ("llm_temperature", "-0.1", "out_of_range", "0"),
        ("max_duration", "19", "out_of_range", "20"),
        ("end_call_after_silence", "0", "out_of_range", "1"),
        ("filler_config", "{}", "unsupported_value", "`fillers`"),
        ("filler_config", r#"{"neutral":["1","2","3","4","5","6","7","8","9"]}"#, "unsupported_value", "at most 8"),
        ("synthesizer_provider_id", "null", "unsupported_value", "documents no value that clears it"),
        ("transcriber_provider_id", "null", "unsupported_value", "documents no value that clears it"),
        ("voice", "\"Erik\"", "unresolved_name", "`Eric`"),
        ("llm_model", "\"gpt-4o-mimi\"", "unresolved_name", "`gpt-4o-mini`"),
        ("knowledgebase_id", "\"doc_9\"", "unresolved_name", "knowledge_bases"),
        ("voice_id", "7", "wrong_type", "a string"),
        ("llm_model_id", "7", "wrong_type", "a string"),
        ("tool_ids", "[7]", "wrong_type", "a string"),
        ("name", "null", "null_not_allowed", "null"),
        ("system_prompt", "null", "null_not_allowed", "null"),
    ] {
        let found = refusals(&update(field, value));
        assert_eq!((found.len(), found[0].1), (1, code), "{field}: {value}: {found:?}");
        assert!(found[0].0.starts_with(&format!("#/{field}")) && found[0].2.contains(part), "{field}: {found:?}");
    }
    let twice =
        r#"[{"name":"abc","type":"bool","description":"One"},{"name":"abc","type":"bool","description":"Two"}]"#;
    assert_eq!(refusals(&update("post_call_schema", twice))[0].0, "#/post_call_schema/1/name");
}

#[test]
fn fields_of_other_objects_are_refused_with_the_reason_and_dropped_in_lenient_handling() {
    for (field, value, part) in [
        ("ringing_time", "30", "call request"),
        ("post_call_evaluation", "true", "criteria"),
        ("multimodal_model_id", "1", "multimodal"),
    ] {
        let update = update(field, value);
        let found = refusals(&update);
        assert_eq!((&*found[0].0, found[0].1), (&*format!("#/{field}"), "unsupported_field"));
        assert!(found[0].2.contains(part), "{found:?}");
        let dropped = with_target(Handling::Lenient, |target| {
            translate_request(&Update::read(update.as_bytes()).unwrap(), target).unwrap()
        });
        assert_eq!((&*dropped.body, dropped.report.dropped.len()), (&b"{}"[..], 1), "{field}");
    }
}

#[test]
fn approximate_fields_say_what_becomes_of_them() {
    let approximated: Vec<_> = vendors::Field::ALL
        .into_iter()
        .filter(|field| dialect("elevenlabs").describe(*field).fidelity.as_str() == "approximate")
        .map(vendors::Field::name)
        .collect();
    // Those of the vendor's own facts, and `phone_number_id` and `webhook_url`, as other objects have them.
    assert_eq!(
        approximated,
        [
            "mode",
            "chat_llm_fallback_id",
            "secondary_language_ids",
            "knowledgebase_mode",
            "label_ids",
            "phone_number_id",
            "tools",
            "synthesizer_provider_id",
            "fillers",
            "filler_config",
            "enable_noise_cancellation",
            "wait_for_customer",
            "endpoint_type",
            "endpoint_sensitivity",
            "ambient_sound",
            "is_webhook_active",
            "webhook_url",
            "send_webhook_only_on_completed",
            "include_recording_in_webhook",
        ]
    );
    let request = translate(r#"{"fillers":true,"name":"A"}"#).unwrap();
    assert_eq!((request.report.warnings.len(), &*request.report.warnings[0].code), (1, "approximated"));
    let none = vendors::Field::ALL
        .into_iter()
        .filter(|field| dialect("elevenlabs").describe(*field).fidelity.as_str() == "none")
        .count();
    assert_eq!(none, 15, "15 of the facts less mode, plus the multimodal twin");
}

#[test]
fn hooks_are_at_most_a_quarter_of_the_rows() {
    let rows = &dialect("elevenlabs").rows;
    let hooks = rows.iter().filter(|row| matches!(row.rule, vendors::Rule::Nested(_))).count();
    assert!(hooks * 4 <= rows.len(), "{hooks} of {}", rows.len());
}

#[test]
fn a_new_agent_is_made_by_one_request_that_is_never_repeated() {
    let elevenlabs = dialect("elevenlabs");
    let creation = elevenlabs.operations.create.as_ref().unwrap();
    let made = |update: &str| {
        let request = with_target(Handling::Strict, |target| {
            translate_creation(&Update::read(update.as_bytes()).unwrap(), creation, target).unwrap()
        });
        let settings = Settings::default();
        let mut run = Run::create(elevenlabs, &request, &settings).unwrap();
        let step = run.next().unwrap().unwrap();
        assert_eq!((step.method, &*step.path, step.repeatable), ("POST", "/v1/convai/agents/create", false));
        run.answered(br#"{"agent_id":"agent_9"}"#).unwrap();
        assert_eq!((run.next().unwrap(), run.parameter("id")), (None, Some("agent_9")));
        serde_json::from_slice::<serde_json::Value>(&step.body).unwrap()
    };
    // The configuration of the conversation is the only required member.
    assert_eq!(made(r#"{"name":"A"}"#), json!({"name":"A","conversation_config":{}}));
    assert_eq!(
        made(r#"{"speech_speed":1,"allow_interruptions":false,"voice_mail_message":null}"#),
        json!({"conversation_config":{"tts":{"speed":1},"conversation":{"client_events":["audio"]}}})
    );
    assert_eq!(
        made(r#"{"knowledgebase_id":"doc_2","knowledgebase_mode":"prompt"}"#),
        config("agent.prompt.knowledge_base", json!([{"id":"doc_2","name":"Site","type":"url","usage_mode":"prompt"}]))
    );
}
