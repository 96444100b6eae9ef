//! `GET /docs`: the API for a person, in one page that loads nothing from anywhere.

use std::sync::LazyLock;

use bytes::Bytes;
use vendors::Field;
use vendors::document::field_schema;

use crate::edge::problem::Code;

/// The page, made once.
pub(super) fn text() -> Bytes {
    static TEXT: LazyLock<Bytes> = LazyLock::new(|| page().into());
    TEXT.clone()
}

fn page() -> String {
    let endpoints: String = ENDPOINTS
        .iter()
        .map(|(endpoint, what)| format!("<tr><td><code>{endpoint}</code></td><td>{what}</td></tr>\n"))
        .collect();
    let fields: String = Field::ALL.into_iter().map(field_row).collect();
    let problems: String = Code::ALL
        .iter()
        .map(|code| {
            let kind = code.kind();
            format!(
                "<tr><td><a href=\"/problems/{0}\"><code>{0}</code></a></td><td>{1}</td><td>{2}</td></tr>\n",
                kind.name,
                kind.status.as_u16(),
                kind.fault.as_str()
            )
        })
        .collect();
    PAGE.replace("{{endpoints}}", &endpoints).replace("{{fields}}", &fields).replace("{{problems}}", &problems)
}

fn field_row(field: Field) -> String {
    let spec = field.spec();
    let schema = field_schema(field);
    let mut limits = Vec::new();
    if let (Some(min), Some(max)) = (schema.get("minimum"), schema.get("maximum")) {
        limits.push(format!("{min}–{max}"));
    }
    if let Some(max) = schema.get("maxLength") {
        limits.push(format!("at most {max} characters"));
    }
    if let Some(values) = schema.get("enum").and_then(|values| values.as_array()) {
        let values: Vec<_> = values.iter().filter_map(|value| value.as_str()).collect();
        limits.push(values.join(", "));
    }
    if spec.nullable {
        limits.push("null".to_owned());
    }
    format!(
        "<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
        spec.name,
        spec.shape.type_name(),
        limits.join("; "),
        spec.doc.replace('`', "")
    )
}

const ENDPOINTS: &[(&str, &str)] = &[
    (
        "PUT /v1/assistants/{assistant}",
        "Partial update of an assistant; PATCH does the same. <code>?dry_run=true</code> shows the vendor's request instead of sending it.",
    ),
    ("GET /v1/assistants/{assistant}/route", "Where an assistant leads, and by which rule."),
    ("GET /v1/vendors", "The vendors that you may use."),
    ("GET /v1/vendors/{vendor}", "Every canonical field at one vendor."),
    ("GET /v1/fields", "The coverage matrix, fields × vendors."),
    ("GET /v1/schema", "JSON Schema of the canonical update."),
    ("GET /openapi.json", "This API as OpenAPI 3.1."),
];

const PAGE: &str = include_str!("docs.html");
