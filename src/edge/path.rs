//! The `{assistant}` segment of a path: decoded exactly once, then held against a closed grammar.
//!
//! Everything later (routing, permissions, the vendor's URL) works on what this module let through,
//! so that no encoding of a slash, dot segment or control byte can reach it.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::percent_decode_str;

const MAX_NAME: usize = 128;
const MAX_VENDOR: usize = 64;
const MAX_ENCODED: usize = 3 * (MAX_VENDOR + 1 + MAX_NAME);

/// What the path segment says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Assistant {
    /// `[a-z][a-z0-9._-]{0,127}`: always a name; a vendor's id that looks like one must be given as `vendor:id`.
    Name(String),
    /// `vendor:id`.
    VendorId {
        /// The vendor, `[a-z][a-z0-9_-]{0,63}`.
        vendor: String,
        /// That vendor's id, `[A-Za-z0-9._-]{1,128}`; the dialect may allow less.
        id: String,
    },
    /// A bare vendor id that cannot be a name.
    Id(String),
}

/// Why a path segment names no assistant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssistantError {
    /// Nothing there.
    #[error("the assistant in the path is empty")]
    Empty,
    /// Over 128 characters, or a vendor over 64.
    #[error("the assistant in the path is too long")]
    TooLong,
    /// A `%` without two hexadecimal digits.
    #[error("the assistant in the path holds a bad percent-encoding")]
    BadEncoding,
    /// Not UTF-8 once decoded.
    #[error("the assistant in the path is not UTF-8")]
    NotUtf8,
    /// A slash or backslash, encoded or not.
    #[error("the assistant in the path must not hold a slash")]
    Slash,
    /// `.` or `..`, encoded or not, also as an id after the vendor.
    #[error("the assistant in the path must not be a dot segment")]
    DotSegment,
    /// A control character.
    #[error("the assistant in the path must not hold control characters")]
    Control,
    /// The part before `:` is no vendor's name.
    #[error("the vendor in the path must be a lower-case name, such as in `vendor:789`")]
    BadVendor,
    /// Any other character that neither a name nor an id can hold.
    #[error("the assistant in the path must be a name, `vendor:id` or an id of letters, digits, `.`, `_` and `-`")]
    BadCharacter,
}

impl fmt::Display for Assistant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) | Self::Id(name) => f.write_str(name),
            Self::VendorId { vendor, id } => [vendor, ":", id].into_iter().try_for_each(|part| f.write_str(part)),
        }
    }
}

impl Assistant {
    /// Reads one raw path segment, as it stood between two slashes of the request target.
    pub fn parse(segment: &str) -> Result<Self, AssistantError> {
        let decoded = decode_once(segment)?;
        match decoded.split_once(':') {
            Some((vendor, id)) => {
                check_vendor(vendor)?;
                check_id(id)?;
                Ok(Self::VendorId { vendor: vendor.to_owned(), id: id.to_owned() })
            }
            None => {
                check_id(&decoded)?;
                let kind = if is_name(&decoded) { Self::Name } else { Self::Id };
                Ok(kind(decoded.into_owned()))
            }
        }
    }
}

fn decode_once(segment: &str) -> Result<Cow<'_, str>, AssistantError> {
    if segment.len() > MAX_ENCODED {
        return Err(AssistantError::TooLong);
    }
    // Nothing of what follows can be in it.
    if segment.bytes().all(|byte| is_id_byte(byte) || byte == b':') {
        return Ok(Cow::Borrowed(segment));
    }
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        let hex = |digit: Option<u8>| digit.is_some_and(|digit| digit.is_ascii_hexdigit());
        if byte == b'%' && !(hex(bytes.next()) && hex(bytes.next())) {
            return Err(AssistantError::BadEncoding);
        }
    }
    let decoded = percent_decode_str(segment).decode_utf8().map_err(|_| AssistantError::NotUtf8)?;
    if decoded.contains(['/', '\\']) {
        return Err(AssistantError::Slash);
    }
    if decoded.contains(char::is_control) {
        return Err(AssistantError::Control);
    }
    Ok(decoded)
}

fn check_vendor(vendor: &str) -> Result<(), AssistantError> {
    let rest = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-');
    if vendor.len() > MAX_VENDOR {
        Err(AssistantError::TooLong)
    } else if vendor.starts_with(|c: char| c.is_ascii_lowercase()) && vendor.bytes().all(rest) {
        Ok(())
    } else {
        Err(AssistantError::BadVendor)
    }
}

fn check_id(id: &str) -> Result<(), AssistantError> {
    match id {
        "" => Err(AssistantError::Empty),
        "." | ".." => Err(AssistantError::DotSegment),
        _ if id.len() > MAX_NAME => Err(AssistantError::TooLong),
        _ if !id.bytes().all(is_id_byte) => Err(AssistantError::BadCharacter),
        _ => Ok(()),
    }
}

fn is_id_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')
}

fn is_name(id: &str) -> bool {
    id.starts_with(|c: char| c.is_ascii_lowercase()) && !id.bytes().any(|b| b.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn vendor_id(vendor: &str, id: &str) -> Result<Assistant, AssistantError> {
        Ok(Assistant::VendorId { vendor: vendor.to_owned(), id: id.to_owned() })
    }

    #[test]
    fn names_vendor_ids_and_bare_ids_are_told_apart() {
        assert_eq!(Assistant::parse("sales-bot"), Ok(Assistant::Name("sales-bot".to_owned())));
        assert_eq!(Assistant::parse("a"), Ok(Assistant::Name("a".to_owned())));
        assert_eq!(Assistant::parse("789"), Ok(Assistant::Id("789".to_owned())));
        assert_eq!(Assistant::parse("aB"), Ok(Assistant::Id("aB".to_owned())));
        assert_eq!(Assistant::parse("-x"), Ok(Assistant::Id("-x".to_owned())));
        assert_eq!(Assistant::parse("acme:789"), vendor_id("acme", "789"));
        assert_eq!(Assistant::parse("acme%3A789"), vendor_id("acme", "789"));
        assert_eq!(Assistant::parse("%73ales"), Ok(Assistant::Name("sales".to_owned())));
        assert_eq!(Assistant::parse(&"a".repeat(128)), Ok(Assistant::Name("a".repeat(128))));
    }

    #[test]
    fn nothing_else_gets_through() {
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
            ("a/b", E::Slash),
            ("a%2fb", E::Slash),
            ("..%2f..", E::Slash),
            ("a%5Cb", E::Slash),
            ("a%00", E::Control),
            ("a%0d%0aX", E::Control),
            ("a%7f", E::Control),
            ("a%C2%85", E::Control),
            ("%ff", E::NotUtf8),
            ("%c0%af", E::NotUtf8),
            ("%", E::BadEncoding),
            ("a%2", E::BadEncoding),
            ("%zz", E::BadEncoding),
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
            let passed = match Assistant::parse(&segment) {
                Ok(Assistant::Name(id) | Assistant::Id(id)) => id,
                Ok(Assistant::VendorId { vendor, id }) => {
                    prop_assert!(check_vendor(&vendor).is_ok());
                    id
                }
                Err(_) => return Ok(()),
            };
            prop_assert!((1..=128).contains(&passed.len()) && passed.bytes().all(is_id_byte));
            prop_assert!(passed != "." && passed != "..");
        }

        #[test]
        fn encoding_a_valid_segment_changes_nothing(id in "[A-Za-z0-9_-]{1,60}") {
            let encoded: String = id.bytes().map(|b| format!("%{b:02X}")).collect();
            prop_assert_eq!(Assistant::parse(&encoded), Assistant::parse(&id));
        }
    }
}
