//! What Vapi's errors lead back to.

use vendors::{VendorErrorKind, normalize_error};

use super::*;

/// An update of many fields.
fn sent() -> Request {
    let update = json!({
        "name": "A", "system_prompt": "x", "speech_speed": 1.2, "max_silence_duration": 1, "ringing_time": 60,
        "tool_ids": ["a", "b"], "llm_temperature": 1, "min_interrupt_words": 10, "webhook_url": "https://a.b",
        "post_call_schema": [{ "name": "mood", "type": "string", "description": "Mood" }],
        "vendor_options": { "vapi": {
            "voice": { "enableSsmlParsing": true }, "monitorPlan": { "listenEnabled": true, "controlEnabled": true }
        } }
    });
    super::super::translate(vapi(), &update.to_string()).unwrap()
}

/// Pointer, field, vendor's field and detail of each item of an error, and its message.
type Item = (String, Option<String>, Option<String>, String);

fn error(status: u16, body: &Value) -> (VendorErrorKind, Vec<Item>, Option<String>) {
    let error = normalize_error(vapi(), "vapi", &sent().sent, status, body.to_string().as_bytes());
    let items = error.items.list.into_iter().map(|item| {
        assert_eq!(item.code.as_str(), "rejected_by_vendor");
        (item.pointer, item.field.map(Into::into), item.vendor_field, item.detail)
    });
    (error.kind, items.collect(), error.message)
}

fn pointers(message: &Value) -> Vec<String> {
    let body = json!({ "message": message, "error": "Bad Request", "statusCode": 400 });
    error(400, &body).1.into_iter().map(|(pointer, ..)| pointer).collect()
}

#[test]
fn a_sentence_names_its_field_at_its_start() {
    for (sentence, pointer) in [
        ("voice.speed must not be greater than 1.2", "#/speech_speed"),
        ("name must be shorter than or equal to 40 characters", "#/name"),
        ("stopSpeakingPlan.numWords must not be greater than 10", "#/min_interrupt_words"),
        ("model.toolIds.1 must be a UUID", "#/tool_ids/1"),
        ("model.toolIds[0] must be a UUID", "#/tool_ids/0"),
        ("model.temperature must not be greater than 2", "#/llm_temperature"),
        ("model.messages.0.content should not be empty", "#/system_prompt"),
        ("hooks.1.options.timeoutSeconds must not be less than 2", "#/max_silence_duration"),
        ("transportConfigurations.0.timeout must not be greater than 600", "#/ringing_time"),
        ("artifactPlan.structuredOutputs.0.schema.properties.mood is wrong", "#/post_call_schema"),
        ("server.url must be a URL address", "#/webhook_url"),
        ("server must be an object", "#/webhook_url"),
        ("voice.property enableSsmlParsing should not exist", "#/vendor_options/vapi/voice/enableSsmlParsing"),
        ("monitorPlan.listenEnabled must be a boolean", "#/vendor_options/vapi/monitorPlan/listenEnabled"),
        ("property monitorPlan should not exist", "#/vendor_options/vapi/monitorPlan"),
    ] {
        assert_eq!(pointers(&json!(sentence)), [pointer], "{sentence}");
        assert_eq!(pointers(&json!([sentence])), [pointer], "{sentence}");
    }
}

#[test]
fn several_sentences_are_several_items_and_one_message() {
    let body = json!({
        "message": ["voice.speed must not be greater than 1.2", "name must be a string", "Something else is wrong"],
        "error": "Bad Request", "statusCode": 400
    });
    let (kind, items, message) = error(400, &body);
    assert_eq!(kind, VendorErrorKind::Refused);
    assert_eq!(
        items,
        [
            (
                "#/speech_speed".into(),
                Some("speech_speed".into()),
                None,
                "voice.speed must not be greater than 1.2".into()
            ),
            ("#/name".into(), Some("name".into()), None, "name must be a string".into()),
        ]
    );
    let message = message.unwrap();
    for part in ["voice.speed must not be greater than 1.2", "name must be a string", "Something else is wrong"] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn a_sentence_that_names_nothing_known_is_the_message_only() {
    for sentence in [
        "Couldn't Get Assistant. Does Not Exist.",
        "voice.frobnicate should not exist",
        "voicemail is broken",
        "property frobnicate should not exist",
        "each value in model.toolIds must be a UUID",
        "model.messages.0.role must be one of the following values: system",
        "",
        "…",
        "hooks.x.options is wrong",
    ] {
        let (_, items, message) = error(400, &json!({ "message": sentence }));
        assert_eq!(items, [], "{sentence}");
        assert_eq!(message.as_deref(), Some(sentence).filter(|text| !text.is_empty()), "{sentence}");
    }
    let long = format!("{} is wrong", "a.".repeat(5000));
    assert_eq!(error(400, &json!({ "message": long })).1, []);
}

#[test]
fn statuses_mean_what_they_mean_elsewhere() {
    let body = |message: &str| json!({ "message": message, "error": "E", "statusCode": 1 });
    for (status, kind) in [
        (400, VendorErrorKind::Refused),
        (401, VendorErrorKind::CredentialsRejected),
        (402, VendorErrorKind::AccountProblem),
        (403, VendorErrorKind::CredentialsRejected),
        (404, VendorErrorKind::NotFound),
        (429, VendorErrorKind::RateLimited),
        (500, VendorErrorKind::Failed),
        (503, VendorErrorKind::Failed),
    ] {
        assert_eq!(error(status, &body("It did not work")).0, kind, "{status}");
        let drift = vendors::drift(vapi(), vendors::Operation::Update, status, body("x").to_string().as_bytes());
        assert_eq!(drift, [], "{status}");
    }
    let pinned = json!({ "error": "assistant_pinned", "message": "A squad pins it." });
    let (kind, items, message) = error(409, &pinned);
    assert_eq!((kind, items.len()), (VendorErrorKind::Unexpected, 0));
    assert!(message.unwrap().contains("A squad pins it."));
}

#[test]
fn a_flat_dialect_finds_no_field_in_a_sentence() {
    let sent = super::super::translate(super::super::dialect("autocalls"), r#"{"name":"A"}"#).unwrap().sent;
    let error = normalize_error(super::super::dialect("autocalls"), "a", &sent, 422, br#"{"message":"name is taken"}"#);
    assert_eq!((error.items.list.len(), error.message.as_deref()), (0, Some("name is taken")));
}
