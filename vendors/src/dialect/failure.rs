//! From a vendor's error to canonical names. Five shapes of error body are known; all of them end here.

use std::borrow::Cow;

use crate::canonical::Field;
use crate::item::{Item, ItemCode, Items};
use crate::json::{Kind, Pointer, Value, excerpt};

use super::Dialect;
use super::answer_body::AnswerBody;
use super::row::Rule;
use super::sent::Sent;

/// Longest vendor text that is kept, in bytes.
const KEPT: usize = 1024;

/// Longest vendor key that is followed, in bytes.
const LONGEST_KEY: usize = 256;

/// The one documented sentence of a plan limit, which arrives as a 403 like a bad token does
/// (<https://github.com/Konnect-U/Help>, campaigns/create-campaign). In another language it falls back to the token.
const PLAN_LIMIT: &str = "allowed by your plan";

/// What a vendor's error status means for the update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VendorVerdict {
    /// 400, 422: the vendor refuses the update.
    Refused,
    /// 404: the vendor has no such assistant.
    NotFound,
    /// 401, 403: the vendor refuses our token.
    CredentialsRejected,
    /// 402, and plan limits: the account cannot do this.
    AccountProblem,
    /// 429.
    RateLimited,
    /// 5xx.
    Failed,
    /// 3xx: the vendor sends us elsewhere, where we do not go.
    Redirected,
    /// Any other status.
    Unexpected,
}

/// A vendor's error in canonical names.
#[derive(Debug, Clone, PartialEq)]
pub struct VendorFailure {
    /// What it means.
    pub verdict: VendorVerdict,
    /// The vendor's sentence, at most 1 KiB; `None` where there is none to be had.
    pub message: Option<String>,
    /// The vendor's complaints by field.
    pub items: Items,
    /// The body's own `retry_after`, in seconds.
    pub retry_after: Option<f64>,
}

/// Reads a vendor's answer with a status outside 2xx. Any body will do: what cannot be understood is left out.
///
/// `vendor` is the operator's name of the account, `sent` what the request held. [`AnswerBody::failure`] for whoever has
/// read the body already.
pub fn normalize_error(dialect: &Dialect, vendor: &str, sent: &Sent, status: u16, body: &[u8]) -> VendorFailure {
    AnswerBody::read(body).failure(dialect, vendor, sent, status)
}

pub(super) fn failure(
    (dialect, vendor, sent): (&Dialect, &str, &Sent),
    status: u16,
    answer: &AnswerBody<'_>,
) -> VendorFailure {
    let answer = answer.outer().map(|outer| &outer.object);
    let message = answer.and_then(|answer| sentence(|key| answer.get(key))).map(Cow::into_owned);
    let mut items = Items::default();
    if let Some(errors) = answer.and_then(|answer| answer.get("errors")) {
        let mut home = Home { dialect, vendor, sent, items: &mut items };
        home.errors(errors);
    }
    let plan = message.as_deref().is_some_and(|message| message.contains(PLAN_LIMIT));
    let verdict = match status {
        402 => VendorVerdict::AccountProblem,
        403 if plan => VendorVerdict::AccountProblem,
        401 | 403 => VendorVerdict::CredentialsRejected,
        400 | 422 => VendorVerdict::Refused,
        404 => VendorVerdict::NotFound,
        429 => VendorVerdict::RateLimited,
        500..=599 => VendorVerdict::Failed,
        300..=399 => VendorVerdict::Redirected,
        _ => VendorVerdict::Unexpected,
    };
    let retry_after = answer.and_then(|answer| answer.get("retry_after")).and_then(seconds);
    VendorFailure { verdict, message, items, retry_after }
}

/// The sentence of an answer, whose members `said` finds: `message`, or `error` as text or as an object with a
/// `message`; both where both are.
pub(super) fn sentence<'a>(said: impl Fn(&str) -> Option<Value<'a>>) -> Option<Cow<'a, str>> {
    fn text(value: Option<Value<'_>>) -> Option<Cow<'_, str>> {
        value.and_then(Value::as_str).filter(|text| !text.is_empty())
    }
    let error = said("error");
    let error = text(error).or_else(|| text(error?.get("message"))).or_else(|| text(error?.elements().next()));
    let whole = match (error, text(said("message"))) {
        (Some(error), Some(message)) if error != message => Cow::Owned(format!("{error}: {message}")),
        (_, Some(message)) => message,
        (error, None) => error?,
    };
    Some(if whole.len() <= KEPT { whole } else { Cow::Owned(excerpt(&whole, KEPT).into_owned()) })
}

fn seconds(value: Value<'_>) -> Option<f64> {
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
    (number.is_finite() && number >= 0.0).then_some(number)
}

/// Brings a vendor's error keys home.
struct Home<'a> {
    dialect: &'a Dialect,
    vendor: &'a str,
    sent: &'a Sent,
    items: &'a mut Items,
}

impl Home<'_> {
    fn errors(&mut self, errors: Value<'_>) {
        match errors.kind() {
            Kind::Object => errors.members().for_each(|(key, sentences)| self.complaints(&key, sentences)),
            Kind::Array => errors.elements().for_each(|sentence| self.complaints("", sentence)),
            Kind::String => self.complaints("", errors),
            _ => {}
        }
    }

    fn complaints(&mut self, key: &str, sentences: Value<'_>) {
        if self.items.is_full() {
            return self.items.skip();
        }
        let key = &*clipped(key);
        match sentences.kind() {
            Kind::Array => sentences.elements().for_each(|sentence| self.complaints(key, sentence)),
            Kind::Object => {
                sentences.members().for_each(|(inner, sentence)| self.complaints(&format!("{key}.{inner}"), sentence));
            }
            Kind::Null => {}
            _ => self.complaint(key, sentences),
        }
    }

    fn complaint(&mut self, key: &str, sentence: Value<'_>) {
        let text = sentence.as_str().map_or_else(|| sentence.text().to_owned(), Cow::into_owned);
        let (pointer, field) = self.place(key);
        self.items.push(Item {
            pointer,
            vendor_field: (field.is_none() && !key.is_empty()).then(|| key.to_owned()),
            field: field.map(|field| field.name().into()),
            code: ItemCode::RejectedByVendor,
            detail: excerpt(&text, KEPT).into_owned(),
        });
    }

    /// `post_call_schema.0.name` is the place `#/post_call_schema/0/name`: the first segment names a field, the rest
    /// is the way inside it. Keys of `vendor_options` may hold dots themselves, so they are tried whole.
    fn place(&self, key: &str) -> (String, Option<Field>) {
        let key = &*clipped(key);
        if let Some((option, rest)) = self.option(key) {
            let way = ["vendor_options", self.vendor, option].into_iter().chain(rest.split('.').skip(1));
            return (pointer(way), Some(Field::VendorOptions));
        }
        let (first, rest) = key.split_at(key.find('.').unwrap_or(key.len()));
        let Some(field) = self.field(first) else { return ("#".to_owned(), None) };
        let home: &[&str] = match self.dialect.row(field).rule {
            Rule::Hook(hook) if first == hook.wire => hook.home,
            _ => &[],
        };
        let way = [field.name()].into_iter().chain(home.iter().copied()).chain(rest.split('.').skip(1));
        (pointer(way), Some(field))
    }

    /// The longest option that was sent and that `key` is or lies in, and what follows it.
    fn option<'k>(&'k self, key: &'k str) -> Option<(&'k str, &'k str)> {
        let inside = |option: &'k String| {
            let rest = key.strip_prefix(option.as_str())?;
            (rest.is_empty() || rest.starts_with('.')).then_some((option.as_str(), rest))
        };
        self.sent.options.iter().filter_map(inside).max_by_key(|(option, _)| option.len())
    }

    /// Of the fields that write this key, the one that was sent, else the one that is called like it; a key that
    /// nobody writes may be canonical already.
    fn field(&self, wire: &str) -> Option<Field> {
        let writers = || self.dialect.fields_of_wire(wire);
        let namesake = Field::from_name(wire);
        writers()
            .find(|&field| self.sent.fields.contains(field))
            .or_else(|| writers().find(|&field| Some(field) == namesake))
            .or_else(|| writers().next())
            .or(namesake)
    }
}

/// The start of a key, so that a hostile answer cannot make pointers grow without end; that it was cut shows, as it
/// may have been within something that has to be blackened.
fn clipped(key: &str) -> Cow<'_, str> {
    excerpt(key, LONGEST_KEY)
}

fn pointer<'a>(way: impl Iterator<Item = &'a str>) -> String {
    way.fold("#".to_owned(), |pointer, step| {
        let step = Pointer::Root.key(step).to_string();
        pointer + step.trim_start_matches('#')
    })
}
