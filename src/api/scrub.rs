//! Redacts secrets that a vendor repeats in its response, in any common encoding.

use std::borrow::Cow;

use vendors::document::{may_hold_credentials, secret_members};
use vendors::json::{Limits, Value, read_value};
use vendors::{Items, SentFields, UpdateResponse};

use crate::account::Token;
use crate::upstream::{MIN_SECRET, SecretPatterns, redact};
use crate::value::REDACTED;

use super::dry_run::looks_secret;

/// If an update holds more secrets than this, all text from the vendor is redacted.
const MAX_SECRETS: usize = 100;

/// The secrets that must not be repeated: the account's token, and the keys of third parties in the update.
pub(super) struct Scrub<'a> {
    token: &'a Token,
    keys: Vec<SecretPatterns>,
}

impl<'a> Scrub<'a> {
    /// The secrets of a request: `request` is the body that was sent, `sent` the fields in it.
    pub(super) fn new(token: &'a Token, sent: &SentFields, request: &[u8]) -> Self {
        let mut keys = Vec::new();
        let has_options = !sent.options.is_empty();
        if sent.may_hold_secrets()
            && (has_options || may_hold_credentials(request))
            && let Ok(body) = read_value(request, Limits::VENDOR)
        {
            collect(body, &is_documented, &mut keys);
            if has_options {
                collect_options(body, &sent.options, &mut keys);
            }
        }
        Self { token, keys: keys.iter().map(|key| SecretPatterns::of(key)).collect() }
    }

    /// `text` with every secret redacted, also one that is cut short.
    pub(super) fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.keys.len() > MAX_SECRETS {
            return Cow::Owned(REDACTED.to_owned());
        }
        redact(text, self.secrets())
    }

    /// Redacts a successful response.
    pub(super) fn response(&self, response: &mut UpdateResponse<'_>) {
        if let Cow::Owned(changed) = self.text(&response.message) {
            response.message = Cow::Owned(changed);
        }
        response.data.each_string(|text| self.text(text));
    }

    /// Redacts the items of an error.
    pub(super) fn items(&self, items: &mut Items) {
        for item in &mut items.list {
            self.change(&mut item.detail);
            match self.keys.len() > MAX_SECRETS {
                true => "#".clone_into(&mut item.pointer),
                false => self.change(&mut item.pointer),
            }
            item.vendor_field.iter_mut().for_each(|key| self.change(key));
        }
    }

    fn change(&self, text: &mut String) {
        if let Cow::Owned(changed) = self.text(text) {
            *text = changed;
        }
    }

    fn secrets(&self) -> impl Iterator<Item = &SecretPatterns> {
        std::iter::once(self.token.patterns()).chain(&self.keys)
    }
}

fn is_documented(key: &str, _: Value<'_>) -> bool {
    secret_members().any(|name| name == key)
}

/// Finds the texts of secret members, however deep inside them.
fn collect<'a>(value: Value<'a>, is_secret: &dyn Fn(&str, Value<'_>) -> bool, found: &mut Vec<Cow<'a, str>>) {
    for (key, member) in value.members() {
        match is_secret(&key, member) {
            true => collect_texts(member, found),
            false => collect(member, is_secret, found),
        }
    }
    value.elements().for_each(|element| collect(element, is_secret, found));
}

fn collect_texts<'a>(value: Value<'a>, found: &mut Vec<Cow<'a, str>>) {
    if let Some(secret) = value.as_str() {
        if secret.len() >= MIN_SECRET && found.len() <= MAX_SECRETS && !found.contains(&secret) {
            found.push(secret);
        }
        return;
    }
    value.members().for_each(|(_, member)| collect_texts(member, found));
    value.elements().for_each(|element| collect_texts(element, found));
}

/// The same among the vendor options of a request, whose members no documentation knows. An option is the key of a member, or
/// the path to one; the path may begin with the name of the object whose body this is.
fn collect_options<'a>(body: Value<'a>, options: &[String], found: &mut Vec<Cow<'a, str>>) {
    for (key, member) in body.members() {
        let leads_here = |option: &String| *option == *key || option.split('.').take(2).any(|step| step == key);
        match () {
            () if !options.iter().any(leads_here) => {}
            () if looks_secret(&key, member) => collect_texts(member, found),
            () => collect(member, &looks_secret, found),
        }
    }
}

#[cfg(test)]
mod tests {
    use vendors::{Field, normalize_response, registry};

    use crate::api::scrub::*;

    fn holding(field: Field) -> SentFields {
        SentFields { fields: [field].into_iter().collect(), options: Vec::new() }
    }

    fn success(answer: &str) -> UpdateResponse<'_> {
        normalize_response(registry::dialect("sondos").unwrap(), answer.as_bytes()).unwrap()
    }

    #[test]
    fn the_token_and_the_keys_of_the_update_are_redacted() {
        let token = Token::new(vendors::Auth::Bearer, "1|abcdef").unwrap();
        let body = br#"{"name":"x","tools":[{"type":"calendar_integration","calcom_api_key":"cal_live_9"}]}"#;
        let scrub = Scrub::new(&token, &holding(Field::Tools), body);
        assert_eq!(scrub.text("no cal_live_9 with 1|abcdef"), "no [redacted] with [redacted]");
        assert_eq!(scrub.text("calendar_integration is fine"), "calendar_integration is fine");
        assert_eq!(scrub.text("a long story about cal_live…"), "a long story about [redacted]…");
        assert_eq!(scrub.text("#/x/1%7Cabcdef/0"), "[redacted]");
    }

    #[test]
    fn a_key_under_an_escaped_name_is_redacted() {
        let token = Token::new(vendors::Auth::Bearer, "1|abcdef").unwrap();
        let body = br#"{"calendly\u005fapi_key":"cal\u005flive_9"}"#;
        let scrub = Scrub::new(&token, &holding(Field::VendorOptions), body);
        assert_eq!(scrub.text("no cal_live_9"), "no [redacted]");
    }

    #[test]
    fn what_vendor_options_hold_under_the_name_of_a_secret_is_redacted() {
        let token = Token::new(vendors::Auth::Bearer, "1|abcdef").unwrap();
        let body =
            br#"{"name":"x","api_key":"not-an-option","server":{"secret":"hush-hush","headers":{"X":"header-value"}},
            "agent":{"hook.key":"dotted-key"},"open":{"url":"https://a.example"}}"#;
        let options = ["server", "agent.hook.key", "open"].map(str::to_owned).to_vec();
        let sent = SentFields { fields: [Field::VendorOptions].into_iter().collect(), options };
        let scrub = Scrub::new(&token, &sent, body);
        for secret in ["hush-hush", "header-value", "dotted-key"] {
            assert_eq!(scrub.text(&format!("The value {secret} is bad")), "The value [redacted] is bad");
        }
        assert_eq!(scrub.text("not-an-option, https://a.example"), "not-an-option, https://a.example");
        let nested = SentFields { options: vec!["assistant.server.secret".to_owned()], ..sent };
        assert_eq!(Scrub::new(&token, &nested, body).text("hush-hush"), "[redacted]", "under the name of its object");
    }

    #[test]
    fn all_text_is_redacted_if_an_update_has_too_many_keys() {
        let token = Token::new(vendors::Auth::Bearer, "1|abcdef").unwrap();
        let keys: Vec<_> = (0..=MAX_SECRETS).map(|key| format!(r#"{{"calcom_api_key":"cal_live_{key}"}}"#)).collect();
        let body = format!(r#"{{"tools":[{}]}}"#, keys.join(","));
        let scrub = Scrub::new(&token, &holding(Field::Tools), body.as_bytes());
        assert_eq!(scrub.text("ok"), "[redacted]");
        let mut response = success(r#"{"message":"ok","data":{"id":1,"name":"x"}}"#);
        scrub.response(&mut response);
        assert_eq!((&*response.message, response.data.name.as_deref()), (REDACTED, Some("\"[redacted]\"")));
    }

    #[test]
    fn a_truncated_secret_is_redacted_in_a_successful_response() {
        let secret = "abc".repeat(600);
        let token = Token::new(vendors::Auth::Bearer, &secret).unwrap();
        let answer = format!(r#"{{"message":"no {secret}","data":{{}}}}"#);
        let mut response = success(&answer);
        Scrub::new(&token, &SentFields::default(), b"{}").response(&mut response);
        assert_eq!(response.message, "no [redacted]…");
    }
}
