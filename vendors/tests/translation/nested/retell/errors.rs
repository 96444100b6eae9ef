//! The vendor's errors: a sentence without a field.

use vendors::{VendorErrorKind, normalize_error};

use super::super::translate;
use super::retell;

fn error(update: &str, status: u16, message: &str) -> vendors::VendorError {
    let sent = translate(retell(), update).unwrap().sent;
    let body = serde_json::json!({ "status": "error", "message": message }).to_string();
    normalize_error(retell(), "retell", &sent, status, body.as_bytes())
}

#[test]
fn a_status_means_what_the_vendor_documents() {
    for (status, message, kind) in [
        (400, "Invalid JSON", VendorErrorKind::Refused),
        (401, "API key is missing or invalid.", VendorErrorKind::CredentialsRejected),
        (402, "Trial has ended, please add payment method.", VendorErrorKind::AccountProblem),
        (404, "Not found", VendorErrorKind::NotFound),
        (422, "Cannot find requested asset under given api key.", VendorErrorKind::NotFound),
        (422, "cannot find requested asset", VendorErrorKind::NotFound),
        (422, "The model does not offer this tier.", VendorErrorKind::Refused),
        (429, "Account rate limited, please throttle your requests.", VendorErrorKind::RateLimited),
        (500, "An unexpected server error occurred.", VendorErrorKind::Failed),
    ] {
        let error = error(r#"{"name":"x"}"#, status, message);
        assert_eq!(error.kind, kind, "{status} {message}");
        assert_eq!(error.message.as_deref(), Some(message));
    }
}

#[test]
fn a_sentence_has_no_pointer_and_names_the_vendors_field_only_as_a_whole_word() {
    let vendor_fields = |update: &str, message: &str| {
        let items = error(update, 400, message).items.list;
        assert!(
            items.iter().all(|item| item.pointer == "#" && item.field.is_none() && item.detail == message),
            "{items:?}"
        );
        items.into_iter().map(|item| item.vendor_field.unwrap()).collect::<Vec<_>>()
    };
    let speed = r#"{"speech_speed":1.1}"#;
    for (message, fields) in [
        ("voice_speed: value out of range", &["voice_speed"][..]),
        ("The value of `voice_speed` is out of range.", &["voice_speed"]),
        ("Invalid model_config.temperature", &["model_config"]),
        ("voice_id does not allow this voice_speed", &["voice_speed"]), // that was sent
        ("max_voice_speed is unknown", &[]),
        ("voice_speeds are wrong", &[]),
        ("speech_speed is ours", &[]),
        ("Something is wrong.", &[]),
        ("", &[]),
    ] {
        assert_eq!(vendor_fields(speed, message), fields, "{message}");
    }
    let options = r#"{"vendor_options":{"retell":{"agent":{"volume":9,"pii_config":{"mode":"x"}}}}}"#;
    assert_eq!(vendor_fields(options, "volume must be at most 2"), ["volume"]);
    assert_eq!(vendor_fields(options, "pii_config.mode is wrong"), ["pii_config"]);
    assert_eq!(vendor_fields(options, "mode is wrong"), [""; 0]);
}

#[test]
fn other_bodies_are_read_as_far_as_they_go() {
    let sent = translate(retell(), r#"{"name":"x"}"#).unwrap().sent;
    for (status, body, kind) in [
        (422, &b"[]"[..], VendorErrorKind::Refused),
        (422, b"", VendorErrorKind::Refused),
        (500, b"<html><title>Oops</title></html>", VendorErrorKind::Failed),
    ] {
        assert_eq!(normalize_error(retell(), "retell", &sent, status, body).kind, kind, "{status}");
    }
}
