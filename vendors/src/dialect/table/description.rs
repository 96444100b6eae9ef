//! Describes rows in words, for discovery, the coverage matrix and the vendors' documents.

use crate::canonical::{Bounds, Field, Shape};
use crate::catalog::CatalogKind;
use crate::dialect::Dialect;

use super::assignment::Assignment;
use super::operations::Call;
use super::place::{Factor, NullForm, Place, PlaceForm};
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

/// Whether a vendor holds the values of a field exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fidelity {
    /// It holds them exactly.
    Faithful,
    /// It holds them nearly, or only some of them.
    Approximate,
    /// It does not have the field.
    None,
}

impl Fidelity {
    /// The word in documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Faithful => "faithful",
            Self::Approximate => "approximate",
            Self::None => "none",
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
    /// The vendor's names, with dots in nested ones; empty if it has none.
    pub wire: Vec<String>,
    /// The type of the values at this vendor.
    pub shape: Shape,
    /// Whether the vendor holds the values exactly.
    pub fidelity: Fidelity,
    /// What an approximate field loses, in sentences; empty if it loses nothing.
    pub approximation: String,
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
            Rule::At(Place { form, .. }) => match form {
                PlaceForm::Same | PlaceForm::Texts => Support::Renamed,
                PlaceForm::Named(_) | PlaceForm::Found { .. } => Support::Resolved,
                PlaceForm::Values(_) | PlaceForm::Kinds(_) | PlaceForm::Language(_) => Support::Mapped,
                PlaceForm::Scaled(_) | PlaceForm::Listed | PlaceForm::Sole => Support::Converted,
            },
            Rule::Nested(_) | Rule::Assigned(_) => Support::Converted,
            Rule::Unsupported(_) => Support::Unsupported,
        };
        let supported = row.is_supported();
        let shape = row.shape.unwrap_or(spec.shape);
        let on_create = self.operations.create.is_some() && (supported || self.creation_row(field).is_some());
        let values = values(&spec.shape, row.rule);
        let approximation = if supported { approximation(row, &values) } else { String::new() };
        FieldDescription {
            field,
            support,
            wire: match row.rule {
                Rule::Assigned(assignment) => vec![assignment.member().to_owned()],
                _ => row.wire_names(field).map(str::to_owned).chain(row.paths().map(|path| path.join("."))).collect(),
            },
            shape,
            fidelity: match (supported || on_create, approximation.is_empty()) {
                (false, _) => Fidelity::None,
                (true, true) => Fidelity::Faithful,
                (true, false) => Fidelity::Approximate,
            },
            approximation,
            bounds: match row.limit {
                Some(Limit::Bounds(bounds)) => Some(bounds),
                _ => shape.bounds(),
            },
            max_length: match (row.limit, &shape) {
                (Some(Limit::Length(max)), _) => Some(max),
                (_, Shape::Text(length)) => length.max,
                _ => None,
            },
            values,
            catalog: self.catalog_of(field).filter(|kind| kind.is_shown()),
            nullable: spec.nullable && supported && row.null != NullForm::Refused,
            on_update: supported,
            on_create,
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
        let row = self.row(field);
        let Row { rule, note, .. } = *row;
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
            Rule::At(Place { form: PlaceForm::Named(catalog), .. }) => {
                vec![format!("Looked up in the catalog `{catalog}`.")]
            }
            Rule::At(Place { form: PlaceForm::Found { catalog, or_else, .. }, .. }) => {
                vec![format!(
                    "Looked up among the account's {catalog}, exactly as it is spelled; another one {or_else}."
                )]
            }
            Rule::At(Place { form: PlaceForm::Scaled(Factor { by, shift, is_whole }), .. }) => {
                let whole = if is_whole { ", as a whole number" } else { "" };
                vec![format!("Sent as `value × {by} × 10^{shift}`{whole}; what that cannot hold exactly is refused.")]
            }
            Rule::At(Place { form: PlaceForm::Listed, .. }) => {
                vec!["Sent as a list with the value as its only element.".to_owned()]
            }
            Rule::At(Place { form: PlaceForm::Sole, .. }) => {
                vec!["The only element of the list is sent; a longer list is refused.".to_owned()]
            }
            Rule::At(Place { form: PlaceForm::Texts, .. }) => {
                vec!["The values must be texts; others are refused.".to_owned()]
            }
            Rule::At(Place { form: PlaceForm::Kinds(values), .. }) => vec![kinds(values)],
            Rule::At(Place { form: PlaceForm::Language(_), .. }) => {
                vec![
                    "English names and ISO 639-1 codes become the vendor's code; anything else is sent unchanged."
                        .to_owned(),
                ]
            }
            Rule::Nested(hook) => vec![hook.doc.to_owned()],
            Rule::Assigned(assignment) => vec![assigned(assignment)],
            Rule::Same | Rule::Rename(_) | Rule::Map { .. } | Rule::At(_) => Vec::new(),
        };
        if row.only.is_some() || !row.nearly.is_empty() || row.null == NullForm::Refused && self.plan.is_some() {
            sentences.extend(limits(row, field));
        }
        if !note.is_empty() {
            sentences.push(note.to_owned());
        }
        sentences.join(" ")
    }
}

/// What is lost of a supported field's values, in sentences: they are held only nearly, or not all of them.
fn approximation(row: &Row, values: &[(String, Option<String>)]) -> String {
    let nearly = Some(row.nearly).filter(|nearly| !nearly.is_empty()).map(|nearly| format!("{}.", upper_first(nearly)));
    let missing = values
        .iter()
        .filter(|(_, vendor)| vendor.is_none())
        .map(|(canonical, _)| format!("`{}`", canonical.trim_matches('"')));
    let missing: Vec<_> = missing.collect();
    let missing = (!missing.is_empty()).then(|| format!("Without {}.", missing.join(", ")));
    let parts: &[Unsupported] = if let Rule::Without(parts) = row.rule { parts } else { &[] };
    let hook = if let Rule::Hook(hook) = row.rule { Some(hook.loses.to_owned()) } else { None };
    let hook = hook.filter(|loses| !loses.is_empty());
    let sentences: Vec<_> = nearly.into_iter().chain(missing).chain(hook).chain(parts.iter().map(without)).collect();
    sentences.join(" ")
}

fn upper_first(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(rest).collect()
}

/// What limits a row of a nested dialect, in sentences.
fn limits(row: &Row, field: Field) -> Vec<String> {
    let mut sentences = Vec::new();
    if let Some(only) = row.only {
        let unset = if only.or_unset { ", or is not set" } else { "" };
        sentences.push(format!("Only where `{}` is {}{unset}.", only.path.join("."), only.wanted()));
    }
    if row.null == NullForm::Refused && field.spec().nullable {
        sentences.push(match row.rule {
            Rule::Assigned(by) => {
                format!("`null` is refused: it does not say which {} is to let go of the assistant.", by.noun())
            }
            _ => "`null` is refused: the vendor documents no value that clears it.".to_owned(),
        });
    }
    if !row.nearly.is_empty() {
        sentences.push(format!("Approximate: {}.", row.nearly));
    }
    sentences
}

fn values(shape: &Shape, rule: Rule) -> Vec<(String, Option<String>)> {
    let canonical: Vec<Literal> = match (shape, rule) {
        (Shape::Choice(choices), _) => choices.iter().map(|choice| Literal::Text(choice)).collect(),
        (
            Shape::Boolean,
            Rule::Map { .. } | Rule::At(Place { form: PlaceForm::Values(_) | PlaceForm::Kinds(_), .. }),
        ) => {
            vec![Literal::Bool(true), Literal::Bool(false)]
        }
        _ => Vec::new(),
    };
    let vendor = |literal: &Literal| match rule {
        Rule::Map { values, .. }
        | Rule::At(Place { form: PlaceForm::Values(values) | PlaceForm::Kinds(values), .. }) => {
            values.iter().find(|(from, _)| from == literal).map(|(_, to)| to.json())
        }
        Rule::Unsupported(_) => None,
        _ => Some(literal.json()),
    };
    canonical.iter().map(|literal| (literal.json(), vendor(literal))).collect()
}

/// Which of the vendor's values mean the same.
fn kinds(values: &[(Literal, Literal)]) -> String {
    let pairs: Vec<_> =
        values.iter().map(|(canonical, vendor)| format!("`{}` for `{}`", vendor.json(), canonical.json())).collect();
    format!("The vendor's values are {}; a stored one that means the same stays.", pairs.join(", "))
}

/// The request that writes an assignment.
fn assigned(assignment: &Assignment) -> String {
    let Call { method, path, .. } = assignment.write;
    format!(
        "A member of {}, not of the assistant: it is sent there (`{method} {path}`), after the assistant is written.",
        assignment.title
    )
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
