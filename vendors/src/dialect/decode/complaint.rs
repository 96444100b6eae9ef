//! One complaint as an object: which member names the field, and which is the sentence.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::json::{Kind, Value};

/// Members that name the field, the clearest first.
const FIELD_KEYS: [&str; 13] = [
    "field",
    "param",
    "parameter",
    "property",
    "propertyPath",
    "attribute",
    "fieldName",
    "field_name",
    "source",
    "pointer",
    "instancePath",
    "dataPath",
    "loc",
];

/// Members that name the field where a sentence stands beside them; elsewhere they have other meanings.
const WEAK_FIELD_KEYS: [&str; 4] = ["path", "name", "key", "target"];

/// Members that hold the sentence whatever stands beside them.
const SENTENCE_KEYS: [&str; 5] = ["message", "detail", "msg", "defaultMessage", "messages"];

/// Members that hold the sentence if the object has other signs of a complaint.
const WEAK_SENTENCE_KEYS: [&str; 7] =
    ["reason", "title", "description", "error", "errorMessage", "error_message", "text"];

/// Members that classify a complaint. They stand for the sentence if there is no other.
const CODE_KEYS: [&str; 8] = ["code", "error_code", "errorCode", "rule", "kind", "validation", "keyword", "type"];

/// Members that say more about a complaint and are no complaints themselves.
const OTHER_KEYS: [&str; 24] = [
    "status",
    "id",
    "value",
    "input",
    "ctx",
    "url",
    "links",
    "meta",
    "params",
    "location",
    "severity",
    "level",
    "schemaPath",
    "rejectedValue",
    "bindingFailure",
    "objectName",
    "codes",
    "arguments",
    "expected",
    "received",
    "attemptedValue",
    "customState",
    "help",
    "documentation_url",
];

/// Members that hold further complaints about the same field or about what is inside it.
const NESTED_KEYS: [&str; 6] = ["constraints", "errors", "details", "children", "violations", "issues"];

/// The members of an object; of two with the same key, the last counts.
pub(super) fn last_members(object: Value<'_>) -> Vec<(Cow<'_, str>, Value<'_>)> {
    let mut members: Vec<_> = object.members().collect();
    let mut seen = HashSet::with_capacity(members.len());
    let mut kept: Vec<_> = members.iter().rev().map(|(key, _)| seen.insert(key.clone())).collect();
    members.retain(|_| kept.pop() == Some(true));
    members
}

/// What an object says about one field.
pub(super) struct Complaint<'a> {
    /// The field as the vendor names it; empty if it names none.
    pub(super) field: String,
    /// The sentence, or the code where there is none; `None` if only `nested` says what is wrong.
    pub(super) sentence: Option<String>,
    /// Further complaints about the same field.
    pub(super) nested: Vec<Value<'a>>,
}

impl<'a> Complaint<'a> {
    /// The complaint that an object with these members is; `None` if the object maps fields to complaints. Where the key of
    /// the object names the field, only a clear name inside counts.
    pub(super) fn of(members: &[(Cow<'a, str>, Value<'a>)], has_key: bool) -> Option<Self> {
        let get = |key: &str| members.iter().find(|(name, _)| name == key).map(|(_, value)| *value);
        let clear_field = FIELD_KEYS.iter().find_map(|key| field_name(key, get(key)?));
        let weak_field = || WEAK_FIELD_KEYS.iter().filter(|_| !has_key).find_map(|key| field_name(key, get(key)?));
        let is_sign = |key: &str| CODE_KEYS.contains(&key) || OTHER_KEYS.contains(&key);
        let has_sign = || members.iter().any(|(key, value)| is_sign(key) && is_scalar(*value));
        let all_signs = || !members.is_empty() && members.iter().all(|(key, _)| is_sign(key));
        let clear_sentence = SENTENCE_KEYS.iter().filter_map(|key| sentence(get(key)?)).collect::<Vec<_>>();
        let weak_sentence = || WEAK_SENTENCE_KEYS.iter().find_map(|key| sentence(get(key)?));
        let nested = || NESTED_KEYS.iter().filter_map(|key| get(key)).collect::<Vec<_>>();
        let code = || CODE_KEYS.iter().find_map(|key| get(key).filter(|value| is_scalar(*value)).map(text));

        if !clear_sentence.is_empty() {
            let field = clear_field.or_else(weak_field).unwrap_or_default();
            return Some(Self { field, sentence: Some(joined(clear_sentence)), nested: nested() });
        }
        if let Some(sentence) = weak_sentence()
            && (clear_field.is_some() || has_sign() || get("reason").is_some() && weak_field().is_some())
        {
            let field = clear_field.or_else(weak_field).unwrap_or_default();
            return Some(Self { field, sentence: Some(sentence), nested: nested() });
        }
        let nested = nested();
        match clear_field {
            Some(field) if nested.is_empty() => Some(Self { sentence: code(), field, nested }),
            Some(field) => Some(Self { field, sentence: None, nested }),
            None if all_signs() => {
                let field = members.iter().any(|(key, _)| key == "path").then(weak_field).flatten().unwrap_or_default();
                // A code has no white space; a sentence under `type` is a complaint about that field.
                let code = code().filter(|code| has_key || !code.contains(char::is_whitespace));
                code.map(|code| Self { field, sentence: Some(code), nested })
            }
            None => None,
        }
    }
}

/// The name of a field in a member that holds one: a text without white space, or a path as a list.
fn field_name(key: &str, value: Value<'_>) -> Option<String> {
    match value.kind() {
        Kind::String => value
            .as_str()
            .filter(|name| key != "source" && !name.is_empty() && !name.contains(char::is_whitespace))
            .map(Cow::into_owned),
        Kind::Array => {
            let steps: Vec<_> = value.elements().filter(|step| is_scalar(*step)).map(text).collect();
            (!steps.is_empty()).then(|| steps.join("."))
        }
        // JSON:API
        Kind::Object if key == "source" => {
            ["pointer", "parameter", "field"].iter().find_map(|key| field_name(key, value.get(key)?))
        }
        _ => None,
    }
}

/// The sentence of a member: a text, or a list of texts.
pub(super) fn sentence(value: Value<'_>) -> Option<String> {
    match value.kind() {
        Kind::String => value.as_str().map(Cow::into_owned).filter(|text| !text.trim().is_empty()),
        Kind::Array => {
            let texts: Vec<_> = value.elements().filter_map(Value::as_str).map(Cow::into_owned).collect();
            (!texts.is_empty()).then(|| sequence(&texts))
        }
        _ => None,
    }
}

/// Sentences one after another; those without a full stop get a semicolon between them.
pub(super) fn sequence(texts: &[String]) -> String {
    texts.iter().fold(String::new(), |all, text| match all.chars().last() {
        None => text.clone(),
        Some('.' | '!' | '?' | ';') => all + " " + text,
        Some(_) => all + "; " + text,
    })
}

/// A label and what follows it. A text that another one contains is not repeated.
pub(super) fn joined(texts: Vec<String>) -> String {
    let mut kept: Vec<String> = Vec::new();
    for text in texts {
        if kept.iter().any(|known| known.contains(&text)) {
            continue;
        }
        kept.retain(|known| !text.contains(known.as_str()));
        kept.push(text);
    }
    kept.join(": ")
}

pub(super) fn is_scalar(value: Value<'_>) -> bool {
    matches!(value.kind(), Kind::String | Kind::Number | Kind::Boolean)
}

/// A scalar as text.
pub(super) fn text(value: Value<'_>) -> String {
    value.as_str().map_or_else(|| value.text().to_owned(), Cow::into_owned)
}
