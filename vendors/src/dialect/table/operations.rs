//! What a vendor's API offers: each operation as data. Nothing outside the tables knows a method or a path.

use crate::canonical::Field;
use crate::catalog::CatalogKind;

use super::listing::Listing;
use super::merging::Merging;
use super::row::Row;

/// An operation of a vendor's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Updates an assistant.
    Update,
    /// Creates an assistant.
    Create,
    /// Deletes an assistant.
    Delete,
    /// Lists the assistants.
    List,
    /// Lists the entries of a catalog.
    Catalog(CatalogKind),
}

impl Operation {
    /// The name in logs and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Update => "update",
            Self::Create => "create",
            Self::Delete => "delete",
            Self::List => "list",
            Self::Catalog(kind) => kind.as_str(),
        }
    }
}

/// The operations of one vendor. One that is `None` is not documented.
#[derive(Debug, Clone, Copy)]
pub struct Operations {
    /// Updates an assistant: what is absent stays as it is.
    pub update: Call,
    /// How several updates become one request.
    pub merging: Option<Merging>,
    /// Creates an assistant.
    pub create: Option<Creation>,
    /// Deletes an assistant.
    pub delete: Option<Call>,
    /// Lists the assistants. Where no operation reads a single one, it is searched in the list.
    pub list: Option<Listing>,
}

/// The request of an operation.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// The HTTP method.
    pub method: &'static str,
    /// The path below the base URL; `{id}` stands for the assistant's id.
    pub path: &'static str,
    /// Where `{id}` stands in the path; its end if it does not.
    id_at: usize,
    /// Whether the vendor is in the same state after it got the request twice.
    pub repeatable: bool,
}

impl Call {
    /// A request that may be sent again after its response was lost.
    pub const fn repeatable(method: &'static str, path: &'static str) -> Self {
        Self { method, path, id_at: id_at(path), repeatable: true }
    }

    /// A request that is never sent again once it may have arrived.
    pub const fn once(method: &'static str, path: &'static str) -> Self {
        Self { method, path, id_at: id_at(path), repeatable: false }
    }

    /// The path with a value for each `{name}` in it, each escaped as one segment. A parameter of the query without a value is
    /// left out; `None` if one of the path has none.
    pub fn path_with(&self, value: &dyn Fn(&str) -> Option<String>) -> Option<String> {
        let (path, query) = self.path.split_once('?').unwrap_or((self.path, ""));
        let mut out = filled(path, value)?;
        let parameters = query.split('&').filter(|part| !part.is_empty()).filter_map(|part| filled(part, value));
        for (index, parameter) in parameters.enumerate() {
            out.push(if index == 0 { '?' } else { '&' });
            out.push_str(&parameter);
        }
        Some(out)
    }

    /// The path for one assistant.
    pub fn path_of(&self, id: &str) -> String {
        match (self.path.get(..self.id_at), self.path.get(self.id_at + ID.len()..)) {
            (Some(before), Some(after)) => [before, id, after].concat(),
            _ => self.path.to_owned(),
        }
    }
}

/// A template with the value of each `{name}` in it, escaped; `None` if one has none.
fn filled(template: &str, value: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let (mut out, mut rest) = (String::with_capacity(template.len() + 32), template);
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        out.push_str(before);
        push_escaped(&mut out, &value(name)?);
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

/// Adds a text as one segment of a path, or one value of a query (RFC 3986, unreserved characters).
pub(super) fn push_escaped(out: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => {
                const HEX: &[u8; 16] = b"0123456789ABCDEF";
                let digit = |index: u8| HEX.get(usize::from(index)).copied().map_or('0', char::from);
                out.extend(['%', digit(byte >> 4), digit(byte & 15)]);
            }
        }
    }
}

/// What stands for an assistant's id in a path.
const ID: &str = "{id}";

/// Where [`ID`] stands in a path; its end if it does not.
const fn id_at(path: &str) -> usize {
    let (bytes, mut at) = (path.as_bytes(), 0);
    while at < bytes.len() && bytes[at] != b'{' {
        at += 1;
    }
    at
}

/// How an assistant is created. What is not said here is as in an update.
#[derive(Debug, Clone, Copy)]
pub struct Creation {
    /// The request.
    pub call: Call,
    /// What a new assistant needs.
    pub required: &'static [Requirement],
    /// The fields for which `null` is documented. For all others it means that the field is absent.
    pub nullable: &'static [Field],
    /// The rows that differ from those of an update.
    pub rows: &'static [(Field, Row)],
    /// What holds for every new assistant: warnings of each creation.
    pub remarks: &'static [Remark],
}

impl Creation {
    /// The row of a field, if it differs from that of an update.
    pub(crate) fn row(&self, field: Field) -> Option<&'static Row> {
        self.rows.iter().find(|(known, _)| *known == field).map(|(_, row)| row)
    }
}

/// A field that a new assistant needs. The field's twin satisfies it, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// Always.
    Always(Field),
    /// If `mode` has one of these values.
    InModes(Field, &'static [&'static str]),
    /// If another field is `true`.
    With(Field, Field),
}

/// A vendor's standing remark about new assistants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remark {
    /// The member of the response that it is about.
    pub member: &'static str,
    /// The member's value that it holds for.
    pub value: &'static str,
    /// Its code.
    pub code: &'static str,
    /// The remark, as a sentence.
    pub detail: &'static str,
}

/// The members of a listed assistant that are no fields. In a nested dialect a name is a path with dots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// The id.
    pub id: &'static str,
    /// Whether the assistant is active.
    pub status: Option<&'static str>,
    /// Pairs of the vendor's value of the status and the one for callers, as JSON.
    pub statuses: &'static [(&'static str, &'static str)],
    /// When it was created.
    pub created_at: Option<&'static str>,
    /// When it was last changed.
    pub updated_at: Option<&'static str>,
    /// When it was deleted; unless this is `null`, it is gone.
    pub deleted_at: Option<&'static str>,
    /// What changes without a change of the assistant.
    pub volatile: &'static [&'static str],
}

/// What a vendor's ids of assistants look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdRule {
    /// Digits without a leading zero, at most as many. The vendor's JSON has them as integers.
    Digits {
        /// The most digits.
        max: usize,
    },
    /// A UUID in lower case with hyphens. The vendor's JSON has them as strings.
    Uuid,
    /// Letters, digits, `_` and `-`, at most as many. The vendor's JSON has them as strings.
    Token {
        /// The most characters.
        max: usize,
    },
}

impl IdRule {
    /// Whether a text can be an id. Each id has one spelling, and so one queue for the updates of its assistant.
    pub fn admits(self, text: &str) -> bool {
        match self {
            Self::Digits { max } => {
                (1..=max).contains(&text.len())
                    && !text.starts_with('0')
                    && text.bytes().all(|byte| byte.is_ascii_digit())
            }
            Self::Uuid => {
                let is_hyphen = |index: usize| matches!(index, 8 | 13 | 18 | 23);
                let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
                let fits = |(index, byte)| if is_hyphen(index) { byte == b'-' } else { is_hex(byte) };
                text.len() == 36 && text.bytes().enumerate().all(fits)
            }
            Self::Token { max } => (1..=max).contains(&text.len()) && text.bytes().all(|byte| self.can_hold(byte)),
        }
    }

    /// Whether an id can hold this byte, so that a pattern with another one matches none.
    pub const fn can_hold(self, byte: u8) -> bool {
        match self {
            Self::Digits { .. } => byte.is_ascii_digit(),
            Self::Uuid => matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-'),
            Self::Token { .. } => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
        }
    }

    /// The same rule as a regular expression, for schemas.
    pub fn pattern(self) -> String {
        match self {
            Self::Digits { max } => format!("^[1-9][0-9]{{0,{}}}$", max.saturating_sub(1)),
            Self::Uuid => "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$".to_owned(),
            Self::Token { max } => format!("^[A-Za-z0-9_-]{{1,{max}}}$"),
        }
    }

    /// What ids look like, to complete the sentence "ids are … there".
    pub const fn described(self) -> &'static str {
        match self {
            Self::Digits { .. } => "digits, without a leading zero",
            Self::Uuid => "UUIDs in lower case",
            Self::Token { .. } => "letters, digits, `_` and `-`",
        }
    }

    /// The id that a text most likely means, if it is none itself and only its spelling is wrong.
    pub fn meant(self, text: &str) -> Option<String> {
        let text = text.trim();
        let form = match self {
            Self::Digits { .. } => text.trim_start_matches('0').to_owned(),
            Self::Uuid => {
                let inner = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(text);
                inner.to_ascii_lowercase()
            }
            Self::Token { .. } => text.to_owned(),
        };
        self.admits(&form).then_some(form)
    }

    /// Whether the vendor's JSON has ids as strings, those of its catalogs included.
    pub const fn is_text(self) -> bool {
        !matches!(self, Self::Digits { .. })
    }

    /// An id that no assistant has, for examples.
    pub const fn example(self) -> &'static str {
        match self {
            Self::Digits { .. } | Self::Token { .. } => "789",
            Self::Uuid => "00000000-0000-4000-8000-000000000789",
        }
    }

    /// An admitted id as the vendor's JSON has it.
    pub fn json(self, id: &str) -> String {
        match self {
            Self::Digits { .. } => id.to_owned(),
            Self::Uuid | Self::Token { .. } => format!("\"{id}\""),
        }
    }
}

/// How requests prove that they are the account's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// `Authorization: Bearer <token>`.
    Bearer,
    /// A header of its own with the token alone.
    Header(&'static str),
}

impl Auth {
    /// The header, in the spelling of the documentation.
    pub const fn header(self) -> &'static str {
        match self {
            Self::Bearer => "Authorization",
            Self::Header(name) => name,
        }
    }

    /// What stands before the token.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer ",
            Self::Header(_) => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_digits_without_a_leading_zero() {
        let ids = IdRule::Digits { max: 20 };
        for good in ["1", "789", "18446744073709551616", "99999999999999999999"] {
            assert!(ids.admits(good), "{good}");
        }
        for bad in ["", "0", "0789", "-1", "+1", "1.0", "1e2", " 1", "1 ", "٣", "a", "1/2", "999999999999999999999"] {
            assert!(!ids.admits(bad), "{bad}");
        }
        assert!((0..=u8::MAX).all(|byte| ids.can_hold(byte) == ids.admits(&format!("1{}", char::from(byte)))));
        assert_eq!(ids.pattern(), "^[1-9][0-9]{0,19}$");
    }

    #[test]
    fn an_id_has_one_spelling_and_another_one_is_told_it() {
        let (uuid, token) = (IdRule::Uuid, IdRule::Token { max: 8 });
        let id = "1a2b3c4d-0000-4000-8000-00000000000f";
        assert!(uuid.admits(id) && !uuid.admits(&id.to_uppercase()) && !uuid.admits(&id.replace('-', "")));
        assert!(!uuid.admits(&format!("{{{id}}}")) && !uuid.admits(&id[1..]) && !uuid.admits(&id.replace('a', "g")));
        for other in [id.to_uppercase(), format!(" {id} "), format!("{{{}}}", id.to_uppercase())] {
            assert_eq!(uuid.meant(&other).as_deref(), Some(id), "{other}");
        }
        assert_eq!(uuid.meant("x"), None);
        assert!(token.admits("aB_-09") && !token.admits("") && !token.admits("123456789") && !token.admits("a.b"));
        assert!(!token.admits("a/b") && !token.admits("ä") && !token.admits("a b"));
        assert_eq!(token.meant(" aB ").as_deref(), Some("aB"));
        assert_eq!(IdRule::Digits { max: 20 }.meant("007").as_deref(), Some("7"));
        assert_eq!(IdRule::Digits { max: 20 }.meant("0"), None);
    }

    #[test]
    fn a_path_has_the_id_where_its_template_has_it() {
        assert_eq!(Call::repeatable("PUT", "/a/{id}").path_of("7"), "/a/7");
        assert_eq!(Call::once("POST", "/a/{id}/b").path_of("7"), "/a/7/b");
        assert_eq!(Call::once("POST", "/a").path_of("7"), "/a");
    }
}
