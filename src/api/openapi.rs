//! `GET /openapi.json`: OpenAPI 3.1, made from the router's endpoints, the canonical schema and the list of problems.

use std::sync::LazyLock;

use bytes::Bytes;
use serde_json::{Map, Value, json};
use vendors::document::canonical_schema;

use crate::edge::problem::{Code, Fault};

/// The document's text, made once.
pub(super) fn text() -> Bytes {
    static TEXT: LazyLock<Bytes> = LazyLock::new(|| openapi().to_string().into());
    TEXT.clone()
}

/// The document.
pub fn openapi() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Switchboard",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "One canonical API in front of several AI voice assistant vendors.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "security": [{ "key": [] }, {}],
        "tags": [
            { "name": "assistants", "description": "Updating assistants." },
            { "name": "discovery", "description": "What can be done where." },
        ],
        "paths": paths(),
        "components": {
            "securitySchemes": { "key": {
                "type": "http",
                "scheme": "bearer",
                "description": "An API key from the gateway's operator. Not needed where the operator has set `auth.mode = \"none\"`.",
            } },
            "parameters": parameters(),
            "responses": problems(),
            "schemas": {
                "Update": update_schema(),
                "Applied": applied(),
                "DryRun": dry_run(),
                "Report": report(),
                "Problem": problem(),
            },
        },
    })
}

fn paths() -> Value {
    let assistant = json!({ "$ref": "#/components/parameters/assistant" });
    json!({
        "/v1/assistants/{assistant}": {
            "parameters": [
                assistant,
                { "$ref": "#/components/parameters/dry_run" },
                { "$ref": "#/components/parameters/prefer" },
                { "$ref": "#/components/parameters/request_timeout" },
                { "$ref": "#/components/parameters/request_id" },
            ],
            "put": update("updateAssistant"),
            "patch": update("patchAssistant"),
        },
        "/v1/assistants/{assistant}/route": {
            "parameters": [assistant],
            "get": read("explainRoute", "Where an assistant leads and by which rule", json!({
                "type": "object",
                "required": ["assistant", "vendor", "id", "handling", "rule"],
                "properties": {
                    "assistant": { "type": "string" },
                    "vendor": { "type": "string" },
                    "id": { "type": "string" },
                    "handling": { "enum": ["strict", "lenient"] },
                    "rule": { "type": "string" },
                },
            }), &[Code::InvalidRequest, Code::Unauthenticated, Code::Forbidden, Code::UnknownAssistant]),
        },
        "/v1/vendors": { "get": read("listVendors", "The vendors that this client may use", json!({
            "type": "object",
            "required": ["vendors"],
            "properties": { "vendors": { "type": "array", "items": vendor_summary() } },
        }), &[Code::Unauthenticated]) },
        "/v1/vendors/{vendor}": {
            "parameters": [{
                "name": "vendor", "in": "path", "required": true, "schema": { "type": "string", "pattern": "^[a-z][a-z0-9_-]*$" },
                "description": "A vendor of the list.",
            }],
            "get": read("describeVendor", "Every canonical field at one vendor", json!({
                "allOf": [vendor_summary(), {
                    "type": "object",
                    "required": ["fields"],
                    "properties": { "fields": { "type": "array", "items": { "type": "object", "required": ["field", "support"] } } },
                }],
            }), &[Code::Unauthenticated, Code::NotFound]),
        },
        "/v1/fields": { "get": read("listFields", "The coverage matrix: canonical fields × vendors", json!({
            "type": "object", "required": ["vendors", "fields"],
        }), &[Code::Unauthenticated]) },
        "/v1/schema": { "get": {
            "operationId": "updateSchema",
            "tags": ["discovery"],
            "summary": "JSON Schema 2020-12 of the canonical update",
            "responses": responses(json!({ "application/schema+json": { "schema": { "type": "object" } } }), &[Code::Unauthenticated]),
        } },
    })
}

fn update(operation: &str) -> Value {
    const CODES: &[Code] = &[
        Code::InvalidJson,
        Code::InvalidRequest,
        Code::Unauthenticated,
        Code::Forbidden,
        Code::UnknownAssistant,
        Code::AssistantNotFound,
        Code::BodyTooLarge,
        Code::UnsupportedMediaType,
        Code::ValidationFailed,
        Code::UnsupportedByVendor,
        Code::RateLimited,
        Code::VendorRateLimited,
        Code::Internal,
        Code::VendorError,
        Code::VendorBadResponse,
        Code::VendorCredentialsRejected,
        Code::VendorAccountProblem,
        Code::Overloaded,
        Code::VendorUnreachable,
        Code::VendorCircuitOpen,
        Code::VendorTimeout,
    ];
    let body = json!({ "schema": { "$ref": "#/components/schemas/Update" } });
    let answer =
        json!({ "oneOf": [{ "$ref": "#/components/schemas/Applied" }, { "$ref": "#/components/schemas/DryRun" }] });
    json!({
        "operationId": operation,
        "tags": ["assistants"],
        "summary": "Update an assistant",
        "description": "A partial update; `PUT` and `PATCH` do the same. An absent field stays as it is, `null` clears it, a value sets it.",
        "requestBody": {
            "required": true,
            "content": { "application/json": body, "application/merge-patch+json": body },
        },
        "responses": responses(json!({ "application/json": { "schema": answer } }), CODES),
    })
}

fn read(operation: &str, summary: &str, schema: Value, codes: &[Code]) -> Value {
    json!({
        "operationId": operation,
        "tags": ["discovery"],
        "summary": summary,
        "responses": responses(json!({ "application/json": { "schema": schema } }), codes),
    })
}

/// A 200 and one entry for each status, which several problems may share.
fn responses(content: Value, codes: &[Code]) -> Value {
    let mut responses = Map::new();
    responses.insert("200".into(), json!({ "description": "Done.", "content": content }));
    for code in codes {
        let status = code.kind().status.as_str();
        responses.insert(status.into(), json!({ "$ref": format!("#/components/responses/{status}") }));
    }
    Value::Object(responses)
}

fn problems() -> Value {
    let mut responses = Map::new();
    for code in Code::ALL {
        let kind = code.kind();
        let line = format!("- `{}` (fault: {}): {}", kind.name, kind.fault.as_str(), kind.when);
        let entry = responses.entry(kind.status.as_str()).or_insert_with(|| {
            json!({
                "description": "",
                "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
            })
        });
        let before = entry["description"].as_str().unwrap_or_default();
        let description = if before.is_empty() { line } else { format!("{before}\n{line}") };
        entry["description"] = description.into();
    }
    Value::Object(responses)
}

fn parameters() -> Value {
    json!({
        "assistant": {
            "name": "assistant", "in": "path", "required": true,
            "schema": { "type": "string", "minLength": 1, "maxLength": 193 },
            "description": "A name that the operator defined, `vendor:id`, or a bare vendor id.",
            "examples": { "name": { "value": "sales-bot" }, "explicit": { "value": "sondos:789" }, "bare": { "value": "789" } },
        },
        "dry_run": {
            "name": "dry_run", "in": "query", "schema": { "type": "boolean", "default": false },
            "description": "Do everything except calling the vendor's update endpoint, and answer with the request that would be sent.",
        },
        "prefer": {
            "name": "Prefer", "in": "header",
            "schema": { "type": "string", "enum": ["handling=strict", "handling=lenient"] },
            "description": "`handling=strict` refuses an update holding anything that the vendor cannot express; `handling=lenient` drops such fields and reports each.",
        },
        "request_timeout": {
            "name": "Request-Timeout", "in": "header", "schema": { "type": "number", "exclusiveMinimum": 0 },
            "description": "Seconds after which the caller gives up. Shortens the gateway's own deadline, never lengthens it.",
        },
        "request_id": {
            "name": "X-Request-Id", "in": "header", "schema": { "type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$" },
            "description": "An id of the caller's for this request; without one the gateway makes one.",
        },
    })
}

/// The canonical schema as a component: `$schema` and `$id` belong to the document that stands alone.
fn update_schema() -> Value {
    let mut schema = canonical_schema();
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("$schema");
        schema.remove("$id");
    }
    schema
}

fn vendor_summary() -> Value {
    json!({
        "type": "object",
        "required": ["vendor", "dialect", "handling"],
        "properties": {
            "vendor": { "type": "string" },
            "dialect": { "type": "string" },
            "handling": { "enum": ["strict", "lenient"] },
        },
    })
}

fn applied() -> Value {
    let nullable = |kind: &str| json!({ "type": [kind, "null"] });
    json!({
        "type": "object",
        "required": ["message", "data", "assistant", "vendor", "request_id", "attempts", "report"],
        "properties": {
            "message": { "type": "string" },
            "data": {
                "type": "object",
                "required": ["id", "name", "status", "type", "mode"],
                "properties": {
                    "id": { "description": "Of whatever JSON type the vendor gives it." },
                    "name": nullable("string"), "status": nullable("string"), "type": nullable("string"), "mode": nullable("string"),
                },
            },
            "assistant": { "type": "string" },
            "vendor": { "type": "string" },
            "request_id": { "type": "string" },
            "attempts": { "type": "integer", "minimum": 1 },
            "report": { "$ref": "#/components/schemas/Report" },
        },
    })
}

fn dry_run() -> Value {
    json!({
        "type": "object",
        "required": ["dry_run", "assistant", "vendor", "request_id", "request", "report"],
        "properties": {
            "dry_run": { "const": true },
            "assistant": { "type": "string" },
            "vendor": { "type": "string" },
            "request_id": { "type": "string" },
            "request": {
                "type": "object",
                "required": ["method", "url", "headers", "body"],
                "properties": {
                    "method": { "type": "string" },
                    "url": { "type": "string" },
                    "headers": { "type": "object", "additionalProperties": { "type": "string" } },
                    "body": { "type": "object" },
                },
            },
            "report": { "$ref": "#/components/schemas/Report" },
        },
    })
}

fn report() -> Value {
    let notes = json!({ "type": "array", "items": {
        "type": "object",
        "required": ["field", "code", "detail"],
        "properties": { "field": { "type": "string" }, "code": { "type": "string" }, "detail": { "type": "string" } },
    } });
    json!({
        "type": "object",
        "required": ["applied", "dropped", "warnings"],
        "properties": {
            "applied": { "type": "array", "items": { "type": "string" } },
            "dropped": notes,
            "warnings": notes,
        },
    })
}

fn problem() -> Value {
    let codes: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    let items: Vec<_> = vendors::ItemCode::ALL.iter().map(|code| code.as_str()).collect();
    let faults = [Fault::Caller, Fault::Gateway, Fault::Vendor].map(Fault::as_str);
    json!({
        "type": "object",
        "description": "RFC 9457 problem details.",
        "required": ["type", "title", "status", "code", "detail", "instance", "request_id", "fault", "retryable", "outcome"],
        "properties": {
            "type": { "type": "string", "format": "uri-reference" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "code": { "enum": codes },
            "detail": { "type": "string" },
            "instance": { "type": "string" },
            "request_id": { "type": "string" },
            "fault": { "enum": faults },
            "retryable": { "type": "boolean" },
            "vendor": { "type": "string" },
            "outcome": { "enum": ["not_applied", "unknown"] },
            "attempts": { "type": "integer", "minimum": 1 },
            "errors": { "type": "array", "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": { "type": "string" },
                    "field": { "type": "string" },
                    "code": { "enum": items },
                    "detail": { "type": "string" },
                    "vendor_field": { "type": "string" },
                },
            } },
            "vendor_response": {
                "type": "object",
                "required": ["status", "message"],
                "properties": { "status": { "type": "integer" }, "message": { "type": ["string", "null"] } },
            },
        },
    })
}
