//! The schemas of the records of changes.

use serde_json::{Map, Value, json};
use strum::VariantNames;

use crate::store::State;
use crate::value::AssistantOperation;

use super::schemas::{described, integer, list, named, nullable_integer, nullable_text, object, text};

/// Adds them.
pub(super) fn add_records(schemas: &mut Map<String, Value>) {
    let changes = AssistantOperation::ALL.into_iter().filter(|operation| operation.is_change());
    let changes: Vec<_> = changes.map(AssistantOperation::as_str).collect();
    let states = json!({ "type": "string", "enum": State::VARIANTS });
    schemas.insert("RecordState".to_owned(), described(states, STATES));
    schemas.insert("ChangeOperation".to_owned(), json!({ "type": "string", "enum": changes }));
    schemas.insert("Record".to_owned(), record());
    schemas.insert("RecordAnswer".to_owned(), object(&[("status", integer()), ("body", body())]));
    schemas
        .insert("RecordList".to_owned(), object(&[("data", list(named("Record"))), ("next_cursor", nullable_text())]));
}

const STATES: &str = "`queued`: it waits for its turn or its next attempt. `sending`: an attempt may be on the wire. Final are: `applied`; \
                      `refused`, by the vendor or because its condition did not hold; `failed`, not applied, and its caller got the problem; \
                      `unknown`, it may have been applied and is not sent again; `expired`, its time ended before it was sent; \
                      `superseded`, a later change in the same request had all its fields, or its replay took its place; `canceled`; `dead`, given up.";

fn record() -> Value {
    let time = || json!({ "type": "string", "format": "date-time" });
    let id = || json!({ "type": "string", "format": "uuid" });
    let or_null = |name: &str| json!({ "oneOf": [named(name), { "type": "null" }] });
    let mut schema = object(&[
        ("update", described(id(), "The id of the record.")),
        ("request_id", text()),
        ("state", named("RecordState")),
        ("operation", named("ChangeOperation")),
        (
            "assistant",
            described(text(), "As in the path; of a new one `vendor:id` once it is known, before that the account."),
        ),
        ("vendor", text()),
        ("id", described(nullable_text(), "The vendor's id, always as text; `null` while it is not known.")),
        ("client", nullable_text()),
        ("fields", described(list(text()), "The canonical fields that it sends.")),
        (
            "position",
            described(
                nullable_integer(),
                "Its place among the changes of its assistant that wait, from 1; `null` unless it waits.",
            ),
        ),
        ("attempts", described(json!({ "type": "integer", "minimum": 0 }), "Requests to the vendor so far.")),
        ("created_at", time()),
        ("updated_at", time()),
        ("next_attempt_at", json!({ "type": ["string", "null"], "format": "date-time" })),
        ("expires_at", described(time(), "When it is given up.")),
        ("sent_with", described(list(id()), "The records of other changes in the same request.")),
        (
            "replay_of",
            described(json!({ "type": ["string", "null"], "format": "uuid" }), "The dead record that it sends again."),
        ),
        (
            "answer",
            described(or_null("RecordAnswer"), "What a caller who waited would have got; `null` until it ends."),
        ),
        ("problem", described(or_null("Problem"), "The problem of its last attempt.")),
    ]);
    schema["description"] = "A change, and what became of it.".into();
    schema
}

fn body() -> Value {
    let object = json!({ "type": ["object", "null"], "additionalProperties": true });
    described(object, "`null` where there was none, or where the operator keeps no values.")
}
