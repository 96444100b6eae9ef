//! Rows: how one vendor represents one canonical field.

use std::borrow::Cow;

use crate::canonical::{Bounds, Field};
use crate::catalog::CatalogKind;
use crate::dialect::FieldWriter;
use crate::json::Value;

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
}

impl Row {
    /// The same name and the same values.
    pub const SAME: Self = Self::by(Rule::Same);

    /// A row with a rule and nothing else.
    pub const fn by(rule: Rule) -> Self {
        Self { rule, reading: Reading::Backwards, limit: None, note: "" }
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

    /// The vendor's names for `field`: none, one, or a flag and its value.
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
    /// Whether `value` equals this literal, however it is escaped.
    pub fn is(self, value: Value<'_>) -> bool {
        match self {
            Self::Text(text) => value.is_str(text),
            Self::Bool(bool) => value.as_bool() == Some(bool),
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
