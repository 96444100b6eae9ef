//! Ids of two parts: what is known by its provider and its id there is written `provider:id`.

use std::borrow::Cow;

use crate::dialect::Path;
use crate::json::{Value, push_string};

/// The parts of `provider:id`; `None` if it has another form. The id may have colons of its own.
pub(super) fn parts(text: &str) -> Option<(&str, &str)> {
    let (provider, id) = text.split_once(':')?;
    let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_pair = !provider.is_empty() && provider.bytes().all(is_name) && !id.is_empty() && id.trim() == id;
    is_pair.then_some((provider, id))
}

/// `provider:id` from the two places of a document, as JSON; `None` if one of them is empty.
pub(super) fn read_pair<'a>(document: Value<'a>, provider: Path, id: Path) -> Option<Cow<'a, str>> {
    let text = |path: Path| document.at(path).and_then(Value::as_str).filter(|text| !text.is_empty());
    Some(json(&[&*text(provider)?, ":", &*text(id)?].concat()))
}

/// A text as JSON.
pub(super) fn json(text: &str) -> Cow<'static, str> {
    let mut out = Vec::with_capacity(text.len() + 2);
    push_string(&mut out, text);
    Cow::Owned(String::from_utf8(out).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_a_provider_and_an_id() {
        for (text, pair) in [
            ("11labs:pNx", ("11labs", "pNx")),
            ("rime-ai:a b", ("rime-ai", "a b")),
            ("openai:gpt-5.6-luna:westus3", ("openai", "gpt-5.6-luna:westus3")),
        ] {
            assert_eq!(parts(text), Some(pair), "{text}");
        }
        for text in ["", ":", "pNx", "11labs:", ":pNx", "11labs: pNx", "11labs:pNx ", "Open AI:alloy", "11labs: "] {
            assert_eq!(parts(text), None, "{text}");
        }
    }
}
