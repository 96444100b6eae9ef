//! Vendors' answers brought home: successes, errors, and what is neither.

use std::borrow::Cow;

use serde_json::Value;
use vendors::{
    BadAnswer, FieldPolicy, Handling, Item, Policies, Sent, VendorFailure, VendorVerdict, normalize_error,
    normalize_response,
};

use super::page::{LEGACY, Page, SUPERSET, page, pages};

/// What each answer of the pages means, by the beginning of its file's name.
const VERDICTS: [(&str, VendorVerdict); 9] = [
    ("401", VendorVerdict::CredentialsRejected),
    ("402", VendorVerdict::AccountProblem),
    ("403-plan", VendorVerdict::AccountProblem),
    ("403-insufficient", VendorVerdict::CredentialsRejected),
    ("404", VendorVerdict::NotFound),
    ("405", VendorVerdict::Unexpected),
    ("422", VendorVerdict::Refused),
    ("429", VendorVerdict::RateLimited),
    ("500", VendorVerdict::Failed),
];

/// Where a key of the legacy page belongs, if it is not called so.
const HOMES: [(&str, &str); 6] = [
    ("assistant_name", "name"),
    ("calls_direction", "type"),
    ("engine_type", "mode"),
    ("max_call_duration", "max_duration"),
    ("use_min_interrupt_words", "min_interrupt_words"),
    ("end_call_tool.description", "tools.0.description"),
];

/// What `update` made known for bringing errors home.
fn sent(page: &Page, update: &str) -> Sent {
    page.translate(update, Handling::Strict).unwrap_or_else(|refused| panic!("{:?}", refused.items)).sent
}

fn failure(page: &Page, sent: &Sent, status: u16, body: &str) -> VendorFailure {
    normalize_error(page.dialect, page.name(), sent, status, body.as_bytes())
}

/// The one item that an error under `key` becomes, after `update` was sent.
fn homecoming(vendor: &str, update: &str, key: &str) -> Item {
    let page = page(vendor);
    let body = serde_json::json!({ "message": "Validation failed", "errors": { key: ["The sentence."] } });
    let mut items = failure(page, &sent(page, update), 422, &body.to_string()).items.list;
    assert_eq!(items.len(), 1, "{key}");
    let item = items.remove(0);
    assert_eq!((item.detail.as_str(), item.code.as_str()), ("The sentence.", "rejected_by_vendor"));
    item
}

#[test]
fn every_success_of_the_pages_comes_back_with_its_five_members() {
    for page in pages() {
        let successes: Vec<_> = page.answers().into_iter().filter(|answer| answer.status == 200).collect();
        assert_eq!(successes.len(), 1, "{}", page.name());
        for answer in successes {
            let text = answer.body.to_string();
            let response = normalize_response(page.dialect, text.as_bytes()).unwrap();
            assert_eq!(response.message, answer.body["message"].as_str().unwrap());
            for (member, text) in response.data.members() {
                assert_eq!(text, answer.body["data"][member].to_string(), "{} {member}", page.name());
                assert_ne!(text, "null");
            }
        }
    }
}

#[test]
fn every_error_of_the_pages_keeps_its_sentences_and_finds_its_fields() {
    for page in pages() {
        for answer in page.answers().into_iter().filter(|answer| answer.status != 200) {
            let name = format!("{} {}", page.name(), answer.name);
            let text = answer.text();
            let failure = failure(page, &Sent::default(), answer.status, &text);
            let verdict = VERDICTS.iter().find(|(start, _)| answer.name.starts_with(start)).unwrap().1;
            assert_eq!(failure.verdict, verdict, "{name}");
            let message = failure.message.unwrap_or_default();
            for sentence in ["error", "message"].iter().filter_map(|key| answer.body[key].as_str()) {
                assert!(message.contains(sentence), "{name}: {message}");
            }
            assert_eq!(failure.retry_after, answer.body["retry_after"].as_f64(), "{name}");
            let errors = answer.body["errors"].as_object().cloned().unwrap_or_default();
            let complaints: Vec<_> = errors
                .iter()
                .flat_map(|(key, list)| list.as_array().unwrap().iter().map(move |sentence| (key, sentence)))
                .collect();
            assert_eq!(failure.items.list.len(), complaints.len());
            for (item, (key, sentence)) in failure.items.list.iter().zip(complaints) {
                assert_eq!(item.detail, sentence.as_str().unwrap());
                let home = HOMES.iter().find(|(legacy, _)| legacy == key).map_or(key.as_str(), |(_, home)| home);
                assert_eq!(item.pointer, format!("#/{}", home.replace('.', "/")), "{name}");
                assert_eq!(item.field.as_deref(), home.split('.').next(), "{name}");
                assert_eq!(item.vendor_field, None, "{name}");
            }
        }
    }
}

#[test]
fn keys_of_the_legacy_vendor_come_home_under_canonical_pointers() {
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
        let item = homecoming(LEGACY, update, key);
        assert_eq!(item.pointer, pointer, "{key} after {update}");
        let field = pointer.split('/').nth(1);
        assert_eq!((item.field.as_deref(), item.vendor_field.as_deref()), (field, None));
    }
}

#[test]
fn keys_of_the_current_dialect_come_home_with_their_index_and_to_the_twin_that_was_sent() {
    let tools = r#"{"tools":[{"type":"end_call"}]}"#;
    for page in pages().iter().filter(|page| !page.is_legacy()) {
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
            assert_eq!(homecoming(page.name(), update, key).pointer, pointer, "{} {key}", page.name());
        }
    }
}

#[test]
fn a_key_with_no_canonical_name_is_kept_as_the_vendors() {
    for page in pages() {
        for key in ["brand_new", "brand_new.0.name", "assistant", "engine_type.", "ü/~"] {
            let item = homecoming(page.name(), "{}", key);
            if item.field.is_none() {
                assert_eq!((item.pointer.as_str(), item.vendor_field.as_deref()), ("#", Some(key)), "{}", page.name());
            } else {
                assert_eq!((key, page.vocabulary()), ("engine_type.", LEGACY));
            }
        }
    }
}

#[test]
fn keys_merged_from_vendor_options_come_home_to_them() {
    for page in pages() {
        let name = page.name();
        let update = format!(r#"{{"name":"a","vendor_options":{{"{name}":{{"brand_new":{{"x":[1]}},"a/b":2}}}}}}"#);
        for (key, way) in [("brand_new", "brand_new"), ("brand_new.x.0", "brand_new/x/0"), ("a/b", "a~1b")] {
            let item = homecoming(name, &update, key);
            assert_eq!(item.pointer, format!("#/vendor_options/{name}/{way}"));
            assert_eq!((item.field.as_deref(), item.vendor_field), (Some("vendor_options"), None));
        }
        assert_eq!(homecoming(name, &update, "voice_id").pointer, "#/voice_id");
    }
}

#[test]
fn an_option_whose_key_holds_a_dot_comes_home_too() {
    let update = r#"{"vendor_options":{"sondos":{"end_call_tool.description":"d"}}}"#;
    let item = homecoming(LEGACY, update, "end_call_tool.description");
    assert_eq!(item.pointer, "#/vendor_options/sondos/end_call_tool.description");
}

#[test]
fn a_field_that_an_operator_sends_anyway_comes_home_under_its_own_name() {
    let policies: Policies = [(vendors::Field::FolderId, FieldPolicy::Send)].into_iter().collect();
    for vendor in [LEGACY, "gloriagent", "famulor", "intellixent"] {
        let page = page(vendor);
        let request = page.translate_with(r#"{"folder_id":7}"#, Handling::Strict, &policies).unwrap();
        assert_eq!(request.body, br#"{"folder_id":7}"#);
        let failure = failure(page, &request.sent, 422, r#"{"errors":{"folder_id":["No."]}}"#);
        assert_eq!(failure.items.list[0].pointer, "#/folder_id");
    }
}

#[test]
fn values_in_the_legacy_vendors_spelling_come_home_in_the_canonical_one() {
    let sondos = page(LEGACY).dialect;
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
fn what_a_vendor_says_of_the_assistant_is_bounded_and_still_json() {
    let id = |id: &str| {
        let body = format!(r#"{{"data":{{"id":{id}}}}}"#);
        normalize_response(page(SUPERSET).dialect, body.as_bytes()).unwrap().data.id.map(Cow::into_owned)
    };
    let longest = format!("\"{}\"", "a".repeat(4094));
    assert_eq!(id(&longest), Some(longest));
    let cut = format!("\"{}…\"", "a".repeat(1021));
    assert_eq!(id(&format!("\"{}\"", "a".repeat(4095))), Some(cut));
    assert_eq!(id(&"1".repeat(4097)), None, "a number that is cut is another number");
}

#[test]
fn strings_of_an_answer_are_changed_decoded_and_what_does_not_change_keeps_its_text() {
    let body = r#"{"data":{"id":7,"name":"\u0061 key","status":"\u0062","type":"a","mode":null}}"#;
    let mut data = normalize_response(page(SUPERSET).dialect, body.as_bytes()).unwrap().data;
    data.each_string(|text| match text.contains("a key") {
        true => Cow::Owned(text.replace("a key", "\"…\"")),
        false => Cow::Borrowed(text),
    });
    let members = data.members().map(|(_, text)| text.to_owned());
    assert_eq!(members, ["7", r#""\"…\"""#, r#""\u0062""#, r#""a""#, "null"]);
}

#[test]
fn error_and_message_are_both_kept_and_told_once_if_they_are_the_same() {
    for (body, message) in [
        (r#"{"error":"Boom","message":"Down"}"#, Some("Boom: Down")),
        (r#"{"error":"Boom","message":"Boom"}"#, Some("Boom")),
        (r#"{"error":["Boom"],"message":""}"#, Some("Boom")),
        (r#"{"error":{"message":"Boom"},"message":"Down"}"#, Some("Boom: Down")),
        (r#"{"error":"","message":"Down"}"#, Some("Down")),
        (r#"{"error":7,"message":{}}"#, None),
    ] {
        assert_eq!(failure(page(SUPERSET), &Sent::default(), 500, body).message.as_deref(), message, "{body}");
    }
}

#[test]
fn an_id_keeps_the_vendors_json_type() {
    for page in pages() {
        for id in ["789", "\"789\"", "12345678901234567890123", "\"9f0c-uuid\"", "7.0"] {
            let body = format!(r#"{{"data":{{"id":{id}}}}}"#);
            assert_eq!(normalize_response(page.dialect, body.as_bytes()).unwrap().data.id.as_deref(), Some(id));
        }
    }
}

#[test]
fn a_success_status_with_anything_but_the_documented_json_is_no_success() {
    let good = r#"{"message":"Assistant updated successfully","data":{"id":789}}"#;
    let deep = format!(r#"{{"data":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    for page in pages() {
        let answer = |body: &str| normalize_response(page.dialect, body.as_bytes()).map(|_| ());
        assert!(answer(good).is_ok() && answer(&format!("\n {good}\r\n")).is_ok());
        for empty in ["", " ", "\r\n\t"] {
            assert_eq!(answer(empty), Err(BadAnswer::Empty));
        }
        for other in ["<!DOCTYPE html><html></html>", "OK", &deep, "{\"data\":{}} x", "{'data':{}}", "\u{feff}{}"] {
            assert!(matches!(answer(other), Err(BadAnswer::NotJson(_))), "{other:.40}");
        }
        for end in 1..good.len() {
            assert!(answer(&good[..end]).is_err(), "{}", &good[..end]);
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
            r#"{"data":1,"data":{}}"#,
        ] {
            assert_eq!(answer(other), Err(BadAnswer::NoData), "{other}");
        }
        for (error, sentence) in [
            (r#"{"error":"Boom","data":{"id":1}}"#, Some("Boom")),
            (r#"{"error":{"message":"Boom"},"data":{"id":1}}"#, Some("Boom")),
            (r#"{"success":false,"error":"Boom","error_code":"X"}"#, Some("Boom")),
            (r#"{"success":false,"data":{"id":1}}"#, None),
            (r#"{"message":"Validation failed","errors":{"name":["No."]},"data":{}}"#, Some("Validation failed")),
            (r#"{"error":true,"data":{}}"#, None),
        ] {
            assert_eq!(answer(error), Err(BadAnswer::Error(sentence.map(str::to_owned))), "{error}");
        }
    }
    assert!(normalize_response(page(SUPERSET).dialect, b"{\"data\":{\"name\":\"\xff\"}}").is_err());
}

#[test]
fn of_two_members_with_one_name_the_first_is_meant() {
    for body in [
        r#"{"data":{"id":1},"data":{"id":2}}"#,
        r#"{"x":{"data":{"id":2}},"data":{"id":1,"data":{"id":2},"id":2}}"#,
        r#"{"\u0064ata":{"\u0069d":1,"id":2},"data":{"id":2}}"#,
    ] {
        let found = normalize_response(page(SUPERSET).dialect, body.as_bytes()).unwrap();
        assert_eq!(found.data.id.as_deref(), Some("1"), "{body}");
    }
}

#[test]
fn what_is_said_behind_many_members_is_heard() {
    for many in [0, 31, 32, 33, 1000] {
        let many: String = (0..many).map(|number| format!("\"{number}\":{number},")).collect();
        let body = format!(r#"{{{many}"message":"m","data":{{{many}"name":"n","id":1,"id":2}}}}"#);
        let found = normalize_response(page(SUPERSET).dialect, body.as_bytes()).unwrap();
        assert_eq!(
            (&*found.message, found.data.id.as_deref(), found.data.name.as_deref()),
            ("m", Some("1"), Some("\"n\""))
        );
        let error = format!(r#"{{{many}"success":false,"data":{{}}}}"#);
        assert!(matches!(normalize_response(page(SUPERSET).dialect, error.as_bytes()), Err(BadAnswer::Error(None))));
    }
}

#[test]
fn an_empty_list_of_errors_is_no_error_however_it_is_spaced() {
    for empty in ["null", "[]", "{}", "\"\"", "false", "[ ]", "{ }", "{\n}"] {
        let body = format!(r#"{{"message":"ok","errors":{empty},"error":{empty},"success":true,"data":{{"id":1}}}}"#);
        assert!(normalize_response(page(SUPERSET).dialect, body.as_bytes()).is_ok(), "{empty}");
    }
}

#[test]
fn an_error_body_of_any_form_gives_a_verdict_by_its_status() {
    let deep = format!(r#"{{"errors":{}}}"#, "[".repeat(100_000));
    let bodies =
        ["", "<html>502 Bad Gateway</html>", "[]", "[{\"message\":\"x\"}]", "null", "7", "{\"mess", &deep, "\"x\""];
    for page in pages() {
        for body in bodies {
            for (status, verdict) in [
                (302, VendorVerdict::Redirected),
                (400, VendorVerdict::Refused),
                (401, VendorVerdict::CredentialsRejected),
                (402, VendorVerdict::AccountProblem),
                (403, VendorVerdict::CredentialsRejected),
                (404, VendorVerdict::NotFound),
                (405, VendorVerdict::Unexpected),
                (418, VendorVerdict::Unexpected),
                (422, VendorVerdict::Refused),
                (429, VendorVerdict::RateLimited),
                (500, VendorVerdict::Failed),
                (503, VendorVerdict::Failed),
                (599, VendorVerdict::Failed),
                (700, VendorVerdict::Unexpected),
            ] {
                let failure = failure(page, &Sent::default(), status, body);
                assert_eq!((failure.verdict, failure.message), (verdict, None), "{status} {body:.20}");
                assert!(failure.items.is_empty() && failure.retry_after.is_none());
            }
        }
    }
}

#[test]
fn sentences_in_unexpected_forms_are_kept() {
    let page = page(SUPERSET);
    let details = |errors: &str| -> Vec<(String, String)> {
        let failure = failure(page, &Sent::default(), 422, &format!(r#"{{"errors":{errors}}}"#));
        failure.items.list.into_iter().map(|item| (item.pointer, item.detail)).collect()
    };
    let pair = |pointer: &str, detail: &str| (pointer.to_owned(), detail.to_owned());
    assert_eq!(details(r#"{"name":"One."}"#), [pair("#/name", "One.")]);
    assert_eq!(details(r#"{"name":["One.","Two."]}"#), [pair("#/name", "One."), pair("#/name", "Two.")]);
    assert_eq!(details(r#"["One.","Two."]"#), [pair("#", "One."), pair("#", "Two.")]);
    assert_eq!(details(r#""One.""#), [pair("#", "One.")]);
    assert_eq!(details(r#"{"tools":{"0":{"phone_number":["No."]}}}"#), [pair("#/tools/0/phone_number", "No.")]);
    assert_eq!(details(r#"{"name":[{"rule":"max"}]}"#), [pair("#/name/rule", "max")]);
    assert_eq!(details(r#"{"name":null,"mode":[null]}"#), []);
    assert_eq!(details(r#"{"name":[]}"#), []);
    assert_eq!(details("null"), []);
    let unplaced = failure(page, &Sent::default(), 422, r#"{"errors":["One."]}"#).items.list.remove(0);
    assert_eq!((unplaced.field, unplaced.vendor_field), (None, None));
}

#[test]
fn the_bodys_own_wait_is_read_where_it_is_a_number_of_seconds() {
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
        assert_eq!(failure(page(SUPERSET), &Sent::default(), 429, &body).retry_after, seconds, "{text}");
    }
}

#[test]
fn a_rejected_token_stays_one_whatever_else_the_body_says() {
    let body = r#"{"success":false,"error":"Token expired","error_code":"TOKEN_EXPIRED"}"#;
    let failure = failure(page(SUPERSET), &Sent::default(), 401, body);
    assert_eq!(failure.verdict, VendorVerdict::CredentialsRejected);
}

#[test]
fn what_a_hostile_vendor_says_is_bounded() {
    let long = "ä".repeat(100_000);
    let body = serde_json::json!({ "message": long, "errors": { (long.clone()): [long], "name": [long] } });
    let vendor = page(SUPERSET);
    let failure = failure(vendor, &Sent::default(), 422, &body.to_string());
    assert!(failure.message.unwrap().len() <= 1024);
    for item in failure.items.list {
        let key = item.vendor_field.unwrap_or_default();
        assert!(item.detail.len() <= 1024 && key.len() <= 1024 && item.pointer.len() <= 4096);
    }
    let many: Vec<Value> = vec!["No.".into(); 5000];
    let body = serde_json::json!({ "errors": { "name": many } }).to_string();
    let items = normalize_error(vendor.dialect, vendor.name(), &Sent::default(), 422, body.as_bytes()).items;
    assert_eq!((items.list.len(), items.more), (1000, 4000));
}

#[test]
fn the_way_inside_a_field_is_bounded_like_everything_else_a_vendor_says() {
    let body = serde_json::json!({ "errors": { format!("name{}", ".a".repeat(50_000)): vec!["No."; 10] } });
    let failure = failure(page(SUPERSET), &Sent::default(), 422, &body.to_string());
    let bytes: usize = failure.items.list.iter().map(|item| item.pointer.len()).sum();
    assert!(bytes <= 10 * 4096, "{bytes} bytes of pointers from a body of {}", body.to_string().len());
}
