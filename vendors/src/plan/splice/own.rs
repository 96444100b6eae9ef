//! Elements of an array that a field replaces. A stored one that says what is written stays as it is; of one that changes stays
//! what the field does not say.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::dialect::{Said, behind, is_own};
use crate::json::{Kind, Limits, Value, push_string, read_value};

use super::forms::is_same;
use super::name_of;

/// The elements of an array that an update replaces.
pub(super) struct Own<'a> {
    /// The member that decides.
    pub(super) key: &'a str,
    /// Its values; all elements are replaced if there is none.
    pub(super) is: &'a [&'a str],
    /// The member that names an element.
    pub(super) name: &'a str,
    /// What the field says of an element, besides `key`.
    pub(super) says: &'a [Said],
}

/// How many pairs of a written and a stored element are compared. In longer lists, what is written replaces all.
const MAX_PAIRS: usize = 1_000_000;

/// A path into an element, and the values there that mean what none means.
type Part<'p> = (&'p [&'p str], &'p [&'p str]);

impl Own<'_> {
    /// Whether an element is one of those.
    pub(super) fn has(&self, element: Value<'_>) -> bool {
        is_own(self.key, self.is, element)
    }

    /// The elements to send, in the order in which they are written.
    pub(super) fn joined<'v>(&self, written: &[Value<'v>], stored: Vec<Value<'v>>) -> Vec<Vec<u8>> {
        let known = self.known(written, stored);
        let elements = written.iter().zip(&known).map(|(written, known)| match known {
            Some(known) if self.is_said(*written, *known) => known.text().as_bytes().to_vec(),
            Some(known) => self.over(*written, *known),
            None => written.text().as_bytes().to_vec(),
        });
        let mut elements: Vec<_> = elements.collect();
        self.rename(&mut elements, written, &known);
        elements
    }

    /// The stored elements that are written again: those that say the same, then those of the same name, then the only one of
    /// its kind. Where the field says the name, another name is another element.
    fn known<'v>(&self, written: &[Value<'v>], mut stored: Vec<Value<'v>>) -> Vec<Option<Value<'v>>> {
        let mut known = vec![None; written.len()];
        if written.len().saturating_mul(stored.len()) > MAX_PAIRS {
            return known;
        }
        let has_same_name = |one: Value<'_>, other: Value<'_>| {
            let name = text_at(one, self.name);
            name.is_some() && name == text_at(other, self.name)
        };
        for by_name in [false, true] {
            for (written, known) in written.iter().zip(&mut known).filter(|(_, known)| known.is_none()) {
                let is_it = |stored: &Value<'_>| match by_name {
                    true => self.is_alike(*written, *stored) && has_same_name(*written, *stored),
                    false => self.is_said(*written, *stored),
                };
                *known = stored.iter().position(is_it).map(|at| stored.remove(at));
            }
        }
        if self.says.iter().any(|said| said.path == [self.name]) {
            return known;
        }
        let mut left: BTreeMap<Option<String>, usize> = BTreeMap::new();
        for (written, _) in written.iter().zip(&known).filter(|(_, known)| known.is_none()) {
            *left.entry(text_at(*written, self.key)).or_default() += 1;
        }
        for (written, known) in written.iter().zip(&mut known).filter(|(_, known)| known.is_none()) {
            let kind = text_at(*written, self.key);
            let mut alike = stored.iter().filter(|stored| text_at(**stored, self.key) == kind);
            if let (Some(only), None, Some(1)) = (alike.next(), alike.next(), left.get(&kind)) {
                *known = Some(*only);
            }
        }
        known
    }

    /// Whether two elements are of one kind.
    fn is_alike(&self, one: Value<'_>, other: Value<'_>) -> bool {
        text_at(one, self.key) == text_at(other, self.key)
    }

    /// Whether a stored element says what is written.
    fn is_said(&self, written: Value<'_>, stored: Value<'_>) -> bool {
        says_same(&self.paths(written, stored), Some(written), Some(stored))
    }

    /// What the field says of one of the two.
    fn paths(&self, written: Value<'_>, stored: Value<'_>) -> Vec<Part<'_>> {
        let said = self.says.iter().filter(|said| said.is_in(written) || said.is_in(stored));
        said.map(|said| (said.path, said.unset)).chain([(std::slice::from_ref(&self.key), &[][..])]).collect()
    }

    /// What is written, with what the field does not say of the stored element.
    fn over(&self, written: Value<'_>, stored: Value<'_>) -> Vec<u8> {
        let mut out = Vec::with_capacity(written.text().len() + stored.text().len());
        self.push_over(&mut out, &self.paths(written, stored), written, stored);
        out
    }

    fn push_over(&self, out: &mut Vec<u8>, said: &[Part<'_>], written: Value<'_>, stored: Value<'_>) {
        out.push(b'{');
        for (spelled, value) in written.spelled_members() {
            let name = name_of(spelled);
            let (inside, known) = (behind(said, &name), stored.get(&name));
            push_key(out, spelled);
            match known {
                // The field does not say it, and only a new element needs it.
                Some(known) if inside.is_empty() => push_text(out, known),
                Some(known) if inside.iter().all(|(path, _)| !path.is_empty()) => {
                    self.push_inside(out, &inside, value, known);
                }
                _ => push_text(out, value),
            }
        }
        for (spelled, value) in stored.spelled_members() {
            let name = name_of(spelled);
            let is_unset = |unset: &[&str]| unset.iter().any(|json| is_json(json, value));
            let stays = behind(said, &name).iter().all(|(path, unset)| path.is_empty() && is_unset(unset));
            if written.get(&name).is_none() && stays {
                push_key(out, spelled);
                push_text(out, value);
            }
        }
        out.push(b'}');
    }

    /// Of objects of one kind the members are joined; of arrays the stored elements stay that say what is written.
    fn push_inside(&self, out: &mut Vec<u8>, said: &[Part<'_>], written: Value<'_>, stored: Value<'_>) {
        match (written.kind(), stored.kind()) {
            (Kind::Object, Kind::Object) if self.is_alike(written, stored) => {
                self.push_over(out, said, written, stored);
            }
            (Kind::Array, Kind::Array) => {
                out.push(b'[');
                for element in written.elements() {
                    let same = stored.elements().find(|known| says_same(said, Some(element), Some(*known)));
                    push_comma(out);
                    push_text(out, same.unwrap_or(element));
                }
                out.push(b']');
            }
            _ => push_text(out, written),
        }
    }

    /// Gives new elements names that no other has: that of a stored one stays.
    fn rename(&self, elements: &mut [Vec<u8>], written: &[Value<'_>], known: &[Option<Value<'_>>]) {
        let name = |element: Option<Value<'_>>| element.and_then(|element| text_at(element, self.name));
        let taken: Vec<_> = known.iter().filter_map(|known| name(*known)).collect();
        let free =
            written.iter().zip(known).filter(|(_, known)| known.is_some()).filter_map(|(one, _)| name(Some(*one)));
        let mut free: Vec<_> = free.filter(|name| !taken.contains(name)).collect();
        for ((element, written), _) in elements.iter_mut().zip(written).zip(known).filter(|(_, known)| known.is_none())
        {
            if !name(Some(*written)).is_some_and(|name| taken.contains(&name)) {
                continue;
            }
            let Some(name) = free.pop() else { return };
            let mut other = br"{".to_vec();
            for (spelled, value) in written.spelled_members() {
                push_key(&mut other, spelled);
                match name_of(spelled) == self.name {
                    true => push_string(&mut other, &name),
                    false => push_text(&mut other, value),
                }
            }
            other.push(b'}');
            *element = other;
        }
    }
}

/// Whether two values say the same at these paths.
fn says_same(said: &[Part<'_>], written: Option<Value<'_>>, stored: Option<Value<'_>>) -> bool {
    let is_set = |value: &Value<'_>| !value.is_null();
    let (written, stored) = (written.filter(is_set), stored.filter(is_set));
    if let Some((_, unset)) = said.iter().find(|(path, _)| path.is_empty()) {
        return match (written, stored) {
            (Some(written), stored @ Some(_)) => is_same(written, stored),
            (Some(only), None) | (None, Some(only)) => unset.iter().any(|json| is_json(json, only)),
            (None, None) => true,
        };
    }
    let elements = |value: Option<Value<'_>>| value.is_some_and(|value| value.kind() == Kind::Array);
    if let (Some(written), Some(stored), true) = (written, stored, elements(written) && elements(stored)) {
        return written.elements().count() == stored.elements().count()
            && written.elements().zip(stored.elements()).all(|(one, other)| says_same(said, Some(one), Some(other)));
    }
    said.iter().filter_map(|(path, _)| path.first()).all(|name| {
        let (written, stored) = (written.and_then(|value| value.get(name)), stored.and_then(|value| value.get(name)));
        says_same(&behind(said, name), written, stored)
    })
}

fn is_json(json: &str, value: Value<'_>) -> bool {
    read_value(json.as_bytes(), Limits::VENDOR).is_ok_and(|json| is_same(json, Some(value)))
}

fn text_at(element: Value<'_>, member: &str) -> Option<String> {
    element.get(member).and_then(Value::as_str).map(Cow::into_owned)
}

fn push_key(out: &mut Vec<u8>, spelled: &str) {
    push_comma(out);
    out.extend_from_slice(spelled.as_bytes());
    out.push(b':');
}

fn push_comma(out: &mut Vec<u8>) {
    if !matches!(out.last(), Some(b'{' | b'[')) {
        out.push(b',');
    }
}

fn push_text(out: &mut Vec<u8>, value: Value<'_>) {
    out.extend_from_slice(value.text().as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: &[&str] = &["option", "type"];

    const SAYS: &[Said] = &[
        Said::at(&["to", "number"]),
        Said::at(&["to", "plan", "mode"]).unless(&["\"blind\""]),
        Said::at(&["speaks"]).unless(&["false"]),
        Said::at(KIND),
        Said::at(&["option", "caller"]).only_where(KIND, &["warm"]),
        Said::at(&["option", "music"]).only_where(&["option", "music"], &["none"]),
    ];

    /// What is sent in place of the stored elements.
    fn joined(written: &str, stored: &str) -> String {
        let elements = |text| read_value(text, Limits::VENDOR).unwrap().elements().collect::<Vec<_>>();
        let own = Own { key: "type", is: &["a", "b"], name: "name", says: SAYS };
        let joined = own.joined(&elements(written.as_bytes()), elements(stored.as_bytes()));
        let texts: Vec<_> = joined.into_iter().map(|element| String::from_utf8(element).unwrap()).collect();
        texts.join(" ")
    }

    #[test]
    fn an_element_that_says_what_is_written_stays_as_it_is() {
        for stored in [
            r#"{"type":"a","name":"mine", "to":[ {"number":"1","plan":{"mode":"blind","more":1},"x":1.0} ],"speaks":false,"y":2}"#,
            r#"{"speaks":null,"to":[{"number":"\u0031"}],"option":{"caller":true,"music":"rock"},"type":"a"}"#,
        ] {
            let written = r#"[{"type":"a","name":"new","to":[{"number":"1"}]}]"#;
            assert_eq!(joined(written, &format!("[{stored}]")), stored);
        }
    }

    #[test]
    fn of_an_element_that_changes_stays_what_the_field_does_not_say() {
        let stored = r#"[{"type":"a","name":"mine","to":[{"number":"1","x":1}, {"number":"2","x":2}],"speaks":true,"option":{"type":"warm","caller":1,"wait":5},"y":{"z":1}}]"#;
        assert_eq!(
            joined(
                r#"[{"type":"a","name":"new","to":[{"number":"2"},{"number":"3"}],"option":{"type":"warm"}}]"#,
                stored
            ),
            r#"{"type":"a","name":"mine","to":[{"number":"2","x":2},{"number":"3"}],"option":{"type":"warm","wait":5},"y":{"z":1}}"#
        );
        // An object of another kind has other members.
        let other = r#"[{"type":"a","name":"new","option":{"type":"cold"}}]"#;
        assert_eq!(joined(other, stored), r#"{"type":"a","name":"mine","option":{"type":"cold"},"y":{"z":1}}"#);
        // Of two of a kind, only the names say which is which.
        let two = r#"[{"type":"a","name":"new"},{"type":"a","name":"other"}]"#;
        assert_eq!(joined(two, stored), r#"{"type":"a","name":"new"} {"type":"a","name":"other"}"#);
        assert_eq!(joined(r#"[{"type":"b","name":"mine"}]"#, stored), r#"{"type":"b","name":"mine"}"#);
    }

    #[test]
    fn a_value_that_the_field_says_in_one_of_the_two_counts() {
        let silent = r#"[{"type":"a","option":{"type":"cold","music":"none","caller":1}}]"#;
        assert_eq!(
            joined(r#"[{"type":"a","option":{"type":"cold"}}]"#, silent),
            r#"{"type":"a","option":{"type":"cold","caller":1}}"#
        );
    }

    #[test]
    fn a_name_is_given_once() {
        let stored = r#"[{"type":"a","name":"a","to":{"number":"1"}},{"type":"a","name":"a_2","to":{"number":"2"}}]"#;
        let written = r#"[{"type":"a","name":"a","to":{"number":"2"}},{"type":"a","name":"a_2","to":{"number":"3"}},{"type":"a","name":"a_3"}]"#;
        assert_eq!(
            joined(written, stored),
            r#"{"type":"a","name":"a_2","to":{"number":"2"}} {"type":"a","name":"a","to":{"number":"3"}} {"type":"a","name":"a_3"}"#
        );
    }
}
