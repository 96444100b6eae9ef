//! The exact codes and messages in responses, logs, metrics and documents, on which others may depend.

use serde_json::json;
use vendors::canonical::check_value;
use vendors::json::{Kind, Limits, read_object, read_value};
use vendors::{
    Catalog, CatalogKind, CatalogSpec, DriftKind, Field, Handling, InvalidResponse, ItemCode, Items, Operation, Schema,
    Support, Update, drift,
};

use super::contracts::{LEGACY, contract};

#[test]
fn the_codes_are_stable() {
    assert_eq!([Handling::Strict, Handling::Lenient].map(Handling::as_str), ["strict", "lenient"]);
    let kinds = [
        "languages",
        "voices",
        "models",
        "multimodal_models",
        "phone_numbers",
        "synthesizer_providers",
        "transcriber_providers",
        "tools",
        "knowledge_bases",
        "folders",
        "labels",
        "webhooks",
    ];
    assert_eq!(CatalogKind::ALL.map(CatalogKind::as_str), kinds);
    assert_eq!(kinds.map(CatalogKind::from_name), CatalogKind::ALL.map(Some));
    assert_eq!(CatalogKind::from_name("Voices"), None);
    assert_eq!(CatalogKind::ALL.map(|kind| kind.to_string()), CatalogKind::ALL.map(CatalogKind::as_str));
    let operations = [Operation::Update, Operation::List, Operation::Catalog(CatalogKind::Voices)];
    assert_eq!(operations.map(Operation::as_str), ["update", "list", "voices"]);
    assert_eq!(
        DriftKind::ALL.map(DriftKind::as_str),
        [
            "unknown_field",
            "missing_field",
            "retyped_field",
            "unknown_error_shape",
            "not_json",
            "byte_order_mark",
            "skipped_row",
            "other_id"
        ]
    );
    assert_eq!(
        ItemCode::ALL.map(ItemCode::as_str),
        [
            "unknown_field",
            "wrong_type",
            "out_of_range",
            "too_long",
            "too_short",
            "not_allowed",
            "null_not_allowed",
            "required",
            "conflict",
            "unsupported_field",
            "unsupported_value",
            "unresolved_name",
            "rejected_by_vendor",
        ]
    );
    assert_eq!(ItemCode::ALL.map(|code| code.to_string()), ItemCode::ALL.map(ItemCode::as_str));
    let support = [
        (Support::Same, "same"),
        (Support::Renamed, "renamed"),
        (Support::Mapped, "mapped"),
        (Support::Resolved, "resolved"),
        (Support::Converted, "converted"),
        (Support::Partial, "partial"),
        (Support::Merged, "merged"),
        (Support::Unsupported, "unsupported"),
    ];
    support.into_iter().for_each(|(support, word)| assert_eq!(support.as_str(), word));
}

#[test]
fn a_syntax_error_has_a_message_with_its_position() {
    for (body, error) in [
        ("", "the body is empty; send one JSON object"),
        ("[]", "the body must be a JSON object (line 1, column 1)"),
        ("{\n  x", "expected a key in double quotes (line 2, column 3)"),
        ("{\"a\"", "the body ends in the middle of a value (line 1, column 5)"),
        ("{}\n\n {}", "there is text after the end of the JSON value (line 3, column 2)"),
        ("{\"a\":01}", "this is not a JSON number (line 1, column 7)"),
        ("{\"a\":\"\n\"}", "a control character in a string must be escaped (line 1, column 7)"),
        ("{\"a\":\"\\x\"}", "this is not a JSON escape sequence (line 1, column 7)"),
        ("{\"a\":\"\\ud800\"}", "an escaped surrogate has no other half (line 1, column 7)"),
        ("{\"a\":1,\n\"a\":1}", "the key `a` occurs twice in one object (line 2, column 1)"),
    ] {
        assert_eq!(read_object(body.as_bytes(), Limits::CALLER).unwrap_err().to_string(), error);
    }
    let error = read_object(b"{\"\xff\"", Limits::CALLER).unwrap_err().to_string();
    assert_eq!(error, "the body is not valid UTF-8 (line 1, column 3)");
    let deep = read_object(format!("{{\"a\":{}", "[".repeat(32)).as_bytes(), Limits::CALLER).unwrap_err();
    assert_eq!(deep.to_string(), "objects and arrays are nested more than 32 levels deep (line 1, column 37)");
}

#[test]
fn an_invalid_response_has_a_message() {
    let not_json = read_value(b"<", Limits::VENDOR).unwrap_err();
    for (bad, sentence) in [
        (InvalidResponse::Empty, "the vendor's response is empty"),
        (
            InvalidResponse::NotJson(not_json),
            "the vendor's response is not JSON: expected a JSON value (line 1, column 1)",
        ),
        (InvalidResponse::NoData, "the vendor's response has no object `data`"),
        (InvalidResponse::Error(None), "the vendor's response reports an error although its status is 2xx"),
    ] {
        assert_eq!(bad.to_string(), sentence);
    }
    for (catalog, sentence) in [
        ("[", "the catalog is not JSON: the body ends in the middle of a value (line 1, column 2)"),
        ("{}", "the catalog is neither an array nor an object with an array `data`"),
    ] {
        let spec = CatalogSpec::new("/x", Schema::Anything);
        assert_eq!(Catalog::parse(catalog.as_bytes(), &spec).unwrap_err().to_string(), sentence);
    }
}

#[test]
fn the_detail_of_a_wrong_value_says_what_is_right() {
    let event = r#"[{"type":"calendar_integration","calendar_type":"calcom","calcom_api_key":"k"}]"#;
    for (field, value, details) in [
        (Field::Record, "1", &["must be a boolean, is a number"][..]),
        (Field::Name, "null", &["cannot be null; leave it out to keep it unchanged"]),
        (Field::Name, "{}", &["must be a string, is an object"]),
        (Field::MaxDuration, "\"30\"", &["must be an integer, is a string"]),
        (Field::MaxDuration, "30.0", &["must be an integer without a fraction or an exponent, is 30.0"]),
        (Field::SpeechSpeed, "[]", &["must be a number, is an array"]),
        (Field::SpeechSpeed, "9", &["must be between 0.7 and 1.2"]),
        (Field::Type, "true", &["must be a string, is a boolean"]),
        (Field::Type, "\"x\"", &["must be one of `inbound`, `outbound`, is `x`"]),
        (Field::LabelIds, "{}", &["must be an array, is an object"]),
        (Field::LabelIds, "[null]", &["cannot be null; must be an integer"]),
        (Field::Variables, "[]", &["must be an object, is an array"]),
        (
            Field::Tools,
            "[{}]",
            &["is required: one of `call_transfer`, `warm_call_transfer`, `end_call`, `dtmf_input`, \
            `collect_keypad`, `calendar_integration`, `assistant_transfer`"],
        ),
        (Field::Tools, r#"[{"type":"end_call","x":1}]"#, &["is not a known member; known members: description"]),
        (Field::Tools, event, &["is required if `calendar_type` is `calcom`"]),
        (
            Field::PostCallSchema,
            r#"[{"name":"A","type":"x","description":"abc"}]"#,
            &[
                "must be at least 3 characters long, is 1",
                "must contain only lower-case letters, digits and underscores",
                "must be one of `string`, `number`, `bool`, is `x`",
            ],
        ),
        (
            Field::PostCallSchema,
            r#"[{"name":"a2345678901234567","type":"bool"}]"#,
            &["must be at most 16 characters long, is 17", "is required"],
        ),
    ] {
        let body = format!(r#"{{"{}":{value}}}"#, field.name());
        let mut items = Items::default();
        check_value(field, Update::read(body.as_bytes()).unwrap().get(field).unwrap(), &mut items);
        assert_eq!(items.list.iter().map(|item| item.detail.as_str()).collect::<Vec<_>>(), details, "{body}");
    }
}

#[test]
fn the_types_are_described_with_an_article() {
    for (text, kind, word) in [
        ("null", Kind::Null, "null"),
        ("true", Kind::Boolean, "a boolean"),
        ("-1", Kind::Number, "a number"),
        ("\"\"", Kind::String, "a string"),
        ("[]", Kind::Array, "an array"),
        ("{}", Kind::Object, "an object"),
    ] {
        let value = read_value(text.as_bytes(), Limits::VENDOR).unwrap();
        assert_eq!((value.kind(), value.kind().described()), (kind, word));
    }
}

#[test]
fn drift_states_the_documented_and_the_found_type() {
    let body = json!({ "message": 1, "data": { "id": "x", "name": "a", "status": [], "type": "t", "new": {} } });
    let drifts = drift(contract(LEGACY).dialect, Operation::Update, 200, body.to_string().as_bytes());
    let mut found: Vec<_> = drifts.iter().map(|drift| (drift.location.as_str(), drift.detail.as_str())).collect();
    found.sort_unstable();
    assert_eq!(
        found,
        [
            ("data.id", "documented: an integer; found: a string"),
            ("data.mode", "documented: a string"),
            ("data.new", "an object"),
            ("data.status", "documented: a string; found: an array"),
            ("message", "documented: a string; found: a number"),
        ]
    );
}
