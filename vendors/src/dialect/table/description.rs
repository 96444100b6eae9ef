//! Describes rows in words, for discovery, the coverage matrix and the vendors' documents.

use crate::canonical::{Bounds, Field, Shape};
use crate::catalog::CatalogKind;
use crate::dialect::Dialect;

use super::reading::{Form, Reading};
use super::row::{Limit, Literal, Row, Rule, SendAs, Unsupported};

/// How a vendor supports a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Support {
    /// The same name and the same values.
    Same,
    /// Another name.
    Renamed,
    /// Other values, perhaps another name.
    Mapped,
    /// Looked up in a catalog.
    Resolved,
    /// Converted to another structure.
    Converted,
    /// The same name, but only a part of the canonical values.
    Partial,
    /// Merged into the body.
    Merged,
    /// Not supported.
    Unsupported,
}

impl Support {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Same,
        Self::Renamed,
        Self::Mapped,
        Self::Resolved,
        Self::Converted,
        Self::Partial,
        Self::Merged,
        Self::Unsupported,
    ];

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

/// How a vendor supports one field.
#[derive(Debug, Clone)]
pub struct FieldDescription {
    /// The field.
    pub field: Field,
    /// The kind of support.
    pub support: Support,
    /// The vendor's names; empty if it has none.
    pub wire: Vec<&'static str>,
    /// The range at this vendor.
    pub bounds: Option<Bounds>,
    /// The greatest length at this vendor, in Unicode scalar values.
    pub max_length: Option<usize>,
    /// Pairs of canonical value and vendor value, as JSON text; `None` if the vendor does not support the value.
    pub values: Vec<(String, Option<String>)>,
    /// The catalog that the field is looked up in.
    pub catalog: Option<CatalogKind>,
    /// Whether `null` may be sent.
    pub nullable: bool,
    /// Whether an update can hold the field.
    pub on_update: bool,
    /// Whether a creation can hold it.
    pub on_create: bool,
    /// How it is told when an assistant is read, in a few words; `None` if it never is.
    pub told: Option<&'static str>,
    /// Further information, in sentences; empty if there is none.
    pub detail: String,
}

impl Dialect {
    /// How this vendor supports a field.
    pub fn describe(&self, field: Field) -> FieldDescription {
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
        FieldDescription {
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
            on_update: supported,
            on_create: self.operations.create.is_some() && (supported || self.creation_row(field).is_some()),
            told: self.told(field),
            detail: self.detail(field),
        }
    }

    /// How a field is told.
    fn told(&self, field: Field) -> Option<&'static str> {
        if field == Field::VendorOptions || !self.tells(field) {
            return None;
        }
        if field.id_of_name().is_some() {
            return Some("by its id");
        }
        Some(match self.row(field).reading {
            Reading::As(Form::Bit) => "as 0 or 1",
            Reading::As(Form::DecimalText) => "as a decimal string",
            Reading::As(Form::Object) => "as an object, `[]` if it is empty",
            Reading::As(Form::TypeAndData) => "as `{type, data}`",
            Reading::As(Form::Same | Form::Choices { .. }) | Reading::Backwards | Reading::Never => "yes",
        })
    }

    fn detail(&self, field: Field) -> String {
        let Row { rule, note, .. } = *self.row(field);
        let mut sentences: Vec<String> = match rule {
            Rule::FlagPair { flag, wire } => {
                vec![format!("A value is sent as `{flag}: true` and `{wire}`, `null` as `{flag}: false`.")]
            }
            Rule::Lookup { catalog: CatalogKind::Languages, send: SendAs::Name, .. } if is_name(field) => {
                vec!["Names are sent unchanged; ISO 639-1 codes are looked up in the catalog `languages`.".to_owned()]
            }
            Rule::Lookup { send: SendAs::Name, .. } if is_name(field) => vec!["Names are sent unchanged.".to_owned()],
            Rule::Lookup { catalog, .. } => vec![format!("Looked up in the catalog `{catalog}`.")],
            Rule::Hook(hook) => vec![hook.doc.to_owned()],
            Rule::Unsupported(what) => vec![self.undocumented(what)],
            Rule::Without(unsupported) => unsupported.iter().map(without).collect(),
            Rule::Merge => vec!["The entry for this vendor is merged verbatim into the body.".to_owned()],
            Rule::Same | Rule::Rename(_) | Rule::Map { .. } => Vec::new(),
        };
        if !note.is_empty() {
            sentences.push(note.to_owned());
        }
        sentences.join(" ")
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

/// Whether the field is a name, not an id.
fn is_name(field: Field) -> bool {
    matches!(field.spec().shape, Shape::Text(_))
}

fn without(unsupported: &Unsupported) -> String {
    match unsupported {
        Unsupported::Variant(tag) => format!("Without the type `{tag}`."),
        Unsupported::Members(tag, members) => format!("`{tag}` without `{}`.", members.join("`, `")),
    }
}
