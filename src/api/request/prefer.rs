//! RFC 7240 `Prefer` with the preference `handling`, and `Preference-Applied`.
//!
//! Unknown preferences are ignored and the first of several wins, as the RFC says. Malformed syntax and unknown
//! handlings are rejected, which the RFC does not ask for: a misspelled `strict` would otherwise drop fields silently.

use http::{HeaderMap, HeaderName, HeaderValue};
use vendors::Handling;

use crate::problem::{Code, Problem};

/// The request header.
pub const PREFER: HeaderName = HeaderName::from_static("prefer");

/// The value of `Preference-Applied` for a handling.
pub fn applied(handling: Handling) -> HeaderValue {
    HeaderValue::from_static(match handling {
        Handling::Strict => "handling=strict",
        Handling::Lenient => "handling=lenient",
    })
}

const MALFORMED: &str = "the header Prefer is malformed; it must look like `handling=strict`";
const UNKNOWN_HANDLING: &str = "the preference `handling` must be `strict` or `lenient`";

/// The header does not follow the grammar.
struct Malformed;

/// The first `handling` of all `Prefer` headers, in their order.
///
/// # Errors
/// A header is malformed, or the handling is neither `strict` nor `lenient`.
pub fn handling(headers: &HeaderMap) -> Result<Option<Handling>, Problem> {
    let invalid = |detail| Problem::new(Code::InvalidRequest, detail);
    let mut found = None;
    for value in headers.get_all(PREFER) {
        let mut cursor = Cursor(value.as_bytes());
        while let Some((name, value)) = cursor.preference().map_err(|Malformed| invalid(MALFORMED))? {
            if found.is_none() && name.eq_ignore_ascii_case(b"handling") {
                found = Some(match value.as_slice() {
                    b"strict" => Handling::Strict,
                    b"lenient" => Handling::Lenient,
                    _ => return Err(invalid(UNKNOWN_HANDLING)),
                });
            }
        }
    }
    Ok(found)
}

/// A name, and its value without quotes, which is empty if there is none.
type Pair<'a> = (&'a [u8], Vec<u8>);

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    /// `token [ BWS "=" BWS word ] *( OWS ";" [ OWS parameter ] )`; empty list elements are skipped.
    fn preference(&mut self) -> Result<Option<Pair<'a>>, Malformed> {
        self.skip_space();
        while self.eat(b',') {
            self.skip_space();
        }
        if self.0.is_empty() {
            return Ok(None);
        }
        let preference = self.pair()?;
        self.skip_space();
        while self.eat(b';') {
            self.skip_space();
            if !matches!(self.0.first(), None | Some(b';' | b',')) {
                self.pair()?;
                self.skip_space();
            }
        }
        if self.0.is_empty() || self.eat(b',') { Ok(Some(preference)) } else { Err(Malformed) }
    }

    fn pair(&mut self) -> Result<Pair<'a>, Malformed> {
        let name = self.token()?;
        self.skip_space();
        if !self.eat(b'=') {
            return Ok((name, Vec::new()));
        }
        self.skip_space();
        let value = if self.eat(b'"') { self.quoted()? } else { self.token()?.to_vec() };
        Ok((name, value))
    }

    fn token(&mut self) -> Result<&'a [u8], Malformed> {
        let len = self.0.iter().take_while(|&&b| is_token(b)).count();
        let (token, rest) = self.0.split_at(len);
        self.0 = rest;
        if token.is_empty() { Err(Malformed) } else { Ok(token) }
    }

    fn quoted(&mut self) -> Result<Vec<u8>, Malformed> {
        let mut text = Vec::new();
        loop {
            let byte = match self.next()? {
                b'"' => return Ok(text),
                b'\\' => self.next()?,
                byte => byte,
            };
            if byte != b'\t' && (byte < b' ' || byte == 0x7f) {
                return Err(Malformed);
            }
            text.push(byte);
        }
    }

    fn next(&mut self) -> Result<u8, Malformed> {
        let (first, rest) = self.0.split_first().ok_or(Malformed)?;
        self.0 = rest;
        Ok(*first)
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.0.first() == Some(&byte);
        if found {
            self.0 = &self.0[1..];
        }
        found
    }

    fn skip_space(&mut self) {
        while self.eat(b' ') || self.eat(b'\t') {}
    }
}

fn is_token(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b)
}

#[cfg(test)]
mod tests {
    use crate::api::request::prefer::*;
    use proptest::prelude::*;

    fn read(values: &[&str]) -> Result<Option<Handling>, String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(PREFER, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        handling(&headers).map_err(|problem| problem.detail)
    }

    #[test]
    fn the_first_handling_wins_and_unknown_preferences_are_ignored() {
        let strict = Ok(Some(Handling::Strict));
        let lenient = Ok(Some(Handling::Lenient));
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&[""]), Ok(None));
        assert_eq!(read(&["respond-async, wait=10"]), Ok(None));
        assert_eq!(read(&["handling=strict"]), strict);
        assert_eq!(read(&["HANDLING = \"lenient\""]), lenient);
        assert_eq!(read(&["handling=\"le\\nient\""]), lenient);
        assert_eq!(read(&["respond-async; foo=\"a, handling=strict\"; bar, handling=lenient;x"]), lenient);
        assert_eq!(read(&[", ,handling=strict;;,"]), strict);
        assert_eq!(read(&["wait=1", "handling=strict", "handling=lenient"]), strict);
        assert_eq!(read(&["handling=lenient, handling=sloppy"]), lenient);
    }

    #[test]
    fn another_handling_is_rejected() {
        for bad in ["handling", "handling=", "handling=\"\"", "handling=Strict", "handling=sloppy, handling=strict"] {
            let expected = if bad == "handling=" { MALFORMED } else { UNKNOWN_HANDLING };
            assert_eq!(read(&[bad]).unwrap_err(), expected, "{bad}");
        }
    }

    #[test]
    fn malformed_syntax_is_rejected() {
        for bad in [
            "=strict",
            "handling=strict lenient",
            "handling=\"strict",
            "a=\"\\",
            "handling==strict",
            "a;=b",
            "handling:strict",
            "(a)",
            "ä",
            "a=\"\u{1}".trim_end_matches('\u{1}'),
            "wait=10 20",
        ] {
            assert_eq!(read(&[bad]).unwrap_err(), MALFORMED, "{bad}");
        }
        assert_eq!(read(&["handling=strict, b=("]).unwrap_err(), MALFORMED);
    }

    proptest! {
        #[test]
        fn no_text_panics(value in "[ -~\\t]{0,80}|[handlig=strctn\",;\\\\ ]{0,40}") {
            let _ = read(&[&value]);
        }
    }
}
