//! The state of an assistant as one text: equal texts mean that the vendor tells the same.

use std::collections::BTreeMap;

use crate::dialect::Dialect;
use crate::json::{Kind, Value, push_string};

use super::ListedAssistant;

impl ListedAssistant<'_> {
    /// Everything that the vendor tells of the assistant, in one spelling: without what changes by itself, with sorted
    /// members, without white space.
    pub fn state(&self, dialect: &Dialect) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.entry.text().len());
        push_sorted(&mut out, self.entry, dialect.listed.volatile);
        out
    }
}

/// Writes an object without its volatile members, which are paths with dots. A vendor that names a member twice means the last
/// one.
fn push_sorted(out: &mut Vec<u8>, object: Value<'_>, volatile: &[&str]) {
    let sorted: BTreeMap<_, _> = object.members().filter(|(key, _)| !volatile.contains(&&**key)).collect();
    out.push(b'{');
    for (index, (key, value)) in sorted.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push_string(out, key);
        out.push(b':');
        let inside = volatile.iter().filter_map(|path| path.strip_prefix(&**key)?.strip_prefix('.'));
        let inside: Vec<&str> = inside.collect();
        push_value(out, *value, &inside);
    }
    out.push(b'}');
}

fn push_value(out: &mut Vec<u8>, value: Value<'_>, volatile: &[&str]) {
    match value.kind() {
        Kind::Object => push_sorted(out, value, volatile),
        Kind::Array => {
            out.push(b'[');
            for (index, element) in value.elements().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                push_value(out, element, &[]);
            }
            out.push(b']');
        }
        Kind::String => push_string(out, &value.as_str().unwrap_or_default()),
        Kind::Null | Kind::Boolean | Kind::Number => out.extend_from_slice(value.text().as_bytes()),
    }
}
