//! The page of `GET /docs`, which describes the API to readers and loads nothing from elsewhere.

use vendors::Field;
use vendors::document::field_schema;

use crate::api::endpoint::{Endpoint, by_path};
use crate::api::routes::{ENDPOINTS, Operation};
use crate::problem::{Code, code_spans};

/// The page.
pub(super) fn html() -> String {
    let endpoints: String =
        by_path(ENDPOINTS).filter(|path| path.iter().all(|row| row.operation.listed)).flat_map(endpoint_rows).collect();
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

/// One row for each operation of a path, with all its methods.
fn endpoint_rows(path: &'static [Endpoint<Operation>]) -> impl Iterator<Item = String> {
    path.chunk_by(|one, next| one.operation.action == next.operation.action).filter_map(|endpoints| {
        let first = endpoints.first()?;
        let methods: Vec<_> = endpoints.iter().map(|endpoint| endpoint.method.as_str()).collect();
        let text = [first.summary, first.operation.description].join(". ");
        Some(format!(
            "<tr><td><code>{} {}</code></td><td>{}</td></tr>\n",
            methods.join(", "),
            first.path,
            code_spans(text.trim_end_matches(". "))
        ))
    })
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

const PAGE: &str = include_str!("docs.html");
