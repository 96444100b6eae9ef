//! What a page says of the next one, where pages have no numbers.

use std::borrow::Cow;

use super::document::member;
use crate::json::{Kind, Value};

/// A page says that another one follows, and not where.
#[derive(Debug)]
pub(crate) struct NoCursor;

/// The cursor of the next page, from the members that have it and say whether there is one. A page may be empty although
/// another one follows.
pub(crate) fn cursor(whole: Value<'_>, next: &str, has_more: &str) -> Result<Option<String>, NoCursor> {
    let text = |value: Value<'_>| match value.kind() {
        Kind::Number => Some(value.text().to_owned()),
        _ => value.as_str().filter(|text| !text.is_empty()).map(Cow::into_owned),
    };
    let next = member(whole, next).and_then(text);
    match member(whole, has_more).and_then(Value::as_bool) {
        Some(false) => Ok(None),
        Some(true) => next.map(Some).ok_or(NoCursor),
        None => Ok(next),
    }
}
