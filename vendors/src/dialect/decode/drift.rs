//! Drift: differences between a vendor's response and its documentation.
//!
//! A response that matches is recognised by its cached members. Only a response that differs is walked to describe the
//! differences.

use crate::canonical::Field;
use crate::dialect::{Dialect, Member, Operation, Schema};
use crate::json::{BYTE_ORDER_MARK, Kind, Value, excerpt};

use super::ResponseBody;
use super::response_body::{Members, Outer};

/// The most differences that are reported of one response.
const MAX_DIFFERENCES: usize = 32;

/// Longest location that is kept, in bytes.
const MAX_LOCATION_BYTES: usize = 128;

/// How many members of an error object its outline lists.
const MAX_OUTLINED_MEMBERS: usize = 8;

/// How deep an outline goes.
const MAX_OUTLINE_DEPTH: usize = 3;

/// How a response differs from its documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DriftKind {
    /// A member is not documented.
    UnknownField,
    /// A documented member is missing.
    MissingField,
    /// A documented member has another type.
    RetypedField,
    /// No documented error has this status and these members.
    UnknownErrorShape,
    /// A success is not JSON.
    NotJson,
    /// The body begins with a byte order mark.
    ByteOrderMark,
    /// Rows of a catalog are not understood.
    SkippedRow,
    /// The answer is about another assistant.
    OtherId,
}

impl DriftKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::UnknownField,
        Self::MissingField,
        Self::RetypedField,
        Self::UnknownErrorShape,
        Self::NotJson,
        Self::ByteOrderMark,
        Self::SkippedRow,
        Self::OtherId,
    ];

    /// The name in logs, metrics and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownField => "unknown_field",
            Self::MissingField => "missing_field",
            Self::RetypedField => "retyped_field",
            Self::UnknownErrorShape => "unknown_error_shape",
            Self::NotJson => "not_json",
            Self::ByteOrderMark => "byte_order_mark",
            Self::SkippedRow => "skipped_row",
            Self::OtherId => "other_id",
        }
    }
}

/// One difference between a response and its documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// The kind of difference.
    pub kind: DriftKind,
    /// Where it is: `data.name`, `[].id`, or the status and outline of an error; at most 128 bytes, without control
    /// characters. It contains the vendor's own names. Empty for the response as a whole.
    pub location: String,
    /// The documented type and the type found; empty if the kind needs no explanation.
    pub detail: String,
}

/// The differences between a response to `operation` and the dialect's documentation: each kind and location once, at
/// most 32. See [`ResponseBody::drift`] for a body that has been read already.
pub fn drift(dialect: &Dialect, operation: Operation, status: u16, body: &[u8]) -> Vec<Drift> {
    ResponseBody::read(body).drift(dialect, operation, status)
}

pub(super) fn differences(
    dialect: &Dialect,
    operation: Operation,
    status: u16,
    response: &ResponseBody<'_>,
) -> Vec<Drift> {
    let success = (200..300).contains(&status);
    let matches = |outer: &Outer<'_>| success && outer_matches(outer, dialect.success(operation));
    let has_mark = response.bytes.starts_with(BYTE_ORDER_MARK);
    if !has_mark && response.outer().is_some_and(matches) {
        return Vec::new();
    }
    let mut found = walk_response(dialect, operation, status, response);
    if has_mark {
        let mark = Drift { kind: DriftKind::ByteOrderMark, location: String::new(), detail: String::new() };
        found.truncate(MAX_DIFFERENCES - 1);
        found.push(mark);
    }
    found
}

/// Whether the vendor, or what stands in front of it, is out of order. Such a response is none of the documented
/// application's.
pub(super) const fn is_outage(status: u16, is_json: bool) -> bool {
    matches!(status, 502..=504) || status >= 500 && !is_json
}

/// The differences, found by a walk over the whole response.
fn walk_response(dialect: &Dialect, operation: Operation, status: u16, response: &ResponseBody<'_>) -> Vec<Drift> {
    let responses = &dialect.responses;
    let value = response.value();
    if !(200..300).contains(&status) {
        if is_outage(status, value.is_ok()) {
            return Vec::new();
        }
        let documented = |schema| match &value {
            Ok(value) => matches_schema(*value, schema),
            Err(_) => matches!(schema, Schema::Anything),
        };
        if responses.error(status).any(documented) {
            return Vec::new();
        }
        let location = match &value {
            Ok(value) => format!("{status} {}", outline(*value, 0)),
            Err(_) if response.bytes.trim_ascii().is_empty() => format!("{status} without a body"),
            Err(_) => format!("{status} not JSON"),
        };
        let location = sanitized(&location);
        return vec![Drift { kind: DriftKind::UnknownErrorShape, location, detail: String::new() }];
    }
    let mut walk = Walk { dialect, allows_fields: matches!(operation, Operation::List), found: Vec::new() };
    match (value, dialect.success(operation)) {
        // Lists are bare or under `data`: the documentation describes one form and its examples show the other.
        (Ok(value), schema @ Schema::List(_)) if value.kind() == Kind::Object && value.get("data").is_some() => {
            walk.members(value, &[Member::new("data", schema)], &ValuePath::Root);
        }
        (Ok(value), schema) => walk.value(value, schema, &ValuePath::Root),
        (Err(error), _) => walk.push(DriftKind::NotJson, &ValuePath::Root, error.to_string()),
    }
    walk.found
}

/// The path to a value: a chain of borrowed steps, so that a step allocates nothing.
enum ValuePath<'a> {
    Root,
    Key(&'a ValuePath<'a>, &'a str),
    Element(&'a ValuePath<'a>),
}

impl ValuePath<'_> {
    fn to_location(&self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Element(outer) => outer.to_location() + "[]",
            Self::Key(outer, key) => match outer.to_location() {
                outer if outer.is_empty() => (*key).to_owned(),
                outer => outer + "." + key,
            },
        }
    }
}

struct Walk<'a> {
    dialect: &'a Dialect,
    /// Whether fields of updates count as documented: a listed assistant may contain everything that can be set.
    allows_fields: bool,
    found: Vec<Drift>,
}

impl Walk<'_> {
    fn value(&mut self, value: Value<'_>, schema: Schema, path: &ValuePath<'_>) {
        match (schema, value.kind()) {
            (Schema::Object(documented), Kind::Object) => self.members(value, documented, path),
            (Schema::List(inner), Kind::Array) => {
                for element in value.elements() {
                    if self.found.len() >= MAX_DIFFERENCES {
                        return;
                    }
                    self.value(element, *inner, &ValuePath::Element(path));
                }
            }
            (Schema::Map(inner), Kind::Object) => {
                for (_, member) in value.members() {
                    self.value(member, *inner, &ValuePath::Key(path, "*"));
                }
            }
            _ if has_type(value, schema) => {}
            _ => self.retyped(value, schema, path),
        }
    }

    fn members(&mut self, value: Value<'_>, documented: &[Member], path: &ValuePath<'_>) {
        let mut seen = 0_u128;
        for (key, member) in value.members() {
            if self.found.len() >= MAX_DIFFERENCES {
                return;
            }
            let path = ValuePath::Key(path, &key);
            match documented.iter().position(|member| member.name == key) {
                Some(index) => {
                    seen |= 1 << index.min(127);
                    let known = documented.get(index).filter(|known| !(known.nullable && member.is_null()));
                    if let Some(known) = known {
                        self.value(member, known.schema, &path);
                    }
                }
                None if self.allows_fields && self.is_field(&key) => {}
                None => self.push(DriftKind::UnknownField, &path, member.kind().described().to_owned()),
            }
        }
        for (index, member) in documented.iter().enumerate().filter(|(_, member)| !member.optional) {
            if seen & (1 << index.min(127)) == 0 {
                let detail = format!("documented: {}", member.schema.described());
                self.push(DriftKind::MissingField, &ValuePath::Key(path, member.name), detail);
            }
        }
    }

    fn is_field(&self, key: &str) -> bool {
        Field::from_name(key).is_some() || self.dialect.fields_of_wire(key).next().is_some()
    }

    fn retyped(&mut self, value: Value<'_>, schema: Schema, path: &ValuePath<'_>) {
        let detail = format!("documented: {}; found: {}", schema.described(), value.kind().described());
        self.push(DriftKind::RetypedField, path, detail);
    }

    fn push(&mut self, kind: DriftKind, path: &ValuePath<'_>, detail: String) {
        let location = sanitized(&path.to_location());
        let is_known = self.found.iter().any(|known| known.kind == kind && known.location == location);
        if self.found.len() < MAX_DIFFERENCES && !is_known {
            self.found.push(Drift { kind, location, detail });
        }
    }
}

/// Whether a value has the documented type, members aside.
fn has_type(value: Value<'_>, schema: Schema) -> bool {
    match (schema, value.kind()) {
        (Schema::Anything, _) | (Schema::Boolean, Kind::Boolean) | (Schema::Number, Kind::Number) => true,
        (Schema::Text, Kind::String) => true,
        (Schema::Integer, Kind::Number) => value.as_integer().is_some(),
        (Schema::Map(_), Kind::Array) => value.elements().next().is_none(),
        _ => false,
    }
}

/// Whether a value is as documented, members included.
fn matches_schema(value: Value<'_>, schema: Schema) -> bool {
    match (schema, value.kind()) {
        (Schema::List(inner), Kind::Array) => value.elements().all(|element| matches_schema(element, *inner)),
        (Schema::Map(inner), Kind::Object) => value.members().all(|(_, member)| matches_schema(member, *inner)),
        (Schema::Object(documented), Kind::Object) => members_match(value.members(), documented, matches_schema),
        _ => has_type(value, schema),
    }
}

/// The same for the outermost object of a response, with its cached members and those of its `data`.
fn outer_matches(outer: &Outer<'_>, schema: Schema) -> bool {
    let inner = |value, schema| match (&outer.data, schema) {
        (Some(data), Schema::Object(documented)) if data.are_of(value) => {
            cached_match(data, documented, matches_schema)
        }
        _ => matches_schema(value, schema),
    };
    matches!(schema, Schema::Object(documented) if cached_match(&outer.object, documented, inner))
}

/// The same for cached members; `false` if not all members are cached, which leaves the decision to the walk.
fn cached_match<'a>(members: &Members<'a>, documented: &[Member], matches: impl Fn(Value<'a>, Schema) -> bool) -> bool {
    members.all().is_some_and(|members| members_match(members, documented, matches))
}

/// Whether the members of an object are the documented ones and no others; `matches` checks the values.
fn members_match<'a>(
    members: impl Iterator<Item = (impl AsRef<str>, Value<'a>)>,
    documented: &[Member],
    matches: impl Fn(Value<'a>, Schema) -> bool,
) -> bool {
    let mut seen = 0_u128;
    for (position, (key, member)) in members.enumerate() {
        let is_called = |known: &Member| known.name == key.as_ref();
        // Most responses have the documentation's order.
        let index = match documented.get(position).is_some_and(is_called) {
            true => Some(position),
            false => documented.iter().position(is_called),
        };
        let Some((index, known)) = index.and_then(|index| Some((index, documented.get(index)?))) else { return false };
        if !(known.nullable && member.is_null() || matches(member, known.schema)) {
            return false;
        }
        seen |= 1 << index.min(127);
    }
    documented.iter().enumerate().all(|(index, known)| known.optional || seen & (1 << index.min(127)) != 0)
}

/// The outline of an error: the names of its members, sorted, and their types.
fn outline(value: Value<'_>, depth: usize) -> String {
    match value.kind() {
        Kind::Object if depth == 0 => {
            let member = |key: &str, value| format!("{}: {}", excerpt(key, 32), outline(value, depth + 1));
            let shown = value.members().take(MAX_OUTLINED_MEMBERS);
            let mut members: Vec<_> = shown.map(|(key, value)| member(&key, value)).collect();
            members.sort();
            format!("{{{}}}", members.join(", "))
        }
        Kind::Object if depth < MAX_OUTLINE_DEPTH => match value.members().next() {
            Some((_, member)) => format!("{{*: {}}}", outline(member, depth + 1)),
            None => "{}".to_owned(),
        },
        Kind::Array if depth < MAX_OUTLINE_DEPTH => match value.elements().next() {
            Some(element) => format!("[{}]", outline(element, depth + 1)),
            None => "[]".to_owned(),
        },
        kind => kind.described().split(' ').next_back().unwrap_or_default().to_owned(),
    }
}

/// The vendor's names made safe for logs: short, and without control characters.
fn sanitized(location: &str) -> String {
    let plain = |c: char| if c.is_control() { '_' } else { c };
    excerpt(location, MAX_LOCATION_BYTES).chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::registry;

    const VALUES: &[&str] = &["1", "1.5", "\"x\"", "null", "true", "[]", "{}", "{\"id\":1}"];

    /// The documented object with these edits.
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

        /// Compares the check by cached members with the walk.
        #[test]
        fn a_response_matches_exactly_if_a_walk_finds_no_difference(
            outer in edits(), inner in edits(), status in select(vec![200, 201, 422]),
        ) {
            let data = [("id", "7"), ("name", "\"n\""), ("\\u0073tatus", "\"s\""), ("type", "\"t\""), ("mode", "\"m\"")];
            let response = edited(&[("message", "\"m\""), ("data", &edited(&data, &inner))], &outer);
            let operations = |dialect| [(dialect, Operation::Update), (dialect, Operation::List)];
            for (dialect, operation) in registry::DIALECTS.into_iter().flat_map(operations) {
                let read = ResponseBody::read(response.as_bytes());
                let quick = differences(dialect, operation, status, &read);
                prop_assert_eq!(quick, walk_response(dialect, operation, status, &read), "{}", response);
            }
        }
    }
}
