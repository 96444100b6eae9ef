//! One page of the vendor's list of assistants.

use std::borrow::Cow;
use std::fmt;

use super::cursor::cursor;
use super::document::member;
use crate::dialect::{Dialect, Listing, Paging};
use crate::json::{JsonError, Kind, Limits, Value, decode, read_value};

/// A page: its assistants, and whether there are more.
#[derive(Debug)]
pub struct ListPage<'a> {
    /// The assistants in the vendor's order, without those that are deleted.
    pub assistants: Vec<ListedAssistant<'a>>,
    /// Whether another page follows.
    pub has_more: bool,
    /// How many assistants the vendor says that the list has.
    pub total: Option<usize>,
    /// What the next page is asked for with, if its number is not enough.
    pub next: Option<String>,
}

/// An assistant as the vendor lists it.
#[derive(Debug, Clone)]
pub struct ListedAssistant<'a> {
    /// Its id as text.
    pub id: Cow<'a, str>,
    /// The whole entry.
    pub entry: Value<'a>,
}

impl<'a> ListedAssistant<'a> {
    /// The assistant of a nested dialect, from its document.
    ///
    /// # Errors
    /// It is not JSON, or has no id.
    pub fn document(dialect: &Dialect, document: &'a [u8]) -> Result<Self, InvalidPage> {
        let entry = read_value(document, Limits::VENDOR).map_err(InvalidPage::Json)?;
        let id = member(entry, dialect.listed.id).and_then(id_text).ok_or(InvalidPage::NoId(1))?;
        Ok(Self { id, entry })
    }
}

/// Why a response is not the page that was asked for. A list is never shortened silently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvalidPage {
    /// Not JSON.
    Json(JsonError),
    /// JSON, but not the documented list.
    NotAList {
        /// The member that holds it; empty if the response is the list itself.
        member: &'static str,
        /// Whether a bare array would do as well.
        or_bare: bool,
    },
    /// An entry, counted from 1, is no object with an id.
    NoId(usize),
    /// The vendor says that it is another page.
    OtherPage {
        /// The page that was asked for.
        asked: usize,
        /// The page that came.
        got: usize,
    },
    /// It is empty, and by what the vendor says of the list it is not.
    Empty(usize),
    /// More pages follow, and the vendor does not say where.
    NoCursor(usize),
    /// An assistant, counted from 1, has no time, or a later one than the assistant before it.
    Unordered {
        /// The assistant.
        entry: usize,
        /// The member that is its time.
        member: &'static str,
    },
    /// All assistants of a page have the same time, so that the next page has no beginning.
    SameTime {
        /// The page.
        page: usize,
        /// The member that is their time.
        member: &'static str,
    },
}

impl fmt::Display for InvalidPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => write!(f, "the list of assistants is not JSON: {error}"),
            Self::NotAList { member: "", .. } => f.write_str("the list of assistants is no array"),
            Self::NotAList { member, or_bare: true } => {
                write!(f, "the list of assistants is neither an array nor an object with an array `{member}`")
            }
            Self::NotAList { member, or_bare: false } => {
                write!(f, "the list of assistants is no object with an array `{member}`")
            }
            Self::NoId(number) => write!(f, "entry {number} of the list of assistants has no id"),
            Self::OtherPage { asked, got } => {
                write!(f, "page {asked} of the list of assistants was asked for, and page {got} came")
            }
            Self::Empty(number) => {
                write!(f, "page {number} of the list of assistants is empty, and the vendor says that it is not")
            }
            Self::NoCursor(number) => {
                write!(f, "more follows page {number} of the list of assistants, and the vendor does not say where")
            }
            Self::Unordered { entry, member } => {
                write!(
                    f,
                    "entry {entry} of the list of assistants has no `{member}`, or a later one than the entry before it"
                )
            }
            Self::SameTime { page, member } => {
                write!(
                    f,
                    "all assistants on page {page} have the same `{member}`, so that the next page has no beginning"
                )
            }
        }
    }
}

impl std::error::Error for InvalidPage {}

impl<'a> ListPage<'a> {
    /// Reads page `number`, counted from 1, of a list with `per_page` assistants on a page, as the dialect says. Elements that
    /// are only a part of a document must have been made documents ([`list_of_documents`](super::list_of_documents)).
    ///
    /// # Errors
    /// The body is not this page.
    pub fn read(dialect: &Dialect, body: &'a [u8], number: usize, per_page: usize) -> Result<Self, InvalidPage> {
        let whole = read_value(body, Limits::VENDOR).map_err(InvalidPage::Json)?;
        let listing = dialect.operations.list.ok_or(InvalidPage::NotAList { member: "", or_bare: false })?;
        // A page may be long, so it is walked once for all of its members.
        let [items, current_page, last_page, total, own_size, next] =
            whole.get_each([listing.items, "current_page", "last_page", "total", "per_page", "next_page_url"]);
        let list = list_of(&listing, whole, items)?;
        let is_nested = dialect.plan.is_some();
        let (mut assistants, mut entries) = (Vec::new(), 0);
        for entry in list.elements() {
            entries += 1;
            let names = [dialect.listed.id, dialect.listed.deleted_at.unwrap_or_default()];
            let [id, deleted_at] = match is_nested {
                true => names.map(|name| member(entry, name)),
                false => entry.get_each(names),
            };
            let id = id.and_then(id_text).ok_or(InvalidPage::NoId(entries))?;
            if dialect.listed.deleted_at.and(deleted_at).is_none_or(Value::is_null) {
                assistants.push(ListedAssistant { id, entry });
            }
        }
        match listing.paging {
            Paging::Numbered { .. } => {
                let page = Paginator { current_page, last_page, total, own_size, next };
                let (has_more, total) = match whole.kind() {
                    Kind::Object => page.what_follows(number, per_page, entries)?,
                    _ => (false, None), // a bare array is the whole list
                };
                Ok(Self { assistants, has_more, total, next: None })
            }
            Paging::Cursor { next, has_more, .. } => {
                let next = cursor(whole, next, has_more).map_err(|_| InvalidPage::NoCursor(number))?;
                Ok(Self { assistants, has_more: next.is_some(), total: None, next })
            }
            Paging::Window { member, .. } => {
                let next = window(&mut assistants, list, member, number, per_page)?;
                Ok(Self { assistants, has_more: next.is_some(), total: None, next })
            }
        }
    }
}

/// The array of a page.
pub(super) fn list_in<'a>(listing: &Listing, whole: Value<'a>) -> Result<Value<'a>, InvalidPage> {
    list_of(listing, whole, whole.get(listing.items))
}

/// The same where the member of that name has been found.
fn list_of<'a>(listing: &Listing, whole: Value<'a>, items: Option<Value<'a>>) -> Result<Value<'a>, InvalidPage> {
    let or_bare = listing.paging.is_numbered();
    let list = match whole.kind() {
        Kind::Object => items,
        _ => (or_bare || listing.items.is_empty()).then_some(whole),
    };
    let not_a_list = InvalidPage::NotAList { member: listing.items, or_bare };
    list.filter(|list| list.kind() == Kind::Array).ok_or(not_a_list)
}

/// What the paginator of the vendors' framework says of a page.
struct Paginator<'a> {
    current_page: Option<Value<'a>>,
    last_page: Option<Value<'a>>,
    total: Option<Value<'a>>,
    own_size: Option<Value<'a>>,
    next: Option<Value<'a>>,
}

impl Paginator<'_> {
    /// Whether another page follows, and how long the list is.
    fn what_follows(
        &self,
        number: usize,
        per_page: usize,
        entries: usize,
    ) -> Result<(bool, Option<usize>), InvalidPage> {
        if let Some(got) = self.current_page.and_then(whole_number).filter(|&got| got != number) {
            return Err(InvalidPage::OtherPage { asked: number, got });
        }
        let count = |value: Option<Value<'_>>| value.and_then(whole_number);
        let (last, total, own_size) = (count(self.last_page), count(self.total), count(self.own_size));
        // Only whether there is a next page: its address is never followed.
        let next = self.next.map(|url| !url.is_null());
        // Without `per_page` the vendor may put fewer on a page than were asked for.
        let size = own_size.unwrap_or(per_page.min(entries)).max(1);
        let has_more = match (last, total) {
            (Some(last), _) => number < last,
            (None, Some(_)) if entries == 0 && own_size.is_none() && number > 1 => false,
            (None, Some(total)) => (number - 1).saturating_mul(size).saturating_add(entries) < total,
            // A list without pages may be longer than a page.
            (None, None) => next.unwrap_or(entries == own_size.unwrap_or(per_page)),
        };
        if entries == 0 && has_more {
            return Err(InvalidPage::Empty(number));
        }
        Ok((has_more, total))
    }
}

/// The time that the next page begins before. A page that is full may end within assistants of the same time: they are left
/// to the next page, which begins with them, so that none is lost.
fn window<'a>(
    assistants: &mut Vec<ListedAssistant<'a>>,
    list: Value<'a>,
    name: &'static str,
    page: usize,
    per_page: usize,
) -> Result<Option<String>, InvalidPage> {
    if list.elements().count() < per_page {
        return Ok(None);
    }
    let mut times: Vec<Cow<'a, str>> = Vec::new();
    for (index, entry) in list.elements().enumerate() {
        let time =
            member(entry, name).and_then(Value::as_str).filter(|time| times.last().is_none_or(|last| time <= last));
        times.push(time.ok_or(InvalidPage::Unordered { entry: index + 1, member: name })?);
    }
    let Some(last) = times.last() else { return Ok(None) };
    let before = times.iter().rev().find(|time| *time != last);
    let before = before.ok_or(InvalidPage::SameTime { page, member: name })?;
    let is_left =
        |listed: &ListedAssistant<'a>| member(listed.entry, name).and_then(Value::as_str).as_ref() == Some(last);
    assistants.retain(|listed| !is_left(listed));
    Ok(Some(before.clone().into_owned()))
}

/// An id is a number or a string that is not empty.
fn id_text(id: Value<'_>) -> Option<Cow<'_, str>> {
    match id.kind() {
        Kind::Number => Some(Cow::Borrowed(id.text())),
        Kind::String => id.as_str().map(trimmed).filter(|text| !text.is_empty()),
        _ => None,
    }
}

fn trimmed(text: Cow<'_, str>) -> Cow<'_, str> {
    match text.trim().len() == text.len() {
        true => text,
        false => Cow::Owned(text.trim().to_owned()),
    }
}

fn whole_number(value: Value<'_>) -> Option<usize> {
    match value.as_integer() {
        Some(digits) => digits.parse().ok(),
        None => decode(value.text().strip_prefix('"')?.strip_suffix('"')?).trim().parse().ok(),
    }
}
