//! Reads checked values out of the tree; what failed the check reads as absent, having been reported already.

use std::net::SocketAddr;
use std::time::Duration;

use vendors::Handling;

use super::key_path::KeyPath;
use super::problem::{Finding, ProblemKind};
use super::validator::Validator;
use crate::config::load::source::{At, Sources};
use crate::config::load::tree::{Entry, Node, Table, Value};
use crate::config::types::duration;
use crate::config::types::handling;
use crate::config::types::secret::Secret;
use crate::value::Glob;

/// One table of the tree, or the absence of one.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    table: Option<&'a Table>,
    at: At,
    pub(crate) trail: KeyPath<'a>,
}

impl<'a> View<'a> {
    pub(crate) fn root(table: &'a Table) -> Self {
        Self { table: Some(table), at: Sources::NOWHERE, trail: KeyPath::ROOT }
    }

    /// The table under a key; empty where there is none.
    pub(crate) fn table(&'a self, name: &'a str) -> Self {
        let entry = self.entry(name);
        Self {
            table: entry.and_then(|entry| entry.node.as_table()),
            at: entry.map_or(self.at, |entry| entry.key_at),
            trail: self.trail.key(name),
        }
    }

    /// The table, unless there is none.
    pub(crate) fn present(self) -> Option<Self> {
        self.table.map(|_| self)
    }

    /// The tables in this one, by name.
    pub(crate) fn tables(&'a self) -> impl Iterator<Item = (&'a str, Self)> {
        self.entries().filter_map(|(name, entry)| {
            let view = View { table: Some(entry.node.as_table()?), at: entry.key_at, trail: self.trail.key(name) };
            Some((name, view))
        })
    }

    /// The rows of an array of tables.
    pub(crate) fn rows(&self, trail: &'a KeyPath<'a>, name: &str) -> impl Iterator<Item = Self> {
        self.elements(name).enumerate().filter_map(|(index, node)| {
            Some(View { table: Some(node.as_table()?), at: node.at, trail: trail.index(index) })
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
    pub(crate) fn at(&self, name: &str) -> At {
        self.node(name).map_or(self.at, |node| node.at)
    }

    /// Where the table's own name is.
    pub(crate) fn own_at(&self) -> At {
        self.at
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
        let ratio = match self.node(name)?.value {
            Value::Float(number) => number,
            Value::Integer(0) => 0.0,
            Value::Integer(1) => 1.0,
            _ => return None,
        };
        (0.0..=1.0).contains(&ratio).then_some(ratio)
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

    /// A vendor's id, written as digits or as an integer.
    pub(crate) fn id(&self, name: &str) -> Option<String> {
        match &self.node(name)?.value {
            Value::Text(text) => Some(text.clone()),
            Value::Integer(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// The secret that a key points to, read now; reports why where it cannot be had.
    pub(crate) fn secret(&self, name: &str, inspection: &mut Validator<'_>) -> Option<Secret> {
        let key = self.trail.key(name);
        let at = self.at(name);
        if let Some(text) = self.text(name) {
            let literal = inspection.sources.is_variable(at);
            return literal.then(|| accept(text, "the environment variable", at, &key, inspection))?;
        }
        let reference = self.table(name);
        if let Some(variable) = reference.text("env") {
            let at = reference.at("env");
            let value = inspection.environment.get(variable);
            if value.is_none() && !is_variable_name(variable) {
                let message = format!("`{key}.env` is not the name of an environment variable");
                let help = "name the variable that holds the secret, not the secret itself";
                let finding = Finding::error(ProblemKind::BadSecret, at, key, message);
                inspection.report(finding.help(help).secret());
                return None;
            }
            let Some(text) = value else {
                unset(variable, at, &key, inspection);
                return None;
            };
            let origin = format!("the environment variable `{variable}`");
            return accept(text, &origin, at, &key, inspection);
        }
        let path = reference.text("file")?;
        let at = reference.at("file");
        let (path, text) = inspection.read_file(at, key, path)?;
        let origin = format!("the file `{}`", path.display());
        accept(&text, &origin, at, &key, inspection)
    }
}

fn accept(text: &str, origin: &str, at: At, key: &KeyPath<'_>, inspection: &mut Validator<'_>) -> Option<Secret> {
    match Secret::for_header(text) {
        Ok(secret) => Some(secret),
        Err(wrong) => {
            let message = format!("the secret for `{key}` {wrong}");
            let help = format!("put the secret, and nothing else, into {origin}");
            inspection.error(ProblemKind::BadSecret, at, key, message, help);
            None
        }
    }
}

/// Whether a shell could set a variable of this name; a secret put here by mistake mostly fails this.
fn is_variable_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn unset(variable: &str, at: At, key: &KeyPath<'_>, inspection: &mut Validator<'_>) {
    let message = format!("the environment variable `{variable}` for `{key}` is not set");
    let nearest = vendors::nearest(variable, inspection.environment.names());
    let finding = Finding::error(ProblemKind::UnsetVariable, at, key, message);
    inspection.report(finding.nearest(nearest, format!("set {variable}, or name another one")));
}
