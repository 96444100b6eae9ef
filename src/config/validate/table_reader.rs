//! Typed access to one table of the checked tree. A value that failed its check reads as absent, because it is
//! reported already.

use std::fmt::Display;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use vendors::Handling;

use super::key_path::KeyPath;
use super::problem::{Diagnostic, ProblemKind};
use super::validator::Validator;
use crate::config::load::source::{Sources, Span};
use crate::config::load::tree::{Entry, Node, Table, Value};
use crate::config::types::duration;
use crate::config::types::handling;
use crate::config::types::secret::{self, Secret};
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
        let key = self.key_path.key(name);
        let span = self.span(name);
        if let Some(text) = self.text(name) {
            let literal = validator.sources.is_variable(span);
            return literal.then(|| accept(text, "the environment variable", span, &key, validator))?;
        }
        let reference = self.table(name);
        if let Some(variable) = reference.text("env") {
            let span = reference.span("env");
            let value = validator.environment.get(variable);
            if value.is_none() && !is_variable_name(variable) {
                let message = format!("`{key}.env` is not the name of an environment variable");
                let help = "name the variable that holds the secret, not the secret itself";
                let diagnostic = Diagnostic::error(ProblemKind::BadSecret, span, key, message);
                validator.report(diagnostic.help(help).secret());
                return None;
            }
            let Some(text) = value else {
                unset(variable, span, &key, validator);
                return None;
            };
            let origin = format!("the environment variable `{variable}`");
            return accept(text, &origin, span, &key, validator);
        }
        let path = reference.text("file")?;
        let span = reference.span("file");
        let (path, text) = validator.read_file(span, key, path)?;
        if is_open_to_others(&path) {
            let message = format!("every user of this machine can read `{}` for `{key}`", path.display());
            let help = "let only the gateway's user read it: `chmod 0640` with a group of its own, or `chmod 0600`";
            validator.warn(ProblemKind::Insecure, span, key, message, help);
        }
        let origin = format!("the file `{}`", path.display());
        accept(&text, &origin, span, &key, validator)
    }
}

fn accept(text: &str, origin: &str, span: Span, key: &KeyPath<'_>, validator: &mut Validator<'_>) -> Option<Secret> {
    match Secret::for_header(text) {
        Ok(secret) => {
            if let Some((what, help)) = secret::mistaken(text) {
                let message = format!("the secret for `{key}` {what}");
                validator.warn(ProblemKind::BadSecret, span, key, message, format!("in {origin}: {help}"));
            }
            Some(secret)
        }
        Err(wrong) => {
            let message = format!("the secret for `{key}` {wrong}");
            let help = format!("put the secret, and nothing else, into {origin}");
            validator.error(ProblemKind::BadSecret, span, key, message, help);
            None
        }
    }
}

/// Whether users other than the owner and the group can read the file and reach it through all folders above it.
fn is_open_to_others(path: &Path) -> bool {
    let has = |path: &Path, bits: u32| path.metadata().is_ok_and(|metadata| metadata.mode() & bits == bits);
    let Ok(path) = path.canonicalize() else { return false };
    has(&path, 0o004) && path.ancestors().skip(1).all(|folder| has(folder, 0o001))
}

/// Whether a shell could set a variable of this name; a secret put here by mistake mostly fails this.
fn is_variable_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn unset(variable: &str, span: Span, key: &KeyPath<'_>, validator: &mut Validator<'_>) {
    if validator.environment.is_unreadable(variable) {
        let message = format!("the environment variable `{variable}` for `{key}` is not UTF-8");
        let help = "a secret consists of visible ASCII characters; set it again";
        validator.error(ProblemKind::BadSecret, span, key, message, help);
        return;
    }
    let message = format!("the environment variable `{variable}` for `{key}` is not set");
    let nearest = vendors::nearest(variable, validator.environment.names());
    let diagnostic = Diagnostic::error(ProblemKind::UnsetVariable, span, key, message);
    validator.report(diagnostic.nearest(nearest, format!("set {variable}, or name another one")));
}
