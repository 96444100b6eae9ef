//! Typed access to one table of the checked tree. A value that failed its check reads as absent, because it is
//! reported already.

use std::fmt::Display;
use std::net::SocketAddr;
use std::time::Duration;

use vendors::Handling;

use super::key_path::KeyPath;
use super::problem::{Diagnostic, ProblemKind};
use super::secret_reader::read_secret;
use super::validator::Validator;
use crate::config::load::source::{Sources, Span};
use crate::config::load::tree::{Entry, Node, Table, Value};
use crate::config::types::duration;
use crate::config::types::handling;
use crate::config::types::secret::{Secret, SecretText};
use crate::value::Glob;

/// One table of the tree, or the absence of one.
#[derive(Clone, Copy)]
pub(crate) struct TableReader<'a> {
    table: Option<&'a Table>,
    span: Span,
    pub(crate) key_path: KeyPath<'a>,
}

impl<'a> TableReader<'a> {
    pub(crate) fn root(table: &'a Table) -> Self {
        Self { table: Some(table), span: Sources::NOWHERE, key_path: KeyPath::ROOT }
    }

    /// A value that is a table; empty where it is none.
    pub(crate) fn of(node: &'a Node, key_path: KeyPath<'a>) -> Self {
        Self { table: node.as_table(), span: node.span, key_path }
    }

    /// The table under a key; empty where there is none.
    pub(crate) fn table(&'a self, name: &'a str) -> Self {
        let entry = self.entry(name);
        Self {
            table: entry.and_then(|entry| entry.node.as_table()),
            span: entry.map_or(self.span, |entry| entry.key_span),
            key_path: self.key_path.key(name),
        }
    }

    /// The table, unless there is none.
    pub(crate) fn present(self) -> Option<Self> {
        self.table.map(|_| self)
    }

    /// The tables in this one, by name.
    pub(crate) fn tables(&'a self) -> impl Iterator<Item = (&'a str, Self)> {
        self.entries().filter_map(|(name, entry)| {
            let reader = TableReader {
                table: Some(entry.node.as_table()?),
                span: entry.key_span,
                key_path: self.key_path.key(name),
            };
            Some((name, reader))
        })
    }

    /// The rows of an array of tables.
    pub(crate) fn rows(&self, key_path: &'a KeyPath<'a>, name: &str) -> impl Iterator<Item = Self> {
        self.elements(name).enumerate().filter_map(|(index, node)| {
            Some(TableReader { table: Some(node.as_table()?), span: node.span, key_path: key_path.index(index) })
        })
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = (&'a str, &'a Entry)> + use<'a> {
        let table = self.table.into_iter().flatten();
        table.map(|(name, entry)| (name.as_str(), entry))
    }

    pub(crate) fn entry(&self, name: &str) -> Option<&'a Entry> {
        self.table?.get(name)
    }

    pub(crate) fn node(&self, name: &str) -> Option<&'a Node> {
        self.entry(name).map(|entry| &entry.node)
    }

    /// Where the value under a key is, else where the table is.
    pub(crate) fn span(&self, name: &str) -> Span {
        self.node(name).map_or(self.span, |node| node.span)
    }

    /// Where the table's own name is.
    pub(crate) fn own_span(&self) -> Span {
        self.span
    }

    pub(crate) fn text(&self, name: &str) -> Option<&'a str> {
        self.node(name)?.as_text()
    }

    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        match self.node(name)?.value {
            Value::Flag(flag) => Some(flag),
            _ => None,
        }
    }

    /// A whole number that fits its type.
    pub(crate) fn count<T: TryFrom<i64>>(&self, name: &str) -> Option<T> {
        match self.node(name)?.value {
            Value::Integer(number) => T::try_from(number).ok(),
            _ => None,
        }
    }

    pub(crate) fn ratio(&self, name: &str) -> Option<f64> {
        self.node(name)?.as_number().filter(|ratio| (0.0..=1.0).contains(ratio))
    }

    pub(crate) fn duration(&self, name: &str) -> Option<Duration> {
        duration::parse(self.text(name)?).ok()
    }

    /// How long something is kept, at most `max`.
    pub(crate) fn lifetime(&self, name: &str, max: Duration) -> Option<Duration> {
        duration::parse_lifetime(self.text(name)?, max).ok()
    }

    pub(crate) fn address(&self, name: &str) -> Option<SocketAddr> {
        self.text(name)?.parse().ok()
    }

    /// One of a few words.
    pub(crate) fn word<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.text(name)?.parse().ok()
    }

    pub(crate) fn handling(&self, name: &str) -> Option<Handling> {
        handling::handling(self.text(name)?)
    }

    /// The elements of a list, or the value itself as the only one.
    pub(crate) fn elements(&self, name: &str) -> impl Iterator<Item = &'a Node> + use<'a> {
        self.node(name).into_iter().flat_map(Node::elements)
    }

    /// The texts of a list, or the text itself as the only one; none where the key is absent.
    pub(crate) fn texts(&self, name: &str) -> Option<Vec<String>> {
        self.node(name)?;
        let texts = self.elements(name).filter_map(Node::as_text);
        Some(texts.map(str::to_owned).collect())
    }

    /// The patterns of a list.
    pub(crate) fn globs(&self, name: &str) -> Option<Vec<Glob>> {
        let texts = self.texts(name)?;
        Some(texts.into_iter().map(Glob::new).collect())
    }

    /// A vendor's id, written as text or as an integer.
    pub(crate) fn id(&self, name: &str) -> Option<String> {
        match &self.node(name)?.value {
            Value::Text(text) => Some(text.clone()),
            Value::Integer(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// An error at a key: the key followed by what is wrong with it.
    pub(crate) fn error(&self, name: &str, kind: ProblemKind, wrong: impl Display) -> Diagnostic {
        let key = self.key_path.key(name);
        Diagnostic::error(kind, self.span(name), key, format!("`{key}` {wrong}"))
    }

    /// A warning at a key, as [`error`](Self::error).
    pub(crate) fn warning(&self, name: &str, kind: ProblemKind, wrong: impl Display) -> Diagnostic {
        let key = self.key_path.key(name);
        Diagnostic::warning(kind, self.span(name), key, format!("`{key}` {wrong}"))
    }

    /// Reads the secret that a key refers to; reports why where it cannot be read.
    pub(crate) fn secret(&self, name: &str, validator: &mut Validator<'_>) -> Option<Secret> {
        read_secret(self.node(name)?, &self.key_path.key(name), validator)
    }

    /// Reads the secrets of a list, or the only one; reports why where one cannot be read.
    pub(crate) fn secrets<T: SecretText>(&self, name: &str, validator: &mut Validator<'_>) -> Vec<T> {
        let key = self.key_path.key(name);
        match self.node(name).map(|node| &node.value) {
            Some(Value::List(list)) => {
                let nodes = list.iter().enumerate();
                nodes.filter_map(|(index, node)| read_secret(node, &key.index(index), validator)).collect()
            }
            _ => self.node(name).and_then(|node| read_secret(node, &key, validator)).into_iter().collect(),
        }
    }
}
