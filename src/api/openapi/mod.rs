//! `GET /openapi.json`: OpenAPI 3.1, made from the canonical schema, the list of problems and what each path answers.
//!
//! It promises what holds at every gateway, whatever its accounts are. Whether a vendor takes a valid update is that
//! vendor's matter: hence 422 among the answers, and `GET /v1/vendors/{vendor}`, which says what each takes.

mod operations;
mod parameters;
mod responses;
mod schemas;

use std::sync::LazyLock;

use bytes::Bytes;
use serde_json::{Value, json};

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
        "security": [{ "key": [] }, { "certificate": [] }],
        "tags": [
            { "name": "assistants", "description": "Updating assistants." },
            { "name": "discovery", "description": "What can be done where." },
            { "name": "documentation", "description": "About the API itself, for everybody." },
        ],
        "paths": operations::paths(),
        "components": {
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key from the gateway's operator. Not needed where the operator has set `auth.mode = \"none\"`.",
                },
                "certificate": {
                    "type": "mutualTLS",
                    "description": "A certificate that the operator has named for a client, where the gateway asks for one.",
                },
            },
            "parameters": parameters::all(),
            "headers": responses::headers(),
            "responses": responses::problems(),
            "schemas": schemas::all(),
        },
    })
}
