//! Where each value of a configuration comes from: the defaults, a place in a file, or an environment variable.
//!
//! An assistant has one place for all its keys, unless another source sets one of them, because there may be ten thousand.

use std::collections::BTreeMap;

use serde::Serialize;

use super::load::source::{SourceId, Sources, Span};
use super::load::tree::{Entry, Table};
use super::validate::key_path::KeyPath;
use super::validate::problem::Location;
use super::validate::visible::visible;

/// The section whose tables have one place each.
const ASSISTANTS: &str = "assistants";

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "origin")]
pub enum Origin {
    /// Nothing sets it.
    Default,
    /// A file sets it.
    File {
        /// The file, as it was named.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
    },
    /// An environment variable sets it.
    Variable {
        /// Its name.
        variable: String,
    },
}

/// A value in force, and where it comes from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Setting {
    /// The dotted key.
    pub key: String,
    /// The value, secrets redacted.
    pub value: serde_json::Value,
    /// Where it comes from.
    #[serde(flatten)]
    pub origin: Origin,
    /// Where a secret is read from, as the reference to it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reads: Option<String>,
}

/// Where the values of one configuration come from, by their keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins {
    /// The names of files and variables.
    names: Vec<String>,
    places: BTreeMap<String, SourceLocation>,
    /// What references to secrets say.
    references: BTreeMap<String, String>,
}

/// A place in one of the named sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SourceLocation {
    File { name: usize, line: usize, column: usize },
    Variable { name: usize },
}

impl Origins {
    /// The places of everything that a tree holds and that is no default.
    pub(super) fn of(tree: &Table, sources: &Sources) -> Self {
        let mut found = Collector { sources, origins: Self::default(), names: BTreeMap::new() };
        found.table(tree, &KeyPath::ROOT, None);
        found.origins
    }

    /// Every value of a configuration as operators see it, with its key and where it comes from; an assistant is one value.
    #[must_use]
    pub fn settings(&self, redacted: &serde_json::Value) -> Vec<Setting> {
        let mut found = Vec::new();
        self.collect(redacted, &KeyPath::ROOT, &mut found);
        found
    }

    /// Where the value of a key comes from.
    #[must_use]
    pub fn origin(&self, key: &str) -> Origin {
        let name = |index: usize| self.names.get(index).cloned().unwrap_or_default();
        match self.places.get(key) {
            None => Origin::Default,
            Some(&SourceLocation::File { name: index, line, column }) => {
                Origin::File { file: name(index), line, column }
            }
            Some(&SourceLocation::Variable { name: index }) => Origin::Variable { variable: name(index) },
        }
    }

    /// Where an assistant of that name comes from.
    #[must_use]
    pub fn assistant(&self, name: &str) -> Origin {
        self.origin(&KeyPath::ROOT.key(ASSISTANTS).key(name).to_string())
    }

    fn collect(&self, value: &serde_json::Value, path: &KeyPath<'_>, found: &mut Vec<Setting>) {
        let is_one = !path.named().is_empty() && path.section() == ASSISTANTS;
        match value.as_object().filter(|members| !members.is_empty() && !is_one) {
            Some(members) => members.iter().for_each(|(name, value)| self.collect(value, &path.key(name), found)),
            None => {
                let key = path.to_string();
                let (origin, reads) = (self.origin(&key), self.references.get(&key).cloned());
                found.push(Setting { origin, reads, value: value.clone(), key });
            }
        }
    }
}

/// What is known while the tree is walked.
struct Collector<'a> {
    sources: &'a Sources,
    origins: Origins,
    /// The index of the name of each source.
    names: BTreeMap<SourceId, usize>,
}

impl Collector<'_> {
    /// The entries of a table; those of the source `whole` have the table's place.
    fn table(&mut self, table: &Table, path: &KeyPath<'_>, whole: Option<SourceId>) {
        for (name, entry) in table {
            let (path, span) = (path.key(name), place_of(entry));
            let is_default = span.source == Sources::NOWHERE.source || self.sources.is_default(span);
            if !is_default && whole != Some(span.source) {
                self.add(path.to_string(), span);
            }
            let Some(inner) = entry.node.as_table() else { continue };
            if let Some(reference) = reference(inner) {
                self.origins.references.insert(path.to_string(), reference);
            }
            let is_assistant = path.section() == ASSISTANTS && !path.named().is_empty();
            self.table(inner, &path, is_assistant.then_some(span.source));
        }
    }

    fn add(&mut self, key: String, span: Span) {
        let (place, shown) = match self.sources.location(span) {
            Location::File { path, line, column } => (Some((line, column)), path.display().to_string()),
            Location::Variable { name } => (None, name),
            Location::Defaults { .. } | Location::Whole => return,
        };
        let names = &mut self.origins.names;
        let name = *self.names.entry(span.source).or_insert_with(|| {
            names.push(visible(&shown));
            names.len() - 1
        });
        let place = match place {
            Some((line, column)) => SourceLocation::File { name, line, column },
            None => SourceLocation::Variable { name },
        };
        self.origins.places.insert(key, place);
    }
}

/// Where a key stands, or its value where the key stands nowhere.
fn place_of(entry: &Entry) -> Span {
    if entry.key_span == Sources::NOWHERE { entry.node.span } else { entry.key_span }
}

/// What a table says that refers to a secret: the names in it are none.
fn reference(table: &Table) -> Option<String> {
    let mut entries = table.iter();
    let (Some((name, entry)), None) = (entries.next(), entries.next()) else { return None };
    let text = visible(entry.node.as_text()?);
    match name.as_str() {
        "env" => Some(format!("environment variable {text}")),
        "file" => Some(format!("file {text}")),
        _ => None,
    }
}
