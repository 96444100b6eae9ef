//! The parameters of operations. Their schemas allow exactly what the gateway accepts.

use serde_json::{Value, json};

use super::record_parameters;

/// Every parameter, by the name that operations use in the table.
pub(super) fn all() -> Value {
    let mut all = json!({
        "assistant": {
            "name": "assistant", "in": "path", "required": true,
            "schema": { "type": "string", "pattern": ASSISTANT },
            "description": "A name that the operator defined, `vendor:id`, or a bare vendor id.",
            "examples": { "name": { "value": "sales-bot" }, "explicit": { "value": "sondos:789" }, "bare": { "value": "789" } },
        },
        "vendor": {
            "name": "vendor", "in": "path", "required": true,
            "schema": { "type": "string", "pattern": "^[a-z][a-z0-9_-]{0,63}$" },
            "description": "A vendor of the list.",
            "example": "sondos",
        },
        "at_vendor": {
            "name": "vendor", "in": "query",
            "schema": { "type": "string", "pattern": "^[a-z][a-z0-9_-]{0,63}$" },
            "description": "The vendor account; without it the default one.",
            "example": "sondos",
        },
        "list_vendor": {
            "name": "vendor", "in": "query",
            "schema": { "type": "string", "pattern": "^[a-z][a-z0-9_-]{0,63}$" },
            "description": "The vendor account; without it all that this client may use.",
            "example": "sondos",
        },
        "type": {
            "name": "type", "in": "query", "schema": { "type": "string", "enum": ["inbound", "outbound"] },
            "description": "Only assistants of this type.",
        },
        "status": {
            "name": "status", "in": "query", "schema": { "type": "string" },
            "description": "Only assistants with this status, in the vendor's word.", "example": "active",
        },
        "name": {
            "name": "name", "in": "query", "schema": { "type": "string" },
            "description": "Only assistants whose name has this part, without regard to case and Unicode form.",
            "example": "sales",
        },
        "list_limit": {
            "name": "limit", "in": "query",
            "schema": { "type": "integer", "minimum": 1, "maximum": 200, "default": 50 },
            "description": "The most assistants of the page.",
        },
        "list_cursor": {
            "name": "cursor", "in": "query",
            "schema": { "type": "string", "pattern": "^1(~[0-9]{1,4}){3}(~[a-z0-9_-]{1,64})+$" },
            "description": "The `next_cursor` of the page before.",
        },
        "include": {
            "name": "include", "in": "query", "schema": { "type": "string", "enum": ["vendor"] },
            "description": "`vendor` adds `vendor_fields`: what the vendor returns and no canonical field has, as it is.",
        },
        "if_none_match": {
            "name": "If-None-Match", "in": "header", "schema": { "type": "string" },
            "description": "RFC 9110. Tags of states that the caller has: if the assistant is in one of them, the answer is 304 without a body.",
            "example": "\"0123456789abcdef0123456789abcdef\"",
        },
        "if_match": {
            "name": "If-Match", "in": "header", "schema": { "type": "string" },
            "description": "RFC 9110. Strong tags of states, or `*`: otherwise the request changes nothing and is refused with 412 and the present `ETag`. \
                            A client needs the operation `read`.",
            "example": "\"0123456789abcdef0123456789abcdef\"",
        },
        "kind": {
            "name": "kind", "in": "path", "required": true,
            "schema": { "$ref": "#/components/schemas/CatalogKind" },
            "description": "A kind that this vendor's list of catalogs has.",
        },
        "q": {
            "name": "q", "in": "query", "schema": { "type": "string" },
            "description": "A part of the name, without regard to case and Unicode form.",
            "example": "german",
        },
        "limit": {
            "name": "limit", "in": "query",
            "schema": { "type": "integer", "minimum": 1, "maximum": 1000, "default": 100 },
            "description": "The most entries of the page.",
        },
        "cursor": {
            "name": "cursor", "in": "query", "schema": { "type": "string", "pattern": "^[0-9a-f]{32}$" },
            "description": "The `next_cursor` of the page before.",
        },
        "code": {
            "name": "code", "in": "path", "required": true,
            "schema": { "$ref": "#/components/schemas/Code" },
            "description": "The `code` of a problem.",
        },
        "dry_run": {
            "name": "dry_run", "in": "query", "schema": { "type": "boolean", "default": false },
            "description": "Do everything except calling the vendor's update endpoint, and answer with the request that would be sent.",
        },
        "prefer": {
            "name": "Prefer", "in": "header",
            "schema": { "type": "string", "format": "prefer" },
            "description": "RFC 7240. `handling=strict` refuses an update holding anything that the vendor cannot express; \
                            `handling=lenient` drops such fields and reports each. `return=representation` reads the assistant afterwards. \
                            `respond-async` stores the change and answers 202 at once, `respond-async, wait=5` after five seconds if it has not ended by then; \
                            on `POST`, and at a gateway without a store, they are accepted and have no effect. \
                            Other names are reported as warnings; another value of one of these is 400.",
            "examples": { "strict": { "value": "handling=strict" }, "lenient": { "value": "handling=lenient" }, "representation": { "value": "return=representation" } },
        },
        "prefer_async": {
            "name": "Prefer", "in": "header",
            "schema": { "type": "string", "format": "prefer" },
            "description": "RFC 7240. `respond-async` stores the change and answers 202 at once, `respond-async, wait=5` after five seconds if it has not ended by then; \
                            at a gateway without a store they are accepted and have no effect.",
            "examples": { "later": { "value": "respond-async" }, "wait": { "value": "respond-async, wait=5" } },
        },
        "idempotency_key": {
            "name": "Idempotency-Key", "in": "header",
            "schema": { "type": "string", "pattern": KEY },
            "description": "1 to 255 visible ASCII characters, also as a structured string in quotes. The change is made once only: \
                            the same request under the same key gets the first one's answer, with `Idempotency-Replayed: true`. \
                            Refused with 501 at a gateway without a store; a dry run takes no part.",
            "example": "8e03978e-40d5-43dd-bc93-6894a57f9324",
        },
        "request_timeout": {
            "name": "Request-Timeout", "in": "header",
            "schema": { "type": "string", "pattern": SECONDS },
            "description": "Seconds after which the caller gives up, more than 0. Shortens the gateway's own deadline, never lengthens it.",
            "example": "2.5",
        },
        "request_id": {
            "name": "X-Request-Id", "in": "header", "schema": { "type": "string" },
            "description": "An id of the caller's for this request: 1 to 128 letters, digits, `.`, `_` and `-`. \
                            Without one, or in place of any other, the gateway makes one.",
            "example": "order-4711",
        },
    });
    if let (Some(all), Value::Object(records)) = (all.as_object_mut(), record_parameters::all()) {
        all.extend(records);
    }
    all
}

/// An id must not be a dot segment.
pub(super) const ASSISTANT: &str = r"^([a-z][a-z0-9_-]{0,63}:)?(?!\.{1,2}$)[A-Za-z0-9._-]{1,128}$";

/// Visible ASCII characters, bare or as a structured string.
const KEY: &str = r#"^((?!")[!-~]{1,255}|"([!#-\[\]-~]|\\["\\]){1,255}")$"#;

/// Up to nine digits before and after the point, not all of them 0.
const SECONDS: &str = r"^(?!0+(\.0+)?$)[0-9]{1,9}(\.[0-9]{1,9})?$";
