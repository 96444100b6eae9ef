//! Which names operators may choose for the things they configure.

/// The rule for the keys of a table whose keys are free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameRule {
    /// A vendor account. It is the first part of `vendor:id`, where paths allow no dots.
    Vendor,
    /// A client; shown in logs and matched by rules.
    Client,
    /// An assistant, as it appears in the path.
    Assistant,
    /// A vendor's id in a catalog: a number as JSON writes it, since it goes to the vendor as one. At vendors whose ids are
    /// texts it is [`CatalogText`](Self::CatalogText).
    CatalogId,
    /// The same at a vendor whose ids are texts.
    CatalogText,
    /// A canonical field.
    Field,
    /// A header of HTTP.
    Header,
    /// An attribute of a resource, as OpenTelemetry names them.
    Attribute,
}

impl NameRule {
    /// Whether the name may be chosen; canonical fields are checked against their list instead.
    pub(crate) fn allows(self, name: &str) -> bool {
        match self {
            Self::Vendor => is_name(name, 64) && !name.contains('.'),
            Self::Client => is_name(name, 64),
            Self::Assistant | Self::Attribute => is_name(name, 128),
            Self::Header => is_header(name),
            Self::CatalogId => name == "0" || is_number(name),
            Self::CatalogText => {
                (1..=256).contains(&name.len()) && name == name.trim() && !name.contains(char::is_control)
            }
            Self::Field => true,
        }
    }

    /// The rule as a pattern, also for the JSON Schema.
    pub(crate) fn pattern(self) -> &'static str {
        match self {
            Self::Vendor => "^[a-z][a-z0-9_-]{0,63}$",
            Self::Client => "^[a-z][a-z0-9._-]{0,63}$",
            Self::Assistant | Self::Attribute => "^[a-z][a-z0-9._-]{0,127}$",
            Self::Header => "^[A-Za-z][A-Za-z0-9-]{0,63}$",
            // The schema cannot tell which vendor's it is.
            Self::CatalogId | Self::CatalogText => r"^\S(.{0,254}\S)?$",
            Self::Field => "^[a-z][a-z0-9_]*$",
        }
    }

    /// The rule in words, as a whole sentence without its dot.
    pub(crate) fn words(self) -> String {
        let (characters, most) = match self {
            Self::Vendor => ("lower-case letters, digits, `_` and `-`", 64),
            Self::Client => ("lower-case letters, digits, `.`, `_` and `-`", 64),
            Self::Assistant | Self::Attribute => ("lower-case letters, digits, `.`, `_` and `-`", 128),
            Self::Header => ("letters, digits and `-`", 64),
            Self::CatalogId => return "it is the vendor's number, without zeros before it, such as `12`".to_owned(),
            Self::CatalogText => {
                return "it is the vendor's id as text, without blanks around it, at most 256 bytes".to_owned();
            }
            Self::Field => return "it is the name of a canonical field".to_owned(),
        };
        format!("{} consists of {characters}, a letter first, at most {most} characters", self.noun())
    }

    /// The name that is allowed and most like this one.
    pub(crate) fn allowed_form(self, name: &str) -> Option<String> {
        let form = match self {
            Self::CatalogId => name.trim().trim_start_matches('0').to_owned(),
            Self::CatalogText => name.trim().to_owned(),
            _ => {
                let plain = |character: char| match character {
                    'A'..='Z' if self != Self::Header => character.to_ascii_lowercase(),
                    '.' if self == Self::Vendor => '-',
                    _ if character.is_whitespace() || matches!(character, '/' | ':') => '-',
                    _ => character,
                };
                name.trim().chars().map(plain).collect()
            }
        };
        (form != name && self.allows(&form)).then_some(form)
    }

    /// What the name is, with its article.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::Vendor => "a vendor name",
            Self::Client => "a client name",
            Self::Assistant => "an assistant name",
            Self::CatalogId | Self::CatalogText => "a catalog id",
            Self::Field => "a field",
            Self::Header => "a header",
            Self::Attribute => "an attribute",
        }
    }
}

/// Whether the text is 1 to 20 digits, the first not a zero.
fn is_number(text: &str) -> bool {
    (1..=20).contains(&text.len()) && !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Every dialect that a `[vendors.*]` table may name.
pub(crate) fn dialects() -> impl Iterator<Item = &'static str> {
    vendors::registry::DIALECTS.iter().map(|dialect| dialect.name)
}

/// Every canonical field, for `[vendors.*.fields]`.
pub(crate) fn fields() -> impl Iterator<Item = &'static str> {
    vendors::Field::ALL.iter().map(|field| field.name())
}

/// Whether a client may have this name in the configuration.
pub fn is_client_name(name: &str) -> bool {
    NameRule::Client.allows(name)
}

fn is_name(name: &str, max_length: usize) -> bool {
    name.len() <= max_length
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-'))
}

fn is_header(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use crate::config::validate::name::NameRule;

    #[test]
    fn names_start_with_a_letter_and_stay_short() {
        for (name, good) in [
            ("sales-bot", true),
            ("a", true),
            ("a.b_c-9", true),
            ("9lives", false),
            ("Sales", false),
            ("", false),
            ("a b", false),
            ("a:b", false),
            ("ä", false),
        ] {
            assert_eq!(NameRule::Assistant.allows(name), good, "{name}");
        }
        assert!(NameRule::Assistant.allows(&"a".repeat(128)));
        assert!(!NameRule::Assistant.allows(&"a".repeat(129)));
        assert!(!NameRule::Vendor.allows(&"a".repeat(65)));
        assert!(NameRule::Client.allows("a.b") && !NameRule::Vendor.allows("a.b"));
    }

    #[test]
    fn a_catalogs_ids_are_numbers_as_json_writes_them() {
        let (longest, too_long) = ("1".repeat(20), "1".repeat(21));
        for (text, good) in [
            ("789", true),
            ("7", true),
            (longest.as_str(), true),
            (too_long.as_str(), false),
            ("007", false),
            ("0", true),
            ("10", true),
            ("", false),
            ("7a", false),
            ("-7", false),
        ] {
            assert_eq!(NameRule::CatalogId.allows(text), good, "{text}");
        }
    }

    #[test]
    fn a_catalogs_ids_may_be_texts() {
        let (longest, too_long) = ("é".repeat(128), "é".repeat(129));
        for (text, good) in [
            ("11labs:burt", true),
            ("gpt-4.1-mini", true),
            ("7", true),
            ("en US", true),
            (longest.as_str(), true),
            (too_long.as_str(), false),
            ("", false),
            (" a", false),
            ("a\n", false),
            ("a\u{7}b", false),
        ] {
            assert_eq!(NameRule::CatalogText.allows(text), good, "{text}");
        }
        assert_eq!(NameRule::CatalogText.allowed_form(" burt ").as_deref(), Some("burt"));
    }
}
