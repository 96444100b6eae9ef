//! A vendor's error in canonical names. The vendors use five shapes of error body; all of them are read here.

use std::borrow::Cow;

use crate::dialect::Dialect;
use crate::item::Items;
use crate::json::{Value, excerpt};

use super::error_keys::ErrorKeys;
use super::{ResponseBody, SentFields};

/// Longest vendor text that is kept, in bytes.
pub(super) const MAX_TEXT_BYTES: usize = 1024;

/// What the status of a vendor's error means for the update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VendorErrorKind {
    /// 400, 422: the vendor refused the update.
    Refused,
    /// 404: the vendor has no such assistant.
    NotFound,
    /// 401, 403: the vendor refused the gateway's token.
    CredentialsRejected,
    /// 402, and a 403 about the account's plan: the account cannot do this.
    AccountProblem,
    /// 429.
    RateLimited,
    /// 5xx.
    Failed,
    /// 3xx: a redirect, which the gateway does not follow.
    Redirected,
    /// Any other status.
    Unexpected,
}

/// A vendor's error in canonical names.
#[derive(Debug, Clone, PartialEq)]
pub struct VendorError {
    /// What it means.
    pub kind: VendorErrorKind,
    /// The vendor's message, at most 1 KiB; `None` if the body has none.
    pub message: Option<String>,
    /// The vendor's messages about single fields.
    pub items: Items,
    /// The body's `retry_after`, in seconds.
    pub retry_after: Option<f64>,
}

/// Reads a vendor's response with a status outside 2xx. Every body is accepted: parts that are not understood are ignored.
///
/// `vendor` is the name of the account in the configuration; `sent` is what the request contained. See
/// [`ResponseBody::error`] for a body that has been read already.
pub fn normalize_error(dialect: &Dialect, vendor: &str, sent: &SentFields, status: u16, body: &[u8]) -> VendorError {
    ResponseBody::read(body).error(dialect, vendor, sent, status)
}

pub(super) fn error(
    dialect: &Dialect,
    vendor: &str,
    sent: &SentFields,
    status: u16,
    body: &ResponseBody<'_>,
) -> VendorError {
    let object = body.outer().map(|outer| &outer.object);
    let message = object.and_then(|object| message(|key| object.get(key))).map(Cow::into_owned);
    let mut items = Items::default();
    if let Some(errors) = object.and_then(|object| object.get("errors")) {
        ErrorKeys { dialect, vendor, sent, items: &mut items }.errors(errors);
    }
    let kind = kind(dialect, status, message.as_deref());
    let retry_after = object.and_then(|object| object.get("retry_after")).and_then(seconds);
    VendorError { kind, message, items, retry_after }
}

fn kind(dialect: &Dialect, status: u16, message: Option<&str>) -> VendorErrorKind {
    let is_plan_limit = || match (dialect.responses.plan_limit, message) {
        (Some(text), Some(message)) => message.contains(text),
        _ => false,
    };
    match status {
        402 => VendorErrorKind::AccountProblem,
        403 if is_plan_limit() => VendorErrorKind::AccountProblem,
        401 | 403 => VendorErrorKind::CredentialsRejected,
        400 | 422 => VendorErrorKind::Refused,
        404 => VendorErrorKind::NotFound,
        429 => VendorErrorKind::RateLimited,
        500..=599 => VendorErrorKind::Failed,
        300..=399 => VendorErrorKind::Redirected,
        _ => VendorErrorKind::Unexpected,
    }
}

/// The message of a response whose members `get` returns: `message`, or `error` as a text or as an object with a
/// `message`. If both exist and differ, both are kept.
pub(super) fn message<'a>(get: impl Fn(&str) -> Option<Value<'a>>) -> Option<Cow<'a, str>> {
    fn text(value: Option<Value<'_>>) -> Option<Cow<'_, str>> {
        value.and_then(Value::as_str).filter(|text| !text.is_empty())
    }
    let error = get("error");
    let error = text(error).or_else(|| text(error?.get("message"))).or_else(|| text(error?.elements().next()));
    let whole = match (error, text(get("message"))) {
        (Some(error), Some(message)) if error != message => Cow::Owned(format!("{error}: {message}")),
        (_, Some(message)) => message,
        (error, None) => error?,
    };
    let is_short = whole.len() <= MAX_TEXT_BYTES;
    Some(if is_short { whole } else { Cow::Owned(excerpt(&whole, MAX_TEXT_BYTES).into_owned()) })
}

fn seconds(value: Value<'_>) -> Option<f64> {
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
    (number.is_finite() && number >= 0.0).then_some(number)
}
