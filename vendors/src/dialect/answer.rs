//! From a vendor's success to the canonical one.

use std::borrow::Cow;
use std::fmt;

use crate::canonical::Field;
use crate::json::{JsonError, Kind, Value, decode, excerpt};

use super::Dialect;
use super::answer_body::{AnswerBody, Members};
use super::row::Rule;

/// A vendor's success in canonical names and values, in the answer's own text wherever that can stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response<'a> {
    /// The vendor's sentence.
    pub message: Cow<'a, str>,
    /// What the vendor says of the assistant.
    pub data: Data<'a>,
}

/// The five members that every vendor documents, each as JSON text; `None` where the vendor did not say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Data<'a> {
    /// The id, of whatever JSON type the vendor gives it.
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

/// A 2xx that does not show that the update was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadAnswer {
    /// No body.
    Empty,
    /// Not JSON.
    NotJson(JsonError),
    /// JSON, but no object with an object `data`.
    NoData,
    /// An error under a status of success, with its sentence.
    Error(Option<String>),
}

impl fmt::Display for BadAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the vendor's answer is empty"),
            Self::NotJson(error) => write!(f, "the vendor's answer is not JSON: {error}"),
            Self::NoData => f.write_str("the vendor's answer has no object `data`"),
            Self::Error(_) => f.write_str("the vendor's answer reports an error under a status of success"),
        }
    }
}

impl std::error::Error for BadAnswer {}

/// Reads the body of a vendor's 2xx; [`AnswerBody::normalized`] for whoever has read it already.
///
/// # Errors
/// The body is not the documented JSON, or says in itself that something failed.
pub fn normalize_response<'a>(dialect: &Dialect, body: &'a [u8]) -> Result<Response<'a>, BadAnswer> {
    AnswerBody::read(body).normalized(dialect)
}

pub(super) fn normalize<'a>(dialect: &Dialect, answer: &AnswerBody<'a>) -> Result<Response<'a>, BadAnswer> {
    let Some(outer) = answer.outer() else { return Err(no_object(answer)) };
    let message = super::failure::sentence(|key| outer.object.get(key));
    if reports_error(&outer.object) {
        return Err(BadAnswer::Error(message.map(Cow::into_owned)));
    }
    let data = outer.data.as_ref().ok_or(BadAnswer::NoData)?;
    Ok(Response {
        message: message.unwrap_or(Cow::Borrowed("Assistant updated successfully")),
        data: Data {
            id: scalar(data.get("id")),
            name: member(dialect, Field::Name, data),
            status: scalar(data.get("status")),
            r#type: member(dialect, Field::Type, data),
            mode: member(dialect, Field::Mode, data),
        },
    })
}

/// What is wrong with an answer that is no object.
fn no_object(answer: &AnswerBody<'_>) -> BadAnswer {
    if answer.bytes.trim_ascii().is_empty() {
        return BadAnswer::Empty;
    }
    answer.value().map_or_else(BadAnswer::NotJson, |_| BadAnswer::NoData)
}

/// The error shapes that the vendors are known to use, whatever their status.
fn reports_error(answer: &Members<'_>) -> bool {
    let filled = |key: &str| {
        answer.get(key).is_some_and(|value| match value.kind() {
            Kind::Array => value.elements().next().is_some(),
            Kind::Object => value.members().next().is_some(),
            _ => !matches!(value.text(), "null" | "false" | "\"\""),
        })
    };
    filled("error") || filled("errors") || answer.get("success").and_then(Value::as_bool) == Some(false)
}

/// A field of the answer: under its canonical name, as all pages document, or under the vendor's own; its value read
/// backwards through the row's map.
fn member<'a>(dialect: &Dialect, field: Field, data: &Members<'a>) -> Option<Cow<'a, str>> {
    let row = dialect.row(field);
    let said = |name: &str| data.get(name).filter(|value| !value.is_null());
    let value = said(field.name()).or_else(|| row.wire_names(field).find_map(said))?;
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
    let short = value.text().len() <= 4096;
    Some(if short { Cow::Borrowed(value.text()) } else { Cow::Owned(quoted(&excerpt(&value.as_str()?, 1024))) })
}

fn quoted(text: &str) -> String {
    let mut out = Vec::new();
    crate::json::push_string(&mut out, text);
    String::from_utf8(out).unwrap_or_default()
}

impl Data<'_> {
    /// Puts each member that is a string through `change`, decoded; what comes back borrowed stays as it is.
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

    /// The members in their order, with `null` for what the vendor did not say.
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
