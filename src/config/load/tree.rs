//! The settings as a tree in which every key and value remembers where it was written.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::source::{SourceId, Span};

/// A value and where it was written.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) span: Span,
}

#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    Integer(i64),
    Float(f64),
    Flag(bool),
    List(Vec<Node>),
    Table(Table),
    /// A date, or a number too large to hold: no key takes one.
    Foreign(&'static str),
}

/// Where a key was written, and its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key_span: Span,
    pub(crate) node: Node,
}

pub(crate) type Table = BTreeMap<String, Entry>;

impl Node {
    pub(crate) fn as_table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A float, or an integer as a float.
    pub(crate) fn as_number(&self) -> Option<f64> {
        match self.value {
            Value::Float(number) => Some(number),
            Value::Integer(number) => Some(number as f64),
            _ => None,
        }
    }

    /// The elements of a list, or the value itself as the only one.
    pub(crate) fn elements(&self) -> &[Self] {
        match &self.value {
            Value::List(list) => list,
            _ => std::slice::from_ref(self),
        }
    }

    /// What the value is, for "must be …, not …".
    pub(crate) fn type_name(&self) -> &'static str {
        match self.value {
            Value::Text(_) => "a string",
            Value::Integer(_) => "an integer",
            Value::Float(_) => "a float",
            Value::Flag(_) => "a boolean",
            Value::List(_) => "an array",
            Value::Table(_) => "a table",
            Value::Foreign(name) => name,
        }
    }

    pub(crate) fn from_toml(value: &Spanned<DeValue<'_>>, source: SourceId) -> Self {
        Self {
            span: span_in(source, value.span()),
            value: match value.get_ref() {
                DeValue::String(text) => Value::Text(text.clone().into_owned()),
                DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                    .map_or(Value::Foreign("an integer beyond 64 bits"), Value::Integer),
                DeValue::Float(number) => {
                    number.as_str().parse().map_or(Value::Foreign("a malformed number"), Value::Float)
                }
                DeValue::Boolean(flag) => Value::Flag(*flag),
                DeValue::Datetime(_) => Value::Foreign("a date or time"),
                DeValue::Array(list) => {
                    Value::List(list.iter().map(|element| Self::from_toml(element, source)).collect())
                }
                DeValue::Table(table) => Value::Table(from_toml(table, source)),
            },
        }
    }
}

/// The spanned tree of a parsed document.
pub(crate) fn from_toml(table: &DeTable<'_>, source: SourceId) -> Table {
    table
        .iter()
        .map(|(key, value)| {
            let entry = Entry { key_span: span_in(source, key.span()), node: Node::from_toml(value, source) };
            (key.get_ref().clone().into_owned(), entry)
        })
        .collect()
}

fn span_in(source: SourceId, range: Range<usize>) -> Span {
    Span { source, start: range.start, end: range.end }
}
