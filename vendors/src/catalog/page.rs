//! One page of a vendor's catalog: its entries, and whether there are further pages.

use std::borrow::Cow;
use std::fmt;

use crate::dialect::{CatalogSpec, Paging, cursor, member};
use crate::json::{JsonError, Kind, Limits, Value, read_value};

use super::Entry;
use super::entry::kept_members;

/// The entries of one response, and what was said about further pages.
#[derive(Debug, Default)]
pub struct CatalogPage {
    /// The entries.
    pub entries: Vec<Entry>,
    /// How many rows were not understood: without an id, without a name, or of another type.
    pub skipped: usize,
    /// Whether the vendor says that further pages follow.
    pub has_more: bool,
    /// What the next page is asked for with, if its number is not enough.
    pub next: Option<String>,
}

/// Why a response is not a catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CatalogError {
    /// Not JSON.
    Json(JsonError),
    /// JSON, but neither an array nor an object with an array in the documented member.
    NotAList {
        /// The member.
        member: &'static str,
    },
    /// More pages follow, and the vendor does not say where.
    NoCursor(usize),
    /// A full page is not sorted by the time that leads to the next, the latest first, or has one time only.
    Unordered {
        /// The page.
        page: usize,
        /// The member that is the time.
        member: &'static str,
    },
}

impl fmt::Display for CatalogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => write!(f, "the catalog is not JSON: {error}"),
            Self::NotAList { member } => {
                write!(f, "the catalog is neither an array nor an object with an array `{member}`")
            }
            Self::NoCursor(number) => {
                write!(f, "more follows page {number} of the catalog, and the vendor does not say where")
            }
            Self::Unordered { page, member } => {
                write!(
                    f,
                    "page {page} of the catalog is not sorted by `{member}`, the latest first, which leads to the next"
                )
            }
        }
    }
}

impl std::error::Error for CatalogError {}

/// Where paginators say how many pages there are.
const LAST_PAGE: [&[&str]; 9] = [
    &["last_page"],
    &["meta", "last_page"],
    &["meta", "pagination", "total_pages"],
    &["pagination", "total_pages"],
    &["pagination", "last_page"],
    &["meta", "total_pages"],
    &["total_pages"],
    &["totalPages"],
    &["lastPage"],
];

/// Where they only say that there is a next one.
const NEXT_PAGE: [&[&str]; 15] = [
    &["next_page_url"],
    &["next_page"],
    &["nextPage"],
    &["next"],
    &["links", "next"],
    &["meta", "next_page"],
    &["meta", "next_page_url"],
    &["meta", "pagination", "links", "next"],
    &["pagination", "next"],
    &["pagination", "next_page"],
    &["has_more"],
    &["hasMore"],
    &["has_next"],
    &["meta", "has_more"],
    &["pagination", "has_more"],
];

/// Where they say how many entries there are, and how many of them a page holds.
const TOTALS: [[&[&str]; 2]; 3] = [
    [&["total"], &["per_page"]],
    [&["meta", "total"], &["meta", "per_page"]],
    [&["meta", "pagination", "total"], &["meta", "pagination", "per_page"]],
];

impl CatalogPage {
    /// Reads page `number` of a vendor's catalog, counted from 1: a bare array, or an object with the list and what
    /// paginators add. A row that is not understood is skipped.
    ///
    /// # Errors
    /// The body is not such a list.
    pub fn parse(body: &[u8], number: usize, spec: &CatalogSpec) -> Result<Self, CatalogError> {
        let value = read_value(body, Limits::VENDOR).map_err(CatalogError::Json)?;
        let list = if value.kind() == Kind::Object { value.get(spec.list) } else { Some(value) };
        let not_a_list = CatalogError::NotAList { member: spec.list };
        let list = list.filter(|list| list.kind() == Kind::Array).ok_or(not_a_list)?;
        let mut page = Self::default();
        for row in list.elements() {
            match entry(row, spec) {
                Some(entry) => page.entries.push(entry),
                None => page.skipped += 1,
            }
        }
        match spec.paging {
            Paging::Cursor { next, has_more, .. } => {
                page.next = cursor(value, next, has_more).map_err(|_| CatalogError::NoCursor(number))?;
                page.has_more = page.next.is_some();
            }
            Paging::Window { member, .. } => {
                page.next = window(list, member, number)?;
                page.has_more = page.next.is_some();
            }
            Paging::Numbered { .. } => {
                page.has_more = value.kind() == Kind::Object && has_more(value, number);
            }
        }
        Ok(page)
    }
}

/// The time that the next page begins before. A page that is full may end within rows of the same time, so that the next
/// begins with all of these; what came before is known by its id.
fn window(list: Value<'_>, member: &'static str, number: usize) -> Result<Option<String>, CatalogError> {
    if list.elements().count() < CatalogSpec::WINDOW {
        return Ok(None);
    }
    let mut times: Vec<Cow<'_, str>> = Vec::new();
    for row in list.elements() {
        let time = row.get(member).and_then(Value::as_str).filter(|time| times.last().is_none_or(|last| time <= last));
        times.push(time.ok_or(CatalogError::Unordered { page: number, member })?);
    }
    let before = times.iter().rev().find(|time| Some(*time) != times.last());
    before.map(|time| Some(time.clone().into_owned())).ok_or(CatalogError::Unordered { page: number, member })
}

fn has_more(object: Value<'_>, number: usize) -> bool {
    let at = |path: &[&str]| path.iter().try_fold(object, |value, key| value.get(key));
    let count = |path: &[&str]| at(path).and_then(whole_number);
    if let Some(last) = LAST_PAGE.iter().find_map(|path| count(path)) {
        return number < last;
    }
    let totals = TOTALS.iter().find_map(|[total, per_page]| Some((count(total)?, count(per_page).filter(|&n| n > 0)?)));
    if let Some((total, per_page)) = totals {
        return number.saturating_mul(per_page) < total;
    }
    NEXT_PAGE
        .iter()
        .find_map(|path| at(path))
        .is_some_and(|next| !matches!(next.text(), "null" | "false" | "\"\"" | "0"))
}

fn whole_number(value: Value<'_>) -> Option<usize> {
    value.as_integer().map_or_else(|| value.as_str()?.trim().parse().ok(), |text| text.parse().ok())
}

fn entry(row: Value<'_>, spec: &CatalogSpec) -> Option<Entry> {
    let id = row.get(spec.id).filter(|id| match id.kind() {
        Kind::Number => true,
        Kind::String => id.as_str().is_some_and(|text| !text.trim().is_empty()),
        _ => false,
    })?;
    let name = member(row, spec.name)?.as_str().filter(|name| !super::name::folded(name).is_empty())?.into_owned();
    let iso_2 = row.get("iso_2").and_then(Value::as_str).filter(|code| !code.trim().is_empty()).map(Cow::into_owned);
    Some(Entry { id: id.text().to_owned(), name, iso_2, members: kept_members(row, spec) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Schema;

    const SPEC: CatalogSpec = CatalogSpec::new("/x", Schema::Anything);

    #[test]
    fn a_row_that_is_not_understood_spoils_no_other() {
        let bad = [
            "null",
            "1",
            "[]",
            "{}",
            "\"x\"",
            r#"{"id":1}"#,
            r#"{"name":"a"}"#,
            r#"{"id":null,"name":"a"}"#,
            r#"{"id":2,"name":null}"#,
            r#"{"id":2,"name":7}"#,
            r#"{"id":"","name":"a"}"#,
            r#"{"id":true,"name":"a"}"#,
            r#"{"id":3,"name":""}"#,
            r#"{"id":3,"name":"\u00a0 "}"#,
            r#"{"id":{},"name":"a"}"#,
        ];
        let body = format!(r#"[{},{{"id":7,"name":"Good"}},{}]"#, bad.join(","), bad.join(","));
        let page = CatalogPage::parse(body.as_bytes(), 1, &SPEC).unwrap();
        assert_eq!((page.entries.len(), &*page.entries[0].name, page.skipped), (1, "Good", 2 * bad.len()));
        let only = CatalogPage::parse(b"\xef\xbb\xbf[null]", 1, &SPEC).unwrap();
        assert_eq!((only.entries.len(), only.skipped, only.has_more), (0, 1, false));
    }

    #[test]
    fn rows_have_the_members_that_the_vendor_documents() {
        let spec = SPEC.in_member("voices").identified_by("voice_id").named_by("labels.title");
        let body =
            br#"{"voices":[{"voice_id":"v1","labels":{"title":"Ada"},"age":"old","id":7,"name":"x"}],"data":[]}"#;
        let page = CatalogPage::parse(body, 1, &spec).unwrap();
        let [entry] = page.entries.as_slice() else { panic!("one entry") };
        assert_eq!((&*entry.id, &*entry.name, &*entry.members), ("\"v1\"", "Ada", "\"age\":\"old\""));
        assert_eq!(
            CatalogPage::parse(br#"{"data":[]}"#, 1, &spec).unwrap_err(),
            CatalogError::NotAList { member: "voices" }
        );
        let llms = SPEC.in_member("llms").identified_by("llm").named_by("llm");
        let page = CatalogPage::parse(br#"{"llms":[{"llm":"gpt-4o"},{"name":"x"}]}"#, 1, &llms).unwrap();
        assert_eq!((&*page.entries[0].id, &*page.entries[0].name, page.skipped), ("\"gpt-4o\"", "gpt-4o", 1));
    }

    #[test]
    fn a_cursor_leads_to_the_next_page() {
        let spec = CatalogSpec::new("/v2/voices?page_size=100", Schema::Anything);
        let spec = spec.paged_by("next_page_token", "next_page_token", "has_more");
        assert_eq!(spec.page_path(1, None), "/v2/voices?page_size=100");
        assert_eq!(spec.page_path(2, Some("a/b=")), "/v2/voices?page_size=100&next_page_token=a%2Fb%3D");
        let page = |members: &str| {
            let body = format!(r#"{{"data":[{{"id":"a","name":"A"}}]{members}}}"#);
            CatalogPage::parse(body.as_bytes(), 2, &spec).map(|page| (page.has_more, page.next))
        };
        assert_eq!(page(r#","has_more":true,"next_page_token":"t""#), Ok((true, Some("t".to_owned()))));
        assert_eq!(page(r#","has_more":false,"next_page_token":"t""#), Ok((false, None)));
        assert_eq!(page(r#","has_more":true,"next_page_token":null"#), Err(CatalogError::NoCursor(2)));
        assert_eq!(page(r#","last_page":9"#), Ok((false, None)), "what other paginators say is not asked");
    }

    #[test]
    fn a_time_leads_to_the_next_page_and_leaves_out_none_of_the_same_time() {
        let spec = CatalogSpec::new("/tool?limit=100", Schema::Anything).windowed_by("createdAtLt", "createdAt");
        assert_eq!(
            spec.page_path(2, Some("2026-08-20T09:00:00Z")),
            "/tool?limit=100&createdAtLt=2026-08-20T09%3A00%3A00Z"
        );
        let page = |times: &[usize]| {
            let row = |(id, time): (usize, &usize)| format!(r#"{{"id":{id},"name":"n{id}","createdAt":"{time:04}"}}"#);
            let body = format!("[{}]", times.iter().enumerate().map(row).collect::<Vec<_>>().join(","));
            CatalogPage::parse(body.as_bytes(), 1, &spec).map(|page| (page.entries.len(), page.next))
        };
        let falling: Vec<_> = (0..100).map(|index| 900 - index).collect();
        assert_eq!(page(&falling), Ok((100, Some("0802".to_owned()))));
        assert_eq!(page(&falling[..99]), Ok((99, None)));
        let unordered = Err(CatalogError::Unordered { page: 1, member: "createdAt" });
        assert_eq!(page(&[falling.clone(), vec![999]].concat()), unordered);
        assert_eq!(page(&[7; 100]), unordered);
    }

    #[test]
    fn an_empty_code_is_none() {
        let page = CatalogPage::parse(
            br#"[{"id":1,"name":"Klingon","iso_2":" "},{"id":2,"name":"German","iso_2":"de"}]"#,
            1,
            &SPEC,
        );
        let codes: Vec<_> = page.unwrap().entries.into_iter().map(|entry| entry.iso_2).collect();
        assert_eq!(codes, [None, Some("de".to_owned())]);
    }

    #[test]
    fn what_paginators_say_about_further_pages_is_understood() {
        for (members, number, has_more) in [
            ("", 1, false),
            (r#","last_page":3"#, 1, true),
            (r#","last_page":3"#, 3, false),
            (r#","last_page":"2""#, 1, true),
            (r#","last_page":1,"next_page_url":"https://elsewhere/?page=2""#, 1, false),
            (r#","meta":{"current_page":1,"last_page":2}"#, 1, true),
            (r#","meta":{"pagination":{"total_pages":2}}"#, 1, true),
            (r#","total":21,"per_page":10"#, 2, true),
            (r#","total":20,"per_page":10"#, 2, false),
            (r#","total":20,"per_page":0"#, 1, false),
            (r#","next_page_url":"https://x/?page=2""#, 1, true),
            (r#","next_page_url":null"#, 1, false),
            (r#","links":{"next":"https://x"}"#, 1, true),
            (r#","links":[{"url":null}]"#, 1, false),
            (r#","has_more":true"#, 5, true),
            (r#","has_more":false"#, 1, false),
        ] {
            let body = format!(r#"{{"data":[{{"id":1,"name":"a"}}]{members}}}"#);
            assert_eq!(
                CatalogPage::parse(body.as_bytes(), number, &SPEC).unwrap().has_more,
                has_more,
                "{members} {number}"
            );
        }
    }
}
