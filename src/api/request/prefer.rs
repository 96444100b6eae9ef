//! RFC 7240 `Prefer` with the preference `handling`, and `Preference-Applied`.
//!
//! Unknown preferences are ignored and the first of several wins, as the RFC says. Malformed syntax and unknown
//! handlings are rejected, which the RFC does not ask for: a misspelled `strict` would otherwise drop fields silently.
//! Crates for header fields read RFC 8941 (sfv) or do not know this header (headers).

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

/// The first `handling` of all `Prefer` headers, in their order.
///
/// # Errors
/// A header is malformed, or the handling is neither `strict` nor `lenient`.
pub fn handling(headers: &HeaderMap) -> Result<Option<Handling>, Problem> {
    let invalid = |detail| Problem::new(Code::InvalidRequest, detail);
    let mut found = None;
    for line in headers.get_all(PREFER) {
        let line = line.to_str().map_err(|_| invalid(MALFORMED))?;
        for element in split(line, ',').filter(|element| !element.is_empty()) {
            for (position, part) in split(element, ';').enumerate() {
                if part.is_empty() && position > 0 {
                    continue;
                }
                let (name, value) = pair(part).ok_or_else(|| invalid(MALFORMED))?;
                if position == 0 && found.is_none() && name == "handling" {
                    found = Some(match value.as_str() {
                        "strict" => Handling::Strict,
                        "lenient" => Handling::Lenient,
                        _ => return Err(invalid(UNKNOWN_HANDLING)),
                    });
                }
            }
        }
    }
    Ok(found)
}

/// The trimmed parts of a text between separators that are not within quotes.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    let parts = text.split(move |char| {
        let is_escaped = std::mem::take(&mut escaped);
        quoted ^= char == '"' && !is_escaped;
        escaped = quoted && char == '\\' && !is_escaped;
        char == separator && !quoted
    });
    parts.map(str::trim)
}

/// `token [ BWS "=" BWS word ]`: the name, and the value without quotes, which is empty if there is none.
fn pair(text: &str) -> Option<(HeaderName, String)> {
    let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value.trim_start())));
    let value = match value {
        Some(value) => value.strip_prefix('"').map_or_else(|| token(value).map(|_| value.to_owned()), unquoted)?,
        None => String::new(),
    };
    Some((token(name.trim_end())?, value))
}

/// A token without regard to case. The name of a header is one, too.
fn token(text: &str) -> Option<HeaderName> {
    text.parse().ok()
}

/// The value of a quoted string after its first quote.
fn unquoted(text: &str) -> Option<String> {
    let (mut value, mut chars) = (String::new(), text.chars());
    loop {
        match chars.next()? {
            '"' => return chars.as_str().is_empty().then_some(value),
            '\\' => value.push(chars.next()?),
            char => value.push(char),
        }
    }
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
