//! What is sent for a stored assistant.

use super::*;

#[test]
fn a_dozen_fields_become_one_patch_with_everything_else_as_it_is_stored() {
    let update = json!({
        "name": "Front desk",
        "system_prompt": "Be brief.",
        "llm_temperature": 0.7,
        "speech_speed": 1.05,
        "voice_stability": 0.9,
        "initial_message": "Hi!",
        "max_duration": 900,
        "min_interrupt_words": 3,
        "record": false,
        "webhook_url": "https://example.org/hook",
        "enable_noise_cancellation": true,
        "max_silence_duration": 30,
        "language": "German"
    });
    let body = patch(&update, STORED);
    assert_eq!(
        body,
        json!({
            "name": "Front desk",
            "firstMessage": "Hi!",
            "maxDurationSeconds": 900,
            "model": stored_with("model", &json!({
                "temperature": 0.7,
                "messages": [
                    { "role": "system", "content": "Be brief." },
                    { "role": "assistant", "content": "Café is open." }
                ]
            })),
            "voice": stored_with("voice", &json!({ "speed": 1.05, "stability": 0.9 })),
            "transcriber": stored_with("transcriber", &json!({ "language": "de" })),
            "stopSpeakingPlan": stored_with("stopSpeakingPlan", &json!({ "numWords": 3 })),
            "artifactPlan": stored_with("artifactPlan", &json!({ "recordingEnabled": false })),
            "server": stored_with("server", &json!({ "url": "https://example.org/hook" })),
            "backgroundSpeechDenoisingPlan":
                stored_with("backgroundSpeechDenoisingPlan", &json!({ "smartDenoisingPlan": { "enabled": true } })),
            "hooks": [
                { "on": "call.ending", "do": [{ "type": "tool", "toolId": "11112222-3333-4444-8555-666677778888" }] },
                { "on": "customer.speech.timeout", "name": "nudge", "options": { "timeoutSeconds": 30, "triggerMaxCount": 2 },
                  "do": [{ "type": "say", "prompt": "Ask whether they are there." }] }
            ]
        })
    );
}

#[test]
fn the_assistant_is_read_first_and_written_once() {
    let requests = |update: &str| super::super::steps(vapi(), update, &Settings::default(), |_| STORED.to_owned());
    let methods = |update: &str| -> Vec<String> {
        requests(update).iter().map(|step| step.split(' ').next().unwrap().to_owned()).collect()
    };
    assert_eq!(methods(r#"{"speech_speed":1.0}"#), ["GET", "PATCH"]);
    assert_eq!(
        requests(r#"{"name":"A","max_duration":60}"#),
        [r#"PATCH /assistant/id_1 {"maxDurationSeconds":60,"name":"A"}"#]
    );
}

#[test]
fn the_sparse_document_has_what_was_asked_and_nothing_else() {
    let update = json!({ "name": "A", "speech_speed": 1.10, "system_prompt": "x" });
    assert_eq!(
        super::super::body(vapi(), &update.to_string()),
        json!({ "name": "A", "voice": { "speed": 1.1 }, "model": { "messages": { "system": { "content": "x" } } } })
    );
}

#[test]
fn what_nobody_asked_to_change_is_kept_byte_for_byte() {
    let bodies =
        patches(&json!({ "llm_temperature": 1, "voice_similarity": 0.1, "webhook_url": "https://a.b" }), STORED);
    let body = bodies.unwrap().remove(0);
    for kept in [
        r#""messages":[
      { "role": "system", "content": "You are a receptionist.\nBe \u0066riendly \/ calm." },
      { "role": "assistant", "content": "Caf\u00e9 is open." }
    ]"#,
        r#""stability":0.50"#,
        r#""speed":1.10"#,
        r#""fallbackPlan":{ "voices": [{ "provider": "cartesia", "voiceId": "248be419" }] }"#,
        r#""backoffPlan":{ "type": "exponential", "maxRetries": 3, "baseDelaySeconds": 1e0 }"#,
        r#""headers":{ "X-Vapi-Secret": "hush" }"#,
    ] {
        assert!(body.contains(kept), "{kept} is not in {body}");
    }
}

/// Each field alone: what is sent, as the changes of one stored object or as the whole body.
#[test]
fn each_field_alone_sends_its_object_and_nothing_else() {
    let whole = |member: &str, value: Value| json!({ member: value });
    let of = |object: &str, changes: Value| json!({ object: stored_with(object, &changes) });
    for (update, body) in [
        (json!({ "name": "A" }), whole("name", json!("A"))),
        (json!({ "voice_id": "11labs:abc" }), of("voice", json!({ "voiceId": "abc" }))),
        (
            json!({ "voice_id": "11labs:abc", "synthesizer_provider_id": "11labs" }),
            of("voice", json!({ "voiceId": "abc" })),
        ),
        (json!({ "language_id": "multi" }), of("transcriber", json!({ "language": "multi" }))),
        (json!({ "language": "fr" }), of("transcriber", json!({ "language": "fr" }))),
        (json!({ "secondary_language_ids": ["fr", "it"] }), of("transcriber", json!({ "languages": ["fr", "it"] }))),
        (json!({ "keywords": ["Ibuprofen"] }), of("transcriber", json!({ "keyterm": ["Ibuprofen"] }))),
        (json!({ "keywords": null }), of("transcriber", json!({ "keyterm": [] }))),
        (json!({ "initial_message": "" }), whole("firstMessage", json!(""))),
        (json!({ "llm_model_id": "openai:gpt-4o" }), of("model", json!({ "model": "gpt-4o" }))),
        (json!({ "mode": "pipeline", "llm_model_id": "openai:gpt-4o" }), of("model", json!({ "model": "gpt-4o" }))),
        (json!({ "multimodal_model_id": "openai:gpt-realtime-2" }), of("model", json!({ "model": "gpt-realtime-2" }))),
        (json!({ "chat_llm_fallback_id": "openai:o3" }), of("model", json!({ "fallbackModels": ["o3"] }))),
        (json!({ "chat_llm_fallback_id": null }), of("model", json!({ "fallbackModels": [] }))),
        (
            json!({ "llm_fallback_models": ["o3", "gpt-4o"] }),
            of("model", json!({ "fallbackModels": ["o3", "gpt-4o"] })),
        ),
        (json!({ "llm_fallback_models": null }), of("model", json!({ "fallbackModels": [] }))),
        (json!({ "tool_ids": ["x", "y"] }), of("model", json!({ "toolIds": ["x", "y"] }))),
        (json!({ "tool_ids": [] }), of("model", json!({ "toolIds": [] }))),
        (json!({ "llm_temperature": 0 }), of("model", json!({ "temperature": 0 }))),
        (json!({ "voice_stability": 0.1 }), of("voice", json!({ "stability": 0.1 }))),
        (json!({ "voice_similarity": 0.1 }), of("voice", json!({ "similarityBoost": 0.1 }))),
        (json!({ "speech_speed": 0.9 }), of("voice", json!({ "speed": 0.9 }))),
        (json!({ "tts_model": "eleven_flash_v2_5" }), of("voice", json!({ "model": "eleven_flash_v2_5" }))),
        (json!({ "record": false }), of("artifactPlan", json!({ "recordingEnabled": false }))),
        (json!({ "wait_for_customer": true }), whole("firstMessageMode", json!("assistant-waits-for-user"))),
        (json!({ "wait_for_customer": false }), whole("firstMessageMode", json!("assistant-speaks-first"))),
        (json!({ "first_message_interruptible": true }), whole("firstMessageInterruptionsEnabled", json!(true))),
        (json!({ "max_duration": 1200 }), whole("maxDurationSeconds", json!(1200))),
        (
            json!({ "ringing_time": 25 }),
            whole(
                "transportConfigurations",
                json!([{ "provider": "twilio", "timeout": 25, "record": false, "recordingChannels": "mono" }]),
            ),
        ),
        (json!({ "voice_mail_message": "Bye" }), whole("voicemailMessage", json!("Bye"))),
        (json!({ "voice_mail_message": null }), whole("voicemailMessage", json!(null))),
        (json!({ "end_call_on_voicemail": false }), whole("voicemailDetection", json!("off"))),
        (
            json!({ "end_call_on_voicemail": true }),
            whole("voicemailDetection", json!({ "provider": "twilio", "voicemailExpectedDurationSeconds": 25 })),
        ),
        (json!({ "endpoint_type": "vad" }), of("startSpeakingPlan", json!({ "smartEndpointingPlan": "?" }))),
        (json!({ "endpoint_type": "ai" }), of("startSpeakingPlan", json!({}))),
        (json!({ "min_interrupt_words": null }), of("stopSpeakingPlan", json!({ "numWords": 0 }))),
        (json!({ "ambient_sound": "off" }), whole("backgroundSound", json!("off"))),
        (json!({ "is_webhook_active": false }), whole("serverMessages", json!([]))),
        (json!({ "is_webhook_active": true }), whole("serverMessages", json!(["end-of-call-report", "status-update"]))),
        (json!({ "webhook_url": "https://a.b" }), of("server", json!({ "url": "https://a.b" }))),
        (
            json!({ "post_call_evaluation": false }),
            of("analysisPlan", json!({ "successEvaluationPlan": { "rubric": "PassFail", "enabled": false } })),
        ),
    ] {
        let mut expected = body;
        if update == json!({ "endpoint_type": "vad" }) {
            expected["startSpeakingPlan"]["smartEndpointingPlan"] = Value::Null;
        }
        assert_eq!(patch(&update, STORED), expected, "{update}");
    }
}

#[test]
fn silence_and_reengagement_share_one_hook() {
    let hook = |update: &Value, stored: &str| {
        let body = patch(update, stored);
        let hooks = body["hooks"].as_array().unwrap().clone();
        let of_silence = hooks.iter().find(|hook| hook["on"] == "customer.speech.timeout").cloned();
        (hooks.len(), of_silence.unwrap())
    };
    let (count, changed) =
        hook(&json!({ "reengagement_prompt": "Are you there?", "reengagement_interval": 9 }), STORED);
    assert_eq!(
        (count, changed),
        (
            2,
            json!({ "on": "customer.speech.timeout", "name": "nudge",
                    "options": { "timeoutSeconds": 9, "triggerMaxCount": 2 },
                    "do": [{ "type": "say", "prompt": "Are you there?" }] })
        )
    );
    let with_tool = STORED.replace(
        r#""do": [{ "type": "say""#,
        r#""do": [{"type":"tool","toolId":"t"}, {"type":"say","exact":["x"]}, { "type": "say""#,
    );
    let (_, changed) = hook(&json!({ "reengagement_prompt": "Hm?" }), &with_tool);
    assert_eq!(changed["do"], json!([{ "type": "tool", "toolId": "t" }, { "type": "say", "prompt": "Hm?" }]));
    let (count, new) = hook(&json!({ "reengagement_interval": 9, "reengagement_prompt": "Hm?" }), "{}");
    let whole = json!({ "on": "customer.speech.timeout", "options": { "timeoutSeconds": 9 },
                        "do": [{ "type": "say", "prompt": "Hm?" }] });
    assert_eq!((count, new), (1, whole));
    let (_, same) = hook(&json!({ "max_silence_duration": 9, "reengagement_interval": 9 }), STORED);
    assert_eq!(same["options"]["timeoutSeconds"], 9);
    let (pointer, detail) = refusal(&json!({ "max_silence_duration": 8, "reengagement_interval": 9 }), STORED);
    assert_eq!(pointer, "#/reengagement_interval");
    assert!(detail.contains("`max_silence_duration`"), "{detail}");
}

/// A hook needs an action, and nothing is said that no caller wrote.
#[test]
fn a_time_without_a_hook_needs_a_prompt_beside_it() {
    let other = r#"{"hooks":[{"on":"call.ending","do":[]}]}"#;
    for stored in ["{}", r#"{"hooks":null}"#, r#"{"hooks":[]}"#, other] {
        for field in ["max_silence_duration", "reengagement_interval"] {
            let (pointer, detail) = refusal(&json!({ field: 9 }), stored);
            assert_eq!(pointer, format!("#/{field}"));
            assert!(detail.contains("hooks.customer.speech.timeout.do"), "{detail}");
        }
    }
    let body = patch(&json!({ "max_silence_duration": 9, "reengagement_prompt": "Hm?" }), other);
    assert_eq!(body["hooks"].as_array().unwrap().len(), 2, "{body}");
}

#[test]
fn of_another_providers_voice_model_or_transcriber_only_what_all_have_stays() {
    assert_eq!(
        patch(&json!({ "voice_id": "cartesia:248be419" }), STORED),
        json!({ "voice": {
            "provider": "cartesia", "voiceId": "248be419",
            "chunkPlan": { "enabled": true, "minCharacters": 30 },
            "fallbackPlan": { "voices": [{ "provider": "cartesia", "voiceId": "248be419" }] }
        } })
    );
    let openai = patch(&json!({ "voice_id": "openai:alloy" }), STORED);
    assert_eq!(openai["voice"]["speed"], json!(1.1));
    let model = patch(&json!({ "llm_model_id": "anthropic:claude-sonnet-4-5" }), STORED);
    assert_eq!(
        model,
        json!({ "model": stored_with("model", &json!({
            "provider": "anthropic", "model": "claude-sonnet-4-5", "fallbackModels": null
        })) })
    );
    assert_eq!(
        patch(&json!({ "transcriber_provider_id": "azure" }), STORED),
        json!({ "transcriber": {
            "provider": "azure", "language": "en-US",
            "fallbackPlan": { "transcribers": [{ "provider": "azure", "language": "en-US" }] }
        } })
    );
    // The headers of a custom model are no business of another provider.
    let custom = STORED.replace(
        r#""provider": "openai", "model": "gpt-4.1""#,
        r#""provider": "custom-llm", "url": "https://llm.example", "headers": {"X":"secret"}, "model": "m""#,
    );
    let body = patch(&json!({ "llm_model_id": "openai:gpt-4.1" }), &custom).to_string();
    assert!(!body.contains("secret-2") && !body.contains("llm.example") && !body.contains(r#""X":"secret""#), "{body}");
}

#[test]
fn without_a_stored_object_only_what_was_asked_is_sent() {
    for stored in ["{}", r#"{"model":null,"server":null,"stopSpeakingPlan":null,"hooks":null,"artifactPlan":null}"#] {
        for (update, body) in [
            (
                json!({ "llm_model_id": "openai:gpt-4.1" }),
                json!({ "model": { "provider": "openai", "model": "gpt-4.1" } }),
            ),
            (
                json!({ "system_prompt": "x", "llm_model_id": "openai:gpt-4.1" }),
                json!({ "model": {
                    "provider": "openai", "model": "gpt-4.1", "messages": [{ "role": "system", "content": "x" }]
                } }),
            ),
            (json!({ "webhook_url": "https://a.b" }), json!({ "server": { "url": "https://a.b" } })),
            (json!({ "min_interrupt_words": 1 }), json!({ "stopSpeakingPlan": { "numWords": 1 } })),
            (json!({ "end_call_on_voicemail": true }), json!({ "voicemailDetection": { "provider": "vapi" } })),
            (
                json!({ "ringing_time": 9 }),
                json!({ "transportConfigurations": [{ "provider": "twilio", "timeout": 9 }] }),
            ),
            (
                json!({ "post_call_schema": [{ "name": "mood", "type": "bool", "description": "Good mood?" }] }),
                json!({ "artifactPlan": { "structuredOutputs": [{ "name": "post_call_schema", "schema": {
                    "type": "object", "properties": { "mood": { "type": "boolean", "description": "Good mood?" } }
                } }] } }),
            ),
        ] {
            assert_eq!(patch(&update, stored), body, "{update}");
        }
        let (pointer, detail) = refusal(&json!({ "voice_stability": 0.5 }), stored);
        assert_eq!(pointer, "#/voice_stability");
        assert!(detail.contains("there it is not set"), "{detail}");
    }
    let defaults = patch(&json!({ "is_webhook_active": true }), r#"{"serverMessages":[]}"#);
    assert_eq!(defaults["serverMessages"].as_array().unwrap().len(), 11);
}

#[test]
fn a_schema_is_one_output_beside_the_others() {
    let schema = json!([
        { "name": "mood", "type": "string", "description": "How \"well\"?" },
        { "name": "again", "type": "bool", "description": "Calls again?" },
        { "name": "count", "type": "number", "description": "How many?" }
    ]);
    let body = patch(&json!({ "post_call_schema": schema }), STORED);
    let own = json!({ "name": "post_call_schema", "schema": { "type": "object", "properties": {
        "mood": { "type": "string", "description": "How \"well\"?" },
        "again": { "type": "boolean", "description": "Calls again?" },
        "count": { "type": "number", "description": "How many?" }
    } } });
    let other = json!({ "name": "mood", "schema": { "type": "string" } });
    let outputs = json!({ "structuredOutputs": [other, own] });
    assert_eq!(body, json!({ "artifactPlan": stored_with("artifactPlan", &outputs) }));
    let removed = patch(&json!({ "post_call_schema": [] }), &json!({ "artifactPlan": outputs }).to_string());
    assert_eq!(removed["artifactPlan"]["structuredOutputs"], json!([other]));
}

#[test]
fn tools_replace_the_built_in_ones_and_leave_the_others() {
    let stored: Value = serde_json::from_str(STORED).unwrap();
    let function = stored["model"]["tools"][1].clone();
    let update = json!({ "tools": [
        { "type": "end_call" },
        { "type": "call_transfer", "phone_number": "+491234", "description": "To sales" },
        { "type": "warm_call_transfer", "supervisor_phone": "+495678", "description": "Angry",
          "briefing_initial_message": "Hear this" },
        { "type": "dtmf_input" },
        { "type": "assistant_transfer", "assistant_id": "aaaa", "description": "Billing" },
        { "type": "collect_keypad", "timeout": 7, "stop_key": "*" }
    ] });
    assert_eq!(
        patch(&update, STORED),
        json!({
            "model": stored_with("model", &json!({ "tools": [
                { "type": "endCall" },
                function,
                { "type": "dtmf" },
                { "type": "transferCall", "destinations": [
                    { "type": "number", "number": "+491234", "description": "To sales" },
                    { "type": "number", "number": "+495678", "description": "Angry",
                      "transferPlan": { "mode": "warm-transfer-say-message", "message": "Hear this" } }
                ] },
                { "type": "handoff", "destinations": [
                    { "type": "assistant", "assistantId": "aaaa", "description": "Billing" }
                ] }
            ] })),
            "keypadInputPlan": { "enabled": true, "timeoutSeconds": 7, "delimiters": "*" }
        })
    );
    let refused = refusals(
        &json!({ "tools": [
            { "type": "end_call", "description": "When done" },
            { "type": "calendar_integration", "calcom_api_key": "k", "calcom_event_slug": "s" },
            { "type": "warm_call_transfer", "supervisor_phone": "1", "outbound_phone_id": 7, "description": "d" }
        ] }),
        STORED,
    );
    let pointers: Vec<_> = refused.iter().map(|(pointer, _)| &**pointer).collect();
    assert_eq!(pointers, ["#/tools/0/description", "#/tools/1/type", "#/tools/2/outbound_phone_id"]);
}

#[test]
fn tools_of_other_types_stay_whatever_the_type_and_a_list_of_options_is_sent_as_it_is() {
    let others =
        json!([{ "type": "apiRequest", "name": "orders" }, { "type": "invented.last.week", "name": "new" }, {}]);
    let mut all = others.as_array().unwrap().clone();
    all.insert(1, json!({ "type": "dtmf" }));
    let stored = json!({ "model": { "provider": "openai", "model": "gpt-4.1", "tools": all } }).to_string();
    let tools = |update: Value| patch(&update, &stored)["model"]["tools"].clone();
    assert_eq!(tools(json!({ "tools": [] })), others);
    let mut ended = others.as_array().unwrap().clone();
    ended.insert(1, json!({ "type": "endCall" }));
    assert_eq!(tools(json!({ "tools": [{ "type": "end_call" }] })), json!(ended));

    let options = |tools: &Value| json!({ "vendor_options": { "vapi": { "model": { "tools": tools } } } });
    for wanted in [json!([]), others, json!([{ "type": "endCall" }, { "type": "apiRequest", "name": "orders" }])] {
        assert_eq!(tools(options(&wanted)), wanted, "nothing is added, however often it is sent");
    }
    let mut both = options(&json!([{ "type": "mcp" }]));
    both["tools"] = json!([{ "type": "end_call" }]);
    assert_eq!(refusals(&both, &stored)[0].0, "#/vendor_options/vapi/model/tools", "one place with two values");

    let hook =
        json!({ "on": "customer.speech.timeout", "do": [{ "type": "say", "prompt": "Hm?" }, { "type": "invented" }] });
    let update = json!({ "reengagement_prompt": "Still there?" });
    assert_eq!(
        patch(&update, &json!({ "hooks": [hook] }).to_string())["hooks"][0]["do"],
        json!([{ "type": "say", "prompt": "Still there?" }, { "type": "invented" }])
    );
}
