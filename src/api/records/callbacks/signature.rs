//! Signs a callback after the Standard Webhooks specification: HMAC-SHA256 over `id.timestamp.body`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use ring::hmac;
use secrecy::{ExposeSecret, SecretSlice};

use crate::store::{Timestamp, UpdateId};

const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// Adds the headers of a callback about that change, sent at that time. The id is the same for every try; each secret
/// signs.
pub(super) fn sign(headers: &mut HeaderMap, id: UpdateId, at: Timestamp, body: &[u8], secrets: &[SecretSlice<u8>]) {
    let id = format!("finished_{id}");
    let seconds = at.0.div_euclid(1000).to_string();
    let signatures: Vec<_> =
        secrets.iter().map(|secret| signature(&id, &seconds, body, secret.expose_secret())).collect();
    for (name, value) in [(WEBHOOK_ID, id), (WEBHOOK_TIMESTAMP, seconds), (WEBHOOK_SIGNATURE, signatures.join(" "))] {
        // All of it is ASCII that can be seen, and spaces.
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
}

fn signature(id: &str, seconds: &str, body: &[u8], secret: &[u8]) -> String {
    let mut signed = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, secret));
    for part in [id.as_bytes(), b".", seconds.as_bytes(), b".", body] {
        signed.update(part);
    }
    format!("v1,{}", STANDARD.encode(signed.sign()))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use crate::api::records::callbacks::signature::*;

    /// The key behind `whsec_`.
    fn key(secret: &str) -> SecretSlice<u8> {
        STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap().into()
    }

    /// The vector of the reference library for JavaScript (`sign function works`), and two of Python's `hmac`:
    /// `base64.b64encode(hmac.digest(base64.b64decode(secret), f"{id}.{seconds}.{body}".encode(), "sha256"))`.
    #[test]
    fn signatures_are_those_of_other_implementations() {
        for (id, seconds, body, secret, expected) in [
            (
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                "1614265330",
                r#"{"test": 2432232314}"#,
                "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            ),
            (
                "finished_0198f3a1-7c5e-7d40-9b6e-3f2a1c4d5e6f",
                "1756800000",
                "",
                "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
                "v1,/moF822N3ISmTePLCGti3B07orcEBEWQGDfNjLvM6kg=",
            ),
            (
                "finished_0198f3a1-7c5e-7d40-9b6e-3f2a1c4d5e6f",
                "0",
                "{\"name\":\"Zoë\"}",
                "whsec_QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl9gYWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1+fw==",
                "v1,aYGSBNGY+f9f4uw9fdYx68CKgsoKFt9KjxoRKRU0WIg=",
            ),
        ] {
            assert_eq!(signature(id, seconds, body.as_bytes(), key(secret).expose_secret()), expected);
        }
    }

    #[test]
    fn each_secret_signs_and_the_time_is_in_whole_seconds() {
        let secrets = [
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl9gYWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1+fw==",
        ]
        .map(key);
        let id = UpdateId(Uuid::from_u128(0x0198_f3a1_7c5e_7d40_9b6e_3f2a_1c4d_5e6f));
        let mut headers = HeaderMap::new();
        sign(&mut headers, id, Timestamp(1_756_800_000_999), b"{}", &secrets);
        let text = |name| headers[name].to_str().unwrap();
        assert_eq!(text("webhook-id"), "finished_0198f3a1-7c5e-7d40-9b6e-3f2a1c4d5e6f");
        assert_eq!(text("webhook-timestamp"), "1756800000");
        assert_eq!(
            text("webhook-signature"),
            "v1,ORq6Lzf7J8QJF+TYfU7fALxQys0pzH6U6jrumrBTnoE= v1,197oRPLmq09/9LrXfn8P1XlokHtJ6UKPlvxgr9sUHvo="
        );
    }
}
