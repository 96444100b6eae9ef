//! Finds a key that stands twice in one object, without allocating for the objects that callers really send.

use std::borrow::Cow;
use std::collections::HashSet;

/// Up to this many keys a scan over fingerprints beats hashing; above it a set keeps hostile objects linear.
const SCANNED: usize = 64;

/// The keys of all objects that are open at the moment, innermost last.
#[derive(Default)]
pub(super) struct Keys<'a> {
    names: Vec<Cow<'a, str>>,
    prints: Vec<u32>,
}

/// The keys of one open object.
pub(super) struct Scope<'a> {
    base: usize,
    set: HashSet<Cow<'a, str>>,
}

impl<'a> Keys<'a> {
    pub(super) fn open(&self) -> Scope<'a> {
        Scope { base: self.names.len(), set: HashSet::new() }
    }

    /// Notes one key; `false` if the object has it already.
    pub(super) fn insert(&mut self, scope: &mut Scope<'a>, key: Cow<'a, str>) -> bool {
        if !scope.set.is_empty() {
            return scope.set.insert(key);
        }
        let print = fingerprint(&key);
        let names = self.names.get(scope.base..).unwrap_or_default();
        let prints = self.prints.get(scope.base..).unwrap_or_default();
        if prints.iter().zip(names).any(|(&other, name)| other == print && *name == key) {
            return false;
        }
        if names.len() < SCANNED {
            self.names.push(key);
            self.prints.push(print);
        } else {
            scope.set.extend(self.names.drain(scope.base..));
            self.prints.truncate(scope.base);
            scope.set.insert(key);
        }
        true
    }

    pub(super) fn close(&mut self, scope: &Scope<'a>) {
        self.names.truncate(scope.base);
        self.prints.truncate(scope.base);
    }
}

/// Length, first, middle and last byte: enough to tell the field names of one update apart.
fn fingerprint(key: &str) -> u32 {
    let bytes = key.as_bytes();
    let at = |index: usize| u32::from(bytes.get(index).copied().unwrap_or(0));
    let len = bytes.len();
    at(0) | at(len / 2) << 8 | at(len.saturating_sub(1)) << 16 | (len as u32) << 24
}
