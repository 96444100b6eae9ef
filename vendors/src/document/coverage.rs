//! The coverage matrix: how each vendor supports each canonical field.

use serde_json::{Map, Value, json};

use crate::canonical::{Field, Shape};
use crate::dialect::{Dialect, Fidelity, FieldDescription, Support};

use super::member_tables::type_and_limits;
use super::schema::number;

/// A vendor account and its dialect.
pub type Named<'a> = (&'a str, &'static Dialect);

/// The matrix as data: one entry for each of the fields, with one cell for each vendor.
pub fn coverage_json(vendors: &[Named<'_>], fields: &[Field]) -> Value {
    let fields: Vec<_> = fields
        .iter()
        .map(|&field| {
            let cells: Map<_, _> = vendors
                .iter()
                .map(|(name, dialect)| ((*name).to_owned(), described_json(&dialect.describe(field))))
                .collect();
            let spec = field.spec();
            json!({
                "field": field.name(),
                "type": type_name(field),
                "nullable": spec.nullable,
                "description": spec.doc,
                "vendors": cells,
            })
        })
        .collect();
    let names: Vec<_> = vendors.iter().map(|(name, _)| name).collect();
    json!({ "vendors": names, "fields": fields })
}

/// The same for one vendor: one entry for each field.
pub fn vendor_json(dialect: &'static Dialect) -> Value {
    let fields = Field::ALL.into_iter().map(|field| {
        let mut entry = json!({ "field": field.name(), "description": field.spec().doc });
        if let (Some(entry), Value::Object(cell)) = (entry.as_object_mut(), described_json(&dialect.describe(field))) {
            entry.extend(cell);
        }
        entry
    });
    fields.collect()
}

fn described_json(described: &FieldDescription) -> Value {
    let mut cell = Map::new();
    cell.insert("support".into(), described.support.as_str().into());
    cell.insert("supported".into(), (described.support != Support::Unsupported).into());
    cell.insert("fidelity".into(), described.fidelity.as_str().into());
    if described.fidelity == Fidelity::Approximate {
        cell.insert("approximation".into(), described.approximation.clone().into());
    }
    cell.insert("wire_name".into(), described.wire.last().cloned().into());
    if described.wire.len() > 1 {
        cell.insert("wire_names".into(), described.wire.clone().into());
    }
    cell.insert("on_create".into(), described.on_create.into());
    cell.insert("readable".into(), described.told.is_some().into());
    cell.insert("type".into(), described.shape.type_name().into());
    cell.insert("nullable".into(), described.nullable.into());
    if let Some(bounds) = described.bounds {
        cell.insert("range".into(), json!({ "min": number(bounds.min), "max": number(bounds.max) }));
    }
    if let Some(max) = described.max_length {
        cell.insert("max_length".into(), max.into());
    }
    if !described.values.is_empty() {
        let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap_or(Value::Null);
        let usable = described.values.iter().filter(|(_, vendor)| vendor.is_some());
        cell.insert("values".into(), usable.clone().map(|(canonical, _)| parse(canonical)).collect());
        let wire = usable.filter_map(|(_, vendor)| vendor.as_deref()).map(parse);
        cell.insert("wire_values".into(), wire.collect());
    }
    if let Some(catalog) = described.catalog {
        cell.insert("catalog".into(), catalog.as_str().into());
    }
    if !described.detail.is_empty() {
        cell.insert("detail".into(), described.detail.clone().into());
    }
    Value::Object(cell)
}

/// How a vendor supports a field, in a few words: a cell of the matrix.
pub fn coverage_cell(field: Field, dialect: &'static Dialect) -> String {
    cell(&dialect.describe(field))
}

/// One cell of the matrix, in a few words.
fn cell(described: &FieldDescription) -> String {
    let spec = described.field.spec();
    let mut words = match described.support {
        Support::Unsupported if described.on_create => "creation only".to_owned(),
        Support::Unsupported => return "—".to_owned(),
        Support::Merged => "merged".to_owned(),
        Support::Same => "✓".to_owned(),
        Support::Partial => "in part".to_owned(),
        _ => described.wire.join(" + "),
    };
    if described.fidelity == Fidelity::Approximate {
        words.insert_str(0, "≈ ");
    }
    if described.bounds != spec.shape.bounds()
        && let Some(bounds) = described.bounds
    {
        words.push_str(&format!(" {}–{}", bounds.min, bounds.max));
    }
    let missing: Vec<_> = described
        .values
        .iter()
        .filter(|(_, vendor)| vendor.is_none())
        .map(|(value, _)| value.trim_matches('"'))
        .collect();
    if !missing.is_empty() {
        words.push_str(&format!(" without {}", missing.join(", ")));
    }
    if described.told.is_none() && described.support != Support::Merged {
        words.push_str(", write-only");
    }
    words
}

/// A field's type, limits and nullability, in a few words.
pub(super) fn field_type(field: Field) -> String {
    let spec = field.spec();
    let kind = if spec.shape.is_of_ids() { type_name(field).to_owned() } else { type_and_limits(&spec.shape) };
    or_null(kind, spec.nullable)
}

/// The same at one vendor.
pub(super) fn described_type(described: &FieldDescription) -> String {
    or_null(type_and_limits(&described.shape), described.field.spec().nullable)
}

fn or_null(kind: String, nullable: bool) -> String {
    if nullable { kind + ", null" } else { kind }
}

/// The name of a field's type; vendors decide whether their ids are integers or strings.
pub fn type_name(field: Field) -> &'static str {
    let shape = &field.spec().shape;
    match shape {
        Shape::List(_) if shape.is_of_ids() => "integer[] or string[]",
        _ if shape.is_of_ids() => "integer or string",
        _ => shape.type_name(),
    }
}

/// The matrix as text: the titles of its columns, and a row for each of the fields.
pub fn coverage_rows(vendors: &[Named<'_>], fields: &[Field]) -> (Vec<String>, Vec<Vec<String>>) {
    let head = ["field", "type"].into_iter().chain(vendors.iter().map(|(name, _)| *name)).map(str::to_owned).collect();
    let body = fields
        .iter()
        .map(|&field| {
            let cells = vendors.iter().map(|(_, dialect)| cell(&dialect.describe(field)));
            [field.name().to_owned(), field_type(field)].into_iter().chain(cells).collect()
        })
        .collect();
    (head, body)
}

/// The matrix as a Markdown table.
pub fn coverage_markdown(vendors: &[Named<'_>], fields: &[Field]) -> String {
    let (head, body) = coverage_rows(vendors, fields);
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let rule = format!("|{}\n", " --- |".repeat(head.len()));
    let lines: String = body.iter().map(|cells| line(cells)).collect();
    format!("{}{rule}{lines}", line(&head))
}

/// Whether two of the vendors support the field in different ways.
pub fn differs(vendors: &[Named<'_>], field: Field) -> bool {
    let mut cells = vendors.iter().map(|(_, dialect)| cell(&dialect.describe(field)));
    let first = cells.next();
    cells.any(|cell| Some(cell) != first)
}
