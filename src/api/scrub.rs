//! The vendor's words on their way to the caller: whatever secret the vendor repeats is blackened first, in whatever
//! form it is repeated.

use std::borrow::Cow;

use vendors::document::secret_members;
use vendors::json::{Kind, Limits, Value, read_value};
use vendors::{Items, Response};

use crate::upstream::{Disguises, REDACTED, SHORTEST, Token, blacken};

/// An update with more keys than this is no honest one, and gets none of the vendor's words.
const MOST: usize = 100;

/// Everything that must not be repeated: the account's token, and the third parties' keys in the update itself.
pub(super) struct Scrub<'a> {
    token: &'a Token,
    keys: Vec<Disguises>,
}

impl<'a> Scrub<'a> {
    /// A scrub for answers to `request`, the body that was sent.
    pub(super) fn new(token: &'a Token, request: &[u8]) -> Self {
        let mut keys = Vec::new();
        if may_hold_key(request)
            && let Ok(body) = read_value(request, Limits::VENDOR)
        {
            collect(body, &mut keys);
        }
        Self { token, keys: keys.iter().map(|key| Disguises::of(key)).collect() }
    }

    /// `text`, decoded, with every secret blackened; one that a cut has shortened, too.
    pub(super) fn text(&self, text: &str) -> String {
        if self.keys.len() > MOST {
            return REDACTED.to_owned();
        }
        blacken(text, self.secrets()).into_owned()
    }

    /// The same for a success. Most hold nothing that is as long as a secret, which costs no more than a look.
    pub(super) fn response(&self, response: &mut Response) {
        let fits = |text: &str| self.secrets().any(|secret| secret.fits_into(text.len()));
        if fits(&response.message) {
            response.message = self.text(&response.message);
        }
        if response.data.members().iter().any(|(_, json)| fits(json)) {
            response.data.each_string(|text| self.text(text));
        }
    }

    /// The same for all that a vendor's items hold.
    pub(super) fn items(&self, items: &mut Items) {
        for item in &mut items.list {
            item.detail = self.text(&item.detail);
            item.pointer = if self.keys.len() > MOST { "#".to_owned() } else { self.text(&item.pointer) };
            item.vendor_field = item.vendor_field.as_deref().map(|key| self.text(key));
        }
    }

    fn secrets(&self) -> impl Iterator<Item = &Disguises> + Clone {
        std::iter::once(self.token.disguises()).chain(&self.keys)
    }
}

/// Whether a body names a member that holds a key, or could name one by escapes.
fn may_hold_key(request: &[u8]) -> bool {
    let holds = |name: &str| memchr::memmem::find(request, name.as_bytes()).is_some();
    holds("\\u00") || secret_members().any(holds)
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
        assert_eq!(scrub.text("#/x/1%7Cabcdef/0"), "#/x/[redacted]/0");
    }

    #[test]
    fn a_key_under_an_escaped_name_is_one_too() {
        let token = Token::new("1|abcdef").unwrap();
        let scrub = Scrub::new(&token, br#"{"calendly\u005fapi_key":"cal\u005flive_9"}"#);
        assert_eq!(scrub.text("no cal_live_9"), "no [redacted]");
    }
}
