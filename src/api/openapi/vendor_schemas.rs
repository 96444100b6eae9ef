//! The schemas of what vendors support, and of the requests to them.

use serde_json::{Value, json};
use vendors::Support;

use super::schemas::{boolean, described, integer, list, named, nullable_text, object, object_with, text};

/// What a dry run shows where an operation takes several requests.
pub(super) fn requests() -> Value {
    described(
        list(named("VendorStep")),
        "In a dry run, in the place of `request`, of a vendor whose operation takes several requests: all of them in their order.",
    )
}

pub(super) fn experimental() -> Value {
    described(
        boolean(),
        "Whether no live account of the vendor has confirmed the adapter, which is written from its documentation.",
    )
}

pub(super) fn vendor_request(body: Value) -> Value {
    let mut schema = object(&[
        ("method", text()),
        ("url", text()),
        ("headers", json!({ "type": "object", "additionalProperties": text() })),
        ("body", body),
    ]);
    schema["description"] = "The request that would be sent to the vendor, secrets redacted. Only in a dry run.".into();
    schema
}

/// One request of several.
pub(super) fn vendor_step() -> Value {
    let mut schema = vendor_request(json!({}));
    schema["properties"]["purpose"] = json!({ "type": "string", "enum": ["read", "draft", "write", "create", "publish"], "description": "What it is sent for." });
    schema["properties"]["object"] = described(
        text(),
        "What it reads or changes, in the vendor's word: an assistant can consist of several objects.",
    );
    if let Some(required) = schema["required"].as_array_mut() {
        required.extend([json!("purpose"), json!("object")]);
    }
    schema
}

pub(super) fn live() -> Value {
    json!({
        "type": ["string", "null"],
        "enum": ["at_once", "after_publication", null],
        "description": "When callers of an assistant notice an update; `null` where the vendor does not say.",
    })
}

/// How a vendor supports a field, after these members.
pub(super) fn support(first: &[(&str, Value)]) -> Value {
    let words = Support::ALL.map(Support::as_str);
    let required = [
        ("support", json!({ "type": "string", "enum": words })),
        ("supported", boolean()),
        (
            "fidelity",
            described(
                json!({ "type": "string", "enum": ["faithful", "approximate", "none"] }),
                "Whether the vendor holds the values exactly, only nearly or in part, or not at all.",
            ),
        ),
        ("wire_name", described(nullable_text(), "With dots where it is nested.")),
        ("on_create", described(boolean(), "Whether a creation can hold the field.")),
        ("readable", described(boolean(), "Whether the vendor returns the field when an assistant is read.")),
        ("type", text()),
        ("nullable", boolean()),
    ];
    let optional = [
        ("approximation", described(text(), "With `fidelity` `approximate`: what is lost, in sentences.")),
        ("wire_names", list(text())),
        ("range", named("NumberRange")),
        ("max_length", integer()),
        ("values", list(json!({}))),
        ("wire_values", list(json!({}))),
        ("catalog", text()),
        ("detail", text()),
    ];
    object_with(&[first, &required].concat(), &optional)
}
