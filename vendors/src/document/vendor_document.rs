//! A vendor's document in the gateway's documentation, generated from its table.

use crate::canonical::{Field, Shape};
use crate::catalog::CatalogKind;
use crate::dialect::{Call, Dialect, Fidelity, FieldDescription, Operations, Support};

use super::coverage::described_type;
use super::member_tables::{listed, member_tables};
use super::plan_document::{plan_operations, plan_sections};

/// The line about an adapter that no live account has confirmed.
const EXPERIMENTAL: &str = "- Experimental: written from documentation alone; no live account has confirmed it yet\n";

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
        .map(|(kind, spec)| {
            let hidden = if kind.is_shown() { "" } else { ", which callers do not see" };
            format!("- Catalog `{kind}`: `GET {}{}`{hidden}\n", dialect.base_url, spec.path)
        })
        .collect();
    let operations = operations(dialect);
    format!(
        "# {title}\n\n\
         Generated from the adapter's table by `just generate`; edit `vendors/src/{name}/` instead.\n\n\
         - Dialect: `{name}`\n\
         - Base URL: `{base}`\n\
         {experimental}{operations}{catalogs}\
         - Source: <{documentation}>\n\
         - More sources, quirks and what is uncertain: [README of the adapter](../../vendors/src/{name}/README.md); the\n  \
         documentation as data: [contracts](../../vendors/contracts/{name}/README.md)\n\n\
         {plan}## Fields\n\n{counted}\n\n\
         | field | type | wire name | fidelity | written by | read | notes |\n| --- | --- | --- | --- | --- | --- | --- |\n{supported}\n\
         ## Not readable\n\nThese fields can be written and do not appear when an assistant is read: {unreadable}.\n\n\
         ## What the documentation does not say\n\n{silences}\n\
         ## Not supported: refused with strict handling, dropped with lenient\n\n{refused}\n{members}",
        title = dialect.title,
        name = dialect.name,
        base = dialect.base_url,
        documentation = dialect.documentation,
        experimental = if dialect.experimental { EXPERIMENTAL } else { "" },
        plan = plan_sections(dialect),
        counted = counted(&described),
        unreadable = unreadable(dialect),
        silences = silences(dialect),
        members = member_tables(dialect),
    )
}

/// How many of the fields the vendor holds exactly, nearly, and not at all.
fn counted(described: &[FieldDescription]) -> String {
    let count = |fidelity| {
        let fields = described.iter().filter(|row| row.support != Support::Merged && row.fidelity == fidelity);
        fields.count()
    };
    format!(
        "Of the canonical fields, this vendor holds {} faithfully and {} approximately, as their notes say; {} it does not have.",
        count(Fidelity::Faithful),
        count(Fidelity::Approximate),
        count(Fidelity::None),
    )
}

/// The fields that cannot be read, as a list.
fn unreadable(dialect: &'static Dialect) -> String {
    let names: Vec<_> = dialect.unreadable().map(|field| format!("`{}`", field.name())).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// What the documentation leaves open, as a list.
fn silences(dialect: &Dialect) -> String {
    let list: String = dialect.silences.iter().map(|silence| format!("- {silence}\n")).collect();
    if list.is_empty() { "Nothing is noted.\n".to_owned() } else { list }
}

/// The operations with their requests.
fn operations(dialect: &Dialect) -> String {
    if let Some(plan) = dialect.plan {
        return plan_operations(dialect, plan);
    }
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
        "| `{}` | {} | {} | {} | {written} | {} | {} |\n",
        row.field.name(),
        described_type(row),
        wire.join(", "),
        row.fidelity.as_str(),
        row.told.unwrap_or("never"),
        notes.join(" ")
    )
}
