//! Each path with its methods.

use serde_json::{Value, json};

use crate::edge::problem::Code;

use super::parameters::parameter;
use super::responses::{CLIENT, done, responses};

const JSON: &str = "application/json";

/// What an update may be answered with instead.
const UPDATE: [Code; 20] = [
    Code::InvalidJson,
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
    Code::VendorError,
    Code::VendorBadResponse,
    Code::VendorCredentialsRejected,
    Code::VendorAccountProblem,
    Code::Overloaded,
    Code::VendorUnreachable,
    Code::VendorCircuitOpen,
    Code::VendorTimeout,
    Code::Internal,
];

/// All paths.
pub(super) fn paths() -> Value {
    let of_update = ["assistant", "dry_run", "prefer", "request_timeout", "request_id"].map(parameter);
    json!({
        "/v1/assistants/{assistant}": {
            "parameters": of_update,
            "put": update("updateAssistant"),
            "patch": update("patchAssistant"),
        },
        "/v1/assistants/{assistant}/route": {
            "parameters": [parameter("assistant")],
            "get": route(),
        },
        "/v1/vendors": { "get": vendors() },
        "/v1/vendors/{vendor}": {
            "parameters": [parameter("vendor")],
            "get": discovery("describeVendor", "Every canonical field at one vendor", "Vendor", &[Code::NotFound]),
        },
        "/v1/fields": { "get": discovery("listFields", "The coverage matrix: canonical fields × vendors", "Fields", &[]) },
        "/v1/schema": { "get": {
            "operationId": "updateSchema",
            "tags": ["discovery"],
            "summary": "JSON Schema 2020-12 of the canonical update",
            "responses": responses(done("application/schema+json", json!({ "type": "object" }), &[]), &CLIENT),
        } },
        "/openapi.json": { "get": document("openapi", "This document", JSON, json!({ "type": "object" }), &[]) },
        "/docs": { "get": page("docs", "The API for people", &[]) },
        "/problems": { "get": page("listProblems", "All problems, for people", &[]) },
        "/problems/{code}": {
            "parameters": [parameter("code")],
            "get": page("explainProblem", "A problem explained to people", &[Code::NotFound]),
        },
    })
}

fn update(operation: &str) -> Value {
    let body = json!({ "schema": schema("Update"), "examples": examples() });
    let answer = json!({ "oneOf": [schema("Applied"), schema("DryRun")] });
    let mut done = done(JSON, answer, &["Preference-Applied", "Switchboard-Dropped"]);
    done["links"] = json!({ "route": to_assistant("explainRoute"), "again": to_assistant(operation) });
    json!({
        "operationId": operation,
        "tags": ["assistants"],
        "summary": "Update an assistant",
        "description": "A partial update; `PUT` and `PATCH` do the same. An absent field stays as it is, `null` clears it, a value sets it. \
                        Integers are written as digits only: `1.0` and `1e2` are none. \
                        A valid update is refused with 422 where this vendor has no such field or value, knows no such name, or says so itself.",
        "requestBody": {
            "required": true,
            "content": { JSON: body, "application/merge-patch+json": body },
        },
        "responses": responses(done, &UPDATE),
    })
}

/// Updates that every vendor can express.
fn examples() -> Value {
    json!({
        "settings": { "value": { "name": "Night desk", "type": "inbound", "max_duration": 600 } },
        "nothing": { "summary": "Changes nothing.", "value": {} },
    })
}

/// The same assistant elsewhere.
fn to_assistant(operation: &str) -> Value {
    json!({ "operationId": operation, "parameters": { "assistant": "$response.body#/assistant" } })
}

fn route() -> Value {
    let codes = [Code::Forbidden, Code::UnknownAssistant];
    let mut operation = discovery("explainRoute", "Where an assistant leads and by which rule", "Route", &codes);
    operation["responses"]["200"]["links"] = json!({
        "update": to_assistant("updateAssistant"),
        "vendor": { "operationId": "describeVendor", "parameters": { "vendor": "$response.body#/vendor" } },
    });
    operation
}

fn vendors() -> Value {
    let mut operation = discovery("listVendors", "The vendors that this client may use", "Vendors", &[]);
    operation["responses"]["200"]["links"] = json!({
        "first": { "operationId": "describeVendor", "parameters": { "vendor": "$response.body#/vendors/0/vendor" } },
    });
    operation
}

fn schema(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// Something to read that needs a client.
fn discovery(operation: &str, summary: &str, answer: &str, codes: &[Code]) -> Value {
    let codes = [&CLIENT, codes].concat();
    json!({
        "operationId": operation,
        "tags": ["discovery"],
        "summary": summary,
        "responses": responses(done(JSON, schema(answer), &[]), &codes),
    })
}

fn page(operation: &str, summary: &str, codes: &[Code]) -> Value {
    document(operation, summary, "text/html", json!({ "type": "string" }), codes)
}

/// Something to read for everybody.
fn document(operation: &str, summary: &str, media: &str, schema: Value, codes: &[Code]) -> Value {
    json!({
        "operationId": operation,
        "tags": ["documentation"],
        "summary": summary,
        "security": [],
        "responses": responses(done(media, schema, &[]), codes),
    })
}
