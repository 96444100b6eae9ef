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
        let lasting = self.entry.members().filter(|(key, _)| !dialect.listed.volatile.contains(&&**key));
        push_sorted(&mut out, lasting);
        out
    }
}

/// A vendor that names a member twice means the last one.
fn push_sorted<'a>(out: &mut Vec<u8>, members: impl Iterator<Item = (std::borrow::Cow<'a, str>, Value<'a>)>) {
    let sorted: BTreeMap<_, _> = members.collect();
    out.push(b'{');
    for (index, (key, value)) in sorted.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push_string(out, key);
        out.push(b':');
        push_value(out, *value);
    }
    out.push(b'}');
}

fn push_value(out: &mut Vec<u8>, value: Value<'_>) {
    match value.kind() {
        Kind::Object => push_sorted(out, value.members()),
        Kind::Array => {
            out.push(b'[');
            for (index, element) in value.elements().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                push_value(out, element);
            }
            out.push(b']');
        }
        Kind::String => push_string(out, &value.as_str().unwrap_or_default()),
        Kind::Null | Kind::Boolean | Kind::Number => out.extend_from_slice(value.text().as_bytes()),
    }
}
