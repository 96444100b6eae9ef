//! The body of a copy: `{ "vendor": "…", "changes": { … } }`.

use std::borrow::Cow;

use vendors::json::{Kind, Value, excerpt};
use vendors::{Field, Item, ItemCode, Items, Update};

use crate::problem::{Code, Problem};

const VENDOR: &str = "vendor";
const CHANGES: &str = "changes";

/// Longest unknown member that a message repeats, in bytes.
const MAX_QUOTED_BYTES: usize = 128;

/// Where the copy is made, and what is different there.
#[derive(Debug)]
pub(super) struct CopyRequest<'a> {
    /// The name of the account.
    pub(super) vendor: Cow<'a, str>,
    /// The fields that the caller wants to be different.
    pub(super) changes: Update<'a>,
}

impl<'a> CopyRequest<'a> {
    /// Reads the body strictly, and finds everything that is wrong with it.
    ///
    /// # Errors
    /// The body is not JSON, or not this object.
    pub(super) fn read(body: &'a [u8]) -> Result<Self, Problem> {
        let malformed = |error: vendors::json::JsonError| Problem::new(Code::InvalidJson, error.to_string());
        let members = Update::read(body).map_err(malformed)?.entries;
        let (mut items, mut vendor, mut changes) = (Items::default(), None, None);
        for member in &members {
            match &*member.key {
                VENDOR => vendor = Some(member.value),
                CHANGES => changes = Some(member.value),
                key => push(&mut items, key, ItemCode::UnknownField, unknown(key, member.field)),
            }
        }
        check(&mut items, VENDOR, vendor, Kind::String, "a string");
        check(&mut items, CHANGES, changes, Kind::Object, "an object");
        if vendor.is_none() {
            let detail = "is required: the name of the vendor account at which the copy is made".to_owned();
            push(&mut items, VENDOR, ItemCode::Required, detail);
        }
        let vendor = vendor.and_then(Value::as_str);
        let changes = Update::read(changes.map_or("{}", Value::text).as_bytes());
        match (vendor, changes) {
            (Some(vendor), Ok(changes)) if items.is_empty() => Ok(Self { vendor, changes }),
            _ => {
                let count = items.list.len();
                let noun = if count == 1 { "problem" } else { "problems" };
                let detail = format!("The copy is not valid: {count} {noun}.");
                Err(Problem { errors: items, ..Problem::new(Code::ValidationFailed, detail) })
            }
        }
    }
}

/// Checks the type of a member that is there.
fn check(items: &mut Items, member: &str, value: Option<Value<'_>>, kind: Kind, wanted: &str) {
    match value.map(Value::kind) {
        Some(Kind::Null) => {
            push(items, member, ItemCode::NullNotAllowed, format!("cannot be null; must be {wanted}"));
        }
        Some(other) if other != kind => {
            let detail = format!("must be {wanted}, is {}", other.described());
            push(items, member, ItemCode::WrongType, detail);
        }
        _ => {}
    }
}

fn unknown(key: &str, field: Option<Field>) -> String {
    let meant = match field {
        Some(field) => Some(format!("{CHANGES}.{}", field.name())),
        None => vendors::nearest(key, [VENDOR, CHANGES]).map(str::to_owned),
    };
    match meant {
        Some(meant) => format!("is no member of a copy; did you mean `{meant}`?"),
        None => format!("is no member of a copy, which has `{VENDOR}` and `{CHANGES}`"),
    }
}

fn push(items: &mut Items, member: &str, code: ItemCode, detail: String) {
    if items.is_full() {
        return items.skip();
    }
    let pointer = vendors::json::Pointer::Root.key(member).to_string();
    let field = Some(excerpt(member, MAX_QUOTED_BYTES).into_owned().into());
    items.push(Item { pointer, field, code, detail, vendor_field: None });
}

#[cfg(test)]
mod tests {
    use crate::api::operations::copy::request::*;

    fn problems(body: &str) -> Vec<(String, &'static str, String)> {
        let problem = CopyRequest::read(body.as_bytes()).unwrap_err();
        assert_eq!(problem.code, Code::ValidationFailed, "{body}");
        let items = problem.errors.list.into_iter();
        items.map(|item| (item.pointer, item.code.as_str(), item.detail)).collect()
    }

    #[test]
    fn a_copy_has_a_vendor_and_perhaps_changes() {
        let request = CopyRequest::read(br#"{"vendor":"fam\u0075lor","changes":{"name":"x","more":1}}"#).unwrap();
        assert_eq!((&*request.vendor, request.changes.entries.len()), ("famulor", 2));
        assert_eq!(CopyRequest::read(br#"{"vendor":"sondos"}"#).unwrap().changes.entries.len(), 0);
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let found = problems(r#"{"vendr":"x","name":"y","other~/":1,"changes":[]}"#);
        let places: Vec<_> = found.iter().map(|(pointer, code, _)| (&**pointer, *code)).collect();
        let expected = [
            ("#/vendr", "unknown_field"),
            ("#/name", "unknown_field"),
            ("#/other~0~1", "unknown_field"),
            ("#/changes", "wrong_type"),
            ("#/vendor", "required"),
        ];
        assert_eq!(places, expected);
        assert!(found[0].2.ends_with("did you mean `vendor`?") && found[1].2.ends_with("did you mean `changes.name`?"));
        for (body, pointer, code) in [
            (r#"{"vendor":null}"#, "#/vendor", "null_not_allowed"),
            (r#"{"vendor":7}"#, "#/vendor", "wrong_type"),
            (r#"{"vendor":"a","changes":null}"#, "#/changes", "null_not_allowed"),
            (r#"{"vendor":"a","changes":"{}"}"#, "#/changes", "wrong_type"),
        ] {
            assert_eq!(
                problems(body).iter().map(|(at, code, _)| (&**at, *code)).collect::<Vec<_>>(),
                [(pointer, code)]
            );
        }
    }

    #[test]
    fn json_is_read_strictly() {
        for body in [
            "",
            "[]",
            "{\"vendor\":\"a\",\"vendor\":\"b\"}",
            "{\"vendor\":\"a\",\"changes\":{\"name\":\"x\",\"name\":\"y\"}}",
            "{\"vendor\":\"a\",\"changes\":{\"variables\":{\"k\":1,\"k\":2}}}",
            "{\"vendor\":\"a\"} x",
        ] {
            assert_eq!(CopyRequest::read(body.as_bytes()).unwrap_err().code, Code::InvalidJson, "{body}");
        }
        let many: Vec<_> = (0..5000).map(|number| format!("\"k{number}\":1")).collect();
        let problem = CopyRequest::read(format!("{{{}}}", many.join(",")).as_bytes()).unwrap_err();
        assert_eq!(problem.errors.list.len(), Items::MAX);
    }
}
