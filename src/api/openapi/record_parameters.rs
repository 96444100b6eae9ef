//! The parameters of the records of changes.

use serde_json::{Value, json};
use vendors::Field;

use super::parameters::ASSISTANT;
use super::schemas::named;

/// Every one of them, by the name that operations use in the table.
pub(super) fn all() -> Value {
    json!({
        "update": {
            "name": "update", "in": "path", "required": true,
            "schema": { "type": "string", "pattern": UPDATE },
            "description": "The id of a record, a UUID, or that of a request, of which it means the newest record.",
            "example": EXAMPLE,
        },
        "record": {
            "name": "update", "in": "path", "required": true,
            "schema": { "type": "string", "pattern": RECORD },
            "description": "The id of a record.",
            "example": EXAMPLE,
        },
        "wait": {
            "name": "wait", "in": "query", "schema": { "type": "integer", "minimum": 0, "default": 0 },
            "description": "The seconds to wait for the end of the change, at most 60, and no longer than the gateway's deadline and `Request-Timeout`.",
        },
        "of_assistant": {
            "name": "assistant", "in": "query", "schema": { "type": "string", "pattern": ASSISTANT },
            "description": "Only changes of this assistant: a name, `vendor:id`, or a bare vendor id. Where it leads somewhere, its changes under other names are found, too.",
            "example": "sales-bot",
        },
        "of_vendor": {
            "name": "vendor", "in": "query", "schema": { "type": "string", "pattern": "^[a-z][a-z0-9_-]{0,63}$" },
            "description": "Only changes at this vendor account, which may be gone.", "example": "sondos",
        },
        "state": {
            "name": "state", "in": "query", "style": "form", "explode": false,
            "schema": { "type": "array", "minItems": 1, "items": named("RecordState") },
            "description": "Only changes in one of these states, separated by commas.",
        },
        "operation": {
            "name": "operation", "in": "query", "schema": named("ChangeOperation"),
            "description": "Only changes that do this.",
        },
        "field": {
            "name": "field", "in": "query",
            "schema": { "type": "string", "enum": Field::ALL.into_iter().map(Field::name).collect::<Vec<_>>() },
            "description": "Only changes that send this field.",
        },
        "since": {
            "name": "since", "in": "query", "schema": { "type": "string", "format": "date-time" },
            "description": "Only changes from this time on. A `+` is written `%2B`.", "example": "2026-01-31T08:00:00Z",
        },
        "until": {
            "name": "until", "in": "query", "schema": { "type": "string", "format": "date-time" },
            "description": "Only changes before this time. A `+` is written `%2B`.", "example": "2026-02-01T00:00:00Z",
        },
        "record_limit": {
            "name": "limit", "in": "query",
            "schema": { "type": "integer", "minimum": 1, "maximum": 500, "default": 50 },
            "description": "The most records of the page.",
        },
        "record_cursor": {
            "name": "cursor", "in": "query", "schema": { "type": "string", "pattern": "^[0-9a-f]{24}$" },
            "description": "The `next_cursor` of the page before; the other parameters must be the same.",
        },
        "replay_fields": {
            "name": "fields", "in": "query", "schema": { "type": "string", "enum": ["remaining"] },
            "description": "`remaining` sends the fields that no newer change has set.",
        },
        "force": {
            "name": "force", "in": "query", "schema": { "type": "boolean", "default": false },
            "description": "Send all fields, over newer changes. Not together with `fields`.",
        },
    })
}

/// The id of a record or of a request; clients take dot segments out of paths.
const UPDATE: &str = r"^(?!\.{1,2}$)[A-Za-z0-9._-]{1,128}$";

/// A UUID with hyphens.
const RECORD: &str = "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$";

/// An id of a record.
const EXAMPLE: &str = "0198c7a4-7d1e-7c52-9d43-2f0a5b1c6e88";
