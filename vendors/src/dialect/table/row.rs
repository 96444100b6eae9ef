//! Rows: how one vendor represents one canonical field.

use std::borrow::Cow;

use crate::canonical::{Bounds, Field, Shape};
use crate::catalog::CatalogKind;
use crate::dialect::FieldWriter;
use crate::json::Value;

use super::assignment::Assignment;
use super::place::{NestedHook, NullForm, Only, Path, Place, PlaceForm};
use super::reading::Reading;

/// How one vendor represents one canonical field.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// How the field is written.
    pub rule: Rule,
    /// How the field is read.
    pub reading: Reading,
    /// A limit of the vendor that is narrower than the canonical one.
    pub limit: Option<Limit>,
    /// Further information for callers; empty if there is none.
    pub note: &'static str,
    /// The type of the values here, if it is another than the canonical one: ids may be texts.
    pub shape: Option<Shape>,
    /// What `null` becomes in a document.
    pub null: NullForm,
    /// What else must hold at the vendor for the field to have a meaning.
    pub only: Option<Only>,
    /// The catalog that a hook looks ids up in.
    pub looks_in: Option<CatalogKind>,
    /// What becomes of a value that the vendor holds only nearly, as a sentence; empty if it holds values exactly.
    pub nearly: &'static str,
    /// The paths of what the field says, if it does not say all that stands at its places.
    pub says: &'static [Path],
}

/// How a field is written.
#[derive(Debug, Clone, Copy)]
pub enum Rule {
    /// Under its canonical name, verbatim.
    Same,
    /// Under another name, verbatim.
    Rename(&'static str),
    /// Under another name and with other values.
    Map {
        /// The vendor's name.
        wire: &'static str,
        /// Pairs of canonical value and vendor value. A canonical value that is not listed is unsupported.
        values: &'static [(Literal, Literal)],
    },
    /// As a flag and a value: `null` becomes the flag `false`; a value becomes the flag `true` and the value.
    FlagPair {
        /// The vendor's name of the flag.
        flag: &'static str,
        /// The vendor's name of the value.
        wire: &'static str,
    },
    /// After a lookup in a catalog of the vendor account.
    Lookup {
        /// The vendor's name.
        wire: &'static str,
        /// The catalog.
        catalog: CatalogKind,
        /// What is sent.
        send: SendAs,
    },
    /// Under its canonical name, verbatim, if it contains none of these parts.
    Without(&'static [Unsupported]),
    /// As members of the body itself: the rule of `vendor_options`.
    Merge,
    /// By a function in the vendor's module.
    Hook(&'static Hook),
    /// At a place of a document.
    At(Place),
    /// At places of a document, by a function in the vendor's module.
    Nested(&'static NestedHook),
    /// By a request to another object, which names the assistant; the value is that object's id.
    Assigned(&'static Assignment),
    /// Not at all. The text completes the sentence "… does not document …", without its full stop.
    Unsupported(&'static str),
}

/// A JSON literal in a value map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Literal {
    /// A string that needs no escapes.
    Text(&'static str),
    /// A boolean.
    Bool(bool),
    /// Any other JSON without white space: `null`, a number, an object.
    Json(&'static str),
}

/// Which side of a catalog entry is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendAs {
    /// The id.
    Id,
    /// The name.
    Name,
}

/// A limit that is narrower than the canonical one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// The range of a number.
    Bounds(Bounds),
    /// The greatest length of a string, in Unicode scalar values.
    Length(usize),
}

/// A part of a list's elements that a vendor does not document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsupported {
    /// A whole alternative, by its `type`.
    Variant(&'static str),
    /// Members of the alternative with this `type`.
    Members(&'static str, &'static [&'static str]),
}

/// A conversion that the other rules cannot express: functions that see one field.
#[derive(Debug)]
pub struct Hook {
    /// The vendor's name.
    pub wire: &'static str,
    /// The path inside the canonical field that the written value comes from. Error keys are mapped back to it.
    pub canonical_path: &'static [&'static str],
    /// Writes the value, or refuses it.
    pub write: fn(Value<'_>, &mut FieldWriter<'_>),
    /// The canonical text of a value that `write` has written.
    pub read: for<'a> fn(Value<'a>) -> Cow<'a, str>,
    /// What the functions do, in one sentence for the documentation.
    pub doc: &'static str,
    /// What of the canonical values is lost, in one sentence; empty if nothing is.
    pub loses: &'static str,
}

impl Row {
    /// The same name and the same values.
    pub const SAME: Self = Self::by(Rule::Same);

    /// A row with a rule and nothing else.
    pub const fn by(rule: Rule) -> Self {
        Self {
            rule,
            reading: Reading::Backwards,
            limit: None,
            note: "",
            shape: None,
            null: NullForm::Null,
            only: None,
            looks_in: None,
            nearly: "",
            says: &[],
        }
    }

    /// At a place of a document, in the canonical form.
    pub const fn at(path: Path) -> Self {
        Self::by(Rule::At(Place { path, form: PlaceForm::Same, beside: &[] }))
    }

    /// At a place of a document, in another form.
    pub const fn at_as(path: Path, form: PlaceForm) -> Self {
        Self::by(Rule::At(Place { path, form, beside: &[] }))
    }

    /// A name that is looked up in a catalog of a nested dialect, and written as the row of its twin says. `path` is that row's.
    pub const fn named(path: Path, catalog: CatalogKind) -> Self {
        Self::at_as(path, PlaceForm::Named(catalog))
    }

    /// The id of another object, which names the assistant. `null` does not say which object is to let go of it.
    pub const fn assigned(assignment: &'static Assignment) -> Self {
        Self::by(Rule::Assigned(assignment)).without_null()
    }

    /// The same row, whose values have another type than the canonical one.
    pub const fn typed(mut self, shape: Shape) -> Self {
        self.shape = Some(shape);
        self
    }

    /// The same row with these leaves along with a value.
    pub const fn beside(mut self, leaves: &'static [(Path, &'static str)]) -> Self {
        if let Rule::At(place) = &mut self.rule {
            place.beside = leaves;
        }
        self
    }

    /// The same row, of which `null` becomes this JSON.
    pub const fn null_is(mut self, json: &'static str) -> Self {
        self.null = NullForm::Json(json);
        self
    }

    /// The same row, of which `null` is written at another path, which leads to the place.
    pub const fn null_at(mut self, path: Path) -> Self {
        self.null = NullForm::At(path);
        self
    }

    /// The same row, which refuses `null` because the vendor documents no value that clears it.
    pub const fn without_null(mut self) -> Self {
        self.null = NullForm::Refused;
        self
    }

    /// The same row, which has a meaning only if the setting at `path` has one of these values.
    pub const fn only_where(mut self, path: Path, is: &'static [&'static str]) -> Self {
        self.only = Some(Only { path, is, or_unset: false });
        self
    }

    /// The same row, if the vendor takes an unset value for one of those of [`only_where`](Self::only_where).
    pub const fn or_unset(mut self) -> Self {
        if let Some(only) = &mut self.only {
            only.or_unset = true;
        }
        self
    }

    /// The same row, whose hook looks ids up in a catalog.
    pub const fn looking_in(mut self, catalog: CatalogKind) -> Self {
        self.looks_in = Some(catalog);
        self
    }

    /// The same row, whose values the vendor holds only nearly.
    pub const fn nearly(mut self, sentence: &'static str) -> Self {
        self.nearly = sentence;
        self
    }

    /// The same row, which says only these parts of what stands at its paths.
    pub const fn saying(mut self, parts: &'static [Path]) -> Self {
        self.says = parts;
        self
    }

    /// The same row with a greatest length.
    pub const fn at_most(mut self, length: usize) -> Self {
        self.limit = Some(Limit::Length(length));
        self
    }

    /// Another name, the same values.
    pub const fn rename(wire: &'static str) -> Self {
        Self::by(Rule::Rename(wire))
    }

    /// Another name, other values.
    pub const fn map(wire: &'static str, values: &'static [(Literal, Literal)]) -> Self {
        Self::by(Rule::Map { wire, values })
    }

    /// A lookup in a catalog.
    pub const fn lookup(wire: &'static str, catalog: CatalogKind, send: SendAs) -> Self {
        Self::by(Rule::Lookup { wire, catalog, send })
    }

    /// Not supported; see [`Rule::Unsupported`] for `what`.
    pub const fn unsupported(what: &'static str) -> Self {
        Self::by(Rule::Unsupported(what))
    }

    /// The same row, read in another way.
    pub const fn reading(mut self, reading: Reading) -> Self {
        self.reading = reading;
        self
    }

    /// The same row with a narrower range.
    pub const fn within(mut self, min: f64, max: f64) -> Self {
        self.limit = Some(Limit::Bounds(Bounds::new(min, max)));
        self
    }

    /// The same row with a note.
    pub const fn note(mut self, note: &'static str) -> Self {
        self.note = note;
        self
    }

    /// Whether the field is sent exactly as it was received, name included.
    pub(in crate::dialect) const fn is_identity(&self) -> bool {
        matches!(self.rule, Rule::Same) && self.limit.is_none()
    }

    /// Whether the vendor supports the field.
    pub const fn is_supported(&self) -> bool {
        !matches!(self.rule, Rule::Unsupported(_))
    }

    /// The paths in a document that the field is written at; none in a flat dialect.
    pub fn paths(&self) -> impl Iterator<Item = Path> + use<> {
        let (place, hook): (_, &'static [Path]) = match self.rule {
            Rule::At(Place { path, .. }) => (Some(path), &[]),
            Rule::Nested(hook) => (None, hook.paths),
            Rule::Assigned(assignment) => (Some(assignment.place), &[]),
            _ => (None, &[]),
        };
        place.into_iter().chain(hook.iter().copied())
    }

    /// The paths of what the field says, which is all at its places unless the row says less.
    pub fn said(&self) -> Vec<Path> {
        if self.says.is_empty() { self.paths().collect() } else { self.says.to_vec() }
    }

    /// The catalog that the field is looked up in, if any.
    pub const fn catalog(&self) -> Option<(CatalogKind, SendAs)> {
        match self.rule {
            Rule::Lookup { catalog, send, .. } => Some((catalog, send)),
            Rule::At(Place { form: PlaceForm::Named(catalog) | PlaceForm::Found { catalog, .. }, .. }) => {
                Some((catalog, SendAs::Id))
            }
            _ => None,
        }
    }

    /// The vendor's names for `field` in a flat dialect: none, one, or a flag and its value.
    pub fn wire_names(&self, field: Field) -> impl Iterator<Item = &'static str> + use<> {
        let (first, second) = match self.rule {
            Rule::Same | Rule::Without(_) => (Some(field.name()), None),
            Rule::Rename(wire) | Rule::Map { wire, .. } | Rule::Lookup { wire, .. } => (Some(wire), None),
            Rule::FlagPair { flag, wire } => (Some(flag), Some(wire)),
            Rule::Hook(hook) => (Some(hook.wire), None),
            Rule::At(_) | Rule::Nested(_) | Rule::Assigned(_) | Rule::Merge | Rule::Unsupported(_) => (None, None),
        };
        first.into_iter().chain(second)
    }
}

impl Literal {
    /// Whether `value` equals this literal, however it is escaped.
    pub fn is(self, value: Value<'_>) -> bool {
        match self {
            Self::Text(text) => value.is_str(text),
            Self::Bool(bool) => value.as_bool() == Some(bool),
            Self::Json(json) => value.text() == json,
        }
    }

    /// Whether `value` equals this literal and is spelled as [`json`](Self::json) spells it.
    pub(in crate::dialect) fn is_plainly(self, value: Value<'_>) -> bool {
        self.is(value) && !value.text().contains('\\')
    }

    /// The literal as JSON text.
    pub fn json(self) -> String {
        match self {
            Self::Text(text) => format!("\"{text}\""),
            Self::Bool(bool) => bool.to_string(),
            Self::Json(json) => json.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Limits, read_value};

    #[test]
    fn only_a_row_with_the_same_name_and_no_limit_is_the_identity() {
        assert!(Row::SAME.is_identity() && Row::SAME.note("A note.").is_identity());
        assert!(!Row::SAME.within(0.0, 1.0).is_identity() && !Row::rename("other").is_identity());
    }

    #[test]
    fn a_literal_is_plain_if_it_is_spelled_without_escapes() {
        let text = Literal::Text("pipeline");
        let is = |json: &str| {
            let value = read_value(json.as_bytes(), Limits::VENDOR).unwrap();
            (text.is(value), text.is_plainly(value))
        };
        assert_eq!(is(r#""pipeline""#), (true, true));
        assert_eq!(is(r#""\u0070ipeline""#), (true, false));
        assert_eq!(is(r#""dualplex""#), (false, false));
    }
}
