//! A vendor's document in the gateway's documentation, generated from its table.

use crate::canonical::{Field, Shape};
use crate::catalog::CatalogKind;
use crate::dialect::{Call, Dialect, FieldDescription, Operations, Support};

use super::coverage::field_type;
use super::member_tables::{listed, member_tables};

/// The document as Markdown.
pub fn vendor_markdown(dialect: &'static Dialect) -> String {
    let described: Vec<_> = Field::ALL.into_iter().map(|field| dialect.describe(field)).collect();
    let supported: String = described.iter().filter(|row| row.on_update || row.on_create).map(line).collect();
    let refused: String = described
        .iter()
        .filter(|row| !row.on_update && !row.on_create)
        .map(|row| format!("| `{}` | {} |\n", row.field.name(), row.detail))
        .collect();
    let refused =
        if refused.is_empty() { "None.\n".to_owned() } else { format!("| field | reason |\n| --- | --- |\n{refused}") };
    let catalogs: String = CatalogKind::ALL
        .into_iter()
        .filter_map(|kind| Some((kind, dialect.catalog(kind)?)))
        .map(|(kind, spec)| format!("- Catalog `{kind}`: `GET {}{}`\n", dialect.base_url, spec.path))
        .collect();
    let operations = operations(dialect);
    format!(
        "# {title}\n\n\
         Generated from the adapter's table by `just generate`; edit `vendors/src/{name}/` instead.\n\n\
         - Dialect: `{name}`\n\
         - Base URL: `{base}`\n\
         {operations}{catalogs}\
         - Source: <{documentation}>\n\
         - More sources, quirks and what is uncertain: [README of the adapter](../../vendors/src/{name}/README.md); the\n  \
         documentation as data: [contracts](../../vendors/contracts/{name}/README.md)\n\n\
         ## Fields\n\n\
         | field | type | wire name | written by | read | notes |\n| --- | --- | --- | --- | --- | --- |\n{supported}\n\
         ## Never told\n\nThese fields can be written and do not appear when an assistant is read: {unreadable}.\n\n\
         ## What the documentation does not say\n\n{silences}\n\
         ## Not supported: refused with strict handling, dropped with lenient\n\n{refused}\n{members}",
        title = dialect.title,
        name = dialect.name,
        base = dialect.base_url,
        documentation = dialect.documentation,
        unreadable = unreadable(dialect),
        silences = dialect.silences.iter().map(|silence| format!("- {silence}\n")).collect::<String>(),
        members = member_tables(dialect),
    )
}

/// The fields that are never told, as a list.
fn unreadable(dialect: &'static Dialect) -> String {
    let names: Vec<_> = dialect.unreadable().map(|field| format!("`{}`", field.name())).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// The operations with their requests.
fn operations(dialect: &Dialect) -> String {
    let Operations { update, create, delete, list, .. } = dialect.operations;
    let all = [
        ("Update", Some(update)),
        ("Create", create.map(|create| create.call)),
        ("Delete", delete),
        ("List", list.map(|list| list.call)),
    ];
    let line = |(name, call): (&str, Option<Call>)| match call {
        Some(Call { method, path, .. }) => format!("- {name}: `{method} {}{path}`\n", dialect.base_url),
        None => format!("- {name}: not documented\n"),
    };
    all.into_iter().map(line).collect()
}

fn line(row: &FieldDescription) -> String {
    let wire: Vec<_> = row.wire.iter().map(|name| format!("`{name}`")).collect();
    let mut notes = Vec::new();
    let spec = row.field.spec();
    if let Some(bounds) = row.bounds.filter(|_| row.bounds != spec.shape.bounds()) {
        notes.push(format!("Range: {}–{}.", bounds.min, bounds.max));
    }
    if let (Shape::Choice(choices), false) = (spec.shape, row.support == Support::Mapped) {
        notes.push(format!("One of {}.", listed(choices)));
    }
    if row.support == Support::Mapped {
        let pairs = row.values.iter().map(|(canonical, vendor)| match vendor {
            Some(vendor) => format!("`{canonical}` → `{vendor}`"),
            None => format!("`{canonical}` is not supported"),
        });
        notes.push(pairs.collect::<Vec<_>>().join(", ") + ".");
    }
    if !row.detail.is_empty() {
        notes.push(row.detail.clone());
    }
    let written = match (row.on_update, row.on_create) {
        (true, true) => "update, creation",
        (true, false) => "update",
        (false, _) => "creation",
    };
    format!(
        "| `{}` | {} | {} | {written} | {} | {} |\n",
        row.field.name(),
        field_type(row.field),
        wire.join(", "),
        row.told.unwrap_or("never"),
        notes.join(" ")
    )
}
