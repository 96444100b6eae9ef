//! The vendor's words on their way to the caller: whatever secret the vendor repeats is blackened first.

use std::borrow::Cow;

use vendors::Items;
use vendors::document::secret_members;
use vendors::json::{Kind, Limits, Value, read_value};

use crate::upstream::{REDACTED, Token};

/// Shorter texts are no credentials, and blackening them would blacken half of every sentence.
const SHORTEST: usize = 6;

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

    /// `text` with every secret blackened.
    pub(super) fn text(&self, text: &str) -> String {
        let text = self.token.scrub(text);
        self.secrets.iter().fold(text, |text, secret| text.replace(&**secret, REDACTED))
    }

    /// The same for all that a vendor's items hold.
    pub(super) fn items(&self, items: &mut Items) {
        for item in &mut items.list {
            item.detail = self.text(&item.detail);
            item.pointer = self.text(&item.pointer);
            item.vendor_field = item.vendor_field.as_deref().map(|key| self.text(key));
        }
    }
}

fn collect<'a>(value: Value<'a>, found: &mut Vec<Cow<'a, str>>) {
    for (key, member) in value.members() {
        match member.as_str() {
            Some(secret) if secret_members().any(|name| name == key) => {
                if secret.len() >= SHORTEST {
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
    }
}
