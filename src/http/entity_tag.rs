//! Entity tags, and the conditions of `If-Match` and `If-None-Match` (RFC 9110, 8.8.3 and 13.1).

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};

/// As much of a malformed header is repeated in its error, in characters.
const MAX_SHOWN: usize = 64;

/// The tag of a state. What a caller sends may hold a comma or bytes that are no ASCII; the gateway's own are hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityTag {
    is_weak: bool,
    opaque: Box<[u8]>,
}

/// What a request expects of the present state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// `*`: any state at all.
    Any,
    /// One of these; never none.
    Tags(Vec<EntityTag>),
}

/// A header that is no condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the header {name} must be `*` or tags in double quotes, such as `\"5f2b\"`{hint}")]
pub struct MalformedCondition {
    name: &'static str,
    hint: String,
}

impl EntityTag {
    /// The strong tag of a fingerprint.
    #[must_use]
    pub fn strong(fingerprint: u128) -> Self {
        Self { is_weak: false, opaque: format!("{fingerprint:032x}").into_bytes().into() }
    }

    /// The value of the header `ETag`; `None` if it holds what no header can.
    #[must_use]
    pub fn to_header_value(&self) -> Option<HeaderValue> {
        let weak: &[u8] = if self.is_weak { b"W/" } else { b"" };
        HeaderValue::from_bytes(&[weak, b"\"", &self.opaque, b"\""].concat()).ok()
    }

    fn is_strongly(&self, other: &Self) -> bool {
        !self.is_weak && !other.is_weak && self.opaque == other.opaque
    }
}

impl fmt::Display for EntityTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weak = if self.is_weak { "W/" } else { "" };
        write!(f, "{weak}\"{}\"", String::from_utf8_lossy(&self.opaque))
    }
}

/// As in a header, but for bytes that are no UTF-8.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Tags(tags) => tags.iter().enumerate().try_for_each(|(index, tag)| {
                let comma = if index > 0 { ", " } else { "" };
                write!(f, "{comma}{tag}")
            }),
        }
    }
}

impl Condition {
    /// The condition of all headers of that name; `None` without one.
    ///
    /// # Errors
    /// A header is malformed, or `*` stands beside something else.
    pub fn read(
        headers: &HeaderMap,
        name: &HeaderName,
        shown: &'static str,
    ) -> Result<Option<Self>, MalformedCondition> {
        let mut values = headers.get_all(name).iter();
        let Some(first) = values.next() else { return Ok(None) };
        if first.as_bytes().trim_ascii() == b"*" && values.next().is_none() {
            return Ok(Some(Self::Any));
        }
        let mut tags = Vec::new();
        for value in headers.get_all(name) {
            let malformed = |at: usize| MalformedCondition { name: shown, hint: hint(value.as_bytes(), at) };
            read_tags(value.as_bytes(), &mut tags).map_err(malformed)?;
        }
        match tags.is_empty() {
            true => Err(MalformedCondition { name: shown, hint: "; it names none".to_owned() }),
            false => Ok(Some(Self::Tags(tags))),
        }
    }

    /// Whether `If-Match` holds in a state: by the strong comparison, so that a weak tag never matches.
    #[must_use]
    pub fn matches_strongly(&self, present: &EntityTag) -> bool {
        match self {
            Self::Any => true,
            Self::Tags(tags) => tags.iter().any(|tag| tag.is_strongly(present)),
        }
    }

    /// Whether `If-None-Match` names a state: by the weak comparison.
    #[must_use]
    pub fn matches_weakly(&self, present: &EntityTag) -> bool {
        match self {
            Self::Any => true,
            Self::Tags(tags) => tags.iter().any(|tag| tag.opaque == present.opaque),
        }
    }
}

/// Reads a list of tags, which may have empty elements; the error is the position of what is no tag.
fn read_tags(text: &[u8], tags: &mut Vec<EntityTag>) -> Result<(), usize> {
    let at = |rest: &[u8]| text.len() - rest.len();
    let mut rest = text;
    loop {
        rest = rest.trim_ascii_start();
        match rest {
            [] => return Ok(()),
            [b',', after @ ..] => rest = after,
            _ => {
                let (tag, after) = read_tag(rest).ok_or(at(rest))?;
                tags.push(tag);
                rest = after.trim_ascii_start();
                if !matches!(rest, [] | [b',', ..]) {
                    return Err(at(rest));
                }
            }
        }
    }
}

/// The tag that a text starts with, and what follows it.
fn read_tag(text: &[u8]) -> Option<(EntityTag, &[u8])> {
    let weak = text.strip_prefix(b"W/");
    let quoted = weak.unwrap_or(text).strip_prefix(b"\"")?;
    let end = quoted.iter().position(|byte| *byte == b'"')?;
    let (opaque, after) = quoted.split_at_checked(end)?;
    let is_tag_byte = |byte: &u8| matches!(byte, 0x21..=0x7e | 0x80..);
    let tag = EntityTag { is_weak: weak.is_some(), opaque: opaque.into() };
    opaque.iter().all(is_tag_byte).then_some((tag, after.strip_prefix(b"\"")?))
}

/// What would be right in place of what stands at a position, or what is wrong there.
fn hint(value: &[u8], at: usize) -> String {
    let rest = value.get(at..).unwrap_or_default();
    let rest: String = String::from_utf8_lossy(rest).chars().take(MAX_SHOWN).collect();
    let shown: String = rest.chars().map(|char| if char.is_control() { '\u{fffd}' } else { char }).collect();
    let shown = shown.trim_end();
    let word = shown.strip_prefix("w/").unwrap_or(shown).trim_matches('"');
    let is_plain = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    match shown {
        _ if shown.starts_with('*') || value.trim_ascii_start().starts_with(b"*") => "; `*` stands alone".to_owned(),
        _ if shown.starts_with("w/") => format!("; did you mean `W/\"{word}\"`?"),
        _ if is_plain => format!("; did you mean `\"{word}\"`?"),
        _ => format!("; it is malformed at `{shown}`"),
    }
}

#[cfg(test)]
mod tests {
    use crate::http::entity_tag::*;
    use http::header::IF_MATCH;
    use proptest::prelude::*;

    fn read(values: &[&[u8]]) -> Result<Option<Condition>, String> {
        let values = values.iter().map(|value| (IF_MATCH, HeaderValue::from_bytes(value).unwrap()));
        let mut headers = HeaderMap::new();
        values.for_each(|(name, value)| _ = headers.append(name, value));
        Condition::read(&headers, &IF_MATCH, "If-Match").map_err(|malformed| malformed.to_string())
    }

    fn tag(opaque: &[u8]) -> EntityTag {
        EntityTag { is_weak: false, opaque: opaque.into() }
    }

    fn weak(opaque: &[u8]) -> EntityTag {
        EntityTag { is_weak: true, ..tag(opaque) }
    }

    #[test]
    fn tags_are_read_from_all_headers_and_with_any_byte_that_they_may_hold() {
        let tags = |tags: &[EntityTag]| Ok(Some(Condition::Tags(tags.to_vec())));
        assert_eq!(read(&[]), Ok(None));
        for star in [&b"*"[..], b" * "] {
            assert_eq!(read(&[star]), Ok(Some(Condition::Any)));
        }
        assert_eq!(read(&[b"\"a\""]), tags(&[tag(b"a")]));
        assert_eq!(read(&[b"\"\""]), tags(&[tag(b"")]));
        assert_eq!(read(&[b"W/\"a\" ,\t\"b\""]), tags(&[weak(b"a"), tag(b"b")]));
        assert_eq!(read(&[b",, \"a,b\" ,", b"\"c\\\""]), tags(&[tag(b"a,b"), tag(b"c\\")]));
        assert_eq!(read(&[b"\"\xff*W/\""]), tags(&[tag(b"\xff*W/")]));
    }

    #[test]
    fn what_is_no_condition_is_refused_with_what_would_be_right() {
        let mean = |text: &str| format!("; did you mean `{text}`?");
        let cases: [(&[&[u8]], String); 16] = [
            (&[b""], "; it names none".into()),
            (&[b" , "], "; it names none".into()),
            (&[b"5f2b"], mean("\"5f2b\"")),
            (&[b"\"5f2b"], mean("\"5f2b\"")),
            (&[b"5f2b\""], mean("\"5f2b\"")),
            (&[b"w/\"5f2b\""], mean("W/\"5f2b\"")),
            (&[b"w/5f2b"], mean("W/\"5f2b\"")),
            (&[b"\"a\", b"], mean("\"b\"")),
            (&[b"\"a\" \"b\""], mean("\"b\"")),
            (&[b"*, \"a\""], "; `*` stands alone".into()),
            (&[b"\"a\", *"], "; `*` stands alone".into()),
            (&[b"*", b"*"], "; `*` stands alone".into()),
            (&[b"W/ \"a\""], "; it is malformed at `W/ \"a\"`".into()),
            (&[b"\"a b\""], "; it is malformed at `\"a b\"`".into()),
            (&[b"\xff"], "; it is malformed at `\u{fffd}`".into()),
            (&[b"'a'"], "; it is malformed at `'a'`".into()),
        ];
        for (values, hint) in cases {
            let expected =
                format!("the header If-Match must be `*` or tags in double quotes, such as `\"5f2b\"`{hint}");
            assert_eq!(read(values), Err(expected), "{values:?}");
        }
        let long = read(&["(".repeat(9000).as_bytes()]).unwrap_err();
        assert!(long.len() < 200, "{long}");
    }

    #[test]
    fn strong_comparison_takes_no_weak_tag_and_weak_comparison_takes_every() {
        let (one, other) = (tag(b"1"), tag(b"2"));
        let condition = |tags: Vec<EntityTag>| Condition::Tags(tags);
        for (condition, strongly, weakly) in [
            (Condition::Any, true, true),
            (condition(vec![one.clone()]), true, true),
            (condition(vec![other.clone(), one.clone()]), true, true),
            (condition(vec![weak(b"1")]), false, true),
            (condition(vec![weak(b"1"), one.clone()]), true, true),
            (condition(vec![other, weak(b"2")]), false, false),
        ] {
            assert_eq!((condition.matches_strongly(&one), condition.matches_weakly(&one)), (strongly, weakly));
        }
        assert!(!condition(vec![one.clone()]).matches_strongly(&weak(b"1")));
    }

    #[test]
    fn an_own_tag_is_strong_and_comes_back_as_it_was() {
        let own = EntityTag::strong(0xab);
        let value = own.to_header_value().unwrap();
        assert_eq!(value, "\"000000000000000000000000000000ab\"");
        assert_eq!(own.to_string(), value.to_str().unwrap());
        assert!(read(&[value.as_bytes()]).unwrap().unwrap().matches_strongly(&own));
    }

    proptest! {
        #[test]
        fn no_header_panics_and_what_is_read_comes_back_as_it_was(value in "[ -~]{0,60}|[\"W/, *a\t\u{80}-\u{ff}]{0,40}") {
            let Ok(Some(Condition::Tags(tags))) = read(&[value.as_bytes()]) else { return Ok(()) };
            let values: Vec<_> = tags.iter().map(|tag| tag.to_header_value().unwrap()).collect();
            let again: Vec<_> = values.iter().map(HeaderValue::as_bytes).collect();
            prop_assert_eq!(read(&again), Ok(Some(Condition::Tags(tags))));
        }
    }
}
