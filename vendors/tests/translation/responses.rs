//! Vendors' responses in canonical names: successes, errors and invalid responses.

use std::borrow::Cow;

use serde_json::Value;
use vendors::{
    FieldPolicy, Handling, InvalidResponse, Item, Policies, SentFields, VendorError, VendorErrorKind, normalize_error,
    normalize_response,
};

use super::contracts::{Contract, LEGACY, SUPERSET, contract, contracts};

/// The meaning of each documented error, by the beginning of its file's name.
const KINDS: [(&str, VendorErrorKind); 9] = [
    ("401", VendorErrorKind::CredentialsRejected),
    ("402", VendorErrorKind::AccountProblem),
    ("403-plan", VendorErrorKind::AccountProblem),
    ("403-insufficient", VendorErrorKind::CredentialsRejected),
    ("404", VendorErrorKind::NotFound),
    ("405", VendorErrorKind::Unexpected),
    ("422", VendorErrorKind::Refused),
    ("429", VendorErrorKind::RateLimited),
    ("500", VendorErrorKind::Failed),
];

/// The canonical paths of legacy keys with another name.
const CANONICAL_PATHS: [(&str, &str); 6] = [
    ("assistant_name", "name"),
    ("calls_direction", "type"),
    ("engine_type", "mode"),
    ("max_call_duration", "max_duration"),
    ("use_min_interrupt_words", "min_interrupt_words"),
    ("end_call_tool.description", "tools.0.description"),
];

/// What the request for `update` contains.
fn sent(contract: &Contract, update: &str) -> SentFields {
    contract.translate(update, Handling::Strict).unwrap_or_else(|refused| panic!("{:?}", refused.items)).sent
}

fn error(contract: &Contract, sent: &SentFields, status: u16, body: &str) -> VendorError {
    normalize_error(contract.dialect, contract.name(), sent, status, body.as_bytes())
}

/// The item for an error under `key`, after `update` was sent.
fn item_for(vendor: &str, update: &str, key: &str) -> Item {
    let contract = contract(vendor);
    let body = serde_json::json!({ "message": "Validation failed", "errors": { key: ["The sentence."] } });
    let mut items = error(contract, &sent(contract, update), 422, &body.to_string()).items.list;
    assert_eq!(items.len(), 1, "{key}");
    let item = items.remove(0);
    assert_eq!((item.detail.as_str(), item.code.as_str()), ("The sentence.", "rejected_by_vendor"));
    item
}

#[test]
fn every_documented_success_keeps_its_five_members() {
    for contract in contracts() {
        let successes: Vec<_> = contract.responses().into_iter().filter(|response| response.status == 200).collect();
        assert_eq!(successes.len(), 1, "{}", contract.name());
        for response in successes {
            let text = response.body.to_string();
            let found = normalize_response(contract.dialect, text.as_bytes()).unwrap();
            assert_eq!(found.message, response.body["message"].as_str().unwrap());
            for (member, text) in found.data.members() {
                assert_eq!(text, response.body["data"][member].to_string(), "{} {member}", contract.name());
                assert_ne!(text, "null");
            }
        }
    }
}

#[test]
fn every_documented_error_keeps_its_messages_and_finds_its_fields() {
    for contract in contracts() {
        for response in contract.responses().into_iter().filter(|response| response.status != 200) {
            let name = format!("{} {}", contract.name(), response.name);
            let text = response.text();
            let error = error(contract, &SentFields::default(), response.status, &text);
            let kind = KINDS.iter().find(|(start, _)| response.name.starts_with(start)).unwrap().1;
            assert_eq!(error.kind, kind, "{name}");
            let message = error.message.unwrap_or_default();
            for sentence in ["error", "message"].iter().filter_map(|key| response.body[key].as_str()) {
                assert!(message.contains(sentence), "{name}: {message}");
            }
            assert_eq!(error.retry_after, response.body["retry_after"].as_f64(), "{name}");
            let errors = response.body["errors"].as_object().cloned().unwrap_or_default();
            let messages: Vec<_> = errors
                .iter()
                .flat_map(|(key, list)| list.as_array().unwrap().iter().map(move |sentence| (key, sentence)))
                .collect();
            assert_eq!(error.items.list.len(), messages.len());
            for (item, (key, sentence)) in error.items.list.iter().zip(messages) {
                assert_eq!(item.detail, sentence.as_str().unwrap());
                let renamed = CANONICAL_PATHS.iter().find(|(legacy, _)| legacy == key);
                let path = renamed.map_or(key.as_str(), |(_, path)| path);
                assert_eq!(item.pointer, format!("#/{}", path.replace('.', "/")), "{name}");
                assert_eq!(item.field.as_deref(), path.split('.').next(), "{name}");
                assert_eq!(item.vendor_field, None, "{name}");
            }
        }
    }
}

#[test]
fn legacy_error_keys_become_canonical_pointers() {
    let end_call = r#"{"tools":[{"type":"end_call","description":"d"}]}"#;
    let schema = r#"{"post_call_schema":[{"name":"abc","type":"bool","description":"abc"}]}"#;
    for (update, key, pointer) in [
        (r#"{"mode":"pipeline"}"#, "engine_type", "#/mode"),
        (r#"{"type":"inbound"}"#, "calls_direction", "#/type"),
        (r#"{"name":"a"}"#, "assistant_name", "#/name"),
        (r#"{"wait_for_customer":true}"#, "who_speaks_first", "#/wait_for_customer"),
        (r#"{"fillers":true}"#, "filler_audios", "#/fillers"),
        (r#"{"record":true}"#, "record_call", "#/record"),
        (r#"{"enable_noise_cancellation":true}"#, "noise_cancellation", "#/enable_noise_cancellation"),
        (r#"{"max_duration":60}"#, "max_call_duration", "#/max_duration"),
        (r#"{"reengagement_interval":60}"#, "re_engagement_interval", "#/reengagement_interval"),
        (r#"{"min_interrupt_words":1}"#, "use_min_interrupt_words", "#/min_interrupt_words"),
        (r#"{"min_interrupt_words":1}"#, "min_interrupt_words", "#/min_interrupt_words"),
        (r#"{"min_interrupt_words":null}"#, "use_min_interrupt_words", "#/min_interrupt_words"),
        (r#"{"language_id":1}"#, "language", "#/language_id"),
        (r#"{"language":"English"}"#, "language", "#/language"),
        (r#"{"llm_model_id":1}"#, "llm_model", "#/llm_model_id"),
        (r#"{"llm_model":"GPT-4o-mini"}"#, "llm_model", "#/llm_model"),
        (r#"{"voice":"Emma"}"#, "voice_id", "#/voice"),
        (end_call, "end_call_tool.description", "#/tools/0/description"),
        (end_call, "end_call_tool", "#/tools/0"),
        (end_call, "tools.0.description", "#/tools/0/description"),
        (schema, "post_call_schema.0.name", "#/post_call_schema/0/name"),
        (r#"{"variables":{"a/b":1}}"#, "variables.a/b", "#/variables/a~1b"),
    ] {
        let item = item_for(LEGACY, update, key);
        assert_eq!(item.pointer, pointer, "{key} after {update}");
        let field = pointer.split('/').nth(1);
        assert_eq!((item.field.as_deref(), item.vendor_field.as_deref()), (field, None));
    }
}

#[test]
fn current_error_keys_keep_their_index_and_find_the_twin_that_was_sent() {
    let tools = r#"{"tools":[{"type":"end_call"}]}"#;
    for contract in contracts().iter().filter(|contract| !contract.is_legacy()) {
        for (update, key, pointer) in [
            (tools, "tools.0.supervisor_phone", "#/tools/0/supervisor_phone"),
            (tools, "tools", "#/tools"),
            (r#"{"secondary_language_ids":[7]}"#, "secondary_language_ids.0", "#/secondary_language_ids/0"),
            (r#"{"language":"English"}"#, "language_id", "#/language"),
            (r#"{"language_id":1}"#, "language_id", "#/language_id"),
            (r#"{"llm_model":"GPT-4o-mini"}"#, "llm_model_id", "#/llm_model"),
            (r#"{"multimodal_model":"GPT-4o"}"#, "multimodal_model_id", "#/multimodal_model"),
            (r#"{"voice":"Voice 41"}"#, "voice_id", "#/voice"),
            (r#"{"name":"a"}"#, "voice_id", "#/voice_id"),
        ] {
            assert_eq!(item_for(contract.name(), update, key).pointer, pointer, "{} {key}", contract.name());
        }
    }
}

#[test]
fn an_error_key_without_a_canonical_name_is_kept() {
    for contract in contracts() {
        for key in ["brand_new", "brand_new.0.name", "assistant", "engine_type.", "ü/~"] {
            let item = item_for(contract.name(), "{}", key);
            if item.field.is_none() {
                assert_eq!(
                    (item.pointer.as_str(), item.vendor_field.as_deref()),
                    ("#", Some(key)),
                    "{}",
                    contract.name()
                );
            } else {
                assert_eq!((key, contract.vocabulary()), ("engine_type.", LEGACY));
            }
        }
    }
}

#[test]
fn error_keys_of_vendor_options_point_into_them() {
    for contract in contracts() {
        let name = contract.name();
        let update = format!(r#"{{"name":"a","vendor_options":{{"{name}":{{"brand_new":{{"x":[1]}},"a/b":2}}}}}}"#);
        for (key, way) in [("brand_new", "brand_new"), ("brand_new.x.0", "brand_new/x/0"), ("a/b", "a~1b")] {
            let item = item_for(name, &update, key);
            assert_eq!(item.pointer, format!("#/vendor_options/{name}/{way}"));
            let entry = format!("vendor_options.{name}");
            assert_eq!((item.field.as_deref(), item.vendor_field), (Some(&*entry), None));
        }
        assert_eq!(item_for(name, &update, "voice_id").pointer, "#/voice_id");
    }
}

#[test]
fn an_option_with_a_dot_in_its_key_is_found() {
    let update = r#"{"vendor_options":{"sondos":{"end_call_tool.description":"d"}}}"#;
    let item = item_for(LEGACY, update, "end_call_tool.description");
    assert_eq!(item.pointer, "#/vendor_options/sondos/end_call_tool.description");
}

#[test]
fn a_field_with_the_policy_send_is_found_under_its_own_name() {
    let policies: Policies = [(vendors::Field::FolderId, FieldPolicy::Send)].into_iter().collect();
    for vendor in [LEGACY, "gloriagent", "famulor", "intellixent"] {
        let contract = contract(vendor);
        let request = contract.translate_with(r#"{"folder_id":7}"#, Handling::Strict, &policies).unwrap();
        assert_eq!(request.body, br#"{"folder_id":7}"#);
        let error = error(contract, &request.sent, 422, r#"{"errors":{"folder_id":["No."]}}"#);
        assert_eq!(error.items.list[0].pointer, "#/folder_id");
    }
}

#[test]
fn legacy_values_become_canonical_values() {
    let sondos = contract(LEGACY).dialect;
    for (data, r#type, mode, name) in [
        (r#"{"type":"make","mode":"multimodal","name":"a"}"#, "\"outbound\"", "\"multimodal\"", "\"a\""),
        (
            r#"{"calls_direction":"receive","engine_type":"pipeline","assistant_name":"b"}"#,
            "\"inbound\"",
            "\"pipeline\"",
            "\"b\"",
        ),
        (r#"{"type":"inbound","mode":"dualplex","name":null}"#, "\"inbound\"", "\"dualplex\"", "null"),
        (r#"{"type":{"x":1},"mode":[],"name":"\ud83d\ude00"}"#, "null", "null", "\"\\ud83d\\ude00\""),
    ] {
        let body = format!(r#"{{"message":"ok","data":{data}}}"#);
        let found = normalize_response(sondos, body.as_bytes()).unwrap().data;
        let members = found.members().map(|(_, text)| text.to_owned());
        assert_eq!(members, ["null", name, "null", r#type, mode].map(str::to_owned), "{data}");
    }
}

#[test]
fn the_members_of_the_assistant_are_limited_and_stay_json() {
    let id = |id: &str| {
        let body = format!(r#"{{"data":{{"id":{id}}}}}"#);
        normalize_response(contract(SUPERSET).dialect, body.as_bytes()).unwrap().data.id.map(Cow::into_owned)
    };
    let longest = format!("\"{}\"", "a".repeat(4094));
    assert_eq!(id(&longest), Some(longest));
    let cut = format!("\"{}…\"", "a".repeat(1021));
    assert_eq!(id(&format!("\"{}\"", "a".repeat(4095))), Some(cut));
    assert_eq!(id(&"1".repeat(4097)), None, "a number that is cut is another number");
}

#[test]
fn strings_are_changed_in_decoded_form_and_unchanged_ones_keep_their_text() {
    let body = r#"{"data":{"id":7,"name":"\u0061 key","status":"\u0062","type":"a","mode":null}}"#;
    let mut data = normalize_response(contract(SUPERSET).dialect, body.as_bytes()).unwrap().data;
    data.each_string(|text| match text.contains("a key") {
        true => Cow::Owned(text.replace("a key", "\"…\"")),
        false => Cow::Borrowed(text),
    });
    let members = data.members().map(|(_, text)| text.to_owned());
    assert_eq!(members, ["7", r#""\"…\"""#, r#""\u0062""#, r#""a""#, "null"]);
}

#[test]
fn error_and_message_are_both_kept_unless_they_are_equal() {
    for (body, message) in [
        (r#"{"error":"Boom","message":"Down"}"#, Some("Boom: Down")),
        (r#"{"error":"Boom","message":"Boom"}"#, Some("Boom")),
        (r#"{"error":["Boom"],"message":""}"#, Some("Boom")),
        (r#"{"error":{"message":"Boom"},"message":"Down"}"#, Some("Boom: Down")),
        (r#"{"error":"","message":"Down"}"#, Some("Down")),
        (r#"{"error":7,"message":{}}"#, None),
    ] {
        assert_eq!(error(contract(SUPERSET), &SentFields::default(), 500, body).message.as_deref(), message, "{body}");
    }
}

#[test]
fn an_id_keeps_the_vendors_json_type() {
    for contract in contracts() {
        for id in ["789", "\"789\"", "12345678901234567890123", "\"9f0c-uuid\"", "7.0"] {
            let body = format!(r#"{{"data":{{"id":{id}}}}}"#);
            assert_eq!(normalize_response(contract.dialect, body.as_bytes()).unwrap().data.id.as_deref(), Some(id));
        }
    }
}

#[test]
fn a_2xx_with_anything_but_the_documented_json_is_invalid() {
    let good = r#"{"message":"Assistant updated successfully","data":{"id":789}}"#;
    let deep = format!(r#"{{"data":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    for contract in contracts() {
        let response = |body: &str| normalize_response(contract.dialect, body.as_bytes()).map(|_| ());
        assert!(response(good).is_ok() && response(&format!("\n {good}\r\n")).is_ok());
        for empty in ["", " ", "\r\n\t"] {
            assert_eq!(response(empty), Err(InvalidResponse::Empty));
        }
        for other in
            ["<!DOCTYPE html><html></html>", "OK", &deep, "{\"data\":{}} x", "{'data':{}}", "\u{feff}\u{feff}{}"]
        {
            assert!(matches!(response(other), Err(InvalidResponse::NotJson(_))), "{other:.40}");
        }
        for end in 1..good.len() {
            assert!(response(&good[..end]).is_err(), "{}", &good[..end]);
        }
        for other in [
            "null",
            "true",
            "[]",
            "[{\"data\":{}}]",
            "\"ok\"",
            "{}",
            r#"{"data":null}"#,
            r#"{"data":[]}"#,
            r#"{"data":{},"data":1}"#,
        ] {
            assert_eq!(response(other), Err(InvalidResponse::NoData), "{other}");
        }
        for (error, sentence) in [
            (r#"{"error":"Boom","data":{"id":1}}"#, Some("Boom")),
            (r#"{"error":{"message":"Boom"},"data":{"id":1}}"#, Some("Boom")),
            (r#"{"success":false,"error":"Boom","error_code":"X"}"#, Some("Boom")),
            (r#"{"success":false,"data":{"id":1}}"#, None),
            (r#"{"message":"Validation failed","errors":{"name":["No."]},"data":{}}"#, Some("Validation failed")),
            (r#"{"error":true,"data":{}}"#, None),
            (r#"{"status":"error","message":"Locked.","data":{"id":1}}"#, Some("Locked.")),
            (r#"{"status":"Failed","data":{"id":1}}"#, None),
            (r#"{"status":422,"data":{"id":1}}"#, None),
            (r#"{"status":"422","data":{"id":1}}"#, None),
            (r#"{"statusCode":500,"data":{"id":1}}"#, None),
            (r#"{"code":403,"message":"Plan expired.","data":{"id":1}}"#, Some("Plan expired.")),
            (r#"{"result":"validation_error","data":{"id":1}}"#, None),
            (r#"{"ok":false,"data":{"id":1}}"#, None),
            (r#"{"error_code":"LOCKED","data":{"id":1}}"#, None),
            (r#"{"success":true,"success":false,"data":{"id":1}}"#, None),
        ] {
            assert_eq!(response(error), Err(InvalidResponse::Error(sentence.map(str::to_owned))), "{error}");
        }
    }
    assert!(normalize_response(contract(SUPERSET).dialect, b"{\"data\":{\"name\":\"\xff\"}}").is_err());
}

#[test]
fn a_success_that_means_no_is_an_error_in_every_spelling() {
    let outcome = |success: &str| {
        let body = format!(r#"{{"message":"m","success":{success},"data":{{"id":1}}}}"#);
        normalize_response(contract(SUPERSET).dialect, body.as_bytes()).map(|_| ())
    };
    for falsy in [
        "false",
        "0",
        "-0",
        "0.0",
        "null",
        "\"\"",
        "\"0\"",
        "\"false\"",
        "\"False \"",
        "\"no\"",
        "[]",
        "{}",
        "\"error\"",
    ] {
        assert_eq!(outcome(falsy), Err(InvalidResponse::Error(Some("m".into()))), "{falsy}");
    }
    for truthy in ["true", "1", "\"true\"", "\"1\"", "\"ok\"", "\"yes\"", "[1]", "{\"a\":0}"] {
        assert_eq!(outcome(truthy), Ok(()), "{truthy}");
    }
}

#[test]
fn a_status_that_is_no_error_is_a_success() {
    for members in [
        r#""status":"success""#,
        r#""status":200"#,
        r#""status":"ok","code":0"#,
        r#""error_code":0"#,
        r#""status":null"#,
    ] {
        let body = format!(r#"{{{members},"data":{{"id":1,"status":"failed"}}}}"#);
        assert!(normalize_response(contract(SUPERSET).dialect, body.as_bytes()).is_ok(), "{members}");
    }
}

#[test]
fn an_answer_about_another_assistant_is_told_from_one_about_this() {
    let is_of_another = |id: &str| {
        let body = format!(r#"{{"data":{{"id":{id}}}}}"#);
        normalize_response(contract(SUPERSET).dialect, body.as_bytes()).unwrap().data.is_of_another("789")
    };
    for same in ["789", "\"789\"", "\" 789\"", "\"\\u0037\\u00389\"", "789.0", "null", "\"\"", "{}", "true"] {
        assert!(!is_of_another(same), "{same}");
    }
    for other in ["790", "\"790\"", "7890", "78", "\"abc\"", "0"] {
        assert!(is_of_another(other), "{other}");
    }
}

#[test]
fn the_last_of_two_members_with_one_name_counts() {
    for body in [
        r#"{"data":{"id":2},"data":{"id":1}}"#,
        r#"{"data":1,"data":{"id":1}}"#,
        r#"{"x":{"data":{"id":2}},"data":{"id":2,"data":{"id":2},"id":1}}"#,
        r#"{"data":{"id":2},"\u0064ata":{"id":2,"\u0069d":1}}"#,
    ] {
        let found = normalize_response(contract(SUPERSET).dialect, body.as_bytes()).unwrap();
        assert_eq!(found.data.id.as_deref(), Some("1"), "{body}");
    }
}

#[test]
fn members_after_the_cached_ones_are_read() {
    for many in [0, 31, 32, 33, 1000] {
        let many: String = (0..many).map(|number| format!("\"{number}\":{number},")).collect();
        let body = format!(r#"{{{many}"message":"m","data":{{{many}"name":"n","id":1,"id":2}}}}"#);
        let found = normalize_response(contract(SUPERSET).dialect, body.as_bytes()).unwrap();
        assert_eq!(
            (&*found.message, found.data.id.as_deref(), found.data.name.as_deref()),
            ("m", Some("2"), Some("\"n\""))
        );
        let failed = format!(r#"{{{many}"success":false,"data":{{}}}}"#);
        assert!(matches!(
            normalize_response(contract(SUPERSET).dialect, failed.as_bytes()),
            Err(InvalidResponse::Error(None))
        ));
    }
}

#[test]
fn an_empty_list_of_errors_is_not_an_error() {
    for empty in ["null", "[]", "{}", "\"\"", "false", "0", "\"0\"", "[ ]", "{ }", "{\n}"] {
        let body = format!(r#"{{"message":"ok","errors":{empty},"error":{empty},"success":true,"data":{{"id":1}}}}"#);
        assert!(normalize_response(contract(SUPERSET).dialect, body.as_bytes()).is_ok(), "{empty}");
    }
}

#[test]
fn an_unreadable_error_is_classified_by_its_status() {
    let deep = format!(r#"{{"errors":{}}}"#, "[".repeat(100_000));
    let bodies = ["", "<html>502 Bad Gateway</html>", "[]", "null", "7", "{\"mess", &deep, "\"x\""];
    for contract in contracts() {
        for body in bodies {
            let is_json = ["[]", "null", "7", "\"x\""].contains(&body);
            let (credentials, not_found) = match is_json {
                true => (VendorErrorKind::CredentialsRejected, VendorErrorKind::NotFound),
                false => (VendorErrorKind::Intermediary, VendorErrorKind::WrongAddress),
            };
            let refused = if body.starts_with('<') { VendorErrorKind::Intermediary } else { VendorErrorKind::Refused };
            for (status, kind) in [
                (302, VendorErrorKind::Redirected),
                (400, refused),
                (401, if body.is_empty() { VendorErrorKind::CredentialsRejected } else { credentials }),
                (402, VendorErrorKind::AccountProblem),
                (403, credentials),
                (404, not_found),
                (405, VendorErrorKind::Unexpected),
                (418, VendorErrorKind::Unexpected),
                (422, VendorErrorKind::Refused),
                (429, VendorErrorKind::RateLimited),
                (500, VendorErrorKind::Failed),
                (503, VendorErrorKind::Failed),
                (599, VendorErrorKind::Failed),
                (700, VendorErrorKind::Unexpected),
            ] {
                let error = error(contract, &SentFields::default(), status, body);
                assert_eq!(error.kind, kind, "{status} {body:.20}");
                assert!(error.items.is_empty() && error.retry_after.is_none());
            }
        }
    }
}

#[test]
fn messages_in_unexpected_forms_are_kept() {
    let contract = contract(SUPERSET);
    let details = |errors: &str| -> Vec<(String, String)> {
        let error = error(contract, &SentFields::default(), 422, &format!(r#"{{"errors":{errors}}}"#));
        error.items.list.into_iter().map(|item| (item.pointer, item.detail)).collect()
    };
    let pair = |pointer: &str, detail: &str| (pointer.to_owned(), detail.to_owned());
    assert_eq!(details(r#"{"name":"One."}"#), [pair("#/name", "One.")]);
    assert_eq!(details(r#"{"name":["One.","Two."]}"#), [pair("#/name", "One."), pair("#/name", "Two.")]);
    assert_eq!(details(r#"["One.","Two."]"#), [pair("#", "One."), pair("#", "Two.")]);
    assert_eq!(details(r#""One.""#), [pair("#", "One.")]);
    assert_eq!(details(r#"{"tools":{"0":{"phone_number":["No."]}}}"#), [pair("#/tools/0/phone_number", "No.")]);
    assert_eq!(details(r#"{"name":[{"rule":"max"}]}"#), [pair("#/name", "max")]);
    assert_eq!(details(r#"{"name":null,"mode":[null]}"#), []);
    assert_eq!(details(r#"{"name":[]}"#), []);
    assert_eq!(details("null"), []);
    let unplaced = error(contract, &SentFields::default(), 422, r#"{"errors":["One."]}"#).items.list.remove(0);
    assert_eq!((unplaced.field, unplaced.vendor_field), (None, None));
}

#[test]
fn retry_after_in_the_body_is_read_if_it_is_a_number_of_seconds() {
    for (text, seconds) in [
        ("60", Some(60.0)),
        ("\"60\"", Some(60.0)),
        ("0.5", Some(0.5)),
        ("-1", None),
        ("1e999", None),
        ("\"NaN\"", None),
        ("\"inf\"", None),
        ("null", None),
        ("{}", None),
    ] {
        let body = format!(r#"{{"message":"Too Many Attempts.","retry_after":{text}}}"#);
        assert_eq!(error(contract(SUPERSET), &SentFields::default(), 429, &body).retry_after, seconds, "{text}");
    }
}

#[test]
fn a_401_means_a_rejected_token_whatever_the_body_says() {
    let body = r#"{"success":false,"error":"Token expired","error_code":"TOKEN_EXPIRED"}"#;
    let error = error(contract(SUPERSET), &SentFields::default(), 401, body);
    assert_eq!(error.kind, VendorErrorKind::CredentialsRejected);
}

#[test]
fn the_texts_of_a_hostile_vendor_are_limited() {
    let long = "ä".repeat(100_000);
    let body = serde_json::json!({ "message": long, "errors": { (long.clone()): [long], "name": [long] } });
    let vendor = contract(SUPERSET);
    let error = error(vendor, &SentFields::default(), 422, &body.to_string());
    assert!(error.message.unwrap().len() <= 1024);
    for item in error.items.list {
        let key = item.vendor_field.unwrap_or_default();
        assert!(item.detail.len() <= 1024 && key.len() <= 1024 && item.pointer.len() <= 4096);
    }
    let many: Vec<Value> = vec!["No.".into(); 5000];
    let body = serde_json::json!({ "errors": { "name": many } }).to_string();
    let items = normalize_error(vendor.dialect, vendor.name(), &SentFields::default(), 422, body.as_bytes()).items;
    assert_eq!((items.list.len(), items.more), (1000, 4000));
}

#[test]
fn the_path_inside_a_field_is_limited() {
    let body = serde_json::json!({ "errors": { format!("name{}", ".a".repeat(50_000)): vec!["No."; 10] } });
    let error = error(contract(SUPERSET), &SentFields::default(), 422, &body.to_string());
    let bytes: usize = error.items.list.iter().map(|item| item.pointer.len()).sum();
    assert!(bytes <= 10 * 4096, "{bytes} bytes of pointers from a body of {}", body.to_string().len());
}
