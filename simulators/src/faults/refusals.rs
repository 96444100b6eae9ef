//! Refusals as other frameworks write them, and answers of what stands in front of a vendor.

use hyper::header::HeaderName;
use serde_json::{Value, json};

use crate::http::{Received, VendorResponse};

/// The sentence of every simulated complaint.
const SENTENCE: &str = "This value is not valid.";

/// The shapes of `refusal=SHAPE`.
pub(super) const SHAPES: [&str; 15] = [
    "map",
    "strings",
    "objects",
    "json-api",
    "code-and-message",
    "problem",
    "fastapi",
    "nest",
    "spring",
    "top-level",
    "message-list",
    "error-object",
    "text",
    "html",
    "empty",
];

/// A 422 in this shape about the first field of the update; `name` if it has none.
pub(super) fn refusal(shape: &str, request: &Received) -> VendorResponse {
    let first = request.json.as_ref().and_then(Value::as_object).and_then(|update| update.keys().next());
    let field = first.map_or("name", String::as_str);
    let pointer = format!("/data/attributes/{field}");
    let body = match shape {
        "map" => json!({ "message": "Invalid.", "errors": { (field): [SENTENCE] } }),
        "strings" => json!({ "errors": [format!("{field}: {SENTENCE}")] }),
        "objects" => json!({ "errors": [{ "field": field, "message": SENTENCE }] }),
        "json-api" => {
            json!({ "errors": [{ "status": "422", "source": { "pointer": pointer }, "title": "Invalid", "detail": SENTENCE }] })
        }
        "code-and-message" => json!({ "errors": { (field): { "code": "E1", "message": SENTENCE } } }),
        "problem" => json!({
            "type": "about:blank", "title": "Invalid", "status": 422, "detail": "One value is not valid.",
            "invalid-params": [{ "name": field, "reason": SENTENCE }],
        }),
        "fastapi" => json!({ "detail": [{ "loc": ["body", field], "msg": SENTENCE, "type": "value_error" }] }),
        "nest" => {
            json!({ "statusCode": 422, "message": [format!("{field} is not valid")], "error": "Unprocessable Entity" })
        }
        "spring" => json!({
            "status": 422, "error": "Unprocessable Entity",
            "errors": [{ "objectName": "assistant", "field": field, "defaultMessage": SENTENCE, "code": "Size" }],
        }),
        "top-level" => json!({ (field): [SENTENCE] }),
        "message-list" => json!({ "message": [SENTENCE, "So is another."] }),
        "error-object" => json!({ "error": { "type": "invalid_request_error", "param": field, "message": SENTENCE } }),
        "text" => return VendorResponse::empty(422).with_body(SENTENCE),
        "html" => return VendorResponse::html(422),
        _ => return VendorResponse::empty(422),
    };
    VendorResponse::json(422, &body)
}

/// A page of bot protection.
pub(super) fn challenge() -> VendorResponse {
    VendorResponse::html(403).with(HeaderName::from_static("cf-mitigated"), "challenge").with_body(
        "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Checking your browser.</body></html>",
    )
}

/// The framework's 404 for a path that it does not know.
pub(super) fn no_route(request: &Received) -> VendorResponse {
    let path = request.path.trim_start_matches('/');
    VendorResponse::message(404, &format!("The route {path} could not be found."))
}

/// The words of `denied=WORD`.
pub(super) const DENIALS: [&str; 5] = ["success-zero", "success-text", "status-error", "status-code", "message-only"];

/// A 200 whose body says that nothing was done.
pub(super) fn denied(word: &str) -> VendorResponse {
    let data = json!({ "id": 1, "name": "n", "status": "active", "type": "inbound", "mode": "pipeline" });
    let message = "Not changed: the plan has expired.";
    let body = match word {
        "success-zero" => json!({ "success": 0, "message": message, "data": data }),
        "success-text" => json!({ "success": "false", "message": message, "data": data }),
        "status-error" => json!({ "status": "error", "message": message, "data": data }),
        "status-code" => json!({ "status": 422, "message": message, "data": data }),
        _ => json!({ "message": message }),
    };
    VendorResponse::json(200, &body)
}
