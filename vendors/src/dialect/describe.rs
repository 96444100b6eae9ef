//! A row in words: the one source of discovery, coverage and the vendors' pages.

use crate::canonical::{Bounds, Field, Shape};
use crate::catalog::CatalogKind;

use super::Dialect;
use super::row::{Form, Lack, Limit, Literal, Rule};

/// How well a vendor has a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Support {
    /// Same name, same values.
    Same,
    /// Another name.
    Renamed,
    /// Other values, perhaps another name.
    Mapped,
    /// Through a catalog.
    Resolved,
    /// Written in another form.
    Converted,
    /// Same name, but not all that may stand in it.
    Partial,
    /// As members of the body itself.
    Merged,
    /// Not at all.
    Unsupported,
}

impl Support {
    /// The word in documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Renamed => "renamed",
            Self::Mapped => "mapped",
            Self::Resolved => "resolved",
            Self::Converted => "converted",
            Self::Partial => "partial",
            Self::Merged => "merged",
            Self::Unsupported => "unsupported",
        }
    }
}

/// What a vendor makes of one field.
#[derive(Debug, Clone)]
pub struct Described {
    /// The field.
    pub field: Field,
    /// How well the vendor has it.
    pub support: Support,
    /// The vendor's names for it; empty if it has none.
    pub wire: Vec<&'static str>,
    /// The range that holds at this vendor.
    pub bounds: Option<Bounds>,
    /// The length that holds at this vendor, in Unicode scalar values.
    pub max_length: Option<usize>,
    /// Canonical value and the vendor's, as JSON text; `None` where the vendor has no such value.
    pub values: Vec<(String, Option<String>)>,
    /// The catalog it goes through.
    pub catalog: Option<CatalogKind>,
    /// Whether `null` may be sent.
    pub nullable: bool,
    /// What else there is to know, in sentences; empty if nothing.
    pub detail: String,
}

impl Dialect {
    /// What this vendor makes of a field.
    pub fn describe(&self, field: Field) -> Described {
        let (row, spec) = (self.row(field), field.spec());
        let support = match row.rule {
            Rule::Same => Support::Same,
            Rule::Rename(_) => Support::Renamed,
            Rule::Map { .. } => Support::Mapped,
            Rule::Lookup { .. } => Support::Resolved,
            Rule::FlagPair { .. } | Rule::Hook(_) => Support::Converted,
            Rule::Without(_) => Support::Partial,
            Rule::Merge => Support::Merged,
            Rule::Unsupported(_) => Support::Unsupported,
        };
        let supported = row.is_supported();
        Described {
            field,
            support,
            wire: row.wire_names(field).collect(),
            bounds: match row.limit {
                Some(Limit::Bounds(bounds)) => Some(bounds),
                _ => spec.shape.bounds(),
            },
            max_length: match (row.limit, &spec.shape) {
                (Some(Limit::Length(max)), _) => Some(max),
                (_, Shape::Text(length)) => length.max,
                _ => None,
            },
            values: values(&spec.shape, row.rule),
            catalog: self.catalog_of(field),
            nullable: spec.nullable && supported,
            detail: detail(field, row.rule, row.note),
        }
    }
}

fn values(shape: &Shape, rule: Rule) -> Vec<(String, Option<String>)> {
    let canonical: Vec<Literal> = match (shape, rule) {
        (Shape::Choice(choices), _) => choices.iter().map(|choice| Literal::Text(choice)).collect(),
        (Shape::Boolean, Rule::Map { .. }) => vec![Literal::Bool(true), Literal::Bool(false)],
        _ => Vec::new(),
    };
    let vendor = |literal: &Literal| match rule {
        Rule::Map { values, .. } => values.iter().find(|(from, _)| from == literal).map(|(_, to)| to.json()),
        Rule::Unsupported(_) => None,
        _ => Some(literal.json()),
    };
    canonical.iter().map(|literal| (literal.json(), vendor(literal))).collect()
}

fn detail(field: Field, rule: Rule, note: &str) -> String {
    let mut sentences: Vec<String> = match rule {
        Rule::FlagPair { flag, wire } => {
            vec![format!("A value is sent as `{flag}: true` and `{wire}`, `null` as `{flag}: false`.")]
        }
        Rule::Lookup { catalog: CatalogKind::Languages, to: Form::Name, .. } if is_name(field) => {
            vec!["Names go as they are; ISO 639-1 codes are resolved through the catalog `languages`.".to_owned()]
        }
        Rule::Lookup { to: Form::Name, .. } if is_name(field) => vec!["Names go as they are.".to_owned()],
        Rule::Lookup { catalog, .. } => vec![format!("Resolved through the catalog `{catalog}`.")],
        Rule::Hook(hook) => vec![hook.doc.to_owned()],
        Rule::Unsupported(why) => vec![why.to_owned()],
        Rule::Without(lacks) => lacks.iter().map(lacking).collect(),
        Rule::Merge => vec!["Its entry for this vendor is merged verbatim into the body.".to_owned()],
        Rule::Same | Rule::Rename(_) | Rule::Map { .. } => Vec::new(),
    };
    if !note.is_empty() {
        sentences.push(note.to_owned());
    }
    sentences.join(" ")
}

/// Whether callers give the field as a name, not as an id.
fn is_name(field: Field) -> bool {
    matches!(field.spec().shape, Shape::Text(_))
}

fn lacking(lack: &Lack) -> String {
    match lack {
        Lack::Variant(tag) => format!("Without the type `{tag}`."),
        Lack::Members(tag, members) => format!("`{tag}` without `{}`.", members.join("`, `")),
    }
}
