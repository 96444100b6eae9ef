//! Joins the layers: each is a provider of figment's, which decides the layer that every value comes from.
//!
//! A layer laid later comes before those under it: tables are joined key by key, anything else is replaced. Figment
//! marks a value with its layer only, so the joined tree takes line and column from that layer's own tree. A section
//! that one layer alone has is that layer's as it stands: there may be ten thousand assistants in it.

use std::collections::BTreeMap;

use figment::value::{Dict, Empty, Map, Num, Tag, Value as Joined};
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

/// The layers laid so far and the tree they make together.
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
    /// Lays a layer of a name of its own over the others; the error says what figment has against it.
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
        if nothing_shared { Ok(()) } else { self.join() }
    }

    /// Joins what more than one layer has.
    fn join(&mut self) -> Result<(), String> {
        self.figment = self.layers.iter().fold(Figment::new(), |figment, layer| figment.merge(layer));
        let mut profiles = self.figment.data().map_err(|error| error.kind.to_string())?;
        let joined = profiles.remove(&Profile::Default).unwrap_or_default();
        let written: Vec<_> = self.layers.iter().map(|layer| Some(&layer.table)).collect();
        let joined = self.table(joined, Shape::Section(&root::SECTION), &written);
        self.tree.extend(joined);
        Ok(())
    }

    pub(crate) fn tree(&self) -> &Table {
        &self.tree
    }

    pub(crate) fn into_tree(self) -> Table {
        self.tree
    }

    /// A joined table; `written` are the tables that were joined, by layer.
    fn table(&self, joined: Dict, shape: Shape, written: &[Option<&Table>]) -> Table {
        let entries = joined.into_iter().map(|(name, value)| {
            let layer = self.layer(value.tag());
            let entry = layer.and_then(|layer| written.get(layer).copied()??.get(&name));
            let tables: Vec<_> = written.iter().map(|table| table.and_then(|table| inner(table, &name))).collect();
            match value {
                Joined::Dict(_, mut dict) if tables.iter().flatten().count() > 1 => {
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

    /// Takes out what a higher layer unset by setting something else instead.
    fn unset(&self, joined: &mut Dict, shape: Shape, own: Option<usize>) {
        let layer = |value: &Joined| self.layer(value.tag());
        match shape {
            Shape::Secret => joined.retain(|_, value| layer(value) == own),
            Shape::Section(Section { either, .. }) if !either.is_empty() => {
                let set = either.iter().filter_map(|&name| joined.get(name));
                let top = set.map(layer).max();
                joined.retain(|name, value| !either.contains(&name.as_str()) || Some(layer(value)) == top);
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

/// What the shape says of a table while layers are joined.
#[derive(Clone, Copy)]
enum Shape {
    Section(&'static Section),
    /// Tables of one section under free names.
    Names(&'static Section),
    /// A reference to a secret, which a higher layer replaces whole.
    Secret,
    Free,
}

impl Shape {
    fn below(self, name: &str) -> Self {
        match self {
            Self::Section(section) => match section.key(name).map(|key| &key.kind) {
                Some(Kind::Table(section)) => Self::Section(section),
                Some(Kind::Named(_, section)) => Self::Names(section),
                Some(Kind::Secret) => Self::Secret,
                _ => Self::Free,
            },
            Self::Names(section) => Self::Section(section),
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
fn placed(value: Joined, written: Option<&Entry>) -> Entry {
    let value = node(value, written.map(|entry| &entry.node)).value;
    entry_at(value, written)
}

fn node(value: Joined, written: Option<&Node>) -> Node {
    let span = written.map_or(Sources::NOWHERE, |node| node.span);
    let value = match value {
        Joined::String(_, text) => Value::Text(text),
        Joined::Num(_, Num::I64(number)) => Value::Integer(number),
        Joined::Num(_, Num::F64(number)) => Value::Float(number),
        Joined::Bool(_, flag) => Value::Flag(flag),
        Joined::Array(_, list) => {
            let nodes = written.map_or(&[][..], Node::elements);
            let element = |(index, value)| node(value, nodes.get(index));
            Value::List(list.into_iter().enumerate().map(element).collect())
        }
        Joined::Dict(_, inner) => {
            let table = written.and_then(Node::as_table);
            let entry = |(name, value)| {
                let written = table.and_then(|table| table.get(&name));
                (name, placed(value, written))
            };
            Value::Table(inner.into_iter().map(entry).collect())
        }
        Joined::Empty(..) | Joined::Char(..) | Joined::Num(..) => match written.map(|node| &node.value) {
            Some(Value::Foreign(name)) => Value::Foreign(name),
            _ => Value::Foreign("nothing"),
        },
    };
    Node { value, span }
}

fn dict(table: &Table) -> Dict {
    table.iter().map(|(name, entry)| (name.clone(), plain(&entry.node))).collect()
}

fn plain(node: &Node) -> Joined {
    match &node.value {
        Value::Text(text) => text.clone().into(),
        Value::Integer(number) => (*number).into(),
        Value::Float(number) => (*number).into(),
        Value::Flag(flag) => (*flag).into(),
        Value::List(list) => Joined::Array(Tag::Default, list.iter().map(plain).collect()),
        Value::Table(table) => Joined::Dict(Tag::Default, dict(table)),
        Value::Foreign(_) => Joined::Empty(Tag::Default, Empty::Unit),
    }
}
