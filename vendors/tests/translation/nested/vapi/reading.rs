//! What a stored assistant tells.

use vendors::{CatalogSet, Catalogs, Field, ListedAssistant, Policies, Target, Update, compare, read_assistant};

use super::*;

/// The canonical fields of a document, as an object.
fn fields(document: &str) -> Value {
    super::super::read(vapi(), document, |read| {
        assert_eq!(read.unwritable, [], "{document}");
        let fields = read
            .fields
            .iter()
            .map(|(field, value)| (field.name().to_owned(), serde_json::from_str::<Value>(value).unwrap()));
        Value::Object(fields.collect())
    })
}

/// What has no canonical counterpart, as an object.
fn vendor_fields(document: &str) -> Value {
    super::super::read(vapi(), document, |read| {
        let fields = read.vendor_fields.iter();
        let fields = fields.map(|(key, value)| (key.clone().into_owned(), serde_json::from_str(value).unwrap()));
        Value::Object(fields.collect())
    })
}

#[test]
fn a_stored_assistant_is_told_in_canonical_fields() {
    assert_eq!(
        fields(STORED),
        json!({
            "name": "Reception",
            "voice_id": "11labs:pNInz6obpgDQGcFmaJgB",
            "language_id": "en-US",
            "mode": "pipeline",
            "initial_message": "Hello, this is the clinic.",
            "system_prompt": "You are a receptionist.\nBe friendly / calm.",
            "llm_model_id": "openai:gpt-4.1",
            "chat_llm_fallback_id": "openai:gpt-4o",
            "tool_ids": ["0f6d1c1e-aaaa-4bbb-8ccc-ddddeeeeffff"],
            "tools": [{ "type": "end_call" }],
            "voice_stability": 0.5,
            "voice_similarity": 0.75,
            "speech_speed": 1.1,
            "llm_temperature": 0.3,
            "synthesizer_provider_id": "11labs",
            "transcriber_provider_id": "deepgram",
            "record": true,
            "enable_noise_cancellation": false,
            "wait_for_customer": false,
            "max_duration": 600,
            "max_silence_duration": 12,
            "ringing_time": 60,
            "reengagement_interval": 12,
            "reengagement_prompt": "Ask whether they are there.",
            "end_call_on_voicemail": true,
            "voice_mail_message": "Please call us back.",
            "endpoint_type": "ai",
            "min_interrupt_words": 2,
            "ambient_sound": "office",
            "is_webhook_active": true,
            "webhook_url": "https://example.com/vapi",
            "post_call_evaluation": true,
            "post_call_schema": [],
            "keywords": ["Aspirin"],
            "tts_model": "eleven_turbo_v2_5",
            "llm_fallback_models": ["gpt-4o"],
            "first_message_interruptible": false
        })
    );
    super::super::read(vapi(), STORED, |read| {
        assert_eq!(read.id, r#""b6f1a0de-5c3f-4f0e-9d8b-0a1b2c3d4e5f""#);
        assert_eq!(read.created_at, Some(r#""2026-10-01T08:00:00.000Z""#));
        assert_eq!(read.updated_at, Some(r#""2026-11-20T09:30:00.000Z""#));
        let speed = read.fields.iter().find(|(field, _)| *field == Field::SpeechSpeed).unwrap();
        assert_eq!(speed.1, "1.10", "digits are kept");
    });
}

#[test]
fn what_is_told_can_be_written_back_and_changes_nothing() {
    let bodies = patches(&fields(STORED), STORED).unwrap();
    let body: Value = serde_json::from_str(&bodies[0]).unwrap();
    let stored: Value = serde_json::from_str(STORED).unwrap();
    for (member, value) in body.as_object().unwrap() {
        assert_eq!(*value, stored[member], "{member}");
    }
    assert_eq!(body.as_object().unwrap().len(), 20, "{body}");
}

/// Applies a PATCH as the vendor does: at the top level only. A vendor may keep `null` or take the member away.
fn patched(stored: &str, body: &Value, keeps_null: bool) -> String {
    let mut document: Value = serde_json::from_str(stored).unwrap();
    for (key, value) in body.as_object().unwrap() {
        document[key] = value.clone();
    }
    if !keeps_null {
        without_nulls(&mut document);
    }
    document.to_string()
}

fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(without_nulls);
        }
        Value::Array(elements) => elements.iter_mut().for_each(without_nulls),
        _ => {}
    }
}

#[test]
fn what_was_written_is_what_is_told_afterwards() {
    for update in [
        json!({ "name": "A", "voice_id": "11labs:x", "speech_speed": 0.9, "voice_stability": 0.3, "tts_model": "m" }),
        json!({ "voice_id": "cartesia:248be419", "synthesizer_provider_id": "cartesia" }),
        json!({ "llm_model_id": "anthropic:claude", "mode": "pipeline", "system_prompt": "p", "llm_temperature": 0.25 }),
        json!({ "multimodal_model_id": "openai:gpt-realtime-2", "mode": "multimodal" }),
        json!({ "chat_llm_fallback_id": "openai:o3" }),
        json!({ "chat_llm_fallback_id": null }),
        json!({ "llm_fallback_models": ["a", "b"] }),
        json!({ "llm_fallback_models": null, "keywords": null }),
        json!({ "language_id": "de-CH", "keywords": ["a"], "secondary_language_ids": ["fr"] }),
        json!({ "transcriber_provider_id": "azure", "language_id": "de-DE" }),
        json!({ "reengagement_prompt": "Hm?", "max_silence_duration": 30, "reengagement_interval": 30 }),
        json!({ "reengagement_prompt": "Say \"hi\"" }),
        json!({ "end_call_on_voicemail": false, "endpoint_type": "vad", "voice_mail_message": null }),
        json!({ "end_call_on_voicemail": true, "endpoint_type": "ai", "is_webhook_active": false }),
        json!({ "min_interrupt_words": null }),
        json!({ "min_interrupt_words": 0 }),
        json!({ "min_interrupt_words": 7, "record": false, "enable_noise_cancellation": true }),
        json!({ "ambient_sound": "off", "wait_for_customer": true, "first_message_interruptible": true }),
        json!({ "ringing_time": 20, "max_duration": 30, "webhook_url": "https://x.y/z", "post_call_evaluation": false }),
        json!({ "tool_ids": [], "tools": [{ "type": "end_call" }, { "type": "collect_keypad", "stop_key": "#" }] }),
        json!({ "tools": [{ "type": "call_transfer", "phone_number": "+1", "description": "d" },
                          { "type": "warm_call_transfer", "supervisor_phone": "+2", "description": "e" },
                          { "type": "assistant_transfer", "assistant_id": "z" }] }),
        json!({ "post_call_schema": [{ "name": "mood", "type": "bool", "description": "Good?" }] }),
        json!({ "post_call_schema": [] }),
    ] {
        for keeps_null in [true, false] {
            let document = patched(STORED, &patch(&update, STORED), keeps_null);
            assert_stored(&update.to_string(), &document);
        }
    }
}

/// Asserts that the document tells every value of the update.
fn assert_stored(text: &str, document: &str) {
    let update = Update::read(text.as_bytes()).unwrap();
    let applied: Vec<_> = update.entries.iter().filter_map(|entry| entry.field).collect();
    let listed = ListedAssistant::document(vapi(), document.as_bytes()).unwrap();
    let (policies, none) = (Policies::default(), CatalogSet::default());
    let read = read_assistant(vapi(), &policies, &listed);
    let stored = super::super::with_handling(vapi(), Handling::Strict, |target| {
        let target = Target { catalogs: Catalogs { configured: &none, live: &none }, ..*target };
        compare(&update, &applied, &read, &target)
    });
    assert_eq!(stored.confirmed, applied, "{text}: {stored:?}");
}

#[test]
fn what_has_no_canonical_counterpart_is_left_and_what_has_is_not() {
    let rest = vendor_fields(STORED);
    assert_eq!(rest["model"]["messages"], json!([{ "role": "assistant", "content": "Café is open." }]));
    assert_eq!(rest["model"].get("temperature"), None);
    assert_eq!(rest["model"]["tools"].as_array().unwrap().len(), 1, "the tool that ends calls is in `tools`");
    assert_eq!(rest["model"]["tools"][0]["function"]["name"], "book");
    assert_eq!(rest["hooks"][1]["name"], "nudge");
    assert_eq!(rest["hooks"][1]["options"], json!({ "triggerMaxCount": 2 }));
    assert_eq!(
        rest["transportConfigurations"][0],
        json!({ "provider": "twilio", "record": false, "recordingChannels": "mono" })
    );
    assert_eq!(rest["stopSpeakingPlan"].get("numWords"), None);
    assert_eq!(rest["orgId"], "0c7a9e12-1111-4222-8333-444455556666");
    assert_eq!(rest.get("name"), None);
    // A value of another provider is no canonical one, but it is there.
    let cartesia = STORED.replace(r#""provider": "11labs""#, r#""provider": "cartesia""#);
    assert_eq!(fields(&cartesia).get("voice_stability"), None);
    assert_eq!(vendor_fields(&cartesia)["voice"]["stability"], json!(0.5));
}

#[test]
fn realtime_models_make_an_assistant_multimodal() {
    let told = fields(r#"{"id":"1","model":{"provider":"openai","model":"gpt-realtime-2025-08-28"}}"#);
    assert_eq!(told, json!({ "mode": "multimodal", "multimodal_model_id": "openai:gpt-realtime-2025-08-28" }));
}

#[test]
fn an_empty_or_odd_assistant_tells_what_it_has() {
    assert_eq!(fields(r#"{"id":"1"}"#), json!({}));
    assert_eq!(fields(r#"{"id":"1","voice":null,"model":null,"hooks":null,"server":null,"name":null}"#), json!({}));
    let odd =
        r#"{"id":"1","voice":"v","model":[],"hooks":{"on":1},"server":7,"artifactPlan":{"structuredOutputs":{}}}"#;
    assert_eq!(fields(odd), json!({}));
}

#[test]
fn what_an_update_would_refuse_is_told_apart() {
    let odd = r#"{"id":"1","firstMessageMode":"assistant-speaks-first-with-model-generated-message",
        "backgroundSound":"https://example.com/rain.mp3","maxDurationSeconds":43200,
        "hooks":[{"on":"customer.speech.timeout","options":{"timeoutSeconds":7.5},"do":[{"type":"say","exact":"Hello?"}]}],
        "model":{"provider":"openai","model":"gpt-4.1","tools":[{"type":"transferCall","destinations":[{"type":"sip","sipUri":"sip:a"}]}]}}"#;
    super::super::read(vapi(), odd, |read| {
        let unwritable: Vec<_> = read.unwritable.iter().map(|told| told.field.name()).collect();
        assert_eq!(
            unwritable,
            [
                "tools",
                "wait_for_customer",
                "max_duration",
                "max_silence_duration",
                "reengagement_interval",
                "ambient_sound"
            ]
        );
        let told: Vec<_> = read.fields.iter().map(|(field, _)| field.name()).collect();
        assert_eq!(told, ["mode", "llm_model_id"]);
    });
    let rest = vendor_fields(odd);
    assert_eq!(rest["hooks"][0]["do"], json!([{ "type": "say", "exact": "Hello?" }]));
    assert_eq!(rest["model"]["tools"][0]["type"], "transferCall");
}

#[test]
fn the_state_leaves_out_what_changes_by_itself() {
    let state = |document: &str| ListedAssistant::document(vapi(), document.as_bytes()).unwrap().state(vapi());
    let later = STORED.replace("2026-11-20T09:30:00.000Z", "2026-11-21T00:00:00.000Z").replace(r#""v7""#, r#""v8""#);
    assert_eq!(state(STORED), state(&later));
    assert_ne!(state(STORED), state(&STORED.replace("Reception", "Desk")));
}

/// Tools of kinds that no field has, and tools with members that none has.
fn with_tools(tools: &Value) -> String {
    let mut document: Value = serde_json::from_str(STORED).unwrap();
    document["model"]["tools"] = tools.clone();
    document.to_string()
}

#[test]
fn what_no_field_says_of_tools_is_told_and_stays_when_they_are_written_back() {
    let tools = json!([
        { "type": "endCall", "messages": [{ "type": "request-start", "content": "Bye." }] },
        { "type": "invented", "name": "new" },
        { "type": "dtmf" },
        { "type": "transferCall", "function": { "name": "connect" }, "destinations": [
            { "type": "number", "number": "+1", "description": "d", "transferPlan": { "mode": "blind-transfer", "sipVerb": "refer" } },
            { "type": "number", "number": "+2", "message": "One moment." },
        ] },
    ]);
    let stored = with_tools(&tools);
    let told = fields(&stored)["tools"].clone();
    assert_eq!(
        told,
        json!([{ "type": "end_call" }, { "type": "dtmf_input" },
            { "type": "call_transfer", "phone_number": "+1", "description": "d" }, { "type": "call_transfer", "phone_number": "+2" }])
    );
    assert_eq!(vendor_fields(&stored)["model"]["tools"], json!([tools[0], tools[1], tools[3]]));
    super::super::read(vapi(), &stored, |read| {
        // Their order is that of the document, which depends on the features of serde_json.
        let joined = |members: &[String]| {
            let mut members = members.to_vec();
            members.sort_unstable();
            members.join(" ")
        };
        let beside: Vec<_> = read.beside.iter().map(|one| (&*one.place, &*one.kind, joined(&one.members))).collect();
        let of_transfers = "destinations.message destinations.transferPlan.sipVerb function".to_owned();
        assert_eq!(
            beside,
            [
                ("model.tools[0]", "endCall", "messages".to_owned()),
                ("model.tools[1]", "invented", String::new()),
                ("model.tools[3]", "transferCall", of_transfers),
            ]
        );
    });
    let sent = |tools: &Value| patch(&json!({ "tools": tools }), &stored)["model"]["tools"].clone();
    assert_eq!(sent(&told), tools);
    // Another description is another destination; the tool and the other destination stay.
    let mut other = told.clone();
    other[2]["description"] = json!("e");
    let mut expected = tools.clone();
    expected[3]["destinations"][0] = json!({ "type": "number", "number": "+1", "description": "e" });
    assert_eq!(sent(&other), expected);
}

#[test]
fn two_tools_of_transfers_are_no_canonical_ones() {
    let transfer =
        |number: &str| json!({ "type": "transferCall", "destinations": [{ "type": "number", "number": number }] });
    super::super::read(vapi(), &with_tools(&json!([transfer("+1"), transfer("+2")])), |read| {
        let told: Vec<_> = read.unwritable.iter().map(|told| told.field).collect();
        assert_eq!(told, [Field::Tools], "written back, they would become one");
    });
}
