//! RFC 7240 `Prefer` with the preferences `handling`, `return`, `respond-async` and `wait`, and `Preference-Applied`.
//!
//! The first of several wins, as the RFC says, and unknown preferences change nothing but a warning. Malformed syntax and
//! unknown values are rejected, which the RFC does not ask for: a misspelled `strict` would otherwise drop fields silently.
//! Crates for header fields read RFC 8941 (sfv) or do not know this header (headers).

use http::{HeaderMap, HeaderName, HeaderValue};
use vendors::{Handling, Note, did_you_mean, nearest};

use crate::problem::{Code, Problem};

/// The request header.
pub const PREFER: HeaderName = HeaderName::from_static("prefer");

/// The names that mean something here.
const KNOWN: [&str; 4] = ["handling", "return", "respond-async", "wait"];

/// As many unknown names are reported, each with as many characters at most.
const MAX_UNKNOWN: usize = 16;
const MAX_NAME: usize = 64;

/// What a request prefers.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    /// The first `handling` of all `Prefer` headers, in their order.
    pub handling: Option<Handling>,
    /// The first `return`.
    pub returned: Option<Return>,
    /// Whether the caller prefers not to wait for the outcome.
    pub respond_async: bool,
    /// The first `wait`: for how many seconds the caller waits for the outcome.
    pub wait: Option<u32>,
    /// The names that mean nothing here.
    pub unknown: Vec<String>,
}

/// What the caller prefers to get back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Return {
    /// The assistant as it is afterwards.
    Representation,
    /// As little as possible, which is what the answer holds anyway.
    Minimal,
}

/// The value of `Preference-Applied` for a handling, for an answer that holds the assistant, and for one that comes before
/// the outcome.
pub fn applied(handling: Option<Handling>, represented: bool, asynchronous: bool) -> Option<HeaderValue> {
    use Handling::{Lenient, Strict};
    Some(HeaderValue::from_static(match (handling, represented, asynchronous) {
        (None, false, false) => return None,
        (None, false, true) => "respond-async",
        (None, true, false) => "return=representation",
        (None, true, true) => "return=representation, respond-async",
        (Some(Strict), false, false) => "handling=strict",
        (Some(Strict), false, true) => "handling=strict, respond-async",
        (Some(Strict), true, false) => "handling=strict, return=representation",
        (Some(Strict), true, true) => "handling=strict, return=representation, respond-async",
        (Some(Lenient), false, false) => "handling=lenient",
        (Some(Lenient), false, true) => "handling=lenient, respond-async",
        (Some(Lenient), true, false) => "handling=lenient, return=representation",
        (Some(Lenient), true, true) => "handling=lenient, return=representation, respond-async",
    }))
}

const MALFORMED: &str = "the header Prefer is malformed; it must look like `handling=strict`";
const UNKNOWN_HANDLING: &str = "the preference `handling` must be `strict` or `lenient`";
const UNKNOWN_RETURN: &str = "the preference `return` must be `representation` or `minimal`";
const ASYNC_VALUE: &str = "the preference `respond-async` has no value; leave it out to get the outcome";
const BAD_WAIT: &str = "the preference `wait` must be a whole number of seconds, such as `wait=5`";

impl Preferences {
    /// Reads all `Prefer` headers.
    ///
    /// # Errors
    /// A header is malformed, or a preference that means something here has another value.
    pub fn read(headers: &HeaderMap) -> Result<Self, Problem> {
        let invalid = |detail| Problem::new(Code::InvalidRequest, detail);
        let mut found = Self::default();
        for line in headers.get_all(PREFER) {
            let line = line.to_str().map_err(|_| invalid(MALFORMED))?;
            for element in split(line, ',').filter(|element| !element.is_empty()) {
                for (position, part) in split(element, ';').enumerate() {
                    if part.is_empty() && position > 0 {
                        continue;
                    }
                    let (name, value) = pair(part).ok_or_else(|| invalid(MALFORMED))?;
                    if position == 0 {
                        found.add(&name, &value).map_err(invalid)?;
                    }
                }
            }
        }
        Ok(found)
    }

    fn add(&mut self, name: &HeaderName, value: &str) -> Result<(), &'static str> {
        if name == "handling" && self.handling.is_none() {
            self.handling = Some(match value {
                "strict" => Handling::Strict,
                "lenient" => Handling::Lenient,
                _ => return Err(UNKNOWN_HANDLING),
            });
            return Ok(());
        }
        if name == "respond-async" && !self.respond_async {
            self.respond_async = value.is_empty().then_some(true).ok_or(ASYNC_VALUE)?;
        }
        if name == "wait" && self.wait.is_none() {
            self.wait = Some(seconds(value).ok_or(BAD_WAIT)?);
        }
        if name == "return" && self.returned.is_none() {
            self.returned = Some(match value {
                "representation" => Return::Representation,
                "minimal" => Return::Minimal,
                _ => return Err(UNKNOWN_RETURN),
            });
        }
        if !KNOWN.contains(&name.as_str()) && self.unknown.len() < MAX_UNKNOWN {
            let name: String = name.as_str().chars().take(MAX_NAME).collect();
            if !self.unknown.contains(&name) {
                self.unknown.push(name);
            }
        }
        Ok(())
    }
}

/// A whole number of seconds. More than can be counted is the greatest number.
fn seconds(text: &str) -> Option<u32> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u32::MAX))
}

/// The warning about a preference that means nothing here.
pub(crate) fn warning(name: &str) -> Note {
    let meant = match name {
        "strict" | "lenient" => format!("did you mean `handling={name}`?"),
        "representation" | "minimal" => format!("did you mean `return={name}`?"),
        _ => did_you_mean(nearest(name, KNOWN), "it changes nothing"),
    };
    let detail = format!("the preference `{name}` is not known here; {meant}");
    Note::new("Prefer", "unknown_preference", detail)
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
        Preferences::read(&headers).map(|found| found.handling).map_err(|problem| problem.detail)
    }

    #[test]
    fn names_that_mean_nothing_are_reported_once_and_never_without_end() {
        let unknown = |value: &'static str| {
            let headers = HeaderMap::from_iter([(PREFER, HeaderValue::from_static(value))]);
            Preferences::read(&headers).unwrap().unknown
        };
        assert_eq!(unknown("return=representation, respond-async, wait=10, handling=lenient; x=1"), [""; 0]);
        assert_eq!(unknown("return=minimal, return=x, RETURN=\"representation\""), [""; 0]);
        assert_eq!(unknown("lenient, Handlig=strict, lenient=1, x;handling=strict"), ["lenient", "handlig", "x"]);
        let many: Vec<_> = (0..1000).map(|number| format!("x{number}")).collect();
        let headers = HeaderMap::from_iter([(PREFER, HeaderValue::try_from(many.join(",")).unwrap())]);
        assert_eq!(Preferences::read(&headers).unwrap().unknown.len(), MAX_UNKNOWN);
        let said = |name: &str| warning(name).detail.into_owned();
        assert_eq!(said("lenient"), "the preference `lenient` is not known here; did you mean `handling=lenient`?");
        assert_eq!(said("handlig"), "the preference `handlig` is not known here; did you mean `handling`?");
        assert_eq!(said("minimal"), "the preference `minimal` is not known here; did you mean `return=minimal`?");
        assert_eq!(said("frob"), "the preference `frob` is not known here; it changes nothing");
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
    fn the_first_return_counts_and_another_value_is_rejected() {
        let returned = |value: &'static str| {
            let headers = HeaderMap::from_iter([(PREFER, HeaderValue::from_static(value))]);
            Preferences::read(&headers).map(|found| found.returned).map_err(|problem| problem.detail)
        };
        assert_eq!(returned("handling=strict"), Ok(None));
        assert_eq!(returned("return=representation; x=1, return=minimal"), Ok(Some(Return::Representation)));
        assert_eq!(returned("Return = \"minimal\", return=x"), Ok(Some(Return::Minimal)));
        for bad in ["return", "return=Minimal", "return=bogus, return=minimal", "return=\"\", return=minimal"] {
            assert_eq!(returned(bad).unwrap_err(), UNKNOWN_RETURN, "{bad}");
        }
    }

    #[test]
    fn a_wait_is_a_whole_number_of_seconds_and_the_first_counts() {
        let read = |value: &'static str| {
            let headers = HeaderMap::from_iter([(PREFER, HeaderValue::from_static(value))]);
            Preferences::read(&headers).map(|found| (found.respond_async, found.wait)).map_err(|problem| problem.detail)
        };
        assert_eq!(read("handling=strict"), Ok((false, None)));
        assert_eq!(read("respond-async"), Ok((true, None)));
        assert_eq!(read("Respond-Async=\"\"; x=1, wait = \"007\""), Ok((true, Some(7))));
        assert_eq!(read("wait=0, wait=9, respond-async, respond-async=no"), Ok((true, Some(0))));
        assert_eq!(read("wait=4294967296"), Ok((false, Some(u32::MAX))));
        assert_eq!(read("wait=3, wait=x"), Ok((false, Some(3))));
        for bad in ["wait", "wait=\"\"", "wait=1.5", "wait=-1", "wait=+1", "wait=1s", "wait=ten", "wait=x, wait=3"] {
            assert_eq!(read(bad).unwrap_err(), BAD_WAIT, "{bad}");
        }
        for bad in ["respond-async=false", "respond-async=true", "respond-async=0, respond-async"] {
            assert_eq!(read(bad).unwrap_err(), ASYNC_VALUE, "{bad}");
        }
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
