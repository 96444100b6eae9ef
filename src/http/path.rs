//! The `{assistant}` segment of a path: decoded exactly once, then checked against a closed grammar.
//!
//! Routing, permissions and the vendor's URL use only what passes here, so no encoding of a slash, a dot segment or a
//! control byte can reach them.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

const MAX_NAME: usize = 128;
const MAX_VENDOR: usize = 64;
const MAX_ENCODED: usize = 3 * (MAX_VENDOR + 1 + MAX_NAME);

/// A path segment that names an assistant, decoded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Assistant<'a>(Cow<'a, str>);

/// What the path segment refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference<'a> {
    /// `[a-z][a-z0-9._-]{0,127}`: a name, or an id that looks like one.
    Name(&'a str),
    /// `vendor:id`.
    VendorId {
        /// The vendor, `[a-z][a-z0-9_-]{0,63}`.
        vendor: &'a str,
        /// That vendor's id, `[A-Za-z0-9._-]{1,128}`; the dialect may allow less.
        id: &'a str,
    },
    /// A bare vendor id that cannot be a name.
    Id(&'a str),
}

/// Why a path segment names no assistant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssistantError {
    /// The segment is empty.
    #[error("the assistant in the path is empty")]
    Empty,
    /// Over 128 characters, or a vendor over 64.
    #[error("the assistant in the path is too long")]
    TooLong,
    /// `.` or `..`, encoded or not, also as an id after the vendor.
    #[error("the assistant in the path must not be a dot segment")]
    DotSegment,
    /// The part before `:` is no vendor's name.
    #[error("the vendor in the path must be a lower-case name, such as in `vendor:789`")]
    BadVendor,
    /// A character that neither a name nor an id can hold, encoded or not, or a malformed percent-encoding.
    #[error("the assistant in the path must be a name, `vendor:id` or an id of letters, digits, `.`, `_` and `-`")]
    BadCharacter,
}

impl<'a> Assistant<'a> {
    /// Parses one raw path segment of the request target.
    pub fn parse(segment: &'a str) -> Result<Self, AssistantError> {
        if segment.len() > MAX_ENCODED {
            return Err(AssistantError::TooLong);
        }
        // Bytes that are not UTF-8 become U+FFFD, and a malformed percent-encoding stays: no name or id holds them.
        let text = percent_decode_str(segment).decode_utf8_lossy();
        let id = match text.split_once(':') {
            Some((vendor, id)) => check_vendor(vendor).map(|()| id)?,
            None => &text,
        };
        check_id(id)?;
        Ok(Self(text))
    }

    /// What it refers to.
    pub fn reference(&self) -> Reference<'_> {
        match self.0.split_once(':') {
            Some((vendor, id)) => Reference::VendorId { vendor, id },
            None if is_name(&self.0) => Reference::Name(&self.0),
            None => Reference::Id(&self.0),
        }
    }

    /// The whole decoded segment.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether this can be the name of a vendor account.
pub fn is_vendor_name(text: &str) -> bool {
    check_vendor(text).is_ok()
}

fn check_vendor(vendor: &str) -> Result<(), AssistantError> {
    let rest = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-');
    match vendor {
        _ if vendor.len() > MAX_VENDOR => Err(AssistantError::TooLong),
        _ if vendor.starts_with(|c: char| c.is_ascii_lowercase()) && vendor.bytes().all(rest) => Ok(()),
        _ => Err(AssistantError::BadVendor),
    }
}

fn check_id(id: &str) -> Result<(), AssistantError> {
    match id {
        "" => Err(AssistantError::Empty),
        "." | ".." => Err(AssistantError::DotSegment),
        _ if id.len() > MAX_NAME => Err(AssistantError::TooLong),
        _ if id.bytes().all(is_id_byte) => Ok(()),
        _ => Err(AssistantError::BadCharacter),
    }
}

fn is_id_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() | matches!(b, b'.' | b'_' | b'-')
}

fn is_name(id: &str) -> bool {
    id.starts_with(|c: char| c.is_ascii_lowercase()) && !id.bytes().any(|b| b.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use crate::http::path::*;
    use proptest::prelude::*;

    #[track_caller]
    fn assert_parses(segment: &str, text: &str, reference: Reference<'_>) {
        let assistant = Assistant::parse(segment).unwrap();
        assert_eq!((assistant.as_str(), assistant.reference()), (text, reference));
    }

    #[test]
    fn names_vendor_ids_and_bare_ids_are_distinguished() {
        assert_parses("sales-bot", "sales-bot", Reference::Name("sales-bot"));
        assert_parses("a", "a", Reference::Name("a"));
        assert_parses("789", "789", Reference::Id("789"));
        assert_parses("aB", "aB", Reference::Id("aB"));
        assert_parses("-x", "-x", Reference::Id("-x"));
        assert_parses("acme:789", "acme:789", Reference::VendorId { vendor: "acme", id: "789" });
        assert_parses("acme%3A789", "acme:789", Reference::VendorId { vendor: "acme", id: "789" });
        assert_parses("%73ales", "sales", Reference::Name("sales"));
        assert_parses(&"a".repeat(128), &"a".repeat(128), Reference::Name(&"a".repeat(128)));
    }

    #[test]
    fn everything_else_is_rejected() {
        use AssistantError as E;
        let cases = [
            ("", E::Empty),
            ("acme:", E::Empty),
            (":789", E::BadVendor),
            ("Acme:1", E::BadVendor),
            ("a.b:1", E::BadVendor),
            ("acme:1:2", E::BadCharacter),
            (".", E::DotSegment),
            ("..", E::DotSegment),
            ("%2e%2E", E::DotSegment),
            ("%2e", E::DotSegment),
            ("acme:..", E::DotSegment),
            ("a/b", E::BadCharacter),
            ("a%2fb", E::BadCharacter),
            ("..%2f..", E::BadCharacter),
            ("a%5Cb", E::BadCharacter),
            ("a%00", E::BadCharacter),
            ("a%0d%0aX", E::BadCharacter),
            ("a%7f", E::BadCharacter),
            ("a%C2%85", E::BadCharacter),
            ("%ff", E::BadCharacter),
            ("%c0%af", E::BadCharacter),
            ("%", E::BadCharacter),
            ("a%2", E::BadCharacter),
            ("%zz", E::BadCharacter),
            ("%252e%252e", E::BadCharacter),
            ("a%20b", E::BadCharacter),
            ("a?b", E::BadCharacter),
            ("a%23", E::BadCharacter),
            ("sälés", E::BadCharacter),
            ("a@b", E::BadCharacter),
            ("a+b", E::BadCharacter),
        ];
        for (segment, error) in cases {
            assert_eq!(Assistant::parse(segment), Err(error), "{segment}");
        }
        for long in
            ["a".repeat(129), format!("acme:{}", "1".repeat(129)), "%61".repeat(9999), format!("{}:1", "v".repeat(65))]
        {
            assert_eq!(Assistant::parse(&long), Err(E::TooLong));
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_what_passes_keeps_the_grammar(segment in "\\PC*|[a-zA-Z0-9.:%/_-]{0,200}|(%[0-9a-f]{2}|[a-z:.]){0,60}") {
            let Ok(assistant) = Assistant::parse(&segment) else { return Ok(()) };
            let passed = match assistant.reference() {
                Reference::Name(id) | Reference::Id(id) => id,
                Reference::VendorId { vendor, id } => {
                    prop_assert!(check_vendor(vendor).is_ok());
                    id
                }
            };
            prop_assert!((1..=128).contains(&passed.len()) && passed.bytes().all(is_id_byte));
            prop_assert!(passed != "." && passed != "..");
        }

        #[test]
        fn encoding_a_plain_segment_changes_nothing(id in "[A-Za-z0-9._:-]{0,60}") {
            let encoded: String = id.bytes().map(|b| format!("%{b:02X}")).collect();
            prop_assert_eq!(Assistant::parse(&encoded), Assistant::parse(&id));
        }
    }
}
