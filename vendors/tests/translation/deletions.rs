//! What a vendor says after a deletion.

use vendors::{InvalidResponse, ResponseBody, registry};

fn said(vendor: &str, status: u16, body: &str) -> Result<String, InvalidResponse> {
    let dialect = registry::dialect(vendor).unwrap();
    ResponseBody::read(body.as_bytes()).deletion_message(dialect, status).map(std::borrow::Cow::into_owned)
}

#[test]
fn a_vendor_of_whole_objects_may_send_nothing_or_the_object_that_is_gone() {
    let gone = Ok("Assistant deleted successfully".to_owned());
    for (vendor, status, body) in [
        ("retell", 204, ""),
        ("elevenlabs", 204, ""),
        ("elevenlabs", 200, ""),
        ("elevenlabs", 200, " null\n"),
        ("elevenlabs", 200, "{}"),
        // Members that would report an error, if they were about the request.
        ("vapi", 200, r#"{"id":"1","name":"x","error":"none yet","status":"failed","message":"Hi"}"#),
        ("elevenlabs", 200, r#"{"agent_id":"a","status":"error"}"#),
    ] {
        assert_eq!(said(vendor, status, body), gone, "{vendor} {body}");
    }
    assert_eq!(said("elevenlabs", 200, r#"{"message":"Gone."}"#), Ok("Gone.".to_owned()));
    assert_eq!(said("vapi", 200, ""), gone, "as with 204");
}

#[test]
fn what_is_no_confirmation_is_none() {
    for (vendor, body) in [
        ("vapi", "<html>"),
        ("retell", "[]"),
        ("retell", "true"),
        ("elevenlabs", "{"),
        ("sondos", ""),
        ("sondos", "null"),
        ("retell", r#"{"status":"error","message":"no"}"#),
        ("vapi", r#"{"error":"assistant_pinned","message":"no"}"#),
        ("sondos", r#"{"id":1,"error":"x"}"#),
    ] {
        assert!(said(vendor, 200, body).is_err(), "{vendor} {body}");
    }
}
