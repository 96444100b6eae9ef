//! Where a vendor's answer is not as documented.
//!
//! The good path walks the answer once and allocates nothing; whoever drifts pays for the words.

use crate::canonical::Field;
use crate::json::{Kind, Limits, Value, excerpt, read_value};

use super::Dialect;
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
pub fn drift(dialect: &Dialect, asked: Asked, status: u16, body: &[u8]) -> Vec<Drift> {
    let answers = &dialect.answers;
    let value = read_value(body, Limits::VENDOR);
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
            Err(_) if body.trim_ascii().is_empty() => format!("{status} without a body"),
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
        (Holds::Object(parts), Kind::Object) => {
            let known = |name: &str| parts.iter().find(|part| part.name == name);
            parts.iter().all(|part| part.optional || value.get(part.name).is_some())
                && value.members().all(|(key, member)| {
                    known(&key).is_some_and(|part| part.nullable && member.is_null() || fits(member, part.holds))
                })
        }
        _ => suits(value, holds),
    }
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
