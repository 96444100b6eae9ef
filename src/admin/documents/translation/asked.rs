//! The JSON that asks for a translation, forwards or backwards.

use serde::Serialize;
use vendors::Handling;
use vendors::json::{Kind, Limits, Value, excerpt, read_object};

use crate::admin::Operator;
use crate::problem::{Code, Problem};

use super::{Asked, Backwards, Translation, backwards, translate};

/// What stands in the object; its depth is checked again with the update.
const LIMITS: Limits = Limits { depth: Limits::CALLER.depth + 1, ..Limits::CALLER };

/// The members that a request may have.
const MEMBERS: [&str; 7] = ["update", "at", "handling", "catalogs", "operation", "vendor_body", "from"];

/// The answer to either.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Answer {
    /// From canonical to vendors.
    Forwards(Box<Translation>),
    /// From one vendor to canonical.
    Backwards(Box<Backwards>),
}

/// Answers a request's body.
///
/// # Errors
/// It is not this JSON, or names what does not exist.
pub(crate) async fn answer(operator: &Operator, body: &[u8]) -> Result<Answer, Problem> {
    let members = read_object(body, LIMITS).map_err(|error| Problem::new(Code::InvalidJson, error.to_string()))?;
    if let Some((name, _)) = members.iter().find(|(name, _)| !MEMBERS.contains(&&**name)) {
        let meant = vendors::nearest(name, MEMBERS);
        let meant = meant.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
        return Err(invalid(format!("`{}` is no member of this request{meant}", excerpt(name, 64))));
    }
    let get = |wanted: &str| {
        members.iter().find(|(name, _)| name == wanted).map(|(_, value)| *value).filter(|value| !value.is_null())
    };
    match (get("update"), get("vendor_body")) {
        (Some(update), None) if get("from").is_none() => {
            let asked = Asked {
                at: names(get("at"))?,
                handling: word(get("handling"), "handling", ["strict", "lenient"])?.and_then(handling),
                asks_vendor: word(get("catalogs"), "catalogs", ["configured", "live"])? == Some("live"),
                creates: word(get("operation"), "operation", ["update", "create"])? == Some("create"),
            };
            Ok(Answer::Forwards(Box::new(translate(operator, &asked, object(update, "update")?).await?)))
        }
        (None, Some(vendor_body)) => {
            let from = get("from").and_then(Value::as_str);
            let from =
                from.ok_or_else(|| invalid("`from` must name the account or dialect of `vendor_body`".into()))?;
            Ok(Answer::Backwards(Box::new(backwards(operator, &from, object(vendor_body, "vendor_body")?).await?)))
        }
        _ => {
            let detail = "send either `update`, with `at`, `handling`, `catalogs` and `operation` if need be, or \
                          `vendor_body` and `from`";
            Err(invalid(detail.to_owned()))
        }
    }
}

impl Asked {
    /// What a form's words ask for; words that mean nothing, such as empty ones, ask for nothing.
    pub(crate) fn of_words(at: Vec<String>, handling: &str, catalogs: &str, operation: &str) -> Self {
        let handling = self::handling(handling);
        Self { at, handling, asks_vendor: catalogs == "live", creates: operation == "create" }
    }
}

/// The handling of that name.
fn handling(word: &str) -> Option<Handling> {
    [Handling::Strict, Handling::Lenient].into_iter().find(|handling| handling.as_str() == word)
}

fn object<'a>(value: Value<'a>, name: &str) -> Result<&'a str, Problem> {
    match value.kind() {
        Kind::Object => Ok(value.text()),
        _ => Err(invalid(format!("`{name}` must be an object"))),
    }
}

fn names(value: Option<Value<'_>>) -> Result<Vec<String>, Problem> {
    let wrong = || invalid("`at` must be a list of names of accounts or dialects".to_owned());
    let Some(value) = value else { return Ok(Vec::new()) };
    if value.kind() != Kind::Array {
        return Err(wrong());
    }
    value.elements().map(|name| Ok(name.as_str().ok_or_else(wrong)?.into_owned())).collect()
}

fn word(value: Option<Value<'_>>, name: &str, words: [&'static str; 2]) -> Result<Option<&'static str>, Problem> {
    let Some(value) = value else { return Ok(None) };
    match words.into_iter().find(|word| value.is_str(word)) {
        Some(word) => Ok(Some(word)),
        None => Err(invalid(format!("`{name}` must be `{}` or `{}`, or absent", words[0], words[1]))),
    }
}

fn invalid(detail: String) -> Problem {
    Problem::new(Code::InvalidRequest, detail)
}
