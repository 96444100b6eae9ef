//! RFC 7240 `Prefer`: the caller's `handling`, and the answer's `Preference-Applied`.
//!
//! Unknown preferences are ignored and the first of several wins, as the RFC says; unlike it we
//! refuse malformed syntax and unknown handlings, because a caller who misspells `strict` would
//! otherwise lose fields in silence.

use http::{HeaderMap, HeaderName, HeaderValue};
use vendors::Handling;

/// The request header.
pub const PREFER: HeaderName = HeaderName::from_static("prefer");

/// The value of `Preference-Applied` for a handling.
pub fn applied(handling: Handling) -> HeaderValue {
    HeaderValue::from_static(match handling {
        Handling::Strict => "handling=strict",
        Handling::Lenient => "handling=lenient",
    })
}

/// A `Prefer` header that is not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PreferError {
    /// It does not follow the grammar.
    #[error("the header Prefer is malformed; it must look like `handling=strict`")]
    Malformed,
    /// `handling` without a value or with another one.
    #[error("the preference `handling` must be `strict` or `lenient`")]
    UnknownHandling,
}

/// The first `handling` of all `Prefer` headers, in their order.
pub fn handling(headers: &HeaderMap) -> Result<Option<Handling>, PreferError> {
    let mut found = None;
    for value in headers.get_all(PREFER) {
        let mut cursor = Cursor(value.as_bytes());
        while let Some((name, value)) = cursor.preference()? {
            if found.is_none() && name.eq_ignore_ascii_case(b"handling") {
                found = Some(match value.as_slice() {
                    b"strict" => Handling::Strict,
                    b"lenient" => Handling::Lenient,
                    _ => return Err(PreferError::UnknownHandling),
                });
            }
        }
    }
    Ok(found)
}

/// A name as it stands and its value without quotes; empty without a value.
type Pair<'a> = (&'a [u8], Vec<u8>);

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    /// `token [ BWS "=" BWS word ] *( OWS ";" [ OWS parameter ] )`; empty list elements are skipped.
    fn preference(&mut self) -> Result<Option<Pair<'a>>, PreferError> {
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
        if self.0.is_empty() || self.eat(b',') { Ok(Some(preference)) } else { Err(PreferError::Malformed) }
    }

    fn pair(&mut self) -> Result<Pair<'a>, PreferError> {
        let name = self.token()?;
        self.skip_space();
        if !self.eat(b'=') {
            return Ok((name, Vec::new()));
        }
        self.skip_space();
        let value = if self.eat(b'"') { self.quoted()? } else { self.token()?.to_vec() };
        Ok((name, value))
    }

    fn token(&mut self) -> Result<&'a [u8], PreferError> {
        let len = self.0.iter().take_while(|&&b| is_token(b)).count();
        let (token, rest) = self.0.split_at(len);
        self.0 = rest;
        if token.is_empty() { Err(PreferError::Malformed) } else { Ok(token) }
    }

    fn quoted(&mut self) -> Result<Vec<u8>, PreferError> {
        let mut text = Vec::new();
        loop {
            let byte = match self.next()? {
                b'"' => return Ok(text),
                b'\\' => self.next()?,
                byte => byte,
            };
            if byte != b'\t' && (byte < b' ' || byte == 0x7f) {
                return Err(PreferError::Malformed);
            }
            text.push(byte);
        }
    }

    fn next(&mut self) -> Result<u8, PreferError> {
        let (first, rest) = self.0.split_first().ok_or(PreferError::Malformed)?;
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

    fn read(values: &[&str]) -> Result<Option<Handling>, PreferError> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(PREFER, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        handling(&headers)
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
    fn another_handling_is_refused() {
        for bad in ["handling", "handling=", "handling=\"\"", "handling=Strict", "handling=sloppy, handling=strict"] {
            let expected = if bad == "handling=" { PreferError::Malformed } else { PreferError::UnknownHandling };
            assert_eq!(read(&[bad]), Err(expected), "{bad}");
        }
    }

    #[test]
    fn malformed_syntax_is_refused() {
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
            assert_eq!(read(&[bad]), Err(PreferError::Malformed), "{bad}");
        }
        assert_eq!(read(&["handling=strict, b=("]), Err(PreferError::Malformed));
    }

    proptest! {
        #[test]
        fn no_text_panics(value in "[ -~\\t]{0,80}|[handlig=strctn\",;\\\\ ]{0,40}") {
            let _ = read(&[&value]);
        }
    }
}
