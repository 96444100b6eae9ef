//! What a vendor's API offers: each operation as data. Nothing outside the tables knows a method or a path.

use crate::canonical::Field;
use crate::catalog::CatalogKind;

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

    /// The path for one assistant.
    pub fn path_of(&self, id: &str) -> String {
        match (self.path.get(..self.id_at), self.path.get(self.id_at + ID.len()..)) {
            (Some(before), Some(after)) => [before, id, after].concat(),
            _ => self.path.to_owned(),
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

/// How assistants are listed: page by page, counted from 1. A URL in a response is never followed.
#[derive(Debug, Clone, Copy)]
pub struct Listing {
    /// The request.
    pub call: Call,
    /// The query parameter for the number of the page.
    pub page: &'static str,
    /// The query parameter for the number of assistants on a page.
    pub per_page: &'static str,
    /// The most assistants on a page.
    pub max_per_page: usize,
}

impl Listing {
    /// The path of a page.
    pub fn path_of(&self, page: usize, per_page: usize) -> String {
        format!("{}?{}={per_page}&{}={page}", self.call.path, self.per_page, self.page)
    }
}

/// The members of a listed assistant that are no fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// The id.
    pub id: &'static str,
    /// Whether the assistant is active.
    pub status: Option<&'static str>,
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
        }
    }

    /// Whether an id can hold this byte, so that a pattern with another one matches none.
    pub const fn can_hold(self, byte: u8) -> bool {
        match self {
            Self::Digits { .. } => byte.is_ascii_digit(),
        }
    }

    /// The same rule as a regular expression, for schemas.
    pub fn pattern(self) -> String {
        match self {
            Self::Digits { max } => format!("^[1-9][0-9]{{0,{}}}$", max.saturating_sub(1)),
        }
    }

    /// What ids look like, to complete the sentence "ids are … there".
    pub const fn described(self) -> &'static str {
        match self {
            Self::Digits { .. } => "digits, without a leading zero",
        }
    }

    /// An admitted id as the vendor's JSON has it.
    pub fn json(self, id: &str) -> String {
        match self {
            Self::Digits { .. } => id.to_owned(),
        }
    }
}

/// How requests prove that they are the account's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// `Authorization: Bearer <token>`.
    Bearer,
}

impl Auth {
    /// The header, in the spelling of the documentation.
    pub const fn header(self) -> &'static str {
        match self {
            Self::Bearer => "Authorization",
        }
    }

    /// What stands before the token.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer ",
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
    fn a_path_has_the_id_where_its_template_has_it() {
        assert_eq!(Call::repeatable("PUT", "/a/{id}").path_of("7"), "/a/7");
        assert_eq!(Call::once("POST", "/a/{id}/b").path_of("7"), "/a/7/b");
        assert_eq!(Call::once("POST", "/a").path_of("7"), "/a");
        let listing =
            Listing { call: Call::repeatable("GET", "/list"), page: "page", per_page: "per_page", max_per_page: 100 };
        assert_eq!(listing.path_of(2, 50), "/list?per_page=50&page=2");
    }
}
