//! The account's list of assistants: read page by page, with one short-lived copy for all readers.
//!
//! - A page that is being fetched is fetched once for all readers that wait for it ([`copy`]).
//! - A finished write of this gateway makes the copy old at once; time does so after `list_ttl`.
//! - The page that last held an assistant is asked first.
//! - A page that is longer than is read is asked for again with half as many assistants on it ([`Walk`]).
//! - Where a page is found only by what the page before says of it (a cursor, a time), that is remembered for a while, so that
//!   a list goes on at a page without the pages before it.

mod copy;
mod fetch;
mod single;
#[cfg(test)]
mod tests;
mod walk;

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use vendors::{Dialect, InvalidPage, ListPage, list_of_documents};

use super::Token;
use super::drift::DriftWatch;
use crate::upstream::{Failure, Stack, VendorResponse};

pub use copy::AssistantPages;
pub use single::read_single;
pub use walk::Walk;

/// What reads pages: the account's stack, and the headers of its requests.
#[derive(Clone)]
pub struct ListReader {
    /// The dialect, which knows the list.
    pub dialect: &'static Dialect,
    /// The account's stack.
    pub stack: Arc<Stack>,
    /// The headers of the requests.
    pub headers: HeaderMap,
    /// Compares responses with their documentation.
    pub drift: Arc<DriftWatch>,
    /// The account's token, which no log may contain.
    pub token: Token,
}

/// Which page is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Asked {
    /// Its number, counted from 1.
    number: usize,
    /// How many assistants it has at most.
    per_page: usize,
    /// What the page before said of it, if its number is not enough. The first page needs none.
    at: Option<Box<str>>,
}

/// One page as it came, its elements as documents.
#[derive(Debug)]
pub struct Page {
    /// Its number, counted from 1.
    pub number: usize,
    /// How many assistants it has at most.
    pub per_page: usize,
    /// What it was asked for with, if its number is not enough.
    at: Option<Box<str>>,
    /// The same of the next page.
    next: Option<Box<str>>,
    body: Bytes,
    /// Whether another page follows.
    has_more: bool,
    /// How many assistants the vendor says it has.
    total: Option<usize>,
    /// Its first and its last assistant.
    ends: Option<[Box<str>; 2]>,
}

impl Page {
    /// A page from the vendor's response, and the ids of its assistants.
    fn of(dialect: &Dialect, asked: &Asked, body: Bytes) -> Result<(Self, Vec<Box<str>>), InvalidPage> {
        let made = match list_of_documents(dialect, &body)? {
            Cow::Borrowed(_) => None,
            Cow::Owned(made) => Some(made.into()),
        };
        let body = made.unwrap_or(body);
        let &Asked { number, per_page, ref at } = asked;
        let ListPage { assistants, has_more, total, next } = ListPage::read(dialect, &body, number, per_page)?;
        let ids: Vec<Box<str>> = assistants.into_iter().map(|listed| listed.id.into()).collect();
        let ends = ids.first().cloned().zip(ids.last().cloned()).map(<[_; 2]>::from);
        let (at, next) = (at.clone(), next.map(String::into_boxed_str));
        Ok((Self { number, per_page, at, next, body, has_more, total, ends }, ids))
    }

    /// What it was asked for with.
    fn asked(&self) -> Asked {
        Asked { number: self.number, per_page: self.per_page, at: self.at.clone() }
    }

    /// Its assistants, and whether there are more pages.
    ///
    /// # Errors
    /// None: it was read once before it was kept.
    pub fn read(&self, dialect: &Dialect) -> Result<ListPage<'_>, InvalidPage> {
        ListPage::read(dialect, &self.body, self.number, self.per_page)
    }
}

/// Why the list cannot be read. Displayed for logs, so without the vendor's words.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ListFailure {
    /// The vendor did not respond.
    #[error("{0}")]
    Unanswered(Failure),
    /// The vendor responded with an error.
    #[error("the vendor answered {}", .0.status.as_u16())]
    Refused(VendorResponse),
    /// The vendor's response is no page of the list.
    #[error("not a page of the list of assistants: {what}")]
    Malformed {
        /// What is wrong with it.
        what: String,
        /// The attempts that it took.
        attempts: u32,
    },
    /// A page is the one before it once more: the vendor does not page. Or its cursor is that of a page before.
    #[error("page {0} of the list of assistants is the page before it, or leads back to one before")]
    Repeated(usize),
    /// The list has more pages than are read.
    #[error("the list of assistants has more than {0} pages")]
    Endless(usize),
    /// The vendor documents no such list.
    #[error("the vendor documents no list of assistants")]
    Undocumented,
    /// The reader's deadline passed while the page was being fetched.
    #[error("the deadline passed while the list of assistants was being read")]
    Late,
}
