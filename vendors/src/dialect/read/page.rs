//! One page of the vendor's list of assistants.

use std::borrow::Cow;
use std::fmt;

use crate::dialect::Dialect;
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
}

/// An assistant as the vendor lists it.
#[derive(Debug, Clone)]
pub struct ListedAssistant<'a> {
    /// Its id as text.
    pub id: Cow<'a, str>,
    /// The whole entry.
    pub entry: Value<'a>,
}

/// Why a response is not the page that was asked for. A list is never shortened silently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvalidPage {
    /// Not JSON.
    Json(JsonError),
    /// JSON, but neither an array nor an object with an array `data`.
    NotAList,
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
}

impl fmt::Display for InvalidPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => write!(f, "the list of assistants is not JSON: {error}"),
            Self::NotAList => {
                f.write_str("the list of assistants is neither an array nor an object with an array `data`")
            }
            Self::NoId(number) => write!(f, "entry {number} of the list of assistants has no id"),
            Self::OtherPage { asked, got } => {
                write!(f, "page {asked} of the list of assistants was asked for, and page {got} came")
            }
            Self::Empty(number) => {
                write!(f, "page {number} of the list of assistants is empty, and the vendor says that it is not")
            }
        }
    }
}

impl std::error::Error for InvalidPage {}

impl<'a> ListPage<'a> {
    /// Reads page `number`, counted from 1, of a list with `per_page` assistants on a page: the paginator of the vendors'
    /// framework, or a bare array, which is the whole list.
    ///
    /// # Errors
    /// The body is not this page.
    pub fn read(dialect: &Dialect, body: &'a [u8], number: usize, per_page: usize) -> Result<Self, InvalidPage> {
        let whole = read_value(body, Limits::VENDOR).map_err(InvalidPage::Json)?;
        let is_page = whole.kind() == Kind::Object;
        let list = if is_page { whole.get("data") } else { Some(whole) };
        let list = list.filter(|list| list.kind() == Kind::Array).ok_or(InvalidPage::NotAList)?;
        let count = |key: &str| whole.get(key).and_then(whole_number);
        if let Some(got) = count("current_page").filter(|&got| is_page && got != number) {
            return Err(InvalidPage::OtherPage { asked: number, got });
        }
        let (mut assistants, mut entries) = (Vec::new(), 0);
        for entry in list.elements() {
            entries += 1;
            let id = entry.get(dialect.listed.id).and_then(id_text).ok_or(InvalidPage::NoId(entries))?;
            let deleted = dialect.listed.deleted_at.and_then(|key| entry.get(key));
            if deleted.is_none_or(Value::is_null) {
                assistants.push(ListedAssistant { id, entry });
            }
        }
        let (last, total, own_size) = (count("last_page"), count("total"), count("per_page"));
        // Only whether there is a next page: its address is never followed.
        let next = whole.get("next_page_url").map(|url| !url.is_null());
        // Without `per_page` the vendor may put fewer on a page than were asked for.
        let size = own_size.unwrap_or(per_page.min(entries)).max(1);
        let has_more = match (last, total) {
            _ if !is_page => false,
            (Some(last), _) => number < last,
            (None, Some(_)) if entries == 0 && own_size.is_none() && number > 1 => false,
            (None, Some(total)) => (number - 1).saturating_mul(size).saturating_add(entries) < total,
            // A list without pages may be longer than a page.
            (None, None) => next.unwrap_or(entries == own_size.unwrap_or(per_page)),
        };
        if entries == 0 && has_more {
            return Err(InvalidPage::Empty(number));
        }
        Ok(Self { assistants, has_more, total })
    }
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
