//! Splices what an update sets into what the vendor has stored, where the vendor would replace it whole.
//!
//! Whatever is not written stays as the vendor has spelled it: keys, numbers, texts, members that occur twice. Only the white
//! space between members goes.

mod forms;
mod own;
mod parts;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use crate::dialect::{Splice, Splicing, is_on, splice_at};
use crate::json::{Kind, Limits, Value, decode, push_string, read_value};

/// Whether a part of a sparse document, which stands at `at`, can only be written once the stored part is known.
pub(super) fn needs_stored(splices: &[Splice], at: &[&str], sparse: Value<'_>) -> bool {
    splices.iter().any(|splice| {
        let Some(inside) = splice.path.strip_prefix(at) else { return false };
        sparse.at(inside).is_some_and(|written| match splice.how {
            Splicing::Switch { .. } => written.text() == "true",
            _ => matches!(written.kind(), Kind::Object | Kind::Array),
        })
    })
}

/// The part to send: what is written, with the rest of what the vendor would otherwise lose.
pub(super) fn spliced(splices: &[Splice], at: &[&str], sparse: Value<'_>, stored: Option<Value<'_>>) -> Vec<u8> {
    let mut out = Vec::with_capacity(sparse.text().len() + stored.map_or(0, |stored| stored.text().len()));
    let root = Root { depth: at.len(), sparse, stored };
    Splicer { splices, root, out: &mut out }.value(at, sparse, stored, false);
    out
}

/// A new object: what is written over the members that every new one has, at any depth.
pub(super) fn overlaid(splices: &[Splice], at: &[&str], base: Value<'_>, over: Value<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(base.text().len() + over.text().len());
    let root = Root { depth: at.len(), sparse: over, stored: Some(base) };
    Splicer { splices, root, out: &mut out }.object(at, Kept::All, over, Some(base));
    out
}

struct Splicer<'a> {
    splices: &'a [Splice],
    root: Root<'a>,
    out: &'a mut Vec<u8>,
}

/// Both parts whole, of which the splicer walks members.
#[derive(Clone, Copy)]
struct Root<'v> {
    depth: usize,
    sparse: Value<'v>,
    stored: Option<Value<'v>>,
}

impl Root<'_> {
    /// Whether what is written sets another text at a path of the document than is stored.
    fn changes(&self, path: &[&str]) -> bool {
        let inside = path.get(self.depth..).unwrap_or_default();
        let text = |part: Value<'_>| part.at(inside).and_then(Value::as_str).map(Cow::into_owned);
        let written = text(self.sparse);
        written.is_some() && written != self.stored.and_then(text)
    }
}

/// Which members of a stored object stay.
#[derive(Clone, Copy)]
enum Kept {
    /// None: the vendor keeps them itself.
    None,
    All,
    /// All, or the shared ones if this member changes its value.
    Variant {
        key: &'static str,
        shared: &'static [&'static str],
        lacking: &'static [(&'static str, &'static str)],
    },
}

impl Kept {
    /// Whether a member stays that is not written.
    fn has(self, name: &str, sparse: Value<'_>, stored: Value<'_>) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Variant { key, shared, lacking } => {
                let Some(new) = sparse.get(key).and_then(Value::as_str) else { return true };
                let old = stored.get(key).and_then(Value::as_str);
                let lacks = lacking.iter().any(|(value, member)| *value == new && *member == name);
                old.is_none_or(|old| old == new) || shared.contains(&name) && !lacks
            }
        }
    }
}

impl Splicer<'_> {
    /// Writes a value. In an object that is replaced `whole`, stored members stay.
    fn value(&mut self, at: &[&str], sparse: Value<'_>, stored: Option<Value<'_>>, whole: bool) {
        match (splice_at(self.splices, at), sparse.kind()) {
            (Some(Splicing::Entries { key }), Kind::Object) => self.entries(at, key, sparse, stored),
            (Some(Splicing::Words), Kind::Object) => self.words(sparse, stored, &[]),
            (Some(Splicing::WordsOr(unless)), Kind::Object) => self.words(sparse, stored, unless),
            (Some(Splicing::Only), Kind::Object) => self.only(at, sparse, stored),
            (Some(Splicing::Elements { key }), Kind::Object) => self.wanted(at, key, sparse, stored),
            (Some(Splicing::Replacing { key, is, name, says }), Kind::Object) => {
                let own = own::Own { key, is, name, says };
                forms::replacing(self, at, &own, sparse, stored);
            }
            (Some(Splicing::Headed { unset }), Kind::Object) => forms::headed(self, unset, sparse, stored),
            (Some(Splicing::Conditional { key }), Kind::Object) => forms::conditional(self, at, key, sparse, stored),
            (Some(Splicing::WholeOf { kind }), Kind::Object) => {
                let stored = stored.filter(|_| !self.root.changes(kind));
                self.object(at, Kept::All, sparse, stored);
            }
            (Some(Splicing::Switch { on, off }), Kind::Boolean) => {
                self.text(match sparse.text() {
                    "true" => stored.filter(|stored| is_on(*stored)).map_or(on, Value::text),
                    _ => off,
                });
            }
            (Some(Splicing::Variant { key, shared, lacking }), Kind::Object) => {
                self.object(at, Kept::Variant { key, shared, lacking }, sparse, stored);
            }
            (how, Kind::Object) => {
                let kept = if whole || how == Some(Splicing::Whole) { Kept::All } else { Kept::None };
                self.object(at, kept, sparse, stored);
            }
            _ => self.text(sparse.text()),
        }
    }

    /// Writes the members that stay, in their order, and then those that are new. Of a written member that is stored twice
    /// only the last counts.
    fn object(&mut self, at: &[&str], kept: Kept, sparse: Value<'_>, stored: Option<Value<'_>>) {
        self.out.push(b'{');
        let whole = !matches!(kept, Kept::None);
        let stored_members = stored.into_iter().flat_map(Value::spelled_members);
        let members: Vec<_> = stored_members.map(|(spelled, value)| (spelled, name_of(spelled), value)).collect();
        for (index, (spelled, name, value)) in members.iter().enumerate().filter(|_| whole) {
            let later = members.get(index + 1..).unwrap_or_default();
            match sparse.get(name) {
                Some(_) if later.iter().any(|(_, other, _)| other == name) => {}
                Some(written) => {
                    self.key(spelled);
                    self.value(&[at, &[&**name]].concat(), written, Some(*value), true);
                }
                None if stored.is_some_and(|stored| kept.has(name, sparse, stored)) => {
                    self.key(spelled);
                    self.text(value.text());
                }
                None => {}
            }
        }
        for (spelled, written) in sparse.spelled_members() {
            let name = name_of(spelled);
            let before = members.iter().rev().find(|(_, known, _)| *known == name).map(|(_, _, value)| *value);
            if before.is_some() && whole {
                continue;
            }
            self.key(spelled);
            self.value(&[at, &[&*name]].concat(), written, before, whole);
        }
        self.out.push(b'}');
    }

    fn entries(&mut self, at: &[&str], key: &str, sparse: Value<'_>, stored: Option<Value<'_>>) {
        self.out.push(b'[');
        let stored = stored.into_iter().flat_map(Value::elements).map(|element| (element, true));
        self.elements(at, key, Some(sparse), stored);
        self.out.push(b']');
    }

    /// Writes elements, with what is written of those that `sparse` names and that may be named, and after them those that are
    /// new.
    fn elements<'v>(
        &mut self,
        at: &[&str],
        key: &str,
        sparse: Option<Value<'_>>,
        stored: impl Iterator<Item = (Value<'v>, bool)>,
    ) {
        let written: Vec<_> = sparse.into_iter().flat_map(Value::members).collect();
        let mut seen: Vec<&str> = Vec::new();
        for (element, may_be_named) in stored {
            let name = element.get(key).and_then(Value::as_str).filter(|_| may_be_named);
            match written.iter().find(|(own, _)| name.as_deref() == Some(&**own)) {
                Some((own, members)) if members.is_null() => seen.push(own),
                Some((own, members)) if !seen.contains(&&**own) => {
                    seen.push(own);
                    self.comma();
                    self.object(&[at, &[&**own]].concat(), Kept::All, *members, Some(element));
                }
                _ => {
                    self.comma();
                    self.text(element.text());
                }
            }
        }
        for (own, members) in written.iter().filter(|(own, members)| !seen.contains(&&**own) && !members.is_null()) {
            self.comma();
            let named = named(key, own);
            let base = read_value(&named, Limits::VENDOR).ok();
            self.object(&[at, &[&**own]].concat(), Kept::All, *members, base);
        }
    }

    /// Writes an array of words. Where none is stored, it stands for the words `unless`.
    fn words(&mut self, sparse: Value<'_>, stored: Option<Value<'_>>, unless: &[&str]) {
        let array = stored.filter(|stored| stored.kind() == Kind::Array);
        let (unless, stored): (&[&str], Vec<_>) = match array {
            Some(array) => (&[], array.elements().collect()),
            None => (unless, Vec::new()),
        };
        let stays = |word: &str| sparse.get(word).and_then(Value::as_bool) != Some(false);
        self.out.push(b'[');
        for word in unless.iter().filter(|word| stays(word)) {
            self.comma();
            push_string(self.out, word);
        }
        for element in &stored {
            if element.as_str().is_none_or(|word| stays(&word)) {
                self.comma();
                self.text(element.text());
            }
        }
        for (word, is_in) in sparse.members() {
            let is_known =
                unless.contains(&&*word) || stored.iter().any(|known| known.as_str().as_ref() == Some(&word));
            if is_in.as_bool() == Some(true) && !is_known {
                self.comma();
                push_string(self.out, &word);
            }
        }
        self.out.push(b']');
    }

    /// A key as it is spelled, with the comma before it.
    fn key(&mut self, spelled: &str) {
        self.comma();
        self.text(spelled);
        self.out.push(b':');
    }

    fn text(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    /// Separates what comes from what stands before it, unless that is an opening bracket.
    fn comma(&mut self) {
        if !matches!(self.out.last(), Some(b'{' | b'[')) {
            self.out.push(b',');
        }
    }
}

/// A key without its quotation marks and escapes.
fn name_of(spelled: &str) -> Cow<'_, str> {
    let inner = spelled.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.map_or(Cow::Borrowed(spelled), decode)
}

/// A new element of an array, which has its name only.
fn named(key: &str, name: &str) -> Vec<u8> {
    let mut out = vec![b'{'];
    push_string(&mut out, key);
    out.push(b':');
    push_string(&mut out, name);
    out.push(b'}');
    out
}
