//! Merges the layers: each is a provider of figment's, which decides the layer that every value comes from.
//!
//! Figment marks a value with its layer only, so the merged tree takes line and column from that layer's own tree. A
//! section that only one layer has is not merged: there may be ten thousand assistants in it.

use std::collections::BTreeMap;

use figment::value::{Dict, Empty, Map, Num, Tag, Value as Merged};
use figment::{Figment, Metadata, Profile, Provider};

use super::source::Sources;
use super::tree::{Entry, Node, Table, Value};
use crate::config::validate::root;
use crate::config::validate::shape::{Kind, Section};

/// What one layer sets.
struct Layer {
    name: &'static str,
    table: Table,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(dict(&self.table)))
    }
}

/// The layers so far, and the tree that they make together.
#[derive(Default)]
pub(crate) struct Layers {
    /// The sections that more than one layer has.
    layers: Vec<Layer>,
    /// The layers of the sections that one layer alone has.
    alone: BTreeMap<String, usize>,
    figment: Figment,
    tree: Table,
}

impl Layers {
    /// Adds a layer over the others, under a name of its own; the error is figment's.
    pub(crate) fn add(&mut self, name: &'static str, table: Table) -> Result<(), String> {
        let own = self.layers.len();
        let mut shared = Table::new();
        for (key, entry) in table {
            if !self.tree.contains_key(&key) {
                self.alone.insert(key.clone(), own);
                self.tree.insert(key, entry);
                continue;
            }
            if let Some(below) = self.alone.remove(&key).and_then(|below| self.layers.get_mut(below))
                && let Some(theirs) = self.tree.remove(&key)
            {
                below.table.insert(key.clone(), theirs);
            }
            shared.insert(key, entry);
        }
        let nothing_shared = shared.is_empty();
        self.layers.push(Layer { name, table: shared });
        if nothing_shared { Ok(()) } else { self.merge() }
    }

    /// Merges what more than one layer has.
    fn merge(&mut self) -> Result<(), String> {
        self.figment = self.layers.iter().fold(Figment::new(), |figment, layer| figment.merge(layer));
        let mut profiles = self.figment.data().map_err(|error| error.kind.to_string())?;
        let merged = profiles.remove(&Profile::Default).unwrap_or_default();
        let written: Vec<_> = self.layers.iter().map(|layer| Some(&layer.table)).collect();
        let merged = self.table(merged, Shape::Section(&root::SECTION), &written);
        self.tree.extend(merged);
        Ok(())
    }

    pub(crate) fn tree(&self) -> &Table {
        &self.tree
    }

    pub(crate) fn into_tree(self) -> Table {
        self.tree
    }

    /// A merged table; `written` are the tables that it is made of, by layer.
    fn table(&self, merged: Dict, shape: Shape, written: &[Option<&Table>]) -> Table {
        let entries = merged.into_iter().map(|(name, value)| {
            let layer = self.layer(value.tag());
            let entry = layer.and_then(|layer| written.get(layer).copied()??.get(&name));
            let tables: Vec<_> = written.iter().map(|table| table.and_then(|table| inner(table, &name))).collect();
            match value {
                Merged::Dict(_, mut dict) if tables.iter().flatten().count() > 1 => {
                    let shape = shape.below(&name);
                    self.unset(&mut dict, shape, layer);
                    let value = Value::Table(self.table(dict, shape, &tables));
                    (name, entry_at(value, entry))
                }
                _ => (name, placed(value, entry)),
            }
        });
        entries.collect()
    }

    /// Removes what a higher layer unsets by setting something else instead.
    fn unset(&self, merged: &mut Dict, shape: Shape, own: Option<usize>) {
        let layer = |value: &Merged| self.layer(value.tag());
        match shape {
            Shape::Secret => merged.retain(|_, value| layer(value) == own),
            Shape::Section(Section { either, .. }) if !either.is_empty() => {
                let set = either.iter().filter_map(|&name| merged.get(name));
                let top = set.map(layer).max();
                merged.retain(|name, value| !either.contains(&name.as_str()) || Some(layer(value)) == top);
            }
            _ => {}
        }
    }

    /// The layer that a value comes from, counted from the lowest.
    fn layer(&self, tag: Tag) -> Option<usize> {
        let metadata = self.figment.get_metadata(tag)?;
        self.layers.iter().position(|layer| layer.name == metadata.name)
    }
}

/// What the schema says about a table while layers are merged.
#[derive(Clone, Copy)]
enum Shape {
    Section(&'static Section),
    /// Tables of one section under free names.
    Named(&'static Section),
    /// A reference to a secret, which a higher layer replaces whole.
    Secret,
    Free,
}

impl Shape {
    fn below(self, name: &str) -> Self {
        match self {
            Self::Section(section) => match section.key(name).map(|key| &key.kind) {
                Some(Kind::Table(section)) => Self::Section(section),
                Some(Kind::Named(_, section)) => Self::Named(section),
                Some(Kind::Secret | Kind::OneOrMore(Kind::Secret)) => Self::Secret,
                _ => Self::Free,
            },
            Self::Named(section) => Self::Section(section),
            Self::Secret | Self::Free => Self::Free,
        }
    }
}

fn inner<'t>(table: &'t Table, name: &str) -> Option<&'t Table> {
    table.get(name)?.node.as_table()
}

/// A value where the entry was written that it comes from.
fn entry_at(value: Value, written: Option<&Entry>) -> Entry {
    let (key_span, span) =
        written.map_or((Sources::NOWHERE, Sources::NOWHERE), |entry| (entry.key_span, entry.node.span));
    Entry { key_span, node: Node { value, span } }
}

/// A value of a single layer, with all that is in it.
fn placed(value: Merged, written: Option<&Entry>) -> Entry {
    let value = node(value, written.map(|entry| &entry.node)).value;
    entry_at(value, written)
}

fn node(value: Merged, written: Option<&Node>) -> Node {
    let span = written.map_or(Sources::NOWHERE, |node| node.span);
    let value = match value {
        Merged::String(_, text) => Value::Text(text),
        Merged::Num(_, Num::I64(number)) => Value::Integer(number),
        Merged::Num(_, Num::F64(number)) => Value::Float(number),
        Merged::Bool(_, flag) => Value::Flag(flag),
        Merged::Array(_, list) => {
            let nodes = written.map_or(&[][..], Node::elements);
            let element = |(index, value)| node(value, nodes.get(index));
            Value::List(list.into_iter().enumerate().map(element).collect())
        }
        Merged::Dict(_, inner) => {
            let table = written.and_then(Node::as_table);
            let entry = |(name, value)| {
                let written = table.and_then(|table| table.get(&name));
                (name, placed(value, written))
            };
            Value::Table(inner.into_iter().map(entry).collect())
        }
        Merged::Empty(..) | Merged::Char(..) | Merged::Num(..) => match written.map(|node| &node.value) {
            Some(Value::Foreign(name)) => Value::Foreign(name),
            _ => Value::Foreign("nothing"),
        },
    };
    Node { value, span }
}

fn dict(table: &Table) -> Dict {
    table.iter().map(|(name, entry)| (name.clone(), plain(&entry.node))).collect()
}

fn plain(node: &Node) -> Merged {
    match &node.value {
        Value::Text(text) => text.clone().into(),
        Value::Integer(number) => (*number).into(),
        Value::Float(number) => (*number).into(),
        Value::Flag(flag) => (*flag).into(),
        Value::List(list) => Merged::Array(Tag::Default, list.iter().map(plain).collect()),
        Value::Table(table) => Merged::Dict(Tag::Default, dict(table)),
        Value::Foreign(_) => Merged::Empty(Tag::Default, Empty::Unit),
    }
}
