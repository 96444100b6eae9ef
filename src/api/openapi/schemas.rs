//! The schemas: the canonical update, and the bodies of responses.

use serde_json::{Map, Value, json};
use vendors::{CatalogKind, ItemCode};

use crate::problem::{Code, Fault};

use super::record_schema::add_records;
use super::update_schema::add_update;
use super::vendor_schemas::{experimental, live, requests, support, vendor_request, vendor_step};

/// The codes of dropped fields.
const DROPPED: [ItemCode; 2] = [ItemCode::UnsupportedField, ItemCode::UnknownField];

/// Every schema, by name.
pub(super) fn all() -> Value {
    let mut schemas = json!({
        "Id": { "description": ID, "anyOf": [{ "type": "integer", "format": "int64" }, { "type": "string" }] },
        "UpdateResult": update_result(),
        "CopyRequest": copy_request(),
        "CopyResult": copy_result(),
        "CopyReport": copy_report(),
        "ProblemReport": problem_report(),
        "DeleteResult": delete_result(),
        "Stored": object(&[
            ("confirmed", list(text())), ("differs", list(named("StoredDifference"))), ("unreadable", list(text())),
        ]),
        "StoredDifference": object(&[("field", text()), ("sent", json!({})), ("stored", json!({}))]),
        "Assistant": assistant(),
        "AssistantList": object(&[
            ("data", list(named("Assistant"))), ("next_cursor", nullable_text()), ("vendors", list(named("ListedVendor"))),
        ]),
        "ListedVendor": object_with(
            &[("vendor", text()), ("complete", described(boolean(), "Whether all of its assistants were listed, up to this answer."))],
            &[("problem", named("Problem"))],
        ),
        "UnwritableField": object(&[("field", text()), ("value", json!({})), ("detail", text())]),
        "AssistantSummary": assistant_summary(),
        "VendorRequest": vendor_request(json!({ "type": "object", "additionalProperties": true })),
        "VendorStep": vendor_step(),
        "VendorDeletion": vendor_request(json!({ "type": ["object", "null"], "additionalProperties": true })),
        "Report": report(),
        "DroppedField": note(json!({ "type": "string", "enum": DROPPED.map(ItemCode::as_str) })),
        "Warning": warning(),
        "Route": object(&[
            ("assistant", text()), ("vendor", text()), ("id", text()), ("handling", handling()), ("rule", text()),
        ]),
        "VendorList": object(&[("vendors", list(named("VendorSummary")))]),
        "VendorSummary": object(&[
            ("vendor", text()), ("dialect", text()), ("handling", handling()), ("experimental", experimental()),
            ("live", live()),
        ]),
        "VendorFields": object(&[
            ("vendor", text()), ("dialect", text()), ("handling", handling()), ("experimental", experimental()),
            ("live", live()), ("title", text()), ("source", text()),
            ("operations", list(json!({ "type": "string", "enum": ["read", "update", "create", "delete"] }))),
            ("unreadable", described(list(text()), "Fields that can be written and are never returned.")),
            ("fields", list(named("VendorField"))),
        ]),
        "VendorField": support(&[("field", text()), ("description", text())]),
        "CatalogKind": { "type": "string", "enum": CatalogKind::ALL.into_iter().filter(|kind| kind.is_shown()).map(CatalogKind::as_str).collect::<Vec<_>>() },
        "CatalogList": object(&[("vendor", text()), ("catalogs", list(named("CatalogState")))]),
        "CatalogState": object(&[
            ("kind", named("CatalogKind")), ("entries", nullable_integer()), ("age", nullable_integer()),
        ]),
        "Catalog": object(&[
            ("vendor", text()), ("kind", named("CatalogKind")), ("age", nullable_integer()),
            ("data", list(named("CatalogEntry"))), ("next_cursor", nullable_text()),
        ]),
        "CatalogEntry": catalog_entry(),
        "FieldMatrix": object(&[("vendors", list(text())), ("fields", list(named("FieldRow")))]),
        "FieldRow": object(&[
            ("field", text()), ("type", text()), ("nullable", boolean()), ("description", text()),
            ("vendors", json!({ "type": "object", "additionalProperties": named("FieldSupport") })),
        ]),
        "FieldSupport": support(&[]),
        "NumberRange": object(&[("min", json!({ "type": "number" })), ("max", json!({ "type": "number" }))]),
        "Problem": problem(),
        "ProblemItem": problem_item(),
        "VendorResponse": object(&[("status", integer()), ("message", nullable_text())]),
        "Code": { "type": "string", "enum": Code::ALL.iter().map(|code| code.as_str()).collect::<Vec<_>>() },
    });
    if let Some(schemas) = schemas.as_object_mut() {
        add_update(schemas);
        add_records(schemas);
    }
    schemas
}

const ID: &str =
    "An id of the vendor: an integer at some vendors, a string at others. `GET /v1/vendors/{vendor}` says which.";

/// What an update answers; a dry run has the request to the vendor instead of its answer.
fn update_result() -> Value {
    let required = [("assistant", text()), ("vendor", text()), ("request_id", text()), ("report", named("Report"))];
    let optional = [
        ("message", described(text(), "The vendor's words; absent in a dry run.")),
        ("data", named("AssistantSummary")),
        (
            "attempts",
            json!({ "type": "integer", "minimum": 0, "description": "Requests to the vendor; absent in a dry run." }),
        ),
        (
            "operation",
            described(json!({ "type": "string", "enum": ["create"] }), "`create` after a creation, else absent."),
        ),
        (
            "stored",
            described(
                json!({ "oneOf": [named("Stored"), { "type": "null" }] }),
                "With `return=representation`: what the vendor returns afterwards of the fields that were sent; `null` if it could not be read.",
            ),
        ),
        ("representation", json!({ "oneOf": [named("Assistant"), { "type": "null" }] })),
        ("dry_run", described(boolean(), "`true` in a dry run, else absent.")),
        (
            "request",
            described(
                json!({ "oneOf": [named("VendorRequest"), { "type": "null" }] }),
                "Only in a dry run; `null` if nothing is left to send.",
            ),
        ),
        ("requests", requests()),
    ];
    object_with(&required, &optional)
}

fn copy_request() -> Value {
    let vendor = described(
        json!({ "type": "string", "pattern": "^[a-z][a-z0-9_-]{0,63}$" }),
        "The vendor account at which the copy is made; it may be the assistant's own.",
    );
    let changes = described(named("Update"), "Fields that are different in the copy; `null` leaves one out.");
    let mut schema = object_with(&[("vendor", vendor)], &[("changes", changes)]);
    schema["additionalProperties"] = false.into();
    schema
}

/// What a copy answers: what a creation does, with its own report, and without a request where fields are needed.
fn copy_result() -> Value {
    let mut schema = update_result();
    schema["properties"]["report"] = named("CopyReport");
    let request = json!({ "oneOf": [named("VendorRequest"), { "type": "null" }] });
    schema["properties"]["request"] = described(request, "Only in a dry run; `null` if fields are needed.");
    schema
}

fn copy_report() -> Value {
    object(&[
        ("applied", list(text())),
        ("dropped", described(list(note(text())), "What of the assistant is lost, and which changes were dropped.")),
        ("warnings", list(named("Warning"))),
        ("copied", described(list(text()), "The fields that the copy has with the same meaning.")),
        ("needs", described(list(note(text())), "What the vendor requires and nothing was found for.")),
        ("unreadable", described(list(text()), "Fields that the assistant's vendor never returns.")),
    ])
}

/// What a problem reports: of a copy that was refused, or of an operation that was carried out in part.
fn problem_report() -> Value {
    let mut schema = copy_report();
    schema["required"] = json!(["applied", "dropped", "warnings"]);
    schema["properties"]["pending"] = described(
        list(text()),
        "With the outcome `partial`: the fields of the requests that were refused or not sent; `applied` has those that were applied.",
    );
    schema["description"] = "Of a copy that was refused, or of an operation of which only a part was applied.".into();
    schema
}

fn delete_result() -> Value {
    let required = [("assistant", text()), ("vendor", text()), ("request_id", text())];
    let optional = [
        ("message", described(text(), "The vendor's words; absent in a dry run.")),
        ("id", named("Id")),
        ("attempts", described(integer(), "Requests to the vendor; absent in a dry run.")),
        ("dry_run", described(boolean(), "`true` in a dry run, else absent.")),
        ("request", named("VendorDeletion")),
        ("report", named("Report")),
    ];
    object_with(&required, &optional)
}

/// An assistant as it is read.
fn assistant() -> Value {
    let members = [
        ("assistant", text()),
        ("vendor", text()),
        ("id", named("Id")),
        ("fields", named("Update")),
        ("unreadable", described(list(text()), "Fields of this vendor that it never returns.")),
        (
            "unwritable",
            described(list(named("UnwritableField")), "What the vendor returns and an update there would refuse."),
        ),
        ("status", nullable_text()),
        ("created_at", nullable_text()),
        ("updated_at", nullable_text()),
    ];
    let optional = [
        ("request_id", described(text(), "Absent in a list.")),
        ("attempts", described(integer(), "Requests to the vendor; absent in a list.")),
        (
            "vendor_fields",
            json!({ "type": "object", "additionalProperties": true, "description": "With `include=vendor`: what has no canonical counterpart." }),
        ),
    ];
    object_with(&members, &optional)
}

fn assistant_summary() -> Value {
    let id = json!({ "oneOf": [named("Id"), { "type": "null" }] });
    let members = [
        ("id", id),
        ("name", nullable_text()),
        ("status", nullable_text()),
        ("type", nullable_text()),
        ("mode", nullable_text()),
    ];
    let mut schema = object(&members);
    schema["description"] = "The vendor's answer about the assistant, in canonical values; `null` where it did not say. Absent in a dry run.".into();
    schema
}

fn warning() -> Value {
    let mut schema = note(text());
    schema["properties"]["sent"] =
        json!({ "description": "With `not_persisted` and `changed_by_vendor`: the value that was sent." });
    schema["properties"]["stored"] = json!({ "description": "Likewise: the value that the vendor has." });
    schema
}

fn report() -> Value {
    object(&[("applied", list(text())), ("dropped", list(named("DroppedField"))), ("warnings", list(named("Warning")))])
}

fn note(code: Value) -> Value {
    object(&[("field", text()), ("code", code), ("detail", text())])
}

/// An entry of a catalog: id, name, and further scalar members, which differ by kind and vendor.
fn catalog_entry() -> Value {
    let optional = [
        ("iso_2", described(nullable_text(), "Languages: the ISO 639-1 code.")),
        ("gender", described(nullable_text(), "Voices.")),
        ("phone_number", described(text(), "Phone numbers: the same as `name`.")),
        ("code", described(nullable_text(), "Providers and multimodal models.")),
    ];
    let mut schema = object_with(&[("id", named("Id")), ("name", text())], &optional);
    schema["additionalProperties"] = json!({ "type": ["string", "number", "boolean", "null"] });
    schema
}

fn problem_item() -> Value {
    let items: Vec<_> = ItemCode::ALL.iter().map(|code| code.as_str()).collect();
    object_with(
        &[("pointer", text()), ("code", json!({ "type": "string", "enum": items })), ("detail", text())],
        &[("field", text()), ("vendor_field", text())],
    )
}

fn problem() -> Value {
    let faults = [Fault::Caller, Fault::Gateway, Fault::Vendor].map(Fault::as_str);
    let required = [
        ("type", json!({ "type": "string", "format": "uri-reference" })),
        ("title", text()),
        ("status", integer()),
        ("code", named("Code")),
        ("detail", text()),
        ("instance", text()),
        ("request_id", text()),
        ("fault", json!({ "type": "string", "enum": faults })),
        ("retryable", boolean()),
        ("outcome", json!({ "type": "string", "enum": ["not_applied", "unknown", "partial"] })),
    ];
    let optional = [
        ("vendor", text()),
        ("attempts", json!({ "type": "integer", "minimum": 1 })),
        ("errors", list(named("ProblemItem"))),
        ("vendor_response", named("VendorResponse")),
        ("superseded_by", described(list(text()), "The newer records that stand against it, by their ids.")),
        ("report", named("ProblemReport")),
    ];
    let mut schema = object_with(&required, &optional);
    schema["description"] = "RFC 9457 problem details.".into();
    schema
}

/// An object that always has these members.
pub(super) fn object(members: &[(&str, Value)]) -> Value {
    object_with(members, &[])
}

/// An object that always has the `required` members and may have the `optional` ones.
pub(super) fn object_with(required: &[(&str, Value)], optional: &[(&str, Value)]) -> Value {
    let names: Vec<_> = required.iter().map(|(name, _)| *name).collect();
    let members = required.iter().chain(optional).map(|(name, schema)| ((*name).to_owned(), schema.clone()));
    json!({ "type": "object", "required": names, "properties": members.collect::<Map<_, _>>() })
}

pub(super) fn named(name: &str) -> Value {
    json!({ "$ref": reference(name) })
}

pub(super) fn reference(name: &str) -> String {
    format!("#/components/schemas/{name}")
}

pub(super) fn described(mut schema: Value, description: &str) -> Value {
    schema["description"] = description.into();
    schema
}

pub(super) fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

pub(super) fn text() -> Value {
    json!({ "type": "string" })
}

pub(super) fn nullable_text() -> Value {
    json!({ "type": ["string", "null"] })
}

pub(super) fn boolean() -> Value {
    json!({ "type": "boolean" })
}

pub(super) fn nullable_integer() -> Value {
    json!({ "type": ["integer", "null"], "minimum": 0 })
}

pub(super) fn integer() -> Value {
    json!({ "type": "integer" })
}

fn handling() -> Value {
    json!({ "type": "string", "enum": ["strict", "lenient"] })
}
