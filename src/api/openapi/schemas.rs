//! The schemas: the canonical update, and the bodies of responses.

use serde_json::{Value, json};
use vendors::document::canonical_schema;

use crate::problem::{Code, Fault};

/// Every schema, by name.
pub(super) fn all() -> Value {
    json!({
        "Update": update(),
        "Applied": applied(),
        "DryRun": dry_run(),
        "Report": report(),
        "Route": object(&[
            ("assistant", text()), ("vendor", text()), ("id", text()), ("handling", handling()), ("rule", text()),
        ]),
        "Vendors": object(&[("vendors", list(named("VendorSummary")))]),
        "VendorSummary": object(&[("vendor", text()), ("dialect", text()), ("handling", handling())]),
        "Vendor": {
            "allOf": [named("VendorSummary"), object(&[
                ("title", text()), ("source", text()), ("fields", list(json!({
                    "allOf": [named("Support"), object(&[("field", text()), ("description", text())])],
                }))),
            ])],
        },
        "Fields": object(&[("vendors", list(text())), ("fields", list(object(&[
            ("field", text()), ("type", text()), ("nullable", boolean()), ("description", text()),
            ("vendors", json!({ "type": "object", "additionalProperties": named("Support") })),
        ])))]),
        "Support": support(),
        "Problem": problem(),
        "Code": { "type": "string", "enum": Code::ALL.iter().map(|code| code.as_str()).collect::<Vec<_>>() },
    })
}

/// The canonical schema as a component, without `$schema` and `$id`, which belong to a document of its own.
fn update() -> Value {
    let mut schema = canonical_schema();
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("$schema");
        schema.remove("$id");
    }
    schema
}

fn applied() -> Value {
    let data = object(&[
        ("id", json!({ "description": "Of whatever JSON type the vendor gives it." })),
        ("name", nullable_text()),
        ("status", nullable_text()),
        ("type", nullable_text()),
        ("mode", nullable_text()),
    ]);
    object(&[
        ("message", text()),
        ("data", data),
        ("assistant", text()),
        ("vendor", text()),
        ("request_id", text()),
        ("attempts", json!({ "type": "integer", "minimum": 1 })),
        ("report", named("Report")),
    ])
}

fn dry_run() -> Value {
    let request = object(&[
        ("method", text()),
        ("url", text()),
        ("headers", json!({ "type": "object", "additionalProperties": text() })),
        ("body", json!({ "type": "object" })),
    ]);
    object(&[
        ("dry_run", json!({ "const": true })),
        ("assistant", text()),
        ("vendor", text()),
        ("request_id", text()),
        ("request", request),
        ("report", named("Report")),
    ])
}

fn report() -> Value {
    let notes = || list(object(&[("field", text()), ("code", text()), ("detail", text())]));
    object(&[("applied", list(text())), ("dropped", notes()), ("warnings", notes())])
}

/// How a vendor supports a field.
fn support() -> Value {
    let required = [
        ("support", text()),
        ("supported", boolean()),
        ("wire_name", nullable_text()),
        ("type", text()),
        ("nullable", boolean()),
    ];
    let number = || json!({ "type": "number" });
    let optional = [
        ("wire_names", list(text())),
        ("range", object(&[("min", number()), ("max", number())])),
        ("max_length", json!({ "type": "integer" })),
        ("values", list(json!({}))),
        ("wire_values", list(json!({}))),
        ("catalog", text()),
        ("detail", text()),
    ];
    object_with(&required, &optional)
}

fn problem() -> Value {
    let items: Vec<_> = vendors::ItemCode::ALL.iter().map(|code| code.as_str()).collect();
    let faults = [Fault::Caller, Fault::Gateway, Fault::Vendor].map(Fault::as_str);
    let item = object_with(
        &[("pointer", text()), ("code", json!({ "enum": items })), ("detail", text())],
        &[("field", text()), ("vendor_field", text())],
    );
    let required = [
        ("type", json!({ "type": "string", "format": "uri-reference" })),
        ("title", text()),
        ("status", json!({ "type": "integer" })),
        ("code", named("Code")),
        ("detail", text()),
        ("instance", text()),
        ("request_id", text()),
        ("fault", json!({ "enum": faults })),
        ("retryable", boolean()),
        ("outcome", json!({ "enum": ["not_applied", "unknown"] })),
    ];
    let optional = [
        ("vendor", text()),
        ("attempts", json!({ "type": "integer", "minimum": 1 })),
        ("errors", list(item)),
        ("vendor_response", object(&[("status", json!({ "type": "integer" })), ("message", nullable_text())])),
    ];
    let mut schema = object_with(&required, &optional);
    schema["description"] = "RFC 9457 problem details.".into();
    schema
}

/// An object that always has these members.
fn object(members: &[(&str, Value)]) -> Value {
    object_with(members, &[])
}

/// An object that always has the `required` members and may have the `optional` ones.
fn object_with(required: &[(&str, Value)], optional: &[(&str, Value)]) -> Value {
    let names: Vec<_> = required.iter().map(|(name, _)| *name).collect();
    let members = required.iter().chain(optional).map(|(name, schema)| ((*name).to_owned(), schema.clone()));
    json!({ "type": "object", "required": names, "properties": members.collect::<serde_json::Map<_, _>>() })
}

fn named(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn nullable_text() -> Value {
    json!({ "type": ["string", "null"] })
}

fn boolean() -> Value {
    json!({ "type": "boolean" })
}

fn handling() -> Value {
    json!({ "enum": ["strict", "lenient"] })
}
