//! The leaves of a sparse document: what an update sets in an assistant of a nested dialect, and nothing else.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Bound;

use crate::canonical::Field;
use crate::json::push_string;

/// The leaves so far, by their paths: a caller's options may have a hundred thousand.
#[derive(Debug, Default)]
pub(super) struct Leaves(BTreeMap<Path, Leaf>);

type Path = Vec<Cow<'static, str>>;

/// A value at a path.
#[derive(Debug)]
struct Leaf {
    json: String,
    /// The field that wrote it.
    field: Field,
}

/// An object without members, which a leaf inside it makes needless.
const EMPTY: &str = "{}";

impl Leaves {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a leaf.
    ///
    /// # Errors
    /// Another field has written another value there, or one that holds this one or is held by it.
    pub(super) fn put(&mut self, path: Path, json: String, field: Field) -> Result<(), Field> {
        if let Some(same) = self.0.get(&path) {
            return if same.json == json { Ok(()) } else { Err(same.field) };
        }
        let holding = (1..path.len()).filter_map(|length| self.0.get(path.get(..length)?));
        if let Some(holding) = holding.into_iter().find(|leaf| leaf.json != EMPTY) {
            return Err(holding.field);
        }
        if json != EMPTY
            && let Some((inside, held)) = self.after(&path)
            && inside.starts_with(&path)
        {
            return Err(held.field);
        }
        self.0.insert(path, Leaf { json, field });
        Ok(())
    }

    /// The next leaf in the order of paths, in which those inside an object follow it.
    fn after(&self, path: &[Cow<'static, str>]) -> Option<(&Path, &Leaf)> {
        self.0.range::<[_], _>((Bound::Excluded(path), Bound::Unbounded)).next()
    }

    /// The document that has these leaves, with sorted members.
    pub(super) fn document(self) -> Vec<u8> {
        let is_held = |path: &Path, leaf: &Leaf| {
            leaf.json == EMPTY && self.after(path).is_some_and(|(next, _)| next.starts_with(path))
        };
        let mut out = vec![b'{'];
        let mut open: &[Cow<'static, str>] = &[];
        for (path, leaf) in self.0.iter().filter(|(path, leaf)| !is_held(path, leaf)) {
            let Some((name, objects)) = path.split_last() else { continue };
            let common = open.iter().zip(objects).take_while(|(one, other)| one == other).count();
            out.extend(std::iter::repeat_n(b'}', open.len() - common));
            for object in objects.get(common..).unwrap_or_default() {
                push_key(&mut out, object);
                out.push(b'{');
            }
            push_key(&mut out, name);
            out.extend_from_slice(leaf.json.as_bytes());
            open = objects;
        }
        out.extend(std::iter::repeat_n(b'}', open.len() + 1));
        out
    }
}

fn push_key(out: &mut Vec<u8>, key: &str) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
    push_string(out, key);
    out.push(b':');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(path: &str) -> Vec<Cow<'static, str>> {
        path.split('.').map(|name| Cow::Owned(name.to_owned())).collect()
    }

    fn leaves(leaves: &[(&str, &str, Field)]) -> Result<String, Field> {
        let mut all = Leaves::default();
        for (at, json, field) in leaves {
            all.put(path(at), (*json).to_owned(), *field)?;
        }
        Ok(String::from_utf8(all.document()).unwrap())
    }

    #[test]
    fn leaves_become_one_document_in_the_order_of_their_paths() {
        let one = leaves(&[
            ("b.d.f", "3", Field::Name),
            ("a", "1", Field::Name),
            ("b.c", "{}", Field::Name),
            ("b.d.e", "[2]", Field::Name),
            ("z.y.x", "null", Field::Name),
        ]);
        assert_eq!(one.unwrap(), r#"{"a":1,"b":{"c":{},"d":{"e":[2],"f":3}},"z":{"y":{"x":null}}}"#);
        assert_eq!(
            leaves(&[("a.b.c", "1", Field::Name), ("d", "2", Field::Name)]).unwrap(),
            r#"{"a":{"b":{"c":1}},"d":2}"#
        );
    }

    #[test]
    fn an_empty_object_gives_way_to_a_leaf_inside_it() {
        let (object, inside) = (("a.b", "{}", Field::Name), ("a.b.c", "1", Field::Type));
        for both in [[object, inside], [inside, object]] {
            assert_eq!(leaves(&both).unwrap(), r#"{"a":{"b":{"c":1}}}"#);
        }
    }

    #[test]
    fn two_values_for_one_place_are_a_conflict() {
        let conflict = |one, other| leaves(&[(one, "1", Field::Name), (other, "2", Field::Type)]);
        assert_eq!(conflict("a.b", "a.b"), Err(Field::Name));
        assert_eq!(conflict("a", "a.b"), Err(Field::Name));
        assert_eq!(conflict("a.b", "a"), Err(Field::Name));
        assert!(conflict("a.b", "a.bc").is_ok());
        assert!(leaves(&[("a", "1", Field::Name), ("a", "1", Field::Type)]).is_ok());
        // What is between them in the order of paths hides nothing.
        assert_eq!(
            leaves(&[("a.b.c", "1", Field::Name), ("a.a", "1", Field::Name), ("a", "2", Field::Type)]),
            Err(Field::Name)
        );
        assert!(leaves(&[("a.b", "{}", Field::Name), ("a.b.c", "1", Field::Name), ("a.b", "{}", Field::Type)]).is_ok());
    }

    /// If each were compared with all others, this would take minutes.
    #[test]
    fn a_hundred_thousand_leaves_take_a_moment() {
        let mut all = Leaves::default();
        for number in 0..100_000 {
            all.put(path(&format!("model.k{number}")), "1".to_owned(), Field::VendorOptions).unwrap();
        }
        assert_eq!(all.document().iter().filter(|byte| **byte == b':').count(), 100_001);
    }
}
