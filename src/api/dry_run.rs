//! The response to a dry run: the request that would be sent, with secrets redacted.

use std::borrow::Cow;

use http::HeaderMap;
use vendors::document::{is_public_member, secret_members};
use vendors::is_secret_name;
use vendors::json::{Kind, Limits, Value, push_string, read_value};
use vendors::{Auth, CopyReport, Field, Report, Request, Step};

use crate::value::REDACTED;

use super::representation::push_list;
use super::response::{Echoed, push_report};

/// The headers besides the token, in the spelling of the documentation; HTTP itself ignores case.
const HEADER_NAMES: [&str; 7] =
    ["Content-Type", "Accept", "Accept-Encoding", "User-Agent", "Switchboard-Hop", "X-Request-Id", "traceparent"];

/// The body of the response; `push` writes the requests.
pub(super) fn body(
    report: &Report,
    echoed: &Echoed<'_>,
    copied: Option<&CopyReport>,
    push: impl FnOnce(&mut Vec<u8>),
) -> Vec<u8> {
    let mut out = b"{\"dry_run\":true".to_vec();
    echoed.push(&mut out);
    push(&mut out);
    push_report(&mut out, report, copied);
    out.push(b'}');
    out
}

/// The request.
pub(super) fn push_one(out: &mut Vec<u8>, request: &Request, auth: Auth, url: &str, headers: &HeaderMap) {
    out.extend_from_slice(b",\"request\":{");
    push_request(out, (request.method, url, &request.body), auth, headers, redact);
    out.push(b'}');
}

/// The same for an update of which nothing is left: no request would be sent.
pub(super) fn push_nothing(out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"request\":null");
}

/// The same for a plan: its requests with their addresses. One that may take several shows them as a list. Their bodies may
/// hold what the vendor has stored, foreign secrets included.
pub(super) fn push_plan(
    out: &mut Vec<u8>,
    steps: &[(&Step, String)],
    is_several: bool,
    auth: Auth,
    headers: &HeaderMap,
) {
    match (steps, is_several) {
        ([(step, url)], false) => {
            out.extend_from_slice(b",\"request\":{");
            push_request(out, (step.method, url, &step.body), auth, headers, redact_undocumented);
            out.push(b'}');
        }
        _ => {
            out.extend_from_slice(b",\"requests\":[");
            push_list(out, steps.iter(), |out, (step, url)| {
                out.extend_from_slice(b"{\"purpose\":");
                push_string(out, step.purpose.as_str());
                out.extend_from_slice(b",\"object\":");
                push_string(out, step.title.trim_start_matches("the "));
                out.push(b',');
                push_request(out, (step.method, url, &step.body), auth, headers, redact_undocumented);
                out.push(b'}');
            });
            out.push(b']');
        }
    }
}

/// Writes a request without its braces.
fn push_request(
    out: &mut Vec<u8>,
    (method, url, body): (&str, &str, &[u8]),
    auth: Auth,
    headers: &HeaderMap,
    redact: fn(&mut Vec<u8>, &[u8]),
) {
    out.extend_from_slice(b"\"method\":");
    push_string(out, method);
    out.extend_from_slice(b",\"url\":");
    push_string(out, url);
    out.extend_from_slice(b",\"headers\":{");
    for (index, (name, value)) in redacted_headers(auth, headers).enumerate() {
        out.extend_from_slice(if index > 0 { b"," } else { b"" });
        push_string(out, name);
        out.push(b':');
        push_string(out, &value);
    }
    out.extend_from_slice(b"},\"body\":");
    redact(out, body);
}

fn redacted_headers(auth: Auth, headers: &HeaderMap) -> impl Iterator<Item = (&'static str, Cow<'_, str>)> {
    std::iter::once(auth.header()).chain(HEADER_NAMES).filter_map(move |name| {
        let value = headers.get(name)?;
        let redacted = value.is_sensitive().then(|| format!("{}{REDACTED}", auth.prefix()).into());
        Some((name, redacted.unwrap_or_else(|| String::from_utf8_lossy(value.as_bytes()))))
    })
}

/// Copies a body unchanged, white space included, except that every secret member is redacted at any depth, because
/// vendor options may hold tools, too.
pub(crate) fn redact(out: &mut Vec<u8>, body: &[u8]) {
    redact_found(out, body, |value, secrets| find_secrets(value, &is_documented_secret, secrets));
}

/// The same for a caller's update, whose `vendor_options` have members that no documentation knows: there everything whose name
/// looks like a secret's is redacted, too.
pub(crate) fn redact_update(out: &mut Vec<u8>, body: &[u8]) {
    redact_found(out, body, |value, secrets| {
        for (key, member) in value.members() {
            if is_documented_secret(&key, member) {
                secrets.push(member.text());
            } else if key == Field::VendorOptions.name() {
                find_secrets(member, &looks_secret, secrets);
            } else {
                find_secrets(member, &is_documented_secret, secrets);
            }
        }
    });
}

/// The same for what a vendor tells beyond its documentation: there every text, list or object whose name looks like a
/// secret's is redacted, and headers for other servers are. A number, such as `max_tokens`, is none.
pub(crate) fn redact_undocumented(out: &mut Vec<u8>, body: &[u8]) {
    redact_found(out, body, |value, secrets| find_secrets(value, &looks_secret, secrets));
}

fn is_documented_secret(key: &str, _: Value<'_>) -> bool {
    secret_members().any(|secret| secret == key)
}

/// Whether a member without documentation is most likely a secret. The key of an option may be a path with dots.
pub(super) fn looks_secret(key: &str, member: Value<'_>) -> bool {
    let is_scalar = matches!(member.kind(), Kind::Null | Kind::Boolean | Kind::Number);
    let name = key.rsplit('.').next().unwrap_or(key);
    let is_named_so = is_secret_name(key) || is_secret_name(name) || key.to_ascii_lowercase().ends_with("headers");
    !is_scalar && is_named_so && !is_public_member(key) || is_documented_secret(name, member)
}

fn redact_found(out: &mut Vec<u8>, body: &[u8], find: impl for<'a> FnOnce(Value<'a>, &mut Vec<&'a str>)) {
    let Ok(value) = read_value(body, Limits::VENDOR) else { return out.extend_from_slice(b"null") };
    let mut secrets = Vec::new();
    find(value, &mut secrets);
    let mut rest = value.text();
    for secret in secrets {
        // Both are slices of the same text, and secrets are found in order.
        let at = (secret.as_ptr() as usize).wrapping_sub(rest.as_ptr() as usize);
        let Some((before, after)) = rest.split_at_checked(at) else { continue };
        out.extend_from_slice(before.as_bytes());
        push_string(out, REDACTED);
        rest = after.get(secret.len()..).unwrap_or_default();
    }
    out.extend_from_slice(rest.as_bytes());
}

fn find_secrets<'a>(value: Value<'a>, is_secret: &dyn Fn(&str, Value<'_>) -> bool, secrets: &mut Vec<&'a str>) {
    for (key, member) in value.members() {
        if is_secret(&key, member) {
            secrets.push(member.text());
        } else {
            find_secrets(member, is_secret, secrets);
        }
    }
    value.elements().for_each(|element| find_secrets(element, is_secret, secrets));
}

#[cfg(test)]
mod tests {
    use vendors::document::may_hold_credentials;

    use crate::api::dry_run::*;

    #[test]
    fn secrets_are_redacted_at_any_depth_and_nothing_else_changes() {
        let body = br#"{"n": 0.70,"tools":[{"type":"x","calcom_api_key" : "cal_live" }], "deep":{"a":[{"calendly\u005fapi_key":{"k":1}},[]]}}"#;
        let mut out = Vec::new();
        redact(&mut out, body);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            r#"{"n": 0.70,"tools":[{"type":"x","calcom_api_key" : "[redacted]" }], "deep":{"a":[{"calendly\u005fapi_key":"[redacted]"},[]]}}"#
        );
    }

    #[test]
    fn in_the_options_of_a_vendor_what_is_named_like_a_secret_is_redacted_and_elsewhere_nothing_more() {
        let body = br#"{"name":"key","variables":{"api_key":"shown"},"vendor\u005foptions":{"sondos":{"server":{"secret":"c1","url":"u",
            "headers":{"x":"c2"}},"a.apiKey":"c3","b.key":"c4","max_tokens":5,"list":[{"password":"c5"}],"x":{"calcom_api_key":"c6"}},
            "other":{"token":"c7"}},"tools":[{"calcom_api_key":"c8"}]}"#;
        let mut out = Vec::new();
        redact_update(&mut out, body);
        let shown = String::from_utf8(out).unwrap();
        assert!((1..=8).all(|n| !shown.contains(&format!("c{n}"))), "{shown}");
        assert!(
            shown.contains(r#""max_tokens":5"#) && shown.contains("shown") && shown.contains(r#""url":"u""#),
            "{shown}"
        );
        assert!(may_hold_credentials(br#"{"vendor_options":{"sondos":{"token":"x"}}}"#), "the options are looked into");
    }

    #[test]
    fn a_body_that_is_taken_for_one_without_credentials_has_none() {
        for name in secret_members() {
            for hidden in 0..=name.len() {
                // One letter of the name is escaped, in either case of its digits; the last time none is.
                for upper in [false, true] {
                    let letter = |(index, letter): (usize, char)| match (index == hidden, upper) {
                        (true, true) => format!("\\u{:04X}", u32::from(letter)),
                        (true, false) => format!("\\u{:04x}", u32::from(letter)),
                        (false, _) => letter.to_string(),
                    };
                    let key: String = name.chars().enumerate().map(letter).collect();
                    let body = format!(r#"{{"tools":[{{"{key}":"canary"}}]}}"#);
                    let mut out = Vec::new();
                    redact(&mut out, body.as_bytes());
                    assert!(!String::from_utf8(out).unwrap().contains("canary"), "{body}");
                    assert!(may_hold_credentials(body.as_bytes()), "{body}");
                }
            }
        }
        assert!(!may_hold_credentials(br#"{"name":"an API key","tools":[{"type":"end_call"}]}"#));
    }
}
