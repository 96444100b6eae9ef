//! The vendor's refusals in canonical names.

use vendors::{VendorErrorKind, normalize_error};

use super::super::dialect;
use super::translate;

fn error(update: &str, status: u16, body: &str) -> vendors::VendorError {
    let request = translate(update).unwrap();
    normalize_error(dialect("elevenlabs"), "elevenlabs", &request.sent, status, body.as_bytes())
}

/// The pointer and the field of a complaint at a place.
fn pointed(update: &str, loc: &str) -> (String, Option<String>, Option<String>) {
    let body = format!(r#"{{"detail":[{{"loc":{loc},"msg":"Input is wrong","type":"value_error","input":1}}]}}"#);
    let error = error(update, 422, &body);
    assert_eq!((error.kind, error.items.list.len()), (VendorErrorKind::Refused, 1), "{loc}");
    let item = &error.items.list[0];
    assert_eq!((&*item.detail, item.code.as_str()), ("Input is wrong", "rejected_by_vendor"));
    (item.pointer.clone(), item.field.as_deref().map(str::to_owned), item.vendor_field.clone())
}

#[test]
fn a_complaint_points_at_the_field_that_was_sent() {
    for (update, loc, pointer) in [
        (r#"{"speech_speed":1}"#, r#"["body","conversation_config","tts","speed"]"#, "#/speech_speed"),
        (r#"{"keywords":["a"]}"#, r#"["body","conversation_config","asr","keywords",0]"#, "#/keywords/0"),
        (
            r#"{"tool_ids":["a","b"]}"#,
            r#"["body","conversation_config","agent","prompt","tool_ids",1]"#,
            "#/tool_ids/1",
        ),
        (r#"{"voice":"Eric"}"#, r#"["body","conversation_config","tts","voice_id"]"#, "#/voice"),
        (r#"{"voice_id":"v"}"#, r#"["body","conversation_config","tts","voice_id"]"#, "#/voice_id"),
        (
            r#"{"post_call_schema":[{"name":"abc","type":"bool","description":"One"}]}"#,
            r#"["body","platform_settings","data_collection","abc","type"]"#,
            "#/post_call_schema",
        ),
        (
            r#"{"tools":[{"type":"call_transfer","phone_number":"x","description":"d"}]}"#,
            r#"["body","conversation_config","agent","prompt","built_in_tools","transfer_to_number","params","transfers",0]"#,
            "#/tools",
        ),
        (
            r#"{"knowledgebase_id":"doc_1"}"#,
            r#"["body","conversation_config","agent","prompt","knowledge_base",0,"id"]"#,
            "#/knowledgebase_id",
        ),
        (
            r#"{"vendor_options":{"elevenlabs":{"conversation_config":{"turn":{"spelling_patience":"x"}}}}}"#,
            r#"["body","conversation_config","turn","spelling_patience"]"#,
            "#/vendor_options/elevenlabs/conversation_config/turn/spelling_patience",
        ),
    ] {
        assert_eq!(pointed(update, loc).0, pointer, "{loc}");
    }
    let unknown = pointed(r#"{"name":"A"}"#, r#"["body","workflow","nodes"]"#);
    assert_eq!(unknown, ("#".to_owned(), None, Some("body.workflow.nodes".to_owned())));
}

#[test]
fn sentences_without_a_field_stay_messages() {
    for (status, body, kind) in [
        (400, r#"{"detail":{"status":"voice_not_found","message":"No such voice."}}"#, VendorErrorKind::Refused),
        (400, r#"{"detail":"No such voice."}"#, VendorErrorKind::Refused),
        (404, r#"{"detail":{"status":"not_found","message":"No such voice."}}"#, VendorErrorKind::NotFound),
        (
            403,
            r#"{"detail":{"status":"admin_perms_required","message":"No such voice."}}"#,
            VendorErrorKind::CredentialsRejected,
        ),
        (
            401,
            r#"{"detail":{"status":"invalid_api_key","message":"No such voice."}}"#,
            VendorErrorKind::CredentialsRejected,
        ),
        (
            400,
            r#"{"detail":{"status":"invalid_api_key","message":"No such voice."}}"#,
            VendorErrorKind::CredentialsRejected,
        ),
        (401, r#"{"detail":{"status":"quota_exceeded","message":"No such voice."}}"#, VendorErrorKind::AccountProblem),
        (400, r#"{"detail":{"status":"quota_exceeded","message":"No such voice."}}"#, VendorErrorKind::AccountProblem),
        (429, r#"{"detail":{"status":"system_busy","message":"No such voice."}}"#, VendorErrorKind::RateLimited),
    ] {
        let error = error(r#"{"voice_id":"v"}"#, status, body);
        assert_eq!((error.kind, error.items.list.len()), (kind, 0), "{status} {body}");
        assert_eq!(error.message.as_deref(), Some("No such voice."), "{body}");
    }
}

#[test]
fn a_word_changes_a_status_only_where_it_is_said_of_it() {
    let quota = r#"{"detail":{"status":"quota_exceeded","message":"x"}}"#;
    assert_eq!(error(r#"{"name":"A"}"#, 404, quota).kind, VendorErrorKind::NotFound);
    let echoed = r#"{"detail":[{"loc":["body","name"],"msg":"wrong","type":"x","input":"quota_exceeded"}]}"#;
    assert_eq!(error(r#"{"name":"A"}"#, 422, echoed).kind, VendorErrorKind::Refused);
    let upper = r#"{"detail":"QUOTA_EXCEEDED: 0 credits left"}"#;
    assert_eq!(error(r#"{"name":"A"}"#, 401, upper).kind, VendorErrorKind::AccountProblem);
}
