//! A vendor's response to an update, in canonical names and values.

use std::borrow::Cow;
use std::fmt;

use crate::canonical::Field;
use crate::dialect::{Dialect, Plan, Rule};
use crate::json::{JsonError, Kind, Value, decode, excerpt};

use super::ResponseBody;
use super::response_body::Members;
use super::vendor_error::message;

/// What callers read if a vendor confirms without a message.
pub(super) const UPDATED: &str = "Assistant updated successfully";
pub(super) const CREATED: &str = "Assistant created successfully";
pub(super) const DELETED: &str = "Assistant deleted successfully";

/// Longest text of an assistant's member that is kept, in bytes of JSON.
const MAX_MEMBER_BYTES: usize = 4096;

/// A longer string is cut to so many bytes.
const CUT_MEMBER_BYTES: usize = 1024;

/// A vendor's response to an update that was applied. Values borrow the response's text unless they had to be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateResponse<'a> {
    /// The vendor's message.
    pub message: Cow<'a, str>,
    /// The assistant as the vendor reports it.
    pub data: AssistantSummary<'a>,
}

/// The five members that every vendor documents, each as JSON text; `None` if the response has no such member.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AssistantSummary<'a> {
    /// The id, of any JSON type.
    pub id: Option<Cow<'a, str>>,
    /// The name.
    pub name: Option<Cow<'a, str>>,
    /// Whether the assistant is active.
    pub status: Option<Cow<'a, str>>,
    /// `inbound` or `outbound`.
    pub r#type: Option<Cow<'a, str>>,
    /// The engine mode.
    pub mode: Option<Cow<'a, str>>,
}

/// Why a response with a 2xx status does not show that the update was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvalidResponse {
    /// The body is empty.
    Empty,
    /// The body is not JSON.
    NotJson(JsonError),
    /// The body is JSON, but not an object with an object `data`.
    NoData,
    /// The body is an object without this member, which a later request needs.
    Lacks(String),
    /// The body is an object with another id, in this member, than was asked for.
    OtherObject(String),
    /// The body reports an error despite the 2xx status: an error, a `success` that is none, or an error status; its message.
    Error(Option<String>),
}

impl fmt::Display for InvalidResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the vendor's response is empty"),
            Self::NotJson(error) => write!(f, "the vendor's response is not JSON: {error}"),
            Self::NoData => f.write_str("the vendor's response has no object `data`"),
            Self::Lacks(member) => write!(f, "the vendor's response has no `{member}`, which a later request needs"),
            Self::OtherObject(member) => {
                write!(f, "the vendor's response is about another object: its `{member}` is not what was asked for")
            }
            Self::Error(_) => f.write_str("the vendor's response reports an error although its status is 2xx"),
        }
    }
}

impl std::error::Error for InvalidResponse {}

/// Reads the body of a response with a 2xx status. See [`ResponseBody::update_response`] for a body that has been read
/// already.
///
/// # Errors
/// The body is not the documented JSON, or it reports an error.
pub fn normalize_response<'a>(dialect: &Dialect, body: &'a [u8]) -> Result<UpdateResponse<'a>, InvalidResponse> {
    ResponseBody::read(body).update_response(dialect)
}

/// The result of an update, or of a creation, with `confirmation` as the message of a vendor that sends none.
pub(super) fn normalize<'a>(
    dialect: &Dialect,
    body: &ResponseBody<'a>,
    confirmation: &'static str,
) -> Result<UpdateResponse<'a>, InvalidResponse> {
    let Some(outer) = body.outer() else { return Err(not_an_object(body)) };
    let is_own = dialect.plan.is_some_and(|plan| is_object_of(plan, &outer.object, dialect.listed.id));
    if is_own {
        // The vendor's own object; its members are the document's, and what they say is read there.
        return Ok(UpdateResponse { message: Cow::Borrowed(confirmation), data: AssistantSummary::default() });
    }
    let message = message(|key| outer.object.get(key));
    if reports_error(&outer.object) {
        return Err(InvalidResponse::Error(message.map(Cow::into_owned)));
    }
    if dialect.plan.is_some() {
        return Err(InvalidResponse::NoData);
    }
    let data = outer.data.as_ref().ok_or(InvalidResponse::NoData)?;
    Ok(UpdateResponse {
        message: message.unwrap_or(Cow::Borrowed(confirmation)),
        data: AssistantSummary {
            id: scalar(data.get("id")),
            name: member(dialect, Field::Name, data),
            status: scalar(data.get("status")),
            r#type: member(dialect, Field::Type, data),
            mode: member(dialect, Field::Mode, data),
        },
    })
}

/// Whether a response is one of the vendor's objects: it has the assistant's id, or what the plan captures from it.
fn is_object_of(plan: &Plan, object: &Members<'_>, id: &str) -> bool {
    let captured = plan.objects.iter().filter_map(|object| object.create).flat_map(|create| create.captures);
    let names = captured.filter_map(|capture| capture.path.first().copied());
    let id = id.rsplit('.').next().unwrap_or(id);
    names.chain([id]).any(|name| object.get(name).is_some_and(|value| !value.is_null()))
}

/// The message of a deletion that was carried out.
pub(super) fn deletion<'a>(dialect: &Dialect, body: &ResponseBody<'a>) -> Result<Cow<'a, str>, InvalidResponse> {
    let Some(outer) = body.outer() else {
        let is_nothing = body.bytes.trim_ascii().is_empty() || body.value().is_ok_and(Value::is_null);
        return if dialect.plan.is_some() && is_nothing {
            Ok(Cow::Borrowed(DELETED))
        } else {
            Err(not_an_object(body))
        };
    };
    if dialect.plan.is_some_and(|plan| is_object_of(plan, &outer.object, dialect.listed.id)) {
        // The object that is gone; its members are not about the request.
        return Ok(Cow::Borrowed(DELETED));
    }
    let message = message(|key| outer.object.get(key));
    match reports_error(&outer.object) {
        true => Err(InvalidResponse::Error(message.map(Cow::into_owned))),
        false => Ok(message.unwrap_or(Cow::Borrowed(DELETED))),
    }
}

fn not_an_object(body: &ResponseBody<'_>) -> InvalidResponse {
    if body.bytes.trim_ascii().is_empty() {
        return InvalidResponse::Empty;
    }
    body.value().map_or_else(InvalidResponse::NotJson, |_| InvalidResponse::NoData)
}

/// Words of a status that say that the update was not applied.
const ERROR_WORDS: [&str; 14] = [
    "ko",
    "nok",
    "not_ok",
    "rejected",
    "refused",
    "denied",
    "invalid",
    "unsuccessful",
    "exception",
    "forbidden",
    "unauthorized",
    "not_found",
    "bad_request",
    "unprocessable_entity",
];

/// Whether a body has one of the error shapes that vendors use: an error, a success that is denied, or an error status.
pub(super) fn reports_error(object: &Members<'_>) -> bool {
    let has = |key: &str, says: fn(Value<'_>) -> bool| object.get(key).is_some_and(says);
    ["error", "errors"].iter().any(|key| has(key, is_filled))
        || ["error_code", "errorCode", "error_message", "errorMessage"]
            .iter()
            .any(|key| has(key, |value| !is_falsy(value)))
        || ["success", "ok"].iter().any(|key| has(key, is_falsy))
        || ["status", "result"].iter().any(|key| has(key, |value| is_error_word(value) || is_error_status(value)))
        || ["code", "statusCode", "status_code", "http_status"].iter().any(|key| has(key, is_error_status))
}

fn is_filled(value: Value<'_>) -> bool {
    match value.kind() {
        Kind::Array => value.elements().next().is_some(),
        Kind::Object => value.members().next().is_some(),
        _ => !matches!(value.text(), "null" | "false" | "\"\"" | "0" | "\"0\""),
    }
}

/// Whether a value means "no", in the types of any language that a back end is written in.
fn is_falsy(value: Value<'_>) -> bool {
    match value.kind() {
        Kind::Null => true,
        Kind::Boolean => value.as_bool() == Some(false),
        Kind::Number => value.as_f64() == Some(0.0),
        Kind::String => {
            let text = value.as_str().unwrap_or_default().trim().to_ascii_lowercase();
            matches!(&*text, "" | "0" | "false" | "no" | "off" | "n" | "f" | "null" | "none") || is_error_text(&text)
        }
        Kind::Array | Kind::Object => !is_filled(value),
    }
}

fn is_error_word(value: Value<'_>) -> bool {
    value.as_str().is_some_and(|text| is_error_text(&text.trim().to_ascii_lowercase()))
}

fn is_error_text(text: &str) -> bool {
    let word = text.replace([' ', '-'], "_");
    word.starts_with("err") || word.starts_with("fail") || word.ends_with("_error") || ERROR_WORDS.contains(&&*word)
}

/// Whether a value is an HTTP status of an error.
fn is_error_status(value: Value<'_>) -> bool {
    let status = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
    status.is_some_and(|status| (400.0..600.0).contains(&status))
}

/// A field of the assistant, under its canonical name, which all vendors document, or under the vendor's name. A mapped
/// value is translated back.
fn member<'a>(dialect: &Dialect, field: Field, data: &Members<'a>) -> Option<Cow<'a, str>> {
    let row = dialect.row(field);
    let find = |name: &str| data.get(name).filter(|value| !value.is_null());
    let value = find(field.name()).or_else(|| row.wire_names(field).find_map(find))?;
    if let Rule::Map { values, .. } = row.rule
        && let Some((canonical, _)) = values.iter().find(|(_, vendor)| vendor.is(value))
        && !canonical.is_plainly(value)
    {
        return Some(Cow::Owned(canonical.json()));
    }
    scalar(Some(value))
}

fn scalar(value: Option<Value<'_>>) -> Option<Cow<'_, str>> {
    let value = value.filter(|value| !matches!(value.kind(), Kind::Null | Kind::Array | Kind::Object))?;
    let is_short = value.text().len() <= MAX_MEMBER_BYTES;
    Some(match is_short {
        true => Cow::Borrowed(value.text()),
        false => Cow::Owned(quoted(&excerpt(&value.as_str()?, CUT_MEMBER_BYTES))),
    })
}

fn quoted(text: &str) -> String {
    let mut out = Vec::new();
    crate::json::push_string(&mut out, text);
    String::from_utf8(out).unwrap_or_default()
}

impl UpdateResponse<'_> {
    /// The same, without the body that it borrows from.
    pub fn into_owned(self) -> UpdateResponse<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        let AssistantSummary { id, name, status, r#type, mode } = self.data;
        UpdateResponse {
            message: owned(self.message),
            data: AssistantSummary {
                id: id.map(owned),
                name: name.map(owned),
                status: status.map(owned),
                r#type: r#type.map(owned),
                mode: mode.map(owned),
            },
        }
    }
}

impl AssistantSummary<'_> {
    /// Whether the vendor answered about another assistant than `id`. Without an id, and with one that is no text and no
    /// number, it did not say so.
    pub fn is_of_another(&self, id: &str) -> bool {
        let Some(json) = self.id.as_deref() else { return false };
        let text = match json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(inner) => decode(inner),
            None => Cow::Borrowed(json),
        };
        let text = text.trim();
        let whole = text.strip_suffix(".0").unwrap_or(text);
        !(text.is_empty() || text == id || whole == id || matches!(json, "true" | "false"))
    }

    /// Replaces each member that is a string by what `change` makes of its decoded text. A borrowed result means no change.
    pub fn each_string(&mut self, change: impl for<'t> Fn(&'t str) -> Cow<'t, str>) {
        let members = [&mut self.id, &mut self.name, &mut self.status, &mut self.r#type, &mut self.mode];
        for json in members.into_iter().flatten() {
            if let Some(inner) = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'))
                && let Cow::Owned(changed) = change(&decode(inner))
            {
                *json = Cow::Owned(quoted(&changed));
            }
        }
    }

    /// The members in their order, with `null` for a missing one.
    pub fn members(&self) -> [(&'static str, &str); 5] {
        fn text<'a>(member: &'a Option<Cow<'_, str>>) -> &'a str {
            member.as_deref().unwrap_or("null")
        }
        [
            ("id", text(&self.id)),
            ("name", text(&self.name)),
            ("status", text(&self.status)),
            ("type", text(&self.r#type)),
            ("mode", text(&self.mode)),
        ]
    }
}
