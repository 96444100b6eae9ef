//! Detects duplicate keys in an object, without hashing or allocating for ordinary objects.

use std::borrow::Cow;
use std::collections::HashSet;

/// Up to so many keys are compared one by one, which is faster than hashing. Beyond that a hash set keeps hostile objects
/// linear.
const MAX_SCANNED_KEYS: usize = 64;

/// The keys of all objects that are open at the moment; those of the innermost object come last.
#[derive(Default)]
pub(super) struct OpenKeys<'a> {
    open: Vec<Key<'a>>,
}

#[derive(Clone, Copy)]
struct Key<'a> {
    fingerprint: u32,
    name: &'a str,
}

/// The keys of one open object.
pub(super) struct ObjectKeys<'a> {
    base: usize,
    /// A Bloom filter with one bit for each key: a key whose bit is not set is new.
    filter: u64,
    /// All keys, if there are many or one is spelled with escapes.
    set: Option<HashSet<Cow<'a, str>>>,
}

impl<'a> OpenKeys<'a> {
    pub(super) fn open(&self) -> ObjectKeys<'a> {
        ObjectKeys { base: self.open.len(), filter: 0, set: None }
    }

    /// Adds a key; `false` if the object already has it.
    #[inline]
    pub(super) fn insert(&mut self, scope: &mut ObjectKeys<'a>, key: Cow<'a, str>) -> bool {
        let known = self.open.get(scope.base..).unwrap_or_default();
        let Cow::Borrowed(name) = key else { return self.insert_in_set(scope, key) };
        if scope.set.is_some() || known.len() == MAX_SCANNED_KEYS {
            return self.insert_in_set(scope, key);
        }
        let print = fingerprint(name);
        let bit = 1 << (print.wrapping_mul(0x9E37_79B1) >> 26);
        if scope.filter & bit != 0 && known.iter().any(|other| other.fingerprint == print && other.name == name) {
            return false;
        }
        scope.filter |= bit;
        if self.open.is_empty() {
            self.open.reserve(MAX_SCANNED_KEYS / 2);
        }
        self.open.push(Key { fingerprint: print, name });
        true
    }

    #[cold]
    fn insert_in_set(&mut self, scope: &mut ObjectKeys<'a>, key: Cow<'a, str>) -> bool {
        let scanned = self.open.drain(scope.base..).map(|key| Cow::Borrowed(key.name));
        scope.set.get_or_insert_default().extend(scanned);
        scope.set.get_or_insert_default().insert(key)
    }

    pub(super) fn close(&mut self, scope: &ObjectKeys<'a>) {
        self.open.truncate(scope.base);
    }
}

/// Length, first, middle and last byte: these distinguish the fields of an update.
fn fingerprint(key: &str) -> u32 {
    let &[first, .., last] = key.as_bytes() else { return key.bytes().map(u32::from).sum() };
    let middle = key.as_bytes().get(key.len() / 2).copied().unwrap_or_default();
    u32::from_le_bytes([first, middle, last, key.len() as u8])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether each key of one object is new.
    fn are_new(list: &[Cow<'static, str>]) -> Vec<bool> {
        let mut keys = OpenKeys::default();
        let mut scope = keys.open();
        list.iter().map(|key| keys.insert(&mut scope, key.clone())).collect()
    }

    #[test]
    fn different_keys_are_distinguished_and_the_same_key_is_detected() {
        let names: Vec<&'static str> = (0..100).map(|n| &*format!("k{n}").leak()).collect();
        for (index, one) in names.iter().enumerate() {
            for other in &names[..index] {
                let list = [*one, other, one, other].map(Cow::Borrowed);
                assert_eq!(are_new(&list), [true, true, false, false], "{one} {other}");
            }
        }
    }

    #[test]
    fn keys_with_the_same_fingerprint_are_distinguished() {
        assert_eq!(are_new(&["aXcYe", "aZcWe", "aXcYe"].map(Cow::Borrowed)), [true, true, false]);
        assert_eq!(are_new(&["", "a", "ab", "ba", ""].map(Cow::Borrowed)), [true, true, true, true, false]);
    }

    #[test]
    fn a_duplicate_key_is_detected_in_any_spelling() {
        let (plain, escaped): (Cow<str>, Cow<str>) = (Cow::Borrowed("a"), Cow::Owned("a".to_owned()));
        assert_eq!(are_new(&[plain.clone(), escaped.clone(), plain.clone()]), [true, false, false]);
        assert_eq!(
            are_new(&[escaped.clone(), plain, Cow::Borrowed("b"), Cow::Borrowed("b")]),
            [true, false, true, false]
        );
    }
}
