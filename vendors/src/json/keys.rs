//! Finds a key that stands twice in one object, without hashing or allocating for the keys that callers really send.

use std::borrow::Cow;
use std::collections::HashSet;

/// Up to this many keys a scan over fingerprints beats hashing; above it a set keeps hostile objects linear.
const SCANNED: usize = 64;

/// The keys of all objects that are open at the moment, innermost last.
#[derive(Default)]
pub(super) struct Keys<'a> {
    open: Vec<Key<'a>>,
}

#[derive(Clone, Copy)]
struct Key<'a> {
    print: u32,
    name: &'a str,
}

/// The keys of one open object.
pub(super) struct Scope<'a> {
    base: usize,
    /// One bit for each key, shared by some: a key whose bit is not set cannot be there yet.
    filter: u64,
    /// All keys, in objects with many of them or with one that is spelled with escapes.
    set: Option<HashSet<Cow<'a, str>>>,
}

impl<'a> Keys<'a> {
    pub(super) fn open(&self) -> Scope<'a> {
        Scope { base: self.open.len(), filter: 0, set: None }
    }

    /// Notes one key; `false` if the object has it already.
    #[inline]
    pub(super) fn insert(&mut self, scope: &mut Scope<'a>, key: Cow<'a, str>) -> bool {
        let known = self.open.get(scope.base..).unwrap_or_default();
        let Cow::Borrowed(name) = key else { return self.insert_in_set(scope, key) };
        if scope.set.is_some() || known.len() == SCANNED {
            return self.insert_in_set(scope, key);
        }
        let print = fingerprint(name);
        let bit = 1 << (print.wrapping_mul(0x9E37_79B1) >> 26);
        if scope.filter & bit != 0 && known.iter().any(|other| other.print == print && other.name == name) {
            return false;
        }
        scope.filter |= bit;
        if self.open.is_empty() {
            self.open.reserve(SCANNED / 2);
        }
        self.open.push(Key { print, name });
        true
    }

    #[cold]
    fn insert_in_set(&mut self, scope: &mut Scope<'a>, key: Cow<'a, str>) -> bool {
        let noted = self.open.drain(scope.base..).map(|key| Cow::Borrowed(key.name));
        scope.set.get_or_insert_default().extend(noted);
        scope.set.get_or_insert_default().insert(key)
    }

    pub(super) fn close(&mut self, scope: &Scope<'a>) {
        self.open.truncate(scope.base);
    }
}

/// Length, first, middle and last byte: enough to tell the field names of one update apart.
fn fingerprint(key: &str) -> u32 {
    let &[first, .., last] = key.as_bytes() else { return key.bytes().map(u32::from).sum() };
    let middle = key.as_bytes().get(key.len() / 2).copied().unwrap_or_default();
    u32::from_le_bytes([first, middle, last, key.len() as u8])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether each key is noted as new, in one object.
    fn noted(list: &[Cow<'static, str>]) -> Vec<bool> {
        let mut keys = Keys::default();
        let mut scope = keys.open();
        list.iter().map(|key| keys.insert(&mut scope, key.clone())).collect()
    }

    #[test]
    fn any_two_keys_are_told_apart_and_each_is_known_again() {
        let names: Vec<&'static str> = (0..100).map(|n| &*format!("k{n}").leak()).collect();
        for (index, one) in names.iter().enumerate() {
            for other in &names[..index] {
                let list = [*one, other, one, other].map(Cow::Borrowed);
                assert_eq!(noted(&list), [true, true, false, false], "{one} {other}");
            }
        }
    }

    #[test]
    fn keys_alike_in_length_and_in_the_bytes_that_are_looked_at_are_told_apart() {
        assert_eq!(noted(&["aXcYe", "aZcWe", "aXcYe"].map(Cow::Borrowed)), [true, true, false]);
        assert_eq!(noted(&["", "a", "ab", "ba", ""].map(Cow::Borrowed)), [true, true, true, true, false]);
    }

    #[test]
    fn a_key_that_was_spelled_with_escapes_is_known_again_in_any_spelling() {
        let (plain, escaped): (Cow<str>, Cow<str>) = (Cow::Borrowed("a"), Cow::Owned("a".to_owned()));
        assert_eq!(noted(&[plain.clone(), escaped.clone(), plain.clone()]), [true, false, false]);
        assert_eq!(
            noted(&[escaped.clone(), plain, Cow::Borrowed("b"), Cow::Borrowed("b")]),
            [true, false, true, false]
        );
    }
}
