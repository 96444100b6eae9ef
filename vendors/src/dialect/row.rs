//! Rows: what one vendor does with one canonical field.

use crate::canonical::{Bounds, Field};
use crate::catalog::CatalogKind;
use crate::json::Value;

use super::body::Cell;

/// What one vendor does with one canonical field.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// How the field is written.
    pub rule: Rule,
    /// What is narrower than canonical here.
    pub limit: Option<Limit>,
    /// What else a maintainer or caller should know; empty if nothing.
    pub note: &'static str,
}

/// How a field is written.
#[derive(Debug, Clone, Copy)]
pub enum Rule {
    /// Under its own name, verbatim.
    Same,
    /// Under another name, verbatim.
    Rename(&'static str),
    /// Under another name and with other values.
    Map {
        /// The vendor's name.
        wire: &'static str,
        /// Canonical value and vendor value; a canonical value that is missing here is unsupported.
        values: &'static [(Literal, Literal)],
    },
    /// As a flag and a value: `null` is the flag `false`, a value is the flag `true` and the value.
    FlagPair {
        /// The vendor's name of the flag.
        flag: &'static str,
        /// The vendor's name of the value.
        wire: &'static str,
    },
    /// Through a catalog of the vendor account.
    Lookup {
        /// The vendor's name.
        wire: &'static str,
        /// Which catalog.
        catalog: CatalogKind,
        /// What goes on the wire.
        to: Form,
    },
    /// Under its own name, verbatim, if it uses none of these parts.
    Without(&'static [Lack]),
    /// As members of the body itself.
    Merge,
    /// By a function of the vendor's own module.
    Hook(&'static Hook),
    /// Not at all; why.
    Unsupported(&'static str),
}

/// A JSON literal in a value map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Literal {
    /// A string that needs no escapes.
    Text(&'static str),
    /// A boolean.
    Bool(bool),
}

/// Which side of a catalog's pairs goes on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The id.
    Id,
    /// The name.
    Name,
}

/// A limit that is narrower than the canonical one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// Numbers.
    Bounds(Bounds),
    /// Unicode scalar values.
    Length(usize),
}

/// A part of a structured value that a vendor does not document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// A whole alternative, by its `type`.
    Variant(&'static str),
    /// Members of an alternative.
    Members(&'static str, &'static [&'static str]),
}

/// What rows cannot say: a function that gets its one field and writes what the vendor wants instead.
#[derive(Debug)]
pub struct Hook {
    /// The vendor's name of what is written.
    pub wire: &'static str,
    /// Path inside the canonical field that the written value stands for, used to bring error keys home.
    pub home: &'static [&'static str],
    /// Writes the value, or refuses it.
    pub write: fn(Value<'_>, &mut Cell<'_>),
    /// One sentence for the pages.
    pub doc: &'static str,
}

impl Row {
    /// Same name, same values.
    pub const SAME: Self = Self::by(Rule::Same);

    /// A row with nothing but a rule.
    pub const fn by(rule: Rule) -> Self {
        Self { rule, limit: None, note: "" }
    }

    /// Another name, same values.
    pub const fn rename(wire: &'static str) -> Self {
        Self::by(Rule::Rename(wire))
    }

    /// Another name, other values.
    pub const fn map(wire: &'static str, values: &'static [(Literal, Literal)]) -> Self {
        Self::by(Rule::Map { wire, values })
    }

    /// Through a catalog.
    pub const fn lookup(wire: &'static str, catalog: CatalogKind, to: Form) -> Self {
        Self::by(Rule::Lookup { wire, catalog, to })
    }

    /// Not at all.
    pub const fn unsupported(why: &'static str) -> Self {
        Self::by(Rule::Unsupported(why))
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

    /// Whether whatever is canonical goes as it is, name and all.
    pub(super) const fn unchanged(&self) -> bool {
        matches!(self.rule, Rule::Same) && self.limit.is_none()
    }

    /// Whether the vendor has the field at all.
    pub const fn is_supported(&self) -> bool {
        !matches!(self.rule, Rule::Unsupported(_))
    }

    /// The vendor's names that the row writes for `field`: none, one, or a flag and its value.
    pub fn wire_names(&self, field: Field) -> impl Iterator<Item = &'static str> + use<> {
        let (first, second) = match self.rule {
            Rule::Same | Rule::Without(_) => (Some(field.name()), None),
            Rule::Rename(wire) | Rule::Map { wire, .. } | Rule::Lookup { wire, .. } => (Some(wire), None),
            Rule::FlagPair { flag, wire } => (Some(flag), Some(wire)),
            Rule::Hook(hook) => (Some(hook.wire), None),
            Rule::Merge | Rule::Unsupported(_) => (None, None),
        };
        first.into_iter().chain(second)
    }
}

impl Literal {
    /// Whether `value` is this literal, however it is escaped.
    pub fn is(self, value: Value<'_>) -> bool {
        match self {
            Self::Text(text) => value.is_str(text),
            Self::Bool(bool) => value.as_bool() == Some(bool),
        }
    }

    /// Whether `value` is this literal, written as [`json`](Self::json) writes it.
    pub(super) fn is_plainly(self, value: Value<'_>) -> bool {
        self.is(value) && !value.text().contains('\\')
    }

    /// The literal as JSON text.
    pub fn json(self) -> String {
        match self {
            Self::Text(text) => format!("\"{text}\""),
            Self::Bool(bool) => bool.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Limits, read_value};

    #[test]
    fn only_a_row_with_the_same_name_and_no_limit_changes_nothing() {
        assert!(Row::SAME.unchanged() && Row::SAME.note("A note.").unchanged());
        assert!(!Row::SAME.within(0.0, 1.0).unchanged() && !Row::rename("other").unchanged());
    }

    #[test]
    fn a_literal_is_plain_when_it_is_written_as_we_write_it() {
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
