//! Where a vendor's answer is not as documented.
//!
//! Whether an answer is as documented is told by its members, which are known already; whoever drifts pays for a walk
//! and the words.

use crate::canonical::Field;
use crate::json::{Kind, Value, excerpt};

use super::Dialect;
use super::answer_body::{AnswerBody, Members, Outer};
use super::answers::{Asked, Holds, Part};

/// More than this in one answer is not looked for: it is another document then, and the first tell enough.
const MOST: usize = 32;

/// Longest place that is kept, in bytes.
const LONGEST: usize = 128;

/// How an answer differs from its documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DriftKind {
    /// A member that is not documented.
    UnknownField,
    /// A documented member that is not there.
    MissingField,
    /// A documented member of another type.
    RetypedField,
    /// An error that is none of the documented ones, by status and members.
    UnknownErrorShape,
    /// A success that is not JSON.
    NotJson,
}

impl DriftKind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::UnknownField, Self::MissingField, Self::RetypedField, Self::UnknownErrorShape, Self::NotJson];

    /// The name in logs, metrics and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownField => "unknown_field",
            Self::MissingField => "missing_field",
            Self::RetypedField => "retyped_field",
            Self::UnknownErrorShape => "unknown_error_shape",
            Self::NotJson => "not_json",
        }
    }
}

/// One difference between an answer and its documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// What kind.
    pub kind: DriftKind,
    /// Where: `data.name`, `[].id`, or an error's status and members; the vendor's words, at most 128 bytes, without
    /// control characters. Empty for the answer as a whole.
    pub place: String,
    /// What is documented there and what stands there; empty if the kind says it all.
    pub detail: String,
}

/// Where the answer to what was `asked` is not as the dialect documents it; each kind and place once, the first 32.
/// [`AnswerBody::drift`] for whoever has read it already.
pub fn drift(dialect: &Dialect, asked: Asked, status: u16, body: &[u8]) -> Vec<Drift> {
    AnswerBody::read(body).drift(dialect, asked, status)
}

pub(super) fn differences(dialect: &Dialect, asked: Asked, status: u16, answer: &AnswerBody<'_>) -> Vec<Drift> {
    let success = (200..300).contains(&status);
    let suits = |outer: &Outer<'_>| success && outer_fits(outer, dialect.answers.success(asked));
    if answer.outer().is_some_and(suits) {
        return Vec::new();
    }
    walked(dialect, asked, status, answer)
}

/// The differences, found by a walk over the whole answer.
fn walked(dialect: &Dialect, asked: Asked, status: u16, answer: &AnswerBody<'_>) -> Vec<Drift> {
    let answers = &dialect.answers;
    let value = answer.value();
    if !(200..300).contains(&status) {
        let documented = |holds| match &value {
            Ok(value) => fits(*value, holds),
            Err(_) => matches!(holds, Holds::Anything),
        };
        if answers.error(status).any(documented) {
            return Vec::new();
        }
        let place = match &value {
            Ok(value) => format!("{status} {}", signature(*value, 0)),
            Err(_) if answer.bytes.trim_ascii().is_empty() => format!("{status} without a body"),
            Err(_) => format!("{status} not JSON"),
        };
        return vec![Drift { kind: DriftKind::UnknownErrorShape, place: kept(&place), detail: String::new() }];
    }
    let mut walk = Walk { dialect, names_fields: matches!(asked, Asked::Assistants), found: Vec::new() };
    match (value, answers.success(asked)) {
        // Lists come bare or under `data`; the pages say the one and show the other.
        (Ok(value), holds @ Holds::List(_)) if value.kind() == Kind::Object && value.get("data").is_some() => {
            walk.members(value, &[Part::new("data", holds)], &Place::Root);
        }
        (Ok(value), holds) => walk.value(value, holds, &Place::Root),
        (Err(error), _) => walk.push(DriftKind::NotJson, &Place::Root, error.to_string()),
    }
    walk.found
}

/// The way to a value, on the stack.
enum Place<'a> {
    Root,
    Key(&'a Place<'a>, &'a str),
    Element(&'a Place<'a>),
}

impl Place<'_> {
    fn written(&self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Element(outer) => outer.written() + "[]",
            Self::Key(outer, key) => match outer.written() {
                outer if outer.is_empty() => (*key).to_owned(),
                outer => outer + "." + key,
            },
        }
    }
}

struct Walk<'a> {
    dialect: &'a Dialect,
    /// Whether members that updates take count as documented: a list may show what can be set.
    names_fields: bool,
    found: Vec<Drift>,
}

impl Walk<'_> {
    fn value(&mut self, value: Value<'_>, holds: Holds, place: &Place<'_>) {
        match (holds, value.kind()) {
            (Holds::Object(parts), Kind::Object) => self.members(value, parts, place),
            (Holds::List(inner), Kind::Array) => {
                for element in value.elements() {
                    if self.found.len() >= MOST {
                        return;
                    }
                    self.value(element, *inner, &Place::Element(place));
                }
            }
            (Holds::Map(inner), Kind::Object) => {
                for (_, member) in value.members() {
                    self.value(member, *inner, &Place::Key(place, "*"));
                }
            }
            _ if suits(value, holds) => {}
            _ => self.retyped(value, holds, place),
        }
    }

    fn members(&mut self, value: Value<'_>, parts: &[Part], place: &Place<'_>) {
        let mut seen = 0_u128;
        for (key, member) in value.members() {
            if self.found.len() >= MOST {
                return;
            }
            let place = Place::Key(place, &key);
            match parts.iter().position(|part| part.name == key) {
                Some(index) => {
                    seen |= 1 << index.min(127);
                    if let Some(part) = parts.get(index).filter(|part| !(part.nullable && member.is_null())) {
                        self.value(member, part.holds, &place);
                    }
                }
                None if self.names_fields && self.is_field(&key) => {}
                None => self.push(DriftKind::UnknownField, &place, member.kind().described().to_owned()),
            }
        }
        for (index, part) in parts.iter().enumerate().filter(|(_, part)| !part.optional) {
            if seen & (1 << index.min(127)) == 0 {
                let detail = format!("documented: {}", part.holds.described());
                self.push(DriftKind::MissingField, &Place::Key(place, part.name), detail);
            }
        }
    }

    fn is_field(&self, key: &str) -> bool {
        Field::from_name(key).is_some() || self.dialect.fields_of_wire(key).next().is_some()
    }

    fn retyped(&mut self, value: Value<'_>, holds: Holds, place: &Place<'_>) {
        let detail = format!("documented: {}; found: {}", holds.described(), value.kind().described());
        self.push(DriftKind::RetypedField, place, detail);
    }

    fn push(&mut self, kind: DriftKind, place: &Place<'_>, detail: String) {
        let place = kept(&place.written());
        if self.found.len() < MOST && !self.found.iter().any(|known| known.kind == kind && known.place == place) {
            self.found.push(Drift { kind, place, detail });
        }
    }
}

/// Whether a value without documented insides is of the documented type.
fn suits(value: Value<'_>, holds: Holds) -> bool {
    match (holds, value.kind()) {
        (Holds::Anything, _) | (Holds::Boolean, Kind::Boolean) | (Holds::Number, Kind::Number) => true,
        (Holds::Text, Kind::String) => true,
        (Holds::Integer, Kind::Number) => value.as_integer().is_some(),
        (Holds::Map(_), Kind::Array) => value.elements().next().is_none(),
        _ => false,
    }
}

/// Whether a value is as documented, members and all.
fn fits(value: Value<'_>, holds: Holds) -> bool {
    match (holds, value.kind()) {
        (Holds::List(inner), Kind::Array) => value.elements().all(|element| fits(element, *inner)),
        (Holds::Map(inner), Kind::Object) => value.members().all(|(_, member)| fits(member, *inner)),
        (Holds::Object(parts), Kind::Object) => members_fit(value.members(), parts, fits),
        _ => suits(value, holds),
    }
}

/// The same for the outermost object of an answer, whose members and those of its `data` are known.
fn outer_fits(outer: &Outer<'_>, holds: Holds) -> bool {
    let inner = |value, holds| match (&outer.data, holds) {
        (Some(data), Holds::Object(parts)) if data.are_of(value) => few_fit(data, parts, fits),
        _ => fits(value, holds),
    };
    matches!(holds, Holds::Object(parts) if few_fit(&outer.object, parts, inner))
}

/// The same for members that are known; for too many of them the walk has to tell.
fn few_fit<'a>(members: &Members<'a>, parts: &[Part], fits: impl Fn(Value<'a>, Holds) -> bool) -> bool {
    members.all().is_some_and(|members| members_fit(members, parts, fits))
}

/// Whether the members of an object are these parts and no others; `fits` judges the values.
fn members_fit<'a>(
    members: impl Iterator<Item = (impl AsRef<str>, Value<'a>)>,
    parts: &[Part],
    fits: impl Fn(Value<'a>, Holds) -> bool,
) -> bool {
    let mut seen = 0_u128;
    for (place, (key, member)) in members.enumerate() {
        let called = |part: &Part| part.name == key.as_ref();
        // Most answers have the order of the documentation.
        let index = if parts.get(place).is_some_and(called) { Some(place) } else { parts.iter().position(called) };
        let Some((index, part)) = index.and_then(|index| Some((index, parts.get(index)?))) else { return false };
        if !(part.nullable && member.is_null() || fits(member, part.holds)) {
            return false;
        }
        seen |= 1 << index.min(127);
    }
    parts.iter().enumerate().all(|(index, part)| part.optional || seen & (1 << index.min(127)) != 0)
}

/// An error in outline: the names of its members, sorted, and what they hold, one level deep.
fn signature(value: Value<'_>, depth: usize) -> String {
    match value.kind() {
        Kind::Object if depth == 0 => {
            let outline = |key: &str, member| format!("{}: {}", excerpt(key, 32), signature(member, depth + 1));
            let mut members: Vec<_> = value.members().take(8).map(|(key, member)| outline(&key, member)).collect();
            members.sort();
            format!("{{{}}}", members.join(", "))
        }
        Kind::Object if depth < 3 => match value.members().next() {
            Some((_, member)) => format!("{{*: {}}}", signature(member, depth + 1)),
            None => "{}".to_owned(),
        },
        Kind::Array if depth < 3 => match value.elements().next() {
            Some(element) => format!("[{}]", signature(element, depth + 1)),
            None => "[]".to_owned(),
        },
        kind => kind.described().split(' ').next_back().unwrap_or_default().to_owned(),
    }
}

/// The vendor's words made fit for logs: short, and without control characters.
fn kept(place: &str) -> String {
    let plain = |c: char| if c.is_control() { '_' } else { c };
    excerpt(place, LONGEST).chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::registry;

    const VALUES: &[&str] = &["1", "1.5", "\"x\"", "null", "true", "[]", "{}", "{\"id\":1}"];

    /// An object like the documented one, but for what the edits make of it.
    fn edited(documented: &[(&str, &str)], edits: &[(usize, usize, &str)]) -> String {
        let mut members: Vec<_> = documented.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
        for (edit, at, value) in edits {
            let at = at % members.len().max(1);
            match (edit, members.get(at).cloned()) {
                (0, Some((key, _))) => members[at] = (key, (*value).to_owned()),
                (1, Some(_)) => drop(members.remove(at)),
                (2, Some((key, _))) => members.push((key, (*value).to_owned())),
                (3, Some(member)) => members.push(member),
                (4, Some(_)) => members.swap(0, at),
                _ => members.push(("new", (*value).to_owned())),
            }
        }
        let members: Vec<_> = members.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
        format!("{{{}}}", members.join(","))
    }

    fn edits() -> impl Strategy<Value = Vec<(usize, usize, &'static str)>> {
        vec((0..6_usize, 0..8_usize, select(VALUES)), 0..4)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// The quick way, by the members that are known, against the walk.
        #[test]
        fn an_answer_that_fits_is_one_in_which_a_walk_finds_nothing(
            outer in edits(), inner in edits(), status in select(vec![200, 201, 422]),
        ) {
            let data = [("id", "7"), ("name", "\"n\""), ("\\u0073tatus", "\"s\""), ("type", "\"t\""), ("mode", "\"m\"")];
            let answer = edited(&[("message", "\"m\""), ("data", &edited(&data, &inner))], &outer);
            let asked = |dialect| [(dialect, Asked::Update), (dialect, Asked::Assistants)];
            for (dialect, asked) in registry::DIALECTS.into_iter().flat_map(asked) {
                let read = AnswerBody::read(answer.as_bytes());
                let quick = differences(dialect, asked, status, &read);
                prop_assert_eq!(quick, walked(dialect, asked, status, &read), "{}", answer);
            }
        }
    }
}
