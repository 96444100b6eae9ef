//! A vendor's error in canonical names, and what its status means where the body does not say something else.

use std::borrow::Cow;

use crate::dialect::Dialect;
use crate::item::Items;
use crate::json::{Kind, Value, excerpt, without_byte_order_mark};

use super::error_keys::ErrorKeys;
use super::update_response::reports_error;
use super::{ResponseBody, SentFields, prose, refusal};

/// Longest vendor text that is kept, in bytes.
pub(super) const MAX_TEXT_BYTES: usize = 1024;

/// How deep in a body a word is looked for that says what an error means.
const MAX_WORD_DEPTH: usize = 4;

/// What the status of a vendor's error means for the update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VendorErrorKind {
    /// 400, 422: the vendor refused the update.
    Refused,
    /// 404: the vendor has no such assistant.
    NotFound,
    /// 401, 403: the vendor refused the gateway's token.
    CredentialsRejected,
    /// 400, 401, 403 without the API's JSON: something in front of the vendor answered, such as bot protection.
    Intermediary,
    /// 404 without the API's JSON, or of its framework: there is no such address.
    WrongAddress,
    /// 402, and a 403 about the account's plan: the account cannot do this.
    AccountProblem,
    /// The vendor does not know what the configuration of the account says, such as a branch.
    Misconfigured,
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
    let mut items = Items::default();
    let is_refusal = !(200..300).contains(&status) || object.is_some_and(reports_error);
    let message = refusal::read(body, is_refusal, ErrorKeys { dialect, vendor, sent, items: &mut items });
    let kind = match kind(dialect, status, message.as_deref(), body) {
        VendorErrorKind::CredentialsRejected if is_foreign(status, body) => VendorErrorKind::Intermediary,
        VendorErrorKind::Refused if status == 400 && prose::is_page(body.bytes) => VendorErrorKind::Intermediary,
        VendorErrorKind::NotFound if body.value().is_err() || message.as_deref().is_some_and(is_of_framework) => {
            VendorErrorKind::WrongAddress
        }
        kind => kind,
    };
    let retry_after = object.and_then(|object| object.get("retry_after")).and_then(seconds);
    VendorError { kind, message, items, retry_after }
}

/// Whether a 401 or 403 is not from the vendor's API: it is not JSON. Only an API refuses a token without a word.
fn is_foreign(status: u16, body: &ResponseBody<'_>) -> bool {
    let is_empty = without_byte_order_mark(body.bytes).trim_ascii().is_empty();
    body.value().is_err() && !(status == 401 && is_empty)
}

/// Whether the message of a 404 is a framework's or a gateway's, about the address and not about an assistant.
fn is_of_framework(message: &str) -> bool {
    const ADDRESSES: [&str; 10] = [
        "no route",
        "route not found",
        "no such route",
        "page not found",
        "endpoint not found",
        "unknown endpoint",
        "no handler found",
        "no static resource",
        "url was not found",
        "url not found",
    ];
    let message = message.to_ascii_lowercase();
    let is_about_route = message.contains("the route ") && message.contains("could not be found");
    let cannot =
        ["put", "patch", "post", "get", "delete"].iter().any(|method| message.contains(&format!("cannot {method} /")));
    is_about_route || cannot || ADDRESSES.iter().any(|address| message.contains(address))
}

fn kind(dialect: &Dialect, status: u16, message: Option<&str>, body: &ResponseBody<'_>) -> VendorErrorKind {
    let meanings = dialect.responses.meanings.iter().filter(|meaning| meaning.statuses.contains(&status));
    let is_there = |word: &str| {
        message.is_some_and(|message| message.to_ascii_lowercase().contains(&word.to_ascii_lowercase()))
            || body.value().is_ok_and(|value| has_text(value, word, MAX_WORD_DEPTH))
    };
    if let Some(meaning) = meanings.into_iter().find(|meaning| is_there(meaning.word)) {
        return meaning.kind;
    }
    match status {
        402 => VendorErrorKind::AccountProblem,
        401 | 403 => VendorErrorKind::CredentialsRejected,
        400 | 422 => VendorErrorKind::Refused,
        404 => VendorErrorKind::NotFound,
        429 => VendorErrorKind::RateLimited,
        500..=599 => VendorErrorKind::Failed,
        300..=399 => VendorErrorKind::Redirected,
        _ => VendorErrorKind::Unexpected,
    }
}

/// Whether a text of a body is this word.
fn has_text(value: Value<'_>, word: &str, depth: usize) -> bool {
    match value.kind() {
        Kind::String => value.as_str().is_some_and(|text| text.eq_ignore_ascii_case(word)),
        Kind::Object if depth > 0 => value.members().any(|(_, inner)| has_text(inner, word, depth - 1)),
        Kind::Array if depth > 0 => value.elements().any(|inner| has_text(inner, word, depth - 1)),
        _ => false,
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
