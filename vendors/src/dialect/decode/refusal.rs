//! Reads a vendor's error, whatever its framework makes of one: complaints about fields, and sentences without a field.
//!
//! Known shapes: a map from fields to messages (Laravel, Rails, ASP.NET, Django), under `errors` or at the top; a list of
//! objects that name field and message (Spring, express-validator, RFC 9457); JSON:API; FastAPI's `detail`; an error
//! object (Stripe, Google); lists of messages (NestJS); texts; plain text and pages. What is in none of them is kept as a
//! sentence.

use std::borrow::Cow;

use crate::canonical::Field;
use crate::dialect::Naming;
use crate::json::{Kind, Value, excerpt};

use super::ResponseBody;
use super::complaint::{Complaint, is_scalar, joined, last_members, sentence, sequence, text};
use super::error_keys::{ErrorKeys, clipped};
use super::prose;
use super::sentence::{named_field, words};
use super::vendor_error::MAX_TEXT_BYTES;

/// Members that hold complaints about fields.
const CONTAINERS: [&str; 18] = [
    "errors",
    "violations",
    "invalid-params",
    "invalid_params",
    "invalidParams",
    "validation_errors",
    "validationErrors",
    "field_errors",
    "fieldErrors",
    "fieldViolations",
    "field_violations",
    "error_messages",
    "errorMessages",
    "issues",
    "details",
    "fields",
    "failures",
    "problems",
];

/// Members that hold a sentence about the whole request, the label first.
const SENTENCES: [&str; 13] = [
    "title",
    "error",
    "message",
    "messages",
    "detail",
    "msg",
    "description",
    "reason",
    "error_description",
    "error_message",
    "errorMessage",
    "faultstring",
    "full_messages",
];

/// Keys of messages that are about no field.
const NO_FIELD: [&str; 7] = ["non_field_errors", "__all__", "_errors", "_error", "_schema", "base", "root"];

/// Members around an error.
const WRAPPERS: [&str; 6] = ["data", "response", "result", "body", "validation", "fault"];

/// Members of an error that are neither complaints nor sentences.
const METADATA: [&str; 24] = [
    "status",
    "statusCode",
    "status_code",
    "statusText",
    "code",
    "error_code",
    "errorCode",
    "type",
    "success",
    "ok",
    "instance",
    "path",
    "method",
    "timestamp",
    "traceId",
    "trace",
    "request_id",
    "requestId",
    "exception",
    "file",
    "links",
    "meta",
    "documentation_url",
    "codes",
];

/// Reads the error in `body`; adds its complaints to `keys` and returns its message. Fields at the top are complaints only
/// in a refusal: elsewhere they may be the assistant's.
pub(super) fn read(body: &ResponseBody<'_>, is_refusal: bool, mut keys: ErrorKeys<'_>) -> Option<String> {
    let message = match body.value() {
        Ok(value) => Refusal { keys: &mut keys, sentences: Vec::new(), is_refusal }.document(value),
        // Half of an answer is no sentence, but half of a refusal is better than none.
        Err(_) if !is_refusal && prose::is_like_json(body.bytes) => None,
        Err(_) => prose::sentence(body.bytes),
    };
    message.map(|message| excerpt(&message, MAX_TEXT_BYTES).into_owned())
}

struct Refusal<'a, 'k> {
    keys: &'a mut ErrorKeys<'k>,
    /// Sentences without a field, with their place in [`SENTENCES`].
    sentences: Vec<(usize, String)>,
    is_refusal: bool,
}

impl Refusal<'_, '_> {
    fn document(mut self, value: Value<'_>) -> Option<String> {
        match value.kind() {
            Kind::Object => self.error(value, true),
            Kind::Array => self.complaints("", value),
            Kind::String => self.sentence(0, value),
            _ => {}
        }
        self.sentences.sort_by_key(|(rank, _)| *rank);
        // More than a response shows, but few enough to be compared with each other.
        let mut room = 4 * MAX_TEXT_BYTES;
        let texts = self.sentences.into_iter().map(|(_, text)| text).take_while(|text| {
            let fits = room > 0;
            room = room.saturating_sub(text.len());
            fits
        });
        let texts: Vec<_> = texts.collect();
        (!texts.is_empty()).then(|| joined(texts))
    }

    /// Reads an object that describes the whole error.
    fn error(&mut self, object: Value<'_>, outermost: bool) {
        let members = last_members(object);
        let (before, mut lists) = ((self.sentences.len(), self.keys.len()), 0);
        for (name, value) in &members {
            if CONTAINERS.contains(&&**name) {
                self.container(name, *value);
            } else if let Some(rank) = SENTENCES.iter().position(|known| known == name) {
                self.sentence(rank, *value);
            } else if NO_FIELD.contains(&&**name) {
                self.sentence(SENTENCES.len(), *value);
            } else if WRAPPERS.contains(&&**name) && value.kind() == Kind::Object && outermost {
                self.wrapped(*value);
            } else if outermost && !self.is_refusal {
                continue;
            } else if is_list_of_texts(*value) && self.is_field(name) {
                lists += 1; // also of `type`, which is metadata as a text
                self.complaints(name, *value);
            } else if METADATA.contains(&&**name) {
                continue;
            } else if is_list_of_texts(*value) || self.is_field(name) && !is_scalar(*value) {
                self.complaints(name, *value);
            }
        }
        // Beside lists of complaints, texts about fields are complaints as well, and not the assistant's values.
        for (name, value) in members.iter().filter(|_| lists > 0) {
            if value.kind() == Kind::String && self.is_field(name) && !METADATA.contains(&&**name) {
                self.keys.push(name, &text(*value));
            }
        }
        // An object such as Stripe's, which is one complaint.
        if let Some(Complaint { field, sentence: Some(sentence), .. }) = Complaint::of(&members, true)
            && !field.is_empty()
        {
            self.keys.push(&field, &sentence);
        }
        if before == (self.sentences.len(), self.keys.len()) && self.is_refusal {
            self.loose_texts(&members);
        }
    }

    /// Texts in an object that has neither complaints nor sentences under known names.
    fn loose_texts(&mut self, members: &[(Cow<'_, str>, Value<'_>)]) {
        for (name, value) in members.iter().filter(|(name, _)| !METADATA.contains(&&**name)) {
            let Some(text) = value.as_str().filter(|text| !text.trim().is_empty()) else { continue };
            match self.is_field(name) {
                true => self.keys.push(name, &text),
                false if text.trim().contains(char::is_whitespace) => {
                    self.sentences.push((SENTENCES.len(), text.into_owned()));
                }
                false => {}
            }
        }
    }

    /// Reads what is around an error: only the names that belong to errors mean something there.
    fn wrapped(&mut self, object: Value<'_>) {
        for (name, value) in last_members(object) {
            match SENTENCES.iter().position(|known| *known == name) {
                _ if CONTAINERS.contains(&&*name) && name != "fields" && name != "details" => {
                    self.container(&name, value);
                }
                Some(rank) if matches!(&*name, "error" | "message" | "faultstring") => self.sentence(rank, value),
                _ => {}
            }
        }
    }

    /// Reads a member that usually holds a sentence.
    fn sentence(&mut self, rank: usize, value: Value<'_>) {
        match value.kind() {
            Kind::String => {
                self.named(value);
                self.sentences.extend(sentence(value).map(|text| (rank, text)));
            }
            Kind::Array => {
                value.elements().for_each(|element| self.named(element));
                let texts: Vec<_> = value.elements().filter(|one| is_scalar(*one)).map(text).collect();
                if !texts.is_empty() {
                    self.sentences.push((rank, sequence(&texts)));
                }
                let others = value.elements().filter(|element| !is_scalar(*element));
                others.for_each(|element| self.complaints("", element));
            }
            Kind::Object => {
                let before = self.sentences.len();
                self.error(value, false);
                let added = self.sentences.get_mut(before..).unwrap_or_default();
                added.sort_by_key(|(inner, _)| *inner);
                added.iter_mut().for_each(|(inner, _)| *inner = rank);
            }
            Kind::Number | Kind::Boolean | Kind::Null => {}
        }
    }

    /// Adds an item for a sentence that names a field of the vendor's. It stays a sentence of the message as well.
    fn named(&mut self, value: Value<'_>) {
        let Some(text) = value.as_str().filter(|_| self.is_refusal) else { return };
        let naming = self.keys.dialect.responses.naming;
        if naming == Naming::Anywhere {
            self.keys.push_mentioned(words(&text), &text);
        } else if let Some(key) = named_field(&text, naming) {
            self.keys.push_if_known(&key, &text);
        }
    }

    /// Reads a member that usually holds complaints.
    fn container(&mut self, name: &str, value: Value<'_>) {
        match value.kind() {
            Kind::Array | Kind::Object => self.complaints("", value),
            Kind::String if name == "errors" => self.complaints("", value),
            Kind::String => self.sentence(SENTENCES.len(), value),
            Kind::Number | Kind::Boolean | Kind::Null => {}
        }
    }

    /// Adds an item for each complaint in `value`, about the field `key`.
    fn complaints(&mut self, key: &str, value: Value<'_>) {
        if self.keys.is_full() {
            return self.keys.skip();
        }
        match value.kind() {
            Kind::Null => {}
            Kind::Array => {
                for (index, element) in value.elements().enumerate() {
                    match element.kind() {
                        Kind::Object => self.entry(key, Some(index), element),
                        _ => self.complaints(key, element),
                    }
                }
            }
            Kind::Object => self.entry(key, None, value),
            _ => self.keys.push(key, &text(value)),
        }
    }

    /// Reads an object among complaints: one complaint, or a map from fields to complaints.
    fn entry(&mut self, key: &str, index: Option<usize>, object: Value<'_>) {
        let members = last_members(object);
        if let Some(Complaint { field, sentence, nested }) = Complaint::of(&members, !key.is_empty()) {
            let field = about(key, &field);
            if let Some(sentence) = &sentence {
                self.keys.push(&field, sentence);
            }
            for value in &nested {
                self.nested(&field, *value);
            }
            if sentence.is_none() && nested.is_empty() {
                self.keys.push(&field, object.text());
            }
            return;
        }
        let inside = match index.filter(|_| !key.is_empty()) {
            Some(index) => format!("{key}.{index}"),
            None => key.to_owned(),
        };
        for (name, value) in &members {
            // Google's entries hold containers of their own.
            let is_container = index.is_some() && CONTAINERS.contains(&&**name);
            match name {
                _ if is_container || NO_FIELD.contains(&&**name) => self.complaints(&inside, *value),
                name if name.starts_with('@') => {}
                name => self.complaints(&about(&inside, name), *value),
            }
        }
    }

    /// Reads the complaints inside another one. A map of texts is one from rules to sentences.
    fn nested(&mut self, field: &str, value: Value<'_>) {
        match value.kind() {
            Kind::Object if value.members().all(|(_, text)| text.kind() == Kind::String) => {
                value.members().for_each(|(_, rule)| self.keys.push(field, &text(rule)));
            }
            _ => self.complaints(field, value),
        }
    }

    /// Whether the vendor has a field of this name.
    fn is_field(&self, name: &str) -> bool {
        Field::from_name(name).is_some() || self.keys.dialect.fields_of_wire(name).next().is_some()
    }
}

/// The key of a field inside `outer`; the vendor may have repeated `outer` itself.
fn about(outer: &str, inner: &str) -> String {
    let inner = &*clipped(inner);
    let repeats = inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
    match (outer.is_empty(), inner.is_empty()) {
        (true, _) => inner.to_owned(),
        (_, true) => outer.to_owned(),
        _ if repeats => inner.to_owned(),
        _ => format!("{}.{inner}", clipped(outer)),
    }
}

fn is_list_of_texts(value: Value<'_>) -> bool {
    let mut elements = value.elements();
    let first = elements.next();
    first.is_some_and(|first| first.kind() == Kind::String) && elements.all(|element| element.kind() == Kind::String)
}
