//! What a document has and no field tells.

use std::borrow::Cow;

use crate::canonical::{Field, Shape};
use crate::dialect::{Dialect, Path, Said, Splicing, behind, is_own, leads_through};
use crate::json::{Kind, Limits, Value, push_string, read_value};

use super::document::at_place;

/// What stands at the place of a list and is none of it, or is no part of what the field says of an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// The field of the list.
    pub field: Field,
    /// Where it stands in the document: a dotted path, and the index of an element.
    pub place: String,
    /// The vendor's type of the element; empty if it has none.
    pub kind: String,
    /// The members of the element that the field does not say, as dotted paths; none if the element is none of the list.
    pub members: Vec<String>,
}

/// Paths into an element.
type Paths<'p> = [(&'p [&'p str], ())];

/// Leaves out what stands at the paths that are used.
pub(super) struct Rest<'d> {
    pub(super) dialect: &'d Dialect,
    /// The paths of what the fields that are told say.
    pub(super) used: Vec<Path>,
}

/// A splice that replaces some elements of an array.
#[derive(Clone, Copy)]
struct Replaced {
    key: &'static str,
    is: &'static [&'static str],
    name: &'static str,
    says: &'static [Said],
}

impl Rest<'_> {
    /// The members of a document without what fields tell.
    pub(super) fn members<'a>(&self, document: Value<'a>, names: &[&str]) -> Vec<(Cow<'a, str>, Cow<'a, str>)> {
        let members = document.members().filter(|(key, _)| !names.contains(&&**key));
        members.filter_map(|(key, value)| Some((key.clone(), self.value(value, &[&key])?))).collect()
    }

    /// What stands beside the lists among these fields.
    pub(super) fn beside(&self, fields: &[Field], document: Value<'_>) -> Vec<Beside> {
        let mut all = Vec::new();
        let lists = fields.iter().copied().filter(|field| matches!(field.spec().shape, Shape::List(_)));
        for (field, path) in lists.flat_map(|field| self.dialect.row(field).paths().map(move |path| (field, path))) {
            let Some(value) = at_place(self.dialect, document, path) else { continue };
            if let Some(replaced) = self.replaced(value, path) {
                for (index, element) in value.elements().enumerate() {
                    let Some(members) = self.unsaid(element, path, replaced) else { continue };
                    let place = format!("{}[{index}]", path.join("."));
                    let kind = element.get(replaced.key).and_then(Value::as_str).unwrap_or_default().into_owned();
                    all.push(Beside { field, place, kind, members });
                }
            } else if !self.dialect.row(field).says.is_empty()
                && let Some(rest) = self.value(value, path)
                && let Ok(rest) = read_value(rest.as_bytes(), Limits::VENDOR)
            {
                let mut members = Vec::new();
                push_unsaid(&[], rest, "", &mut members);
                if !members.is_empty() {
                    all.push(Beside { field, place: path.join("."), kind: String::new(), members });
                }
            }
        }
        all
    }

    /// What is left of a value; `None` if nothing is.
    fn value<'a>(&self, value: Value<'a>, at: &[&str]) -> Option<Cow<'a, str>> {
        let is_used = self.used.iter().any(|path| leads_through(path, at));
        if let Some(replaced) = self.replaced(value, at).filter(|_| is_used) {
            let kept = value.elements().filter(|element| self.unsaid(*element, at, replaced).is_some());
            let kept: Vec<_> = kept.map(Value::text).collect();
            return (!kept.is_empty()).then(|| Cow::Owned(format!("[{}]", kept.join(","))));
        }
        if is_used {
            return None;
        }
        if !self.used.iter().any(|path| leads_through(at, path)) {
            return Some(Cow::Borrowed(value.text()));
        }
        match (value.kind(), self.dialect.splice(at)) {
            (Kind::Object, _) => self.object(value, at, None).map(Cow::Owned),
            (Kind::Array, Some(Splicing::Entries { key, .. })) => self.entries(value, at, key).map(Cow::Owned),
            _ => Some(Cow::Borrowed(value.text())),
        }
    }

    /// What is left of an object. Its `name` stays if something else does.
    fn object(&self, object: Value<'_>, at: &[&str], name: Option<&str>) -> Option<String> {
        let (mut out, mut is_empty) = (vec![b'{'], true);
        for (key, inner) in object.members() {
            let Some(inner) = self.value(inner, &[at, &[&*key]].concat()) else { continue };
            is_empty &= name == Some(&*key);
            if out.len() > 1 {
                out.push(b',');
            }
            push_string(&mut out, &key);
            out.push(b':');
            out.extend_from_slice(inner.as_bytes());
        }
        out.push(b'}');
        (!is_empty).then(|| String::from_utf8(out).unwrap_or_default())
    }

    /// What is left of an array of named elements, the first of each name being the one that is told.
    fn entries(&self, array: Value<'_>, at: &[&str], key: &str) -> Option<String> {
        let (mut kept, mut seen) = (Vec::new(), Vec::new());
        for element in array.elements() {
            let name = element.get(key).and_then(Value::as_str).filter(|name| !seen.contains(name));
            match name {
                Some(name) => {
                    kept.extend(self.object(element, &[at, &[&*name]].concat(), Some(key)));
                    seen.push(name);
                }
                None => kept.push(element.text().to_owned()),
            }
        }
        (!kept.is_empty()).then(|| format!("[{}]", kept.join(",")))
    }

    /// The splice of an array of which fields have some elements only.
    fn replaced(&self, value: Value<'_>, at: &[&str]) -> Option<Replaced> {
        match self.dialect.splice(at) {
            Some(Splicing::Replacing { key, is, name, says }) if value.kind() == Kind::Array => {
                Some(Replaced { key, is, name, says })
            }
            _ => None,
        }
    }

    /// What no field says of an element: these members, or all of it; `None` if a field says everything.
    fn unsaid(&self, element: Value<'_>, at: &[&str], replaced: Replaced) -> Option<Vec<String>> {
        let Replaced { key, is, name, says } = replaced;
        if !is_own(key, is, element) {
            let is_told = |name: &str| self.used.iter().any(|path| *path == [at, &["named", name]].concat());
            let name = element.get(name).and_then(Value::as_str);
            return (!name.is_some_and(|name| is_told(&name))).then(Vec::new);
        }
        let labels = [&[key][..], &[name]];
        let said = says.iter().filter(|said| said.is_in(element)).map(|said| said.path);
        let said: Vec<_> = said.chain(labels).map(|path| (path, ())).collect();
        let mut members = Vec::new();
        push_unsaid(&said, element, "", &mut members);
        (!members.is_empty()).then_some(members)
    }
}

/// Adds the dotted paths of what stands beside these paths.
fn push_unsaid(said: &Paths<'_>, value: Value<'_>, at: &str, out: &mut Vec<String>) {
    for element in value.elements() {
        push_unsaid(said, element, at, out);
    }
    let is_empty = |value: Value<'_>| matches!(value.text(), "null" | "\"\"" | "[]" | "{}");
    for (name, inner) in value.members().filter(|(_, inner)| !is_empty(*inner)) {
        let (inside, at) = (behind(said, &name), format!("{at}{name}"));
        if inside.is_empty() && !out.contains(&at) {
            out.push(at);
        } else if inside.iter().all(|(path, ())| !path.is_empty()) {
            push_unsaid(&inside, inner, &format!("{at}."), out);
        }
    }
}
