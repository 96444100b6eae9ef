//! Lays one layer of the configuration over another.
//!
//! Written here because each value keeps the line and column it was written at, and because a layer can unset keys of
//! the layers below it; merging libraries do neither.

use super::tree::{Table, Value};
use crate::config::validate::shape::{Kind, Section};

/// What the schema says about a table while layers are joined.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    /// A table with fixed keys.
    Section(&'static Section),
    /// Tables of one section under free names.
    Named(&'static Section),
    /// A reference to a secret. A higher layer replaces it as a whole.
    Secret,
    /// Anything else.
    Free,
}

impl Shape {
    fn below(self, name: &str) -> Self {
        match self {
            Self::Section(section) => match section.key(name).map(|key| &key.kind) {
                Some(Kind::Table(section)) => Self::Section(section),
                Some(Kind::Named(_, section)) => Self::Named(section),
                Some(Kind::Secret) => Self::Secret,
                _ => Self::Free,
            },
            Self::Named(section) => Self::Section(section),
            Self::Secret | Self::Free => Self::Free,
        }
    }
}

/// Lays a layer over the tree: tables are joined key by key, anything else is replaced.
pub(crate) fn merge(tree: &mut Table, layer: Table, shape: Shape) {
    if let Shape::Section(Section { either, .. }) = shape
        && either.iter().any(|name| layer.contains_key(*name))
    {
        tree.retain(|name, _| !either.contains(&name.as_str()));
    }
    for (name, mut entry) in layer {
        let shape = shape.below(&name);
        if let Value::Table(inner) = &mut entry.node.value
            && !matches!(shape, Shape::Secret)
            && let Some(below) = tree.get_mut(&name)
            && let Value::Table(table) = &mut below.node.value
        {
            merge(table, std::mem::take(inner), shape);
            (below.key_span, below.node.span) = (entry.key_span, entry.node.span);
        } else {
            tree.insert(name, entry);
        }
    }
}
