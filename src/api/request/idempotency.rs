//! The header `Idempotency-Key`: under which key a change is made once only.

use http::{HeaderMap, HeaderName};

use crate::problem::{Code, Problem};

/// The request header.
pub static IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The response header of an answer that is an earlier request's.
pub const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The most characters of a key.
const MAX: usize = 255;

/// The key in the header, if there is one. The quotes of a structured string (RFC 9651), which some clients send, are taken
/// off.
///
/// # Errors
/// The header is repeated, or is no key of 1 to 255 visible ASCII characters.
pub fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(&IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(must("must not be repeated"));
    }
    let text = value.as_bytes();
    let key = match text.strip_prefix(b"\"") {
        Some(rest) => unquoted(rest).ok_or_else(|| must("begins with a quote and is no quoted string"))?,
        None => text.to_vec(),
    };
    if key.is_empty() {
        return Err(must("is empty; it must be 1 to 255 visible ASCII characters, such as a UUID"));
    }
    if !key.iter().all(u8::is_ascii_graphic) {
        return Err(must(
            "holds a space, a control or a character beyond ASCII; only visible ASCII characters may stand in it",
        ));
    }
    if key.len() > MAX {
        return Err(must(&format!("has {} characters, and may have {MAX} at most", key.len())));
    }
    let key = String::from_utf8(key).map_err(|_| must("must be ASCII"))?;
    Ok(Some(key))
}

fn must(what: &str) -> Problem {
    Problem::new(Code::InvalidRequest, format!("the header Idempotency-Key {what}"))
}

/// The value of a structured string after its first quote, which must end with the other one.
fn unquoted(text: &[u8]) -> Option<Vec<u8>> {
    let (mut value, mut bytes) = (Vec::with_capacity(text.len()), text.iter());
    loop {
        match bytes.next()? {
            b'"' => return bytes.as_slice().is_empty().then_some(value),
            b'\\' => value.push(*bytes.next().filter(|escaped| matches!(escaped, b'"' | b'\\'))?),
            byte => value.push(*byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use crate::api::request::idempotency::*;

    fn read(values: &[&[u8]]) -> Result<Option<String>, String> {
        let values = values.iter().map(|value| HeaderValue::from_bytes(value).unwrap());
        let mut headers = HeaderMap::new();
        values.for_each(|value| _ = headers.append(&IDEMPOTENCY_KEY, value));
        key(&headers).map_err(|problem| {
            assert_eq!(problem.code, Code::InvalidRequest);
            problem.detail
        })
    }

    #[test]
    fn quotes_of_a_structured_string_are_taken_off() {
        let same = |sent: &str, key: &str| assert_eq!(read(&[sent.as_bytes()]), Ok(Some(key.to_owned())), "{sent}");
        assert_eq!(read(&[]), Ok(None));
        same("8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324");
        same("\"8e03978e\"", "8e03978e");
        same(r#""a\"b\\c""#, r#"a"b\c"#);
        same("a\"b,c;d=\"e\"", "a\"b,c;d=\"e\"");
        same("!~", "!~");
        let longest = "k".repeat(255);
        same(&longest, &longest);
        same(&format!("\"{longest}\""), &longest);
    }

    #[test]
    fn anything_else_is_named() {
        let refused = |sent: &[u8], what: &str| {
            let detail = read(&[sent]).unwrap_err();
            assert!(detail.starts_with("the header Idempotency-Key ") && detail.contains(what), "{sent:?}: {detail}");
        };
        for empty in ["", "\"\""] {
            refused(empty.as_bytes(), "is empty");
        }
        for bad in ["a b", "a\tb", "\"a b\"", "\u{e4}", "\"\u{1f600}\""] {
            refused(bad.as_bytes(), "only visible ASCII");
        }
        refused(b"\xff", "only visible ASCII");
        for unclosed in ["\"", "\"a", "\"a\"b", "\"a\";x=1", "\"a\\", "\"a\\\"", "\"a\\b\"", "\"a\", \"b\""] {
            refused(unclosed.as_bytes(), "begins with a quote");
        }
        refused("k".repeat(256).as_bytes(), "has 256 characters, and may have 255 at most");
        refused("k".repeat(60_000).as_bytes(), "has 60000 characters");
        let repeated = "the header Idempotency-Key must not be repeated";
        assert_eq!(read(&[b"a", b"a"]).unwrap_err(), repeated);
        assert_eq!(read(&[b"a", b""]).unwrap_err(), repeated);
    }

    proptest! {
        #[test]
        fn every_text_is_a_key_or_refused(text in "[ -~\\t]{0,80}|[\"\\\\a ]{0,12}") {
            if let Ok(key) = read(&[text.as_bytes()]) {
                let key = key.unwrap();
                prop_assert!((1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()));
            }
        }
    }
}
