//! The vendor's words on their way to the caller: whatever secret the vendor repeats is blackened first.

use std::borrow::Cow;

use vendors::Items;
use vendors::document::secret_members;
use vendors::json::{Kind, Limits, Pointer, Value, read_value};

use crate::upstream::{REDACTED, Token};

/// Shorter texts are no credentials, and blackening them would blacken half of every sentence.
const SHORTEST: usize = 6;

/// An update with more keys than this is no honest one, and gets none of the vendor's words.
const MOST: usize = 100;

/// Everything that must not be repeated: the account's token, and the third parties' keys in the update itself.
pub(super) struct Scrub<'a> {
    token: &'a Token,
    secrets: Vec<Cow<'a, str>>,
}

impl<'a> Scrub<'a> {
    /// A scrub for answers to `request`, the body that was sent.
    pub(super) fn new(token: &'a Token, request: &'a [u8]) -> Self {
        let mut secrets = Vec::new();
        if let Ok(body) = read_value(request, Limits::VENDOR) {
            collect(body, &mut secrets);
        }
        Self { token, secrets }
    }

    /// Whether a success could repeat a secret: it holds the token, or escapes that could hide one, or the update had
    /// a key that it could repeat. Most successes cannot, and need no scrub.
    pub(super) fn could_repeat(token: &Token, answer: &[u8], request: &[u8]) -> bool {
        let has_key = |text: &str| secret_members().any(|name| text.contains(name));
        token.is_in(answer) || answer.contains(&b'\\') || std::str::from_utf8(request).is_ok_and(has_key)
    }

    /// `text`, decoded, with every secret blackened; one that a cut has shortened, too.
    pub(super) fn text(&self, text: &str) -> String {
        if self.secrets.len() > MOST {
            return REDACTED.to_owned();
        }
        let whole = self.secrets.iter().fold(self.token.scrub(text), |text, secret| text.replace(&**secret, REDACTED));
        let Some(cut) = whole.strip_suffix('…') else { return whole };
        let left_over = self.all().find_map(|secret| {
            let starts = (SHORTEST..secret.len()).rev().filter_map(|length| secret.get(..length));
            starts.into_iter().find_map(|start| cut.strip_suffix(start))
        });
        left_over.map_or_else(|| whole.clone(), |kept| format!("{kept}{REDACTED}…"))
    }

    /// The same for all that a vendor's items hold.
    pub(super) fn items(&self, items: &mut Items) {
        for item in &mut items.list {
            item.detail = self.text(&item.detail);
            item.pointer = self.pointer(&item.pointer);
            item.vendor_field = item.vendor_field.as_deref().map(|key| self.text(key));
        }
    }

    /// Pointers have their reserved characters escaped, so the secrets are looked for in that form.
    fn pointer(&self, pointer: &str) -> String {
        if self.secrets.len() > MOST {
            return "#".to_owned();
        }
        self.all().fold(pointer.to_owned(), |pointer, secret| {
            let escaped = Pointer::Root.key(secret).to_string();
            pointer.replace(escaped.trim_start_matches("#/"), REDACTED)
        })
    }

    fn all(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.token.expose()).chain(self.secrets.iter().map(|secret| &**secret))
    }
}

fn collect<'a>(value: Value<'a>, found: &mut Vec<Cow<'a, str>>) {
    for (key, member) in value.members() {
        match member.as_str() {
            Some(secret) if secret_members().any(|name| name == key) => {
                if secret.len() >= SHORTEST && found.len() <= MOST && !found.contains(&secret) {
                    found.push(secret);
                }
            }
            _ => collect(member, found),
        }
    }
    if value.kind() == Kind::Array {
        value.elements().for_each(|element| collect(element, found));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_and_the_keys_of_the_update_are_blackened() {
        let token = Token::new("1|abcdef").unwrap();
        let body = br#"{"name":"x","tools":[{"type":"calendar_integration","calcom_api_key":"cal_live_9"}]}"#;
        let scrub = Scrub::new(&token, body);
        assert_eq!(scrub.text("no cal_live_9 with 1|abcdef"), "no [redacted] with [redacted]");
        assert_eq!(scrub.text("calendar_integration is fine"), "calendar_integration is fine");
        assert_eq!(scrub.text("a long story about cal_live…"), "a long story about [redacted]…");
        assert_eq!(scrub.pointer("#/x/1%7Cabcdef/0"), "#/x/[redacted]/0");
    }
}
